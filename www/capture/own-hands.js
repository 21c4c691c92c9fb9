// The hands that the visitor drew: those on this device, as the picker of hands and the engine need them.
//
// A hand is stored as its file: its ink and, if it was learnt, what was learnt. What the engine needs of the ink is
// derived each time the page is opened, so that it can be used with other weights.

import { allWords, explainAdvice } from "../words/words.js";
import { deleteHand, storeHand, storedHands } from "./stored-hands.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./pad.js").Stroke} Stroke */
/** @typedef {import("../pkg/running_hand.js").Advice} Advice */

/**
 * `points` are those of the first line: x, y, pen. `learnt` is what was learnt of it, if anything, and with which weights.
 * @typedef {object} Hand
 * @property {string} id
 * @property {string} name
 * @property {string} json its file
 * @property {{ text: string, strokes: Stroke[] }[]} samples
 * @property {Float32Array} points
 * @property {{ weights: string, numbers: number[] } | undefined} learnt
 */

const FORMAT = "running-hand-hand";

/** Event "change": hands were added, replaced or removed. */
export class OwnHands extends EventTarget {
  /** @type {App} */ #app;
  /** By id. @type {Map<string, Hand>} */ #hands = new Map();

  /** @param {App} app */
  constructor(app) {
    super();
    this.#app = app;
  }

  get all() {
    return [...this.#hands.values()];
  }

  /** The one that is chosen. */
  get chosen() {
    return this.get(this.#app.hands.captured?.id ?? "");
  }

  /** @param {string} id */
  get(id) {
    return this.#hands.get(id);
  }

  /** Whether it was learnt, but with other weights than those that write. @param {Hand} hand */
  isForeign({ learnt }) {
    return learnt !== undefined && learnt.weights !== this.#app.fingerprints.synthesis;
  }

  /** The name, with a number if another hand has it. @param {string} name @param {string} [except] id of one that may */
  unusedName(name, except = "") {
    const names = this.all.filter(({ id }) => id !== except).map((hand) => hand.name).concat(this.#app.hands.names);
    let unused = name;
    for (let number = 2; names.includes(unused); number++) unused = `${name} ${number}`;
    return unused;
  }

  /** Adds the hands that are stored here. @returns {Promise<{ id: string, error: Error }[]>} those that cannot be read */
  async restore() {
    /** @type {{ id: string, error: Error }[]} */
    const failed = [];
    for (const { id, json } of storedHands()) {
      await this.#load(json).catch((error) => failed.push({ id, error }));
    }
    return failed;
  }

  /** Derives again what the engine needs, for other weights. @returns {Promise<{ name: string, error: Error }[]>} what failed */
  async reread() {
    /** @type {{ name: string, error: Error }[]} */
    const failed = [];
    for (const { json, name } of this.all) await this.#load(json).catch((error) => failed.push({ name, error }));
    return failed;
  }

  /**
   * Adds a hand and stores it.
   * @param {string} json its file
   * @param {boolean} [check] whether its ink says its text
   * @returns {Promise<{ id: string, problem: string, advice: Advice | undefined }>} the problem of storing it, "" for none
   */
  async add(json, check = false) {
    const { id, advice } = await this.#load(json, check);
    return { id, problem: storeHand(id, json), advice };
  }

  /** The file of a hand that is not learnt. @param {string} name @param {string} text @param {Stroke[]} strokes */
  fileOf(name, text, strokes) {
    return this.#app.client.request("handToFile", { hand: { name, text, strokes } });
  }

  /** Gives it another name. @param {Hand} hand @param {string} name @returns what `add` does */
  async rename(hand, name) {
    const [{ text, strokes }] = hand.samples;
    const strength = this.#app.hands.strengthOf(hand.id);
    if (!hand.learnt) return this.add(await this.fileOf(name, text, strokes));
    const { changeLearntHand } = await import("./ink-file.js");
    return this.add(changeLearntHand(hand.json, name, strength));
  }

  /** Stores how much of it is used. @param {Hand} hand */
  async keepStrength(hand) {
    const { changeLearntHand } = await import("./ink-file.js");
    hand.json = changeLearntHand(hand.json, hand.name, this.#app.hands.strengthOf(hand.id));
    storeHand(hand.id, hand.json);
  }

  /** @param {string} id */
  remove(id) {
    deleteHand(id);
    this.#hands.delete(id);
    this.#app.hands.removeCaptured(id);
    this.#changed();
  }

  /** Reads a hand's file and adds the hand, or replaces the one of its id. @param {string} json @param {boolean} [check] */
  async #load(json, check = false) {
    const { client, hands } = this.#app;
    const { name, samples, learnt, strength } = await this.#read(json);
    const [{ text, strokes }] = samples;
    const { points, advice } = await client.request("readInk", { strokes, text, check });
    if (!points.length) throw new Error(advice ? explainAdvice(advice) : allWords.capture.strokesUnusable);
    const id = idOf(json);
    /** @type {Hand} */
    const hand = { id, name, json, samples, points, learnt };
    const chosen = hands.captured?.id === id;
    this.#hands.set(id, hand);
    hands.addCaptured({ id, name, points, strength, engineOptions: () => this.#engineOptions(hand) });
    if (chosen) hands.chooseCaptured(id);
    this.#changed();
    return { id, advice };
  }

  /** What a hand's file says. @param {string} json */
  async #read(json) {
    if (formatOf(json) === FORMAT) {
      const { readLearntHand } = await import("./ink-file.js");
      const { name, samples, weights, numbers, strength } = readLearntHand(json);
      return { name, samples, learnt: { weights, numbers }, strength: Math.round(1000 * strength) / 1000 };
    }
    const bytes = new TextEncoder().encode(json);
    const { name, text, strokes } = await this.#app.client.request("handFromFile", { bytes });
    return { name, samples: [{ text, strokes }], learnt: undefined, strength: undefined };
  }

  /** What makes the engine write in a hand. @param {Hand} hand */
  #engineOptions(hand) {
    const prime = { text: hand.samples[0].text, points: hand.points };
    if (!hand.learnt || this.isForeign(hand)) return { prime };
    return { prime, ownHand: { ...hand.learnt, strength: this.#app.hands.strengthOf(hand.id) } };
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** The format that a file names; `undefined` if it is not even JSON. @param {string} json @returns {unknown} */
function formatOf(json) {
  try {
    return JSON.parse(json).format;
  } catch {
    return undefined;
  }
}

/**
 * A hand's id: the hash of what is written in it, whatever its name and strength. Of a hand that is not learnt its file
 * has it.
 * @param {string} json of a file that was read @returns {string}
 */
function idOf(json) {
  const { format, check, weights, numbers, samples } = JSON.parse(json);
  if (format !== FORMAT) return check;
  return hash(JSON.stringify([weights, numbers, samples.map((/** @type {{ check: string }} */ sample) => sample.check)]));
}

/** FNV-1a, 64 bits, hexadecimal. @param {string} text of ASCII characters */
function hash(text) {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return value.toString(16).padStart(16, "0");
}
