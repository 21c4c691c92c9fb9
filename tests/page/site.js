// Shared by the page's tests: a web server for the built page, a browser, and what visitors do.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "playwright-core";

/** The page as `cargo xtask build` makes it. */
export const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
/** Path of the page on the server: the page has to work below any path. */
const PATH = "/some/where/";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** A server and a browser for the tests of a file; `address` is that of the page. */
export async function open(options) {
  const server = await serve();
  const opened = { browser: undefined };
  before(async () => {
    opened.browser = await launch(options);
  });
  after(async () => {
    await opened.browser.close();
    server.close();
  });
  return {
    address: server.address,
    /** A visitor who opens the page: see `Visitor.come`. */
    come: (visit = {}) => Visitor.come(opened.browser, server.address, visit),
  };
}

/**
 * Serves a folder; `folder` can be set to another one, and `asked` lists the requested paths.
 * @param {string} [folder] @param {Record<string, string>} [headers] sent with every file
 */
export async function serve(folder = DIST, headers = {}) {
  const served = { folder, address: "", /** @type {string[]} */ asked: [], close };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const name = path.endsWith("/") ? `${path}index.html` : path;
    served.asked.push(name.slice(PATH.length));
    const file = join(served.folder, normalize(name.slice(PATH.length - 1)));
    try {
      if (!name.startsWith(PATH)) throw new Error("outside");
      const { size } = await stat(file);
      response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-length": size });
      createReadStream(file).pipe(response);
    } catch {
      response.writeHead(404).end();
    }
  });
  function close() {
    server.close();
    server.closeAllConnections();
  }
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  served.address = `http://127.0.0.1:${server.address().port}${PATH}`;
  return served;
}

/** Bytes of a file of the built page. */
export const file = (name) => readFile(join(DIST, name));

/** Chromium without WebGPU, or with WebGPU on a software adapter, by the flags in webdriver.json. */
export const launch = async (options) => chromium.launch(await launchOptions(options));

/**
 * An unmodified Firefox, through WebDriver BiDi. Playwright's support is experimental, and not every version of
 * Playwright works with every Firefox: see CONTRIBUTING.md.
 */
export const launchFirefox = (options = {}) =>
  firefox.launch({ channel: "moz-firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", ...options });

export async function launchOptions({ gpu = false } = {}) {
  const driver = JSON.parse(await readFile(new URL("../../webdriver.json", import.meta.url), "utf8"));
  const flags = driver["goog:chromeOptions"].args.filter((flag) => flag !== "--headless");
  return {
    executablePath: process.env.CHROME ?? "/usr/bin/chromium",
    args: gpu ? flags : [...flags.filter((flag) => !flag.includes("webgpu")), "--disable-features=WebGPU"],
  };
}

/** The same address, of a page that writes nothing by itself. @param {string} address */
export function quietly(address) {
  const [before, ...fragment] = address.split("#");
  if (/[?&]greeting=/.test(before)) return address;
  return [`${before}${before.includes("?") ? "&" : "?"}greeting=off`, ...fragment].join("#");
}

/** Milliseconds that a text may take: a busy machine with a software adapter is slow. */
const PATIENCE = Number(process.env.PATIENCE ?? 180_000);

/** A visitor with the page open; records errors and requests. */
export class Visitor {
  /** @param {import("playwright-core").Page} page */
  constructor(page) {
    this.page = page;
    this.status = page.getByRole("status").first();
    this.text = page.getByLabel("Text", { exact: true });
    /** Addresses that the page requested. */
    this.requests = [];
    /** Errors: uncaught ones, and those on the console. */
    this.complaints = [];
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  /**
   * Opens the page in a new browser context and waits until the status line matches `ready`. Without a service worker,
   * unless `serviceWorkers` is "allow"; and so that it writes nothing by itself, unless `greeting` is true. `init` runs
   * in the page before its scripts.
   */
  static async come(browser, address, { route, init, query = "", ready = /Ready$/, greeting = false, ...options } = {}) {
    const context = await browser.newContext({ acceptDownloads: true, serviceWorkers: "block", ...options });
    if (init) await context.addInitScript(init);
    if (route) await context.route(...route);
    return Visitor.open(context, address + query, ready, greeting);
  }

  /** Opens the page in another tab of a context. */
  static async open(context, address, ready = /Ready$/, greeting = false) {
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(greeting ? address : quietly(address));
    await visitor.hears(ready);
    return visitor;
  }

  async leave() {
    await this.page.context().close();
  }

  /** Waits for the status line to match. */
  async hears(pattern) {
    try {
      await this.page.waitForFunction(
        ([source, flags]) => new RegExp(source, flags).test(document.querySelector("[role=status]").textContent),
        [pattern.source, pattern.flags],
        { timeout: PATIENCE },
      );
    } catch (error) {
      throw new Error(`status ${JSON.stringify(await this.status.textContent())} never matched ${pattern}`, { cause: error });
    }
    return this.status.textContent();
  }

  /** Waits until the service worker has cached the site and is active. */
  async isCached() {
    await this.page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      while (active.state !== "activated") {
        await new Promise((resolve) => active.addEventListener("statechange", resolve, { once: true }));
      }
    });
  }

  /** Sets a slider as dragging would. */
  async slide(label, value) {
    await this.page.getByLabel(label, { exact: true }).fill(String(value));
  }

  async more() {
    await this.page.locator("form details").evaluateAll((all) => all.forEach((details) => (details.open = true)));
  }

  /** Which engine writes, and what is to be known about it. */
  async engine() {
    const button = this.page.getByRole("button", { name: "About the engine" });
    if ((await button.getAttribute("aria-expanded")) === "false") await button.click();
    return this.page.locator("#engine-line").textContent();
  }

  async speed(label) {
    await this.more();
    await this.page.getByLabel("Speed").selectOption({ label });
  }

  /** Presses Write and waits for the end; returns the status line. */
  async writes(text) {
    if (text !== undefined) await this.text.fill(text);
    await this.page.getByRole("button", { name: "Write", exact: true }).click();
    // The click has replaced the status line's earlier "Done".
    return this.hears(/Done$/);
  }

  /** Chooses a hand by its name. */
  async choosesHand(hand) {
    await this.page.getByRole("radio", { name: hand, exact: true }).check({ force: true });
  }

  /** Chooses a format in the open export dialog by its value. */
  async choosesFormat(format) {
    await this.page.locator(`#export input[value="${format}"]`).check({ force: true });
  }

  /** Downloads the sheet from the open export dialog, in the format with this value. */
  async saves(format) {
    await this.choosesFormat(format);
    const [download] = await Promise.all([
      this.page.waitForEvent("download"),
      this.page.getByRole("button", { name: "Download", exact: true }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  }

  /** The ink as downloaded: SVG in millimetres. */
  async downloads() {
    await this.page.getByRole("button", { name: "Download or print" }).click();
    const { name, bytes } = await this.saves("svg");
    await this.page.keyboard.press("Escape");
    assert.match(name, /^[a-z0-9-]+\.svg$/);
    return bytes.toString();
  }

  /** Share of the canvas' pixels that have ink. */
  async inked() {
    return this.page.locator("#canvas").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) count += data[i] > 0 ? 1 : 0;
      return count / (data.length / 4);
    });
  }
}

/** Strokes of an SVG, each a list of its numbers; a dot, which is a line of almost no length there, has one point. */
export function strokes(svg) {
  return [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, path]) => path.replace(/h0\.\d+$/, "").match(/-?\d+(\.\d+)?/g).map(Number));
}
