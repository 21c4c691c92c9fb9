// Hands of one's own for the element: a hand's file, by its address or its content, becomes options to write with.

import { openHand } from "../capture/learn.js";

/** @typedef {import("../pkg/running_hand.js").WriteOptions} WriteOptions */
/** @typedef {import("../engine/client.js").Client<import("../engine/messages.js").EngineRequests>} EngineClient */

/** What was read, by file: elements share it. @type {Map<URL | string | Uint8Array, Promise<Partial<WriteOptions>>>} */
const read = new Map();

/** Elements name files by address: the same one each time. @type {Map<string, URL>} */
const addresses = new Map();

/** The file at an address, which may be relative to the page's. @param {string} source */
export function handAt(source) {
  const address = new URL(source, document.baseURI);
  const known = addresses.get(address.href) ?? address;
  addresses.set(address.href, known);
  return known;
}

/**
 * Options that make an engine write in a hand. Rejects with what is wrong with the file; it is then read anew the next time.
 * @param {URL | string | Uint8Array} file its address or its content
 * @param {EngineClient} client of the engine, opened @param {URL} [folder] where the package's files lie
 */
export function handOptions(file, client, folder) {
  const known = read.get(file) ?? readHand(file, client, folder);
  read.set(file, known);
  known.catch(() => read.delete(file));
  return known;
}

/** @param {URL | string | Uint8Array} file @param {EngineClient} client @param {URL} [folder] */
async function readHand(file, client, folder) {
  const name = file instanceof URL ? `The hand ${file.pathname.split("/").at(-1) || file.href}` : "The hand";
  const content = file instanceof URL ? await download(file, name) : file;
  const hand = await openHand(content, folder).catch((error) => {
    throw new Error(`${name} can’t be read: ${error.message}`, { cause: error });
  });
  const [{ text, strokes }] = hand.samples;
  const { points } = await client.request("readInk", { strokes, text, check: false });
  if (!points.length) throw new Error(`${name} can’t be used: its ink doesn’t fit its text. Export it again.`);
  const { weights, numbers, strength } = hand;
  return { ownHand: { weights, numbers, strength }, prime: { text, points } };
}

/** @param {URL} address @param {string} name */
async function download(address, name) {
  const answer = await fetch(address).catch((error) => {
    throw new Error(`${name} can’t be downloaded (${error.message}). Check its address and the connection.`, { cause: error });
  });
  if (!answer.ok) throw new Error(`${name} can’t be downloaded: the server answered ${answer.status}. Check its address.`);
  return new Uint8Array(await answer.arrayBuffer());
}
