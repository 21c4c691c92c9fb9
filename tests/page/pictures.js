// Makes the pictures of the page in docs/ from a built page: `node tests/page/pictures.js`, after `cargo xtask build`.

import { fileURLToPath } from "node:url";
import { launch, serve } from "./site.js";

const DOCS = new URL("../../docs/", import.meta.url);
const SENTENCE = "The pen moves as a network decides, one point after another.";
const LETTER = `Dear Anna,

thank you for your letter. It has been raining here for a week now, and the garden looks like a lake with flowers in it. The cat sits at the window and blames me for all of it. I read, I write, and sometimes I walk down to the harbour to watch the boats.

When will you come? The room upstairs is ready, with the blue lamp, and there are apples from our own tree. Bring a warm coat and that book about the islands.

Yours, Martin`;

/** File, context and settings of each, the latter as a link has them. */
const PICTURES = [
  ["page.png", { viewport: { width: 1440, height: 900 } }, { text: SENTENCE, seed: 4, style: "Upright" }],
  ["phone.png", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, colorScheme: "dark" }, { text: SENTENCE, seed: 3, style: "Open", size: "large", columns: 20 }],
  ["tablet.png", { viewport: { width: 820, height: 1180 } }, { text: LETTER, seed: 2, style: "Joined", paper: "a4", ruling: "ruled", ink: "#6b3a1e" }],
];

const server = await serve();
const browser = await launch();
for (const [name, options, settings] of PICTURES) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  await page.goto(`${server.address}?engine=cpu#${new URLSearchParams(settings)}`);
  await page.getByRole("status").filter({ hasText: /Done$/ }).waitFor();
  await page.screenshot({ path: fileURLToPath(new URL(name, DOCS)) });
  await context.close();
}
await browser.close();
server.close();
