// The site's version, and its weights with their hashes. `cargo xtask build` replaces this module in the built site. When
// the site is served from its sources, the list is empty: nothing is cached, so that every edit is seen.

/**
 * `build` identifies this version: a hash over all files. `files` has them by path; `sha256` is in hexadecimal.
 * @type {{ build: string, files: Record<string, { sha256: string, bytes: number } | undefined> }}
 */
export const site = { build: "", files: {} };
