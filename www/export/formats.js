// The formats of the export dialog, in the order of how many want them.

import { allWords } from "../words/words.js";

/**
 * - `kind`: "picture" is drawn by the page, "moving" too, frame by frame; "text" is written by the engine, "later" by the
 *   dialog's worker, from the engine's JSON.
 * - `group`: "all" for everybody, "machines" for plotters and programs.
 * - `pen`: whether the line is that of the pen, or has one width.
 * @typedef {object} Format
 * @property {string} [label] a name that is the same in all languages; the others, and the hints, are among the words
 * @property {string} extension
 * @property {string} type
 * @property {"picture" | "moving" | "text" | "later"} kind
 * @property {"all" | "machines"} group
 * @property {boolean} [pen]
 * @property {boolean} [moves] whether it is an animation
 */

/** @satisfies {Record<string, Format>} */
export const FORMATS = {
  png: {
    label: "PNG",
    extension: "png",
    type: "image/png",
    kind: "picture",
    group: "all",
    pen: true,
  },
  pdf: {
    label: "PDF",
    extension: "pdf",
    type: "application/pdf",
    kind: "later",
    group: "all",
    pen: true,
  },
  gif: {
    label: "GIF",
    extension: "gif",
    type: "image/gif",
    kind: "moving",
    group: "all",
    pen: true,
    moves: true,
  },
  mp4: {
    extension: "mp4",
    type: "video/mp4",
    kind: "moving",
    group: "all",
    pen: true,
    moves: true,
  },
  webm: {
    extension: "webm",
    type: "video/webm",
    kind: "moving",
    group: "all",
    pen: true,
    moves: true,
  },
  animated: {
    extension: "svg",
    type: "image/svg+xml",
    kind: "text",
    group: "all",
    moves: true,
  },
  lottie: {
    label: "Lottie",
    extension: "json",
    type: "application/json",
    kind: "later",
    group: "all",
    moves: true,
  },
  svg: {
    extension: "svg",
    type: "image/svg+xml",
    kind: "text",
    group: "machines",
  },
  outline: {
    extension: "svg",
    type: "image/svg+xml",
    kind: "text",
    group: "machines",
    pen: true,
  },
  gcode: {
    extension: "gcode",
    type: "text/plain",
    kind: "text",
    group: "machines",
  },
  hpgl: {
    label: "HPGL",
    extension: "hpgl",
    type: "application/vnd.hp-HPGL",
    kind: "later",
    group: "machines",
  },
  inkml: {
    label: "InkML",
    extension: "inkml",
    type: "application/inkml+xml",
    kind: "text",
    group: "machines",
  },
  json: {
    label: "JSON",
    extension: "json",
    type: "application/json",
    kind: "text",
    group: "machines",
  },
};

/** @typedef {keyof typeof FORMATS} FormatName */

/** @param {FormatName} name @returns {Format} */
export const formatOf = (name) => FORMATS[name];

/** What a format is called. @param {FormatName} name */
export const labelOf = (name) => formatOf(name).label ?? /** @type {Record<string, string>} */ (allWords.formats)[name];

/** Formats whose strokes can be put in another order. @type {FormatName[]} */
export const ORDERED = ["svg", "gcode", "hpgl"];
