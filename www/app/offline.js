// Keeping the site on this device, so that it opens without a network, and telling of new versions.

import { site } from "../util/site-files.js";
import { script } from "../util/trusted-types.js";

/**
 * Has the site kept, if the browser can. To be called when the page has what it needs: the service
 * worker then finds the large files kept already.
 * @param {HTMLElement} notice shown when a new version is there; holds a button and a place for words
 * @param {HTMLElement} kept says that the site is kept, once it is
 */
export async function keepOffline(notice, kept) {
  const { serviceWorker } = navigator;
  if (site.build === "" || !serviceWorker) return;
  try {
    const registration = await serviceWorker.register(script("sw.js"), { type: "module", updateViaCache: "none" });
    tell(registration, notice);
    await serviceWorker.ready;
    kept.textContent = "It works without a network, too.";
    kept.hidden = false;
  } catch {
    // Storage is denied, or the browser has no modules in service workers: the page works online.
  }
}

/** @param {ServiceWorkerRegistration} registration @param {HTMLElement} notice */
function tell(registration, notice) {
  const words = notice.querySelector("span");
  const offer = () => {
    // With no version before it, it is the first one, and no news.
    if (registration.waiting && registration.active) notice.hidden = false;
  };
  offer();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.type === "others open" && words) words.textContent = "First close the other tabs that show this page.";
  });
  notice.querySelector("button")?.addEventListener("click", () => {
    const { waiting } = registration;
    // Taken over in the meantime, by another tab's wish.
    if (!waiting) return location.reload();
    waiting.addEventListener("statechange", () => {
      if (waiting.state === "activated") location.reload();
    });
    waiting.postMessage("take over");
  });
}
