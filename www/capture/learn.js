// Learning a hand from one's own ink, on this device, in a worker that is started for it.

import { Client } from "../engine/client.js";
import { packageFolder } from "../engine/start.js";
import { trustedWorker } from "../util/trusted-types.js";

/** @typedef {import("./learner/learner.js").InkSample} InkSample */
/** @typedef {import("./learner/learner.js").KeptOwnHand} KeptOwnHand */
/** @typedef {import("./learn-worker.js").LearnRequests} LearnRequests */

/**
 * Learns a hand from up to twelve lines of ink, best from four that have every letter. Nothing leaves this device.
 * Rejects with advice about a line that cannot be used, and with the signal's reason as soon as it is aborted.
 * @param {InkSample[]} samples
 * @param {object} [options]
 * @param {string} [options.name] of the hand
 * @param {(progress: import("./learn-worker.js").Progress) => void} [options.onProgress] gets the hand as it is so far
 *   after each step, which takes about a second
 * @param {string} [options.words] to be written in the hand so far every few steps, for `onProgress`
 * @param {AbortSignal} [options.signal]
 * @param {AbortSignal} [options.enough] ends the learning early, with the hand so far, when it is aborted
 * @param {Uint8Array} [options.weights] a file of other weights than those beside this script
 * @param {number} [options.workers] most workers that compute; the hand does not depend on their number
 * @returns {Promise<import("./learn-worker.js").LearntHand>}
 */
export function learnHand(samples, { name = "My hand", onProgress = () => {}, words = "", signal, enough, weights, workers } = {}) {
  return inWorker((client) => {
    const finish = () => void client.request("finish", undefined);
    if (enough?.aborted) finish();
    enough?.addEventListener("abort", finish, { once: true });
    return client.request("learn", { samples, name, words, bytes: weights, workers }, { signal, onEvent: onProgress });
  });
}

/**
 * A hand from its file. Rejects with the reason if that is damaged.
 * @param {Uint8Array | string} file
 * @param {URL} [folder] where the package's files lie, if not where this script or its bundler says
 * @returns {Promise<KeptOwnHand>}
 */
export function openHand(file, folder) {
  const bytes = typeof file === "string" ? new TextEncoder().encode(file) : file;
  return inWorker((client) => client.request("open", { bytes }), folder);
}

/**
 * Does `work` with a worker of its own, which ends with it.
 * @template T
 * @param {(client: Client<LearnRequests>) => Promise<T>} work @param {URL} [folder] see `openHand`
 */
async function inWorker(work, folder = packageFolder()) {
  const worker = trustedWorker(() =>
    folder
      ? new Worker(new URL("capture/learn-worker.js", folder), { type: "module" })
      : new Worker(new URL("./learn-worker.js", import.meta.url), { type: "module" }),
  );
  try {
    return await work(new Client(worker));
  } finally {
    worker.terminate();
  }
}
