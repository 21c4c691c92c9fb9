// The engine, off the page's own thread. It knows nothing of the page: requests come in, points go
// out. One text is written at a time; a new one ends the one before.

import { site } from "../util/site-files.js";
import { Help, canPool, setWeights } from "./line-pool.js";
import init, { RunningHand, Thinking, exportInk, handFromFile, handToFile } from "../pkg/running_hand.js";
import { weights } from "./weights.js";

/**
 * What the page asks for.
 * @typedef {{ type: "open", engine: import("../pkg/running_hand.js").EngineChoice, build: string, lazy?: boolean }
 *   | { type: "write", job: number, text: string, options: import("../pkg/running_hand.js").WriteOptions }
 *   | { type: "cancel" }
 *   | { type: "weights", bytes: Uint8Array, name: string }
 *   | { type: "inspect", id: number, point: number, line: number, from: number, most: number }
 *   | { type: "own", id: number, question: import("../capture/dialog.js").Question }
 *   | { type: "export", id: number, points: Float32Array, format: import("../pkg/running_hand.js").ExportFormat,
 *       options: import("../pkg/running_hand.js").ExportOptions }} Request
 */

/**
 * What it hears. `job` is the number that came with the request.
 * @typedef {{ type: "progress", loaded: number, total: number }
 *   | { type: "ready", styles: string[], fingerprint: string }
 *   | { type: "weights", kind: "synthesis" | "prediction", name: string, styles: string[], fingerprint: string, problem?: string }
 *   | { type: "engine", label: string, notice: string }
 *   | { type: "plan", job: number, plan: import("../pkg/running_hand.js").Plan }
 *   | { type: "points", job: number, points: Float32Array, row: number }
 *   | { type: "finish", job: number, finish: import("../pkg/running_hand.js").Finish | undefined }
 *   | { type: "moments", id: number, moments: import("../pkg/running_hand.js").Moments | undefined }
 *   | { type: "own", id: number, answer?: unknown, message?: string }
 *   | { type: "export", id: number, text?: string, problem?: string }
 *   | { type: "error", job?: number, message: string }} Reply
 */

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const reply = (reply, transfer = []) => self.postMessage(reply, { transfer });

/** @param {unknown} error */
const message = (error) => (error instanceof Error ? error.message : String(error));

/** @type {Promise<RunningHand>} */
let opened;
/** The two networks, each from the moment it is being loaded. @type {Record<string, Promise<import("../pkg/running_hand.js").Network> | undefined>} */
const networks = {};
/** Those of the site's own that are there. */
const present = new Set();

/** Whether a text has been asked for. */
let asked = false;
/** What is written before: as long as it takes until nothing is compiled anew. */
const WARM = "Something that nobody sees";
/** How long the engine rests before, in ms. */
const REST = 200;

/** Others who write lines of the text under way. @type {Help | undefined} */
let help;

/** Looks into the text written last, when asked. @type {Thinking | undefined} */
let thinking;

/**
 * @param {import("../pkg/running_hand.js").EngineChoice} engine
 * @param {string} build the page's version
 * @param {boolean} lazy whether the network that writes without a text may wait until it is asked for
 */
async function open(engine, build, lazy) {
  if (build !== site.build) {
    throw new Error("The site was changed while this page loaded, so that its parts do not fit. Load the page again.");
  }
  opened = init().then(() => RunningHand.open(engine));
  let shown = 0;
  // The module and the weights come at the same time.
  const synthesis = network("synthesis", (loaded, total) => {
    // Thousands of small pieces come; a bar needs a hundred. A second attempt begins from nothing.
    if (loaded < total && loaded >= shown && loaded < shown + total / 100) return;
    shown = loaded;
    reply({ type: "progress", loaded, total });
  });
  // Told below, after what is the matter with the engine.
  synthesis.catch(() => {});
  const runningHand = await opened;
  tellEngine(runningHand);
  const { fingerprint } = await synthesis;
  reply({ type: "ready", styles: runningHand.styles(), fingerprint });
  // Nobody waits for it, and nobody hears what went wrong: the first text will say so again.
  await warm(runningHand).catch(() => {});
  // Whoever asks for it hears what went wrong.
  if (!lazy) network("prediction").catch(() => {});
}

/**
 * Writes something that nobody sees. A browser first runs a module's code as it can be had at once, and compiles what
 * runs often anew meanwhile: without this it is the first line that waits for it. Any text takes its place.
 * @param {RunningHand} runningHand
 */
async function warm(runningHand) {
  // Whoever presses as soon as the page is ready is not to wait for it.
  await new Promise((done) => setTimeout(done, REST));
  if (asked) return;
  const writing = await runningHand.write(WARM);
  for await (const _ of writing);
  writing.free();
}

