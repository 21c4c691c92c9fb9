// What the visitor drew, stored on this device only, in local storage: hands, each as the text of its file, and the
// sentences that no hand was made of so far.

import { allWords } from "../words/words.js";

const HAND = "running-hand.hand.";
const DRAFT = "running-hand.sentences";

/** All stored hands; none if the browser denies the page storage. @returns {{ id: string, json: string }[]} */
export function storedHands() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(HAND))
      .sort()
      .map((key) => ({ id: key.slice(HAND.length), json: localStorage.getItem(key) ?? "" }));
  } catch {
    return [];
  }
}

/** Stores a hand. @param {string} id @param {string} json @returns {string} why that failed; "" if it did not */
export const storeHand = (id, json) => store(HAND + id, json, allWords.capture.noRoom, allWords.capture.noStorage);

/** @param {string} id */
export const deleteHand = (id) => remove(HAND + id);

/** The stored draft; "" if there is none. */
export function storedDraft() {
  try {
    return localStorage.getItem(DRAFT) ?? "";
  } catch {
    return "";
  }
}

/** Stores the draft, or removes it. @param {string} json "" for none @returns {string} why that failed; "" if it did not */
export function storeDraft(json) {
  if (json) return store(DRAFT, json, allWords.capture.draftNoRoom, allWords.capture.draftNoStorage);
  remove(DRAFT);
  return "";
}

/**
 * @param {string} key @param {string} value
 * @param {string} noRoom said if there is too little room @param {string} denied said if the browser does not let it
 * @returns {string} why it failed; "" if it did not
 */
function store(key, value, noRoom, denied) {
  try {
    localStorage.setItem(key, value);
    return "";
  } catch (error) {
    return error instanceof DOMException && error.name === "QuotaExceededError" ? noRoom : denied;
  }
}

/** @param {string} key */
function remove(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Without storage there is nothing to remove.
  }
}
