// Sheets: pages, hands, ink, links, and how lines are laid out.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { file, open, strokes } from "./site.js";

const site = await open();

/** Opens the page; the ink is drawn at once. */
const come = (visit = {}) => site.come({ query: "?engine=cpu", reducedMotion: "reduce", ...visit });

/** Twenty short lines. */
const LINES = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join("\n");

/** Sets a list or a slider, in closed parts of the form too. */
async function set(visitor, label, value) {
  await visitor.more();
  const field = visitor.page.getByLabel(label, { exact: true });
  if (await field.evaluate((element) => element instanceof HTMLSelectElement)) await field.selectOption(value);
  else await field.fill(value);
}

/** What the canvas shows. */
const picture = (visitor) => visitor.page.locator("#canvas").evaluate((canvas) => canvas.toDataURL());

/** Waits for the text that a changed setting starts, and for its end. */
async function settles(visitor) {
  await visitor.page.waitForTimeout(400);
  await visitor.hears(/Done$/);
}

test("a text longer than a card flows on to further sheets, each of which is printed at its true size", async () => {
  const visitor = await come();
  await set(visitor, "Paper", "card");
  await set(visitor, "Orientation", "landscape");
  await set(visitor, "Ruling", "ruled");
  await visitor.writes(LINES);
  const sheets = visitor.page.getByRole("navigation", { name: "Sheets" });
  const [, shown, count] = /Sheet (\d+) of (\d+)/.exec(await sheets.textContent()).map(Number);
  assert.ok(count >= 2, `${count} sheets`);
  assert.equal(shown, 1, "what is drawn at once is read from its beginning");
  const first = await picture(visitor);
  await visitor.page.getByRole("button", { name: "Next sheet" }).click();
  assert.notEqual(await picture(visitor), first);
  assert.match(await sheets.textContent(), new RegExp(`Sheet 2 of ${count}`));
  const ratio = await visitor.page.locator("#canvas").evaluate((canvas) => canvas.width / canvas.height);
  assert.ok(Math.abs(ratio - 148 / 105) < 0.01, `width to height ${ratio}`);

  const pdf = (await visitor.page.pdf({ preferCSSPageSize: true })).toString("latin1");
  const boxes = [...pdf.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)/g)].map(([, ...size]) => size.map(Number));
  assert.equal(boxes.length, count, "each sheet has a page of its own");
  for (const [width, height] of boxes) {
    assert.ok(Math.abs(width - (148 / 25.4) * 72) < 1.5 && Math.abs(height - (105 / 25.4) * 72) < 1.5, `${width} × ${height}`);
  }
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

/** The sheet that is shown, from the export dialog's SVG: its sides in mm, and the ink's points. */
async function sheetOf(visitor) {
  const svg = await visitor.downloads();
  const [, width, height] = /width="([\d.]+)mm" height="([\d.]+)mm"/.exec(svg).map(Number);
  const numbers = strokes(svg).flat();
  return { width, height, xs: numbers.filter((_, i) => i % 2 === 0), ys: numbers.filter((_, i) => i % 2) };
}

/** Where the canvas has rules or dots: distances in mm down a column of it, given the sheet's width in mm. */
const printed = (visitor, width) =>
  visitor.page.locator("#canvas").evaluate((canvas, width) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const rows = [];
    for (let y = 0; y < canvas.height; y++) {
      let count = 0;
      for (let x = 0; x < canvas.width; x++) {
        const at = 4 * (y * canvas.width + x);
        // Ink is darker.
        if (data[at + 3] > 100 && data[at] > 150) count++;
      }
      rows.push(count / canvas.width);
    }
    const most = Math.max(...rows);
    const found = rows.map((share, y) => [share, y]).filter(([share, y]) => share > most * 0.6 && !(rows[y - 1] > most * 0.6));
    return { share: most, at: found.map(([, y]) => (y * width) / canvas.width) };
  }, width);

