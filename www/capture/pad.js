// Paper to draw on with a mouse, a finger or a pen; records the strokes.

import { svg } from "../util/dom.js";

/** A stroke: [x, y, milliseconds] of each sample, CSS pixels, y down. @typedef {[number, number, number][]} Stroke */

/** Distance of the baselines and height of an x, in pixels, on wide and on narrow paper. */
const WIDE = { height: 150, x: 34 };
const NARROW = { height: 108, x: 24 };
/** Width in pixels from which paper is wide. */
const WIDE_FROM = 640;
/** Mean width of a letter, blanks included, as a share of the height of an x: as most people write. */
const LETTER = 0.92;
/** Share of a line's width that its words fill at most. */
const FILL = 0.97;
/** Pixels between the ink of a file and the paper's edge. */
const MARGIN = 20;
/** Samples that are recorded at most: many minutes of drawing. */
const MAX_SAMPLES = 100_000;

/** Event "change": strokes were added or removed. */
export class Pad extends EventTarget {
  /** @type {HTMLElement} */ #place;
  #paper = svg("svg", { role: "img", class: "pad", tabindex: "-1" });
  #guides = svg("g", { class: "guides" });
  #ink = svg("g", { class: "strokes" });
  /** @type {Stroke[]} */ #strokes = [];
  /** The stroke that is being drawn, and by which pointer. @type {{ id: number, stroke: Stroke, path: SVGPathElement } | undefined} */ #drawing;
  /** Whether a pen was used: touches are taken for the palm from then on. */ #pen = false;
  /** The sentence to write; "" for anything. */ #text = "";

