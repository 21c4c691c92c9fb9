// The app: what is being written, and by whom the page's parts hear of it.
//
// Each part of the page that has a module of its own (own.js, take.js, think.js) exports
// `mount(app)` and gets this object:
//
// - `app.wish`: the form's settings (see `Shared` in link.js); `app.look`: those of the sheet.
// - `app.points`: the points as they came from the engine (`Points`: `count`, `subarray()`), x, y, pen
//   in corpus units on an endless sheet. `app.layout`: the same points on their pages, as seen, leaning
//   and wandering; `app.pages()`: a copy of what is drawn, page by page, with the page's measures.
// - `app.plan`: the engine's plan of it, `undefined` before the first; `app.writing`: whether it goes on.
// - `app.sheet`: the canvas: `drawn`, `pause(bool)`, `show(count)`, `position(point)`, event "drawn".
// - `app.hands`: `addOwn`, `removeOwn`, `chooseOwn`.
// - `app.write(extra)`: writes what the form asks for; `extra` is added to the engine's options, such as
//   `{ prime }`. `app.stop()`. `app.goOn(points)`: shows points and goes on from them without a text;
//   `app.again()`: either once more;
//   `app.given`: how many points of what is being written are such.
// - `app.send(request, transfer)`: a request of one's own to worker.js. What comes back that the app
//   does not know is an event "reply" with the reply as its `detail`.
// - `app.say(message, problem)`: the status line. `app.useWeights(file)`: another network.
// - events: "ready" (networks and hands are there), "weights" (others are), "started" (a plan is there, the sheet is empty),
//   "points" (more have come), "finished" (all are drawn), "stopped" (the visitor stopped it), "cleared"
//   (a new writing was asked for), "look" (the sheet looks otherwise).

import { element } from "../util/dom.js";
import { LETTER, LINE_SPACING, Layout, paperSize } from "../sheet/layout.js";
import { Points } from "../sheet/points.js";
import { Sheet } from "../sheet/sheet.js";
import { asWord, whole } from "./stroke-encoding.js";
import { hideLine, hideLoading, say, sayEngine, showLine, showLoading } from "./status.js";
import { script } from "../util/trusted-types.js";

/** @typedef {import("../engine/worker.js").Request} Request */
/** @typedef {import("../engine/worker.js").Reply} Reply */
/** @typedef {import("../pkg/running_hand.js").Plan} Plan */
/** @typedef {import("./link.js").Shared} Shared */

/**
 * A page as it is seen.
 * @typedef {object} DrawnPage
 * @property {Float32Array} points x, y, pen, from the page's upper left corner
 * @property {import("../sheet/layout.js").Measures} measures of the page, in corpus units, and how large these are
 */

/**
 * So many points of the first line tell about where it runs: the pen need not wait for all of it. Where it begins is
 * then within 24 units of what all of them tell (median of 96 lines; 64 nine times in ten), a letter's x being 200 high.
 */
const ENOUGH = 60;
/** Milliseconds that the pen waits for the first line if it is to be drawn at once: it is then set level on its rule. */
const PATIENCE = 450;
/** About how many letters a scribble has. */
const SCRIBBLE = 72;
/** Largest weights file that is read, in bytes. */
const LARGEST = 256 * 2 ** 20;
/** More characters than these are not listed one by one, nor read out as what the picture shows. */
const MANY = 24;
const LONG = 300;

export class App extends EventTarget {
  /** @type {import("./form.js").Form} */ #form;
  #worker = new Worker(script("engine/worker.js"), { type: "module" });
  sheet = new Sheet(element("canvas", HTMLCanvasElement), element("pen", SVGSVGElement));
  #canvas = element("canvas", HTMLCanvasElement);
  points = new Points();
  /** @type {Layout | undefined} */ layout;
  /** @type {Plan | undefined} */ plan;
  /** Which weights write, as far as they are there: a link tells, so that others can be told apart. */
  fingerprints = { synthesis: "", prediction: "" };
  /** Those that a link was made with; "" if nobody says. */ #promised = "";
  /** Whether the networks are there. */ ready = false;
  writing = false;
  /** Number of the text being written; what still comes of older ones is ignored. */ #job = 0;
  /** Said at the end: characters that could not be written, a line that ran on. */ #remarks = "";
  /** Said with the first of these: what is the matter with the address. */ complaints = "";
  /** Whether the ink is wanted at once, this time. */ #hurry = false;
  /** Strokes of the visitor's that are gone on with, and how many points they have. @type {Float32Array} */ #given = new Float32Array();
  /** Whether all points have come. */ #ended = true;
  /** Whether the pen is seen to move, this time. */ #moves = false;
  /** When the pen may begin, and what wakes it then. */ #due = 0;
  #alarm = 0;