test("every paper has its millimetres, its rules at the line distance, and the ink within its margins", async () => {
  const visitor = await come();
  await visitor.more();
  await visitor.text.fill("so it goes\non and on");
  let [previous, pitch] = ["", 0];
  for (const [paper, orientation, ruling, distance, width, height, margins] of [
    ["a4", "portrait", "ruled", "", 210, 297, [20, 17.85, 20, 17.85]],
    ["a5", "landscape", "dotted", "9", 210, 148, [12.58, 17.85, 12.58, 17.85]],
    ["card", "portrait", "squared", "6.8", 105, 148, [12.58, 10, 12.58, 10]],
    ["letter", "landscape", "ruled", "12", 279.4, 215.9, [18.35, 20, 18.35, 20]],
    ["legal", "portrait", "dotted", "", 215.9, 355.6, [20, 18.35, 20, 18.35]],
    ["envelope-dl", "", "ruled", "8", 220, 110, [40, 15, 16, 100]],
    ["envelope-c6", "", "plain", "", 162, 114, [44, 15, 16, 70]],
    ["envelope-10", "", "plain", "8.5", 241.3, 104.8, [38, 15, 16, 110]],
    ["own", "", "ruled", "8", 127, 177.8, [15.11, 10.8, 15.11, 10.8]],
  ]) {
    await set(visitor, "Paper", paper);
    if (orientation) await set(visitor, "Orientation", orientation);
    await set(visitor, "Ruling", ruling);
    await set(visitor, "Line spacing in mm", distance);
    if (paper === "own") {
      await set(visitor, "Width", "5");
      await set(visitor, "Height", "7");
      await set(visitor, "Unit", "in");
    }
    await visitor.writes();
    const sheet = await sheetOf(visitor);
    assert.deepEqual([sheet.width, sheet.height], [width, height], paper);
    const [top, right, bottom, left] = margins;
    // A line begins where the pen comes down, and its first letter may reach a little to the left of that.
    const slack = 3.5;
    const [least, most] = [Math.min(...sheet.xs), Math.max(...sheet.xs)];
    assert.ok(least > left - slack && most < width - right + slack, `${paper}: across, ${least} to ${most}`);
    assert.ok(Math.min(...sheet.ys) > top - slack && Math.max(...sheet.ys) < height - bottom + slack, `${paper}: down`);
    if (ruling === "plain") continue;
    pitch = distance === "" ? 10.88 : Number(distance);
    const { share, at } = await printed(visitor, width);
    const step = ruling === "ruled" ? pitch : pitch / 2;
    assert.ok(ruling === "dotted" ? share > 0.01 && share < 0.5 : share > 0.7, `${paper}: ${share} of a row`);
    assert.ok(at.length > 4 && at.slice(1).every((y, i) => Math.abs(y - at[i] - step) < 0.45), `${paper}: ${step}, ${at}`);
    const address = visitor.page.url();
    assert.notEqual(address, previous, "and the address says so");
    previous = address;
  }
  assert.match(previous, /paper=own.*sheetUnit=in/);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("margins, a letterhead, mirrored pages: what leaves no room is said, and nothing is lost", async () => {
  const visitor = await come({ viewport: { width: 320, height: 700 } });
  await visitor.more();
  await set(visitor, "Paper", "card");
  await set(visitor, "Line spacing in mm", "8");
  assert.equal(await visitor.page.getByLabel("Letter size", { exact: true }).inputValue(), "fitted", "letters follow the lines");
  for (const [side, margin] of [["Top", "10"], ["Right", "8"], ["Bottom", "15"], ["Left", "30"]]) await set(visitor, side, margin);
  await set(visitor, "Top of the first sheet", "70");
  await visitor.page.getByLabel("Swap left and right on every second sheet").check();
  await visitor.writes(LINES);
  const first = await sheetOf(visitor);
  await visitor.page.getByRole("button", { name: "Next sheet" }).click();
  const second = await sheetOf(visitor);
  await visitor.page.getByRole("button", { name: "Previous sheet" }).click();
  assert.ok(Math.min(...first.ys) > 68 && Math.min(...first.xs) > 28, `the first sheet leaves room for a letterhead: ${Math.min(...first.ys)} ${Math.min(...first.xs)}`);
  assert.ok(Math.min(...second.ys) < 20 && Math.min(...second.xs) < 15, "the second has its left margin at the right");
  const before = await picture(visitor);

  await set(visitor, "Left", "100");
  await visitor.hears(/Margins: 100 mm on the left and 8 mm on the right leave no room on paper 105 mm wide: use at most 96 mm/);
  assert.equal(await picture(visitor), before, "what is written stays");
  await set(visitor, "Left", "30");
  await settles(visitor);
  assert.equal((await sheetOf(visitor)).width, 105);
  const wide = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
  const friend = await come({ query: visitor.page.url().slice(site.address.length), ready: /Done$/ });
  assert.deepEqual(await sheetOf(friend), await sheetOf(visitor), "a link carries all of it");
  await friend.leave();
  await visitor.leave();
});

test("an envelope has the sender in the upper left and the address in the lower right, and is printed as large as it is", async () => {
  const visitor = await come();
  await set(visitor, "Paper", "envelope-c6");
  assert.ok(await visitor.page.getByText("Type the address. To add a sender").isVisible());
  await visitor.writes("Ann Lee\nLeeds\n---\nMr Otto Klein\nHauptweg 12\n20095 Hamburg");
  const { xs, ys } = await sheetOf(visitor);
  const inside = xs.map((x, i) => [x < 68 && ys[i] < 44, x > 68 && ys[i] > 41]);
  assert.ok(inside.every(([sender, address]) => sender || address) && [0, 1].every((k) => inside.some((at) => at[k])));
  const pdf = (await visitor.page.pdf({ preferCSSPageSize: true })).toString("latin1");
  const boxes = [...pdf.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)/g)].map(([, ...size]) => size.map(Number));
  assert.equal(boxes.length, 1);
  assert.ok(Math.abs(boxes[0][0] - (162 / 25.4) * 72) < 1.5 && Math.abs(boxes[0][1] - (114 / 25.4) * 72) < 1.5, `${boxes}`);
  await visitor.leave();
});

