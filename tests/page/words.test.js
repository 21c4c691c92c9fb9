// The page's words: every language has all of them, index.html says in English what words/en.js says, and the engine what
// engine/notices.js says.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { NOTICES, readNotice } from "../../www/engine/notices.js";
import en from "../../www/words/en.js";

const WWW = new URL("../../www/", import.meta.url);
const SRC = new URL("../../src/", import.meta.url);
const html = await readFile(new URL("index.html", WWW), "utf8");
const others = Object.fromEntries(
  await Promise.all(["de", "fr", "es"].map(async (code) => [code, (await import(`../../www/words/${code}.js`)).default])),
);

/** Every word with its key. */
const entries = (words) =>
  Object.entries(words).flatMap(([section, names]) => Object.entries(names).map(([name, word]) => [`${section}.${name}`, word]));
const keys = (words) => entries(words).map(([key]) => key).sort();
/** What a word says of values; each of those that a text has is one of its parts. */
const said = (word, values) => (typeof word === "function" ? word(...values) : word);
const plain = (text) => text.replace(/\s+/g, " ").trim();

test("each language has every word, of the same values, and says something", () => {
  for (const [code, words] of Object.entries(others)) {
    assert.deepEqual(keys(words), keys(en), code);
    const english = new Map(entries(en));
    let same = 0;
    for (const [key, word] of entries(words)) {
      const original = english.get(key);
      assert.equal(typeof word, typeof original, `${code} ${key}`);
      if (/^(errors|layout|notices)\./.test(key)) {
        const values = { cause: "c1", path: "p1", found: "size", bytes: 71, expected: 72, reason: "r1", answer: "a1", loaded: 73 };
        if (key.startsWith("notices.")) Object.assign(values, { name: "p1", found: 71, right: 72, count: 73 });
        const lengths = ["width", "height", "least", "most", "value", "margin", "other", "side", "pitch", "size", "widest"];
        Object.assign(values, Object.fromEntries(lengths.map((name, i) => [name, 740 + i])));
        const parts = (text) => (text.match(/c1|p1|7[1-3]\b|74\d|750|r1|a1/g) ?? []).sort().join();
        assert.equal(parts(word(values)), parts(original(values)), `${code} ${key}`);
        continue;
      }
      // Numbers: some words say how many in words, and group digits.
      const values = Array.from({ length: original.length }, (_, i) => 7 + i);
      for (const value of typeof word === "function" ? values : []) {
        assert.ok(said(word, values).includes(String(value)), `${code} ${key}: ${said(word, values)}`);
      }
      if (typeof word === "string") assert.ok(/\S/.test(word) && !/^ | $/.test(word), `${code} ${key}`);
      if (said(word, values) === said(original, values)) same += 1;
    }
    assert.ok(same < 40, `${code}: ${same} words are as in English`);
  }
});

test("index.html says what words/en.js says, and nothing besides", () => {
  const known = new Map(entries(en));
  const found = [...html.matchAll(/<[^<>]*\bdata-words="([^"]+)"[^<>]*>([^<]*)</g)];
  assert.ok(found.length > 60, `${found.length} texts`);
  for (const [, key, text] of found) assert.equal(plain(text), known.get(key), key);
  for (const [tag, attribute, key] of html.matchAll(/<[^<>]*?\bdata-words-([a-z-]+)="([^"]+)"[^<>]*>/g)) {
    for (const [, name, of] of tag.matchAll(/\bdata-words-([a-z-]+)="([^"]+)"/g)) {
      const value = tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];
      assert.equal(value, known.get(of), `${name} of ${of}, beside ${attribute} of ${key}`);
    }
  }
  // Names, and what is not translated on purpose: the first text, units, sizes of paper.
  const names = /^(A4|A5|US Letter|US Legal|mm|Graves \(2013\)|English|Deutsch|Français|Español|‹|›|\.|The pen moves as a network decides, one point after another\.)$/;
  // Why the page does not start is said without any script.
  const body = html.slice(html.indexOf("<body>")).replace(/<div id="trouble">[^]*?<\/div>/, "").replace(/<!--[^]*?-->/g, "");
  for (const [, tag, text] of body.matchAll(/<([^<>]+)>([^<]+)/g)) {
    const silent = plain(text);
    if (silent && !tag.includes("data-words=")) assert.match(silent, names, `<${tag}>`);
  }
});

