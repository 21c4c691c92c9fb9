// The inspector, "See it think": it shows what the formulas say, and nothing runs while it is closed.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { InspectedLine } from "../../www/inspector/snapshots.js";
import { clouds } from "../../www/inspector/drawing.js";
import { open } from "./site.js";

const site = await open();

/** A visitor, with what the inspector's tests do and look at. */
async function come(visit = {}) {
  const visitor = await site.come({ query: "?engine=cpu", ...visit });
  const { page } = visitor;
  const panel = page.locator("#inspector");
  return Object.assign(visitor, {
    panel,
    point: panel.getByLabel("Point"),
    press: (name) => page.getByRole("button", { name }).click(),
    toggle: () => page.getByRole("button", { name: "See it think" }).click(),
    /** The numbers on a formula's card. */
    numbers: async (title) => {
      const card = panel.locator(".card").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
      const live = await card.locator(".live").textContent();
      return (live.match(/[−-]?\d+(\.\d+)?/g) ?? []).map((found) => Number(found.replace("−", "-")));
    },
    at: async () => Number((await panel.locator(".where").textContent()).split(" ")[0]),
    /** Waits until the panel has shown a point with its numbers. */
    shows: (point) =>
      page.waitForFunction(
        (point) =>
          document.querySelector("#inspector .where").textContent.startsWith(`${point} of`) &&
          document.querySelector("#inspector-point").getAttribute("aria-valuetext")?.startsWith(`${point} of`) &&
          document.querySelector("#inspector .live").textContent !== "",
        point,
      ),
    /** How many pixels of a canvas something is drawn on. */
    drawn: (selector) =>
      page.locator(selector).evaluate((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 3; i < data.length; i += 4) count += data[i] > 0 ? 1 : 0;
        return count;
      }),
  });
}

/** Asserts that a rounded number may be that of another one. */
function near(found, expected, slack) {
  assert.ok(Math.abs(found - expected) <= slack, `${found} instead of ${expected}`);
}

/** The card of σ: exp(σ̂ − b) · √τ. */
async function sigma(visitor, bias, temperature) {
  const [hat, b, t, value] = await visitor.numbers("How large a cloud is");
  assert.deepEqual([b, t], [bias, temperature]);
  const expected = Math.exp(hat - b) * Math.sqrt(t);
  near(value, expected, 0.0006 + 0.006 * expected);
  return value;
}

