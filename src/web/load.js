// The WebAssembly modules that the one that writes loads when it needs them. They lie in folders beside it, and this
// script, for which wasm-bindgen chooses the place, in `snippets/…/src/web`.

/** The GPU engine: opens an adapter and tests it. @param {boolean} software */
export async function openGpu(software) {
  const { default: init, Gpu } = await import("../../../../gpu/gpu.js");
  await init();
  return Gpu.open(software);
}

/** A page as a file. @param {object} page @param {string} format @param {object | undefined} options */
export async function fileOfPage(page, format, options) {
  const { default: init, fileOfPage } = await import("../../../../files/sheet_file.js");
  await init();
  return fileOfPage(page, format, options);
}

async function inkModule() {
  const module = await import("../../../../ink/ink_file.js");
  await module.default();
  return module;
}

/** The network's file that the reader has. @type {Uint8Array | undefined} */
let file;
/** @type {{ read(strokes: unknown, text: string, check: boolean): object, free(): void } | undefined} */
let reader;

/**
 * Strokes for the networks.
 * @param {Uint8Array | undefined} weights the file of the synthesis network
 * @param {unknown} strokes @param {string} text @param {boolean} check
 */
export async function readInk(weights, strokes, text, check) {
  const { InkReader } = await inkModule();
  if (!reader || file !== weights) {
    reader?.free();
    reader = undefined;
    reader = new InkReader(weights);
    file = weights;
  }
  return reader.read(strokes, text, check);
}

/** The file of a hand. @param {unknown} hand */
export const handToFile = async (hand) => (await inkModule()).handToFile(hand);

/** A hand from its file. @param {Uint8Array} bytes */
export const handFromFile = async (bytes) => (await inkModule()).handFromFile(bytes);
