// The visitor's own hand, and strokes to go on from: the dialog in which they are drawn.
//
// Strokes are kept as they were drawn. What the network needs is read from them by the engine, each time the
// page is opened, so that a hand outlives the weights.

import { element } from "../util/dom.js";
import { inkFrom } from "./ink-file.js";
import { forget, keep, kept } from "./stored-hands.js";
import { Pad } from "./pad.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").KeptHand} KeptHand */
/** @typedef {import("../pkg/running_hand.js").ReadInk} ReadInk */

/** A hand as the page uses it. @typedef {KeptHand & { id: string, points: Float32Array, json: string }} Hand */

/** What the engine is asked. @typedef {{ call: "read", strokes: KeptHand["strokes"], text: string, check: boolean }
 *   | { call: "file", hand: KeptHand } | { call: "open", bytes: Uint8Array }} Question */

/** Sentences with nearly all letters in few words. */
const SENTENCES = [
  "The five boxing wizards jump quickly",
  "My pen drew a big fox; have two lazy quails",
  "Sphinx of black quartz, judge my vow",
];
/** Points of a hand from which scribbling without text goes on: what the network keeps in mind. */
const TAIL = 250;

/** @template {Element} T @param {string} id @param {new () => T} type */
const part = (id, type) => element(`capture-${id}`, type);

export class Own {
  /** @type {App} */ #app;
  #dialog = element("capture", HTMLDialogElement);
  #sentences = part("sentence", HTMLSelectElement);
  #custom = part("custom", HTMLInputElement);
  #name = part("name", HTMLInputElement);
  #advice = part("advice", HTMLElement);
  #use = part("keep", HTMLButtonElement);
  #goOn = part("continue", HTMLButtonElement);
  #list = part("list", HTMLUListElement);
  #pad = new Pad(part("pad", HTMLElement), "Paper to write on with a pointer");
  /** @type {Map<string, Hand>} */ #hands = new Map();
  /** Questions that the engine has not answered. @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #open = new Map();
  #asked = 0;
  /** What was read of just these strokes and may be kept in spite of a doubt. @type {string} */ #doubted = "";
  /** Resolved when the hands that are kept can be chosen. @type {Promise<void>} */ restored;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    for (const sentence of [...SENTENCES, ""]) {
      this.#sentences.add(new Option(sentence || "A sentence of your own", sentence));
    }
    app.addEventListener("reply", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    app.addEventListener("weights", () => void this.#reread());
    this.restored = new Promise((resolve) => {
      app.addEventListener("ready", () => resolve(this.#restore()), { once: true });
    });
    for (const [id, mode] of /** @type {const} */ ([
      ["capture-open", "hand"],
      ["capture-strokes", "strokes"],
    ])) {
      const button = element(id, HTMLButtonElement);
      button.hidden = false;
      button.addEventListener("click", () => this.#show(mode));
    }
    for (const radio of this.#modes()) radio.addEventListener("change", () => this.#turn());
    this.#sentences.addEventListener("change", () => this.#turn());
    this.#custom.addEventListener("input", () => this.#turn());
    part("undo", HTMLButtonElement).addEventListener("click", () => this.#pad.undo());
    part("clear", HTMLButtonElement).addEventListener("click", () => this.#pad.clear());
    this.#use.addEventListener("click", () => void this.#keep());
    this.#goOn.addEventListener("click", () => void this.#continue());
    part("close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    const input = part("import", HTMLInputElement);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      input.value = "";
      if (file) void this.#import(file);
    });
    this.#pad.addEventListener("change", () => {
      this.#say("");
      this.#enable();
    });
    this.#dialog.addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !typing) {
        event.preventDefault();
        this.#pad.undo();
      }
    });
    this.#turn();
  }

  // --- the dialog ------------------------------------------------------------------------------

  /** @param {"hand" | "strokes"} mode */
  #show(mode) {
    for (const radio of this.#modes()) radio.checked = radio.value === mode;
    this.#say("");
    this.#dialog.showModal();
    this.#turn();
  }

  /** Closes the dialog, so that the sheet can be seen: on a phone it is far above. */
  #leave() {
    this.#dialog.close();
    element("sheet", HTMLElement).scrollIntoView({ block: "nearest" });
  }

  /** @returns {HTMLInputElement[]} */
  #modes() {
    return [...this.#dialog.querySelectorAll("input")].filter((input) => input.name === "capture-mode");
  }

