// "Use in your app": the code for what is on the sheet, to be copied.

import { html } from "../util/dom.js";
import { allWords } from "../words/words.js";
import { commandCode, elementCode, missingFromElement, scriptCode } from "./code.js";

/** @typedef {import("../app/app.js").App} App */

/** @type {HTMLDialogElement | undefined} */
let dialog;

/** @param {App} app */
export function openCode(app) {
  const words = allWords.code;
  dialog?.remove();
  const { settings, requested } = app;
  // The look is that of the form, and the ink that of the sheet.
  const ink = requested ?? settings;
  const written = {
    settings: { ...settings, ...inkOf(ink), columns: requested?.columns },
    hands: app.hands.names,
    speed: app.speed,
    unit: app.ink.sheet.unit,
    columns: app.plan?.columns ?? 36,
  };
  const message = html("p", { role: "status" });
  const missing = missingFromElement(written.settings);
  const notes = [];
  if (app.hands.captured) notes.push(words.ownHand);
  if (app.initialCount) notes.push(words.strokes);
  const made = html(
    "dialog",
    { id: "code" },
    html("h2", { id: "code-title" }, words.title),
    html("p", { className: "hint" }, words.lead),
    section(words.element, elementCode(written), message, missing.length ? [words.missing(missing.map((name) => words[name]).join(", "))] : []),
    section(words.script, scriptCode(written), message),
    section(words.command, commandCode(written), message),
    ...notes.map((note) => html("p", { className: "hint" }, note)),
    message,
    html("form", { method: "dialog", className: "actions" }, html("button", {}, words.close)),
  );
  made.setAttribute("aria-labelledby", "code-title");
  made.addEventListener("close", () => made.remove());
  dialog = made;
  document.body.append(made);
  made.showModal();
}

/** What determined the points. @param {import("../app/link.js").Settings} settings */
const inkOf = ({ text, bias, temperature, seed, style, blend, share, scribble }) => ({ text, bias, temperature, seed, style, blend, share, scribble });

/** @param {string} title @param {string} code @param {HTMLElement} message @param {string[]} [notes] */
function section(title, code, message, notes = []) {
  const words = allWords.code;
  const button = html("button", { type: "button", className: "copy" }, words.copy);
  button.setAttribute("aria-label", words.copyOf(title));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code);
      message.textContent = words.copied;
    } catch {
      message.textContent = words.refused;
    }
  });
  const shown = html("pre", { tabIndex: 0 }, html("code", {}, code));
  shown.setAttribute("aria-label", title);
  shown.setAttribute("role", "group");
  return html("section", {}, html("h3", {}, title), button, shown, ...notes.map((note) => html("p", { className: "hint" }, note)));
}
