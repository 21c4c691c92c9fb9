// The hands to choose from: a picture for each, in the chosen ink, the network's and those that the visitor drew.

import { element, svg } from "../util/dom.js";
import { label as labelled } from "../words/words.js";

/** @typedef {import("../pkg/running_hand.js").HandMeasure} HandMeasure */
/**
 * A hand that the visitor drew.
 * @typedef {object} CapturedHand
 * @property {string} id
 * @property {string} name
 * @property {Float32Array} points of the ink: x, y, pen; shown as its picture
 * @property {() => object} engineOptions what to add to the engine's options to write in it
 * @property {number} [strength] how much of it is used, 0 to 1; `undefined` for one that is not learnt
 */

/** Comes before a captured hand's id in the value of its radio button; other values are names of the network's hands. */
const CAPTURED = "captured:";
/** Part of the plane that a picture shows, in corpus units. */
const VIEW = { width: 960, height: 480 };
/** Width of a captured hand's line that its picture shows at most, in corpus units. */
const MAX_LINE = 1500;

/** Hands of the network that is shipped: their tiles have their room before they come. */
const EXPECTED_HANDS = 14;

/** Event "change": the visitor chose another hand. */
export class HandPicker extends EventTarget {
  #tiles = element("tiles", HTMLElement);
  #surprise = element("surprise", HTMLElement);
  /** Requested early: a hand's measures are needed for the first ink. */ #sprite = loadSvg(new URL("../hands.svg", import.meta.url));
  /** Pictures by name. @type {Map<string, Element>} */ #pictures = new Map();
  /** What is known of the hands, by name. @type {Map<string, HandMeasure>} */ #measures = new Map();
  /** The network's hands. @type {string[]} */ names = [];
  /** By id. @type {Map<string, CapturedHand>} */ #captured = new Map();

  constructor() {
    super();
    // An error is handled where it is awaited.
    this.#sprite.catch(() => {});
    this.#addTile("", "");
    for (let hand = 0; hand < EXPECTED_HANDS; hand++) {
      const room = document.createElement("span");
      room.className = "tile awaited";
      this.#tiles.insertBefore(room, this.#surprise);
    }
    this.value = "";
    this.#tiles.addEventListener("change", () => this.dispatchEvent(new Event("change")));
  }

  /** Shows the hands of a network. @param {string[]} names @param {string} weights the network's fingerprint */
  async setHands(names, weights) {
    // At first one of the hands is chosen: it stays the same from line to line, which no particular hand does not.
    const chosen = this.names.length ? this.#chosen() : (names[0] ?? "");
    for (const radio of this.#radios()) {
      if (this.names.includes(radio.value)) radio.closest("label")?.remove();
    }
    for (const room of this.#tiles.querySelectorAll(".awaited")) room.remove();
    this.names = names;
    for (const name of names) this.#addTile(name, name);
    this.value = chosen;
    await this.#loadPictures(weights);
  }

  /** What is known of the chosen hand; `undefined` if the engine has to measure it. */
  get measure() {
    return this.captured ? undefined : this.#measures.get(this.value || "none");
  }

  /** Name of the network's hand that is chosen; "" if it is none of them. */
  get value() {
    const value = this.#chosen();
    return value.startsWith(CAPTURED) ? "" : value;
  }

  /** An unknown name chooses no particular hand. @param {string} value */
  set value(value) {
    const radios = this.#radios();
    (radios.find((radio) => radio.value === value) ?? radios[0]).checked = true;
  }

  /** The captured hand that is chosen. @returns {CapturedHand | undefined} */
  get captured() {
    return this.#captured.get(this.#chosen().slice(CAPTURED.length));
  }

  /** Adds a captured hand, or replaces that of the same id. @param {CapturedHand} hand */
  addCaptured(hand) {
    this.removeCaptured(hand.id);
    this.#captured.set(hand.id, hand);
    this.#addTile(CAPTURED + hand.id, hand.name, pictureOf(hand.points));
  }

  /** @param {string} id */
  removeCaptured(id) {
    if (!this.#captured.delete(id)) return;
    const radio = this.#radios().find(({ value }) => value === CAPTURED + id);
    const chosen = radio?.checked;
    radio?.closest("label")?.remove();
    if (chosen) this.value = "";
  }

  /**
   * Chooses a captured hand, or no particular hand if there is none of that id.
   * @param {string} id
   * @param {number} [strength] how much of it is used from now on, if it was learnt
   * @returns whether there is one
   */
  chooseCaptured(id, strength) {
    this.value = CAPTURED + id;
    const { captured } = this;
    if (captured?.strength !== undefined && strength !== undefined) captured.strength = strength;
    this.dispatchEvent(new Event("change"));
    return this.#captured.has(id);
  }

  /** How much of a captured hand is used. @param {string} id */
  strengthOf(id) {
    return this.#captured.get(id)?.strength ?? 1;
  }

  /** Sets how much of the chosen hand is used. @param {number} strength */
  setStrength(strength) {
    if (this.captured) this.captured.strength = strength;
    this.dispatchEvent(new Event("change"));
  }

  #chosen() {
    return this.#radios().find((radio) => radio.checked)?.value ?? "";
  }

  /** @returns {HTMLInputElement[]} */
  #radios() {
    return [...this.#tiles.querySelectorAll("input")];
  }

  /** @param {string} value @param {string} name @param {Element} [picture] */
  #addTile(value, name, picture) {
    const label = document.createElement("label");
    label.className = "tile";
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "hand";
    radio.value = value;
    const caption = document.createElement("span");
    caption.textContent = name;
    // Other networks' hands are called what their weights say.
    labelled(caption, value ? /** @type {import("../words/words.js").Key} */ (`handNames.${value}`) : "hands.none");
    label.append(radio, ...(picture ? [picture] : []), caption);
    this.#tiles.insertBefore(label, this.#surprise);
  }

