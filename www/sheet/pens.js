// Draws ink as the pens do: curves through the midpoints between points, as in the exports.

/** @typedef {import("./ink.js").Pen} Pen */

/** Width of an ordinary pen's line, in corpus units. */
export const LINE = 15;

/** Distance between points, in corpus units, at which the speed neither broadens nor narrows the line of a fountain pen. */
const NEUTRAL_DISTANCE = 34;

/**
 * Width of a fountain pen's line from one point to the next, relative to its ordinary width: broader where the pen is
 * slow, and where it moves down to the right, across its nib.
 * @param {number} dx @param {number} dy
 */
function nibWidth(dx, dy) {
  const distance = Math.hypot(dx, dy);
  const speed = 1.28 - 0.42 * Math.min(1.6, distance / NEUTRAL_DISTANCE);
  const across = distance > 0 ? Math.abs(Math.sin(Math.atan2(dy, dx) + 0.7)) : 0.7;
  return speed * (0.66 + 0.5 * across);
}

/** A tile with a pencil's grain: how much graphite the paper takes. @type {HTMLCanvasElement | undefined} */
let grain;
let grainColour = "";

/** @param {string} colour */
function grainTile(colour) {
  if (grain && grainColour === colour) return grain;
  const size = 192;
  grain = document.createElement("canvas");
  grain.width = grain.height = size;
  grainColour = colour;
  const context = grain.getContext("2d");
  if (!context) return grain;
  context.fillStyle = colour;
  context.fillRect(0, 0, size, size);
  const picture = context.getImageData(0, 0, size, size);
  let state = 1;
  for (let i = 3; i < picture.data.length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const coarse = state / 4294967296;
    picture.data[i] = coarse < 0.2 ? 40 : 120 + 120 * coarse;
  }
  context.putImageData(picture, 0, 0);
  return grain;
}

/**
 * Draws the points `from` ≤ i < `to` of a page. The context's transform maps page coordinates.
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} points x, y, pen
 * @param {number} first point of the page
 * @param {number} from @param {number} to
 * @param {Pen} look
 * @param {number} scale device pixels of a corpus unit
 * @param {number} [least] width of the thinnest pen's line, in corpus units
 */
export function draw(context, points, first, from, to, look, scale, least = 0.9 / scale) {
  if (from >= to) return;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = look.ink;
  const width = Math.max(LINE, least) * look.nib;
  if (look.tip === "fountain") {
    fountain(context, points, first, from, to, width);
    return;
  }
  if (look.tip === "pencil") {
    const pattern = context.createPattern(grainTile(look.ink), "repeat");
    // The grain has a fixed size on the screen, whatever the size of the ink.
    pattern?.setTransform(new DOMMatrix().scale(0.8 / scale));
    if (pattern) context.strokeStyle = pattern;
  }
  context.lineWidth = look.tip === "pencil" ? width * 1.15 : width;
  context.beginPath();
  for (let i = from; i < to; i++) segment(context, points, first, i);
  context.stroke();
}

/** Whether a point begins a stroke. @param {Float32Array} points @param {number} first @param {number} i */
const starts = (points, first, i) => i === first || points[3 * i - 1] > 0.5;

/**
 * Adds to a path what a point completes: the curve around the point before it, from midpoint to midpoint.
 * @param {CanvasRenderingContext2D | Path2D} path @param {Float32Array} points @param {number} first @param {number} i
 */
function segment(path, points, first, i) {
  const [x, y, lifts] = [points[3 * i], points[3 * i + 1], points[3 * i + 2] > 0.5];
  if (starts(points, first, i)) {
    // A stroke of one point is a dot; of a longer stroke, the next point draws the beginning.
    if (lifts) {
      path.moveTo(x, y);
      path.lineTo(x, y);
    }
    return;
  }
  const [px, py] = [points[3 * i - 3], points[3 * i - 2]];
  if (starts(points, first, i - 1)) {
    path.moveTo(px, py);
    path.lineTo((px + x) / 2, (py + y) / 2);
  } else {
    const [ppx, ppy] = [points[3 * i - 6], points[3 * i - 5]];
    path.moveTo((ppx + px) / 2, (ppy + py) / 2);
    path.quadraticCurveTo(px, py, (px + x) / 2, (py + y) / 2);
  }
  if (lifts) path.lineTo(x, y);
}

/**
 * Relative width of a fountain pen's line at a point: a weighted mean over the last points, so that it changes smoothly.
 * @param {Float32Array} points @param {number} first @param {number} i
 */
export function fountainWidth(points, first, i) {
  let sum = 0;
  let weights = 0;
  for (let k = i, weight = 1; k >= i - 5; k--, weight *= 0.68) {
    if (k < first || starts(points, first, k)) break;
    sum += weight * nibWidth(points[3 * k] - points[3 * k - 3], points[3 * k + 1] - points[3 * k - 2]);
    weights += weight;
  }
  return weights ? sum / weights : 1.15;
}

/**
 * @param {CanvasRenderingContext2D} context @param {Float32Array} points
 * @param {number} first @param {number} from @param {number} to @param {number} width
 */
function fountain(context, points, first, from, to, width) {
  for (let i = from; i < to; i++) {
    context.lineWidth = width * fountainWidth(points, first, i);
    context.beginPath();
    segment(context, points, first, i);
    context.stroke();
  }
}

/**
 * The same as SVG path data, for print: paths of equal width, of the points `from` ≤ i < `to` of one page.
 * @param {Float32Array} points @param {number} from @param {number} to @param {Pen} look
 * @returns {Map<number, string>} data by line width
 */
export function paths(points, from, to, look) {
  /** @type {Map<number, string[]>} */
  const byWidth = new Map();
  /** @type {string[]} */ let parts = [];
  const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;
  const recorder = /** @type {Path2D} */ (
    /** @type {unknown} */ ({
      moveTo: (/** @type {number} */ x, /** @type {number} */ y) => parts.push(`M${round(x)} ${round(y)}`),
      lineTo: (/** @type {number} */ x, /** @type {number} */ y) => parts.push(`L${round(x)} ${round(y)}`),
      quadraticCurveTo: (/** @type {number[]} */ ...at) => parts.push(`Q${at.map(round).join(" ")}`),
    })
  );
  for (let i = from; i < to; i++) {
    const relative = look.tip === "fountain" ? fountainWidth(points, from, i) : 1;
    // Rounded to twelfths, which is not visible, so that many segments share a path.
    const width = round(LINE * look.nib * (Math.round(relative * 12) / 12));
    parts = byWidth.get(width) ?? [];
    byWidth.set(width, parts);
    segment(recorder, points, from, i);
  }
  return new Map([...byWidth].map(([width, parts]) => [width, parts.join("")]));
}
