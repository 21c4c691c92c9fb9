// More cores for a page of text. The CPU engine uses one core, and lines do not depend on one another, so up to three
// more workers (pool-worker.js), each with an engine of its own, write lines that the engine's worker has not begun.
// The ink does not depend on who writes a line. What a pool worker cannot write, or not in time, the engine's worker
// writes itself.

import { trustedWorker } from "../util/trusted-types.js";
import { Client } from "./client.js";

/** @typedef {import("./messages.js").PoolRequests} PoolRequests */
/** @typedef {import("./messages.js").LineClaim} LineClaim */
/** @typedef {import("./messages.js").PoolWriting} PoolWriting */
/** @typedef {import("./messages.js").WrittenLine} WrittenLine */
/** @typedef {import("../pkg/running_hand.js").Plan} Plan */
/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */

/** Most pool workers: more gain little, and each keeps the weights in memory. */
const MAX_WORKERS = 3;
/** Half of what the browser counts: hyper-threads count as cores, and the page's main thread needs one. */
const WORKERS = typeof Worker === "undefined" ? 0 : Math.min(MAX_WORKERS, (navigator.hardwareConcurrency ?? 1) >> 1);

/**
 * When all other lines are written, a claimed line is waited for as long as these took together, and so many
 * milliseconds more.
 */
const GRACE = 5000;

/** A worker of the pool. */
class PoolWorker {
  /** @type {Client<PoolRequests>} */
  #client = new Client(trustedWorker(() => new Worker(new URL("./pool-worker.js", import.meta.url), { type: "module" })));
  #setReady = () => {};
  /** Fulfilled when the engine is open and has weights: nothing waits for a worker that is still starting. @type {Promise<void>} */
  ready = new Promise((resolve) => (this.#setReady = resolve));

  /** @param {() => void} onBroken */
  constructor(onBroken) {
    this.#client.addEventListener("broken", onBroken);
  }

  /** @param {Uint8Array} bytes @param {string} name */
  setWeights(bytes, name) {
    // Weights that are refused were refused by the engine's worker too, which reports it.
    this.#client.request("setWeights", { bytes, name }).then(this.#setReady, () => {});
  }

  /**
   * Writes a line; `undefined` if that fails, whatever the reason, since the engine's worker would meet the same error.
   * @param {LineClaim} claim @param {WriteOptions} options @param {string} fingerprint of the weights
   * @param {AbortSignal} signal
   */
  async write(claim, options, fingerprint, signal) {
    try {
      const written = await this.#client.request("writeLine", { claim, options, fingerprint }, { signal });
      return written?.finish === "cancelled" ? undefined : written;
    } catch {
      return undefined;
    }
  }

  close() {
    this.#client.close();
  }
}

export class LinePool {
  /** The workers that are running, by index; `undefined` where one was removed. @type {(PoolWorker | undefined)[]} */ #workers = [];
  /** The weights that they write with. @type {[Uint8Array, string] | undefined} */ #weights;

  /** Whether this machine has cores for a pool. */
  get available() {
    return WORKERS > 0;
  }

  /** Sets the weights of all workers. @param {Uint8Array} bytes @param {string} name */
  setWeights(bytes, name) {
    this.#weights = [bytes, name];
    for (const worker of this.#workers) worker?.setWeights(bytes, name);
  }

  /**
   * Lets the pool write lines of a text. Workers are started when the first text needs them.
   * @param {PoolWriting} writing @param {WriteOptions} options @param {Plan} plan
   */
  start(writing, options, plan) {
    /** @type {PoolWorker[]} */
    const workers = [];
    for (let place = 0; place < WORKERS && place < plan.lines.length - 1; place++) {
      try {
        workers.push((this.#workers[place] ??= this.#startWorker(place)));
      } catch {
        // A page's policy may forbid workers of workers.
        break;
      }
    }
    return new PoolRun(workers, writing, options, plan.fingerprint, (worker) => this.#remove(worker));
  }

  /** @param {number} place */
  #startWorker(place) {
    const worker = new PoolWorker(() => this.#remove(worker));
    this.#workers[place] = worker;
    if (this.#weights) worker.setWeights(...this.#weights);
    return worker;
  }

  /** Ends a worker; the next text starts another one in its place. @param {PoolWorker} worker */
  #remove(worker) {
    worker.close();
    const place = this.#workers.indexOf(worker);
    if (place >= 0) this.#workers[place] = undefined;
  }
}

/** The pool's work on one text. */
export class PoolRun {
  #writing;
  #options;
  #fingerprint;
  #remove;
  /** Workers without a line. @type {PoolWorker[]} */ #idle = [];
  /** Workers with a line. @type {Set<PoolWorker>} */ #busy = new Set();
  /** Lines that the writing has not taken back: written, or `undefined` if a worker could not. @type {{ number: number, written: WrittenLine | undefined }[]} */
  #returned = [];
  #ended = new AbortController();
  /** Ends the wait in `exchange`. */ #wake = () => {};
  #began = performance.now();

  /**
   * @param {PoolWorker[]} workers @param {PoolWriting} writing @param {WriteOptions} options
   * @param {string} fingerprint of the weights
   * @param {(worker: PoolWorker) => void} remove takes a worker that does not answer out of the pool
   */
  constructor(workers, writing, options, fingerprint, remove) {
    this.#writing = writing;
    this.#options = options;
    this.#fingerprint = fingerprint;
    this.#remove = remove;
    for (const worker of workers) void worker.ready.then(() => this.#idle.push(worker));
  }

  /**
   * Hands in the lines that are done and gives unclaimed ones to idle workers.
   * @param {boolean} idle whether the writing made no points: if it waits for claimed lines, wait for one of them here
   */
  async exchange(idle) {
    this.#exchange();
    if (!idle || !this.#busy.size || !this.#writing.isWaiting || this.#ended.signal.aborted) return;
    const patience = GRACE + performance.now() - this.#began;
    const late = setTimeout(() => this.#busy.forEach((worker) => this.#remove(worker)), patience);
    await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    clearTimeout(late);
    this.#exchange();
  }

  /** The text is over: lines that are being written are not needed any more. */
  end() {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#wake();
  }

  #exchange() {
    if (this.#ended.signal.aborted) return;
    this.#returned = this.#returned.filter(({ number, written }) => !this.#writing.completeLine(number, written));
    for (let worker; (worker = this.#idle.pop()); ) {
      const claim = this.#writing.claimLine();
      if (!claim) {
        // A line that another worker could not write may become free again.
        this.#idle.push(worker);
        return;
      }
      void this.#write(worker, claim);
    }
  }

  /** @param {PoolWorker} worker @param {LineClaim} claim */
  async #write(worker, claim) {
    this.#busy.add(worker);
    const written = await worker.write(claim, this.#options, this.#fingerprint, this.#ended.signal);
    this.#busy.delete(worker);
    this.#returned.push({ number: claim.number, written });
    // A worker that failed once gets no more lines of this text.
    if (written) this.#idle.push(worker);
    this.#wake();
  }
}