  get #mode() {
    return this.#modes().find((radio) => radio.checked)?.value ?? "hand";
  }

  /** The sentence to write. */
  get #text() {
    return this.#sentences.value || this.#custom.value.trim();
  }

  /** Shows what belongs to the mode and the sentence. */
  #turn() {
    const hand = this.#mode === "hand";
    for (const one of this.#dialog.querySelectorAll("[data-mode]")) {
      if (one instanceof HTMLElement) one.hidden = one.dataset.mode !== this.#mode;
    }
    part("custom-row", HTMLElement).hidden = !hand || this.#sentences.value !== "";
    this.#pad.text = hand ? this.#text || " " : "";
    if (!this.#name.value) this.#name.value = this.#freeName("My hand");
    this.#enable();
  }

  #enable() {
    const empty = this.#pad.count === 0;
    for (const id of ["undo", "clear"]) part(id, HTMLButtonElement).disabled = empty;
    this.#goOn.disabled = empty;
    this.#use.disabled = empty;
    this.#use.textContent = this.#doubted === this.#state() ? "Keep it all the same" : "Keep this hand";
  }

  /** What was drawn, for which text: told apart from what was drawn since. */
  #state() {
    return JSON.stringify([this.#text, this.#pad.strokes]);
  }

  /** @param {string} message @param {boolean} [problem] */
  #say(message, problem = false) {
    this.#advice.textContent = message;
    this.#advice.classList.toggle("problem", problem);
  }

  // --- one's own hand --------------------------------------------------------------------------

  async #keep() {
    const text = this.#text;
    const state = this.#state();
    const strokes = this.#pad.strokes;
    this.#busy(true);
    this.#say("Reading what you wrote …");
    try {
      const read = await this.#ask({ call: "read", strokes, text, check: true });
      if (this.#state() !== state) return this.#say("");
      if (read.advice && (!read.points.length || this.#doubted !== state)) {
        this.#say(read.advice.message, true);
        if (read.points.length) {
          this.#doubted = state;
        }
        return;
      }
      const name = this.#freeName(this.#name.value.trim() || "My hand");
      const told = await this.#add({ name, text, strokes }, read.points);
      this.#name.value = "";
      this.#pad.clear();
      this.#choose(told.id);
      this.#leave();
      this.#app.complaints += told.problem ? `${told.problem} ` : "";
      this.#app.write();
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message, true);
    } finally {
      this.#busy(false);
    }
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#dialog.toggleAttribute("aria-busy", busy);
    if (busy) {
      this.#use.disabled = true;
      this.#goOn.disabled = true;
    } else {
      this.#enable();
    }
  }

  /** Keeps a hand and shows it. @param {KeptHand} hand @param {Float32Array} points */
  async #add(hand, points) {
    const json = await this.#ask({ call: "file", hand });
    const id = idOf(json);
    const problem = keep(id, json);
    this.#enter({ ...hand, id, points, json });
    return { id, problem };
  }

  /** Shows a hand among the others. @param {Hand} hand */
  #enter(hand) {
    const chosen = this.#app.hands.own?.id === hand.id;
    this.#hands.set(hand.id, hand);
    this.#app.hands.addOwn({ id: hand.id, name: hand.name, points: hand.points, extra: () => this.#extra(hand) });
    if (chosen) this.#app.hands.chooseOwn(hand.id);
    this.#rows();
  }

  /** What the engine needs to write in a hand. @param {Hand} hand */
  #extra({ text, points }) {
    const { text: wanted, scribble } = this.#app.wish;
    if (!scribble && wanted.trim()) return { prime: { text, points } };
    // Without text it goes on from the last strokes, which end where the sheet begins.
    let start = Math.max(0, points.length / 3 - TAIL);
    while (start > 0 && points[3 * start - 1] < 0.5) start -= 1;
    const tail = points.slice(3 * start);
    const [x, y] = [tail[tail.length - 3], tail[tail.length - 2]];
    return { prime: { text: "", points: tail.map((value, i) => (i % 3 === 0 ? value - x : i % 3 === 1 ? value - y : value)) } };
  }

  /** @param {string} id */
  #choose(id) {
    this.#app.hands.chooseOwn(id);
  }

  /** A name that no other hand has. @param {string} name */
  #freeName(name) {
    const names = [...this.#hands.values()].map((hand) => hand.name).concat(this.#app.hands.names);
    let free = name;
    for (let number = 2; names.includes(free); number++) free = `${name} ${number}`;
    return free;
  }

  /** Shows the hands that were kept. */
  async #restore() {
    const problems = [];
    for (const { id, json } of kept()) {
      try {
        await this.#take(json);
      } catch (error) {
        problems.push(`A hand that was kept here (${id}) cannot be read. ${/** @type {Error} */ (error).message}`);
      }
    }
    if (problems.length) this.#app.say(`${problems.join(" ")} Ready`, true);
  }

  /** What another network needs is read from the strokes anew. */
  async #reread() {
    for (const { json, name } of [...this.#hands.values()]) {
      await this.#take(json).catch((error) => this.#app.say(`The hand “${name}”: ${error.message} Ready`, true));
    }
  }

  /** Reads the file of a hand and shows it. @param {string} json @param {boolean} [check] whether it says its text */
  async #take(json, check = false) {
    const hand = await this.#ask({ call: "open", bytes: new TextEncoder().encode(json) });
    const { points, advice } = await this.#ask({ call: "read", strokes: hand.strokes, text: hand.text, check });
    if (!points.length) throw new Error(advice?.message ?? "Its strokes cannot be used.");
    const id = idOf(json);
    this.#enter({ ...hand, id, points, json });
    return { id, hand, advice };
  }

  /** Opens the dialog with a file's hand or ink. @param {File} file */
  openFile(file) {
    if (!this.#dialog.open) this.#show("hand");
    return this.#import(file);
  }

  /** @param {File} file */
  async #import(file) {
    this.#say(`Reading ${file.name} …`);
    try {
      // The engine says what is too large; what is far too large is not even read.
      const json = file.size < 1e8 ? await file.text() : "";
      if (!json) throw new Error("The file is empty, or far too large for a hand.");
      const ink = inkFrom(json);
      if (ink) return this.#put(ink);
      const { id, hand, advice } = await this.#take(json, true);
      const problem = keep(id, json) || (advice ? `Imported, but: ${advice.message}` : "");
      this.#choose(id);
      this.#say(problem || `“${hand.name}” is imported and chosen.`, problem !== "");
    } catch (error) {
      this.#say(`${file.name}: ${/** @type {Error} */ (error).message}`, true);
    }
  }

  /** Puts ink on the paper, as if it had been drawn there. @param {import("./ink-file.js").FileInk} ink */
  #put({ text, strokes }) {
    if (text && this.#mode === "hand") {
      this.#sentences.value = SENTENCES.includes(text) ? text : "";
      this.#custom.value = text;
      this.#turn();
    }
    this.#pad.put(strokes);
    const count = strokes.length === 1 ? "One stroke is" : `${strokes.length} strokes are`;
    const says = text ? "Look whether they say the sentence" : "Give the sentence that they say";
    const next = this.#mode === "hand" ? `${says}, then keep the hand.` : "Add to them, or go on from here.";
    this.#say(`${count} on the paper. ${next}`);
  }

  /** The list of hands, each with what can be done about it. */
  #rows() {
    const rows = [...this.#hands.values()].map((hand) => {
      const row = document.createElement("li");
      const name = document.createElement("input");
      name.type = "text";
      name.maxLength = 40;
      name.value = hand.name;
      name.setAttribute("aria-label", `Name of the hand ${hand.name}`);
      name.addEventListener("change", () => void this.#rename(hand, name));
      const button = (/** @type {string} */ label, /** @type {(self: HTMLButtonElement) => void} */ act) => {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = label;
        made.setAttribute("aria-label", `${label} ${hand.name}`);
        made.addEventListener("click", () => act(made));
        return made;
      };
      const remove = (/** @type {HTMLButtonElement} */ self) => {
        // A hand is an hour's or a minute's work: a second press confirms.
        if (self.textContent === "Delete") {
          self.textContent = "Really delete?";
          self.setAttribute("aria-label", `Really delete ${hand.name}?`);
          return;
        }
        this.#delete(hand);
      };
      row.append(name, button("Export", () => this.#export(hand)), button("Delete", remove));
      return row;
    });
    this.#list.replaceChildren(...rows);
    part("stored", HTMLElement).hidden = rows.length === 0;
  }

  /** @param {Hand} hand @param {HTMLInputElement} input */
  async #rename(hand, input) {
    const wanted = input.value.trim();
    if (!wanted || wanted === hand.name) {
      input.value = hand.name;
      return;
    }
    const { strokes, text, points } = hand;
    const { problem } = await this.#add({ name: this.#freeName(wanted), text, strokes }, points);
    this.#say(problem || `It is now called “${this.#hands.get(hand.id)?.name}”.`, problem !== "");
  }

  /** @param {Hand} hand */
  #delete(hand) {
    forget(hand.id);
    this.#hands.delete(hand.id);
    this.#app.hands.removeOwn(hand.id);
    this.#rows();
    this.#say(`“${hand.name}” is deleted.`);
    part("close", HTMLButtonElement).focus();
  }

  /** @param {Hand} hand */
  #export(hand) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([hand.json], { type: "application/json" }));
    link.download = `${hand.name.replace(/[^\p{L}\p{N} _-]/gu, "").trim() || "hand"}.running-hand.json`;
    link.click();
    // Not at once: the download may not have begun.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    this.#say(`“${hand.name}” is saved as a file.`);
  }

  // --- strokes to go on from -------------------------------------------------------------------

  async #continue() {
    this.#busy(true);
    try {
      const { points, advice } = await this.#ask({ call: "read", strokes: this.#pad.strokes, text: "", check: false });
      if (advice) {
        this.#say(advice.message, true);
        return;
      }
      this.#leave();
      this.#app.goOn(points);
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message, true);
    } finally {
      this.#busy(false);
    }
  }

  // --- the engine ------------------------------------------------------------------------------

  /**
   * @template {Question} Q @param {Q} question
   * @returns {Promise<Q extends { call: "read" } ? ReadInk : Q extends { call: "file" } ? string : KeptHand>}
   */
  #ask(question) {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#app.send({ type: "own", id, question });
    });
  }

  /** @param {import("../engine/worker.js").Reply} reply */
  #hear(reply) {
    if (reply.type !== "own") return;
    const waiting = this.#open.get(reply.id);
    this.#open.delete(reply.id);
    if (reply.message === undefined) waiting?.resolve(reply.answer);
    else waiting?.reject(new Error(reply.message));
  }
}

/** What tells a hand from others, here and elsewhere: the hash in its file. @param {string} json @returns {string} */
function idOf(json) {
  return JSON.parse(json).check;
}
