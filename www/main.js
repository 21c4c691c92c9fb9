// The page: connects the form, the app, the dialogs and the buttons.

import { App } from "./app/app.js";
import { mountFileDrop } from "./app/file-drop.js";
import { Form } from "./app/form.js";
import { fromFragment, toFragment } from "./app/link.js";
import { keepOffline } from "./app/offline.js";
import { mountPhone } from "./app/phone.js";
import { showStatus } from "./app/status.js";
import { element } from "./util/dom.js";
import { allLoaded, explain, offerLanguages, translated, words } from "./words/words.js";

element("trouble", HTMLElement).remove();

const form = new Form();
const app = new App(form);
const writeButton = element("write", HTMLButtonElement);
const stopButton = element("stop", HTMLButtonElement);
const copyButton = element("copy", HTMLButtonElement);
const text = element("text", HTMLTextAreaElement);
mountPhone();

mountFileDrop({
  weights: (file) => void app.useWeights(file),
  ink: async (file) => void (await dialogs)?.openFile(file),
  other: ({ name }) => showStatus(words.files.unknown(name), true),
});

// --- dialogs ---------------------------------------------------------------------------------

/** Loads what the first ink does not need, and mounts it. Fulfilled with the dialog for captured hands. */
async function loadDialogs() {
  try {
    const [{ CaptureDialog }, { mountExport }, { mountPrint }, { mountInspector }] = await Promise.all([
      import("./capture/dialog.js"),
      import("./export/dialog.js"),
      import("./export/print.js"),
      import("./inspector/panel.js"),
      allLoaded(),
    ]);
    mountExport(app);
    mountPrint(app);
    mountInspector(app);
    return new CaptureDialog(app);
  } catch (error) {
    showStatus(words.status.partMissing(explain(error)), true);
    return undefined;
  }
}

/** @type {Promise<import("./capture/dialog.js").CaptureDialog | undefined>} */
const dialogs = new Promise((resolve) => app.addEventListener("ready", () => resolve(loadDialogs()), { once: true }));

// --- writing ---------------------------------------------------------------------------------

/** Milliseconds before a changed setting is written, in which the visitor may change another one. */
const SETTLE_TIME = 250;
let settling = 0;

/** @param {boolean} [instant] whether to draw at once @param {string} [weights] that a link was made with */
function write(instant = false, weights = "") {
  clearTimeout(settling);
  if (!app.ready || !form.validate()) return;
  app.write({ instant, weights });
}

/** Writes the text once more, if one has been written. @param {boolean} instant */
function writeSoon(instant) {
  clearTimeout(settling);
  if (!app.ink.count) return;
  settling = setTimeout(() => {
    if (app.ready && form.validate()) app.rewrite({ instant });
  }, SETTLE_TIME);
}

const fragment = () => toFragment(form.settings, app.fingerprint, app.encodedStrokes);

/** Puts the settings into the address, without an entry in the history. */
function updateAddress() {
  try {
    history.replaceState(null, "", fragment());
  } catch {
    // Browsers limit how often and how long; "Copy link" still works.
  }
}

/** If the address is a link to a text, fills the form from it and writes. */
function followLink() {
  const link = fromFragment(location.hash);
  if (!link) return;
  const problems = [...link.problems, ...form.apply(link.settings)];
  app.pendingNotes += problems.map((problem) => `${problem} `).join("");
  if (link.strokes && app.ready && form.validate()) app.continueStrokes(link.strokes, { weights: link.weights });
  else write(false, link.weights);
}

app.addEventListener("busy", () => {
  stopButton.disabled = !app.writing;
});
app.addEventListener("ready", () => {
  writeButton.disabled = false;
  copyButton.disabled = false;
  // The link may refer to a hand that is stored on this device.
  const stored = fromFragment(location.hash)?.settings.captured ? dialogs.then((capture) => capture?.restored) : undefined;
  void Promise.resolve(stored).then(() => followLink());
  void keepOffline(element("update", HTMLElement), element("offline", HTMLElement));
});
app.addEventListener("failed", () => {
  element("failed", HTMLElement).hidden = app.ready;
});
app.addEventListener("broken", () => {
  writeButton.disabled = true;
});
app.addEventListener("started", () => {
  element("invitation", HTMLElement).setAttribute("hidden", "");
  // Not earlier: the fingerprint of the prediction network is known when it has been loaded.
  updateAddress();
});
form.hands.addEventListener("change", () => writeSoon(false));
// Other paper breaks the lines elsewhere.
form.addEventListener("paper", () => writeSoon(true));
app.addEventListener("look", () => {
  if (app.ink.count) updateAddress();
});

element("form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
stopButton.addEventListener("click", () => app.stop());
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    write();
  }
});
document.addEventListener("keydown", (event) => {
  // Escape closes a dialog first.
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) app.stop();
});
addEventListener("hashchange", () => followLink());

const randomSeed = () => Math.floor(Math.random() * 1_000_000);
element("new-seed", HTMLButtonElement).addEventListener("click", () => {
  form.apply({ seed: randomSeed() });
  clearTimeout(settling);
  if (app.ready && form.validate()) app.rewrite();
});
element("surprise", HTMLButtonElement).addEventListener("click", () => {
  const { names } = form.hands;
  const others = names.filter((name) => name !== form.hands.value);
  form.apply({ seed: randomSeed(), style: others[Math.floor(Math.random() * others.length)] ?? "" });
  write();
});

// --- pages -----------------------------------------------------------------------------------

const previous = element("page-before", HTMLButtonElement);
const next = element("page-after", HTMLButtonElement);

function showPages() {
  const { page, pages } = app.sheet;
  element("pages", HTMLElement).hidden = pages < 2;
  element("page-number", HTMLElement).textContent = words.status.sheet(page + 1, pages);
  previous.disabled = page === 0;
  next.disabled = page === pages - 1;
}
previous.addEventListener("click", () => app.sheet.turnTo(app.sheet.page - 1));
next.addEventListener("click", () => app.sheet.turnTo(app.sheet.page + 1));
app.sheet.addEventListener("drawn", showPages);
for (const type of ["started", "look", "stopped"]) app.addEventListener(type, showPages);

// --- the link --------------------------------------------------------------------------------

/** What a link to the text on the sheet lacks, for the status line. */
function missingFromLink() {
  if (app.initialCount) return app.encodedStrokes ? "" : `${words.notes.strokesTooMany} `;
  return form.hands.captured ? `${words.notes.ownHand} ` : "";
}

copyButton.addEventListener("click", async () => {
  if (!form.validate()) return;
  const missing = missingFromLink();
  try {
    await navigator.clipboard.writeText(new URL(fragment(), location.href).href);
    if (!app.writing) showStatus(missing + words.status.linkCopied);
  } catch {
    updateAddress();
    if (!app.writing) showStatus(missing + words.status.linkNotCopied);
  }
});

// --- the engine ------------------------------------------------------------------------------

const engine = new URLSearchParams(location.search).get("engine") ?? "auto";
const known = engine === "cpu" || engine === "gpu" || engine === "auto";
const open = () => void app.open(known ? engine : "auto");
element("retry", HTMLButtonElement).addEventListener("click", () => {
  // A worker that does not run can only be started with the page.
  if (app.client.failure) return location.reload();
  element("failed", HTMLElement).hidden = true;
  open();
});
open();
void translated.then(() => {
  if (!known) app.pendingNotes += `${words.notes.noEngine(engine)} `;
});
offerLanguages(element("language", HTMLSelectElement));
