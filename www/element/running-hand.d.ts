import type { Finish, Plan } from "../pkg/running_hand.js";

type Attribute = string | number | null | undefined;

/**
 * `<running-hand text="Dear reader,"></running-hand>`: writes its text by hand when it is first seen, at the
 * size of the font around it, in the colour of the text. `--running-hand-stroke` is the width of the pen's
 * line (20; an x is 200 high). Attributes and properties have the same names; a property that is set
 * shows as an attribute.
 */
export class RunningHandElement extends HTMLElement {
  /** What is written; without it, what stands between the tags. Empty: the network scribbles. */
  get text(): string | null;
  set text(value: Attribute);
  /** A hand, by its name. */
  get hand(): string | null;
  set hand(value: Attribute);
  /** 0 to 5: neater. */
  get bias(): string | null;
  set bias(value: Attribute);
  /** 0.1 to 4: wilder; 1 is neutral. */
  get temperature(): string | null;
  set temperature(value: Attribute);
  /** The same seed gives the same writing. */
  get seed(): string | null;
  set seed(value: Attribute);
  /** Characters in a line, 1 to 100. */
  get columns(): string | null;
  set columns(value: Attribute);
  /** How often a word that went wrong is written anew, 0 to 20. */
  get attempts(): string | null;
  set attempts(value: Attribute);
  /** 1 is as a hand writes, 2 is twice as fast, "instant" is at once. May be changed while it writes. */
  get speed(): string | null;
  set speed(value: Attribute);
  /** The ink of what was last written: triples x, y, 1 where a stroke ends; y grows downward. */
  get points(): Float32Array;
  /** Whether it is being written. */
  get writing(): boolean;
  /** Writes from the start; fulfilled when the pen is done, or when something else is written instead. */
  write(): Promise<void>;
  /** Stops the pen where it is. */
  stop(): void;
}

/** Events of the element, beside those of all elements. */
export interface RunningHandEvents {
  /** The pen begins. */
  start: CustomEvent<{ plan: Plan }>;
  /** The pen is done. */
  finish: CustomEvent<{ finish: Finish }>;
  /** Nothing can be written; the text is shown as it is. `message` says why, on the console too unless prevented. */
  error: ErrorEvent;
}

declare global {
  interface HTMLElementTagNameMap {
    "running-hand": RunningHandElement;
  }
}
