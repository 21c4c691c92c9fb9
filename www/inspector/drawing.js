// Draws snapshots: the mixture as clouds where the pen may go, the window over the text, the chance of pen lifts.

import { allWords } from "../words/words.js";

/** @typedef {import("./snapshots.js").InspectedLine} InspectedLine */

/** Components of less weight are not drawn, except the one that was chosen. */
const MIN_WEIGHT = 0.004;
/** Radii of a cloud's rings, in standard deviations. */
const RINGS = [2, 1];

/**
 * A component as an ellipse on the page: its centre as an offset from the pen, semi-axes of one standard deviation
 * (from the eigenvalues of the covariance) and the angle of the longer one.
 * @typedef {{ x: number, y: number, long: number, short: number, angle: number, pi: number, chosen: boolean }} Cloud
 */

/** @param {InspectedLine} line @param {number} snapshot @returns {Cloud[]} the lightest first */
export function clouds(line, snapshot) {
  const { sd, mixtures } = line.info;
  const { chosen, map } = line.head(snapshot);
  const [a, b, c, d] = map;
  /** @type {Cloud[]} */
  const found = [];
  for (let j = 0; j < mixtures; j++) {
    const { pi, mu, sigma, rho } = line.component(snapshot, j);
    if (pi < MIN_WEIGHT && j !== chosen) continue;
    const [mx, my] = line.offset(mu);
    const [sx, sy] = [sigma[0] * sd[0], sigma[1] * sd[1]];
    const [p, q, r] = [sx * sx, rho * sx * sy, sy * sy];
    // A Σ Aᵀ
    const uu = a * a * p + 2 * a * b * q + b * b * r;
    const uv = a * c * p + (a * d + b * c) * q + b * d * r;
    const vv = c * c * p + 2 * c * d * q + d * d * r;
    const root = Math.sqrt(((uu - vv) * (uu - vv)) / 4 + uv * uv);
    found.push({
      x: a * mx + b * my,
      y: c * mx + d * my,
      long: Math.sqrt((uu + vv) / 2 + root),
      short: Math.sqrt(Math.max(0, (uu + vv) / 2 - root)),
      angle: Math.atan2(2 * uv, uu - vv) / 2,
      pi,
      chosen: j === chosen,
    });
  }
  return found.sort((one, other) => one.pi - other.pi);
}

/**
 * Sizes a canvas to the screen's resolution and clears it; the context returned draws in CSS pixels.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function prepareCanvas(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  if (!context) throw new Error(allWords.status.noCanvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * Draws clouds around (x, y).
 * @param {CanvasRenderingContext2D} context @param {Cloud[]} clouds
 * @param {number} x @param {number} y @param {number} scale pixels of a unit
 * @param {string} colour @param {number} least semi-axis in pixels, so that small clouds are visible
 */
