import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { RunningHandAttributes, RunningHandElement, RunningHandEvents } from "./element/running-hand.js";

export * from "./element/running-hand.js";

type Props = DetailedHTMLProps<HTMLAttributes<RunningHandElement>, RunningHandElement> &
  RunningHandAttributes & {
    [K in keyof RunningHandEvents as `on${K}`]?: (event: RunningHandEvents[K]) => void;
  };

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "running-hand": Props;
    }
  }
}
