// TensorFlow.js, WASM backend with SIMD: matrices lie as its fast products (XNNPACK) want them.

import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { block, drive } from "./drive.js";

setWasmPaths("/modules/@tensorflow/tfjs-backend-wasm/dist/");
setThreadsCount(Number(new URLSearchParams(location.search).get("threads") ?? 1));

drive(async (network, { hidden, window: components, ids, lines: texts }, lines) => {
  const [tensor] = await Promise.all([block(network, "columns"), tf.setBackend("wasm")]);
  const dense = (name) => {
    const [weight, bias] = [tensor(`${name}.weight`), tensor(`${name}.bias`)];
    return { b: tf.tensor2d(weight.values, weight.shape), bias: tf.tensor1d(bias.values) };
  };
  const product = (a, layer) => tf.fused.matMul({ a, ...layer });
  const layers = hidden.map((_, l) => dense(`lstm.${l}`));
  const [windowLayer, output] = [dense("window"), dense("output")];

  const longest = Math.max(...texts.slice(0, lines).map((line) => line.ids.length));
  const hot = new Float32Array(lines * longest * ids);
  texts.slice(0, lines).forEach((line, n) => line.ids.forEach((id, u) => (hot[(n * longest + u) * ids + id] = 1)));
  const text = tf.tensor3d(hot, [lines, longest, ids]);
  const places = tf.tensor3d(Float32Array.from({ length: longest }, (_, u) => u), [1, 1, longest]);

  const zeros = () => ({
    hidden: hidden.map((units) => tf.zeros([lines, units])),
    cell: hidden.map((units) => tf.zeros([lines, units])),
    kappa: tf.zeros([lines, components]),
    window: tf.zeros([lines, ids]),
  });

  function timestep(points, state) {
    const point = tf.tensor2d(points, [lines, 3]);
    const next = { hidden: [], cell: [], kappa: state.kappa, window: state.window };
    layers.forEach((layer, l) => {
      const below = l > 0 ? [next.hidden[l - 1]] : [];
      const sums = product(tf.concat([point, next.window, ...below, state.hidden[l]], 1), layer);
      const [i, f, g, o] = tf.split(sums, 4, 1);
      next.cell[l] = tf.add(tf.mul(tf.sigmoid(f), state.cell[l]), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      next.hidden[l] = tf.mul(tf.sigmoid(o), tf.tanh(next.cell[l]));
      if (l > 0) return;
      const [alpha, beta, moved] = tf.split(tf.exp(product(next.hidden[0], windowLayer)), 3, 1);
      next.kappa = tf.add(state.kappa, moved);
      const column = (value) => tf.reshape(value, [lines, components, 1]);
      const distance = tf.sub(column(next.kappa), places);
      const spread = tf.mul(column(beta), tf.mul(distance, distance));
      const phi = tf.sum(tf.mul(column(alpha), tf.exp(tf.neg(spread))), 1, true);
      next.window = tf.reshape(tf.matMul(phi, text), [lines, ids]);
    });
    return { next, sums: product(tf.concat(next.hidden, 1), output) };
  }

  let state = zeros();
  return (points, fresh) => {
    if (fresh) {
      tf.dispose(state);
      state = zeros();
    }
    const { next, sums } = tf.tidy(() => timestep(points, state));
    tf.dispose(state);
    state = next;
    const values = sums.dataSync();
    sums.dispose();
    return values;
  };
});
