// The capture dialog: the visitor writes sentences, from which a hand is learnt, or draws strokes that the network
// continues.

import { showStatus } from "../app/status.js";
import { element, html } from "../util/dom.js";
import { allWords, explain, explainAdvice, words } from "../words/words.js";
import { Draft, MOST } from "./draft.js";
import { mountHandList } from "./hand-list.js";
import { learningLine, mountLearningPanel } from "./learning-view.js";
import { Learning } from "./learning.js";
import { addDialog } from "./markup.js";
import { OwnHands } from "./own-hands.js";
import { Pad, asDrawn } from "./pad.js";
import { strengthSlider } from "./strength-slider.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./draft.js").Sentence} Sentence */
/** @typedef {import("./own-hands.js").Hand} Hand */

/** Larger files are not read at all; the engine refuses smaller ones that are still too large. */
const MAX_FILE = 1e8;

/** @template {Element} T @param {string} id @param {new () => T} type */
const part = (id, type) => element(`capture-${id}`, type);

export class CaptureDialog {
  /** @type {App} */ #app;
  #dialog = addDialog();
  #sentence = part("sentence", HTMLInputElement);
  #name = part("name", HTMLInputElement);
  #advice = part("advice", HTMLElement);
  #learnButton = part("learn", HTMLButtonElement);
  #keepButton = part("keep", HTMLButtonElement);
  #continueButton = part("continue", HTMLButtonElement);
  #pad = new Pad(part("pad", HTMLElement), allWords.capture.pad);
  #draft = new Draft();
  /** Strokes to continue. @type {{ strokes: import("./pad.js").Stroke[], width: number }} */ #free = { strokes: [], width: 0 };
  /** @type {OwnHands} */ #hands;
  /** @type {Learning} */ #learning;
  /** Says, beside the hands, that one is learnt. */ #news = html("div", { id: "learnt", hidden: true });
  /** Ids of hands of other weights that were learnt again, or were to be and the visitor cancelled it. @type {Set<string>} */ #relearnt = new Set();
  /** Shows the list of hands. @type {() => void} */ #updateList;
  /** Fulfilled when the stored hands can be chosen. @type {Promise<void>} */ restored;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    this.#hands = new OwnHands(app);
    this.#learning = new Learning(app);
    this.#updateList = mountHandList(part("stored", HTMLElement), part("list", HTMLUListElement), this.#hands, {
      mayImprove: () => !this.#draft.changed || !this.#draft.written.length,
      improve: (hand) => this.#improve(hand),
      deleted: () => part("close", HTMLButtonElement).focus(),
      say: (message, problem) => this.#advise(message, problem),
    });
    mountLearningPanel(part("learning", HTMLElement), this.#learning);
    this.#addToPage();
    this.#listen();
    this.restored = this.#restore();
    this.#showSentence();
  }

  /** Opens the dialog with the hand or ink in a file. @param {File} file */
  openFile(file) {
    if (!this.#dialog.open) this.#open("hand");
    return this.#import(file);
  }

  /** Adds to the page what is shown beside the hands, and makes the buttons there open the dialog. */
  #addToPage() {
    const buttons = [];
    for (const [id, mode] of /** @type {const} */ ([
      ["capture-open", "hand"],
      ["capture-strokes", "strokes"],
    ])) {
      const button = element(id, HTMLButtonElement);
      button.hidden = false;
      button.addEventListener("click", () => this.#open(mode));
      buttons.push(button);
    }
    this.#news.setAttribute("role", "status");
    const { hands } = this.#app;
    const keep = () => {
      const { chosen } = this.#hands;
      if (chosen) void this.#hands.keepStrength(chosen);
    };
    const line = learningLine(this.#learning, () => this.#open("hand"));
    buttons[0].parentElement?.after(line, this.#news, strengthSlider(hands, keep));
    hands.addEventListener("change", () => void this.#relearn());
    this.#app.addEventListener("weights", async () => {
      this.#relearnt.clear();
      const failed = await this.#hands.reread();
      if (failed.length) showStatus(`${failed.map(({ name, error }) => allWords.capture.unreadable(name, explain(error))).join(" ")} ${words.status.ready}`, true);
      this.#updateList();
      void this.#relearn();
    });
  }

  #listen() {
    for (const radio of this.#modes()) radio.addEventListener("change", () => this.#showMode());
    this.#sentence.addEventListener("input", () => {
      this.#draft.say(this.#sentence.value);
      this.#pad.text = this.#sentence.value || " ";
      this.#changed();
    });
    part("undo", HTMLButtonElement).addEventListener("click", () => this.#pad.undo());
    part("clear", HTMLButtonElement).addEventListener("click", () => this.#pad.clear());
    part("back", HTMLButtonElement).addEventListener("click", () => this.#goTo(this.#draft.at - 1));
    part("next", HTMLButtonElement).addEventListener("click", () => this.#goTo(this.#draft.at + 1));
    this.#keepButton.addEventListener("click", () => void this.#keep());
    this.#learnButton.addEventListener("click", () => void this.#learn());
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
      if (this.#mode === "hand") this.#draft.write(this.#pad.strokes, this.#pad.width);
      else this.#free = { strokes: this.#pad.strokes, width: this.#pad.width };
      this.#changed();
    });
    this.#dialog.addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !typing) {
        event.preventDefault();
        this.#pad.undo();
      }
    });
    let learns = false;
    this.#learning.addEventListener("change", () => {
      if (learns === Boolean(this.#learning.progress)) return;
      learns = !learns;
      this.#showMode();
    });
  }

  // --- the dialog ------------------------------------------------------------------------------

  /** @param {"hand" | "strokes"} mode */
  #open(mode) {
    for (const radio of this.#modes()) radio.checked = radio.value === mode;
    this.#dialog.showModal();
    this.#showMode();
    const { length } = this.#draft.written;
    this.#advise(mode === "hand" && length && !this.#learning.progress ? allWords.capture.stillHere(length) : "");
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

  /** Shows what belongs to the mode. */
  #showMode() {
    const mode = this.#mode;
    const learns = mode === "hand" && this.#learning.progress !== undefined;
    for (const one of this.#dialog.querySelectorAll("[data-mode]")) {
      if (one instanceof HTMLElement) one.hidden = one.dataset.mode !== mode;
    }
    part("learning", HTMLElement).hidden = !learns;
    for (const id of ["writing", "actions", "files"]) part(id, HTMLElement).hidden = learns;
    if (mode === "hand") {
      this.#showSentence();
    } else {
      this.#pad.text = "";
      this.#pad.show(this.#free.strokes, this.#free.width);
      this.#update();
    }
  }

  /** Goes to a sentence. The network reads the one that is left. @param {number} index */
  #goTo(index) {
    const { current, sentences } = this.#draft;
    const left = sentences.indexOf(current);
    this.#draft.at = index;
    this.#showSentence();
    this.#advise("");
    if (!current.strokes.length) return;
    void this.#read(current).then(({ advice }) => {
      this.#update();
      if (advice && !current.insisted && this.#draft.sentences[left] === current && this.#draft.current !== current) {
        this.#advise(allWords.capture.adviceOn(left + 1, explainAdvice(advice)), true);
      }
    }, () => {});
  }

  /** Shows the current sentence, its ink and where it is among the others. */
  #showSentence() {
    const { text, strokes, width } = this.#draft.current;
    this.#sentence.value = text;
    if (!this.#name.value) this.#name.value = this.#hands.unusedName(allWords.capture.myHand);
    this.#pad.text = text || " ";
    this.#pad.show(strokes, width);
    this.#update();
  }

  /** The ink or its text have changed. */
  #changed() {
    const problem = this.#mode === "hand" ? this.#draft.store() : "";
    this.#advise(problem, problem !== "");
    this.#update();
  }

  /** Enables and names the buttons, and shows the steps. */
  #update() {
    const { current, written, at, sentences } = this.#draft;
    const empty = this.#pad.count === 0;
    for (const id of ["undo", "clear"]) part(id, HTMLButtonElement).disabled = empty;
    this.#continueButton.disabled = empty;
    this.#keepButton.disabled = empty;
    this.#learnButton.disabled = written.length === 0;
    const insists = current.insisted && current.strokes.length > 0;
    this.#keepButton.textContent = insists ? allWords.capture.keepDoubted : allWords.capture.keep;
    this.#learnButton.textContent = insists ? allWords.capture.learnDoubted : allWords.capture.learn;
    part("back", HTMLButtonElement).disabled = at === 0;
    part("next", HTMLButtonElement).disabled = at === sentences.length - 1;
    part("sentence-label", HTMLElement).textContent = allWords.capture.step(at + 1, sentences.length);
    this.#showSteps();
  }

  #showSteps() {
    const { at, sentences } = this.#draft;
    const steps = part("steps", HTMLOListElement);
    const focused = [...steps.children].findIndex((item) => item.contains(document.activeElement));
    const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ act) => {
      const made = html("button", { type: "button", textContent: text });
      made.setAttribute("aria-label", label);
      made.addEventListener("click", act);
      return made;
    };
    const items = sentences.map((one, index) => {
      const state = stateOf(one);
      const { step, stepEmpty, stepWritten, stepDoubted } = allWords.capture;
      const say = { empty: stepEmpty, written: stepWritten, doubted: stepDoubted }[state];
      const label = say(step(index + 1, sentences.length));
      const made = button(String(index + 1), label, () => this.#goTo(index));
      made.className = state;
      if (index === at) made.setAttribute("aria-current", "step");
      return html("li", {}, made);
    });
    const add = button("+", allWords.capture.addSentence, () => {
      this.#draft.add();
      this.#showSentence();
      this.#sentence.focus();
    });
    steps.replaceChildren(...items, ...(sentences.length < MOST ? [html("li", {}, add)] : []));
    if (focused >= 0) steps.children[Math.min(focused, steps.children.length - 1)].querySelector("button")?.focus();
  }

  /** @param {string} message @param {boolean} [problem] */
  #advise(message, problem = false) {
    this.#advice.textContent = message;
    this.#advice.classList.toggle("problem", problem);
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#dialog.toggleAttribute("aria-busy", busy);
    if (!busy) this.#update();
    else for (const button of [this.#keepButton, this.#learnButton, this.#continueButton]) button.disabled = true;
  }

  // --- hands -----------------------------------------------------------------------------------

  /** What the network makes of a sentence's ink. @param {Sentence} one */
  async #read(one) {
    if (one.reading) return one.reading;
    const { strokes, text } = one;
    if (!text.trim()) return { usable: false, advice: { name: "no-text", message: allWords.capture.sayText } };
    const { points, advice } = await this.#app.client.request("readInk", { strokes, text, check: true });
    const reading = { usable: points.length > 0, advice };
    if (one.strokes === strokes && one.text === text) one.reading = reading;
    return reading;
  }

  /**
   * Reads sentences, unless the visitor insists on them; shows the first that cannot be used or is doubtful, and says
   * why. Returns whether all can be used.
   * @param {Sentence[]} sentences
   */
  async #readAll(sentences) {
    this.#advise(allWords.capture.reading);
    for (const one of sentences) {
      const { usable, advice } = await this.#read(one);
      if (!advice || (usable && one.insisted)) continue;
      const index = this.#draft.sentences.indexOf(one);
      // It was changed meanwhile, which the visitor knows.
      if (index < 0) return false;
      this.#draft.at = index;
      one.insisted = usable;
      this.#showSentence();
      this.#advise(explainAdvice(advice), true);
      return false;
    }
    this.#advise("");
    return true;
  }

  /** Learns a hand from what was written. */
  async #learn() {
    if (this.#learning.progress) return this.#advise(allWords.capture.busy, true);
    this.#setBusy(true);
    try {
      const { written, of } = this.#draft;
      if (!(await this.#readAll(written))) return;
      const samples = written.map(({ text, strokes }) => ({ text: text.trim(), strokes }));
      const name = this.#hands.unusedName(this.#name.value.trim() || allWords.capture.myHand, of);
      void this.#run(samples, name, { of });
    } catch (error) {
      this.#advise(explain(error), true);
    } finally {
      this.#setBusy(false);
    }
  }

  /** Learns the chosen hand from its ink again if it was learnt with other weights. */
  async #relearn() {
    const { chosen } = this.#hands;
    if (!chosen || this.#learning.progress || this.#relearnt.has(chosen.id) || !this.#hands.isForeign(chosen)) return;
    this.#relearnt.add(chosen.id);
    await this.#run(chosen.samples, chosen.name, { of: chosen.id, again: true });
  }

  /**
   * Learns a hand and adds it, in the place of the hand `of`, if there is one.
   * @param {{ text: string, strokes: import("./pad.js").Stroke[] }[]} samples
   * @param {string} name
   * @param {{ of: string, again?: boolean }} how `again`: from a hand's own ink, not from what is being written
   */
  async #run(samples, name, { of, again = false }) {
    this.#tell("");
    try {
      const learnt = await this.#learning.learn(samples, name, again);
      if (!learnt) return this.#advise(allWords.capture.cancelled);
      const wasChosen = this.#hands.chosen?.id === of && of !== "";
      const { id, problem } = await this.#hands.add(learnt.file);
      const taken = learnt.legible ? "" : allWords.capture.takenBack(Math.round(100 * learnt.hand.strength));
      const notes = [taken, problem].filter(Boolean).map((note) => `${note} `).join("");
      if (!again) {
        this.#draft.clear();
        this.#draft.store();
        this.#name.value = "";
        this.#showMode();
      }
      const watches = this.#dialog.open && this.#mode === "hand" && !again;
      if (watches || wasChosen) this.#app.hands.chooseCaptured(id);
      if (of && of !== id) this.#hands.remove(of);
      this.#app.pendingNotes += watches ? notes : "";
      if (watches) {
        this.#leave();
        this.#app.write();
      } else {
        this.#tell(`${allWords.capture.learnt(name)} ${notes}`, wasChosen ? "" : id);
      }
    } catch (error) {
      const message = allWords.capture.failed(name, explain(error));
      this.#advise(message, true);
      if (!this.#dialog.open) this.#tell(message);
    }
  }

  /** Says something beside the hands; "" nothing any more. @param {string} message @param {string} [id] of a hand to write in */
  #tell(message, id = "") {
    const write = html("button", { type: "button", textContent: allWords.capture.writeInIt });
    write.addEventListener("click", () => {
      this.#tell("");
      this.#app.hands.chooseCaptured(id);
      this.#app.write();
    });
    const dismiss = html("button", { type: "button", textContent: allWords.capture.dismiss });
    dismiss.addEventListener("click", () => this.#tell(""));
    this.#news.hidden = message === "";
    this.#news.replaceChildren(html("span", { textContent: message }), ...(id ? [write] : []), dismiss);
  }

  /** Makes a hand of the current sentence without learning, and writes in it. */
  async #keep() {
    const { current } = this.#draft;
    this.#setBusy(true);
    try {
      const { strokes, text } = current;
      if (!(await this.#readAll([current])) || current.strokes !== strokes || current.text !== text) return;
      const name = this.#hands.unusedName(this.#name.value.trim() || allWords.capture.myHand);
      const { id, problem } = await this.#hands.add(await this.#hands.fileOf(name, text, strokes));
      this.#name.value = "";
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

  /** Shows a hand's ink, to be added to and learnt again. @param {Hand} hand */
  #improve(hand) {
    if (this.#learning.progress) return this.#advise(allWords.capture.busy, true);
    this.#draft.load(hand.samples, hand.id);
    this.#draft.store();
    this.#name.value = hand.name;
    this.#showSentence();
    this.#updateList();
    this.#advise(allWords.capture.improving(hand.name));
    part("steps", HTMLElement).scrollIntoView({ block: "nearest" });
  }

  /** Adds the hands that are stored on this device. */
  async #restore() {
    const failed = await this.#hands.restore();
    if (failed.length) showStatus(`${failed.map(({ id, error }) => allWords.capture.storedUnreadable(id, explain(error))).join(" ")} ${words.status.ready}`, true);
  }

  /** @param {File} file */
  async #import(file) {
    this.#advise(allWords.capture.opening(file.name));
    try {
      const bytes = file.size < MAX_FILE ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array();
      if (!bytes.length) throw new Error(allWords.capture.fileSize);
      // Loaded only now: few visitors open a file.
      const { readInkFile } = await import("./ink-file.js");
      const content = new TextDecoder().decode(bytes);
      const ink = isHand(content) ? undefined : readInkFile(bytes);
      if (ink) return this.#showInk(ink);
      const { id, problem, advice } = await this.#hands.add(content, true);
      this.#app.hands.chooseCaptured(id);
      const doubt = advice ? allWords.capture.importedBut(explainAdvice(advice)) : "";
      this.#advise(problem || doubt || allWords.capture.imported(this.#hands.get(id)?.name ?? ""), problem !== "" || doubt !== "");
    } catch (error) {
      this.#advise(`${file.name}: ${explain(error)}`, true);
    }
  }

  /** Puts the ink of a file on the paper, as if it had been drawn there. @param {import("./ink-file.js").FileInk} ink */
  #showInk({ text, strokes: recorded }) {
    const strokes = asDrawn(recorded);
    const shown = allWords.capture.onPaper(strokes.length);
    if (this.#mode !== "hand") {
      this.#free = { strokes, width: 0 };
      this.#showMode();
      return this.#advise(`${shown} ${allWords.capture.addStrokes}`);
    }
    if (this.#learning.progress) return this.#advise(allWords.capture.busy, true);
    this.#draft.makeRoom(text);
    if (text) this.#draft.say(text);
    this.#draft.write(strokes, 0);
    this.#showSentence();
    this.#changed();
    this.#advise(`${shown} ${text ? allWords.capture.checkSentence : allWords.capture.giveSentence}`);
  }

  // --- strokes to continue ---------------------------------------------------------------------

  async #continue() {
    this.#setBusy(true);
    try {
      const { strokes } = this.#free;
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

/** @param {Sentence} sentence @returns {"empty" | "written" | "doubted"} */
function stateOf({ strokes, reading, insisted }) {
  if (!strokes.length) return "empty";
  return reading?.advice && !insisted ? "doubted" : "written";
}

/** Whether a file calls itself a hand that was learnt. @param {string} content */
function isHand(content) {
  try {
    return JSON.parse(content).format === "running-hand-hand";
  } catch {
    return false;
  }
}
