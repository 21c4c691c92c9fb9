// Makes files that the engine does not, off the page's main thread: see messages.js. It is started when a visitor saves
// one, and loads what it needs then.

import { serve } from "../engine/server.js";

/** @typedef {import("./messages.js").SheetFileRequests} SheetFileRequests */
/** @typedef {typeof import("./libraries/gifenc.js")} Library */

/** Colours of a GIF at most: ink of one colour on paper of another has few. */
const COLOURS = 64;
/** Opacity from which a pixel is one: a GIF knows no half. */
const OPAQUE = 128;
/** Bytes of a frame before its position: the graphic control extension, and the descriptor's first byte. */
const BEFORE_POSITION = 8 + 1;

/** The GIF that is being made. @type {Gif | undefined} */
let gif;

class Gif {
  #library;
  #encoder;
  #palette;
  #transparent;
  #frames = 0;

  /** @param {Library} library @param {SheetFileRequests["beginGif"]["params"]} params */
  constructor(library, { pixels, transparent }) {
    this.#library = library;
    this.#encoder = library.GIFEncoder();
    this.#transparent = transparent;
    this.#palette = library.quantize(transparent ? opaque(pixels) : pixels, COLOURS - 1);
    // The last colour is none.
    if (transparent) this.#palette.push([255, 255, 255]);
  }

  /** @param {SheetFileRequests["addToGif"]["params"]} frame */
  add({ pixels, x, y, width, height, hundredths }) {
    const index = this.#library.applyPalette(pixels, this.#palette);
    const none = this.#palette.length - 1;
    if (this.#transparent) {
      for (let i = 0; i < index.length; i++) if (pixels[4 * i + 3] < OPAQUE) index[i] = none;
    }
    const first = this.#frames === 0;
    const start = this.#encoder.bytesView().length;
    this.#encoder.writeFrame(index, width, height, {
      palette: first ? this.#palette : undefined,
      delay: 10 * hundredths,
      transparent: this.#transparent,
      transparentIndex: none,
      dispose: 1,
    });
    this.#frames += 1;
    if (first) return;
    // The library writes frames in the upper left corner.
    const bytes = this.#encoder.bytesView().subarray(start + BEFORE_POSITION);
    bytes.set([x & 255, x >> 8, y & 255, y >> 8]);
  }

  end() {
    this.#encoder.finish();
    return this.#encoder.bytes();
  }
}

/** The pixels that can be seen, opaque; one if there are none. @param {Uint8ClampedArray} pixels */
function opaque(pixels) {
  const found = [];
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] >= OPAQUE) found.push(pixels[i], pixels[i + 1], pixels[i + 2], 255);
  }
  return new Uint8ClampedArray(found.length ? found : [0, 0, 0, 255]);
}

function begun() {
  if (!gif) throw new Error("addToGif before beginGif");
  return gif;
}

serve(
  /** @type {import("../engine/server.js").Handlers<SheetFileRequests>} */ ({
    async fileOfSheets({ sheets, format, options }, { transfer }) {
      const { default: init, fileOfSheets } = await import("../pkg/files/sheet_file.js");
      await init();
      const file = /** @type {Uint8Array<ArrayBuffer>} */ (fileOfSheets(sheets, format, options));
      transfer.push(file.buffer);
      return file;
    },

    async beginGif(params) {
      gif = new Gif(await import("./libraries/gifenc.js"), params);
    },

    addToGif(frame) {
      begun().add(frame);
    },

    endGif(_, { transfer }) {
      const file = begun().end();
      gif = undefined;
      transfer.push(file.buffer);
      return file;
    },
  }),
);
