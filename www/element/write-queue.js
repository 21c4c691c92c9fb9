// One engine for all <running-hand> elements of a page: texts are written one after the other, in one worker.

import { startEngine } from "../engine/start.js";
import { site } from "../util/site-files.js";
import { handOptions } from "./hand-file.js";

/** @typedef {import("../pkg/running_hand.js").Finish} Finish */
/** @typedef {import("../pkg/running_hand.js").Plan} Plan */
/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */
/** A text that has been written; `points` are triples x, y, pen. @typedef {{ points: Float32Array, plan: Plan, finish: Finish, doubtful: string[] }} Written */

/** @type {{ client: ReturnType<typeof startEngine>, opened: Promise<unknown> } | undefined} */
let engine;
/** @type {URL | undefined} */
let folder;

/**
 * Says where the package's files are served, for builds that do not copy the worker, the module and the weights by
 * themselves. To be called before the first text is written.
 * @param {{ folder: string | URL }} options `folder` may be relative to the page's address
 */
export function configure(options) {
  const address = new URL(options.folder, document.baseURI);
  // Without the last slash, addresses would be relative to the folder above.
  folder = address.href.endsWith("/") ? address : new URL(`${address.href}/`);
}

/** Settled when the last text in the queue is over. @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Writes a text when those before it are over.
 * @param {string} text @param {WriteOptions} options
 * @param {URL | string | Uint8Array | undefined} hand the file of a hand to write in: its address or its content
 * @param {AbortSignal} signal
 * @returns {Promise<Written>}
 */
export function writeInTurn(text, options, hand, signal) {
  const written = last.then(() => {
    signal.throwIfAborted();
    return write(text, options, hand, signal);
  });
  last = written.catch(() => {});
  return written;
}

/**
 * @param {string} text @param {WriteOptions} options @param {URL | string | Uint8Array | undefined} hand
 * @param {AbortSignal} signal @returns {Promise<Written>}
 */
async function write(text, options, hand, signal) {
  const client = await openEngine();
  if (hand) options = { ...options, ...(await handOptions(hand, client, folder)) };
  /** @type {Float32Array[]} */
  const pieces = [];
  /** @type {Plan | undefined} */
  let plan;
  /** @type {string[]} */
  let doubtful = [];
  const finish = await client.request("write", { text, options }, {
    signal,
    onEvent: (event) => {
      if (event.type === "plan") plan = event.plan;
      else if (event.type === "doubtful") doubtful = event.words;
      else pieces.push(...event.ink.map(({ points }) => points));
    },
  });
  if (!plan) throw new Error("The text ended before it was begun.");
  return { points: concatenate(pieces), plan, finish: finish ?? "cancelled", doubtful };
}

/** The engine, opened; if it cannot be, the next text tries with a new one. */
async function openEngine() {
  if (engine?.client.failure) engine = undefined;
  if (!engine) {
    const client = startEngine(undefined, folder);
    engine = { client, opened: client.request("open", { engine: "auto", build: site.build, lazy: true }) };
  }
  const { client, opened } = engine;
  try {
    await opened;
  } catch (error) {
    const { failure } = client;
    client.close();
    engine = undefined;
    if (!failure || folder) throw error;
    throw new Error(
      `${failure.message} A page that was built by esbuild, Rollup or Parcel has to say where the package is served: ` +
        "configure({ folder }), as its README tells.",
    );
  }
  return client;
}

/** @param {Float32Array[]} pieces */
function concatenate(pieces) {
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    all.set(piece, end);
    end += piece.length;
  }
  return all;
}
