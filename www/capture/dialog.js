// The capture dialog: the visitor draws a sentence as a hand to write in, or strokes that the network continues.
//
// Hands are stored as the strokes that were drawn. What the network needs is derived from them each time the page is
// opened, so that a hand can be used with other weights.

import { showStatus } from "../app/status.js";
import { element } from "../util/dom.js";
import { download } from "../util/download.js";
import { allWords, explain, explainAdvice, label, words } from "../words/words.js";
import { Pad } from "./pad.js";
import { deleteHand, storeHand, storedHands } from "./stored-hands.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").KeptHand} KeptHand */

/**
 * A hand with what the network needs of it: `points` are x, y, pen; `json` is its file, and `id` the hash in that.
 * @typedef {KeptHand & { id: string, points: Float32Array, json: string }} Hand
 */

/** Pangrams, or nearly: most letters in few words. */
const SENTENCES = [
  "The five boxing wizards jump quickly",
  "My pen drew a big fox; have two lazy quails",
  "Sphinx of black quartz, judge my vow",
];
/** Points at the end of a hand's ink after which the network scribbles in it: about as far back as it remembers. */
const TAIL = 250;
/** Larger files are not read at all; the engine refuses smaller ones that are still too large. */
const MAX_FILE = 1e8;

/** @template {Element} T @param {string} id @param {new () => T} type */
const part = (id, type) => element(`capture-${id}`, type);

