// A visitor who presses everything: the short version of soak.js, which goes on for as long as one likes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fine, press, seen, watched } from "./presses.js";
import { launch, serve } from "./site.js";

let server;
let browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser.close();
  server.close();
});

test("20 presses in any order leave one engine, one text and no stale ink", async () => {
  const visitor = await watched(browser, server.address);
  await press(visitor, 20, 1);
  await fine(visitor, browser, server.address);
  assert.ok((await seen(visitor)).points > 0, "the watch sees the points");
  await visitor.leave();
});
