// The page itself, as a visitor has it: `node page.mjs DIST ROUNDS`. When it is ready, when it writes by itself, how
// soon ink follows Write, and whether the main thread stutters while a letter is written.

import { chromium } from "playwright-core";
import { readFile } from "node:fs/promises";
import { cells, figure, spread, table, tell } from "./report.mjs";
import { serve } from "./server.mjs";

const [dist, rounds] = [process.argv[2], Number(process.argv[3] ?? 5)];
const text = await readFile(new URL("text.txt", import.meta.url), "utf8");
/** A letter of 318 words, as of several paragraphs. */
const letter = Array.from({ length: 3 }, () => text.trim()).join("\n\n").split(/(?<=\s)(?=\S)/).slice(0, 318).join("").trim();
/** How long the stutter is watched for. */
const WATCH_MS = 15_000;

const server = await serve({ dist });
const browser = await chromium.launch({
  executablePath: process.env.CHROME ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-features=WebGPU"],
});

/** In the page: whether a canvas shows ink. */
const inked = () =>
  [...document.querySelectorAll("canvas")]
    .filter((canvas) => canvas.width && canvas.offsetParent)
    .some((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let k = 3; k < data.length; k += 4) if (data[k] > 0) return true;
      return false;
    });

/** Milliseconds from navigation to the first ink, of a page that is left alone. */
async function greeting() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block" });
  const page = await context.newPage();
  // The page's policy forbids to evaluate a string there.
  await page.addInitScript({ content: `window.inked = ${inked};` });
  await page.goto(`${server.address}/dist/?engine=cpu`, { waitUntil: "commit" });
  const ms = await page.waitForFunction(() => window.inked() && performance.now(), null, { polling: 25 });
  const found = await ms.jsonValue();
  await context.close();
  return found;
}

