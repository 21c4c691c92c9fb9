// Capturing a hand: drawn with the mouse, from ink that the network wrote.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { SENTENCE, withCaptureDialog, written } from "./drawing.js";
import { open, strokes } from "./site.js";

const site = await open();

/** A visitor who can use the capture dialog. */
async function come(visit = {}) {
  return withCaptureDialog(await site.come({ query: "?engine=cpu", viewport: { width: 1280, height: 900 }, ...visit }));
}

test("a hand is drawn, stored, written in, restored, exported, renamed, deleted and imported", async () => {
  const visitor = await come();
  const { page, dialog } = visitor;
  await visitor.speed("At once");
  await visitor.writes("hello you");
  const nobodys = await visitor.downloads();
  const ink = await written(page, SENTENCE, "Slanted");

  await visitor.asks();
  await visitor.draws(ink);
  await page.keyboard.press("Control+z");
  assert.equal(await dialog.locator("#capture-pad .strokes path").count(), ink.length - 1);
  await visitor.draws([ink[ink.length - 1]]);
  await visitor.press("Undo stroke");
  await dialog.getByLabel("Name", { exact: true }).fill("Mine");
  await visitor.leaves("Use without learning");
  assert.equal(await visitor.tile("Mine").isChecked(), true);
  const opener = await page.evaluate(() => document.activeElement.id);
  assert.equal(opener, "capture-open", "focus is back where it was");
  await visitor.writes("hello you");
  const mine = await visitor.downloads();
  assert.ok(mine !== nobodys);
  // How many strokes they are depends on the pen's own time, and so on how busy the machine was.
  assert.ok(strokes(mine).flat().length > 200);
  await visitor.writes();
  assert.ok((await visitor.downloads()) === mine, "the same again");
  // Without a text it is in nobody's hand: it begins at the left, not where the hand's ink ends.
  await visitor.writes("");
  const scribble = strokes(await visitor.downloads()).flat();
  const left = scribble.filter((_, i) => i % 2 === 0).reduce((least, x) => Math.min(least, x));
  assert.ok(left > 0 && left < 20, `${left} mm from the edge`);
  await visitor.writes("hello you");

  // It is still there, and so is the link to it.
  const link = page.url();
  assert.match(link, /captured=[0-9a-f]{16}/);
  await page.goto("about:blank");
  await page.goto(link);
  await visitor.hears(/Done$/);
  assert.equal(await visitor.tile("Mine").isChecked(), true);
  await visitor.speed("At once");
  await visitor.writes();
  assert.ok((await visitor.downloads()) === mine, "as before");

  // Its file goes out, it is renamed and deleted, and comes back from the file.
  await visitor.opens();
  const [download] = await Promise.all([page.waitForEvent("download"), visitor.press("Export Mine")]);
  assert.equal(download.suggestedFilename(), "Mine.running-hand.json");
  const file = await readFile(await download.path(), "utf8");
  await dialog.getByLabel("Name of the hand Mine").fill("Yours");
  await page.keyboard.press("Enter");
  await visitor.told(/called “Yours”/);
  assert.equal(await visitor.tile("Yours").isChecked(), true, "the one chosen stays chosen");
  const give = (buffer, name = "hand.json") =>
    dialog.getByLabel("Open a hand or ink").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(buffer) });
  const { kept } = visitor;
  const before = await kept();
  for (const [bad, reason] of [
    [file.slice(0, 900), /incomplete/],
    [file.replace(/"samples":\d+/, '"samples":9'), /damaged: strokes are missing/],
    [file.replace(SENTENCE, "I wrote this as always"), /damaged: its text or strokes/],
    ["GIF89a", /cannot be read as a hand/],
    ["", /empty/],
  ]) {
    await give(bad);
    await visitor.told(reason);
    assert.equal(await kept(), before, "what was kept stays");
  }
  await visitor.press("Delete Yours");
  await visitor.press("Really delete Yours?");
  await visitor.told(/deleted/);
  assert.equal(await visitor.tile("Yours").count(), 0);
  // What a hand can still be learnt from stays until it is cleared.
  await visitor.press("Sentence 1 of 4");
  await visitor.press("Clear");
  assert.equal(await kept(), "{}");
  await give(file);
  await visitor.told(/“Mine” has been imported/);
  await visitor.press("Close");
  await visitor.writes();
  assert.ok((await visitor.downloads()) === mine, "the same hand");
  assert.deepEqual(visitor.complaints, []);

  // Who opens the link elsewhere is told.
  const other = await site.come({ query: `?engine=cpu${new URL(link).hash}`, ready: /Done$/ });
  assert.match(await other.status.textContent(), /stays on their device/);
  await other.leave();
  await visitor.leave();
});

