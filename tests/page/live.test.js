// What answers by itself: the greeting, marks of what cannot be written, settings that are written at once, takes, the
// pen's pace, and the draft.

import assert from "node:assert/strict";
import { test } from "node:test";
import { suitableRate } from "../../www/sheet/pace.js";
import { open, strokes } from "./site.js";

const site = await open();
const come = (visit = {}) => site.come({ query: "?engine=cpu", ...visit });

/** What the canvas shows. */
const picture = (visitor) => visitor.page.locator("#canvas").evaluate((canvas) => canvas.toDataURL());

/** Waits for the text that a changed setting starts, and for its end. */
async function settles(visitor) {
  await visitor.page.waitForFunction(() => document.querySelector("#state").textContent.startsWith("Writing"));
  await visitor.hears(/Done$/);
}

test("the page greets by itself, another line at each visit, and gives way to what is typed", async () => {
  const visitor = await come({ greeting: true, ready: /Writing …$/ });
  const { page, text } = visitor;
  const greeting = await text.inputValue();
  assert.ok(greeting.length > 10);
  const caret = await text.evaluate((field) => [document.activeElement === field, field.selectionStart, field.selectionEnd]);
  assert.deepEqual(caret, [true, 0, greeting.length], "what is typed takes its place");
  await page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
  assert.ok((await visitor.inked()) > 0);
  await page.keyboard.type("My own words");
  await visitor.hears(/Stopped$/);
  assert.equal(await text.inputValue(), "My own words");
  assert.equal(new URL(page.url()).hash, "", "a greeting is no link");
  await visitor.speed("At once");
  await visitor.writes();
  assert.equal(await page.getByRole("img", { name: "Handwriting: My own words" }).count(), 1);
  assert.equal(await text.inputValue(), "My own words");
  await visitor.leave();

  // Where motion is reduced it is there at once; on a phone no keyboard comes up.
  const phone = await come({ greeting: true, ready: /Done$/, reducedMotion: "reduce", hasTouch: true, isMobile: true });
  const first = await phone.text.inputValue();
  assert.ok((await phone.inked()) > 0);
  assert.ok(await phone.text.evaluate((field) => document.activeElement !== field));
  await phone.page.reload();
  await phone.hears(/Done$/);
  const second = await phone.text.inputValue();
  assert.notEqual(second, first);
  assert.equal(await phone.page.getByRole("img", { name: `Handwriting: ${second}` }).count(), 1);
  assert.deepEqual([...visitor.complaints, ...phone.complaints], []);
  await phone.leave();
});

