// The page: connects the form, the app, the dialogs and the buttons.

import { App } from "./app/app.js";
import { keepDraft, keptDraft } from "./app/draft.js";
import { mountFileDrop } from "./app/file-drop.js";
import { Form } from "./app/form.js";
import { nextGreeting } from "./app/greeting.js";
import { fromFragment, LOOK_KEYS, toFragment } from "./app/link.js";
import { keepOffline } from "./app/offline.js";
import { mountPhone } from "./app/phone.js";
import { mountEngineLine, showStatus } from "./app/status.js";
import { element } from "./util/dom.js";
import { allLoaded, explain, offerLanguages, translated, words } from "./words/words.js";

element("trouble", HTMLElement).remove();

const form = new Form();
const app = new App(form);
const writeButton = element("write", HTMLButtonElement);
const stopButton = element("stop", HTMLButtonElement);
const text = element("text", HTMLTextAreaElement);
const speed = element("speed", HTMLSelectElement);
/** Once they are loaded. @type {import("./app/takes.js").Takes | undefined} */
let takes;

mountPhone();
mountEngineLine();

mountFileDrop({
  weights: (file) => void app.useWeights(file),
  ink: async (file) => void (await dialogs)?.openFile(file),
  other: ({ name }) => showStatus(words.files.unknown(name), true),
});

// --- dialogs ---------------------------------------------------------------------------------

