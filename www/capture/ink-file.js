// Reads ink from files of this and other programs. The reader is the crate's (src/capture/ink_file), in a WebAssembly
// module of its own, which is loaded with this script when a visitor opens such a file.

import init, { readInk } from "./pkg/ink_file.js";

/** A stroke: [x, y, milliseconds] of each sample, y down. @typedef {import("./pad.js").Stroke} Stroke */

/** Strokes, and the text that they say; "" if the file does not tell. @typedef {{ text: string, strokes: Stroke[] }} FileInk */

await init();

/**
 * The ink of a file; `undefined` if the file is of another kind, such as a hand. Throws if the ink is damaged.
 * @param {Uint8Array | string} content
 * @returns {FileInk | undefined}
 */
export function readInkFile(content) {
  // A byte order mark: what is text here has been decoded, whatever encoding it names.
  const ink = readInk(typeof content === "string" ? new TextEncoder().encode(`\ufeff${content}`) : content);
  if (!ink) return undefined;
  const { text, samples, lengths } = ink;
  ink.free();
  let at = 0;
  const sample = () => /** @type {Stroke[number]} */ ([samples[at++], samples[at++], samples[at++]]);
  return { text, strokes: Array.from(lengths, (length) => Array.from({ length }, sample)) };
}
