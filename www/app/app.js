// The application: the text that is being written, the sheet it is drawn on, and the engine that writes it. The
// dialogs and panels (capture/, export/, inspector/) get this object and follow its events.

import { startEngine } from "../engine/start.js";
import { EMPTY_SHEET, Ink } from "../sheet/ink.js";
import { steadyRate, suitableRate, USUAL } from "../sheet/pace.js";
import { Sheet } from "../sheet/sheet.js";
import { element } from "../util/dom.js";
import { site } from "../util/site-files.js";
import { explain, translated, words } from "../words/words.js";
import { layoutOptions, MAX_ROWS } from "./layout-options.js";
import { LOOK_KEYS } from "./link.js";
import { hideLine, hideLoading, showEngine, showLine, showLoading, showStatus } from "./status.js";
import { encodeStrokes, roundStrokes } from "./stroke-encoding.js";

/** @typedef {import("../engine/messages.js").WriteEvent} WriteEvent */
/** @typedef {import("../pkg/running_hand.js").PlacedInk} PlacedInk */
/** @typedef {import("../pkg/running_hand.js").Plan} Plan */
/** @typedef {import("../pkg/running_hand.js").Sheet} SheetGeometry */
/** @typedef {import("../sheet/sheet.js").DrawnPage} DrawnPage */
/** @typedef {import("./link.js").Settings} Settings */

/**
 * A text that was begun, with all that is needed to return to it.
 * @typedef {object} Written
 * @property {number} id by which the worker keeps it
 * @property {Ink} ink
 * @property {Plan} plan
 * @property {Settings} settings those that it was requested with, and its look now; `columns` only if they were entered
 * @property {Float32Array} strokes that the visitor drew and the network continues
 * @property {string} layout of the ink, as JSON
 * @property {boolean} own whether the visitor asked for it, rather than the page by itself
 */

/** Largest weights file that is read, in bytes. */
const MAX_WEIGHTS = 256 * 2 ** 20;
/** Words that the status line lists at most, and letters of the text that the canvas' label has at most. */
const MAX_LISTED = 24;
const MAX_LABEL = 300;
/** Letters in a line while it is not known how many fit. */
const USUAL_COLUMNS = 36;
/**
 * A sheet that grows with the ink, as src/document/paper.rs makes it, in corpus units: its least width, and that of its
 * margins and of a letter; its height for one line and for each further one, and its least height as a share of its width.
 */
const GROWING = { least: 3600, margins: 920, letter: 165, first: 1460, row: 680, shape: 0.56 };
/** How much higher than it needs a sheet may stay, so that nothing moves when the next text begins. */
const MOST_EMPTY = 1.6;
/** Share of its room that the longest of broken lines fills at least. */
const FILLED = 0.9;

/**
 * Events:
 * - "ready": networks and hands are loaded; "weights": other weights are; "broken": the engine cannot write any more;
 *   "failed": something could not be loaded or written, as the status says;
 * - "busy": `writing` has changed; "cleared": a new text was requested; "started": its plan is known, the sheet is empty;
 *   "points": more have come; "finished": all are drawn; "stopped": the visitor stopped it;
 * - "look": paper, pen or layout have changed.
 */
export class App extends EventTarget {
  /** @type {import("./form.js").Form} */ #form;
  client = startEngine(({ label, notice }) => showEngine(label, notice));
  sheet = new Sheet(element("canvas", HTMLCanvasElement), element("pen", SVGSVGElement), () => this.settings);
  #canvas = element("canvas", HTMLCanvasElement);
  /** The ink that has come. */ ink = new Ink(EMPTY_SHEET);
  /** The plan of the text that was begun last. @type {Plan | undefined} */ plan;
  /** Fingerprints of the weights, as far as they are loaded. */ fingerprints = { synthesis: "", prediction: "" };
  /** Fingerprint of the weights that a link was made with; "" if it does not say. */ #expectedWeights = "";
  /** Whether a text can be written. */ ready = false;
  /** Whether one is being written or drawn. */ writing = false;
  /** The request that is being written; aborting it ends it. */ #request = new AbortController();
  /** Said when the text is done: characters that could not be written, a line that was cut. */ #notes = "";
  /** Said first of all: what was wrong with the address, or with storing a hand. */ pendingNotes = "";
  /** Whether this text is drawn at once. */ #instant = false;
  /** Whether the visitor asked for the pen to hurry. */ #hurried = false;
  /** Lays the sheet of the text on the screen, unless that is done. */ #lay = () => {};
  /** Whether the engine is still writing the text. */ #computing = false;
  /** Number of the text that was requested last. */ #requests = 0;
  /** The text on the sheet. @type {Written | undefined} */ written;
  /** Strokes that the visitor drew and the network continues: x, y, pen. @type {Float32Array} */ #initialStrokes = new Float32Array();
  /** The layout that was requested last, as JSON. */ #layout = "";
  /** What is wrong with the paper, as the status line says. */ #layoutProblem = "";
  /** How often writing was stopped. */ #stops = 0;
  /** The file of the network that writes texts, if it is the visitor's own. @type {File | undefined} */ ownWeights;
  /** The form's settings when the text on the sheet was requested. @type {Settings | undefined} */ requested;

