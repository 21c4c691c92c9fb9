// The export dialog, "Download or print": sheets as files, on the clipboard, or printed. The engine's worker writes text
// formats; pictures are drawn here; the dialog's own worker makes the rest.

import { LOOKS } from "../app/form.js";
import { Client } from "../engine/client.js";
import { LINE } from "../sheet/pens.js";
import { rulesOf } from "../sheet/rules.js";
import { element } from "../util/dom.js";
import { download } from "../util/download.js";
import { trustedWorker } from "../util/trusted-types.js";
import { allWords, explain, label, number } from "../words/words.js";
import { fileName } from "./file-name.js";
import { FORMATS, ORDERED, formatOf } from "./formats.js";
import { fillExport } from "./markup.js";
import { Picture } from "./picture.js";
import { Preview } from "./preview.js";
import { duration } from "./timeline.js";
import { encoderFor } from "./video.js";

/** @typedef {import("../app/app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").ExportFormat} ExportFormat */
/** @typedef {import("../pkg/running_hand.js").ExportOptions} ExportOptions */
/** @typedef {import("../pkg/running_hand.js").Frame} Frame */
/** @typedef {import("./formats.js").FormatName} FormatName */
/** @typedef {import("./messages.js").SheetFileClient} SheetFileClient */
/** @typedef {import("../pkg/files/sheet_file.js").SheetFormat} SheetFormat */
/** @typedef {import("../pkg/files/sheet_file.js").WrittenSheet} WrittenSheet */
/** @typedef {import("./picture.js").NumberedPage} NumberedPage */
/** @typedef {import("./timeline.js").Motion} Motion */

/** Resolution of a copied picture, if no PNG is chosen. */
const COPY_DPI = 300;

/** @param {App} app */
export function mountExport(app) {
  new ExportDialog(app);
  element("export-open", HTMLButtonElement).disabled = false;
}

class ExportDialog {
  /** @type {App} */ #app;
  #dialog = element("export", HTMLDialogElement);
  /** @type {Preview} */ #preview;
  /** The exported area of the first chosen sheet at its true size. @type {Frame | undefined} */ #trueFrame;
  /** Fulfilled when the ink is placed exactly. @type {Promise<void>} */ #laidOut = Promise.resolve();
  /** What makes files that the engine does not, once it is needed. @type {SheetFileClient | undefined} */ #maker;
  /** Aborted when the visitor cancels what is being made. @type {AbortController | undefined} */ #making;
  /** Whether files are cropped to the writing: a film is, unless the visitor wants its sheet. */ #crops = { film: true, sheet: false };
  /** Tells the latest measuring from older ones. */ #measured = 0;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    fillExport(this.#dialog);
    this.#preview = new Preview(element("export-preview", HTMLElement));
    element("export-open", HTMLButtonElement).addEventListener("click", () => void this.#open());
    const form = element("export-form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      if (event.submitter?.id === "export-close") return;
      event.preventDefault();
      void this.#try(() => this.#save());
    });
    element("export-copy", HTMLButtonElement).addEventListener("click", () => {
      if (form.reportValidity()) void this.#try(() => this.#copy());
    });
    element("export-print", HTMLButtonElement).addEventListener("click", () => void this.#try(() => this.#print()));
    element("export-cancel", HTMLButtonElement).addEventListener("click", () => this.#making?.abort());
    this.#dialog.addEventListener("close", () => {
      this.#making?.abort();
      this.#preview.clear();
    });
    form.addEventListener("change", ({ target }) => {
      const { id, name } = /** @type {HTMLInputElement} */ (target);
      if (id === "export-lift") this.#showLift();
      if (name === "export-format") this.#showFormat();
      if (id === "export-crop") this.#crops[formatOf(this.#format).kind === "moving" ? "film" : "sheet"] = this.#checked(id);
      if (id === "export-sheet" || id === "export-crop" || name === "export-format") void this.#resetWidth();
      else this.#show();
    });
    form.addEventListener("input", () => this.#show());
    // The text may still be on its way when the dialog is opened.
    for (const type of ["finished", "stopped"]) {
      app.addEventListener(type, () => {
        if (this.#dialog.open && !this.#making) this.#refresh();
      });
    }
    app.sheet.addEventListener("drawn", () => {
      if (this.#dialog.open && !this.#trueFrame && app.sheet.drawn) this.#refresh();
    });
  }

  /** Offers what is on the sheet by now. */
  #refresh() {
    const { drawn } = this.#app.sheet;
    for (const id of ["export-save", "export-copy", "export-print"]) element(id, HTMLButtonElement).disabled = !drawn;
    this.#fillSheets(this.#format === "pdf");
    void this.#resetWidth();
  }

  /** @returns {FormatName} */
  get #format() {
    const chosen = this.#dialog.querySelector("input[name=export-format]:checked");
    return /** @type {FormatName} */ (/** @type {HTMLInputElement} */ (chosen).value);
  }

