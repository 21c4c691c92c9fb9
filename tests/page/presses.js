// Visitors in a hurry, for load.test.js and soak.js: random presses, and a watch over the page's workers.

import assert from "node:assert/strict";
import { numbers } from "./numbers.js";
import { Visitor } from "./site.js";

/**
 * Opens the page with a watch: how many workers there are, and whether a text goes on after a newer one
 * has begun.
 */
export async function watched(browser, address) {
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
          if (event?.type !== "points") return;
          watch.points += event.points.length / 3;
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

/** What the watch has seen. */
export const seen = (visitor) => visitor.page.evaluate(() => ({ ...window.watch }));

const TEXTS = ["hello", "the quick brown fox jumps over the lazy dog", "one\ntwo\n\nthree", "", "naïve café"];

/**
 * Presses at random, without waiting for anything that a press begins.
 * @param {Visitor} visitor
 */
export async function press(visitor, count, seed) {
  const { page } = visitor;
  const below = numbers(seed);
  const click = (id) => page.evaluate((id) => document.getElementById(id).click(), id);
  // A slider takes only what lies on its steps.
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
    speed: () => visitor.speed(["At once", "As a hand writes"][below(2)]),
    resize: () => page.setViewportSize({ width: 320 + below(1200), height: 480 + below(600) }),
    // Headless tabs are never hidden: the page is told so.
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

/** The page is as it was: what it writes now is what a page writes that nobody has pressed on. */
export async function fine(visitor, browser, address) {
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
  const { workers, late } = await seen(visitor);
  assert.equal(workers, 1, "workers");
  assert.equal(visitor.page.workers().length, 1, "workers that the browser has");
  assert.equal(late, 0, "pieces of ink of a text after a newer one had begun");
  assert.deepEqual(visitor.complaints, []);
  const fresh = await watched(browser, address);
  assert.equal(after, await write(fresh), "the ink of a page that was just opened");
  await fresh.leave();
}
