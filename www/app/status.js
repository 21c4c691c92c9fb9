// What the page says: how it goes, what is the matter, how far it is.

import { element } from "../util/dom.js";

const state = element("state", HTMLElement);
const loading = element("loading", HTMLElement);
const progress = element("progress", HTMLProgressElement);
const lines = element("lines", HTMLElement);
const line = element("line", HTMLProgressElement);
const lineNumber = element("line-number", HTMLElement);

/** Fewer lines than these need no counting. */
const FEW = 5;

/** @param {string} message @param {boolean} [problem] */
export function say(message, problem = false) {
  // The same words set again would be announced again.
  if (state.textContent !== message) state.textContent = message;
  state.classList.toggle("problem", problem);
}

/** Which engine writes, and what is to be known about it. @param {string} label @param {string} notice */
export function sayEngine(label, notice) {
  element("engine", HTMLElement).textContent = label;
  element("notice", HTMLElement).textContent = notice;
}

/** How much of the network has come. @param {number} loaded @param {number} total 0: unknown */
export function showLoading(loaded, total) {
  if (loading.hidden) say("Loading the network");
  loading.hidden = false;
  // Where the total is not known, the bar only shows that something moves.
  if (total) progress.value = loaded / total;
}

export function hideLoading() {
  loading.hidden = true;
}

/** Which line the pen is on; not announced, or nothing else would be heard. @param {number} done @param {number} total */
export function showLine(done, total) {
  lines.hidden = total < FEW;
  line.max = total;
  line.value = done;
  lineNumber.textContent = `${Math.max(1, done)} of ${total}`;
}

export function hideLine() {
  lines.hidden = true;
}
