// The export dialog, "Download or print": every format, read by other programs; and the command, which writes what the
// page writes. (`tests/export.rs` tests the formats that need no browser.)

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import { Ajv } from "ajv";
import { decode } from "fast-png";
import { emptyPage, gifFrames, played } from "./films.js";
import { open, strokes } from "./site.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The command `running-hand`: `cargo test --test command --no-run` builds it, too. */
const COMMAND = process.env.RUNNING_HAND ?? `${ROOT}target/debug/running-hand`;
const TEXT = "Not \"only\" ink";

const site = await open();
/** One for all, from the first test on. @type {any} */
let visitor;

const message = () => visitor.page.locator("#export-message");

/** Opens the dialog by keyboard. */
async function openDialog() {
  await visitor.page.getByRole("button", { name: "Download or print" }).press("Enter");
  assert.ok(await visitor.page.locator("#export input:checked").first().evaluate((radio) => radio === document.activeElement));
}

/** Opens a file in the page's browser and returns what `use` returns there. */
async function inBrowser({ bytes }, type, options, use, argument) {
  const context = await visitor.page.context().browser().newContext(options);
  const page = await context.newPage();
  await page.goto(`data:${type};base64,${bytes.toString("base64")}`);
  const found = await page.evaluate(use, argument);
  await context.close();
  return found;
}

test("before there is ink there is nothing to export", async () => {
  visitor = await site.come({ query: "?engine=cpu", permissions: ["clipboard-read", "clipboard-write"] });
  await visitor.speed("At once");
  await visitor.page.getByLabel("Paper", { exact: true }).selectOption("card");
  await visitor.page.getByLabel("Ruling", { exact: true }).selectOption("ruled");
  await visitor.page.getByLabel("Seed", { exact: true }).fill("7");
  await visitor.slide("Neatness (bias)", 1);
  await visitor.choosesHand("Flowing");
  await openDialog();
  assert.match(await message().textContent(), /Nothing has been written yet/);
  assert.ok(await visitor.page.getByRole("button", { name: "Download", exact: true }).isDisabled());
  await visitor.page.keyboard.press("Escape");
  await visitor.writes(TEXT);
});

test("SVG: of the paper's size, the same strokes single and outlined; animated unless motion is unwelcome", async () => {
  await openDialog();
  const single = await visitor.saves("svg");
  const outlined = await visitor.saves("outline");
  const animated = await visitor.saves("animated");
  await visitor.page.keyboard.press("Escape");
  const look = () => {
    const svg = /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.documentElement));
    // New ones, whose animations begin now.
    for (const path of svg.querySelectorAll("path")) path.replaceWith(path.cloneNode());
    const paths = [...svg.querySelectorAll("path")];
    const unseen = paths.filter((path) => getComputedStyle(path).opacity === "0");
    return {
      size: [svg.width.baseVal.valueInSpecifiedUnits, svg.height.baseVal.valueInSpecifiedUnits, svg.width.baseVal.valueAsString],
      title: svg.querySelector("title")?.textContent,
      boxes: paths.map((path) => path.getBBox()).map(({ x, y, width, height }) => [x, y, x + width, y + height]),
      moving: document.getAnimations().length,
      unseen: unseen.length,
    };
  };
  const type = "image/svg+xml";
  const found = await inBrowser(single, type, {}, look);
  assert.deepEqual(found.size, [105, 148, "105mm"]);
  assert.equal(found.title, TEXT);
  assert.ok(found.boxes.length > 5 && found.moving === 0);
  const shapes = await inBrowser(outlined, type, {}, look);
  assert.equal(shapes.boxes.length, found.boxes.length);
  for (const [i, box] of shapes.boxes.entries()) {
    for (const side of [0, 1]) {
      // Half a line's width, at its broadest three quarters.
      assert.ok(box[side] < found.boxes[i][side] && found.boxes[i][side] - box[side] < 0.2, `${box} ${found.boxes[i]}`);
      assert.ok(box[side + 2] > found.boxes[i][side + 2], `${box} ${found.boxes[i]}`);
    }
  }
  const moving = await inBrowser(animated, type, { reducedMotion: "no-preference" }, look);
  assert.equal(moving.moving, found.boxes.length);
  assert.equal(moving.unseen, found.boxes.length, "nothing is there at first");
  const still = await inBrowser(animated, type, { reducedMotion: "reduce" }, look);
  assert.deepEqual([still.moving, still.unseen, still.boxes.length], [0, 0, found.boxes.length]);
});

