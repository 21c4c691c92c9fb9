// <running-hand text="Dear reader,"></running-hand>: handwriting as an element of any page.
//
// It writes when it is first visible, at the size and in the colour of the surrounding text. Its attributes are those
// of `WriteOptions`, with `hand` for a style or `hand-src` for a hand's file, and `speed`: 1 is as people write, "instant" is at once. With `manual` it
// waits for `write()`. Ink that a server has written (`renderToString`) stays until an attribute changes.

import { handAt } from "./hand-file.js";
import { writeInTurn } from "./write-queue.js";

export { configure } from "./write-queue.js";

/** In corpus units: an em (an x is half as high), the margin around the ink, the width of the pen's line. */
const EM = 400;
const MARGIN = 40;
const LINE_WIDTH = 20;
/** Estimates for a text that is not written yet: width of a character and height of a line in corpus units, columns. */
const CHARACTER = 170;
const LINE = 680;
const COLUMNS = 40;
/** Milliseconds: a frame that comes later, because the tab was hidden for example, counts as this. */
const LONGEST_FRAME = 100;

const NUMBERS = /** @type {const} */ (["bias", "temperature", "seed", "columns", "attempts"]);
const TEXTS = /** @type {const} */ (["text", "hand", "hand-src"]);
/** Attributes that properties reflect, as strings. */
const REFLECTED = [...TEXTS, ...NUMBERS, "speed"];
/** A property's name. @param {string} attribute */
const propertyOf = (attribute) => attribute.replace(/-./g, (part) => part[1].toUpperCase());
const SVG = "http://www.w3.org/2000/svg";

const STYLE = `
  :host { display: inline-block; max-width: 100%; }
  :host([hidden]) { display: none; }
  svg { display: block; max-width: 100%; height: auto; overflow: visible; fill: none; stroke: currentColor;
        stroke-width: var(--running-hand-stroke, ${LINE_WIDTH}); stroke-linecap: round; stroke-linejoin: round; }
  [hidden] { display: none; }
`;

/** @typedef {import("./write-queue.js").Written} Written */

/** On a server there are no elements, and importing this module does nothing. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (/** @type {unknown} */ (class {}));

export class RunningHandElement extends Base {
  static observedAttributes = [...TEXTS, ...NUMBERS];

