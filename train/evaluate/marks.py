"""Missing and extra marks: dots that a text has and its ink lacks, and the reverse.

A mark is a small stroke that touches no other ink. It is found by size and distance alone, so that the writer's own
checks are not what judges.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from train.evaluate.text_writer import X_HEIGHT

#: Texts whose marks went missing, or which had one too many.
TEXTS = ["ABSTRACT", "SHOPPING LIST", "CO2", "2026-11-28", "www.aaa.com", "one. two. three. four."]
#: Largest side of a mark that is a full stop, of one that is too many, and of one at a line's end; in x-heights.
#: A dash may be a full stop, but longer strokes are also bars of letters.
DOT = 0.5
EXTRA = 0.25
STRAY = 0.6
#: Least distance of a mark from other ink, in x-heights.
CLEAR = 0.08
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


def distance(stroke: np.ndarray, other: np.ndarray) -> float:
    """Least distance of a stroke's points from the lines of another, in x-heights."""
    starts, ends = (other[:-1], other[1:]) if len(other) > 1 else (other, other)
    along = ends - starts
    to = stroke[:, None] - starts
    share = np.clip((to * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-9), 0.0, 1.0)
    return float(np.hypot(*np.moveaxis(to - share[..., None] * along, -1, 0)).min()) / X_HEIGHT


def marks(strokes: Sequence[np.ndarray]) -> list[float]:
    """The sides of the strokes that are small and touch no other, in x-heights."""
    return [
        side(stroke)
        for at, stroke in enumerate(strokes)
        if side(stroke) < DOT and all(distance(stroke, other) >= CLEAR for k, other in enumerate(strokes) if k != at)
    ]


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
    found = marks(strokes)
    extra = sum(size < EXTRA for size in found) - most
    return max(0, least - len(found)), max(extra, int(has_stray_end(text, strokes)), 0)
