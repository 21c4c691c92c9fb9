// The export dialog, "Download or print": sheets as files, on the clipboard, or printed. The worker writes text formats;
// PNG is drawn here, in slices.

import { LOOKS } from "../app/form.js";
import { LINE, draw } from "../sheet/pens.js";
import { drawRules } from "../sheet/rules.js";
import { element } from "../util/dom.js";
import { download } from "../util/download.js";
import { allWords, explain, label, number } from "../words/words.js";
import { withResolution } from "./png.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").ExportFormat} ExportFormat */
/** @typedef {import("../pkg/running_hand.js").ExportOptions} ExportOptions */
/** @typedef {import("../pkg/running_hand.js").Frame} Frame */
/** @typedef {import("../sheet/sheet.js").DrawnPage} DrawnPage */

/** A sheet that is to be exported, and its number from 0. @typedef {DrawnPage & { page: number }} NumberedPage */

/** Of each format, whose name and hint are among the words: the ending of its files, and their type. */
const FORMATS = {
  svg: { extension: "svg", type: "image/svg+xml" },
  outline: { extension: "svg", type: "image/svg+xml" },
  animated: { extension: "svg", type: "image/svg+xml" },
  png: { extension: "png", type: "image/png" },
  pdf: { extension: "pdf", type: "" },
  gcode: { extension: "gcode", type: "text/plain" },
  inkml: { extension: "inkml", type: "application/inkml+xml" },
  json: { extension: "json", type: "application/json" },
};

/** @typedef {keyof typeof FORMATS} FormatName */

/** Points of a PNG that are drawn before the page's other tasks get a turn: a few milliseconds. */
const SLICE = 3000;

/** Colours of paper and rules in a PNG: those of the page in its light theme. */
const PAPER = "#fdfaf3";
const RULE = "#c5d0e2";

/** @param {App} app */
export function mountExport(app) {
  new ExportDialog(app);
  element("export-open", HTMLButtonElement).disabled = false;
}

class ExportDialog {
  /** @type {App} */ #app;
  #dialog = element("export", HTMLDialogElement);
  /** The exported area of the first chosen sheet at its true size. @type {Frame | undefined} */ #trueFrame;
  /** Fulfilled when the ink is placed exactly. @type {Promise<void>} */ #laidOut = Promise.resolve();

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    for (const name of /** @type {FormatName[]} */ (Object.keys(FORMATS))) this.#format.add(new Option(allWords.formats[name], name));
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
    this.#format.addEventListener("change", () => this.#showFields());
    for (const id of ["export-sheet", "export-crop"]) {
      element(id, HTMLElement).addEventListener("change", () => void this.#resetWidth());
    }
    element("export-width", HTMLInputElement).addEventListener("input", () => this.#showMeasures());
    element("export-dpi", HTMLSelectElement).addEventListener("change", () => this.#showMeasures());
    element("export-lift", HTMLSelectElement).addEventListener("change", () => this.#showLift());
  }

  get #format() {
    return element("export-format", HTMLSelectElement);
  }

  /** The chosen format. */
  get #name() {
    return /** @type {FormatName} */ (this.#format.value);
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
    // The same text always gives the same file.
    this.#laidOut = app.writing ? Promise.resolve() : app.layOut().catch(() => {});
    const sheet = element("export-sheet", HTMLSelectElement);
    const count = app.pages().length;
    sheet.replaceChildren(...Array.from({ length: count }, (_, page) => new Option(allWords.export.sheetOf(page + 1, count), String(page))));
    if (count > 1) sheet.add(new Option(allWords.export.allSheets, "all"));
    sheet.value = String(Math.min(app.sheet.page, count - 1));
    element("export-sheets", HTMLElement).hidden = count < 2;
    this.#showFields();
    this.#dialog.showModal();
    this.#format.focus();
    void this.#resetWidth();
  }

  /** Shows the fields of the chosen format. */
  #showFields() {
    const name = this.#name;
    for (const field of this.#dialog.querySelectorAll("[data-for]")) {
      const shown = (field.getAttribute("data-for") ?? "").split(" ").includes(name);
      /** @type {HTMLElement} */ (field).hidden = !shown;
      // An invalid field that is hidden would keep the form from being submitted.
      for (const control of field.querySelectorAll("input, select")) control.toggleAttribute("disabled", !shown);
    }
    element("export-hint", HTMLElement).textContent = allWords.formats[`${name}Hint`];
    label(element("export-save", HTMLButtonElement), name === "pdf" ? "export.print" : "export.download");
    element("export-copy", HTMLButtonElement).hidden = name === "pdf";
    const empty = this.#app.sheet.drawn === 0;
    for (const id of ["export-save", "export-copy"]) element(id, HTMLButtonElement).disabled = empty;
    this.#showMessage(empty ? allWords.export.empty : "");
    this.#showMeasures();
  }

  /** Shows the numbers that fit how the plotter lifts its pen. */
  #showLift() {
    const servo = element("export-lift", HTMLSelectElement).value === "servo";
    label(element("export-up-label", HTMLElement), servo ? "export.upServo" : "export.upZ");
    label(element("export-down-label", HTMLElement), servo ? "export.downServo" : "export.downZ");
    element("export-up", HTMLInputElement).valueAsNumber = servo ? 0 : 3;
    element("export-down", HTMLInputElement).valueAsNumber = servo ? 30 : 0;
  }

