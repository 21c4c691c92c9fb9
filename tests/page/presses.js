// For load.test.js and soak.js: random presses, and counts of the page's workers and messages.

import assert from "node:assert/strict";
import { numbers } from "./numbers.js";
import { Visitor } from "./site.js";

/**
 * Opens the page with counters: of its workers, of the points that come, and of events of a text after a newer one
 * has begun.
 */
export async function openWatched(browser, address) {
  const context = await browser.newContext({ acceptDownloads: true, serviceWorkers: "block" });
  await context.addInitScript(() => {
    const watch = { workers: 0, points: 0, late: 0, newest: 0 };
    Object.assign(window, { watch });
    window.Worker = class extends Worker {
      constructor(...made) {
        super(...made);
        watch.workers += 1;
        this.addEventListener("message", ({ data }) => {
          const { id, event } = data;
          if (event?.type === "plan") watch.newest = Math.max(watch.newest, id);
          if (event?.type !== "ink") return;
          for (const { points } of event.ink) watch.points += points.length / 3;
          if (id < watch.newest) watch.late += 1;
        });
      }
      terminate() {
        super.terminate();
        watch.workers -= 1;
      }
    };
  });
  return Visitor.open(context, `${address}?engine=cpu`);
}

/** The counters. */
export const watched = (visitor) => visitor.page.evaluate(() => ({ ...window.watch }));

const TEXTS = ["hello", "the quick brown fox jumps over the lazy dog", "one\ntwo\n\nthree", "", "naïve café"];

/**
 * Presses at random, without waiting for what a press starts.
 * @param {Visitor} visitor
 */
export async function press(visitor, count, seed) {
  const { page } = visitor;
  const below = numbers(seed);
  const click = (id) => page.evaluate((id) => document.getElementById(id).click(), id);
  // Sliders accept multiples of their step only.
  const slide = (label, from, to) =>
    visitor.slide(label, Number((from + 0.05 * below(Math.round((to - from) / 0.05) + 1)).toFixed(2)));
  const done = {};
  const moves = {
    write: () => click("write"),
    stop: () => click("stop"),
    text: () => visitor.text.fill(TEXTS[below(TEXTS.length)]),
    take: () => click("new-seed"),
    neatness: () => slide("Neatness (bias)", 0, 2),
    wildness: () => slide("Wildness (temperature)", 0.2, 2),
    speed: () => visitor.speed(["At once", "Natural speed"][below(2)]),
    resize: () => page.setViewportSize({ width: 320 + below(1200), height: 480 + below(600) }),
    // Headless tabs are never hidden: this simulates it.
    hide: () =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
        document.dispatchEvent(new Event("visibilitychange"));
      }, below(2) === 0),
    wait: () => page.waitForTimeout(below(300)),
  };
  const names = ["write", "write", "write", "stop", "stop", ...Object.keys(moves)];
  for (let pressed = 0; pressed < count; ) {
    const name = names[below(names.length)];
    await moves[name]();
    done[name] = (done[name] ?? 0) + 1;
    if (name !== "wait") pressed += 1;
  }
  return done;
}

/** Asserts that the page works as before: it has one worker and writes what a newly opened page writes. */
export async function assertUndisturbed(visitor, browser, address) {
  const write = async (visitor) => {
    await visitor.page.setViewportSize({ width: 1280, height: 720 });
    await visitor.page.evaluate(() => {
      delete document.hidden;
      delete document.visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await visitor.speed("At once");
    await visitor.slide("Neatness (bias)", 0.5);
    await visitor.slide("Wildness (temperature)", 1);
    await visitor.page.getByLabel("Seed", { exact: true }).fill("7");
    await visitor.writes("calm again");
    return visitor.downloads();
  };
  const after = await write(visitor);
  const { workers, late } = await watched(visitor);
  assert.equal(workers, 1, "workers");
  const scripts = visitor.page.workers().map((worker) => new URL(worker.url()).pathname.split("/").at(-1));
  // After a text of several lines the engine's worker has workers of its own.
  assert.deepEqual(scripts.filter((name) => name !== "pool-worker.js"), ["worker.js"], "workers that the browser has");
  assert.equal(late, 0, "pieces of ink of a text after a newer one had begun");
  assert.deepEqual(visitor.complaints, []);
  const fresh = await openWatched(browser, address);
  assert.equal(after, await write(fresh), "the ink of a page that was just opened");
  await fresh.leave();
}
