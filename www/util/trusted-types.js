// What pages that enforce Trusted Types ask for: scripts of this site only, and XML that is only read.

const ROOT = new URL("../", import.meta.url);

/** @type {{ createScriptURL: (address: string) => any, createHTML: (xml: string) => any } | undefined} */
const policy = (() => {
  try {
    return Reflect.get(globalThis, "trustedTypes")?.createPolicy("running-hand", {
      createScriptURL: (/** @type {string} */ address) => {
        if (address.startsWith(ROOT.href)) return address;
        throw new TypeError(`${address} is no script of this site.`);
      },
      // Only for `xmlDocument`, whose result is never a part of the page.
      createHTML: (/** @type {string} */ xml) => xml,
    });
  } catch {
    // A page that enforces Trusted Types has to allow the policy `running-hand`; others need none.
    return undefined;
  }
})();

/**
 * The address of a script beside this one.
 * @param {string} path
 * @returns {URL} or what stands for it under Trusted Types
 */
export function script(path) {
  const address = new URL(path, ROOT);
  return policy ? policy.createScriptURL(address.href) : address;
}

/**
 * A document of its own, to be read: nothing in it runs.
 * @param {string} xml
 */
export function xmlDocument(xml) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(xml) : xml, "application/xml");
}
