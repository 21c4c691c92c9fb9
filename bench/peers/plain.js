// Plain JavaScript: loops over `Float32Array`s, as anyone would write them.

import { block, drive } from "./drive.js";

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** `out = weight · x + bias` */
function product({ values: weight, shape: [rows, columns] }, { values: bias }, x, out) {
  for (let row = 0; row < rows; row++) {
    let sum = bias[row];
    const start = row * columns;
    for (let k = 0; k < columns; k++) sum += weight[start + k] * x[k];
    out[row] = sum;
  }
}

function line({ hidden, window: components, ids: alphabet }, tensor, ids) {
  const layers = hidden.map((units, l) => ({
    units,
    weight: tensor(`lstm.${l}.weight`),
    bias: tensor(`lstm.${l}.bias`),
    input: new Float32Array(tensor(`lstm.${l}.weight`).shape[1]),
    sums: new Float32Array(4 * units),
    hidden: new Float32Array(units),
    cell: new Float32Array(units),
  }));
  const [weight, bias] = ["window.weight", "window.bias"].map(tensor);
  const [outputWeight, outputBias] = ["output.weight", "output.bias"].map(tensor);
  const kappa = new Float32Array(components);
  const sums = new Float32Array(3 * components);
  const window = new Float32Array(alphabet);
  const top = new Float32Array(hidden.reduce((a, b) => a + b));
  const output = new Float32Array(outputBias.shape[0]);

  function moveWindow() {
    product(weight, bias, layers[0].hidden, sums);
    for (let k = 0; k < sums.length; k++) sums[k] = Math.exp(sums[k]);
    for (let k = 0; k < components; k++) kappa[k] += sums[2 * components + k];
    window.fill(0);
    for (let u = 0; u < ids.length; u++) {
      let phi = 0;
      for (let k = 0; k < components; k++) {
        const distance = kappa[k] - u;
        phi += sums[k] * Math.exp(-sums[components + k] * distance * distance);
      }
      window[ids[u]] += phi;
    }
  }

  return (point, fresh) => {
    if (fresh) {
      for (const layer of layers) {
        layer.hidden.fill(0);
        layer.cell.fill(0);
      }
      kappa.fill(0);
      window.fill(0);
    }
    layers.forEach((layer, l) => {
      const { units, input, sums, hidden, cell } = layer;
      input.set(point, 0);
      input.set(window, 3);
      if (l > 0) input.set(layers[l - 1].hidden, 3 + alphabet);
      input.set(hidden, input.length - units);
      product(layer.weight, layer.bias, input, sums);
      for (let k = 0; k < units; k++) {
        const kept = sigmoid(sums[units + k]) * cell[k];
        cell[k] = kept + sigmoid(sums[k]) * Math.tanh(sums[2 * units + k]);
        hidden[k] = sigmoid(sums[3 * units + k]) * Math.tanh(cell[k]);
      }
      if (l === 0) moveWindow();
    });
    let at = 0;
    for (const { hidden } of layers) {
      top.set(hidden, at);
      at += hidden.length;
    }
    product(outputWeight, outputBias, top, output);
    return output;
  };
}

drive(async (network, about, lines) => {
  const tensor = await block(network, "rows");
  const steps = about.lines.slice(0, lines).map(({ ids }) => line(about, tensor, ids));
  if (lines === 1) return steps[0];
  const rows = 1 + 6 * about.mixtures + (about.stop ? 1 : 0);
  const sums = new Float32Array(lines * rows);
  return (points, fresh) => {
    steps.forEach((step, n) => sums.set(step(points.subarray(3 * n, 3 * n + 3), fresh), n * rows));
    return sums;
  };
});
