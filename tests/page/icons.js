// Makes the icons in www/icons from www/icon.svg: `node tests/page/icons.js`.

import { mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const www = new URL("../../www/", import.meta.url);
const svg = await readFile(new URL("icon.svg", www), "utf8");
await mkdir(new URL("icons/", www), { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROME ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [name, size, image] of [
  ["192", 192, svg],
  ["512", 512, svg],
  // Cut to any shape by the system: paper to the edges, the writing in the middle.
  ["maskable", 512, svg.replace('rx="7"', "").replace('viewBox="0 0 32 32"', 'viewBox="-4 -4 40 40"').replace("<rect", '<rect x="-4" y="-4"').replace('width="32" height="32"', 'width="40" height="40"')],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body { margin: 0 } svg { display: block; width: 100vw }</style>${image}`);
  await page.screenshot({ path: fileURLToPath(new URL(`icons/${name}.png`, www)), omitBackground: true });
  await page.close();
}
await browser.close();
