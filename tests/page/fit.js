// Whether a page fits on a phone, and its tiles on one another.

/**
 * Heights of the tiles of the hands, and the names that do not have room.
 * @param {import("playwright-core").Page} page
 */
export const tiles = (page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("#tiles > *")];
    const heights = [...new Set(all.map((tile) => Math.round(tile.getBoundingClientRect().height)))];
    const names = [...document.querySelectorAll("#tiles .tile span")];
    // Less than a line: browsers round.
    return { heights: heights.length, cut: names.filter((name) => name.scrollHeight > name.clientHeight + 4).map(({ textContent }) => textContent) };
  });

/**
 * What is too wide, too small for fingers (44 pixels), or does not have room for its words.
 * @param {import("playwright-core").Page} page
 * @param {string} [part] selects the part of the page that is looked at
 * @returns {Promise<string[]>}
 */
export const misfits = (page, part = "body") =>
  page.evaluate((part) => {
    const found = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`the page is ${wide} pixels too wide`);
    for (const control of document.querySelectorAll(`${part} :is(button, select, textarea, summary, input, .swatch, .tile)`)) {
      // Radio buttons and boxes are pressed on their labels.
      const own = control.matches("[type=checkbox], [type=radio]");
      const target = own ? (control.closest("label") ?? document.querySelector(`label[for="${control.id}"]`)) : control;
      if (!target?.checkVisibility({ visibilityProperty: true })) continue;
      const { width, height, left, right } = target.getBoundingClientRect();
      const name = control.id || target.textContent?.trim();
      if (width < 44 || height < 44) found.push(`${name}: ${Math.round(width)} × ${Math.round(height)}`);
      if (left < 0 || right > innerWidth) found.push(`${name} is off the screen`);
      // What "Another take" is called is for screen readers: it shows a picture.
      if (target.matches("button, summary") && target.id !== "new-seed" && target.scrollWidth > target.clientWidth) found.push(`${name} is cut`);
    }
    return found;
  }, part);
