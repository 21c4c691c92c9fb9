// Learns a hand: a worker of its own, so that whoever asked stays responsive. It ends when it is terminated. See learn.js.

import { CodedError } from "../engine/errors.js";
import { serve } from "../engine/server.js";
import { weights } from "../engine/weights.js";
import init, { HandLearner, ownHandFromFile } from "./learner/learner.js";
import { LearningTeam, workersFor } from "./learning-team.js";

/** @typedef {import("./learner/learner.js").InkSample} InkSample */
/** @typedef {import("./learner/learner.js").KeptOwnHand} KeptOwnHand */
/** @typedef {import("./learner/learner.js").OwnHand} OwnHand */

/**
 * See learn.d.ts.
 * @typedef {import("./learner/learner.js").LearningProgress & { hand: OwnHand, words?: Float32Array }} Progress
 * @typedef {{ hand: OwnHand, prime: { text: string, points: Float32Array }, file: string, legible: boolean }} LearntHand
 */

/**
 * The requests that this worker serves; `bytes` of `learn` are the weights, those beside the page by default, and
 * `workers` the most that compute, as many as there are cores for by default. `finish` ends what `learn` does after the
 * step that it is in.
 * @typedef {{
 *   learn: {
 *     params: { samples: InkSample[], name: string, words: string, bytes?: Uint8Array, workers?: number },
 *     event: Progress,
 *     result: LearntHand,
 *   },
 *   finish: { params: undefined, event: never, result: void },
 *   open: { params: { bytes: Uint8Array }, event: never, result: KeptOwnHand },
 * }} LearnRequests
 */

/** After how many steps words are written in the hand so far. */
const WORDS_EVERY = 3;

const ready = init();
/** Whether the hand is good enough for whoever asked. */
let isEnough = false;

serve(
  /** @type {import("../engine/server.js").Handlers<LearnRequests>} */ ({
    async learn({ samples, name, words, bytes, workers = workersFor(navigator.hardwareConcurrency ?? 1) }, { emit }) {
      await ready;
      bytes ??= await weights("weights/synthesis.safetensors");
      let learner = new HandLearner(bytes, samples);
      const team = new LearningTeam(learner, bytes, samples, workers);
      for (let pass; !isEnough && (pass = learner.wanted()); ) {
        const progress = learner.take(await team.compute(pass));
        if (!progress) continue;
        /** @type {Progress} */
        const event = { ...progress, hand: learner.hand() };
        if (words && (progress.step === 1 || progress.step % WORDS_EVERY === 0)) {
          // A hand that is still bad may lose its way; the next words may be better.
          event.words = await learner.sketch(words).catch(() => undefined);
        }
        emit(event);
        // Lets a request to finish come in.
        await new Promise((resolve) => setTimeout(resolve));
      }
      team.end();
      learner.finish();
      learner = await learner.findStrength();
      if (learner.losesText) throw new CodedError("notItsText", { text: samples[0].text });
      return { hand: learner.hand(), prime: learner.prime(), file: learner.toFile(name), legible: learner.isLegible };
    },

    finish() {
      isEnough = true;
    },

    async open({ bytes }) {
      await ready;
      return ownHandFromFile(bytes);
    },
  }),
);
