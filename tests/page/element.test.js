// The element <running-hand>, on a page with a strict policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "./site.js";

let server, browser, page;
const complaints = [];

before(async () => {
  server = await serve();
  browser = await launch();
  const context = await browser.newContext({ serviceWorkers: "block" });
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${server.address}embed.html`);
});
after(async () => {
  await browser.close();
  server.close();
});

/** What a page never says does not hold up the tests for ever. */
const inTime = (promise) => Promise.race([promise, new Promise((_, fail) => setTimeout(fail, 120_000, new Error("nothing came")).unref())]);

/** Puts an element on the page and waits for an event of it; gives what can be seen of it then. */
const written = (attributes, event = "finish") =>
  inTime(page.evaluate(
    ([attributes, event]) =>
      new Promise((resolve) => {
        const element = document.createElement("running-hand");
        const heard = [];
        for (const name of ["start", "finish", "error"]) {
          element.addEventListener(name, (given) => {
            const { message, detail } = given;
            given.preventDefault();
            heard.push(name);
            if (name !== event) return;
            const paths = [...element.shadowRoot.querySelectorAll("path")].map((path) => path.getAttribute("d"));
            resolve({ heard, message, detail, paths, points: element.points.length, text: element.shadowRoot.textContent });
          });
        }
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        document.querySelector("main").prepend(element);
      }),
    [attributes, event],
  ));

test("the demonstration writes its elements, with one worker and one download", async () => {
  await page.waitForFunction(
    () => [...document.querySelectorAll("running-hand")].every((element) => element.points.length && !element.writing),
    undefined,
    { timeout: 120_000 },
  );
  assert.deepEqual(server.asked.filter((path) => path.endsWith("safetensors")), ["weights/synthesis.safetensors"]);
  assert.equal(server.asked.filter((path) => path === "engine/worker.js").length, 1);
  const sizes = await page.evaluate(() =>
    [...document.querySelectorAll("running-hand")].map((element) => {
      const { width, height } = element.getBoundingClientRect();
      return { em: parseFloat(getComputedStyle(element).fontSize), width, height };
    }),
  );
  for (const { em, width, height } of sizes) assert.ok(width > 4 * em && height > em && height < 6 * em, JSON.stringify(sizes));
  assert.deepEqual(complaints, []);
});

test("it can be read by those who do not see it", async () => {
  await page.getByRole("img", { name: "Handwriting, anywhere" }).waitFor();
});

test("the pen moves, the settings count, and a seed repeats", async () => {
  const options = { text: "ink", speed: "instant", seed: "5", bias: "1" };
  const first = await written(options);
  assert.deepEqual(first.heard, ["start", "finish"]);
  assert.deepEqual(first.detail, { finish: "stopped", doubtful: [] });
  assert.ok(first.paths.length >= 1 && first.points > 30);
  assert.deepEqual((await written(options)).paths, first.paths);
  assert.notDeepEqual((await written({ ...options, seed: "6" })).paths, first.paths);
  assert.notDeepEqual((await written({ ...options, hand: "Slanted" })).paths, first.paths);
  const wild = { text: "The lighthouse keeper telephoned", speed: "instant", seed: "3", bias: "0", temperature: "3" };
  const { doubtful } = (await written(wild)).detail;
  assert.ok(doubtful.length && doubtful.every((word) => wild.text.split(" ").includes(word)), doubtful);
  const growing = await inTime(page.evaluate(
    () =>
      new Promise((resolve) => {
        const element = document.createElement("running-hand");
        element.text = "slowly";
        const length = () => [...element.shadowRoot.querySelectorAll("path")].reduce((sum, path) => sum + path.getAttribute("d").length, 0);
        element.addEventListener("start", async () => {
          const seen = [];
          while (seen.length < 3) {
            await new Promise((resolve) => setTimeout(resolve, 100));
            if (length() !== seen.at(-1)) seen.push(length());
          }
          // As a property, and while it writes.
          element.speed = "instant";
          element.addEventListener("finish", () => resolve([...seen, length(), element.getAttribute("speed")]));
        });
        document.querySelector("main").prepend(element);
      }),
  ));
  assert.ok(growing[0] < growing[1] && growing[1] < growing[2] && growing[2] < growing[3], growing.join());
  assert.equal(growing[4], "instant");
});

test("a changed attribute writes anew; manual waits for write(); write() repeats the same ink", async () => {
  const found = await inTime(page.evaluate(async () => {
    const element = document.createElement("running-hand");
    const finished = () => new Promise((resolve) => element.addEventListener("finish", resolve, { once: true }));
    const ink = () => [...element.shadowRoot.querySelectorAll("path")].map((path) => path.getAttribute("d")).join();
    element.setAttribute("manual", "");
    element.setAttribute("speed", "instant");
    element.textContent = "one";
    document.querySelector("main").prepend(element);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const waited = ink();
    await element.write();
    const one = ink();
    await element.write();
    const again = ink();
    element.removeAttribute("manual");
    const done = finished();
    element.text = "first wish";
    element.seed = 3;
    // Superseded before it is written.
    await new Promise((resolve) => setTimeout(resolve, 50));
    element.text = "two";
    await done;
    const label = element.shadowRoot.querySelector("svg").getAttribute("aria-label");
    return { waited, same: one === again, one: one.length > 0, other: ink() !== one, label };
  }));
  assert.deepEqual(found, { waited: "", same: true, one: true, other: true, label: "two" });
});

test("what cannot be is an event, and the text stays readable", async () => {
  const wrong = await written({ text: "still here", bias: "much" }, "error");
  assert.match(wrong.message, /bias: “much” is no number/);
  assert.match(wrong.text, /still here/);
  assert.match((await written({ text: "a", hand: "nobody" }, "error")).message, /no hand "nobody"/);
  assert.match((await written({ text: "<img src=x>", bias: "77" }, "error")).message, /bias: 77 is outside/);
  assert.equal(await page.locator("img").count(), 0);
});

test("its content is what readers without JavaScript see; it is written, and written anew when it changes", async () => {
  const found = await inTime(page.evaluate(async () => {
    const element = document.createElement("running-hand");
    const next = (event) => new Promise((resolve) => element.addEventListener(event, resolve, { once: true }));
    const shown = () => {
      const [svg, text] = element.shadowRoot.querySelectorAll("[part]");
      return [svg, text].map((part) => part.checkVisibility());
    };
    element.speed = "instant";
    element.textContent = "one";
    const first = next("finish");
    document.querySelector("main").prepend(element);
    await first;
    const one = [element.shadowRoot.querySelector("svg").getAttribute("aria-label"), ...shown()];
    const second = next("finish");
    element.replaceChildren("two words");
    await second;
    const two = element.shadowRoot.querySelector("svg").getAttribute("aria-label");
    // Of what cannot be written the content is shown, with its markup.
    const failed = next("error");
    element.addEventListener("error", (event) => event.preventDefault());
    const strong = document.createElement("strong");
    strong.textContent = "kept";
    element.replaceChildren(strong);
    element.bias = "much";
    await failed;
    return { one, two, failed: [...shown(), strong.checkVisibility()] };
  }));
  assert.deepEqual(found, { one: ["one", true, false], two: "two words", failed: [false, true, true] });
});

test("it takes the width that there is, and waits while it is manual", async () => {
  const found = await inTime(page.evaluate(async () => {
    const element = document.createElement("running-hand");
    element.speed = "instant";
    element.text = "a long line of writing";
    element.manual = true;
    const attribute = element.hasAttribute("manual");
    const box = document.createElement("div");
    box.append(element);
    document.querySelector("main").prepend(box);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const waited = element.points.length;
    await element.write();
    const svg = element.shadowRoot.querySelector("svg");
    const sizes = [];
    for (const width of ["600px", "100px"]) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`div:has(> running-hand) { width: ${width} }`);
      document.adoptedStyleSheets = [sheet];
      const { width: wide, height } = svg.getBoundingClientRect();
      sizes.push([wide, wide / height]);
    }
    document.adoptedStyleSheets = [];
    return { attribute, waited, sizes };
  }));
  assert.deepEqual([found.attribute, found.waited], [true, 0]);
  const [[wide, shape], [narrow, sameShape]] = found.sizes;
  assert.ok(wide > 110 && narrow <= 100 && Math.abs(shape - sameShape) < 0.1, JSON.stringify(found));
});

test("an element that is not seen loads nothing; reduced motion is honoured", async () => {
  const context = await browser.newContext({ serviceWorkers: "block", reducedMotion: "reduce" });
  const other = await context.newPage();
  await other.route("**/embed.html", async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/<h1>.*<\/h1>/, "").replace(/<running-hand [^>]*hand="Slanted"[^>]*>/, `${"<br>".repeat(300)}<running-hand text="far down">`);
    await route.fulfill({ response, body });
  });
  server.asked.length = 0;
  await other.goto(`${server.address}embed.html`);
  const far = other.locator("running-hand");
  await other.waitForTimeout(500);
  const early = server.asked.filter((path) => path.endsWith("safetensors"));
  await far.scrollIntoViewIfNeeded();
  await other.waitForFunction(() => document.querySelector("running-hand").points.length && !document.querySelector("running-hand").writing);
  assert.deepEqual(early, []);
  await context.close();
});
