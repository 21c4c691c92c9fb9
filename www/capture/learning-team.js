// More cores for learning a hand. Lines do not depend on one another, so each worker (line-worker.js) computes losses and
// gradients of a share of them. They are summed in the order of the lines, and so the hand does not depend on who computed
// what. What a worker cannot compute is computed here.

import { Client } from "../engine/client.js";
import { trustedWorker } from "../util/trusted-types.js";

/** @typedef {import("./learner/learner.js").HandLearner} HandLearner */
/** @typedef {import("./learner/learner.js").InkSample} InkSample */
/** @typedef {import("./learner/learner.js").LineGradients} LineGradients */
/** @typedef {import("./learner/learner.js").Pass} Pass */
/** @typedef {import("./line-worker.js").LineRequests} LineRequests */

/** Most workers, this one among them: each keeps the weights in memory. */
const MOST = 4;

/**
 * How many workers a machine of so many cores is given. Hyper-threads count as cores, and all workers wait for the slowest
 * one; of two cores both are used, as the page has little to do meanwhile.
 * @param {number} cores as the browser counts them
 */
export const workersFor = (cores) => (cores < 2 ? 1 : Math.min(MOST, Math.max(2, cores >> 1)));

/** A share of the lines, and who computes it: a worker, or nobody but us. */
class Share {
  #learner;
  #lines;
  /** @type {Client<LineRequests> | undefined} */ #client;
  /** @type {LineGradients | undefined} */ #own;

  /** @param {HandLearner} learner @param {number[]} lines */
  constructor(learner, lines) {
    this.#learner = learner;
    this.#lines = lines;
  }

  /** Lets a worker of its own compute it. @param {Uint8Array} weights @param {InkSample[]} samples */
  startWorker(weights, samples) {
    try {
      const worker = trustedWorker(() => new Worker(new URL("./line-worker.js", import.meta.url), { type: "module" }));
      this.#client = new Client(worker);
      this.#client.request("prepare", { weights, samples, lines: this.#lines }).catch(() => {});
    } catch {
      // A page's policy may forbid workers of workers.
    }
  }

  /**
   * Begins to compute a pass; what it returns fetches what the pass tells of each line, by the line's number.
   * @param {Float32Array} parameters @param {Pass} pass
   */
  begin(parameters, pass) {
    const asked = this.#client?.request("compute", { parameters, pass }).catch(() => this.close());
    return async () => {
      const told = (await asked) ?? this.#compute(parameters, pass);
      const width = told.length / this.#lines.length;
      return this.#lines.map((line, n) => ({ line, told: told.subarray(n * width, (n + 1) * width) }));
    };
  }

  /** @param {Float32Array} parameters @param {Pass} pass */
  #compute(parameters, pass) {
    this.#own ??= this.#learner.computeHere(Uint32Array.from(this.#lines));
    return this.#own.compute(parameters, pass);
  }

  /** Ends its worker. @returns {undefined} */
  close() {
    this.#client?.close();
    this.#client = undefined;
  }

  /** Frees its memory. */
  free() {
    this.close();
    this.#own?.free();
  }
}

export class LearningTeam {
  #learner;
  /** The first one is computed here. @type {Share[]} */ #shares;

  /** @param {HandLearner} learner @param {Uint8Array} weights @param {InkSample[]} samples @param {number} workers */
  constructor(learner, weights, samples, workers) {
    this.#learner = learner;
    this.#shares = learner.shares(workers).map((lines) => new Share(learner, lines));
    for (const share of this.#shares.slice(1)) share.startWorker(weights, samples);
  }

  /** Number of workers, this one among them. */
  get size() {
    return this.#shares.length;
  }

  /** What a pass tells of all lines, in their order. @param {Pass} pass */
  async compute(pass) {
    const parameters = this.#learner.parameters();
    // The workers begin before this one does.
    const [own, ...others] = this.#shares.map((share) => share.begin(parameters, pass));
    const told = await own();
    for (const other of others) told.push(...(await other()));
    told.sort((a, b) => a.line - b.line);
    const all = new Float64Array(told.reduce((sum, { told }) => sum + told.length, 0));
    let end = 0;
    for (const { told: numbers } of told) {
      all.set(numbers, end);
      end += numbers.length;
    }
    return all;
  }

  /** Ends the workers and frees the memory. */
  end() {
    for (const share of this.#shares) share.free();
  }
}
