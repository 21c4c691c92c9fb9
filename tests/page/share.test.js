// Sharing, ideas, and "Use in your app": what is copied is run by other programs, and writes what is on the sheet.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { fileName } from "../../www/export/file-name.js";
import { commandCode } from "../../www/share/code.js";
import { runElement, runScript, startsApart } from "./copied.js";
import { open, strokes } from "./site.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The command `running-hand`, as in export.test.js. */
const COMMAND = process.env.RUNNING_HAND ?? `${ROOT}target/debug/running-hand`;
const TEXT = "it's \"only\" $HOME\nand more";

const site = await open();

test("files are named after the first words", () => {
  for (const [text, name] of [
    ["Dear Anna,", "dear-anna"],
    ["  “Straße” & Ærø: c’est l’été!  ", "strasse-aero-cest-lete"],
    ["", "running-hand"],
    ["你好", "running-hand"],
    ["CON", "con-writing"],
    ["../../etc/passwd", "etc-passwd"],
    ["one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight"],
    ["a".repeat(100), "a".repeat(40)],
  ]) {
    assert.equal(fileName(text), name);
  }
});

test("the code of the sheet writes it again: as a command, in JavaScript, as an element", async () => {
  const visitor = await site.come({ query: "?engine=cpu", reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = visitor;
  await visitor.more();
  for (const [label, option] of [["Paper", "card"], ["Orientation", "landscape"], ["Ruling", "ruled"], ["Letter size", "large"], ["Pen", "fineliner"]]) {
    await page.getByLabel(label, { exact: true }).selectOption(option);
  }
  await page.getByLabel("Left", { exact: true }).fill("25");
  await page.getByLabel("Seed", { exact: true }).fill("12");
  await visitor.choosesHand("Round");
  await page.getByLabel("Mix with").selectOption("Tall");
  await visitor.slide("Slant", 6);
  await visitor.slide("Wander", 0.4);
  await visitor.writes(TEXT);
  const svg = await visitor.downloads();
  const open = async () => {
    await page.getByRole("button", { name: "Use in your app" }).click();
    await page.getByRole("dialog", { name: "Use in your app" }).waitFor();
    const codes = await page.locator("#code pre").allTextContents();
    await page.getByRole("button", { name: "Copy: In a terminal" }).click();
    await page.locator("#code [role=status]").filter({ hasText: "Copied." }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes[2]);
    const hints = await page.locator("#code .hint").allTextContents();
    await page.keyboard.press("Escape");
    return { codes, hints };
  };
  const { codes, hints } = await open();
  assert.match(hints.join(" "), /leaves out: paper, slant, wander, the second hand\./);
  /** The largest distance of two drawings' coordinates in mm, after all else was found equal. */
  const apart = (ours, theirs) => {
    const [our, their] = [strokes(ours), strokes(theirs)];
    assert.deepEqual(their.map((stroke) => stroke.length), our.map((stroke) => stroke.length));
    return Math.max(...our.flat().map((value, i) => Math.abs(value - their.flat()[i])));
  };
  const folder = await mkdtemp(join(tmpdir(), "running-hand-"));
  try {
    const command = codes[2].replace(/^running-hand /, '"$RUNNING_HAND" --engine cpu --quiet ');
    await promisify(execFile)("sh", ["-c", command], { cwd: folder, env: { ...process.env, RUNNING_HAND: COMMAND } });
    const [name] = await readdir(folder);
    assert.equal(name, "its-only-home.svg");
    const written = await readFile(join(folder, name), "utf8");
    assert.ok(apart(svg, written) < 0.003);
    assert.match(written, /class="rules"/);
  } finally {
    await rm(folder, { recursive: true });
  }
  const packaged = await runScript(page, codes[1]);
  assert.ok(apart(svg, packaged) < 0.003);
  // What the element can show, it shows alike.
  await page.getByLabel("Left", { exact: true }).fill("");
  await page.getByLabel("Paper", { exact: true }).selectOption("free");
  await page.getByLabel("Letter size", { exact: true }).selectOption("medium");
  await page.getByLabel("Mix with").selectOption("");
  await visitor.slide("Slant", 0);
  await visitor.slide("Wander", 0);
  await page.getByLabel("Ruling", { exact: true }).selectOption("plain");
  await visitor.speed("At once");
  await visitor.writes(TEXT);
  const free = await visitor.downloads();
  const again = await open();
  assert.deepEqual(again.hints.filter((hint) => hint.includes("leaves out")), []);
  const [element] = again.codes;
  const { colour, starts } = await runElement(page.context(), site.address, element);
  // Both begin each stroke at the same place, but for where the sheet begins.
  assert.equal(starts.length, strokes(free).length);
  assert.ok(startsApart(starts, strokes(free)) < 0.05);
  assert.notEqual(colour, "rgb(0, 0, 0)");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("code is quoted for the shell, and names only what is not the default", () => {
  const settings = {
    text: "-5 degrees", bias: 0.75, temperature: 1, seed: 1, style: "Upright", blend: "", share: 0.5, columns: undefined,
    scribble: false, captured: "", paper: "free", sheetWidth: 120, sheetHeight: 80, sheetUnit: "mm", orientation: "portrait",
    ruling: "plain", size: "medium", pitch: "", marginTop: "", marginRight: "", marginBottom: "", marginLeft: "", firstTop: "",
    mirrorMargins: false, slant: 0, wander: 0, ink: "#1a1a2e", tip: "fineliner", nib: 1,
  };
  const code = (changed) => commandCode({ settings: { ...settings, ...changed }, hands: ["Upright"], speed: 1, unit: 0.016, columns: 36 });
  assert.equal(code({}), "running-hand --line-width 0.24 -o 5-degrees.svg -- '-5 degrees'");
  assert.equal(code({ text: "", style: "" }), "running-hand --scribble --line-width 0.24 -o running-hand.svg");
  assert.match(code({ text: "a", style: "" }), /^running-hand a --hand none /);
  const own = { text: "a", paper: "own", sheetUnit: "in", sheetWidth: 5, sheetHeight: 7, pitch: 9, firstTop: 40, mirrorMargins: true };
  assert.match(code(own), /--paper 127x177\.8mm --first-top 40 --mirror-margins --size 3\.2 --pitch 9 /);
});

test("whoever shows a link finds a picture of the page", async () => {
  const html = await readFile(join(ROOT, "www/index.html"), "utf8");
  const image = decode(await readFile(join(ROOT, "www", /property="og:image" content="([^"]+)"/.exec(html)[1])));
  assert.deepEqual([image.width, image.height], [1200, 630]);
  assert.match(html, /name="twitter:card" content="summary_large_image"/);
});
