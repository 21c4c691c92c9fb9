// The code for what is on the sheet: as an element, in JavaScript, for the terminal. Only what differs from the defaults of
// each is in it.

import { layoutOptions } from "../app/layout-options.js";
import { fileName } from "../export/file-name.js";
import { LINE } from "../sheet/pens.js";

/** @typedef {import("../app/link.js").Settings} Settings */

/**
 * What was written.
 * @typedef {object} Written
 * @property {Settings} settings of the ink and of its look; `columns` if the visitor entered them
 * @property {string[]} hands the network's, in order
 * @property {number | undefined} speed of the pen, if the visitor chose one; 1 is as people write
 * @property {number} unit millimetres of a corpus unit
 * @property {number} columns letters in a line, as they were planned
 */

/** Defaults of the engine, which the element and the command share. */
const DEFAULTS = { bias: 0.75, temperature: 1, seed: 1 };
const SIZE = 3.2;
const INK = "#1a1a2e";
const SHARE = 0.5;

/** @param {Settings} settings */
const textOf = ({ text, scribble }) => (scribble ? "" : text.trim() === "" ? "" : text);

/** Settings that are numbers and not the default. @param {Settings} settings */
const numbers = (settings) =>
  Object.entries(DEFAULTS).flatMap(([key, usual]) => {
    const value = settings[/** @type {keyof typeof DEFAULTS} */ (key)];
    return value === usual ? [] : [/** @type {[string, number]} */ ([key, value])];
  });

// --- the element -----------------------------------------------------------------------------

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;").replace(/\n/g, "&#10;");

/** @param {Written} written */
export function elementCode({ settings, speed, columns }) {
  const text = textOf(settings);
  /** @type {[string, string | number][]} */
  const attributes = [["text", text]];
  if (text && settings.style) attributes.push(["hand", settings.style]);
  attributes.push(...numbers(settings));
  // A line of the sheet holds other than what an element's does, unless the sheet is one that grows.
  if (settings.columns !== undefined || settings.paper !== "free") attributes.push(["columns", settings.columns ?? columns]);
  if (speed !== undefined && speed !== 1) attributes.push(["speed", Number.isFinite(speed) ? speed : "instant"]);
  attributes.push(["style", `color: ${settings.ink}`]);
  const written = attributes.map(([name, value]) => ` ${name}="${escaped(String(value))}"`).join("");
  return [
    `<script type="module" src="node_modules/running-hand/element/running-hand.js"></script>`,
    `<running-hand${written}></running-hand>`,
  ].join("\n");
}

/** What of the settings the element cannot show, as it is named among the words. @param {Settings} settings */
export function missingFromElement(settings) {
  /** @type {("missingPaper" | "missingSlant" | "missingWander" | "missingBlend" | "missingTip")[]} */
  const missing = [];
  if (settings.paper !== "free" || settings.ruling !== "plain") missing.push("missingPaper");
  if (settings.slant !== 0) missing.push("missingSlant");
  if (settings.wander !== 0) missing.push("missingWander");
  if (settings.blend !== "" && settings.style !== "") missing.push("missingBlend");
  if (settings.tip !== "fineliner") missing.push("missingTip");
  return missing;
}

// --- JavaScript --------------------------------------------------------------------------------

/** Options of the layout that are not the default. @param {Settings} settings @returns {import("../pkg/running_hand.js").LayoutOptions} */
function layout(settings) {
  const { rows, ...options } = layoutOptions(settings);
  // Letters follow the lines' distance if it is given.
  const usual = { ruling: "plain", slant: 0, wander: 0, orientation: "portrait", size: options.pitch === undefined ? SIZE : undefined };
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => value !== undefined && value !== usual[/** @type {keyof typeof usual} */ (key)]),
  );
}