test("while it writes and afterwards: pause, step and scrub by keyboard, with the formulas' numbers", async () => {
  const visitor = await come();
  const { page, panel } = visitor;
  await visitor.toggle();
  await visitor.slide("Neatness (bias)", 1.5);
  await visitor.slide("Wildness (temperature)", 0.5);
  await visitor.text.fill("think");
  await visitor.press("Write");
  await visitor.hears(/Writing …$/);
  await page.waitForFunction(() => Number.parseInt(document.querySelector("#inspector .where").textContent) > 5);
  await visitor.press("Pause");
  const held = await visitor.at();
  await page.waitForTimeout(400);
  assert.equal(await visitor.at(), held, "the pen waits");
  assert.match(await visitor.status.textContent(), /Writing …$/);
  await visitor.press("Step");
  await visitor.shows(held + 1);
  await visitor.press("Step");
  await visitor.shows(held + 2);
  await visitor.press("Back");
  await visitor.shows(held + 1);
  await sigma(visitor, 1.5, 0.5);
  const ink = await visitor.drawn("#canvas");

  await visitor.point.focus();
  const seen = new Set();
  for (let k = 2; k < 12; k++) {
    await page.keyboard.press("ArrowRight");
    await visitor.shows(held + k);
    seen.add(await sigma(visitor, 1.5, 0.5));
    const [hat, one, b, t, sharpened, percent] = await visitor.numbers("How much a cloud counts");
    assert.deepEqual([one, b, t], [1, 1.5, 0.5]);
    near(sharpened, (hat * 2.5) / 0.5, 0.03);
    assert.ok(percent >= 0 && percent <= 100);
  }
  assert.ok(seen.size >= 4, `${[...seen]} follow the pen`);
  assert.ok((await visitor.drawn("#canvas")) > ink, "and so does the ink");
  await page.keyboard.press("Home");
  await visitor.shows(1);
  assert.match(await panel.textContent(), /Mostly on “t”, character 1 of 5\./);
  assert.ok((await visitor.drawn("#canvas")) < ink);
  for (const canvas of [".inspector-overlay", "#inspector .view canvas >> nth=0", "#inspector .time >> nth=0", "#inspector .time >> nth=1"]) {
    // The magnifier moves there gradually.
    for (let tries = 0; (await visitor.drawn(canvas)) <= 50; tries++) {
      assert.ok(tries < 50, `${canvas} shows something`);
      await page.waitForTimeout(100);
    }
  }

  // To the end: the writing is over then.
  await page.keyboard.press("End");
  assert.match(await visitor.status.textContent(), /Writing …$/);
  await visitor.press("Play");
  await visitor.hears(/Done$/);
  assert.match(await panel.textContent(), /Mostly on “k”|At the end of the text/);
  // Closed, all of the ink is there, as it would have been.
  await page.keyboard.press("Tab");
  await visitor.point.fill("3");
  await visitor.shows(3);
  await visitor.toggle();
  assert.equal(await panel.isVisible(), false);
  assert.equal(await page.locator(".inspector-overlay").count(), 0);
  const whole = await visitor.downloads();
  await visitor.speed("At once");
  await visitor.writes();
  assert.equal(await visitor.downloads(), whole);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("closed, it requests nothing, builds nothing and draws nothing; without a text there is no window", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  const { page, panel } = visitor;
  await page.evaluate(() => {
    window.asked = [];
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (request, ...rest) {
      window.asked.push(request.type);
      return postMessage.call(this, request, ...rest);
    };
  });
  await visitor.writes("off");
  assert.deepEqual((await page.evaluate(() => window.asked)).filter((type) => type !== "fittingColumns"), ["write"]);
  assert.equal(await panel.innerHTML(), "");
  // With less motion nothing moves by itself.
  await visitor.toggle();
  await page.waitForFunction(() => document.querySelector("#inspector .live").textContent !== "");
  const end = await visitor.at();
  await page.waitForTimeout(300);
  assert.equal(await visitor.at(), end);
  assert.ok((await page.evaluate(() => window.asked)).includes("inspect"));
  assert.equal(await panel.getByRole("heading", { name: "Which letter is it on?" }).isVisible(), true);
  await visitor.writes(" ");
  await visitor.point.fill("40");
  await visitor.shows(40);
  await page.waitForFunction(() => document.querySelector("#inspector .window").hidden);
  await sigma(visitor, 0.75, 1);
  // A place on the picture over time is a moment.
  await panel.locator(".time").nth(1).click({ position: { x: 100, y: 20 } });
  await page.waitForFunction(() => !document.querySelector("#inspector .where").textContent.startsWith("40 of"));
  await visitor.toggle();
  await page.evaluate(() => (window.asked = []));
  await visitor.writes("off again");
  assert.deepEqual((await page.evaluate(() => window.asked)).filter((type) => type !== "fittingColumns"), ["write"]);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("the clouds are around the points that were drawn, on every line of the page", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  const { page, panel } = visitor;
  await visitor.more();
  await page.getByLabel("Letters per line").fill("10");
  await visitor.slide("Neatness (bias)", 2);
  await visitor.slide("Slant", 20);
  await visitor.toggle();
  await visitor.writes("one two three four and then five six, seven eight nine ten");
  const count = Number((await panel.locator(".where").textContent()).split(" ")[2]);
  const texts = new Set();
  for (const share of [0.1, 0.4, 0.7, 0.95]) {
    const point = Math.round(share * count);
    await visitor.point.fill(String(point));
    await visitor.shows(point);
    texts.add(await panel.locator(".letters").textContent());
    // The middle of what is drawn over the sheet is the ring around the pen.
    const off = await page.locator(".inspector-overlay").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let [x, y, n] = [0, 0, 0];
      for (let i = 3; i < data.length; i += 4) {
        if (!data[i]) continue;
        const pixel = (i - 3) / 4;
        [x, y, n] = [x + (pixel % canvas.width), y + Math.floor(pixel / canvas.width), n + 1];
      }
      const pen = new DOMMatrix(getComputedStyle(document.querySelector("#pen")).transform);
      return Math.hypot(x / n / devicePixelRatio - pen.e, y / n / devicePixelRatio - pen.f);
    });
    assert.ok(off < 20, `${off} pixels from the pen at point ${point}`);
  }
  assert.ok(texts.size >= 2, "the text shown is that of the pen's line");
  await visitor.leave();
});

