"""The engines natively: `native.py DATA BENCH ROUNDS`, BENCH being the built `tools/bench.rs`.

The CPU engine and onnxruntime on one thread take turns, in seconds of the processor, so that what else
runs on the machine matters less; then the GPU engine, if there is an adapter,
against itself with shaders that do nothing; then what layers, width and lines cost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime as ort

#: What a turn should take, in seconds.
TURN = 0.5
#: Seconds below which a figure says little: some systems tell the processor's time in ticks of several milliseconds.
SHORTEST = 0.1
#: Largest difference from the golden points that rounding explains: as in `peers/drive.js`.
TOLERANCE = 0.2
#: Share of points of which rounding may decide the component or the pen: as in `browser.mjs`.
FLIPPED = 0.2
#: What a GPU adapter is called that is none.
SOFTWARE = ("llvmpipe", "SwiftShader", "lavapipe", "softpipe")


class Bench:
    """The Rust half."""

    def __init__(self, program: str):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)

    def ask(self, *words):
        """The answer to a command."""
        print(*words, file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def rate(self, engine: str, network, lines: int, steps: int) -> float:
        """Timesteps a second, of all lines at once; more than `steps` where these take too short to be told."""
        answer = self.ask(engine, network, lines, steps)
        while answer["seconds"] < SHORTEST:
            steps *= 2
            answer = self.ask(engine, network, lines, steps)
        return answer["steps"] / answer["seconds"]


def sample(about: dict, sums: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Next points `[B, 3]` from sums `[B, R]` and noise `[B, 4]`."""
    m, bias = about["mixtures"], about["bias"]
    blocks = sums[:, 1 : 1 + 6 * m].reshape(-1, 6, m)
    weights = np.exp((blocks[:, 0] - blocks[:, 0].max(1, keepdims=True)) * (1 + bias))
    shares = np.cumsum(weights / weights.sum(1, keepdims=True), 1)
    chosen = np.minimum((shares <= noise[:, :1]).sum(1), m - 1)
    _, x, y, sx, sy, rho = blocks[np.arange(len(sums)), :, chosen].T
    rho = np.tanh(rho)
    dx = x + np.exp(sx - bias) * noise[:, 2]
    dy = y + np.exp(sy - bias) * (rho * noise[:, 2] + np.sqrt(1 - rho * rho) * noise[:, 3])
    pen = noise[:, 1] < 1 / (1 + np.exp(sums[:, 0]))
    return np.stack([dx, dy, pen], 1).astype(np.float32)


