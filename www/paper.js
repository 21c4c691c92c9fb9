// Paper, and where the ink lies on it. The engine writes lines one below the other on a sheet without
// end; here each is set on its rule, of its page, leaning and wandering as wished. Page coordinates
// are corpus units as well (an x is about 200 high), from the page's upper left corner.

/** @typedef {import("./points.js").Points} Points */

/**
 * How the sheet looks: what changes nothing about which points the engine makes.
 * @typedef {object} Look
 * @property {"free" | "a4" | "letter" | "card"} paper
 * @property {"portrait" | "landscape"} orientation
 * @property {"plain" | "ruled" | "squared"} ruling
 * @property {"small" | "medium" | "large"} size of the letters
 * @property {string} ink colour, #rrggbb
 * @property {"fineliner" | "fountain" | "pencil"} tip
 * @property {number} nib line width; 1 is an ordinary pen
 * @property {number} slant degrees to the right
 * @property {number} wander 0 to 1: how unsteady lines are
 * @property {number} seed of the unsteadiness: that of the writing
 */

/**
 * A sheet's measures, in corpus units but for `mm`.
 * @typedef {object} Measures
 * @property {number} width
 * @property {number} height
 * @property {number} left margins
 * @property {number} right
 * @property {number} first baseline of the first line
 * @property {number} pitch from one baseline to the next
 * @property {number} rows lines on a page
 * @property {number} mm millimetres that a unit is on paper
 */

/** Width and height in millimetres, upright. */
const PAPERS = { a4: [210, 297], letter: [215.9, 279.4], card: [105, 148] };
/** Millimetres that a corpus unit is: letters of 2.5, 3.2 and 4.2 mm. */
const UNIT = { small: 0.0125, medium: 0.016, large: 0.021 };
/** Between lines: `page::LINE_SPACING` leaves room for the largest hands, paper for most. */
const PITCH = 680;
/** Width of a letter, blanks among them. */
const LETTER = 128;
/** Around the ink on a sheet that is as wide as the ink. */
const FREE = { margin: 380, narrowest: 3400, lowest: 1900, rows: 24 };

/** @param {Look} look */
function millimetres({ paper, orientation }) {
  if (paper === "free") return undefined;
  const [width, height] = PAPERS[paper];
  return orientation === "landscape" ? [height, width] : [width, height];
}

/** The paper's own width and height in millimetres; `undefined` if it is as wide as the ink. @param {Look} look */
export const paperSize = millimetres;

/** Margin of a page in millimetres. @param {number} width */
const margin = (width) => Math.min(20, Math.max(10, width * 0.085));

/** How many letters fit on a line. @param {Look} look @param {number} [letter] width of one, in corpus units */
export function columnsOf(look, letter = LETTER) {
  const size = millimetres(look);
  if (!size) return { small: 48, medium: 36, large: 24 }[look.size];
  const room = (size[0] - 2 * margin(size[0])) / UNIT[look.size];
  return Math.min(60, Math.max(10, Math.floor(room / letter)));
}

/**
 * @param {Look} look
 * @param {{ letters: number, rows: number }} text its longest line and how many there are, for a sheet as wide as the ink
 * @returns {Measures}
 */
export function measure(look, { letters, rows }) {
  const size = millimetres(look);
  const mm = UNIT[look.size];
  if (!size) {
    const width = Math.max(FREE.narrowest, letters * LETTER + 2 * FREE.margin);
    const count = Math.min(rows, FREE.rows);
    const height = Math.max(FREE.lowest, 2 * FREE.margin + 420 + count * PITCH);
    const first = FREE.margin + 480 + Math.max(0, (FREE.lowest - 2 * FREE.margin - 420 - count * PITCH) / 2);
    return { width, height, left: FREE.margin, right: FREE.margin, first, pitch: PITCH, rows: FREE.rows, mm };
  }
  const [width, height] = size.map((side) => side / mm);
  const side = margin(size[0]) / mm;
  const top = margin(size[1]) / mm;
  const first = top + PITCH * 0.75;
  const count = Math.max(1, Math.floor((height - first - top * 0.8) / PITCH) + 1);
  return { width, height, left: side, right: side, first, pitch: PITCH, rows: count, mm };
}

