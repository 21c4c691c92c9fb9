// The inspector, "See it think": what the network computes at each point, while it writes or afterwards. The panel is
// built when it is first opened; until then, and whenever it is closed, nothing here runs.

import { element, html } from "../util/dom.js";
import { allWords, explain, label } from "../words/words.js";
import { Biases } from "./biases.js";
import { SnapshotLoader } from "./snapshots.js";
import {
  aim,
  clouds,
  drawClouds,
  drawInk,
  drawLifts,
  drawWindow,
  glide,
  prepareCanvas,
  rowHeight,
  TIME,
  WindowImage,
} from "./drawing.js";
import { SnapshotText } from "./text.js";
import { Tour } from "./tour.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./drawing.js").Cloud} Cloud */
/** @typedef {import("./snapshots.js").InspectedLine} InspectedLine */

/** Speeds of the pen by name, in points a second. */
const SPEEDS = /** @type {const} */ ([
  ["slow", 10],
  ["half", 25],
  ["natural", 50],
]);
/** Points that a line is expected to have for each character. */
const POINTS_PER_CHARACTER = 24;
/** Height of the magnifier in CSS pixels. */
const MAGNIFIER = 320;
/** How far from a point the ink can be touched, in CSS pixels. */
const TOUCH_RADIUS = 24;
/** Milliseconds: a frame that comes later, because the tab was hidden for example, counts as this. */
const LONGEST_FRAME = 100;

/** @param {App} app */
export function mountInspector(app) {
  const button = element("inspector-toggle", HTMLButtonElement);
  const section = element("inspector", HTMLElement);
  /** @type {InspectorPanel | undefined} */
  let panel;
  button.hidden = false;
  button.addEventListener("click", () => {
    panel ??= new InspectorPanel(app, section);
    const open = section.hidden;
    section.hidden = !open;
    // On a wide screen it stands beside the sheet, in the form's place.
    section.parentElement?.classList.toggle("thinking", open === true);
    button.setAttribute("aria-pressed", String(open));
    if (open) panel.open();
    else panel.close();
    // On a narrow one it is below the sheet.
    if (open) section.scrollIntoView({ block: "nearest" });
  });
}

class InspectorPanel {
  /** @type {App} */ #app;
  /** @type {SnapshotLoader} */ #snapshots;
  /** Aborted when the panel is closed: removes its listeners. @type {AbortController | undefined} */ #listening;
  #playing = false;
  /** Fraction of the next point for which time has passed. */ #credit = 0;
  /** Time of the last frame. */ #before = 0;
  #frame = 0;
  /** @type {import("./drawing.js").Camera} */ #camera = { x: 0, y: 0, reach: 1 };
  /** The reach towards which the magnifier moves. */ #reach = 1;
  #windowImage = new WindowImage();
  /** The line that is shown. @type {InspectedLine | undefined} */ #shown;

  // Its elements.
  #playButton = html("button", { type: "button", className: "play" });
  #backButton = label(html("button", { type: "button" }, `◂ ${allWords.inspector.back}`), "inspector.backTitle", "title");
  #stepButton = label(html("button", { type: "button" }, `${allWords.inspector.step} ▸`), "inspector.stepTitle", "title");
  #slider = html("input", { type: "range", id: "inspector-point", min: "1", max: "1", step: "1", value: "1" });
  #where = html("span", { className: "where" });
  #speed = html("select", { id: "inspector-speed" });
  #magnifier = html("canvas");
  #windowCanvas = html("canvas", { className: "time" });
  #liftCanvas = html("canvas", { className: "time" });
  #overlay = html("canvas", { className: "inspector-overlay" });
  #empty = html("p", {}, allWords.inspector.empty);
  #views = html("div", { className: "views", hidden: true });
  #text = new SnapshotText();
  #window = html("div", { className: "window" });
  #tourButton = label(html("button", { type: "button", className: "tour-open", disabled: true }), "tour.open");
  /** @type {Tour | undefined} */ #tour;
  /** @type {Biases} */ #biases;

