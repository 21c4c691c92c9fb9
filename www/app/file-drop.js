// Files that a visitor gives the page, in a field or by dropping them anywhere.

import { element } from "../util/dom.js";

/** @param {import("./app.js").App} app @param {import("../capture/dialog.js").Own} own */
export function mountFiles(app, own) {
  const take = (/** @type {File} */ file) => {
    if (/\.safetensors$/i.test(file.name)) void app.useWeights(file);
    else if (/\.(json|inkml|xml)$/i.test(file.name)) void own.openFile(file);
    else {
      const known = "weights (.safetensors), a hand (.json) and ink (.inkml, .json)";
      app.say(`${file.name} is nothing that this page can read: that are ${known}.`, true);
    }
  };

  const input = element("weights-file", HTMLInputElement);
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    // So that the same file may be given again.
    input.value = "";
    if (file) void app.useWeights(file);
  });

  const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const over = (/** @type {boolean} */ is) => document.body.classList.toggle("dropping", is);
  addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", (event) => {
    // From one element to the next it is still over the page.
    if (!event.relatedTarget) over(false);
  });
  addEventListener("drop", (event) => {
    over(false);
    // A field for files takes what is dropped on it.
    if (!files(event) || (event.target instanceof HTMLInputElement && event.target.type === "file")) return;
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) take(file);
  });
}
