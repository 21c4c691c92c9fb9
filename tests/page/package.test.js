// The npm package as users install it: packed, installed into an empty project without a network, used from thirty
// lines of JavaScript, from TypeScript, React, Vue and Svelte, and from Node.js and Deno.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PACKAGE, TOOLS, project, run } from "./packed.js";
import { launch, serve, strokes } from "./site.js";

const JAVASCRIPT = `
import init, { RunningHand } from "./node_modules/running-hand/pkg/running_hand.js";

await init();
const runningHand = await RunningHand.open("cpu");
await runningHand.load("node_modules/running-hand/weights/synthesis.safetensors");
const writing = await runningHand.write("Dear reader,", { bias: 1, seed: 7, style: runningHand.styles()[0] });
for await (const _ of writing);
const image = new Image();
image.src = URL.createObjectURL(new Blob([writing.toSvg()], { type: "image/svg+xml" }));
image.alt = writing.plan.lines.join(" ");
document.body.append(image);
`;

const TYPESCRIPT = `
import init, { RunningHand, type Finish, type PlacedInk, type WriteOptions } from "running-hand";
import "running-hand/element";

export async function line(text: string, options: WriteOptions = { bias: 1, seed: 7n }): Promise<string> {
  await init();
  const runningHand = await RunningHand.open("auto");
  await runningHand.load("weights/synthesis.safetensors", (loaded: number, total: number) => console.log(loaded / total), "synthesis");
  const writing = await runningHand.write(text, options);
  const pages: PlacedInk[][] = [];
  for await (const ink of writing) for (const piece of ink) (pages[piece.page] ??= []).push(piece);
  const finish: Finish | undefined = writing.finish;
  const lines: string[] = writing.plan.lines;
  console.log(finish, lines);
  console.log(pages.length, writing.sheet.rules[0].across);
  return (await writing.exportPage(0, "svg", { color: "navy", crop: true })) + writing.toSvg(0);
}

const element = document.createElement("running-hand");
element.text = "Dear reader,";
element.seed = 3;
element.handSrc = "me.hand.json";
element.handFile = new Uint8Array();
element.addEventListener("finish", () => console.log(element.points.length));
void element.write();
// @ts-expect-error: no such engine
void RunningHand.open("abacus");
void line("a", { paper: "5x7in", margin: { left: 30 }, firstTop: 50, mirrorMargins: true, pageNumbers: false, pitch: 8, ruling: "dotted" });
// @ts-expect-error: no such paper
void line("a", { paper: "napkin" });
// @ts-expect-error: a number is needed
void line("a", { bias: "much" });
`;

const REACT = `
import { useState } from "react";
import type { RunningHandElement } from "running-hand/react";
import "running-hand/react";

export function Heading({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  return (
    <h1 className={done ? "done" : ""}>
      <running-hand text={text} hand-src="me.hand.json" bias={1} speed="instant" manual ref={(element: RunningHandElement | null) => void element?.write()}
        onfinish={(event) => setDone(event.detail.finish === "stopped")}>{text}</running-hand>
      {/* @ts-expect-error: a word is no number of characters */}
      <running-hand columns={{}} />
    </h1>
  );
}
`;

const VUE = `
import type { GlobalComponents } from "vue";
import "running-hand/vue";

type Props = InstanceType<GlobalComponents["running-hand"]>["$props"];
export const props: Props = { text: "Dear reader,", bias: 1, manual: true, onFinish: (event) => console.log(event.detail.finish) };
// @ts-expect-error: no number
export const bad: Props = { seed: {} };
`;

const SVELTE = `
import type { SvelteHTMLElements } from "svelte/elements";
import "running-hand/svelte";

export const props: SvelteHTMLElements["running-hand"] = { text: "Dear reader,", seed: 3, class: "note", onstart: (event) => console.log(event.detail.plan.lines) };
export const template: svelteHTML.IntrinsicElements["running-hand"] = props;
// @ts-expect-error: no number
export const bad: SvelteHTMLElements["running-hand"] = { seed: {} };
`;

