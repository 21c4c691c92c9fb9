"""Legibility: real and generated lines are drawn in the same way, and read by tesseract."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from rapidfuzz.distance import Levenshtein

from train.data.alphabet import normalise_text

#: x-height in pixels, and width of the pen as a share of it: those at which tesseract reads real ink best. On an even
#: sample of 160 training lines its character error rate was 0.354, 0.358, 0.338, 0.359, 0.363, 0.388 at 8, 10, 14, 16,
#: 20, 28 pixels, and at 12 pixels 0.346, 0.344, 0.365 with pens of 0.12, 0.18, 0.25.
X_HEIGHT_PX = 14
PEN_WIDTH = 0.18
#: White margin around the ink, in x-heights.
MARGIN = 1.0
#: Factor by which lines are drawn larger and then reduced, for antialiasing.
OVERSAMPLING = 4
#: Largest width of the ink in pixels; wider ink is drawn smaller.
MAX_WIDTH_PX = 8000

#: x-height, as a multiple of the median distance of a line's ink from its midline.
X_HEIGHT = 3.4
#: Half the length of the stretch whose median is the midline, in x-heights.
MIDLINE_REACH = 5.0

#: Characters that tesseract prints, and how they are typed.
TYPED_FORMS = str.maketrans("\u2018\u2019\u201c\u201d\u2014\u2013|", "''\"\"--I")


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value at which half of the total weight is reached."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(total, total[-1] / 2)]])


def x_height(strokes: Sequence[np.ndarray]) -> float:
    """Estimated x-height of a line in the ink's units; `strokes` are `[n, 2]`.

    Each segment of ink counts by its length, so that the number of points of a stroke does not matter. The midline is
    a running median, since a line may climb or fall.
    """
    points = np.concatenate(strokes)
    extent = np.ptp(points, axis=0)
    least = max(extent[1] / 8, extent[0] / 400, 1e-6)
    starts = np.concatenate([s[:-1] for s in strokes])
    moves = np.concatenate([np.diff(s, axis=0) for s in strokes])
    lengths = np.hypot(*moves.T)
    if not lengths.any():  # dots only
        return float(least)
    x, y = (starts + moves / 2).T
    if extent[0] > 2 * extent[1]:
        x = x - np.average(x, weights=lengths)
        y = y - x * np.sum(lengths * x * y) / max(np.sum(lengths * x * x), 1e-9)
    height = max(least, X_HEIGHT * weighted_median(np.abs(y - weighted_median(y, lengths)), lengths))
    places = np.arange(x.min(), x.max() + MIDLINE_REACH * height, MIDLINE_REACH / 2 * height)
    near = [np.where(np.abs(x - place) < MIDLINE_REACH * height, lengths, 0.0) for place in places]
    inked = [i for i, weights in enumerate(near) if weights.any()]
    midline = np.interp(x, places[inked], [weighted_median(y, near[i]) for i in inked])
    return max(float(least), X_HEIGHT * weighted_median(np.abs(y - midline), lengths))


def draw_line(strokes: Sequence[np.ndarray], size: float = X_HEIGHT_PX, pen: float = PEN_WIDTH) -> Image.Image:
    """A line in black on white, with a pen of constant width; `strokes` are `[n, 2]`, y down.

    `size` is the x-height in pixels, `pen` the width of the pen as a share of it.
    """
    strokes = [s for s in strokes if len(s)]
    if not strokes:
        return Image.new("L", (8 * X_HEIGHT_PX, 3 * X_HEIGHT_PX), 255)
    points = np.concatenate(strokes)
    low, extent = points.min(0), np.ptp(points, axis=0)
    scale = min(size / x_height(strokes), MAX_WIDTH_PX / max(extent[0], 1e-6))
    edge = MARGIN * size
    width, height = (int(v) for v in np.ceil(extent * scale + 2 * edge))
    large = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING), 255)
    draw = ImageDraw.Draw(large)
    thick = max(1, round(pen * size * OVERSAMPLING))
    for stroke in strokes:
        path = [tuple(p) for p in ((stroke - low) * scale + edge) * OVERSAMPLING]
        if len(path) > 1:
            draw.line(path, fill=0, width=thick, joint="curve")
        for x, y in (path[0], path[-1]):
            draw.circle((x, y), thick / 2, fill=0)
    return large.reduce(OVERSAMPLING)


def run_tesseract(image: Image.Image, language: str = "eng") -> str:
    """The text that tesseract reads on an image of one line, with the data of a language.

    The image goes through a pipe, so that ink of the corpus is not written to a file. Raises `SystemExit` if tesseract
    fails.
    """
    handle = io.BytesIO()
    image.save(handle, "PNG", dpi=(300, 300))
    result = subprocess.run(
        ["tesseract", "-", "-", "--psm", "7", "-l", language],
        input=handle.getvalue(),
        capture_output=True,
        check=False,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    if result.returncode:
        raise SystemExit(f"tesseract: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout.decode(errors="replace")


def tesseract_version() -> str:
    """Name and version of tesseract. Raises `SystemExit` if it is not installed."""
    if shutil.which("tesseract") is None:
        raise SystemExit("tesseract is missing: install it to measure legibility (Debian: tesseract-ocr)")
    shown = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    return (shown.stdout or shown.stderr).splitlines()[0]


def canonical_text(text: str) -> str:
    """`text` with single blanks and straight quotes; case is kept."""
    return normalise_text(text.translate(TYPED_FORMS))


@dataclass
class ReadingErrors:
    """Differences between the texts and what was read, summed over lines."""

    lines: int
    wrong: int  # characters to insert, delete or replace
    characters: int  # of the texts
    faultless: int  # lines read without an error

    @property
    def rate(self) -> float:
        """Character error rate."""
        return self.wrong / max(1, self.characters)


def reading_errors(texts: Iterable[str], found: Iterable[str]) -> ReadingErrors:
    """Edit distances of the `texts` and what was `found`."""
    pairs = [(canonical_text(text), canonical_text(other)) for text, other in zip(texts, found, strict=True)]
    distances = [Levenshtein.distance(text, other) for text, other in pairs]
    return ReadingErrors(len(pairs), sum(distances), sum(len(text) for text, _ in pairs), distances.count(0))


#: Kinds of characters, common and rare ones.
KINDS = {"small letters": str.islower, "capitals": str.isupper, "digits": str.isdigit}
OTHER_KIND = "symbols"


def misread_by_kind(texts: Iterable[str], found: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each kind of character: how many the texts have, and how many of these were misread or not read at all.

    By the shortest edit from the text to what was read; insertions do not count.
    """
    written, wrong = (dict.fromkeys([*KINDS, OTHER_KIND], 0) for _ in range(2))
    for text, other in zip(map(canonical_text, texts), map(canonical_text, found), strict=True):
        lost = {op.src_pos for op in Levenshtein.editops(text, other) if op.tag != "insert"}
        for place, character in enumerate(text):
            if character != " ":
                kind = next((name for name, belongs in KINDS.items() if belongs(character)), OTHER_KIND)
                written[kind] += 1
                wrong[kind] += place in lost
    return {kind: (written[kind], wrong[kind]) for kind in written}


def read_lines(
    lines: Sequence[Sequence[np.ndarray]], processes: int, size: float = X_HEIGHT_PX, pen: float = PEN_WIDTH
) -> list[str]:
    """The text that tesseract reads on each line, `processes` lines at a time; `size` and `pen` as in `draw_line`."""
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(lambda strokes: run_tesseract(draw_line(strokes, size, pen)), lines))
