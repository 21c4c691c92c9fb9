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
/** Space around ink whose paper is not known, as a share of its width. */
const MARGIN = 0.06;
/** Pixels below ink that reaches further down than the lines. */
const BELOW = 8;
/** Height of low paper against its width, at least. */
const LOWEST = 0.12;
/** Height in pixels of a screen up to which paper is narrow: a phone that lies on its side. */
const LOW_SCREEN = 480;
/** Milliseconds between ink that was there and what is added to it, at least. */
const PAUSE = 1000;
/** Samples that are recorded at most: many minutes of drawing. */
const MAX_SAMPLES = 100_000;

/** Event "change": strokes were added or removed. */
export class Pad extends EventTarget {
  /** @type {HTMLElement} */ #place;
  #paper = svg("svg", { role: "img", class: "pad", tabindex: "-1" });
  #guides = svg("g", { class: "guides" });
  #ink = svg("g", { class: "strokes" });
  /** The part of the plane that the paper shows: as it was when its first stroke was drawn, however wide it is now. */
  #frame = { left: 0, top: 0, width: 0, height: 0 };
  /** Added to the time of events, so that it goes on from the ink that was there. */ #delay = 0;
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
    new ResizeObserver(() => this.#fit()).observe(place);
  }

  /** A copy. @returns {Stroke[]} */
  get strokes() {
    return this.#strokes.map((stroke) => stroke.map(([x, y, ms]) => [x, y, ms]));
  }

  get count() {
    return this.#strokes.length;
  }

  /** Width of the paper on which the strokes were drawn, in their unit; 0 if it is unknown. */
  get width() {
    return this.#isOwn ? this.#frame.width : 0;
  }

  /** Whether the strokes were drawn on paper like this; of other paper only its ink is known. */
  get #isOwn() {
    return this.#frame.left === 0 && this.#frame.top === 0;
  }

  /** The sentence for which there are to be lines; "" for anything. @param {string} text */
  set text(text) {
    this.#text = text;
    this.#fit();
  }

  undo() {
    if (this.#drawing) return;
    this.#strokes.pop();
    this.#ink.lastElementChild?.remove();
    this.#fit();
    this.dispatchEvent(new Event("change"));
  }

  clear() {
    this.show([]);
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Shows ink and lets it be added to; no event follows.
   * @param {Stroke[]} strokes
   * @param {number} [width] of the paper that they were drawn on; 0 if it is unknown
   */
  show(strokes, width = 0) {
    this.#drawing = undefined;
    this.#strokes = strokes.map((stroke) => stroke.map(([x, y, ms]) => [x, y, ms]));
    this.#ink.replaceChildren(...this.#strokes.map((stroke) => svg("path", { d: pathData(stroke) })));
    const last = strokes.at(-1)?.at(-1)?.[2] ?? -Infinity;
    this.#delay = Math.max(0, last + PAUSE - performance.now());
    this.#frame = strokes.length && !width ? around(strokes) : { left: 0, top: 0, width, height: 0 };
    this.#fit();
  }

  /** Fits the paper to its place, with lines to write on, each with the words that go on it. */
  #fit() {
    const room = this.#place.clientWidth;
    if (!room) return;
    if (!this.#strokes.length && !this.#drawing) this.#frame = { left: 0, top: 0, width: room, height: 0 };
    const { left, top, width } = this.#frame;
    const { height, x } = width < WIDE_FROM || innerHeight < LOW_SCREEN ? NARROW : WIDE;
    const rows = this.#text ? breakLines(this.#text, Math.max(6, Math.floor((width * FILL) / (x * LETTER)))) : ["", ""];
    if (this.#isOwn) this.#frame.height = Math.max(rows.length * height, bottomOf(this.#strokes) + BELOW);
    this.#paper.setAttribute("viewBox", `${left} ${top} ${width} ${this.#frame.height}`);
    this.#paper.setAttribute("height", String(Math.round((room / width) * this.#frame.height)));
    const parts = rows.flatMap((words, row) => {
      const base = (row + 0.68) * height;
      const line = (/** @type {number} */ y, /** @type {string} */ kind) =>
        svg("line", { x1: 0, x2: width, y1: y, y2: y, class: kind });
      const caption = svg("text", { x: 10, y: row * height + 18, class: "words" });
      caption.textContent = words;
      return this.#text ? [line(base, "base"), line(base - x, "middle"), caption] : [];
    });
    this.#guides.replaceChildren(...(this.#isOwn ? parts : []));
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
    if (!this.#strokes.length) this.#fit();
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
    const { left, top, width } = this.#frame;
    const scale = width / box.width;
    const [x, y] = [left + (event.clientX - box.left) * scale, top + (event.clientY - box.top) * scale];
    stroke.push([round(x), round(y), round(event.timeStamp + this.#delay)]);
    path.setAttribute("d", pathData(stroke));
  }
}

/** Rounds as a hand's file does, so that the hand is the same when it is read from there. @param {number} value */
const round = (value) => Math.round(value * 100) / 100;

/** Width in pixels that ink of a file is brought to: its unit may be anything, and pixels are kept to hundredths. */
const FILE_WIDTH = 1000;

/** Ink of a file as if it had been drawn here. @param {Stroke[]} strokes */
export function asDrawn(strokes) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of strokes.flat()) {
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  const fits = FILE_WIDTH / Math.max(right - left, bottom - top);
  const scale = Number.isFinite(fits) ? fits : 1;
  const start = strokes[0][0][2];
  return strokes.map((stroke) =>
    stroke.map(([x, y, ms]) => /** @type {Stroke[number]} */ ([round((x - left) * scale), round((y - top) * scale), round(ms - start)])),
  );
}

/** The part of the plane that shows ink of unknown paper. @param {Stroke[]} strokes */
function around(strokes) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of strokes.flat()) {
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  const margin = MARGIN * Math.max(right - left, 1);
  const width = Math.max(right - left, 1) + 2 * margin;
  const height = Math.max(bottom - top + 2 * margin, LOWEST * width);
  return { left: left - margin, top: (top + bottom - height) / 2, width, height };
}

/** How far down strokes reach. @param {Stroke[]} strokes */
const bottomOf = (strokes) => strokes.flat().reduce((most, [, y]) => Math.max(most, y), 0);

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
