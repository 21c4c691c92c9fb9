// Runs the code that the page gives to be copied ("Use in your app"), with the built page in the place of the package.

/** What JavaScript makes: the sheet as SVG. @param {import("playwright-core").Page} page the page itself @param {string} code */
export function runScript(page, code) {
  const script = code
    .replace(/^import init, \{ (\w+) \} from "running-hand";$/m, 'const { default: init, $1 } = await import(new URL("pkg/running_hand.js", location.href).href);')
    .replace(/^import weights from "running-hand\/(\w+)";$/m, 'const weights = new URL("weights/$1.safetensors", location.href).href;');
  return page.evaluate(`(async () => { ${script}\n return svg; })()`);
}

/**
 * What the element writes, on a page that has nothing else: its colour, and where in millimetres its strokes begin.
 * @param {import("playwright-core").BrowserContext} context @param {string} address of the built page @param {string} code
 */
export async function runElement(context, address, code) {
  const page = await context.newPage();
  const body = `<!doctype html><body>${code.replace("node_modules/running-hand/", "")}`;
  await page.route("**/element.html", (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(`${address}element.html`);
  const { colour, points } = await page.evaluate(async () => {
    await customElements.whenDefined("running-hand");
    const element = document.querySelector("running-hand");
    if (element.writing || !element.points.length) await new Promise((resolve) => element.addEventListener("finish", resolve, { once: true }));
    return { colour: getComputedStyle(element).color, points: [...element.points] };
  });
  await page.close();
  const starts = [0];
  for (let i = 0; i < points.length / 3 - 1; i++) if (points[3 * i + 2] > 0.5) starts.push(i + 1);
  return { colour, starts: starts.map((i) => [points[3 * i] * 0.016, points[3 * i + 1] * 0.016]) };
}

/** How far strokes begin from those of a drawing, in millimetres, wherever the first ones lie. */
export function startsApart(starts, strokes) {
  const theirs = strokes.map(([x, y]) => [x, y]);
  const [[left, top], [x0, y0]] = [starts[0], theirs[0]];
  return Math.max(...starts.map(([x, y]) => Math.min(...theirs.map(([u, v]) => Math.hypot(u - x0 - (x - left), v - y0 - (y - top))))));
}
