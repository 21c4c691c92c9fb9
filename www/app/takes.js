// Takes: what was written before, in earlier visits, too, as a strip of small pictures below the sheet, and undo and redo.

import { draw } from "../sheet/pens.js";
import { html } from "../util/dom.js";
import { label, words } from "../words/words.js";
import { forgetTake, inkOf, newKey, showPicture, storedTakes, storeTake } from "./stored-takes.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./app.js").Written} Written */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("./link.js").Settings} Settings */

/** Takes in the strip; those that are kept come on top. */
const MOST = 24;
/** Points of all takes that the worker keeps; older ones are written again when they are returned to. */
const MOST_POINTS = 400_000;
const MOST_STEPS = 100;
/** Size of a picture in CSS pixels. */
const PICTURE = { width: 116, height: 56, margin: 5 };
/** CSS pixels of a corpus unit in a picture: an x is 200 high. */
const LEAST_SCALE = 0.018;
const MOST_SCALE = 0.2;
/** Milliseconds without a change after which a changed look is a step of its own, and a picture is drawn anew. */
const SETTLE = 400;
/** Points of a picture that are drawn in one go: a few milliseconds. */
const SLICE = 2500;
/** CSS pixels around a picture for the ring that marks it. */
const RING = 5;
/** Letters of the text in a take's name. */
const MAX_NAME = 40;

/**
 * What was written in an earlier visit: enough to write it again.
 * @typedef {Pick<Written, "settings" | "strokes" | "own">} Remembered
 */

/**
 * @typedef {object} Take
 * @property {number} number
 * @property {string} key by which it is stored
 * @property {Written | Remembered} written
 * @property {boolean} kept
 * @property {boolean} released whether the worker has it no more
 * @property {HTMLLIElement} item
 * @property {HTMLButtonElement} button
 * @property {HTMLCanvasElement} picture
 */

/** What undo returns to. @typedef {{ written: Written | Remembered | undefined, settings: Settings }} Step */

export class Takes {
  /** @type {App} */ #app;
  /** @type {Form} */ #form;
  /** @type {Take[]} */ #takes = [];
  #count = 0;
  /** @type {Step[]} */ #steps = [];
  /** The step that is shown. */ #at = -1;
  /** A take that is being written again. @type {Take | undefined} */ #replaced;
  /** Whether the next take that is chosen is compared with the one on the sheet. */ #comparing = false;
  /** Done once the text on its way is on the sheet. @type {(() => void) | undefined} */ #next;
  #settling = 0;
  /** Loaded when it is first used. @type {import("./compare.js").CompareDialog | undefined} */ #dialog;
  #strip = html("ol", { className: "takes-strip" });
  #hint = html("p", { className: "takes-hint" });
  #undo = action("takes.undo", () => this.undo());
  #redo = action("takes.redo", () => this.redo());
  #keep = action("takes.keep", () => this.#toggleKept());
  #compare = action("takes.compare", () => this.#startComparing());
  #remove = action("takes.remove", () => this.#removeCurrent());

