// When a moving picture shows how much of its ink.

/**
 * How a picture moves.
 * @typedef {object} Motion
 * @property {number} count points of its ink
 * @property {number} sampleMs pen time from point to point, in milliseconds
 * @property {number} speed 1 is as fast as people write
 * @property {number} rest seconds for which the finished picture is shown
 */

/** Seconds that it takes, the rest included. @param {Motion} motion */
export const duration = ({ count, sampleMs, speed, rest }) => (count * sampleMs) / speed / 1000 + rest;

/** Points that are drawn after some seconds. @param {Motion} motion @param {number} seconds */
export const drawnAfter = ({ count, sampleMs, speed }, seconds) =>
  Math.min(count, Math.floor((seconds * 1000 * speed) / sampleMs + 1e-6));

/**
 * Its frames: how many points each shows, and for how many seconds. The last one shows all, for at least `rest` seconds.
 * @param {Motion} motion @param {number} rate frames in a second
 */
export function frames(motion, rate) {
  const moving = Math.max(1, Math.ceil((duration({ ...motion, rest: 0 }) - 1e-6) * rate));
  /** @type {{ points: number, seconds: number }[]} */
  const all = [];
  for (let i = 1; i <= moving; i++) {
    const points = i === moving ? motion.count : drawnAfter(motion, i / rate);
    all.push({ points, seconds: 1 / rate });
  }
  all[all.length - 1].seconds += motion.rest;
  return all;
}