/** A value as people write it in JavaScript. @param {unknown} value @returns {string} */
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value).map(([key, item]) => `${key}: ${literal(item)}`).join(", ")} }`;
  }
  return JSON.stringify(value);
}

/** @param {Written} written */
export function scriptCode({ settings, unit }) {
  const text = textOf(settings);
  /** @type {Record<string, unknown>} */
  const options = Object.fromEntries(numbers(settings));
  if (text && settings.style) {
    options.style = settings.style;
    if (settings.blend) options.blend = { style: settings.blend, share: settings.share };
  }
  if (settings.columns !== undefined) options.columns = settings.columns;
  Object.assign(options, layout(settings));
  /** @type {Record<string, unknown>} */
  const file = { color: settings.ink, lineWidth: lineWidth(settings, unit) };
  if (settings.ruling !== "plain") file.rules = true;
  return [
    `import init, { RunningHand } from "running-hand";`,
    `import weights from "running-hand/${text ? "synthesis" : "prediction"}";`,
    "",
    "await init();",
    "const runningHand = await RunningHand.open();",
    "await runningHand.load(weights);",
    `const writing = await runningHand.write(${literal(text)}, ${Object.keys(options).length ? literal(options) : "{}"});`,
    "for await (const ink of writing); // draw it as it comes, or wait",
    `const svg = await writing.exportPage(0, "svg", ${literal(file)});`,
  ].join("\n");
}

// --- the command -------------------------------------------------------------------------------

/** An argument for a shell. @param {string | number} value */
function quoted(value) {
  const text = String(value);
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** A length in millimetres without what floating-point numbers add to it. @param {number} mm */
const rounded = (mm) => Number(mm.toFixed(3));

/** Width of an ordinary line in millimetres. @param {Settings} settings @param {number} unit */
const lineWidth = ({ nib }, unit) => rounded(LINE * nib * unit);

/** @param {Written} written */
export function commandCode({ settings, hands, unit }) {
  const text = textOf(settings);
  /** @type {(string | number)[]} */
  const args = [];
  const option = (/** @type {string} */ name, /** @type {string | number} */ value) => args.push(`--${name}`, value);
  if (!text) args.push("--scribble");
  if (text && settings.style !== (hands[0] ?? "")) option("hand", settings.style || "none");
  if (text && settings.style && settings.blend) {
    option("blend", settings.blend);
    if (settings.share !== SHARE) option("share", settings.share);
  }
  for (const [name, value] of numbers(settings)) option(name, value);
  if (settings.columns !== undefined) option("columns", settings.columns);
  const { paper, orientation, margin, firstTop, mirrorMargins, pageNumbers, ruling, size, pitch, slant, wander } = layout(settings);
  if (paper) option("paper", Array.isArray(paper) ? `${paper.map(rounded).join("x")}mm` : paper);
  if (orientation === "landscape") args.push("--landscape");
  if (margin) {
    const { top, right, bottom, left } = typeof margin === "number" ? { top: margin, right: margin, bottom: margin, left: margin } : margin;
    args.push(`--margins=${[top, right, bottom, left].map((side) => side ?? "").join(",")}`);
  }
  if (firstTop !== undefined) option("first-top", firstTop);
  if (mirrorMargins) args.push("--mirror-margins");
  if (pageNumbers === false) args.push("--no-page-numbers");
  if (ruling) option("ruling", ruling);
  if (size !== undefined) option("size", size);
  if (pitch !== undefined) option("pitch", pitch);
  if (slant !== undefined) option("slant", slant);
  if (wander !== undefined) option("wander", wander);
  if (settings.ink !== INK) option("color", settings.ink);
  option("line-width", lineWidth(settings, unit));
  args.push("-o", `${fileName(text.trim().split("\n")[0])}.svg`);
  const words = args.map(quoted).join(" ");
  if (!text) return `running-hand ${words}`;
  // A text that begins with a hyphen would be taken for an option.
  return text.startsWith("-") ? `running-hand ${words} -- ${quoted(text)}` : `running-hand ${quoted(text)} ${words}`;
}
