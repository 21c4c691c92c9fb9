// The GPU engine on the page, on a software adapter: for correctness, not for speed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, strokes } from "./site.js";

const site = await open({ gpu: true });

/** In millimetres, an x being 3.2 high: what no eye would see. The engines' points are equal (`tests/twins`). */
const TOLERANCE = 0.064;

test("both engines write the same text with the same ink", async () => {
  const ink = {};
  for (const [engine, label] of [
    ["gpu", /^WebGPU · /],
    ["cpu", /^CPU · SIMD/],
  ]) {
    const visitor = await site.come({ query: `?engine=${engine}` });
    assert.match(await visitor.engine(), label);
    await visitor.speed("At once");
    await visitor.slide("Neatness (bias)", 1);
    await visitor.writes("on");
    assert.match(await visitor.engine(), label);
    ink[engine] = strokes(await visitor.downloads());
    assert.deepEqual(visitor.complaints, []);
    await visitor.leave();
  }
  assert.deepEqual(ink.gpu.map((stroke) => stroke.length), ink.cpu.map((stroke) => stroke.length));
  const apart = ink.gpu.flat().map((value, index) => Math.abs(value - ink.cpu.flat()[index]));
  console.log(`largest difference: ${Math.max(...apart).toFixed(3)} mm`);
  assert.ok(Math.max(...apart) <= TOLERANCE, `${Math.max(...apart)} mm apart`);
});

test("a scribble on the GPU, stopped half-way", async () => {
  const visitor = await site.come({ query: "?engine=gpu" });
  await visitor.text.fill("");
  await visitor.speed("Natural speed");
  await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
  for (let tries = 0; (await visitor.inked()) === 0; tries++) {
    assert.ok(tries < 300, "no ink came");
    await visitor.page.waitForTimeout(100);
  }
  await visitor.page.getByRole("button", { name: "Stop" }).click();
  await visitor.hears(/Stopped$/);
  assert.ok(strokes(await visitor.downloads()).length > 0);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("a GPU that is lost in the middle of a line: the CPU writes on, the ink is what it would have been, and it is said", async () => {
  const text = "lost and found";
  const route = [
    "**/worker.js",
    async (route) => {
      const response = await route.fetch();
      const watch =
        "self.devices = []; { const open = GPUAdapter.prototype.requestDevice; GPUAdapter.prototype.requestDevice = " +
        "async function (...asked) { const device = await open.apply(this, asked); self.devices.push(device); return device; }; }";
      await route.fulfill({ response, body: `${watch}\n${await response.text()}` });
    },
  ];
  const write = async (query, lose) => {
    const visitor = await site.come({ query, route });
    await visitor.speed("Natural speed");
    await visitor.slide("Neatness (bias)", 1);
    await visitor.text.fill(text);
    await visitor.page.getByRole("button", { name: "Write", exact: true }).click();
    for (let tries = 0; (await visitor.inked()) === 0; tries++) {
      assert.ok(tries < 600, "no ink came");
      await visitor.page.waitForTimeout(50);
    }
    await lose?.(visitor);
    await visitor.hears(/Done$/);
    return visitor;
  };
  const whole = await write("?engine=cpu");
  const [worker] = whole.page.workers();
  assert.equal(await worker.evaluate(() => self.devices.length), 0, "an engine that is not asked for opens no device");
  const lost = await write("?engine=gpu", async (visitor) => {
    assert.match(await visitor.engine(), /^WebGPU · /);
    await visitor.page.workers()[0].evaluate(() => self.devices.at(-1).destroy());
  });
  assert.match(await lost.engine(), /^CPU · .*the GPU was lost: .*The CPU engine goes on from the last point/i);
  const [ours, theirs] = [strokes(await lost.downloads()), strokes(await whole.downloads())];
  assert.deepEqual(ours.map((stroke) => stroke.length), theirs.map((stroke) => stroke.length));
  const apart = ours.flat().map((value, index) => Math.abs(value - theirs.flat()[index]));
  console.log(`lost with the line begun: at most ${Math.max(...apart).toFixed(3)} mm apart from the CPU's ink`);
  assert.ok(Math.max(...apart) <= TOLERANCE, `${Math.max(...apart)} mm apart`);
  // It does not come back to a GPU that fails.
  const devices = () => lost.page.workers()[0].evaluate(() => self.devices.length);
  const before = await devices();
  await lost.writes("again");
  assert.match(await lost.engine(), /^CPU · /);
  assert.equal(await devices(), before);
  assert.deepEqual([...lost.complaints, ...whole.complaints], []);
  await lost.leave();
  await whole.leave();
});

test("left to itself the page prefers the CPU to a software adapter, and says so in the visitor’s language", async () => {
  for (const [locale, ready, said] of [
    ["en", /Ready$/, /^CPU · SIMD.*\. No GPU engine: only a software adapter \(.+\), which is slower/],
    ["fr", /Prêt$/, /^CPU · SIMD.*\. Pas de [a-z]+ GPU : il n’y a qu’un adaptateur logiciel \(.+\), plus lent/],
  ]) {
    const visitor = await site.come({ locale, ready });
    // The CPU engine is ready at once; the adapter is looked at meanwhile.
    await visitor.page.locator("#engine-line").filter({ hasText: said }).waitFor({ state: "attached" });
    await visitor.leave();
  }
});
