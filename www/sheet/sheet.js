// The sheet on the screen: a canvas that shows one page, and a pen that draws its points in their time.

import { words } from "../words/words.js";
import { draw } from "./pens.js";
import { drawRules } from "./rules.js";

/** @typedef {import("./ink.js").Ink} Ink */
/** @typedef {import("./ink.js").Pen} Pen */
/** @typedef {import("./ink.js").SheetGeometry} SheetGeometry */

/**
 * A page as it is drawn: its points x, y, pen, in corpus units from its upper left corner.
 * @typedef {{ points: Float32Array, sheet: SheetGeometry }} DrawnPage
 */

/** Milliseconds after which ink that is drawn at once is drawn without a frame. */
const FRAME_PATIENCE = 300;

/** Event "drawn": another number of points is drawn, or another page shown. */
export class Sheet extends EventTarget {
  /** @type {HTMLCanvasElement} */ #canvas;
  /** @type {CanvasRenderingContext2D} */ #context;
  /** @type {SVGElement} */ #pen;
  /** @type {Ink | undefined} */ #ink;
  /** @type {() => Pen} */ #penStyle;
  /** Version of the ink that is drawn. */ #version = 0;
  /** How many points are drawn. */ #drawn = 0;
  /** Fraction of the next point for which pen time has passed. */ #credit = 0;
  /** Points per millisecond. */ #rate = Infinity;
  #paused = false;
  #complete = false;
  #frame = 0;
  /** In place of a frame that does not come. */ #timer = 0;
  /** Time of the last frame; 0 if the pen was at rest. */ #before = 0;
  #page = 0;
  /** Whether to turn to the page that the pen is on. */ #follows = true;
  /** Device pixels per corpus unit. */ #scale = 1;
  /** @type {() => void} */ #whenDone = () => {};

