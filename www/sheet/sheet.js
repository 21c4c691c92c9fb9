// The sheet of paper on the screen: draws the points of one page at a time, as a pen would.

import { rules } from "./layout.js";
import { draw } from "./pens.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./layout.js").Measures} Measures */

/**
 * A page as it is drawn: its points x, y, pen, in corpus units from its upper left corner.
 * @typedef {{ points: Float32Array, measures: Measures }} DrawnPage
 */

export class Sheet extends EventTarget {
  /** @type {HTMLCanvasElement} */ #canvas;
  /** @type {CanvasRenderingContext2D} */ #context;
  /** @type {SVGElement} */ #pen;
  /** @type {Layout | undefined} */ #layout;
  /** Version of the layout that is drawn. */ #version = 0;
  /** How many points are drawn. */ #drawn = 0;
  /** Fraction of the next point that pen time has paid for. */ #credit = 0;
  /** Points per millisecond. */ #rate = Infinity;
  #paused = false;
  #complete = false;
  #frame = 0;
  #before = 0;
  #page = 0;
  /** Whether the page shown is that on which the pen is. */ #follows = true;
  /** Device pixels of a corpus unit. */ #scale = 1;
  /** @type {() => void} */ #whenDone = () => {};

  /** @param {HTMLCanvasElement} canvas @param {SVGElement} pen shows where the pen is */
  constructor(canvas, pen) {
    super();
    this.#canvas = canvas;
    this.#pen = pen;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser cannot draw on a canvas.");
    this.#context = context;
    new ResizeObserver(() => this.#redraw()).observe(/** @type {Element} */ (canvas.parentElement));
  }

  /** New paper. @param {Layout} layout @param {number} rate points per millisecond; Infinity draws at once */
  begin(layout, rate) {
    this.#layout = layout;
    this.#rate = rate;
    this.#drawn = 0;
    this.#credit = 0;
    this.#complete = false;
    this.#paused = false;
    this.#before = 0;
    this.#page = 0;
    this.#follows = true;
    this.#lift();
    this.#redraw();
  }

  /** The layout has more points, or has laid them elsewhere. */
  changed() {
    if (this.#layout && this.#layout.version !== this.#version) {
      this.#page = Math.min(this.#page, this.#layout.pages - 1);
      if (this.#follows) this.#page = this.#penPage();
      this.#redraw();
    }
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
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#complete = true;
    this.#paused = false;
    this.#whenDone = () => {};
    this.#lift();
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
    return this.#layout ? this.#penPage() + 1 : 1;
  }

  /** @param {number} page */
  turnTo(page) {
    this.#page = Math.max(0, Math.min(page, this.pages - 1));
    this.#follows = this.#page === this.#penPage();
    this.#redraw();
    this.#tell();
  }

  /** Holds the pen, or lets it go on. @param {boolean} paused */
  pause(paused) {
    this.#paused = paused;
    this.#before = 0;
    this.#schedule();
  }

  /** Holds the pen after exactly so many points, of those that have come. @param {number} count */
  show(count) {
    if (!this.#layout) return;
    const [from, page] = [this.#drawn, this.#page];
    this.#paused = true;
    this.#drawn = Math.max(0, Math.min(count, this.#layout.count));
    this.#page = this.#penPage();
    this.#follows = true;
    if (this.#drawn < from || this.#page !== page) this.#redraw();
    else this.#draw(from, this.#drawn);
    this.#show();
    this.#tell();
  }

  /**
   * Where a point is on the canvas, in CSS pixels; `undefined` if its page is not the one that is shown.
   * @param {number} point @returns {{ x: number, y: number, scale: number } | undefined} `scale`: pixels of a corpus unit
   */
  position(point) {
    if (!this.#layout || point < 0 || point >= this.#layout.count) return undefined;
    if (this.#layout.pageOf(point) !== this.#page) return undefined;
    const scale = this.#scale / (devicePixelRatio || 1);
    const data = this.#layout.data;
    return { x: data[3 * point] * scale, y: data[3 * point + 1] * scale, scale };
  }

  #penPage() {
    return this.#layout ? this.#layout.pageOf(Math.max(0, this.#drawn - 1)) : 0;
  }

  #tell() {
    this.dispatchEvent(new Event("drawn"));
  }

  #schedule() {
    if (!this.#frame) this.#frame = requestAnimationFrame((now) => this.#animate(now));
  }

  /** @param {number} now */
  #animate(now) {
    this.#frame = 0;
    const layout = this.#layout;
    if (!layout || this.#paused) return;
    const count = layout.count;
    const waited = this.#before ? now - this.#before : 0;
    this.#before = now;
    const from = this.#drawn;
    if (this.#rate === Infinity) {
      this.#drawn = count;
    } else {
      this.#credit += waited * this.#rate;
      const whole = Math.min(Math.floor(this.#credit), count - this.#drawn);
      this.#drawn += whole;
      // Time in which there was nothing to draw is not made up for.
      this.#credit = this.#drawn === count ? 0 : this.#credit - whole;
    }
    const page = this.#penPage();
    if (this.#follows && page !== this.#page) {
      this.#page = page;
      this.#redraw();
    } else {
      this.#draw(from, this.#drawn);
    }
    if (this.#drawn !== from) this.#tell();
    if (this.#drawn < count) {
      this.#show();
      this.#schedule();
    } else {
      this.#before = this.#complete ? 0 : now;
      if (this.#complete) {
        this.#lift();
        const done = this.#whenDone;
        this.#whenDone = () => {};
        done();
      } else {
        this.#show();
      }
    }
  }

  /** The pen at the last point drawn. */
  #show() {
    const at = this.position(this.#drawn - 1);
    if (!at || (this.#rate === Infinity && !this.#paused)) {
      this.#lift();
      return;
    }
    this.#pen.style.transform = `translate(${at.x}px, ${at.y}px)`;
    this.#pen.removeAttribute("hidden");
  }

  #lift() {
    this.#pen.setAttribute("hidden", "");
  }

  /** The whole page anew: paper of the right shape, its rules, the ink. */
  #redraw() {
    const layout = this.#layout;
    const frame = /** @type {HTMLElement} */ (this.#canvas.parentElement);
    const ratio = devicePixelRatio || 1;
    frame.classList.toggle("upright", Boolean(layout && layout.measures.height > layout.measures.width));
    const width = Math.max(1, Math.round(frame.clientWidth * ratio));
    const measures = layout?.measures ?? { width: 16, height: 9 };
    const height = Math.max(1, Math.round((width * measures.height) / measures.width));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!layout) return;
    this.#version = layout.version;
    this.#scale = width / layout.measures.width;
    this.#rule(layout);
    this.#draw(0, this.#drawn);
    if (!this.#pen.hasAttribute("hidden")) this.#show();
  }

  /** @param {Layout} layout */
  #rule(layout) {
    const { across, upright } = rules(layout.look, layout.measures);
    const context = this.#context;
    const { width, height } = this.#canvas;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = getComputedStyle(this.#canvas).color;
    const thick = Math.max(1, Math.round(devicePixelRatio || 1));
    for (const y of across) context.fillRect(0, Math.round(y * this.#scale), width, thick);
    for (const x of upright) context.fillRect(Math.round(x * this.#scale), 0, thick, height);
  }

  /** Draws the points `from` ≤ i < `to`, as far as they are on the page shown. @param {number} from @param {number} to */
  #draw(from, to) {
    if (!this.#layout) return;
    const [first, end] = this.#layout.range(this.#page);
    const scale = this.#scale;
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
    draw(
      this.#context,
      this.#layout.data,
      first,
      Math.max(from, first),
      Math.min(to, end),
      this.#layout.look,
      scale,
    );
  }
}
