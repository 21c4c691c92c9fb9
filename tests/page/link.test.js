// Links: whatever an address contains, the form gets settings within their ranges, and what is put into a link comes
// out of it again. Without a browser: link.js is plain JavaScript.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFragment, MAX_TEXT, toFragment } from "../../www/app/link.js";
import { decodeStrokes, encodeStrokes, MAX_POINTS, roundStrokes } from "../../www/app/stroke-encoding.js";
import { numbers } from "./numbers.js";

const ROUNDS = 5_000;

const NUMBERS = {
  bias: [0, 2],
  temperature: [0.2, 2],
  seed: [0, Number.MAX_SAFE_INTEGER],
  share: [0, 1],
  columns: [10, 60],
  nib: [0.4, 2.5],
  slant: [-30, 30],
  wander: [0, 1],
  sheetWidth: [1, 2000],
  sheetHeight: [1, 2000],
};
/** Numbers that may be missing: "". */
const OPTIONAL = {
  pitch: [2, 200],
  marginTop: [0, 1000],
  marginRight: [0, 1000],
  marginBottom: [0, 1000],
  marginLeft: [0, 1000],
  firstTop: [0, 1000],
};
const CHOICES = {
  paper: ["free", "a4", "a5", "card", "letter", "legal", "envelope-dl", "envelope-c6", "envelope-10", "own"],
  sheetUnit: ["mm", "in"],
  orientation: ["portrait", "landscape"],
  ruling: ["plain", "ruled", "squared", "dotted"],
  size: ["medium", "small", "large", "fitted"],
  tip: ["fineliner", "fountain", "pencil"],
};

