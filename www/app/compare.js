// Two takes side by side.

import { draw } from "../sheet/pens.js";
import { drawRules } from "../sheet/rules.js";
import { html } from "../util/dom.js";
import { allWords, label } from "../words/words.js";

/** @typedef {import("./app.js").Written} Written */

/** Points that are drawn in one go: a few milliseconds. */
const SLICE = 600;
/** Colour of rules, as of the sheet in the light theme. */
const RULE = "#c5d0e2";

/** A take to be shown. @typedef {{ name: string, written: Written, use: () => void }} Side */

export class CompareDialog {
  #sides = html("div", { className: "compare-sides" });
  #dialog = html("dialog", { className: "compare" });

  constructor() {
    const title = label(html("h2", { id: "compare-title" }), "compare.title");
    const close = label(html("button", { type: "button" }), "compare.close");
    close.addEventListener("click", () => this.#dialog.close());
    this.#dialog.setAttribute("aria-labelledby", title.id);
    this.#dialog.append(title, this.#sides, close);
    document.body.append(this.#dialog);
  }

  /** @param {Side} left @param {Side} right */
  open(left, right) {
    this.#sides.replaceChildren(this.#side(left), this.#side(right));
    this.#dialog.showModal();
    for (const [k, side] of [left, right].entries()) void this.#draw(this.#sides.querySelectorAll("canvas")[k], side.written);
  }

  /** @param {Side} side */
  #side({ name, use }) {
    const canvas = html("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    const button = label(html("button", { type: "button" }), "compare.use");
    button.setAttribute("aria-label", allWords.compare.useThis(name));
    button.addEventListener("click", () => {
      this.#dialog.close();
      use();
    });
    return html("figure", {}, canvas, html("figcaption", {}, name), button);
  }

  /** Draws the first page, in slices. @param {HTMLCanvasElement} canvas @param {Written} written */
  async #draw(canvas, { ink, settings }) {
    const context = canvas.getContext("2d");
    if (!context) return;
    const ratio = devicePixelRatio || 1;
    const { sheet } = ink;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round((canvas.width * sheet.height) / sheet.width);
    const scale = canvas.width / sheet.width;
    context.fillStyle = RULE;
    drawRules(context, sheet, 0, scale, Math.max(1, Math.round(ratio)));
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const number = ink.number(0);
    draw(context, number, 0, 0, number.length / 3, settings, scale, (1.1 * ratio) / scale);
    const [first, end] = ink.range(0);
    for (let from = first; from < end && this.#dialog.open; from += SLICE) {
      draw(context, ink.data, first, from, Math.min(end, from + SLICE), settings, scale, (1.1 * ratio) / scale);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}
