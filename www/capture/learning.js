// Learning a hand in the background: what is learnt at the moment, and how far it is.

import { learnHand } from "./learn.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./learn.js").InkSample} InkSample */

/** Written in the hand while it is learnt, for a look at it. */
const WORDS = "This is my own hand";
/** Seconds are told in steps of so many. */
const ROUND = 5;

/**
 * @typedef {object} Progress
 * @property {string} name of the hand
 * @property {boolean} again whether it was learnt before, with other weights
 * @property {number} share that is done, 0 to 1
 * @property {number | undefined} seconds that remain, rounded; `undefined` if that is not known yet
 * @property {boolean} checking whether all is learnt, and it is seen whether the hand can be read
 * @property {Float32Array | undefined} words in the hand so far: x, y, pen
 */

/** Event "change": it has begun, is further, or is over. */
export class Learning extends EventTarget {
  /** @type {App} */ #app;
  /** @type {AbortController | undefined} */ #running;
  #enough = new AbortController();
  /** What is learnt now; `undefined` for nothing. @type {Progress | undefined} */ progress;

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  /**
   * Learns a hand. Fulfilled with `undefined` if it is cancelled.
   * @param {InkSample[]} samples @param {string} name @param {boolean} again whether it was learnt before, with other weights
   */
  async learn(samples, name, again) {
    this.#running = new AbortController();
    this.#enough = new AbortController();
    const { signal } = this.#running;
    /** How long each step took. @type {number[]} */
    const durations = [];
    let before = 0;
    this.#tell({ name, again, share: 0, seconds: undefined, checking: false, words: undefined });
    try {
      const weights = await this.#app.ownWeights?.arrayBuffer();
      return await learnHand(samples, {
        name,
        words: WORDS,
        signal,
        enough: this.#enough.signal,
        weights: weights && new Uint8Array(weights),
        onProgress: ({ step, steps, words = this.progress?.words }) => {
          const now = performance.now();
          if (step > 1) durations.push(now - before);
          before = now;
          // The middle one: a phone may have been locked meanwhile.
          const middle = durations.sort((a, b) => a - b)[durations.length >> 1];
          const left = middle * (steps - step);
          const seconds = step > 2 ? Math.max(1, Math.ceil(left / 1000 / ROUND)) * ROUND : undefined;
          this.#tell({ name, again, share: step / steps, seconds, checking: step === steps, words });
        },
      });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      this.#running = undefined;
      this.#tell(undefined);
    }
  }

  cancel() {
    this.#running?.abort(new Error("Learning was cancelled."));
  }

  /** Ends it soon, with the hand as it is. */
  finish() {
    this.#enough.abort();
    if (this.progress) this.#tell({ ...this.progress, checking: true });
  }

  /** @param {Progress | undefined} progress */
  #tell(progress) {
    // Steps that were on their way when the visitor had seen enough.
    if (progress && this.#enough.signal.aborted) progress.checking = true;
    this.progress = progress;
    this.dispatchEvent(new Event("change"));
  }
}