  /** @param {string} id */
  #number(id) {
    return element(id, HTMLInputElement).valueAsNumber;
  }

  /** @param {string} id */
  #checked(id) {
    const { checked, disabled } = element(id, HTMLInputElement);
    return checked && !disabled;
  }

  /** @param {string} id */
  #chosen(id) {
    return element(id, HTMLSelectElement).value;
  }

  // --- the dialog ------------------------------------------------------------------------------

  async #open() {
    const app = this.#app;
    // The same text always gives the same file.
    this.#laidOut = app.writing ? Promise.resolve() : app.layOut().catch(() => {});
    // The sheet that is seen is proposed, not the one that was chosen the last time.
    element("export-sheet", HTMLSelectElement).dataset.together = "";
    this.#showFormat();
    this.#showMessage(app.sheet.drawn ? "" : allWords.export.empty);
    this.#dialog.showModal();
    /** @type {HTMLElement} */ (this.#dialog.querySelector("input[name=export-format]:checked")).focus();
    this.#refresh();
    await Promise.all([this.#offer("mp4"), this.#offer("webm")]);
  }

  /** Offers a kind of video if this browser can make it. @param {"mp4" | "webm"} format */
  async #offer(format) {
    const radio = /** @type {HTMLInputElement} */ (this.#dialog.querySelector(`input[value=${format}]`));
    radio.disabled = !(await encoderFor(format, 640, 480, 30));
    /** @type {HTMLElement} */ (radio.parentElement).title = radio.disabled ? allWords.export.unsupported : "";
    if (radio.disabled && radio.checked) {
      radio.checked = false;
      /** @type {HTMLInputElement} */ (this.#dialog.querySelector("input[value=gif]")).checked = true;
      this.#showFormat();
    }
  }

  /** Shows the fields of the chosen format. */
  #showFormat() {
    const name = this.#format;
    const { kind, extension } = formatOf(name);
    for (const field of this.#dialog.querySelectorAll("[data-for]")) {
      const shown = (field.getAttribute("data-for") ?? "").split(" ").includes(name);
      /** @type {HTMLElement} */ (field).hidden = !shown;
      // An invalid field that is hidden would keep the form from being submitted.
      for (const control of field.querySelectorAll("input, select")) control.toggleAttribute("disabled", !shown);
    }
    this.#fillSheets(name === "pdf");
    element("export-crop", HTMLInputElement).checked = this.#crops[kind === "moving" ? "film" : "sheet"];
    element("export-hint", HTMLElement).textContent = allWords.formats[`${name}Hint`];
    label(element("export-copy", HTMLButtonElement), kind === "text" || name === "hpgl" ? "export.copyText" : "export.copyPicture");
    element("export-save", HTMLButtonElement).title = this.#name(extension);
  }

  /** Lists the sheets. @param {boolean} together whether a file holds several */
  #fillSheets(together) {
    const app = this.#app;
    const sheet = element("export-sheet", HTMLSelectElement);
    const count = app.pages().length;
    const before = sheet.dataset.together === String(together) && sheet.length >= count ? sheet.value : "";
    const options = Array.from({ length: count }, (_, page) => new Option(allWords.export.sheetOf(page + 1, count), String(page)));
    if (count > 1 && together) options.unshift(new Option(allWords.export.allInOne, "all"));
    if (count > 1 && !together) options.push(new Option(allWords.export.allSheets, "all"));
    sheet.replaceChildren(...options);
    sheet.dataset.together = String(together);
    sheet.value = before || (together && count > 1 ? "all" : String(Math.min(app.sheet.page, count - 1)));
    element("export-sheets", HTMLElement).hidden = count < 2;
  }

  /** Shows the numbers that fit how the plotter lifts its pen. */
  #showLift() {
    const servo = this.#chosen("export-lift") === "servo";
    label(element("export-up-label", HTMLElement), servo ? "export.upServo" : "export.upZ");
    label(element("export-down-label", HTMLElement), servo ? "export.downServo" : "export.downZ");
    element("export-up", HTMLInputElement).valueAsNumber = servo ? 0 : 3;
    element("export-down", HTMLInputElement).valueAsNumber = servo ? 30 : 0;
  }

  /** All sheets; what is cropped to the writing is without the number of the page. @returns {NumberedPage[]} */
  #sheets() {
    const { ink } = this.#app;
    const cropped = this.#checked("export-crop");
    return this.#app.pages().map(({ points, sheet }, page) => {
      const end = cropped ? Math.max(0, points.length - ink.number(page).length) : points.length;
      return { points: points.subarray(0, end), sheet, page };
    });
  }

  /** The chosen sheets. @returns {NumberedPage[]} */
  #pages() {
    const value = this.#chosen("export-sheet");
    const pages = this.#sheets();
    return value === "all" ? pages : pages.filter(({ page }) => String(page) === value);
  }

  /** Proposes the true size of what is to be exported. */
  async #resetWidth() {
    const measured = (this.#measured += 1);
    const [first] = this.#pages();
    try {
      await this.#laidOut;
      const frame = first && this.#app.sheet.drawn ? await this.#frame(first.page) : undefined;
      if (measured !== this.#measured) return;
      this.#trueFrame = frame;
    } catch (error) {
      this.#trueFrame = undefined;
      this.#showMessage(explain(error), true);
    }
    // Without ink a width from before stays: nothing in the form is wrong.
    if (this.#trueFrame) element("export-width", HTMLInputElement).value = this.#trueFrame.width.toFixed(1);
    this.#show();
  }

  /** Shows what the file will look like, how large it is and how long it takes. */
  #show() {
    const [first] = this.#pages();
    const frame = this.#trueFrame;
    if (!frame || !first) {
      this.#preview.clear();
      return;
    }
    const picture = this.#picture(first, frame);
    const motion = this.#motion(first);
    this.#preview.show(picture, formatOf(this.#format).moves ? motion : undefined);
    const scale = this.#scale();
    const dotsPerMm = Number(this.#chosen("export-dpi")) / 25.4;
    const pixels = (/** @type {number} */ mm) => Math.round(mm * scale * dotsPerMm);
    let text = allWords.export.millimetres(number(frame.width * scale, 1), number(frame.height * scale, 1));
    if (this.#format === "png") text += `, ${allWords.export.pixels(pixels(frame.width), pixels(frame.height))}`;
    element("export-measures", HTMLElement).textContent = Number.isFinite(scale) ? text : "";
    const seconds = duration(motion);
    element("export-length", HTMLElement).textContent = Number.isFinite(seconds) ? allWords.export.length(number(seconds, 1)) : "";
  }

  /** How many times its true size the file is to have. */
  #scale() {
    const { disabled } = element("export-width", HTMLInputElement);
    if (!this.#trueFrame || disabled) return 1;
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

  /** A sheet as the chosen format shows it. @param {NumberedPage} drawn @param {Frame} frame */
  #picture(drawn, frame) {
    const name = this.#format;
    const { kind, pen } = formatOf(name);
    const { settings } = this.#app;
    const moving = kind === "moving";
    const ratio = moving ? this.#chosen("export-ratio").split(":").map(Number) : [];
    return new Picture(drawn, {
      frame,
      pen: pen ? settings : { ...settings, tip: "fineliner" },
      // Only some formats can do without.
      paper: !["png", "gif", "webm"].includes(name) || this.#checked("export-paper"),
      ratio: ratio.length === 2 ? ratio[0] / ratio[1] : undefined,
      padding: moving ? this.#number("export-padding") / 100 : 0,
    });
  }

  /** @param {NumberedPage} drawn @returns {Motion} */
  #motion({ points }) {
    const rest = this.#number("export-rest");
    return {
      count: points.length / 3,
      sampleMs: this.#app.plan?.sampleMs ?? 20,
      speed: Number(this.#chosen("export-speed")),
      rest: Number.isFinite(rest) && formatOf(this.#format).kind === "moving" ? rest : 2,
    };
  }

  /** @param {string} text @param {boolean} [problem] */
  #showMessage(text, problem = false) {
    const message = element("export-message", HTMLElement);
    message.textContent = text;
    message.classList.toggle("problem", problem);
  }

  /** Runs an action and shows its error; another action ends it. @param {() => Promise<void>} action */
  async #try(action) {
    this.#showMessage("");
    this.#making?.abort();
    const making = (this.#making = new AbortController());
    try {
      await action();
    } catch (error) {
      if (making.signal.aborted) this.#showMessage(allWords.export.cancelled);
      else this.#showMessage(explain(error), true);
    } finally {
      if (this.#making === making) {
        this.#making = undefined;
        element("export-making", HTMLElement).hidden = true;
        element("export-save", HTMLButtonElement).disabled = false;
      }
    }
  }

  /** Shows how much of a file is made. @param {number} share */
  #showProgress(share) {
    element("export-making", HTMLElement).hidden = false;
    element("export-save", HTMLButtonElement).disabled = true;
    element("export-progress", HTMLProgressElement).value = share;
  }

  // --- files -----------------------------------------------------------------------------------

  /** A file's name, from the text. @param {string} extension @param {number} [number] of the sheet, if there are several */
  #name(extension, number) {
    const first = this.#app.plan?.lines.find((line) => line.trim() !== "");
    return `${fileName(first ?? "")}${number === undefined ? "" : `-${number}`}.${extension}`;
  }

  async #save() {
    const name = this.#format;
    const { extension, type } = formatOf(name);
    const pages = this.#pages();
    if (name === "pdf") {
      download(new Blob([await this.#later("pdf", pages)], { type }), this.#name("pdf"));
      this.#showMessage(allWords.export.saved(this.#name("pdf")));
      return;
    }
    for (const page of pages) {
      const file = this.#name(extension, pages.length > 1 ? page.page + 1 : undefined);
      download(await this.#file(page), file);
      this.#showMessage(allWords.export.saved(file));
    }
  }

  async #copy() {
    const [page] = this.#pages();
    const name = this.#format;
    const text = formatOf(name).kind === "text" || name === "hpgl";
    const type = text ? "text/plain" : "image/png";
    const file = (text ? this.#file(page) : this.#png(page)).then(async (blob) => new Blob([await blob.arrayBuffer()], { type }));
    try {
      // Requested before the file exists: browsers allow it only shortly after the visitor pressed the button.
      await navigator.clipboard.write([new ClipboardItem({ [type]: file })]);
    } catch (error) {
      // If the file could not be made, report that.
      await file;
      if (!text) throw new Error(allWords.export.noPictureCopy, { cause: error });
      try {
        await navigator.clipboard.writeText(await (await file).text());
      } catch (cause) {
        throw new Error(allWords.export.noCopy, { cause });
      }
    }
    this.#showMessage(this.#pages().length > 1 ? allWords.export.sheetCopied(page.page + 1) : allWords.export.copied);
  }

  async #print() {
    await this.#laidOut;
    this.#dialog.close();
    print();
  }

  /** @param {NumberedPage} page @returns {Promise<Blob>} */
  async #file({ page: number }) {
    await this.#laidOut;
    const page = this.#sheets()[number];
    const name = this.#format;
    const { kind, type } = formatOf(name);
    if (kind === "picture") return this.#png(page);
    if (kind === "moving") return this.#film(page);
    const ordered = ORDERED.includes(name) && this.#checked("export-optimise");
    if (kind === "later" || ordered) return new Blob([await this.#later(/** @type {SheetFormat} */ (name), [page])], { type });
    return new Blob([await this.#text(page, /** @type {ExportFormat} */ (name))], { type });
  }

  /** What the engine's worker needs to know. @returns {Promise<ExportOptions & import("../pkg/running_hand.js").FrameOptions>} */
  async #options(/** @type {NumberedPage} */ { page, sheet }) {
    const { plan, requested, settings } = this.#app;
    const looks = Object.fromEntries(LOOKS.map((key) => [key, settings[key]]));
    const { ink, nib, ...rest } = { ...settings, ...requested, ...looks, ink: settings.ink };
    const scale = this.#scale();
    return {
      color: ink,
      lineWidth: LINE * nib * sheet.unit,
      settings: { ...rest, weights: plan?.fingerprint },
      ...this.#machine,
      ...this.#area,
      // Each sheet at the same scale, whatever the size of its ink.
      ...(scale !== 1 && { width: (await this.#frame(page)).width * scale }),
    };
  }

  /** How animations and plotters move. @returns {ExportOptions} */
  get #machine() {
    return {
      speed: Number(this.#chosen("export-speed")),
      gcode: {
        dialect: /** @type {"grbl" | "grblhal" | "marlin"} */ (this.#chosen("export-dialect")),
        feed: this.#number("export-feed"),
        lift: /** @type {"z" | "servo"} */ (this.#chosen("export-lift")),
        up: this.#number("export-up"),
        down: this.#number("export-down"),
        dwell: this.#number("export-dwell"),
      },
    };
  }

  /** A file of text, written by the engine's worker. @param {NumberedPage} page @param {ExportFormat} format */
  async #text(page, format) {
    const options = await this.#options(page);
    return this.#app.client.request("exportPage", { page: page.page, format, options });
  }

  /** A file that the engine does not make, from its JSON. @param {SheetFormat} format @param {NumberedPage[]} pages */
  async #later(format, pages) {
    await this.#laidOut;
    const { tip } = this.#app.settings;
    /** @type {WrittenSheet[]} */
    const sheets = [];
    for (const { page } of pages) {
      const drawn = this.#sheets()[page];
      const [ink, frame] = await Promise.all([this.#text(drawn, "json"), this.#frame(page)]);
      const unit = drawn.sheet.unit * this.#scale();
      sheets.push({ ink, unit, rules: this.#rules(drawn, frame) });
    }
    const options = { ...this.#machine, optimise: this.#checked("export-optimise"), tip };
    return this.#files.request("fileOfSheets", { sheets, format, options }, { signal: this.#making?.signal });
  }

  /** What is printed on a sheet, in millimetres of the exported area. @param {NumberedPage} drawn @param {Frame} frame */
  #rules({ sheet, page }, frame) {
    const { across, upright, dotted } = rulesOf(sheet, page);
    const scale = this.#scale();
    const placed = (/** @type {number[]} */ places, /** @type {number} */ offset) =>
      places.map((place) => (place * sheet.unit + offset) * scale);
    return { across: placed(across, frame.y), upright: placed(upright, frame.x), dotted };
  }

  /** @returns {SheetFileClient} */
  get #files() {
    this.#maker ??= new Client(trustedWorker(() => new Worker(new URL("./file-worker.js", import.meta.url), { type: "module" })));
    return this.#maker;
  }

  /** @param {NumberedPage} drawn */
  async #png(drawn) {
    await this.#laidOut;
    const frame = await this.#frame(drawn.page);
    const { settings } = this.#app;
    const paper = this.#format === "png" ? this.#checked("export-paper") : true;
    const dpi = this.#format === "png" ? Number(this.#chosen("export-dpi")) : COPY_DPI;
    return new Picture(drawn, { frame, pen: settings, paper }).png(dpi, this.#scale());
  }

  /** A GIF or a video. @param {NumberedPage} drawn */
  async #film(drawn) {
    const name = this.#format;
    const picture = this.#picture(drawn, await this.#frame(drawn.page));
    const signal = /** @type {AbortController} */ (this.#making).signal;
    this.#showProgress(0);
    const making = {
      size: Number(this.#chosen("export-size")),
      rate: Number(this.#chosen(name === "gif" ? "export-gif-rate" : "export-rate")),
      motion: this.#motion(drawn),
      transparent: name !== "mp4" && !this.#checked("export-paper"),
      signal,
      onProgress: (/** @type {number} */ share) => this.#showProgress(share),
    };
    if (name === "gif") {
      const { gif } = await import("./gif.js");
      return gif(picture, this.#files, making);
    }
    const { video } = await import("./video.js");
    return video(picture, /** @type {"mp4" | "webm"} */ (name), making);
  }
}
