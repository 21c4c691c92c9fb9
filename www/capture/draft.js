// The sentences that a visitor writes by hand before a hand is learnt from them.

import { storeDraft, storedDraft } from "./stored-hands.js";

/** @typedef {import("./pad.js").Stroke} Stroke */
/** @typedef {import("../pkg/running_hand.js").Advice} Advice */

/**
 * A sentence, its ink, and the paper's width when it was written (0: unknown). `reading` is what the network made of it:
 * `undefined` until it has read it.
 * @typedef {object} Sentence
 * @property {string} text
 * @property {Stroke[]} strokes
 * @property {number} width
 * @property {{ usable: boolean, advice: Advice | undefined } | undefined} reading
 * @property {boolean} insisted whether the visitor wants it used in spite of a doubt
 */

/** Together they have every letter, capital and digit. */
export const SENTENCES = [
  "Dr Quentin Mann, above 27 Kings Park, Hull",
  "Lucy Clark, Jo and Zoe Fitz just won 350",
  "Ask Uncle Nick: my Red Box 16 is quite fuzzy",
  "Vera Young helped Greg Olsen, EXIT 948 SW",
];
/** Sentences that a hand is learnt from at most. */
export const MOST = 12;

/** @param {string} text @param {Stroke[]} [strokes] @param {number} [width] @returns {Sentence} */
export const sentence = (text, strokes = [], width = 0) => ({ text, strokes, width, reading: undefined, insisted: false });

export class Draft {
  sentences = SENTENCES.map((text) => sentence(text));
  /** Which is being written. */ at = 0;
  /** Id of the hand whose ink this is; "" if it is a new one's. */ of = "";
  /** Whether it is other than that hand's. */ changed = false;

  constructor() {
    try {
      const { sentences, of, changed } = JSON.parse(storedDraft() || "{}");
      if (Array.isArray(sentences)) this.#set(sentences.map(readSentence), of, changed);
    } catch {
      // Somebody else's, or damaged: the visitor begins anew.
    }
  }

  get current() {
    return this.sentences[this.at];
  }

  /** Those that have ink. */
  get written() {
    return this.sentences.filter(({ strokes }) => strokes.length);
  }

  /** Puts ink on the paper of the current sentence. @param {Stroke[]} strokes @param {number} width of the paper */
  write(strokes, width) {
    Object.assign(this.current, { strokes, width, reading: undefined, insisted: false });
    this.changed = true;
  }

  /** Changes the current sentence's text. @param {string} text */
  say(text) {
    Object.assign(this.current, { text, reading: undefined, insisted: false });
    this.changed = true;
  }

  /** Adds an empty sentence and goes there. */
  add() {
    if (this.sentences.length < MOST) this.sentences.push(sentence(""));
    this.at = this.sentences.length - 1;
  }

  /**
   * Goes to where ink of a file with this text belongs: the sentence of that text, or else the first without ink.
   * @param {string} text
   */
  makeRoom(text) {
    const { sentences, current } = this;
    const same = sentences.findIndex((one) => text !== "" && one.text === text);
    const empty = sentences.findIndex(({ strokes }) => !strokes.length);
    if (same >= 0) this.at = same;
    else if (!current.strokes.length) return;
    else if (empty >= 0) this.at = empty;
    else this.add();
  }

  /** Begins with a hand's ink. @param {{ text: string, strokes: Stroke[] }[]} samples @param {string} id */
  load(samples, id) {
    const own = samples.map(({ text, strokes }) => sentence(text, strokes));
    const rest = SENTENCES.filter((text) => samples.every((sample) => sample.text !== text)).map((text) => sentence(text));
    this.#set([...own, ...rest.slice(0, Math.max(0, SENTENCES.length - own.length))], id, false);
    this.at = Math.min(own.length, this.sentences.length - 1);
  }

  /** Begins anew. */
  clear() {
    this.#set([], "", false);
  }

  /** Stores it. @returns {string} why that failed; "" if it did not */
  store() {
    const { sentences, of, changed } = this;
    const kept = sentences.map(({ text, strokes, width }) => ({ text, strokes, width }));
    return storeDraft(this.written.length ? JSON.stringify({ sentences: kept, of, changed }) : "");
  }

  /** @param {Sentence[]} sentences @param {unknown} of @param {unknown} changed */
  #set(sentences, of, changed) {
    this.sentences = sentences.length ? sentences.slice(0, MOST) : SENTENCES.map((text) => sentence(text));
    this.at = Math.max(0, this.sentences.findIndex(({ strokes }) => !strokes.length));
    this.of = typeof of === "string" ? of : "";
    this.changed = changed === true;
  }
}

/** A stored sentence; throws if it is none. @param {any} stored */
function readSentence({ text, strokes, width }) {
  const isSample = (/** @type {unknown} */ sample) => Array.isArray(sample) && sample.length === 3 && sample.every(Number.isFinite);
  const isStroke = (/** @type {unknown} */ stroke) => Array.isArray(stroke) && stroke.length > 0 && stroke.every(isSample);
  if (typeof text !== "string" || !Array.isArray(strokes) || !strokes.every(isStroke)) throw new Error("no sentence");
  return sentence(text, strokes, Number.isFinite(width) ? width : 0);
}
