// Shared by the tests of the npm package: projects that have installed it as users do.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const run = promisify(execFile);

/** The package as `cargo xtask package` makes it. */
export const PACKAGE = process.env.PACKAGE ?? fileURLToPath(new URL("../../target/npm/", import.meta.url));
/** Other people's tools, in the versions of their lock file. */
export const TOOLS = fileURLToPath(new URL("../bundlers/", import.meta.url));

/**
 * A clean project that has installed the packed package without a network. Outside of the repository's source folders,
 * so that nothing of those is found by accident.
 * @param {Record<string, string>} [files] by path
 */
export async function project(files = {}) {
  const folder = await mkdtemp(join(dirname(PACKAGE.replace(/\/$/, "")), "project-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE });
  const [packed] = JSON.parse(stdout);
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${packed.filename}`], { cwd: folder });
  const add = async (/** @type {Record<string, string>} */ more) => {
    for (const [path, text] of Object.entries(more)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  await add(files);
  return {
    folder,
    packed,
    add,
    /** Makes packages of the lock file available to the project. @param {string[]} names */
    async link(...names) {
      for (const name of names) {
        const path = join(folder, "node_modules", name);
        await mkdir(dirname(path), { recursive: true });
        await symlink(join(TOOLS, "node_modules", name), path);
      }
    },
    /** Copies the installed package. @param {string} path in the project */
    copyPackage: (path) => cp(join(folder, "node_modules/running-hand"), join(folder, path), { recursive: true }),
    remove: () => rm(folder, { recursive: true }),
  };
}
