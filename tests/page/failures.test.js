// What the page says where it cannot start, in Chromium and in Firefox: without its module, or without its scripts.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { DIST, Visitor, file, launch, launchFirefox, serve } from "./site.js";

/** Playwright lets pages from files read other files; visitors' browsers do not. */
const VISITORS = { firefoxUserPrefs: { "security.fileuri.strict_origin_policy": true } };

let server;
before(async () => {
  server = await serve();
});
after(() => server.close());

const wasm = await file("pkg/running_hand_bg.wasm");
const module = (answer) => (route) => (answer ? route.fulfill(answer) : route.abort());

for (const [browserName, launchBrowser] of /** @type {const} */ ([["Chromium", () => launch()], ["Firefox", () => launchFirefox(VISITORS)]])) {
  let browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  /** A page in a context of its own, in which `route` answers for the server. */
  async function page(route) {
    const context = await browser.newContext({ serviceWorkers: "block" });
    if (route) await context.route(...route);
    return context.newPage();
  }

  test(`where the module is missing, damaged or another file, the page says so and tries again when it is asked to: ${browserName}`, async () => {
    const cases = [
      [{ status: 404 }, /The engine can’t be downloaded \(.*404/],
      [{ status: 403 }, /The engine can’t be downloaded \(.*403/],
      [undefined, /The engine can’t be downloaded \(/],
      [{ contentType: "text/html", body: "<!doctype html><p>Hello" }, /can’t run the engine \(.*magic.*the file on the server is damaged/],
      [{ contentType: "application/wasm", body: wasm.subarray(0, 100_000) }, /can’t run the engine \(.*the file on the server is damaged/],
    ];
    const pages = [];
    // One after the other: Firefox does not open several at a time.
    for (const [answer] of cases) pages.push(await page(["**/running_hand_bg.wasm", module(answer)]));
    await Promise.all(
      cases.map(async ([answer, said], i) => {
        const visited = pages[i];
        // The weights come later than the error.
        let come = () => {};
        const failed = new Promise((resolve) => (come = () => resolve(undefined)));
        let late = () => {};
        const arrived = new Promise((resolve) => (late = () => resolve(undefined)));
        await visited.context().route("**/synthesis.safetensors", async (route) => {
          await failed;
          await route.continue();
          late();
        });
        await visited.goto(`${server.address}?engine=cpu`);
        const visitor = new Visitor(visited);
        await visitor.hears(said);
        come();
        await arrived;
        await visited.waitForTimeout(200);
        assert.match(await visitor.status.textContent(), said, "the error stays");
        assert.ok(await visited.locator("#loading").isHidden());
        assert.ok(await visited.getByRole("button", { name: "Write", exact: true }).isDisabled());
        if (answer?.status === 404) {
          await visited.context().unroute("**/running_hand_bg.wasm");
          await visited.locator("#text").fill("kept");
          await visited.getByRole("button", { name: "Try again" }).click();
          await visitor.hears(/Ready$/);
          assert.ok(await visited.getByRole("button", { name: "Try again" }).isHidden());
          assert.equal(await visited.locator("#text").inputValue(), "kept");
        }
        await visitor.leave();
      }),
    );
  });

  test(`where the server’s policy forbids WebAssembly, the page says which word it lacks: ${browserName}`, async () => {
    const [policy] = String(await file("_headers")).match(/default-src .*/);
    const strict = await serve(undefined, { "content-security-policy": policy.replace(" 'wasm-unsafe-eval'", "") });
    const visitor = await Visitor.come(browser, strict.address, { query: "?engine=cpu", ready: /forbids WebAssembly.*wasm-unsafe-eval/ });
    assert.ok(await visitor.page.getByRole("button", { name: "Try again" }).isVisible());
    await visitor.leave();
    strict.close();
  });

  test(`where no script of the page may run, a text says why in place of “Starting …”: ${browserName}`, async () => {
    /** The reason whose text is shown. */
    const reason = async (frame) => {
      const shown = frame.locator("#trouble p:visible");
      await shown.waitFor();
      assert.ok((await shown.textContent()).trim().length > 50);
      return shown.getAttribute("data-reason");
    };
    const opened = async (route, address = server.address) => {
      const visited = await page(route);
      await visited.goto(address);
      return visited;
    };

    const local = await opened(undefined, `file://${DIST}index.html`);
    assert.equal(await reason(local), "file");
    assert.equal(await local.locator("#state").textContent(), "");

    const framing = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end(`<iframe sandbox="allow-scripts" src="${server.address}"></iframe>`);
    });
    await new Promise((resolve) => framing.listen(0, "127.0.0.1", () => resolve(undefined)));
    const framed = await opened(undefined, `http://127.0.0.1:${framing.address().port}/`);
    assert.equal(await reason(framed.frameLocator("iframe")), "frame");
    framing.close();
    framing.closeAllConnections();

    const sent = (headers) => async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "content-type": "text/plain", ...headers } });
    };
    assert.equal(await reason(await opened(["**/*.js", sent({})])), "scripts");
    assert.equal(await reason(await opened(["**/app/form.js", (route) => route.fulfill({ status: 404 })])), "scripts");
    const novel = { contentType: "text/javascript", body: "export class Form { ??? }" };
    assert.equal(await reason(await opened(["**/app/form.js", (route) => route.fulfill(novel)])), "browser");

    // Not even the classic script runs: the text comes after some seconds.
    const silent = await opened(["**/*.js", sent({ "x-content-type-options": "nosniff" })]);
    assert.ok(await silent.locator("#trouble p").last().isHidden());
    await silent.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
    assert.equal(await reason(silent), "late");

    for (const visited of browser.contexts()) await visited.close();
  });
}