test("ink that is too little, or says something else, is answered with advice", async () => {
  const visitor = await come();
  const { page, dialog } = visitor;
  const ink = await written(page, SENTENCE, "Round");
  await visitor.asks("The weather is fine today");
  for (const name of ["Use without learning", "Learn my hand"]) {
    assert.equal(await dialog.getByRole("button", { name }).isDisabled(), true, "nothing is drawn");
  }
  await visitor.draws([[[0, 0]]]);
  await visitor.press("Learn my hand");
  await visitor.told(/only a dot/);
  await visitor.draws([[[0, 0], [500, 2], [1000, 0], [2000, 3]]]);
  await visitor.press("Learn my hand");
  await visitor.told(/too little ink|flat line/);
  await visitor.press("Clear");
  // A drawing that is no writing: a spiral.
  await visitor.draws([Array.from({ length: 400 }, (_, k) => [k * Math.cos(k / 8), k * Math.sin(k / 8)])], 0.3);
  await visitor.press("Use without learning");
  await visitor.told(/doesn’t seem to say|more ink|too little ink|right to left|too steeply/);
  await visitor.press("Clear");
  assert.equal(await visitor.page.locator("#capture-advice").textContent(), "", "advice goes with what it was about");
  await visitor.draws(ink);
  // It is read when the visitor goes on, and is to be looked at again before a hand is learnt.
  await visitor.press("Next sentence");
  await visitor.told(/^Sentence 1: .*(doesn’t seem to say the sentence|more ink than|end of the sentence)/);
  await dialog.getByRole("button", { name: "Sentence 1 of 4, needs another look" }).waitFor();
  await visitor.press("Learn my hand");
  await visitor.told(/^[^:]*(doesn’t seem to say the sentence|more ink than|end of the sentence)/);
  assert.deepEqual(Object.keys(JSON.parse(await visitor.kept())), ["running-hand.sentences"]);
  const sentence = dialog.getByRole("textbox", { name: "Sentence 1 of 4" });
  for (const [text, reason] of [["", /Type the sentence/], ["Hi", /too short/]]) {
    await sentence.fill(text);
    await visitor.press("Use without learning");
    await visitor.told(reason);
  }
  // It may be mistaken: a visitor who insists has the last word.
  await sentence.fill("The weather is fine today");
  await visitor.press("Use without learning");
  await visitor.told(/doesn’t seem to say the sentence|more ink than|end of the sentence/);
  await visitor.leaves("Use it anyway");
  assert.equal(await visitor.tile("My hand").isChecked(), true);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("strokes are continued: both they and what follows are on the sheet", async () => {
  const visitor = await come();
  const { page } = visitor;
  await visitor.speed("At once");
  const wave = Array.from({ length: 60 }, (_, k) => [k * 20, 120 * Math.sin(k / 3)]);
  await visitor.opens("Continue my strokes");
  await visitor.drawsByMouse([wave, [[300, -200], [800, -190]]], 0.3);
  await visitor.leaves("Continue from here");
  const found = strokes(await visitor.downloads());
  assert.ok(found.length > 2 && found.slice(2).flat().length > 200, `${found.length} strokes`);
  const ends = (stroke) => Math.max(...stroke.filter((_, i) => i % 2 === 0));
  assert.ok(found[0].length > 40, "the wave");
  assert.ok(ends(found[0]) < ends(found[2]) + 4000);
  assert.equal(found[1].length < 40, true, "the bar");
  await visitor.opens("Continue my strokes");
  assert.equal(await page.locator("#capture-pad .strokes path").count(), 2, "they are still there, to add to");
  assert.deepEqual(visitor.complaints, []);
  // The link holds them, too.
  const friend = await come({ query: page.url().slice(site.address.length), ready: /Done$/, reducedMotion: "reduce" });
  await visitor.leave();
  assert.doesNotMatch(await friend.status.textContent(), /different weights|damaged/);
  assert.deepEqual(strokes(await friend.downloads()), found);
  await friend.page.getByRole("button", { name: "Another take" }).click();
  await friend.hears(/Done$/);
  const other = strokes(await friend.downloads());
  // More lines may follow, for which the sheet has them higher.
  const across = (all) => all.slice(0, 2).map((stroke) => stroke.filter((_, i) => i % 2 === 0));
  assert.deepEqual(across(other), across(found), "the visitor's own stay");
  assert.notDeepEqual(other, found);
  // Other paper writes them once more, too, a moment later.
  await friend.more();
  await friend.page.getByLabel("Paper", { exact: true }).selectOption("card");
  await friend.page.waitForTimeout(600);
  await friend.hears(/Done$/);
  const onCard = strokes(await friend.downloads());
  assert.deepEqual(onCard.slice(0, 2).map(({ length }) => length), found.slice(0, 2).map(({ length }) => length));
  await friend.leave();
});

test("without storage a hand lasts for the visit, and that is said; the dialog is accessible", async () => {
  const visitor = await come({ bypassCSP: true });
  const { page, dialog } = visitor;
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  // axe is put into the page, which its policy would rightly refuse.
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
  const ink = await written(page, SENTENCE, "Plain");
  await visitor.asks();
  const serious = await page.evaluate(async () => {
    const { violations } = await window.axe.run("#capture");
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  });
  assert.deepEqual(serious, []);
  await visitor.draws(ink);
  await visitor.told(/no room left to store what you write/);
  assert.match(await visitor.leaves("Use without learning"), /no room left to store the hand/);
  assert.equal(await visitor.tile("My hand").isChecked(), true);
  await visitor.opens();
  await dialog.getByRole("button", { name: "Export My hand" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await dialog.isVisible(), false);
  await visitor.leave();
});