test("a scribble fits on its sheet, however few letters a line has", async () => {
  const visitor = await come({ viewport: { width: 390, height: 844 } });
  await visitor.more();
  for (const columns of [24, 10]) {
    await visitor.page.getByLabel("Letters per line", { exact: true }).fill(String(columns));
    await visitor.writes("");
    const svg = await visitor.downloads();
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg).map(Number);
    const ink = strokes(svg).flat();
    const [across, down] = [0, 1].map((axis) => ink.filter((_, i) => i % 2 === axis));
    assert.ok(Math.min(...across) > 0 && Math.max(...across) < width, `${columns} letters: across`);
    assert.ok(Math.min(...down) > 0 && Math.max(...down) < height, `${columns} letters: down, ${Math.max(...down)} of ${height}`);
  }
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("line breaks and empty lines are kept, and lines stand on the rules", async () => {
  const visitor = await come();
  await set(visitor, "Paper", "a4");
  await set(visitor, "Ruling", "ruled");
  await visitor.writes("a man in a\n\ncar near us");
  // Dark enough for ink: the rows of the canvas that have any.
  const rows = await visitor.page.locator("#canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const rows = [];
    for (let y = 0; y < canvas.height; y++) {
      let ink = 0;
      for (let x = 0; x < canvas.width; x++) {
        const at = 4 * (y * canvas.width + x);
        if (data[at + 3] > 100 && data[at] < 90) ink++;
      }
      rows.push(ink);
    }
    const rules = [];
    for (let y = 1; y < canvas.height; y++) {
      const at = 4 * (y * canvas.width + 2);
      if (data[at + 3] > 0 && data[at + 3 - 4 * canvas.width] === 0) rules.push(y);
    }
    return { rows, rules };
  });
  const [first, , third] = rows.rules;
  const pitch = rows.rules[1] - rows.rules[0];
  const near = (rule) => rows.rows.slice(rule - pitch * 0.45, rule + pitch * 0.1).reduce((sum, ink) => sum + ink, 0);
  const below = (rule) => rows.rows.slice(rule + pitch * 0.12, rule + pitch * 0.4).reduce((sum, ink) => sum + ink, 0);
  for (const rule of [first, third]) {
    assert.ok(near(rule) > 20, `no letters on the rule at ${rule}`);
    assert.ok(below(rule) < near(rule) * 0.1, `letters without tails hang below the rule at ${rule}`);
  }
  const empty = rows.rows.slice(first + pitch * 0.4, first + pitch * 1.05).reduce((sum, ink) => sum + ink, 0);
  assert.ok(empty < 3, "the empty line is empty");
  await visitor.leave();
});

