// Small things that the page remembers on this device. Where the browser stores nothing, nothing is remembered.

const PREFIX = "running-hand ";

/** @param {string} key */
export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} key @param {string | undefined} value `undefined` to forget it @returns whether it is stored as asked */
export function remember(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
    return true;
  } catch {
    // Storage is denied or full.
    return false;
  }
}

/** The keys that begin so. @param {string} start */
export function remembered(start) {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX + start));
    return keys.map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}
