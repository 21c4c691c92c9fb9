// Learning a hand on the visitor's device, from generated ink of a hand that the page does not offer: by the package's
// function, and in the page in both browsers. And what may come between: a phone that is locked, ink that says the same
// word again and again, a hand in which words go wrong.

import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { slant, withCaptureDialog, writtenWith } from "./drawing.js";
import { Visitor, launch, launchFirefox, serve, strokes } from "./site.js";

/** A hand that the page does not offer. */
const OWN = { style: "Tall", blend: { style: "Slanted", share: 0.8 }, bias: 0.75, seed: 5 };
const TEXT = "in a hand of my own";

/** What `use` returns in the page, given a `RunningHand`, `learnHand` and `openHand`, and `strokes` of ink. */
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

test("a hand is learnt by the package's function, on any number of workers, taken away and opened again", async () => {
    const found = await inPage(launch, async ({ runningHand, strokes, learnHand, openHand }) => {
      const own = { style: "Tall", blend: { style: "Slanted", share: 0.8 }, seed: 5 };
      const samples = [];
      for (const text of ["quick brown foxes", "jumped over dogs"]) samples.push({ text, strokes: await strokes(text, own) });
      const steps = [];
      const learnt = await learnHand(samples, { name: "Mine", words: "so it goes", workers: 2, onProgress: (step) => steps.push(step) });
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
      // Ended early: the hand so far is what one gets.
      const enough = new AbortController();
      const some = await learnHand(samples.slice(1), { enough: enough.signal, onProgress: ({ step }) => step === 2 && enough.abort() });
      // Cancelled in the middle, from within its progress; until then one worker has learnt as two do.
      const hands = [];
      const controller = new AbortController();
      let told = 0;
      const cancelled = learnHand(samples, {
        workers: 1,
        signal: controller.signal,
        onProgress: ({ hand }) => {
          hands.push(JSON.stringify(hand));
          told += 1;
          if (told === 2) controller.abort(new Error("enough"));
        },
      });
      const stopped = await refusal(cancelled);
      // Each pass is equal, whoever computes it: workers, or this page where they are lost or forbidden.
      const load = (path) => import(new URL(path, location.href).href);
      const [{ default: init, HandLearner }, { LearningTeam, workersFor }] = await Promise.all(["capture/learner/learner.js", "capture/learning-team.js"].map(load));
      await init();
      const weights = new Uint8Array(await (await fetch("weights/synthesis.safetensors")).arrayBuffer());
      const lines = [];
      for (const text of ["so it went on", "ten letters", "and on and on"]) lines.push({ text, strokes: await strokes(text, { seed: 3 }) });
      const learner = new HandLearner(weights, lines);
      const Original = globalThis.Worker;
      let started = 0;
      const toldBy = async (workers, Worker) => {
        globalThis.Worker = Worker;
        const team = new LearningTeam(learner, weights, lines, workers);
        const first = await team.compute(learner.wanted());
        const same = (await team.compute(learner.wanted())).join() === first.join();
        const { size } = team;
        team.end();
        return { size, same, all: first.join() };
      };
      class Counted extends Original {
        constructor(address, options) {
          super(address, options);
          started += 1;
        }
      }
      class Lost extends Original {
        constructor(address, options) {
          super(address, options);
          setTimeout(() => this.dispatchEvent(new ErrorEvent("error", { message: "lost" })));
        }
      }
      const Forbidden = class { constructor() { throw new Error("forbidden"); } };
      const one = await toldBy(1, Original);
      const others = [await toldBy(2, Counted), await toldBy(9, Counted), await toldBy(2, Lost), await toldBy(3, Forbidden)];
      globalThis.Worker = Original;
      const next = learner.take(Float64Array.from(one.all.split(",")));
      const team = {
        sizes: [one, ...others].map(({ size }) => size), same: [one, ...others].every(({ same }) => same),
        equal: others.every(({ all }) => all === one.all), numbers: one.all.split(",").length, started, step: next.step,
        workers: [1, 2, 3, 4, 6, 8, 64].map(workersFor),
      };
      return {
        team,
        steps: steps.map(({ step, steps, loss, hand, words }) => ({ step, steps, loss, count: hand.numbers.length, words: words?.length })),
        some: some.hand.numbers.some((number) => number !== 0) && JSON.stringify(some.hand.numbers) !== JSON.stringify(hand.numbers),
        strength: hand.strength, legible, written, refused, size: file.length - JSON.stringify(JSON.parse(file).samples).length,
        same: JSON.stringify(kept.numbers) === JSON.stringify(hand.numbers), name: kept.name,
        ink: JSON.stringify(kept.samples.map(({ text }) => text)),
        cancelled: stopped, told, equal: hands.every((one, step) => one === JSON.stringify(steps[step].hand)),
      };
    });
    const { steps, written, team } = found;
    assert.ok(steps.length > 5 && steps.every(({ step, steps: all, count }, n) => step === n + 1 && all >= steps.length && count > 1000));
    const words = steps.filter(({ words }) => words !== undefined);
    assert.ok(words.length > 2 && words.every(({ words }) => words > 300 && words % 3 === 0), JSON.stringify(words));
    assert.ok(found.some, "something was learnt in two steps, and something else in all");
    assert.ok(found.size < 20_000, `${found.size} bytes beside the ink`);
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
    assert.deepEqual([found.cancelled, found.told, found.equal], ["enough", 2, true]);
    const { numbers, ...rest } = team;
    assert.deepEqual(rest, { sizes: [1, 2, 3, 2, 3], same: true, equal: true, started: 3, step: 1, workers: [1, 2, 2, 2, 3, 4, 4] });
    assert.ok(numbers > 3 * 3000);
});

