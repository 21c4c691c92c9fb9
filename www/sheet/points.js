// The points that have come from the engine, and on which line of the text each is.

/** @typedef {{ row: number, start: number }} Row the line's number on the sheet, and its first point */

export class Points {
  #data = new Float32Array(3 * 4096);
  /** How many there are. */ count = 0;
  /** Lines in the order in which they came. @type {Row[]} */ rows = [];

  /**
   * @param {Float32Array} triples x, y, pen (1 where a stroke ends) in corpus units
   * @param {number} row of all of them
   */
  add(triples, row) {
    const size = this.count * 3 + triples.length;
    if (size > this.#data.length) {
      const larger = new Float32Array(Math.max(size, this.#data.length * 2));
      larger.set(this.#data.subarray(0, this.count * 3));
      this.#data = larger;
    }
    this.#data.set(triples, this.count * 3);
    if (triples.length && this.rows.at(-1)?.row !== row) this.rows.push({ row, start: this.count });
    this.count += triples.length / 3;
  }

  /** Forgets all but the first, and ends their last stroke. @param {number} count */
  cut(count) {
    this.count = Math.min(this.count, count);
    while ((this.rows.at(-1)?.start ?? -1) >= this.count) this.rows.pop();
    if (this.count) this.#data[3 * this.count - 1] = 1;
  }

  /** @param {number} from @param {number} to first of those left out */
  subarray(from = 0, to = this.count) {
    return this.#data.subarray(3 * from, 3 * to);
  }
}
