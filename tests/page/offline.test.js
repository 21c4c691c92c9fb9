// The site without a network, and updates of the site.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { DIST, Visitor, launch, launchOptions, serve } from "./site.js";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const folders = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Another version of the site: some files changed, and listed with their new hashes. */
async function version(build, changes) {
  const folder = await mkdtemp(join(tmpdir(), "running-hand-site-"));
  folders.push(folder);
  await cp(DIST, folder, { recursive: true });
  const named = (list) => list.replace(/build: "[^"]*"/, `build: "${build}"`);
  let list = named(await readFile(join(folder, "util/all-files.js"), "utf8"));
  for (const [path, change] of Object.entries({ ...changes, "util/site-files.js": named })) {
    const text = change(await readFile(join(folder, path), "utf8"));
    await writeFile(join(folder, path), text);
    const entry = new RegExp(`"${path}": \\{.*`);
    assert.match(list, entry);
    const sha256 = createHash("sha256").update(text).digest("hex");
    list = list.replace(entry, `"${path}": { sha256: "${sha256}", bytes: ${Buffer.byteLength(text)} },`);
  }
  await writeFile(join(folder, "util/all-files.js"), list);
  return folder;
}

/** A browser context that allows service workers, and a server of its own, which can be stopped. */
async function first() {
  const server = await serve();
  const context = await browser.newContext({ serviceWorkers: "allow" });
  const open = (query = "?engine=cpu", ready) => Visitor.open(context, server.address + query, ready);
  const visitor = await open();
  await visitor.isCached();
  return { server, context, visitor, open };
}

test("after one visit, in which nothing was written, the page works with the network off", async () => {
  const { server, context, visitor, open } = await first();
  for (const name of ["synthesis", "prediction"]) {
    const times = server.asked.filter((path) => path === `weights/${name}.safetensors`).length;
    assert.equal(times, 1, `${name} was downloaded once`);
  }
  await visitor.page.getByText("Works offline now.").waitFor();
  server.close();
  await visitor.page.reload();
  await visitor.hears(/Ready$/);
  await visitor.speed("At once");
  await visitor.writes("no network");
  const ink = await visitor.downloads();
  assert.ok((await visitor.inked()) > 0);
  await visitor.writes("");
  assert.notEqual(await visitor.downloads(), ink, "it scribbles too");
  const link = await open("index.html?engine=cpu#text=a+link&seed=2", /(Writing …|Done)$/);
  assert.equal(await link.text.inputValue(), "a link");
  assert.deepEqual([...visitor.complaints, ...link.complaints], []);
  await context.close();
});

test("a second visit fetches nothing; it only looks for a new version", async () => {
  const { server, context, visitor, open } = await first();
  await visitor.page.close();
  server.asked.length = 0;
  const again = await open();
  await again.speed("At once");
  await again.writes("again");
  const looked = ["sw.js", "util/all-files.js", "util/site-files.js", "engine/weights.js"];
  assert.deepEqual(server.asked.filter((path) => !looked.includes(path)), []);
  await context.close();
  server.close();
});

test("a new version is told of, waits for the other tabs, and comes as a whole", async () => {
  const { server, context, visitor, open } = await first();
  const other = await open();
  server.folder = await version("second", {
    "index.html": (text) => text.replace(/<title[^>]*>.*<\/title>/, "<title>Running Hand, second</title>"),
    "app/link.js": (text) => `${text}\ndocument.body.dataset.script = "second";\n`,
  });
  server.asked.length = 0;
  const shown = () =>
    visitor.page.evaluate(async () => {
      const { site } = await import("./util/site-files.js");
      return { title: document.title, script: document.body.dataset.script, build: site.build };
    });
  const old = await shown();
  assert.match(old.title, /^Running Hand: /);
  await visitor.page.reload();
  await visitor.hears(/Ready$/);
  const notice = visitor.page.locator("#update");
  await notice.waitFor();
  assert.match(await notice.textContent(), /A new version is ready/);
  assert.deepEqual(await shown(), old, "all of the old version");
  await notice.getByRole("button").click();
  await visitor.page.getByText("Close the other tabs that show this page first.").waitFor();
  assert.deepEqual(await shown(), old);
  await other.page.close();
  await notice.getByRole("button").click();
  await visitor.page.waitForFunction(() => document.title === "Running Hand, second");
  await visitor.hears(/Ready$/);
  assert.deepEqual(await shown(), { title: "Running Hand, second", script: "second", build: "second" });
  assert.ok(await notice.isHidden());
  assert.deepEqual(server.asked.filter((path) => path.startsWith("weights/") && path.endsWith("tensors")), [], "the weights are the same");
  const caches = await visitor.page.evaluate(() => caches.keys());
  assert.deepEqual(caches.filter((name) => name.startsWith("running-hand site")).length, 1, caches.join());
  await visitor.writes("on");
  assert.deepEqual(visitor.complaints, []);
  await context.close();
  server.close();
});

test("a version that is published in halves is not taken, and the old one goes on", async () => {
  const { server, context, visitor } = await first();
  const half = await version("half", { "app/link.js": (text) => `${text}\n` });
  await cp(join(DIST, "app/link.js"), join(half, "app/link.js"));
  server.folder = half;
  await visitor.page.reload();
  await visitor.hears(/Ready$/);
  const state = await visitor.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => {});
    const { installing } = registration;
    if (installing) await new Promise((resolve) => installing.addEventListener("statechange", resolve, { once: true }));
    return [installing?.state ?? "none", registration.waiting];
  });
  assert.ok(["redundant", "none"].includes(state[0]) && state[1] === null, String(state));
  await visitor.speed("At once");
  await visitor.writes("on");
  await context.close();
  server.close();
});

test("served from its sources again, the site lets go of what was kept", async () => {
  const { server, context, visitor } = await first();
  const sources = await version("", { "index.html": (text) => text.replace(/<title[^>]*>.*<\/title>/, "<title>Running Hand, edited</title>") });
  for (const name of ["site", "all"]) await writeFile(join(sources, `util/${name}-files.js`), 'export const site = { build: "", files: {} };\n');
  server.folder = sources;
  await visitor.page.reload();
  await visitor.page.waitForFunction(() => document.title === "Running Hand, edited");
  const left = async () => (await visitor.page.evaluate(async () => [...(await caches.keys()), ...(await navigator.serviceWorker.getRegistrations())])).length;
  for (let tries = 0; (await left()) > 0; tries++) {
    assert.ok(tries < 100);
    await visitor.page.waitForTimeout(50);
  }
  await context.close();
  server.close();
});

test("where the browser keeps nothing, the page works all the same", async () => {
  const server = await serve();
  const profile = await mkdtemp(join(tmpdir(), "running-hand-profile-"));
  folders.push(profile);
  // What "Block all cookies" in the settings does: caches, service workers and locks are refused.
  await cp(new URL("denied.json", import.meta.url), join(profile, "Default", "Preferences"), { recursive: true });
  const context = await chromium.launchPersistentContext(profile, await launchOptions());
  const visitor = await Visitor.open(context, `${server.address}?engine=cpu`);
  const denied = await visitor.page.evaluate(() => caches.open("x").then(() => "opened", (error) => error.name));
  assert.equal(denied, "SecurityError");
  await visitor.speed("At once");
  await visitor.writes("kept nowhere");
  assert.ok((await visitor.inked()) > 0);
  assert.deepEqual(visitor.complaints, []);
  await context.close();
  server.close();
});
