// The page in Firefox, with the CPU engine: what a visitor does most.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Visitor, launchFirefox, serve, strokes } from "./site.js";

let server, browser, folder;

before(async () => {
  server = await serve();
  folder = await mkdtemp(join(tmpdir(), "longhand-downloads-"));
  browser = await launchFirefox({ downloadsPath: folder });
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
  server.close();
});

/** A visitor with a browser of their own. */
const come = async (query = "?engine=cpu", ready = /Ready$/) =>
  Visitor.open(await browser.newContext({ acceptDownloads: true }), server.address + query, ready);

/** The ink as it is downloaded: Firefox tells Playwright of no download, but makes the file. */
async function downloads({ page }) {
  await page.getByRole("button", { name: "Take it with you" }).click();
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.keyboard.press("Escape");
  const file = join(folder, "longhand.svg");
  for (let tries = 0; tries < 300; tries++) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.trimEnd().endsWith("</svg>")) {
      await rm(file);
      return text;
    }
    await page.waitForTimeout(100);
  }
  throw new Error("no longhand.svg was downloaded");
}

test("typed text becomes ink; by keyboard Ctrl+Enter writes and Escape stops; Stop keeps what is there", async () => {
  const visitor = await come();
  assert.match(await visitor.status.textContent(), /^CPU · SIMD .*Ready$/);
  assert.equal(await visitor.inked(), 0);
  await visitor.speed("As a hand writes");
  await visitor.text.fill("a longer line, slowly");
  await visitor.text.press("Control+Enter");
  await visitor.hears(/Writing …$/);
  await visitor.page.waitForTimeout(1000);
  await visitor.page.keyboard.press("Escape");
  await visitor.hears(/Stopped$/);
  assert.ok((await visitor.inked()) > 0);
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.hears(/Writing …$/);
  await visitor.page.getByRole("button", { name: "Stop" }).click();
  await visitor.hears(/Stopped$/);
  await visitor.speed("At once");
  await visitor.writes("hello");
  assert.ok((await visitor.inked()) > 0.0005);
  assert.equal(await visitor.page.locator("#canvas").getAttribute("aria-label"), "Handwriting: hello");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("the ink is downloaded, and a link writes it again", async () => {
  const visitor = await come();
  await visitor.speed("At once");
  await visitor.writes("from here");
  const ink = await downloads(visitor);
  assert.ok(strokes(ink).length >= 3);
  const link = visitor.page.url();
  assert.match(link, /#.*text=from/);
  await visitor.leave();
  const friend = await come(link.slice(server.address.length), /(Writing …|Done)$/);
  assert.equal(await friend.text.inputValue(), "from here");
  await friend.speed("At once");
  await friend.writes();
  assert.equal(await downloads(friend), ink);
  assert.deepEqual(friend.complaints, []);
  await friend.leave();
});

test("axe finds nothing serious; dialogs open and close by keyboard", async () => {
  const visitor = await come();
  await visitor.speed("At once");
  await visitor.writes("axe");
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const check = async () => {
    await visitor.page.evaluate(axe);
    const { violations } = await visitor.page.evaluate(() => window.axe.run());
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
  };
  await check();
  for (const name of ["Take it with you", "Your own hand …"]) {
    const opener = visitor.page.getByRole("button", { name, exact: true });
    await opener.press("Enter");
    const dialog = visitor.page.locator("dialog[open]");
    await dialog.waitFor();
    await check();
    await visitor.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("see it think: the pen waits, steps and is moved by keyboard, with the numbers of the moment", async () => {
  const visitor = await come();
  const { page } = visitor;
  const press = (name) => page.locator("#think").getByRole("button", { name }).press("Enter");
  const shows = (point) =>
    page.waitForFunction(
      (point) => document.querySelector("#think-point").getAttribute("aria-valuetext")?.startsWith(`${point} of`),
      point,
    );
  const size = async () => (await page.locator("#think .live").first().textContent()).match(/= (\d\.\d+)/)[1];
  await page.getByRole("button", { name: "See it think" }).press("Enter");
  await visitor.text.fill("think");
  await visitor.text.press("Control+Enter");
  await page.waitForFunction(() => Number.parseInt(document.querySelector("#think .where")?.textContent) > 3);
  await press("Pause");
  const held = Number.parseInt(await page.locator("#think .where").textContent());
  await press("Step");
  await shows(held + 1);
  const before = await size();
  await page.getByLabel("Point", { exact: true }).focus();
  await page.keyboard.press("Home");
  await shows(1);
  assert.match(await page.locator("#think").textContent(), /Mostly on “t”, character 1 of 5\./);
  assert.notEqual(await size(), before);
  await page.getByRole("button", { name: "See it think" }).press("Enter");
  await visitor.hears(/Done$/);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("after one visit it works with the network off", async () => {
  const visitor = await come();
  await visitor.kept();
  server.close();
  await visitor.page.reload();
  await visitor.hears(/Ready$/);
  await visitor.speed("At once");
  await visitor.writes("no network");
  assert.ok((await visitor.inked()) > 0);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});
