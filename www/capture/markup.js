// The elements of the capture dialog.

import { html } from "../util/dom.js";
import { allWords } from "../words/words.js";

/** Files that can be opened: hands, and ink of this and other programs. */
const FILES = ".json,application/json,.inkml,.xml,application/inkml+xml,.ndjson,.excalidraw,.excalidrawlib,.tldr";

/** Adds the dialog to the page, closed. What belongs to one mode only has `data-mode`; `body` scrolls above `foot`. */
export function addDialog() {
  const radio = (/** @type {string} */ value, /** @type {string} */ label) =>
    html("label", {}, html("input", { type: "radio", name: "capture-mode", value, checked: value === "hand" }), ` ${label}`);
  const body = html(
    "div",
    // Opened, it can be scrolled by keyboard, and no field is chosen that the visitor has not.
    { className: "body", tabIndex: -1, autofocus: true },
    html(
      "div",
      { className: "head" },
      html("h2", { id: "capture-title", textContent: allWords.capture.title }),
      html(
        "fieldset",
        { className: "modes" },
        html("legend", { className: "visually-hidden", textContent: allWords.capture.modes }),
        radio("hand", allWords.capture.modeHand),
        radio("strokes", allWords.capture.modeStrokes),
      ),
    ),
    html("section", { id: "capture-learning", hidden: true }),
    html(
      "div",
      { id: "capture-writing" },
      ofMode(
        "hand",
        html("p", { className: "hint", textContent: allWords.capture.handHint }),
        html(
          "div",
          { className: "sentence" },
          labelled(html("ol", { id: "capture-steps" }), allWords.capture.steps),
          html(
            "div",
            { className: "setting" },
            html("label", { htmlFor: "capture-sentence", id: "capture-sentence-label" }),
            described(html("input", { id: "capture-sentence", type: "text", maxLength: 80, autocomplete: "off" }), "capture-sentence-hint"),
            html("p", { className: "hint", id: "capture-sentence-hint", textContent: allWords.capture.sentenceHint }),
          ),
        ),
      ),
      ofMode("strokes", html("p", { className: "hint", textContent: allWords.capture.strokesHint })),
      html("div", { id: "capture-pad" }),
      html(
        "div",
        { className: "actions" },
        button("undo", allWords.capture.undo),
        button("clear", allWords.capture.clear),
        html("span", { className: "gap" }),
        ofMode("hand", button("back", allWords.capture.back), button("next", allWords.capture.next)),
      ),
    ),
    ofMode(
      "hand",
      html(
        "section",
        { id: "capture-stored", hidden: true },
        html("h3", { id: "capture-stored-title", textContent: allWords.capture.stored }),
        html("ul", { id: "capture-list" }),
      ),
    ),
    html(
      "div",
      { id: "capture-files" },
      html("p", { className: "hint", textContent: allWords.capture.pointerHint }),
      html(
        "p",
        { className: "files" },
        html("label", { htmlFor: "capture-import", textContent: allWords.capture.open }),
        html("input", { id: "capture-import", type: "file", accept: FILES }),
      ),
    ),
  );
  const foot = html(
    "div",
    { className: "foot" },
    html("p", { id: "capture-advice", className: "advice", role: "status" }),
    html(
      "div",
      { className: "actions" },
      button("close", allWords.capture.close),
      html("span", { className: "gap" }),
      html(
        "div",
        { id: "capture-actions" },
        ofMode(
          "hand",
          html(
            "span",
            { className: "name" },
            html("label", { htmlFor: "capture-name", textContent: allWords.capture.name }),
            html("input", { id: "capture-name", type: "text", maxLength: 40, autocomplete: "off" }),
          ),
          button("keep", allWords.capture.keep),
          button("learn", allWords.capture.learn, "primary"),
        ),
        ofMode("strokes", button("continue", allWords.capture.continue, "primary")),
      ),
    ),
  );
  const dialog = html("dialog", { id: "capture" }, body, foot);
  dialog.setAttribute("aria-labelledby", "capture-title");
  dialog.querySelector("#capture-undo")?.setAttribute("aria-keyshortcuts", "Control+Z");
  document.body.append(dialog);
  return dialog;
}

/** @param {string} mode @param {Node[]} children */
function ofMode(mode, ...children) {
  const made = html("div", { className: "of-mode" }, ...children);
  made.dataset.mode = mode;
  return made;
}

/** @param {string} id @param {string} label @param {string} [className] */
const button = (id, label, className = "") => html("button", { id: `capture-${id}`, type: "button", textContent: label, className });

/** @template {Element} T @param {T} element @param {string} label for assistive technology */
function labelled(element, label) {
  element.setAttribute("aria-label", label);
  return element;
}

/** @template {Element} T @param {T} element @param {string} id of what describes it */
function described(element, id) {
  element.setAttribute("aria-describedby", id);
  return element;
}
