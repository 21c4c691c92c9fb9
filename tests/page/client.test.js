// The client of the workers, against a worker that the tests play. Without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../www/engine/client.js";

/** A worker that records what it is sent; the test replies. */
class FakeWorker extends EventTarget {
  sent = [];
  terminated = false;

  postMessage(message) {
    this.sent.push(message);
  }

  terminate() {
    this.terminated = true;
  }

  reply(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  crash(message) {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }
}

function start(onNotice) {
  const worker = new FakeWorker();
  return { worker, client: new Client(worker, onNotice) };
}

test("requests are numbered, and replies in any order reach their own request", async () => {
  const { worker, client } = start();
  const first = client.request("export", { format: "svg" });
  const second = client.request("inspect", { point: 3 });
  assert.deepEqual(worker.sent, [
    { id: 1, type: "export", params: { format: "svg" } },
    { id: 2, type: "inspect", params: { point: 3 } },
  ]);
  worker.reply({ id: 2, result: "two" });
  worker.reply({ id: 1, result: undefined });
  assert.deepEqual(await Promise.all([first, second]), [undefined, "two"]);
});

test("an error goes to its own request only: the writing goes on", async () => {
  const { worker, client } = start();
  const events = [];
  const writing = client.request("write", {}, { onEvent: (event) => events.push(event) });
  const inspecting = client.request("inspect", {});
  worker.reply({ id: 1, event: "plan" });
  worker.reply({ id: 2, error: "nothing to inspect" });
  await assert.rejects(inspecting, /^Error: nothing to inspect$/);
  worker.reply({ id: 1, event: "points" });
  worker.reply({ id: 1, result: "stopped" });
  assert.equal(await writing, "stopped");
  assert.deepEqual(events, ["plan", "points"]);
});

test("a request that is aborted is rejected at once, the worker is told, and its stale replies are dropped", async () => {
  const { worker, client } = start();
  const events = [];
  const controller = new AbortController();
  const options = { signal: controller.signal, onEvent: (event) => events.push(event) };
  const old = client.request("write", {}, options);
  worker.reply({ id: 1, event: "points" });
  const reason = new Error("another text");
  controller.abort(reason);
  await assert.rejects(old, reason);
  assert.deepEqual(worker.sent.at(-1), { id: 1, type: "cancel" });
  const next = client.request("write", {}, { onEvent: (event) => events.push(event) });
  worker.reply({ id: 1, event: "stale points" });
  worker.reply({ id: 1, result: "cancelled" });
  worker.reply({ id: 1, error: "stale" });
  worker.reply({ id: 7, result: "never requested" });
  worker.reply({ id: 2, event: "new points" });
  worker.reply({ id: 2, result: "stopped" });
  worker.reply({ id: 2, event: "points after the end" });
  assert.equal(await next, "stopped");
  assert.deepEqual(events, ["points", "new points"]);
});

test("a signal that is aborted before or after its request sends nothing", async () => {
  const { worker, client } = start();
  await assert.rejects(client.request("write", {}, { signal: AbortSignal.abort() }), /abort/i);
  assert.deepEqual(worker.sent, []);
  const controller = new AbortController();
  const done = client.request("write", {}, { signal: controller.signal });
  worker.reply({ id: 1, result: "stopped" });
  controller.abort();
  assert.equal(await done, "stopped");
  assert.deepEqual(worker.sent.map(({ type }) => type), ["write"]);
});

test("a worker that breaks rejects what is pending and what comes later", async () => {
  const { worker, client } = start();
  let broken = 0;
  client.addEventListener("broken", () => (broken += 1));
  const pending = [client.request("open", {}), client.request("write", {})];
  worker.crash("no SIMD");
  for (const request of [...pending, client.request("write", {})]) {
    await assert.rejects(request, /The engine did not start \(no SIMD\)\. It needs WebAssembly SIMD/);
  }
  assert.equal(broken, 1);
  assert.equal(worker.sent.length, 2);
});

test("closing ends the worker and rejects what is pending; notices belong to no request", async () => {
  const notices = [];
  const { worker, client } = start((notice) => notices.push(notice));
  const pending = client.request("write", {});
  worker.reply({ notice: { label: "CPU" } });
  client.close();
  assert.ok(worker.terminated);
  await assert.rejects(pending, /ended/);
  await assert.rejects(client.request("write", {}), /ended/);
  assert.deepEqual(notices, [{ label: "CPU" }]);
});
