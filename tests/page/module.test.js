// The WebAssembly module as other pages use it: without a worker, from a few lines of JavaScript.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./site.js";

const site = await open();

/** What `use` returns in the page, given the module, `gather` and `refusal`. */
async function inPage(use) {
  const visitor = await site.come({ query: "?engine=cpu" });
  const found = await visitor.page.evaluate(`(async () => {
    const module = await import("./pkg/running_hand.js");
    await module.default();
    const gather = async (writing) => {
      const points = [];
      for await (const ink of writing) for (const piece of ink) points.push(...piece.points);
      return { points, finish: writing.finish };
    };
    const refusal = async (promise) => {
      try {
        await promise;
      } catch (error) {
        return error.constructor.name + ": " + error.message;
      }
      return "accepted";
    };
    return (${use})(module, gather, refusal);
  })()`);
  // The browser itself notes a file that is missing.
  assert.deepEqual(visitor.complaints.filter((complaint) => !complaint.includes("404")), []);
  await visitor.leave();
  return found;
}

test("a line in a few lines of JavaScript, on the page's own thread", async () => {
  const found = await inPage(async ({ RunningHand }, gather) => {
    const runningHand = await RunningHand.open("cpu");
    const loaded = [];
    const network = await runningHand.load("weights/synthesis.safetensors", (bytes, total) => loaded.push([bytes, total]));
    const writing = await runningHand.write("Dear reader", { bias: 1, seed: 7, style: runningHand.styles()[0] });
    const plan = writing.plan;
    const { points, finish } = await gather(writing);
    const svg = writing.toSvg();
    const text = "🙂 é ж 👍🏽";
    const review = runningHand.review(text).map(({ start, end, by }) => [text.slice(start, end), by]);
    return { network, plan, review, loaded, count: points.length, finite: points.every(Number.isFinite), finish, svg };
  });
  assert.equal(found.network.kind, "synthesis");
  assert.match(found.network.fingerprint, /^[0-9a-f]{16}$/);
  assert.match(found.network.corpus, /non-commercial/);
  assert.deepEqual(found.loaded.at(-1), [found.network.bytes, found.network.bytes]);
  assert.ok(found.loaded.every(([bytes], index) => index === 0 || bytes > found.loaded[index - 1][0]));
  assert.deepEqual(found.plan.lines, ["Dear reader"]);
  assert.ok(found.count > 90 && found.count % 3 === 0 && found.finite);
  assert.ok(["stopped", "cap"].includes(found.finish));
  assert.match(found.svg, /^<svg .*<path d="M/s);
  assert.deepEqual(found.review, [["🙂", undefined], ["ж", "zh"], ["👍🏽", undefined]]);
});

test("a new text ends the one before, and cancel ends it for good", async () => {
  const found = await inPage(async ({ RunningHand }, gather) => {
    const runningHand = await RunningHand.open("cpu");
    await runningHand.load("weights/synthesis.safetensors");
    const first = await runningHand.write("the first of two texts");
    const begun = await first.next();
    const pending = gather(first);
    const second = await runningHand.write("ab", { seed: 2 });
    const [old, both] = await Promise.all([pending, gather(second)]);
    const alone = await gather(await runningHand.write("ab", { seed: 2 }));
    const third = await runningHand.write("never finished");
    await third.next();
    runningHand.cancel();
    return { begun: begun.done, old: old.finish, same: JSON.stringify(both) === JSON.stringify(alone), after: await gather(third) };
  });
  assert.deepEqual(found, { begun: false, old: "cancelled", same: true, after: { points: [], finish: "cancelled" } });
});

test("a text on pages: placed ink, laid out anew, exported page by page, cut short", async () => {
  const found = await inPage(async ({ RunningHand }) => {
    const runningHand = await RunningHand.open("cpu");
    await runningHand.load("weights/synthesis.safetensors");
    const text = "a letter goes on\n".repeat(14);
    const writing = await runningHand.write(text, { paper: "card", ruling: "ruled", seed: 4, style: 1, bias: 1 });
    const ink = [];
    for await (const pieces of writing) ink.push(...pieces);
    const { sheet, plan } = writing;
    const count = ink.reduce((sum, { points }) => sum + points.length / 3, 0);
    const second = JSON.parse(await writing.exportPage(1, "json"));
    const cropped = writing.frame(0, { crop: true, width: 50 });
    const svg = writing.toSvg(1);
    const free = writing.layOut({});
    const alone = writing.sheet;
    writing.truncate(10);
    const cut = writing.layOut({});
    return { ink: ink.map(({ page, line, start }) => [page, line, start]), sheet, plan, count, second, cropped, svg, alone,
      free: free.reduce((sum, { points }) => sum + points.length / 3, 0), cut: cut.map(({ points }) => points.length) };
  });
  const { ink, sheet } = found;
  assert.deepEqual([ink.length, ink[0], ink[13].slice(0, 2)], [14, [0, 0, 0], [1, 13]]);
  assert.deepEqual([Math.round(sheet.width * sheet.unit), Math.round(sheet.height * sheet.unit), sheet.pages], [105, 148, 2]);
  assert.ok(sheet.rules[0].across.length > 5 && sheet.rules[0].upright.length === 0 && found.plan.columns > 12, `${found.plan.columns}`);
  assert.deepEqual([found.second.width, found.second.height], [105, 148]);
  assert.equal(found.second.text.split("\n").length, ink.filter(([page]) => page === 1).length);
  assert.equal(Math.round(found.cropped.width), 50);
  assert.match(found.svg, /^<svg .*<path d="M/s);
  assert.deepEqual([found.free, found.alone.pages, found.cut], [found.count, 1, [30]]);
});

test("another engine can write lines of a text", async () => {
  const found = await inPage(async ({ RunningHand }, gather, refusal) => {
    const [one, other] = await Promise.all(["cpu", "cpu"].map((engine) => RunningHand.open(engine)));
    for (const runningHand of [one, other]) await runningHand.load("weights/synthesis.safetensors");
    const text = "my dear\nold friend\nhow are\nyou now";
    const options = { seed: 9, style: 2, bias: 1 };
    const alone = await gather(await one.write(text, options));
    one.hasPool = true;
    const writing = await one.write(text, options);
    const [first, second] = [writing.claimLine(), writing.claimLine()];
    const begun = (await writing.next()).value;
    const written = await other.writeLine(first.text, first.line, options);
    const refusals = [
      await refusal((async () => writing.completeLine(7))()),
      await refusal((async () => writing.completeLine(first.number, { steps: [1], finish: "stopped" }))()),
      await refusal((async () => writing.completeLine(first.number, { steps: new Float32Array(8), finish: "stopped" }))()),
      await refusal((async () => writing.completeLine(first.number, { ...written, finish: "cancelled" }))()),
    ];
    const taken = [writing.completeLine(first.number, written), writing.completeLine(second.number)];
    const shared = await gather(writing);
    const same = JSON.stringify(alone) === JSON.stringify({ ...shared, points: [...begun.flatMap(({ points }) => [...points]), ...shared.points] });
    return { same, claims: [first, second], refusals, taken, late: writing.claimLine() };
  });
  assert.ok(found.same);
  assert.deepEqual(found.claims, [{ number: 1, line: 1, text: "old friend" }, { number: 2, line: 2, text: "how are" }]);
  assert.deepEqual(found.taken, [true, true]);
  assert.match(found.refusals[0], /line 7 is not claimed/);
  assert.match(found.refusals[1], /`steps` has to be a Float32Array/);
  assert.match(found.refusals[2], /9 numbers each/);
  assert.match(found.refusals[3], /not whole/);
  assert.equal(found.late, undefined);
});

test("leaving the loop early ends the text", async () => {
  const found = await inPage(async ({ RunningHand }) => {
    const runningHand = await RunningHand.open("cpu");
    await runningHand.load("weights/synthesis.safetensors");
    const writing = await runningHand.write("left early\nbefore this");
    for await (const ink of writing) if (ink.length) break;
    return [writing.finish, (await writing.next()).done];
  });
  assert.deepEqual(found, ["cancelled", true]);
});

test("given ink is gone on with, in its hand and from its end", async () => {
  const found = await inPage(async ({ RunningHand }, gather, refusal) => {
    const runningHand = await RunningHand.open("cpu");
    await runningHand.load("weights/synthesis.safetensors");
    await runningHand.load("weights/prediction.safetensors");
    const given = await gather(await runningHand.write("a fine day", { seed: 5, style: 0, bias: 1 }));
    const prime = { text: "a fine day", points: Float32Array.from(given.points) };
    const gathered = async (text, options) => (await gather(await runningHand.write(text, options))).points;
    const plain = await gathered("indeed", {});
    const primed = await gathered("indeed", { prime });
    const listed = await gathered("indeed", { prime: { ...prime, points: given.points } });
    const strokes = { text: "", points: given.points };
    const further = await gathered("", { prime: strokes, points: 50 });
    const continued = await gathered("", { prime: { ...strokes, drawn: true }, points: 50, bias: 0.5 });
    const [end, next] = [given.points.length - 3, given.points.length].map((at) => continued.slice(at, at + 2));
    return {
      same: JSON.stringify(primed) === JSON.stringify(listed),
      other: JSON.stringify(primed) !== JSON.stringify(plain),
      lengths: [plain.length, primed.length],
      further: further.length,
      continued: continued.length - given.points.length,
      ends: [end, next],
      away: Math.hypot(next[0] - end[0], next[1] - end[1]),
      short: await refusal(runningHand.write("a", { prime: { text: "a", points: [1, 2, 0] } })),
      triples: await refusal(runningHand.write("a", { prime: { text: "a", points: [1, 2] } })),
      shape: await refusal(runningHand.write("a", { prime: "mine" })),
      text: await refusal(runningHand.write("a", { prime: { ...prime, text: "" } })),
    };
  });
  assert.deepEqual([found.same, found.other, found.further, found.continued], [true, true, 150, 150]);
  const [plain, primed] = found.lengths;
  assert.ok(primed > plain / 2 && primed < plain * 2, `${found.lengths}`);
  assert.ok(found.away < 1500, `${found.away}: ${found.ends}`);
  assert.match(found.short, /^Error: prime: 1 points of ink/);
  assert.match(found.triples, /^Error: prime: `points` has to be triples/);
  assert.match(found.shape, /^Error: prime: expected \{ text, points \}/);
  assert.match(found.text, /^Error: prime: the ink's text has 0 characters/);
});

test("mistakes are errors with a message, never a panic", async () => {
  const found = await inPage(async ({ RunningHand }, gather, refusal) => {
    const runningHand = await RunningHand.open("cpu");
    const said = {
      unloaded: await refusal(runningHand.write("a")),
      engine: await refusal(RunningHand.open("abacus")),
      missing: await refusal(runningHand.load("weights/none.safetensors")),
      garbage: await refusal(runningHand.loadBytes(new Uint8Array(999), "mine.safetensors")),
    };
    await runningHand.load("weights/synthesis.safetensors");
    said.bias = await refusal(runningHand.write("a", { bias: 99 }));
    said.option = await refusal(runningHand.write("a", { boldness: 1 }));
    said.seed = await refusal(runningHand.write("a", { seed: -1 }));
    said.hand = await refusal(runningHand.write("a", { style: "nobody" }));
    said.paper = await refusal(runningHand.write("a", { paper: "napkin" }));
    said.sides = await refusal(runningHand.write("a", { paper: [0, 10] }));
    said.margin = await refusal(runningHand.write("a", { paper: "card", margin: 90 }));
    said.sideways = await refusal(runningHand.write("a", { paper: "5x7in", margin: { left: 70, right: 70 } }));
    said.side = await refusal(runningHand.write("a", { paper: "card", margin: { start: 1 } }));
    said.inches = await refusal(runningHand.write("a", { paper: "5x7ft" }));
    said.letterhead = await refusal(runningHand.write("a", { paper: "card", firstTop: 140 }));
    said.pitch = await refusal(runningHand.write("a", { pitch: 0 }));
    said.large = await refusal(runningHand.write("a", { paper: "a5", pitch: 150 }));
    said.ruling = await refusal(runningHand.write("a", { ruling: "wavy" }));
    const writing = await runningHand.write("ab");
    await gather(writing);
    said.page = await refusal((async () => writing.exportPage(1, "svg"))());
    said.format = await refusal((async () => writing.exportPage(0, "docx"))());
    said.size = await refusal((async () => writing.layOut({ size: -1 }))());
    said.long = await refusal(runningHand.write("a", { columns: 1000 }));
    said.after = (await gather(await runningHand.write("ab"))).points.length > 0;
    return said;
  });
  assert.match(found.unloaded, /^Error: the synthesis network is not loaded/);
  assert.match(found.engine, /^Error: engine: "abacus" is none of/);
  assert.match(found.missing, /^Error: weights\/none\.safetensors cannot be downloaded: the server answered 404/);
  assert.match(found.garbage, /^Error: mine\.safetensors: not a readable weights file/);
  assert.match(found.paper, /^Error: paper: "napkin" is none of/);
  assert.match(found.sides, /^Error: paper: 0 × 10 mm/);
  assert.match(found.margin, /^Error: margin: 90 mm is outside/);
  assert.match(found.sideways, /^Error: margin: 70 mm at the left and 70 mm at the right leave no room on paper of 127 mm: take at most 56 mm/);
  assert.match(found.side, /^Error: options: there is no option "start"/);
  assert.match(found.inches, /^Error: paper: "5x7ft" is none of .*envelope-dl.*5x7in/);
  assert.match(found.letterhead, /^Error: firstTop: 140 mm above on the first page/);
  assert.match(found.pitch, /^Error: pitch: 0 mm is outside 0\.5 to 1000/);
  assert.match(found.large, /^Error: size: .*lines 150 mm apart no word fits.*a pitch of \d/);
  assert.match(found.ruling, /^Error: ruling: "wavy" is none of plain, ruled, squared, dotted/);
  assert.match(found.page, /^Error: page: there is no page 1: there are 1/);
  assert.match(found.format, /^Error: format: "docx" is not one of/);
  assert.match(found.size, /^Error: size: -1 mm is outside/);
  assert.match(found.bias, /^Error: bias: 99 is outside 0 to 5/);
  assert.match(found.option, /^Error: options: .*boldness/);
  assert.match(found.seed, /^Error: options: /);
  assert.match(found.hand, /^Error: style: there is no hand "nobody"/);
  assert.match(found.long, /^Error: columns: 1000 is outside 1 to 100/);
  assert.equal(found.after, true);
});

test("the worker's warm-up sends nothing and changes no text", async () => {
  const found = await inPage(async () => {
    const [{ script }, { site }] = await Promise.all([import("./util/trusted-types.js"), import("./util/site-files.js")]);
    const ask = async (wait) => {
      const worker = new Worker(script(new URL("engine/worker.js", location.href)), { type: "module" });
      const heard = [];
      const until = (kind) =>
        new Promise((resolve) => {
          worker.addEventListener("message", ({ data }) => {
            heard.push(data);
            if (kind(data)) resolve(data);
          });
        });
      const ready = until((reply) => reply.id === 1 && "result" in reply);
      worker.postMessage({ id: 1, type: "open", params: { engine: "cpu", build: site.build, lazy: true } });
      if (wait) {
        await ready;
        await new Promise((done) => setTimeout(done, wait));
      }
      // Without the events of `open`, of which there are none if the browser cached the weights.
      const before = heard.filter((reply) => !("event" in reply)).map(({ id, notice }) => (notice ? "notice" : id));
      const finished = until((reply) => reply.id === 7 && "result" in reply);
      worker.postMessage({ id: 7, type: "write", params: { text: "Dear reader", options: { seed: 7, bias: 1 } } });
      const { result } = await finished;
      worker.terminate();
      const events = heard.filter(({ id, event }) => id === 7 && event?.type === "ink").map(({ event }) => event);
      // Each message was heard by both listeners.
      const points = [...new Set(events)].flatMap(({ ink }) => ink.flatMap(({ points }) => [...points]));
      return { before, finish: result, points };
    };
    return { late: await ask(1500), early: await ask(0), amid: await ask(220) };
  });
  const { late, early, amid } = found;
  assert.deepEqual(late.before, ["notice", 1]);
  assert.equal(late.finish, "stopped");
  assert.ok(late.points.length > 90);
  assert.deepEqual(early.points, late.points);
  assert.deepEqual(amid.points, late.points);
});

// WebAssembly memory never shrinks, and each worker of the line pool has its own.
test("a network and a line of writing take at most 8 MB of WASM memory", async () => {
  const most = 8e6;
  const bytes = await inPage(async ({ default: init, RunningHand }, gather) => {
    const { memory } = await init(); // the exports of the module, which is initialised already
    const runningHand = await RunningHand.open("cpu");
    await runningHand.load("weights/synthesis.safetensors");
    const { points } = await gather(await runningHand.write("Dear reader, this is a line", { seed: 7 }));
    if (points.length === 0) throw new Error("nothing was written");
    return memory.buffer.byteLength;
  });
  assert.ok(bytes <= most, `${bytes} bytes`);
});