test("slant, wander, pens and inks change what is seen, at once", async () => {
  const visitor = await come();
  await visitor.writes("ink");
  const seen = new Set([await picture(visitor)]);
  for (const [label, value] of [
    ["Slant", "20"],
    ["Wander", "1"],
    ["Pen", "pencil"],
    ["Pen", "fineliner"],
    ["Line width", "2"],
    ["Ruling", "squared"],
  ]) {
    await set(visitor, label, value);
    seen.add(await picture(visitor));
  }
  await visitor.page.getByRole("radio", { name: "Burgundy" }).check({ force: true });
  seen.add(await picture(visitor));
  assert.equal(seen.size, 8, "every choice is seen");
  const pages = await visitor.page.locator("#canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let red = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && data[i] > 110 && data[i + 2] < 80) red++;
    return red;
  });
  assert.ok(pages > 100, "the ink is burgundy");
  assert.match(visitor.page.url(), /slant=20.*ink=%238c1c33/, "and the address says so");
  await visitor.leave();
});

test("a hand that is chosen writes what is there; two hands mix; Surprise me chooses for you", async () => {
  const visitor = await come();
  await visitor.writes("hand");
  const none = await visitor.downloads();
  await visitor.choosesHand("Open");
  await settles(visitor);
  const open = await visitor.downloads();
  assert.notEqual(open, none);
  await visitor.page.getByLabel("Mix with").selectOption("Tall");
  const mixed = [];
  for (const share of ["0", "0.5", "1"]) {
    await visitor.page.getByLabel("How much of it").fill(share);
    await visitor.writes();
    mixed.push(await visitor.downloads());
  }
  assert.equal(mixed[0], open, "none of the other hand is the first hand");
  assert.equal(new Set(mixed).size, 3);
  const before = visitor.page.url();
  await visitor.page.getByRole("button", { name: "Surprise me" }).click();
  await settles(visitor);
  assert.notEqual(new URLSearchParams(visitor.page.url().split("#")[1]).get("style"), new URLSearchParams(before.split("#")[1]).get("style"));
  await visitor.leave();
});

test("the hands' pictures are of the network that is shipped", async () => {
  const visitor = await come();
  const weights = /data-weights="([0-9a-f]+)"/.exec((await file("hands.svg")).toString())?.[1];
  await visitor.writes("a");
  assert.match(visitor.page.url(), new RegExp(`weights=${weights}`), "run `cargo run --release --example hands`");
  assert.equal(await visitor.page.locator(".tile svg").count(), await visitor.page.locator(".tile").count());
  await visitor.leave();
});

test("a link carries the look and a long text, and the friend sees the very same picture", async () => {
  const visitor = await come();
  await set(visitor, "Paper", "a4");
  await set(visitor, "Orientation", "landscape");
  await set(visitor, "Ruling", "squared");
  await set(visitor, "Letter size", "small");
  await set(visitor, "Slant", "12");
  await set(visitor, "Wander", "0.6");
  const text = `${LINES}\n<img src=x onerror=alert(1)>`;
  await visitor.writes(text);
  const seen = await picture(visitor);
  const ink = await visitor.downloads();
  const query = visitor.page.url().slice(site.address.length);
  await visitor.leave();
  const friend = await come({ query, ready: /Done$/ });
  assert.equal(await friend.text.inputValue(), text);
  assert.equal(await friend.downloads(), ink);
  assert.equal(await picture(friend), seen);
  assert.equal(await friend.page.locator("img[src=x]").count(), 0, "text never becomes HTML");
  assert.deepEqual(friend.complaints, []);
  await friend.leave();
});