test("PNG: its pixels, its resolution, with and without paper", async () => {
  await openDialog();
  const pixels = async () => {
    const { data, width, height, resolution } = decode((await visitor.saves("png")).bytes);
    const counts = { clear: 0, paper: 0, ink: 0 };
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) counts.clear += 1;
      else if (data[i] > 150) counts.paper += 1;
      else if (data[i + 3] > 200) counts.ink += 1;
    }
    return { size: [width, height], resolution, ...counts };
  };
  const whole = await pixels();
  assert.deepEqual(whole.size, [1240, 1748], "105 × 148 mm at 300 dpi");
  assert.deepEqual(whole.resolution, { x: 11811, y: 11811, unit: 1 }, "pixels of a metre");
  assert.ok(whole.clear === 0 && whole.paper > whole.ink && whole.ink > 2000, JSON.stringify(whole));
  await visitor.page.getByLabel("Include the paper").uncheck();
  await visitor.page.getByLabel("Crop to the writing").check();
  await visitor.page.getByLabel("Resolution").selectOption("600");
  const cut = await pixels();
  assert.ok(cut.size[0] < 2480 && cut.size[1] < 1748 && cut.resolution.x === 23622, JSON.stringify(cut));
  assert.ok(cut.clear > cut.ink && cut.ink > 3 * whole.ink, JSON.stringify([whole, cut]));
  await visitor.page.getByLabel("Crop to the writing").uncheck();
  await visitor.page.getByLabel("Include the paper").check();
  await visitor.page.getByLabel("Resolution").selectOption("150");
  await visitor.page.keyboard.press("Escape");
});

test("JSON is as its schema says, and InkML and G-code hold the same strokes", async () => {
  await openDialog();
  const ink = JSON.parse((await visitor.saves("json")).bytes.toString());
  const inkml = await visitor.saves("inkml");
  const { name, bytes: gcode } = await visitor.saves("gcode");
  await visitor.page.keyboard.press("Escape");
  const validate = new Ajv().compile(JSON.parse(await readFile(new URL("../../docs/ink.schema.json", import.meta.url), "utf8")));
  assert.ok(validate(ink), JSON.stringify(validate.errors));
  assert.deepEqual([ink.text, ink.settings.seed, ink.settings.style, ink.width], [TEXT, 7, "Flowing", 105]);
  const traces = await inBrowser(inkml, "application/xml", {}, () => {
    const found = [...document.getElementsByTagNameNS("http://www.w3.org/2003/InkML", "trace")];
    return found.map((trace) => trace.textContent?.split(",").length);
  });
  assert.deepEqual(traces, ink.strokes.map((stroke) => stroke.length));
  assert.equal(name, "not-only-ink.gcode");
  assert.equal(gcode.toString().match(/pen down/g).length, ink.strokes.length);
});

test("a servo has numbers of its own, and a number that makes no sense is said where it stands", async () => {
  await openDialog();
  await visitor.choosesFormat("gcode");
  await visitor.page.getByLabel("The pen is lifted by").selectOption("servo");
  assert.match((await visitor.saves("gcode")).bytes.toString(), /\nM5 ; pen up\n[^]*\nM3 S30 ; pen down\n/);
  await visitor.page.getByLabel("Pen down: servo position").fill("0");
  await visitor.page.getByRole("button", { name: "Download", exact: true }).click();
  await message().filter({ hasText: "must differ" }).waitFor();
  await visitor.page.getByLabel("Pen down: servo position").fill("30");
  await visitor.page.keyboard.press("Escape");
});