test("what cannot be written is marked while one types, with what stands in its place", async () => {
  const visitor = await come();
  const { page, text } = visitor;
  await text.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("Жe 你好\nna\u0308ive 👩‍👩‍👧 é");
  await page.locator("#unwritable").filter({ hasText: "Left out: 你 好 👩‍👩‍👧. Written differently: Ж as Zh." }).waitFor();
  const marks = () => page.locator(".text-mirror mark").evaluateAll((all) => all.map((mark) => [mark.textContent, mark.className]));
  assert.deepEqual(await marks(), [["Ж", "otherwise"], ["你", "left-out"], ["好", "left-out"], ["👩‍👩‍👧", "left-out"]]);
  // Each mark lies under its letters.
  const [mirror, field] = await page.evaluate(() =>
    ["#text", ".text-mirror"].map((selector) => {
      const { left, top } = document.querySelector(selector).getBoundingClientRect();
      const { font, padding } = getComputedStyle(document.querySelector(selector));
      return { left, top, font, padding };
    }),
  );
  assert.deepEqual(mirror, field);
  assert.match(await text.evaluate((field) => document.getElementById(field.getAttribute("aria-describedby")).textContent), /^Left out/);
  await text.fill("plain again");
  await page.waitForFunction(() => document.querySelector("#unwritable").textContent === "");
  assert.deepEqual(await marks(), []);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("settings are written without Write; takes are kept, returned to, compared and undone; other paper moves the ink", async () => {
  const visitor = await come();
  const { page } = visitor;
  const button = (name) => page.getByRole("button", { name, exact: true });
  const takes = page.locator(".take");
  const current = () => takes.evaluateAll((all) => all.findIndex((take) => take.getAttribute("aria-current")));
  await visitor.speed("At once");
  await visitor.writes("answer");
  const [first, firstInk] = [await picture(visitor), await visitor.downloads()];
  assert.ok(await button("Undo").isDisabled());

  // A slider: a word shows what it does, and the text follows.
  await visitor.slide("Neatness (bias)", 1.7);
  await page.locator(".preview").waitFor();
  await settles(visitor);
  const second = await picture(visitor);
  assert.notEqual(second, first);
  await visitor.choosesHand("Tall");
  await settles(visitor);
  await page.getByLabel("Mix with").selectOption("Round");
  await settles(visitor);
  const fourth = await picture(visitor);
  assert.equal(new Set([first, second, fourth]).size, 3);
  assert.equal(await takes.count(), 4);
  assert.equal(await current(), 3);

  // Undo and redo bring back the very same ink with its settings, also by keyboard, and a text that was only typed.
  await visitor.text.fill("typed only");
  await page.getByRole("heading").first().click();
  await page.keyboard.press("Control+Z");
  await visitor.hears(/Done$/);
  assert.equal(await visitor.text.inputValue(), "answer");
  for (let steps = 0; steps < 3; steps++) await page.keyboard.press("Control+Z");
  assert.equal(await picture(visitor), first);
  assert.equal(await page.getByLabel("Neatness (bias)").inputValue(), "0.75");
  assert.equal(await visitor.downloads(), firstInk);
  assert.equal(await current(), 0);
  await button("Redo").click();
  assert.equal(await picture(visitor), second);
  for (let steps = 0; steps < 3; steps++) await page.keyboard.press("Control+Shift+Z");
  assert.equal(await visitor.text.inputValue(), "typed only");
  assert.equal(await picture(visitor), fourth);
  await visitor.text.press("Control+Z");
  assert.equal(await picture(visitor), fourth, "in the text field the keys are the field's");

  // The strip: return, keep, compare, delete.
  await takes.nth(0).click();
  assert.equal(await picture(visitor), first);
  assert.match(page.url(), /bias=0\.75/);
  await button("Keep").click();
  assert.equal(await page.getByRole("button", { name: "Take 1: answer (kept)" }).count(), 1);
  await button("Compare").click();
  await takes.nth(3).click();
  const dialog = page.getByRole("dialog", { name: "Compare two takes" });
  await dialog.waitFor();
  assert.deepEqual(await dialog.locator("figcaption").allTextContents(), ["Take 1: answer (kept)", "Take 4: answer"]);
  await dialog.getByRole("button", { name: "Use this one: Take 4: answer" }).click();
  assert.equal(await picture(visitor), fourth);
  await button("Delete").click();
  assert.equal(await takes.count(), 3);
  assert.equal(await current(), 2);

  // Other paper is no other take: the same strokes lie elsewhere, at once.
  const before = strokes(await visitor.downloads());
  await visitor.more();
  await page.getByLabel("Paper", { exact: true }).selectOption("a5");
  await page.waitForFunction(() => document.querySelector("#canvas").height > document.querySelector("#canvas").width);
  await page.getByLabel("Left", { exact: true }).fill("60");
  await page.waitForFunction(() => /marginLeft=60/.test(location.hash));
  const after = strokes(await visitor.downloads());
  assert.deepEqual(after.map((stroke) => stroke.length), before.map((stroke) => stroke.length));
  assert.ok(Math.min(...after.map(([x]) => x)) > 56);
  assert.equal(await takes.count(), 3);
  await page.waitForFunction(() => !document.querySelector(".takes-steps button").disabled);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
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
  await visitor.speed("As a hand writes");
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

test("the pen hurries when it is asked to, and nothing moves when it begins", async () => {
  const visitor = await come();
  const { page } = visitor;
  const write = page.getByRole("button", { name: "Write", exact: true });
  const places = () =>
    page.evaluate(() =>
      ["#sheet", ".toolbar", "#takes", "#form", "#write"].map((selector) => {
        const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
        return [selector, left, top, width, height].join(" ");
      }),
    );
  await visitor.speed("As a hand writes");
  const begins = async (text) => {
    await visitor.text.fill(text);
    // What is there is painted anew on a sheet of another height.
    await page.waitForTimeout(400);
    const before = await places();
    await write.click();
    await page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
    assert.deepEqual(await places(), before);
    await page.waitForTimeout(200);
    assert.match(await visitor.status.textContent(), /Writing …$/);
    return before;
  };
  // A tap on the sheet, the space bar, and a speed that is chosen meanwhile.
  const long = "A letter of some length, which takes a while at the pace of a hand.";
  let before = await begins(long);
  await page.locator("#canvas").click();
  await visitor.hears(/Done$/);
  assert.deepEqual(await places(), before);
  before = await begins(`${long}\nAnd another line.\nAnd one more.`);
  await page.getByRole("heading").first().click();
  await page.keyboard.press("Space");
  await visitor.hears(/Done$/);
  assert.equal(await page.evaluate(() => scrollY), 0, "the space bar does not scroll");
  await begins("on the button, too");
  await page.keyboard.press("Space");
  await visitor.hears(/Done$/);
  await begins("short");
  await page.getByLabel("Speed").selectOption("Infinity");
  await visitor.hears(/Done$/);
  // The view follows the pen down a page, until the visitor scrolls.
  await page.setViewportSize({ width: 1280, height: 520 });
  await visitor.more();
  await page.getByLabel("Paper", { exact: true }).selectOption("a4");
  await page.getByLabel("Speed").selectOption("20");
  await visitor.text.fill(`${"Down and down it goes. ".repeat(30)}`);
  await page.evaluate(() => scrollTo(0, 0));
  await write.evaluate((button) => button.click());
  await page.waitForFunction(() => scrollY > 60);
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector("#pen").getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
  await page.mouse.move(300, 300);
  // A view that is on its way would get there first.
  for (let tries = 0; tries < 40 && (await page.evaluate(() => scrollY)) > 0; tries++) {
    await page.mouse.wheel(0, -5000);
    await page.waitForTimeout(100);
  }
  await page.waitForTimeout(900);
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.keyboard.press("Escape");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("a draft is there after a reload: what was typed, its settings, and what was written before it", async () => {
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
  await visitor.writes("written");
  const ink = await picture(visitor);
  await visitor.text.fill("and more");
  await kept("and+more");
  await page.reload();
  await visitor.hears(/Done$/);
  assert.equal(await picture(visitor), ink, "the sheet is as it was");
  assert.equal(await visitor.text.inputValue(), "and more", "and so is the text field");
  // A visitor who comes back finds it written; without a text there is nothing to keep.
  const again = await page.context().newPage();
  await again.goto(`${site.address}?engine=cpu`);
  await again.getByRole("img", { name: "Handwriting: and more" }).waitFor({ timeout: 60_000 });
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
