import type { HTMLAttributes } from "svelte/elements";
import type { RunningHandAttributes, RunningHandElement, RunningHandEvents } from "./element/running-hand.js";

export * from "./element/running-hand.js";

type Handlers = { [K in keyof RunningHandEvents as `on${K}`]?: (event: RunningHandEvents[K]) => void };
type Props = Omit<HTMLAttributes<RunningHandElement>, keyof Handlers> & RunningHandAttributes & Handlers;

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "running-hand": Props;
  }
}

declare global {
  namespace svelteHTML {
    interface IntrinsicElements {
      "running-hand": Props;
    }
  }
}
