// A writing as the fragment of an address: everything that determines the ink and its look, so that
// whoever opens the link gets the same. The fragment is not sent to any server.

import { fromWord } from "./stroke-encoding.js";

/** @typedef {import("../sheet/layout.js").Look} Look */

/**
 * @typedef {object} Wish what determines the points
 * @property {string} text
 * @property {number} bias
 * @property {number} temperature
 * @property {number} seed
 * @property {string} style name of the hand; "" for no one's
 * @property {string} blend name of a second hand; "" for none
 * @property {number} share of the second hand
 * @property {number} columns
 * @property {boolean} scribble
 * @property {string} own id of the visitor's own hand, which is not itself in the link; "" for none
 */

/** @typedef {Wish & Look} Shared */

/** Ranges of the numbers: those of the form's fields. */
const RANGES = {
  bias: { min: 0, max: 2, whole: false },
  temperature: { min: 0.2, max: 2, whole: false },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true },
  share: { min: 0, max: 1, whole: false },
  columns: { min: 10, max: 60, whole: true },
  nib: { min: 0.4, max: 2.5, whole: false },
  slant: { min: -30, max: 30, whole: false },
  wander: { min: 0, max: 1, whole: false },
};

/** What these can be; the first is meant where nothing is said. */
const CHOICES = {
  paper: ["free", "a4", "letter", "card"],
  orientation: ["portrait", "landscape"],
  ruling: ["plain", "ruled", "squared"],
  size: ["medium", "small", "large"],
  tip: ["fineliner", "fountain", "pencil"],
};

/** Not worth a place in the link. @type {Partial<Shared>} */
const USUAL = { nib: 1, slant: 0, wander: 0 };

/** As much as the text field takes. */
export const LONGEST = 100_000;

/**
 * @param {Shared} shared
 * @param {string} weights fingerprint of the network, "" if nobody knows it yet
 * @param {string} [strokes] that are gone on with, as strokes.js writes them
 */
export function toFragment(shared, weights, strokes = "") {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(shared)) {
    if (value === "" || value === false || value === USUAL[/** @type {keyof Shared} */ (key)]) continue;
    if (key === "share" && shared.blend === "") continue;
    if (CHOICES[/** @type {keyof typeof CHOICES} */ (key)]?.[0] === value) continue;
    parameters.set(key, value === true ? "1" : String(value));
  }
  if (strokes) parameters.set("strokes", strokes);
  if (weights) parameters.set("weights", weights);
  return `#${parameters}`;
}

/**
 * What a fragment says, as far as it makes sense; `problems` names what does not. `strokes` are points to
 * go on from: x, y, pen. `undefined` for a fragment that is no writing.
 * @param {string} fragment
 */
export function fromFragment(fragment) {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!parameters.has("seed")) return undefined;
  /** @type {string[]} */
  const problems = [];
  const text = parameters.get("text") ?? "";
  if (text.length > LONGEST) problems.push(`The link’s text is longer than ${LONGEST} letters; the rest is left out.`);
  /** @type {Record<string, unknown>} */
  const shared = {
    text: text.slice(0, LONGEST),
    style: parameters.get("style") ?? "",
    blend: parameters.get("blend") ?? "",
    scribble: parameters.get("scribble") === "1",
    own: /^[0-9a-f]{16}$/.test(parameters.get("own") ?? "") ? parameters.get("own") : "",
    ...USUAL,
  };
  for (const [key, { min, max, whole }] of Object.entries(RANGES)) {
    const given = parameters.get(key);
    if (given === null) continue;
    const value = given.trim() === "" ? NaN : Number(given);
    if (Number.isNaN(value)) {
      problems.push(`The link’s ${key} is no number from ${min} to ${max}.`);
      continue;
    }
    const near = Math.min(max, Math.max(min, whole && Number.isFinite(value) ? Math.round(value) : value));
    if (near !== value) problems.push(`The link’s ${key} is no number from ${min} to ${max}: ${near} is taken.`);
    shared[key] = near;
  }
  for (const [key, values] of Object.entries(CHOICES)) {
    const given = parameters.get(key) ?? values[0];
    if (!values.includes(given)) problems.push(`The link’s ${key} is none of ${values.join(", ")}.`);
    shared[key] = values.includes(given) ? given : values[0];
  }
  const ink = parameters.get("ink");
  if (ink !== null && /^#[0-9a-f]{6}$/i.test(ink)) shared.ink = ink.toLowerCase();
  else if (ink !== null) problems.push("The link’s ink is no colour.");
  const word = parameters.get("strokes");
  const strokes = word === null ? undefined : fromWord(word);
  if (word !== null && !strokes) problems.push("The link’s strokes are damaged and left out.");
  const weights = parameters.get("weights") ?? "";
  return { shared: /** @type {Partial<Shared>} */ (shared), problems, weights, strokes };
}
