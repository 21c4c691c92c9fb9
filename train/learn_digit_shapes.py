"""Learn what digits look like, for the check that has misshapen ones written anew.

    python -m train.learn_digit_shapes --weights weights/synthesis-f16.safetensors

The network writes lines with numbers in the hands of all its writers. A linear classifier learns to tell their digits
from the way of the pen, twice more without those that it takes for another digit: they are misshapen. It is written to
`src/writer/digit_shapes.in`, which `src/writer/digit_shapes.rs` reads digits with, by the same features.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.evaluate.hand_readings import SENTENCES
from train.evaluate.line_writer import ROOT, LineWriter, WrittenLine

#: Places at which the pen's way is read; smallest size of a digit, as a share of its width.
PLACES, LEAST_HEIGHT = 8, 0.6
OUT = ROOT / "src/writer/digit_shapes.in"
#: How often the classifier is fitted, steps of each fit, their size, and the weight of the squared weights.
ROUNDS, STEPS, RATE, DECAY = 3, 1500, 0.05, 1e-4


def features(strokes: Sequence[np.ndarray]) -> np.ndarray | None:
    """Features `[2 PLACES + 3]` of a digit's strokes `[n, 2]`, y down; `None` without ink.

    Where the pen is at places equally far apart along the strokes, from the digit's middle, in heights; its width, its
    strokes, and 1. Strokes beside the longest one are left out: they are of the characters beside it.
    """

    def lengths(stroke: np.ndarray) -> np.ndarray:
        return np.hypot(*np.diff(stroke, axis=0).T)

    strokes = [stroke for stroke in strokes if len(stroke) > 1]
    if not strokes:
        return None
    longest = max(strokes, key=lambda stroke: lengths(stroke).sum())
    left, right = longest[:, 0].min(), longest[:, 0].max()
    strokes = [stroke for stroke in strokes if stroke[:, 0].max() >= left and stroke[:, 0].min() <= right]
    # Along all moves with the pen down: from where, to where, and how far.
    starts, ends = (np.concatenate([stroke[part] for stroke in strokes]) for part in (slice(-1), slice(1, None)))
    walked = np.cumsum(np.concatenate([lengths(stroke) for stroke in strokes]))
    if walked[-1] <= 0:
        return None
    points = np.concatenate(strokes)
    low, extent = points.min(0), np.ptp(points, axis=0)
    size = max(extent[1], LEAST_HEIGHT * extent[0])
    places = (np.arange(PLACES) + 0.5) / PLACES * walked[-1]
    move = np.minimum(np.searchsorted(walked, places), len(walked) - 1)
    before = np.concatenate([[0], walked])[move]
    share = ((places - before) / (walked[move] - before))[:, None]
    at = starts[move] + share * (ends[move] - starts[move])
    return np.array([*((at - low - extent / 2) / size).ravel(), extent[0] / size, 0.5 * (len(strokes) - 1), 1])


def digits_of(line: WrittenLine) -> list[tuple[int, np.ndarray]]:
    """Each digit of a line with its features; a stroke is of the character at which more than half was drawn."""
    strokes: dict[int, list[np.ndarray]] = {}
    # The first point is where the line begins.
    positions = np.split([0, *line.positions], np.cumsum([len(stroke) for stroke in line.strokes])[:-1])
    for stroke, at in zip(line.strokes, positions, strict=True):
        counts = np.bincount(np.asarray(at, int))
        if 2 * counts.max() > len(at):
            strokes.setdefault(int(counts.argmax()), []).append(stroke)
    found = ((c, features(strokes.get(at, []))) for at, c in enumerate(line.text) if c.isdigit())
    return [(int(c), row) for c, row in found if row is not None]


def fit(digits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Weights `[10, F]` of logistic regression for `digits` `[N]` with features `rows` `[N, F]`, by Adam."""
    wanted = np.eye(10)[digits]
    weights = mean = square = np.zeros((10, rows.shape[1]))
    for step in range(1, STEPS + 1):
        scores = np.exp(rows @ weights.T - (rows @ weights.T).max(1, keepdims=True))
        slope = (scores / scores.sum(1, keepdims=True) - wanted).T @ rows / len(rows) + DECAY * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights = weights - RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights


def margins(weights: np.ndarray, digits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """By how much the score of each digit is above that of the likeliest other one, `[N]`."""
    scores = rows @ weights.T
    own = scores[np.arange(len(digits)), digits].copy()
    scores[np.arange(len(digits)), digits] = -np.inf
    return own - scores.max(1)


def learn(digits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """As `fit`, twice more without the digits that look like others."""
    kept = np.ones(len(digits), bool)
    for _ in range(ROUNDS):
        weights = fit(digits[kept], rows[kept])
        kept = margins(weights, digits, rows) > 0
    return weights


def table(weights: np.ndarray) -> str:
    """The weights as Rust reads them: their scale, and a row of whole numbers for each digit."""
    # One number may be added to all digits' weights of a feature.
    centered = weights - (weights.max(0) + weights.min(0)) / 2
    scale = np.abs(centered).max() / 127
    rows = (f"    [{', '.join(map(str, row))}]," for row in np.rint(centered / scale).astype(int))
    return "\n".join([f"({scale:.6f}, [", *rows, "])", ""])


def random_texts(count: int, rng) -> list[str]:
    """Lines of words and numbers: dates, times, prices, codes."""
    words = [word for sentence in SENTENCES for word in sentence.split() if word.isalpha()]

    def number(most: int) -> str:
        return "".join(map(str, rng.integers(0, 10, rng.integers(1, most + 1))))

    patterns = [
        lambda: number(5),
        lambda: number(4),
        lambda: f"{rng.integers(1700, 2040)}",
        lambda: f"{rng.integers(1, 24)}:{rng.integers(0, 60):02}",
        lambda: f"${number(2)}.{number(2)}",
        lambda: f"{number(2)},{number(3)}",
        lambda: f"{number(3)}-{number(4)}",
        lambda: f"{number(2)}/{number(2)}",
        lambda: f"({number(3)})",
        lambda: f"{number(2)}%",
        lambda: f"{rng.choice(list('ABCHKMQRW'))}{number(2)}",
    ]
    parts = [lambda: rng.choice(words), *[lambda: patterns[rng.integers(len(patterns))]()] * 2]
    return [" ".join(parts[rng.integers(3)]() for _ in range(rng.integers(3, 6))) for _ in range(count)]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True, help="synthesis network")
    parser.add_argument("--lines", type=int, default=3000, help="how many lines it writes, in its hands in turn")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--bias", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    texts = random_texts(args.lines, np.random.default_rng(args.seed))
    lines = LineWriter(args.weights, seed=args.seed).write(texts, args.bias, attempts=4)
    found = [digit for line in lines for digit in digits_of(line)]
    digits, rows = np.array([digit for digit, _ in found]), np.array([row for _, row in found])
    held_out = np.random.default_rng(args.seed).random(len(digits)) < 0.2
    weights = learn(digits[~held_out], rows[~held_out])
    args.out.write_text(table(weights), encoding="utf-8")
    like_others = (margins(weights, digits, rows)[held_out] < 0).mean()
    print(f"{args.out}: {len(digits)} digits, of those held out {like_others:.1%} look more like another one")


if __name__ == "__main__":
    main()
