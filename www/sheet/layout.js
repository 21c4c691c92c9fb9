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
/** From line to line as the engine writes: `page::LINE_SPACING`. */
export const LINE_SPACING = 780;
/** Between lines: `page::LINE_SPACING` leaves room for the largest hands, paper for most. */
const PITCH = 680;
/** How far below where the pen first comes down a scribble has its baseline, as likely as not. */
const SCRIBBLE = 110;
/** Width of a letter in no one's hand and of a scribble's, blanks among them: `paper::LETTER`. */
export const LETTER = 165;
/** How far behind ink that was drawn too soon a line needs to get to its level. */
const EASE = 1200;
/** Around the ink on a sheet that is as wide as the ink. */
const FREE = { margin: 460, narrowest: 3600, rows: 24 };

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
 * How large the text is, for a sheet that is as wide as the ink.
 * @typedef {object} Extent
 * @property {number} letters in its longest line
 * @property {number} rows how many lines there are
 * @property {number} letter width of a letter of its hand, in corpus units
 * @property {number} given how many of the first points are the visitor's strokes
 * @property {boolean} level whether its lines are lines; a scribble is laid as it comes
 */

/** @param {Look} look @param {Extent} text @returns {Measures} */
export function measure(look, { letters, rows, letter }) {
  const size = millimetres(look);
  const mm = UNIT[look.size];
  if (!size) {
    const width = Math.max(FREE.narrowest, letters * letter + 2 * FREE.margin);
    const count = Math.min(rows, FREE.rows);
    // Of the shape of a screen, while there is little on it; the ink a little above the middle.
    const needed = 2 * FREE.margin + 540 + (count - 1) * PITCH;
    const height = Math.max(width * 0.56, needed);
    const first = FREE.margin + 420 + (height - needed) * 0.4;
    return { width, height, left: FREE.margin, right: FREE.margin, first, pitch: PITCH, rows: FREE.rows, mm };
  }
  const [width, height] = size.map((side) => side / mm);
  const side = margin(size[0]) / mm;
  const top = margin(size[1]) / mm;
  const first = top + PITCH * 0.6;
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
 * The line along which most letters have their feet: y = `from` + `slope` x. Feet are where the pen
 * turns upward again below the ink's middle; descenders' are the fewer. `spread` is half the height of
 * the band in which half of the ink is: it grows with the letters.
 * @param {Float32Array} points
 */
function baseline(points) {
  const count = points.length / 3;
  if (!count) return { from: 0, slope: 0, spread: 0 };
  let [right, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < 3 * count; i += 3) {
    const [x, y] = [points[i], points[i + 1]];
    right = Math.max(right, x);
    [sx, sy, sxx, sxy] = [sx + x, sy + y, sxx + x * x, sxy + x * y];
  }
  // Words lean this way and that; only a line tells where it goes.
  const long = right > 1500;
  let slope = long ? bounded((count * sxy - sx * sy) / Math.max(1, count * sxx - sx * sx)) : 0;
  const heights = [];
  for (let i = 0; i < 3 * count; i += 3) heights.push(points[i + 1] - slope * points[i]);
  const middle = median([...heights]);
  const spread = median(heights.map((height) => Math.abs(height - middle)));
  /** @type {[number, number][]} */
  const feet = [];
  for (let i = 0; i < count; i++) {
    const begins = i === 0 || points[3 * i - 1] > 0.5;
    const ends = points[3 * i + 2] > 0.5 || i === count - 1;
    const below = (begins || heights[i - 1] < heights[i]) && (ends || heights[i + 1] <= heights[i]);
    if (below && heights[i] > middle) feet.push([points[3 * i], points[3 * i + 1]]);
  }
  if (!feet.length) return { from: middle, slope, spread };
  if (long) {
    const slopes = [];
    for (const [x, y] of feet) for (const [u, v] of feet) if (u - x > 500) slopes.push((v - y) / (u - x));
    if (slopes.length > 20) slope = bounded(median(slopes));
  }
  return { from: median(feet.map(([x, y]) => y - slope * x)), slope, spread };
}

/** Steeper lines are no lines. @param {number} slope */
const bounded = (slope) => Math.min(0.12, Math.max(-0.12, slope));

/**
 * Where a line is.
 * @typedef {object} Placed
 * @property {number} start its first point
 * @property {number} index of the line among those that have ink
 * @property {number} page
 * @property {number} row number of the line in the text
 * @property {number} from height of its baseline as it was written, at its left edge
 * @property {number} slope of that
 * @property {number} spread how high the band is in which half of the ink is
 * @property {number} scale that makes its letters as large as those of the lines above
 * @property {number} to height of its baseline on the page
 * @property {number} squeeze below 1 for a line that would run off the paper
 * @property {boolean} settled whether it was placed when all of it was there
 * @property {{ from: number, slope: number, x: number } | undefined} begun where it was taken to be while it was drawn
 *   up to x, if that was before it settled
 */

/**
 * Height of a line's baseline, as it was written. Ink that was drawn before all of the line was there stays where it
 * is; behind it the line gets to its level by and by.
 * @param {Placed} line @param {number} x
 */
function height({ from, slope, begun }, x) {
  const level = from + slope * x;
  if (!begun) return level;
  const share = Math.min(1, Math.max(0, (x - begun.x) / EASE));
  const start = begun.from + begun.slope * x;
  return start + (level - start) * share ** 2 * (3 - 2 * share);
}

/** The points on their pages. */
export class Layout {
  /** @type {Points} */ #points;
  /** @type {Look} */ #look;
  /** @type {Extent} */ #text;
  /** @type {Measures} */ measures;
  #data = new Float32Array(3 * 4096);
  /** How many points are laid. */ #count = 0;
  /** @type {Placed[]} */ #lines = [];
  /** First point of each page. */ #starts = [0];
  /** Changes when points that had been laid are laid elsewhere. */ version = 0;

  /** @param {Points} points @param {Look} look @param {Extent} text */
  constructor(points, look, text) {
    this.#points = points;
    this.#look = look;
    this.#text = text;
    this.measures = measure(look, text);
  }

  get look() {
    return this.#look;
  }

  /** Lays everything anew. @param {Look} look @param {boolean} [ended] whether no more points will come */
  relay(look, ended = true) {
    this.#look = look;
    this.measures = measure(look, this.#text);
    this.#count = 0;
    this.#lines = [];
    this.#starts = [0];
    this.update(0, ended);
    this.version++;
  }

  /**
   * Takes what has come. A line is placed by what there is of it, stays there while it is drawn, and is
   * placed once more when all of it has come; but what is drawn of it by then does not move.
   * @param {number} [drawn] how many points are drawn @param {boolean} [ended] whether no more will come
   */
  update(drawn = 0, ended = false) {
    const { rows, count } = this.#points;
    const needed = Math.min(FREE.rows, (rows.at(-1)?.row ?? 0) + 1);
    if (needed > this.#text.rows) {
      // Nobody knows beforehand how long a scribble gets.
      this.#text = { ...this.#text, rows: needed };
      this.relay(this.#look, ended);
      return;
    }
    if (this.#data.length < 3 * count) {
      const larger = new Float32Array(Math.max(3 * count, 2 * this.#data.length));
      larger.set(this.#data.subarray(0, 3 * this.#count));
      this.#data = larger;
    }
    this.#count = Math.min(this.#count, count);
    if (this.#lines.length > rows.length) this.#lines.length = rows.length;
    for (let k = Math.max(0, this.#lines.length - 1); k < rows.length; k++) {
      const { row, start } = rows[k];
      const end = rows[k + 1]?.start ?? count;
      const whole = ended || k < rows.length - 1;
      const line = (this.#lines[k] ??= this.#begin(k, row, start));
      const laid = Math.max(start, Math.min(this.#count, end));
      let from = laid;
      if (!line.settled && (whole || drawn <= start || laid === start)) {
        if (laid > start && drawn > start) line.begun = { from: line.from, slope: line.slope, x: this.#reach(start, Math.min(laid, drawn)) };
        this.#place(line, end);
        line.settled ||= whole;
        from = start;
      }
      if (this.#fit(line, end)) from = start;
      this.#lay(line, from, end);
      if (from < Math.min(laid, drawn)) this.version++;
      this.#count = Math.max(this.#count, end);
    }
  }

  /** @param {number} index @param {number} row @param {number} start @returns {Placed} */
  #begin(index, row, start) {
    const { first, pitch, rows } = this.measures;
    const page = Math.floor(row / rows);
    while (this.#starts.length <= page) this.#starts.push(start);
    return { start, index, page, row, from: 0, slope: 0, spread: 0, scale: 1, to: first + (row % rows) * pitch, squeeze: 1, settled: false, begun: undefined };
  }

  /** How far right some points reach, as they were written. @param {number} from @param {number} to */
  #reach(from, to) {
    const points = this.#points.subarray(from, to);
    let reach = 0;
    for (let i = 0; i < points.length; i += 3) reach = Math.max(reach, points[i]);
    return reach;
  }

  /** @param {Placed} line @param {number} end */
  #place(line, end) {
    if (!this.#text.level) {
      // Where the pen came down, or where the visitor's strokes have their feet: not by what has come by now.
      const { given } = this.#text;
      const first = given ? baseline(this.#points.subarray(0, given)).from : SCRIBBLE;
      line.from = first + line.row * LINE_SPACING;
      line.settled = true;
      return;
    }
    Object.assign(line, baseline(this.#points.subarray(line.start, end)));
    const above = this.#lines.slice(Math.max(0, line.index - 12), line.index).map(({ spread }) => spread);
    // Not all the way: nobody's lines are all alike. Short lines say little of how large letters are.
    const scale = above.length && line.spread ? (median(above) / line.spread) ** 0.7 : 1;
    line.scale = end - line.start > 120 ? Math.min(1.18, Math.max(0.85, scale)) : 1;
  }

  /**
   * A line that would run off the paper is written a little narrower, or the paper is made wider; returns
   * whether the line is to be laid anew.
   * @param {Placed} line @param {number} end
   */
  #fit(line, end) {
    const { width, left, right } = this.measures;
    const reach = Math.max(1, this.#reach(line.start, end));
    if (this.#look.paper === "free") {
      // The sheet is as wide as the ink.
      const needed = left + reach * line.scale + right;
      if (needed > width) {
        this.measures = { ...this.measures, width: Math.ceil(needed / 200) * 200 };
        this.version++;
      }
      return false;
    }
    const squeeze = Math.min(1, (width - left - right * 0.4) / (reach * line.scale));
    if (squeeze >= line.squeeze) return false;
    line.squeeze = squeeze;
    return true;
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
    // A sheet that grows with the ink has no middle.
    const middle = (this.#look.paper === "free" ? FREE.narrowest : width) / 2 - left;
    const points = this.#points.subarray();
    for (let i = 3 * from; i < 3 * to; i += 3) {
      const x = points[i] * line.scale * line.squeeze;
      const up = (points[i + 1] - height(line, points[i])) * line.scale;
      const sway = 34 * Math.sin(x / 620 + phases[0]) + 14 * Math.sin(x / 190 + phases[1]);
      this.#data[i] = left + x + shift - lean * up;
      this.#data[i + 1] = line.to + up + wander * sway + climb * (x - middle);
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
