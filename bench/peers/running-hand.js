// This project's own CPU engine, by its public surface: the same page as the peers' (drive.js), but
// lines are written as any user of the module writes them, without checks.

import init, { RunningHand } from "/dist/pkg/running_hand.js";

/** As in drive.js, which the peers use. */
const TOLERANCE = 1e-3;
const load = async (name) => (await fetch(`/data/${name}`)).json();
const opened = [];

async function open(network, lines) {
  const [about] = await Promise.all([load(`${network}.json`), init()]);
  const runningHand = await RunningHand.open("cpu");
  await runningHand.load(`/data/${network}.safetensors`);
  const text = about.lines.slice(0, lines).map((line) => line.text).join("\n");
  const { bias, seed } = about;
  opened.push({ network, runningHand, text, options: { bias, seed, columns: 100, attempts: 0, live: true } });
  return opened.length - 1;
}

globalThis.bench = {
  open,
  async check(key) {
    const { network, runningHand, text, options } = opened[key];
    const [{ points: golden }] = await load(`${network}.golden.json`);
    // The network's own output, before it is laid out: nine numbers a timestep, of which dx, dy and pen come first.
    const { steps } = await runningHand.writeLine(text, 0, options);
    let [wrong, worst] = [0, 0];
    golden.forEach((expected, t) => {
      const error = Math.max(...expected.map((value, k) => Math.abs(steps[9 * t + k] - value)));
      if (error <= TOLERANCE) worst = Math.max(worst, error);
      else wrong += 1 / golden.length;
    });
    return { wrong, worst };
  },
  async run(key, least) {
    const { runningHand, text, options } = opened[key];
    let count = 0;
    const start = performance.now();
    while (count < least) {
      const writing = await runningHand.write(text, options);
      for await (const ink of writing) {
        for (const { points } of ink) count += points.length / 3;
        // A text of several lines is written to its end: which line a point is from is the engine's affair.
        if (count >= least && !text.includes("\n")) break;
      }
      writing.free();
    }
    return { points: count, seconds: (performance.now() - start) / 1000 };
  },
};

const first = new URLSearchParams(location.search).get("first");
if (first) {
  open(first, 1).then(async (key) => {
    const { runningHand, text, options } = opened[key];
    for await (const ink of await runningHand.write(text, options)) {
      if (ink.length) break;
    }
    globalThis.first = performance.now();
  });
}
