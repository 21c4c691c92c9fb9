// The form: what the visitor wishes, in and out.

import { element } from "../util/dom.js";
import { Hands } from "./hand-picker.js";
import { LETTER, columnsOf } from "../sheet/layout.js";

/** @typedef {import("./link.js").Shared} Shared */

/** Inks that stand on cream paper, by their names. */
const INKS = [
  ["#1f2c6b", "Blue-black"],
  ["#1b1b1f", "Black"],
  ["#1747c0", "Royal blue"],
  ["#6b3a1e", "Sepia"],
  ["#8c1c33", "Burgundy"],
  ["#155745", "Bottle green"],
];

const SLIDERS = /** @type {const} */ (["bias", "temperature", "share", "slant", "wander", "nib"]);
const NUMBERS = /** @type {const} */ ([...SLIDERS, "seed", "columns"]);
const CHOICES = /** @type {const} */ (["paper", "orientation", "ruling", "size", "tip"]);

/** What shows at once when it is changed. */
const LOOKS = ["slant", "wander", "nib", "ruling", "tip", "paper", "orientation", "size"];

export class Form extends EventTarget {
  #form = element("form", HTMLFormElement);
  #text = element("text", HTMLTextAreaElement);
  #scribble = element("scribble", HTMLInputElement);
  #speed = element("speed", HTMLSelectElement);
  #blend = element("blend", HTMLSelectElement);
  #inks = element("inks", HTMLElement);
  #custom = document.createElement("input");
  hands = new Hands();
  /** Letters in a line as the paper asks for; another number is the visitor's. */ #derived = 36;