/** Asserts what the form relies on. */
function sound(link, fragment) {
  if (link === undefined) return;
  const { settings, problems, weights, strokes } = link;
  if (strokes) assert.ok(strokes.length > 0 && strokes.length % 3 === 0 && strokes.every(Number.isFinite), fragment);
  for (const [key, [min, max]] of Object.entries(NUMBERS)) {
    const value = settings[key];
    if (value !== undefined) assert.ok(value >= min && value <= max, `${key} is ${value} by ${fragment}`);
  }
  for (const [key, [min, max]] of Object.entries(OPTIONAL)) {
    const value = settings[key];
    assert.ok(value === "" || (value >= min && value <= max), `${key} is ${value} by ${fragment}`);
  }
  for (const key of ["seed", "columns"]) assert.ok(settings[key] === undefined || Number.isInteger(settings[key]), fragment);
  for (const [key, values] of Object.entries(CHOICES)) assert.ok(values.includes(settings[key]), `${key} by ${fragment}`);
  assert.ok(settings.text.length <= MAX_TEXT);
  for (const key of ["scribble", "mirrorMargins", "unnumbered"]) assert.equal(typeof settings[key], "boolean");
  assert.match(settings.captured, /^([0-9a-f]{16})?$/);
  if (settings.ink !== undefined) assert.match(settings.ink, /^#[0-9a-f]{6}$/);
  assert.equal(typeof settings.blend, "string");
  // A link with a text alone leaves the hand.
  if (settings.style !== undefined) assert.equal(typeof settings.style, "string");
  assert.equal(typeof weights, "string");
  const known = new Set(["text", "style", "blend", "scribble", "mirrorMargins", "unnumbered", "captured", "ink", ...Object.keys({ ...NUMBERS, ...OPTIONAL, ...CHOICES })]);
  assert.deepEqual(Object.keys(settings).filter((key) => !known.has(key)), [], fragment);
  for (const problem of problems) assert.ok(problem.length < 300, problem);
}

const AWKWARD = [
  "", "0", "-0", "-1", "1e999", "-1e999", "1e-400", "NaN", "Infinity", "0x10", "1_000", " 1 ", "9007199254740993",
  "null", "undefined", "true", "[object Object]", "__proto__", "constructor", "<img src=x onerror=alert(1)>",
  "%", "%zz", "%00", "\u0000", "\ud800", "漢😀", "#ff0000", "#12345g", "a4", "landscape", "1", "0.5", "x".repeat(200_000),
];

test("whatever a link says, what comes of it is in its range", () => {
  const below = numbers(1);
  const pick = (list) => list[below(list.length)];
  const keys = ["text", "style", "blend", "scribble", "captured", "ink", "weights", "strokes", "mirrorMargins", "unnumbered", "__proto__", "toString", ...Object.keys({ ...NUMBERS, ...OPTIONAL, ...CHOICES })];
  for (let round = 0; round < ROUNDS; round++) {
    const pieces = below(4) ? ["seed=1"] : [];
    for (let count = below(6); count > 0; count--) {
      const value = below(3) ? pick(AWKWARD) : String.fromCharCode(...Array.from({ length: below(20) }, () => below(65_536)));
      pieces.push(`${pick(keys)}=${below(2) ? value : encodeURIComponent(value.toWellFormed())}`);
    }
    const fragment = `${below(9) ? "#" : ""}${pieces.join("&")}`;
    sound(fromFragment(fragment), fragment.slice(0, 500));
  }
  assert.equal({}.polluted, undefined);
  assert.equal(fromFragment("#section-2"), undefined);
});

test("what is put into a link comes out of it", () => {
  const below = numbers(2);
  const pick = (list) => list[below(list.length)];
  for (let round = 0; round < ROUNDS; round++) {
    const text = String.fromCharCode(...Array.from({ length: below(60) }, () => below(below(2) ? 128 : 65_536))).toWellFormed();
    const between = ([min, max], steps) => min + ((max - min) * below(steps + 1)) / steps;
    const settings = {
      text,
      scribble: below(2) === 0,
      mirrorMargins: below(2) === 0,
      unnumbered: below(2) === 0,
      style: pick(["", "Plain", "a & b = c", "漢"]),
      blend: pick(["", "Upright"]),
      captured: pick(["", "0123456789abcdef"]),
      ink: pick(["#1f3a5f", "#000000"]),
      seed: pick([0, 1, 4_294_967_296, Number.MAX_SAFE_INTEGER]),
      columns: 10 + below(51),
    };
    for (const key of ["bias", "temperature", "share", "nib", "slant", "wander", "sheetWidth", "sheetHeight"]) settings[key] = between(NUMBERS[key], 20);
    for (const [key, range] of Object.entries(OPTIONAL)) settings[key] = below(2) ? between(range, 20) : "";
    for (const [key, values] of Object.entries(CHOICES)) settings[key] = pick(values);
    const points = roundStrokes(Float32Array.from({ length: 3 * (1 + below(40)) }, (_, i) => (i % 3 === 2 ? below(2) : below(4000) - 2000)));
    const strokes = below(2) ? points : undefined;
    const link = fromFragment(toFragment(settings, "feedface", strokes && encodeStrokes(strokes)));
    sound(link, text);
    // Of what is not blended there is no share.
    if (settings.blend === "") delete settings.share;
    assert.deepEqual(link, { settings, problems: [], weights: "feedface", strokes });
  }
});

test("a text is enough for a link, and says everything that determines its ink but the hand", () => {
  for (const [fragment, text] of [
    ["#text=Happy birthday", "Happy birthday"],
    ["#text=Happy%20birthday", "Happy birthday"],
    ["#text=Happy+birthday", "Happy birthday"],
    ["#text=a=b", "a=b"],
    ["#text=", ""],
  ]) {
    const { settings, problems } = fromFragment(fragment);
    assert.deepEqual([settings.text, settings.seed, settings.bias, settings.temperature], [text, 1, 0.75, 1], fragment);
    assert.deepEqual([settings.paper, settings.scribble, "style" in settings, problems], ["free", false, false, []]);
  }
  const { settings } = fromFragment("#text=a&paper=card&style=Round&seed=x");
  assert.deepEqual([settings.paper, settings.style, settings.seed], ["card", "Round", undefined]);
  assert.equal(fromFragment("#text=a&bias=1.5").settings.bias, 1.5);
});

test("strokes of a link are complete or left out", () => {
  const points = roundStrokes(Float32Array.from({ length: 3 * MAX_POINTS }, (_, i) => (i % 3 === 2 ? Number(i % 90 === 89) : 700 * Math.sin(i / 40))));
  const encoded = encodeStrokes(points);
  assert.match(encoded, /^[\w-]+$/);
  assert.ok(encoded.length < 5 * MAX_POINTS, `${encoded.length} letters`);
  assert.deepEqual(decodeStrokes(encoded), points.map((value) => value + 0));
  assert.equal(encodeStrokes(new Float32Array(3 * MAX_POINTS + 3)), "", "too many");
  const far = encodeStrokes(new Float32Array([2e6, 0, 1]));
  for (const damaged of ["", "A", "AAAA", "!", "gICAgICAgICAgAA", "gA", far, `${encoded}!`]) {
    assert.equal(decodeStrokes(damaged), undefined, damaged.slice(0, 40));
  }
  const { problems, strokes } = fromFragment("#seed=1&strokes=~");
  assert.deepEqual([problems, strokes], [["The link’s strokes are damaged, so they were left out."], undefined]);
});
