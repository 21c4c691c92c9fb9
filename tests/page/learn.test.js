// Learning a hand on the visitor's device, from generated ink of a hand that the page does not offer, in both browsers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Visitor, launch, launchFirefox, serve } from "./site.js";

/** What `use` returns in the page, given the module's `RunningHand`, `learnHand` and `openHand`, and `lines` of ink. */
async function inPage(launchBrowser, use) {
  const [server, browser] = [await serve(), await launchBrowser()];
  try {
    const visitor = await Visitor.come(browser, server.address, { query: "?engine=cpu" });
    const found = await visitor.page.evaluate(`(async () => {
      const [{ default: init, RunningHand }, { learnHand, openHand }] = await Promise.all(
        ["pkg/running_hand.js", "capture/learn.js"].map((path) => import(new URL(path, location.href).href)),
      );
      await init();
      const runningHand = await RunningHand.open("cpu");
      await runningHand.load(new URL("weights/synthesis.safetensors", location.href).href);
      const strokes = async (text, options) => {
        const all = [[]];
        let ms = 0;
        for await (const ink of await runningHand.write(text, { bias: 0.75, columns: 60, ...options })) {
          for (const { points } of ink) {
            for (let i = 0; i < points.length; i += 3) {
              all.at(-1).push([points[i], points[i + 1], (ms += 20)]);
              if (points[i + 2] > 0.5) all.push([]);
            }
          }
        }
        return all.filter((stroke) => stroke.length);
      };
      return (${use})({ runningHand, strokes, learnHand, openHand });
    })()`);
    assert.deepEqual(visitor.complaints, []);
    return found;
  } finally {
    await browser.close();
    server.close();
  }
}

/** How far down-strokes lean to the right. */
function slant(strokes) {
  let [x, y] = [0, 0];
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) {
      const [dx, dy] = [stroke[i][0] - stroke[i - 1][0], stroke[i][1] - stroke[i - 1][1]];
      if (dy > 8 && Math.abs(dx) < dy) [x, y] = [x + dx, y + dy];
    }
  }
  return -x / y;
}

for (const [browser, launchBrowser] of [["Chromium", launch], ["Firefox", launchFirefox]]) {
  test(`a hand is learnt, written in, taken away and opened again: ${browser}`, async () => {
    const found = await inPage(launchBrowser, async ({ runningHand, strokes, learnHand, openHand }) => {
      const own = { style: "Tall", blend: { style: "Slanted", share: 0.8 }, seed: 5 };
      const samples = [];
      for (const text of ["quick brown foxes", "jumped over dogs"]) samples.push({ text, strokes: await strokes(text, own) });
      const steps = [];
      const learnt = await learnHand(samples, { name: "Mine", onProgress: (step) => steps.push(step) });
      const { hand, prime, file, legible } = learnt;
      const kept = await openHand(file);
      const text = "in a hand of my own";
      const written = {
        real: await strokes(text, own),
        none: await strokes(text, { ownHand: { ...hand, strength: 0 } }),
        learnt: await strokes(text, { ownHand: hand }),
        primed: await strokes(text, { ownHand: hand, prime }),
      };
      const refusal = (promise) => promise.then(() => "accepted", ({ message }) => message);
      const refused = {
        foreign: await refusal(runningHand.write("so", { ownHand: { ...hand, weights: "00000000000000ff" } })),
        nothing: await refusal(runningHand.write("so", { ownHand: { weights: "ff" } })),
        damaged: await refusal(openHand(file.replace('"numbers":[', '"numbers":[1,'))),
        scribble: await refusal(learnHand([{ text: "quick brown foxes", strokes: [[[0, 0, 0], [90, 0, 9]]] }])),
        many: await refusal(learnHand(Array.from({ length: 13 }, () => samples[0]))),
      };
      // Cancelled in the middle, from within its progress.
      const controller = new AbortController();
      let told = 0;
      const cancelled = learnHand(samples, {
        signal: controller.signal,
        onProgress: () => {
          told += 1;
          controller.abort(new Error("enough"));
        },
      });
      return {
        steps: steps.map(({ step, steps, loss, hand }) => ({ step, steps, loss, count: hand.numbers.length })),
        strength: hand.strength, legible, written, refused, size: file.length,
        same: JSON.stringify(kept.numbers) === JSON.stringify(hand.numbers), name: kept.name,
        ink: JSON.stringify(kept.samples.map(({ text }) => text)),
        cancelled: await refusal(cancelled), told,
      };
    });
    const { steps, written } = found;
    assert.ok(steps.length > 5 && steps.every(({ step, steps: all, count }, n) => step === n + 1 && all === steps.length && count > 1000));
    assert.ok(steps.at(-1).loss < steps[0].loss - 0.1, `${steps[0].loss} to ${steps.at(-1).loss}`);
    const [real, none, learnt, primed] = [written.real, written.none, written.learnt, written.primed].map(slant);
    assert.ok(Math.abs(learnt - real) < 0.8 * Math.abs(none - real), `without ${none}, learnt ${learnt}, real ${real}`);
    assert.ok(Math.abs(primed - real) < 0.8 * Math.abs(none - real), `without ${none}, primed ${primed}, real ${real}`);
    assert.ok(found.strength > 0 && found.strength <= 1);
    assert.deepEqual([found.same, found.name, found.ink], [true, "Mine", '["quick brown foxes","jumped over dogs"]']);
    assert.match(found.refused.foreign, /learnt with other weights/);
    assert.match(found.refused.nothing, /ownHand/);
    assert.match(found.refused.damaged, /damaged/);
    assert.match(found.refused.scribble, /quick brown foxes”: /);
    assert.match(found.refused.many, /1 to 12 lines/);
    assert.deepEqual([found.cancelled, found.told], ["enough", 1]);
  });
}