async function visit() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${server.address}/dist/?engine=cpu&greeting=off`);
  await page.waitForFunction(() => /Ready/.test(document.querySelector("[role=status]")?.textContent ?? ""));
  const ready = await page.evaluate(() => performance.now());
  return { page, ready };
}

/** Milliseconds from the click on Write to the first frame with ink on any canvas. */
async function firstInk(page) {
  await page.getByLabel("Text", { exact: true }).fill(text.trim());
  await page.evaluate(`globalThis.inked = ${inked}`);
  await page.evaluate(() => {
    const { inked } = globalThis;
    const button = [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === "Write");
    button.addEventListener("click", () => {
      const start = performance.now();
      // After the page's own listeners: they wipe the sheet.
      const look = () => (inked() ? (globalThis.ink = performance.now() - start) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
  });
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.waitForFunction(() => "ink" in globalThis);
  return page.evaluate(() => globalThis.ink);
}

/** Points a second of the page's engine, with its line pool, for the first line and for all of them, by turns. */
async function pace(page, turns) {
  return page.evaluate(
    async ([text, turns]) => {
      const { site } = await import(new URL("util/site-files.js", location.href).href);
      const { startEngine } = await import(new URL("engine/start.js", location.href).href);
      const client = startEngine();
      await client.request("open", { engine: "cpu", build: site.build, lazy: true });
      let seed = 0;
      const rate = async (text) => {
        let points = 0;
        const onEvent = (event) => event.ink?.forEach((ink) => (points += ink.points.length / 3));
        seed += 1;
        const start = performance.now();
        await client.request("write", { text, options: { seed, columns: 100 } }, { onEvent });
        return points / ((performance.now() - start) / 1000);
      };
      const [one, all] = [[], []];
      // The first turn is for what is compiled meanwhile.
      for (let turn = -1; turn < turns; turn++) {
        const found = [await rate(text.split("\n")[0]), await rate(text)];
        if (turn >= 0) one.push(found[0]), all.push(found[1]);
      }
      client.close();
      return { one, all, cores: navigator.hardwareConcurrency };
    },
    [text.trim(), turns],
  );
}

/** Tasks of the page's main thread, wall clock and processor time, and frames, while the letter is written at a speed of the pen. */
async function stutter(page, speed) {
  await page.getByLabel("Text", { exact: true }).fill(letter);
  await page.getByLabel("Speed").selectOption(speed);
  const tracer = await browser.newBrowserCDPSession();
  const events = [];
  tracer.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const categories = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "benchmark", "__metadata"];
  await tracer.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: categories } });
  await page.evaluate(() => {
    globalThis.frames = [];
    const frame = (now) => (globalThis.frames.push(now), requestAnimationFrame(frame));
    requestAnimationFrame(frame);
  });
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.waitForTimeout(WATCH_MS);
  const frames = await page.evaluate(() => globalThis.frames);
  const complete = new Promise((resolve) => tracer.once("Tracing.tracingComplete", resolve));
  await tracer.send("Tracing.end");
  await complete;
  // The page's process is the renderer whose main thread ran most tasks.
  const main = new Set(
    events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const tasks = Map.groupBy
    ? Map.groupBy(events.filter(({ name }) => name === "RunTask" || name === "ThreadControllerImpl::RunTask"), ({ pid, tid }) => `${pid}/${tid}`)
    : events.filter(({ name }) => /RunTask$/.test(name)).reduce((groups, event) => {
        const key = `${event.pid}/${event.tid}`;
        return groups.set(key, [...(groups.get(key) ?? []), event]);
      }, new Map());
  const own = [...tasks].filter(([key]) => main.has(key)).map(([, list]) => list).sort((a, b) => b.length - a.length)[0] ?? [];
  const gaps = frames.slice(1).map((now, k) => now - frames[k]);
  // A frame is due every 16.7 ms: a gap of n periods has dropped n − 1.
  const dropped = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / (1000 / 60)) - 1), 0);
  return {
    tasks: own.length,
    wall: Math.max(...own.map(({ dur = 0 }) => dur / 1000)),
    processor: Math.max(...own.map(({ tdur = 0 }) => tdur / 1000)),
    long: own.filter(({ tdur = 0 }) => tdur > 16_000).length,
    frames: gaps.length,
    dropped,
    gap: Math.max(...gaps),
  };
}

try {
  const [ready, ink, alone] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(await greeting());
    const { page, ready: ms } = await visit();
    ready.push(ms);
    ink.push(await firstInk(page));
    await page.context().close();
    tell(`page: ink by itself after ${figure(alone.at(-1))} ms, ready after ${figure(ms)} ms, ink ${figure(ink.at(-1))} ms after Write`);
  }
  table("The page, nothing cached", ["ms", "min", "median", "max"], [
    ["from navigation to the first ink, without any action", ...cells(alone)],
    ["from navigation to ready", ...cells(ready)],
    ["from Write to the first frame with ink", ...cells(ink)],
  ]);
  const { page } = await visit();
  const { one, all, cores } = await pace(page, rounds);
  await page.context().close();
  table(`Points a second of the page's engine, ${cores} cores`, ["", "min", "median", "max"], [
    ["one line", ...cells(one)],
    ["16 lines", ...cells(all)],
    ["16 lines × one line", ...cells(all.map((rate, round) => rate / one[round]))],
  ]);
  for (const [speed, how] of [["auto", "at the usual speed"], ["Infinity", "at once"]]) {
    const runs = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const { page } = await visit();
      runs.push(await stutter(page, speed));
      await page.context().close();
      tell(`page: ${JSON.stringify(runs.at(-1))}`);
    }
    const of = (key) => cells(runs.map((run) => run[key]));
    table(`The page's main thread while a letter of 318 words is written ${how}, ${WATCH_MS / 1000} s`, ["", "min", "median", "max"], [
      ["longest task, ms of the clock", ...of("wall")],
      ["longest task, ms of the processor", ...of("processor")],
      ["tasks over 16 ms of the processor", ...of("long")],
      ["tasks", ...of("tasks")],
      ["frames", ...of("frames")],
      ["frames dropped", ...of("dropped")],
      ["longest gap between frames, ms", ...of("gap")],
    ]);
    if (spread(runs.map((run) => run.tasks)).min === 0) throw new Error("the trace shows no task of the main thread");
  }
} finally {
  await browser.close();
  server.close();
}
