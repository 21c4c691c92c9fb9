// Reads ink from files of this and other programs, and learnt hands. The reader is the crate's (src/web/ink_file.rs), in a
// WebAssembly module of its own, which is loaded with this script when a visitor opens such a file or has such a hand.

import init, { changeOwnHandFile, ownHandFromFile, readInk } from "../pkg/ink/ink_file.js";

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
  const ink = readInk(typeof content === "string" ? bytes(`\ufeff${content}`) : content);
  if (!ink) return undefined;
  const { text, samples, lengths } = ink;
  ink.free();
  let at = 0;
  const sample = () => /** @type {Stroke[number]} */ ([samples[at++], samples[at++], samples[at++]]);
  return { text, strokes: Array.from(lengths, (length) => Array.from({ length }, sample)) };
}

/** A learnt hand from its file; throws the reason if it is damaged. @param {string} json */
export const readLearntHand = (json) => ownHandFromFile(bytes(json));

/** The file of a learnt hand with another name and strength. @param {string} json @param {string} name @param {number} strength */
export const changeLearntHand = (json, name, strength) => changeOwnHandFile(bytes(json), name, strength);

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);
