// Computes losses and gradients of some of the lines that a hand is learnt from, for learn-worker.js. See learning-team.js.

import { serve } from "../engine/server.js";
import init, { LineGradients } from "./learner/learner.js";

/**
 * The requests that this worker serves. `prepare` comes first; its lines are the numbers of those among the samples that
 * the worker takes.
 * @typedef {{
 *   prepare: {
 *     params: { weights: Uint8Array, samples: import("./learner/learner.js").InkSample[], lines: number[] },
 *     event: never,
 *     result: void,
 *   },
 *   compute: {
 *     params: { parameters: Float32Array, pass: import("./learner/learner.js").Pass },
 *     event: never,
 *     result: Float64Array,
 *   },
 * }} LineRequests
 */

/** @type {Promise<LineGradients> | undefined} */
let gradients;

serve(
  /** @type {import("../engine/server.js").Handlers<LineRequests>} */ ({
    async prepare({ weights, samples, lines }) {
      gradients = init().then(() => new LineGradients(weights, samples, Uint32Array.from(lines)));
      await gradients;
    },

    async compute({ parameters, pass }, { transfer }) {
      if (!gradients) throw new Error("There are no lines to compute.");
      const told = (await gradients).compute(parameters, pass);
      transfer.push(told.buffer);
      return told;
    },
  }),
);
