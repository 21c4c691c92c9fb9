// Pictures of a sheet: as they are saved, copied, shared and shown in the dialog, still or while they are written.

import { LINE, draw } from "../sheet/pens.js";
import { rulesOf } from "../sheet/rules.js";
import { allWords } from "../words/words.js";
import { withResolution } from "./png.js";

/** @typedef {import("../pkg/running_hand.js").Frame} Frame */
/** @typedef {import("../sheet/ink.js").Pen} Pen */
/** @typedef {import("../sheet/ink.js").SheetGeometry} SheetGeometry */

/** A sheet with its ink, and its number from 0. @typedef {import("../sheet/sheet.js").DrawnPage & { page: number }} NumberedPage */

/**
 * What is around the ink.
 * @typedef {object} Surroundings
 * @property {Frame} frame the part of the sheet, in millimetres
 * @property {Pen} pen
 * @property {boolean} paper whether the picture shows the paper; its ground is transparent otherwise
 * @property {number} [ratio] width by height; that of the frame by default
 * @property {number} [padding] on each side, as a share of the frame's longer side; 0 by default
 */

/** Points that are drawn before the page's other tasks get a turn: a few milliseconds. */
const SLICE = 3000;

/** Colours of paper and rules: those of the page in its light theme. */
const PAPER = "#fdfaf3";
const RULE = "#c5d0e2";

/** Widths of a rule and of a dot in millimetres. */
const LINE_MM = 0.15;
const DOT_MM = 0.5;

/** Pixels of a millimetre on screens for which a pencil's grain is made: 192 dots per inch. */
const GRAIN_DENSITY = 192 / 25.4;

/** Gives the page's other tasks a turn. By a message: timers wait long in a tab that is not seen. */
export const pause = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(undefined);
  });

export class Picture {
  /** Size in millimetres. */ width;
  height;
  /** How many points its ink has. */ count;
  /** @type {NumberedPage} */ #drawn;
  /** @type {Surroundings} */ #around;
  /** Upper left corner of the sheet in the picture, in millimetres. */ #left;
  #top;

  /** @param {NumberedPage} drawn @param {Surroundings} around */
  constructor(drawn, around) {
    const { frame, ratio, padding = 0 } = around;
    this.#drawn = drawn;
    this.#around = around;
    this.count = drawn.points.length / 3;
    const margin = 2 * padding * Math.max(frame.width, frame.height);
    const [width, height] = [frame.width + margin, frame.height + margin];
    this.width = ratio ? Math.max(width, height * ratio) : width;
    this.height = ratio ? Math.max(height, width / ratio) : height;
    this.#left = (this.width - frame.width) / 2 + frame.x;
    this.#top = (this.height - frame.height) / 2 + frame.y;
  }

  /** Draws what is below the ink. @param {Context} context @param {number} density pixels in a millimetre */
  drawGround(context, density) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    const { width, height } = context.canvas;
    context.clearRect(0, 0, width, height);
    if (!this.#around.paper) return;
    context.fillStyle = PAPER;
    context.fillRect(0, 0, width, height);
    context.setTransform(density, 0, 0, density, 0, 0);
    this.#drawRules(context);
  }