  /** @param {App} app @param {Form} form @param {HTMLElement} section where they are shown */
  constructor(app, form, section) {
    this.#app = app;
    this.#form = form;
    this.#undo.setAttribute("aria-keyshortcuts", "Control+Z");
    this.#redo.setAttribute("aria-keyshortcuts", "Control+Shift+Z");
    label(this.#keep, "takes.keepTitle", "title");
    label(this.#strip, "takes.takes", "aria-label");
    this.#hint.setAttribute("aria-live", "polite");
    const actions = html("div", { className: "takes-actions" }, this.#keep, this.#compare, this.#remove);
    section.append(
      html("div", { className: "takes-bar" }, html("div", { className: "takes-steps" }, this.#undo, this.#redo), this.#hint, actions),
      this.#strip,
    );
    this.#restoreStored();
    app.addEventListener("finished", () => {
      this.#add();
      this.#next?.();
      this.#next = undefined;
    });
    app.addEventListener("stopped", () => {
      // A greeting that gave way is nothing to keep.
      if (app.written?.own && app.ink.count) this.#add();
    });
    app.addEventListener("cleared", () => this.#interrupted());
    app.addEventListener("look", () => this.#settle());
    this.#update();
    // What was written before this was loaded.
    if (!app.writing) this.#add();
  }

  /** Goes back to what was there before the last change. */
  undo() {
    this.rememberText();
    if (this.#at > 0) this.#restore(this.#at - 1);
  }

  /** Takes an undo back. */
  redo() {
    if (this.#at < this.#steps.length - 1) this.#restore(this.#at + 1);
  }

  // --- steps -----------------------------------------------------------------------------------

  /** The settings of the form, as a text has them. @returns {Settings} */
  get #settings() {
    return { ...this.#form.settings, columns: this.#form.columns };
  }

  /** @param {Step} step */
  #push(step) {
    const now = this.#steps[this.#at];
    if (now?.written === step.written && JSON.stringify(now.settings) === JSON.stringify(step.settings)) return;
    this.#steps.splice(this.#at + 1, Infinity, step);
    if (this.#steps.length > MOST_STEPS) this.#steps.shift();
    this.#at = this.#steps.length - 1;
    this.#update();
  }

  /** So that a text that was typed and not written can be brought back. */
  rememberText() {
    const now = this.#steps[this.#at];
    if (now && now.settings.text !== this.#form.settings.text) this.#push({ written: now.written, settings: this.#settings });
  }

  /** @param {number} at */
  #restore(at) {
    clearTimeout(this.#settling);
    this.#settling = 0;
    this.#at = at;
    const { written, settings } = this.#steps[at];
    if (written && written !== this.#app.written) {
      this.#show(written, settings);
    } else {
      this.#form.apply(settings);
      void this.#app.changeLook();
    }
    this.#update();
  }

  /** @param {Written | Remembered} written @param {Settings} settings */
  #show(written, settings) {
    const take = this.#takes.find((take) => take.written === written);
    if (!take || take.released || !("ink" in written)) {
      this.#replaced = take;
      const problems = this.#form.apply(settings);
      this.#app.pendingNotes += problems.map((problem) => `${problem} `).join("");
      if (written.strokes.length) this.#app.continueStrokes(written.strokes, { instant: true });
      else this.#app.write({ instant: true });
    } else {
      this.#app.show(written, settings);
    }
    this.#update();
  }

  // --- takes -----------------------------------------------------------------------------------

  /** Takes of earlier visits into the strip. */
  #restoreStored() {
    for (const { key, settings, strokes, kept, picture } of storedTakes(this.#settings, MOST)) {
      const take = this.#insert(key, { settings, strokes, own: true });
      Object.assign(take, { kept, released: true });
      void showPicture(picture, take.picture);
    }
  }

  /** Stores a take for later visits; the page's own greeting is not one. @param {Take} take */
  #store({ key, written, kept, picture }) {
    if (written.own || kept) storeTake(key, written, kept, picture);
  }

  /** Draws a take's picture, and stores it. @param {Take} take @param {Written} written */
  async #draw(take, written) {
    if (await drawPicture(take.picture, written)) this.#store(take);
  }

  /** Takes the text on the sheet into the strip. */
  #add() {
    const { written } = this.#app;
    if (!written?.ink.count) return;
    const ink = inkOf(written.settings, written.strokes);
    const replaced = this.#replaced ?? this.#takes.find(({ written: other }) => !("ink" in other) && inkOf(other.settings, other.strokes) === ink);
    this.#replaced = undefined;
    if (replaced && replaced.written !== written) {
      for (const step of this.#steps) if (step.written === replaced.written) step.written = written;
      Object.assign(replaced, { written, released: false });
    }
    const known = this.#takes.find((take) => take.written === written);
    if (known) void this.#draw(known, written);
    else this.#insertWritten(written);
    this.#push({ written, settings: { ...written.settings } });
    this.#limit();
    this.#update();
  }

  /** Another text was requested before this one was done: what is on the sheet is a take, if somebody asked for it. */
  #interrupted() {
    const { written, sheet } = this.#app;
    if (!written || this.#takes.some((take) => take.written === written)) return;
    // The worker has more of it, or less; it is written again when it is returned to.
    void this.#app.client.request("release", { take: written.id }).catch(() => {});
    if (!written.own || sheet.drawn === 0 || written.ink.count === 0) return;
    this.#insertWritten(written).released = true;
    this.#push({ written, settings: { ...written.settings } });
    this.#limit();
  }

  /** @param {Written} written @returns {Take} */
  #insertWritten(written) {
    const take = this.#insert(newKey(), written);
    void this.#draw(take, written);
    return take;
  }

  /** @param {string} key @param {Written | Remembered} written @returns {Take} */
  #insert(key, written) {
    const number = (this.#count += 1);
    const picture = html("canvas", { width: PICTURE.width, height: PICTURE.height });
    picture.setAttribute("aria-hidden", "true");
    const button = html("button", { type: "button", className: "take" }, picture);
    const item = html("li", {}, button);
    /** @type {Take} */
    const take = { number, key, written, kept: false, released: false, item, button, picture };
    button.addEventListener("click", () => this.#choose(take));
    this.#takes.push(take);
    this.#strip.append(item);
    return take;
  }

  /** The take on the sheet. */
  get #current() {
    return this.#takes.find(({ written }) => written === this.#app.written);
  }

  /** @param {Take} take */
  #choose(take) {
    if (this.#comparing) {
      this.#comparing = false;
      void this.#openComparison(take);
      return;
    }
    this.rememberText();
    if (take.written === this.#app.written && !this.#app.writing) {
      // The form may say something else by now.
      this.#form.apply(take.written.settings);
      void this.#app.changeLook();
    } else {
      this.#show(take.written, take.written.settings);
    }
    this.#push({ written: take.written, settings: { ...take.written.settings } });
  }

  /** Forgets the oldest takes, and of large ones what the worker has. */
  #limit() {
    const others = () => this.#takes.filter((take) => !take.kept && take !== this.#current);
    for (let loose = others(); loose.length >= MOST; loose = others()) this.#delete(loose[0]);
    let points = 0;
    for (const take of [...this.#takes].reverse()) {
      points += "ink" in take.written ? take.written.ink.count : 0;
      if (points > MOST_POINTS && take !== this.#current && !take.released) this.#release(take);
    }
  }

  /** @param {Take} take */
  #release(take) {
    take.released = true;
    if (!("id" in take.written)) return;
    void this.#app.client.request("release", { take: take.written.id }).catch(() => {});
  }

  /** @param {Take} take */
  #delete(take) {
    this.#takes = this.#takes.filter((other) => other !== take);
    take.item.remove();
    forgetTake(take.key);
    const now = this.#steps[this.#at];
    this.#steps = this.#steps.filter((step) => step.written !== take.written || step === now);
    this.#at = this.#steps.indexOf(now);
    this.#release(take);
    this.#update();
  }

  #toggleKept() {
    const take = this.#current;
    if (take) {
      take.kept = !take.kept;
      this.#store(take);
    }
    this.#update();
  }

  #removeCurrent() {
    const take = this.#current;
    if (!take) return;
    const at = this.#takes.indexOf(take);
    const next = this.#takes[at + 1] ?? this.#takes[at - 1];
    if (!next) return;
    this.#show(next.written, next.written.settings);
    this.#push({ written: next.written, settings: { ...next.written.settings } });
    this.#delete(take);
    next.button.focus();
  }

  #startComparing() {
    const others = this.#takes.filter((take) => take !== this.#current);
    if (others.length === 1) void this.#openComparison(others[0]);
    else this.#comparing = !this.#comparing;
    this.#update();
  }

  /** @param {Take} other */
  async #openComparison(other) {
    const current = this.#current;
    this.#update();
    if (!current || current === other) return;
    const [left, right] = [current.written, other.written];
    if (!("ink" in left)) return;
    if (!("ink" in right)) {
      // It is written first, and with that it is the one on the sheet.
      this.#choose(other);
      this.#next = () => void this.#openComparison(current);
      return;
    }
    const { CompareDialog } = await import("./compare.js");
    this.#dialog ??= new CompareDialog();
    const show = (/** @type {Take} */ take, /** @type {Written} */ written) => ({ name: name(take), written, use: () => this.#choose(take) });
    this.#dialog.open(show(current, left), show(other, right));
  }

  // --- what is shown ---------------------------------------------------------------------------

  /** The look was changed: a step, once it stays. */
  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      const current = this.#current;
      if (!current || !("ink" in current.written) || this.#app.writing) return;
      void this.#draw(current, current.written);
      this.#push({ written: current.written, settings: { ...current.written.settings } });
    }, SETTLE);
  }

