// "Take it with you": the sheets as files, on the clipboard, or printed. The worker writes the files'
// text; pictures are drawn here, a piece at a time.

import { element } from "../util/dom.js";
import { rules } from "../sheet/layout.js";
import { LINE, draw } from "../sheet/pens.js";
import { withResolution } from "./png.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../app/app.js").DrawnPage} DrawnPage */
/** @typedef {import("../pkg/running_hand.js").ExportOptions} ExportOptions */

/**
 * @typedef {object} Kind
 * @property {string} label
 * @property {string} ending
 * @property {string} type
 * @property {string} hint
 */

/** Everything that can be taken, by the name of its format. @type {Record<string, Kind>} */
const KINDS = {
  svg: {
    label: "SVG, single strokes",
    ending: "svg",
    type: "image/svg+xml",
    hint: "The path of the pen, in millimetres: for pen plotters, cutters and engravers.",
  },
  outline: {
    label: "SVG, outlines",
    ending: "svg",
    type: "image/svg+xml",
    hint: "Filled shapes, broader where the pen was slow: for print and drawing programs.",
  },
  animated: {
    label: "SVG, animated",
    ending: "svg",
    type: "image/svg+xml",
    hint: "A picture for web pages that is written before one’s eyes, and at once for those who want no motion.",
  },
  png: { label: "PNG, a picture", ending: "png", type: "image/png", hint: "As on the sheet, at the resolution you choose." },
  pdf: { label: "PDF, or on paper", ending: "pdf", type: "", hint: "Your browser prints the sheets at their true size, or keeps them as PDF." },
  gcode: {
    label: "G-code",
    ending: "gcode",
    type: "text/plain",
    hint: "For pen plotters, in millimetres from the sheet’s lower left corner. It lifts the pen and comes home at the end.",
  },
  inkml: {
    label: "InkML",
    ending: "inkml",
    type: "application/inkml+xml",
    hint: "Strokes with the pen’s time, for handwriting recognisers and note-taking programs.",
  },
  json: { label: "JSON", ending: "json", type: "application/json", hint: "Strokes, text and settings, for programs of your own." },
};

/** Points drawn between two frames: a few milliseconds. */
const SLICE = 3000;

/** Paper and its rules in pictures and print: as on the app in daylight. */
const PAPER = "#fdfaf3";
const RULE = "#c5d0e2";

/** @param {App} app */
export function mount(app) {
  new Take(app);
}

class Take {
  /** @type {App} */ #app;
  #dialog = element("export", HTMLDialogElement);
  /** Numbers of the files that the worker is writing. @type {Map<number, { resolve: (text: string) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #asked = 0;
  /** Width of the sheet in mm as it is; what the visitor chose is a multiple of it. */ #natural = 0;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    for (const [name, { label }] of Object.entries(KINDS)) this.#format.add(new Option(label, name));
    app.addEventListener("reply", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    element("export-open", HTMLButtonElement).addEventListener("click", () => this.#open());
    const form = element("export-form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      if (event.submitter?.id === "export-close") return;
      event.preventDefault();
      void this.#try(() => this.#save());
    });
    element("export-copy", HTMLButtonElement).addEventListener("click", () => {
      if (form.reportValidity()) void this.#try(() => this.#copy());
    });
    this.#format.addEventListener("change", () => this.#show());
    for (const id of ["export-sheet", "export-crop"]) element(id, HTMLElement).addEventListener("change", () => this.#measure());
    element("export-width", HTMLInputElement).addEventListener("input", () => this.#tellMeasures());
    element("export-dpi", HTMLSelectElement).addEventListener("change", () => this.#tellMeasures());
    element("export-lift", HTMLSelectElement).addEventListener("change", () => this.#showLift());
  }

  get #format() {
    return element("export-format", HTMLSelectElement);
  }

  get #kind() {
    return KINDS[this.#format.value];
  }

  /** @param {string} id */
  #number(id) {
    return element(id, HTMLInputElement).valueAsNumber;
  }

  /** @param {string} id */
  #checked(id) {
    return element(id, HTMLInputElement).checked;
  }

  // --- the dialog ------------------------------------------------------------------------------

  #open() {
    const app = this.#app;
    // The first line was laid when little of it had come. Laid anew, the same writing is the same file.
    if (!app.writing && app.layout) {
      app.layout.relay(app.look, true);
      app.sheet.changed();
    }
    const sheet = element("export-sheet", HTMLSelectElement);
    const count = app.pages().length;
    sheet.replaceChildren(...Array.from({ length: count }, (_, page) => new Option(`${page + 1} of ${count}`, String(page))));
    if (count > 1) sheet.add(new Option("All, a file for each", "all"));
    sheet.value = String(Math.min(app.sheet.page, count - 1));
    element("export-sheets", HTMLElement).hidden = count < 2;
    this.#measure();
    this.#show();
    this.#dialog.showModal();
    this.#format.focus();
  }