test("the clipboard gets text and pictures", async () => {
  await openDialog();
  const copy = async (format) => {
    await visitor.choosesFormat(format);
    await visitor.page.getByRole("button", { name: /^Copy (text|picture)$/ }).click();
    await message().filter({ hasText: "Copied" }).waitFor();
  };
  await copy("svg");
  assert.match(await visitor.page.evaluate(() => navigator.clipboard.readText()), /^<svg [^]*<\/svg>\n$/);
  await copy("png");
  const [types, width] = await visitor.page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return [item.types, (await createImageBitmap(await item.getType("image/png"))).width];
  });
  assert.deepEqual([types.includes("image/png"), width], [true, 620]);
  await visitor.page.keyboard.press("Escape");
  assert.deepEqual(visitor.complaints, []);
});

test("printed, a sheet has its true size", async () => {
  await visitor.page.evaluate(() => (window.print = () => (document.title = "printed")));
  await openDialog();
  await visitor.page.getByRole("button", { name: "Print", exact: true }).click();
  assert.equal(await visitor.page.title(), "printed");
  assert.ok(await visitor.page.getByRole("dialog").isHidden());
  const pdf = (await visitor.page.pdf({ preferCSSPageSize: true })).toString("latin1");
  const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf).map(Number);
  // 105 × 148 mm in points of 1/72 inch.
  assert.ok(Math.abs(width - 297.6) < 1 && Math.abs(height - 419.5) < 1, `${width} × ${height}`);
  assert.equal(pdf.match(/\/Type \/Page\b/g).length, 1);
});

test("a PDF has the sheet at its true size, with the lines of the paper, and its text", async () => {
  await openDialog();
  const { name, bytes } = await visitor.saves("pdf");
  await visitor.page.keyboard.press("Escape");
  const text = bytes.toString("latin1");
  assert.equal(name, "not-only-ink.pdf");
  assert.match(text, /\/MediaBox \[0 0 297\.6\d+ 419\.5\d+\]/);
  assert.match(text, /\/Title \(Not "only" ink\)/);
  const [, length] = /\/Length (\d+)\s+\/Filter \/FlateDecode/.exec(text);
  const start = text.indexOf("stream", text.indexOf("/FlateDecode")) + "stream".length + 1;
  const content = inflateSync(bytes.subarray(start, start + Number(length))).toString("latin1");
  assert.ok(content.match(/^0 [\d.]+ m\n297|^0 [\d.]+ m\n105/gm).length > 8, "the ruling");
  assert.ok(new Set(content.match(/^[\d.]+ w$/gm)).size > 4, "a fountain pen’s widths");
  assert.deepEqual(content.match(/\(.*\) Tj/g), ['(Not ) Tj', '("only" ) Tj', "(ink ) Tj"]);
});

test("GIF: other programs see it move, for as long as was asked, in the shape that was asked", async () => {
  await openDialog();
  await visitor.choosesFormat("gif");
  await visitor.page.getByLabel("Shape").selectOption("1:1");
  await visitor.page.getByLabel("Longer side").selectOption("480");
  await visitor.page.getByLabel("Pace").selectOption("10");
  await visitor.page.getByLabel("Pause at the end, in seconds").fill("1.5");
  const all = Number((await visitor.page.locator("#export-length").textContent()).split(" ")[0]);
  const decoded = async ({ bytes }) => {
    const page = await emptyPage(visitor.page.context(), site.address);
    return gifFrames(page, bytes).finally(() => page.close());
  };
  const { frames, endless } = await decoded(await visitor.saves("gif"));
  assert.ok(frames.length > 10 && endless, `${frames.length} frames, ${endless}`);
  assert.ok(frames.every(({ size, clear }) => String(size) === "480,480" && clear === 0));
  assert.ok(frames.every(({ ink }, i) => i === 0 || ink >= frames[i - 1].ink), "ink only comes");
  assert.ok(frames[0].ink < frames.at(-1).ink / 8 && frames.at(-1).ink > 500, `${frames[0].ink}, ${frames.at(-1).ink}`);
  assert.ok(Math.abs(frames.reduce((sum, { seconds }) => sum + seconds, 0) - all) < 0.05);
  assert.ok(Math.abs(frames.at(-1).seconds - 1.54) < 0.02);
  await visitor.page.getByLabel("Include the paper").uncheck();
  const transparent = await decoded(await visitor.saves("gif"));
  assert.ok(transparent.frames.at(-1).clear > 200_000 && transparent.frames.at(-1).ink > 500);
  // Everything about a long one can be called off.
  await visitor.page.getByLabel("Include the paper").check();
  await visitor.page.getByLabel("Pace").selectOption("1");
  await visitor.page.getByLabel("Longer side").selectOption("1920");
  await visitor.page.getByRole("button", { name: "Download", exact: true }).click();
  await visitor.page.locator("#export-cancel:visible").dispatchEvent("click");
  await message().filter({ hasText: "Cancelled" }).waitFor();
  await visitor.page.getByLabel("Longer side").selectOption("480");
  await visitor.page.getByLabel("Pace").selectOption("10");
});

