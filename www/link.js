// A writing as the fragment of an address: everything that determines the ink, so that whoever opens
// the link gets the same. The fragment is not sent to any server.

/**
 * @typedef {object} Shared
 * @property {string} text
 * @property {number} bias
 * @property {number} temperature
 * @property {number} seed
 * @property {string} style name of the hand; "" for no one's
 * @property {number} columns
 * @property {boolean} scribble
 */

/** Ranges of the numbers: those of the form's fields. */
const RANGES = {
  bias: { min: 0, max: 2, whole: false },
  temperature: { min: 0.2, max: 2, whole: false },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true },
  columns: { min: 10, max: 60, whole: true },
};
/** As much as the text field takes. */
const LONGEST = 2000;

/** @param {Shared} shared @param {string} weights fingerprint of the network */
export function toFragment(shared, weights) {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(shared)) {
    if (value !== "" && value !== false) parameters.set(key, value === true ? "1" : String(value));
  }
  parameters.set("weights", weights);
  return `#${parameters}`;
}

/**
 * What a fragment says, as far as it makes sense; `problems` names what does not. `undefined` for a
 * fragment that is no writing.
 * @param {string} fragment
 */
export function fromFragment(fragment) {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!parameters.has("seed")) return undefined;
  /** @type {Partial<Shared>} */
  const shared = {
    text: (parameters.get("text") ?? "").slice(0, LONGEST),
    style: parameters.get("style") ?? "",
    scribble: parameters.get("scribble") === "1",
  };
  /** @type {string[]} */
  const problems = [];
  for (const [key, { min, max, whole }] of Object.entries(RANGES)) {
    const given = parameters.get(key);
    if (given === null) continue;
    const value = Number(given);
    if (given.trim() !== "" && value >= min && value <= max && (!whole || Number.isInteger(value))) {
      shared[/** @type {keyof typeof RANGES} */ (key)] = value;
    } else {
      problems.push(`The link’s ${key} is no number from ${min} to ${max}.`);
    }
  }
  return { shared, problems, weights: parameters.get("weights") ?? "" };
}
