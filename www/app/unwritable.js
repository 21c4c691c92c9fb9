// Marks in the text field what the network cannot write, and says what stands in its place.

import { element, html } from "../util/dom.js";
import { words } from "../words/words.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("../pkg/running_hand.js").Replacement} Replacement */

/** Milliseconds after a key in which another one is awaited. */
const PATIENCE = 120;
/** Characters that are listed at most. */
const MOST_LISTED = 16;
/** Letters of a text that is marked; in a longer one, only the list says it. */
const MOST_MARKED = 20_000;

/** @param {App} app @param {HTMLTextAreaElement} field */
export function markUnwritable(app, field) {
  const mirror = html("div", { className: "text-mirror" });
  mirror.setAttribute("aria-hidden", "true");
  // Before the field, which would lose the focus if it were moved.
  field.before(mirror);
  const line = element("unwritable", HTMLElement);

  let waiting = 0;
  /** What is shown was found in this text. */ let seen = "";
  const follow = () => {
    mirror.scrollTop = field.scrollTop;
  };
  const fit = () => {
    // The field's width may be less a scroll bar's.
    mirror.style.width = `${field.clientWidth + 2}px`;
    mirror.style.height = `${field.offsetHeight}px`;
    follow();
  };
  const check = async () => {
    clearTimeout(waiting);
    const text = field.value;
    if (!app.ready || text === seen) return;
    // Nearly all texts are made of what every network can write.
    const changes = /^[\n -~]*$/.test(text) ? [] : await app.client.request("review", { text }).catch(() => []);
    if (field.value !== text) return;
    seen = text;
    mark(mirror, text, changes);
    const said = describe(text, changes);
    if (line.textContent !== said) line.textContent = said;
    fit();
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => void check(), PATIENCE);
    // Marks of another text would stand beside their letters.
    if (mirror.childNodes.length && field.value !== seen) mirror.replaceChildren();
  });
  field.addEventListener("scroll", follow, { passive: true });
  new ResizeObserver(fit).observe(field);
  void check();
  for (const type of ["ready", "started", "weights"]) {
    app.addEventListener(type, () => {
      if (type === "weights") seen = "\0";
      void check();
    });
  }
}

/** @param {HTMLElement} mirror @param {string} text @param {Replacement[]} changes */
function mark(mirror, text, changes) {
  mirror.replaceChildren();
  if (!changes.length || text.length > MOST_MARKED) return;
  let at = 0;
  for (const { start, end, by } of changes) {
    mirror.append(text.slice(at, start), html("mark", { className: by ? "otherwise" : "left-out" }, text.slice(start, end)));
    at = end;
  }
  // A last line break counts only before something.
  mirror.append(`${text.slice(at)}\u200B`);
}

/** @param {string} text @param {Replacement[]} changes */
function describe(text, changes) {
  const leftOut = new Set();
  const others = new Set();
  for (const { start, end, by } of changes) {
    const from = text.slice(start, end);
    if (by) others.add(words.unwritable.pair(from, by));
    else leftOut.add(from);
  }
  const said = [];
  if (leftOut.size) said.push(words.unwritable.leftOut(list([...leftOut], " ")));
  if (others.size) said.push(words.unwritable.others(list([...others], ", ")));
  return said.join(" ");
}

/** @param {string[]} parts @param {string} separator */
function list(parts, separator) {
  const shown = parts.slice(0, MOST_LISTED).map(visible).join(separator);
  return parts.length > MOST_LISTED ? words.notes.andMore(shown, parts.length - MOST_LISTED) : shown;
}

/** A character that cannot be seen, by its code point. @param {string} part */
function visible(part) {
  if (!/^[\p{C}\p{M}]/u.test(part)) return part;
  return `U+${(part.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
