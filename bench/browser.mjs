// The CPU engine beside its peers in headless Chromium: `node browser.mjs DATA DIST ROUNDS`.
//
// Every engine has a page of its own, stays loaded, and is first held against the golden points. Then
// they take turns, so that whatever else the machine does meets all of them.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { cells, figure, spread, table, tell } from "./report.mjs";
import { serve } from "./server.mjs";

const [data, dist, rounds] = [process.argv[2], process.argv[3], Number(process.argv[4] ?? 7)];
const here = fileURLToPath(new URL(".", import.meta.url));
const modules = join(here, "node_modules");
/** Share of a peer's points of which rounding may decide the component or the pen: most in the random network. */
const FLIPPED = 0.2;
/** What a turn should take, and each of two before the first. */
const TURN_MS = 500;
const WARM_MS = 700;

const OURS = "Running Hand";
const ENGINES = [
  { name: OURS, script: "peers/running-hand.js", files: ["dist/pkg/running_hand.js", "dist/pkg/running_hand_bg.wasm"] },
  {
    name: "onnxruntime-web",
    script: "bundles/onnx.js",
    variants: ["gemm", "lstm"],
    files: ["bundles/onnx.js", "modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"],
  },
  {
    name: "TensorFlow.js (wasm)",
    script: "bundles/tfjs.js",
    files: ["bundles/tfjs.js", "modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"],
  },
  { name: "plain JavaScript", script: "bundles/plain.js", files: ["bundles/plain.js"] },
  { name: "onnxruntime-web, 2 threads, by the clock", script: "bundles/onnx.js", variants: ["gemm", "lstm"], threads: 2 },
  { name: "TensorFlow.js (wasm), 2 threads, by the clock", script: "bundles/tfjs.js", threads: 2 },
];

const bundles = join(data, "bundles");
await build({
  entryPoints: ["onnx", "tfjs", "plain"].map((name) => join(here, "peers", `${name}.js`)),
  outdir: bundles,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  external: ["fs", "path", "os", "worker_threads", "perf_hooks", "module", "node:*"],
  nodePaths: [modules],
  logLevel: "error",
});

const folders = { data, dist, bundles, modules, peers: join(here, "peers") };
const plain = await serve(folders);
const isolated = await serve(folders, true);
const browser = await chromium.launch({
  executablePath: process.env.CHROME ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-features=WebGPU"],
});

/** A page of its own for an engine. */
async function visit({ script, threads }, query = "") {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => tell(`${script}: ${error.message}`));
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  /** Seconds of the processor that the page's own thread has had. */
  page.processor = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ThreadTime").value;
  };
  await page.goto(`${(threads ? isolated : plain).address}/page/${script}?threads=${threads ?? 1}${query}`);
  return page;
}

/**
 * Points a second. A page's own thread is measured by the processor's time that it had, so that what else
 * runs on the machine matters less; one that shares its work with others by the clock.
 */
async function rate({ threads }, page, key, steps) {
  const before = await page.processor();
  const run = ([key, steps]) => globalThis.bench.run(key, steps);
  const { points, seconds } = await page.evaluate(run, [key, steps]);
  return points / (threads ? seconds : (await page.processor()) - before);
}

async function speed(title, network, lines) {
  const rates = new Map();
  const running = [];
  for (const engine of ENGINES) {
    const page = await visit(engine);
    await page.waitForFunction(() => "bench" in globalThis);
    const variants = engine.variants ?? [""];
    let best = { rate: 0, key: 0, variant: "" };
    for (const variant of variants) {
      const open = ([network, lines, variant]) => globalThis.bench.open(network, lines, variant || undefined);
      const key = await page.evaluate(open, [network, lines, variant]);
      const { wrong, worst } = await page.evaluate((key) => globalThis.bench.check(key), key);
      if (!(wrong <= FLIPPED)) throw new Error(`${engine.name} ${variant}: ${100 * wrong} % of its points are not the golden ones`);
      tell(`${title}: ${engine.name} ${variant}: the golden points, to ${worst.toExponential(1)}`);
      let found = await rate(engine, page, key, 20 * lines);
      // By now the browser's best compiler has seen to the code.
      for (let turn = 0; turn < 2; turn++) found = await rate(engine, page, key, Math.ceil((found * WARM_MS) / 1000));
      if (found > best.rate) best = { rate: found, key, variant };
    }
    const steps = Math.max(20 * lines, Math.round(best.rate * (TURN_MS / 1000)));
    running.push({ engine, page, key: best.key, variant: best.variant, steps });
    rates.set(engine.name, []);
  }
  for (let round = 0; round < rounds; round++) {
    // Nobody always comes after the same neighbour.
    const turn = round % running.length;
    for (const { engine, page, key, steps } of [...running.slice(turn), ...running.slice(0, turn)]) {
      rates.get(engine.name).push(await rate(engine, page, key, steps));
    }
  }
  for (const { page } of running) await page.context().close();
  const ours = rates.get(OURS);
  const rows = running.map(({ engine: { name, threads }, variant }) => {
    const ratio = figure(spread(ours.map((rate, round) => rate / rates.get(name)[round])).median);
    // Seconds of the processor and of the clock are two things on a busy machine.
    const compared = name === OURS || threads ? "" : `${ratio} ×`;
    return [variant ? `${name} (${variant})` : name, ...cells(rates.get(name)), compared];
  });
  table(`${title}: points a second`, ["", "min", "median", "max", "Running Hand is"], rows);
  return spread(ours).median;
}

async function start() {
  const engines = ENGINES.filter(({ threads }) => !threads);
  const times = new Map(engines.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const engine of engines) {
      const page = await visit(engine, "&first=shipped");
      await page.waitForFunction(() => "first" in globalThis);
      times.get(engine.name).push(await page.evaluate(() => globalThis.first));
      await page.context().close();
    }
  }
  const rows = [];
  for (const { name, files } of engines) {
    let [raw, brotli] = [0, 0];
    for (const file of files) {
      const [root, ...path] = file.split("/");
      const bytes = await readFile(join(folders[root], ...path));
      raw += bytes.length;
      // The largest takes half a minute at the best quality, and gains a few per cent by it.
      brotli += brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
    }
    rows.push([name, ...cells(times.get(name)), raw.toLocaleString("en-US"), brotli.toLocaleString("en-US")]);
  }
  table(
    "From navigation to the first point, weights not cached, from this machine; bytes of script and WASM",
    ["", "min, ms", "median, ms", "max, ms", "bytes", "Brotli"],
    rows,
  );
}

try {
  console.log(`\n${browser.browserType().name()} ${browser.version()}, headless; ${rounds} rounds, engines in turns; seconds of the processor`);
  const one = await speed("Shipped network (3 × 256), one line", "shipped", 1);
  await speed("3 × 400 network, one line", "wide", 1);
  const many = await speed("Shipped network (3 × 256), 16 lines", "shipped", 16);
  console.log(`\n16 lines of the shipped network: ${figure(many / one)} × the points a second of one line.`);
  await start();
} finally {
  await browser.close();
  plain.close();
  isolated.close();
}
