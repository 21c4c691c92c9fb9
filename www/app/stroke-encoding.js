// Strokes as text for a link: differences of whole coordinates, as variable-length numbers, in base64url.

/** Points that a link has room for. */
export const MAX_POINTS = 3000;
/** Largest coordinate in corpus units; ink of thirty lines stays far below it. */
const MAX_COORDINATE = 1e6;

/** Rounds points to whole corpus units, as links have them; an x is 200 high. @param {Float32Array} points x, y, pen */
export const roundStrokes = (points) => points.map(Math.round);

/**
 * The inverse of `decodeStrokes`.
 * @param {Float32Array} points x, y, pen; whole numbers
 * @returns {string} "" if there are too many points
 */
export function encodeStrokes(points) {
  if (points.length > 3 * MAX_POINTS) return "";
  /** @type {number[]} */
  const bytes = [];
  /** LEB128: seven bits a byte, lowest first; the eighth bit says that more follow. @param {number} number */
  const add = (number) => {
    for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
    bytes.push(number);
  };
  /** Zigzag: small numbers for small absolute values. @param {number} number */
  const zigzag = (number) => (number < 0 ? -2 * number - 1 : 2 * number);
  for (let i = 0, x = 0, y = 0; i < points.length; i += 3) {
    add(2 * zigzag(points[i] - x) + (points[i + 2] > 0.5 ? 1 : 0));
    add(zigzag(points[i + 1] - y));
    [x, y] = [points[i], points[i + 1]];
  }
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The points of encoded strokes; `undefined` if the text is damaged. @param {string} encoded */
export function decodeStrokes(encoded) {
  /** @type {number[]} */
  const numbers = [];
  try {
    let [number, unit] = [0, 1];
    for (const character of atob(encoded.replaceAll("-", "+").replaceAll("_", "/"))) {
      const byte = character.charCodeAt(0);
      number += (byte % 128) * unit;
      unit *= 128;
      if (number > 8 * MAX_COORDINATE) return undefined;
      if (byte > 127) continue;
      numbers.push(number);
      [number, unit] = [0, 1];
    }
    if (unit !== 1) return undefined;
  } catch {
    return undefined;
  }
  if (numbers.length === 0 || numbers.length % 2 || numbers.length > 2 * MAX_POINTS) return undefined;
  const unzigzag = (/** @type {number} */ number) => (number % 2 ? -(number + 1) / 2 : number / 2);
  const points = new Float32Array((numbers.length / 2) * 3);
  for (let i = 0, x = 0, y = 0; i < numbers.length; i += 2) {
    x += unzigzag(Math.floor(numbers[i] / 2));
    y += unzigzag(numbers[i + 1]);
    if (Math.abs(x) > MAX_COORDINATE || Math.abs(y) > MAX_COORDINATE) return undefined;
    points.set([x, y, numbers[i] % 2], (i / 2) * 3);
  }
  return points;
}
