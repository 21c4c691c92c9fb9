// The hands to choose from: small pictures in their own ink, and what the visitor adds.

import { element, svg } from "../util/dom.js";
import { LETTER } from "../sheet/layout.js";

/**
 * A hand that the visitor made. `extra` gives what is to be added to the engine's options.
 * @typedef {object} OwnHand
 * @property {string} id
 * @property {string} name
 * @property {Float32Array} points a line of it: x, y, pen, for the picture
 * @property {() => object} extra
 */

/** Before the visitor's own in a radio button's value, which else is a hand's name. */
const OWN = "own:";
/** How much of the plane a picture shows, in corpus units. */
const SEEN = { width: 960, height: 480 };

export class Hands extends EventTarget {
  #tiles = element("tiles", HTMLElement);
  #surprise = element("surprise", HTMLElement);
  /** Pictures by name. @type {Map<string, Element>} */ #pictures = new Map();
  /** Widths of letters by name, in corpus units. @type {Map<string, number>} */ #letters = new Map();
  /** @type {string[]} */ names = [];
  /** @type {Map<string, OwnHand>} */ #own = new Map();

  constructor() {
    super();
    this.#add("", "No one’s");
    this.value = "";
    this.#tiles.addEventListener("change", () => this.dispatchEvent(new Event("change")));
  }

  /** The network's hands, once it is there. @param {string[]} names @param {string} weights its fingerprint */
  async fill(names, weights) {
    // At first in a hand, which stays the same from line to line: no one's does not.
    const chosen = this.names.length ? this.#chosen() : (names[0] ?? "");
    for (const radio of this.#radios()) {
      if (this.names.includes(radio.value)) radio.closest("label")?.remove();
    }
    this.names = names;
    for (const name of names) this.#add(name, name);
    this.value = chosen;
    await this.#draw(weights);
  }

  /** Width of a letter of the hand chosen, in corpus units. */
  get letter() {
    return this.#letters.get(this.value || "none") ?? LETTER;
  }

  /** Name of the hand chosen; "" for no one's or one's own. */
  get value() {
    const value = this.#chosen();
    return value.startsWith(OWN) ? "" : value;
  }

  /** A name that there is not chooses no one's. @param {string} value */
  set value(value) {
    const wanted = this.#radios().find((radio) => radio.value === value) ?? this.#radios()[0];
    wanted.checked = true;
  }

  /** The visitor's own hand, if that is chosen. @returns {OwnHand | undefined} */
  get own() {
    return this.#own.get(this.#chosen().slice(OWN.length));
  }

  /** Adds a hand of the visitor's, or replaces that of the same id. @param {OwnHand} hand */
  addOwn(hand) {
    this.removeOwn(hand.id);
    this.#own.set(hand.id, hand);
    this.#add(OWN + hand.id, hand.name, picture(hand.points));
  }

  /** @param {string} id */
  removeOwn(id) {
    if (!this.#own.delete(id)) return;
    const radio = this.#radios().find(({ value }) => value === OWN + id);
    const chosen = radio?.checked;
    radio?.closest("label")?.remove();
    if (chosen) this.value = "";
  }

  /** Chooses a hand of the visitor's; says whether there is one of that id. @param {string} id */
  chooseOwn(id) {
    this.value = OWN + id;
    this.dispatchEvent(new Event("change"));
    return this.#own.has(id);
  }

  #chosen() {
    return this.#radios().find((radio) => radio.checked)?.value ?? "";
  }

  /** @returns {HTMLInputElement[]} */
  #radios() {
    return [...this.#tiles.querySelectorAll("input")];
  }

  /** @param {string} value @param {string} name @param {Element} [drawing] */
  #add(value, name, drawing) {
    const label = document.createElement("label");
    label.className = "tile";
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "hand";
    radio.value = value;
    const words = document.createElement("span");
    words.textContent = name;
    label.append(radio, ...(drawing ? [drawing] : []), words);
    this.#tiles.insertBefore(label, this.#surprise);
  }

  /** Puts the pictures into the tiles; without them, as of another network, there are the names. @param {string} weights */
  async #draw(weights) {
    this.#pictures.clear();
    this.#letters.clear();
    try {
      const drawn = (await drawing(new URL("../hands.svg", import.meta.url)))?.documentElement;
      if (!drawn) return;
      if (drawn.getAttribute("data-weights") !== weights) return;
      for (const symbol of drawn.querySelectorAll("symbol")) {
        this.#pictures.set(symbol.id, symbol);
        this.#letters.set(symbol.id, Number(symbol.getAttribute("data-letter")) || LETTER);
      }
    } catch {
      // The names are there.
    } finally {
      for (const radio of this.#radios()) {
        if (radio.value.startsWith(OWN)) continue;
        if (radio.nextElementSibling instanceof SVGElement) radio.nextElementSibling.remove();
        const drawing = this.picture(radio.value || "none");
        if (drawing) radio.after(drawing);
      }
    }
  }

  /** A picture that was written when the page was made. @param {string} name */
  picture(name) {
    const symbol = this.#pictures.get(name);
    if (!symbol) return undefined;
    // All of one scale, unless it were cut.
    const [, , width, height] = (symbol.getAttribute("viewBox") ?? "").split(" ").map(Number);
    const [across, down] = [Math.max(width, SEEN.width), Math.max(height, SEEN.height)];
    const viewBox = `${(width - across) / 2} ${(height - down) / 2} ${across} ${down}`;
    const drawing = svg("svg", { viewBox, "aria-hidden": "true", class: "ink" });
    drawing.append(...[...symbol.childNodes].map((child) => document.importNode(child, true)));
    return drawing;
  }
}

/**
 * A drawing as a document, if there is one. An older way than `fetch`, and the one that needs no text to
 * be made into a document, which Trusted Types refuse.
 * @param {URL} address
 * @returns {Promise<Document | null>}
 */
function drawing(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.addEventListener("load", () => resolve(request.status === 200 ? request.responseXML : null));
    request.addEventListener("error", reject);
    request.send();
  });
}

/** A picture of points. @param {Float32Array} points x, y, pen */
function picture(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  let path = "";
  for (let i = 0; i < points.length; i += 3) {
    const [x, y] = [points[i], points[i + 1]];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    const starts = i === 0 || points[i - 1] > 0.5;
    path += `${starts ? "M" : "L"}${x.toFixed(0)} ${y.toFixed(0)}`;
  }
  // No more than as much of the line as the other pictures have.
  const width = Math.min(right - left, 1500);
  const view = points.length ? `${left - 40} ${top - 40} ${width + 80} ${bottom - top + 80}` : "0 0 10 10";
  const drawing = svg("svg", { viewBox: view, "aria-hidden": "true", class: "ink", preserveAspectRatio: "xMinYMid slice" });
  drawing.append(svg("path", { d: path }));
  return drawing;
}
