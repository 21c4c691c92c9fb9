// The visitor's captured hands, stored on this device only: each as the text of its file, in local storage.

import { allWords } from "../words/words.js";

const PREFIX = "running-hand.hand.";

/** All stored hands; none if the browser denies the page storage. @returns {{ id: string, json: string }[]} */
export function storedHands() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .sort()
      .map((key) => ({ id: key.slice(PREFIX.length), json: localStorage.getItem(key) ?? "" }));
  } catch {
    return [];
  }
}

/** Stores a hand. @param {string} id @param {string} json @returns {string} why that failed; "" if it did not */
export function storeHand(id, json) {
  try {
    localStorage.setItem(PREFIX + id, json);
    return "";
  } catch (error) {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    return full ? allWords.capture.noRoom : allWords.capture.noStorage;
  }
}

/** @param {string} id */
export function deleteHand(id) {
  try {
    localStorage.removeItem(PREFIX + id);
  } catch {
    // Without storage there is nothing to delete.
  }
}