  /** @param {import("./form.js").Form} form */
  constructor(form) {
    super();
    this.#form = form;
    this.#worker.addEventListener("message", (/** @type {MessageEvent<Reply>} */ event) => this.#hear(event.data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      hideLoading();
      this.ready = false;
      this.#tell("broken");
      const cause = event.message ? ` (${event.message})` : "";
      say(
        `The engine did not start${cause}. It needs WebAssembly SIMD and module workers: Chrome 91, Firefox 114, ` +
          "Safari 16.4 or later. If your browser is newer, load the page again.",
        true,
      );
    });
    form.addEventListener("look", () => this.#relook());
    this.sheet.addEventListener("drawn", () => this.#count());
    this.#blank();
  }

  get hands() {
    return this.#form.hands;
  }

  get wish() {
    return this.#form.wish;
  }

  get look() {
    return this.#form.wish;
  }

  say = say;

  /** @param {Request} request @param {Transferable[]} [transfer] */
  send(request, transfer = []) {
    this.#worker.postMessage(request, transfer);
  }

  /** Which weights write what the form asks for; "" while they are not there. */
  get fingerprint() {
    return this.fingerprints[this.#form.reads && !this.given ? "synthesis" : "prediction"];
  }

  /** Strokes that are gone on with, as a link holds them; "" if there are none. */
  get strokes() {
    return asWord(this.#given);
  }

  /** How many of the first points are the visitor's own, not the network's. */
  get given() {
    return this.#given.length / 3;
  }

  /**
   * Shows strokes and lets the network go on from them, without a text.
   * @param {Float32Array} points x, y, pen
   * @param {{ hurry?: boolean, weights?: string }} [how] as `write`
   */
  goOn(points, how = {}) {
    const given = whole(points);
    this.write({ prime: { text: "", points: given } }, { ...how, given });
  }

  /**
   * Writes what the form asks for.
   * @param {object} [extra] options for the engine besides
   * @param {{ hurry?: boolean, given?: Float32Array, weights?: string }} [how] at once; points to go on from, without
   *   a text; fingerprint of the weights that are expected to write
   */
  write(extra = {}, { hurry = false, given = new Float32Array(), weights = "" } = {}) {
    const { text, style, blend, share, bias, temperature, seed, columns } = this.wish;
    const reads = this.#form.reads && !given.length;
    this.#job += 1;
    this.#hurry = hurry;
    this.#given = given;
    this.#promised = weights;
    clearTimeout(this.#alarm);
    this.sheet.stop();
    this.#setWriting(true);
    say("Writing …");
    this.#tell("cleared");
    /** @type {import("../pkg/running_hand.js").WriteOptions} */
    const options = { bias, temperature, seed, columns };
    if (style !== "") options.style = style;
    if (style !== "" && blend !== "") options.blend = { style: blend, share };
    // A scribble would go on where the own hand's ink ends.
    const own = reads ? (this.hands.own?.extra() ?? {}) : {};
    this.send({ type: "write", job: this.#job, text: reads ? text : "", options: { ...options, ...own, ...extra } });
  }

  /** What is on the sheet once more, as the form is now. */
  again() {
    if (this.given) this.goOn(this.#given);
    else this.write();
  }

  stop() {
    if (!this.writing) return;
    this.#job += 1;
    this.send({ type: "cancel" });
    this.sheet.stop();
    clearTimeout(this.#alarm);
    this.points.cut(this.sheet.drawn);
    this.#ended = true;
    this.layout?.update(this.sheet.drawn, true);
    this.sheet.changed();
    this.#setWriting(false);
    this.#canvas.setAttribute("aria-label", `Handwriting, stopped: ${this.#written()}`);
    say("Stopped");
    this.#tell("stopped");
  }

  /** Lets the network of a visitor's file write from now on. @param {File} file */
  async useWeights(file) {
    this.stop();
    say(`Reading ${file.name} …`);
    try {
      if (file.size > LARGEST) throw new Error(`${file.name} is larger than any network that a page could run.`);
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.send({ type: "weights", bytes, name: file.name }, [bytes.buffer]);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), true);
    }
  }

  /** @param {Extract<Reply, { type: "weights" }>} reply */
  async #change({ kind, name, styles, fingerprint, problem }) {
    if (problem) {
      say(`${problem} ${this.ready ? "The network from before writes on." : ""}`.trimEnd(), true);
      return;
    }
    this.fingerprints[kind] = fingerprint;
    if (kind === "synthesis") {
      await this.#form.fill(styles, fingerprint);
      hideLoading();
      this.#tell(this.ready ? "weights" : "ready");
      this.ready = true;
    }
    const what = kind === "synthesis" ? "writes now" : "scribbles now, where there is no text";
    say(`${name} ${what}, until the page is loaded again. Ready`);
  }

  /** What is drawn, page by page. @returns {DrawnPage[]} */
  pages() {
    const { layout } = this;
    if (!layout) return [];
    const pages = [];
    for (let page = 0; page < this.sheet.pages; page++) {
      const [start, end] = layout.range(page);
      const points = layout.data.slice(3 * start, 3 * Math.min(end, this.sheet.drawn));
      pages.push({ points, measures: layout.measures });
    }
    return pages;
  }

  /** The paper's width and height in millimetres; `undefined` for a sheet as wide as the ink. */
  get paperSize() {
    return paperSize(this.look);
  }

  /** @param {string} type @param {unknown} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {boolean} busy */
  #setWriting(busy) {
    this.writing = busy;
    if (!busy) hideLine();
    this.#tell("busy");
  }

  /** An empty sheet. */
  #blank() {
    this.points = new Points();
    this.layout = new Layout(this.points, this.look, { letters: 0, rows: 1, letter: 0, given: 0, level: true });
    this.sheet.begin(this.layout, Infinity);
  }

  /** The same ink, seen otherwise. */
  #relook() {
    this.layout?.relay(this.look, this.#ended);
    this.sheet.changed();
    this.#tell("look");
  }

  #count() {
    if (!this.writing || !this.plan || !this.layout) return;
    showLine(this.layout.lineOf(this.sheet.drawn - 1) + 1, this.plan.lines.length);
  }

  /** @param {Plan} plan */
  #begin(plan) {
    const { wish } = this;
    const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const letters = plan.kind === "synthesis" ? Math.max(0, ...plan.lines.map((line) => line.length)) : wish.columns;
    this.plan = plan;
    this.points = new Points();
    const level = plan.kind === "synthesis";
    const free = level ? wish.text.trim().split("\n").filter((line) => line.trim() === "").length : 0;
    const rows = level ? Math.max(1, plan.lines.length + free) : Math.ceil(SCRIBBLE / wish.columns);
    this.layout = new Layout(this.points, wish, { letters, rows, letter: level ? this.hands.letter : LETTER, given: this.given, level });
    this.#ended = false;
    this.#due = performance.now() + PATIENCE;
    const rate = reduced || this.#hurry ? Infinity : this.#form.speed / plan.sampleMs;
    this.#moves = rate < Infinity;
    this.sheet.begin(this.layout, rate);
    if (this.given) this.#showGiven();
    this.#remarks = this.complaints;
    this.complaints = "";
    this.fingerprints[plan.kind] = plan.fingerprint;
    if (this.#promised && this.#promised !== plan.fingerprint) {
      this.#remarks += "The link was made with other weights, so the writing is not the same. ";
    }
    const leftOut = plan.leftOut.map(visible).filter((name) => name !== "");
    if (leftOut.length) this.#remarks += `Not among the letters the network knows: ${list(leftOut, " ")}. `;
    if (plan.transliterated.length) {
      const pairs = plan.transliterated.map(([from, to]) => `${visible(from)} as ${to}`);
      this.#remarks += `Written: ${list(pairs, ", ")}. `;
    }
    if (level && /\t/.test(wish.text)) this.#remarks += "Tabs are written as blanks. ";
    // These the engine leaves out without a word, for many are invisible on purpose.
    if (level && /[^\P{Cc}\s]/u.test(wish.text)) this.#remarks += "Control characters are left out. ";
    if (plan.kind === "synthesis" && plan.lines.length === 0) this.#remarks += "So there is nothing to write. ";
    this.#canvas.setAttribute("aria-label", "Being written");
    say(`${this.#remarks}Writing …`);
    this.#tell("started");
  }

  /** The visitor's strokes are there before the pen moves. */
  #showGiven() {
    this.points.add(this.#given, 0);
    this.layout?.update();
    this.sheet.changed();
    this.sheet.show(this.given);
    this.sheet.pause(false);
  }

  /** @param {Float32Array} points @param {number} row */
  #add(points, row) {
    if (this.plan?.kind === "prediction") {
      // Without text the engine counts no lines; a new one begins at the left edge, a line lower.
      let from = 0;
      let own = this.points.rows.at(-1)?.row ?? 0;
      for (let i = 0; i < points.length; i += 3) {
        if (points[i] !== 0 || points[i + 1] < (own + 1) * LINE_SPACING) continue;
        this.points.add(points.subarray(from, i), own);
        from = i;
        own += 1;
      }
      this.points.add(points.subarray(from), own);
    } else {
      this.points.add(points, row);
    }
    this.layout?.update(this.sheet.drawn);
    this.#wake(this.points.rows.length > 1 || (this.#moves && this.points.count >= ENOUGH));
    this.#tell("points");
  }

  /** Lets the pen draw what has come, or after a while if the first line is still being written. @param {boolean} now */
  #wake(now) {
    clearTimeout(this.#alarm);
    const wait = this.#due - performance.now();
    if (now || wait <= 0) this.sheet.changed();
    else this.#alarm = setTimeout(() => this.sheet.changed(), wait);
  }

  /** What is written, for those who cannot see it. */
  #written() {
    const written = this.plan?.lines.join(" ") ?? "";
    return written.length > LONG ? `${written.slice(0, LONG)} …` : written;
  }

  /** @param {import("../pkg/running_hand.js").Finish | undefined} finish */
  #end(finish) {
    if (finish === "cap") this.#remarks += "A line ran on and was cut; another seed may do better. ";
    if (finish === "nonfinite") {
      this.#remarks += "A line broke off: the network computed no number. Another seed may do better. ";
    }
    this.#ended = true;
    this.layout?.update(this.sheet.drawn, true);
    this.#wake(true);
    this.sheet.complete(() => {
      this.#setWriting(false);
      const written = this.#written();
      this.#canvas.setAttribute("aria-label", written ? `Handwriting: ${written}` : "Handwriting without a text");
      say(`${this.#remarks}Done`);
      this.#tell("finished");
    });
  }

  /** @param {Reply} data */
  #hear(data) {
    if ("job" in data && data.job !== undefined && data.job !== this.#job) return;
    switch (data.type) {
      case "progress":
        showLoading(data.loaded, data.total);
        break;
      case "engine":
        sayEngine(data.label, data.notice);
        break;
      case "ready":
        hideLoading();
        this.fingerprints.synthesis = data.fingerprint;
        // The pictures tell how wide a hand writes: a link laid out without them would look otherwise.
        void this.#form.fill(data.styles, data.fingerprint).then(() => {
          this.ready = true;
          say(`${this.complaints}Ready`);
          this.#tell("ready");
        });
        break;
      case "weights":
        void this.#change(data);
        break;
      case "plan":
        this.#begin(data.plan);
        break;
      case "points":
        this.#add(data.points, data.row);
        break;
      case "finish":
        this.#end(data.finish);
        break;
      case "error":
        hideLoading();
        this.sheet.stop();
        this.#setWriting(false);
        say(data.message, true);
        break;
      default:
        this.#tell("reply", data);
    }
  }
}

/** How a character can be named: one that cannot be seen by its number, one that belongs to another not at all. @param {string} character */
function visible(character) {
  if (/[\p{Cf}\p{M}]/u.test(character)) return "";
  if (!/\p{C}/u.test(character)) return character;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** @param {string[]} names @param {string} between */
function list(names, between) {
  const shown = names.slice(0, MANY).join(between);
  return names.length > MANY ? `${shown}${between}and ${names.length - MANY} more` : shown;
}
