// The bench's web server: the built page, the peers, their data, on an address of this machine.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * Serves `folders`, a map from the first part of a path to a folder; `/page/NAME` is an empty page that
 * runs the script NAME. Threads in WASM need a page that is isolated from other origins by two headers:
 * `isolated` sends them.
 */
export async function serve(folders, isolated = false) {
  const headers = { "cache-control": "no-store" };
  if (isolated) {
    headers["cross-origin-opener-policy"] = "same-origin";
    headers["cross-origin-embedder-policy"] = "require-corp";
  }
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const [, first, ...rest] = normalize(path).split("/");
    if (first === "page") {
      const script = `/${rest.join("/")}`;
      response.writeHead(200, { ...headers, "content-type": TYPES[".html"] });
      response.end(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`);
      return;
    }
    try {
      const file = join(folders[first], rest.join("/").replace(/(^|\/)$/, "$1index.html"));
      const { size } = await stat(file);
      response.writeHead(200, {
        ...headers,
        "content-type": TYPES[extname(file)] ?? "application/octet-stream",
        "content-length": size,
      });
      createReadStream(file).pipe(response);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
