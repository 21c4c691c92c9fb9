// See it think: what the network says at each point, while it writes or afterwards. The panel is made
// when it is first opened; until then, and whenever it is closed, nothing here runs.

import { element } from "./dom.js";
import { Thoughts } from "./moments.js";
import { clouds, drawClouds, drawInk, drawLifts, drawWindow, fresh, Heat, placement, reach, rowHeight, TIME } from "./think-draw.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./moments.js").Line} Line */

/** Points a second. */
const PACES = { "Slow motion": 10, "Half speed": 25, "As a hand writes": 50 };
/** Moments that a line is expected to have for each character, until it has more. */
const PER_CHARACTER = 24;
/** Height of the loupe in CSS pixels. */
const LOUPE = 300;

/** @param {number} value @param {number} [digits] */
const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
/** @param {number} share */
const percent = (share) => (share > 0 && share < 0.005 ? "less than 1 %" : `${Math.round(100 * share)} %`);
/** @param {string} character */
const named = (character) => (character === " " ? "the blank" : character === "" ? "the end of the text" : `“${character}”`);

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {Partial<HTMLElementTagNameMap[K]>} [properties] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/**
 * Text with a little markup: _x_ is a symbol, ~x~ is lowered, *b* and *τ* are what the sliders set.
 * @param {string} text
 */
function formula(text) {
  const parts = text.split(/([_~*])(.+?)\1/);
  const made = make("span", { className: "formula" });
  for (let i = 0; i < parts.length; i += 3) {
    made.append(parts[i]);
    const [mark, content] = [parts[i + 1], parts[i + 2]];
    if (mark === "_") made.append(make("i", {}, content));
    if (mark === "~") made.append(make("sub", {}, content));
    if (mark === "*") made.append(make("b", { className: content === "b" ? "bias" : "temperature" }, content));
  }
  return made;
}

/** What each formula says, in words; its numbers follow the pen. */
const FORMULAS = {
  sigma: {
    title: "How large a cloud is",
    formula: "_σ_~x~ = exp(_σ̂_~x~ − *b*) · √*τ*",
    words: "More bias b: smaller clouds, steadier strokes. More temperature τ: larger ones.",
  },
  pi: {
    title: "How much a cloud counts",
    formula: "_π_~j~ = softmax~j~( _π̂_~j~ · (1 + *b*) / *τ* )",
    words: "Bias favours the clouds that count most; temperature gives the others a chance.",
  },
  drawn: {
    title: "Where the pen goes",
    formula: "(Δ_x_, Δ_y_) ∼ N( _μ_~j~, _σ_~j~, _ρ_~j~ )",
    words: "Chance takes one cloud, as often as it counts, and a point in it. That point is the next input.",
  },
  lift: {
    title: "Whether the pen lifts",
    formula: "_e_ = 1 / ( 1 + exp( _ê_ / *τ* ) )",
    words: "Chance lifts the pen as often as e says.",
  },
  window: {
    title: "Which letter is in view",
    formula: "_φ_(_u_) = Σ~k~ _α_~k~ · exp( −_β_~k~ (_κ_~k~ − _u_)² )",
    words: "A window that slides over the text, and never back: each letter u is in view as far as φ says.",
  },
  stop: {
    title: "Whether the line is done",
    formula: "_s_ = 1 / ( 1 + exp( −_ŝ_ ) )",
    words: "Learnt besides: the chance that nothing follows this point.",
  },
};

/** @param {Desk} desk */
export function mount(desk) {
  const button = element("think-switch", HTMLButtonElement);
  const section = element("think", HTMLElement);
  /** @type {Panel | undefined} */
  let panel;
  button.hidden = false;
  button.addEventListener("click", () => {
    panel ??= new Panel(desk, section);
    const open = section.hidden;
    section.hidden = !open;
    button.setAttribute("aria-pressed", String(open));
    if (open) panel.open();
    else panel.close();
  });
}

/** A formula with its numbers, and what it says. */
class Card {
  numbers = make("p", { className: "live" });
  /** @type {HTMLElement} */ root;