/**
 * The file that is downloaded when `act` is done, as text. Playwright gets no download events from Firefox, so that is
 * waited for in the browser's folder.
 */
async function taken({ page }, folder, name, act) {
  if (folder === undefined) {
    const [download] = await Promise.all([page.waitForEvent("download"), act()]);
    assert.match(download.suggestedFilename(), name);
    return readFile(await download.path(), "utf8");
  }
  await act();
  for (let tries = 0, before = ""; tries < 300; tries++) {
    const found = (await readdir(folder)).find((file) => name.test(file));
    const text = found ? await readFile(join(folder, found), "utf8") : "";
    if (found && text !== "" && text === before) {
      await rm(join(folder, found));
      return text;
    }
    before = text;
    await page.waitForTimeout(100);
  }
  throw new Error(`no ${name.source} was downloaded`);
}

/** The sheet as SVG. */
async function sheet(visitor, folder) {
  const { page } = visitor;
  await page.getByRole("button", { name: "Download or print" }).click();
  await visitor.choosesFormat("svg");
  const download = () => page.getByRole("button", { name: "Download", exact: true }).click();
  const svg = await taken(visitor, folder, /^[a-z0-9-]+\.svg$/, download);
  await page.keyboard.press("Escape");
  return svg;
}

/** How far the ink of a sheet leans. */
const lean = (svg) =>
  slant(strokes(svg).map((stroke) => Array.from({ length: stroke.length >> 1 }, (_, i) => stroke.slice(2 * i, 2 * i + 2))));

/** Waits until so many per cent are learnt. */
const percent = (page, least) =>
  page.waitForFunction((least) => parseInt(document.querySelector("#capture-learning .state").textContent, 10) >= least, least, { timeout: 120_000 });