  /**
   * Draws points of the ink.
   * @param {Context} context @param {number} density
   * @param {number} from @param {number} to the first that is not drawn
   * @param {Partial<Pen>} [other] what is to be other than in the pen
   */
  drawInk(context, density, from, to, other = {}) {
    const { points, sheet } = this.#drawn;
    const pen = { ...this.#around.pen, ...other };
    const scale = sheet.unit * density;
    context.setTransform(scale, 0, 0, scale, this.#left * density, this.#top * density);
    // A pencil's grain has one size, whatever the resolution.
    const grainScale = pen.tip === "pencil" ? (scale * GRAIN_DENSITY) / density : scale;
    draw(/** @type {CanvasRenderingContext2D} */ (context), points, 0, from, to, pen, grainScale);
  }

  /**
   * The part of the picture that points are drawn on, in whole pixels.
   * @param {number} density @param {number} from @param {number} to
   */
  touched(density, from, to) {
    const { points, sheet } = this.#drawn;
    // A curve begins two points before.
    const first = Math.max(0, from - 2);
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = first; i < to; i++) {
      const [x, y] = [this.#left + points[3 * i] * sheet.unit, this.#top + points[3 * i + 1] * sheet.unit];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
    // A pen's line is at most half as broad again as its ordinary one, and has two sides.
    const reach = LINE * this.#around.pen.nib * sheet.unit + 1 / density;
    const { width, height } = this.pixels(density);
    const x = Math.max(0, Math.floor((left - reach) * density));
    const y = Math.max(0, Math.floor((top - reach) * density));
    return {
      x: Math.min(x, width - 1),
      y: Math.min(y, height - 1),
      width: Math.max(1, Math.min(width, Math.ceil((right + reach) * density)) - Math.min(x, width - 1)),
      height: Math.max(1, Math.min(height, Math.ceil((bottom + reach) * density)) - Math.min(y, height - 1)),
    };
  }

  /** Its size in pixels. @param {number} density @param {number} [multiple] of which both sides have to be */
  pixels(density, multiple = 1) {
    const side = (/** @type {number} */ mm) => Math.max(multiple, multiple * Math.round((mm * density) / multiple));
    return { width: side(this.width), height: side(this.height) };
  }

  /**
   * The picture as a PNG.
   * @param {number} dpi @param {number} [scale] of the picture's millimetres
   */
  async png(dpi, scale = 1) {
    const density = (scale * dpi) / 25.4;
    const canvas = document.createElement("canvas");
    const { width, height } = Object.assign(canvas, this.pixels(density));
    const context = canvas.getContext("2d");
    if (context) {
      this.drawGround(context, density);
      for (let from = 0; from < this.count; from += SLICE) {
        this.drawInk(context, density, from, Math.min(from + SLICE, this.count));
        await pause();
      }
    }
    const blob = context && (await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, "image/png")));
    // Frees the canvas' memory at once, not at the next garbage collection.
    canvas.width = canvas.height = 0;
    if (!blob) {
      throw new Error(allWords.export.tooLarge(width, height));
    }
    return new Blob([withResolution(new Uint8Array(await blob.arrayBuffer()), dpi)], { type: "image/png" });
  }

  /** What is printed on the paper, to the picture's edges; in millimetres. @param {Context} context */
  #drawRules(context) {
    const { sheet, page } = this.#drawn;
    const { across, upright, dotted } = rulesOf(sheet, page);
    const ys = extended(across, sheet.unit, this.#top, this.height);
    const xs = extended(upright, sheet.unit, this.#left, this.width);
    context.fillStyle = context.strokeStyle = RULE;
    if (!dotted) {
      for (const y of ys) context.fillRect(0, y - LINE_MM / 2, this.width, LINE_MM);
      for (const x of xs) context.fillRect(x - LINE_MM / 2, 0, LINE_MM, this.height);
      return;
    }
    if (xs.length < 2) return;
    context.save();
    context.lineWidth = DOT_MM;
    context.lineCap = "round";
    // Dots are dashes without a length.
    context.setLineDash([0, xs[1] - xs[0]]);
    context.beginPath();
    for (const y of ys) {
      context.moveTo(xs[0], y);
      context.lineTo(this.width + DOT_MM, y);
    }
    context.stroke();
    context.restore();
  }
}

/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */

/**
 * Where rules lie in a picture that is larger than its sheet: they go on at the same distance, to its edges.
 * @param {number[]} places in corpus units, evenly spaced @param {number} unit @param {number} offset of the sheet
 * @param {number} end of the picture, in millimetres as the result
 */
function extended(places, unit, offset, end) {
  const at = places.map((place) => offset + place * unit);
  const gap = at.length > 1 ? at[1] - at[0] : 0;
  if (gap > 0 && offset > 0) {
    while (at[0] - gap > 0) at.unshift(at[0] - gap);
    while (at[at.length - 1] + gap < end) at.push(at[at.length - 1] + gap);
  }
  return at.filter((place) => place > 0 && place < end);
}
