// Ink from files: Running Hand's own JSON (docs/ink.schema.json) and W3C InkML, as strokes that can be drawn.

import { xmlDocument } from "../util/trusted-types.js";

/** A stroke: [x, y, milliseconds] of each sample, y down. @typedef {import("./pad.js").Stroke} Stroke */

/** Ink, and what it says if the file tells. @typedef {{ text: string, strokes: Stroke[] }} FileInk */

/** Largest file that is looked into, in characters. */
const MOST_CHARACTERS = 8_000_000;
/** What the engine reads at most of one sentence. */
const MOST_STROKES = 1_000;
const MOST_SAMPLES = 40_000;
/** Largest number in a sample. */
const FARTHEST = 1e9;
/** Milliseconds from sample to sample where a file does not tell. */
const USUAL_MS = 10;

/**
 * The ink of a file; `undefined` if it is of another kind, such as a hand. Throws what is wrong with it.
 * @param {string} content
 * @returns {FileInk | undefined}
 */
export function inkFrom(content) {
  if (content.length > MOST_CHARACTERS) throw new Error("The file is far too large for a sentence.");
  if (/^\s*</.test(content)) return checked(fromInkml(content));
  /** @type {unknown} */
  let found;
  try {
    found = JSON.parse(content);
  } catch {
    // The engine says what is wrong with a hand that is cut off.
    return undefined;
  }
  if (!isRecord(found) || found.format !== "running-hand-ink") return undefined;
  return checked(fromJson(found));
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {FileInk} ink @returns {FileInk} */
function checked(ink) {
  const strokes = ink.strokes.filter((stroke) => stroke.length);
  const samples = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  if (!samples) throw new Error("There is no ink in the file.");
  if (strokes.length > MOST_STROKES || samples > MOST_SAMPLES) {
    throw new Error(
      `The file holds ${strokes.length} strokes of ${samples} samples: more than one sentence. Save a shorter piece of it.`,
    );
  }
  for (const value of strokes.flat(2)) {
    if (!(Math.abs(value) <= FARTHEST)) throw new Error("The file holds numbers that are no places on paper.");
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
  const step = typeof sampleMs === "number" && sampleMs > 0 ? sampleMs : USUAL_MS;
  let before = 0;
  const read = strokes.map((stroke) => {
    if (!Array.isArray(stroke)) throw damaged("a stroke is none");
    return stroke.map((point) => {
      if (!Array.isArray(point) || point.length !== 2 || !point.every((value) => typeof value === "number")) {
        throw damaged("a point is none");
      }
      return /** @type {[number, number, number]} */ ([point[0], point[1], step * before++]);
    });
  });
  return { text: typeof text === "string" ? text : "", strokes: read };
}

// --- InkML -----------------------------------------------------------------------------------

/** A number with what may stand before it: see `samples`. */
const VALUE = /\s*([!'"]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|#[0-9a-fA-F]+|[*?TF])/y;
const XML = "http://www.w3.org/XML/1998/namespace";

/** What stands where in a sample. @typedef {{ name: string, scale: number }[]} Channels */

/** @param {string} content @returns {FileInk} */
function fromInkml(content) {
  // Entities of a file's own are not needed for ink, and a known way to make a small file large.
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
  const refers = (/** @type {Element | undefined} */ from, /** @type {string} */ attribute) =>
    from && named.get((from.getAttribute(attribute) ?? "").replace(/^#/, "") || "-");
  // Looked for once: a file may have very many traces.
  const first = { context: all("context")[0], source: all("inkSource")[0], format: all("traceFormat")[0] };
  const formatOf = (/** @type {Element} */ trace) => {
    const context = refers(trace, "contextRef") ?? first.context;
    const source = refers(context, "inkSourceRef") ?? first.source;
    const format = refers(context, "traceFormatRef") ?? (source && all("traceFormat", source)[0]) ?? first.format;
    return { channels: format ? channels(format) : plain, rate: source && Number(all("sampleRate", source)[0]?.getAttribute("value")) };
  };
  let before = 0;
  /** @type {Stroke[]} */
  const strokes = [];
  for (const trace of all("trace")) {
    if (trace.getAttribute("type") === "penUp") continue;
    const { channels, rate } = formatOf(trace);
    const at = (/** @type {string} */ name) => channels.findIndex((channel) => channel.name === name);
    const [x, y, t] = [at("X"), at("Y"), at("T")];
    if (x < 0 || y < 0) throw new Error("The ink has no X or no Y.");
    const step = rate && rate > 0 ? 1000 / rate : USUAL_MS;
    const stroke = samples(trace.textContent ?? "", channels).map((values) => {
      before += 1;
      return /** @type {[number, number, number]} */ ([values[x], values[y], t < 0 ? before * step : values[t]]);
    });
    const goesOn = /^(middle|end)$/.test(trace.getAttribute("continuation") ?? "") && strokes.at(-1);
    if (goesOn) goesOn.push(...stroke);
    else strokes.push(stroke);
  }
  const told = all("annotation").find((one) => /^(truth|transcription|text)$/i.test(one.getAttribute("type") ?? ""));
  return { text: told?.textContent ?? "", strokes };
}

/** Of ink that declares none. @type {Channels} */
const plain = [
  { name: "X", scale: 1 },
  { name: "Y", scale: 1 },
];

/** @param {Element} format @returns {Channels} */
function channels(format) {
  const found = [...format.getElementsByTagNameNS("*", "channel")].filter(
    // They come last, where there is a value for them at all.
    (channel) => channel.parentElement?.localName !== "intermittentChannels",
  );
  const one = (/** @type {Element} */ channel) => {
    const name = channel.getAttribute("name") ?? "";
    const seconds = name === "T" && channel.getAttribute("units") === "s";
    return { name, scale: (seconds ? 1000 : 1) * (channel.getAttribute("orientation") === "-ve" ? -1 : 1) };
  };
  return found.length ? found.map(one) : plain;
}

/**
 * The samples of a trace. A value is the number itself (`!`), its difference from the one before (`'`), or the
 * difference between two such (`"`), and stays so until another sign stands before it [InkML 3.2.1].
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
      // The same as before, or not known.
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