test("videos play, as long and as large as was asked; WebM without the paper is transparent", async () => {
  const shown = async ({ bytes }) => {
    const page = await emptyPage(visitor.page.context(), site.address);
    return played(page, bytes).finally(() => page.close());
  };
  await visitor.choosesFormat("webm");
  await visitor.page.getByLabel("Shape").selectOption("16:9");
  await visitor.page.getByLabel("Pause at the end, in seconds").fill("0.2");
  const all = Number((await visitor.page.locator("#export-length").textContent()).split(" ")[0]);
  const check = ({ seconds, size, ink }) => {
    assert.deepEqual(size, [480, 270]);
    assert.ok(Math.abs(seconds - all) < 0.1 && ink > 100, `${seconds} s of ${all}, ${ink} pixels of ink`);
  };
  const webm = await shown(await visitor.saves("webm"));
  check(webm);
  assert.equal(webm.clear, 0);
  await visitor.page.getByLabel("Include the paper").uncheck();
  const transparent = await shown(await visitor.saves("webm"));
  check(transparent);
  assert.ok(transparent.clear > 100_000, JSON.stringify(transparent));
  await visitor.page.getByLabel("Include the paper").check();
  const mp4 = visitor.page.locator("#export input[value=mp4]");
  // Whether a browser has an encoder for H.264 depends on who built it.
  if (await mp4.isEnabled()) check(await shown(await visitor.saves("mp4")));
  else assert.match(await mp4.locator("..").getAttribute("title"), /can’t make/);
});

