// What is in the export dialog.

import { html } from "../util/dom.js";
import { allWords } from "../words/words.js";
import { FORMATS, labelOf } from "./formats.js";

/** @typedef {import("./formats.js").FormatName} FormatName */

const ALL = /** @type {FormatName[]} */ (Object.keys(FORMATS));
const STILL = "png svg outline animated gcode hpgl inkml json lottie";
const MOVING = "gif mp4 webm";

/** Fills the dialog. @param {HTMLDialogElement} dialog */
export function fillExport(dialog) {
  const words = allWords.export;
  const form = html(
    "form",
    { id: "export-form", method: "dialog" },
    html("div", { id: "export-preview" }),
    formats("all", words.format),
    formats("machines", words.machines),
    html("p", { id: "export-hint", className: "hint" }),
    settings(),
    html(
      "div",
      { className: "actions" },
      html("p", { id: "export-message", role: "status" }),
      progress(),
      html("button", { id: "export-save", type: "submit", className: "primary" }, words.download),
      html("button", { id: "export-copy", type: "button" }, words.copyPicture),
      html("button", { id: "export-print", type: "button" }, words.print),
      html("button", { id: "export-close", type: "submit", formNoValidate: true }, words.close),
    ),
  );
  dialog.append(html("h2", { id: "export-title" }, words.title), form);
}

/** A group of radio buttons. @param {"all" | "machines"} group @param {string} legend */
function formats(group, legend) {
  const names = ALL.filter((name) => FORMATS[name].group === group);
  const tiles = names.map((name) => {
    const radio = html("input", { type: "radio", name: "export-format", value: name, checked: name === "png" });
    radio.setAttribute("aria-describedby", "export-hint");
    return html("label", { className: "format" }, radio, html("span", {}, labelOf(name)));
  });
  return html("fieldset", { className: "formats" }, html("legend", {}, legend), ...tiles);
}

function settings() {
  const words = allWords.export;
  return html(
    "div",
    { className: "settings" },
    field("export-sheet", words.sheet, select("export-sheet", []), { id: "export-sheets" }),
    choice("export-dpi", words.resolution, "png", [
      ["150", words.dpi150],
      ["300", words.dpi300, true],
      ["600", words.dpi600],
    ]),
    field("export-width", words.width, number("export-width", 5, 2000, 0.1), { formats: STILL, hint: "export-measures" }),
    choice("export-ratio", words.shape, MOVING, [
      ["", words.shapeOwn, true],
      ["1:1", words.shapeSquare],
      ["4:3", words.shapeWide],
      ["16:9", words.shapeScreen],
      ["9:16", words.shapeTall],
    ]),
    slider("export-padding", words.padding, 0, 30, 6, MOVING),
    choice("export-size", words.size, MOVING, [
      ["480", words.sizeOf(480)],
      ["800", words.sizeOf(800), true],
      ["1280", words.sizeOf(1280)],
      ["1920", words.sizeOf(1920)],
    ]),
    choice("export-speed", words.pace, `${MOVING} animated lottie`, [
      ["1", words.paceNatural],
      ["2", words.paceTwo, true],
      ["4", words.paceFour],
      ["10", words.paceTen],
    ]),
    choice("export-gif-rate", words.rate, "gif", [["10", "10"], ["20", "20"], ["25", "25", true], ["50", "50"]]),
    choice("export-rate", words.rate, "mp4 webm", [["25", "25"], ["30", "30", true], ["60", "60"]]),
    field("export-rest", words.rest, number("export-rest", 0, 30, undefined, 2), {
      formats: MOVING,
      hint: "export-length",
    }),
    choice("export-dialect", words.dialect, "gcode", [
      ["grbl", "GRBL", true],
      ["grblhal", "grblHAL"],
      ["marlin", "Marlin"],
    ]),
    choice("export-lift", words.lift, "gcode", [["z", words.liftZ, true], ["servo", words.liftServo]]),
    field("export-up", words.upZ, number("export-up", -100, 10_000, undefined, 3), { formats: "gcode" }),
    field("export-down", words.downZ, number("export-down", -100, 10_000, undefined, 0), { formats: "gcode" }),
    field("export-feed", words.feed, number("export-feed", 1, 100_000, undefined, 1500), { formats: "gcode hpgl" }),
    field("export-dwell", words.dwell, number("export-dwell", 0, 60, undefined, 0), { formats: "gcode" }),
    html(
      "div",
      { className: "checks wide" },
      check("export-crop", words.crop, `pdf ${STILL} ${MOVING}`),
      check("export-paper", words.paper, "png gif webm", true),
      check("export-optimise", words.optimise, "svg gcode hpgl"),
    ),
  );
}

function progress() {
  const bar = html("progress", { id: "export-progress", max: 1, value: 0 });
  return html(
    "p",
    { id: "export-making", hidden: true },
    html("label", { htmlFor: "export-progress" }, allWords.export.making),
    bar,
    html("button", { id: "export-cancel", type: "button" }, allWords.export.cancel),
  );
}

/**
 * A labelled control, for some formats.
 * @param {string} name of the control @param {string} label @param {HTMLElement} control
 * @param {{ id?: string, formats?: string, hint?: string }} [more] `hint` is the id of a text below it
 */
function field(name, label, control, { id = "", formats = "", hint = "" } = {}) {
  const made = html("div", { className: "setting", id }, html("label", { htmlFor: name, id: `${name}-label` }, label), control);
  if (!id) made.removeAttribute("id");
  if (formats) made.dataset.for = formats;
  if (hint) {
    made.append(html("p", { className: "hint", id: hint }));
    control.setAttribute("aria-describedby", hint);
  }
  return made;
}

/** @param {string} id @param {[value: string, label: string, chosen?: boolean][]} options */
function select(id, options) {
  const made = html("select", { id });
  for (const [value, label, chosen = false] of options) made.add(new Option(label, value, chosen, chosen));
  return made;
}

/** @param {string} id @param {string} label @param {string} formats @param {[string, string, boolean?][]} options */
const choice = (id, label, formats, options) => field(id, label, select(id, options), { formats });

/** @param {string} id @param {number} min @param {number} max @param {number} [step] any by default @param {number} [value] */
function number(id, min, max, step, value) {
  const properties = { id, type: "number", min: String(min), max: String(max), step: step ? String(step) : "any", required: true };
  return html("input", value === undefined ? properties : { ...properties, value: String(value) });
}

/** @param {string} id @param {string} label @param {number} min @param {number} max @param {number} value @param {string} formats */
function slider(id, label, min, max, value, formats) {
  const control = html("input", { id, type: "range", min: String(min), max: String(max), value: String(value) });
  return field(id, label, control, { formats });
}

/** @param {string} id @param {string} label @param {string} formats @param {boolean} [checked] */
function check(id, label, formats, checked = false) {
  const made = html("div", { className: "setting check" }, html("input", { id, type: "checkbox", checked }), html("label", { htmlFor: id }, label));
  made.dataset.for = formats;
  return made;
}