/** A network, loaded when it is first asked for; one that did not come is asked for again. */
function network(
  /** @type {"synthesis" | "prediction"} */ kind,
  /** @type {((loaded: number, total: number) => void) | undefined} */ progress = undefined,
) {
  const load = async () => {
    const bytes = await weights(`weights/${kind}.safetensors`, progress);
    const network = await (await opened).loadBytes(bytes, `${kind}.safetensors`, kind);
    if (kind === "synthesis") setWeights(bytes, `${kind}.safetensors`);
    present.add(kind);
    return network;
  };
  return (networks[kind] ??= load().catch((error) => {
    delete networks[kind];
    throw error;
  }));
}

/** Takes a network from a visitor's file; if it cannot be used, the one before stays. @param {Uint8Array} bytes @param {string} name */
async function take(bytes, name) {
  const runningHand = await opened;
  const before = new Set(present);
  const { kind, fingerprint } = await runningHand.loadBytes(bytes, name).then(async (network) => {
    // The site's own may still have been on its way, and must not come after it.
    const own = before.has(network.kind) ? undefined : networks[network.kind];
    if (await own?.catch(() => undefined)) await runningHand.loadBytes(bytes, name);
    networks[network.kind] = Promise.resolve(network);
    if (network.kind === "synthesis") setWeights(bytes, name);
    return network;
  });
  reply({ type: "weights", kind, name, styles: runningHand.styles(), fingerprint });
}

let told = "";

/** @param {RunningHand} runningHand */
function tellEngine(runningHand) {
  const { engine: label, notice } = runningHand;
  if (told !== label + notice) {
    told = label + notice;
    reply({ type: "engine", label, notice });
  }
}

/** @param {number} job @param {string} text @param {import("../pkg/running_hand.js").WriteOptions} options */
async function write(job, text, options) {
  asked = true;
  const runningHand = await opened;
  await network(text.trim() === "" ? "prediction" : "synthesis");
  help?.end();
  runningHand.shares = canPool;
  const writing = await runningHand.write(text, options);
  thinking = new Thinking(writing);
  const { plan } = writing;
  reply({ type: "plan", job, plan });
  tellEngine(runningHand);
  const alone = !canPool || plan.lines.length < 2 || !runningHand.engine.startsWith("CPU");
  const own = alone ? undefined : new Help(writing, options, plan);
  help = own;
  try {
    await own?.turn(false);
    for await (const points of writing) {
      // Its buffer goes with the message.
      const nothing = points.length === 0;
      if (!nothing) reply({ type: "points", job, points, row: writing.row }, [points.buffer]);
      tellEngine(runningHand);
      await own?.turn(nothing);
    }
  } finally {
    own?.end();
  }
  reply({ type: "finish", job, finish: writing.finish });
  writing.free();
}

/** @param {Extract<Request, { type: "inspect" }>} asked */
async function think({ id, point, line, from, most }) {
  const moments = await thinking?.moments(point, line, from, most);
  reply({ type: "moments", id, moments }, moments ? [moments.moments.buffer] : []);
}

/** Reads ink, or the file of a hand. @param {import("../capture/dialog.js").Question} question */
async function own(question) {
  const runningHand = await opened;
  switch (question.call) {
    case "read":
      await networks.synthesis;
      return runningHand.readInk(question.strokes, question.text, question.check);
    case "file":
      return handToFile(question.hand);
    case "open":
      return handFromFile(question.bytes);
  }
}

/** @param {Extract<Request, { type: "export" }>} request */
function exported({ id, points, format, options }) {
  try {
    reply({ type: "export", id, text: exportInk(points, format, options) });
  } catch (error) {
    reply({ type: "export", id, problem: message(error) });
  }
}

self.addEventListener("message", (/** @type {MessageEvent<Request>} */ { data }) => {
  switch (data.type) {
    case "open":
      open(data.engine, data.build, data.lazy ?? false).catch((error) => reply({ type: "error", message: message(error) }));
      break;
    case "write":
      write(data.job, data.text, data.options).catch((error) => {
        reply({ type: "error", job: data.job, message: message(error) });
      });
      break;
    case "cancel":
      help?.end();
      opened?.then((runningHand) => runningHand.cancel());
      break;
    case "weights":
      take(data.bytes, data.name).catch((error) => {
        reply({ type: "weights", kind: "synthesis", name: data.name, styles: [], fingerprint: "", problem: message(error) });
      });
      break;
    case "inspect":
      think(data).catch((error) => reply({ type: "error", message: message(error) }));
      break;
    case "own":
      own(data.question).then(
        (answer) => reply({ type: "own", id: data.id, answer }),
        (error) => reply({ type: "own", id: data.id, message: message(error) }),
      );
      break;
    case "export":
      exported(data);
      break;
  }
});