test("absurd values in a link are clamped, and that is said", async () => {
  const query = "?engine=cpu#text=a&seed=-4&bias=1e9&temperature=-3&slant=900&nib=Infinity&paper=napkin&ink=javascript:1&tip=quill";
  const visitor = await come({ query, ready: /Done$/ });
  const status = await visitor.status.textContent();
  for (const said of [/neatness isn’t .*, so 2 was used/, /wildness isn’t .*, so 0\.2 was used/, /seed isn’t .*, so 0 was used/, /slant isn’t .*, so 30 was used/]) {
    assert.match(status, said);
  }
  assert.match(status, /line width isn’t .*so 2\.5 was used/);
  assert.match(status, /doesn’t know the link’s paper/);
  assert.match(status, /ink isn’t a colour/);
  assert.ok((await visitor.inked()) > 0);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("what nobody can write is said and breaks nothing: emoji, tabs, control characters, Hebrew, and where nothing is kept", async () => {
  const visitor = await site.come({
    query: "?engine=cpu",
    reducedMotion: "reduce",
    route: ["**/never", (route) => route.abort()],
  });
  await visitor.page.evaluate(() => {
    // As where storage is denied.
    for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
      Object.defineProperty(window, name, { get: () => { throw new DOMException("denied", "SecurityError"); } });
    }
  });
  const said = () => visitor.page.locator("#unwritable").textContent();
  assert.equal(await visitor.writes("a\tb\u0007c"), "Done");
  await visitor.writes("one 👩‍👩‍👧 two");
  assert.equal(await said(), "Left out: 👩‍👩‍👧.");
  await visitor.text.fill("שלום עולם");
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.hears(/There is nothing to write: the network knows none of these characters\./);
  await visitor.page.locator("#unwritable").filter({ hasText: /^Left out: ש ל ו ם ע\.$/ }).waitFor();
  await visitor.writes(`x${String.fromCodePoint(...Array.from({ length: 60 }, (_, k) => 0x4e00 + k))}`);
  assert.match(await said(), /^Left out: 一 .* and 44 more\.$/);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("ten thousand words are begun at once, counted, and can be stopped", async () => {
  const visitor = await site.come({ query: "?engine=cpu" });
  await set(visitor, "Paper", "a4");
  await set(visitor, "Speed", "Infinity");
  await visitor.text.fill("word and more of it ".repeat(2000));
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.page.locator("#line-number").filter({ hasText: /^([2-9]|\d{2,}) of \d{3,}$/ }).waitFor();
  await visitor.page.keyboard.press("Escape");
  await visitor.hears(/Stopped$/);
  assert.ok((await visitor.inked()) > 0);
  assert.ok(strokes(await visitor.downloads()).length > 3);
  // And nothing of it is left in the way.
  await visitor.writes("short");
  assert.equal(await visitor.page.getByRole("img", { name: "Handwriting: short" }).count(), 1);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("all of it by keyboard: Enter is a new line, arrows choose hands, Escape closes a dialog before it stops the pen", async () => {
  const visitor = await site.come({ query: "?engine=cpu" });
  await visitor.text.fill("a");
  await visitor.text.press("Enter");
  await visitor.text.press("b");
  assert.equal(await visitor.text.inputValue(), "a\nb");
  await visitor.page.getByRole("radio", { name: "Upright", exact: true }).focus();
  await visitor.page.keyboard.press("ArrowRight");
  assert.ok(await visitor.page.getByRole("radio", { name: "Plain", exact: true }).isChecked());
  await visitor.text.fill("slowly, so that there is time to press keys");
  await visitor.text.press("Control+Enter");
  await visitor.hears(/Writing …$/);
  await visitor.page.getByRole("button", { name: "Download or print" }).press("Enter");
  await visitor.page.keyboard.press("Escape");
  assert.match(await visitor.status.textContent(), /Writing …$/);
  await visitor.page.keyboard.press("Escape");
  await visitor.hears(/Stopped$/);
  await visitor.leave();
});

test("axe finds nothing serious with everything open, light or dark, on a phone", async () => {
  const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  for (const colorScheme of ["light", "dark"]) {
    const visitor = await come({ colorScheme, viewport: { width: 390, height: 844 }, bypassCSP: true });
    await visitor.page.addScriptTag({ path: axe });
    const check = async (state, part = "dialog[open]") => {
      const { violations } = await visitor.page.evaluate((part) => window.axe.run(part, { resultTypes: ["violations"] }), part);
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], `${colorScheme}, ${state}`);
    };
    await visitor.more();
    await set(visitor, "Paper", "card");
    await visitor.writes(LINES);
    await check("two sheets", "html");
    const wide = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
    for (const name of ["Download or print", "Your own hand …"]) {
      await visitor.page.getByRole("button", { name }).click();
      await check(name);
      await visitor.page.keyboard.press("Escape");
    }
    await visitor.leave();
  }
});

test("ink that comes in an old layout, behind a new one that has it, is not drawn twice", async () => {
  const visitor = await come();
  const found = await visitor.page.evaluate(async () => {
    const { EMPTY_SHEET, Ink } = await import(new URL("sheet/ink.js", location.href).href);
    const ink = new Ink(EMPTY_SHEET);
    const piece = (page, line, start, ...xs) => ({ page, line, start, points: Float32Array.from(xs.flatMap((x) => [x, 0, 0])) });
    const xs = () => Array.from({ length: ink.count }, (_, i) => ink.data[3 * i]);
    ink.add([piece(0, 0, 0, 1, 2)], EMPTY_SHEET);
    ink.add([piece(0, 0, 2, 3)], EMPTY_SHEET);
    ink.replace([piece(0, 0, 0, 11, 12, 13), piece(1, 1, 3, 14, 15)], EMPTY_SHEET);
    ink.add([piece(0, 1, 3, 4, 5)], EMPTY_SHEET);
    ink.add([piece(2, 2, 5, 16)], EMPTY_SHEET);
    const whole = { xs: xs(), lines: [0, 2, 3, 5].map((point) => ink.lineOf(point)), pages: [0, 1, 2].map((page) => ink.range(page)) };
    ink.truncate(4);
    return { whole, cut: xs(), page: ink.pageOf(3), lifted: ink.data[11] };
  });
  assert.deepEqual(found.whole, { xs: [11, 12, 13, 14, 15, 16], lines: [0, 0, 1, 2], pages: [[0, 3], [3, 5], [5, 6]] });
  assert.deepEqual([found.cut, found.page, found.lifted], [[11, 12, 13, 14], 1, 1]);
  await visitor.leave();
});

test("paper that is changed while the pen writes is where the rest is written, and what is drawn moves there", async () => {
  const visitor = await site.come({ query: "?engine=cpu" });
  await visitor.speed("Natural speed");
  await visitor.text.fill("the pen goes on\non another paper");
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  await visitor.hears(/Writing …$/);
  await visitor.page.waitForTimeout(600);
  await set(visitor, "Ruling", "ruled");
  await set(visitor, "Slant", "15");
  assert.ok((await visitor.inked()) > 0);
  await visitor.page.keyboard.press("Escape");
  await visitor.hears(/Stopped$/);
  const stopped = strokes(await visitor.downloads()).length;
  await visitor.speed("At once");
  await visitor.writes("the pen goes on\non another paper");
  assert.ok(strokes(await visitor.downloads()).length > stopped);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});
