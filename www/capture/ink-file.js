// Reads ink from files: Running Hand's JSON (docs/ink.schema.json) and W3C InkML.

import { xmlDocument } from "../util/trusted-types.js";

/** A stroke: [x, y, milliseconds] of each sample, y down. @typedef {import("./pad.js").Stroke} Stroke */

/** Strokes, and the text that they say; "" if the file does not tell. @typedef {{ text: string, strokes: Stroke[] }} FileInk */

/** Characters of a file at most. */
const MAX_CHARACTERS = 8_000_000;
/** Strokes and samples of a sentence at most. */
const MAX_STROKES = 1_000;
const MAX_SAMPLES = 100_000;
/** Largest coordinate. */
const MAX_COORDINATE = 1e9;
/** Milliseconds between samples if a file does not tell. */
const DEFAULT_MS = 10;

/**
 * The ink of a file; `undefined` if the file is of another kind, such as a hand. Throws if the ink is damaged.
 * @param {string} content
 * @returns {FileInk | undefined}
 */
export function readInkFile(content) {
  if (content.length > MAX_CHARACTERS) throw new Error("The file is far too large for a sentence.");
  if (/^\s*</.test(content)) return validated(fromInkml(content));
  /** @type {unknown} */
  let found;
  try {
    found = JSON.parse(content);
  } catch {
    // It may be a hand that was cut off: the engine reports that.
    return undefined;
  }
  if (!isRecord(found) || found.format !== "running-hand-ink") return undefined;
  return validated(fromJson(found));
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {FileInk} ink @returns {FileInk} */
function validated(ink) {
  const strokes = ink.strokes.filter((stroke) => stroke.length);
  const samples = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  if (!samples) throw new Error("There is no ink in the file.");
  if (strokes.length > MAX_STROKES || samples > MAX_SAMPLES) {
    throw new Error(
      `The file holds ${strokes.length} strokes of ${samples} samples: more than one sentence. Save a shorter piece of it.`,
    );
  }
  for (const value of strokes.flat(2)) {
    if (!(Math.abs(value) <= MAX_COORDINATE)) throw new Error("The file holds numbers that are no places on paper.");
  }
  return { text: ink.text.replace(/\s+/g, " ").trim(), strokes };
}

// --- JSON ------------------------------------------------------------------------------------

/** @param {Record<string, unknown>} file @returns {FileInk} */
function fromJson(file) {
  if (file.version !== 1) {
    throw new Error(`The ink is of version ${String(file.version).slice(0, 20)}, and this page reads version 1. Load the page again for a newer one.`);
  }
  const { strokes, text, sampleMs } = file;
  const damaged = (/** @type {string} */ what) => new Error(`The file is damaged: ${what}. Export it again.`);
  if (!Array.isArray(strokes)) throw damaged("it has no strokes");
  const step = typeof sampleMs === "number" && sampleMs > 0 ? sampleMs : DEFAULT_MS;
  let count = 0;
  const read = strokes.map((stroke) => {
    if (!Array.isArray(stroke)) throw damaged("a stroke is none");
    return stroke.map((point) => {
      if (!Array.isArray(point) || point.length !== 2 || !point.every((value) => typeof value === "number")) {
        throw damaged("a point is none");
      }
      return /** @type {[number, number, number]} */ ([point[0], point[1], step * count++]);
    });
  });
  return { text: typeof text === "string" ? text : "", strokes: read };
}

// --- InkML -----------------------------------------------------------------------------------

/** A value of a sample, with its prefix: see `samples`. */
const VALUE = /\s*([!'"]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|#[0-9a-fA-F]+|[*?TF])/y;
const XML = "http://www.w3.org/XML/1998/namespace";

/** The channels of a sample, in order. @typedef {{ name: string, scale: number }[]} Channels */

/** @param {string} content @returns {FileInk} */
function fromInkml(content) {
  // A document type can define entities, by which a small file expands to a huge document.
  if (/<!(DOCTYPE|ENTITY)/i.test(content)) throw new Error("The file declares a document type, which ink does not need.");
  const document = xmlDocument(content);
  const all = (/** @type {string} */ name, /** @type {Document | Element} */ within = document) => [
    ...within.getElementsByTagNameNS("*", name),
  ];
  if (all("parsererror").length) throw new Error("The file cannot be read as InkML: it is no XML, or was cut off on the way.");
  if (document.documentElement.localName !== "ink") {
    throw new Error(`The file is XML of another kind: “${document.documentElement.localName.slice(0, 30)}”, where InkML has “ink”.`);
  }
  const named = new Map(
    ["traceFormat", "inkSource", "context"].flatMap((name) => all(name)).map((one) => [one.getAttributeNS(XML, "id") ?? one.getAttribute("id") ?? "", one]),
  );
  const referenced = (/** @type {Element | undefined} */ from, /** @type {string} */ attribute) =>
    from && named.get((from.getAttribute(attribute) ?? "").replace(/^#/, "") || "-");
  // Looked up once: a file may have very many traces.
  const first = { context: all("context")[0], source: all("inkSource")[0], format: all("traceFormat")[0] };
  const channelsOf = (/** @type {Element} */ trace) => {
    const context = referenced(trace, "contextRef") ?? first.context;
    const source = referenced(context, "inkSourceRef") ?? first.source;
    const format = referenced(context, "traceFormatRef") ?? (source && all("traceFormat", source)[0]) ?? first.format;
    return { channels: format ? channelsIn(format) : DEFAULT_CHANNELS, rate: source && Number(all("sampleRate", source)[0]?.getAttribute("value")) };
  };
  let count = 0;
  /** @type {Stroke[]} */
  const strokes = [];
  for (const trace of all("trace")) {
    if (trace.getAttribute("type") === "penUp") continue;
    const { channels, rate } = channelsOf(trace);
    const at = (/** @type {string} */ name) => channels.findIndex((channel) => channel.name === name);
    const [x, y, t] = [at("X"), at("Y"), at("T")];
    if (x < 0 || y < 0) throw new Error("The ink has no X or no Y.");
    const step = rate && rate > 0 ? 1000 / rate : DEFAULT_MS;
    const stroke = samples(trace.textContent ?? "", channels).map((values) => {
      count += 1;
      return /** @type {[number, number, number]} */ ([values[x], values[y], t < 0 ? count * step : values[t]]);
    });
    const continued = /^(middle|end)$/.test(trace.getAttribute("continuation") ?? "") && strokes.at(-1);
    if (continued) continued.push(...stroke);
    else strokes.push(stroke);
  }
  const annotation = all("annotation").find((one) => /^(truth|transcription|text)$/i.test(one.getAttribute("type") ?? ""));
  return { text: annotation?.textContent ?? "", strokes };
}

/** If a file declares none. @type {Channels} */
const DEFAULT_CHANNELS = [
  { name: "X", scale: 1 },
  { name: "Y", scale: 1 },
];

/** @param {Element} format @returns {Channels} */
function channelsIn(format) {
  const found = [...format.getElementsByTagNameNS("*", "channel")].filter(
    // Samples have these last, or not at all.
    (channel) => channel.parentElement?.localName !== "intermittentChannels",
  );
  const read = (/** @type {Element} */ channel) => {
    const name = channel.getAttribute("name") ?? "";
    const seconds = name === "T" && channel.getAttribute("units") === "s";
    return { name, scale: (seconds ? 1000 : 1) * (channel.getAttribute("orientation") === "-ve" ? -1 : 1) };
  };
  return found.length ? found.map(read) : DEFAULT_CHANNELS;
}

/**
 * The samples of a trace. By its prefix, a value is the coordinate (`!`), the first difference (`'`) or the second
 * difference (`"`); a prefix holds for the channel until another one comes [InkML 3.2.1].
 * @param {string} trace @param {Channels} channels
 */
function samples(trace, channels) {
  const read = channels.map(() => ({ kind: "!", value: 0, speed: 0 }));
  /** @type {number[][]} */
  const result = [];
  for (const sample of trace.split(",")) {
    if (!sample.trim()) continue;
    VALUE.lastIndex = 0;
    for (const channel of read) {
      const [, kind, digits] = VALUE.exec(sample) ?? [];
      if (digits === undefined) throw new Error(`A sample of the ink cannot be read: “${sample.trim().slice(0, 40)}”.`);
      channel.kind = kind || channel.kind;
      // Unchanged, or unknown.
      if (digits === "*" || digits === "?") continue;
      const number = digits[0] === "#" ? parseInt(digits.slice(1), 16) : Number(digits.replace("T", "1").replace("F", "0"));
      if (channel.kind === "!") {
        channel.value = number;
        continue;
      }
      channel.speed = channel.kind === "'" ? number : channel.speed + number;
      channel.value += channel.speed;
    }
    result.push(read.map(({ value }, at) => value * channels[at].scale));
  }
  return result;
}
