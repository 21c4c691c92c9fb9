"""Missing and extra marks: dots that a text has and its ink lacks, and the reverse.

A mark is a small stroke by itself. It is found by its size alone, so that the writer's own checks are not what judges.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from train.evaluate.text_writer import X_HEIGHT

#: Texts whose marks went missing, or which had one too many.
TEXTS = ["ABSTRACT", "SHOPPING LIST", "CO2", "2026-11-28", "www.aaa.com", "one. two. three. four."]
#: Largest side of a full stop, in x-heights, and of a stray mark at a line's end.
DOT = 0.35
STRAY = 0.6
#: Fewest and most small strokes of a character: a pen may draw the dot of an i as a dash, or a comma as a dot.
SMALL_STROKES = {
    **dict.fromkeys(".", (1, 1)),
    **dict.fromkeys(":", (2, 2)),
    **dict.fromkeys("ij!?", (0, 1)),
    **dict.fromkeys(",-'=+*", (0, 2)),
    **dict.fromkeys(';"', (0, 2)),
    **dict.fromkeys("%#&", (0, 2)),
}


def side(stroke: np.ndarray) -> float:
    """The longer side of a stroke's box, in x-heights; `stroke` is `[n, 2]`."""
    return float(np.ptp(stroke, axis=0).max()) / X_HEIGHT


def has_stray_end(text: str, strokes: Sequence[np.ndarray]) -> bool:
    """Whether a small stroke stands to the right of all other ink, behind a text that ends in a letter or digit."""
    if not text[-1:].isalnum() or text[-1] in "ij" or len(strokes) < 2:
        return False
    right = [float(stroke[:, 0].max()) for stroke in strokes]
    last = int(np.argmax(right))
    others = max(edge for at, edge in enumerate(right) if at != last)
    begins = float(strokes[last][:, 0].min())
    return side(strokes[last]) < STRAY and begins > others - 0.05 * X_HEIGHT


def wrong_marks(text: str, strokes: Sequence[np.ndarray]) -> tuple[int, int]:
    """How many marks a text's ink lacks, and how many it has too many; `strokes` are `[n, 2]`."""
    least, most = (sum(SMALL_STROKES.get(c, (0, 0))[end] for c in text) for end in (0, 1))
    small = sum(side(stroke) < DOT for stroke in strokes)
    return max(0, least - small), max(small - most, int(has_stray_end(text, strokes)), 0)
