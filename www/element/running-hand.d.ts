import type { Finish, Plan } from "../pkg/running_hand.js";

type Attribute = string | number | null | undefined;

/**
 * `<running-hand text="Dear reader,"></running-hand>`: writes its text by hand when it is first visible, at the size
 * and in the colour of the surrounding text. `--running-hand-stroke` is the width of the pen's line (20; an x is 200
 * high). Parts: `ink`, the drawing, and `text`, what is shown if the text cannot be written. Properties reflect the
 * attributes of the same names.
 */
export class RunningHandElement extends HTMLElement {
  /** The text; without it, the element's content. If it is empty, the network scribbles. */
  get text(): string | null;
  set text(value: Attribute);
  /** A hand, by its name. */
  get hand(): string | null;
  set hand(value: Attribute);
  /** The address of a hand's file, as `learnHand` and the page make them; it takes the place of `hand`. */
  get handSrc(): string | null;
  set handSrc(value: Attribute);
  /** The content of such a file; it takes the place of both. No attribute. */
  get handFile(): string | Uint8Array | null;
  set handFile(value: string | Uint8Array | null | undefined);
  /** 0 to 5; larger is neater. Default 0.75. */
  get bias(): string | null;
  set bias(value: Attribute);
  /** 0.1 to 4; larger is wilder. Default 1, neutral. */
  get temperature(): string | null;
  set temperature(value: Attribute);
  /** The same seed gives the same writing. Default 1. */
  get seed(): string | null;
  set seed(value: Attribute);
  /** Characters in a line, 1 to 100. Default: as many as a free sheet holds. */
  get columns(): string | null;
  set columns(value: Attribute);
  /** How often a word that failed its check is written again, 0 to 20. Default 4. */
  get attempts(): string | null;
  set attempts(value: Attribute);
  /** 1 is as people write, 2 is twice as fast, "instant" is at once. Can be changed while it writes. */
  get speed(): string | null;
  set speed(value: Attribute);
  /** Whether it waits for `write()` instead of writing when it is seen. */
  manual: boolean;
  /** The ink of the text written last: triples x, y, 1 where a stroke ends; y grows downward. */
  get points(): Float32Array;
  /** Whether it is being written. */
  get writing(): boolean;
  /** Writes from the start. Fulfilled when all is drawn, or when something else is written instead. */
  write(): Promise<void>;
  /** Stops the pen where it is. */
  stop(): void;
  addEventListener<K extends keyof RunningHandEvents>(
    type: K,
    listener: (this: RunningHandElement, event: RunningHandEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** The element's own events. They do not bubble. */
export interface RunningHandEvents {
  /** The pen begins. */
  start: CustomEvent<{ plan: Plan }>;
  /** All is drawn. `doubtful`: words that may be hard to read. */
  finish: CustomEvent<{ finish: Finish; doubtful: string[] }>;
  /** The text cannot be written and is shown as plain text. `message` says why; it is logged too, unless prevented. */
  error: ErrorEvent;
}

/** The attributes, for the templates of frameworks. */
export interface RunningHandAttributes {
  text?: string;
  hand?: string;
  "hand-src"?: string;
  handSrc?: string;
  handFile?: string | Uint8Array | null;
  bias?: number | string;
  temperature?: number | string;
  seed?: number | string;
  columns?: number | string;
  attempts?: number | string;
  speed?: number | string;
  manual?: boolean;
}

/**
 * Says where the package's files are served, for builds that do not copy the worker, the module and the weights by
 * themselves (esbuild, Rollup). To be called before the first text is written.
 */
export function configure(options: {
  /** The folder that holds a copy of this package; may be relative to the page's address. */
  folder: string | URL;
}): void;

declare global {
  interface HTMLElementTagNameMap {
    "running-hand": RunningHandElement;
  }
}