export function drawClouds(context, clouds, x, y, scale, colour, least) {
  context.fillStyle = colour;
  context.strokeStyle = colour;
  const ellipse = (/** @type {Cloud} */ cloud, /** @type {number} */ ring) => {
    context.beginPath();
    context.ellipse(
      x + cloud.x * scale,
      y + cloud.y * scale,
      Math.max(least, ring * cloud.long * scale),
      Math.max(least, ring * cloud.short * scale),
      cloud.angle,
      0,
      2 * Math.PI,
    );
  };
  for (const cloud of clouds) {
    for (const ring of RINGS) {
      context.globalAlpha = 0.05 + 0.5 * cloud.pi;
      ellipse(cloud, ring);
      context.fill();
    }
  }
  const chosen = clouds.find((cloud) => cloud.chosen);
  if (chosen && least < 1) {
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    ellipse(chosen, RINGS[0]);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/**
 * What the magnifier shows: a circle, in page coordinates.
 * @typedef {{ x: number, y: number, reach: number }} Camera
 */

/**
 * Where the magnifier should be: halfway between the pen and the clouds' mean, large enough to contain both and the
 * point that was drawn. It does not become smaller for small changes.
 * @param {Cloud[]} clouds @param {[number, number]} pen on the page
 * @param {[number, number]} drawn offset @param {number} before reach of the last frame @returns {Camera}
 */
export function aim(clouds, [px, py], drawn, before) {
  const [x, y] = clouds.reduce(([x, y], cloud) => [x + cloud.pi * cloud.x, y + cloud.pi * cloud.y], [0, 0]);
  const [cx, cy] = [x / 2, y / 2];
  let reach = Math.max(7, Math.hypot(cx, cy), Math.hypot(drawn[0] - cx, drawn[1] - cy));
  for (const cloud of clouds) {
    if (cloud.pi > 0.04) reach = Math.max(reach, Math.hypot(cloud.x - cx, cloud.y - cy) + 1.6 * cloud.long);
  }
  reach *= 1.35;
  return { x: px + cx, y: py + cy, reach: reach < before && reach > before / 1.7 ? before : reach };
}

/**
 * Moves the magnifier a step towards where it should be; over large distances it jumps.
 * @param {Camera} camera @param {Camera} target @param {number} step share of the way
 * @returns {{ camera: Camera, there: boolean }}
 */
export function glide(camera, target, step) {
  const [x, y, reach] = [target.x - camera.x, target.y - camera.y, target.reach - camera.reach];
  const off = Math.hypot(x, y, reach) / target.reach;
  if (step === 1 || off < 0.01 || off > 12) return { camera: target, there: true };
  const next = { x: camera.x + step * x, y: camera.y + step * y, reach: camera.reach + step * reach };
  return { camera: next, there: false };
}

/**
 * Draws the ink of the points `from` ≤ i < `to` that is within the view, in a constant width.
 * @param {CanvasRenderingContext2D} context @param {Float32Array} points @param {number} from @param {number} to
 * @param {(x: number, y: number) => [number, number]} place @param {{ width: number, height: number }} view
 */
export function drawInk(context, points, from, to, place, { width, height }) {
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  let down = false;
  let [px, py] = [0, 0];
  for (let i = from; i < to; i++) {
    const [x, y] = place(points[3 * i], points[3 * i + 1]);
    const near = (down ? Math.max(x, px) : x) > -width && (down ? Math.min(x, px) : x) < 2 * width && y > -2 * height;
    if (down && near && y < 3 * height) {
      context.moveTo(px, py);
      context.lineTo(x, y);
    }
    [px, py] = [x, y];
    down = points[3 * i + 2] < 0.5;
  }
  context.stroke();
  // The last points themselves: the network's input.
  context.fillStyle = "#fff";
  context.globalAlpha = 0.7;
  for (let i = Math.max(from, to - 60); i < to - 1; i++) {
    const [x, y] = place(points[3 * i], points[3 * i + 1]);
    context.beginPath();
    context.arc(x, y, context.lineWidth * 0.22, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Pictures over time, in CSS pixels: room for letters at the left, heights of a character's row and of the pen lifts. */
export const TIME = { left: 26, row: { least: 8, most: 16, total: 400 }, lift: 56 };

/** @typedef {{ text: string, quiet: string, heat: string, cloud: string }} Colours */

/** Height of a character's row in the window's picture. @param {number} characters */
export function rowHeight(characters) {
  return Math.round(Math.min(TIME.row.most, Math.max(TIME.row.least, TIME.row.total / Math.max(1, characters))));
}

/** The window's weights as an image: a column for each snapshot, a row for each character. */
export class WindowImage {
  #canvas = document.createElement("canvas");
  /** Columns that are drawn. */ #done = 0;
  #colour = "";
  /** @type {InspectedLine | undefined} */ #line;

  /** @param {InspectedLine} line @param {string} colour as rgb(…) */
  image(line, colour) {
    const rows = line.info.characters.length;
    if (line !== this.#line || colour !== this.#colour || this.#canvas.width < line.known) {
      this.#line = line;
      this.#colour = colour;
      this.#canvas.width = Math.max(256, 2 ** Math.ceil(Math.log2(line.known + 1)));
      this.#canvas.height = rows;
      this.#done = 0;
    }
    const context = this.#canvas.getContext("2d");
    const count = line.known - this.#done;
    if (context && count > 0) {
      const [red, green, blue] = (colour.match(/[\d.]+/g) ?? []).map(Number);
      const image = context.createImageData(count, rows);
      for (let k = 0; k < count; k++) {
        const window = line.window(this.#done + k);
        const total = window.reduce((sum, value) => sum + value, 1e-6);
        for (let u = 0; u < rows; u++) {
          image.data.set([red, green, blue, 255 * (window[u] / total) ** 0.8], 4 * (u * count + k));
        }
      }
      context.putImageData(image, this.#done, 0);
      this.#done = line.known;
    }
    return this.#canvas;
  }
}

/** Ranges of snapshots with their opacity: those before the pen and, fainter, those after it. @param {InspectedLine} line @param {number} snapshot */
const halves = (line, snapshot) =>
  /** @type {[number, number, number][]} */ ([[0, snapshot + 1, 1], [snapshot + 1, line.known, 0.25]]);

/**
 * Draws the window over time.
 * @param {CanvasRenderingContext2D} context @param {InspectedLine} line @param {number} snapshot
 * @param {WindowImage} windowImage @param {Colours & { width: number, span: number }} how
 */
export function drawWindow(context, line, snapshot, windowImage, how) {
  const { characters } = line.info;
  const { left } = TIME;
  const column = (how.width - left) / how.span;
  const row = rowHeight(characters.length);
  const bottom = row * characters.length;
  const { position } = line.head(snapshot);
  context.fillStyle = how.quiet;
  context.globalAlpha = 0.13;
  context.fillRect(left, position * row, how.width - left, row);
  context.imageSmoothingEnabled = false;
  const image = windowImage.image(line, how.heat);
  for (const [from, to, alpha] of halves(line, snapshot)) {
    if (to <= from) continue;
    context.globalAlpha = alpha;
    const [x, wide] = [left + from * column, (to - from) * column];
    context.drawImage(image, from, 0, to - from, characters.length, x, 0, wide, bottom);
  }
  context.globalAlpha = 1;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const [u, character] of characters.entries()) {
    const current = u === position;
    // In low rows there is room for the letter in view only.
    if (!current && (row < 10 || Math.abs(u - position) * row < 14)) continue;
    context.fillStyle = current ? how.cloud : how.quiet;
    context.font = `${current ? "bold " : ""}${current ? 16 : Math.min(13, row + 1)}px Georgia, serif`;
    context.fillText(character === " " ? "␣" : character === "" ? "■" : character, left / 2, (u + 0.5) * row);
  }
  drawNow(context, left + (snapshot + 0.5) * column, bottom, how.text);
}

/**
 * Draws the chance of a pen lift over time.
 * @param {CanvasRenderingContext2D} context @param {InspectedLine} line @param {number} snapshot
 * @param {Colours & { width: number, span: number }} how
 */
export function drawLifts(context, line, snapshot, how) {
  const { left, lift } = TIME;
  const column = (how.width - left) / how.span;
  const base = lift - 2;
  const height = lift - 8;
  context.fillStyle = how.quiet;
  context.font = "12px Georgia, serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText("1", left - 7, base - height + 2);
  context.fillText("0", left - 7, base - 4);
  context.globalAlpha = 0.3;
  for (const level of [0, 1]) context.fillRect(left, base - level * height, how.width - left, 1);
  context.fillStyle = how.cloud;
  for (const [from, to, alpha] of halves(line, snapshot)) {
    context.globalAlpha = alpha;
    context.beginPath();
    context.moveTo(left + from * column, base);
    for (let k = from; k < to; k++) {
      const y = base - height * line.head(k).lift;
      context.lineTo(left + k * column, y);
      context.lineTo(left + (k + 1) * column, y);
    }
    context.lineTo(left + to * column, base);
    context.fill();
  }
  context.globalAlpha = 1;
  drawNow(context, left + (snapshot + 0.5) * column, lift, how.text);
  context.fillStyle = how.cloud;
  context.beginPath();
  context.arc(left + (snapshot + 0.5) * column, base - height * line.head(snapshot).lift, 4.5, 0, 2 * Math.PI);
  context.fill();
}

/** Marks the current snapshot. @param {CanvasRenderingContext2D} context @param {number} x @param {number} height @param {string} colour */
function drawNow(context, x, height, colour) {
  context.fillStyle = colour;
  context.fillRect(x - 0.75, 0, 1.5, height);
}
