// Small things that the page remembers on this device. Where the browser stores nothing, nothing is remembered.

/** @param {string} key */
export function recall(key) {
  try {
    return localStorage.getItem(`running-hand ${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} key @param {string | undefined} value `undefined` to forget it */
export function remember(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(`running-hand ${key}`);
    else localStorage.setItem(`running-hand ${key}`, value);
  } catch {
    // Storage is denied or full.
  }
}
