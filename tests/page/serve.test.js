// `cargo xtask serve`: every fresh browser gets every file. (A server that keeps a few bytes of one response
// in its queue delays the page's load event for ever, and only now and then.)

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "./site.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The program behind `cargo xtask`, which built the page. */
const XTASK = process.env.XTASK ?? `${ROOT}target/debug/xtask`;
/** A page that loads does so within a second or two; this is for a busy machine. */
const PATIENCE = Number(process.env.PATIENCE ?? 180_000);

/** @type {import("node:child_process").ChildProcess} */
let server;
let address = "";

before(async () => {
  server = spawn(XTASK, ["serve", "--no-build", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  for await (const text of server.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    printed += text;
    address = /http:\S+/.exec(printed)?.[0] ?? "";
    if (address) break;
  }
  assert.notEqual(address, "", `no address in ${JSON.stringify(printed)}`);
});
after(() => server.kill("SIGKILL"));

/** Opens the page in a browser with a new profile, and waits for the load event: every file has arrived. */
async function load() {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const failed = [];
    page.on("requestfailed", (request) => {
      // The weights, which a worker reads as a stream, Chromium often reports as aborted once they are read.
      if (request.resourceType() !== "fetch") failed.push(`${request.url()} ${request.failure()?.errorText}`);
    });
    page.on("response", (response) => {
      if (!response.ok()) failed.push(`${response.url()} ${response.status()}`);
    });
    await page.goto(address, { waitUntil: "load", timeout: PATIENCE });
    const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
    // The two that did not arrive from an earlier server.
    for (const path of ["/print.css", "/invitation.svg"]) {
      assert.ok(loaded.some((name) => name.endsWith(path)), `${path} is among ${loaded}`);
    }
    assert.deepEqual(failed, []);
  } finally {
    await browser.close();
  }
}

test("50 fresh browsers in a row get the whole page", async () => {
  for (let count = 0; count < 50; count++) await load();
});

test("three fresh browsers at a time get the whole page", async () => {
  for (let round = 0; round < 5; round++) await Promise.all([load(), load(), load()]);
});

test("Ctrl+C ends the server in good order", async () => {
  const ended = once(server, "exit");
  server.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
});
