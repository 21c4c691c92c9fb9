// Errors of the engine's scripts that people may read. Each has a code and values besides its English message, so that
// the page can say it in the visitor's language: see words/.

/**
 * What is wrong with a file: it is empty, a web page, of another size, or of the right size but not what was published.
 * @typedef {{ found: "empty" | "page" | "size" | "content", bytes: number, expected: number }} Damage
 */

/** The English messages, by code. Each says the cause and the remedy. */
export const MESSAGES = {
  /** @param {{ cause: string }} values */
  notStarted: ({ cause }) =>
    `The engine did not start${cause && ` (${cause})`}. It needs WebAssembly SIMD and module workers: Chrome 91, ` +
    "Firefox 114, Safari 16.4 or later. If your browser is newer, reload the page.",
  /** @param {{ reason: string }} values */
  moduleMissing: ({ reason }) => `The engine can’t be downloaded (${reason}). Check the connection, then try again.`,
  /** @param {{ reason: string }} values */
  moduleRefused: ({ reason }) =>
    `This browser can’t run the engine (${reason}). It needs WebAssembly SIMD: Chrome 91, Firefox 114, Safari 16.4 or ` +
    "later. If your browser is newer, the file on the server is damaged: try again, or publish the site again.",
  /** @param {{ reason: string }} values */
  moduleForbidden: ({ reason }) =>
    `The server’s Content-Security-Policy forbids WebAssembly (${reason}). Its script-src must allow ‘wasm-unsafe-eval’.`,
  ended: () => "The worker was ended.",
  nothingToWrite: () =>
    "There is nothing to write: the network knows none of these characters. It writes Latin letters with their accents, " +
    "digits and signs; Greek and Cyrillic letters become Latin ones.",
  nothingWritten: () => "Nothing has been written yet.",
  /** @param {{ text: string }} values */
  notItsText: ({ text }) =>
    `No words can be written after “${text}”: the ink doesn’t seem to say that. Write the sentence again, or correct its text.`,
  otherVersion: () => "The site changed while this page was loading, so its parts no longer match. Reload the page.",
  /** @param {Damage & { path: string }} values */
  damaged: ({ path, found, bytes, expected }) =>
    `${path} arrived damaged, twice: ${
      { empty: "it is empty", page: "it is a web page", size: `${bytes} bytes of ${expected}`, content: "its content differs" }[found]
    }. Reload the page. If that doesn’t help, the file on the server isn’t the ` +
    "one that belongs to this version: publish the site again.",
  /** @param {{ path: string, reason: string }} values */
  notDownloaded: ({ path, reason }) =>
    `${path} can’t be downloaded (${reason}). Check the connection and reload the page.`,
  /** @param {{ path: string, answer: string }} values */
  refused: ({ path, answer }) =>
    `${path} can’t be downloaded: the server answered ${answer}. The file must be where the page asks for it.`,
  /** @param {{ path: string, loaded: number, reason: string }} values */
  brokeOff: ({ path, loaded, reason }) =>
    `The download of ${path} stopped after ${loaded} bytes (${reason}). Check the connection and reload the page.`,
};

/** @typedef {keyof typeof MESSAGES} ErrorCode */

/**
 * An error with a code, and the values that its message states.
 * @template {ErrorCode} [C=ErrorCode]
 */
export class CodedError extends Error {
  /**
   * @param {C} code
   * @param {Parameters<typeof MESSAGES[C]>} values none or one
   */
  constructor(code, ...values) {
    super(/** @type {(...values: any) => string} */ (MESSAGES[code])(...values));
    this.code = code;
    this.values = /** @type {Record<string, unknown>} */ (values[0] ?? {});
  }
}
