// Running Hand on a server or in a script: Node.js 20 or later, and Deno. The module and the weights come from this
// package.

import { readFile } from "node:fs/promises";
import initFiles from "./pkg/files/sheet_file.js";
import initInk from "./pkg/ink/ink_file.js";
import init, { RunningHand } from "./pkg/running_hand.js";

export * from "./pkg/running_hand.js";

/** @param {string} path in this package */
const file = (path) => readFile(new URL(path, import.meta.url));

/** The modules, compiled once: those that browsers load later too, since Node.js does not fetch files. @type {Promise<unknown> | undefined} */
let ready;

/** @param {(options: { module_or_path: Promise<Uint8Array> }) => Promise<unknown>} init @param {string} path */
const compiled = (init, path) => init({ module_or_path: file(path) });

/**
 * Opens an engine that can write. The prediction network, which writes without a text, is read when it is first needed.
 * @param {"auto" | "cpu" | "gpu"} [engine]
 */
export async function open(engine = "auto") {
  ready ??= Promise.all([
    compiled(init, "pkg/running_hand_bg.wasm"),
    compiled(initFiles, "pkg/files/sheet_file_bg.wasm"),
    compiled(initInk, "pkg/ink/ink_file_bg.wasm"),
  ]);
  await ready;
  const hand = await RunningHand.open(engine);
  const load = async (/** @type {"synthesis" | "prediction"} */ kind) =>
    hand.loadBytes(await file(`weights/${kind}.safetensors`), `${kind}.safetensors`, kind);
  await load("synthesis");
  /** @type {Promise<unknown> | undefined} */
  let prediction;
  const write = hand.write.bind(hand);
  hand.write = async (text, options) => {
    if (typeof text !== "string") throw new TypeError(`text: ${JSON.stringify(text)} is not a string.`);
    if (text.trim() === "") await (prediction ??= load("prediction"));
    return write(text, options);
  };
  return hand;
}

/** @type {Promise<RunningHand> | undefined} */
let shared;
/** Settled when the last text is over: an engine writes one at a time. @type {Promise<unknown>} */
let last = Promise.resolve();

/** The settings of the element that are numbers, as attributes and options. */
const NUMBERS = /** @type {const} */ (["bias", "temperature", "seed", "columns", "attempts"]);
/** In corpus units, as in the element: an em, the margin around the ink, the width of the pen's line. */
const EM = 400;
const MARGIN = 40;
const LINE_WIDTH = 20;

/**
 * `<running-hand>` with its ink, as HTML for a page that is made on a server. Browsers show it without any script, by a
 * declarative shadow root; the element, if it is loaded, takes it over.
 * @param {string} text
 * @param {import("./node.js").RenderOptions} [options]
 * @returns {Promise<string>}
 */
export async function renderToString(text, { hand, ...options } = {}) {
  const points = await (last = last.catch(() => {}).then(() => inkOf(text, { ...options, style: hand })));
  const attributes = [["text", text], ["hand", hand], ...NUMBERS.map((name) => [name, options[name]])]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`);
  return `<running-hand${attributes.join("")}><template shadowrootmode="open">${drawing(text, points)}</template>${escaped(text)}</running-hand>`;
}

/** @param {string} text @param {import("./node.js").WriteOptions} options @returns {Promise<Float32Array[]>} */
async function inkOf(text, options) {
  const writing = await (await (shared ??= open())).write(text, options);
  const pieces = [];
  for await (const ink of writing) pieces.push(...ink.map(({ points }) => points));
  writing.free();
  return pieces;
}

/**
 * The ink as SVG, styled by attributes alone: a page's policy may forbid styles.
 * @param {string} text @param {Float32Array[]} pieces triples x, y, pen
 */
function drawing(text, pieces) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  /** @type {string[]} */
  const paths = [];
  let data = "";
  for (const points of pieces) {
    for (let i = 0; i < points.length; i += 3) {
      const [x, y, pen] = points.subarray(i, i + 3);
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      // With round caps, a line of zero length is a dot.
      data += data === "" ? `M${Math.round(x)} ${Math.round(y)}l0 0` : `L${Math.round(x)} ${Math.round(y)}`;
      if (pen < 0.5) continue;
      paths.push(data);
      data = "";
    }
  }
  if (data) paths.push(data);
  if (!paths.length) [left, top, right, bottom] = [0, 0, 0, 0];
  const [width, height] = [right - left + 2 * MARGIN, bottom - top + 2 * MARGIN];
  const view = [left - MARGIN, top - MARGIN, width, height].map(Math.round).join(" ");
  const look = `fill="none" stroke="currentColor" stroke-width="${LINE_WIDTH}" stroke-linecap="round" stroke-linejoin="round"`;
  const label = text.trim() ? text : "Handwriting without a text";
  return `<svg part="ink" role="img" aria-label="${escaped(label)}" viewBox="${view}" width="${(width / EM).toFixed(2)}em" ${look}>${paths.map((path) => `<path d="${path}"/>`).join("")}</svg>`;
}

/** @param {string} text */
const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
