// A worker of the line pool: writes single lines for worker.js with an engine of its own. See line-pool.js.

import init, { RunningHand } from "../pkg/running_hand.js";
import { serve } from "./server.js";

const opened = init().then(async () => /** @type {import("./messages.js").PoolEngine} */ (await RunningHand.open("cpu")));
/** The network that was set last. @type {Promise<import("../pkg/running_hand.js").Network> | undefined} */
let network;

serve(
  /** @type {import("./server.js").Handlers<import("./messages.js").PoolRequests>} */ ({
    async setWeights({ bytes, name }) {
      network = opened.then((runningHand) => runningHand.loadBytes(bytes, name));
      await network;
    },

    async writeLine({ claim, options, fingerprint }, { signal, transfer }) {
      const runningHand = await opened;
      let current;
      // Other weights may be set while these are being loaded.
      for (let last; last !== network; ) current = await (last = network);
      if (current?.fingerprint !== fingerprint) throw new Error("The text is written with other weights.");
      signal.throwIfAborted();
      signal.addEventListener("abort", () => runningHand.cancel());
      const written = await runningHand.writeLine(claim.text, claim.line, options);
      transfer.push(written.steps.buffer);
      return written;
    },
  }),
);
