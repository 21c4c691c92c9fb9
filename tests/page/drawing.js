// A visitor who draws with the mouse in the capture dialog.

export const SENTENCE = "I write this as always";

/** Milliseconds between samples: about twice those between the network's points. */
const PACE = 16;

/**
 * In the page: gives pointer events even timestamps from now on. The pen's speed is computed from these, and on a busy
 * machine the mouse moves unevenly, as no person's pen does.
 */
function evenly(pace) {
  let time = performance.now();
  const stamp = (event) => Object.defineProperty(event, "timeStamp", { value: (time += pace), configurable: true });
  const stampAll = (event) => {
    const all = event.getCoalescedEvents?.() ?? [];
    all.forEach(stamp);
    Object.defineProperty(event, "getCoalescedEvents", { value: () => all, configurable: true });
    if (!all.length) stamp(event);
  };
  if (globalThis.isEven) return;
  globalThis.isEven = true;
  for (const type of ["pointerdown", "pointermove"]) window.addEventListener(type, stampAll, true);
}

/** Adds to a visitor what can be done in the dialog. */
export function withCaptureDialog(visitor) {
  const { page } = visitor;
  const dialog = page.locator("#capture");
  const press = (name, exact = false) => dialog.getByRole("button", { name, exact }).click();
  return Object.assign(visitor, {
    dialog,
    press,
    advice: dialog.getByRole("status"),
    tile: (name) => page.getByRole("radio", { name, exact: true }),
    opens: (name = "Your own hand") => page.getByRole("button", { name }).click(),
    /** Opens the dialog and enters a sentence. */
    async asks(sentence = SENTENCE) {
      await page.getByRole("button", { name: "Your own hand" }).click();
      await dialog.getByLabel("Sentence", { exact: true }).selectOption({ label: "A sentence of your own" });
      await dialog.getByLabel("Your sentence").fill(sentence);
    },
    /** Presses a button that closes the dialog and starts a text; waits for its end. */
    async leaves(button) {
      await press(button);
      await dialog.waitFor({ state: "hidden", timeout: 60_000 }).catch(async (cause) => {
        throw new Error(`the dialog says: ${await page.locator("#capture-advice").textContent()}`, { cause });
      });
      return visitor.hears(/Done$/);
    },
    /** Waits until the dialog's message matches. */
    async told(pattern) {
      await page.waitForFunction(
        (source) => new RegExp(source).test(document.querySelector("#capture-advice").textContent),
        pattern.source,
        { timeout: 60_000 },
      );
      return visitor.page.locator("#capture-advice").textContent();
    },
    /** Draws strokes of points [x, y] with the mouse, as large as the paper allows. */
    async draws(ink, share = 0.9) {
      await page.evaluate(evenly, PACE);
      const box = await dialog.locator("#capture-pad svg").boundingBox();
      const all = ink.flat();
      const [left, right] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))];
      const heights = all.map(([, y]) => y).sort((a, b) => a - b);
      const middle = heights[heights.length >> 1];
      const scale = (box.width * share) / Math.max(right - left, 100);
      const place = ([x, y]) => [box.x + 20 + (x - left) * scale, box.y + box.height / 2 + (y - middle) * scale];
      for (const [first, ...rest] of ink) {
        await page.mouse.move(...place(first));
        await page.mouse.down();
        for (const point of rest) await page.mouse.move(...place(point));
        await page.mouse.up();
      }
    },
  });
}

/** Ink that the network writes, every second point of it: still as dense as a screen records ink. */
export const written = (page, text, style) =>
  page.evaluate(
    async ({ text, style }) => {
      const { default: init, RunningHand } = await import(new URL("pkg/running_hand.js", location.href).href);
      await init();
      const runningHand = await RunningHand.open("cpu");
      await runningHand.load(new URL("weights/synthesis.safetensors", location.href).href);
      const strokes = [[]];
      let count = 0;
      for await (const ink of await runningHand.write(text, { style, bias: 1, seed: 3, columns: 60 })) {
        const points = ink.flatMap((piece) => [...piece.points]);
        for (let i = 0; i < points.length; i += 3) {
          const [x, y, lift] = points.slice(i, i + 3);
          const stroke = strokes[strokes.length - 1];
          if (count++ % 2 === 0 || lift > 0.5 || stroke.length === 0) stroke.push([x, y]);
          if (lift > 0.5) strokes.push([]);
        }
      }
      return strokes.filter((stroke) => stroke.length);
    },
    { text, style },
  );
