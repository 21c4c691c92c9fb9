// The service worker: caches one complete version of the site and serves the site from the cache. A new version is
// cached beside it, and activated when no page of the old one is open any more.

import { WEIGHTS_CACHE, cacheKey, sri, weights } from "./engine/weights.js";
import { site } from "./util/all-files.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const ROOT = new URL("./", import.meta.url);
/** Prefix of this site's caches. It has the path, since caches are shared by all sites of a host. */
const CACHE_PREFIX = `running-hand site ${ROOT.pathname} `;
const CACHE = CACHE_PREFIX + site.build;

const paths = Object.keys(site.files);
/** @param {string} path */
const isWeights = (path) => path.endsWith(".safetensors");

// --- caching ---------------------------------------------------------------------------------

/** Caches every file. Hashes ensure that all are of this version. */
async function install() {
  const cache = await caches.open(CACHE);
  const store = async (/** @type {string} */ path, /** @type {RequestInit} */ init) => {
    const response = await fetch(new URL(path, ROOT), { cache: "no-cache", ...init });
    if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
    const body = await response.arrayBuffer();
    // A new response: one that was redirected may not be served to a page.
    const headers = new Headers(response.headers);
    for (const name of ["content-encoding", "content-length"]) headers.delete(name);
    await cache.put(new URL(path, ROOT), new Response(body, { headers }));
  };
  await Promise.all(
    paths.map(async (path) => {
      const sha256 = site.files[path]?.sha256 ?? "";
      if (!isWeights(path)) return store(path, { integrity: sri(sha256) });
      // The page has mostly cached them by now.
      const cached = await caches.open(WEIGHTS_CACHE);
      if (await cached.match(cacheKey(sha256))) return;
      await weights(path);
      if (!(await cached.match(cacheKey(sha256)))) throw new Error(`there is no room to cache ${path}`);
    }),
  );
}

/** Deletes the caches of older versions. */
async function deleteOldVersions() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  const cached = await caches.open(WEIGHTS_CACHE);
  const current = new Set(paths.map((path) => cacheKey(site.files[path]?.sha256 ?? "")));
  for (const { url } of await cached.keys()) if (!current.has(url)) await cached.delete(url);
}

/** Deletes all caches and the service worker itself: the site is served from its sources now. */
async function uninstall() {
  const names = await caches.keys();
  const ours = names.filter((name) => name.startsWith(CACHE_PREFIX) || name === WEIGHTS_CACHE);
  await Promise.all(ours.map((name) => caches.delete(name)));
  await worker.registration.unregister();
  const pages = await worker.clients.matchAll({ type: "window" });
  // Not awaited: a navigation waits for this worker to be active, which waits for this function.
  for (const page of pages) page.navigate(page.url).catch(() => {});
}

worker.addEventListener("install", (event) => {
  event.waitUntil(site.build === "" ? worker.skipWaiting() : install());
});
worker.addEventListener("activate", (event) => event.waitUntil(site.build === "" ? uninstall() : deleteOldVersions()));

// --- activating ------------------------------------------------------------------------------

/**
 * A page asks this worker, which has the new version, to become active. Refused while other tabs are open: they would
 * get files of two versions.
 */
worker.addEventListener("message", (event) => {
  if (event.data !== "activate") return;
  const activate = async () => {
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const others = pages.filter(({ url }) => url.startsWith(ROOT.href)).length - 1;
    if (others > 0) event.source?.postMessage({ type: "other tabs" });
    else await worker.skipWaiting();
  };
  event.waitUntil(activate());
});

// --- serving ---------------------------------------------------------------------------------

/** The path in the site of what is requested; `undefined` for requests that go elsewhere. @param {Request} request */
function pathOf({ method, url }) {
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== ROOT.origin || !pathname.startsWith(ROOT.pathname)) return undefined;
  const path = pathname.slice(ROOT.pathname.length);
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

worker.addEventListener("fetch", (event) => {
  const path = pathOf(event.request);
  if (site.build === "" || path === undefined || !site.files[path]) return;
  const respond = async () => {
    const cache = await caches.open(isWeights(path) ? WEIGHTS_CACHE : CACHE);
    const key = isWeights(path) ? cacheKey(site.files[path]?.sha256 ?? "") : new URL(path, ROOT);
    return (await cache.match(key)) ?? fetch(event.request);
  };
  event.respondWith(respond());
});
