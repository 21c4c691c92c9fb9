// The sheet on the screen: a canvas that shows one page, and a pen that draws its points in their time.

import { words } from "../words/words.js";
import { draw } from "./pens.js";
import { drawRules, rulesOf } from "./rules.js";

/** @typedef {import("./ink.js").Ink} Ink */
/** @typedef {import("./ink.js").Pen} Pen */
/** @typedef {import("./ink.js").SheetGeometry} SheetGeometry */

/** @typedef {import("./pace.js").Progress} Progress */

/** Points per millisecond that the pen draws; Infinity draws at once. @typedef {(progress: Progress) => number} Rate */

/**
 * A page as it is drawn: its points x, y, pen, in corpus units from its upper left corner.
 * @typedef {{ points: Float32Array, sheet: SheetGeometry }} DrawnPage
 */

/**
 * A canvas and the page on it.
 * @typedef {object} Painting
 * @property {HTMLCanvasElement} canvas
 * @property {CanvasRenderingContext2D} context
 * @property {number} page
 * @property {number} scale device pixels per corpus unit
 * @property {number} top device pixels above the ink's paper, where the sheet has room for more than that
 * @property {number} painted how many of the ink's points are on it, those of other pages included
 */

/** Milliseconds of a frame, in which the pen moves when its first points come. */
const FRAME = 1000 / 60;
/** Milliseconds after which ink that is drawn at once is drawn without a frame. */
const FRAME_PATIENCE = 300;
/** Milliseconds of a frame in which ink is painted; what is left is painted in the next ones. */
const BUDGET = 9;
/**
 * The same while the engine writes, which leaves the page a small share of the cores, and points of such a frame: the
 * browser rasterises them in the same task, after the budget.
 */
const BUSY_BUDGET = 5;
const BUSY_POINTS = 300;
/** Points that are painted between two looks at the clock. */
const SLICE = 150;
/** Points that are painted anew on the canvas itself; more are painted beside it first, so that it does not flicker. */
const FEW = 1500;
/** Share of a sheet's spare room that is above the ink: a little above the middle, as src/document/paper.rs has it. */
const ABOVE = 0.4;
/** Width of the thinnest line of a pen on the screen, in CSS pixels. */
const LEAST_LINE = 1.3;

/** Event "drawn": another number of points is drawn, or another page shown. */
export class Sheet extends EventTarget {
  /** @type {SVGElement} */ #pen;
  /** @type {HTMLElement} */ #frameElement;
  /** What is seen. @type {Painting} */ #front;
  /** What will be seen when all is painted. @type {Painting | undefined} */ #back;
  /** Whether to paint anew when `#back` is done. */ #again = false;
  /** @type {Ink | undefined} */ #ink;
  /** @type {() => Pen} */ #penStyle;
  /** Version of the ink that is drawn. */ #version = 0;
  /** How many points are drawn. */ #drawn = 0;
  /** Fraction of the next point for which pen time has passed. */ #credit = 0;
  /** @type {Rate} */ #rate = () => Infinity;
  #paused = false;
  #complete = false;
  #frame = 0;
  /** In place of a frame that does not come. */ #timer = 0;
  /** Time of the last frame; 0 if the pen was at rest. */ #before = 0;
  /** When the first points came; 0 before that. */ #began = 0;
  #page = 0;
  /** Whether to turn to the page that the pen is on. */ #follows = true;
  /** Height of the sheet is at least this share of its width. */ #leastShape = 0;
  /** @type {() => void} */ #whenDone = () => {};

