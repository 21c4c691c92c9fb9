// Two neatnesses side by side: the same words with the same seed, so that chance is the same and only the bias differs.

import { draw } from "../sheet/pens.js";
import { html } from "../util/dom.js";
import { allWords, explain, label, number } from "../words/words.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").PlacedInk} PlacedInk */
/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */

/** Biases that differ clearly. */
const BIASES = [0, 2];
/** Most letters that are written, and the words where the text has none. */
const MOST_LETTERS = 18;
const WORDS = "the same dice";
/** Milliseconds before a slider's value is written, in which it may move on. */
const SETTLE_TIME = 150;
/** Height of a picture and its margin, in CSS pixels. */
const HEIGHT = 110;
const MARGIN = 14;
/** Most CSS pixels of a corpus unit, so that short words are not enormous. */
const MAX_SCALE = 0.14;

export class Biases {
  /** @type {App} */ #app;
  #message = html("p", { className: "hint" });
  #sides = BIASES.map((bias, k) => new Side(bias, k));
  root = html("details", { className: "biases" });
  #settling = 0;
  /** Aborted when what is written is not wanted any more. */ #current = new AbortController();

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    const sides = html("div", { className: "sides" }, ...this.#sides.map(({ root }) => root));
    const hint = label(html("p", { className: "hint" }), "biases.hint");
    this.root.append(label(html("summary"), "biases.title"), hint, sides, this.#message);
    this.root.addEventListener("toggle", () => this.#write());
    for (const side of this.#sides) {
      side.slider.addEventListener("input", () => {
        side.showValue();
        side.stale = true;
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.#write(), SETTLE_TIME);
      });
    }
  }

  /** Follows the text until the signal is aborted, which ends what is being written. @param {AbortSignal} signal */
  follow(signal) {
    const again = () => {
      for (const side of this.#sides) side.stale = true;
      this.#write();
    };
    for (const type of ["finished", "stopped"]) this.#app.addEventListener(type, again, { signal });
    this.#app.addEventListener("cleared", () => this.#current.abort(), { signal });
    signal.addEventListener("abort", () => this.#current.abort());
    again();
  }

  /** Writes the sides that are not up to date, one after the other. The text on the page comes first. */
  async #write() {
    if (!this.root.open || this.#app.writing) return;
    this.#current.abort();
    const { signal } = (this.#current = new AbortController());
    try {
      for (const side of this.#sides) {
        if (!side.stale) continue;
        const { text, options } = this.#request(side.slider.valueAsNumber);
        const ink = await this.#app.client.request("preview", { text, options }, { signal });
        side.show(ink, this.#app.settings, text);
      }
      this.#message.textContent = "";
    } catch (error) {
      if (!signal.aborted) this.#message.textContent = explain(error);
    }
  }

  /** The first words of the text, as the form says, except for the bias. @param {number} bias */
  #request(bias) {
    const { settings, hands } = this.#app;
    const { style, blend, share, temperature, seed } = settings;
    const [line = ""] = settings.text.trim().split(/\n/);
    const cut = [...line].slice(0, MOST_LETTERS).join("");
    // Not in the middle of a word, unless there is one only.
    const text = (cut.length < line.length ? cut.replace(/\s+\S*$/, "") : cut) || WORDS;
    /** @type {WriteOptions} */
    const options = { bias, temperature, seed, columns: 100, attempts: 0 };
    if (style !== "") options.style = style;
    if (style !== "" && blend !== "") options.blend = { style: blend, share };
    // Of a hand that the visitor drew. Without a text its options are others.
    if (settings.text.trim() && !settings.scribble) Object.assign(options, hands.captured?.engineOptions());
    return { text, options };
  }
}

/** One of the two. */
class Side {
  slider;
  #value = html("span", { className: "value" });
  #canvas = html("canvas");
  /** Whether it is to be written anew. */ stale = true;
  root;

  /** @param {number} bias @param {number} k 0 or 1 */
  constructor(bias, k) {
    const id = `biases-${k}`;
    this.slider = html("input", { type: "range", id, min: "0", max: "2", step: "0.05", value: String(bias) });
    this.#value.setAttribute("aria-hidden", "true");
    this.#canvas.setAttribute("role", "img");
    this.root = html(
      "div",
      { className: "side" },
      this.#canvas,
      html("div", { className: "setting" }, label(html("label", { htmlFor: id }), k ? "biases.second" : "biases.first"), this.#value, this.slider),
    );
    this.showValue();
  }

  showValue() {
    this.#value.textContent = number(this.slider.valueAsNumber, 2);
  }

  /** @param {PlacedInk[]} pieces @param {import("../app/link.js").Settings} look @param {string} text */
  show(pieces, look, text) {
    this.stale = false;
    this.#canvas.setAttribute("aria-label", allWords.biases.picture(text, number(this.slider.valueAsNumber, 2)));
    const points = new Float32Array(pieces.reduce((sum, piece) => sum + piece.points.length, 0));
    let at = 0;
    for (const piece of pieces) {
      points.set(piece.points, at);
      at += piece.points.length;
    }
    const context = this.#canvas.getContext("2d");
    if (!context || !points.length) return;
    const ratio = devicePixelRatio || 1;
    this.#canvas.width = Math.round(this.#canvas.clientWidth * ratio);
    this.#canvas.height = HEIGHT * ratio;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 3) {
      [left, right] = [Math.min(left, points[i]), Math.max(right, points[i])];
      [top, bottom] = [Math.min(top, points[i + 1]), Math.max(bottom, points[i + 1])];
    }
    const [width, height] = [this.#canvas.width - 2 * MARGIN * ratio, this.#canvas.height - 2 * MARGIN * ratio];
    const scale = Math.min(width / (right - left), height / (bottom - top), MAX_SCALE * ratio);
    const x = MARGIN * ratio - left * scale;
    const y = (this.#canvas.height - (bottom + top) * scale) / 2;
    context.setTransform(scale, 0, 0, scale, x, y);
    draw(context, points, 0, 0, points.length / 3, look, scale);
  }
}
