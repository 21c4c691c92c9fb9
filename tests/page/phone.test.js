// The page on a phone: the sheet in view, the bar below it, room for fingers, in the longest language and on the
// narrowest screen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./site.js";

const site = await open();

/** What is too wide, too small for fingers (44 pixels), or does not have room for its words. */
const misfits = (page) =>
  page.evaluate(() => {
    const found = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`the page is ${wide} pixels too wide`);
    for (const control of document.querySelectorAll("button, select, textarea, summary, input, .swatch, .tile")) {
      // Radio buttons and boxes are pressed on their labels.
      const own = control.matches("[type=checkbox], [type=radio]");
      const target = own ? (control.closest("label") ?? document.querySelector(`label[for="${control.id}"]`)) : control;
      if (!target.checkVisibility({ visibilityProperty: true })) continue;
      const { width, height, left, right } = target.getBoundingClientRect();
      const name = control.id || target.textContent.trim();
      if (width < 44 || height < 44) found.push(`${name}: ${Math.round(width)} × ${Math.round(height)}`);
      if (left < 0 || right > innerWidth) found.push(`${name} is off the screen`);
      // What "Another take" is called is for screen readers: it shows a picture.
      if (target.matches("button, summary") && target.id !== "new-seed" && target.scrollWidth > target.clientWidth) found.push(`${name} is cut`);
    }
    return found;
  });

test("320 pixels: the sheet stays in view above the bar, and everything is large enough for fingers, in all languages", async () => {
  const visitor = await site.come({
    query: "?engine=cpu", locale: "de", ready: /Bereit$/, reducedMotion: "reduce", viewport: { width: 320, height: 640 }, hasTouch: true,
  });
  const { page } = visitor;
  await visitor.more();
  assert.deepEqual(await misfits(page), []);
  await page.locator("#text").fill("eine Zeile und noch eine");
  const write = page.getByRole("button", { name: "Schreiben", exact: true });

  // Wherever the form is scrolled to, Write and the sheet are there.
  for (const place of ["Schrift", "Mehr"]) {
    await page.locator(".actions").getByRole("button", { name: place, exact: true }).tap();
    const box = await write.boundingBox();
    assert.ok(box.y + box.height <= 640 && box.y > 500, `Write is at ${box.y}`);
    const sheet = await page.locator("#sheet").boundingBox();
    assert.ok(Math.abs(sheet.y) < 2 && sheet.height < 300, `the sheet is at ${sheet.y}`);
    const focused = await page.evaluate(() => {
      const { top, bottom } = document.activeElement.closest("label, summary, select").getBoundingClientRect();
      return [top, bottom];
    });
    assert.ok(focused[0] >= sheet.height - 1 && focused[1] <= box.y, `the focus is in between: ${focused}`);
  }
  await write.tap();
  await visitor.hears(/Fertig$/);
  assert.ok((await visitor.inked()) > 0);

  // The keyboard leaves half of the screen.
  await page.locator("#text").focus();
  await page.setViewportSize({ width: 320, height: 330 });
  await page.locator("#text").scrollIntoViewIfNeeded();
  const [text, bar] = [await page.locator("#text").boundingBox(), await write.boundingBox()];
  assert.ok(bar.y + bar.height <= 330 && text.y >= 0 && text.y < bar.y, `text at ${text.y}, Write at ${bar.y}`);
  await page.setViewportSize({ width: 320, height: 640 });

  for (const [language, done] of [["fr", /Terminé$/], ["es", /Terminado$/], ["en", /Done$/]]) {
    await page.locator("#language").selectOption(language);
    await page.waitForFunction((code) => document.documentElement.lang === code && document.querySelector("#language").value === code, language);
    await visitor.hears(done);
    await visitor.more();
    assert.deepEqual(await misfits(page), [], language);
  }
  assert.deepEqual(visitor.complaints, []);
  await visitor.leave();
});
