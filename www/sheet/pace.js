// How fast the pen moves.

/** Speed of the pen in texts that are short, compared with a hand's. */
export const USUAL = 4;
/** Seconds that a text takes at most, however long it is, as far as the engine keeps up. */
const LONGEST = 26;
/** Texts that take fewer seconds than this at the usual speed are written at it. */
const UNHURRIED = 9;
/** Points of an average character. */
const POINTS_PER_CHARACTER = 24;

/**
 * How far the pen is.
 * @typedef {object} Progress
 * @property {number} drawn points that are drawn
 * @property {number} known points that have come
 * @property {boolean} ended whether all have come
 * @property {number} elapsed milliseconds since the first one came
 */

/** Points per millisecond at a multiple of a hand's speed. @param {number} times @param {number} sampleMs */
export const steadyRate = (times, sampleMs) => times / sampleMs;

/**
 * Points per millisecond at a speed that suits the text's length: the pen hurries where a text is long, and more the
 * more it is behind.
 * @param {Progress} progress @param {number} characters of the text @param {number} sampleMs
 */
export function suitableRate({ drawn, known, ended, elapsed }, characters, sampleMs) {
  const usual = steadyRate(USUAL, sampleMs);
  const points = ended ? known : Math.max(known, characters * POINTS_PER_CHARACTER);
  const unhurried = points / usual / 1000;
  if (unhurried <= UNHURRIED) return usual;
  // Longer texts take longer, but ever less so.
  const room = LONGEST - UNHURRIED;
  const seconds = UNHURRIED + room * (1 - Math.exp((UNHURRIED - unhurried) / (2 * room)));
  const left = Math.max(250, 1000 * seconds - elapsed);
  return Math.max(usual, (points - drawn) / left);
}
