// What a phone's layout (phone.css) cannot do by itself: the buttons of the bar that lead to parts of the form, the
// height of the sheet above them, and the keyboard, which covers what is fixed at the window's bottom.

import { element, html } from "../util/dom.js";
import { label } from "../words/words.js";

/** @typedef {import("../words/words.js").Key} Key */

/** Where a button of the bar leads. @type {[Key, string][]} */
const PLACES = [
  ["phone.hand", "hands"],
  ["phone.more", "look"],
];

export function mountPhone() {
  const bar = /** @type {HTMLElement} */ (element("write", HTMLButtonElement).parentElement);
  for (const [word, id] of PLACES) {
    const button = html("button", { type: "button", className: "bar-only" });
    button.addEventListener("click", () => show(element(id, HTMLElement)));
    bar.append(label(button, word));
  }
  const { style, classList } = document.documentElement;
  const sheet = element("sheet", HTMLElement);
  new ResizeObserver(() => {
    style.setProperty("--sheet", getComputedStyle(sheet).position === "sticky" ? `${sheet.offsetHeight}px` : "0px");
  }).observe(sheet);
  const { visualViewport } = window;
  visualViewport?.addEventListener("resize", () => {
    // Of browsers that let the keyboard cover the page. Where the page is enlarged, the bar stays at its bottom.
    const covered = visualViewport.scale === 1 ? innerHeight - visualViewport.height : 0;
    style.setProperty("--keyboard", `${Math.max(0, Math.round(covered))}px`);
    classList.toggle("typing", covered > 120);
  });
}

/** Brings a part of the form into view, and the focus to its first control. @param {HTMLElement} part */
function show(part) {
  if (part instanceof HTMLDetailsElement) part.open = true;
  part.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  const first = part.querySelector("input:checked, summary, select, input, button");
  if (first instanceof HTMLElement) first.focus({ preventScroll: true });
}
