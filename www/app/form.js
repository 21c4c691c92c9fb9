// The form with the settings of the text and the sheet.

import { element } from "../util/dom.js";
import { label as labelled, number as formatted, translated, words } from "../words/words.js";
import { HandPicker } from "./hand-picker.js";

/** @typedef {import("./link.js").Settings} Settings */

/** Inks that are legible on cream paper, with their names among the words. */
const INKS = /** @type {const} */ ([
  ["#1f2c6b", "blueBlack"],
  ["#1b1b1f", "black"],
  ["#1747c0", "royalBlue"],
  ["#6b3a1e", "sepia"],
  ["#8c1c33", "burgundy"],
  ["#155745", "bottleGreen"],
]);

const SLIDERS = /** @type {const} */ (["bias", "temperature", "share", "slant", "wander", "nib"]);
/** Numbers that may be missing. */
const OPTIONAL = /** @type {const} */ (["pitch", "marginTop", "marginRight", "marginBottom", "marginLeft", "firstTop"]);
const NUMBERS = /** @type {const} */ ([...SLIDERS, ...OPTIONAL, "seed", "columns", "sheetWidth", "sheetHeight"]);
const CHOICES = /** @type {const} */ (["paper", "sheetUnit", "orientation", "ruling", "size", "tip"]);
const CHECKS = /** @type {const} */ (["scribble", "mirrorMargins", "unnumbered"]);

/** Settings of the paper: they also change how many letters fit on a line, or on which page a line is. */
const PAPERS = /** @type {const} */ ([
  ...OPTIONAL,
  "paper",
  "sheetWidth",
  "sheetHeight",
  "sheetUnit",
  "orientation",
  "size",
  "mirrorMargins",
]);
/** Settings that change how existing ink is shown. */
export const LOOKS = /** @type {const} */ (["slant", "wander", "unnumbered", "nib", "ruling", "tip", ...PAPERS]);

/** Height of an x on the page in corpus units. */
const X_HEIGHT = 200;

/** Settings that change what is written; so do the hand and the text. */
const WRITES = ["bias", "temperature", "blend", "share", "columns", "seed", "scribble"];

