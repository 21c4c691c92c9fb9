// The GPU engine on the page, on a software adapter: for correctness, not for speed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, strokes } from "./site.js";

const site = await open({ gpu: true });

/** Millimetres, of 3.2 that an x is high: what rounding may add up to over a short word. */
const TOLERANCE = 0.064;

test("both engines write the same text with the same ink", async () => {
  const ink = {};
  for (const [engine, label] of [
    ["gpu", /^WebGPU · /],
    ["cpu", /^CPU · SIMD/],
  ]) {
    const visitor = await site.come({ query: `?engine=${engine}` });
    assert.match(await visitor.status.textContent(), label);
    await visitor.speed("At once");
    await visitor.slide("Neatness (bias)", 1);
    await visitor.writes("on");
    assert.match(await visitor.status.textContent(), label);
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
  await visitor.speed("As a hand writes");
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

test("left to itself the page prefers the CPU to a software adapter, and says so", async () => {
  const visitor = await site.come();
  assert.match(await visitor.status.textContent(), /^CPU · SIMD .*only a software adapter.*Ready$/);
  await visitor.leave();
});
