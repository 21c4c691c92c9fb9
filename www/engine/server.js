// The worker's end of client.js: runs a handler for each request and sends what comes of it.

/** @typedef {import("./messages.js").ReplyMessage} ReplyMessage */
/** @typedef {import("./messages.js").RequestMap} RequestMap */

/**
 * What a handler gets besides the parameters.
 * @template E
 * @typedef {object} Context
 * @property {AbortSignal} signal aborted when the client cancels the request
 * @property {(event: E, transfer?: Transferable[]) => void} emit sends an event
 * @property {Transferable[]} transfer for buffers of the result that are to be moved instead of copied
 */

/**
 * A function for each type of request; what it throws is sent to the client as the request's error.
 * @template {RequestMap} R
 * @typedef {{ [T in keyof R]: (params: R[T]["params"], context: Context<R[T]["event"]>) =>
 *   R[T]["result"] | Promise<R[T]["result"]> }} Handlers
 */

/** @param {ReplyMessage} message @param {Transferable[]} [transfer] */
const post = (message, transfer = []) => self.postMessage(message, { transfer });

/** Sends what belongs to no request. @param {unknown} notice */
export const notify = (notice) => post({ notice });

/**
 * Serves the requests that come to this worker from now on. They run concurrently.
 * @template {RequestMap} R
 * @param {Handlers<R>} handlers
 */
export function serve(handlers) {
  /** By id, those without a result. @type {Map<number, AbortController>} */
  const running = new Map();
  self.addEventListener("message", async ({ data: { id, type, params } }) => {
    if (type === "cancel") {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    /** @type {Transferable[]} */
    const transfer = [];
    /** @type {Context<any>} */
    const context = { signal: controller.signal, emit: (event, moved) => post({ id, event }, moved), transfer };
    try {
      post({ id, result: await handlers[type](params, context) }, transfer);
    } catch (error) {
      const { message = String(error), code, values } = /** @type {import("./errors.js").CodedError} */ (error);
      post({ id, error: message, code, values });
    } finally {
      running.delete(id);
    }
  });
}
