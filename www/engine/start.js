// Starts the engine's worker. It is a module of its own because the worker itself uses client.js: a worker whose modules
// name their own worker is a circle, in which some bundlers (Turbopack) never end.

import { trustedWorker } from "../util/trusted-types.js";
import { Client } from "./client.js";

/** @typedef {import("./messages.js").EngineNotice} EngineNotice */
/** @typedef {import("./messages.js").EngineRequests} EngineRequests */

/**
 * A client of a new engine worker, which has to be opened first.
 * @param {(notice: EngineNotice) => void} [onNotice]
 * @param {URL} [folder] where the package's files lie, if not where this script or its bundler says
 * @returns {Client<EngineRequests>}
 */
export function startEngine(onNotice, folder = packageFolder()) {
  const worker = trustedWorker(() =>
    folder
      ? new Worker(new URL("engine/worker.js", folder), { type: "module" })
      : new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
  );
  return new Client(worker, onNotice);
}

/**
 * Where the package's files lie, if not where this script or its bundler says: on Vite's development server, which
 * bundles this script into its cache, away from the worker.
 * (This script's own address would be a path of the developer's machine in webpack's bundles.)
 */
export function packageFolder() {
  const { href } = new URL("../pkg/running_hand_bg.wasm", import.meta.url);
  const end = href.indexOf("/.vite/");
  return end < 0 ? undefined : new URL(`${href.slice(0, end)}/running-hand/`);
}