/** Loads what the first ink does not need, and mounts it. Fulfilled with the dialog for captured hands. */
async function loadDialogs() {
  try {
    const live = import("./app/live.js").then(({ mountLive }) => {
      takes = mountLive(app, form);
    });
    const [{ CaptureDialog }, { mountExport }, { mountPrint }, { mountInspector }, { mountShare }, { mountIdeas }] = await Promise.all([
      import("./capture/dialog.js"),
      import("./export/dialog.js"),
      import("./export/print.js"),
      import("./inspector/panel.js"),
      import("./share/share.js"),
      import("./ideas/ideas.js"),
      allLoaded(),
      live,
    ]);
    mountExport(app);
    mountShare(app, { isValid: () => form.validate(), address: () => new URL(fragment(), location.href).href, missingFromLink });
    mountIdeas((link) => {
      if (location.hash === link) followLink();
      else location.hash = link;
    });
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
const SETTLE_TIME = 200;
let settling = 0;

/** @param {{ instant?: boolean, weights?: string, own?: boolean }} [how] as for `App.write` */
function write(how = {}) {
  clearTimeout(settling);
  if (!app.ready || !form.validate()) return;
  app.write(how);
}

/** Writes the text once more, if one has been written. */
function writeSoon() {
  clearTimeout(settling);
  if (!app.ink.count && !app.writing) return;
  settling = setTimeout(() => {
    if (app.ready && form.validate()) app.rewrite({ instant: true });
  }, SETTLE_TIME);
}

/** A link to what is on the sheet, or to what the form says if nothing is. */
function fragment() {
  const { settings } = form;
  const look = Object.fromEntries(LOOK_KEYS.map((key) => [key, settings[key]]));
  const onSheet = app.requested ? { ...app.requested, ...look } : settings;
  return toFragment(onSheet, app.written?.plan.fingerprint ?? app.fingerprint, app.encodedStrokes);
}

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
  takes?.rememberText();
  const problems = [...link.problems, ...form.apply(link.settings)];
  app.pendingNotes += problems.map((problem) => `${problem} `).join("");
  app.makeRoom(true);
  if (link.strokes && app.ready && form.validate()) app.continueStrokes(link.strokes, { weights: link.weights });
  else write({ weights: link.weights });
}

/** Whether this page was opened to write nothing by itself. */
const isQuiet = new URLSearchParams(location.search).get("greeting") === "off";
const draft = keptDraft();
/** Written if nothing else is to be. @type {import("./app/greeting.js").Greeting | undefined} */
let greeting;
// A keyboard that comes up by itself would hide half of a phone's screen.
if (!isQuiet && matchMedia("(pointer: fine)").matches) text.focus({ preventScroll: true });
if (!isQuiet && !draft && !fromFragment(location.hash)) {
  const { value } = text;
  void translated.then(() => {
    if (text.value !== value) return;
    greeting = nextGreeting();
    text.value = greeting.text;
    // So that what is typed takes its place.
    if (document.activeElement === text) text.select();
  });
}

/** Writes what a visitor is to see first: a link's text, their own of the last visit, or a greeting. */
function begin() {
  const isLink = fromFragment(location.hash) !== undefined;
  const isOwn = draft && (!isLink || draft.address === location.hash);
  if (isOwn && [...speed.options].some(({ value }) => value === draft.speed)) speed.value = draft.speed;
  if (isLink) {
    followLink();
    // What was typed after the text was written.
    if (isOwn && draft.settings.text !== undefined) text.value = draft.settings.text;
    return;
  }
  if (draft) {
    form.apply(draft.settings);
    app.makeRoom(true);
    if (!isQuiet) write();
  } else if (greeting && text.value === greeting.text) {
    const { style, seed } = greeting;
    form.apply({ style: form.hands.names.includes(style) ? style : form.hands.value, seed });
    write({ own: false });
  }
}

/** Keeps what the visitor has entered; what the page wrote by itself is nothing to keep. */
function saveDraft() {
  if (greeting && text.value === greeting.text) return;
  keepDraft(() => ({ settings: { ...form.settings, columns: form.columns }, speed: speed.value }));
}

app.addEventListener("busy", () => {
  stopButton.disabled = !app.writing;
});
app.addEventListener("ready", () => {
  writeButton.disabled = false;
  // The link may refer to a hand that is stored on this device.
  const stored = fromFragment(location.hash)?.settings.captured ? dialogs.then((capture) => capture?.restored) : undefined;
  if (stored) void stored.then(begin);
  else begin();
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
  // Not earlier: the fingerprint of the prediction network is known when it has been loaded. A greeting's address stays
  // as it is, so that the next visit has another one.
  if (app.written?.own) updateAddress();
  saveDraft();
});
app.addEventListener("cleared", () => clearTimeout(settling));
form.addEventListener("writing", writeSoon);
app.addEventListener("look", () => {
  if (app.ink.count && app.written?.own) updateAddress();
});
form.addEventListener("look", () => {
  if (app.written) app.written.own = true;
  // Of an envelope's text, what stands above "---" is the sender's: it is written apart.
  const envelopes = [app.requested?.paper, form.settings.paper].filter((paper) => paper?.startsWith("envelope"));
  if (envelopes.length === 1 && /^\s*-{3,}\s*$/m.test(text.value)) writeSoon();
});
element("form", HTMLFormElement).addEventListener("input", saveDraft);
text.addEventListener("input", () => {
  app.makeRoom(true);
  // The page's own greeting gives way to what is typed.
  if (app.writing && !app.written?.own) app.stop();
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
element("canvas", HTMLCanvasElement).addEventListener("click", ({ currentTarget }) => {
  // The inspector moves the pen itself, to where the ink is touched.
  if (currentTarget instanceof Element && !currentTarget.classList.contains("inspected")) app.hurry();
});
/** Fields in which keys mean something else. */
const FIELDS = "input:not([type=range], [type=radio], [type=checkbox], [type=color]), textarea, select, [contenteditable]";
/** Whether the space bar is held on the button that began the text: it hurries it, and does not begin it anew. */
let hurries = false;
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (document.querySelector("dialog[open]") || !(target instanceof Element)) return;
  if (key === "Escape") app.stop();
  if (key === " " && app.writing && !target.closest("a, button:not(#write), input, textarea, select, summary")) {
    event.preventDefault();
    hurries = target === writeButton;
    app.hurry();
  }
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z" && !target.closest(FIELDS)) {
    event.preventDefault();
    if (event.shiftKey) takes?.redo();
    else takes?.undo();
  }
});
// Buttons act when the key is let go.
writeButton.addEventListener("keyup", (event) => {
  if (event.key === " " && hurries) event.preventDefault();
  hurries = false;
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
