// Writes lines for worker.js, beside it: see helpers.js.

import init, { RunningHand } from "../pkg/running_hand.js";

/**
 * What it is asked for.
 * @typedef {{ type: "weights", bytes: Uint8Array, name: string }
 *   | { type: "line", id: number, loan: import("../pkg/running_hand.js").Loan, options: import("../pkg/running_hand.js").WriteOptions,
 *       fingerprint: string }
 *   | { type: "cancel" }} Task
 */

/**
 * What comes of a line: without `written` nothing can be had here. The first one is of no line, and says that lines can
 * come.
 * @typedef {{ id: number, written?: import("../pkg/running_hand.js").WrittenLine }} Answer
 */

const opened = init().then(() => RunningHand.open("cpu"));
/** The network that came last. @type {Promise<import("../pkg/running_hand.js").Network> | undefined} */
let loaded;

/** @param {Answer} answer @param {Transferable[]} [transfer] */
const tell = (answer, transfer = []) => self.postMessage(answer, { transfer });

self.addEventListener("message", async (/** @type {MessageEvent<Task>} */ { data }) => {
  switch (data.type) {
    case "weights":
      loaded = opened.then((runningHand) => runningHand.loadBytes(data.bytes, data.name));
      // What is wrong with them was told where they were loaded first.
      loaded.then(
        () => tell({ id: 0 }),
        () => {},
      );
      break;
    case "cancel":
      opened.then((runningHand) => runningHand.cancel());
      break;
    case "line":
      try {
        const runningHand = await opened;
        let network;
        for (let last; last !== loaded; ) network = await (last = loaded);
        // The text may be written with others than came last.
        if (network?.fingerprint !== data.fingerprint) throw new Error("other weights");
        const written = await runningHand.writeLine(data.loan.text, data.loan.line, data.options);
        tell({ id: data.id, written }, [written.steps.buffer]);
      } catch {
        // Whatever is wrong will be wrong, and told, where the text was asked for.
        tell({ id: data.id });
      }
      break;
  }
});
