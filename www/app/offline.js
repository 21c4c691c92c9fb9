// Registers the service worker (sw.js), which makes the site work offline, and offers new versions of the site.

import { site } from "../util/site-files.js";
import { script } from "../util/trusted-types.js";
import { words } from "../words/words.js";

/**
 * To be called when the page has what it needs: the service worker then finds the large files in the cache.
 * @param {HTMLElement} notice shown when a new version is available; contains a button and a span for a message
 * @param {HTMLElement} stored says that the site works offline, once it does
 */
export async function keepOffline(notice, stored) {
  const { serviceWorker } = navigator;
  if (site.build === "" || !serviceWorker) return;
  try {
    const registration = await serviceWorker.register(script(new URL("../sw.js", import.meta.url)), { type: "module", updateViaCache: "none" });
    offerUpdates(registration, notice);
    await serviceWorker.ready;
    stored.textContent = words.status.offline;
    stored.hidden = false;
  } catch {
    // Storage is denied, or the browser has no modules in service workers: the page works online only.
  }
}

/** @param {ServiceWorkerRegistration} registration @param {HTMLElement} notice */
function offerUpdates(registration, notice) {
  const message = notice.querySelector("span");
  const offer = () => {
    // Without an active version this is the first visit, not an update.
    if (registration.waiting && registration.active) notice.hidden = false;
  };
  offer();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.type === "other tabs" && message) message.textContent = words.status.otherTabs;
  });
  notice.querySelector("button")?.addEventListener("click", () => {
    const { waiting } = registration;
    // Another tab may have activated it meanwhile.
    if (!waiting) return location.reload();
    waiting.addEventListener("statechange", () => {
      if (waiting.state === "activated") location.reload();
    });
    waiting.postMessage("activate");
  });
}
