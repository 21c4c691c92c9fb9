// Learns a hand: a worker of its own, so that whoever asked stays responsive. It ends when it is terminated. See learn.js.

import { serve } from "../engine/server.js";
import { weights } from "../engine/weights.js";
import init, { HandLearner, ownHandFromFile } from "./learner/learner.js";

/** @typedef {import("./learner/learner.js").InkSample} InkSample */
/** @typedef {import("./learner/learner.js").KeptOwnHand} KeptOwnHand */
/** @typedef {import("./learner/learner.js").LearningProgress} LearningProgress */
/** @typedef {import("./learner/learner.js").OwnHand} OwnHand */

/**
 * See learn.d.ts.
 * @typedef {{ hand: OwnHand, prime: { text: string, points: Float32Array }, file: string, legible: boolean }} LearntHand
 */

/**
 * The requests that this worker serves; `bytes` of `learn` are the weights, those beside the page by default.
 * @typedef {{
 *   learn: {
 *     params: { samples: InkSample[], name: string, bytes: Uint8Array | undefined },
 *     event: LearningProgress & { hand: OwnHand },
 *     result: LearntHand,
 *   },
 *   open: { params: { bytes: Uint8Array }, event: never, result: KeptOwnHand },
 * }} LearnRequests
 */

const ready = init();

serve(
  /** @type {import("../engine/server.js").Handlers<LearnRequests>} */ ({
    async learn({ samples, name, bytes }, { emit }) {
      await ready;
      let learner = new HandLearner(bytes ?? (await weights("weights/synthesis.safetensors")), samples);
      for (let progress; (progress = learner.step()); ) emit({ ...progress, hand: learner.hand() });
      learner = await learner.findStrength();
      return { hand: learner.hand(), prime: learner.prime(), file: learner.toFile(name), legible: learner.isLegible };
    },

    async open({ bytes }) {
      await ready;
      return ownHandFromFile(bytes);
    },
  }),
);
