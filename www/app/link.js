// A text with its settings as the fragment of an address: everything that determines the ink and its look, so that
// whoever opens the link sees the same. Browsers do not send the fragment to servers.

import { words } from "../words/words.js";
import { decodeStrokes } from "./stroke-encoding.js";

/** @typedef {import("../sheet/ink.js").Pen} Pen */

/**
 * How the sheet looks: what does not change which points the engine draws.
 * @typedef {object} PaperSettings
 * @property {"free" | import("../pkg/running_hand.js").PaperName | "own"} paper
 * @property {number} sheetWidth of paper of an own size
 * @property {number} sheetHeight
 * @property {"mm" | "in"} sheetUnit of both
 * @property {"portrait" | "landscape"} orientation
 * @property {"plain" | "ruled" | "squared" | "dotted"} ruling
 * @property {"small" | "medium" | "large" | "fitted"} size of the letters; "fitted" to the pitch
 * @property {number | ""} pitch distance of the lines in mm; "" for one that suits the letters
 * @property {number | ""} marginTop in mm; "" for the usual one, as with the next three
 * @property {number | ""} marginRight
 * @property {number | ""} marginBottom
 * @property {number | ""} marginLeft
 * @property {number | ""} firstTop top margin of the first sheet in mm; "" for that of the others
 * @property {boolean} mirrorMargins whether left and right change places on every second sheet
 * @property {boolean} unnumbered whether sheets have no numbers
 * @property {number} slant degrees to the right
 * @property {number} wander 0 to 1: how much lines and words wander
 */

/** @typedef {PaperSettings & Pen} Look */

/**
 * What determines the points.
 * @typedef {object} WritingSettings
 * @property {string} text
 * @property {number} bias
 * @property {number} temperature
 * @property {number} seed
 * @property {string} style name of the hand; "" for none
 * @property {string} blend name of a second hand; "" for none
 * @property {number} share of the second hand
 * @property {number | undefined} columns most characters in a line; `undefined` for as many as fit
 * @property {boolean} scribble whether to write without the text
 * @property {string} captured id of a hand that the visitor drew; "" for none. The hand itself is not in the link
 * @property {number} [strength] how much of such a hand is used, if it was learnt
 */

/** @typedef {WritingSettings & Look} Settings */

/** Ranges of the numbers: those of the form's fields. */
const RANGES = {
  bias: { min: 0, max: 2, whole: false },
  temperature: { min: 0.2, max: 2, whole: false },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true },
  share: { min: 0, max: 1, whole: false },
  strength: { min: 0, max: 1, whole: false },
  columns: { min: 10, max: 60, whole: true },
  nib: { min: 0.4, max: 2.5, whole: false },
  slant: { min: -30, max: 30, whole: false },
  wander: { min: 0, max: 1, whole: false },
  sheetWidth: { min: 1, max: 2000, whole: false },
  sheetHeight: { min: 1, max: 2000, whole: false },
  pitch: { min: 2, max: 200, whole: false },
  marginTop: { min: 0, max: 1000, whole: false },
  marginRight: { min: 0, max: 1000, whole: false },
  marginBottom: { min: 0, max: 1000, whole: false },
  marginLeft: { min: 0, max: 1000, whole: false },
  firstTop: { min: 0, max: 1000, whole: false },
};

/** Allowed values; the first is the default, which links leave out. */
const CHOICES = {
  paper: ["free", "a4", "a5", "card", "letter", "legal", "envelope-dl", "envelope-c6", "envelope-10", "own"],
  sheetUnit: ["mm", "in"],
  orientation: ["portrait", "landscape"],
  ruling: ["plain", "ruled", "squared", "dotted"],
  size: ["medium", "small", "large", "fitted"],
  tip: ["fineliner", "fountain", "pencil"],
};

/** Default numbers, which links leave out. @type {Partial<Settings>} */
const DEFAULTS = {
  nib: 1,
  slant: 0,
  wander: 0,
  sheetWidth: 120,
  sheetHeight: 80,
  pitch: "",
  marginTop: "",
  marginRight: "",
  marginBottom: "",
  marginLeft: "",
  firstTop: "",
};

