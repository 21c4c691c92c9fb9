// All files of the site with their hashes, for the service worker: as site-files.js, and likewise replaced in the built
// site.

/** @type {typeof import("./site-files.js").site} */
export const site = { build: "", files: {} };
