// More hands for a page of text: the CPU engine uses one core, and lines do not depend on one another. Each helper
// is a worker with an engine of its own (helper.js), which takes lines that are not begun and gives them back.
// Who wrote a line makes no difference to its ink, and what a helper fails to write, or to write in time, is written
// here.

import { script } from "../util/trusted-types.js";

/** Workers beside the one that asks: more hardly pays, and each keeps the weights in memory. */
const MOST = 3;
/** How many there can be. A core may show as two, and the page itself needs one. */
const COUNT = typeof Worker === "undefined" ? 0 : Math.min(MOST, (navigator.hardwareConcurrency ?? 1) >> 1);

/** Milliseconds that are waited for a line, when all others are written: so many, and as many as these took together. */
const LATE = 5000;

/** Whether there can be any. */
export const canPool = COUNT > 0;

/** Those that have begun, at places of their own. @type {(Helper | undefined)[]} */
const helpers = [];
/** The weights that they write with. @type {{ bytes: Uint8Array, name: string } | undefined} */
let weights;

/** Has them write with this network from now on. @param {Uint8Array} bytes @param {string} name */
export function setWeights(bytes, name) {
  weights = { bytes, name };
  for (const helper of helpers) helper?.post({ type: "weights", ...weights });
}

/** A worker, and the line that it is asked for. */
class Helper {
  #worker = new Worker(script("engine/pool-worker.js"), { type: "module" });
  #begun = () => {};
  /** It can write: until then nothing waits for it. @type {Promise<void>} */
  ready = new Promise((resolve) => (this.#begun = resolve));
  #id = 0;
  #gone = false;
  /** @type {((written: import("../pkg/running_hand.js").WrittenLine | undefined) => void) | undefined} */
  #resolve;

  constructor() {
    this.#worker.addEventListener("message", (/** @type {MessageEvent<import("./pool-worker.js").Answer>} */ { data }) => {
      this.#begun();
      if (data.id === this.#id) this.#end(data.written);
    });
    this.#worker.addEventListener("error", () => this.leave());
    if (weights) this.post({ type: "weights", ...weights });
  }

  /** @param {import("./pool-worker.js").Task} task */
  post(task) {
    this.#worker.postMessage(task);
  }

  /**
   * The line as it is written; `undefined` if it cannot be, or if this is asked for another one meanwhile.
   * @param {import("../pkg/running_hand.js").Loan} loan @param {import("../pkg/running_hand.js").WriteOptions} options
   * @param {string} fingerprint of the weights
   * @returns {Promise<import("../pkg/running_hand.js").WrittenLine | undefined>}
   */
  write(loan, options, fingerprint) {
    this.#end(undefined);
    if (this.#gone) return Promise.resolve(undefined);
    this.#id += 1;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.post({ type: "line", id: this.#id, loan, options, fingerprint });
    });
  }

  /** Leaves a line that is not wanted any more. */
  cancel() {
    if (this.#resolve) this.post({ type: "cancel" });
    this.#end(undefined);
  }

  /** Ends the worker, and its line with it; another may take its place. */
  leave() {
    this.#worker.terminate();
    this.#gone = true;
    const place = helpers.indexOf(this);
    if (place >= 0) helpers[place] = undefined;
    this.#end(undefined);
  }

  /** @param {import("../pkg/running_hand.js").WrittenLine | undefined} written */
  #end(written) {
    this.#resolve?.(written);
    this.#resolve = undefined;
  }
}

/** The help that one text gets. */
export class Help {
  #writing;
  #options;
  #fingerprint;
  /** Those who have nothing to do. @type {Helper[]} */
  #idle = [];
  /** Those who have a line. @type {Set<Helper>} */
  #busy = new Set();
  /** What came of lines. @type {{ number: number, written: import("../pkg/running_hand.js").WrittenLine | undefined }[]} */
  #answers = [];
  #over = false;
  #wake = () => {};
  #began = performance.now();

  /**
   * @param {import("../pkg/running_hand.js").Writing} writing @param {import("../pkg/running_hand.js").WriteOptions} options
   * @param {import("../pkg/running_hand.js").Plan} plan
   */
  constructor(writing, options, plan) {
    this.#writing = writing;
    this.#options = options;
    this.#fingerprint = plan.fingerprint;
    for (let place = 0; place < COUNT && place < plan.lines.length - 1; place++) {
      try {
        const helper = (helpers[place] ??= new Helper());
        helper.ready.then(() => this.#idle.push(helper));
      } catch {
        // A page may forbid workers of workers.
        return;
      }
    }
  }

  /**
   * Between two points: gives back what was written, and hands out what can be.
   * @param {boolean} nothing whether nothing has come of the text: then this waits, if there is nothing else to do
   */
  async turn(nothing) {
    this.#exchange();
    if (!nothing || !this.#writing.waiting || this.#over) return;
    const patience = LATE + performance.now() - this.#began;
    const late = setTimeout(() => this.#busy.forEach((helper) => helper.leave()), patience);
    await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    clearTimeout(late);
    this.#exchange();
  }

  #exchange() {
    if (this.#over) return;
    this.#answers = this.#answers.filter(({ number, written }) => !this.#writing.giveBack(number, written));
    for (;;) {
      const helper = this.#idle.pop();
      const loan = helper && this.#writing.lend();
      if (loan) this.#ask(helper, loan);
      // There may be a line for it later: one that comes back.
      else if (helper) this.#idle.push(helper);
      if (!loan) return;
    }
  }

  /** @param {Helper} helper @param {import("../pkg/running_hand.js").Loan} loan */
  async #ask(helper, loan) {
    this.#busy.add(helper);
    const written = await helper.write(loan, this.#options, this.#fingerprint);
    this.#busy.delete(helper);
    const whole = written?.finish === "cancelled" ? undefined : written;
    this.#answers.push({ number: loan.number, written: whole });
    // Who could not write this one is not asked again.
    if (whole) this.#idle.push(helper);
    this.#wake();
  }

  /** The text is over: whatever is under way is not wanted. */
  end() {
    if (this.#over) return;
    this.#over = true;
    this.#busy.forEach((helper) => helper.cancel());
    this.#wake();
  }
}
