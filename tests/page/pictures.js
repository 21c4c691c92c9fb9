// Makes the pictures of the page in docs/ from a built page, those of its ideas, and the one that is shown with its
// address elsewhere: `node tests/page/pictures.js [docs|ideas|share]`, after `cargo xtask build`.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { IDEAS, linkOf } from "../../www/ideas/ideas.js";
import en from "../../www/words/en.js";
import { launch, serve } from "./site.js";

const DOCS = new URL("../../docs/", import.meta.url);
const WWW = new URL("../../www/", import.meta.url);
const SENTENCE = "The pen moves as a network decides, one point after another.";
const LETTER = `Dear Anna,

Thank you for your letter. It has been raining here for a week now, and the garden looks like a lake with flowers in it. The cat sits at the window and blames me for all of it. I read, I write, and sometimes I walk down to the harbour to watch the boats.

When will you come? The room upstairs is ready, with the blue lamp, and there are apples from our own tree. Bring a warm coat and that book about the islands.

Yours, Martin`;

/** File, context and settings of each, the latter as a link has them. */
const PICTURES = [
  ["page.png", { viewport: { width: 1440, height: 900 } }, { text: SENTENCE, seed: 1, style: "Upright" }],
  ["phone.png", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, colorScheme: "dark" }, { text: SENTENCE, seed: 3, style: "Open", size: "large", columns: 20 }],
  ["tablet.png", { viewport: { width: 820, height: 1180 } }, { text: LETTER, seed: 8, style: "Joined", paper: "a4", ruling: "ruled", ink: "#6b3a1e" }],
];

/** Size of an idea's picture. */
const IDEA = { width: 560, height: 380 };
/** Size of the picture with the page's address. */
const SHARE = { width: 1200, height: 630 };

const server = await serve();
const browser = await launch();
const wanted = (/** @type {string} */ part) => process.argv.length < 3 || process.argv.includes(part);

/** Opens the page with a link and waits for its ink. */
async function written(link, options) {
  const context = await browser.newContext({ reducedMotion: "reduce", serviceWorkers: "block", ...options });
  const page = await context.newPage();
  await page.goto(`${server.address}?engine=cpu${link}`);
  await page.getByRole("status").filter({ hasText: /Done$/ }).waitFor();
  // What is loaded after the ink changes the page once more.
  await page.locator("#inspector-toggle").waitFor();
  await page.locator("#export-open:enabled").waitFor();
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== "running"));
  return page;
}

/** The sheet as a file, in a format with this value in the export dialog, and with these other fields. */
async function exported(page, format, fields = async () => {}) {
  await page.locator("#export-open").click();
  await page.locator(`#export input[value=${format}]`).check({ force: true });
  await fields(page);
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#export-save").click()]);
  return readFile(await download.path());
}

/** A page of a size, with only these elements, as a PNG. */
async function composed(size, html) {
  const page = await browser.newPage({ viewport: size });
  await page.setContent(html);
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  const picture = await page.screenshot();
  await page.close();
  return picture;
}

if (wanted("docs")) {
  for (const [name, options, settings] of PICTURES) {
    const page = await written(`#${new URLSearchParams(settings)}`, options);
    await page.screenshot({ path: fileURLToPath(new URL(name, DOCS)) });
    await page.context().close();
  }
}

if (wanted("ideas")) {
  for (const idea of IDEAS) {
    const page = await written(linkOf(idea, en.ideas[`${idea.name}Text`]), { acceptDownloads: true });
    const sheet = await exported(page, "png", () => page.locator("#export-dpi").selectOption("300"));
    await page.context().close();
    // What is smaller than the picture lies in its middle, of a longer sheet one sees the beginning.
    const whole = idea.settings.paper === undefined || String(idea.settings.paper).startsWith("envelope");
    const style = `margin: 0; background: ${whole ? "#fdfaf3" : "none"}; height: 100vh; display: grid; align-items: ${whole ? "center" : "start"}`;
    // A large sheet is shown as near as a card.
    const width = idea.settings.paper === "a4" ? 170 : 100;
    const image = `<img style="width: ${width}%; display: block" src="data:image/png;base64,${sheet.toString("base64")}">`;
    await writeFile(new URL(`ideas/${idea.name}.png`, WWW), await composed(IDEA, `<body style="${style}; overflow: hidden">${image}`));
  }
}

if (wanted("share")) {
  const settings = { text: "Type a sentence,\nand a network\nwrites it by hand.", seed: 7, style: "Joined", bias: 1, columns: 36, ink: "#1f2c6b", nib: 1.3 };
  const page = await written(`#${new URLSearchParams(Object.entries(settings).map(([key, value]) => [key, String(value)]))}`, { acceptDownloads: true });
  const ink = await exported(page, "outline", () => page.locator("#export-crop").check());
  await page.context().close();
  const title = await readFile(new URL("title.svg", WWW), "utf8");
  const picture = (svg) => `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  await writeFile(
    new URL("share/picture.png", WWW),
    await composed(
      SHARE,
      `<body style="margin: 0; height: 100vh; background: linear-gradient(168deg, #fdfaf3 55%, #f4efe2)">
       <img style="position: absolute; left: 70px; top: 40px; height: 430px" src="${picture(ink)}">
       <img style="position: absolute; right: 64px; bottom: 40px; height: 92px" src="${picture(title.replace(/@media[^{]*\{path\{[^}]*\}\}/, ""))}">`,
    ),
  );
}

await browser.close();
server.close();