  /**
   * @param {HTMLCanvasElement} canvas @param {SVGElement} pen shows where the pen is
   * @param {() => Pen} penStyle how the pen draws
   */
  constructor(canvas, pen, penStyle) {
    super();
    this.#penStyle = penStyle;
    this.#pen = pen;
    this.#front = painting(canvas);
    this.#frameElement = /** @type {HTMLElement} */ (canvas.parentElement);
    new ResizeObserver(() => this.#redraw()).observe(this.#frameElement);
  }

  /** New paper. @param {Ink} ink @param {Rate} rate how fast the pen draws */
  begin(ink, rate) {
    this.#ink = ink;
    this.#rate = rate;
    this.#drawn = 0;
    this.#credit = 0;
    this.#complete = false;
    this.#paused = false;
    this.#before = 0;
    this.#began = 0;
    this.#page = 0;
    this.#follows = true;
    this.#back = undefined;
    this.#again = false;
    this.#hidePen();
    this.#redraw();
  }

  /** Makes the sheet at least so high from now on, as a share of its width. @param {number} shape */
  makeRoom(shape) {
    if (shape === this.#leastShape) return;
    this.#leastShape = shape;
    this.#redraw();
  }

  /** What was given to `makeRoom`. */
  get room() {
    return this.#leastShape;
  }

  /** Height of what is seen, as a share of its width. */
  get shape() {
    return this.#front.canvas.height / this.#front.canvas.width;
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
    else if (!this.#paint()) this.#schedule();
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
    const ratio = devicePixelRatio || 1;
    const scale = this.#front.scale / ratio;
    const { data } = this.#ink;
    return { x: data[3 * point] * scale, y: data[3 * point + 1] * scale + this.#front.top / ratio, scale };
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
    if (this.#isInstant) this.#timer = setTimeout(() => this.#animate(performance.now()), FRAME_PATIENCE);
  }

  get #isInstant() {
    return this.#rateNow(performance.now()) === Infinity;
  }

  /** @param {number} now */
  #rateNow(now) {
    const elapsed = this.#began ? now - this.#began : 0;
    return this.#rate({ drawn: this.#drawn, known: this.#ink?.count ?? 0, ended: this.#complete, elapsed });
  }

  /** @param {number} now */
  #animate(now) {
    this.#cancelFrame();
    const ink = this.#ink;
    if (!ink) return;
    if (this.#paused) {
      if (!this.#paint()) this.#schedule();
      return;
    }
    const count = ink.count;
    if (count && !this.#began) this.#began = now;
    const waited = this.#before ? now - this.#before : count ? FRAME : 0;
    this.#before = now;
    const from = this.#drawn;
    const rate = this.#rateNow(now);
    if (rate === Infinity) {
      this.#drawn = count;
    } else {
      this.#credit += waited * rate;
      const whole = Math.min(Math.floor(this.#credit), count - this.#drawn);
      this.#drawn += whole;
      // A pen that has waited for points does not hurry afterwards.
      this.#credit = this.#drawn === count ? 0 : this.#credit - whole;
    }
    const page = this.#penPage();
    // What is drawn at once is read from its beginning.
    if (rate === Infinity) this.#follows = false;
    if (this.#follows && page !== this.#page) {
      this.#page = page;
      this.#redraw();
    }
    const painted = this.#paint();
    if (this.#drawn !== from) this.#emitDrawn();
    if (this.#drawn < count) this.#showPen();
    if (this.#drawn < count || !painted) {
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
    if (!at || (this.#isInstant && !this.#paused)) {
      this.#hidePen();
      return;
    }
    this.#pen.style.transform = `translate(${at.x}px, ${at.y}px)`;
    this.#pen.removeAttribute("hidden");
  }

  #hidePen() {
    this.#pen.setAttribute("hidden", "");
  }

  /** Paints the page anew: paper of the right shape, its rules, the ink. */
  #redraw() {
    const ink = this.#ink;
    if (this.#back) {
      // Begun again when it is done, so that something is seen of ink that changes all the time.
      this.#again = true;
      return;
    }
    const [first, end] = ink?.range(this.#page) ?? [0, 0];
    const few = Math.min(end, this.#drawn) - first <= FEW;
    const target = few ? this.#front : painting(document.createElement("canvas"));
    this.#prepare(target);
    if (!few) this.#back = target;
    if (ink) this.#version = ink.version;
    if (!this.#paint()) this.#schedule();
    if (!this.#pen.hasAttribute("hidden")) this.#showPen();
  }

  /** Clears a canvas and gives it the size of the sheet and its rules. @param {Painting} target */
  #prepare(target) {
    const { canvas, context } = target;
    const ink = this.#ink;
    const ratio = devicePixelRatio || 1;
    const paper = ink?.sheet ?? { width: 16, height: 9 };
    const shape = Math.max(paper.height / paper.width, this.#leastShape);
    this.#frameElement.classList.toggle("upright", shape > 1);
    const width = Math.max(1, Math.round(this.#frameElement.clientWidth * ratio));
    const height = Math.max(1, Math.round(width * shape));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    target.page = this.#page;
    target.painted = 0;
    if (!ink) return;
    target.scale = width / ink.sheet.width;
    const { across, upright } = rulesOf(ink.sheet, this.#page);
    const isPlain = across.length === 0 && upright.length === 0;
    target.top = isPlain ? Math.round((height - ink.sheet.height * target.scale) * ABOVE) : 0;
    context.fillStyle = getComputedStyle(this.#front.canvas).color;
    drawRules(context, ink.sheet, this.#page, target.scale, Math.max(1, Math.round(ratio)));
    context.setTransform(target.scale, 0, 0, target.scale, 0, target.top);
    const number = ink.number(this.#page);
    draw(context, number, 0, 0, number.length / 3, this.#penStyle(), target.scale, (LEAST_LINE * ratio) / target.scale);
  }

  /** Paints for a few milliseconds what is drawn and not on the canvas yet. Returns whether all of it is. */
  #paint() {
    const target = this.#back ?? this.#front;
    if (!this.#ink) return true;
    const [first, end] = this.#ink.range(target.page);
    const to = Math.min(this.#drawn, end);
    const isBusy = !this.#complete && !this.#back;
    const until = performance.now() + (isBusy ? BUSY_BUDGET : BUDGET);
    const { context, scale, top } = target;
    context.setTransform(scale, 0, 0, scale, 0, top);
    const least = (LEAST_LINE * (devicePixelRatio || 1)) / scale;
    const style = this.#penStyle();
    target.painted = Math.max(target.painted, first);
    const most = isBusy ? Math.min(to, target.painted + BUSY_POINTS) : to;
    while (target.painted < most && performance.now() < until) {
      const next = Math.min(to, target.painted + SLICE);
      draw(context, this.#ink.data, first, target.painted, next, style, scale, least);
      target.painted = next;
    }
    if (target.painted < to) return false;
    if (target !== this.#back) return true;
    this.#show(target);
    if (!this.#again) return true;
    this.#again = false;
    this.#redraw();
    return !this.#back && this.#front.painted >= Math.min(this.#drawn, end);
  }

  /** Shows what was painted beside the canvas. @param {Painting} target */
  #show(target) {
    const { canvas, context } = this.#front;
    const { width, height } = target.canvas;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.drawImage(target.canvas, 0, 0);
    this.#front = { ...target, canvas, context };
    this.#back = undefined;
  }
}

/** @param {HTMLCanvasElement} canvas @returns {Painting} */
function painting(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error(words.status.noCanvas);
  return { canvas, context, page: 0, scale: 1, top: 0, painted: 0 };
}
