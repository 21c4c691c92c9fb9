// The engine, off the page's own thread. It knows nothing of the page: requests come in, points go
// out. One text is written at a time; a new one ends the one before.

import init, { Longhand, toSvg } from "./pkg/longhand.js";

/**
 * What the page asks for.
 * @typedef {{ type: "open", engine: import("./pkg/longhand.js").EngineChoice }
 *   | { type: "write", job: number, text: string, options: import("./pkg/longhand.js").WriteOptions }
 *   | { type: "cancel" }
 *   | { type: "svg", points: Float32Array }} Request
 */

/**
 * What it hears. `job` is the number that came with the request.
 * @typedef {{ type: "progress", loaded: number, total: number }
 *   | { type: "ready", styles: string[], fingerprint: string }
 *   | { type: "engine", label: string, notice: string }
 *   | { type: "plan", job: number, plan: import("./pkg/longhand.js").Plan }
 *   | { type: "points", job: number, points: Float32Array }
 *   | { type: "finish", job: number, finish: import("./pkg/longhand.js").Finish | undefined }
 *   | { type: "svg", svg: string }
 *   | { type: "error", job?: number, message: string }} Reply
 */

/** @param {Reply} reply @param {Transferable[]} [transfer] */
const reply = (reply, transfer = []) => self.postMessage(reply, { transfer });

/** @param {unknown} error */
const message = (error) => (error instanceof Error ? error.message : String(error));

/** @type {Promise<Longhand>} */
let opened;
/** The two networks, each from the moment it is being loaded. @type {Record<string, Promise<import("./pkg/longhand.js").Network>>} */
const networks = {};

/** @param {import("./pkg/longhand.js").EngineChoice} engine */
async function open(engine) {
  opened = init().then(() => Longhand.open(engine));
  const longhand = await opened;
  tellEngine(longhand);
  const address = (/** @type {string} */ kind) => new URL(`weights/${kind}.safetensors`, import.meta.url).href;
  let shown = 0;
  const progress = (/** @type {number} */ loaded, /** @type {number} */ total) => {
    // Thousands of small pieces come; a bar needs a hundred.
    if (loaded < total && loaded < shown + total / 100) return;
    shown = loaded;
    reply({ type: "progress", loaded, total });
  };
  networks.synthesis = longhand.load(address("synthesis"), progress, "synthesis");
  const { fingerprint } = await networks.synthesis;
  reply({ type: "ready", styles: longhand.styles(), fingerprint });
  networks.prediction = longhand.load(address("prediction"), undefined, "prediction");
  // Whoever asks for it hears what went wrong.
  networks.prediction.catch(() => {});
}

let told = "";

/** @param {Longhand} longhand */
function tellEngine(longhand) {
  const { engine: label, notice } = longhand;
  if (told !== label + notice) {
    told = label + notice;
    reply({ type: "engine", label, notice });
  }
}

/** @param {number} job @param {string} text @param {import("./pkg/longhand.js").WriteOptions} options */
async function write(job, text, options) {
  const longhand = await opened;
  await networks[text.trim() === "" ? "prediction" : "synthesis"];
  const writing = await longhand.write(text, options);
  reply({ type: "plan", job, plan: writing.plan });
  tellEngine(longhand);
  for await (const points of writing) {
    if (points.length) reply({ type: "points", job, points }, [points.buffer]);
    tellEngine(longhand);
  }
  reply({ type: "finish", job, finish: writing.finish });
  writing.free();
}

self.addEventListener("message", (/** @type {MessageEvent<Request>} */ { data }) => {
  switch (data.type) {
    case "open":
      open(data.engine).catch((error) => reply({ type: "error", message: message(error) }));
      break;
    case "write":
      write(data.job, data.text, data.options).catch((error) => {
        reply({ type: "error", job: data.job, message: message(error) });
      });
      break;
    case "cancel":
      opened?.then((longhand) => longhand.cancel());
      break;
    case "svg":
      reply({ type: "svg", svg: toSvg(data.points) });
      break;
  }
});
