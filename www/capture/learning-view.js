// How far the learning of a hand is: in the dialog, and as a line beside the hands while the dialog is closed.

import { html, svg } from "../util/dom.js";
import { allWords } from "../words/words.js";

/** @typedef {import("./learning.js").Learning} Learning */

/** @param {import("./learning.js").Progress} progress */
const titleOf = ({ name, again }) => (again ? allWords.capture.relearning(name) : allWords.capture.learning(name));

/** @param {import("./learning.js").Progress} progress */
function describe({ share, seconds, checking }) {
  const percent = Math.round(100 * share);
  if (checking) return allWords.capture.checking;
  if (share === 0) return allWords.capture.starting;
  return seconds === undefined ? allWords.capture.percent(percent) : allWords.capture.timeLeft(percent, seconds);
}

/** Fills `place` with what is learnt at the moment; hides it while nothing is. @param {HTMLElement} place @param {Learning} learning */
export function mountLearningPanel(place, learning) {
  const title = html("h3");
  const bar = html("progress", { max: 1 });
  const state = html("p", { className: "state" });
  const words = svg("svg", { class: "pad words", role: "img", "aria-label": allWords.capture.wordsSoFar });
  const enough = button(allWords.capture.enough, () => learning.finish());
  place.append(
    title,
    html("div", { className: "how-far" }, bar, state),
    words,
    html("p", { className: "hint", textContent: allWords.capture.background }),
    html("div", { className: "actions" }, enough, button(allWords.capture.cancel, () => learning.cancel())),
  );
  /** @type {Float32Array | undefined} */
  let shown;
  learning.addEventListener("change", () => {
    const { progress } = learning;
    place.hidden = !progress;
    if (!progress) return;
    title.textContent = titleOf(progress);
    show(bar, progress);
    bar.setAttribute("aria-label", title.textContent);
    state.textContent = describe(progress);
    enough.disabled = progress.share === 0 || progress.checking;
    if (progress.words !== shown) draw(words, progress.words);
    shown = progress.words;
  });
}

/**
 * A line that tells the same in short.
 * @param {Learning} learning @param {() => void} open shows more
 */
export function learningLine(learning, open) {
  const state = html("span");
  const bar = html("progress", { max: 1 });
  const stop = button(allWords.capture.cancel, () => learning.cancel());
  stop.setAttribute("aria-label", allWords.capture.cancelLearning);
  const line = html("div", { id: "learning", hidden: true }, state, bar, button(allWords.capture.show, open), stop);
  learning.addEventListener("change", () => {
    const { progress } = learning;
    line.hidden = !progress;
    if (!progress) return;
    state.textContent = `${titleOf(progress)}: ${describe(progress)}`;
    bar.setAttribute("aria-label", titleOf(progress));
    show(bar, progress);
  });
  return line;
}

/** @param {HTMLProgressElement} bar @param {import("./learning.js").Progress} progress */
function show(bar, { share, checking }) {
  // Without a value the bar is indeterminate.
  if (checking || share === 0) bar.removeAttribute("value");
  else bar.value = share;
}

/** @param {SVGSVGElement} picture @param {Float32Array | undefined} points x, y, pen */
function draw(picture, points = new Float32Array()) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  let path = "";
  for (let i = 0; i < points.length; i += 3) {
    const [x, y] = [points[i], points[i + 1]];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    path += `${i === 0 || points[i - 1] > 0.5 ? "M" : "L"}${x.toFixed(0)} ${y.toFixed(0)}`;
  }
  picture.replaceChildren(svg("path", { d: path }));
  if (path) picture.setAttribute("viewBox", `${left - 80} ${top - 80} ${right - left + 160} ${bottom - top + 160}`);
}

/** @param {string} label @param {() => void} act */
function button(label, act) {
  const made = html("button", { type: "button", textContent: label });
  made.addEventListener("click", act);
  return made;
}