  /** The chosen sheets. @returns {NumberedPage[]} */
  #pages() {
    const { value } = element("export-sheet", HTMLSelectElement);
    const pages = this.#app.pages().map((drawn, page) => ({ ...drawn, page }));
    return value === "all" ? pages : pages.filter(({ page }) => String(page) === value);
  }

  /** Proposes the true size of what is to be exported. */
  async #resetWidth() {
    const [first] = this.#pages();
    this.#trueFrame = undefined;
    try {
      await this.#laidOut;
      if (first && this.#app.sheet.drawn) this.#trueFrame = await this.#frame(first.page);
    } catch (error) {
      this.#showMessage(explain(error), true);
    }
    element("export-width", HTMLInputElement).value = (this.#trueFrame?.width ?? 0).toFixed(1);
    this.#showMeasures();
  }

  /** Shows the file's size in millimetres and, for a PNG, in pixels. */
  #showMeasures() {
    if (!this.#trueFrame) return;
    const { width, height } = this.#trueFrame;
    const scale = this.#scale();
    const dotsPerMm = Number(element("export-dpi", HTMLSelectElement).value) / 25.4;
    const pixels = (/** @type {number} */ mm) => Math.round(mm * scale * dotsPerMm);
    let text = allWords.export.millimetres(number(width * scale, 1), number(height * scale, 1));
    if (this.#format.value === "png") text += `, ${allWords.export.pixels(pixels(width), pixels(height))}`;
    element("export-measures", HTMLElement).textContent = Number.isFinite(scale) ? text : "";
  }

  /** How many times its true size the file is to have. */
  #scale() {
    if (!this.#trueFrame) return 1;
    const { width: trueWidth } = this.#trueFrame;
    const width = this.#number("export-width");
    // The field shows the true width rounded; leaving that unchanged is no wish to scale.
    return Math.abs(width - trueWidth) < 0.06 ? 1 : width / trueWidth;
  }

  /** What of a sheet is exported: all of it, or around the ink, as far as the pen has drawn it. */
  get #area() {
    return { crop: this.#checked("export-crop"), end: this.#app.sheet.drawn };
  }

  /** The exported area of a sheet at its true size. @param {number} page */
  #frame(page) {
    return this.#app.client.request("frame", { page, options: this.#area });
  }

  /** @param {string} text @param {boolean} [problem] */
  #showMessage(text, problem = false) {
    const message = element("export-message", HTMLElement);
    message.textContent = text;
    message.classList.toggle("problem", problem);
  }

  /** Runs an action and shows its error. @param {() => Promise<void>} action */
  async #try(action) {
    this.#showMessage("");
    try {
      await action();
    } catch (error) {
      this.#showMessage(explain(error), true);
    }
  }

  // --- files -----------------------------------------------------------------------------------

  async #save() {
    if (this.#format.value === "pdf") {
      await this.#laidOut;
      this.#dialog.close();
      print();
      return;
    }
    const pages = this.#pages();
    const { extension } = FORMATS[this.#name];
    for (const page of pages) {
      const name = pages.length > 1 ? `running-hand-${page.page + 1}.${extension}` : `running-hand.${extension}`;
      download(await this.#file(page), name);
      this.#showMessage(allWords.export.saved(name));
    }
  }

  async #copy() {
    const [page] = this.#pages();
    const picture = this.#format.value === "png";
    const type = picture ? "image/png" : "text/plain";
    const file = this.#file(page).then(async (blob) => new Blob([await blob.arrayBuffer()], { type }));
    try {
      // Requested before the file exists: browsers allow it only shortly after the visitor pressed the button.
      await navigator.clipboard.write([new ClipboardItem({ [type]: file })]);
    } catch (error) {
      // If the file could not be made, report that.
      await file;
      if (picture) throw new Error(allWords.export.noPictureCopy, { cause: error });
      try {
        await navigator.clipboard.writeText(await (await file).text());
      } catch (cause) {
        throw new Error(allWords.export.noCopy, { cause });
      }
    }
    this.#showMessage(this.#pages().length > 1 ? allWords.export.sheetCopied(page.page + 1) : allWords.export.copied);
  }

  /** @param {NumberedPage} page */
  async #file({ page: number }) {
    await this.#laidOut;
    const page = { ...this.#app.pages()[number], page: number };
    const format = this.#name;
    if (format === "png") return this.#picture(page);
    const { type } = FORMATS[format];
    return new Blob([await this.#text(page, /** @type {ExportFormat} */ (format))], { type });
  }

  /** A file of text, written by the worker. @param {NumberedPage} page @param {ExportFormat} format */
  async #text({ page, sheet }, format) {
    const { client, plan, requested, settings } = this.#app;
    const looks = Object.fromEntries(LOOKS.map((key) => [key, settings[key]]));
    const { ink, nib, ...rest } = { ...settings, ...requested, ...looks, ink: settings.ink };
    const scale = this.#scale();
    /** @type {ExportOptions & import("../pkg/running_hand.js").FrameOptions} */
    const options = {
      color: ink,
      lineWidth: LINE * nib * sheet.unit,
      speed: Number(element("export-speed", HTMLSelectElement).value),
      gcode: {
        feed: this.#number("export-feed"),
        lift: /** @type {"z" | "servo"} */ (element("export-lift", HTMLSelectElement).value),
        up: this.#number("export-up"),
        down: this.#number("export-down"),
        dwell: this.#number("export-dwell"),
      },
      settings: { ...rest, weights: plan?.fingerprint },
      ...this.#area,
    };
    // Each sheet at the same scale, whatever the size of its ink.
    if (scale !== 1) options.width = (await this.#frame(page)).width * scale;
    return client.request("exportPage", { page, format, options });
  }

  /** A PNG. @param {NumberedPage} drawn */
  async #picture({ page, points, sheet }) {
    const { settings } = this.#app;
    const dpi = Number(element("export-dpi", HTMLSelectElement).value);
    const frame = await this.#frame(page);
    const dotsPerMm = (this.#scale() * dpi) / 25.4;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(frame.width * dotsPerMm));
    canvas.height = Math.max(1, Math.round(frame.height * dotsPerMm));
    const context = canvas.getContext("2d");
    const scale = sheet.unit * dotsPerMm;
    if (context) {
      context.setTransform(scale, 0, 0, scale, frame.x * dotsPerMm, frame.y * dotsPerMm);
      if (this.#checked("export-paper")) drawPaper(context, sheet, page);
      // A pencil's grain has the size that it has on a screen with 192 dots per inch, whatever the resolution.
      const grainScale = settings.tip === "pencil" ? (scale * 192) / dpi : scale;
      const count = points.length / 3;
      for (let from = 0; from < count; from += SLICE) {
        draw(context, points, 0, from, Math.min(from + SLICE, count), settings, grainScale);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    const blob = context && (await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, "image/png")));
    // Frees the canvas' memory at once, not at the next garbage collection.
    const { width, height } = canvas;
    canvas.width = canvas.height = 0;
    if (!blob) {
      throw new Error(allWords.export.tooLarge(width, height));
    }
    return new Blob([withResolution(new Uint8Array(await blob.arrayBuffer()), dpi)], { type: "image/png" });
  }
}

/**
 * Draws the paper and its rules.
 * @param {CanvasRenderingContext2D} context @param {import("../sheet/ink.js").SheetGeometry} sheet @param {number} page
 */
function drawPaper(context, sheet, page) {
  const { a: scale, e: x, f: y } = context.getTransform();
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = PAPER;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.restore();
  context.fillStyle = RULE;
  drawRules(context, sheet, page, scale, 0, { x, y });
}