  /**
   * @param {HTMLCanvasElement} canvas @param {SVGElement} pen shows where the pen is
   * @param {() => Pen} penStyle how the pen draws
   */
  constructor(canvas, pen, penStyle) {
    super();
    this.#penStyle = penStyle;
    this.#canvas = canvas;
    this.#pen = pen;
    const context = canvas.getContext("2d");
    if (!context) throw new Error(words.status.noCanvas);
    this.#context = context;
    new ResizeObserver(() => this.#redraw()).observe(/** @type {Element} */ (canvas.parentElement));
  }

  /** New paper. @param {Ink} ink @param {number} rate points per millisecond; Infinity draws at once */
  begin(ink, rate) {
    this.#ink = ink;
    this.#rate = rate;
    this.#drawn = 0;
    this.#credit = 0;
    this.#complete = false;
    this.#paused = false;
    this.#before = 0;
    this.#page = 0;
    this.#follows = true;
    this.#hidePen();
    this.#redraw();
  }

  /** There are more points, or they lie elsewhere. */
  changed() {
    if (this.#ink && this.#ink.version !== this.#version) {
      this.#page = Math.min(this.#page, this.#ink.sheet.pages - 1);
      if (this.#follows) this.#page = this.#penPage();
      this.#redraw();
    }
    this.#schedule();
  }

  /** Draws anew, in another pen or on other paper. */
  redraw() {
    this.#redraw();
    this.#schedule();
  }

  /** No more points will come. @param {() => void} whenDone is called when all are drawn */
  complete(whenDone) {
    this.#complete = true;
    this.#whenDone = whenDone;
    this.#schedule();
  }

  /** Stops the pen where it is. */
  stop() {
    this.#cancelFrame();
    this.#complete = true;
    // What is drawn anew later, in another ink for example, is drawn as far as the pen came.
    this.#paused = true;
    this.#whenDone = () => {};
    this.#hidePen();
  }

  /** Whether all points have come. */
  get ended() {
    return this.#complete;
  }

  /** How many points are drawn. */
  get drawn() {
    return this.#drawn;
  }

  get page() {
    return this.#page;
  }

  /** How many pages the pen has been on. */
  get pages() {
    return this.#ink ? this.#penPage() + 1 : 1;
  }

  /** @param {number} page */
  turnTo(page) {
    this.#page = Math.max(0, Math.min(page, this.pages - 1));
    this.#follows = this.#page === this.#penPage();
    this.#redraw();
    this.#emitDrawn();
  }

  /** Stops the pen, or lets it go on. @param {boolean} paused */
  pause(paused) {
    this.#paused = paused;
    this.#before = 0;
    this.#schedule();
  }

  /** Draws exactly so many of the points that have come, and stops the pen there. @param {number} count */
  show(count) {
    if (!this.#ink) return;
    const [from, page] = [this.#drawn, this.#page];
    this.#paused = true;
    this.#drawn = Math.max(0, Math.min(count, this.#ink.count));
    this.#page = this.#penPage();
    this.#follows = true;
    if (this.#drawn < from || this.#page !== page) this.#redraw();
    else this.#draw(from, this.#drawn);
    this.#showPen();
    this.#emitDrawn();
  }

  /**
   * Where a point is on the canvas, in CSS pixels; `undefined` if its page is not the one that is shown.
   * @param {number} point @returns {{ x: number, y: number, scale: number } | undefined} `scale`: pixels per corpus unit
   */
  position(point) {
    if (!this.#ink || point < 0 || point >= this.#ink.count) return undefined;
    if (this.#ink.pageOf(point) !== this.#page) return undefined;
    const scale = this.#scale / (devicePixelRatio || 1);
    const { data } = this.#ink;
    return { x: data[3 * point] * scale, y: data[3 * point + 1] * scale, scale };
  }

  /** The page that the pen is on. */
  #penPage() {
    return this.#ink ? this.#ink.pageOf(Math.max(0, this.#drawn - 1)) : 0;
  }

  #emitDrawn() {
    this.dispatchEvent(new Event("drawn"));
  }

  #cancelFrame() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
  }

  #schedule() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame((now) => this.#animate(now));
    // A page that nobody sees gets no frames; ink that is drawn at once does not wait for one.
    if (this.#rate === Infinity) this.#timer = setTimeout(() => this.#animate(performance.now()), FRAME_PATIENCE);
  }

  /** @param {number} now */
  #animate(now) {
    this.#cancelFrame();
    const ink = this.#ink;
    if (!ink || this.#paused) return;
    const count = ink.count;
    const waited = this.#before ? now - this.#before : 0;
    this.#before = now;
    const from = this.#drawn;
    if (this.#rate === Infinity) {
      this.#drawn = count;
    } else {
      this.#credit += waited * this.#rate;
      const whole = Math.min(Math.floor(this.#credit), count - this.#drawn);
      this.#drawn += whole;
      // A pen that has waited for points does not hurry afterwards.
      this.#credit = this.#drawn === count ? 0 : this.#credit - whole;
    }
    const page = this.#penPage();
    if (this.#follows && page !== this.#page) {
      this.#page = page;
      this.#redraw();
    } else {
      this.#draw(from, this.#drawn);
    }
    if (this.#drawn !== from) this.#emitDrawn();
    if (this.#drawn < count) {
      this.#showPen();
      this.#schedule();
    } else {
      this.#before = this.#complete ? 0 : now;
      if (this.#complete) {
        this.#hidePen();
        const done = this.#whenDone;
        this.#whenDone = () => {};
        done();
      } else {
        this.#showPen();
      }
    }
  }

  /** Shows the pen at the last point drawn, unless everything is drawn at once. */
  #showPen() {
    const at = this.position(this.#drawn - 1);
    if (!at || (this.#rate === Infinity && !this.#paused)) {
      this.#hidePen();
      return;
    }
    this.#pen.style.transform = `translate(${at.x}px, ${at.y}px)`;
    this.#pen.removeAttribute("hidden");
  }

  #hidePen() {
    this.#pen.setAttribute("hidden", "");
  }

  /** Draws the page anew: paper of the right shape, its rules, the ink. */
  #redraw() {
    const ink = this.#ink;
    const frame = /** @type {HTMLElement} */ (this.#canvas.parentElement);
    const ratio = devicePixelRatio || 1;
    frame.classList.toggle("upright", Boolean(ink && ink.sheet.height > ink.sheet.width));
    const width = Math.max(1, Math.round(frame.clientWidth * ratio));
    const paper = ink?.sheet ?? { width: 16, height: 9 };
    const height = Math.max(1, Math.round((width * paper.height) / paper.width));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!ink) return;
    this.#version = ink.version;
    this.#scale = width / ink.sheet.width;
    context.fillStyle = getComputedStyle(this.#canvas).color;
    drawRules(context, ink.sheet, this.#page, this.#scale, Math.max(1, Math.round(ratio)));
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    const number = ink.number(this.#page);
    draw(context, number, 0, 0, number.length / 3, this.#penStyle(), this.#scale);
    this.#draw(0, this.#drawn);
    if (!this.#pen.hasAttribute("hidden")) this.#showPen();
  }

  /** Draws the points `from` ≤ i < `to`, as far as they are on the page shown. @param {number} from @param {number} to */
  #draw(from, to) {
    if (!this.#ink) return;
    const [first, end] = this.#ink.range(this.#page);
    const scale = this.#scale;
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
    draw(
      this.#context,
      this.#ink.data,
      first,
      Math.max(from, first),
      Math.min(to, end),
      this.#penStyle(),
      scale,
    );
  }
}
