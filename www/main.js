// The page: form in, sheet and status out. The engine runs in worker.js.

import { site } from "./files.js";
import { fromFragment, toFragment } from "./link.js";
import { keepOffline } from "./offline.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("./worker.js").Request} Request */
/** @typedef {import("./worker.js").Reply} Reply */

/**
 * @template {Element} T
 * @param {string} id @param {new () => T} type
 */
function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`);
  return found;
}

const form = element("form", HTMLFormElement);
const text = element("text", HTMLTextAreaElement);
const bias = element("bias", HTMLInputElement);
const temperature = element("temperature", HTMLInputElement);
const style = element("style", HTMLSelectElement);
const seed = element("seed", HTMLInputElement);
const speed = element("speed", HTMLSelectElement);
const columns = element("columns", HTMLInputElement);
const scribble = element("scribble", HTMLInputElement);
const writeButton = element("write", HTMLButtonElement);
const stopButton = element("stop", HTMLButtonElement);
const downloadButton = element("download", HTMLButtonElement);
const copyButton = element("copy", HTMLButtonElement);
const canvas = element("canvas", HTMLCanvasElement);
const loading = element("loading", HTMLElement);
const progress = element("progress", HTMLProgressElement);

const sheet = new Sheet(canvas, element("pen", SVGSVGElement));
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
/** @param {Request} request */
const ask = (request) => worker.postMessage(request);

/** Number of the text being written; what still comes of older ones is ignored. */
let job = 0;
let writing = false;
/** What the sheet will say to those who cannot see it. */
let written = "";
/** Said at the end: characters that could not be written, a line that ran on. */
let remarks = "";
/** Said with the first of these: what is the matter with the address. */
let complaints = "";
/** Which weights write: a link tells, so that others can be told apart. */
let fingerprint = "";

// --- status ----------------------------------------------------------------------------------

/** @param {string} message @param {boolean} [problem] */
function say(message, problem = false) {
  const state = element("state", HTMLElement);
  state.textContent = message;
  state.classList.toggle("problem", problem);
}

/** @param {boolean} busy */
function setWriting(busy) {
  writing = busy;
  stopButton.disabled = !busy;
  downloadButton.disabled = busy || sheet.drawn().length === 0;
}

// --- replies of the engine -------------------------------------------------------------------

/** @param {import("./pkg/longhand.js").Plan} plan */
function begin(plan) {
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  sheet.clear(reduced ? Infinity : Number(speed.value) / plan.sampleMs);
  written = plan.lines.join(" ");
  remarks = complaints;
  complaints = "";
  if (plan.leftOut.length) remarks += `Not among the letters the network knows: ${plan.leftOut.join(" ")}. `;
  if (plan.transliterated.length) {
    const pairs = plan.transliterated.map(([from, to]) => `${from} as ${to}`);
    remarks += `Written: ${pairs.join(", ")}. `;
  }
  canvas.setAttribute("aria-label", "Being written");
  say(`${remarks}Writing …`);
}

/** @param {import("./pkg/longhand.js").Finish | undefined} finish */
function end(finish) {
  if (finish === "cap") remarks += "A line ran on and was cut; another seed may do better. ";
  if (finish === "nonfinite") remarks += "A line broke off: the network computed no number. Another seed may do better. ";
  sheet.complete(() => {
    setWriting(false);
    canvas.setAttribute("aria-label", written ? `Handwriting: ${written}` : "Handwriting without a text");
    say(`${remarks}Done`);
  });
}

/** @param {Reply} data */
function hear(data) {
  if ("job" in data && data.job !== undefined && data.job !== job) return;
  switch (data.type) {
    case "progress":
      if (loading.hidden) say("Loading the network");
      loading.hidden = false;
      // Where the total is not known, the bar only shows that something moves.
      if (data.total) progress.value = data.loaded / data.total;
      break;
    case "engine":
      element("engine", HTMLElement).textContent = data.label;
      element("notice", HTMLElement).textContent = data.notice;
      break;
    case "ready":
      loading.hidden = true;
      for (const name of data.styles) style.add(new Option(name, name));
      fingerprint = data.fingerprint;
      writeButton.disabled = false;
      copyButton.disabled = false;
      say(`${complaints}Ready`);
      follow(location.hash);
      keepOffline(element("update", HTMLElement));
      break;
    case "plan":
      begin(data.plan);
      break;
    case "points":
      sheet.add(data.points);
      break;
    case "finish":
      end(data.finish);
      break;
    case "svg":
      save(data.svg);
      break;
    case "error":
      loading.hidden = true;
      sheet.stop();
      setWriting(false);
      say(data.message, true);
      break;
  }
}

worker.addEventListener("message", (/** @type {MessageEvent<Reply>} */ event) => hear(event.data));
worker.addEventListener("error", (event) => {
  event.preventDefault();
  loading.hidden = true;
  writeButton.disabled = true;
  const cause = event.message ? ` (${event.message})` : "";
  say(
    `The engine did not start${cause}. It needs WebAssembly SIMD and module workers: Chrome 91, Firefox 114, ` +
      "Safari 16.4 or later. If your browser is newer, load the page again.",
    true,
  );
});

// --- what the visitor does -------------------------------------------------------------------

/** What the form asks for. @returns {import("./link.js").Shared} */
function asked() {
  return {
    text: text.value,
    bias: bias.valueAsNumber,
    temperature: temperature.valueAsNumber,
    seed: seed.valueAsNumber,
    style: style.value,
    columns: columns.valueAsNumber,
    scribble: scribble.checked,
  };
}

/** Fills the form from a link, and writes. @param {string} fragment */
function follow(fragment) {
  const link = fromFragment(fragment);
  if (!link) return;
  const { shared, problems } = link;
  text.value = shared.text ?? "";
  scribble.checked = shared.scribble ?? false;
  for (const field of [bias, temperature, seed, columns]) {
    const value = shared[/** @type {"bias" | "temperature" | "seed" | "columns"} */ (field.id)];
    if (value !== undefined) field.valueAsNumber = value;
    field.dispatchEvent(new Event("input"));
  }
  style.value = shared.style ?? "";
  if (style.selectedIndex < 0) {
    problems.push(`There is no hand “${shared.style}” here.`);
    style.value = "";
  }
  if (link.weights && link.weights !== fingerprint) {
    problems.push("The link was made with other weights, so the writing is not the same.");
  }
  complaints += problems.map((problem) => `${problem} `).join("");
  write();
}

function write() {
  if (writeButton.disabled || !form.reportValidity()) return;
  const wish = asked();
  // The address is that of this writing; the back button does not go through them all.
  history.replaceState(null, "", toFragment(wish, fingerprint));
  job += 1;
  sheet.stop();
  setWriting(true);
  say("Writing …");
  const { scribble, text, style, ...options } = wish;
  ask({
    type: "write",
    job,
    text: scribble ? "" : text,
    options: style === "" ? options : { ...options, style },
  });
}

function stop() {
  if (!writing) return;
  job += 1;
  ask({ type: "cancel" });
  sheet.stop();
  setWriting(false);
  canvas.setAttribute("aria-label", `Handwriting, stopped: ${written}`);
  say("Stopped");
}

/** @param {string} svg */
function save(svg) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  link.download = "longhand.svg";
  link.click();
  // Not at once: the download may not have begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
stopButton.addEventListener("click", stop);
downloadButton.addEventListener("click", () => ask({ type: "svg", points: sheet.drawn() }));
element("new-seed", HTMLButtonElement).addEventListener("click", () => {
  seed.valueAsNumber = Math.floor(Math.random() * 1_000_000);
  write();
});
copyButton.addEventListener("click", async () => {
  if (!form.reportValidity()) return;
  const address = new URL(toFragment(asked(), fingerprint), location.href).href;
  try {
    await navigator.clipboard.writeText(address);
    if (!writing) say("The link is copied. Done");
  } catch {
    history.replaceState(null, "", address);
    if (!writing) say("The browser does not let the page copy; the link is in the address bar. Done");
  }
});
addEventListener("hashchange", () => follow(location.hash));
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    write();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});

for (const slider of [bias, temperature]) {
  const value = form.querySelector(`[data-of="${slider.id}"]`);
  const show = () => {
    if (value) value.textContent = slider.valueAsNumber.toFixed(2);
  };
  slider.addEventListener("input", show);
  show();
}

const wanted = new URLSearchParams(location.search).get("engine");
if (wanted !== null && wanted !== "cpu" && wanted !== "gpu") {
  complaints = `There is no engine “${wanted}”, only cpu and gpu. `;
}
ask({ type: "open", engine: wanted === "cpu" || wanted === "gpu" ? wanted : "auto", build: site.build });
