// GIFs: drawn here, reduced to few colours and packed by the worker.

import { allWords } from "../words/words.js";
import { pause } from "./picture.js";
import { frames } from "./timeline.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./messages.js").SheetFileClient} SheetFileClient */

/** Frames of a second at most: GIF counts hundredths, and viewers show shorter ones than two of these slowly. */
const HUNDREDTHS = 100;

/**
 * @param {Picture} picture @param {SheetFileClient} client
 * @param {import("./video.js").Making & { transparent: boolean }} making
 */
export async function gif(picture, client, { size, rate, motion, transparent, signal, onProgress }) {
  const density = size / Math.max(picture.width, picture.height);
  const { width, height } = picture.pixels(density);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(allWords.export.tooLarge(width, height));
  // Its colours are those of the whole.
  picture.drawGround(context, density);
  picture.drawInk(context, density, 0, picture.count);
  const pixels = (/** @type {{ x: number, y: number, width: number, height: number }} */ { x, y, width, height }) =>
    context.getImageData(x, y, width, height).data;
  const all = { x: 0, y: 0, width, height };
  const whole = pixels(all);
  await client.request("beginGif", { pixels: whole, width, height, transparent }, { signal, transfer: [whole.buffer] });
  picture.drawGround(context, density);
  const schedule = frames(motion, rate);
  let drawn = 0;
  for (const [i, { points, seconds }] of schedule.entries()) {
    signal.throwIfAborted();
    // The first frame is all of the picture, later ones what has changed.
    const area = i === 0 ? all : picture.touched(density, drawn, Math.max(points, drawn + 1));
    picture.drawInk(context, density, drawn, points);
    drawn = points;
    const data = pixels(area);
    await client.request("addToGif", { pixels: data, ...area, hundredths: Math.round(seconds * HUNDREDTHS) }, { signal, transfer: [data.buffer] });
    onProgress(i / schedule.length);
    if (i % 8 === 0) await pause();
  }
  canvas.width = canvas.height = 0;
  return new Blob([await client.request("endGif", {}, { signal })], { type: "image/gif" });
}