/** Events: "look" (ink that is there is to look otherwise), "writing" (it is to be written otherwise). */
export class Form extends EventTarget {
  #form = element("form", HTMLFormElement);
  #text = element("text", HTMLTextAreaElement);
  #scribble = element("scribble", HTMLInputElement);
  #speed = element("speed", HTMLSelectElement);
  #blend = element("blend", HTMLSelectElement);
  #inks = element("inks", HTMLElement);
  #customInk = document.createElement("input");
  hands = new HandPicker();
  /** Letters in a line that fit on the paper. If the field has another number, the visitor entered it. */ #fittingColumns = 36;
  /** Whether that is being counted: the field is to show it. */ #counting = false;
  /** What they were counted for. */ #fittedFor = "";
  /** How often they were to be counted; an answer to an older question is not shown. */ #fits = 0;
  /** The letters' size before it was fitted to the line distance. */ #ownSize = "medium";
  /**
   * Counts the letters in a line that fit on the paper.
   * @type {(settings: Settings, letterWidth: number | undefined) => Promise<number>}
   */
  countFitting = () => Promise.resolve(this.#fittingColumns);

  constructor() {
    super();
    this.#fillInks();
    for (const id of SLIDERS) {
      this.#number(id).addEventListener("input", () => this.#showValue(id));
      this.#showValue(id);
    }
    void translated.then(() => SLIDERS.forEach((id) => this.#showValue(id)));
    this.#form.addEventListener("input", ({ target }) => {
      if (!(target instanceof HTMLElement)) return;
      // Of a number that is not complete nothing is shown yet.
      if (target instanceof HTMLInputElement && !target.validity.valid) return;
      if (target.id === "size") this.#ownSize = "";
      if (target.id === "pitch") this.#fitSize();
      const paper = PAPERS.some((id) => id === target.id);
      if (paper) void this.#fitColumns();
      if (target.id === "columns") this.#counting = false;
      if (LOOKS.some((id) => id === target.id) || this.#inks.contains(target)) this.dispatchEvent(new Event("look"));
      if (WRITES.includes(target.id)) this.dispatchEvent(new Event("writing"));
    });
    this.#form.addEventListener("input", () => this.#applyInk());
    for (const field of [this.#text, this.#scribble]) field.addEventListener("input", () => this.#refitColumns());
    this.hands.addEventListener("change", () => {
      this.#refitColumns();
      this.dispatchEvent(new Event("writing"));
    });
    this.#blend.addEventListener("input", () => this.#updateEnabled());
    element("paper", HTMLSelectElement).addEventListener("input", () => this.#updateEnabled());
    // Small letters would be illegible on a small screen.
    if (matchMedia("(max-width: 34rem)").matches) this.#ownSize = this.#choice("size").value = "large";
    this.#updateEnabled();
  }

  /** Whether all fields are valid; shows the first that is not. */
  validate() {
    // A field in a closed part of the form cannot be focused.
    const invalid = this.#form.querySelector(":invalid:not(fieldset)");
    for (let closed = invalid?.closest("details"); closed; closed = closed.parentElement?.closest("details")) {
      closed.open = true;
    }
    return this.#form.reportValidity();
  }

  /** Lists the hands of a network. @param {string[]} names @param {string} weights the network's fingerprint */
  async setHands(names, weights) {
    const { value } = this.#blend;
    this.#blend.length = 1;
    for (const name of names) {
      const key = /** @type {import("../words/words.js").Key} */ (`handNames.${name}`);
      this.#blend.add(labelled(new Option(name, name), key));
    }
    this.#blend.value = names.includes(value) ? value : "";
    await this.hands.setHands(names, weights);
    this.#refitColumns();
    this.#updateEnabled();
  }

  /** How fast the pen is drawn; 1 is as fast as people write. `undefined` for a speed that suits the text's length. */
  get speed() {
    return this.#speed.value === "auto" ? undefined : Number(this.#speed.value);
  }

  /** @returns {Settings} */
  get settings() {
    /** @type {Record<string, unknown>} */
    const settings = { text: this.#text.value };
    for (const id of CHECKS) settings[id] = this.#number(id).checked;
    for (const id of NUMBERS) settings[id] = this.#number(id).valueAsNumber;
    for (const id of OPTIONAL) if (this.#number(id).value === "") settings[id] = "";
    for (const id of CHOICES) settings[id] = this.#choice(id).value;
    settings.style = this.hands.value;
    settings.captured = this.hands.captured?.id ?? "";
    if (this.hands.captured?.strength !== undefined) settings.strength = this.hands.captured.strength;
    settings.blend = this.#blend.value;
    settings.ink = this.ink;
    return /** @type {Settings} */ (settings);
  }

  /**
   * Sets the fields for which there are settings.
   * @param {Partial<Settings>} settings
   * @returns {string[]} what could not be set
   */
  apply(settings) {
    const problems = [];
    if (settings.text !== undefined) this.#text.value = settings.text;
    for (const id of CHECKS) {
      if (settings[id] !== undefined) this.#number(id).checked = /** @type {boolean} */ (settings[id]);
    }
    for (const id of CHOICES) {
      if (settings[id] !== undefined) this.#choice(id).value = /** @type {string} */ (settings[id]);
    }
    for (const id of NUMBERS) {
      if (settings[id] !== undefined && id !== "columns") this.#number(id).value = String(settings[id]);
    }
    if (settings.size !== undefined) this.#ownSize = "";
    if (settings.style !== undefined) this.hands.value = settings.style;
    // For the same text in another hand or with another seed, a number of letters that the visitor entered stays.
    if (settings.text === undefined && settings.columns === undefined && settings.seed !== undefined) this.#refitColumns();
    else void this.#fitColumns();
    if (settings.columns !== undefined) this.#counting = false;
    if (settings.columns !== undefined) this.#number("columns").valueAsNumber = settings.columns;
    for (const id of SLIDERS) this.#showValue(id);
    for (const key of /** @type {const} */ (["style", "blend"])) {
      const name = settings[key];
      if (name === undefined) continue;
      const known = name === "" || this.hands.names.includes(name);
      if (!known) problems.push(words.hands.unknown(name));
      if (key === "style") this.hands.value = known ? name : "";
      else this.#blend.value = known ? name : "";
    }
    if (settings.captured && !this.hands.chooseCaptured(settings.captured, settings.strength)) {
      problems.push(words.hands.notInLink);
    }
    if (settings.ink !== undefined) this.ink = settings.ink;
    this.#updateEnabled();
    this.#applyInk();
    return problems;
  }

  get ink() {
    const chosen = this.#form.querySelector("input[name=ink]:checked");
    return chosen instanceof HTMLInputElement && chosen.value ? chosen.value : this.#customInk.value;
  }

  set ink(colour) {
    const radios = /** @type {HTMLInputElement[]} */ ([...this.#inks.querySelectorAll("input[name=ink]")]);
    const known = radios.find(({ value }) => value === colour);
    if (known) {
      known.checked = true;
      return;
    }
    this.#customInk.value = colour;
    radios[radios.length - 1].checked = true;
  }

  /** Whether there is a text to write; without one the network scribbles, and hands have no effect. */
  get hasText() {
    return !this.#scribble.checked && this.#text.value.trim() !== "";
  }

  /** What is known of the hand that would write; `undefined` if the engine has to measure it. */
  get measure() {
    const blends = this.#blend.value !== "" && this.#number("share").valueAsNumber > 0;
    return this.hasText && !blends ? this.hands.measure : undefined;
  }

  /** Mean width of a letter of what would be written on the page, in corpus units; `undefined` without a known hand. */
  get letterWidth() {
    const { measure } = this;
    return measure && measure.letter * X_HEIGHT;
  }

  /** The letters in a line that the visitor entered; `undefined` for as many as fit. */
  get columns() {
    const { valueAsNumber } = this.#number("columns");
    return this.#counting || valueAsNumber === this.#fittingColumns ? undefined : valueAsNumber;
  }

  /** Shows how many letters a line has. @param {number} columns */
  showColumns(columns) {
    if (this.columns !== undefined) return;
    this.#fittingColumns = columns;
    this.#number("columns").valueAsNumber = columns;
  }

  /** @param {string} id */
  #number(id) {
    return element(id, HTMLInputElement);
  }

  /** @param {string} id */
  #choice(id) {
    return element(id, HTMLSelectElement);
  }

  /** Shows a slider's value beside it. @param {string} id */
  #showValue(id) {
    const value = this.#number(id).valueAsNumber;
    const shown = id === "slant" ? `${formatted(value)}°` : formatted(value, id === "nib" ? 1 : 2);
    const output = this.#form.querySelector(`[data-of="${id}"]`);
    if (output) output.textContent = shown;
  }

  /** Sets the ink's colour for the pictures of the hands and the pad. */
  #applyInk() {
    document.documentElement.style.setProperty("--ink", this.ink);
  }

  /** Hides or disables settings that have no effect. */
  #updateEnabled() {
    element("mixing", HTMLElement).hidden = this.#blend.value === "";
    const { value } = this.#choice("paper");
    const envelope = value.startsWith("envelope");
    this.#choice("orientation").disabled = value === "free" || value === "own" || envelope;
    const own = element("own-size", HTMLFieldSetElement);
    own.hidden = own.disabled = value !== "own";
    element("paper-hint", HTMLElement).hidden = !envelope;
    element("margin-fields", HTMLFieldSetElement).disabled = value === "free";
    element("margins-hint", HTMLElement).textContent = value === "free" ? words.paperHints.noMargins : "";
  }

  /** Lets the letters follow a line distance that is entered, unless the visitor has chosen their size. */
  #fitSize() {
    const size = this.#choice("size");
    const entered = this.#number("pitch").value !== "";
    if (entered && this.#ownSize) size.value = "fitted";
    if (!entered && size.value === "fitted") size.value = this.#ownSize || "medium";
  }

  /** As `#fitColumns`, unless the visitor has entered a number. */
  #refitColumns() {
    if (this.columns === undefined) void this.#fitColumns();
  }

  /** Sets the letters in a line to as many as fit on the paper. */
  async #fitColumns() {
    const { settings, letterWidth } = this;
    const fit = (this.#fits += 1);
    const fittedFor = JSON.stringify([...PAPERS.map((id) => settings[id]), letterWidth]);
    if (fittedFor !== this.#fittedFor) {
      this.#counting = true;
      const fitting = await this.countFitting(settings, letterWidth).catch(() => undefined);
      // The visitor may have entered a number meanwhile.
      if (!this.#counting || fit !== this.#fits) return;
      this.#counting = false;
      if (fitting === undefined) return;
      this.#fittedFor = fittedFor;
      this.#fittingColumns = fitting;
    }
    this.#number("columns").valueAsNumber = this.#fittingColumns;
  }

  #fillInks() {
    for (const [colour, name] of [...INKS, /** @type {const} */ (["", "other"])]) {
      const label = document.createElement("label");
      label.className = "swatch";
      labelled(label, `inks.${name}`, "title");
      const radio = document.createElement("input");
      radio.type = "radio";
      radio.name = "ink";
      radio.value = colour;
      const dot = document.createElement("span");
      dot.className = "dot";
      if (colour) dot.style.background = colour;
      const caption = document.createElement("span");
      caption.className = "visually-hidden";
      labelled(caption, `inks.${name}`);
      label.append(radio, dot, caption);
      this.#inks.append(label);
    }
    this.#customInk.type = "color";
    this.#customInk.value = "#7a3fb0";
    labelled(this.#customInk, "inks.pick", "aria-label");
    this.#customInk.addEventListener("input", () => (this.ink = this.#customInk.value));
    this.#inks.append(this.#customInk);
    this.ink = INKS[0][0];
  }
}
