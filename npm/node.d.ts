import type { EngineChoice, RunningHand, WriteOptions } from "./pkg/running_hand.js";

export * from "./pkg/running_hand.js";

/**
 * Opens an engine that can write: the module and the weights come from this package. The prediction network, which
 * writes without a text, is read when it is first needed. Node.js has no WebGPU: there the CPU writes.
 */
export function open(engine?: EngineChoice): Promise<RunningHand>;

/** The element's settings; their defaults are those of `WriteOptions`. */
export interface RenderOptions extends Pick<WriteOptions, "bias" | "temperature" | "seed" | "columns" | "attempts"> {
  /** A hand, by its name. */
  hand?: string;
}

/**
 * `<running-hand>` with its ink, as HTML for a page that is made on a server. Browsers show it without any script, by a
 * declarative shadow root; the element, if it is loaded, takes it over. Texts are written one after the other.
 */
export function renderToString(text: string, options?: RenderOptions): Promise<string>;