for (const [browserName, launchBrowser] of [["Chromium", launch], ["Firefox", launchFirefox]]) {
  test(`a visitor writes four sentences, and the page learns their hand: ${browserName}`, async () => {
    const folder = browserName === "Firefox" ? await mkdtemp(join(tmpdir(), "running-hand-downloads-")) : undefined;
    const [server, browser] = [await serve(), await launchBrowser(folder && { downloadsPath: folder })];
    const visitor = withCaptureDialog(await Visitor.come(browser, server.address, { query: "?engine=cpu", viewport: { width: 1280, height: 900 } }));
    const { page, dialog, press } = visitor;
    try {
      await visitor.speed("At once");
      await visitor.choosesHand("No particular hand");
      await visitor.writes(TEXT);
      const none = lean(await sheet(visitor, folder));
      const sentences = await page.evaluate(async () => (await import(new URL("capture/draft.js", location.href).href)).SENTENCES);
      const characters = new Set(sentences.join(""));
      for (const needed of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") assert.ok(characters.has(needed), needed);
      assert.ok(sentences.length === 4 && sentences.every(({ length }) => length < 45));
      const inks = await writtenWith(page, [...sentences, TEXT], OWN);
      const real = slant(inks.pop());

      // What is written is kept when the dialog is closed and the page is loaded again.
      await visitor.opens();
      await visitor.draws(inks[0]);
      await press("Next sentence");
      await visitor.draws(inks[1]);
      await page.keyboard.press("Escape");
      await page.reload();
      await visitor.hears(/(Ready|Done)$/);
      await visitor.speed("At once");
      await visitor.opens();
      await visitor.told(/The 2 sentences you wrote are still here/);
      assert.equal(await dialog.getByRole("textbox", { name: /^Sentence \d/ }).inputValue(), sentences[2], "it goes on where one was");
      await visitor.draws(inks[2]);
      await press("Next sentence");
      await visitor.draws(inks[3]);
      await dialog.getByLabel("Name", { exact: true }).fill("Mine");

      // While it learns the page can be used, and says how far it is.
      await press("Learn my hand");
      await page.waitForFunction(() => document.querySelector("#capture-learning .words path")?.getAttribute("d").length > 300, undefined, { timeout: 120_000 });
      await press("Close");
      assert.match(await page.locator("#learning").textContent(), /Learning “Mine”/);
      await visitor.writes("so it goes");
      await page.getByRole("button", { name: "Show" }).click();
      await percent(page, 20);
      await visitor.leaves("Stop here and use it");
      assert.equal(await visitor.tile("Mine").isChecked(), true);
      await visitor.writes(TEXT);
      const learnt = lean(await sheet(visitor, folder));
      assert.ok(Math.abs(learnt - real) < 0.6 * Math.abs(none - real), `without ${none}, learnt ${learnt}, real ${real}`);

      // Its file goes out, and it comes back from there.
      const svg = await sheet(visitor, folder);
      await visitor.opens();
      const file = await taken(visitor, folder, /^Mine\.running-hand\.json$/, () => press("Export Mine"));
      const { samples, ...rest } = JSON.parse(file);
      assert.deepEqual(samples.map(({ text }) => text), sentences);
      assert.ok(JSON.stringify(rest).length < 20_000);
      await press("Delete Mine");
      await press("Really delete Mine?");
      assert.equal(await visitor.kept(), "{}");
      const open = (content) =>
        dialog.getByLabel("Open a hand or ink").setInputFiles({ name: "hand.json", mimeType: "application/json", buffer: Buffer.from(content) });
      await open(file.replace('"numbers":[', '"numbers":[1,'));
      await visitor.told(/damaged/);
      await open(file);
      await visitor.told(/“Mine” has been imported/);
      await press("Close");
      await visitor.writes();
      assert.ok((await sheet(visitor, folder)) === svg, "the same hand");

      if (browserName === "Chromium") {
        // How much of it is used is in the link, and kept with the hand.
        const usual = await page.getByLabel("How much like me").inputValue();
        await page.getByLabel("How much like me").fill("0.3");
        await visitor.writes();
        assert.ok((await sheet(visitor, folder)) !== svg);
        assert.match(page.url(), /captured=[0-9a-f]{16}&strength=0.3&/);
        const own = page.url();
        await page.goto("about:blank");
        await page.goto(own.replace("strength=0.3", `strength=${usual}`));
        await visitor.hears(/Done$/);
        assert.equal(await page.getByLabel("How much like me").inputValue(), usual);
        assert.ok((await sheet(visitor, folder)) === svg, "as before");
      }

      // It is improved from its ink; that is cancelled in the middle, and all is as it was.
      await visitor.opens();
      await press("Improve Mine");
      assert.equal(await dialog.locator("#capture-steps .written").count(), 4);
      await press("Learn my hand");
      await percent(page, 1);
      await dialog.getByRole("button", { name: "Cancel" }).click();
      await visitor.told(/Learning was cancelled. Your sentences are still here/);
      assert.equal(await dialog.locator("#capture-steps .written").count(), 4);
      assert.equal(await visitor.tile("Mine").isChecked(), true);

      if (browserName === "Chromium") {
        // A hand of other weights is learnt again from its ink when it is chosen.
        await open(withWeights(file, "00000000000000ff", 1));
        await dialog.getByRole("heading", { name: /learned with different weights/ }).waitFor();
        await percent(page, 1);
        await press("Stop here and use it");
        await page.waitForFunction(() => Object.values(localStorage).every((json) => !json.includes("00000000000000ff")), undefined, { timeout: 120_000 });
        await page.getByText("“Mine” has been learned.").waitFor();
        assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("running-hand.hand.")).length), 2);
      }
      assert.deepEqual(visitor.complaints, []);
    } finally {
      await browser.close();
      server.close();
      if (folder) await rm(folder, { recursive: true });
    }
  });
}

