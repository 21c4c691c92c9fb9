// Files that are dropped on the page: ink of this and other programs, networks, and others.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { numbers } from "./numbers.js";
import { open } from "./site.js";

const site = await open();

const shipped = (name) => readFile(new URL(`../../weights/${name}`, import.meta.url));

/** A visitor who drops files on the page. */
async function come(visit = {}) {
  const visitor = await site.come({ query: "?engine=cpu", viewport: { width: 1280, height: 900 }, ...visit });
  const { page } = visitor;
  return Object.assign(visitor, {
    dialog: page.locator("#capture"),
    advice: page.locator("#capture-advice"),
    /** Drops a file somewhere on the page. */
    async drops(name, content) {
      const bytes = Buffer.from(content).toString("base64");
      const data = await page.evaluateHandle(
        ([name, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
          return data;
        },
        [name, bytes],
      );
      await page.dispatchEvent("main", "dragover", { dataTransfer: data });
      assert.equal(await page.evaluate(() => document.body.classList.contains("dropping")), true);
      await page.dispatchEvent("main", "drop", { dataTransfer: data });
      assert.equal(await page.evaluate(() => document.body.classList.contains("dropping")), false);
    },
    /** Waits until the dialog has said something that matches. */
    async told(pattern) {
      await page.waitForFunction((source) => new RegExp(source).test(document.querySelector("#capture-advice")?.textContent ?? ""), pattern.source, {
        timeout: 60_000,
      });
    },
    drawn: () => page.locator("#capture-pad .strokes path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d"))),
    /** A file of the sheet. */
    async exports(format) {
      await page.getByRole("button", { name: "Download or print" }).click();
      const { bytes } = await visitor.saves(format);
      await page.keyboard.press("Escape");
      return bytes.toString();
    },
    hands: () => page.locator("#tiles input").count(),
  });
}

/** Numbers of a path. */
const coordinates = (path) => path.match(/-?\d+(\.\d+)?/g).map(Number);

