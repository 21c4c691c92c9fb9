// What the network said at each point of the line on which the pen is. The worker computes it anew
// from the points when asked, a piece at a time; only one line's is kept.

/** @typedef {import("../pkg/running_hand.js").Moments} Moments */

/** Moments in a piece: the engine waits while the worker computes them. */
const PIECE = 96;
/** Numbers before the mixture, and of each of its components: see `Moments`. */
const HEAD = 10;
const COMPONENT = 9;

/**
 * One Gaussian of the mixture; offsets in units of the standard deviation of all offsets.
 * @typedef {object} Component
 * @property {number} pi share of this component, π
 * @property {[number, number]} mu where it expects the next point
 * @property {[number, number]} sigma how far that may be off
 * @property {number} rho correlation
 * @property {number} piHat π̂ and σ̂x: before bias and temperature
 * @property {number} sigmaHat
 */

export class Line {
  /** @type {Moments} */ #about;
  #numbers = new Float32Array(0);
  /** Moments that are known. */ known = 0;

  /** @param {Moments} about its first moments */
  constructor(about) {
    this.#about = about;
    this.add(about);
  }

  /** @param {Moments} more */
  add(more) {
    this.#about = more;
    const { moments, stride, from } = more;
    const size = from * stride + moments.length;
    if (size > this.#numbers.length) {
      const larger = new Float32Array(Math.max(size, 2 * this.#numbers.length));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers.set(moments, from * stride);
    this.known = size / stride;
  }

  /** Bias, temperature, characters and measures. */
  get about() {
    return this.#about;
  }

  /** Which moment the pen is at when it is on a point: the last one at the line's end. @param {number} point */
  momentOf(point) {
    const { first, ahead } = this.#about;
    return Math.min(point - first + 1 - ahead, this.known - 1);
  }

  /** On which point the pen is at a moment. @param {number} moment */
  pointOf(moment) {
    const { first, ahead } = this.#about;
    return moment + first - 1 + ahead;
  }

  /**
   * Whether the point is one of the line's, as far as it has come. The strokes that are gone on with
   * end where the first moment is.
   * @param {number} point
   */
  has(point) {
    const { line, first, ahead, count } = this.#about;
    return point >= (line === 0 ? first - 1 + ahead : first) && point < first + ahead + count;
  }

  /** Whether the moments up to that of a point are known, as far as they have come. @param {number} point */
  reaches(point) {
    return this.known === this.#about.count || this.known > point - this.#about.first + 1 - this.#about.ahead;
  }

  /** @param {number} moment @param {number} index */
  #number(moment, index) {
    return this.#numbers[moment * this.#about.stride + index];
  }

  /** @param {number} moment */
  head(moment) {
    const at = (/** @type {number} */ index) => this.#number(moment, index);
    return {
      lift: at(0),
      liftHat: at(1),
      stop: at(2),
      position: at(3),
      kappa: at(4),
      logDensity: at(5),
      /** What was drawn. */ dx: at(6),
      dy: at(7),
      lifted: at(8) > 0.5,
      chosen: at(9),
    };
  }

  /** @param {number} moment @param {number} j @returns {Component} */
  component(moment, j) {
    const at = (/** @type {number} */ index) => this.#number(moment, HEAD + COMPONENT * j + index);
    return {
      pi: at(0),
      mu: [at(1), at(2)],
      sigma: [at(3), at(4)],
      rho: at(5),
      piHat: at(6),
      sigmaHat: at(7),
    };
  }

  /** φ of every character. @param {number} moment */
  window(moment) {
    const { stride, characters } = this.#about;
    return this.#numbers.subarray((moment + 1) * stride - characters.length, (moment + 1) * stride);
  }

  /** A normalised offset in corpus units. @param {[number, number]} offset @returns {[number, number]} */
  offset([x, y]) {
    const { mean, sd } = this.#about;
    return [x * sd[0] + mean[0], y * sd[1] + mean[1]];
  }
}

/** Asks the worker, and tells with "more" that something has come. */
export class Thoughts extends EventTarget {
  /** @type {(request: import("../engine/worker.js").Request) => void} */ #send;
  /** @type {Line | undefined} */ #line;
  /** Requests are numbered, so that answers about an older writing are known. */ #asked = 0;
  #waiting = false;
  /** Points that are there before the first that was written. */ #given = 0;
  /** Asked for while an answer was awaited. @type {number | undefined} */ #next;

  /** @param {(request: import("../engine/worker.js").Request) => void} send */
  constructor(send) {
    super();
    this.#send = send;
  }

  /**
   * Forgets everything: there is another writing, or nobody looks.
   * @param {number} given points that are there before what is written
   */
  clear(given) {
    this.#given = given;
    this.#line = undefined;
    this.#asked += 1;
    this.#waiting = false;
    this.#next = undefined;
  }

  /** The line of a point, as soon as it is known there; asks for it if it is not. @param {number} point */
  at(point) {
    const line = this.#line;
    if (line?.known && line.has(point) && line.reaches(point)) return line;
    this.ask(point);
    return undefined;
  }

  /** Asks for more of the line of a point. @param {number} point */
  ask(point) {
    if (this.#waiting) {
      this.#next = point;
      return;
    }
    this.#waiting = true;
    this.#next = undefined;
    const line = this.#line;
    this.#send({
      type: "inspect",
      id: this.#asked,
      point: Math.max(0, point - this.#given),
      line: line?.about.line ?? 0,
      from: line?.known ?? 0,
      most: PIECE,
    });
  }

  /** @param {number} id @param {Moments | undefined} moments */
  hear(id, moments) {
    if (id !== this.#asked) return;
    this.#waiting = false;
    if (moments) {
      moments.first += this.#given;
      if (this.#line && this.#line.about.line === moments.line) this.#line.add(moments);
      else this.#line = new Line(moments);
    }
    const line = this.#line;
    if (this.#next !== undefined) this.ask(this.#next);
    else if (line && line.known < line.about.count) this.ask(line.about.first);
    this.dispatchEvent(new Event("more"));
  }
}