  #update() {
    const current = this.#current;
    const several = this.#takes.length > 1;
    const others = this.#takes.length > (current ? 1 : 0);
    this.#undo.disabled = this.#at <= 0;
    this.#redo.disabled = this.#at >= this.#steps.length - 1;
    for (const button of [this.#keep, this.#compare, this.#remove]) button.disabled = !current || !several;
    /** @type {HTMLElement} */ (this.#keep.parentElement).classList.toggle("unseen", !several);
    this.#strip.classList.toggle("unseen", !others);
    this.#keep.setAttribute("aria-pressed", String(current?.kept ?? false));
    this.#compare.setAttribute("aria-pressed", String(this.#comparing));
    label(this.#keep, current?.kept ? "takes.kept" : "takes.keep");
    this.#hint.textContent = this.#comparing ? words.takes.choose : "";
    for (const take of this.#takes) {
      const named = name(take);
      if (take.button.getAttribute("aria-label") !== named) take.button.setAttribute("aria-label", named);
      take.button.title = summary(take.written.settings);
      take.button.classList.toggle("kept", take.kept);
      if (take === current) take.button.setAttribute("aria-current", "true");
      else take.button.removeAttribute("aria-current");
    }
    if (current) reveal(this.#strip, current.item);
  }
}

/** @param {import("../words/words.js").Key} key of its text @param {() => void} act */
function action(key, act) {
  const button = label(html("button", { type: "button" }), key);
  button.addEventListener("click", act);
  return button;
}

/** @param {Take} take */
function name({ number, written, kept }) {
  const text = written.settings.text.trim().replace(/\s+/g, " ");
  const short = text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)} …` : text;
  const named = words.takes.take(number, short);
  return kept ? words.takes.keptTake(named) : named;
}

/** What distinguishes takes of one text. @param {Settings} settings */
export function summary({ style, bias, temperature, seed }) {
  return [style, bias.toFixed(2), temperature.toFixed(2), `#${seed}`].filter(Boolean).join(" · ");
}

/** Scrolls a strip, and nothing else, until an item is seen. @param {HTMLElement} strip @param {HTMLElement} item */
function reveal(strip, item) {
  const left = item.offsetLeft - strip.offsetLeft - RING;
  const right = left + item.offsetWidth + 2 * RING;
  if (left < strip.scrollLeft) strip.scrollLeft = left;
  else if (right > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = right - strip.clientWidth;
}

/** The newest picture of each canvas. @type {WeakMap<HTMLCanvasElement, object>} */
const drawing = new WeakMap();

/**
 * Draws the ink of a text's first page, as large as it fits, in slices.
 * @param {HTMLCanvasElement} canvas @param {Written} written
 * @returns {Promise<boolean>} whether it is drawn, and no newer one has taken its place
 */
async function drawPicture(canvas, { ink, settings }) {
  const token = {};
  drawing.set(canvas, token);
  const context = canvas.getContext("2d");
  if (!context) return false;
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [first, end] = ink.range(0);
  const box = boundsOf(ink.data, first, end);
  const { width, height, margin } = PICTURE;
  const [w, h] = [Math.max(1, box.right - box.left), Math.max(1, box.bottom - box.top)];
  // Of a page, its upper left, where the lines can still be told apart.
  const fitting = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h);
  const scale = Math.max(LEAST_SCALE, Math.min(fitting, MOST_SCALE)) * ratio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const middle = (/** @type {number} */ room, /** @type {number} */ size) => Math.max(margin * ratio, (room - size * scale) / 2);
  const [x, y] = [middle(canvas.width, w), middle(canvas.height, h)];
  context.setTransform(scale, 0, 0, scale, x - box.left * scale, y - box.top * scale);
  const look = { ink: settings.ink, tip: /** @type {const} */ ("fineliner"), nib: 1 };
  for (let from = first; from < end; from += SLICE) {
    draw(context, ink.data, first, from, Math.min(end, from + SLICE), look, scale, (0.8 * ratio) / scale);
    await new Promise((resolve) => setTimeout(resolve));
    if (drawing.get(canvas) !== token) return false;
  }
  return true;
}

/** @param {Float32Array} points x, y, pen @param {number} first @param {number} end */
export function boundsOf(points, first, end) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = first; i < end; i++) {
    const [x, y] = [points[3 * i], points[3 * i + 1]];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return first < end ? { left, top, right, bottom } : { left: 0, top: 0, right: 1, bottom: 1 };
}
