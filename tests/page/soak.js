// `cargo xtask soak`: presses buttons two hundred times, then writes page after page and prints memory and workers.
// Fails if something goes wrong or memory grows. Not among the tests, because of its duration: by default
// `--minutes 60 --presses 200`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { assertUndisturbed, openWatched, press, watched } from "./presses.js";
import { launch, serve } from "./site.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    pages: { type: "string", default: "Infinity" },
    presses: { type: "string", default: "200" },
    words: { type: "string", default: "10000" },
  },
});
const [minutes, most, presses, words] = ["minutes", "pages", "presses", "words"].map((name) => Number(values[name]));
assert.ok(minutes > 0 && most > 0 && presses >= 0 && words >= 0, "--minutes, --pages, --presses and --words take numbers");

const MB = 2 ** 20;
/** A page of text: some thousand points. */
const TEXT =
  "Dear reader, this letter goes on for as long as the machine does,\nand nobody will ever read it.\n\nYours, a loop";

const server = await serve();
const browser = await launch();
const system = await browser.newBrowserCDPSession();

/** Memory of the page, in MB: its engine's, its scripts', and that of its process. */
async function memory(visitor, devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  const worker = visitor.page.workers().find((worker) => worker.url().endsWith("/engine/worker.js"));
  const wasm = await worker.evaluate(async () => {
    // The module that the worker has: it is not loaded again.
    const { default: init } = await import(new URL("../pkg/running_hand.js", self.location.href).href);
    return (await init()).memory.buffer.byteLength;
  });
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  let resident = 0;
  for (const { type, id } of processInfo) {
    if (type !== "renderer") continue;
    const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
    resident += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  }
  return { wasm: wasm / MB, heap: metrics.find(({ name }) => name === "JSHeapUsedSize").value / MB, resident };
}

try {
  const visitor = await openWatched(browser, server.address);
  if (presses) {
    const done = await press(visitor, presses, Number(Date.now()) % 1000);
    await assertUndisturbed(visitor, browser, server.address);
    console.log(`${presses} presses, no error, no stale ink:`, JSON.stringify(done));
  }

  const devtools = await visitor.page.context().newCDPSession(visitor.page);
  await devtools.send("Performance.enable");
  await visitor.speed("At once");
  const seed = visitor.page.getByLabel("Seed", { exact: true });
  const began = Date.now();
  const samples = [];
  let pages = 0;
  console.log("minute  pages   points  WASM MB  JS heap MB  process MB  workers");
  const sample = async (minute) => {
    const { wasm, heap, resident } = await memory(visitor, devtools);
    const { workers, points, late } = await watched(visitor);
    assert.equal(workers, 1);
    assert.equal(late, 0);
    const cells = [minute.toFixed(1), pages, points, wasm.toFixed(1), heap.toFixed(1), resident.toFixed(0), workers];
    console.log(cells.map((cell, at) => String(cell).padStart([6, 7, 9, 9, 12, 12, 9][at])).join(""));
    return { wasm, heap, resident, points };
  };
  for (let done = 0, next = 0; done < 1; ) {
    await seed.fill(String(pages));
    await visitor.writes(TEXT);
    pages += 1;
    const minute = (Date.now() - began) / 60_000;
    done = Math.max(minute / minutes, pages / most);
    if (done < next && done < 1) continue;
    next = done + 1 / 12;
    samples.push(await sample(minute));
  }
  assert.deepEqual(visitor.complaints, []);

  // Everything has its size after a while; from then on nothing grows.
  const settled = samples[Math.floor(samples.length / 3)];
  const last = samples.at(-1);
  assert.ok(last.wasm <= settled.wasm, `WASM memory grew from ${settled.wasm} to ${last.wasm} MB`);
  assert.ok(last.heap <= settled.heap * 1.2 + 2, `the scripts' memory grew from ${settled.heap} to ${last.heap} MB`);
  assert.ok(last.resident <= settled.resident * 1.2 + 20, `the process grew from ${settled.resident} to ${last.resident} MB`);
  console.log(`${pages} pages in ${((Date.now() - began) / 60_000).toFixed(1)} minutes: memory is steady.`);

  if (words) {
    await visitor.text.fill(Array.from({ length: words }, (_, index) => TEXT.split(/\s+/)[index % 22]).join(" "));
    await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
    const start = Date.now();
    const before = last;
    pages = 1;
    let now = before;
    for (const done = () => visitor.status.textContent().then((text) => /Done$/.test(text)); !(await done()); ) {
      await visitor.page.waitForTimeout(20_000);
      now = await sample((Date.now() - start) / 60_000);
    }
    assert.deepEqual(visitor.complaints, []);
    const points = now.points - before.points;
    const grown = Object.fromEntries(["wasm", "heap", "resident"].map((key) => [key, ((now[key] - before[key]) * MB) / points]));
    console.log(`${words} words, ${points} points: bytes a point`, JSON.stringify(grown));
    // What has been written is kept, three numbers a point here and there: twice on the page, once in the engine.
    assert.ok(grown.wasm < 60, `the engine keeps ${grown.wasm} bytes a point`);
    assert.ok(grown.resident < 240, `the process keeps ${grown.resident} bytes a point`);
  }
} finally {
  await browser.close();
  server.close();
}
