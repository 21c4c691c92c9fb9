// What pages that enforce Trusted Types require: a policy that admits scripts of this site only, and XML that is only
// read, never made a part of the page.

/** The site's folder. */
const ROOT = new URL("../", import.meta.url);

/** @type {{ createScriptURL: (address: string) => any, createHTML: (xml: string) => any } | undefined} */
const policy = (() => {
  try {
    return Reflect.get(globalThis, "trustedTypes")?.createPolicy("running-hand", {
      createScriptURL: (/** @type {string} */ address) => {
        if (address.startsWith(ROOT.href)) return address;
        throw new TypeError(`${address} is no script of this site.`);
      },
      // Only for `xmlDocument`.
      createHTML: (/** @type {string} */ xml) => xml,
    });
  } catch {
    // The page does not allow a policy `running-hand`, which only pages that enforce Trusted Types need to.
    return undefined;
  }
})();

/**
 * The address of a script of this site, for `Worker` and the like.
 * @param {string} path relative to the site's folder, such as "engine/worker.js"
 * @returns {URL} or a `TrustedScriptURL`
 */
export function script(path) {
  const address = new URL(path, ROOT);
  return policy ? policy.createScriptURL(address.href) : address;
}

/** Parses XML into a document of its own, in which nothing runs. @param {string} xml */
export function xmlDocument(xml) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(xml) : xml, "application/xml");
}
