// What a page of the bench offers to whoever drives the browser, the same for all peers:
//
// * `?first=NETWORK` in its address: `first` becomes the milliseconds from navigation to the first point;
// * `bench.open(network, lines, variant)`: loads a network, and gives a key;
// * `bench.check(key)`: the share of points that are not the golden ones when they follow golden ones, and the
//   largest difference of the others, in units of the network;
// * `bench.run(key, count)`: makes about as many points, and tells how many, and in how many seconds.

import { sample } from "./sample.js";

/**
 * Largest difference from a golden point that rounding explains, in standard deviations of an offset. The golden points are
 * Running Hand's, whose states are whole numbers; peers compute with floats. A wrong term is off by 1 and more.
 */
export const TOLERANCE = 0.2;

const load = async (name) => (await fetch(`/data/${name}`)).json();

/**
 * @param make `(network, about, lines, variant)`: a timestep, `(points [B, 3], fresh) => sums [B, R]`, maybe
 * by way of a promise; `fresh` asks for the state of a line's beginning.
 */
export function drive(make) {
  const opened = [];

  async function open(network, lines, variant) {
    const about = await load(`${network}.json`);
    const step = await make(network, about, lines, variant);
    opened.push({ network, about, lines, step, noise: undefined, t: 0, points: new Float32Array(3 * lines) });
    return opened.length - 1;
  }

  async function golden(key) {
    const { network } = opened[key];
    return load(`${network}.golden.json`);
  }

  async function advance(own, fresh) {
    if (fresh) own.points.fill(0);
    const sums = own.step(own.points, fresh);
    // Peers that answer at once are not made to wait for a promise.
    sample(own.about, sums instanceof Promise ? await sums : sums, (line) => own.noise[line][own.t], own.points);
    own.t = (own.t + 1) % own.noise[0].length;
  }

  globalThis.bench = {
    open,
    async check(key) {
      const own = opened[key];
      const lines = (await golden(key)).slice(0, own.lines);
      own.noise = lines.map((line) => line.noise);
      own.t = 0;
      let [wrong, worst] = [0, 0];
      for (let t = 0; t < lines[0].points.length; t++) {
        await advance(own, t === 0);
        lines.forEach(({ points }, line) => {
          const error = Math.max(...points[t].map((value, k) => Math.abs(value - own.points[3 * line + k])));
          if (error <= TOLERANCE) worst = Math.max(worst, error);
          else wrong += 1 / (lines.length * lines[0].points.length);
          own.points.set(points[t], 3 * line);
        });
      }
      return { wrong, worst };
    },
    async run(key, count) {
      const own = opened[key];
      const steps = Math.ceil(count / own.lines);
      const start = performance.now();
      for (let t = 0; t < steps; t++) {
        // Lines end and begin: none runs past its text.
        await advance(own, own.t === 0);
      }
      return { points: steps * own.lines, seconds: (performance.now() - start) / 1000 };
    },
  };

  const first = new URLSearchParams(location.search).get("first");
  if (first) {
    open(first, 1).then(async (key) => {
      opened[key].noise = [[[0.5, 0.5, 0, 0]]];
      await advance(opened[key], true);
      globalThis.first = performance.now();
    });
  }
}

/** A block of numbers, and a view of each of its tensors by name. */
export async function block(network, kind) {
  const [layout, bytes] = await Promise.all([
    load(`${network}.${kind}.json`),
    fetch(`/data/${network}.${kind}.bin`).then((answer) => answer.arrayBuffer()),
  ]);
  return (name) => {
    const [at, ...shape] = layout[name];
    const size = shape.reduce((a, b) => a * b, 1);
    return { shape, values: new Float32Array(bytes, 4 * at, size) };
  };
}
