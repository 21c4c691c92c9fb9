"""One line of ink: strokes, their conversion to pen offsets, and which lines are fit for training.

Coordinates are those of the IAM whiteboard (a small x is about 200 units high), y grows downward, and successive
points of a stroke are 20 ms apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.data.alphabet import encode

#: Longest move between two points of a stroke, in whiteboard units along either axis. 99.9 % of the pen-down offsets
#: of the corpus are below 200; longer ones are the sensor losing the pen.
MAX_PEN_DOWN_MOVE = 400
#: Longest move between any two points: gaps between words and dots may be several letters wide.
MAX_PEN_UP_MOVE = 2000
#: Bounds on points per non-blank character, the 0.1 % and 99.9 % quantiles of the corpus. Outside of them text and
#: ink do not belong together.
POINTS_PER_CHARACTER = (8.0, 60.0)
MAX_POINTS = 1200
MAX_CHARACTERS = 75


@dataclass
class InkLine:
    """One written line: its text, strokes `[n, 2]` of absolute points, its writer and its split.

    `split` is "train", "valid" or "augmented"; `writer` is empty if unknown.
    """

    name: str
    text: str
    strokes: list[np.ndarray]
    writer: str = ""
    split: str = "train"


def strokes_to_offsets(strokes: list[np.ndarray]) -> np.ndarray | None:
    """Strokes of absolute points as `[T, 3]` int16 rows `(dx, dy, pen)`; `pen` is 1 at the last point of a stroke.

    Points are rounded before they are subtracted, so that rounding errors do not accumulate. The first point is the
    origin and yields no row, except where the pen lifts there: then `(0, 0, 1)`. A stroke of one point (a dot) keeps
    its point. A move within a stroke longer than `MAX_PEN_DOWN_MOVE` ends the stroke before it. Returns `None` for a
    line without points and for one with a move longer than `MAX_PEN_UP_MOVE`.
    """
    rows: list[tuple[int, int, int]] = []
    last: np.ndarray | None = None

    def lift_pen() -> None:
        dx, dy, _ = rows.pop() if rows else (0, 0, 0)
        rows.append((dx, dy, 1))

    for stroke in strokes:
        if len(stroke) == 0:
            continue
        for index, point in enumerate(stroke):
            point = np.asarray(point[:2], dtype=np.float64).round().astype(np.int64)
            if last is not None:
                dx, dy = (point - last).tolist()
                length = max(abs(dx), abs(dy))
                if length > MAX_PEN_UP_MOVE:
                    return None
                if index > 0 and length > MAX_PEN_DOWN_MOVE:
                    lift_pen()
                rows.append((dx, dy, 0))
            last = point
        lift_pen()
    if not rows:
        return None
    return np.asarray(rows, dtype=np.int16)


def usable_offsets(line: InkLine, alphabet: str) -> np.ndarray | None:
    """The line's offsets `[T, 3]`, or `None` if the line is not fit for training.

    Refused are texts that are empty, longer than `MAX_CHARACTERS` or not in the alphabet, and ink with too few or too
    many points, in all or for its text.
    """
    if not line.text or len(line.text) > MAX_CHARACTERS or encode(line.text, alphabet) is None:
        return None
    rows = strokes_to_offsets(line.strokes)
    if rows is None or not 2 <= len(rows) <= MAX_POINTS:
        return None
    letters = sum(not character.isspace() for character in line.text)
    low, high = POINTS_PER_CHARACTER
    if not low * letters <= len(rows) <= high * letters:
        return None
    return rows
