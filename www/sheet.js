// The sheet of paper: keeps the points, and draws them as a pen would.

/** Corpus units across the sheet, unless the ink needs more. */
const WIDTH = 4600;
/** Corpus units: around the ink, and the height of an empty sheet. */
const MARGIN = 350;
const HEIGHT = 2000;
/** Width of the pen's line, in corpus units: as in the SVG. */
const LINE_WIDTH = 14;

/** @typedef {{ left: number, top: number, scale: number }} View */

export class Sheet {
  /** @type {HTMLCanvasElement} */ #canvas;
  /** @type {CanvasRenderingContext2D} */ #context;
  /** @type {SVGElement} */ #pen;
  /** x, y, pen (1 where a stroke ends) of every point. @type {number[]} */ #points = [];
  /** How many points are drawn. */ #drawn = 0;
  /** Fraction of the next point that pen time has paid for. */ #credit = 0;
  /** Points per millisecond. */ #rate = Infinity;
  #complete = false;
  #frame = 0;
  #before = 0;
  /** @type {() => void} */ #whenDone = () => {};
  /** @type {View} */ #view = { left: 0, top: 0, scale: 1 };

  /** @param {HTMLCanvasElement} canvas @param {SVGElement} pen shows where the pen is */
  constructor(canvas, pen) {
    this.#canvas = canvas;
    this.#pen = pen;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser cannot draw on a canvas.");
    this.#context = context;
    new ResizeObserver(() => this.#fit(true)).observe(/** @type {Element} */ (canvas.parentElement));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#fit(true));
  }

  /** An empty sheet. @param {number} rate points per millisecond; Infinity draws at once */
  clear(rate) {
    this.#points = [];
    this.#drawn = 0;
    this.#credit = 0;
    this.#rate = rate;
    this.#complete = false;
    this.#before = 0;
    this.#fit(true);
  }

  /** Points to be drawn when their time comes. @param {Float32Array} points x, y, pen */
  add(points) {
    for (const value of points) this.#points.push(value);
    this.#schedule();
  }

  /** No more points will come. @param {() => void} whenDone is called when all are drawn */
  complete(whenDone) {
    this.#complete = true;
    this.#whenDone = whenDone;
    this.#schedule();
  }

  /** Stops the pen where it is; what it has not drawn is forgotten. */
  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#points.length = this.#drawn * 3;
    if (this.#points.length) this.#points[this.#points.length - 1] = 1;
    this.#complete = true;
    this.#whenDone = () => {};
    this.#lift();
  }

  /** What is on the paper. */
  drawn() {
    return Float32Array.from(this.#points.slice(0, this.#drawn * 3));
  }

  #schedule() {
    if (!this.#frame) this.#frame = requestAnimationFrame((now) => this.#animate(now));
  }

  /** @param {number} now */
  #animate(now) {
    this.#frame = 0;
    const count = this.#points.length / 3;
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
    if (!this.#fit(false)) this.#draw(from, this.#drawn);
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
    if (!this.#drawn || this.#rate === Infinity) return;
    const { left, top, scale } = this.#view;
    const at = (this.#drawn - 1) * 3;
    const ratio = devicePixelRatio || 1;
    const x = ((this.#points[at] - left) * scale) / ratio;
    const y = ((this.#points[at + 1] - top) * scale) / ratio;
    this.#pen.style.transform = `translate(${x}px, ${y}px)`;
    this.#pen.removeAttribute("hidden");
  }

  #lift() {
    this.#pen.setAttribute("hidden", "");
  }

  /**
   * Chooses what part of the plane is seen, so that all that is drawn is, and draws it anew if that
   * has changed. @param {boolean} force @returns whether it was drawn
   */
  #fit(force) {
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(/** @type {Element} */ (this.#canvas.parentElement).clientWidth * ratio));
    const box = this.#bounds();
    // The left margin is fixed, so that the first points are not drawn elsewhere than the next.
    const left = Math.min(-MARGIN, box.left - MARGIN);
    const top = Math.min(-MARGIN - 250, box.top - MARGIN);
    const scale = width / Math.max(WIDTH, box.right + MARGIN - left);
    // In steps, so that a page that grows is not drawn anew with every point.
    const needed = Math.max(HEIGHT, box.bottom + MARGIN - top);
    const height = Math.round(Math.ceil(needed / 450) * 450 * scale);
    const view = this.#view;
    const same = view.left === left && view.top === top && view.scale === scale;
    if (!force && same && this.#canvas.height === height) return false;
    this.#view = { left, top, scale };
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, width, height);
    this.#draw(0, this.#drawn);
    if (!this.#pen.hasAttribute("hidden")) this.#show();
    return true;
  }

  /** What is drawn, and a little more to the right, so that the view is not changed with every point. */
  #bounds() {
    const box = { left: 0, top: 0, right: 0, bottom: 0 };
    for (let i = 0; i < this.#drawn; i++) {
      const [x, y] = [this.#points[3 * i], this.#points[3 * i + 1]];
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
    const steps = (/** @type {number} */ value) => Math.ceil(value / 300) * 300;
    return { left: -steps(-box.left), top: -steps(-box.top), right: steps(box.right), bottom: steps(box.bottom) };
  }

  /**
   * Draws the points `from` ≤ i < `to`: curves through the midpoints, as in the SVG.
   * @param {number} from @param {number} to
   */
  #draw(from, to) {
    if (from >= to) return;
    const context = this.#context;
    const { left, top, scale } = this.#view;
    const points = this.#points;
    context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    context.strokeStyle = getComputedStyle(this.#canvas).color;
    context.lineWidth = Math.max(LINE_WIDTH, 1.1 / scale);
    context.lineCap = "round";
    context.lineJoin = "round";
    context.beginPath();
    const starts = (/** @type {number} */ i) => i === 0 || points[3 * i - 1] > 0.5;
    for (let i = from; i < to; i++) {
      const [x, y, lifts] = [points[3 * i], points[3 * i + 1], points[3 * i + 2] > 0.5];
      if (starts(i)) {
        context.moveTo(x, y);
        // A dot; elsewhere the next curve begins here.
        if (lifts) context.lineTo(x, y);
        continue;
      }
      const [px, py] = [points[3 * i - 3], points[3 * i - 2]];
      if (starts(i - 1)) {
        context.moveTo(px, py);
        context.lineTo((px + x) / 2, (py + y) / 2);
      } else {
        const [ppx, ppy] = [points[3 * i - 6], points[3 * i - 5]];
        context.moveTo((ppx + px) / 2, (ppy + py) / 2);
        context.quadraticCurveTo(px, py, (px + x) / 2, (py + y) / 2);
      }
      if (lifts) context.lineTo(x, y);
    }
    context.stroke();
  }
}
