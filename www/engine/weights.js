// Weights files: from the cache on this device, else downloaded; always checked against their hash.

import { site } from "../util/site-files.js";
import { CodedError } from "./errors.js";

/**
 * Where the files are, by their paths in the site. Bundlers know them by these literals, and serve them elsewhere.
 * @type {Record<string, URL | undefined>}
 */
const ADDRESSES = {
  "weights/synthesis.safetensors": new URL("../weights/synthesis.safetensors", import.meta.url),
  "weights/prediction.safetensors": new URL("../weights/prediction.safetensors", import.meta.url),
};
/** An absolute address: some bundlers make `new URL` of the literals above a path of the site only. @param {string} path */
function addressOf(path) {
  const address = ADDRESSES[path];
  if (!address) throw new Error(`${path} is no weights file of this site.`);
  return new URL(address, location.href);
}
const FOLDER = new URL("./", addressOf("weights/synthesis.safetensors"));

/** Name of the cache. It has the site's path, since caches are shared by all sites of a host. */
export const WEIGHTS_CACHE = `running-hand weights ${FOLDER.pathname.replace(/weights\/$/, "")}`;

/** The address under which a file is cached, by its hash. @param {string} sha256 */
export const cacheKey = (sha256) => new URL(sha256, FOLDER).href;

/**
 * Bytes of a weights file of this site.
 * @param {string} path such as "weights/synthesis.safetensors"
 * @param {(loaded: number, total: number) => void} [progress] in bytes; `total` is 0 if unknown
 */
export async function weights(path, progress = () => {}) {
  const expected = site.files[path];
  if (!expected) return download(path, "no-cache", undefined, progress);
  // If the page and the service worker need a file at the same time, the second one finds it in the cache.
  return exclusively(`running-hand ${expected.sha256}`, async () => {
    const cache = await openCache();
    const cached = await cache?.match(cacheKey(expected.sha256)).catch(() => undefined);
    if (cached) {
      const bytes = new Uint8Array(await cached.arrayBuffer());
      if ((await damage(bytes, expected)) === undefined) return bytes;
    }
    const bytes = await downloadChecked(path, expected, progress);
    // Without room for it, the file is downloaded again next time.
    await cache?.put(cacheKey(expected.sha256), new Response(bytes)).catch(() => {});
    return bytes;
  });
}

/** The cache; `undefined` if the browser denies the site storage. */
async function openCache() {
  try {
    return await caches.open(WEIGHTS_CACHE);
  } catch {
    return undefined;
  }
}

/**
 * Downloads a file; a second time if the first attempt fails or what comes is damaged.
 * @param {string} path @param {{ sha256: string, bytes: number }} expected
 * @param {(loaded: number, total: number) => void} progress
 */
async function downloadChecked(path, expected, progress) {
  /** @type {unknown} */
  let failure;
  // The second time past all caches: a cached copy may be what is damaged.
  for (const cache of /** @type {const} */ (["default", "reload"])) {
    try {
      const bytes = await download(path, cache, expected, progress);
      const found = await damage(bytes, expected);
      if (found === undefined) return bytes;
      failure = new CodedError("damaged", { path, ...found });
    } catch (error) {
      failure = error;
      // The server answered: it would answer the same again.
      if (error instanceof CodedError && error.code === "refused") break;
    }
  }
  throw failure;
}

/**
 * @param {string} path @param {RequestCache} cache @param {{ sha256: string, bytes: number } | undefined} expected
 * @param {(loaded: number, total: number) => void} progress
 */
async function download(path, cache, expected, progress) {
  // Pages of insecure origins cannot compute hashes, but `fetch` can compare them.
  const integrity = expected && !globalThis.crypto?.subtle ? { integrity: sri(expected.sha256) } : {};
  /** @type {Response} */
  let response;
  try {
    response = await fetch(addressOf(path), { cache, ...integrity });
  } catch (error) {
    throw new CodedError("notDownloaded", { path, reason: reason(error) });
  }
  if (!response.ok) {
    throw new CodedError("refused", { path, answer: `${response.status} ${response.statusText}`.trimEnd() });
  }
  const compressed = response.headers.has("content-encoding");
  const total = expected?.bytes ?? (compressed ? 0 : Number(response.headers.get("content-length") ?? 0));
  /** @type {Uint8Array[]} */
  const pieces = [];
  let loaded = 0;
  try {
    for (const reader = response.body?.getReader(); reader; ) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      loaded += value.length;
      progress(loaded, total);
    }
  } catch (error) {
    throw new CodedError("brokeOff", { path, loaded, reason: reason(error) });
  }
  const bytes = new Uint8Array(loaded);
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/**
 * What is wrong with a file's bytes; `undefined` if nothing is.
 * @param {Uint8Array<ArrayBuffer>} bytes @param {{ sha256: string, bytes: number }} expected
 */
async function damage(bytes, expected) {
  const damaged = (/** @type {import("./errors.js").Damage["found"]} */ found) => ({ found, bytes: bytes.length, expected: expected.bytes });
  if (bytes.length === 0) return damaged("empty");
  if (bytes.length !== expected.bytes) return damaged(bytes[0] === "<".charCodeAt(0) ? "page" : "size");
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex === expected.sha256 ? undefined : damaged("content");
}

/** A hash as a value of `integrity`. @param {string} sha256 */
export function sri(sha256) {
  const bytes = sha256.match(/../g)?.map((digits) => parseInt(digits, 16)) ?? [];
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}

/** @param {unknown} error */
const reason = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Runs `work` when no other page or worker of this site runs work of that name, if the browser has locks.
 * @template T
 * @param {string} name @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function exclusively(name, work) {
  let started = false;
  try {
    return await navigator.locks.request(name, () => {
      started = true;
      return work();
    });
  } catch (error) {
    if (started) throw error;
    return work();
  }
}