/** What `use` does in Chromium with a visitor who can use the dialog. @param {object} [visit] see `Visitor.come` */
async function inChromium(use, visit = {}) {
  const [server, browser] = [await serve(), await launch()];
  try {
    await use(withCaptureDialog(await Visitor.come(browser, server.address, { query: "?engine=cpu", viewport: { width: 1280, height: 900 }, ...visit })), server);
  } finally {
    await browser.close();
    server.close();
  }
}

/** Sends a signal to the processes in which pages and their workers run, as a system does that sleeps or needs memory. */
async function tellRenderers(page, signal) {
  const session = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  for (const { id, type } of processInfo) if (type === "renderer") process.kill(id, signal);
  await session.detach();
}

const LINE = "quick brown foxes jump";

test("a phone that is locked while it learns goes on afterwards; where the page is gone, it begins anew with the ink kept", async () => {
  await inChromium(async (visitor, server) => {
    const { page, press } = visitor;
    const [ink] = await writtenWith(page, [LINE], OWN);
    const learns = async ({ asks, draws, press }) => {
      await asks(LINE);
      await draws(ink);
      await press("Learn my hand");
    };
    await visitor.speed("At once");
    await visitor.text.fill("so it goes");
    await learns(visitor);
    await percent(page, 10);
    await tellRenderers(page, "SIGSTOP");
    const answer = page.evaluate(() => "awake");
    const silence = new Promise((resolve) => setTimeout(() => resolve("asleep"), 2000));
    assert.equal(await Promise.race([answer, silence]), "asleep");
    await tellRenderers(page, "SIGCONT");
    assert.equal(await answer, "awake");
    await visitor.dialog.waitFor({ state: "hidden", timeout: 180_000 });
    await visitor.hears(/Done$/);
    assert.equal(await visitor.tile("My hand").isChecked(), true);

    // A second hand; this time the system ends the page, without a word to it.
    await learns(visitor);
    await percent(page, 10);
    const hands = async ({ kept }) => Object.keys(JSON.parse(await kept())).sort();
    const stored = await hands(visitor);
    assert.equal(stored.length, 2, "a hand, and the sentence of the next");
    const gone = page.waitForEvent("crash");
    await tellRenderers(page, "SIGKILL");
    await gone;
    const back = withCaptureDialog(await Visitor.open(page.context(), `${server.address}?engine=cpu`));
    assert.deepEqual(await hands(back), stored);
    await back.speed("At once");
    await back.opens();
    await back.told(/The sentence you wrote is still here/);
    await back.press("Sentence 1 of 4");
    assert.equal(await back.dialog.getByRole("textbox", { name: /^Sentence \d/ }).inputValue(), LINE);
    assert.equal(await back.dialog.locator("#capture-pad .strokes path").count(), ink.length);
    await back.press("Learn my hand");
    await percent(back.page, 1);
    await back.leaves("Stop here and use it");
    assert.equal(await back.tile("My hand 2").isChecked(), true);
    assert.deepEqual([...visitor.complaints, ...back.complaints], []);
  });
});

