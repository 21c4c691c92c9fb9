// A small picture in the dialog of what the file will look like. Moving formats move, unless the visitor wants no motion.

import { html } from "../util/dom.js";
import { allWords } from "../words/words.js";
import { drawnAfter, duration } from "./timeline.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./timeline.js").Motion} Motion */

/** Longest side of the picture on the screen, in CSS pixels: its width is that of the dialog, if that is less. */
const TALLEST = 190;
/** Points that are drawn in one frame at most. */
const AT_ONCE = 6000;

export class Preview {
  #place;
  #canvas = html("canvas", { id: "export-canvas" });
  /** @type {Picture | undefined} */ #picture;
  /** @type {Motion | undefined} */ #motion;
  #drawn = 0;
  /** When the pen began, in milliseconds. */ #began = 0;
  #frame = 0;
  /** Pixels of a millimetre. */ #density = 1;

  /** @param {HTMLElement} place where it is shown */
  constructor(place) {
    this.#place = place;
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", allWords.export.preview);
  }

  /** Shows nothing, and stops. */
  clear() {
    cancelAnimationFrame(this.#frame);
    this.#picture = undefined;
    this.#canvas.remove();
  }

  /** @param {Picture} picture @param {Motion} [motion] how it moves, if it does */
  show(picture, motion) {
    const still = !motion || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#picture = picture;
    this.#motion = still ? undefined : motion;
    cancelAnimationFrame(this.#frame);
    const canvas = this.#canvas;
    if (!canvas.isConnected) this.#place.append(canvas);
    const { paddingInline } = getComputedStyle(this.#place);
    const widest = Math.max(100, this.#place.clientWidth - 2 * Number.parseFloat(paddingInline));
    const perMm = Math.min(widest / picture.width, TALLEST / picture.height);
    this.#density = perMm * (devicePixelRatio || 1);
    Object.assign(canvas, picture.pixels(this.#density));
    canvas.style.width = `${picture.width * perMm}px`;
    this.#restart(performance.now());
  }

  /** @param {number} now */
  #restart(now) {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#picture) return;
    this.#picture.drawGround(context, this.#density);
    this.#drawn = 0;
    this.#began = now;
    this.#animate(now);
  }

  /** @param {number} now */
  #animate(now) {
    const [picture, motion] = [this.#picture, this.#motion];
    const context = this.#canvas.getContext("2d");
    if (!context || !picture) return;
    const seconds = (now - this.#began) / 1000;
    if (motion && seconds > duration(motion)) {
      this.#restart(now);
      return;
    }
    const due = motion ? drawnAfter(motion, seconds) : picture.count;
    const to = Math.min(due, this.#drawn + AT_ONCE, picture.count);
    if (to > this.#drawn) picture.drawInk(context, this.#density, this.#drawn, to);
    this.#drawn = Math.max(this.#drawn, to);
    if (motion || this.#drawn < picture.count) this.#frame = requestAnimationFrame((time) => this.#animate(time));
  }
}
