// The element in other people's builds: each bundler builds a clean project that has installed the packed package, and
// a browser shows the ink under a strict policy.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { esbuild, nodeResolve, rollup, vite, webpack } from "../bundlers/tools.js";
import { project } from "./packed.js";
import { launch, serve } from "./site.js";

const STRICT = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
const TRUSTED = `${STRICT}; require-trusted-types-for 'script'; trusted-types running-hand`;

/** Two lines, so that the pool's workers write too. The same settings in all builds: the ink is the same too. */
const ELEMENT = '<running-hand text="mine,&#10;too" seed="3" speed="instant">mine</running-hand>';
const page = (script, element = ELEMENT) =>
  `<!doctype html><title>Mine</title><script type="module" src="${script}"></script>${element.repeat(2)}`;
const IMPORT = 'import "running-hand/element";\n';
/** The module beside the element. */
const MODULE = `
import init, { RunningHand } from "running-hand";
import weights from "running-hand/synthesis";

globalThis.write = async () => {
  await init();
  const runningHand = await RunningHand.open("cpu");
  await runningHand.load(weights);
  const writing = await runningHand.write("ours");
  for await (const _ of writing);
  return writing.toSvg().match(/<path/g).length;
};
`;
const CONFIGURE = 'import { configure } from "running-hand/element";\nconfigure({ folder: "running-hand" });\n';

let browser, mine;
/** What the element wrote in the first test. */
let ink;

before(async () => {
  browser = await launch();
  mine = await project({
    "app.js": IMPORT + MODULE,
    "element.js": IMPORT,
    "configured.js": CONFIGURE,
    "index.html": page("./app.js"),
    "element.html": page("./element.js"),
    "plain.html": page("node_modules/running-hand/element/running-hand.js"),
  });
});
after(async () => {
  await browser.close();
  await mine.remove();
});

/** Opens a page, waits for the ink of its elements, and tells what was requested. @param {string} address */
async function shows(address, { module = false } = {}) {
  const context = await browser.newContext();
  const visited = await context.newPage();
  const complaints = [];
  const asked = [];
  visited.on("pageerror", (error) => complaints.push(error.message));
  visited.on("console", (message) => {
    // Chromium looks for an icon at the root of the host.
    if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) complaints.push(message.text());
  });
  context.on("request", (request) => asked.push(request.url()));
  await visited.goto(address);
  const inked = visited.waitForFunction(
    () => [...document.querySelectorAll("running-hand")].every((element) => element.points?.length && !element.writing),
    undefined,
    { timeout: 60_000 },
  );
  await inked.catch((error) => assert.fail(`${error.message}\n${complaints.join("\n")}\n${asked.join("\n")}`));
  const points = await visited.evaluate(() => [...document.querySelectorAll("running-hand")].map(({ points }) => [...points]));
  ink ??= points[0];
  assert.deepEqual(points, [ink, ink]);
  if (module) assert.ok((await visited.evaluate(() => globalThis.write())) >= 3);
  assert.deepEqual(complaints, []);
  assert.equal(asked.filter((url) => url.includes("prediction")).length, 0, "only what is used is loaded");
  await context.close();
}

/** As `shows`, for a folder of the project. @param {string} folder @param {string} [policy] */
async function builds(folder, { policy = TRUSTED, path = "", ...options } = {}) {
  const server = await serve(join(mine.folder, folder), { "content-security-policy": policy });
  try {
    await shows(server.address + path, options);
    return server.asked;
  } finally {
    server.close();
  }
}

/** The workers of the pool are found too, on machines that have the cores for one. @param {string[]} asked */
function assertPool(asked) {
  if (cpus().length > 1) assert.ok(asked.some((url) => url.includes("pool-worker")), asked.join("\n"));
}

/** Starts Vite's development server for a page of the project. */
async function develops(path, config, options) {
  const server = await vite.createServer({
    root: mine.folder,
    configFile: false,
    logLevel: "error",
    server: { port: 0, host: "127.0.0.1", headers: { "content-security-policy": STRICT } },
    ...config,
  });
  await server.listen();
  try {
    await shows(`http://127.0.0.1:${server.httpServer.address().port}/${path}`, options);
  } finally {
    await server.close();
  }
}

test("plain files", async () => {
  const asked = await builds("", { path: "plain.html" });
  assert.equal(asked.filter((url) => url.endsWith("/engine/worker.js")).length, 1, "the elements share an engine");
  assertPool(asked);
});

test("Vite's development server, with nothing configured", () => develops("element.html", {}));

test("Vite's development server, with the module", () =>
  develops("", { optimizeDeps: { exclude: ["running-hand"] }, cacheDir: "cache" }, { module: true }));

test("Vite", async () => {
  const build = { outDir: "vite", emptyOutDir: true };
  await vite.build({ root: mine.folder, base: "./", configFile: false, logLevel: "error", build });
  assertPool(await builds("vite", { module: true }));
});

test("webpack", async () => {
  const stats = await promisify(webpack)({
    mode: "production",
    context: mine.folder,
    entry: "./app.js",
    output: { path: join(mine.folder, "webpack"), filename: "app.js" },
    performance: { hints: false },
  });
  assert.deepEqual(stats.toJson({ all: false, errors: true, warnings: true }).errors, []);
  await mine.add({ "webpack/index.html": page("app.js") });
  await builds("webpack", { module: true });
  // Paths of the developer's machine are nobody's business.
  for (const name of await readdir(join(mine.folder, "webpack"))) {
    if (name.endsWith(".js")) assert.doesNotMatch(await readFile(join(mine.folder, "webpack", name), "utf8"), /file:\/\/\//);
  }
});

test("esbuild", async () => {
  await esbuild.build({
    absWorkingDir: mine.folder,
    entryPoints: ["configured.js"],
    bundle: true,
    minify: true,
    format: "esm",
    outfile: "esbuild/app.js",
  });
  await mine.copyPackage("esbuild/running-hand");
  await mine.add({ "esbuild/index.html": page("app.js") });
  assertPool(await builds("esbuild"));
});

test("a build without its worker says what is missing, and shows the text", async () => {
  await esbuild.build({ absWorkingDir: mine.folder, entryPoints: ["element.js"], bundle: true, format: "esm", outfile: "bare/app.js" });
  await mine.add({ "bare/index.html": page("app.js") });
  const server = await serve(join(mine.folder, "bare"), { "content-security-policy": STRICT });
  const visited = await browser.newPage();
  try {
    const said = visited.waitForEvent("console", (message) => message.text().startsWith("<running-hand>"));
    await visited.goto(server.address);
    assert.match((await said).text(), /The engine did not start.*configure\(\{ folder \}\)/);
    const text = visited.locator("running-hand [part=text]").first();
    assert.equal(await text.evaluate((part) => part.checkVisibility()), true);
  } finally {
    await visited.close();
    server.close();
  }
});

test("Rollup", async () => {
  const bundle = await rollup.rollup({ input: join(mine.folder, "configured.js"), plugins: [nodeResolve()] });
  await bundle.write({ file: join(mine.folder, "rollup/app.js") });
  await bundle.close();
  await mine.copyPackage("rollup/running-hand");
  await mine.add({ "rollup/index.html": page("app.js") });
  assertPool(await builds("rollup"));
});