test("Lottie’s own player plays the strokes; HPGL and ordered files go through the same ink", async () => {
  const { name, bytes } = await visitor.saves("lottie");
  assert.equal(name, "not-only-ink.json");
  const player = createRequire(import.meta.url).resolve("lottie-web/build/player/lottie_light.min.js");
  const page = await emptyPage(visitor.page.context(), site.address);
  await page.addScriptTag({ path: player });
  const [seconds, early, late] = await page.evaluate(async (base64) => {
    const animationData = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))));
    const container = document.body.appendChild(document.createElement("div"));
    const animation = lottie.loadAnimation({ container, renderer: "svg", autoplay: false, loop: false, animationData });
    await new Promise((resolve) => animation.addEventListener("DOMLoaded", resolve));
    const drawn = (share) => {
      animation.goToAndStop(animation.totalFrames * share, true);
      return [...container.querySelectorAll("path")].map((path) => path.getTotalLength()).filter((length) => length > 0).length;
    };
    return [animation.getDuration(), drawn(0.05), drawn(0.99)];
  }, bytes.toString("base64"));
  await page.close();
  const json = JSON.parse((await visitor.saves("json")).bytes.toString());
  const points = json.strokes.flat().length;
  // Two seconds of rest; ten times as fast as the pen.
  assert.ok(Math.abs(seconds - (points * json.sampleMs) / 10_000 - 2) < 0.1, `${seconds} s`);
  assert.ok(early < late && late === json.strokes.length, `${early} and ${late} of ${json.strokes.length} strokes`);
  const hpgl = (await visitor.saves("hpgl")).bytes.toString();
  assert.match(hpgl, /^IN;\nSP1;\n/);
  assert.equal(hpgl.match(/^PU\d+,\d+;\nPD/gm).length, json.strokes.length);
  const travel = (svg) => {
    // From home, and back.
    const ends = [[0, 0], ...strokes(svg), [0, 0]].map((stroke) => [stroke.slice(0, 2), stroke.slice(-2)]);
    return ends.slice(1).reduce((sum, [[x, y]], i) => sum + Math.hypot(x - ends[i][1][0], y - ends[i][1][1]), 0);
  };
  const written = (await visitor.saves("svg")).bytes.toString();
  await visitor.page.getByLabel("Less pen-up travel").check();
  const ordered = (await visitor.saves("svg")).bytes.toString();
  await visitor.page.getByLabel("Less pen-up travel").uncheck();
  assert.ok(travel(ordered) < travel(written), `${travel(ordered)} mm of ${travel(written)}`);
  const size = (svg) => strokes(svg).flat().length;
  assert.ok(Math.abs(size(ordered) - size(written)) < 0.05 * size(written));
  await visitor.choosesFormat("gcode");
  await visitor.page.getByLabel("Firmware of the plotter").selectOption("marlin");
  assert.match((await visitor.saves("gcode")).bytes.toString(), /Marlin/);
  await visitor.page.getByLabel("Firmware of the plotter").selectOption("grbl");
});

test("the preview shows what the file will have, and moves if visitors do not mind", async () => {
  const inked = () =>
    visitor.page.locator("#export-canvas").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let ink = 0;
      for (let i = 0; i < data.length; i += 4) ink += data[i] < 128 && data[i + 3] > 128 ? 1 : 0;
      return ink;
    });
  const changes = async () => {
    const before = await inked();
    for (let tries = 0; tries < 20; tries++) {
      await visitor.page.waitForTimeout(50);
      if ((await inked()) !== before) return true;
    }
    return false;
  };
  await visitor.choosesFormat("gif");
  await visitor.page.getByLabel("Pace").selectOption("1");
  assert.ok(await changes(), "the film moves");
  await visitor.page.emulateMedia({ reducedMotion: "reduce" });
  await visitor.page.getByLabel("Shape").selectOption("9:16");
  const [still, tall] = [await inked(), await visitor.page.locator("#export-canvas").evaluate(({ width, height }) => height / width)];
  assert.ok(still > 50 && Math.abs(tall - 16 / 9) < 0.05, `${still} pixels, ${tall}`);
  assert.equal(await changes(), false, "no motion");
  await visitor.page.emulateMedia({ reducedMotion: null });
  await visitor.page.getByLabel("Pace").selectOption("2");
  await visitor.page.keyboard.press("Escape");
});

/** The largest distance of two sheets' coordinates in mm, after all else was found equal. */
function distance(ours, theirs) {
  assert.deepEqual([ours.width, ours.height, ours.text], [theirs.width, theirs.height, theirs.text]);
  assert.deepEqual(ours.strokes.map((stroke) => stroke.length), theirs.strokes.map((stroke) => stroke.length));
  const [our, their] = [ours, theirs].map(({ strokes }) => strokes.flat(2));
  return Math.max(...our.map((value, i) => Math.abs(value - their[i])));
}

/**
 * Compares what is on the page with what the command writes, given arguments for the same settings, and with what the
 * package writes with the same options.
 * @param {string[]} args @param {string} text @param {object} options @param {number} sheets how many there are
 */
