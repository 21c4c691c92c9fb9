// Reference lines: the module writes them in every browser, on every engine and in Node equal bit for bit to what
// `tests/lines.rs` wrote natively.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch, launchFirefox, serve } from "./site.js";

/** The package as `cargo xtask package` makes it. */
const PACKAGE = process.env.PACKAGE ?? fileURLToPath(new URL("../../target/npm/", import.meta.url));
const LINES = JSON.parse(await readFile(new URL("../fixtures/lines.json", import.meta.url), "utf8"));

/**
 * Writes lines with the module at this address: in a page, or in Node. Returns them as written, the engine's label, and
 * for each kernel that the module could have linked whether it was told that it can (relaxed SIMD).
 * @param {{ engine: string, module: string, files?: Record<string, Uint8Array>, lines: any[], relaxed?: boolean }} what
 *   `files` are the module's and the networks' bytes, where nothing can be fetched; `relaxed: false` denies relaxed SIMD
 */
async function write({ engine, module, files, lines, relaxed = true }) {
  const validate = WebAssembly.validate;
  const found = [];
  // The only module that ours has validated is its kernel for relaxed SIMD.
  WebAssembly.validate = (bytes) => {
    found.push(relaxed && validate(bytes));
    return found.at(-1);
  };
  const { default: init, RunningHand } = await import(module);
  await init(files && { module_or_path: files["pkg/running_hand_bg.wasm"] });
  const runningHand = await RunningHand.open(engine);
  for (const name of ["weights/synthesis.safetensors", "weights/prediction.safetensors"]) {
    await (files ? runningHand.loadBytes(files[name], name) : runningHand.load(new URL(`../${name}`, module).href));
  }
  const written = [];
  for (const { text, line, options } of lines) {
    const { steps } = await runningHand.writeLine(text, line, options);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", steps));
    const sha256 = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    written.push({ text, line, options, points: steps.length / 9, sha256 });
  }
  WebAssembly.validate = validate;
  return { label: runningHand.engine, relaxed: found, lines: written };
}

/** The same in a page of a browser. */
async function writeInPage(browser, what) {
  const server = await serve();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.address}icon.svg`);
    return await page.evaluate(write, { module: `${server.address}pkg/running_hand.js`, ...what });
  } finally {
    await browser.close();
    server.close();
  }
}

/** @param {any} context @param {any} found @param {any[]} [lines] */
function compare(context, found, lines = LINES) {
  const points = found.lines.reduce((sum, line) => sum + line.points, 0);
  context.diagnostic(`${found.label}, relaxed SIMD: ${found.relaxed}: ${found.lines.length} lines, ${points} points`);
  assert.deepEqual(found.lines, lines);
}

test("reference lines in Chromium with relaxed SIMD", async (context) => {
  const found = await writeInPage(await launch(), { engine: "cpu", lines: LINES });
  assert.deepEqual([found.label, found.relaxed], ["CPU · SIMD", [true]]);
  compare(context, found);
});

test("reference lines in Chromium without relaxed SIMD", async (context) => {
  const found = await writeInPage(await launch(), { engine: "cpu", lines: LINES, relaxed: false });
  assert.deepEqual([found.label, found.relaxed], ["CPU · SIMD", [false]]);
  compare(context, found);
});

// The short ones: a software adapter writes some 20 points a second.
test("short reference lines in Chromium on WebGPU", async (context) => {
  const lines = LINES.filter(({ points }) => points <= 160);
  assert.ok(lines.some(({ text }) => text) && lines.some(({ text }) => !text), "lines of both networks");
  const found = await writeInPage(await launch({ gpu: true }), { engine: "gpu", lines });
  assert.match(found.label, /^WebGPU · /);
  compare(context, found, lines);
});

test("reference lines in Firefox", async (context) => {
  const found = await writeInPage(await launchFirefox(), { engine: "cpu", lines: LINES });
  assert.match(found.label, /^CPU · SIMD/);
  compare(context, found);
});

test("reference lines in Node, from the npm package", async (context) => {
  const names = ["pkg/running_hand_bg.wasm", "weights/synthesis.safetensors", "weights/prediction.safetensors"];
  const files = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(PACKAGE, name))])));
  const module = pathToFileURL(join(PACKAGE, "pkg/running_hand.js")).href;
  compare(context, await write({ engine: "cpu", module, files, lines: LINES }));
});
