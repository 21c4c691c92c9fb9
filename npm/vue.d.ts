import type { DefineComponent } from "vue";
import type { RunningHandAttributes, RunningHandEvents } from "./element/running-hand.js";

export * from "./element/running-hand.js";

type Props = RunningHandAttributes & {
  [K in keyof RunningHandEvents as `on${Capitalize<K>}`]?: (event: RunningHandEvents[K]) => void;
};

declare module "vue" {
  interface GlobalComponents {
    "running-hand": DefineComponent<Props>;
  }
}
