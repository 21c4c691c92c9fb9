"""Whose hand a line is: statistics of its ink, and the nearest of some writers by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Directions of the pen that are told apart.
DIRECTIONS = 12


def ink_statistics(offsets: np.ndarray) -> np.ndarray:
    """31 statistics of a line's offsets `[T, 3]`, in whiteboard units: size, pace, slant, curvature, pen lifts.

    None of them reads the text; together they are much alike on the lines of one writer.
    """
    moves = offsets[:, :2].astype(np.float64)
    lifts = offsets[:, 2] > 0.5
    # A move is ink unless the pen was lifted before it.
    ink = np.concatenate([[True], ~lifts[:-1]])
    lengths = np.hypot(*moves.T)
    drawn, own = moves[ink], lengths[ink]
    total = max(own.sum(), 1e-6)
    angles = np.arctan2(drawn[:, 1], drawn[:, 0])
    directions, _ = np.histogram(angles, DIRECTIONS, (-np.pi, np.pi), weights=own)
    moving = own > 2
    turns = np.diff(angles[moving])
    turns = np.abs((turns + np.pi) % (2 * np.pi) - np.pi) if len(turns) else np.zeros(1)
    down = drawn[drawn[:, 1] > np.abs(drawn[:, 0])]
    path = np.cumsum(moves, 0)
    y = path[:, 1] - np.polyval(np.polyfit(path[:, 0], path[:, 1], 1), path[:, 0]) if len(path) > 2 else path[:, 1]
    strokes = np.diff(np.concatenate([[0], np.flatnonzero(lifts) + 1, [len(moves)]]))
    strokes = strokes[strokes > 0]
    hops = moves[~ink] if (~ink).any() else np.zeros((1, 2))
    # Moves in the air within a word, not from word to word.
    near = hops[np.hypot(*hops.T) < 250] if (np.hypot(*hops.T) < 250).any() else hops
    return np.concatenate(
        [
            directions / total,
            np.log(np.quantile(own, [0.25, 0.5, 0.75, 0.9]) + 1),
            [np.mean(own < 2), turns.mean(), np.quantile(turns, 0.9), np.mean(turns > 1)],
            [(down[:, 0].sum() / max(down[:, 1].sum(), 1e-6)) if len(down) else 0.0],
            np.log(np.quantile(y, [0.95, 0.75]) - np.quantile(y, [0.05, 0.25]) + 1),
            [np.log(total / max(np.ptp(path[:, 0]), 1)), np.log(np.ptp(path[:, 0]) / max(np.ptp(y), 1) / len(moves))],
            [lifts.mean(), np.log(strokes.mean()), np.log(np.median(strokes))],
            [near[:, 0].mean() / 100, near[:, 1].mean() / 100, np.abs(near[:, 1]).mean() / 100],
        ]
    )


class NearestWriter:
    """Linear discriminant analysis with a shrunk covariance: the writer whose mean is nearest."""

    def __init__(self, statistics: np.ndarray, writers: Sequence[str], shrinkage: float = 0.1) -> None:
        """From `statistics` `[N, F]` of real lines, and the writer of each."""
        self.names = sorted(set(writers))
        of = np.array([self.names.index(writer) for writer in writers])
        self.means = np.stack([statistics[of == index].mean(0) for index in range(len(self.names))])
        within = statistics - self.means[of]
        covariance = within.T @ within / max(1, len(within) - len(self.names))
        scale = np.sqrt(np.diag(covariance)) + 1e-9
        correlation = covariance / np.outer(scale, scale)
        correlation = (1 - shrinkage) * correlation + shrinkage * np.eye(len(scale))
        self.scale, self.precision = scale, np.linalg.inv(correlation)

    def nearest(self, statistics: np.ndarray) -> str:
        """The writer of statistics `[F]`."""
        away = (statistics - self.means) / self.scale
        return self.names[int(np.einsum("wf,fg,wg->w", away, self.precision, away).argmin())]
