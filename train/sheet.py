"""Draw a sheet of generated writing, to judge weights by eye.

    python train/sheet.py --weights runs/synthesis/weights.safetensors --out sheet.png
    python train/sheet.py --weights weights/synthesis.safetensors --out hands.png --hands --biases 1

`contact.py` has the sheets of what the page's visitors get.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import export
import reference
from alphabet import encode

SENTENCES = [
    "hello world",
    "the quick brown fox",
    "She sells sea shells by the shore.",
    "A pen writes what a network dreams.",
    "It was a bright cold day in April,",
    "and the clocks were striking thirteen.",
]


def strokes(points: np.ndarray, mean, sd) -> list[np.ndarray]:
    """Absolute strokes of normalised points."""
    path = np.cumsum(points[:, :2] * sd + mean, 0)
    path = np.concatenate([[[0, 0]], path])
    pen = np.concatenate([[0], points[:, 2]])
    cuts = np.flatnonzero(pen == 1) + 1
    return [s for s in np.split(path, cuts) if len(s)]


def draw(axis, lines: list[np.ndarray], title: str) -> None:
    """One line of writing; its strokes are `[n, 2]`, y down."""
    for stroke in lines:
        axis.plot(stroke[:, 0], -stroke[:, 1], "k-", linewidth=1.1, solid_capstyle="round")
    axis.set_aspect("equal")
    axis.axis("off")
    axis.set_title(title, fontsize=6, loc="left", color="0.5", parse_math=False)


def page(path: Path, cells: list[tuple[list[np.ndarray], str]], columns: int, width=6.0, height=1.1) -> None:
    """A picture of lines, strokes and title of each, row by row; a cell's size is in inches."""
    rows = -(-len(cells) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False)
    for axis in axes.flat[len(cells) :]:
        axis.axis("off")
    for axis, (lines, title) in zip(axes.flat, cells, strict=False):
        draw(axis, lines, title)
    figure.tight_layout()
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110)
    plt.close(figure)
    # Sixteen greys are enough for ink, and a quarter of the bytes.
    Image.open(drawn).convert("L").quantize(16).save(path, optimize=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--biases", type=float, nargs="+", default=[0.0, 0.5, 1.0])
    parser.add_argument("--text", nargs="+", default=SENTENCES)
    parser.add_argument("--style", type=int, default=-1, help="row of the style table, -1 = none")
    parser.add_argument("--hands", action="store_true", help="the first text in every hand, instead of every text")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tensors, meta = export.read(args.weights)
    config = export.config_of(meta)
    hands = range(config.writers) if args.hands else [args.style]
    texts = args.text[:1] if args.hands else args.text
    jobs = [(text, hand, bias) for text in texts for hand in hands for bias in args.biases]
    rows = [encode(text, config.alphabet) if config.window else [] for text, _, _ in jobs]
    for (text, _, _), row in zip(jobs, rows, strict=True):
        if row is None:
            raise SystemExit(f"{text!r} has a character that the network cannot write: it knows {config.alphabet!r}")
    style = np.zeros((len(jobs), config.style_dim), np.float32)
    for job, (_, hand, _) in enumerate(jobs):
        if config.style_dim and hand >= 0:
            style[job] = tensors["style.table"][hand]
    cap = 700
    if config.window:
        cap = int(40 + 2.2 * meta["points_per_character"] * max(len(r) for r in rows))
    biases = np.array([b for _, _, b in jobs], np.float32)
    lines = reference.write(tensors, config, rows, style, biases, args.temperature, args.seed, cap)
    mean, sd = np.array(meta["offset_mean"]), np.array(meta["offset_sd"])
    cells = []
    for (text, hand, bias), points in zip(jobs, lines, strict=True):
        title = f"bias {bias:g}, {len(points)} points" + (" (cap)" if len(points) == cap else "")
        what = meta["styles"][hand] if args.hands else text
        cells.append((strokes(points, mean, sd), f"{what} | {title}" if config.window else title))
    page(args.out, cells, len(args.biases))


if __name__ == "__main__":
    main()