  /** @param {{ title: string, formula: string, words: string }} about */
  constructor({ title, formula: text, words }) {
    const hint = make("p", { className: "hint" }, words);
    this.root = make("div", { className: "card" }, make("h4", {}, title), make("p", {}, formula(text)), this.numbers, hint);
  }
}

class Panel {
  /** @type {Desk} */ #desk;
  /** @type {Thoughts} */ #thoughts;
  /** Ends what listens while the panel is open. @type {AbortController | undefined} */ #listening;
  #playing = false;
  /** Fraction of the next point that time has paid for. */ #credit = 0;
  #before = 0;
  #frame = 0;
  #reach = 40;
  #heat = new Heat();
  /** The line whose text is shown. @type {Line | undefined} */ #shown;
  /** @type {HTMLElement[]} */ #letters = [];

  // What the panel is made of.
  #play = make("button", { type: "button", className: "play" });
  #back = make("button", { type: "button", title: "One point back" }, "◂ Back");
  #step = make("button", { type: "button", title: "One point on" }, "Step ▸");
  #slider = make("input", { type: "range", id: "think-point", min: "1", max: "1", step: "1", value: "1" });
  #where = make("span", { className: "where" });
  #pace = make("select", { id: "think-pace" });
  #loupe = make("canvas");
  #map = make("canvas", { className: "time" });
  #strip = make("canvas", { className: "time" });
  #overlay = make("canvas", { className: "thought" });
  #cloudText = make("p");
  #windowText = make("p");
  #liftText = make("p");
  #text = make("p", { className: "letters" });
  #window = make("div", { className: "window" });
  #cards = {
    sigma: new Card(FORMULAS.sigma),
    pi: new Card(FORMULAS.pi),
    drawn: new Card(FORMULAS.drawn),
    lift: new Card(FORMULAS.lift),
    window: new Card(FORMULAS.window),
    stop: new Card(FORMULAS.stop),
  };

  /** @param {Desk} desk @param {HTMLElement} section */
  constructor(desk, section) {
    this.#desk = desk;
    this.#thoughts = new Thoughts((request) => desk.send(request));
    for (const name of Object.keys(PACES)) this.#pace.add(new Option(name));
    for (const canvas of [this.#loupe, this.#map, this.#strip, this.#overlay]) canvas.setAttribute("aria-hidden", "true");
    const { sigma, pi, drawn, lift, window, stop } = this.#cards;
    this.#window.append(
      make("h3", {}, "Which letter is it on?"),
      this.#windowText,
      this.#text,
      this.#map,
      make("p", { className: "hint" }, "From left to right: time. Touch a place to go there; touching the ink does the same."),
      window.root,
    );
    section.append(
      make(
        "div",
        { className: "transport" },
        this.#play,
        this.#back,
        this.#step,
        make("div", { className: "scrub" }, make("label", { htmlFor: "think-point" }, "Point"), this.#slider, this.#where),
        make("label", { htmlFor: "think-pace", className: "unseen" }, "Pace"),
        this.#pace,
      ),
      make(
        "div",
        { className: "views" },
        make(
          "div",
          { className: "view" },
          make("h3", {}, "Where may the pen go next?"),
          this.#cloudText,
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
          this.#liftText,
          this.#strip,
          make("div", { className: "cards" }, lift.root, stop.root),
        ),
      ),
      make(
        "p",
        { className: "hint" },
        "The symbols are those of Graves (2013), equations 18 to 25, 46 to 51, 61 and 62; the temperature and the " +
          "chance of an end are additions. Offsets are in units of their standard deviation.",
      ),
    );
    this.#play.addEventListener("click", () => (this.#playing ? this.#hold() : this.#go()));
    this.#back.addEventListener("click", () => this.#show(this.#desk.sheet.drawn - 1));
    this.#step.addEventListener("click", () => this.#show(this.#desk.sheet.drawn + 1));
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
    const { sheet } = this.#desk;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const paint = () => this.#schedule();
    const canvas = element("canvas", HTMLCanvasElement);
    canvas.after(this.#overlay);
    canvas.classList.add("thinking");
    sheet.addEventListener("drawn", paint, { signal });
    this.#thoughts.addEventListener("more", paint, { signal });
    this.#desk.addEventListener("look", paint, { signal });
    this.#desk.addEventListener("reply", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    this.#desk.addEventListener("points", () => this.#more(), { signal });
    this.#desk.addEventListener("cleared", () => this.#clear(), { signal });
    this.#desk.addEventListener("stopped", () => this.#hold(), { signal });
    this.#desk.addEventListener("started", () => this.#started(), { signal });
    canvas.addEventListener("pointerdown", (event) => this.#touch(event), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint, { signal });
    const resized = new ResizeObserver(paint);
    resized.observe(this.#loupe);
    resized.observe(canvas);
    signal.addEventListener("abort", () => resized.disconnect());
    this.#hold();
    // Ink that is there is looked at from its beginning.
    if (this.#reduced) sheet.pause(!sheet.ended);
    else if (this.#count) this.#go(this.#desk.writing ? sheet.drawn : 1);
  }

  /** The panel has been closed: the pen goes on as it would have. */
  close() {
    const { sheet } = this.#desk;
    this.#listening?.abort();
    this.#hold();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#overlay.remove();
    element("canvas", HTMLCanvasElement).classList.remove("thinking");
    this.#clear();
    if (sheet.ended) sheet.show(this.#count);
    sheet.pause(false);
  }

  /** @param {import("./worker.js").Reply} reply */
  #hear(reply) {
    if (reply.type === "moments") this.#thoughts.hear(reply.id, reply.moments);
  }

  /** How many points have come. */
  get #count() {
    return this.#desk.layout?.count ?? 0;
  }

  #clear() {
    this.#thoughts.clear();
    this.#shown = undefined;
    this.#playing = false;
    this.#schedule();
  }

  #started() {
    this.#clear();
    // With less motion the ink is there at once, and the pen is moved by hand.
    if (this.#reduced) this.#hold();
    else this.#go(0);
  }

  /** More points have come: perhaps of the line that is looked at. */
  #more() {
    const { drawn } = this.#desk.sheet;
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
    const { sheet } = this.#desk;
    const over = sheet.ended && sheet.drawn >= this.#count;
    sheet.show(from ?? (over ? 1 : sheet.drawn));
    this.#playing = true;
    this.#before = 0;
    this.#credit = 0;
    this.#schedule();
  }

  /** Holds the pen after so many points. @param {number} count */
  #show(count) {
    this.#playing = false;
    this.#desk.sheet.show(Math.max(1, count));
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
    const { sheet, layout } = this.#desk;
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
    if (this.#playing) this.#advance(now);
    this.#paint();
    if (this.#playing) this.#schedule();
  }

  /** @param {number} now */
  #advance(now) {
    const { sheet } = this.#desk;
    // After a pause, in a tab that nobody saw for instance, nothing is made up for.
    const waited = this.#before ? Math.min(100, now - this.#before) : 0;
    this.#before = now;
    this.#credit += (waited / 1000) * Object.values(PACES)[this.#pace.selectedIndex];
    const whole = Math.min(Math.floor(this.#credit), this.#count - sheet.drawn);
    this.#credit = sheet.drawn === this.#count ? 0 : this.#credit - whole;
    if (whole > 0) sheet.show(sheet.drawn + whole);
    if (sheet.ended && sheet.drawn >= this.#count) {
      this.#playing = false;
      // What waits for the end of the writing hears of it.
      sheet.pause(false);
    }
  }

  /** How many moments the picture over time has room for. @param {Line} line */
  #span(line) {
    return Math.max(line.known, line.about.characters.length * PER_CHARACTER, 60);
  }

  #paint() {
    const { sheet, layout } = this.#desk;
    const { drawn } = sheet;
    this.#play.textContent = this.#playing ? "❚❚ Pause" : "▶ Play";
    this.#slider.disabled = this.#count === 0;
    this.#slider.max = String(Math.max(1, this.#count));
    this.#slider.valueAsNumber = Math.max(1, drawn);
    this.#back.disabled = drawn <= 1;
    this.#step.disabled = drawn >= this.#count;
    this.#where.textContent = `${drawn} of ${this.#count}`;
    const line = layout && drawn > 0 ? this.#thoughts.at(drawn - 1) : undefined;
    if (!layout || !line) {
      if (!drawn || !this.#shown) this.#empty();
      return;
    }
    const moment = line.momentOf(drawn - 1);
    const pen = line.pointOf(moment);
    const map = placement(line, moment, layout.data);
    const around = clouds(line, moment, map);
    const colours = this.#colours();
    this.#tell(line, moment);
    const onPaper = getComputedStyle(this.#overlay).getPropertyValue("--cloud").trim();
    this.#drawOverlay(pen, around, onPaper);
    this.#drawLoupe(line, moment, around, map, onPaper);
    this.#drawTime(line, moment, colours);
  }

  /** The window and pen lifts, over time. @param {Line} line @param {number} moment @param {import("./think-draw.js").Colours} colours */
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
    this.#cloudText.textContent = "Write something, and its thoughts are shown here.";
    this.#windowText.textContent = "";
    this.#liftText.textContent = "";
    this.#text.replaceChildren();
    this.#letters = [];
  }

  #colours() {
    const style = getComputedStyle(this.#strip);
    const own = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    return { text: own("--text"), quiet: own("--quiet"), heat: own("--heat"), cloud: own("--cloud") };
  }

  /**
   * The clouds in their true size, on the sheet.
   * @param {number} pen @param {import("./think-draw.js").Cloud[]} around @param {string} colour
   */
  #drawOverlay(pen, around, colour) {
    const context = fresh(this.#overlay, this.#overlay.clientWidth, this.#overlay.clientHeight);
    const at = this.#desk.sheet.position(pen);
    if (!at) return;
    drawClouds(context, around, at.x, at.y, at.scale, colour, 1.2);
    // What the loupe shows.
    context.strokeStyle = colour;
    context.lineWidth = 1.25;
    context.beginPath();
    context.arc(at.x, at.y, Math.max(9, this.#reach * at.scale), 0, 2 * Math.PI);
    context.stroke();
  }

  /**
   * The clouds enlarged, with the ink that leads to them.
   * @param {Line} line @param {number} moment @param {import("./think-draw.js").Cloud[]} around
   * @param {import("./think-draw.js").Map} map @param {string} colour
   */
  #drawLoupe(line, moment, around, [a, b, c, d], colour) {
    const layout = this.#desk.layout;
    if (!layout) return;
    const width = this.#loupe.clientWidth;
    const view = { width, height: LOUPE };
    const context = fresh(this.#loupe, width, LOUPE);
    const pen = line.pointOf(moment);
    const head = line.head(moment);
    const [x, y] = line.offset([head.dx, head.dy]);
    /** @type {[number, number]} */
    const drawn = [a * x + b * y, c * x + d * y];
    this.#reach = reach(around, drawn, this.#reach);
    const scale = LOUPE / 2 / this.#reach;
    const points = layout.data;
    const [px, py] = [points[3 * pen], points[3 * pen + 1]];
    const [cx, cy] = [width / 2, LOUPE / 2];
    const place = (/** @type {number} */ x, /** @type {number} */ y) =>
      /** @type {[number, number]} */ ([cx + (x - px) * scale, cy + (y - py) * scale]);
    const [first] = layout.range(layout.pageOf(pen));
    context.strokeStyle = layout.look.ink;
    context.lineWidth = Math.max(2, Math.min(9, 15 * scale * 0.6));
    drawInk(context, points, first, pen + 1, place, view);
    drawClouds(context, around, cx, cy, scale, colour, 0.6);
    context.fillStyle = layout.look.ink;
    context.strokeStyle = layout.look.ink;
    const [nx, ny] = [cx + drawn[0] * scale, cy + drawn[1] * scale];
    context.globalAlpha = 0.55;
    context.setLineDash([3, 4]);
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(cx, cy);
    context.lineTo(nx, ny);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(cx, cy, 5, 0, 2 * Math.PI);
    context.fill();
    context.beginPath();
    context.arc(nx, ny, 4.5, 0, 2 * Math.PI);
    context.globalAlpha = 0.85;
    context.fillStyle = "#fff";
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.stroke();
  }

  /** The moment in words and numbers. @param {Line} line @param {number} moment */
  #tell(line, moment) {
    const { about } = line;
    const { bias, temperature, characters, mixtures } = about;
    const head = line.head(moment);
    const taken = line.component(moment, head.chosen);
    let [heaviest, most] = [0, 0];
    for (let j = 0; j < mixtures; j++) {
      const { pi } = line.component(moment, j);
      if (pi > most) [heaviest, most] = [j, pi];
    }
    const fate =
      heaviest === head.chosen ? "The pen took it, and went to ○." : `The pen took another, of ${percent(taken.pi)}, and went to ○.`;
    this.#cloudText.textContent =
      `● is the pen. Each cloud is one of ${mixtures} guesses; the darker, the likelier. ` +
      `The likeliest has ${percent(most)}. ${fate}`;
    const sure = head.lift > 0.5 ? "likely" : head.lift > 0.1 ? "perhaps" : "hardly";
    this.#liftText.textContent =
      `${sure[0].toUpperCase()}${sure.slice(1)}: the chance is ${percent(head.lift)}. ` +
      (head.lifted ? "It did: the stroke ends with ○." : "It stayed on the paper.");
    const window = line.window(moment);
    const total = window.reduce((sum, value) => sum + value, 1e-6);
    this.#window.hidden = this.#cards.window.root.hidden = characters.length === 0;
    this.#cards.stop.root.hidden = characters.length === 0;
    if (characters.length) {
      this.#windowText.textContent =
        head.position < characters.length - 1
          ? `Mostly on ${named(characters[head.position])}, character ${head.position + 1} of ${characters.length - 1}.`
          : "At the end of the text.";
    }
    const where = characters.length ? `, on ${named(characters[head.position])}` : "";
    this.#slider.setAttribute("aria-valuetext", `${this.#where.textContent}${where}`);
    if (this.#shown !== line) {
      this.#shown = line;
      this.#letters = characters.map((character) => make("span", {}, character === "" ? "■" : character));
      this.#text.replaceChildren(...this.#letters);
    }
    for (const [u, letter] of this.#letters.entries()) {
      const share = Math.round(100 * Math.sqrt(window[u] / total));
      letter.style.setProperty("--share", `${share < 12 ? 0 : share * 0.42}%`);
      letter.classList.toggle("now", u === head.position);
    }
    const [b, t] = [number(bias), number(temperature)];
    const of = `the cloud taken, number ${head.chosen + 1}`;
    this.#cards.sigma.numbers.textContent =
      `exp(${number(taken.sigmaHat)} − ${b}) · √${t} = ${number(taken.sigma[0], 3)} for ${of}`;
    this.#cards.pi.numbers.textContent =
      `${number(taken.piHat)} · (1 + ${b}) / ${t} = ${number((taken.piHat * (1 + bias)) / temperature)}, ` +
      `which among all is ${percent(taken.pi)}`;
    this.#cards.drawn.numbers.textContent =
      `Δx: ${number(taken.mu[0])} ± ${number(taken.sigma[0], 3)}, drawn ${number(head.dx)}; ` +
      `Δy: ${number(taken.mu[1])} ± ${number(taken.sigma[1], 3)}, drawn ${number(head.dy)}; ρ = ${number(taken.rho)}`;
    this.#cards.lift.numbers.textContent = `1 / (1 + exp(${number(head.liftHat)} / ${t})) = ${number(head.lift, 3)}`;
    if (characters.length) {
      this.#cards.window.numbers.textContent =
        `largest at u = ${head.position + 1}, ${named(characters[head.position])}: ${number(window[head.position])}`;
    }
    this.#cards.stop.numbers.textContent = `s = ${number(head.stop, 3)}`;
  }
}