  /** @param {App} app @param {HTMLElement} section */
  constructor(app, section) {
    this.#app = app;
    this.#snapshots = new SnapshotLoader(app.client);
    this.#biases = new Biases(app);
    const says = allWords.inspector;
    for (const [name] of SPEEDS) this.#speed.add(new Option(says[name]));
    // What they show is said in text beside them.
    for (const canvas of [this.#magnifier, this.#windowCanvas, this.#liftCanvas, this.#overlay]) {
      canvas.setAttribute("aria-hidden", "true");
    }
    const { sigma, pi, drawn, lift, window, stop } = this.#text.cards;
    this.#window.append(
      html("h3", {}, says.whichLetter),
      this.#text.window,
      this.#text.letters,
      this.#windowCanvas,
      html("p", { className: "hint" }, says.time),
      window.root,
    );
    section.append(
      html(
        "div",
        { className: "transport" },
        this.#playButton,
        this.#backButton,
        this.#stepButton,
        html(
          "div",
          { className: "scrub" },
          html("label", { htmlFor: "inspector-point" }, says.point),
          this.#slider,
          this.#where,
        ),
        html("label", { htmlFor: "inspector-speed", className: "visually-hidden" }, says.pace),
        this.#speed,
      ),
      this.#tourButton,
      this.#empty,
      this.#views,
      this.#biases.root,
      html(
        "p",
        { className: "hint" },
        says.source,
      ),
    );
    this.#views.append(
      html(
        "div",
        { className: "view" },
        html("h3", {}, says.whereNext),
        this.#text.cloud,
        this.#magnifier,
        sigma.root,
        pi.root,
        drawn.root,
      ),
      html(
        "div",
        { className: "view" },
        this.#window,
        html("h3", {}, says.willLift),
        this.#text.lift,
        this.#liftCanvas,
        html("div", { className: "cards" }, lift.root, stop.root),
      ),
    );
    this.#playButton.addEventListener("click", () => (this.#playing ? this.#pause() : this.#play()));
    this.#backButton.addEventListener("click", () => this.#show(this.#app.sheet.drawn - 1));
    this.#stepButton.addEventListener("click", () => this.#show(this.#app.sheet.drawn + 1));
    this.#slider.addEventListener("input", () => this.#show(this.#slider.valueAsNumber));
    this.#tourButton.addEventListener("click", () => this.#openTour());
    for (const canvas of [this.#windowCanvas, this.#liftCanvas]) {
      canvas.addEventListener("pointerdown", (event) => this.#showAt(event));
      canvas.addEventListener("pointermove", (event) => {
        if (event.buttons) this.#showAt(event);
      });
    }
  }

  get #reduced() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** To be called when the panel has been shown. */
  open() {
    const { sheet } = this.#app;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const repaint = () => this.#schedule();
    const canvas = element("canvas", HTMLCanvasElement);
    canvas.after(this.#overlay);
    canvas.classList.add("inspected");
    sheet.addEventListener("drawn", repaint, { signal });
    this.#snapshots.addEventListener("change", repaint, { signal });
    this.#app.addEventListener("look", () => this.#reload(), { signal });
    this.#app.addEventListener("points", () => this.#loadMore(), { signal });
    this.#app.addEventListener("cleared", () => this.#clear(), { signal });
    this.#app.addEventListener("stopped", () => this.#pause(), { signal });
    this.#app.addEventListener("started", () => this.#started(), { signal });
    canvas.addEventListener("pointerdown", (event) => this.#showTouched(event), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint, { signal });
    const resized = new ResizeObserver(repaint);
    resized.observe(this.#magnifier);
    resized.observe(canvas);
    signal.addEventListener("abort", () => resized.disconnect());
    this.#biases.follow(signal);
    this.#pause();
    // A text that is done is shown from its beginning.
    if (this.#reduced) sheet.pause(!sheet.ended);
    else if (this.#count) this.#play(this.#app.writing ? sheet.drawn : this.#first);
  }

  /** To be called when the panel has been hidden: the pen continues by itself. */
  close() {
    const { sheet } = this.#app;
    this.#listening?.abort();
    this.#tour?.close();
    this.#pause();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#overlay.remove();
    element("canvas", HTMLCanvasElement).classList.remove("inspected");
    this.#clear();
    if (!this.#app.writing) sheet.show(this.#count);
    sheet.pause(false);
  }

  /** Stops the pen and explains what is to be seen. */
  #openTour() {
    this.#pause();
    this.#tour?.close();
    const { drawn } = this.#text.cards;
    /** @type {import("./tour.js").Step[]} */
    const steps = [
      { name: "window", part: this.#text.letters },
      { name: "mixture", part: this.#magnifier },
      { name: "pen", part: this.#liftCanvas },
      { name: "state", part: this.#window.hidden ? this.#text.lift : this.#windowCanvas },
      { name: "choice", part: drawn.root },
    ];
    // Without a text there is no window.
    this.#tour = new Tour(this.#window.hidden ? steps.slice(1) : steps);
    this.#tour.addEventListener("end", () => this.#tourButton.focus());
    this.#tour.open();
  }

  /** How many points have come. */
  get #count() {
    return this.#app.ink.count;
  }

  /** How many points are drawn at the first snapshot: strokes that the text continues have none. */
  get #first() {
    return Math.max(1, this.#app.initialCount);
  }

  /** The ink lies elsewhere now, and so do the clouds. */
  #reload() {
    this.#snapshots.clear();
    this.#schedule();
  }

  #clear() {
    this.#snapshots.clear();
    this.#shown = undefined;
    this.#playing = false;
    this.#schedule();
  }

  #started() {
    this.#clear();
    // With reduced motion the ink is drawn at once, and only the visitor moves the pen.
    if (this.#reduced) this.#pause();
    else this.#play(this.#app.initialCount);
  }

  /** More points have come. */
  #loadMore() {
    const { drawn } = this.#app.sheet;
    const line = this.#shown;
    if (line && line.has(drawn - 1) && !line.has(this.#count - 1)) this.#schedule();
    else this.#snapshots.load(Math.max(0, drawn - 1));
  }

  /** Stops the pen where it is. */
  #pause() {
    this.#playing = false;
    this.#schedule();
  }

  /** Moves the pen on: from where it is, or from the beginning if it is at the end. @param {number} [from] number of points drawn */
  #play(from) {
    const { sheet } = this.#app;
    const over = sheet.ended && sheet.drawn >= this.#count;
    sheet.show(from ?? (over ? this.#first : sheet.drawn));
    this.#playing = true;
    this.#before = performance.now();
    this.#credit = 0;
    this.#schedule();
  }

  /** Stops the pen after so many points. @param {number} count */
  #show(count) {
    this.#playing = false;
    this.#app.sheet.show(Math.max(this.#first, count));
    this.#schedule();
  }

  /** Shows the snapshot under the pointer in a picture over time. @param {PointerEvent} event */
  #showAt(event) {
    const line = this.#shown;
    if (!line) return;
    event.preventDefault();
    const width = this.#liftCanvas.clientWidth - TIME.left;
    const snapshot = Math.floor(((event.offsetX - TIME.left) / width) * this.#span(line));
    this.#show(line.pointOf(Math.max(0, Math.min(snapshot, line.known - 1))) + 1);
  }

  /** Shows the snapshot of the point nearest to where the ink was touched. @param {PointerEvent} event */
  #showTouched(event) {
    const { sheet, ink } = this.#app;
    const [first, end] = ink.range(sheet.page);
    let [nearest, distance] = [-1, TOUCH_RADIUS];
    for (let point = first; point < end; point++) {
      const at = sheet.position(point);
      if (!at) break;
      const away = Math.hypot(at.x - event.offsetX, at.y - event.offsetY);
      if (away < distance) [nearest, distance] = [point, away];
    }
    if (nearest >= 0) this.#show(nearest + 1);
  }

  #schedule() {
    if (!this.#listening || this.#listening.signal.aborted) return;
    this.#frame ||= requestAnimationFrame((now) => this.#animate(now));
  }

  /** @param {number} now */
  #animate(now) {
    this.#frame = 0;
    const elapsed = Math.min(LONGEST_FRAME, now - this.#before);
    this.#before = now;
    if (this.#playing) this.#advance(elapsed);
    this.#paint(elapsed);
    if (this.#playing) this.#schedule();
  }

  /** Points a second. */
  get #rate() {
    return SPEEDS[this.#speed.selectedIndex][1];
  }

  /** @param {number} elapsed milliseconds */
  #advance(elapsed) {
    const { sheet } = this.#app;
    this.#credit += (elapsed / 1000) * this.#rate;
    const whole = Math.min(Math.floor(this.#credit), this.#count - sheet.drawn);
    this.#credit = sheet.drawn === this.#count ? 0 : this.#credit - whole;
    if (whole > 0) sheet.show(sheet.drawn + whole);
    if (sheet.ended && sheet.drawn >= this.#count) {
      this.#playing = false;
      // Lets the sheet notice that all is drawn, and report that.
      sheet.pause(false);
    }
  }

  /** How many snapshots the pictures over time have room for: those of the line, or as many as it is likely to get. @param {InspectedLine} line */
  #span(line) {
    const { count, characters } = line.info;
    const over = this.#app.sheet.ended || !line.has(this.#count - 1);
    return over ? count : Math.max(count, characters.length * POINTS_PER_CHARACTER, 60);
  }

  /** @param {number} elapsed milliseconds since the last frame */
  #paint(elapsed) {
    const { sheet, ink } = this.#app;
    const { drawn } = sheet;
    const says = allWords.inspector;
    this.#playButton.textContent = this.#playing ? `❚❚ ${says.pause}` : `▶ ${says.play}`;
    this.#playButton.disabled = this.#slider.disabled = this.#count === 0;
    this.#slider.min = String(this.#first);
    this.#slider.max = String(Math.max(this.#first, this.#count));
    this.#slider.valueAsNumber = Math.max(this.#first, drawn);
    this.#backButton.disabled = drawn <= this.#first;
    this.#stepButton.disabled = drawn >= this.#count;
    const where = says.pointOf(drawn, this.#count);
    this.#where.textContent = where;
    const line = drawn > 0 ? this.#snapshots.lineAt(drawn - 1) : undefined;
    if (!line) {
      if (!drawn || !this.#shown || this.#snapshots.problem) this.#showEmpty();
      return;
    }
    this.#views.hidden = false;
    this.#empty.hidden = true;
    this.#tourButton.disabled = false;
    const snapshot = line.snapshotAt(drawn - 1);
    const pen = line.pointOf(snapshot);
    const around = clouds(line, snapshot);
    const colours = this.#colours();
    this.#shown = line;
    this.#text.show(line, snapshot);
    const position = this.#text.position(line, snapshot);
    this.#window.hidden = position === "";
    this.#slider.setAttribute("aria-valuetext", `${where}${position && `, ${position}`}`);
    const onPaper = getComputedStyle(this.#overlay).getPropertyValue("--cloud").trim();
    /** @type {[number, number]} */
    const at = [ink.data[3 * pen], ink.data[3 * pen + 1]];
    const { dx, dy, map } = line.head(snapshot);
    const [x, y] = line.offset([dx, dy]);
    /** @type {[number, number]} */
    const drawnTo = [map[0] * x + map[1] * y, map[2] * x + map[3] * y];
    const target = aim(around, at, drawnTo, this.#reach);
    this.#reach = target.reach;
    // The magnifier moves most of the way before the pen's next step.
    const step = this.#reduced ? 1 : 1 - Math.exp((-3 * this.#rate * elapsed) / 1000);
    const { camera, there } = glide(this.#camera, target, step);
    this.#camera = camera;
    if (!there) this.#schedule();
    this.#drawOverlay(pen, around, at, onPaper);
    this.#drawMagnifier(pen, around, at, drawnTo, onPaper);
    this.#drawTime(line, snapshot, colours);
  }

  /**
   * Draws the window and the pen lifts over time.
   * @param {InspectedLine} line @param {number} snapshot @param {import("./drawing.js").Colours} colours
   */
  #drawTime(line, snapshot, colours) {
    const width = this.#liftCanvas.clientWidth;
    const how = { width, span: this.#span(line), ...colours };
    drawLifts(prepareCanvas(this.#liftCanvas, width, TIME.lift), line, snapshot, how);
    const rows = line.info.characters.length;
    if (!rows) return;
    const height = rows * rowHeight(rows);
    this.#windowCanvas.style.height = `${height}px`;
    drawWindow(prepareCanvas(this.#windowCanvas, width, height), line, snapshot, this.#windowImage, how);
  }

  /** Nothing is known, or nothing can be. */
  #showEmpty() {
    const { problem } = this.#snapshots;
    this.#empty.textContent = problem === undefined ? allWords.inspector.empty : allWords.inspector.failed(explain(problem));
    const context = prepareCanvas(this.#overlay, this.#overlay.clientWidth, this.#overlay.clientHeight);
    context.clearRect(0, 0, 1, 1);
    this.#views.hidden = true;
    this.#empty.hidden = false;
    this.#tour?.close();
    this.#tourButton.disabled = true;
  }

  #colours() {
    const style = getComputedStyle(this.#liftCanvas);
    const variable = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    return { text: variable("--text"), quiet: variable("--quiet"), heat: variable("--heat"), cloud: variable("--cloud") };
  }

  /**
   * Draws the clouds on the sheet, at their true size.
   * @param {number} pen @param {Cloud[]} around @param {[number, number]} on the page @param {string} colour
   */
  #drawOverlay(pen, around, [x, y], colour) {
    const context = prepareCanvas(this.#overlay, this.#overlay.clientWidth, this.#overlay.clientHeight);
    const at = this.#app.sheet.position(pen);
    if (!at) return;
    drawClouds(context, around, at.x, at.y, at.scale, colour, 1.2);
    // What the magnifier shows.
    context.strokeStyle = colour;
    context.lineWidth = 1.25;
    context.beginPath();
    const { x: cx, y: cy, reach } = this.#camera;
    context.arc(at.x + (cx - x) * at.scale, at.y + (cy - y) * at.scale, Math.max(8, reach * at.scale), 0, 2 * Math.PI);
    context.stroke();
  }

  /**
   * Draws the clouds enlarged, with the ink before them.
   * @param {number} pen @param {Cloud[]} around
   * @param {[number, number]} at the pen's place on the page @param {[number, number]} drawn offset of the next point
   * @param {string} colour
   */
  #drawMagnifier(pen, around, at, drawn, colour) {
    const width = this.#magnifier.clientWidth;
    const view = { width, height: MAGNIFIER };
    const context = prepareCanvas(this.#magnifier, width, MAGNIFIER);
    const { x: cx, y: cy, reach } = this.#camera;
    const scale = Math.min(width, MAGNIFIER) / 2 / reach;
    const place = (/** @type {number} */ x, /** @type {number} */ y) =>
      /** @type {[number, number]} */ ([width / 2 + (x - cx) * scale, MAGNIFIER / 2 + (y - cy) * scale]);
    const { ink, settings } = this.#app;
    const [first] = ink.range(ink.pageOf(pen));
    context.strokeStyle = settings.ink;
    context.lineWidth = Math.max(2, Math.min(9, 9 * scale));
    drawInk(context, ink.data, first, pen + 1, place, view);
    const [x, y] = place(...at);
    const [nx, ny] = place(at[0] + drawn[0], at[1] + drawn[1]);
    context.globalAlpha = 0.5;
    context.setLineDash([3, 4]);
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(nx, ny);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
    drawClouds(context, around, x, y, scale, colour, 0.6);
    context.fillStyle = settings.ink;
    context.beginPath();
    context.arc(x, y, 6, 0, 2 * Math.PI);
    context.fill();
    context.lineWidth = 2;
    context.beginPath();
    context.arc(nx, ny, 4, 0, 2 * Math.PI);
    context.strokeStyle = settings.ink;
    context.stroke();
  }
}
