// The files of the site, with their hashes. `cargo xtask build` writes this module anew. Served from
// the sources it is empty, as here: then nothing is kept on the device, and no edit goes unseen.

/**
 * `build` names this version: a hash over all files. The keys of `files` are their paths; `sha256` is
 * in hexadecimal digits.
 * @type {{ build: string, files: Record<string, { sha256: string, bytes: number } | undefined> }}
 */
export const site = { build: "", files: {} };
