// One engine for all <running-hand> elements of a page: texts are written in turn, in one worker.

import { site } from "../util/site-files.js";
import { script } from "../util/trusted-types.js";

/** @typedef {import("../engine/worker.js").Request} Request */
/** @typedef {import("../engine/worker.js").Reply} Reply */
/**
 * A text that has been written; `points` are triples x, y, pen.
 * @typedef {{ points: Float32Array, plan: import("../pkg/running_hand.js").Plan, finish: import("../pkg/running_hand.js").Finish }} Written
 */

/** @type {Worker | undefined} */
let worker;
let last = Promise.resolve();
let job = 0;

/**
 * Writes a text when its turn has come.
 * @param {string} text @param {import("../pkg/running_hand.js").WriteOptions} options @param {AbortSignal} signal
 * @returns {Promise<Written>}
 */
export function writeInTurn(text, options, signal) {
  const turn = last.then(() => {
    signal.throwIfAborted();
    return write(text, options, signal);
  });
  last = turn.then(
    () => {},
    () => {},
  );
  return turn;
}

/**
 * @param {string} text @param {import("../pkg/running_hand.js").WriteOptions} options @param {AbortSignal} signal
 * @returns {Promise<Written>}
 */
function write(text, options, signal) {
  return new Promise((resolve, reject) => {
    const engine = (worker ??= start());
    const number = (job += 1);
    /** @type {Float32Array[]} */
    const pieces = [];
    /** @type {import("../pkg/running_hand.js").Plan | undefined} */
    let plan;
    const done = new AbortController();
    /** @param {string} message @param {boolean} broken whether the engine can write no more */
    const fail = (message, broken) => {
      done.abort();
      // The next text tries with a new one.
      if (broken) {
        engine.terminate();
        worker = undefined;
      }
      reject(new Error(message));
    };
    const hear = (/** @type {MessageEvent<Reply>} */ { data }) => {
      if (data.type === "error" && data.job === undefined) fail(data.message, true);
      if (!("job" in data) || data.job !== number) return;
      if (data.type === "error") fail(data.message, false);
      if (data.type === "plan") plan = data.plan;
      if (data.type === "points") pieces.push(data.points);
      if (data.type === "finish" && plan) {
        done.abort();
        if (signal.aborted) reject(signal.reason);
        else resolve({ points: joined(pieces), plan, finish: data.finish ?? "cancelled" });
      }
    };
    engine.addEventListener("message", hear, { signal: done.signal });
    const broken = (/** @type {ErrorEvent} */ { message }) => {
      fail(`The engine did not start${message ? ` (${message})` : ""}. It needs WebAssembly SIMD and module workers.`, true);
    };
    engine.addEventListener("error", broken, { signal: done.signal });
    /** @param {Request} request */
    const ask = (request) => engine.postMessage(request);
    signal.addEventListener("abort", () => ask({ type: "cancel" }), { signal: done.signal });
    ask({ type: "write", job: number, text, options });
  });
}

function start() {
  const engine = new Worker(script("engine/worker.js"), { type: "module" });
  engine.postMessage(/** @type {Request} */ ({ type: "open", engine: "auto", build: site.build, lazy: true }));
  return engine;
}

/** @param {Float32Array[]} pieces */
function joined(pieces) {
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    all.set(piece, end);
    end += piece.length;
  }
  return all;
}