test("four times the same word is doubted for other sentences, and is learnt from for what it is", async () => {
  await inChromium(async (visitor) => {
    const { page, dialog, press } = visitor;
    const said = "hello hello hello";
    const inks = [];
    for (const seed of [1, 2, 3, 4]) inks.push(...(await writtenWith(page, [said], { ...OWN, seed })));
    await visitor.speed("At once");
    await visitor.text.fill("A quick zebra, 35 fives");
    await visitor.opens();
    for (const [n, ink] of inks.entries()) {
      if (n > 0) await press("Next sentence");
      await visitor.draws(ink);
    }
    await press("Learn my hand");
    await visitor.told(/doesn’t seem to say the sentence|too little ink|end of the sentence/);
    assert.equal(await visitor.tile("My hand").count(), 0);
    for (const n of inks.keys()) {
      await press(`Sentence ${n + 1} of 4`);
      await dialog.getByRole("textbox", { name: /^Sentence \d/ }).fill(said);
    }
    await press("Learn my hand");
    await percent(page, 1);
    assert.doesNotMatch(await visitor.leaves("Stop here and use it"), /cut/);
    assert.equal(await visitor.tile("My hand").isChecked(), true);
    assert.deepEqual(visitor.complaints, []);
  });
});

test("of a hand in which words go wrong less is used, and that is said", async () => {
  // Learns the opposite: away from the ink. Whether words in it go wrong is found out as always.
  const [right, wrong] = ["await team.compute(pass)", "(await team.compute(pass)).map((told, n) => (n < 6 ? told : -told))"];
  let changed = 0;
  const route = ["**/capture/learn-worker.js", async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    changed += script.split(right).length - 1;
    await route.fulfill({ response, body: script.replace(right, wrong) });
  }];
  await inChromium(async (visitor) => {
    const { page } = visitor;
    const [ink] = await writtenWith(page, [LINE], OWN);
    await visitor.speed("At once");
    await visitor.text.fill("so it goes");
    await visitor.asks(LINE);
    await visitor.draws(ink);
    await visitor.press("Learn my hand");
    await visitor.dialog.waitFor({ state: "hidden", timeout: 180_000 });
    const said = await visitor.hears(/Done$/);
    assert.equal(changed, 1);
    const taken = /came out wrong in your hand, so only (?:(\d+)% of it is used|your first sentence guides)/.exec(said);
    const used = taken ? Number(taken[1] ?? 0) : assert.fail(said);
    assert.ok(used < 70, said);
    assert.equal(Number(await page.getByLabel("How much like me").inputValue()), used / 100);
    assert.doesNotMatch(said, /cut/);
    assert.deepEqual(visitor.complaints, []);
  }, { route });
});

/** A hand's file for other weights, from the first lines of its ink. @param {string} file @param {string} weights @param {number} lines */
function withWeights(file, weights, lines) {
  const hand = JSON.parse(file);
  const kept = { ...hand, weights, samples: hand.samples.slice(0, lines) };
  const bytes = [...new TextEncoder().encode(weights)];
  const add = (value, size) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, BigInt(value), true);
    bytes.push(...new Uint8Array(view.buffer, 0, size));
  };
  add(Math.round(hand.strength * 1000), 8);
  for (const number of hand.numbers) add(number, 2);
  for (const { check } of kept.samples) bytes.push(...new TextEncoder().encode(check));
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return JSON.stringify({ ...kept, check: hash.toString(16).padStart(16, "0") });
}