/** A number from 0 to 1 for each line and purpose, the same every time. @param {...number} keys */
function random(...keys) {
  let hash = 0x9e3779b9;
  for (const key of keys) {
    hash = Math.imul(hash ^ Math.floor(key % 4294967296), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 4294967296;
}

/** @param {number[]} values */
function median(values) {
  values.sort((a, b) => a - b);
  return values[values.length >> 1];
}

/**
 * Height of the baseline: where most letters have their feet. Feet are where the pen turns upward
 * again below the ink's middle; descenders' are the fewer.
 * @param {Float32Array} points
 */
function baseline(points) {
  const count = points.length / 3;
  const heights = [];
  for (let i = 0; i < count; i++) heights.push(points[3 * i + 1]);
  if (!count) return 0;
  const middle = median(heights);
  const feet = [];
  for (let i = 0; i < count; i++) {
    const y = points[3 * i + 1];
    const begins = i === 0 || points[3 * i - 1] > 0.5;
    const ends = points[3 * i + 2] > 0.5 || i === count - 1;
    const below = (begins || points[3 * i - 2] < y) && (ends || points[3 * i + 4] <= y);
    if (below && y > middle) feet.push(y);
  }
  return feet.length ? median(feet) : middle;
}

/**
 * Where a line is.
 * @typedef {object} Placed
 * @property {number} start its first point
 * @property {number} page
 * @property {number} row number of the line in the text
 * @property {number} from height of its baseline as it was written
 * @property {number} to height of its baseline on the page
 * @property {number} squeeze below 1 for a line that would run off the paper
 */

/** The points on their pages. */
export class Layout {
  /** @type {Points} */ #points;
  /** @type {Look} */ #look;
  /** @type {{ letters: number, rows: number }} */ #text;
  /** @type {Measures} */ measures;
  #data = new Float32Array(3 * 4096);
  /** How many points are laid. */ #count = 0;
  /** @type {Placed[]} */ #lines = [];
  /** First point of each page. */ #starts = [0];
  /** Changes when points that had been laid are laid elsewhere. */ version = 0;

  /** @param {Points} points @param {Look} look @param {{ letters: number, rows: number }} text */
  constructor(points, look, text) {
    this.#points = points;
    this.#look = look;
    this.#text = text;
    this.measures = measure(look, text);
  }

  get look() {
    return this.#look;
  }

  /** Lays everything anew. @param {Look} look */
  relay(look) {
    this.#look = look;
    this.measures = measure(look, this.#text);
    this.#count = 0;
    this.#lines = [];
    this.#starts = [0];
    this.version++;
    this.update();
  }

  /** Takes what has come; lines already laid stay. */
  update() {
    const { rows, count } = this.#points;
    if (this.#data.length < 3 * count) {
      const larger = new Float32Array(Math.max(3 * count, 2 * this.#data.length));
      larger.set(this.#data.subarray(0, 3 * this.#count));
      this.#data = larger;
    }
    this.#count = Math.min(this.#count, count);
    for (let k = Math.max(0, this.#lines.length - 1); k < rows.length; k++) {
      const end = rows[k + 1]?.start ?? count;
      this.#lines[k] ??= this.#place(rows[k].row, rows[k].start, end);
      this.#fit(this.#lines[k], end);
      this.#lay(this.#lines[k], Math.max(this.#count, rows[k].start), end);
      this.#count = Math.max(this.#count, end);
    }
  }

  /** @param {number} row @param {number} start @param {number} end @returns {Placed} */
  #place(row, start, end) {
    const { first, pitch, rows } = this.measures;
    const page = Math.floor(row / rows);
    while (this.#starts.length <= page) this.#starts.push(start);
    const from = baseline(this.#points.subarray(start, end));
    return { start, page, row, from, to: first + (row % rows) * pitch, squeeze: 1 };
  }

  /** A line that would run off the paper is written a little narrower. @param {Placed} line @param {number} end */
  #fit(line, end) {
    const { width, left, right } = this.measures;
    const points = this.#points.subarray(line.start, end);
    let reach = 0;
    for (let i = 0; i < points.length; i += 3) reach = Math.max(reach, points[i]);
    const squeeze = Math.min(1, (width - left - right * 0.4) / reach);
    if (squeeze >= line.squeeze) return;
    line.squeeze = squeeze;
    if (this.#count > line.start) this.version++;
    this.#count = Math.min(this.#count, line.start);
  }

  /** @param {Placed} line @param {number} from @param {number} to */
  #lay(line, from, to) {
    const { slant, wander, seed } = this.#look;
    const lean = Math.tan((slant * Math.PI) / 180);
    const chance = (/** @type {number} */ purpose) => random(seed, line.row, purpose) - 0.5;
    // A line starts up to a letter's width off the margin, climbs or sinks by up to two degrees, and
    // sways by a tenth of an x.
    const shift = chance(1) * 260 * wander;
    const climb = chance(2) * 0.06 * wander;
    const phases = [chance(3) * 2 * Math.PI, chance(4) * 2 * Math.PI];
    const { left, width } = this.measures;
    const points = this.#points.subarray();
    for (let i = 3 * from; i < 3 * to; i += 3) {
      const x = points[i] * line.squeeze;
      const up = points[i + 1] - line.from;
      const sway = 34 * Math.sin(x / 620 + phases[0]) + 14 * Math.sin(x / 190 + phases[1]);
      this.#data[i] = left + x + shift - lean * up;
      this.#data[i + 1] = line.to + up + wander * sway + climb * (x - (width - 2 * left) / 2);
      this.#data[i + 2] = points[i + 2];
    }
  }

  /** How many points are laid. */
  get count() {
    return this.#count;
  }

  get pages() {
    return this.#starts.length;
  }

  /** @param {number} point */
  pageOf(point) {
    let page = this.#starts.length - 1;
    while (page > 0 && this.#starts[page] > point) page--;
    return page;
  }

  /** First point of a page, and the first after it. @param {number} page @returns {[number, number]} */
  range(page) {
    return [this.#starts[page] ?? this.#count, this.#starts[page + 1] ?? this.#count];
  }

  /** x, y, pen of every point, each on its page. */
  get data() {
    return this.#data;
  }

  /** Number of the text's line, from 0, on which a point is. @param {number} point */
  lineOf(point) {
    let low = 0;
    let high = this.#lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lines[middle].start <= point) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/**
 * Heights of the rules and, on squared paper, where the upright ones are.
 * @param {Look} look @param {Measures} measures
 */
export function rules({ ruling }, { width, height, left, first, pitch }) {
  /** @type {{ across: number[], upright: number[] }} */
  const found = { across: [], upright: [] };
  if (ruling === "plain") return found;
  const step = ruling === "squared" ? pitch / 2 : pitch;
  const start = ruling === "squared" ? first % step : first;
  for (let y = start; y < height - (ruling === "squared" ? 0 : pitch * 0.4); y += step) found.across.push(y);
  if (ruling === "squared") for (let x = left % step; x < width; x += step) found.upright.push(x);
  return found;
}
