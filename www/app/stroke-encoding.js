// Strokes as a word that an address can hold: moves between whole corpus units, in base64url.

/** Most points that a link has room for. */
export const MOST = 3000;
/** No coordinate is further off, in corpus units: ink of thirty lines is not. */
const FAR = 1e6;

/** Ink as a link can hold it: of whole corpus units, a two-hundredth of an x. @param {Float32Array} points x, y, pen */
export const whole = (points) => points.map(Math.round);

/** @param {Float32Array} points x, y, pen, of whole units @returns {string} "" if they are too many */
export function asWord(points) {
  if (points.length > 3 * MOST) return "";
  /** @type {number[]} */
  const bytes = [];
  /** Seven bits a byte, the lowest first, the eighth says that more follow. @param {number} number */
  const add = (number) => {
    for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
    bytes.push(number);
  };
  /** Small numbers for what is near 0 on either side. @param {number} number */
  const folded = (number) => (number < 0 ? -2 * number - 1 : 2 * number);
  for (let i = 0, x = 0, y = 0; i < points.length; i += 3) {
    add(2 * folded(points[i] - x) + (points[i + 2] > 0.5 ? 1 : 0));
    add(folded(points[i + 1] - y));
    [x, y] = [points[i], points[i + 1]];
  }
  const word = btoa(String.fromCharCode(...bytes));
  return word.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What `asWord` was given; `undefined` for a word that no strokes have. @param {string} word */
export function fromWord(word) {
  /** @type {number[]} */
  const numbers = [];
  try {
    let [number, unit] = [0, 1];
    for (const sign of atob(word.replaceAll("-", "+").replaceAll("_", "/"))) {
      const byte = sign.charCodeAt(0);
      number += (byte % 128) * unit;
      unit *= 128;
      if (number > 8 * FAR) return undefined;
      if (byte > 127) continue;
      numbers.push(number);
      [number, unit] = [0, 1];
    }
    if (unit !== 1) return undefined;
  } catch {
    return undefined;
  }
  if (numbers.length === 0 || numbers.length % 2 || numbers.length > 2 * MOST) return undefined;
  const unfolded = (/** @type {number} */ number) => (number % 2 ? -(number + 1) / 2 : number / 2);
  const points = new Float32Array((numbers.length / 2) * 3);
  for (let i = 0, x = 0, y = 0; i < numbers.length; i += 2) {
    x += unfolded(Math.floor(numbers[i] / 2));
    y += unfolded(numbers[i + 1]);
    if (Math.abs(x) > FAR || Math.abs(y) > FAR) return undefined;
    points.set([x, y, numbers[i] % 2], (i / 2) * 3);
  }
  return points;
}
