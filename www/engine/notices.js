// What the engine says of the GPU: `notice` of messages.js. Its English sentences come from src/error.rs, src/engine/gpu/
// and src/engine/selftest.rs. From them the page reads a code and values, to say it in the visitor's language: see words/.

/** @param {string} reason */
const unavailable = (reason) => `No GPU engine: ${reason}. The CPU engine writes instead.`;
/** @param {string} reason */
const lost = (reason) => `The GPU was lost: ${reason}. The CPU engine goes on from the last point.`;

/** The English sentences, by code. Of two that fit, the first is meant. `cause` is a driver's or a browser's own message. */
export const NOTICES = {
  noWebGpu: () => unavailable("this browser offers no WebGPU here"),
  /** @param {{ name: string }} values */
  softwareGpu: ({ name }) => unavailable(`only a software adapter (${name}), which is slower than the CPU engine`),
  /** @param {{ name: string, cause: string }} values */
  gpuNotOpened: ({ name, cause }) => unavailable(`${name} cannot be opened (${cause})`),
  /** @param {{ name: string, cause: string }} values */
  gpuRefused: ({ name, cause }) => unavailable(`${name} says: ${cause}`),
  /** @param {{ name: string, cause: string }} values */
  gpuLostInTest: ({ name, cause }) => unavailable(`${name} was lost while it was tested, ${cause}`),
  /** @param {{ name: string, found: string, right: string }} values */
  gpuWrong: ({ name, found, right }) => unavailable(`${name} computes wrong numbers, ${found} where ${right} is right`),
  /** @param {{ count: string, most: string }} values */
  windowTooLarge: ({ count, most }) => unavailable(`the window has ${count} components, and this engine has room for ${most}`),
  /** @param {{ count: string, most: string }} values */
  mixtureTooLarge: ({ count, most }) => unavailable(`the mixture has ${count} components, and this engine has room for ${most}`),
  /** @param {{ cause: string }} values */
  noGpu: ({ cause }) => unavailable(cause),
  gpuLostSilently: () => lost("the driver gave no reason"),
  gpuUnreadable: () => lost("its results could not be read"),
  /** @param {{ cause: string }} values */
  gpuLost: ({ cause }) => lost(cause),
};

/** @typedef {keyof typeof NOTICES} NoticeCode */

/** Stands on both sides of a value's name. */
const MARK = "\u0001";
/** What gives each value its own name. */
const names = new Proxy({}, { get: (_, name) => `${MARK}${String(name)}${MARK}` });

/** What the sentence of each code looks like. @type {[string, RegExp][]} */
const PATTERNS = Object.entries(NOTICES).map(([code, say]) => {
  const sentence = /** @type {(values: any) => string} */ (say)(names);
  const parts = sentence.split(MARK).map((part, i) => (i % 2 ? `(?<${part}>.+)` : part.replace(/[.()]/g, "\\$&")));
  return [code, new RegExp(`^${parts.join("")}$`, "s")];
});

/**
 * The code and the values of a sentence; `undefined` if it is none of these.
 * @param {string} notice
 * @returns {{ code: string, values: Record<string, string> } | undefined}
 */
export function readNotice(notice) {
  for (const [code, pattern] of PATTERNS) {
    const found = pattern.exec(notice);
    if (found) return { code, values: { ...found.groups } };
  }
  return undefined;
}