  /** The fields of the format chosen. */
  #show() {
    const name = this.#format.value;
    for (const field of this.#dialog.querySelectorAll("[data-for]")) {
      const shown = (field.getAttribute("data-for") ?? "").split(" ").includes(name);
      /** @type {HTMLElement} */ (field).hidden = !shown;
      // What cannot be seen must not keep the form from being sent.
      for (const control of field.querySelectorAll("input, select")) control.toggleAttribute("disabled", !shown);
    }
    element("export-hint", HTMLElement).textContent = this.#kind.hint;
    element("export-save", HTMLButtonElement).textContent = name === "pdf" ? "Print or save as PDF" : "Download";
    element("export-copy", HTMLButtonElement).hidden = name === "pdf";
    const empty = this.#app.sheet.drawn === 0;
    for (const id of ["export-save", "export-copy"]) element(id, HTMLButtonElement).disabled = empty;
    this.#say(empty ? "Nothing is written yet." : "");
    this.#tellMeasures();
  }

  #showLift() {
    const servo = element("export-lift", HTMLSelectElement).value === "servo";
    element("export-up-label", HTMLElement).textContent = servo ? "Lifted, servo’s number" : "Lifted, Z in mm";
    element("export-down-label", HTMLElement).textContent = servo ? "On paper, servo’s number" : "On paper, Z in mm";
    element("export-up", HTMLInputElement).valueAsNumber = servo ? 0 : 3;
    element("export-down", HTMLInputElement).valueAsNumber = servo ? 30 : 0;
  }

  /** The sheets chosen, each with the page's number. @returns {(DrawnPage & { page: number })[]} */
  #pages() {
    const { value } = element("export-sheet", HTMLSelectElement);
    const pages = this.#app.pages().map((drawn, page) => ({ ...drawn, page }));
    return value === "all" ? pages : pages.filter(({ page }) => String(page) === value);
  }

  /** Another sheet, or cut otherwise: as wide as it is. */
  #measure() {
    const [first] = this.#pages();
    this.#natural = first ? this.#frame(first).width : 0;
    element("export-width", HTMLInputElement).value = this.#natural.toFixed(1);
    this.#tellMeasures();
  }

  /** How large the file is on paper, and in pixels. */
  #tellMeasures() {
    const [first] = this.#pages();
    if (!first || !this.#natural) return;
    const { width, height } = this.#frame(first);
    const scale = this.#scale();
    const dots = Number(element("export-dpi", HTMLSelectElement).value) / 25.4;
    let text = `${(width * scale).toFixed(1)} × ${(height * scale).toFixed(1)} mm`;
    if (this.#format.value === "png") text += `, ${Math.round(width * scale * dots)} × ${Math.round(height * scale * dots)} pixels`;
    element("export-measures", HTMLElement).textContent = Number.isFinite(scale) ? text : "";
  }

  /** How much larger than natural it is wanted. */
  #scale() {
    const width = this.#number("export-width");
    // What is shown is rounded; that is no wish for another size.
    return Math.abs(width - this.#natural) < 0.06 ? 1 : width / this.#natural;
  }

  /** What of a sheet is taken, in millimetres: all of it, or around the ink. @param {DrawnPage} drawn */
  #frame({ points, measures: { width, height, mm } }) {
    if (!this.#checked("export-crop") || points.length === 0) {
      return { x: 0, y: 0, width: width * mm, height: height * mm, mm };
    }
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 3) {
      left = Math.min(left, points[i]);
      right = Math.max(right, points[i]);
      top = Math.min(top, points[i + 1]);
      bottom = Math.max(bottom, points[i + 1]);
    }
    const edge = 2;
    return {
      x: edge - left * mm,
      y: edge - top * mm,
      width: (right - left) * mm + 2 * edge,
      height: (bottom - top) * mm + 2 * edge,
      mm,
    };
  }

  /** @param {string} message @param {boolean} [problem] */
  #say(message, problem = false) {
    const said = element("export-message", HTMLElement);
    said.textContent = message;
    said.classList.toggle("problem", problem);
  }

  /** @param {() => Promise<void>} action */
  async #try(action) {
    this.#say("");
    try {
      await action();
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error), true);
    }
  }

  // --- what is taken -----------------------------------------------------------------------------

  async #save() {
    if (this.#format.value === "pdf") {
      this.#dialog.close();
      print();
      return;
    }
    const pages = this.#pages();
    const { ending } = this.#kind;
    for (const page of pages) {
      const name = pages.length > 1 ? `running-hand-${page.page + 1}.${ending}` : `running-hand.${ending}`;
      save(await this.#file(page), name);
      this.#say(`${name} is in your downloads.`);
    }
  }

  async #copy() {
    const [page] = this.#pages();
    const picture = this.#format.value === "png";
    const type = picture ? "image/png" : "text/plain";
    const file = this.#file(page).then(async (blob) => new Blob([await blob.arrayBuffer()], { type }));
    try {
      // Asked for at once, before it is made: a browser that has to wait forgets that somebody pressed.
      await navigator.clipboard.write([new ClipboardItem({ [type]: file })]);
    } catch (error) {
      // Why it could not be made matters more than that it could not be copied.
      await file;
      if (picture) throw new Error("This browser does not let the page copy pictures. Download it instead.", { cause: error });
      try {
        await navigator.clipboard.writeText(await (await file).text());
      } catch (cause) {
        throw new Error("This browser does not let the page copy. Download it instead.", { cause });
      }
    }
    this.#say(this.#pages().length > 1 ? `Sheet ${page.page + 1} is copied.` : "Copied.");
  }

  /** @param {DrawnPage & { page: number }} page */
  async #file(page) {
    if (this.#format.value === "png") return this.#picture(page);
    return new Blob([await this.#text(page)], { type: this.#kind.type });
  }

  /** A file's text, from the worker. @param {DrawnPage & { page: number }} page @returns {Promise<string>} */
  #text({ points, measures, page }) {
    const app = this.#app;
    const scale = this.#scale();
    const frame = this.#frame({ points, measures });
    const { ink, nib, ...settings } = app.wish;
    /** @type {ExportOptions} */
    const options = {
      layout: {
        width: frame.width * scale,
        height: frame.height * scale,
        x: frame.x * scale,
        y: frame.y * scale,
        scale: frame.mm * scale,
      },
      color: ink,
      lineWidth: LINE * nib * frame.mm * scale,
      sampleMs: app.plan?.sampleMs,
      speed: Number(element("export-speed", HTMLSelectElement).value),
      gcode: {
        feed: this.#number("export-feed"),
        lift: /** @type {"z" | "servo"} */ (element("export-lift", HTMLSelectElement).value),
        up: this.#number("export-up"),
        down: this.#number("export-down"),
        dwell: this.#number("export-dwell"),
      },
      text: this.#written(page),
      settings: { ...settings, weights: app.plan?.fingerprint },
    };
    this.#asked += 1;
    const id = this.#asked;
    app.send({ type: "export", id, points, format: /** @type {import("../pkg/running_hand.js").ExportFormat} */ (this.#format.value), options }, [
      points.buffer,
    ]);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** @param {import("../engine/worker.js").Reply} reply */
  #hear(reply) {
    if (reply.type !== "export") return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.text !== undefined) waiting?.resolve(reply.text);
    else waiting?.reject(new Error(reply.problem));
  }

  /** The lines of text on a page. @param {number} page */
  #written(page) {
    const { plan, layout, sheet } = this.#app;
    if (!plan || !layout || plan.kind !== "synthesis") return "";
    const [start, end] = layout.range(page);
    const last = Math.min(end, sheet.drawn) - 1;
    return last < start ? "" : plan.lines.slice(layout.lineOf(start), layout.lineOf(last) + 1).join("\n");
  }

  /** A picture in PNG that knows its resolution. @param {DrawnPage} drawn */
  async #picture({ points, measures }) {
    const { look } = this.#app;
    const dpi = Number(element("export-dpi", HTMLSelectElement).value);
    const frame = this.#frame({ points, measures });
    const dots = (this.#scale() * dpi) / 25.4;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(frame.width * dots));
    canvas.height = Math.max(1, Math.round(frame.height * dots));
    const context = canvas.getContext("2d");
    const scale = frame.mm * dots;
    if (context) {
      context.setTransform(scale, 0, 0, scale, frame.x * dots, frame.y * dots);
      if (this.#checked("export-paper")) paint(context, look, measures, frame.mm);
      const count = points.length / 3;
      for (let from = 0; from < count; from += SLICE) {
        // A pencil's grain is as fine as on a good screen, not as the dots are.
        draw(context, points, 0, from, Math.min(from + SLICE, count), look, look.tip === "pencil" ? (scale * 192) / dpi : scale);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    const blob = context && (await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, "image/png")));
    // Memory that large is wanted back at once.
    const { width, height } = canvas;
    canvas.width = canvas.height = 0;
    if (!blob) {
      throw new Error(`This browser cannot make a picture of ${width} × ${height} pixels. Take a lower resolution.`);
    }
    return new Blob([withResolution(new Uint8Array(await blob.arrayBuffer()), dpi)], { type: "image/png" });
  }
}

/**
 * Paper and its rules under the ink.
 * @param {CanvasRenderingContext2D} context @param {import("../sheet/layout.js").Look} look
 * @param {import("../sheet/layout.js").Measures} measures @param {number} mm of a corpus unit
 */
function paint(context, look, measures, mm) {
  const { width, height } = measures;
  context.fillStyle = PAPER;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.restore();
  const thick = 0.15 / mm;
  const { across, upright } = rules(look, measures);
  context.fillStyle = RULE;
  for (const y of across) context.fillRect(0, y - thick / 2, width, thick);
  for (const x of upright) context.fillRect(x - thick / 2, 0, thick, height);
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: the download may not have begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
