// onnxruntime-web, WASM execution provider: one graph a timestep, of two inputs and two outputs.

import * as ort from "onnxruntime-web/wasm";
import { drive } from "./drive.js";

ort.env.wasm.wasmPaths = "/modules/onnxruntime-web/dist/";
ort.env.wasm.numThreads = Number(new URLSearchParams(location.search).get("threads") ?? 1);

drive(async (network, about, lines, variant = "gemm") => {
  const session = await ort.InferenceSession.create(`/data/${network}-${lines}-${variant}.onnx`, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const size = 2 * about.hidden.reduce((a, b) => a + b) + about.window + about.ids;
  const zeros = () => new ort.Tensor("float32", new Float32Array(lines * size), [lines, size]);
  let state = zeros();
  return async (points, fresh) => {
    if (fresh) state = zeros();
    const { sums, next } = await session.run({ points: new ort.Tensor("float32", points, [lines, 3]), state });
    state = next;
    return sums.data;
  };
});