  #svg = document.createElementNS(SVG, "svg");
  /** The text itself, shown if it cannot be written. */
  #plain = document.createElement("span");
  /** The element's content, which readers without JavaScript see; where it has none, its text. */
  #slot = document.createElement("slot");
  /** Aborted to stop what is being written or drawn. @type {AbortController | undefined} */
  #run;
  /** Content of a hand's file. @type {string | Uint8Array | null} */
  #handFile = null;
  /** The text written last, and what it was written from. @type {(Written & { source: string, hand: unknown }) | undefined} */
  #written;
  /** Whether its ink is what a server has sent. */ #isSent;
  /** Whether it has been visible. */ #seen = false;
  /** Whether changed attributes are to be handled. */ #changed = false;
  #observer = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) this.#see();
  });

  constructor() {
    super();
    // A server may have sent one, with ink in it.
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const sent = shadow.querySelector("svg");
    if (sent) this.#svg = sent;
    this.#isSent = sent !== null;
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [style];
    this.#svg.setAttribute("part", "ink");
    this.#svg.setAttribute("role", "img");
    this.#plain.setAttribute("part", "text");
    this.#plain.hidden = true;
    this.#plain.append(this.#slot);
    shadow.replaceChildren(this.#svg, this.#plain);
    this.#slot.addEventListener("slotchange", () => {
      if (!this.hasAttribute("text")) this.#change();
    });
  }

  connectedCallback() {
    // Properties that were set before the element was defined hide the accessors of the class.
    for (const name of [...REFLECTED.map(propertyOf), "manual", "handFile"]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    this.#prepare();
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#observer.disconnect();
    this.#seen = false;
    this.stop();
  }

  /** @param {string} _name @param {string | null} before @param {string | null} value */
  attributeChangedCallback(_name, before, value) {
    if (before !== value) this.#change();
  }

  /** Writes anew, if it is visible. */
  #change() {
    if (!this.#seen || this.#changed) return;
    // What is changed in the same task is one change.
    this.#changed = true;
    queueMicrotask(() => {
      this.#changed = false;
      this.#prepare();
      if (this.isConnected && !this.manual) this.write().catch(() => {});
    });
  }

  /** The ink of the text written last: triples x, y, 1 where a stroke ends; corpus units, y down. */
  get points() {
    return this.#written?.points ?? new Float32Array();
  }

  /** Whether it is being written. */
  get writing() {
    return this.#run !== undefined;
  }

  /** Writes from the start. Fulfilled when all is drawn, or when something else is written instead. */
  async write() {
    this.stop();
    this.#isSent = false;
    const run = (this.#run = new AbortController());
    try {
      const { text, options, hand } = this.#request();
      const source = JSON.stringify([text, options]);
      if (this.#written?.source !== source || this.#written.hand !== hand) {
        this.#svg.replaceChildren();
        this.#written = { ...(await writeInTurn(text, options, hand, run.signal)), source, hand };
      }
      const { plan, points, finish, doubtful } = this.#written;
      this.dispatchEvent(new CustomEvent("start", { detail: { plan } }));
      await this.#draw(points, plan.sampleMs, run.signal);
      this.#run = undefined;
      this.dispatchEvent(new CustomEvent("finish", { detail: { finish, doubtful } }));
    } catch (error) {
      if (run.signal.aborted) return;
      this.#run = undefined;
      // The reader gets the plain text instead.
      this.#svg.setAttribute("hidden", "");
      this.#plain.hidden = false;
      const message = error instanceof Error ? error.message : String(error);
      const unhandled = this.dispatchEvent(new ErrorEvent("error", { message, error, cancelable: true }));
      if (unhandled) console.error(`<running-hand>: ${message}`);
      throw error;
    }
  }

  /** Whether it waits for `write()`. */
  get manual() {
    return this.hasAttribute("manual");
  }

  set manual(value) {
    this.toggleAttribute("manual", Boolean(value));
  }

  /** The content of a hand's file to write in, in place of `hand` and `hand-src`. */
  get handFile() {
    return this.#handFile;
  }

  set handFile(value) {
    if (this.#handFile === (value ?? null)) return;
    this.#handFile = value ?? null;
    this.#change();
  }

  /** Stops the pen where it is. */
  stop() {
    this.#run?.abort();
    this.#run = undefined;
  }

  #see() {
    if (this.#seen) return;
    this.#seen = true;
    this.#observer.disconnect();
    if (!this.manual && !this.#isSent) this.write().catch(() => {});
  }

  get #text() {
    return this.getAttribute("text") ?? this.textContent.trim();
  }

  /** Sets the label, and reserves about the room that the text will need, so that the page does not move later. */
  #prepare() {
    const text = this.#text;
    this.#svg.setAttribute("aria-label", text.trim() ? text : "Handwriting without a text");
    this.#slot.textContent = text;
    this.#plain.hidden = true;
    this.#svg.removeAttribute("hidden");
    if (this.#written || this.#isSent) return;
    const columns = Number(this.getAttribute("columns") ?? COLUMNS) || COLUMNS;
    const lines = text.split("\n").map((line) => line.length);
    const rows = lines.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    this.#setView(0, -LINE / 2, Math.min(columns, Math.max(...lines)) * CHARACTER, rows * LINE);
  }

  /** The text and the options to write it with, from the attributes, and the file of a hand to write it in, if any. */
  #request() {
    /** @type {import("../pkg/running_hand.js").WriteOptions} */
    const options = {};
    for (const name of NUMBERS) {
      const value = this.getAttribute(name);
      if (value === null) continue;
      options[name] = Number(value);
      if (value.trim() === "" || !Number.isFinite(options[name])) throw new Error(`${name}: “${value}” is no number.`);
    }
    const source = this.getAttribute("hand-src");
    const own = this.#handFile ?? (source ? handAt(source) : undefined);
    const hand = this.getAttribute("hand");
    if (hand && !own) options.style = hand;
    return { text: this.#text, options, hand: own };
  }

  /** How fast to draw; read at every frame, so that it can be changed while it writes. */
  get #speed() {
    const value = this.getAttribute("speed") ?? "1";
    if (value === "instant" || matchMedia("(prefers-reduced-motion: reduce)").matches) return Infinity;
    const speed = Number(value);
    return speed > 0 ? speed : 1;
  }

  /** Sets what part of the plane is shown. @param {number} left @param {number} top @param {number} width @param {number} height corpus units */
  #setView(left, top, width, height) {
    this.#svg.setAttribute("viewBox", [left, top, width, height].map(Math.round).join(" "));
    this.#svg.setAttribute("width", `${(width / EM).toFixed(2)}em`);
  }

  /**
   * Draws in the pen's time: curves through the midpoints between points, one path for each stroke.
   * @param {Float32Array} points @param {number} sampleMs @param {AbortSignal} signal
   */
  async #draw(points, sampleMs, signal) {
    const count = points.length / 3;
    this.#svg.replaceChildren();
    this.#plain.hidden = true;
    this.#svg.removeAttribute("hidden");
    if (count) this.#fitView(points);
    /** @type {SVGPathElement | undefined} */
    let path;
    let data = "";
    let start = 0;
    const add = (/** @type {number} */ i) => {
      const [x, y] = [points[3 * i], points[3 * i + 1]];
      const at = i - start;
      if (at === 0) {
        path = this.#svg.appendChild(document.createElementNS(SVG, "path"));
        // With round caps, a line of zero length is a dot.
        data = `M${round(x)} ${round(y)}l0 0`;
      } else if (at > 1) {
        const [px, py] = [points[3 * i - 3], points[3 * i - 2]];
        data += `Q${round(px)} ${round(py)} ${round((px + x) / 2)} ${round((py + y) / 2)}`;
      }
      if (points[3 * i + 2] < 0.5 && i + 1 < count) return;
      if (at > 0) data += `L${round(x)} ${round(y)}`;
      start = i + 1;
      path?.setAttribute("d", data);
    };
    let drawn = 0;
    let due = 0;
    let before = performance.now();
    while (drawn < count) {
      const now = await frame();
      signal.throwIfAborted();
      due += (Math.min(Math.max(now - before, 0), LONGEST_FRAME) * this.#speed) / sampleMs;
      before = now;
      const until = this.#speed === Infinity ? count : Math.min(count, Math.floor(due));
      while (drawn < until) add(drawn++);
      if (start < drawn) path?.setAttribute("d", data);
    }
  }

  /** Sets the view to all of the ink. @param {Float32Array} points */
  #fitView(points) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 3) {
      left = Math.min(left, points[i]);
      right = Math.max(right, points[i]);
      top = Math.min(top, points[i + 1]);
      bottom = Math.max(bottom, points[i + 1]);
    }
    this.#setView(left - MARGIN, top - MARGIN, right - left + 2 * MARGIN, bottom - top + 2 * MARGIN);
  }
}

/** The next frame. @returns {Promise<number>} */
const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

// Properties that reflect the attributes, for frameworks that set properties.
for (const name of REFLECTED) {
  Object.defineProperty(RunningHandElement.prototype, propertyOf(name), {
    /** @this {RunningHandElement} */
    get() {
      return this.getAttribute(name);
    },
    /** @this {RunningHandElement} @param {unknown} value */
    set(value) {
      if (value === null || value === undefined) this.removeAttribute(name);
      else this.setAttribute(name, String(value));
    },
    enumerable: true,
    configurable: true,
  });
}

if (globalThis.customElements && !customElements.get("running-hand")) customElements.define("running-hand", RunningHandElement);
