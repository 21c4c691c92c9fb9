// The page in Firefox with the CPU engine: what visitors do besides points.test.js, once.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test as testOnce } from "node:test";
import { withCaptureDialog } from "./drawing.js";
import { Visitor, launchFirefox, serve, strokes } from "./site.js";

let server, browser, folder;

before(async () => {
  server = await serve();
  folder = await mkdtemp(join(tmpdir(), "running-hand-downloads-"));
  browser = await launchFirefox({ downloadsPath: folder });
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
  server.close();
});

/** A visitor with a browser of their own. */
const come = async (query = "?engine=cpu", ready = /Ready$/) =>
  Visitor.open(await browser.newContext({ acceptDownloads: true, viewport: { width: 1280, height: 900 } }), server.address + query, ready);

/**
 * A test on a fresh page, in which the ink is drawn at once. It is tried again if it fails, which is reported: on a busy
 * machine a worker of Firefox stops answering in one of about thirty runs, for a reason not known yet. A fault of the
 * page fails both times.
 */
function test(name, steps) {
  testOnce(name, async (context) => {
    const begin = async () => {
      const visitor = withCaptureDialog(await come());
      await visitor.speed("At once");
      await steps(visitor);
      // Firefox reports XML that it cannot read by itself.
      assert.deepEqual(visitor.complaints.filter((complaint) => !complaint.startsWith("no root element found")), []);
      await visitor.leave();
    };
    try {
      await begin();
    } catch (error) {
      context.diagnostic(`tried again: ${error.message}`);
      await rm(folder, { recursive: true });
      await mkdir(folder);
      await begin();
    }
  });
}

/** The sheet as downloaded. */
async function downloads(visitor) {
  await visitor.page.getByRole("button", { name: "Download or print" }).click();
  const svg = await saves(visitor, "svg", "svg", "</svg>");
  await visitor.page.keyboard.press("Escape");
  return svg;
}

