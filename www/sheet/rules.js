// What is printed on the paper, on a canvas: lines from edge to edge, or dots where they would cross.

/** @typedef {import("./ink.js").SheetGeometry} SheetGeometry */

/** Widths of a line and of a dot in mm. */
const LINE_MM = 0.15;
const DOT_MM = 0.5;

/** What is printed on a page. @param {SheetGeometry} sheet @param {number} page */
export const rulesOf = ({ rules }, page) => rules[Math.min(page, rules.length - 1)];

/**
 * Draws them in the context's fill colour, at a scale of pixels per corpus unit.
 * @param {CanvasRenderingContext2D} context @param {SheetGeometry} sheet @param {number} page
 * @param {number} scale @param {number} least width of a line in pixels: on a screen a whole one
 * @param {{ x: number, y: number }} [origin] of the sheet, in pixels
 */
export function drawRules(context, sheet, page, scale, least, { x: left, y: top } = { x: 0, y: 0 }) {
  const { across, upright, dotted } = rulesOf(sheet, page);
  const [width, height] = [sheet.width * scale, sheet.height * scale];
  const perMm = scale / sheet.unit;
  const line = Math.max(least, LINE_MM * perMm);
  // On whole pixels, so that all lines look the same.
  const place = (/** @type {number} */ from, /** @type {number} */ at) =>
    least ? Math.round(from + at * scale) : from + at * scale - line / 2;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  if (dotted) {
    const dot = Math.max(2 * least, DOT_MM * perMm);
    context.strokeStyle = context.fillStyle;
    context.lineWidth = dot;
    context.lineCap = "round";
    // Dots are dashes without a length.
    context.setLineDash([0, (upright[1] - upright[0]) * scale]);
    context.beginPath();
    for (const y of across) {
      context.moveTo(left + upright[0] * scale, top + y * scale);
      context.lineTo(left + width, top + y * scale);
    }
    if (upright.length > 1) context.stroke();
  } else {
    for (const y of across) context.fillRect(left, place(top, y), width, line);
    for (const x of upright) context.fillRect(place(left, x), top, line, height);
  }
  context.restore();
}
