"""Drawing lines of ink in a grid, as a PNG file."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

#: Strokes `[n, 2]` of a line, y down, and the title above it.
Cell = tuple[list[np.ndarray], str]

SAMPLE_SENTENCES = [
    "hello world",
    "the quick brown fox",
    "She sells sea shells by the shore.",
    "A pen writes what a network dreams.",
    "It was a bright cold day in April,",
    "and the clocks were striking thirteen.",
]


def points_to_strokes(points: np.ndarray, mean, sd) -> list[np.ndarray]:
    """Strokes `[n, 2]` of absolute points from normalised points `[T, 3]`; `mean` and `sd` `[2]` are the units."""
    path = np.cumsum(points[:, :2] * sd + mean, 0)
    path = np.concatenate([[[0, 0]], path])
    pen = np.concatenate([[0], points[:, 2]])
    cuts = np.flatnonzero(pen == 1) + 1
    return [s for s in np.split(path, cuts) if len(s)]


def draw_cell(axis, strokes: list[np.ndarray], title: str) -> None:
    """Draw one line of ink on a matplotlib axis."""
    for stroke in strokes:
        axis.plot(stroke[:, 0], -stroke[:, 1], "k-", linewidth=1.1, solid_capstyle="round")
    axis.set_aspect("equal")
    axis.axis("off")
    axis.set_title(title, fontsize=6, loc="left", color="0.5", parse_math=False)


def draw_grid(path: Path, cells: list[Cell], columns: int, width=6.0, height=1.1) -> None:
    """Write an image of the cells, row by row; `width` and `height` of a cell are in inches."""
    rows = -(-len(cells) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False)
    for axis in axes.flat[len(cells) :]:
        axis.axis("off")
    for axis, (strokes, title) in zip(axes.flat, cells, strict=False):
        draw_cell(axis, strokes, title)
    figure.tight_layout()
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110)
    plt.close(figure)
    # Sixteen greys are enough for ink, and a quarter of the bytes.
    Image.open(drawn).convert("L").quantize(16).save(path, optimize=True)
