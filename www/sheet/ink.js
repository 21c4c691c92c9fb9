// Ink on its pages, as the engine's worker placed it: nothing here moves a point.

/** @typedef {import("../pkg/running_hand.js").PlacedInk} PlacedInk */
/** @typedef {import("../pkg/running_hand.js").Sheet} SheetGeometry */

/**
 * How a pen draws: colour #rrggbb, tip, and line width (1 is an ordinary pen).
 * @typedef {{ ink: string, tip: "fineliner" | "fountain" | "pencil", nib: number }} Pen
 */

/** A line's first point, and its page. @typedef {{ start: number, page: number }} LineStart */

export class Ink {
  #data = new Float32Array(3 * 4096);
  /** How many points there are. */ count = 0;
  /** Lines that have points, in order. @type {LineStart[]} */ #lines = [];
  /** The paper of all pages, in corpus units. @type {SheetGeometry} */ sheet;
  /** Incremented when ink that may have been drawn already has to be drawn anew. */ version = 0;

  /** @param {SheetGeometry} sheet */
  constructor(sheet) {
    this.sheet = sheet;
  }

  /** Adds ink that has come. @param {PlacedInk[]} pieces @param {SheetGeometry} sheet */
  add(pieces, sheet) {
    if (sheet.width !== this.sheet.width || sheet.height !== this.sheet.height) this.version++;
    // A page that may be shown already has got its number.
    else if (sheet.numbers.some((number, page) => number.length && this.sheet.numbers[page]?.length === 0)) this.version++;
    this.sheet = sheet;
    for (const { page, line, start, points } of pieces) {
      // Points that a newer layout has placed already are skipped.
      if (start !== this.count) continue;
      const size = 3 * start + points.length;
      if (size > this.#data.length) {
        const larger = new Float32Array(Math.max(size, 2 * this.#data.length));
        larger.set(this.#data.subarray(0, 3 * this.count));
        this.#data = larger;
      }
      this.#data.set(points, 3 * start);
      if (line >= this.#lines.length) this.#lines.push({ start, page });
      this.count = size / 3;
    }
  }

  /** Takes the same ink in another layout. @param {PlacedInk[]} pieces all of it @param {SheetGeometry} sheet */
  replace(pieces, sheet) {
    this.count = 0;
    this.#lines = [];
    this.add(pieces, sheet);
    this.version++;
  }

  /** Removes all but the first points, and ends their last stroke. @param {number} count */
  truncate(count) {
    this.count = Math.min(this.count, count);
    while ((this.#lines.at(-1)?.start ?? -1) >= this.count) this.#lines.pop();
    if (this.count) this.#data[3 * this.count - 1] = 1;
  }

  /** x, y, pen (1 where a stroke ends) of every point; x and y from the upper left corner of the point's page. */
  get data() {
    return this.#data;
  }

  /** How many lines have points. */
  get lines() {
    return this.#lines.length;
  }

  /** Number of the line on which a point is. @param {number} point */
  lineOf(point) {
    let [low, high] = [0, this.#lines.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lines[middle].start <= point) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  /** @param {number} point */
  pageOf(point) {
    return this.#lines[this.lineOf(point)]?.page ?? 0;
  }

  /** The points of a page's number; none without one. @param {number} page */
  number(page) {
    return this.sheet.numbers[page] ?? new Float32Array();
  }

  /** First point of a page, and the first after it. @param {number} page @returns {[number, number]} */
  range(page) {
    const first = this.#lines.find((line) => line.page >= page)?.start ?? this.count;
    const end = this.#lines.find((line) => line.page > page)?.start ?? this.count;
    return [first, end];
  }
}

/** The sheet before anything is written. @type {SheetGeometry} */
export const EMPTY_SHEET = { width: 3600, height: 2016, unit: 0.016, pages: 1, rules: [{ across: [], upright: [], dotted: false }], numbers: [] };
