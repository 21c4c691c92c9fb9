// Files that a visitor drops on the page, or chooses as weights.

import { element } from "../util/dom.js";

/**
 * @param {object} handlers
 * @param {(file: File) => void} handlers.weights takes a network
 * @param {(file: File) => void} handlers.ink takes a hand or ink
 * @param {(file: File) => void} handlers.other takes a file of another kind
 */
export function mountFileDrop({ weights, ink, other }) {
  const open = (/** @type {File} */ file) => {
    if (/\.safetensors$/i.test(file.name)) weights(file);
    else if (/\.(json|ndjson|inkml|xml|excalidraw|excalidrawlib|tldr)$/i.test(file.name)) ink(file);
    else other(file);
  };

  const input = element("weights-file", HTMLInputElement);
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    // So that choosing the same file again is a change.
    input.value = "";
    if (file) weights(file);
  });

  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const highlight = (/** @type {boolean} */ on) => document.body.classList.toggle("dropping", on);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    highlight(true);
  });
  addEventListener("dragleave", (event) => {
    // Moving from one element to the next has a related target; leaving the page has none.
    if (!event.relatedTarget) highlight(false);
  });
  addEventListener("drop", (event) => {
    highlight(false);
    // File inputs handle what is dropped on them.
    if (!hasFiles(event) || (event.target instanceof HTMLInputElement && event.target.type === "file")) return;
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) open(file);
  });
}