/** A file from the open dialog. Playwright gets no download events from Firefox, so this waits for the file. */
async function saves(visitor, format, ending, end) {
  const { page } = visitor;
  await visitor.choosesFormat(format);
  // What the last one said is no news.
  await page.locator("#export-message").evaluate((message) => (message.textContent = ""));
  await page.getByRole("button", { name: "Download", exact: true }).click();
  const message = page.locator("#export-message").filter({ hasText: "is in your downloads" });
  const [name] = (await message.textContent({ timeout: 60_000 })).split(" ");
  assert.match(name, new RegExp(`^[a-z0-9-]+\\.${ending}$`));
  const file = join(folder, name);
  for (let tries = 0; tries < 300; tries++) {
    const text = await readFile(file, "latin1").catch(() => "");
    if (text !== "" && text.trimEnd().endsWith(end)) {
      await rm(file);
      return text;
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`no ${name} was downloaded`);
}

/** What the canvas shows. */
const picture = ({ page }) => page.locator("#canvas").evaluate((canvas) => canvas.toDataURL());

test("Ctrl+Enter writes, Escape stops, and so does Stop, which keeps what is there", async (visitor) => {
  const { page } = visitor;
  await visitor.speed("Natural speed");
  const moves = () => page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
  await visitor.text.fill("a longer line, slowly");
  await visitor.text.press("Control+Enter");
  await visitor.hears(/Writing …$/);
  await moves();
  await page.keyboard.press("Escape");
  await visitor.hears(/Stopped$/);
  assert.ok((await visitor.inked()) > 0);
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.hears(/Writing …$/);
  await moves();
  await page.getByRole("button", { name: "Stop" }).click();
  await visitor.hears(/Stopped$/);
  assert.ok((await visitor.inked()) > 0);
});

test("the ink is downloaded, and a link writes it again", async (visitor) => {
  await visitor.writes("from here");
  const ink = await downloads(visitor);
  assert.ok(strokes(ink).length >= 3);
  const link = visitor.page.url();
  assert.match(link, /#.*text=from/);
  await visitor.writes("something else");
  await visitor.page.evaluate((address) => location.assign(address), link);
  await visitor.page.getByRole("img", { name: "Handwriting: from here" }).waitFor();
  assert.equal(await visitor.text.inputValue(), "from here");
  assert.equal(await downloads(visitor), ink);
});

test("axe finds nothing serious; dialogs open and close by keyboard", async (visitor) => {
  await visitor.writes("axe");
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await visitor.page.evaluate(axe);
  const check = async (part) => {
    const { violations } = await visitor.page.evaluate((part) => window.axe.run(part, { resultTypes: ["violations"] }), part);
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
  };
  await check("html");
  for (const name of ["Download or print", "Your own hand …"]) {
    const opener = visitor.page.getByRole("button", { name, exact: true });
    await opener.press("Enter");
    const dialog = visitor.page.locator("dialog[open]");
    await dialog.waitFor();
    await check("dialog[open]");
    await visitor.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
});

test("a letter of paragraphs goes on ruled cards, sheet by sheet; Stop in the middle keeps what is there", async (visitor) => {
  const { page } = visitor;
  await visitor.more();
  for (const [label, value] of [["Paper", "card"], ["Ruling", "ruled"], ["Letter size", "large"]]) {
    await page.getByLabel(label, { exact: true }).selectOption(value);
  }
  const letter = Array.from({ length: 14 }, (_, index) => `line ${index + 1}`).join("\n");
  await visitor.writes(`Dear reader,\n\n${letter}`);
  const sheets = page.getByRole("navigation", { name: "Sheets" });
  const [, , count] = /Sheet (\d+) of (\d+)/.exec(await sheets.textContent()).map(Number);
  assert.ok(count >= 2);
  const first = await picture(visitor);
  await page.getByRole("button", { name: "Next sheet" }).click();
  assert.notEqual(await picture(visitor), first);
  const words = Array.from({ length: 10_000 }, (_, index) => `word${index % 90}`).join(" ");
  await visitor.text.fill(words);
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.waitForFunction(() => Number(/(\d+) of/.exec(document.querySelector("#line-number").textContent)?.[1]) > 3);
  await page.getByRole("button", { name: "Stop" }).click();
  await visitor.hears(/Stopped$/);
  assert.ok((await visitor.inked()) > 0);
  await visitor.writes("and on");
});

test("hands are chosen by picture, mixed, and met by surprise; pens, inks and slant are seen at once", async (visitor) => {
  const { page } = visitor;
  await visitor.writes("ink");
  const inks = new Set([await picture(visitor)]);
  assert.ok((await page.locator(".tile svg path").count()) > 12);
  const settled = async () => {
    await page.waitForTimeout(400);
    await visitor.hears(/Done$/);
    inks.add(await picture(visitor));
  };
  await visitor.choosesHand("Flowing");
  await settled();
  await page.getByLabel("Mix with").selectOption("Round");
  await visitor.slide("How much of it", 0.6);
  await settled();
  await page.getByRole("button", { name: "Surprise me" }).click();
  await settled();
  assert.equal(inks.size, 4, "each wrote otherwise");
  const seen = new Set([await picture(visitor)]);
  for (const [label, value] of [["Slant", "20"], ["Wander", "1"], ["Line width", "2"]]) {
    await visitor.slide(label, value);
    seen.add(await picture(visitor));
  }
  for (const pen of ["pencil", "fineliner"]) {
    await page.getByLabel("Pen", { exact: true }).selectOption(pen);
    seen.add(await picture(visitor));
  }
  await page.getByRole("radio", { name: "Burgundy" }).check({ force: true });
  seen.add(await picture(visitor));
  assert.equal(seen.size, 7, "each choice is seen");
});

test("strokes are gone on with", async (visitor) => {
  await visitor.opens("Continue my strokes");
  await visitor.drawsByMouse([Array.from({ length: 60 }, (_, k) => [k * 20, 120 * Math.sin(k / 3)])], 0.3);
  await visitor.leaves("Continue from here");
  assert.ok(strokes(await downloads(visitor)).length > 3);
});

test("every file can be taken away, as its preview shows it; ink comes back, a damaged one is refused", async (visitor) => {
  const { page } = visitor;
  await visitor.choosesHand("Round");
  await visitor.writes("to take away");
  await page.getByRole("button", { name: "Download or print" }).click();
  await page.waitForFunction(() => {
    const canvas = document.querySelector("#export-canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 0 && value < 128 && data[i + 3] > 128);
  });
  for (const [format, ending, end] of [
    ["outline", "svg", "</svg>"],
    ["animated", "svg", "</svg>"],
    ["png", "png", "IEND\xaeB`\x82"],
    ["pdf", "pdf", "%%EOF"],
    ["gif", "gif", ";"],
    ["webm", "webm", ""],
    ["lottie", "json", "}"],
    ["hpgl", "hpgl", "SP0;"],
    ["gcode", "gcode", "M2"],
    ["json", "json", "}"],
  ]) {
    if (format === "gif") {
      // Small and quick films.
      await visitor.choosesFormat(format);
      await page.getByLabel("Longer side").selectOption("480");
      await page.getByLabel("Pace").selectOption("10");
      assert.match(await page.locator("#export-length").textContent(), /^\d\.\d s in all$/);
    }
    assert.ok((await saves(visitor, format, ending, end)).length > 500, format);
  }
  const inkml = await saves(visitor, "inkml", "inkml", "</ink>");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Your own hand …" }).click();
  const give = (name, content) =>
    page.getByLabel("Open a hand or ink").setInputFiles({ name, mimeType: "application/inkml+xml", buffer: Buffer.from(content) });
  const told = (pattern) =>
    page.waitForFunction((source) => new RegExp(source).test(document.querySelector("#capture-advice").textContent), pattern.source);
  await give("cut.inkml", inkml.slice(0, 900));
  await told(/incomplete/);
  await give("ink.inkml", inkml);
  await told(/strokes are on the paper/);
  assert.ok((await page.locator("#capture-pad .strokes path").count()) > 5);
});

test("see it think: the pen waits, steps and is moved by keyboard, with the numbers of the moment; two neatnesses are compared", async (visitor) => {
  await visitor.speed("Automatic speed");
  const { page } = visitor;
  const press = (name) => page.locator("#inspector").getByRole("button", { name }).press("Enter");
  const shows = (point) =>
    page.waitForFunction(
      (point) => document.querySelector("#inspector-point").getAttribute("aria-valuetext")?.startsWith(`${point} of`),
      point,
    );
  const size = async () => (await page.locator("#inspector .live").first().textContent()).match(/= (\d\.\d+)/)[1];
  await page.getByRole("button", { name: "See it think" }).press("Enter");
  await visitor.text.fill("think");
  await visitor.text.press("Control+Enter");
  await page.waitForFunction(() => Number.parseInt(document.querySelector("#inspector .where")?.textContent) > 3);
  await press("Pause");
  const held = Number.parseInt(await page.locator("#inspector .where").textContent());
  await press("Step");
  await shows(held + 1);
  const before = await size();
  await page.getByLabel("Point", { exact: true }).focus();
  await page.keyboard.press("Home");
  await shows(1);
  assert.match(await page.locator("#inspector").textContent(), /Mostly on “t”, character 1 of 5\./);
  assert.notEqual(await size(), before);
  await press("Take the tour");
  const tour = page.locator("#inspector").getByRole("dialog");
  await page.keyboard.press("ArrowRight");
  await tour.getByRole("heading", { name: "2 of 5: A mixture of guesses" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await tour.count(), 0, "Escape ends the tour, and does not stop the pen");
  const toggle = page.getByRole("button", { name: "See it think" });
  await toggle.press("Enter");
  await page.locator("#canvas").click();
  await visitor.hears(/Done$/);
  await toggle.press("Enter");
  await page.locator("#inspector").getByText("Compare two levels of neatness").click();
  await page.locator("#inspector").getByRole("img", { name: "“think”, neatness 2.00" }).waitFor();
  const pictures = await page.locator(".biases canvas").evaluateAll((all) => all.map((canvas) => canvas.toDataURL()));
  assert.equal(new Set(pictures).size, 2);
});

test("a link’s absurd values are put right, and that is said; the embedded element writes", async () => {
  const friend = await come("?engine=cpu#seed=4&bias=99&text=%F0%9F%98%80%20ta%09b%20%D7%A9%D7%9C%D7%95%D7%9D&weights=0", /Done$/);
  const said = await friend.status.textContent();
  for (const part of [/neatness isn’t between 0 and 2, so 2 was used/, /different weights/]) assert.match(said, part);
  await friend.page.locator("#unwritable").filter({ hasText: /^Left out: .*😀/ }).waitFor();
  await friend.page.goto(`${server.address}embed.html`);
  await friend.page.waitForFunction(
    () => [...document.querySelectorAll("running-hand")].every((element) => element.points.length && !element.writing),
    undefined,
    { timeout: 120_000 },
  );
  assert.deepEqual(friend.complaints, []);
  await friend.leave();
});

test("after one visit it works with the network off", async (visitor) => {
  await visitor.isCached();
  server.close();
  await visitor.page.reload();
  await visitor.hears(/Ready$/);
  await visitor.writes("no network");
  assert.ok((await visitor.inked()) > 0);
});