async function compare(args, text, options, sheets) {
  const folder = await mkdtemp(join(tmpdir(), "running-hand-"));
  try {
    await promisify(execFile)(COMMAND, [
      ...[...args, "--engine", "cpu", "--paper", "card", "--quiet", "--output", join(folder, "ink.json")],
    ], { cwd: ROOT });
    const packaged = await visitor.page.evaluate(
      async ({ text, options, sheets }) => {
        const { default: init, RunningHand } = await import(new URL("pkg/running_hand.js", location.href).href);
        await init();
        const runningHand = await RunningHand.open("cpu");
        for (const kind of ["synthesis", "prediction"]) await runningHand.load(`weights/${kind}.safetensors`);
        const writing = await runningHand.write(text, { ...options, paper: "card" });
        for await (const _ of writing);
        return Promise.all(Array.from({ length: sheets }, async (_, page) => JSON.parse(await writing.exportPage(page, "json"))));
      },
      { text, options, sheets },
    );
    await openDialog();
    await visitor.choosesFormat("json");
    for (let sheet = 0; sheet < sheets; sheet++) {
      if (sheets > 1) await visitor.page.getByRole("combobox", { name: "Sheet" }).selectOption(String(sheet));
      const ours = JSON.parse((await visitor.saves("json")).bytes.toString());
      const theirs = JSON.parse(await readFile(join(folder, sheet ? `ink-${sheet + 1}.json` : "ink.json"), "utf8"));
      assert.equal(ours.settings.weights, theirs.settings.weights);
      assert.equal(ours.settings.columns, theirs.settings.columns);
      const apart = [distance(ours, theirs), distance(ours, packaged[sheet])];
      console.log(`sheet ${sheet + 1}: ${ours.strokes.flat().length} points; command and package at most ${apart} mm apart`);
      assert.ok(apart[0] < 0.003 && apart[1] === 0, `${apart} mm apart`);
    }
  } finally {
    await rm(folder, { recursive: true });
    await visitor.page.keyboard.press("Escape");
  }
}

test("page, command and package write the same letters at the same places on the same sheets", async () => {
  const text = "Dear reader,\n\nthis goes on for longer than one card has room, and leans and sways.\n".repeat(3).trim();
  await visitor.more();
  await visitor.slide("Slant", 12);
  await visitor.slide("Wander", 0.6);
  await visitor.page.getByLabel("Letter size", { exact: true }).selectOption("large");
  await visitor.writes(text);
  const look = ["--slant", "12", "--wander", "0.6", "--size", "4.2"];
  const options = { style: "Flowing", seed: 7, bias: 1, slant: 12, wander: 0.6, size: 4.2 };
  await compare([text, "--hand", "Flowing", "--seed", "7", "--bias", "1", ...look], text, options, 2);
  await visitor.slide("Slant", 0);
  await visitor.slide("Wander", 0);
  await visitor.page.getByLabel("Letter size", { exact: true }).selectOption("medium");
});

test("command and package scribble what the page scribbles, whichever hand was chosen for texts", async () => {
  await visitor.writes("");
  await compare(["--scribble", "--seed", "7", "--bias", "1"], "", { seed: 7, bias: 1 }, 1);
});

test("several sheets are several files", async () => {
  await visitor.writes(Array.from({ length: 13 }, (_, line) => "abcdefghijklm"[line]).join("\n"));
  await openDialog();
  await visitor.choosesFormat("svg");
  await visitor.page.getByRole("combobox", { name: "Sheet" }).selectOption("all");
  const downloads = [];
  visitor.page.on("download", (download) => downloads.push(download));
  await visitor.page.getByRole("button", { name: "Download", exact: true }).click();
  await message().filter({ hasText: "a-2.svg is in your downloads" }).waitFor();
  await visitor.page.waitForTimeout(300);
  assert.deepEqual(downloads.map((download) => download.suggestedFilename()), ["a-1.svg", "a-2.svg"]);
  const [first, second] = await Promise.all(downloads.map(async (download) => readFile(await download.path(), "utf8")));
  assert.match(first, /<title>a\nb\n/);
  assert.match(second, /<title>[^]*m<\/title>/);
  assert.ok(strokes(second).every(([, y]) => y < 148));
  await visitor.leave();
});
