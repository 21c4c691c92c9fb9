// The page: ties the form, the app and what the visitor presses together. What the parts with
// modules of their own get is written down in app.js.

import { App } from "./app/app.js";
import { element } from "./util/dom.js";
import { site } from "./util/site-files.js";
import { Form } from "./app/form.js";
import { mountFiles } from "./app/file-drop.js";
import { fromFragment, toFragment } from "./app/link.js";
import { keepOffline } from "./app/offline.js";
import { mountPrint } from "./export/print.js";
import { Own } from "./capture/dialog.js";
import { say } from "./app/status.js";
import { mount as mountTake } from "./export/dialog.js";
import { mount as mountThink } from "./inspector/panel.js";

const form = new Form();
const app = new App(form);
const writeButton = element("write", HTMLButtonElement);
const stopButton = element("stop", HTMLButtonElement);
const copyButton = element("copy", HTMLButtonElement);
const text = element("text", HTMLTextAreaElement);
const own = new Own(app);

mountPrint(app);
mountThink(app);
mountTake(app);
mountFiles(app, own);

// --- writing ---------------------------------------------------------------------------------

let soon = 0;

/** @param {boolean} [hurry] whether the ink is to be there at once @param {string} [weights] that a link was made with */
function write(hurry = false, weights = "") {
  clearTimeout(soon);
  if (!app.ready || !form.valid()) return;
  app.write({}, { hurry, weights });
}

/** What is written is written anew, after a moment in which the visitor may choose again. @param {boolean} hurry */
function writeSoon(hurry) {
  clearTimeout(soon);
  if (app.points.count) soon = setTimeout(() => write(hurry), 250);
}

/** What determines the writing, and how it looks. */
const fragment = () => toFragment(form.wish, app.fingerprint, app.strokes);

/** Puts it into the address; the back button does not go through them all. */
function remember() {
  try {
    history.replaceState(null, "", fragment());
  } catch {
    // Too often within a few seconds, or too long for this browser: Copy link still has it.
  }
}

/** Fills the form from the address, if that is a link, and writes. */
function follow() {
  const link = fromFragment(location.hash);
  if (!link) return;
  const problems = [...link.problems, ...form.set(link.shared)];
  app.complaints += problems.map((problem) => `${problem} `).join("");
  if (link.strokes && app.ready && form.valid()) app.goOn(link.strokes, { weights: link.weights });
  else write(false, link.weights);
}

app.addEventListener("busy", () => {
  stopButton.disabled = !app.writing;
});
app.addEventListener("ready", () => {
  writeButton.disabled = false;
  copyButton.disabled = false;
  // A link may be of a hand that is kept here.
  void own.restored.then(() => follow());
  void keepOffline(element("update", HTMLElement), element("offline", HTMLElement));
});
app.addEventListener("broken", () => {
  writeButton.disabled = true;
});
app.addEventListener("started", () => {
  element("invitation", HTMLElement).setAttribute("hidden", "");
  // The network that scribbles is loaded when it is first needed: only now is it known which it is.
  remember();
});
form.hands.addEventListener("change", () => writeSoon(false));
// Other paper has other lines.
form.addEventListener("paper", () => writeSoon(true));
app.addEventListener("look", () => {
  if (app.points.count) remember();
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
  // In a dialog Escape closes that.
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) app.stop();
});
addEventListener("hashchange", () => follow());

const newSeed = () => Math.floor(Math.random() * 1_000_000);
element("new-seed", HTMLButtonElement).addEventListener("click", () => {
  form.set({ seed: newSeed() });
  clearTimeout(soon);
  if (app.ready && form.valid()) app.again();
});
element("surprise", HTMLButtonElement).addEventListener("click", () => {
  const { names } = form.hands;
  const others = names.filter((name) => name !== form.hands.value);
  form.set({ seed: newSeed(), style: others[Math.floor(Math.random() * others.length)] ?? "" });
  write();
});

// --- pages -----------------------------------------------------------------------------------

const before = element("page-before", HTMLButtonElement);
const after = element("page-after", HTMLButtonElement);

function showPages() {
  const { page, pages } = app.sheet;
  element("pages", HTMLElement).hidden = pages < 2;
  element("page-number", HTMLElement).textContent = `Sheet ${page + 1} of ${pages}`;
  before.disabled = page === 0;
  after.disabled = page === pages - 1;
}
before.addEventListener("click", () => app.sheet.turnTo(app.sheet.page - 1));
after.addEventListener("click", () => app.sheet.turnTo(app.sheet.page + 1));
app.sheet.addEventListener("drawn", showPages);
for (const type of ["started", "look", "stopped"]) app.addEventListener(type, showPages);

// --- away from the page ----------------------------------------------------------------------

copyButton.addEventListener("click", async () => {
  if (!form.valid()) return;
  const address = new URL(fragment(), location.href).href;
  const without = app.given
    ? app.strokes ? "" : "The strokes that you drew are too many for a link. "
    : form.hands.own
      ? "Your own hand stays on this device, the link is without it. "
      : "";
  try {
    await navigator.clipboard.writeText(address);
    if (!app.writing) say(`${without}The link is copied. Done`);
  } catch {
    remember();
    if (!app.writing) say(`${without}The browser does not let the page copy; the link is in the address bar. Done`);
  }
});

// --- the engine ------------------------------------------------------------------------------

const wanted = new URLSearchParams(location.search).get("engine");
if (wanted !== null && wanted !== "cpu" && wanted !== "gpu") {
  app.complaints = `There is no engine “${wanted}”, only cpu and gpu. `;
}
app.send({ type: "open", engine: wanted === "cpu" || wanted === "gpu" ? wanted : "auto", build: site.build });