  constructor() {
    super();
    this.#fillInks();
    for (const id of SLIDERS) {
      this.#number(id).addEventListener("input", () => this.#show(id));
      this.#show(id);
    }
    this.#form.addEventListener("input", ({ target }) => {
      if (!(target instanceof HTMLElement)) return;
      const paper = ["paper", "orientation", "size"].includes(target.id);
      if (paper) this.#derive();
      if (LOOKS.includes(target.id) || this.#inks.contains(target)) this.dispatchEvent(new Event("look"));
      if (paper) this.dispatchEvent(new Event("paper"));
    });
    this.#form.addEventListener("input", () => this.#colour());
    for (const field of [this.#text, this.#scribble]) field.addEventListener("input", () => this.#rederive());
    this.hands.addEventListener("change", () => this.#rederive());
    this.#blend.addEventListener("input", () => this.#enable());
    element("paper", HTMLSelectElement).addEventListener("input", () => this.#enable());
    // On a small screen fewer letters fit that can be read.
    if (matchMedia("(max-width: 34rem)").matches) this.#choice("size").value = "large";
    this.#derive();
    this.#enable();
  }

  /** Whether everything can be written as it stands; what cannot is shown. */
  valid() {
    // A field within a closed part could not be shown.
    const wrong = this.#form.querySelector(":invalid:not(fieldset)");
    const closed = wrong?.closest("details");
    if (closed) closed.open = true;
    return this.#form.reportValidity();
  }

  /** @param {string[]} names of the network's hands @param {string} weights the network's fingerprint */
  async fill(names, weights) {
    const { value } = this.#blend;
    this.#blend.length = 1;
    for (const name of names) this.#blend.add(new Option(name, name));
    this.#blend.value = names.includes(value) ? value : "";
    await this.hands.fill(names, weights);
    this.#enable();
  }

  /** How many times as fast as a hand the pen goes. */
  get speed() {
    return Number(this.#speed.value);
  }

  /** @returns {Shared} */
  get wish() {
    /** @type {Record<string, unknown>} */
    const wish = { text: this.#text.value, scribble: this.#scribble.checked };
    for (const id of NUMBERS) wish[id] = this.#number(id).valueAsNumber;
    for (const id of CHOICES) wish[id] = this.#choice(id).value;
    wish.style = this.hands.value;
    wish.own = this.hands.own?.id ?? "";
    wish.blend = this.#blend.value;
    wish.ink = this.ink;
    return /** @type {Shared} */ (wish);
  }

  /**
   * Fills in what is given; returns what cannot be.
   * @param {Partial<Shared>} wish
   */
  set(wish) {
    const problems = [];
    if (wish.text !== undefined) this.#text.value = wish.text;
    if (wish.scribble !== undefined) this.#scribble.checked = wish.scribble;
    for (const id of CHOICES) if (wish[id] !== undefined) this.#choice(id).value = /** @type {string} */ (wish[id]);
    if (wish.style !== undefined) this.hands.value = wish.style;
    if (wish.columns === undefined && wish.seed !== undefined && wish.text === undefined) {
      // Another take or another hand.
      this.#rederive();
    } else this.#derive();
    for (const id of NUMBERS) if (wish[id] !== undefined) this.#number(id).valueAsNumber = /** @type {number} */ (wish[id]);
    for (const id of SLIDERS) this.#show(id);
    for (const key of /** @type {const} */ (["style", "blend"])) {
      const name = wish[key];
      if (name === undefined) continue;
      const known = name === "" || this.hands.names.includes(name);
      if (!known) problems.push(`There is no hand “${name}” here.`);
      if (key === "style") this.hands.value = known ? name : "";
      else this.#blend.value = known ? name : "";
    }
    if (wish.own && !this.hands.chooseOwn(wish.own)) {
      problems.push("The link is of a hand that someone drew, which stays on their device; so here it is in no one’s hand.");
    }
    if (wish.ink !== undefined) this.ink = wish.ink;
    this.#enable();
    this.#colour();
    return problems;
  }

  get ink() {
    const chosen = this.#form.querySelector("input[name=ink]:checked");
    return chosen instanceof HTMLInputElement && chosen.value ? chosen.value : this.#custom.value;
  }

  set ink(colour) {
    const radios = /** @type {HTMLInputElement[]} */ ([...this.#inks.querySelectorAll("input[name=ink]")]);
    const known = radios.find(({ value }) => value === colour);
    if (known) {
      known.checked = true;
      return;
    }
    this.#custom.value = colour;
    radios[radios.length - 1].checked = true;
  }

  /** @param {string} id */
  #number(id) {
    return element(id, HTMLInputElement);
  }

  /** @param {string} id */
  #choice(id) {
    return element(id, HTMLSelectElement);
  }

  /** @param {string} id */
  #show(id) {
    const value = this.#number(id).valueAsNumber;
    const shown = id === "slant" ? `${value}°` : id === "nib" ? value.toFixed(1) : value.toFixed(2);
    const output = this.#form.querySelector(`[data-of="${id}"]`);
    if (output) output.textContent = shown;
  }

  /** What else shows the ink's colour. */
  #colour() {
    document.documentElement.style.setProperty("--ink", this.ink);
  }

  /** What has no effect cannot be set. */
  #enable() {
    element("mixing", HTMLElement).hidden = this.#blend.value === "";
    this.#choice("orientation").disabled = this.#choice("paper").value === "free";
  }

  /** Whether there is a text to write; without one the network scribbles, in no hand. */
  get reads() {
    return !this.#scribble.checked && this.#text.value.trim() !== "";
  }

  /** Width of a letter of what is asked for, in corpus units. */
  get letter() {
    return this.reads ? this.hands.letter : LETTER;
  }

  /** The visitor's own number of letters stays. */
  #rederive() {
    if (this.#number("columns").valueAsNumber === this.#derived) this.#derive();
  }

  /** As many letters in a line as fit on the paper. */
  #derive() {
    const field = this.#number("columns");
    const wish = /** @type {import("../sheet/layout.js").Look} */ (this.wish);
    const fits = columnsOf(wish, this.letter);
    field.valueAsNumber = fits;
    this.#derived = fits;
  }

  #fillInks() {
    for (const [colour, name] of [...INKS, ["", "Another colour"]]) {
      const label = document.createElement("label");
      label.className = "swatch";
      label.title = name;
      const radio = document.createElement("input");
      radio.type = "radio";
      radio.name = "ink";
      radio.value = colour;
      const dot = document.createElement("span");
      dot.className = "dot";
      if (colour) dot.style.background = colour;
      const words = document.createElement("span");
      words.className = "unseen";
      words.textContent = name;
      label.append(radio, dot, words);
      this.#inks.append(label);
    }
    this.#custom.type = "color";
    this.#custom.value = "#7a3fb0";
    this.#custom.setAttribute("aria-label", "Colour of the ink");
    this.#custom.addEventListener("input", () => (this.ink = this.#custom.value));
    this.#inks.append(this.#custom);
    this.ink = INKS[0][0];
  }
}