  /**
   * Puts the pictures into the tiles. Those in hands.svg were written when the page was made, with weights that the
   * file names; hands of other weights are shown by their names only.
   * @param {string} weights
   */
  async #loadPictures(weights) {
    this.#pictures.clear();
    this.#measures.clear();
    try {
      const sprite = (await this.#sprite)?.documentElement;
      if (!sprite || sprite.getAttribute("data-weights") !== weights) return;
      for (const symbol of sprite.querySelectorAll("symbol")) {
        this.#pictures.set(symbol.id, symbol);
        const [xHeight, letter, gap, letterGap, lean] = (symbol.getAttribute("data-hand") ?? "").split(" ").map(Number);
        this.#measures.set(symbol.id, { xHeight, letter, gap, letterGap, lean });
      }
    } catch {
      // The names are enough to choose by.
    } finally {
      for (const radio of this.#radios()) {
        if (radio.value.startsWith(CAPTURED)) continue;
        if (radio.nextElementSibling instanceof SVGElement) radio.nextElementSibling.remove();
        const picture = this.#picture(radio.value || "none");
        if (picture) radio.after(picture);
      }
    }
  }

  /** @param {string} name */
  #picture(name) {
    const symbol = this.#pictures.get(name);
    if (!symbol) return undefined;
    // All pictures have the same scale, except where ink would be cut off.
    const [, , width, height] = (symbol.getAttribute("viewBox") ?? "").split(" ").map(Number);
    const [across, down] = [Math.max(width, VIEW.width), Math.max(height, VIEW.height)];
    const viewBox = `${(width - across) / 2} ${(height - down) / 2} ${across} ${down}`;
    const picture = svg("svg", { viewBox, "aria-hidden": "true", class: "ink" });
    picture.append(...[...symbol.childNodes].map((child) => document.importNode(child, true)));
    return picture;
  }
}

/**
 * An SVG file as a document; `null` if there is none. By `XMLHttpRequest`, which parses it itself: parsing text from
 * `fetch` would need a Trusted Types policy.
 * @param {URL} address
 * @returns {Promise<Document | null>}
 */
function loadSvg(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.addEventListener("load", () => resolve(request.status === 200 ? request.responseXML : null));
    request.addEventListener("error", reject);
    request.send();
  });
}

/** A picture of ink. @param {Float32Array} points x, y, pen */
function pictureOf(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  let path = "";
  for (let i = 0; i < points.length; i += 3) {
    const [x, y] = [points[i], points[i + 1]];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    const starts = i === 0 || points[i - 1] > 0.5;
    path += `${starts ? "M" : "L"}${x.toFixed(0)} ${y.toFixed(0)}`;
  }
  const width = Math.min(right - left, MAX_LINE);
  const viewBox = points.length ? `${left - 40} ${top - 40} ${width + 80} ${bottom - top + 80}` : "0 0 10 10";
  const picture = svg("svg", { viewBox, "aria-hidden": "true", class: "ink", preserveAspectRatio: "xMinYMid slice" });
  picture.append(svg("path", { d: path }));
  return picture;
}
