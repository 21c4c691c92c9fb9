// The service worker: keeps one version of the site on this device, whole, and serves all of it from
// there. A new version is kept beside it, and takes over when no page of the old one is left open.

import { site } from "./util/site-files.js";
import { WEIGHTS, keptAs, sri, weights } from "./engine/weights.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const HERE = new URL("./", import.meta.url);
/** How the names of this site's caches begin; other copies on the same host have their own. */
const SITE = `running-hand site ${HERE.pathname} `;
const CACHE = SITE + site.build;
/** The list of hashes cannot hold its own. */
const LIST = "util/site-files.js";

const paths = Object.keys(site.files);
/** @param {string} path */
const isWeights = (path) => path.endsWith(".safetensors");

// --- keeping ---------------------------------------------------------------------------------

/** Fetches every file; only files of this very version are taken. */
async function install() {
  const cache = await caches.open(CACHE);
  const keep = async (/** @type {string} */ path, /** @type {RequestInit} */ init) => {
    const response = await fetch(new URL(path, HERE), { cache: "no-cache", ...init });
    if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
    const body = await response.arrayBuffer();
    if (path === LIST && !new TextDecoder().decode(body).includes(site.build)) {
      throw new Error("the site was changed while it was being fetched");
    }
    // A new answer, because one that was redirected may not be given to a page.
    const headers = new Headers(response.headers);
    for (const name of ["content-encoding", "content-length"]) headers.delete(name);
    await cache.put(new URL(path, HERE), new Response(body, { headers }));
  };
  await keep(LIST, {});
  await Promise.all(
    paths.map(async (path) => {
      const sha256 = site.files[path]?.sha256 ?? "";
      if (!isWeights(path)) return keep(path, { integrity: sri(sha256) });
      // Mostly the page has fetched them by now.
      const kept = await caches.open(WEIGHTS);
      if (await kept.match(keptAs(sha256))) return;
      await weights(path);
      if (!(await kept.match(keptAs(sha256)))) throw new Error(`there is no room to keep ${path}`);
    }),
  );
}

/** Drops what older versions kept. */
async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(SITE) && name !== CACHE).map((name) => caches.delete(name)));
  const kept = await caches.open(WEIGHTS);
  const wanted = new Set(paths.map((path) => keptAs(site.files[path]?.sha256 ?? "")));
  for (const { url } of await kept.keys()) if (!wanted.has(url)) await kept.delete(url);
}

/** Steps aside: the site is served from its sources now. */
async function leave() {
  const names = await caches.keys();
  const own = names.filter((name) => name.startsWith(SITE) || name === WEIGHTS);
  await Promise.all(own.map((name) => caches.delete(name)));
  await worker.registration.unregister();
  const pages = await worker.clients.matchAll({ type: "window" });
  // Not awaited: a page waits for this worker to be active before it goes anywhere.
  for (const page of pages) page.navigate(page.url).catch(() => {});
}

worker.addEventListener("install", (event) => {
  event.waitUntil(site.build === "" ? worker.skipWaiting() : install());
});
worker.addEventListener("activate", (event) => event.waitUntil(site.build === "" ? leave() : tidy()));

// --- taking over -----------------------------------------------------------------------------

/**
 * A page asks for the new version, which is this worker's: it may have it if no other page would be
 * left with files of two versions.
 */
worker.addEventListener("message", (event) => {
  if (event.data !== "take over") return;
  const answer = async () => {
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const others = pages.filter(({ url }) => url.startsWith(HERE.href)).length - 1;
    if (others > 0) event.source?.postMessage({ type: "others open", others });
    else await worker.skipWaiting();
  };
  event.waitUntil(answer());
});

// --- serving ---------------------------------------------------------------------------------

/** The path of the site's file that a request is for. @param {Request} request */
function pathOf({ method, url }) {
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== HERE.origin || !pathname.startsWith(HERE.pathname)) return undefined;
  const path = pathname.slice(HERE.pathname.length);
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

worker.addEventListener("fetch", (event) => {
  const path = pathOf(event.request);
  if (site.build === "" || path === undefined || !(path === LIST || site.files[path])) return;
  const answer = async () => {
    const cache = await caches.open(isWeights(path) ? WEIGHTS : CACHE);
    const kept = await cache.match(isWeights(path) ? keptAs(site.files[path]?.sha256 ?? "") : new URL(path, HERE));
    return kept ?? fetch(event.request);
  };
  event.respondWith(answer());
});