  /** @param {HTMLElement} place @param {string} label for assistive technology */
  constructor(place, label) {
    super();
    this.#place = place;
    this.#paper.setAttribute("aria-label", label);
    this.#paper.append(this.#guides, this.#ink);
    place.append(this.#paper);
    this.#paper.addEventListener("pointerdown", (event) => this.#down(event));
    this.#paper.addEventListener("pointermove", (event) => this.#move(event));
    this.#paper.addEventListener("pointerup", (event) => this.#up(event));
    this.#paper.addEventListener("pointercancel", (event) => this.#cancel(event));
    // A long press is slow writing here, not a request for the context menu.
    this.#paper.addEventListener("contextmenu", (event) => event.preventDefault());
    new ResizeObserver(() => this.#drawGuides()).observe(place);
  }

  /** A copy. @returns {Stroke[]} */
  get strokes() {
    return this.#strokes.map((stroke) => stroke.map(([x, y, ms]) => [x, y, ms]));
  }

  get count() {
    return this.#strokes.length;
  }

  /** The sentence for which there are to be lines; "" for anything. @param {string} text */
  set text(text) {
    this.#text = text;
    this.#drawGuides();
  }

  undo() {
    if (this.#drawing) return;
    this.#strokes.pop();
    this.#ink.lastElementChild?.remove();
    this.dispatchEvent(new Event("change"));
  }

  clear() {
    this.#drawing = undefined;
    this.#strokes = [];
    this.#ink.replaceChildren();
    this.dispatchEvent(new Event("change"));
  }

  /** Replaces the strokes by others, scaled to fill the paper. @param {Stroke[]} strokes at least one */
  show(strokes) {
    this.clear();
    const [xs, ys] = [0, 1].map((axis) => strokes.flatMap((stroke) => stroke.map((sample) => sample[axis])));
    const span = (/** @type {number[]} */ values) => values.reduce(([least, most], v) => [Math.min(least, v), Math.max(most, v)], [Infinity, -Infinity]);
    const [[left, right], [top, bottom]] = [span(xs), span(ys)];
    const [width, height] = [this.#place.clientWidth - 2 * MARGIN, this.#paper.height.baseVal.value - 2 * MARGIN];
    const fits = Math.min(width / (right - left), height / (bottom - top));
    const scale = Number.isFinite(fits) && fits > 0 ? fits : 1;
    const place = (/** @type {number} */ value, /** @type {number} */ from) => MARGIN + (value - from) * scale;
    const start = strokes[0][0][2];
    for (const stroke of strokes) {
      const path = svg("path");
      this.#ink.append(path);
      this.#strokes.push(stroke.map(([x, y, ms]) => [round(place(x, left)), round(place(y, top)), round(ms - start)]));
      path.setAttribute("d", pathData(this.#strokes[this.#strokes.length - 1]));
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Draws lines to write on, each with the words that go on it. */
  #drawGuides() {
    const width = this.#place.clientWidth;
    if (!width) return;
    const { height, x } = width < WIDE_FROM ? NARROW : WIDE;
    const rows = this.#text ? breakLines(this.#text, Math.max(6, Math.floor((width * FILL) / (x * LETTER)))) : ["", ""];
    this.#paper.setAttribute("height", String(rows.length * height));
    const parts = rows.flatMap((words, row) => {
      const base = (row + 0.68) * height;
      const line = (/** @type {number} */ y, /** @type {string} */ kind) =>
        svg("line", { x1: 0, x2: width, y1: y, y2: y, class: kind });
      const caption = svg("text", { x: 10, y: row * height + 18, class: "words" });
      caption.textContent = words;
      return this.#text ? [line(base, "base"), line(base - x, "middle"), caption] : [];
    });
    this.#guides.replaceChildren(...parts);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.#pen ||= event.pointerType === "pen";
    const palm = this.#pen && event.pointerType === "touch";
    if (this.#drawing || palm || event.button !== 0 || this.#samples() >= MAX_SAMPLES) return;
    event.preventDefault();
    // A text field with the focus would take Ctrl+Z as its own undo.
    this.#paper.focus({ preventScroll: true });
    this.#paper.setPointerCapture(event.pointerId);
    const path = svg("path");
    this.#ink.append(path);
    this.#drawing = { id: event.pointerId, stroke: [], path };
    this.#add(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#drawing?.id) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#add(each);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerId !== this.#drawing?.id) return;
    this.#strokes.push(this.#drawing.stroke);
    this.#drawing = undefined;
    this.dispatchEvent(new Event("change"));
  }

  /** The browser took over the pointer, to scroll for example: discards the stroke. @param {PointerEvent} event */
  #cancel(event) {
    if (event.pointerId !== this.#drawing?.id) return;
    this.#drawing.path.remove();
    this.#drawing = undefined;
  }

  #samples() {
    return this.#strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  }

  /** @param {PointerEvent} event */
  #add(event) {
    if (!this.#drawing) return;
    const box = this.#paper.getBoundingClientRect();
    const { stroke, path } = this.#drawing;
    stroke.push([round(event.clientX - box.left), round(event.clientY - box.top), round(event.timeStamp)]);
    path.setAttribute("d", pathData(stroke));
  }
}

/** Rounds as a hand's file does, so that the hand is the same when it is read from there. @param {number} value */
const round = (value) => Math.round(value * 100) / 100;

/** A stroke as SVG path data. @param {Stroke} stroke */
function pathData(stroke) {
  const [[x, y]] = stroke;
  const rest = stroke.length > 1 ? stroke.slice(1).map(([x, y]) => `L${x.toFixed(1)} ${y.toFixed(1)}`) : ["l0 0"];
  return `M${x.toFixed(1)} ${y.toFixed(1)}${rest.join("")}`;
}

/** Breaks a text into as few lines as possible, evenly filled. @param {string} text @param {number} letters in a line */
function breakLines(text, letters) {
  const words = text.trim().split(/\s+/);
  const fewest = Math.ceil(text.length / letters);
  // The shortest line length that needs no more lines.
  for (let length = Math.ceil(text.length / fewest); ; length++) {
    /** @type {string[]} */
    const rows = [];
    for (const word of words) {
      const last = rows.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= length) rows[rows.length - 1] = `${last} ${word}`;
      else rows.push(word);
    }
    if (rows.length <= Math.max(fewest, 1) || length > letters + 20) return rows;
  }
}