  /** @param {import("./form.js").Form} form */
  constructor(form) {
    super();
    this.#form = form;
    this.client.addEventListener("broken", () => {
      this.ready = false;
      this.#emit("broken");
      this.#fail(this.client.failure);
    });
    form.countFitting = (settings, letterWidth) =>
      this.client.request("fittingColumns", { layout: layoutOptions(settings), letterWidth });
    form.addEventListener("look", () => {
      this.makeRoom(true);
      void this.#changeLook();
    });
    this.sheet.addEventListener("drawn", () => this.#showLine());
    this.sheet.begin(this.ink, () => Infinity);
  }

  /** Starts the engine and loads what it needs. @param {import("../pkg/running_hand.js").EngineChoice} engine */
  async open(engine) {
    try {
      const { styles, fingerprint } = await this.client.request("open", { engine, build: site.build }, {
        onEvent: ({ loaded, total }) => showLoading(loaded, total),
      });
      this.makeRoom(true);
      void this.#changeLook();
      await this.#setSynthesis(styles, fingerprint);
    } catch (error) {
      this.#fail(error);
    }
  }

  get hands() {
    return this.#form.hands;
  }

  get settings() {
    return this.#form.settings;
  }

  /** How fast the pen is drawn; 1 is as fast as people write. */
  get speed() {
    return this.#form.speed ?? USUAL;
  }

  /** Fingerprint of the weights that write what the form says; "" while they are not loaded. */
  get fingerprint() {
    return this.fingerprints[this.#form.hasText && !this.initialCount ? "synthesis" : "prediction"];
  }

  /** The strokes that are continued, encoded for a link; "" if there are none or too many. */
  get encodedStrokes() {
    return encodeStrokes(this.#initialStrokes);
  }

  /** How many of the first points are the visitor's strokes. */
  get initialCount() {
    return this.#initialStrokes.length / 3;
  }

  /**
   * Shows strokes and lets the network continue them, without a text.
   * @param {Float32Array} points x, y, pen
   * @param {{ instant?: boolean, weights?: string }} [how] as for `write`
   */
  continueStrokes(points, how = {}) {
    const strokes = roundStrokes(points);
    this.#write("", { prime: { text: "", points: strokes, drawn: true } }, { ...how, strokes });
  }

  /**
   * Writes what the form says.
   * @param {object} [how]
   * @param {boolean} [how.instant] whether to draw the ink at once
   * @param {boolean} [how.own] whether the visitor asks for it (the default) or the page does so by itself
   * @param {string} [how.weights] fingerprint of the weights that are expected to write it
   */
  write(how = {}) {
    const { hasText } = this.#form;
    // Without a text, a captured hand would make the network continue the hand's own ink.
    const hand = hasText ? this.hands.captured?.engineOptions() : {};
    this.#write(hasText ? this.settings.text : "", { ...hand }, how);
  }

  /** Writes once more what is on the sheet, with the form's settings. @param {{ instant?: boolean }} [how] */
  rewrite(how = {}) {
    if (this.initialCount) this.continueStrokes(this.#initialStrokes, how);
    else this.write(how);
  }

  /** Lets the pen draw at once what is left of the text. */
  hurry() {
    if (!this.writing) return;
    this.#hurried = true;
    this.sheet.changed();
  }

  /**
   * Writes a few words with the form's settings, beside what is on the sheet; a text that is still being written ends
   * there.
   * @param {string} text @param {AbortSignal} signal
   */
  preview(text, signal) {
    if (this.#computing) this.#request.abort();
    const hand = this.hands.captured?.engineOptions() ?? {};
    return this.client.request("preview", { text, options: { ...this.#engineOptions(), live: false, ...hand } }, { signal });
  }

  /**
   * Shows a text again that was written before, with a look that it may not have had.
   * @param {Written} written @param {Settings} settings
   */
  show(written, settings) {
    this.#request.abort();
    this.#request = new AbortController();
    this.sheet.stop();
    const { style, blend } = settings;
    const known = ["", ...this.hands.names];
    const can = known.includes(style) && known.includes(blend);
    this.#form.apply({ ...settings, style: can ? style : "", blend: can ? blend : "" });
    this.#emit("cleared");
    this.client.request("recall", { take: written.id }).then(
      (found) => {
        // The worker has no room for all of them.
        if (!found && this.written === written) this.rewrite({ instant: true });
      },
      (error) => this.#fail(error),
    );
    const { ink, plan, strokes } = written;
    this.#lay = () => {};
    this.written = written;
    this.ink = ink;
    this.plan = plan;
    this.#initialStrokes = strokes;
    this.#layout = written.layout;
    this.#notes = "";
    this.#computing = false;
    this.requested = settings;
    this.sheet.begin(ink, () => Infinity);
    this.#emit("started");
    this.#emit("points");
    this.sheet.complete(() => this.#finish());
    void this.#changeLook();
  }

  /**
   * Gives the sheet the room that the form's text will need, so that it does not grow when the text is written. Without
   * `typed` it does not become smaller, either, unless most of it would stay empty.
   * @param {boolean} typed
   */
  makeRoom(typed) {
    const { text, paper, columns } = this.settings;
    if (paper !== "free") {
      this.sheet.makeRoom(0);
      return;
    }
    const most = columns || USUAL_COLUMNS;
    let [rows, longest] = [0, 0];
    for (const { length } of text.split("\n", MAX_ROWS).map((line) => line.trim())) {
      rows += Math.max(1, Math.ceil(length / most));
      longest = Math.max(longest, length > most ? FILLED * most : length);
    }
    // Lines end at words, so that there may be more of them, and none as long as there is room for.
    rows = Math.min(rows > 1 ? Math.ceil(rows * 1.15) : rows, MAX_ROWS);
    const width = Math.max(GROWING.least, GROWING.margins + GROWING.letter * longest);
    const shape = Math.max(GROWING.shape, (GROWING.first + GROWING.row * (rows - 1)) / width);
    const keeps = !typed && this.sheet.room && this.sheet.shape < MOST_EMPTY * shape;
    this.sheet.makeRoom(keeps ? Math.max(shape, this.sheet.shape) : shape);
  }

  /** Lays the ink out as the form says, which was set by a program. */
  changeLook() {
    return this.#changeLook();
  }

  stop() {
    if (!this.writing) return;
    this.#lay();
    this.#request.abort();
    this.#computing = false;
    this.#stops += 1;
    this.sheet.stop();
    const { drawn } = this.sheet;
    this.ink.truncate(drawn);
    this.client.request("truncate", { count: drawn }).catch(() => {});
    this.sheet.changed();
    this.#setWriting(false);
    this.#canvas.setAttribute("aria-label", words.sheet.stopped(this.#label()));
    showStatus(words.status.stopped);
    this.#emit("stopped");
  }

  /** Lets the network of a file write from now on. @param {File} file */
  async useWeights(file) {
    const { name } = file;
    this.stop();
    showStatus(words.status.reading(name));
    try {
      if (file.size > MAX_WEIGHTS) throw new Error(words.files.tooLarge(name));
      const bytes = new Uint8Array(await file.arrayBuffer());
      const transfer = [bytes.buffer];
      const { kind, styles, fingerprint } = await this.client.request("loadWeights", { bytes, name }, { transfer });
      if (kind === "synthesis") this.ownWeights = file;
      if (kind === "synthesis") await this.#setSynthesis(styles, fingerprint);
      else this.fingerprints[kind] = fingerprint;
      const { writes, scribbles } = words.files;
      showStatus(`${(kind === "synthesis" ? writes : scribbles)(name)} ${words.status.ready}`);
    } catch (error) {
      showStatus(`${message(error)} ${this.ready ? words.files.kept : ""}`.trimEnd(), true);
    }
  }

  /** What is drawn, page by page; a copy. @returns {DrawnPage[]} */
  pages() {
    const { ink } = this;
    return Array.from({ length: this.sheet.pages }, (_, page) => {
      const [start, end] = ink.range(page);
      const drawn = ink.data.subarray(3 * start, 3 * Math.min(end, this.sheet.drawn));
      // A page has its number as soon as the pen is on it.
      const number = drawn.length ? ink.number(page) : new Float32Array();
      const points = new Float32Array(drawn.length + number.length);
      points.set(drawn);
      points.set(number, drawn.length);
      // The stroke before the number may not be drawn to its end.
      if (number.length) points[drawn.length - 1] = 1;
      return { points, sheet: ink.sheet };
    });
  }

  /** Places the ink anew, exactly: the first line was placed before all of it had come. */
  async layOut() {
    const layout = layoutOptions(this.settings);
    this.#layout = JSON.stringify(layout);
    const current = this.ink;
    const stops = this.#stops;
    const { ink, sheet } = await this.client.request("layOut", { layout }).catch((error) => {
      this.#layout = "";
      throw error;
    });
    // Another text may have been begun meanwhile, or this one stopped: the reply then has ink that is gone.
    if (current !== this.ink) return;
    if (stops !== this.#stops) {
      await this.layOut();
      return;
    }
    this.ink.replace(ink, sheet);
    if (this.written?.ink === current) this.written.layout = JSON.stringify(layout);
    this.sheet.changed();
    this.#emit("look");
  }

  // --- the engine ------------------------------------------------------------------------------

  /** @param {string[]} styles @param {string} fingerprint */
  async #setSynthesis(styles, fingerprint) {
    this.fingerprints.synthesis = fingerprint;
    hideLoading();
    // Awaited, because a hand's picture tells how wide it writes, and that breaks the lines of a link's text.
    await this.#form.setHands(styles, fingerprint);
    // It was loaded beside the weights, which are much larger.
    await translated;
    const first = !this.ready;
    this.ready = true;
    if (first) showStatus(this.pendingNotes + words.status.ready);
    this.#emit(first ? "ready" : "weights");
  }

  /**
   * The form's settings as the engine's options.
   * @returns {import("../pkg/running_hand.js").WriteOptions}
   */
  #engineOptions() {
    const { settings } = this;
    const { style, blend, share, bias, temperature, seed } = settings;
    const { columns, measure } = this.#form;
    /** @type {import("../pkg/running_hand.js").WriteOptions} */
    const options = { bias, temperature, seed, live: !this.#isInstant, ...layoutOptions(settings) };
    if (columns !== undefined) options.columns = columns;
    if (measure) options.hand = measure;
    if (style !== "") options.style = style;
    if (style !== "" && blend !== "") options.blend = { style: blend, share };
    return options;
  }

  /**
   * @param {string} text
   * @param {import("../pkg/running_hand.js").WriteOptions} extra options besides the form's
   * @param {{ instant?: boolean, weights?: string, own?: boolean, strokes?: Float32Array }} how
   */
  #write(text, extra, { instant = false, weights = "", own = true, strokes = new Float32Array() }) {
    this.#request.abort();
    this.#request = new AbortController();
    this.#instant = instant;
    this.#hurried = false;
    this.#initialStrokes = strokes;
    this.#expectedWeights = weights;
    this.#computing = true;
    this.#lay = () => {};
    this.sheet.stop();
    this.#setWriting(true);
    showStatus(words.status.writing);
    this.#emit("cleared");
    const options = { ...this.#engineOptions(), ...extra };
    // How many letters fit is no setting.
    const settings = { ...this.settings, columns: this.#form.columns };
    const layout = JSON.stringify(layoutOptions(settings));
    const { signal } = this.#request;
    const take = (this.#requests += 1);
    const onEvent = (/** @type {WriteEvent} */ event) => {
      if (event.type === "plan") {
        this.requested = settings;
        this.written = { id: take, ink: new Ink(event.sheet), plan: event.plan, settings, strokes, layout, own };
        this.#begin(this.written);
      } else if (event.type === "doubtful") {
        this.#notes += `${words.notes.doubtful(list(event.words, ", "))} `;
      } else this.#add(event.ink, event.sheet);
    };
    this.client.request("write", { text, options, take }, { signal, onEvent }).then(
      (finish) => this.#end(finish),
      (error) => {
        if (!signal.aborted) this.#fail(error);
      },
    );
  }

  /** The engine could not be opened, or a text could not be written. @param {unknown} error */
  #fail(error) {
    hideLoading();
    this.#computing = false;
    this.#lay();
    this.sheet.stop();
    this.#setWriting(false);
    showStatus(message(error), true);
    this.#emit("failed");
  }

  /** Whether what is requested is drawn at once. */
  get #isInstant() {
    const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return reduced || this.#instant || this.#hurried || this.#form.speed === Infinity;
  }

  /** @param {Written} written */
  #begin(written) {
    const { plan, ink } = written;
    this.plan = plan;
    this.#layout = written.layout;
    this.ink = ink;
    this.#form.showColumns(plan.columns);
    const characters = plan.lines.reduce((sum, line) => sum + line.length, 0);
    // Read anew in every frame: the visitor may change the speed while the pen writes.
    const rate = (/** @type {import("../sheet/pace.js").Progress} */ progress) => {
      const { speed } = this.#form;
      if (this.#isInstant) return Infinity;
      return speed === undefined ? suitableRate(progress, characters, plan.sampleMs) : steadyRate(speed, plan.sampleMs);
    };
    this.#lay = () => {
      this.#lay = () => {};
      this.makeRoom(false);
      this.sheet.begin(ink, rate);
    };
    // What is written at once replaces the text before when it comes: an empty sheet in between would flicker.
    if (!this.#isInstant || this.#canvas.classList.contains("inspected")) this.#lay();
    this.fingerprints[plan.kind] = plan.fingerprint;
    this.#notes = this.pendingNotes + this.#describe(plan);
    this.pendingNotes = "";
    this.#canvas.setAttribute("aria-label", words.sheet.inProgress);
    this.#emit("started");
    // The form may have been changed since the text was requested.
    void this.#changeLook();
  }

  /** What will not be written as it was entered. @param {Plan} plan */
  #describe({ broken, fingerprint }) {
    const says = words.notes;
    const notes = [];
    if (this.#expectedWeights && this.#expectedWeights !== fingerprint) notes.push(says.otherWeights);
    if (broken.length) notes.push(says.split(list(broken.map((word) => `${word.slice(0, 20)}…`), ", ")));
    return notes.map((note) => `${note} `).join("");
  }

  /** @param {PlacedInk[]} pieces @param {SheetGeometry} sheet */
  #add(pieces, sheet) {
    this.#lay();
    const first = this.ink.count === 0;
    this.ink.add(pieces, sheet);
    this.sheet.changed();
    if (first && this.initialCount) {
      // The visitor's strokes are drawn at once, before the pen moves.
      this.sheet.show(this.initialCount);
      this.sheet.pause(false);
    }
    this.#emit("points");
  }

  /** @param {import("../pkg/running_hand.js").Finish | undefined} finish */
  #end(finish) {
    this.#computing = false;
    this.#lay();
    if (finish === "cap") this.#notes += `${words.notes.cut} `;
    this.sheet.complete(() => this.#finish());
  }

  /** All of the text is on the sheet. */
  #finish() {
    this.#setWriting(false);
    const label = this.#label();
    this.#canvas.setAttribute("aria-label", label ? words.sheet.written(label) : words.sheet.withoutText);
    showStatus(this.#notes + words.status.done);
    this.#emit("finished");
  }

  // --- the sheet -------------------------------------------------------------------------------

  /** Shows the same ink with the form's settings. */
  async #changeLook() {
    if (this.written && this.written.ink === this.ink) {
      const { settings } = this;
      this.written.settings = { ...this.written.settings, ...Object.fromEntries(LOOK_KEYS.map((key) => [key, settings[key]])) };
    }
    if (JSON.stringify(layoutOptions(this.settings)) === this.#layout) {
      this.sheet.redraw();
      this.#emit("look");
    } else {
      await this.layOut().then(
        () => this.#sayLayout(""),
        (error) => this.#sayLayout(message(error)),
      );
    }
  }

  /** Says what is wrong with the paper, or that it is right again. @param {string} problem */
  #sayLayout(problem) {
    if (!this.ready || this.writing) return;
    if (problem) showStatus(problem, true);
    else if (this.#layoutProblem) showStatus(this.ink.count ? words.status.done : words.status.ready);
    this.#layoutProblem = problem;
  }

  #showLine() {
    if (!this.writing || !this.plan) return;
    showLine(this.ink.lineOf(this.sheet.drawn - 1) + 1, Math.max(this.plan.rows, this.ink.lines));
  }

  /** The text that was written, for the canvas' label. */
  #label() {
    const text = this.plan?.lines.join(" ") ?? "";
    return text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL)} …` : text;
  }

  /** @param {boolean} writing */
  #setWriting(writing) {
    this.writing = writing;
    if (!writing) hideLine();
    this.#emit("busy");
  }

  /** @param {string} type */
  #emit(type) {
    this.dispatchEvent(new Event(type));
  }
}

/** An error for people; the engine's options are called what the form calls them. @param {unknown} error */
function message(error) {
  const { fields } = words;
  return explain(error).replace(/^(paper|margin|firstTop|pitch|size)(?=: )/, (name) => fields[/** @type {keyof typeof fields} */ (name)]);
}

/** @param {string[]} names @param {string} separator */
function list(names, separator) {
  const shown = names.slice(0, MAX_LISTED).join(separator);
  return names.length > MAX_LISTED ? words.notes.andMore(shown, names.length - MAX_LISTED) : shown;
}
