// The page's scripts lie in layers: each folder may import from those below it only, and no import is circular. Types
// that comments import count as imports, and so do the workers that a script starts: bundlers follow both.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const WWW = fileURLToPath(new URL("../../www/", import.meta.url));

/** From the bottom to the top; folders in one row do not know one another. `pkg` is built from Rust. */
const LAYERS = [["pkg"], ["util"], ["engine"], ["words"], ["sheet"], ["app"], ["capture", "export", "inspector"], ["element"], ["share", "ideas"], [""]];

const level = (path) => LAYERS.findIndex((folders) => folders.includes(folderOf(path)));
const folderOf = (path) => (path.includes("/") ? path.split("/")[0] : "");

/** What each script imports, by path below `www/`. */
const graph = new Map();
for (const path of await readdir(WWW, { recursive: true })) {
  if (!/\.(js|d\.ts)$/.test(path) || path.startsWith("pkg/")) continue;
  const source = await readFile(join(WWW, path), "utf8");
  const specifiers = [
    ...source.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g),
    ...source.matchAll(/new Worker\(\s*new URL\("(\.[^"]+)", import\.meta\.url\)/g),
  ].map(([, specifier]) => specifier);
  graph.set(path, specifiers.map((specifier) => normalize(join(dirname(path), specifier))));
}

test("imports go downwards", () => {
  assert.ok(graph.size > 30, `${graph.size} scripts`);
  for (const [path, imports] of graph) {
    assert.ok(level(path) >= 0, `${path} is in a folder without a layer`);
    for (const imported of imports) {
      const below = level(imported) < level(path) || folderOf(imported) === folderOf(path);
      assert.ok(below && level(imported) >= 0, `${path} imports ${imported}`);
    }
  }
});

test("no import is circular", () => {
  const done = new Set();
  const visit = (path, trail) => {
    assert.ok(!trail.includes(path), [...trail, path].join(" → "));
    if (done.has(path)) return;
    for (const imported of graph.get(path) ?? []) visit(imported, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
});
