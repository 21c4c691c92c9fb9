// The line pool: lines written by further workers, on machines with at least two cores.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DIST, Visitor, launch, serve } from "./site.js";

const skip = availableParallelism() < 2 && "one core: there is no pool";
const TEXT = "The first line\nthe second\nand a third\n\nthen a fifth\nand the last";

let browser, folder, server;
before(async () => {
  browser = await launch();
  // A copy of the site in which pool-worker.js can be replaced: the browser's tools cannot intercept a worker's worker.
  folder = await mkdtemp(join(tmpdir(), "running-hand-pool-"));
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

/**
 * What worker.js answers to these requests, each sent when, or some ms after, the one before has got the kind of reply
 * that it waits for. With `poolWorker` that script takes the place of pool-worker.js.
 */
async function replies(requests, poolWorker) {
  const path = join(folder, "engine/pool-worker.js");
  await rm(path);
  await (poolWorker === undefined ? symlink(join(DIST, "engine/pool-worker.js"), path) : writeFile(path, poolWorker));
  server.asked.length = 0;
  const visitor = await Visitor.come(browser, server.address, { query: "?engine=cpu" });
  const heard = await visitor.page.evaluate(async (requests) => {
    const { site } = await import(new URL("util/site-files.js", location.href).href);
    const { script } = await import(new URL("util/trusted-types.js", location.href).href);
    const worker = new Worker(script(new URL("engine/worker.js", location.href)), { type: "module" });
    const heard = [];
    let notice = () => {};
    worker.onmessage = ({ data }) => {
      for (const piece of data.event?.ink ?? []) piece.points = [...piece.points];
      heard.push(data);
      notice();
    };
    worker.postMessage({ id: 1, type: "open", params: { engine: "cpu", build: site.build, lazy: true } });
    const isKind = { ink: ({ event }) => event?.type === "ink", end: (reply) => "result" in reply, error: (reply) => "error" in reply };
    for (const { message, until, later = 0 } of requests) {
      await new Promise((done) => setTimeout(done, later));
      worker.postMessage(message);
      while (!heard.some((reply) => reply.id === message.id && isKind[until](reply))) {
        await new Promise((done) => (notice = done));
      }
    }
    worker.terminate();
    return heard;
  }, requests);
  await visitor.leave();
  return { heard, started: server.asked.filter((name) => name === "engine/pool-worker.js").length };
}

const write = (id, until = "end", options = {}) => ({
  message: { id, type: "write", params: { text: TEXT, options: { seed: 4, ...options } } },
  until,
});

/** Cancels after a time in which all lines are written that can be. */
const cancel = (id) => ({ message: { id, type: "cancel" }, until: "end", later: 1500 });

/** Points of each line, and how the text ended. */
function ink(heard, id) {
  const lines = [];
  for (const { event } of heard.filter((reply) => reply.id === id)) {
    for (const { line, points } of event?.ink ?? []) (lines[line] ??= []).push(...points);
  }
  return { lines, finish: heard.find((reply) => reply.id === id && "result" in reply)?.result };
}

test("a page of text is the same with the pool and without, whatever goes wrong in it", { skip }, async () => {
  const { heard, started } = await replies([write(2), write(3)]);
  const whole = ink(heard, 2);
  assert.deepEqual([whole.lines.length, whole.finish], [5, "stopped"]);
  assert.deepEqual(ink(heard, 3), whole);
  assert.ok(started >= 1, "a pool worker was started");
  const broken = [
    "throw new Error('does not start')",
    "onmessage = () => {}",
    // Ready, but without an answer to lines; with an empty one; with an error; with an exception.
    `onmessage = ({ data: { id, type } }) => type === "setWeights" && postMessage({ id, result: undefined })`,
    "onmessage = ({ data: { id } }) => postMessage({ id, result: undefined })",
    `onmessage = ({ data: { id, type } }) => postMessage(type === "setWeights" ? { id, result: undefined } : { id, error: "no" })`,
    `onmessage = ({ data: { id, type } }) => {
      if (type === "writeLine") throw new Error("went wrong");
      postMessage({ id, result: undefined });
    }`,
    "onmessage = ({ data: { id } }) => postMessage({ id, result: { steps: new Float32Array(), finish: 'cancelled' } })",
  ];
  for (const poolWorker of broken) {
    const { heard } = await replies([write(2), write(3)], poolWorker);
    assert.deepEqual([ink(heard, 2), ink(heard, 3)], [whole, whole], poolWorker);
  }
});

test("lines that the pool writes are on the page", { skip }, async () => {
  // One that always writes the same short stroke.
  const poolWorker = `onmessage = ({ data: { id } }) => postMessage({ id, result: {
    steps: Float32Array.from({ length: 27 }, (_, k) => (k % 9 < 2 ? 1 : 0)), finish: "stopped" } })`;
  const { heard } = await replies([write(2), write(3)], poolWorker);
  const { lines, finish } = ink(heard, 3);
  assert.equal(finish, "stopped");
  const strokes = lines.filter((points) => points.length === 4 * 3);
  assert.ok(strokes.length >= 1 && strokes.length < 5, `${strokes.length}`);
  assert.ok(lines[0].length > 100, "the engine's worker writes the first line itself");
});

test("a text that waits for the pool can be cancelled, by the next text too", { skip }, async () => {
  const { heard } = await replies(
    [write(2, "ink"), cancel(2), write(3, "ink"), write(4, "ink"), cancel(4)],
    `onmessage = ({ data: { id, type } }) => type === "setWeights" && postMessage({ id, result: undefined })`,
  );
  for (const id of [2, 3, 4]) assert.equal(ink(heard, id).finish, "cancelled");
});

test("what is wrong with a text is reported once, to its own request", { skip }, async () => {
  const { heard } = await replies([write(2, "error", { attempts: 99 }), write(3)]);
  const errors = heard.filter((reply) => "error" in reply);
  assert.equal(errors.length, 1);
  assert.equal(errors[0].id, 2);
  assert.match(errors[0].error, /attempts/);
  assert.equal(ink(heard, 3).finish, "stopped");
});