const NODE = `
import { open, renderToString, type RunningHand } from "running-hand/node";
import synthesis from "running-hand/synthesis";
import prediction from "running-hand/prediction";

export const hand: Promise<RunningHand> = open("cpu");
export const html: Promise<string> = renderToString("Dear reader,", { hand: "Round", bias: 1 });
export const addresses: string[] = [synthesis, prediction];
// @ts-expect-error: no such option
void renderToString("a", { boldness: 1 });
`;

let mine, browser;

before(async () => {
  browser = await launch();
  const element = '<script type="module" src="node_modules/running-hand/element/running-hand.js"></script><running-hand text="mine" speed="instant">';
  mine = await project({
    "app.js": JAVASCRIPT,
    "index.html": '<!doctype html><title>Mine</title><script type="module" src="app.js"></script>',
    "element.html": `<!doctype html><title>Mine</title>${element}`,
    "user.ts": TYPESCRIPT,
    "react.tsx": REACT,
    "vue.ts": VUE,
    "svelte.ts": SVELTE,
    "node.ts": NODE,
  });
  await mine.link("react", "@types/react", "vue", "svelte", "custom-elements-manifest");
});
after(async () => {
  await browser.close();
  await mine.remove();
});

/** A file of the installed package. */
const installed = (path) => readFile(join(mine.folder, "node_modules/running-hand", path), "utf8");

test("it holds what its entries name, in the version of the crate", async () => {
  const manifest = JSON.parse(await installed("package.json"));
  assert.equal(mine.packed.filename, `running-hand-${manifest.version}.tgz`);
  const paths = mine.packed.files.map(({ path }) => path);
  const named = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const path of [...named, manifest.main, manifest.types, manifest.customElements, ...manifest.sideEffects]) {
    const folder = path.slice(2).split("*")[0];
    assert.ok(paths.some((own) => (path.includes("*") ? own.startsWith(folder) : `./${own}` === path || own === path)), path);
  }
  for (const path of ["engine/worker.js", "engine/pool-worker.js", "weights/README.md", "LICENSE.md", "README.md"]) {
    assert.ok(paths.includes(path), `${path} is in the package`);
  }
});

test("importing the element on a server does nothing", async () => {
  const { stdout } = await run("node", ["--input-type=module", "--eval", 'import { RunningHandElement } from "running-hand/element"; console.log(typeof RunningHandElement);'], { cwd: mine.folder });
  assert.equal(stdout, "function\n");
});