test("what the engine says of the GPU has a code and values, from which it is said again", async () => {
  const sources = {};
  for (const path of await readdir(SRC, { recursive: true })) {
    if (!path.endsWith(".rs") || /(^|\/)(tests|testing|test_access)\b/.test(path)) continue;
    sources[path] = (await readFile(new URL(path, SRC), "utf8")).split("#[cfg(test)]\n#[expect")[0];
  }
  const all = (pattern) => Object.values(sources).flatMap((source) => [...source.matchAll(pattern)].map(([, text]) => text));
  // What is never said on a page, or only if the engine is broken.
  const others = ["this build has none", "it needs a browser", "it sent parts of steps"];
  const errors = [...sources["error.rs"].matchAll(/#\[error\("([^"]+)"\)\]\s+(\w+)/g)];
  const sentences = Object.fromEntries(errors.map(([, text, name]) => [name, text]));
  const found = new Set();
  const check = (kind, reason) => {
    if (others.includes(reason)) return;
    // Each place of a format gets a value of its own.
    let place = 0;
    const values = [];
    const filled = reason.replace(/\{[^}]*\}/g, () => (values.push(`v (${++place}).`), values.at(-1)));
    const sentence = sentences[kind].replace("{0}", filled).replace(/^./, (letter) => letter.toUpperCase());
    const read = readNotice(sentence);
    assert.ok(read && !["noGpu", "gpuLost"].includes(read.code), sentence);
    assert.deepEqual(Object.values(read.values), values, sentence);
    assert.equal(NOTICES[read.code](read.values), sentence);
    found.add(read.code);
  };
  for (const reason of all(/GpuUnavailable\(\s*(?:format!\(\s*)?"([^"]+)"/g)) check("GpuUnavailable", reason);
  for (const reason of all(/\bunavailable\("([^"]+)"\)/g)) check("GpuUnavailable", reason);
  for (const reason of all(/(?:DeviceLost\(\s*|\.lost\()"([^"]+)"/g)) check("DeviceLost", reason);
  const [room] = all(/format!\("(the \{what\} has [^"]+)"/g);
  for (const what of ["window", "mixture"]) check("GpuUnavailable", room.replace("{what}", what));
  const [silent] = all(/is_empty\(\) \{ "([^"]+)" \} else \{ message/g);
  check("DeviceLost", silent);
  assert.deepEqual([...found, "noGpu", "gpuLost"].sort(), Object.keys(NOTICES).sort());
  // A browser's or a driver's own words stay as they are.
  assert.deepEqual(readNotice("No GPU engine: Failed to fetch. The CPU engine writes instead."), { code: "noGpu", values: { cause: "Failed to fetch" } });
  assert.equal(readNotice("Something else."), undefined);
});

test("no script of the page says what is not among its words", async () => {
  for (const path of await readdir(WWW, { recursive: true })) {
    if (!/^(main|app|sheet|capture|export|inspector|share|ideas)\b.*\.js$/.test(path) || /(^|\/)(pkg|learner|libraries)\/|capture\/(learn|line-worker)/.test(path)) continue;
    const code = (await readFile(new URL(path, WWW), "utf8")).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    // A text for people: a capital letter or a value, then words with blanks between them.
    const sentences = [...code.matchAll(/"([A-Z][a-z’]+(?: [\w’]+)+[.:…!?]?)"/g)].map(([, text]) => text);
    const texts = sentences.filter((text) => !/^(I write this|The five boxing|My pen drew|Sphinx of)/.test(text));
    assert.deepEqual(texts, [], path);
  }
});

test("what was said awkwardly is said plainly", () => {
  const found = {
    dialog: [en.page.export, en.export.title, en.export.format, en.export.crop],
    form: [en.paper.orientation, en.paper.ruling, en.paper.free, en.form.scribble, en.form.temperatureHint, en.hands.none],
    state: [en.status.offline, en.page.starting, en.page.update, en.page.sheetBefore, en.status.linkCopied],
    link: [en.link.notNumber(en.settings.bias), en.files.unknown("x")],
  };
  assert.deepEqual(found, {
    dialog: ["Download or print", "Download or print", "Format", "Crop to the writing"],
    form: ["Orientation", "Ruling", "Fit to the writing", "Ignore the text and scribble", "Looser and less predictable. 1 is natural.", "No particular hand"],
    state: ["Works offline now.", "Starting …", "A new version is ready.", "Previous sheet", "Link copied."],
    link: [
      "The link’s neatness isn’t a number, so the default was used.",
      "This page can’t open x. It reads weights (.safetensors), hands (.json) and ink (.inkml, .json).",
    ],
  });
});
