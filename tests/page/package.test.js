// The npm package as users install it: packed, installed into an empty project without a network, used from thirty
// lines of JavaScript and from TypeScript.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch, serve, strokes } from "./site.js";

/** The package as `cargo xtask package` makes it. */
const PACKAGE = process.env.PACKAGE ?? fileURLToPath(new URL("../../target/npm/", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));

const JAVASCRIPT = `
import init, { RunningHand } from "./node_modules/running-hand/pkg/running_hand.js";

await init();
const runningHand = await RunningHand.open("cpu");
await runningHand.load("node_modules/running-hand/weights/synthesis.safetensors");
const writing = await runningHand.write("Dear reader,", { bias: 1, seed: 7, style: runningHand.styles()[0] });
for await (const _ of writing);
const image = new Image();
image.src = URL.createObjectURL(new Blob([writing.toSvg()], { type: "image/svg+xml" }));
image.alt = writing.plan.lines.join(" ");
document.body.append(image);
`;

const TYPESCRIPT = `
import init, { RunningHand, type Finish, type PlacedInk, type WriteOptions } from "running-hand";
import "running-hand/running-hand.js";

export async function line(text: string, options: WriteOptions = { bias: 1, seed: 7n }): Promise<string> {
  await init();
  const runningHand = await RunningHand.open("auto");
  await runningHand.load("weights/synthesis.safetensors", (loaded: number, total: number) => console.log(loaded / total), "synthesis");
  const writing = await runningHand.write(text, options);
  const pages: PlacedInk[][] = [];
  for await (const ink of writing) for (const piece of ink) (pages[piece.page] ??= []).push(piece);
  const finish: Finish | undefined = writing.finish;
  const lines: string[] = writing.plan.lines;
  console.log(finish, lines);
  console.log(pages.length, writing.sheet.rules.across);
  return writing.exportPage(0, "svg", { color: "navy", crop: true }) + writing.toSvg(0);
}

const element = document.createElement("running-hand");
element.text = "Dear reader,";
element.seed = 3;
element.addEventListener("finish", () => console.log(element.points.length));
void element.write();
// @ts-expect-error: no such engine
void RunningHand.open("abacus");
// @ts-expect-error: no such paper
void line("a", { paper: "napkin" });
// @ts-expect-error: a number is needed
void line("a", { bias: "much" });
`;

let project;

before(async () => {
  project = await mkdtemp(join(tmpdir(), "running-hand-project-"));
  const npm = async (folder, ...options) => (await promisify(execFile)("npm", options, { cwd: folder })).stdout;
  const [{ filename, files }] = JSON.parse(await npm(PACKAGE, "pack", "--json", "--pack-destination", project));
  const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
  assert.equal(filename, `running-hand-${version}.tgz`);
  for (const path of ["pkg/running_hand.js", "pkg/running_hand.d.ts", "element/running-hand.js", "element/running-hand.d.ts", "engine/worker.js", "engine/pool-worker.js", "weights/README.md", "LICENSE.md"]) {
    assert.ok(files.some((file) => file.path === path), `${path} is in the package`);
  }
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  await npm(project, "install", "--offline", "--no-audit", "--no-fund", `./${filename}`);
  await writeFile(join(project, "app.js"), JAVASCRIPT);
  await writeFile(join(project, "index.html"), '<!doctype html><title>Mine</title><script type="module" src="app.js"></script>');
  const element = '<script type="module" src="node_modules/running-hand/element/running-hand.js"></script><running-hand text="mine" speed="instant">';
  await writeFile(join(project, "element.html"), `<!doctype html><title>Mine</title>${element}`);
  await writeFile(join(project, "user.ts"), TYPESCRIPT);
});
after(() => rm(project, { recursive: true }));

test("it writes a line from thirty lines of JavaScript, and as an element", async () => {
  assert.ok(JAVASCRIPT.split("\n").length <= 30);
  const server = await serve(project);
  const browser = await launch();
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(server.address);
  const image = page.getByRole("img", { name: "Dear reader," });
  await image.waitFor({ timeout: 120_000 });
  const svg = await image.evaluate(async (image) => (await fetch(image.src)).text());
  assert.ok(strokes(svg).length >= 5, svg);
  await page.goto(`${server.address}element.html`);
  await page.waitForFunction(() => document.querySelector("running-hand").points.length > 0, undefined, { timeout: 120_000 });
  assert.deepEqual(complaints, []);
  await browser.close();
  server.close();
});

test("its types hold in a strict TypeScript project", async () => {
  const options = {
    strict: true,
    noEmit: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    types: [],
  };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["user.ts"] }));
  const run = promisify(execFile)("npx", ["--no-install", "tsc", "--project", project], { cwd: HERE });
  await run.catch(({ stdout }) => assert.fail(stdout));
});
