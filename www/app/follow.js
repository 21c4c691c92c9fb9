// The view follows the pen where the sheet is larger than the window.

/** @typedef {import("./app.js").App} App */

/** Keys that scroll. */
const KEYS = new Set(["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "]);

/** Milliseconds that smooth scrolling takes at most: begun anew in every frame, it would not get anywhere. */
const SCROLL_TIME = 700;

/**
 * Until the visitor scrolls or does something else; and not where motion is reduced.
 * @param {App} app @param {SVGElement} pen its `scroll-margin` is the distance that it keeps from the window's edges
 */
export function followPen(app, pen) {
  let following = false;
  /** When it was scrolled last. */ let scrolled = 0;
  app.addEventListener("started", () => {
    following = Boolean(app.written?.own) && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  });
  const rest = () => (following = false);
  for (const type of ["wheel", "touchmove", "pointerdown"]) addEventListener(type, rest, { passive: true });
  addEventListener("keydown", ({ key }) => {
    if (KEYS.has(key)) rest();
  });
  app.sheet.addEventListener("drawn", () => {
    if (!following || !app.writing || pen.hasAttribute("hidden")) return;
    const { top, bottom } = pen.getBoundingClientRect();
    const margin = innerHeight * 0.12;
    const now = performance.now();
    if ((top >= margin && bottom <= innerHeight - 2 * margin) || now - scrolled < SCROLL_TIME) return;
    scrolled = now;
    pen.scrollIntoView({ block: "center", behavior: "smooth" });
  });
}
