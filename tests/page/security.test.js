// The page's Content-Security-Policy: attempts to get around it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Visitor, file, launch, serve } from "./site.js";

/** The headers in `_headers`. */
const headers = Object.fromEntries(
  [...String(await file("_headers")).matchAll(/^ +([\w-]+): (.*)$/gm)].map(([, name, value]) => [name.toLowerCase(), value]),
);

let server, browser, foreign;
/** Requests to the foreign server. */
const stolen = [];

before(async () => {
  server = await serve(undefined, headers);
  browser = await launch();
  foreign = createServer((request, response) => {
    stolen.push(request.url);
    response.writeHead(200, { "access-control-allow-origin": "*", "content-type": "text/javascript" }).end("globalThis.hacked = 1");
  });
  await new Promise((resolve) => foreign.listen(0, "127.0.0.1", () => resolve(undefined)));
});
after(async () => {
  await browser.close();
  server.close();
  foreign.close();
});

const come = (query = "?engine=cpu", options = {}) => Visitor.come(browser, server.address, { query, ...options });

test("the policy that hosts are asked to send is the page's own, and strict", async () => {
  const page = String(await file("index.html"));
  const [, own] = page.match(/http-equiv="Content-Security-Policy"\s+content="([^"]*)"/) ?? [];
  assert.equal(own, headers["content-security-policy"]);
  assert.doesNotMatch(own, /unsafe-inline|'unsafe-eval'|https?:|\*|data:/);
  assert.match(own, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; /);
  assert.doesNotMatch(page.replace(/<script (src="startup\.js" defer|type="module" src="main\.js")><\/script>/g, ""), /<script| style="| on\w+="/);
});

test("what stands in a link never becomes a part of the page", async () => {
  const bad = `<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script><b>`;
  const parameters = new URLSearchParams({ text: bad, style: bad, captured: bad, blend: bad, ruling: bad, seed: bad, __proto__: bad, weights: bad });
  const visitor = await come(`?engine=cpu&engine=${encodeURIComponent(bad)}#${parameters}`, { ready: /Done$/, reducedMotion: "reduce" });
  assert.equal(await visitor.text.inputValue(), bad);
  const found = await visitor.page.evaluate(() => ({
    hacked: globalThis.hacked,
    polluted: {}.weights,
    // Of what a text could have become.
    images: document.querySelectorAll("img:not([src$='.svg']), b, iframe, object").length,
    scripts: [...document.scripts].map((script) => script.getAttribute("src")),
  }));
  assert.deepEqual(found, { hacked: undefined, polluted: undefined, images: 0, scripts: ["startup.js", "main.js"] });
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});

test("even a script that got into the page could run nothing more and send nothing out", async () => {
  const visitor = await come();
  const address = `http://127.0.0.1:${foreign.address().port}`;
  const attempts = await visitor.page.evaluate(async (address) => {
    const found = {};
    const attempt = async (name, act) => {
      // In a task of its own: what a debugger evaluates directly is spared by the policy.
      await new Promise((resolve) => setTimeout(resolve));
      try {
        found[name] = String((await act()) ?? "done");
      } catch (error) {
        found[name] = error.name;
      }
    };
    const later = (element, put) =>
      new Promise((resolve, reject) => {
        element.addEventListener("load", () => resolve("loaded"));
        element.addEventListener("error", () => reject(new DOMException("refused", "Refused")));
        put(element);
        setTimeout(resolve, 1000, "nothing");
      });
    const into = (element) => document.body.append(element);
    await attempt("eval", () => new Promise((resolve, reject) => setTimeout(() => {
      try {
        resolve((0, eval)("1"));
      } catch (error) {
        reject(error);
      }
    })));
    await attempt("function", () => new Promise((resolve, reject) => setTimeout(() => {
      try {
        resolve(new Function("return 1")());
      } catch (error) {
        reject(error);
      }
    })));
    await attempt("innerHTML", () => void (document.createElement("div").innerHTML = "<b>"));
    await attempt("script text", () => void (document.createElement("script").text = "globalThis.hacked = 1"));
    await attempt("script address", () => void (document.createElement("script").src = `${address}/script`));
    await attempt("handler", () => document.body.setAttribute("onclick", "globalThis.hacked = 1"));
    await attempt("worker", () => new Worker(`${address}/worker`));
    await attempt("policy", () => globalThis.trustedTypes.createPolicy("mine", {}).name);
    await attempt("import", () => import(`${address}/import`));
    await attempt("fetch", () => fetch(`${address}/fetch`));
    await attempt("no-cors", () => fetch(`${address}/no-cors`, { mode: "no-cors" }));
    await attempt("socket", () => later(new WebSocket(address.replace("http", "ws")), () => {}));
    await attempt("image", () => later(new Image(), (image) => void (image.src = `${address}/image`)));
    await attempt("data image", () => later(new Image(), (image) => void (image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=")));
    await attempt("beacon", () => void navigator.sendBeacon(`${address}/beacon`, "text"));
    await attempt("frame", () => {
      const frame = document.createElement("iframe");
      frame.src = `${address}/frame`;
      into(frame);
    });
    await attempt("style", () => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = `${address}/style`;
      return later(link, into);
    });
    await attempt("form", () => {
      const form = document.createElement("form");
      form.action = `${address}/form`;
      into(form);
      form.submit();
    });
    document.body.click();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { found, hacked: globalThis.hacked };
  }, address);
  assert.equal(attempts.hacked, undefined);
  const names = ["eval", "function", "innerHTML", "script text", "script address", "handler", "worker", "policy", "import", "fetch"];
  for (const name of [...names, "no-cors", "socket", "image", "data image", "style"]) {
    assert.match(attempts.found[name], /Error$|^Refused$/, `${name}: ${attempts.found[name]}`);
  }
  assert.deepEqual(stolen, [], "nothing reached the foreign server");
  assert.equal(new URL(visitor.page.url()).origin, new URL(server.address).origin);
  await visitor.leave();
});

test("with the headers the engine's worker sends nothing out either, and still writes", async () => {
  const visitor = await come();
  await visitor.speed("At once");
  await visitor.writes("still");
  const [worker] = visitor.page.workers();
  const tried = await worker.evaluate(async (address) => {
    await new Promise((resolve) => setTimeout(resolve));
    return fetch(`${address}/worker-fetch`).then(() => "fetched", (error) => error.name);
  }, `http://127.0.0.1:${foreign.address().port}`);
  assert.equal(tried, "TypeError");
  assert.deepEqual(stolen, []);
  await visitor.leave();
});
