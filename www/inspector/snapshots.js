// What the network computed at each point of the line that the pen is on. The worker replays the line from its points,
// a part at a time; only one line is kept here.

/** @typedef {import("../engine/messages.js").EngineRequests} EngineRequests */
/** @typedef {import("../pkg/running_hand.js").Snapshots} Snapshots */

/** Snapshots of one request: the engine does not write while the worker computes them. */
const PIECE = 96;
/** Numbers of a snapshot before its mixture, and of each component of the mixture: see `Snapshots`. */
const HEAD = 14;
const COMPONENT = 9;

/**
 * A Gaussian of the mixture, in units of the offsets' standard deviation.
 * @typedef {object} Component
 * @property {number} pi weight, π
 * @property {[number, number]} mu mean, μ
 * @property {[number, number]} sigma standard deviations, σ
 * @property {number} rho correlation, ρ
 * @property {number} piHat π̂ and σ̂x: outputs of the network, before bias and temperature
 * @property {number} sigmaHat
 */

/** The snapshots of a line, as far as they are known: one for each of its points, from just before the point was drawn. */
export class InspectedLine {
  /** @type {Snapshots} */ #info;
  #numbers = new Float32Array(0);
  /** How many snapshots are known. */ known = 0;

  /** @param {Snapshots} first its first snapshots */
  constructor(first) {
    this.#info = first;
    this.add(first);
  }

  /** @param {Snapshots} more snapshots that follow those that are known */
  add(more) {
    this.#info = more;
    const { snapshots, stride, from } = more;
    const size = from * stride + snapshots.length;
    if (size > this.#numbers.length) {
      const larger = new Float32Array(Math.max(size, 2 * this.#numbers.length));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers.set(snapshots, from * stride);
    this.known = size / stride;
  }

  /** Bias, temperature, characters and sizes. */
  get info() {
    return this.#info;
  }

  /** Index of the snapshot that belongs to the pen being on a point; at the end of the line its last one. @param {number} point */
  snapshotAt(point) {
    return Math.min(this.#next(point), this.known - 1);
  }

  /** The point that the pen is on at a snapshot. @param {number} snapshot */
  pointOf(snapshot) {
    return this.#drawnAt(snapshot) - 1;
  }

  /** The point that was drawn just after a snapshot. @param {number} snapshot */
  #drawnAt(snapshot) {
    const { first, ahead, shifts } = this.#info;
    const shift = shifts.filter(([from]) => from <= snapshot).at(-1);
    return first + ahead + snapshot + (shift ? shift[1] : 0);
  }

  /** The snapshot after which the first point behind this one was drawn, known or not. @param {number} point */
  #next(point) {
    const { first, ahead, shifts } = this.#info;
    if (!shifts.length) return point - first + 1 - ahead;
    let [low, high] = [0, this.#info.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#drawnAt(middle) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * Whether the point is on the line, as far as that is written. Of strokes that are continued, only the last point is.
   * @param {number} point
   */
  has(point) {
    const { line, first, ahead, count } = this.#info;
    return point >= (line === 0 ? first - 1 + ahead : first) && point < this.#drawnAt(count);
  }

  /** Whether the snapshots up to that of a point are known, as far as they are written. @param {number} point */
  reaches(point) {
    return this.known === this.#info.count || this.known > this.#next(point);
  }

  /** @param {number} snapshot @param {number} index */
  #number(snapshot, index) {
    return this.#numbers[snapshot * this.#info.stride + index];
  }

  /** What does not belong to a component: outputs of the network, and what was drawn. @param {number} snapshot */
  head(snapshot) {
    const at = (/** @type {number} */ index) => this.#number(snapshot, index);
    return {
      lift: at(0),
      liftHat: at(1),
      stop: at(2),
      position: at(3),
      kappa: at(4),
      logDensity: at(5),
      /** The offset that was drawn. */ dx: at(6),
      dy: at(7),
      lifted: at(8) > 0.5,
      /** Index of the component that was drawn. */ chosen: at(9),
      /**
       * The layout's transform there, by rows: from offsets in corpus units to the page, where lines are levelled, scaled
       * and slanted.
       * @type {[number, number, number, number]}
       */
      map: [at(10), at(11), at(12), at(13)],
    };
  }

  /** @param {number} snapshot @param {number} j @returns {Component} */
  component(snapshot, j) {
    const at = (/** @type {number} */ index) => this.#number(snapshot, HEAD + COMPONENT * j + index);
    return {
      pi: at(0),
      mu: [at(1), at(2)],
      sigma: [at(3), at(4)],
      rho: at(5),
      piHat: at(6),
      sigmaHat: at(7),
    };
  }

  /** The attention window: φ of every character. @param {number} snapshot */
  window(snapshot) {
    const { stride, characters } = this.#info;
    return this.#numbers.subarray((snapshot + 1) * stride - characters.length, (snapshot + 1) * stride);
  }

  /** A normalised offset in corpus units. @param {[number, number]} offset @returns {[number, number]} */
  offset([x, y]) {
    const { mean, sd } = this.#info;
    return [x * sd[0] + mean[0], y * sd[1] + mean[1]];
  }
}

/**
 * Loads snapshots from the worker, one request at a time. Event "change": more are known, or `problem` is.
 */
export class SnapshotLoader extends EventTarget {
  /** @type {import("../engine/client.js").Client<EngineRequests>} */ #client;
  /** @type {InspectedLine | undefined} */ #line;
  /** Aborted when what is loaded belongs to another text. */ #current = new AbortController();
  #loading = false;
  /** A point whose line was wanted while another request was pending. @type {number | undefined} */ #next;
  /** Why nothing more can be loaded for this text. @type {Error | undefined} */ problem;

  /** @param {import("../engine/client.js").Client<EngineRequests>} client */
  constructor(client) {
    super();
    this.#client = client;
  }

  /** Forgets everything: another text is written, its ink is laid out anew, or the panel was closed. */
  clear() {
    this.#current.abort();
    this.#current = new AbortController();
    this.#line = undefined;
    this.#loading = false;
    this.#next = undefined;
    this.problem = undefined;
  }

  /** The line of a point, if its snapshots are known up to there; otherwise loads them. @param {number} point */
  lineAt(point) {
    const line = this.#line;
    if (line?.known && line.has(point) && line.reaches(point)) return line;
    this.load(point);
    return undefined;
  }

  /** Loads more of a point's line, and the rest of it afterwards. @param {number} point */
  load(point) {
    if (this.problem) return;
    if (this.#loading) {
      this.#next = point;
      return;
    }
    this.#loading = true;
    this.#next = undefined;
    const line = this.#line;
    const params = { point, line: line?.info.line ?? 0, from: line?.known ?? 0, limit: PIECE };
    const { signal } = this.#current;
    this.#client.request("inspect", params, { signal }).then(
      (found) => this.#add(found),
      (error) => {
        if (signal.aborted) return;
        this.problem = error;
        this.dispatchEvent(new Event("change"));
      },
    );
  }

  /** @param {Snapshots | undefined} found */
  #add(found) {
    this.#loading = false;
    if (found && this.#line && this.#line.info.line === found.line) this.#line.add(found);
    else if (found) this.#line = new InspectedLine(found);
    const line = this.#line;
    if (this.#next !== undefined) this.load(this.#next);
    else if (line && line.known < line.info.count) this.load(line.info.first);
    this.dispatchEvent(new Event("change"));
  }
}
