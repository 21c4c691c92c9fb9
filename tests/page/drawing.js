// A visitor who draws in the capture dialog.

export const SENTENCE = "I write this as always";

/** Milliseconds between samples: about twice those between the network's points. */
const PACE = 16;

/**
 * In the page: draws strokes of [x, y] on the dialog's paper, by events of the mouse that the page takes for real ones.
 * They come at an even pace: on a busy machine a real mouse moves unevenly, as no person's pen does.
 */
function drawEvenly({ strokes, pointerId, pace }) {
  const paper = document.querySelector("#capture-pad svg");
  let time = (globalThis.penTime ?? performance.now()) + 20 * pace;
  const send = (type, [clientX, clientY]) => {
    const event = new PointerEvent(type, { bubbles: true, cancelable: true, pointerId, pointerType: "mouse", button: 0, buttons: 1, clientX, clientY });
    Object.defineProperty(event, "timeStamp", { value: (time += pace) });
    Object.defineProperty(event, "getCoalescedEvents", { value: () => [] });
    paper.dispatchEvent(event);
  };
  for (const stroke of strokes) {
    time += 5 * pace;
    send("pointerdown", stroke[0]);
    for (const point of stroke.slice(1)) send("pointermove", point);
    send("pointerup", stroke[stroke.length - 1]);
  }
  globalThis.penTime = time;
}

/** In the page: notes the id of the pointer that moves over the paper next. */
const notePointer = () => {
  const note = ({ pointerId }) => (globalThis.pointerOverPaper = pointerId);
  document.querySelector("#capture-pad svg").addEventListener("pointermove", note, { once: true });
};

/** Adds to a visitor what can be done in the dialog. */
export function withCaptureDialog(visitor) {
  const { page } = visitor;
  const dialog = page.locator("#capture");
  const press = (name, exact = false) => dialog.getByRole("button", { name, exact }).click();
  let pointerId;
  /** Places of strokes on the paper, as large as it allows. */
  const place = async (ink, share) => {
    const box = await dialog.locator("#capture-pad svg").boundingBox();
    const all = ink.flat();
    const [left, right] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))];
    const heights = all.map(([, y]) => y).sort((a, b) => a - b);
    const middle = heights[heights.length >> 1];
    const scale = (box.width * share) / Math.max(right - left, 100);
    const placed = ([x, y]) => [box.x + 20 + (x - left) * scale, box.y + box.height / 2 + (y - middle) * scale];
    return ink.map((stroke) => stroke.map(placed));
  };
  return Object.assign(visitor, {
    dialog,
    press,
    /** What the dialog has stored. */
    kept: () =>
      page.evaluate(() => JSON.stringify(Object.fromEntries(Object.entries(localStorage).filter(([key]) => /^running-hand\.(hand\.|sentences)/.test(key))))),
    tile: (name) => page.getByRole("radio", { name, exact: true }),
    opens: (name = "Your own hand") => page.getByRole("button", { name }).click(),
    /** Opens the dialog and enters a sentence. */
    async asks(sentence = SENTENCE) {
      await page.getByRole("button", { name: "Your own hand" }).click();
      await dialog.getByRole("textbox", { name: /^Sentence \d/ }).fill(sentence);
    },
    /** Presses a button that closes the dialog and starts a text; waits for its end. */
    async leaves(button) {
      await press(button);
      await dialog.waitFor({ state: "hidden", timeout: 40_000 }).catch(async (cause) => {
        throw new Error(`the dialog says: ${await page.locator("#capture-advice").textContent()}`, { cause });
      });
      return visitor.hears(/Done$/);
    },
    /** Waits until the dialog's message matches. */
    async told(pattern) {
      const advice = () => page.locator("#capture-advice").textContent();
      await page
        .waitForFunction(
          (source) => new RegExp(source).test(document.querySelector("#capture-advice").textContent),
          pattern.source,
          { timeout: 40_000 },
        )
        .catch(async (cause) => {
          throw new Error(`the dialog says ${JSON.stringify(await advice())}, never ${pattern}`, { cause });
        });
      return advice();
    },
    /** Draws strokes of points [x, y], as large as the paper allows. */
    async draws(ink, share = 0.9) {
      const strokes = await place(ink, share);
      if (pointerId === undefined) {
        const { x, y, width, height } = await dialog.locator("#capture-pad svg").boundingBox();
        await page.evaluate(notePointer);
        await page.mouse.move(x + width / 2, y + height / 2);
        await page.mouse.move(x + width / 3, y + height / 3, { steps: 3 });
        const noted = await page.waitForFunction(() => globalThis.pointerOverPaper !== undefined && [globalThis.pointerOverPaper]);
        [pointerId] = await noted.jsonValue();
      }
      await page.evaluate(drawEvenly, { strokes, pointerId, pace: PACE });
    },
    /** The same with the mouse itself. */
    async drawsByMouse(ink, share = 0.9) {
      for (const [first, ...rest] of await place(ink, share)) {
        await page.mouse.move(...first);
        await page.mouse.down();
        for (const point of rest) await page.mouse.move(...point);
        await page.mouse.up();
      }
    },
  });
}

/**
 * Ink of each text that the network writes with these options, every second point of it: still as dense as a screen
 * records ink.
 */
export const writtenWith = (page, texts, options) =>
  page.evaluate(
    async ({ texts, options }) => {
      const { default: init, RunningHand } = await import(new URL("pkg/running_hand.js", location.href).href);
      await init();
      const runningHand = await RunningHand.open("cpu");
      await runningHand.load(new URL("weights/synthesis.safetensors", location.href).href);
      const all = [];
      for (const text of texts) {
        const strokes = [[]];
        let count = 0;
        for await (const ink of await runningHand.write(text, { columns: 60, ...options })) {
          const points = ink.flatMap((piece) => [...piece.points]);
          for (let i = 0; i < points.length; i += 3) {
            const [x, y, lift] = points.slice(i, i + 3);
            const stroke = strokes[strokes.length - 1];
            if (count++ % 2 === 0 || lift > 0.5 || stroke.length === 0) stroke.push([x, y]);
            if (lift > 0.5) strokes.push([]);
          }
        }
        all.push(strokes.filter((stroke) => stroke.length));
      }
      return all;
    },
    { texts, options },
  );

/** Likewise of one text in one of the network's hands. */
export const written = async (page, text, style) => (await writtenWith(page, [text], { style, bias: 1, seed: 3 }))[0];

/** How far down-strokes of [x, y] lean to the right. */
export function slant(strokes) {
  const scale = Math.max(...strokes.flat().map(([, y]) => y)) - Math.min(...strokes.flat().map(([, y]) => y));
  let [x, y] = [0, 0];
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) {
      const [dx, dy] = [stroke[i][0] - stroke[i - 1][0], stroke[i][1] - stroke[i - 1][1]];
      if (dy > 0.005 * scale && Math.abs(dx) < dy) [x, y] = [x + dx, y + dy];
    }
  }
  return -x / y;
}