test("strokes that are continued have no snapshots, but what follows them has", async () => {
  const visitor = await come({ reducedMotion: "reduce" });
  const { page, panel } = visitor;
  await visitor.toggle();
  await visitor.press("Continue my strokes");
  const box = await page.locator("#capture-pad svg").boundingBox();
  for (const k of Array(50).keys()) {
    await page.mouse.move(box.x + 40 + 4 * k, box.y + box.height / 2 + 20 * Math.sin(k / 3));
    if (k === 0) await page.mouse.down();
  }
  await page.mouse.up();
  await visitor.press("Continue from here");
  await visitor.hears(/Done$/);
  await visitor.point.focus();
  await page.keyboard.press("Home");
  const given = Number(await visitor.point.getAttribute("min"));
  assert.ok(given > 20, `${given} points were given`);
  await visitor.shows(given);
  await sigma(visitor, 0.75, 1);
  await page.keyboard.press("ArrowRight");
  await visitor.shows(given + 1);
  assert.equal(await panel.getByRole("heading", { name: "Which letter is it on?" }).isVisible(), false);
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("a request that fails is reported in the panel, and the writing goes on", async () => {
  // The network's values cannot be had, in the engine's worker.
  const route = [
    "**/pkg/running_hand.js",
    async (route) => {
      const response = await route.fetch();
      const failing = 'Inspector.prototype.snapshots = async () => { throw new Error("no values today"); };';
      await route.fulfill({ response, body: `${await response.text()}\n${failing}` });
    },
  ];
  const visitor = await come({ route });
  const { panel } = visitor;
  await visitor.toggle();
  await visitor.text.fill("still");
  await visitor.press("Write");
  await panel.getByText("What the network computed can’t be shown: no values today").waitFor();
  assert.match(await visitor.status.textContent(), /(Writing …|Done)$/, "the status line does not report it");
  await visitor.hears(/Done$/);
  await visitor.toggle();
  const ink = await visitor.downloads();
  await visitor.speed("At once");
  await visitor.writes();
  assert.equal(await visitor.downloads(), ink, "all of it was written");
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("the tour, two neatnesses side by side, where the panel stands, and what axe says of it, light or dark", async () => {
  const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  for (const [colorScheme, viewport] of [["light", { width: 1280, height: 800 }], ["dark", { width: 390, height: 844 }]]) {
    // axe is put into the page, which its policy would rightly refuse.
    const visitor = await come({ colorScheme, viewport, bypassCSP: true, reducedMotion: "reduce" });
    const { page, panel } = visitor;
    const tour = panel.getByRole("dialog");
    await visitor.toggle();
    assert.ok(await panel.getByRole("button", { name: "Take the tour" }).isDisabled(), "there is nothing to be seen");
    await visitor.writes("axe is a tool");
    await visitor.point.fill("60");
    await visitor.shows(60);
    const [sheet, beside] = [await page.locator("#sheet").boundingBox(), await panel.locator(".view canvas").first().boundingBox()];
    if (colorScheme === "light") assert.ok(beside.x > sheet.x + sheet.width && beside.y + beside.height < 800, "beside the sheet, in view");
    else assert.ok(beside.y >= sheet.y + sheet.height - 1, "below the sheet");

    // By keyboard: five steps, each below its own part.
    await panel.getByRole("button", { name: "Take the tour" }).press("Enter");
    const parts = new Set();
    for (let step = 1; step <= 5; step++) {
      await tour.getByRole("heading", { name: `${step} of 5:` }).waitFor();
      assert.equal(await panel.locator(".toured").count(), 1);
      parts.add(await tour.evaluate((callout) => [...document.querySelectorAll("#inspector *")].indexOf(callout.previousElementSibling)));
      const box = await tour.boundingBox();
      const covered = colorScheme === "light" ? 0 : sheet.height;
      assert.ok(box.y >= covered - 1 && box.y + box.height <= viewport.height, `step ${step} is in view: ${box.y}`);
      if (step < 5) await page.keyboard.press("ArrowRight");
    }
    assert.equal(parts.size, 5);
    await page.keyboard.press("ArrowLeft");
    await tour.getByRole("heading", { name: "4 of 5:" }).waitFor();

    await panel.getByText("Compare two levels of neatness").click();
    await panel.getByRole("img", { name: "“axe is a tool”, neatness 2.00" }).waitFor();
    assert.equal(await panel.getByRole("img", { name: "“axe is a tool”, neatness 0.00" }).count(), 1);
    const pictures = () => panel.locator(".biases canvas").evaluateAll((all) => all.map((canvas) => canvas.toDataURL()));
    const [loose, neat] = await pictures();
    assert.notEqual(loose, neat);
    await panel.getByLabel("Neatness A").fill("2");
    await page.waitForFunction(([left]) => document.querySelector(".biases canvas").toDataURL() !== left, [loose]);
    assert.equal((await pictures())[0], neat, "the same seed, hand and neatness write the same");
    assert.ok(Math.abs((await visitor.at()) - 60) < 1 && (await visitor.downloads()).includes("<title>axe is a tool"), "the text on the sheet stays");

    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => window.axe.run());
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
    await tour.getByRole("heading").focus();
    await page.keyboard.press("Escape");
    assert.equal(await tour.count(), 0);
    assert.ok(await panel.getByRole("button", { name: "Take the tour" }).evaluate((button) => button === document.activeElement));
    assert.deepEqual(visitor.complaints, []);
    await visitor.leave();
  }
});

/**
 * A line with two components, whose offsets are (10, 0), (0, 10), (−4, 6) before a page lays them out: narrower by half,
 * and leaning.
 */
function line() {
  // x' = x / 2 − y / 5, y' = y.
  const MAP = [0.5, -0.2, 0, 1];
  const head = (dx, dy) => [0.1, 2.2, 0, 0, 0.5, 1, dx, dy, 0, 1, ...MAP];
  const components = [0.3, 1, 0, 0.1, 0.2, 0, 0.5, -2, -1.6, 0.7, 0, 2, 0.3, 0.4, 0.5, 1.3, -1, -0.9];
  const snapshots = [head(1, 0), head(0, 1), head(-0.4, 0.6)].flatMap((values) => [...values, ...components]);
  return new InspectedLine({
    line: 0,
    first: 5,
    ahead: 1,
    count: 3,
    from: 0,
    snapshots: Float32Array.from(snapshots),
    stride: 32,
    mixtures: 2,
    characters: [],
    bias: 0,
    temperature: 1,
    mean: [0, 0],
    sd: [10, 10],
  });
}

test("ellipses are laid out as the page laid out the ink around them", () => {
  const [light, heavy] = clouds(line(), 1);
  assert.deepEqual([light.chosen, heavy.chosen], [false, true]);
  near(light.x, 5, 1e-3);
  near(heavy.x, -4, 1e-3);
  near(heavy.y, 20, 1e-3);
  // The covariance of the second, (9, 6; 6, 16), under the map.
  const [uu, uv, vv] = [0.25 * 9 - 0.2 * 6 + 0.04 * 16, 0.5 * 6 - 0.2 * 16, 16];
  near(heavy.long ** 2 + heavy.short ** 2, uu + vv, 1e-2);
  near(heavy.long ** 2 * heavy.short ** 2, uu * vv - uv * uv, 1e-2);
  near(heavy.long ** 2 * Math.cos(heavy.angle) ** 2 + heavy.short ** 2 * Math.sin(heavy.angle) ** 2, uu, 1e-2);
});
