// The one client for requests to workers: it numbers requests, pairs replies with them, and cancels them. Every dialog
// of the page, the element and the line pool use it. server.js is its counterpart in the worker.

import { CodedError } from "./errors.js";

/** @typedef {import("./messages.js").ReplyMessage} ReplyMessage */
/** @typedef {import("./messages.js").RequestMap} RequestMap */
/** @typedef {import("./messages.js").RequestMessage} RequestMessage */

/**
 * A request without a result so far.
 * @typedef {object} Pending
 * @property {(result: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {(event: any) => void} onEvent
 * @property {() => void} release removes the listener of the request's signal
 */

/**
 * Event "broken": the worker did not start, or threw outside a request. All pending requests are rejected with
 * `failure`, and so are later ones.
 * @template {RequestMap} R the requests that the worker serves
 */
export class Client extends EventTarget {
  /** @type {Worker} */ #worker;
  #lastId = 0;
  /** By id. Replies to other ids are stale, and dropped. @type {Map<number, Pending>} */ #pending = new Map();
  /** Why nothing can be requested any more. @type {Error | undefined} */ failure;

  /**
   * @param {Worker} worker
   * @param {(notice: any) => void} [onNotice] gets what the worker sends outside of requests
   */
  constructor(worker, onNotice = () => {}) {
    super();
    this.#worker = worker;
    worker.addEventListener("message", (/** @type {MessageEvent<ReplyMessage>} */ { data }) => {
      if ("notice" in data) onNotice(data.notice);
      else this.#receive(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(new CodedError("notStarted", { cause: event.message ?? "" }));
      this.dispatchEvent(new Event("broken"));
    });
  }

  /**
   * Sends a request to the worker. The promise is rejected with the worker's error if the request fails, and with the
   * signal's reason as soon as it is aborted; the worker is then told to stop, and whatever it still sends is dropped.
   * @template {keyof R & string} T
   * @param {T} type
   * @param {R[T]["params"]} params
   * @param {object} [options]
   * @param {AbortSignal} [options.signal]
   * @param {Transferable[]} [options.transfer] buffers of `params` to move instead of copying them
   * @param {(event: R[T]["event"]) => void} [options.onEvent] gets what comes before the result, in order
   * @returns {Promise<R[T]["result"]>}
   */
  request(type, params, { signal, transfer = [], onEvent = () => {} } = {}) {
    return new Promise((resolve, reject) => {
      if (this.failure) throw this.failure;
      signal?.throwIfAborted();
      const id = (this.#lastId += 1);
      this.#post({ id, type, params }, transfer);
      const cancel = () => {
        this.#settle(id)?.reject(signal?.reason);
        this.#post({ id, type: "cancel" });
      };
      signal?.addEventListener("abort", cancel);
      this.#pending.set(id, { resolve, reject, onEvent, release: () => signal?.removeEventListener("abort", cancel) });
    });
  }

  /** Ends the worker; pending requests are rejected. */
  close() {
    this.#worker.terminate();
    this.#fail(new CodedError("ended"));
  }

  /** @param {RequestMessage} message @param {Transferable[]} [transfer] */
  #post(message, transfer = []) {
    this.#worker.postMessage(message, transfer);
  }

  /** @param {Exclude<ReplyMessage, { notice: unknown }>} reply */
  #receive(reply) {
    if ("event" in reply) this.#pending.get(reply.id)?.onEvent(reply.event);
    else if ("error" in reply) {
      const { error, code, values } = reply;
      this.#settle(reply.id)?.reject(Object.assign(new Error(error), { code, values }));
    } else this.#settle(reply.id)?.resolve(reply.result);
  }

  /** Takes a request out of the pending ones. @param {number} id */
  #settle(id) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.release();
    return pending;
  }

  /** @param {Error} failure */
  #fail(failure) {
    this.failure ??= failure;
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(this.failure);
  }
}