/** Settings of the look. @type {(keyof Look)[]} */
export const LOOK_KEYS = [
  ...["paper", "sheetWidth", "sheetHeight", "sheetUnit", "orientation", "ruling", "size", "pitch"],
  ...["marginTop", "marginRight", "marginBottom", "marginLeft", "firstTop", "mirrorMargins", "unnumbered", "slant", "wander"],
  ...["ink", "tip", "nib"],
].map((key) => /** @type {keyof Look} */ (key));
/** What a link has that is not made by the page, if it does not say otherwise. @type {Partial<Settings>} */
const USUAL = { seed: 1, bias: 0.75, temperature: 1 };

/** Characters that the text field takes. */
export const MAX_TEXT = 100_000;

/**
 * @param {Settings} settings
 * @param {string} weights fingerprint of the network; "" if it is not known yet
 * @param {string} [strokes] encoded strokes that are continued, see stroke-encoding.js
 */
export function toFragment(settings, weights, strokes = "") {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined || value === "" || value === false || value === DEFAULTS[/** @type {keyof Settings} */ (key)]) continue;
    if (key === "share" && settings.blend === "") continue;
    if (CHOICES[/** @type {keyof typeof CHOICES} */ (key)]?.[0] === value) continue;
    parameters.set(key, value === true ? "1" : String(value));
  }
  if (strokes) parameters.set("strokes", strokes);
  if (weights) parameters.set("weights", weights);
  return `#${parameters}`;
}

/**
 * The settings in a fragment, each within its range; `problems` says what was wrong with others. `strokes` are points
 * (x, y, pen) to continue. A link may have a text alone, such as `#text=Happy birthday`: what determines its ink is then
 * as usual, and the hand stays. `undefined` if the fragment is not a link to a text.
 * @param {string} fragment
 */
export function fromFragment(fragment) {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!parameters.has("seed") && !parameters.has("text")) return undefined;
  /** @type {string[]} */
  const problems = [];
  const text = parameters.get("text") ?? "";
  if (text.length > MAX_TEXT) problems.push(words.link.textTooLong(MAX_TEXT));
  const captured = parameters.get("captured") ?? "";
  /** @type {Record<string, unknown>} */
  const settings = {
    text: text.slice(0, MAX_TEXT),
    style: parameters.get("style") ?? "",
    blend: parameters.get("blend") ?? "",
    scribble: parameters.get("scribble") === "1",
    mirrorMargins: parameters.get("mirrorMargins") === "1",
    unnumbered: parameters.get("unnumbered") === "1",
    captured: /^[0-9a-f]{16}$/.test(captured) ? captured : "",
    ...DEFAULTS,
  };
  if (!parameters.has("seed")) {
    Object.assign(settings, USUAL);
    if (!parameters.has("style")) delete settings.style;
  }
  const { link: says, settings: names } = words;
  for (const [key, { min, max, whole }] of Object.entries(RANGES)) {
    const name = names[/** @type {keyof typeof RANGES} */ (key)];
    const found = parameters.get(key);
    if (found === null) continue;
    const value = found.trim() === "" ? NaN : Number(found);
    if (Number.isNaN(value)) {
      problems.push(says.notNumber(name));
      continue;
    }
    const near = Math.min(max, Math.max(min, whole && Number.isFinite(value) ? Math.round(value) : value));
    if (value < min || value > max) problems.push(says.outOfRange(name, min, max, near));
    else if (near !== value) problems.push(says.notWhole(name, near));
    settings[key] = near;
  }
  for (const [key, values] of Object.entries(CHOICES)) {
    const found = parameters.get(key) ?? values[0];
    if (!values.includes(found)) problems.push(says.notChoice(names[/** @type {keyof typeof CHOICES} */ (key)]));
    settings[key] = values.includes(found) ? found : values[0];
  }
  const ink = parameters.get("ink");
  if (ink !== null && /^#[0-9a-f]{6}$/i.test(ink)) settings.ink = ink.toLowerCase();
  else if (ink !== null) problems.push(says.inkNotColour);
  const encoded = parameters.get("strokes");
  const strokes = encoded === null ? undefined : decodeStrokes(encoded);
  if (encoded !== null && !strokes) problems.push(says.strokesDamaged);
  const weights = parameters.get("weights") ?? "";
  return { settings: /** @type {Partial<Settings>} */ (settings), problems, weights, strokes };
}
