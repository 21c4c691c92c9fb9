// Links from anywhere: whatever stands in an address, the form gets settings in their ranges, and what
// was put into a link comes out of it again. No browser: link.js is plain JavaScript.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFragment, LONGEST, toFragment } from "../../www/app/link.js";
import { fromWord, MOST, asWord, whole } from "../../www/app/stroke-encoding.js";
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
};
const CHOICES = {
  paper: ["free", "a4", "letter", "card"],
  orientation: ["portrait", "landscape"],
  ruling: ["plain", "ruled", "squared"],
  size: ["medium", "small", "large"],
  tip: ["fineliner", "fountain", "pencil"],
};

/** What the form may rely on. */
function sound(link, fragment) {
  if (link === undefined) return;
  const { shared, problems, weights, strokes } = link;
  if (strokes) assert.ok(strokes.length > 0 && strokes.length % 3 === 0 && strokes.every(Number.isFinite), fragment);
  for (const [key, [min, max]] of Object.entries(NUMBERS)) {
    const value = shared[key];
    if (value !== undefined) assert.ok(value >= min && value <= max, `${key} is ${value} by ${fragment}`);
  }
  for (const key of ["seed", "columns"]) assert.ok(shared[key] === undefined || Number.isInteger(shared[key]), fragment);
  for (const [key, values] of Object.entries(CHOICES)) assert.ok(values.includes(shared[key]), `${key} by ${fragment}`);
  assert.ok(shared.text.length <= LONGEST);
  assert.equal(typeof shared.scribble, "boolean");
  assert.match(shared.own, /^([0-9a-f]{16})?$/);
  if (shared.ink !== undefined) assert.match(shared.ink, /^#[0-9a-f]{6}$/);
  for (const key of ["style", "blend"]) assert.equal(typeof shared[key], "string");
  assert.equal(typeof weights, "string");
  const known = new Set(["text", "style", "blend", "scribble", "own", "ink", ...Object.keys(NUMBERS), ...Object.keys(CHOICES)]);
  assert.deepEqual(Object.keys(shared).filter((key) => !known.has(key)), [], fragment);
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
  const keys = ["text", "style", "blend", "scribble", "own", "ink", "weights", "strokes", "__proto__", "toString", ...Object.keys(NUMBERS), ...Object.keys(CHOICES)];
  for (let round = 0; round < ROUNDS; round++) {
    const pieces = below(10) ? ["seed=1"] : [];
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
    const shared = {
      text,
      scribble: below(2) === 0,
      style: pick(["", "Plain", "a & b = c", "漢"]),
      blend: pick(["", "Upright"]),
      own: pick(["", "0123456789abcdef"]),
      ink: pick(["#1f3a5f", "#000000"]),
      seed: pick([0, 1, 4_294_967_296, Number.MAX_SAFE_INTEGER]),
      columns: 10 + below(51),
    };
    for (const key of ["bias", "temperature", "share", "nib", "slant", "wander"]) shared[key] = between(NUMBERS[key], 20);
    for (const [key, values] of Object.entries(CHOICES)) shared[key] = pick(values);
    const points = whole(Float32Array.from({ length: 3 * (1 + below(40)) }, (_, i) => (i % 3 === 2 ? below(2) : below(4000) - 2000)));
    const strokes = below(2) ? points : undefined;
    const link = fromFragment(toFragment(shared, "feedface", strokes && asWord(strokes)));
    sound(link, text);
    // Of what is not blended there is no share.
    if (shared.blend === "") delete shared.share;
    assert.deepEqual(link, { shared, problems: [], weights: "feedface", strokes });
  }
});

test("strokes of a link are whole or left out", () => {
  const points = whole(Float32Array.from({ length: 3 * MOST }, (_, i) => (i % 3 === 2 ? Number(i % 90 === 89) : 700 * Math.sin(i / 40))));
  const word = asWord(points);
  assert.match(word, /^[\w-]+$/);
  assert.ok(word.length < 5 * MOST, `${word.length} letters`);
  assert.deepEqual(fromWord(word), points.map((value) => value + 0));
  assert.equal(asWord(new Float32Array(3 * MOST + 3)), "", "too many");
  const far = asWord(new Float32Array([2e6, 0, 1]));
  for (const damaged of ["", "A", "AAAA", "!", "gICAgICAgICAgAA", "gA", far, `${word}!`]) {
    assert.equal(fromWord(damaged), undefined, damaged.slice(0, 40));
  }
  const { problems, strokes } = fromFragment("#seed=1&strokes=~");
  assert.deepEqual([problems, strokes], [["The link’s strokes are damaged and left out."], undefined]);
});
