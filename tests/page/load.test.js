// Random presses: a short version of soak.js.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertUndisturbed, openWatched, press, watched } from "./presses.js";
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
  const visitor = await openWatched(browser, server.address);
  await press(visitor, 20, 1);
  await assertUndisturbed(visitor, browser, server.address);
  assert.ok((await watched(visitor)).points > 0, "points are counted");
  await visitor.leave();
});
