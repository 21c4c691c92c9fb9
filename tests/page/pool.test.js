// Lines written by workers beside the engine's own: on machines with at least two cores, where a helper begins.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DIST, Visitor, launch, serve } from "./site.js";

const skip = availableParallelism() < 2 && "one core: nobody helps";
const TEXT = "The first line\nthe second\nand a third\n\nthen a fifth\nand the last";

let browser, folder, server;
before(async () => {
  browser = await launch();
  // The site, in which one file can be another: nobody can step between a worker and its own worker.
  folder = await mkdtemp(join(tmpdir(), "running-hand-helpers-"));
  for (const name of await readdir(DIST)) if (name !== "engine") await symlink(join(DIST, name), join(folder, name));
  await mkdir(join(folder, "engine"));
  for (const name of await readdir(join(DIST, "engine"))) await symlink(join(DIST, "engine", name), join(folder, "engine", name));
  server = await serve(folder);
});
after(async () => {
  await browser.close();
  server.close();
  await rm(folder, { recursive: true });
});

/** What worker.js says to these requests, each made when, or some ms after, the one before has led to a message of the type. */
async function said(requests, helper) {
  const own = join(folder, "engine/pool-worker.js");
  await rm(own);
  await (helper === undefined ? symlink(join(DIST, "engine/pool-worker.js"), own) : writeFile(own, helper));
  server.asked.length = 0;
  const visitor = await Visitor.come(browser, server.address, { query: "?engine=cpu" });
  const heard = await visitor.page.evaluate(async (requests) => {
    const { site } = await import(new URL("util/site-files.js", location.href).href);
    const { script } = await import(new URL("util/trusted-types.js", location.href).href);
    const worker = new Worker(script("engine/worker.js"), { type: "module" });
    const heard = [];
    let notice = () => {};
    worker.onmessage = ({ data }) => {
      heard.push({ ...data, ...(data.points && { points: [...data.points] }) });
      notice();
    };
    worker.postMessage({ type: "open", engine: "cpu", build: site.build, lazy: true });
    for (const [request, type, job, later = 0] of requests) {
      await new Promise((done) => setTimeout(done, later));
      worker.postMessage(request);
      while (!heard.some((message) => message.type === type && message.job === job)) {
        await new Promise((done) => (notice = done));
      }
    }
    worker.terminate();
    return heard;
  }, requests);
  await visitor.leave();
  return { heard, begun: server.asked.filter((name) => name === "engine/pool-worker.js").length };
}

const write = (job, until = "finish", options = {}) => [{ type: "write", job, text: TEXT, options: { seed: 4, ...options } }, until, job];

/** By then all is written that can be. */
const cancel = (job) => [{ type: "cancel" }, "finish", job, 1500];

/** Points of each line of the sheet, and how the text ended. */
function ink(heard, job) {
  const of = heard.filter((message) => message.job === job);
  const rows = {};
  for (const { type, row, points } of of) if (type === "points") (rows[row] ??= []).push(...points);
  return { rows, finish: of.find(({ type }) => type === "finish")?.finish };
}

test("a page of text is the same with helpers and without, whatever becomes of them", { skip }, async () => {
  const { heard, begun } = await said([write(1), write(2)]);
  const whole = ink(heard, 1);
  assert.deepEqual([Object.keys(whole.rows), whole.finish], [["0", "1", "2", "4", "5"], "stopped"]);
  assert.deepEqual(ink(heard, 2), whole);
  assert.ok(begun >= 1, "a helper began");
  const broken = [
    "throw new Error('does not start')",
    "onmessage = () => {}",
    "onmessage = ({ data }) => data.type === 'weights' && postMessage({ id: 0 })",
    "onmessage = ({ data }) => postMessage({ id: data.id ?? 0 })",
    "onmessage = ({ data }) => { if (data.id) throw new Error('went wrong'); postMessage({ id: 0 }) }",
    "onmessage = ({ data: { id = 0 } }) => postMessage({ id, written: { steps: new Float32Array(), finish: 'cancelled' } })",
  ];
  for (const helper of broken) {
    const { heard } = await said([write(1), write(2)], helper);
    assert.deepEqual([ink(heard, 1), ink(heard, 2)], [whole, whole], helper);
  }
});

test("lines that helpers write are on the page", { skip }, async () => {
  // One that always writes the same short stroke.
  const helper = `onmessage = ({ data: { id = 0 } }) => postMessage({ id, written: {
    steps: Float32Array.from({ length: 27 }, (_, k) => (k % 9 < 2 ? 1 : 0)), finish: "stopped" } })`;
  const { heard } = await said([write(1), write(2)], helper);
  const { rows, finish } = ink(heard, 2);
  assert.equal(finish, "stopped");
  const strokes = Object.values(rows).filter((points) => points.length === 4 * 3);
  assert.ok(strokes.length >= 1 && strokes.length < 5, `${strokes.length}`);
  assert.ok(rows[0].length > 100, "the first line is not lent");
});

test("a text that waits for a helper can be ended, by the next text too", { skip }, async () => {
  const { heard } = await said(
    [write(1, "points"), cancel(1), write(2, "points"), write(3, "points"), cancel(3)],
    "onmessage = ({ data }) => data.type === 'weights' && postMessage({ id: 0 })",
  );
  for (const job of [2, 3]) assert.equal(ink(heard, job).finish, "cancelled");
});

test("what is wrong with a text is told once", { skip }, async () => {
  const { heard } = await said([write(1, "error", { attempts: 99 }), write(2)]);
  assert.match(heard.find(({ type }) => type === "error").message, /attempts/);
  assert.equal(heard.filter(({ type }) => type === "error").length, 1);
  assert.equal(ink(heard, 2).finish, "stopped");
});
