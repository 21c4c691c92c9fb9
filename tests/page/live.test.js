// What answers by itself, beside points.test.js: the greeting on a phone, many takes, the draft, the pen's pace.

import assert from "node:assert/strict";
import { test } from "node:test";
import { suitableRate } from "../../www/sheet/pace.js";
import { open } from "./site.js";

const site = await open();
const come = (visit = {}) => site.come({ query: "?engine=cpu", ...visit });

/** What the canvas shows. */
const picture = (visitor) => visitor.page.locator("#canvas").evaluate((canvas) => canvas.toDataURL());

test("where motion is reduced the greeting is there at once; on a phone no keyboard comes up for it", async () => {
  const phone = await come({ greeting: true, ready: /Done$/, reducedMotion: "reduce", hasTouch: true, isMobile: true });
  const greeting = await phone.text.inputValue();
  assert.ok((await phone.inked()) > 0);
  assert.ok(await phone.text.evaluate((field) => document.activeElement !== field));
  assert.equal(await phone.page.getByRole("img", { name: `Handwriting: ${greeting}` }).count(), 1);
  assert.deepEqual(phone.complaints, []);
  await phone.leave();
});

test("many takes: the oldest go, those that are kept stay, and one whose ink was given up is written again", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  const { page } = visitor;
  await visitor.writes("one");
  await visitor.writes("two");
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  const kept = await picture(visitor);
  for (let seed = 10; seed < 36; seed++) {
    await page.getByLabel("Seed", { exact: true }).evaluate((field, seed) => (field.value = seed), String(seed));
    await visitor.writes("a");
  }
  const names = await page.locator(".take").evaluateAll((all) => all.map((take) => take.getAttribute("aria-label")));
  assert.equal(names.length, 25);
  assert.ok(names.includes("Take 2: two (kept)") && !names.includes("Take 1: one"), names.join());
  await page.getByRole("button", { name: "Take 2: two (kept)" }).click();
  await visitor.hears(/Done$/);
  assert.equal(await picture(visitor), kept);
  // Begun and not waited for: it can be returned to as a whole.
  await visitor.speed("Natural speed");
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await visitor.text.fill("interrupted here");
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
  await page.waitForTimeout(300);
  await visitor.speed("At once");
  await page.getByRole("button", { name: "Another take" }).click();
  await visitor.hears(/Done$/);
  await page.getByRole("button", { name: /^Take \d+: interrupted here$/ }).first().click();
  await page.waitForFunction(() => document.querySelector("#canvas").getAttribute("aria-label") === "Handwriting: interrupted here");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("a draft is there after a reload, with its settings, and written for who comes back", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  const { page } = visitor;
  const kept = (text) => page.waitForFunction((text) => localStorage.getItem("running-hand draft")?.includes(text), text);
  await visitor.choosesHand("Open");
  await page.getByLabel("Speed").selectOption("20");
  await visitor.text.fill("never written");
  await kept("never+written");
  await page.reload();
  await visitor.hears(/Ready$/);
  assert.equal(await visitor.text.inputValue(), "never written");
  assert.ok(await page.getByRole("radio", { name: "Open", exact: true }).isChecked());
  assert.equal(await page.getByLabel("Speed").inputValue(), "20");
  // A visitor who comes back finds it written; without a text there is nothing to keep.
  const again = await page.context().newPage();
  await again.goto(`${site.address}?engine=cpu`);
  await again.getByRole("img", { name: "Handwriting: never written" }).waitFor({ timeout: 60_000 });
  await visitor.text.fill("");
  await page.waitForFunction(() => localStorage.getItem("running-hand draft") === null);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("a pace that suits the text: short texts at their ease, letters in half a minute, whatever their length", () => {
  const SAMPLE = 20;
  for (const characters of [10, 60, 400, 1700, 10_000, 100_000]) {
    const known = characters * 26;
    let [drawn, elapsed] = [0, 0];
    let slowest = Infinity;
    while (drawn < known) {
      const rate = suitableRate({ drawn, known, ended: elapsed > 1000, elapsed }, characters, SAMPLE);
      slowest = Math.min(slowest, rate);
      drawn += rate * 16;
      elapsed += 16;
      assert.ok(elapsed < 30_000, `${characters} characters take more than half a minute`);
    }
    assert.ok(slowest >= 4 / SAMPLE, "never slower than usual");
    if (characters === 10) assert.ok(Math.abs(elapsed - 1300) < 50, `${elapsed} ms for a word`);
  }
});
