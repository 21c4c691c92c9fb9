// What pages that enforce Trusted Types require: a policy that admits scripts of the page's own origin only.

/** @type {{ createScriptURL: (address: string) => any } | undefined} */
const policy = (() => {
  try {
    return Reflect.get(globalThis, "trustedTypes")?.createPolicy("running-hand", {
      createScriptURL: (/** @type {string} */ address) => {
        if (new URL(address).origin === location.origin) return address;
        throw new TypeError(`${address} is no script of this site.`);
      },
    });
  } catch {
    // The page does not allow a policy `running-hand`, which only pages that enforce Trusted Types need to.
    return undefined;
  }
})();

/**
 * The address of a script, for `register` of service workers and the like.
 * @param {URL} address
 * @returns {URL} or a `TrustedScriptURL`
 */
export function script(address) {
  return policy ? policy.createScriptURL(address.href) : address;
}

/**
 * Starts a worker on a page that may enforce Trusted Types. Bundlers find a worker's script only by the literal
 * `new Worker(new URL("…", import.meta.url), …)`, whose address is no `TrustedScriptURL`. So while `start` runs, the
 * global `Worker` is one that makes its address trusted.
 * @param {() => Worker} start
 */
export function trustedWorker(start) {
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    /** @param {string | URL} address @param {WorkerOptions} [options] */
    constructor(address, options) {
      super(script(new URL(address, location.href)), options);
    }
  };
  try {
    return start();
  } finally {
    globalThis.Worker = Original;
  }
}
