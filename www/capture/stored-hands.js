// The hands that are kept, on this device only: each as the text of its file, in local storage.

/** A kept hand: the file as exported, and its name. @typedef {{ id: string, json: string }} Kept */

const PREFIX = "running-hand.hand.";

/** What is kept; nothing if the browser does not let the page look. @returns {Kept[]} */
export function kept() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .sort()
      .map((key) => ({ id: key.slice(PREFIX.length), json: localStorage.getItem(key) ?? "" }));
  } catch {
    return [];
  }
}

/** Keeps a hand, or says why not. @param {string} id @param {string} json @returns {string} "" if it is kept */
export function keep(id, json) {
  try {
    localStorage.setItem(PREFIX + id, json);
    return "";
  } catch (error) {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    const cause = full ? "There is no room left to keep it" : "This browser does not let the page keep anything";
    return `${cause}, so the hand is here until the page is closed. Export it to have it again.`;
  }
}

/** @param {string} id */
export function forget(id) {
  try {
    localStorage.removeItem(PREFIX + id);
  } catch {
    // Nothing could be kept.
  }
}
