// Takes of earlier visits: what is needed to write them again, with their small pictures, each under a key of its own,
// so that pages in several tabs keep theirs side by side.

import { fromFragment, toFragment } from "./link.js";
import { recall, remember, remembered } from "./stored.js";
import { encodeStrokes } from "./stroke-encoding.js";

/** @typedef {import("./link.js").Settings} Settings */

/**
 * A take that is not written in this visit.
 * @typedef {object} StoredTake
 * @property {string} key
 * @property {Settings} settings
 * @property {Float32Array} strokes that the network continues: x, y, pen
 * @property {boolean} kept
 * @property {string} picture a PNG in base64; "" for none
 */

const KEY = "take ";
/** What a picture's address begins with. */
const PNG = "data:image/png;base64,";

let count = 0;

/** A key that sorts behind all earlier ones. */
export function newKey() {
  count += 1;
  return `${KEY}${Date.now().toString(36).padStart(9, "0")} ${String(count).padStart(4, "0")}`;
}

/**
 * Those that are stored, the oldest first. What is there besides `most` that were not kept is forgotten.
 * @param {Settings} usual for what a link leaves out
 * @param {number} most
 * @returns {StoredTake[]}
 */
export function storedTakes(usual, most) {
  const found = [];
  for (const key of remembered(KEY).sort()) {
    const take = read(key, usual);
    if (take) found.push(take);
    else remember(key, undefined);
  }
  const loose = found.filter(({ kept }) => !kept);
  const gone = new Set(loose.slice(0, Math.max(0, loose.length - most)));
  for (const { key } of gone) remember(key, undefined);
  return found.filter((take) => !gone.has(take));
}

/** @param {string} key @param {Settings} usual @returns {StoredTake | undefined} */
function read(key, usual) {
  try {
    const { fragment, kept, picture } = JSON.parse(recall(key) ?? "null") ?? {};
    const link = typeof fragment === "string" ? fromFragment(fragment) : undefined;
    if (!link) return undefined;
    return {
      key,
      settings: { ...usual, ...link.settings, columns: link.settings.columns },
      strokes: link.strokes ?? new Float32Array(),
      kept: kept === true,
      picture: typeof picture === "string" ? picture : "",
    };
  } catch {
    return undefined;
  }
}

/**
 * Stores a take, if need be in the place of the oldest that were not kept.
 * @param {string} key @param {{ settings: Settings, strokes: Float32Array }} written @param {boolean} kept
 * @param {HTMLCanvasElement} picture
 */
export function storeTake(key, { settings, strokes }, kept, picture) {
  const encoded = encodeStrokes(strokes);
  // Without its strokes it would be another one.
  if (strokes.length && !encoded) return;
  const fragment = toFragment(settings, "", encoded);
  const image = picture.toDataURL();
  const entry = JSON.stringify({ fragment, kept, picture: image.startsWith(PNG) ? image.slice(PNG.length) : "" });
  const others = remembered(KEY).filter((other) => other !== key).sort();
  while (!remember(key, entry)) {
    const oldest = others.findIndex((other) => !recall(other)?.includes('"kept":true'));
    if (oldest < 0) return;
    remember(others.splice(oldest, 1)[0], undefined);
  }
}

/** @param {string} key */
export function forgetTake(key) {
  remember(key, undefined);
}

/** Draws a stored picture. @param {string} picture @param {HTMLCanvasElement} canvas */
export async function showPicture(picture, canvas) {
  if (picture === "") return;
  try {
    const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    image.close();
  } catch {
    // It is drawn when the take is written again.
  }
}

/** What determines the points of a take: two that agree are the same ink. @param {Settings} settings @param {Float32Array} strokes */
export function inkOf(settings, strokes) {
  const { text, bias, temperature, seed, style, blend, share, columns, scribble, captured, strength } = settings;
  const hands = [style, blend, blend && share, captured, captured && strength];
  return JSON.stringify([text, bias, temperature, seed, columns, scribble, hands, encodeStrokes(strokes)]);
}
