// Scripts of this site, as pages that enforce Trusted Types may start them.

const HERE = new URL("./", import.meta.url);

/** @type {{ createScriptURL: (address: string) => any } | undefined} */
const policy = (() => {
  try {
    return Reflect.get(globalThis, "trustedTypes")?.createPolicy("longhand", {
      createScriptURL: (/** @type {string} */ address) => {
        if (address.startsWith(HERE.href)) return address;
        throw new TypeError(`${address} is no script of this site.`);
      },
    });
  } catch {
    // A page that enforces Trusted Types has to allow the policy `longhand`; others need none.
    return undefined;
  }
})();

/**
 * The address of a script beside this one.
 * @param {string} path
 * @returns {URL} or what stands for it under Trusted Types
 */
export function script(path) {
  const address = new URL(path, HERE);
  return policy ? policy.createScriptURL(address.href) : address;
}
