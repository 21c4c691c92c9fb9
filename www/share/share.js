// Sharing what is on the sheet: a picture and a link where the device has a way to share, as phones do; else the link is
// copied. And "Use in your app", which is loaded when it is opened.

import { showStatus } from "../app/status.js";
import { fileName } from "../export/file-name.js";
import { Picture } from "../export/picture.js";
import { element } from "../util/dom.js";
import { label, words } from "../words/words.js";

/** @typedef {import("../app/app.js").App} App */

/**
 * What the page knows of its link.
 * @typedef {object} Link
 * @property {() => boolean} isValid whether all settings are; shows the first that is not
 * @property {() => string} address
 * @property {() => string} missingFromLink what of the ink is not in it, in words; "" if it is complete
 */

/** Resolution of a shared picture. */
const DPI = 200;

/** @param {App} app @param {Link} link */
export function mountShare(app, link) {
  const button = element("copy", HTMLButtonElement);
  const code = element("code-open", HTMLButtonElement);
  const shares = canShare();
  label(button, shares ? "page.shareSheet" : "page.copyLink");
  button.addEventListener("click", () => {
    if (link.isValid()) void (shares ? share(app, link) : copy(app, link));
  });
  code.addEventListener("click", async () => {
    const { openCode } = await import("./code-dialog.js");
    openCode(app);
  });
  button.disabled = code.disabled = false;
}

/** Whether this is a phone or a tablet that can share a link: on a desktop, people paste links. */
function canShare() {
  return typeof navigator.share === "function" && matchMedia("(pointer: coarse)").matches;
}

/** @param {App} app @param {string} text */
function say(app, text) {
  // While a text is being written, the status line is about that.
  if (!app.writing) showStatus(text);
}

/** @param {App} app @param {Link} link */
async function copy(app, { address, missingFromLink }) {
  const missing = missingFromLink();
  const href = address();
  try {
    await navigator.clipboard.writeText(href);
    say(app, missing + words.status.linkCopied);
  } catch {
    try {
      history.replaceState(null, "", href);
    } catch {
      // Browsers limit how often and how long.
    }
    say(app, missing + words.status.linkNotCopied);
  }
}

/** @param {App} app @param {Link} link */
async function share(app, link) {
  const url = link.address();
  /** @type {ShareData} */
  const data = { title: document.title, url };
  const picture = app.sheet.drawn ? await pictureOf(app).catch(() => undefined) : undefined;
  if (picture && navigator.canShare?.({ ...data, files: [picture] })) data.files = [picture];
  try {
    await navigator.share(data);
  } catch (error) {
    // The visitor has closed the device's menu.
    if (error instanceof DOMException && error.name === "AbortError") return;
    await copy(app, link);
  }
}

/** The sheet that is shown, as a file. @param {App} app */
async function pictureOf(app) {
  const { page } = app.sheet;
  const frame = await app.client.request("frame", { page, options: { end: app.sheet.drawn } });
  const drawn = { ...app.pages()[page], page };
  const blob = await new Picture(drawn, { frame, pen: app.settings, paper: true }).png(DPI);
  const first = app.plan?.lines.find((line) => line.trim() !== "");
  return new File([blob], `${fileName(first ?? "")}.png`, { type: "image/png" });
}
