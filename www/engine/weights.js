// Weights files: from this device where they are kept by their hash, else from the host; checked.

import { site } from "../util/site-files.js";

const ROOT = new URL("../", import.meta.url);

/** Name of the cache. Other copies of the site on the same host have their own. */
export const WEIGHTS = `running-hand weights ${ROOT.pathname}`;

/** Address under which a file's content is kept: that of its hash. @param {string} sha256 */
export const keptAs = (sha256) => new URL(`weights/${sha256}`, ROOT).href;

/**
 * Bytes of a weights file of this site.
 * @param {string} path such as "weights/synthesis.safetensors"
 * @param {(loaded: number, total: number) => void} [progress] bytes; the total is 0 where nobody knows it
 */
export async function weights(path, progress = () => {}) {
  const wanted = site.files[path];
  if (!wanted) return download(path, "no-cache", undefined, progress);
  // The page and the service worker may want a file at once: the second finds it kept.
  return alone(`running-hand ${wanted.sha256}`, async () => {
    const cache = await open();
    const kept = await cache?.match(keptAs(wanted.sha256)).catch(() => undefined);
    if (kept) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      if ((await problem(bytes, wanted)) === undefined) return bytes;
    }
    const bytes = await checked(path, wanted, progress);
    // Where there is no room, it is downloaded again next time.
    await cache?.put(keptAs(wanted.sha256), new Response(bytes)).catch(() => {});
    return bytes;
  });
}

/** The cache, if the browser lets the site keep anything. */
async function open() {
  try {
    return await caches.open(WEIGHTS);
  } catch {
    return undefined;
  }
}

/**
 * Downloads a file; one that does not come, or not as it should be, is asked for once more.
 * @param {string} path @param {{ sha256: string, bytes: number }} wanted
 * @param {(loaded: number, total: number) => void} progress
 */
async function checked(path, wanted, progress) {
  let bad = "";
  // The second time from the host itself: a copy on the way may be what is broken.
  for (const cache of /** @type {const} */ (["default", "reload"])) {
    try {
      const bytes = await download(path, cache, wanted, progress);
      const found = await problem(bytes, wanted);
      if (found === undefined) return bytes;
      bad = `${path} came damaged, twice: ${found}. Load the page again; if this stays so, the file on the server `;
      bad += "is not the one of this version: publish the site anew.";
    } catch (error) {
      bad = error instanceof Error ? error.message : String(error);
      // What is not there does not come by asking again.
      if (error instanceof Refusal) break;
    }
  }
  throw new Error(bad);
}

class Refusal extends Error {}

/**
 * @param {string} path @param {RequestCache} cache @param {{ sha256: string, bytes: number } | undefined} wanted
 * @param {(loaded: number, total: number) => void} progress
 */
async function download(path, cache, wanted, progress) {
  const again = "Check the connection and load the page again.";
  // Only pages of a secure origin may compute hashes; for others the browser compares.
  const integrity = wanted && !globalThis.crypto?.subtle ? { integrity: sri(wanted.sha256) } : {};
  /** @type {Response} */
  let response;
  try {
    response = await fetch(new URL(path, ROOT), { cache, ...integrity });
  } catch (error) {
    throw new Error(`${path} cannot be downloaded (${reason(error)}). ${again}`);
  }
  if (!response.ok) {
    const answer = `the server answered ${response.status} ${response.statusText}`.trimEnd();
    throw new Refusal(`${path} cannot be downloaded: ${answer}. The file must lie where the page asks for it.`);
  }
  const compressed = response.headers.has("content-encoding");
  const total = wanted?.bytes ?? (compressed ? 0 : Number(response.headers.get("content-length") ?? 0));
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
    throw new Error(`${path} broke off after ${loaded} bytes (${reason(error)}). ${again}`);
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
 * What is wrong with a file, if anything.
 * @param {Uint8Array<ArrayBuffer>} bytes @param {{ sha256: string, bytes: number }} wanted
 */
async function problem(bytes, wanted) {
  if (bytes.length !== wanted.bytes) {
    const what = bytes.length === 0 ? "it is empty" : `${bytes.length} bytes of ${wanted.bytes}`;
    return bytes[0] === "<".charCodeAt(0) ? `${what}, an HTML page` : what;
  }
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex === wanted.sha256 ? undefined : "other bytes than were published";
}

/** A hash as `fetch` takes it. @param {string} sha256 */
export function sri(sha256) {
  const bytes = sha256.match(/../g)?.map((digits) => parseInt(digits, 16)) ?? [];
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}

/** @param {unknown} error */
const reason = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Does `work` while nobody else of this site does work of that name, where the browser can see to it.
 * @template T
 * @param {string} name @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function alone(name, work) {
  let begun = false;
  try {
    return await navigator.locks.request(name, () => {
      begun = true;
      return work();
    });
  } catch (error) {
    if (begun) throw error;
    return work();
  }
}
