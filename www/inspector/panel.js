// See it think: what the network says at each point, while it writes or afterwards. The panel is made
// when it is first opened; until then, and whenever it is closed, nothing here runs.

import { element } from "../util/dom.js";
import { Thoughts } from "./snapshots.js";
import {
  aim,
  clouds,
  drawClouds,
  drawInk,
  drawLifts,
  drawWindow,
  fresh,
  glide,
  Heat,
  placement,
  rowHeight,
  TIME,
} from "./drawing.js";
import { make, Words } from "./text.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("./snapshots.js").Line} Line */
/** @typedef {import("./drawing.js").Cloud} Cloud */

/** Points a second. */
const PACES = { "Slow motion": 10, "Half speed": 25, "As a hand writes": 50 };
/** Moments that a line is expected to have for each character, until it has more. */
const PER_CHARACTER = 24;
/** Height of the loupe in CSS pixels. */
const LOUPE = 320;

/** @param {App} app */
export function mount(app) {
  const button = element("inspector-toggle", HTMLButtonElement);
  const section = element("inspector", HTMLElement);
  /** @type {Panel | undefined} */
  let panel;
  button.hidden = false;
  button.addEventListener("click", () => {
    panel ??= new Panel(app, section);
    const open = section.hidden;
    section.hidden = !open;
    button.setAttribute("aria-pressed", String(open));
    if (open) panel.open();
    else panel.close();
  });
}

class Panel {
  /** @type {App} */ #app;
  /** @type {Thoughts} */ #thoughts;
  /** Ends what listens while the panel is open. @type {AbortController | undefined} */ #listening;
  #playing = false;
  /** Fraction of the next point that time has paid for. */ #credit = 0;
  /** When the last frame was. */ #before = 0;
  #frame = 0;
  /** @type {import("./drawing.js").Camera} */ #camera = { x: 0, y: 0, reach: 1 };
  /** The reach at which the loupe aims. */ #reach = 1;
  #heat = new Heat();
  /** The line that is shown. @type {Line | undefined} */ #shown;

