/** Learning a hand from one's own ink, on this device. */

import type { KeptOwnHand, InkSample, LearningProgress, OwnHand } from "./learner/learner.js";
export type { KeptOwnHand, InkSample, LearningProgress, OwnHand };

/** A learnt hand. */
export interface LearntHand {
  /** For `WriteOptions.ownHand`. */
  hand: OwnHand;
  /** A line of its ink, for `WriteOptions.prime`, which makes the writing more alike. */
  prime: { text: string; points: Float32Array };
  /** Its file, as JSON, which holds all of its ink. */
  file: string;
  /** Whether words in it went right often enough. If not, `hand.strength` was taken back until they did. */
  legible: boolean;
}

export interface LearnOptions {
  /** The hand's name. */
  name?: string;
  /**
   * Gets the hand as it is so far after each step, which takes about a second. `words` are those of the option, written in
   * it every few steps: triples x, y, 1 where a stroke ends; corpus units, y down.
   */
  onProgress?: (progress: LearningProgress & { hand: OwnHand; words?: Float32Array }) => void;
  /** A few words to be written in the hand so far. Default: none. */
  words?: string;
  /** Gives the learning up when it is aborted. */
  signal?: AbortSignal;
  /** Ends the learning early when it is aborted, with the hand so far. */
  enough?: AbortSignal;
  /** A file of other weights than those of the package. */
  weights?: Uint8Array;
  /**
   * Most workers that compute, each on a core of its own with a share of the lines. The hand does not depend on their
   * number. Default: as many as the machine has cores for, at most 4.
   */
  workers?: number;
}

/**
 * Learns a hand from up to twelve lines of ink, best from four that have every letter. Rejects with advice about a line
 * that cannot be used, and with the signal's reason as soon as it is aborted.
 */
export function learnHand(samples: InkSample[], options?: LearnOptions): Promise<LearntHand>;

/**
 * A hand from its file. Rejects with the reason if that is damaged. `folder` is where the package is served, for builds that
 * do not copy its workers by themselves.
 */
export function openHand(file: Uint8Array | string, folder?: URL): Promise<KeptOwnHand>;
