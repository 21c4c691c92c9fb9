// The page in a real browser: writing, settings, links, and what goes wrong.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { file, open, strokes } from "./site.js";

const site = await open();

const come = (visit = {}) => site.come({ query: "?engine=cpu", ...visit });

/** One for several tests, in which the ink is drawn at once. @type {any} */
let common;
async function same() {
  if (!common) {
    common = await come();
    await common.speed("At once");
  }
  return common;
}

test("press Write: typed text becomes ink on the sheet, and the status line says how and when", async () => {
  const visitor = await come();
  assert.equal(await visitor.status.textContent(), "Ready");
  assert.match(await visitor.engine(), /^CPU · SIMD/);
  assert.equal(await visitor.inked(), 0);
  await visitor.speed("At once");
  await visitor.writes("hello");
  assert.ok((await visitor.inked()) > 0.0005);
  assert.equal(await visitor.page.locator("#canvas").getAttribute("aria-label"), "Handwriting: hello");
  const foreign = visitor.requests.filter((address) => !address.startsWith(site.address) && !address.startsWith("blob:"));
  assert.deepEqual(foreign, [], "nothing is fetched from elsewhere");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("the pen moves: ink grows while it writes, and Stop keeps what is there", async () => {
  const visitor = await come();
  await visitor.speed("Natural speed");
  await visitor.text.fill("a longer line, slowly");
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  const ink = () => visitor.inked();
  const grown = async (than) => {
    for (let tries = 0; tries < 200; tries++) {
      const now = await ink();
      if (now > than) return now;
      await visitor.page.waitForTimeout(100);
    }
    throw new Error(`ink stays at ${than}`);
  };
  const first = await grown(0);
  await grown(first);
  await visitor.page.getByRole("button", { name: "Stop" }).click();
  await visitor.hears(/Stopped$/);
  const part = strokes(await visitor.downloads());
  assert.ok(part.length >= 1);
  await visitor.speed("At once");
  await visitor.writes();
  const whole = strokes(await visitor.downloads());
  assert.ok(whole.flat().length > part.flat().length, "the stopped line was not finished");
  // Where exactly it is depends on the rest of the line, which is set on its rule as a whole.
  assert.ok(Math.abs(whole[0][0] - part[0][0]) < 2, `and was the same line: ${whole[0][0]} ${part[0][0]} mm`);
  await visitor.leave();
});

test("a seed repeats its writing; another seed, more bias or temperature changes it", async () => {
  const visitor = await same();
  const write = async () => {
    await visitor.writes("again");
    return visitor.downloads();
  };
  const first = await write();
  assert.equal(await write(), first);
  await visitor.slide("Neatness (bias)", 1.5);
  const neat = await write();
  assert.notEqual(neat, first);
  await visitor.slide("Wildness (temperature)", 1.5);
  assert.notEqual(await write(), neat);
  await visitor.slide("Neatness (bias)", 0.75);
  await visitor.slide("Wildness (temperature)", 1);
  assert.equal(await write(), first);
  const seed = visitor.page.getByLabel("Seed", { exact: true });
  const usual = await seed.inputValue();
  await visitor.page.getByRole("button", { name: "Another take" }).click();
  await visitor.hears(/Done$/);
  assert.notEqual(await seed.inputValue(), usual);
  assert.notEqual(await write(), first);
  await seed.fill(usual);
  assert.equal(await write(), first);
});

test("hands differ", async () => {
  const visitor = await same();
  const hands = await visitor.page.locator(".tile").allTextContents();
  assert.ok(hands.length >= 3, hands.join());
  const found = new Set();
  for (const label of hands.slice(0, 3)) {
    await visitor.choosesHand(label);
    await visitor.writes("hand");
    found.add(await visitor.downloads());
  }
  assert.equal(found.size, 3);
});

test("words that may be hard to read are named when all is written", async () => {
  const text = encodeURIComponent("The lighthouse keeper telephoned about a boat full of zebras");
  const visitor = await come({ query: `?engine=cpu#text=${text}&seed=3&bias=0&temperature=2`, ready: /Done$/, reducedMotion: "reduce" });
  assert.match(await visitor.status.textContent(), /May be hard to read: lighthouse\. Another take may come out better\. Done$/);
  await visitor.writes("it");
  assert.doesNotMatch(await visitor.status.textContent(), /hard to read/);
  await visitor.leave();
});

test("without text, or with Scribble, the network writes on its own", async () => {
  const visitor = await same();
  await visitor.writes("  ");
  assert.equal(await visitor.page.locator("#canvas").getAttribute("aria-label"), "Handwriting without a text");
  const scribble = await visitor.downloads();
  assert.ok(strokes(scribble).length > 5);
  await visitor.page.getByLabel("Ignore the text and scribble").check();
  await visitor.writes("some text");
  assert.equal(await visitor.downloads(), scribble, "the text does not matter");
  await visitor.page.getByLabel("Ignore the text and scribble").uncheck();
});

test("the SVG is well-formed: one unfilled path per stroke", async () => {
  // The page's policy lets nobody parse.
  const visitor = await come({ bypassCSP: true });
  await visitor.speed("At once");
  await visitor.writes("it");
  const svg = await visitor.downloads();
  const found = await visitor.page.evaluate((svg) => {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
    const paths = [...parsed.querySelectorAll("path")];
    return {
      error: parsed.querySelector("parsererror")?.textContent,
      paths: paths.length,
      filled: paths.filter((path) => path.closest("[fill]")?.getAttribute("fill") !== "none").length,
    };
  }, svg);
  assert.deepEqual(found, { error: undefined, paths: strokes(svg).length, filled: 0 });
  assert.ok(found.paths > 0);
  await visitor.leave();
});

test("long text is wrapped, and line breaks are kept", async () => {
  const visitor = await same();
  await visitor.page.getByLabel("Letters per line").fill("12");
  await visitor.writes("one two three four\nfive");
  const lines = new Set(strokes(await visitor.downloads()).map(([, y]) => Math.round(y / 10.88)));
  assert.ok(lines.size >= 3, [...lines].join());
  await visitor.page.getByLabel("Letters per line").fill("36");
});

test("what cannot be written is named, and the rest is written", async () => {
  const visitor = await same();
  const said = () => visitor.page.locator("#unwritable").textContent();
  assert.equal(await visitor.writes("a😀 né ж"), "Done");
  assert.equal(await said(), "Left out: 😀. Written differently: ж as zh.");
  await visitor.text.fill("😀");
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.hears(/There is nothing to write: the network knows none of these characters\./);
  await visitor.page.locator("#unwritable").filter({ hasText: /^Left out: 😀\.$/ }).waitFor();
  assert.ok((await visitor.inked()) > 0, "what was written before stays");
  await visitor.writes("<b>&amp;</b>");
  assert.equal(await visitor.page.locator("[role=status] b").count(), 0, "text never becomes HTML");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("a seed that is none is refused where it stands", async () => {
  const visitor = await come();
  await visitor.more();
  await visitor.page.getByLabel("Seed", { exact: true }).fill("");
  await visitor.page.locator("#more > summary").click();
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  assert.match(await visitor.status.textContent(), /Ready$/);
  assert.ok(await visitor.page.evaluate(() => document.activeElement?.id === "seed"));
  await visitor.leave();
});

test("pressing Write again starts over, and nothing of the first text is left", async () => {
  const visitor = await come();
  await visitor.text.fill("the first text, which is long");
  const write = visitor.page.getByRole("button", { name: "Write", exact: true });
  await write.click();
  await visitor.hears(/Writing …$/);
  await visitor.speed("At once");
  await visitor.text.fill("two");
  await write.click();
  await visitor.hears(/Done$/);
  const twice = await visitor.downloads();
  await visitor.writes("two");
  assert.equal(twice, await visitor.downloads());
  await visitor.leave();
});

test("thirty random presses leave one text, the last one asked for", async () => {
  const visitor = await come();
  const button = (name) => visitor.page.getByRole("button", { name, exact: true });
  let random = 1;
  for (let press = 0; press < 30; press++) {
    random = (random * 48271) % 2147483647;
    await visitor.text.fill(`press ${press}`);
    const name = ["Write", "Stop", "Another take"][random % 3];
    if (await button(name).isEnabled()) await button(name).click();
    await visitor.page.waitForTimeout(random % 40);
  }
  await visitor.speed("At once");
  await visitor.page.getByLabel("Seed", { exact: true }).fill("5");
  await visitor.writes("last");
  const ink = await visitor.downloads();
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
  const calm = await come();
  await calm.speed("At once");
  await calm.page.getByLabel("Seed", { exact: true }).fill("5");
  await calm.writes("last");
  assert.equal(await calm.downloads(), ink);
  await calm.leave();
});

test("a link writes the same again, somewhere else", async () => {
  const visitor = await come({ permissions: ["clipboard-read", "clipboard-write"] });
  await visitor.speed("At once");
  await visitor.slide("Neatness (bias)", 1.2);
  await visitor.choosesHand("Open");
  await visitor.page.getByLabel("Seed", { exact: true }).fill("77");
  await visitor.writes("send & <b>share</b> #1\nnext line");
  const ink = await visitor.downloads();
  await visitor.page.getByRole("button", { name: "Copy link" }).click();
  await visitor.hears(/Link copied\.$/);
  const link = await visitor.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, visitor.page.url(), "it is the address as well");
  await visitor.leave();
  const friend = await come({ query: link.slice(site.address.length), ready: /Done$/, reducedMotion: "reduce" });
  assert.equal(await friend.text.inputValue(), "send & <b>share</b> #1\nnext line");
  assert.equal(await friend.downloads(), ink);
  assert.deepEqual(friend.complaints, []);
  await friend.leave();
});

test("a link of a scribble is of the network that scribbles", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  await visitor.more();
  await visitor.page.getByLabel("Seed", { exact: true }).fill("5");
  await visitor.writes("a text");
  const named = () => new URL(visitor.page.url().replace("#", "?")).searchParams.get("weights");
  const writes = named();
  await visitor.writes("");
  assert.match(named(), /^[0-9a-f]{16}$/);
  assert.notEqual(named(), writes);
  const [address, ink] = [visitor.page.url(), await visitor.downloads()];
  await visitor.leave();
  const query = address.slice(site.address.length);
  const friend = await come({ query, ready: /Done$/, reducedMotion: "reduce" });
  assert.doesNotMatch(await friend.status.textContent(), /different weights/);
  assert.equal(await friend.downloads(), ink);
  await friend.leave();
  const other = await come({ query: query.replace(/weights=\w+/, `weights=${writes}`), ready: /Done$/, reducedMotion: "reduce" });
  assert.match(await other.status.textContent(), /different weights/);
  await other.leave();
});

test("a link that is damaged or made with other weights says so and writes what it can", async () => {
  const query = "?engine=cpu#text=still&seed=3&bias=much&columns=1e9&style=nobody&weights=0123456789abcdef";
  const visitor = await come({ query, ready: /Done$/, reducedMotion: "reduce" });
  const status = await visitor.status.textContent();
  assert.match(status, /The link’s neatness isn’t a number, so the default was used\./);
  assert.match(status, /letters per line isn’t between 10 and 60, so 60 was used\./);
  assert.match(status, /no hand called “nobody”/);
  assert.match(status, /different weights/);
  assert.ok((await visitor.inked()) > 0);
  await visitor.leave();
});

test("with motion reduced the ink is there at once", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  await visitor.writes("At a hand's pace this would take eight seconds.");
  assert.ok(await visitor.page.locator("#pen").isHidden());
  assert.ok((await visitor.inked()) > 0);
  await visitor.leave();
});

test("where there is no WebGPU the page says so and the CPU writes", async () => {
  const visitor = await come({ query: "" });
  assert.match(await visitor.engine(), /^CPU · SIMD\. No GPU engine.*The CPU engine writes instead\.$/);
  await visitor.speed("At once");
  await visitor.writes("on");
  assert.ok((await visitor.inked()) > 0);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("an engine that does not exist is named", async () => {
  const visitor = await come({ query: "?engine=abacus" });
  assert.match(await visitor.status.textContent(), /There is no engine “abacus”, only cpu and gpu\. Ready$/);
  await visitor.leave();
});

/** A file with one bit changed, far in. @param {Buffer} bytes */
function flipped(bytes) {
  const changed = Buffer.from(bytes);
  changed[bytes.length - 1000] ^= 1;
  return changed;
}

const whole = await file("weights/synthesis.safetensors");
for (const [name, answer, message] of [
  ["is missing", { status: 404 }, /synthesis\.safetensors can’t be downloaded: the server answered 404/],
  ["is truncated", { body: whole.subarray(0, 100_000) }, /synthesis\.safetensors arrived damaged, twice: 100000 bytes of \d+\. Reload/],
  ["is a web page", { body: "<!doctype html><p>Hello" }, /synthesis\.safetensors arrived damaged, twice: .*it is a web page\./],
  ["holds another network", { body: await file("weights/prediction.safetensors") }, /synthesis\.safetensors arrived damaged, twice/],
  ["has one bit changed", { body: flipped(whole) }, /synthesis\.safetensors arrived damaged, twice: its content differs\./],
  ["is empty", { body: "" }, /synthesis\.safetensors arrived damaged, twice: it is empty\./],
]) {
  test(`a weights file that ${name}: the page says so and stays usable`, async () => {
    const route = ["**/synthesis.safetensors", (route) => route.fulfill(answer)];
    const visitor = await come({ route, ready: message });
    assert.ok(await visitor.page.getByRole("button", { name: "Write", exact: true }).isDisabled());
    assert.ok(await visitor.text.isEditable());
    assert.deepEqual(visitor.complaints.filter((complaint) => !complaint.includes("404")), []);
    await visitor.leave();
  });
}

test("a download that is broken once is repeated, and nobody notices", async () => {
  let times = 0;
  const route = ["**/synthesis.safetensors", (route) => (times++ ? route.continue() : route.fulfill({ body: flipped(whole) }))];
  const visitor = await come({ route });
  assert.equal(times, 2);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("parts of two versions of the site do not work together, and the page says so", async () => {
  let times = 0;
  const list = String(await file("util/site-files.js")).replace(/build: "/, 'build: "other');
  const answer = { body: list, contentType: "text/javascript" };
  const route = ["**/site-files.js", (route) => (times++ ? route.fulfill(answer) : route.continue())];
  const visitor = await come({ route, ready: /The site changed while this page was loading.* Reload the page\./ });
  await visitor.leave();
});

test("the unconditional network is missed only by those who ask for it", async () => {
  const route = ["**/prediction.safetensors", (route) => route.fulfill({ status: 404 })];
  const visitor = await come({ route });
  await visitor.speed("At once");
  await visitor.writes("text");
  await visitor.text.fill("");
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.hears(/prediction\.safetensors can’t be downloaded.*404/);
  await visitor.writes("text");
  await visitor.leave();
});

test("an engine that does not start is explained", async () => {
  const route = ["**/worker.js", (route) => route.fulfill({ status: 404 })];
  const visitor = await come({ route, ready: /The engine did not start.*WebAssembly SIMD/ });
  await visitor.leave();
});

test("axe finds nothing serious, light or dark, empty or written", async () => {
  const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  for (const colorScheme of ["light", "dark"]) {
    // axe is put into the page, which its policy would rightly refuse.
    const visitor = await come({ colorScheme, bypassCSP: true });
    await visitor.speed("At once");
    await visitor.writes("axe");
    await visitor.page.addScriptTag({ path: axe });
    const examine = async (part) => {
      const { violations } = await visitor.page.evaluate((part) => window.axe.run(part, { resultTypes: ["violations"] }), part);
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
    };
    await examine("html");
    await visitor.page.getByRole("button", { name: "Download or print" }).click();
    await visitor.choosesFormat("gcode");
    await examine("dialog[open]");
    await visitor.leave();
  }
});
