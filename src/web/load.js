// The WebAssembly modules that the one that writes loads when it needs them. They lie in folders beside it, and this
// script, for which wasm-bindgen chooses the place, in `snippets/…/src/web`.

/**
 * Imports a module and compiles its WebAssembly. Bundlers see two files to be copied, and no import: this is a worker,
 * and Vite, for one, does not split the code of workers unless it is told to.
 * @param {URL} script @param {URL} binary
 */
async function load({ href }, binary) {
  const module = await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ href);
  await module.default({ module_or_path: binary.href });
  return module;
}

/** The GPU engine: opens an adapter and tests it. @param {boolean} software */
export async function openGpu(software) {
  const { Gpu } = await load(
    new URL("../../../../gpu/gpu.js", import.meta.url),
    new URL("../../../../gpu/gpu_bg.wasm", import.meta.url),
  );
  return Gpu.open(software);
}

/** A page as a file. @param {object} page @param {string} format @param {object | undefined} options */
export async function fileOfPage(page, format, options) {
  const { fileOfPage } = await load(
    new URL("../../../../files/sheet_file.js", import.meta.url),
    new URL("../../../../files/sheet_file_bg.wasm", import.meta.url),
  );
  return fileOfPage(page, format, options);
}

const inkModule = () =>
  load(
    new URL("../../../../ink/ink_file.js", import.meta.url),
    new URL("../../../../ink/ink_file_bg.wasm", import.meta.url),
  );

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
