// What a visitor gets, point by point, in Chromium and in Firefox: each browser opens the page once and does all of it
// as a person would. What needs a browser's own tools, or other programs, is tested beside this in Chromium.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test as testOnce } from "node:test";
import { runElement, runScript, startsApart } from "./copied.js";
import { emptyPage, gifFrames, played, webmTimes } from "./films.js";
import { misfits, tiles } from "./fit.js";
import { Visitor, launch, launchFirefox, serve, strokes } from "./site.js";

/** With a mouse: without one, Firefox takes the machine for a tablet. */
const MOUSE = { firefoxUserPrefs: { "ui.primaryPointerCapabilities": 6, "ui.allPointerCapabilities": 6 } };

let server, folder;
before(async () => {
  server = await serve();
  folder = await mkdtemp(join(tmpdir(), "running-hand-downloads-"));
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** What the canvas shows. */
const picture = (visitor) => visitor.page.locator("#canvas").evaluate((canvas) => canvas.toDataURL());
const label = (visitor) => visitor.page.locator("#canvas").getAttribute("aria-label");

/** A file from the open dialog, as the page gives it to be saved: Firefox tells Playwright of no downloads. */
async function saves({ page }, format) {
  await page.locator(`#export input[value=${format}]`).check({ force: true });
  await page.evaluate(() => {
    document.querySelector("#export-message").textContent = "";
    const make = (globalThis.makeAddress ??= URL.createObjectURL);
    URL.createObjectURL = (blob) => make.call(URL, (globalThis.savedFile = blob));
  });
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.locator("#export-message").filter({ hasText: "is in your downloads" }).waitFor({ timeout: 60_000 });
  const base64 = await page.evaluate(async () => {
    const bytes = new Uint8Array(await globalThis.savedFile.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  });
  return Buffer.from(base64, "base64");
}

/** Waits for the text that a changed setting starts, and for its end. */
async function settles(visitor) {
  await visitor.page.waitForFunction(() => document.querySelector("#state").textContent.startsWith("Writing"));
  await visitor.hears(/Done$/);
}

for (const [browserName, launchBrowser] of /** @type {const} */ ([["Chromium", () => launch()], ["Firefox", () => launchFirefox({ ...MOUSE, downloadsPath: folder })]])) {
  let browser, visitor;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  const permissions = browserName === "Chromium" ? ["clipboard-read", "clipboard-write"] : undefined;
  const come = async (visit = {}) => {
    await visitor?.leave();
    visitor = undefined;
    visitor = await Visitor.come(browser, server.address, { query: "?engine=cpu", viewport: { width: 1280, height: 900 }, permissions, ...visit });
  };

  /**
   * A test of the page that is open. In Firefox it is tried again on a fresh page if it fails, which is reported: on a
   * busy machine a worker of Firefox stops answering in one of about thirty runs. A fault of the page fails both times.
   */
  const test = (name, steps, visit = {}) =>
    testOnce(`${name}: ${browserName}`, async (context) => {
      if (!visitor || Object.keys(visit).length) await come(visit);
      try {
        await steps(visitor);
      } catch (error) {
        if (browserName !== "Firefox") throw error;
        context.diagnostic(`tried again: ${error.message}`);
        await come(visit);
        try {
          await steps(visitor);
        } catch (error) {
          await visitor.leave();
          visitor = undefined;
          throw error;
        }
      }
      assert.deepEqual(visitor.complaints, []);
    });

  const greeted = { greeting: true, ready: /Writing …$/ };
  test("the page greets by itself, another line at each visit, and gives way to what is typed", async (visitor) => {
    const { page, text } = visitor;
    const greeting = await text.inputValue();
    assert.ok(greeting.length > 10);
    const caret = await text.evaluate((field) => [document.activeElement === field, field.selectionStart, field.selectionEnd]);
    assert.deepEqual(caret, [true, 0, greeting.length], "what is typed takes its place");
    assert.equal(await page.locator(".tile").count(), 15, "the hands are there, or their room");
    await page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
    assert.ok((await visitor.inked()) > 0);
    assert.deepEqual(await tiles(page), { heights: 1, cut: [] });
    await page.keyboard.type("My own words");
    await visitor.hears(/Stopped$/);
    assert.equal(await text.inputValue(), "My own words");
    assert.equal(new URL(page.url()).hash, "", "a greeting is no link");
    // The engine's line is there for those who ask.
    assert.ok(await page.locator("#engine-line").isHidden());
    assert.match(await visitor.engine(), /^CPU · SIMD/);
    await page.keyboard.press("Escape");
    await visitor.speed("At once");
    await visitor.writes();
    assert.equal(await label(visitor), "Handwriting: My own words");
    assert.equal(await text.inputValue(), "My own words");
    // Who leaves nothing behind is greeted with another line.
    await text.fill("");
    await page.waitForFunction(() => localStorage.getItem("running-hand draft") === null);
    await page.goto("about:blank");
    await page.goto(`${server.address}?engine=cpu`);
    await page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
    const second = await text.inputValue();
    assert.ok(second.length > 10 && second !== greeting);
    await page.locator("#canvas").click();
    await visitor.hears(/Done$/);
    assert.equal(await label(visitor), `Handwriting: ${second}`);
  }, greeted);

  test("what cannot be written is marked while one types, with what stands in its place", async (visitor) => {
    const { page, text } = visitor;
    await text.click();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.insertText("Жe 你好\nna\u0308ive 👩‍👩‍👧 é");
    await page.locator("#unwritable").filter({ hasText: "Left out: 你 好 👩‍👩‍👧. Written differently: Ж as Zh." }).waitFor();
    const marks = () => page.locator(".text-mirror mark").evaluateAll((all) => all.map((mark) => [mark.textContent, mark.className]));
    assert.deepEqual(await marks(), [["Ж", "otherwise"], ["你", "left-out"], ["好", "left-out"], ["👩‍👩‍👧", "left-out"]]);
    // Each mark lies under its letters.
    const [mirror, field] = await page.evaluate(() =>
      ["#text", ".text-mirror"].map((selector) => {
        const { left, top } = document.querySelector(selector).getBoundingClientRect();
        const { fontSize, fontFamily, lineHeight, padding } = getComputedStyle(document.querySelector(selector));
        return { left, top, fontSize, fontFamily, lineHeight, padding };
      }),
    );
    assert.deepEqual(mirror, field);
    assert.match(await text.evaluate((field) => document.getElementById(field.getAttribute("aria-describedby")).textContent), /^Left out/);
    await text.fill("plain again");
    await page.waitForFunction(() => document.querySelector("#unwritable").textContent === "");
    assert.deepEqual(await marks(), []);
  });

  const alone = { greeting: false };
  test("settings are written without Write; takes are kept, returned to, compared, undone, and there after a reload", async (visitor) => {
    const { page } = visitor;
    const button = (name) => page.getByRole("button", { name, exact: true });
    const takes = page.locator(".take");
    const current = () => takes.evaluateAll((all) => all.findIndex((take) => take.getAttribute("aria-current")));
    await visitor.speed("At once");
    await visitor.writes("answer");
    const first = await picture(visitor);
    // Firefox gives Playwright no downloads; firefox.test.js looks into the folder where they lie.
    const ink = async () => (browserName === "Chromium" ? strokes(await visitor.downloads()) : []);
    const firstInk = await ink();
    assert.ok(await button("Undo").isDisabled());

    // A slider: a word shows what it does, and the text follows.
    await visitor.slide("Neatness (bias)", 1.7);
    await page.locator(".preview").waitFor();
    await settles(visitor);
    const second = await picture(visitor);
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
    assert.deepEqual(await ink(), firstInk);
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

    // Other paper is no other take: the same ink lies elsewhere, at once.
    const before = await ink();
    await visitor.more();
    await page.getByLabel("Paper", { exact: true }).selectOption("a5");
    await page.waitForFunction(() => document.querySelector("#canvas").height > document.querySelector("#canvas").width);
    await page.getByLabel("Left", { exact: true }).fill("60");
    await page.waitForFunction(() => /marginLeft=60/.test(location.hash));
    assert.equal(await takes.count(), 3);
    await page.waitForFunction(() => !document.querySelector(".takes-steps button").disabled);
    const moved = await ink();
    assert.deepEqual(moved.map((stroke) => stroke.length), before.map((stroke) => stroke.length));
    assert.ok(Math.min(...moved.map(([x]) => x)) > 56);
    const third = await picture(visitor);
    // What was typed and not written, and all takes, are there after a reload, with the speed.
    await visitor.text.fill("and more");
    await page.waitForFunction(() => localStorage.getItem("running-hand draft")?.includes("and+more"));
    const strip = () => takes.evaluateAll((all) => all.map((take) => take.title));
    const titles = await strip();
    const pixels = () =>
      page.locator(".take canvas").evaluateAll((all) => all.map((canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.filter((value) => value > 128).length));
    const inks = await pixels();
    await page.reload();
    await visitor.hears(/Done$/);
    await takes.nth(2).and(page.locator("[aria-current]")).waitFor();
    assert.equal(await visitor.text.inputValue(), "and more");
    assert.equal(await page.getByLabel("Speed").inputValue(), "Infinity");
    assert.deepEqual(await strip(), titles);
    await page.waitForFunction(() => [...document.querySelectorAll(".take canvas")].every((canvas) => canvas.width > 0));
    assert.equal(await picture(visitor), third, "the sheet is as it was");
    assert.equal(await page.getByRole("button", { name: "Take 1: answer (kept)" }).count(), 1);
    for (const [i, ink] of (await pixels()).entries()) assert.ok(Math.abs(ink - inks[i]) <= 0.03 * inks[i], `picture ${i}: ${ink}, ${inks[i]}`);
    await takes.nth(1).click();
    await visitor.hears(/Done$/);
    assert.equal(await picture(visitor), second);
    // One that is not written yet can be compared, too.
    await button("Compare").click();
    await takes.nth(0).click();
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await picture(visitor), first);
    await button("Delete").click();
    assert.equal(await takes.count(), 2);
    assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("running-hand take ")).length), 2);
  }, alone);

  test("the pen hurries when it is asked to, nothing moves when it begins, and the view follows it", async (visitor) => {
    const { page } = visitor;
    const write = page.getByRole("button", { name: "Write", exact: true });
    const places = () =>
      page.evaluate(() =>
        ["#sheet", ".toolbar", "#takes", "#form", "#write"].map((selector) => {
          const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
          return [selector, left, top, width, height].join(" ");
        }),
      );
    await visitor.more();
    await page.getByLabel("Paper", { exact: true }).selectOption("free");
    await visitor.speed("Natural speed");
    const begins = async (text) => {
      await visitor.text.fill(text);
      // What is there is painted anew on a sheet of another height.
      await page.waitForTimeout(300);
      await page.locator("#form").evaluate((form) => (form.scrollTop = 0));
      const before = await places();
      await write.click();
      await page.waitForFunction(() => !document.querySelector("#pen").hasAttribute("hidden"));
      assert.deepEqual(await places(), before);
      assert.match(await visitor.status.textContent(), /Writing …$/);
      return before;
    };
    // A tap on the sheet, the space bar, and a speed that is chosen meanwhile.
    const long = "A letter of some length, which takes a while at the pace of a hand.";
    const before = await begins(long);
    await page.locator("#canvas").click();
    await visitor.hears(/Done$/);
    assert.deepEqual(await places(), before);
    const broken = await begins(`${long}\nAnd another line.\nAnd one more.`);
    await page.getByRole("heading").first().click();
    await page.keyboard.press("Space");
    await visitor.hears(/Done$/);
    assert.deepEqual(await places(), broken, "lines that end at words are no wider than was thought");
    assert.equal(await page.evaluate(() => scrollY), 0, "the space bar does not scroll");
    await begins("on the button, too");
    await page.keyboard.press("Space");
    await visitor.hears(/Done$/);
    // One line stands in the middle of the sheet, and not at its upper edge.
    const [above, below] = await page.locator("#canvas").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const rows = Array.from({ length: canvas.height }, (_, y) => y).filter((y) => data.subarray(4 * y * canvas.width, 4 * (y + 1) * canvas.width).some((value, i) => i % 4 === 3 && value > 99));
      return [rows[0] / canvas.height, 1 - rows.at(-1) / canvas.height];
    });
    assert.ok(above > 0.2 && below > 0.25, `${above} above, ${below} below`);
    await begins("short");
    await page.getByLabel("Speed").selectOption("Infinity");
    await visitor.hears(/Done$/);
    // The view follows the pen down a page, until the visitor scrolls.
    await page.setViewportSize({ width: 1280, height: 520 });
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
    assert.ok((await page.evaluate(() => scrollY)) < 2);
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("ideas set the page up; the code of the sheet is shown; a link needs nothing but a text, and is copied", async (visitor) => {
    const { page } = visitor;
    await visitor.speed("At once");
    await page.locator("#ideas-open:enabled").press("Enter");
    const ideas = page.getByRole("dialog", { name: "Ideas" });
    await ideas.waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("#ideas img")].every((image) => image.complete && image.naturalWidth === 560));
    assert.equal(await ideas.getByRole("link").count(), 7);
    await ideas.getByRole("link", { name: /An envelope/ }).press("Enter");
    await page.waitForFunction(() => document.querySelector("#canvas").getAttribute("aria-label").startsWith("Handwriting: Martin Field"));
    assert.ok(await ideas.isHidden());
    assert.ok(await visitor.text.evaluate((field) => field === document.activeElement), "the words are next");
    assert.match(await visitor.text.inputValue(), /---/);
    assert.equal(await page.getByLabel("Paper", { exact: true }).inputValue(), "envelope-dl");
    // Another one does not keep what the first set.
    await page.getByRole("button", { name: "Ideas" }).click();
    await ideas.getByRole("link", { name: /A signature/ }).click();
    await page.waitForFunction(() => document.querySelector("#canvas").getAttribute("aria-label") === "Handwriting: Anna Berg");
    assert.equal(await page.getByLabel("Paper", { exact: true }).inputValue(), "free");

    await page.evaluate(() => (location.hash = "#text=Happy birthday"));
    await page.waitForFunction(() => document.querySelector("#canvas").getAttribute("aria-label") === "Handwriting: Happy birthday");
    await page.getByRole("button", { name: "Copy link" }).click();
    await visitor.hears(/Link copied\.$/);
    assert.match(page.url(), /#text=Happy\+birthday&.*seed=1&/);
    if (browserName === "Chromium") assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());

    // What is copied writes the sheet again. (share.test.js does it with more settings, and the command.)
    await page.getByRole("button", { name: "Download or print" }).click();
    const sheet = (await saves(visitor, "svg")).toString();
    await page.keyboard.press("Escape");
    await page.evaluate(() => {
      const write = navigator.clipboard.writeText;
      navigator.clipboard.writeText = (text) => write.call(navigator.clipboard, (globalThis.copiedText = text));
    });
    await page.getByRole("button", { name: "Use in your app" }).click();
    const code = page.getByRole("dialog", { name: "Use in your app" });
    await code.waitFor();
    const shown = await code.locator("pre").allTextContents();
    const copied = [];
    for (const part of ["On a web page", "In JavaScript", "In a terminal"]) {
      await code.locator("[role=status]").evaluate((message) => (message.textContent = ""));
      await code.getByRole("button", { name: `Copy: ${part}` }).click();
      await code.locator("[role=status]").filter({ hasText: "Copied." }).waitFor();
      copied.push(await page.evaluate(() => globalThis.copiedText));
    }
    if (browserName === "Chromium") assert.equal(await page.evaluate(() => navigator.clipboard.readText()), copied[2]);
    await page.keyboard.press("Escape");
    assert.deepEqual(copied, shown);
    for (const part of copied) assert.match(part, /Happy birthday/);
    assert.deepEqual(strokes(await runScript(page, copied[1])), strokes(sheet));
    const { colour, starts } = await runElement(page.context(), server.address, copied[0]);
    assert.notEqual(colour, "rgb(0, 0, 0)");
    assert.equal(starts.length, strokes(sheet).length);
    assert.ok(startsApart(starts, strokes(sheet)) < 0.05);
  });

  test("a film has the shape, margin, frame rate, speed, pause and ground that were asked for", async (visitor) => {
    const { page } = visitor;
    await visitor.speed("At once");
    await visitor.writes("quite a film");
    await page.getByRole("button", { name: "Download or print" }).click();
    const player = await emptyPage(page.context(), server.address);
    const film = async (format, settings, paper) => {
      await page.locator(`#export input[value=${format}]`).check({ force: true });
      for (const [label, value] of settings) {
        const field = page.locator("#export").getByLabel(label, { exact: true }).and(page.locator(":enabled"));
        const kind = await field.evaluate(({ type }) => type);
        if (kind === "select-one") await field.selectOption(value);
        else if (kind === "range") await field.fill(value);
        else {
          await field.press("ControlOrMeta+A");
          await page.keyboard.type(value);
        }
      }
      await page.getByLabel("Include the paper").setChecked(paper);
      const seconds = Number((await page.locator("#export-length").textContent()).split(" ")[0]);
      return { bytes: await saves(visitor, format), seconds };
    };
    const near = (found, expected, slack, what) => assert.ok(Math.abs(found - expected) <= slack, `${what}: ${found} instead of ${expected}`);
    const sum = (frames) => frames.reduce((sum, { seconds }) => sum + seconds, 0);

    const common = [["Shape", "4:3"], ["Longer side", "480"], ["Pace", "10"], ["Frames per second", "10"]];
    const quick = await film("gif", [...common, ["Padding", "25"], ["Pause at the end, in seconds", "1.5"]], false);
    const { frames, endless } = await gifFrames(player, quick.bytes);
    const end = frames.at(-1);
    assert.ok(endless && frames.every(({ size }) => String(size) === "480,360"));
    for (const { seconds } of frames.slice(0, -1)) near(seconds, 0.1, 0.001, "a frame");
    near(end.seconds, 1.6, 0.001, "the pause");
    near(sum(frames), quick.seconds, 0.11, "all");
    assert.ok(end.clear > 0.8 * 480 * 360 && end.ink > 300, `${end.clear} clear, ${end.ink} ink`);
    const slow = await film("gif", [["Pace", "4"], ["Padding", "0"], ["Pause at the end, in seconds", "0"]], true);
    const { frames: slower } = await gifFrames(player, slow.bytes);
    near(sum(slower), 2.5 * (sum(frames) - 1.5), 0.35, "at four tenths of the pace");
    assert.equal(slower.at(-1).clear, 0);
    // Without padding there is a little room around the ink; with a quarter on each side it is all one and a half as wide.
    const [left, , right] = slower.at(-1).box;
    assert.ok(left < 0.15 && right > 0.85, `${left} to ${right}`);
    near(end.box[0], (left + 0.25) / 1.5, 0.01, "left");
    near(end.box[2], (right + 0.25) / 1.5, 0.01, "right");

    const webm = await film("webm", [["Shape", "9:16"], ["Longer side", "480"], ["Pace", "10"], ["Frames per second", "60"], ["Pause at the end, in seconds", "0.5"]], true);
    const times = webmTimes(webm.bytes);
    near(times.length, 60 * webm.seconds, 2, "frames");
    for (const [i, time] of times.entries()) near(time, (i * 1000) / 60, 1, `frame ${i}`);
    const video = await played(player, webm.bytes);
    assert.deepEqual([video.size, video.clear], [[270, 480], 0]);
    near(video.seconds, webm.seconds, 0.05, "the video");
    assert.ok(video.ink > 100, `${video.ink} pixels of ink`);
    const transparent = await played(player, (await film("webm", [["Frames per second", "25"]], false)).bytes);
    assert.ok(transparent.clear > 0.8 * 270 * 480 && transparent.ink > 100, `${transparent.clear} clear, ${transparent.ink} ink`);
    await player.close();
    await page.keyboard.press("Escape");
  });

  test("see it think: beside the sheet or below it, with a tour of five steps, and two neatnesses side by side", async (visitor) => {
    const { page } = visitor;
    const panel = page.locator("#inspector");
    const tour = panel.getByRole("dialog");
    await visitor.speed("At once");
    await visitor.writes("think");
    await page.getByRole("button", { name: "See it think" }).click();
    const open = panel.getByRole("button", { name: "Take the tour" });
    for (const [width, height] of [[1280, 900], [390, 844]]) {
      await page.setViewportSize({ width, height });
      const view = panel.locator(".view canvas").first();
      await page.waitForFunction((wide) => {
        const [sheet, view] = ["#sheet", "#inspector .view canvas"].map((selector) => document.querySelector(selector).getBoundingClientRect());
        return wide ? view.left > sheet.right : view.top >= sheet.bottom - 1 && view.right <= innerWidth;
      }, width > 1000);
      if (width > 1000) assert.ok((await view.boundingBox()).y < height / 2, "in view without scrolling");
      await open.press("Enter");
      const parts = new Set();
      for (let step = 1; step <= 5; step++) {
        await tour.getByRole("heading", { name: `${step} of 5:` }).waitFor();
        parts.add(await tour.evaluate((callout) => [...document.querySelectorAll("#inspector *")].indexOf(callout.previousElementSibling)));
        // Where motion is welcome it takes a moment.
        await page.waitForFunction((wide) => {
          const { top, bottom } = document.querySelector("#inspector .tour").getBoundingClientRect();
          return top >= (wide ? 0 : document.querySelector("#sheet").offsetHeight) - 1 && bottom <= innerHeight;
        }, width > 1000);
        if (width > 1000) {
          const covered = await page.evaluate(() => {
            const [controls, part] = [".transport", ".toured"].map((selector) => document.querySelector(`#inspector ${selector}`).getBoundingClientRect());
            return controls.bottom - part.top;
          });
          assert.ok(covered <= 1, `step ${step}: ${covered} pixels of its part lie below the controls`);
        }
        await tour.getByRole("button", { name: step < 5 ? "Next" : "Done" }).press("Enter");
      }
      assert.equal(parts.size, 5, "each is about its own part");
      assert.equal(await tour.count(), 0);
      assert.ok(await open.evaluate((button) => button === document.activeElement));
    }
    await panel.getByText("Compare two levels of neatness").click();
    for (const neatness of ["0.00", "2.00"]) await panel.getByRole("img", { name: `“think”, neatness ${neatness}` }).waitFor();
    const pictures = () => panel.locator(".biases canvas").evaluateAll((all) => all.map((canvas) => canvas.toDataURL()));
    const [loose, neat] = await pictures();
    assert.notEqual(loose, neat);
    await panel.getByLabel("Neatness A").fill("2");
    await page.waitForFunction((loose) => document.querySelector(".biases canvas").toDataURL() !== loose, loose);
    assert.equal((await pictures())[0], neat, "the same seed, hand and neatness write the same");
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByRole("button", { name: "See it think" }).click();
    assert.ok(await panel.isHidden());
    assert.equal(await label(visitor), "Handwriting: think");
  });

  test("one’s own hand: the dialog fits on the screen, with all of its buttons in view, and room for its paper", async (visitor) => {
    const { page } = visitor;
    const dialog = page.getByRole("dialog", { name: "Your own hand" });
    /** What of the dialog is not in view. */
    const unseen = () =>
      dialog.evaluate((dialog) => {
        const box = dialog.getBoundingClientRect();
        const found = box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight ? ["the dialog"] : [];
        const buttons = [...dialog.querySelectorAll("#capture-writing .actions button, .foot button")].filter((button) => button.checkVisibility());
        for (const button of buttons) {
          const { left, top, right, bottom } = button.getBoundingClientRect();
          const [x, y] = [(left + right) / 2, (top + bottom) / 2];
          const corners = [[left + 9, y], [right - 9, y], [x, top + 2], [x, bottom - 2]];
          if (!corners.every(([x, y]) => document.elementFromPoint(x, y) === button)) found.push(button.textContent);
        }
        return { count: buttons.length, found };
      });
    const seesPaper = () =>
      dialog.locator("#capture-pad svg").evaluate((paper) => {
        const { left, top, right, bottom } = paper.getBoundingClientRect();
        return [[left + 12, top + 12], [right - 12, bottom - 12]].every(([x, y]) => paper.contains(document.elementFromPoint(x, y)));
      });
    for (const [width, height] of [[1280, 800], [390, 844], [844, 390]]) {
      await page.setViewportSize({ width, height });
      await page.getByRole("button", { name: "Your own hand …" }).click();
      for (const [mode, count] of [["Continue my strokes", 4], ["Teach it my hand", 7]]) {
        await dialog.getByRole("radio", { name: mode }).check();
        const size = `${width} × ${height}, ${mode}`;
        assert.deepEqual(await unseen(), { count, found: [] }, size);
        // On a phone one may have to scroll to it, and the buttons stay.
        if (width < 1000) await dialog.locator("#capture-pad svg").evaluate((paper) => paper.scrollIntoView({ block: "start" }));
        assert.ok(await seesPaper(), size);
        assert.deepEqual(await unseen(), { count, found: [] }, size);
      }
      if (width === 390) assert.deepEqual(await misfits(page, "#capture"), []);
      await dialog.getByRole("button", { name: "Close" }).click();
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test("on a phone of 320 pixels the sheet is in view above the bar, all is large enough for fingers, in all languages, and shared", async (visitor) => {
    const { page } = visitor;
    await page.locator("#capture-open:visible").waitFor();
    await page.locator("#speed-open").waitFor();
    await visitor.more();
    assert.deepEqual(await misfits(page), []);
    const rows = () => page.locator(".toolbar button").evaluateAll((all) => new Set(all.map((button) => Math.round(button.getBoundingClientRect().top))).size);
    assert.ok((await rows()) <= 3, "the toolbar is low");
    // What cannot be of the paper is said in the language of the page.
    await page.locator("#paper").selectOption("card");
    await page.getByLabel("Links", { exact: true }).fill("100");
    await visitor.hears(/^Ränder: 100 mm links und 10 mm rechts lassen auf 105 mm breitem Papier keinen Platz: nimm links höchstens 94 mm/);
    await page.getByLabel("Links", { exact: true }).press("ControlOrMeta+A");
    await page.keyboard.press("Delete");
    await page.locator("#paper").selectOption("free");
    await visitor.hears(/Bereit$/);
    await page.locator("#text").fill("eine Zeile und noch eine");
    const write = page.getByRole("button", { name: "Schreiben", exact: true });

    // The speed: a tap shows it, a slider changes it.
    const speed = page.locator("#speed-open");
    assert.match(await speed.textContent(), /Tempo Auto$/);
    await speed.click();
    const slider = page.getByRole("slider", { name: "Tempo" });
    assert.equal(await slider.getAttribute("aria-valuetext"), "Automatisches Tempo");
    await slider.press("End");
    assert.equal(await slider.getAttribute("aria-valuetext"), "Sofort");
    assert.match(await speed.textContent(), /∞$/);
    assert.deepEqual(await misfits(page), []);
    await page.keyboard.press("Escape");
    assert.ok(await slider.isHidden());

    // Wherever the form is scrolled to, Write and the sheet are there.
    for (const place of ["Schrift", "Mehr"]) {
      await page.locator(".actions").getByRole("button", { name: place, exact: true }).click();
      // Where motion is welcome it takes a moment.
      await page.waitForFunction(() => {
        const { top } = document.activeElement.closest("label, summary, select").getBoundingClientRect();
        return top >= document.querySelector("#sheet").offsetHeight - 1 && top < innerHeight - 64;
      });
      const box = await write.boundingBox();
      assert.ok(box.y + box.height <= 640 && box.y > 500, `Write is at ${box.y}`);
      const sheet = await page.locator("#sheet").boundingBox();
      assert.ok(Math.abs(sheet.y) < 2 && sheet.height < 300, `the sheet is at ${sheet.y}`);
    }
    await write.click();
    await visitor.hears(/Fertig$/);
    assert.ok((await visitor.inked()) > 0);

    // Picture and link are shared, where the browser can.
    await page.getByRole("button", { name: "Teilen", exact: true }).click();
    await page.waitForFunction(() => globalThis.shared.length === 1);
    const [url, name, type, width] = await page.evaluate(async () => {
      const [{ url, files }] = globalThis.shared;
      return [url, files[0].name, files[0].type, (await createImageBitmap(files[0])).width];
    });
    assert.equal(url, page.url());
    assert.deepEqual([name, type], ["eine-zeile-und-noch-eine.png", "image/png"]);
    assert.ok(width > 400);

    // The keyboard leaves half of the screen.
    await page.locator("#text").focus();
    await page.setViewportSize({ width: 320, height: 330 });
    await page.locator("#text").scrollIntoViewIfNeeded();
    const [text, bar] = [await page.locator("#text").boundingBox(), await write.boundingBox()];
    assert.ok(bar.y + bar.height <= 330 && text.y >= 0 && text.y < bar.y, `text at ${text.y}, Write at ${bar.y}`);
    await page.setViewportSize({ width: 320, height: 640 });

    // Another language is chosen, stays, and has what was written; an address can ask for one, too.
    assert.equal(await page.locator("[data-of=bias]").textContent(), "0,75");
    assert.equal(await page.getByRole("radio", { name: "Schräg" }).inputValue(), "Slanted");
    assert.equal(await page.locator("label[title=Burgunderrot]").count(), 1);
    for (const [language, done] of [["fr", /Terminé$/], ["es", /Terminado$/], ["en", /Done$/]]) {
      await page.locator("#language").selectOption(language);
      await page.waitForFunction((code) => document.documentElement?.lang === code && document.querySelector("#language")?.value === code, language);
      await visitor.hears(done);
      assert.equal(await page.locator("#text").inputValue(), "eine Zeile und noch eine", "the text is written again");
      await page.locator("#speed-open").waitFor();
      await visitor.more();
      assert.deepEqual(await misfits(page), [], language);
      assert.deepEqual(await tiles(page), { heights: 1, cut: [] }, language);
      assert.ok((await rows()) <= 3, language);
    }
    await page.goto("about:blank");
    await page.goto(`${server.address}?engine=gpu&greeting=off&language=es`);
    await visitor.hears(/Listo$/);
    await page.locator("#notice").filter({ hasText: "Sin motor de GPU: este navegador no ofrece WebGPU aquí." }).waitFor({ state: "attached" });
    await page.goto("about:blank");
    await page.goto(`${server.address}?engine=cpu&greeting=off`);
    await visitor.hears(/Ready$/);
  }, {
    locale: "de-AT", ready: /Bereit$/, viewport: { width: 320, height: 640 },
    init: () => {
      // A finger, and a menu for sharing.
      const media = globalThis.matchMedia.bind(globalThis);
      globalThis.matchMedia = (query) => (query === "(pointer: coarse)" ? { ...media(query), matches: true } : media(query));
      globalThis.shared = [];
      navigator.canShare = () => true;
      navigator.share = async (data) => {
        globalThis.shared.push(data);
      };
    },
  });
}