test("ink that was taken away comes back, as JSON and as InkML, and becomes a hand", async () => {
  const visitor = await come();
  const { page, dialog } = visitor;
  await visitor.speed("At once");
  await visitor.choosesHand("Round");
  await visitor.slide("Neatness (bias)", 1);
  await visitor.writes("The quick brown fox");
  const [json, inkml] = [await visitor.exports("json"), await visitor.exports("inkml")];

  await visitor.drops("fox.json", json);
  await visitor.told(/strokes are on the paper/);
  assert.equal(await dialog.getByRole("textbox", { name: /^Sentence \d/ }).inputValue(), "The quick brown fox");
  const first = await visitor.drawn();
  assert.equal(first.length, JSON.parse(json).strokes.length);
  await dialog.getByRole("button", { name: "Clear" }).click();
  await dialog.getByLabel("Open a hand or ink").setInputFiles({ name: "fox.inkml", mimeType: "application/inkml+xml", buffer: Buffer.from(inkml) });
  await visitor.told(/strokes are on the paper/);
  const second = await visitor.drawn();
  assert.equal(second.length, first.length);
  const apart = first.flatMap((path, i) => coordinates(path).map((value, k) => Math.abs(value - coordinates(second[i])[k])));
  assert.ok(Math.max(...apart) < 0.5, `${Math.max(...apart)} pixels apart`);
  await dialog.getByRole("button", { name: "Use without learning" }).click();
  await dialog.waitFor({ state: "hidden", timeout: 60_000 });
  await visitor.hears(/Done$/);
  assert.equal(await page.getByRole("radio", { name: "My hand", exact: true }).isChecked(), true);

  // Without a text the network goes on from it.
  await page.getByRole("button", { name: "Continue my strokes" }).click();
  await dialog.getByLabel("Open a hand or ink").setInputFiles({ name: "fox.json", mimeType: "application/json", buffer: Buffer.from(json) });
  await visitor.told(/continue from here/);
  await dialog.getByRole("button", { name: "Continue from here" }).click();
  await visitor.hears(/Done$/);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

/** InkML as others write it. */
const inkml = (body, format = "") => `<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML">${format}${body}</ink>`;

test("InkML of other programs is read", async () => {
  const visitor = await come();
  const { page } = visitor;
  const read = (content) =>
    page.evaluate(async (content) => {
      const { readInkFile } = await import(new URL("capture/ink-file.js", location.href).href);
      return readInkFile(content);
    }, content);
  assert.deepEqual(await read(inkml("<trace>10 0, 9 14, 8 28</trace><trace>1 1</trace>")), {
    text: "",
    strokes: [[[10, 0, 10], [9, 14, 20], [8, 28, 30]], [[1, 1, 40]]],
  });
  // Differences, and differences of these [the example of InkML 3.2.1], without blanks where signs do for them.
  const { strokes } = await read(inkml(`<trace>1125 18432,'23'43,"7"-8,3-5,7 -3,6 2,6 8,3 6</trace>`));
  assert.deepEqual(strokes[0].slice(0, 4).map(([x, y]) => [x, y]), [[1125, 18432], [1148, 18475], [1178, 18510], [1211, 18540]]);
  const format = `<definitions><context xml:id="c" traceFormatRef="#f"/><traceFormat xml:id="f">
    <channel name="F"/><channel name="Y" orientation="-ve"/><channel name="X"/><channel name="T" units="s"/>
    <intermittentChannels><channel name="S"/></intermittentChannels></traceFormat></definitions>
    <annotation type="truth"> two
      words </annotation>`;
  const mixed = `<trace contextRef="#c">0 2 1 0.5 T, * -4.5 .5e1 0.75, #1F 3 7 1</trace>
    <trace type="penUp" contextRef="#c">1 1 1 1</trace><trace contextRef="#c" continuation="end">0 1 9 2</trace>`;
  assert.deepEqual(await read(inkml(mixed, format)), {
    text: "two words",
    strokes: [[[1, -2, 500], [5, 4.5, 750], [7, -3, 1000], [9, -1, 2000]]],
  });
  await visitor.leave();
});

test("files that are no ink are refused with the reason, and what was drawn stays", async () => {
  const visitor = await come();
  const good = inkml("<trace>0 0, 40 10, 80 0</trace><trace>100 0, 140 9</trace>");
  await visitor.drops("good.inkml", good);
  await visitor.told(/2 strokes are on the paper/);
  const ink = { format: "running-hand-ink", version: 1, sampleMs: 20, text: "a", strokes: [[[0, 0], [1, 1]]] };
  const bad = [
    ["cut.inkml", good.slice(0, 100), /incomplete/],
    ["page.xml", "<html><body>no ink</body></html>", /XML of another kind: “html”/],
    ["empty.inkml", inkml(""), /no ink in the file/],
    ["words.inkml", inkml("<trace>1 one</trace>"), /cannot be read: “1 one”/],
    ["bomb.inkml", `<!DOCTYPE ink [<!ENTITY a "aaaa">]>${good}`, /declares a document type/],
    ["far.inkml", inkml("<trace>1e300 0, 1 1</trace>"), /positions that cannot be on paper/],
    ["many.inkml", inkml("<trace>1 1</trace>".repeat(1001)), /1001 strokes of 1001 samples: more than one sentence/],
    ["new.json", JSON.stringify({ ...ink, version: 2 }), /version 2/],
    ["none.json", JSON.stringify({ ...ink, strokes: 7 }), /damaged: it has no strokes/],
    ["odd.json", JSON.stringify({ ...ink, strokes: [[[0, "1"]]] }), /damaged: a point is not a pair of numbers/],
    ["list.json", "[1, 2]", /cannot be read|not a hand/],
    ["cut.json", JSON.stringify(ink).slice(0, 60), /incomplete/],
    ["nothing.json", "", /is empty/],
  ];
  for (const [name, content, reason] of bad) {
    await visitor.drops(name, content);
    await visitor.told(reason);
    assert.match(await visitor.advice.textContent(), new RegExp(`^${name}`));
    assert.equal((await visitor.drawn()).length, 2, name);
  }
  await visitor.page.keyboard.press("Escape");
  await visitor.drops("photo.jpg", "jpeg");
  await visitor.hears(/can’t open photo\.jpg\. It reads weights/);
  // Chromium puts a note of its own, with a style, into XML that it cannot read; the page's policy holds for that too.
  assert.deepEqual(visitor.complaints.filter((complaint) => !complaint.startsWith("Applying inline style")), []);
  await visitor.leave();
});

test("ten thousand damaged ink files: each gives strokes within bounds, or the reason why not", async () => {
  const visitor = await come();
  const seeds = [
    inkml(`<annotation type="truth">ink</annotation><trace>1 2 0, '3'4'5, "6"7"8, 9 9 9</trace><trace continuation="end">1 1 *</trace>`,
      `<traceFormat><channel name="X" orientation="-ve"/><channel name="Y"/><channel name="T" units="s"/></traceFormat>`),
    JSON.stringify({ format: "running-hand-ink", version: 1, sampleMs: 20, text: "ink", strokes: [[[0, 0.5], [1.25, -3]], [[4, 4]]] }),
  ];
  const below = numbers(1);
  const scraps = ["<", ">", "&", '"', "'", "e999", "-", ",", "#", "*", "{", "[[", "]", "null", "NaN", "\0", "é", "<trace>", "</trace>", "<ink/>", '"version":1', "9".repeat(400)];
  const files = Array.from({ length: 10_000 }, (_, k) => {
    let file = seeds[k % 2];
    for (let times = 1 + below(4); times > 0; times--) {
      const at = below(file.length);
      const scrap = [scraps[below(scraps.length)], file.slice(at, at + below(40)), ""][below(3)];
      file = file.slice(0, at) + scrap + file.slice(at + below(12));
    }
    return file;
  });
  const counts = await visitor.page.evaluate(async (files) => {
    const { readInkFile } = await import(new URL("capture/ink-file.js", location.href).href);
    const counts = { read: 0, other: 0, refused: 0, broken: [] };
    for (const file of files) {
      try {
        const ink = readInkFile(file);
        if (!ink) counts.other += 1;
        else if (typeof ink.text === "string" && ink.strokes.length && ink.strokes.flat(2).every((v) => Math.abs(v) <= 1e9)) counts.read += 1;
        else counts.broken.push(file);
      } catch (error) {
        if (error.constructor === Error && error.message.endsWith(".")) counts.refused += 1;
        else counts.broken.push(`${error}: ${file}`);
      }
    }
    return counts;
  }, files);
  assert.deepEqual(counts.broken, []);
  console.log(`ink files: ${counts.read} read, ${counts.refused} refused, ${counts.other} of another kind`);
  assert.ok(Math.min(counts.read, counts.refused, counts.other) > 200);
  await visitor.leave();
});

test("a network that is dropped on the page writes; one that is damaged does not, and the one before stays", async () => {
  const visitor = await come();
  const { page } = visitor;
  await visitor.speed("At once");
  await visitor.choosesHand("Round");
  await visitor.writes("fox");
  const link = page.url();
  const [file, own] = [await shipped("synthesis-f16.safetensors"), await visitor.hands()];

  await visitor.drops("mine.safetensors", file.subarray(0, 1_000_000));
  await visitor.hears(/mine\.safetensors.*The previous network is still in use\.$/);
  const before = await visitor.downloads();
  await visitor.writes();
  assert.ok((await visitor.downloads()) === before, "the same network");

  await visitor.drops("mine.safetensors", file);
  await visitor.hears(/mine\.safetensors does the writing now, until you reload the page\. Ready$/);
  assert.ok((await visitor.hands()) > own, "the hands are those of the file");
  assert.equal(await page.locator(".tile svg").count(), 0, "the pictures were written by another network");
  await visitor.writes("fox");
  assert.ok((await visitor.downloads()) !== before);
  assert.notEqual(new URLSearchParams(new URL(page.url()).hash.slice(1)).get("weights"), new URLSearchParams(new URL(link).hash.slice(1)).get("weights"));

  // The other network has a field besides; it knows no text.
  await page.getByLabel("Your own weights").setInputFiles({
    name: "scribbler.safetensors",
    mimeType: "application/octet-stream",
    buffer: await shipped("prediction-f16.safetensors"),
  });
  await visitor.hears(/scribbler\.safetensors does the scribbling now, where there is no text/);
  await visitor.writes("");
  assert.match(await page.locator("#canvas").getAttribute("aria-label"), /without a text/);

  // Its own again.
  await page.goto("about:blank");
  await page.goto(link);
  assert.doesNotMatch(await visitor.hears(/Done$/), /different weights/);
  assert.equal(await visitor.hands(), own);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("where the site's own network does not come, one from a file writes", async () => {
  const visitor = await come({ route: [/weights\/.*safetensors/, (route) => route.fulfill({ status: 404 })], ready: /can’t be downloaded/ });
  await visitor.speed("At once");
  await visitor.drops("mine.safetensors", await shipped("synthesis.safetensors"));
  await visitor.hears(/mine\.safetensors does the writing now/);
  await visitor.writes("fox");
  assert.ok((await visitor.inked()) > 0);
  await visitor.leave();
});