export class CaptureDialog {
  /** @type {App} */ #app;
  #dialog = element("capture", HTMLDialogElement);
  #sentences = part("sentence", HTMLSelectElement);
  #customSentence = part("custom", HTMLInputElement);
  #name = part("name", HTMLInputElement);
  #advice = part("advice", HTMLElement);
  #keepButton = part("keep", HTMLButtonElement);
  #continueButton = part("continue", HTMLButtonElement);
  #list = part("list", HTMLUListElement);
  #pad = new Pad(part("pad", HTMLElement), allWords.capture.pad);
  /** By id. @type {Map<string, Hand>} */ #hands = new Map();
  /** The drawing (see `#drawing`) that was doubted last; kept if the visitor insists. */ #doubted = "";
  /** Fulfilled when the stored hands can be chosen. @type {Promise<void>} */ restored;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    for (const sentence of [...SENTENCES, ""]) {
      this.#sentences.add(new Option(sentence || allWords.capture.customSentence, sentence));
    }
    app.addEventListener("weights", () => void this.#rereadHands());
    this.restored = this.#restore();
    for (const [id, mode] of /** @type {const} */ ([
      ["capture-open", "hand"],
      ["capture-strokes", "strokes"],
    ])) {
      const button = element(id, HTMLButtonElement);
      button.hidden = false;
      button.addEventListener("click", () => this.#open(mode));
    }
    for (const radio of this.#modes()) radio.addEventListener("change", () => this.#showMode());
    this.#sentences.addEventListener("change", () => this.#showMode());
    this.#customSentence.addEventListener("input", () => this.#showMode());
    part("undo", HTMLButtonElement).addEventListener("click", () => this.#pad.undo());
    part("clear", HTMLButtonElement).addEventListener("click", () => this.#pad.clear());
    this.#keepButton.addEventListener("click", () => void this.#keep());
    this.#continueButton.addEventListener("click", () => void this.#continue());
    part("close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    const input = part("import", HTMLInputElement);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      // So that choosing the same file again is a change.
      input.value = "";
      if (file) void this.#import(file);
    });
    this.#pad.addEventListener("change", () => {
      this.#advise("");
      this.#updateButtons();
    });
    this.#dialog.addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !typing) {
        event.preventDefault();
        this.#pad.undo();
      }
    });
    this.#showMode();
  }

  /** Opens the dialog with the hand or ink in a file. @param {File} file */
  openFile(file) {
    if (!this.#dialog.open) this.#open("hand");
    return this.#import(file);
  }

  // --- the dialog ------------------------------------------------------------------------------

  /** @param {"hand" | "strokes"} mode */
  #open(mode) {
    for (const radio of this.#modes()) radio.checked = radio.value === mode;
    this.#advise("");
    this.#dialog.showModal();
    this.#showMode();
  }

  /** Closes the dialog and scrolls to the sheet, which on a phone is far above. */
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
    return this.#sentences.value || this.#customSentence.value.trim();
  }

  /** Shows what belongs to the mode and the sentence. */
  #showMode() {
    const hand = this.#mode === "hand";
    for (const one of this.#dialog.querySelectorAll("[data-mode]")) {
      if (one instanceof HTMLElement) one.hidden = one.dataset.mode !== this.#mode;
    }
    part("custom-row", HTMLElement).hidden = !hand || this.#sentences.value !== "";
    this.#pad.text = hand ? this.#text || " " : "";
    if (!this.#name.value) this.#name.value = this.#unusedName(allWords.capture.myHand);
    this.#updateButtons();
  }

  #updateButtons() {
    const empty = this.#pad.count === 0;
    for (const id of ["undo", "clear"]) part(id, HTMLButtonElement).disabled = empty;
    this.#continueButton.disabled = empty;
    this.#keepButton.disabled = empty;
    label(this.#keepButton, this.#doubted === this.#drawing() ? "capture.keepDoubted" : "capture.keep");
  }

  /** The sentence and the strokes, to be compared with what is there later. */
  #drawing() {
    return JSON.stringify([this.#text, this.#pad.strokes]);
  }

  /** @param {string} message @param {boolean} [problem] */
  #advise(message, problem = false) {
    this.#advice.textContent = message;
    this.#advice.classList.toggle("problem", problem);
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#dialog.toggleAttribute("aria-busy", busy);
    if (busy) {
      this.#keepButton.disabled = true;
      this.#continueButton.disabled = true;
    } else {
      this.#updateButtons();
    }
  }

  // --- hands -----------------------------------------------------------------------------------

  /** Makes a hand of what was drawn, and writes in it. */
  async #keep() {
    const text = this.#text;
    const drawing = this.#drawing();
    const strokes = this.#pad.strokes;
    this.#setBusy(true);
    this.#advise(allWords.capture.reading);
    try {
      const { points, advice } = await this.#app.client.request("readInk", { strokes, text, check: true });
      if (this.#drawing() !== drawing) return this.#advise("");
      if (advice && (!points.length || this.#doubted !== drawing)) {
        this.#advise(explainAdvice(advice), true);
        if (points.length) this.#doubted = drawing;
        return;
      }
      const name = this.#unusedName(this.#name.value.trim() || allWords.capture.myHand);
      const { id, problem } = await this.#store({ name, text, strokes }, points);
      this.#name.value = "";
      this.#pad.clear();
      this.#app.hands.chooseCaptured(id);
      this.#leave();
      this.#app.pendingNotes += problem ? `${problem} ` : "";
      this.#app.write();
    } catch (error) {
      this.#advise(explain(error), true);
    } finally {
      this.#setBusy(false);
    }
  }

  /** Stores a hand and shows it. @param {KeptHand} hand @param {Float32Array} points */
  async #store(hand, points) {
    const json = await this.#app.client.request("handToFile", { hand });
    const id = idOf(json);
    const problem = storeHand(id, json);
    this.#add({ ...hand, id, points, json });
    return { id, problem };
  }

  /** Adds a hand to those that can be chosen, or replaces it there. @param {Hand} hand */
  #add(hand) {
    const { id, name, points } = hand;
    const { hands } = this.#app;
    const chosen = hands.captured?.id === id;
    this.#hands.set(id, hand);
    hands.addCaptured({ id, name, points, engineOptions: () => this.#engineOptions(hand) });
    if (chosen) hands.chooseCaptured(id);
    this.#updateList();
  }

  /** What makes the engine write in a hand. @param {Hand} hand */
  #engineOptions({ text, points }) {
    const { settings } = this.#app;
    if (!settings.scribble && settings.text.trim()) return { prime: { text, points } };
    // Without a text it continues the hand's last strokes, moved so that they end at the origin of the sheet.
    let start = Math.max(0, points.length / 3 - TAIL);
    while (start > 0 && points[3 * start - 1] < 0.5) start -= 1;
    const tail = points.slice(3 * start);
    const [x, y] = [tail[tail.length - 3], tail[tail.length - 2]];
    return { prime: { text: "", points: tail.map((value, i) => (i % 3 === 0 ? value - x : i % 3 === 1 ? value - y : value)) } };
  }

  /** The name, with a number if another hand has it. @param {string} name */
  #unusedName(name) {
    const names = [...this.#hands.values()].map((hand) => hand.name).concat(this.#app.hands.names);
    let unused = name;
    for (let number = 2; names.includes(unused); number++) unused = `${name} ${number}`;
    return unused;
  }

  /** Adds the hands that are stored on this device. */
  async #restore() {
    const problems = [];
    for (const { id, json } of storedHands()) {
      try {
        await this.#load(json);
      } catch (error) {
        problems.push(allWords.capture.storedUnreadable(id, explain(error)));
      }
    }
    if (problems.length) showStatus(`${problems.join(" ")} ${words.status.ready}`, true);
  }

  /** Other weights: derives from the strokes of every hand what they need. */
  async #rereadHands() {
    for (const { json, name } of [...this.#hands.values()]) {
      await this.#load(json).catch((error) => {
        showStatus(`${allWords.capture.unreadable(name, explain(error))} ${words.status.ready}`, true);
      });
    }
  }

  /** Reads a hand's file and adds the hand. @param {string} json @param {boolean} [check] whether its ink says its text */
  async #load(json, check = false) {
    const { client } = this.#app;
    const hand = await client.request("handFromFile", { bytes: new TextEncoder().encode(json) });
    const { points, advice } = await client.request("readInk", { strokes: hand.strokes, text: hand.text, check });
    if (!points.length) throw new Error(advice ? explainAdvice(advice) : allWords.capture.strokesUnusable);
    const id = idOf(json);
    this.#add({ ...hand, id, points, json });
    return { id, hand, advice };
  }

  /** @param {File} file */
  async #import(file) {
    this.#advise(allWords.capture.opening(file.name));
    try {
      const bytes = file.size < MAX_FILE ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array();
      if (!bytes.length) throw new Error(allWords.capture.fileSize);
      // Loaded only now: few visitors open a file.
      const { readInkFile } = await import("./ink-file.js");
      const ink = readInkFile(bytes);
      if (ink) return this.#showInk(ink);
      const content = new TextDecoder().decode(bytes);
      const { id, hand, advice } = await this.#load(content, true);
      const problem = storeHand(id, content) || (advice ? allWords.capture.importedBut(explainAdvice(advice)) : "");
      this.#app.hands.chooseCaptured(id);
      this.#advise(problem || allWords.capture.imported(hand.name), problem !== "");
    } catch (error) {
      this.#advise(`${file.name}: ${explain(error)}`, true);
    }
  }

  /** Puts the ink of a file on the pad, as if it had been drawn there. @param {import("./ink-file.js").FileInk} ink */
  #showInk({ text, strokes }) {
    if (text && this.#mode === "hand") {
      this.#sentences.value = SENTENCES.includes(text) ? text : "";
      this.#customSentence.value = text;
      this.#showMode();
    }
    this.#pad.show(strokes);
    const says = allWords.capture;
    const next = this.#mode !== "hand" ? says.addStrokes : text ? says.checkSentence : says.giveSentence;
    this.#advise(`${says.onPaper(strokes.length)} ${next}`);
  }

  // --- the list of stored hands ----------------------------------------------------------------

  #updateList() {
    const rows = [...this.#hands.values()].map((hand) => {
      const row = document.createElement("li");
      const name = document.createElement("input");
      name.type = "text";
      name.maxLength = 40;
      name.value = hand.name;
      const says = allWords.capture;
      name.setAttribute("aria-label", says.nameOf(hand.name));
      name.addEventListener("change", () => void this.#rename(hand, name));
      const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {(self: HTMLButtonElement) => void} */ act) => {
        const made = document.createElement("button");
        made.type = "button";
        made.textContent = text;
        made.setAttribute("aria-label", name);
        made.addEventListener("click", () => act(made));
        return made;
      };
      const remove = (/** @type {HTMLButtonElement} */ self) => {
        // A second press confirms: a hand cannot be restored.
        if (self.textContent === says.delete) {
          self.textContent = says.confirmDelete;
          self.setAttribute("aria-label", says.confirmDeleteHand(hand.name));
          return;
        }
        this.#delete(hand);
      };
      row.append(
        name,
        button(says.export, says.exportHand(hand.name), () => this.#export(hand)),
        button(says.delete, says.deleteHand(hand.name), remove),
      );
      return row;
    });
    this.#list.replaceChildren(...rows);
    part("stored", HTMLElement).hidden = rows.length === 0;
  }

  /** @param {Hand} hand @param {HTMLInputElement} input */
  async #rename(hand, input) {
    const name = input.value.trim();
    if (!name || name === hand.name) {
      input.value = hand.name;
      return;
    }
    const { strokes, text, points } = hand;
    const { problem } = await this.#store({ name: this.#unusedName(name), text, strokes }, points);
    this.#advise(problem || allWords.capture.renamed(this.#hands.get(hand.id)?.name ?? ""), problem !== "");
  }

  /** @param {Hand} hand */
  #delete(hand) {
    deleteHand(hand.id);
    this.#hands.delete(hand.id);
    this.#app.hands.removeCaptured(hand.id);
    this.#updateList();
    this.#advise(allWords.capture.deleted(hand.name));
    part("close", HTMLButtonElement).focus();
  }

  /** @param {Hand} hand */
  #export({ name, json }) {
    const stem = name.replace(/[^\p{L}\p{N} _-]/gu, "").trim() || "hand";
    download(new Blob([json], { type: "application/json" }), `${stem}.running-hand.json`);
    this.#advise(allWords.capture.exported(name));
  }

  // --- strokes to continue ---------------------------------------------------------------------

  async #continue() {
    this.#setBusy(true);
    try {
      const strokes = this.#pad.strokes;
      const { points, advice } = await this.#app.client.request("readInk", { strokes, text: "", check: false });
      if (advice) {
        this.#advise(explainAdvice(advice), true);
        return;
      }
      this.#leave();
      this.#app.continueStrokes(points);
    } catch (error) {
      this.#advise(explain(error), true);
    } finally {
      this.#setBusy(false);
    }
  }
}

/** A hand's id: the hash in its file, which is that of its text and strokes. @param {string} json @returns {string} */
function idOf(json) {
  return JSON.parse(json).check;
}
