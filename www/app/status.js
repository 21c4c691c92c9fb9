// The status line and the progress bars.

import { element } from "../util/dom.js";
import { explainNotice, label, words } from "../words/words.js";

const state = element("state", HTMLElement);
const loading = element("loading", HTMLElement);
const progress = element("progress", HTMLProgressElement);
const lines = element("lines", HTMLElement);
const line = element("line", HTMLProgressElement);
const lineNumber = element("line-number", HTMLElement);

/** Texts with fewer lines show no line progress. */
const MIN_LINES = 5;

/** @param {string} message @param {boolean} [problem] */
export function showStatus(message, problem = false) {
  // Setting the same text again would make screen readers announce it again.
  if (state.textContent !== message) state.textContent = message;
  delete state.dataset.words;
  state.classList.toggle("problem", problem);
}

/**
 * Which engine writes, and what users should know about it: shown when they ask for it.
 * @param {string} label @param {string} notice
 */
export function showEngine(label, notice) {
  element("engine", HTMLElement).textContent = notice ? `${label}.` : label;
  const shown = element("notice", HTMLElement);
  const english = notice.charAt(0).toUpperCase() + notice.slice(1);
  // Until the visitor's language has come.
  shown.textContent = english;
  if (!notice) return;
  void explainNotice(english).then((said) => {
    // A later notice stays.
    if (shown.textContent === english) shown.textContent = said;
  });
}

/** Lets a button show and hide the engine's line. */
export function mountEngineLine() {
  const button = element("engine-toggle", HTMLButtonElement);
  const engine = element("engine-line", HTMLElement);
  const show = (/** @type {boolean} */ shown) => {
    engine.hidden = !shown;
    button.setAttribute("aria-expanded", String(shown));
  };
  button.addEventListener("click", () => show(engine.hidden === true));
  addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !engine.contains(target) && !button.contains(target)) show(false);
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") show(false);
  });
}

/** Shows how much of the network has been downloaded. @param {number} loaded @param {number} total 0 if unknown */
export function showLoading(loaded, total) {
  if (loading.hidden) label(state, "status.loading");
  loading.hidden = false;
  // Without a value the bar is indeterminate.
  if (total) progress.value = loaded / total;
}

export function hideLoading() {
  loading.hidden = true;
}

/** Shows which line the pen is on. Not announced: it would drown everything else. @param {number} done @param {number} total */
export function showLine(done, total) {
  lines.hidden = total < MIN_LINES;
  line.max = total;
  line.value = done;
  lineNumber.textContent = words.status.line(Math.max(1, done), total);
}

export function hideLine() {
  lines.hidden = true;
}