class Onnx:
    """onnxruntime on one thread."""

    def __init__(self, data: Path, network: str, lines: int, kind: str):
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = data / f"{network}-{lines}-{kind}.onnx"
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.about = json.loads((data / f"{network}.json").read_text())
        golden = json.loads((data / f"{network}.golden.json").read_text())[:lines]
        self.noise = np.array([line["noise"] for line in golden], np.float32)
        self.points = np.array([line["points"] for line in golden], np.float32)
        self.zeros = np.zeros((lines, self.session.get_inputs()[1].shape[1]), np.float32)

    def advance(self, t: int, point: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Next points and state; a line begins again when its noise is used up."""
        t %= self.noise.shape[1]
        if t == 0:
            point, state = np.zeros((len(self.zeros), 3), np.float32), self.zeros
        sums, state = self.session.run(None, {"points": point, "state": state})
        return sample(self.about, sums, self.noise[:, t]), state

    def check(self) -> None:
        """Holds the points that follow the golden ones against the next golden ones."""
        point, state, found = None, None, []
        for t in range(self.points.shape[1]):
            point, state = self.advance(t, point, state)
            found.append(point)
            point = self.points[:, t]
        errors = np.abs(np.stack(found, 1) - self.points).max(2)
        wrong = (errors > TOLERANCE).mean()
        if not wrong <= FLIPPED:
            raise SystemExit(f"onnxruntime: {100 * wrong} % of its points are not the golden ones")

    def rate(self, steps: int) -> float:
        """Timesteps a second."""
        start = time.process_time()
        point, state = None, None
        for t in range(steps):
            point, state = self.advance(t, point, state)
        return steps / (time.process_time() - start)


def figure(value: float) -> str:
    """Three significant digits, with commas."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(values: list[float]) -> list[str]:
    """Least, middle and largest."""
    return [figure(v) for v in (min(values), median(values), max(values))]


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    """A table in Markdown."""
    print(f"\n### {title}\n")
    for row in [head, ["---", *["--:"] * (len(head) - 1)], *rows]:
        print("|", " | ".join(row), "|")
    sys.stdout.flush()


def beside_onnx(bench: Bench, data: Path, rounds: int) -> None:
    """The CPU engine beside onnxruntime."""
    titles = {"shipped": "shipped network (3 × 256)", "wide": "3 × 400 network"}
    for network, lines in (("shipped", 1), ("wide", 1), ("shipped", 16), ("wide", 16)):
        peers = [Onnx(data, network, lines, kind) for kind in ("gemm", "lstm")]
        for peer in peers:
            peer.check()
        peer = max(peers, key=lambda peer: peer.rate(60))
        kind = ("gemm", "lstm")[peers.index(peer)]
        file = data / f"{network}.safetensors"
        own = [bench.rate("cpu", file, lines, 64) for _ in range(2)][-1]
        counts = [max(32, round(own * TURN)), max(32, round(peer.rate(60) * TURN))]
        rates = [[], []]
        for _ in range(rounds):
            rates[0].append(bench.rate("cpu", file, lines, counts[0]) * lines)
            rates[1].append(peer.rate(counts[1]) * lines)
        ratio = median(a / b for a, b in zip(*rates, strict=True))
        rows = [["Running Hand", *cells(rates[0]), ""], [f"onnxruntime ({kind})", *cells(rates[1]), f"{ratio:.2f} ×"]]
        what = f"{titles[network]}, {lines} line{'s' if lines > 1 else ''}: points a second"
        table(f"Native, one thread, {what}", ["", "min", "median", "max", "Running Hand is"], rows)


def on_all_cores(bench: Bench, data: Path, rounds: int) -> None:
    """One line, and pages of them on all cores, by the clock."""
    rows = []
    for network in ("shipped", "wide"):
        file = data / f"{network}.safetensors"
        rates = {lines: [] for lines in (1, 16, 64)}
        for _ in range(rounds):
            for lines, own in rates.items():
                own.append(bench.rate("cores", file, lines, 64) * lines)
        for lines, own in rates.items():
            ratio = median(a / b for a, b in zip(own, rates[1], strict=True))
            rows.append([f"{network}, {lines}", *cells(own), f"{ratio:.2f} ×"])
    table("Native, all cores, by the clock: points a second", ["network, lines", "min", "median", "max", "one line's"], rows)


def against_memory(bench: Bench, data: Path, rounds: int) -> None:
    """One line against the time that it takes to read the weights."""
    rows = []
    for network in ("shipped", "wide"):
        file = data / f"{network}.safetensors"
        bytes_f32 = 4 * bench.ask("cpu", file, 1, 32)["parameters"]
        megabytes = round(bytes_f32 / 1e6)
        rates, cached, memory = [], [], []
        for _ in range(rounds):
            rates.append(bench.rate("cpu", file, 1, 320))
            cached.append(bench.ask("read", megabytes))
            memory.append(bench.ask("read", 256))
        limit = median(cached) / bytes_f32
        rows.append(
            [network, f"{megabytes} MB", *(f"{median(v) / 1e9:.1f} GB/s" for v in (cached, memory))]
            + [figure(limit), figure(median(rates)), f"{median(rates) / limit:.2f}"]
        )
    head = ["network", "as `f32`", "read again and again", "256 MB read", "reads a second", "steps a second", "share"]
    table("One line, one thread, against reading the weights as `f32`", head, rows)


def gpu(bench: Bench, data: Path, rounds: int) -> bool:
    """The GPU engine against empty dispatches and memory. Whether it is real hardware."""
    label = bench.ask("label")["gpu"]
    if label is None:
        print("\nNo Vulkan, Metal or Direct3D adapter: the GPU engine was not measured.")
        return False
    software = any(name in label for name in SOFTWARE)
    note = " – software adapter, not a speed claim" if software else ""
    rows = []
    copied = median(bench.ask("copy", 32 if software else 256) for _ in range(rounds))
    for network in ("shipped", "wide"):
        file = data / f"{network}.safetensors"
        steps = 32 if software else 512
        bytes_f16 = 2 * bench.ask("gpu", file, 1, 32)["parameters"]
        for lines in (1, 16, 64):
            rates, empty = [], []
            for _ in range(min(rounds, 3) if software else rounds):
                rates.append(bench.rate("gpu", file, lines, steps))
                empty.append(bench.rate("empty", file, lines, steps))
            step, nothing = 1 / median(rates), 1 / median(empty)
            rows.append(
                [f"{network}, {lines}", *cells([rate * lines for rate in rates]), f"{1e6 * step:,.1f} µs"]
                + [f"{1e6 * nothing:.1f} µs", f"{step / nothing:.2f} ×", f"{1e6 * bytes_f16 / copied:.1f} µs"]
            )
    head = ["network, lines", "points/s: min", "median", "max", "a step", "with empty dispatches", "is"]
    head.append("reading its weights")
    table(f"GPU engine on {label}{note}", head, rows)
    print(f"\nThe adapter copies {copied / 1e9:.1f} GB/s, bytes read and written.")
    return not software


def growth(bench: Bench, engine: str, title: str) -> None:
    """What layers, width and lines cost, in microseconds a timestep."""
    rows = []
    for layers, units in ((1, 256), (2, 256), (3, 256), (3, 128), (3, 400), (3, 800)):
        row = [f"{layers} × {units}"]
        for lines in (1, 4, 16, 64):
            network = f"random:{layers}x{units}"
            rate = median(bench.rate(engine, network, lines, 32 if lines > 4 else 64) for _ in range(3))
            row.append(f"{1e6 / rate:,.0f}")
        rows.append(row)
    table(title, ["layers × units", "1 line", "4 lines", "16 lines", "64 lines"], rows)


def main() -> None:
    data, bench, rounds = Path(sys.argv[1]), Bench(sys.argv[2]), int(sys.argv[3])
    print(f"\nonnxruntime {ort.__version__}, {bench.ask('label')['cpu']}; {rounds} rounds, engines in turns")
    beside_onnx(bench, data, rounds)
    on_all_cores(bench, data, rounds)
    against_memory(bench, data, rounds)
    growth(bench, "cpu", "CPU engine, one thread: microseconds a timestep of all lines")
    if gpu(bench, data, rounds):
        growth(bench, "gpu", "GPU engine: microseconds a timestep of all lines")


if __name__ == "__main__":
    main()