test("the script in the README writes an SVG, by Node.js and by Deno alike", async () => {
  const [, script] = (await installed("README.md")).match(/```js\n(import \{ writeFile \}[^`]*)```/) ?? [];
  assert.ok(script && script.trim().split("\n").length <= 10, script);
  await mine.add({ "letter.js": script });
  const written = async (program, ...options) => {
    const { stdout } = await run(program, [...options, "letter.js"], { cwd: mine.folder });
    assert.match(stdout, /^2 lines, hands: .*Round/);
    return readFile(join(mine.folder, "letter.svg"), "utf8");
  };
  const svg = await written("node");
  assert.ok(strokes(svg).length >= 20, svg);
  const deno = join(TOOLS, "node_modules/.bin/deno");
  assert.equal(await written(deno, "run", "--no-remote", "--allow-read", "--allow-write"), svg);
});

test("where there is no browser the CPU writes, whatever is asked for, with and without a text", async () => {
  const script = `
    import { open } from "running-hand/node";
    for (const engine of ["auto", "cpu", "gpu"]) {
      const hand = await open(engine);
      const found = [];
      for (const text of ["so", ""]) {
        const writing = await hand.write(text, { points: 60 });
        for await (const _ of writing);
        found.push(writing.plan.kind, writing.finish);
      }
      await hand.settled();
      console.log(engine, hand.engine.slice(0, 3), ...found, hand.notice);
    }`;
  const { stdout } = await run("node", ["--input-type=module", "--eval", script], { cwd: mine.folder });
  assert.match(stdout, /^auto CPU synthesis stopped prediction length $/m);
  assert.match(stdout, /^cpu CPU synthesis stopped prediction length $/m);
  assert.match(stdout, /^gpu CPU synthesis stopped prediction length no GPU engine: .*The CPU engine writes instead/m);
});

test("what a server renders is seen without JavaScript, and taken over by the element", async () => {
  const text = "a <b> & \"c\"";
  const script = `import { renderToString } from "running-hand/node"; console.log(await renderToString(${JSON.stringify(text)}, { seed: 4, bias: 1 }));`;
  const { stdout } = await run("node", ["--input-type=module", "--eval", script], { cwd: mine.folder });
  const module = '<script type="module" src="node_modules/running-hand/element/running-hand.js"></script>';
  await mine.add({ "rendered.html": `<!doctype html><title>Mine</title>${module}${stdout}` });
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const server = await serve(mine.folder, { "content-security-policy": policy });
  const look = () => {
    const element = document.querySelector("running-hand");
    const svg = element.shadowRoot.querySelector("svg");
    return {
      paths: [...svg.querySelectorAll("path")].map((path) => path.getAttribute("d")),
      label: svg.getAttribute("aria-label"),
      width: svg.getBoundingClientRect().width,
      stroke: getComputedStyle(svg).strokeWidth,
      bold: document.querySelectorAll("b").length,
    };
  };
  const bare = await browser.newPage({ javaScriptEnabled: false });
  await bare.goto(`${server.address}rendered.html`);
  assert.equal(await bare.getByRole("img", { name: text }).isVisible(), true);
  await bare.close();
  const page = await browser.newPage();
  await page.goto(`${server.address}rendered.html`);
  await page.evaluate(() => customElements.whenDefined("running-hand"));
  const taken = await page.evaluate(look);
  assert.equal(taken.label, text);
  assert.equal(taken.bold, 0);
  assert.ok(taken.paths.length >= 3 && taken.width > 40 && taken.stroke === "20px", JSON.stringify(taken));
  // Nothing is downloaded to write it once more, until something changes.
  await page.waitForTimeout(300);
  assert.deepEqual(server.asked.filter((path) => path.endsWith("safetensors")), []);
  await page.evaluate(() => (document.querySelector("running-hand").speed = "instant"));
  await page.evaluate(() => (document.querySelector("running-hand").text = "other"));
  await page.waitForFunction(() => document.querySelector("running-hand").points.length > 0, undefined, { timeout: 60_000 });
  assert.notDeepEqual((await page.evaluate(look)).paths, taken.paths);
  await page.close();
  server.close();
});

test("it writes a line from thirty lines of JavaScript, and as an element, which takes a hand that was learnt", async () => {
  assert.ok(JAVASCRIPT.split("\n").length <= 30);
  const server = await serve(mine.folder);
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(server.address);
  const image = page.getByRole("img", { name: "Dear reader," });
  await image.waitFor({ timeout: 120_000 });
  const svg = await image.evaluate(async (image) => (await fetch(image.src)).text());
  assert.ok(strokes(svg).length >= 5, svg);
  await page.goto(`${server.address}element.html`);
  await page.waitForFunction(() => document.querySelector("running-hand").points.length > 0, undefined, { timeout: 120_000 });
  /** What the element says when `change` is done to it, and its ink. */
  const after = (change, given) =>
    page.evaluate(
      ([change, given]) =>
        new Promise((resolve) => {
          const element = document.querySelector("running-hand");
          for (const name of ["finish", "error"]) {
            const heard = (event) => {
              event.preventDefault();
              resolve({ name, message: event.message, ink: [...element.points] });
            };
            element.addEventListener(name, heard, { once: true });
          }
          new Function("element", "given", change)(element, given);
        }),
      [change, given],
    );
  const { ink } = await after("element.text = 'ten letters'");
  // One step is enough for a hand.
  const file = await page.evaluate(async (ink) => {
    const { learnHand } = await import("./node_modules/running-hand/capture/learn.js");
    const strokes = [[]];
    for (let i = 0; i < ink.length; i += 3) {
      strokes.at(-1).push([ink[i], ink[i + 1], 7 * i]);
      if (ink[i + 2] > 0.5 && i + 3 < ink.length) strokes.push([]);
    }
    const enough = new AbortController();
    return (await learnHand([{ text: "ten letters", strokes }], { enough: enough.signal, onProgress: () => enough.abort() })).file;
  }, ink);
  await mine.add({ "me.hand.json": file });
  const own = await after("element.handSrc = 'me.hand.json'");
  assert.ok(own.name === "finish" && own.ink.length > 0 && own.ink.join() !== ink.join(), own.message);
  const missing = await after("element.setAttribute('hand-src', 'nobody.json')");
  assert.match(`${missing.name}: ${missing.message}`, /^error: The hand nobody.json can’t be downloaded: the server answered 404/);
  const damaged = await after("element.handFile = given", file.replace('"numbers":[', '"numbers":[1,'));
  assert.match(`${damaged.name}: ${damaged.message}`, /^error: The hand can’t be read: .*damaged/);
  assert.deepEqual((await after("element.handFile = given", file)).ink, own.ink, "its content says the same as its address");
  assert.deepEqual((await after("element.handFile = null; element.removeAttribute('hand-src')")).ink, ink);
  assert.deepEqual(complaints, []);
  await page.close();
  server.close();
});

test("its types hold in a strict TypeScript project, in React, Vue and Svelte, and for Node.js", async () => {
  const options = {
    strict: true,
    noEmit: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    jsx: "react-jsx",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    types: [],
  };
  const files = ["user.ts", "react.tsx", "vue.ts", "svelte.ts", "node.ts", "manifest.ts"];
  const manifest = await installed("custom-elements.json");
  await mine.add({
    "manifest.ts": `import type { Package } from "custom-elements-manifest";\nexport const manifest: Package = ${manifest};\n`,
    "tsconfig.json": JSON.stringify({ compilerOptions: options, files }),
  });
  const checked = run(join(TOOLS, "node_modules/.bin/tsc"), ["--project", mine.folder]);
  await checked.catch(({ stdout }) => assert.fail(stdout));
});

test("the manifest and the README describe the element as it is", async () => {
  const server = await serve(mine.folder);
  const page = await browser.newPage();
  await page.goto(`${server.address}element.html`);
  const element = await page.evaluate(() => {
    const made = document.createElement("running-hand");
    const own = Object.getOwnPropertyNames(Object.getPrototypeOf(made));
    const parts = [...made.shadowRoot.querySelectorAll("[part]")].map((part) => part.getAttribute("part"));
    const slots = [...made.shadowRoot.querySelectorAll("slot")].map((slot) => slot.name);
    const callbacks = ["constructor", "connectedCallback", "disconnectedCallback", "attributeChangedCallback"];
    // An attribute is reflected in both directions.
    const attributeOf = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const reflects = own.filter((name) => {
      const value = name === "manual" ? true : "3";
      if (!Object.getOwnPropertyDescriptor(Object.getPrototypeOf(made), name).set) return false;
      made[name] = value;
      const [set, read] = [made.getAttribute(attributeOf(name)), made[name]];
      made[name] = name === "manual" ? false : null;
      return set !== null && read === value && !made.hasAttribute(attributeOf(name));
    });
    return { members: own.filter((name) => !callbacks.includes(name)), parts, slots, reflects };
  });
  const [{ declarations: [described] }] = JSON.parse(await installed("custom-elements.json")).modules;
  const names = (list) => list.map(({ name }) => name).sort();
  assert.deepEqual(names(described.members), element.members.sort());
  assert.deepEqual(described.attributes.map(({ fieldName }) => fieldName).sort(), element.reflects.sort());
  assert.deepEqual(names(described.cssParts), element.parts.sort());
  assert.deepEqual(names(described.slots), element.slots);
  const readme = await installed("README.md");
  for (const name of [...element.members, ...names(described.attributes), ...element.parts, ...names(described.events)]) assert.match(readme, new RegExp(`[\\x60(]${name}[\\x60(),]`), name);
  await page.close();
  server.close();
});