  // What the panel is made of.
  #play = make("button", { type: "button", className: "play" });
  #back = make("button", { type: "button", title: "One point back" }, "◂ Back");
  #step = make("button", { type: "button", title: "One point on" }, "Step ▸");
  #slider = make("input", { type: "range", id: "inspector-point", min: "1", max: "1", step: "1", value: "1" });
  #where = make("span", { className: "where" });
  #pace = make("select", { id: "inspector-pace" });
  #loupe = make("canvas");
  #map = make("canvas", { className: "time" });
  #strip = make("canvas", { className: "time" });
  #overlay = make("canvas", { className: "inspector-overlay" });
  #nothing = make("p", {}, "Write something, and what the network thinks is shown here, point by point.");
  #views = make("div", { className: "views", hidden: true });
  #words = new Words();
  #window = make("div", { className: "window" });
  /** @param {App} app @param {HTMLElement} section */
  constructor(app, section) {
    this.#app = app;
    this.#thoughts = new Thoughts((request) => app.send(request));
    for (const name of Object.keys(PACES)) this.#pace.add(new Option(name));
    // All that they show is said in words beside them.
    for (const canvas of [this.#loupe, this.#map, this.#strip, this.#overlay]) {
      canvas.setAttribute("aria-hidden", "true");
    }
    const { sigma, pi, drawn, lift, window, stop } = this.#words.cards;
    this.#window.append(
      make("h3", {}, "Which letter is it on?"),
      this.#words.window,
      this.#words.text,
      this.#map,
      make("p", { className: "hint" }, "From left to right: time. Touch a place, or the ink, to go there."),
      window.root,
    );
    section.append(
      make(
        "div",
        { className: "transport" },
        this.#play,
        this.#back,
        this.#step,
        make(
          "div",
          { className: "scrub" },
          make("label", { htmlFor: "inspector-point" }, "Point"),
          this.#slider,
          this.#where,
        ),
        make("label", { htmlFor: "inspector-pace", className: "unseen" }, "Pace"),
        this.#pace,
      ),
      this.#nothing,
      this.#views,
      make(
        "p",
        { className: "hint" },
        "The symbols are those of Graves (2013), equations 18 to 25, 46 to 51, 61 and 62; the temperature and the " +
          "chance of an end are additions. Offsets are in units of their standard deviation.",
      ),
    );
    this.#views.append(
      make(
        "div",
        { className: "view" },
        make("h3", {}, "Where may the pen go next?"),
        this.#words.cloud,
        this.#loupe,
        sigma.root,
        pi.root,
        drawn.root,
      ),
      make(
        "div",
        { className: "view" },
        this.#window,
        make("h3", {}, "Will the pen lift?"),
        this.#words.lift,
        this.#strip,
        make("div", { className: "cards" }, lift.root, stop.root),
      ),
    );
    this.#play.addEventListener("click", () => (this.#playing ? this.#hold() : this.#go()));
    this.#back.addEventListener("click", () => this.#show(this.#app.sheet.drawn - 1));
    this.#step.addEventListener("click", () => this.#show(this.#app.sheet.drawn + 1));
    this.#slider.addEventListener("input", () => this.#show(this.#slider.valueAsNumber));
    for (const canvas of [this.#map, this.#strip]) {
      canvas.addEventListener("pointerdown", (event) => this.#pointAt(event));
      canvas.addEventListener("pointermove", (event) => {
        if (event.buttons) this.#pointAt(event);
      });
    }
  }

  get #reduced() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** The panel has been opened. */
  open() {
    const { sheet } = this.#app;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const paint = () => this.#schedule();
    const canvas = element("canvas", HTMLCanvasElement);
    canvas.after(this.#overlay);
    canvas.classList.add("inspected");
    sheet.addEventListener("drawn", paint, { signal });
    this.#thoughts.addEventListener("more", paint, { signal });
    this.#app.addEventListener("look", paint, { signal });
    this.#app.addEventListener("reply", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    this.#app.addEventListener("points", () => this.#more(), { signal });
    this.#app.addEventListener("cleared", () => this.#clear(), { signal });
    this.#app.addEventListener("stopped", () => this.#hold(), { signal });
    this.#app.addEventListener("started", () => this.#started(), { signal });
    canvas.addEventListener("pointerdown", (event) => this.#touch(event), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint, { signal });
    const resized = new ResizeObserver(paint);
    resized.observe(this.#loupe);
    resized.observe(canvas);
    signal.addEventListener("abort", () => resized.disconnect());
    this.#hold();
    // Ink that is there is looked at from its beginning.
    if (this.#reduced) sheet.pause(!sheet.ended);
    else if (this.#count) this.#go(this.#app.writing ? sheet.drawn : this.#least);
  }

  /** The panel has been closed: the pen goes on as it would have. */
  close() {
    const { sheet } = this.#app;
    this.#listening?.abort();
    this.#hold();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#overlay.remove();
    element("canvas", HTMLCanvasElement).classList.remove("inspected");
    this.#clear();
    if (!this.#app.writing) sheet.show(this.#count);
    sheet.pause(false);
  }

  /** @param {import("../engine/worker.js").Reply} reply */
  #hear(reply) {
    if (reply.type === "moments") this.#thoughts.hear(reply.id, reply.moments);
  }

  /** How many points have come. */
  get #count() {
    return this.#app.layout?.count ?? 0;
  }

  /** The fewest points that there are thoughts about: given strokes are nobody's thoughts. */
  get #least() {
    return Math.max(1, this.#app.given);
  }

  #clear() {
    this.#thoughts.clear(this.#app.given);
    this.#shown = undefined;
    this.#playing = false;
    this.#schedule();
  }

  #started() {
    this.#clear();
    // With less motion the ink is there at once, and the pen is moved by hand.
    if (this.#reduced) this.#hold();
    else this.#go(this.#app.given);
  }

  /** More points have come: perhaps of the line that is looked at. */
  #more() {
    const { drawn } = this.#app.sheet;
    const line = this.#shown;
    if (line && line.has(drawn - 1) && !line.has(this.#count - 1)) this.#schedule();
    else this.#thoughts.ask(Math.max(0, drawn - 1));
  }

  /** The pen stays where it is. */
  #hold() {
    this.#playing = false;
    this.#schedule();
  }

  /** The pen goes on, from a given number of points or, at the end, from the beginning. @param {number} [from] */
  #go(from) {
    const { sheet } = this.#app;
    const over = sheet.ended && sheet.drawn >= this.#count;
    sheet.show(from ?? (over ? this.#least : sheet.drawn));
    this.#playing = true;
    this.#before = performance.now();
    this.#credit = 0;
    this.#schedule();
  }

  /** Holds the pen after so many points. @param {number} count */
  #show(count) {
    this.#playing = false;
    this.#app.sheet.show(Math.max(this.#least, count));
    this.#schedule();
  }

  /** The moment under the pointer. @param {PointerEvent} event */
  #pointAt(event) {
    const line = this.#shown;
    if (!line) return;
    event.preventDefault();
    const width = this.#strip.clientWidth - TIME.left;
    const moment = Math.floor(((event.offsetX - TIME.left) / width) * this.#span(line));
    this.#show(line.pointOf(Math.max(0, Math.min(moment, line.known - 1))) + 1);
  }

  /** The moment of the ink that was touched. @param {PointerEvent} event */
  #touch(event) {
    const { sheet, layout } = this.#app;
    if (!layout) return;
    const [first, end] = layout.range(sheet.page);
    let [nearest, distance] = [-1, 24];
    for (let point = first; point < Math.min(end, layout.count); point++) {
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
    // After a pause, in a tab that nobody saw for instance, nothing is made up for.
    const elapsed = Math.min(100, now - this.#before);
    this.#before = now;
    if (this.#playing) this.#advance(elapsed);
    this.#paint(elapsed);
    if (this.#playing) this.#schedule();
  }

  /** Points a second. */
  get #rate() {
    return Object.values(PACES)[this.#pace.selectedIndex];
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
      // What waits for the end of the writing hears of it.
      sheet.pause(false);
    }
  }

  /** How many moments the pictures over time have room for: a line's own, or likely ones. @param {Line} line */
  #span(line) {
    const { count, characters } = line.about;
    const over = this.#app.sheet.ended || !line.has(this.#count - 1);
    return over ? count : Math.max(count, characters.length * PER_CHARACTER, 60);
  }

  /** @param {number} elapsed milliseconds since the last time */
  #paint(elapsed) {
    const { sheet, layout } = this.#app;
    const { drawn } = sheet;
    this.#play.textContent = this.#playing ? "❚❚ Pause" : "▶ Play";
    this.#play.disabled = this.#slider.disabled = this.#count === 0;
    this.#slider.min = String(this.#least);
    this.#slider.max = String(Math.max(this.#least, this.#count));
    this.#slider.valueAsNumber = Math.max(this.#least, drawn);
    this.#back.disabled = drawn <= this.#least;
    this.#step.disabled = drawn >= this.#count;
    this.#where.textContent = `${drawn} of ${this.#count}`;
    const line = layout && drawn > 0 ? this.#thoughts.at(drawn - 1) : undefined;
    if (!layout || !line) {
      if (!drawn || !this.#shown) this.#empty();
      return;
    }
    this.#views.hidden = false;
    this.#nothing.hidden = true;
    const moment = line.momentOf(drawn - 1);
    const pen = line.pointOf(moment);
    const map = placement(line, moment, layout.data);
    const around = clouds(line, moment, map);
    const colours = this.#colours();
    this.#shown = line;
    this.#words.tell(line, moment);
    const place = this.#words.place(line, moment);
    this.#window.hidden = place === "";
    this.#slider.setAttribute("aria-valuetext", `${drawn} of ${this.#count}${place && `, ${place}`}`);
    const onPaper = getComputedStyle(this.#overlay).getPropertyValue("--cloud").trim();
    /** @type {[number, number]} */
    const at = [layout.data[3 * pen], layout.data[3 * pen + 1]];
    const { dx, dy } = line.head(moment);
    const [x, y] = line.offset([dx, dy]);
    /** @type {[number, number]} */
    const drawnTo = [map[0] * x + map[1] * y, map[2] * x + map[3] * y];
    const target = aim(around, at, drawnTo, this.#reach);
    this.#reach = target.reach;
    // Before the pen's next step the loupe has gone most of the way.
    const step = this.#reduced ? 1 : 1 - Math.exp((-3 * this.#rate * elapsed) / 1000);
    const { camera, there } = glide(this.#camera, target, step);
    this.#camera = camera;
    if (!there) this.#schedule();
    this.#drawOverlay(pen, around, at, onPaper);
    this.#drawLoupe(layout, pen, around, at, drawnTo, onPaper);
    this.#drawTime(line, moment, colours);
  }

  /**
   * The window and pen lifts, over time.
   * @param {Line} line @param {number} moment @param {import("./drawing.js").Colours} colours
   */
  #drawTime(line, moment, colours) {
    const width = this.#strip.clientWidth;
    const how = { width, span: this.#span(line), ...colours };
    drawLifts(fresh(this.#strip, width, TIME.lift), line, moment, how);
    const rows = line.about.characters.length;
    if (!rows) return;
    const height = rows * rowHeight(rows);
    this.#map.style.height = `${height}px`;
    drawWindow(fresh(this.#map, width, height), line, moment, this.#heat, how);
  }

  /** Nothing is known yet. */
  #empty() {
    const context = fresh(this.#overlay, this.#overlay.clientWidth, this.#overlay.clientHeight);
    context.clearRect(0, 0, 1, 1);
    this.#views.hidden = true;
    this.#nothing.hidden = false;
  }

  #colours() {
    const style = getComputedStyle(this.#strip);
    const own = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    return { text: own("--text"), quiet: own("--quiet"), heat: own("--heat"), cloud: own("--cloud") };
  }

  /**
   * The clouds in their true size, on the sheet.
   * @param {number} pen @param {Cloud[]} around @param {[number, number]} on the page @param {string} colour
   */
  #drawOverlay(pen, around, [x, y], colour) {
    const context = fresh(this.#overlay, this.#overlay.clientWidth, this.#overlay.clientHeight);
    const at = this.#app.sheet.position(pen);
    if (!at) return;
    drawClouds(context, around, at.x, at.y, at.scale, colour, 1.2);
    // What the loupe shows.
    context.strokeStyle = colour;
    context.lineWidth = 1.25;
    context.beginPath();
    const { x: cx, y: cy, reach } = this.#camera;
    context.arc(at.x + (cx - x) * at.scale, at.y + (cy - y) * at.scale, Math.max(8, reach * at.scale), 0, 2 * Math.PI);
    context.stroke();
  }

  /**
   * The clouds enlarged, with the ink that leads to them.
   * @param {import("../sheet/layout.js").Layout} layout @param {number} pen @param {Cloud[]} around
   * @param {[number, number]} at the pen's place on the page @param {[number, number]} drawn offset of the next point
   * @param {string} colour
   */
  #drawLoupe(layout, pen, around, at, drawn, colour) {
    const width = this.#loupe.clientWidth;
    const view = { width, height: LOUPE };
    const context = fresh(this.#loupe, width, LOUPE);
    const { x: cx, y: cy, reach } = this.#camera;
    const scale = Math.min(width, LOUPE) / 2 / reach;
    const place = (/** @type {number} */ x, /** @type {number} */ y) =>
      /** @type {[number, number]} */ ([width / 2 + (x - cx) * scale, LOUPE / 2 + (y - cy) * scale]);
    const [first] = layout.range(layout.pageOf(pen));
    const { ink } = layout.look;
    context.strokeStyle = ink;
    context.lineWidth = Math.max(2, Math.min(9, 9 * scale));
    drawInk(context, layout.data, first, pen + 1, place, view);
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
    context.fillStyle = ink;
    context.beginPath();
    context.arc(x, y, 6, 0, 2 * Math.PI);
    context.fill();
    context.lineWidth = 2;
    context.beginPath();
    context.arc(nx, ny, 4, 0, 2 * Math.PI);
    context.strokeStyle = ink;
    context.stroke();
  }
}
