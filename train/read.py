"""How legible ink is: lines drawn alike, whoever wrote them, and read by tesseract."""

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

from alphabet import normalise

#: Height of a small x in pixels, and width of the pen as a share of it: what tesseract reads real ink
#: best at. On an even sample of 160 training lines its character error rate was 0.354, 0.358, 0.338,
#: 0.359, 0.363, 0.388 at 8, 10, 14, 16, 20, 28 pixels, and at 12 pixels 0.346, 0.344, 0.365 with pens of 0.12,
#: 0.18, 0.25.
CORE = 14
PEN = 0.18
#: White around the ink, in heights of a small x.
MARGIN = 1.0
#: Drawn larger by this factor, then made smaller: so edges are grey.
OVERSAMPLING = 4
#: Widest picture in pixels: ink that would be wider is drawn smaller.
WIDEST = 8000

#: A small x's height, as a multiple of the median distance of a line's ink from its middle.
HEIGHT = 3.4
#: Half of the stretch along which the middle is taken, in heights of a small x.
STRETCH = 5.0

#: What a reader prints for characters that people type otherwise.
PLAIN = str.maketrans("\u2018\u2019\u201c\u201d\u2014\u2013|", "''\"\"--I")


def median(values: np.ndarray, weights: np.ndarray) -> float:
    """Weighted median."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(total, total[-1] / 2)]])


def core_height(strokes: Sequence[np.ndarray]) -> float:
    """About a small x's height in the ink's units; `strokes` are `[n, 2]`.

    Each bit of ink counts by its length, so it does not matter how many points a stroke has. A
    line may climb or fall, and its middle is a running one.
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
    height = max(least, HEIGHT * median(np.abs(y - median(y, lengths)), lengths))
    places = np.arange(x.min(), x.max() + STRETCH * height, STRETCH / 2 * height)
    near = [np.where(np.abs(x - place) < STRETCH * height, lengths, 0.0) for place in places]
    inked = [i for i, weights in enumerate(near) if weights.any()]
    middle = np.interp(x, places[inked], [median(y, near[i]) for i in inked])
    return max(float(least), HEIGHT * median(np.abs(y - middle), lengths))


def picture(strokes: Sequence[np.ndarray], core: float = CORE, pen: float = PEN) -> Image.Image:
    """One line, black on white, in a pen of constant width; `strokes` are `[n, 2]`, y down."""
    strokes = [s for s in strokes if len(s)]
    if not strokes:
        return Image.new("L", (8 * CORE, 3 * CORE), 255)
    points = np.concatenate(strokes)
    low, extent = points.min(0), np.ptp(points, axis=0)
    scale = min(core / core_height(strokes), WIDEST / max(extent[0], 1e-6))
    edge = MARGIN * core
    width, height = (int(v) for v in np.ceil(extent * scale + 2 * edge))
    large = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING), 255)
    draw = ImageDraw.Draw(large)
    thick = max(1, round(pen * core * OVERSAMPLING))
    for stroke in strokes:
        path = [tuple(p) for p in ((stroke - low) * scale + edge) * OVERSAMPLING]
        if len(path) > 1:
            draw.line(path, fill=0, width=thick, joint="curve")
        for x, y in (path[0], path[-1]):
            draw.circle((x, y), thick / 2, fill=0)
    return large.reduce(OVERSAMPLING)


def tesseract(image: Image.Image) -> str:
    """What tesseract reads on a picture of one line. The picture goes through a pipe, not a file."""
    handle = io.BytesIO()
    image.save(handle, "PNG", dpi=(300, 300))
    result = subprocess.run(
        ["tesseract", "-", "-", "--psm", "7", "-l", "eng"],
        input=handle.getvalue(),
        capture_output=True,
        check=False,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    if result.returncode:
        raise SystemExit(f"tesseract: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout.decode(errors="replace")


def reader() -> str:
    """Name and version of the reader; the program ends here where there is none."""
    if shutil.which("tesseract") is None:
        raise SystemExit("tesseract is missing, and reads the lines: install it (Debian: tesseract-ocr)")
    shown = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    return (shown.stdout or shown.stderr).splitlines()[0]


def plain(text: str) -> str:
    """Case is kept; blanks are single, quotes straight."""
    return normalise(text.translate(PLAIN))


@dataclass
class Errors:
    """How far what was read is from what was to be written."""

    lines: int
    wrong: int  # characters to insert, delete or replace
    characters: int  # to be written
    faultless: int  # lines read without an error

    @property
    def rate(self) -> float:
        """Character error rate."""
        return self.wrong / max(1, self.characters)


def compare(texts: Iterable[str], found: Iterable[str]) -> Errors:
    """Edit distances, summed over the lines."""
    pairs = [(plain(text), plain(other)) for text, other in zip(texts, found, strict=True)]
    distances = [Levenshtein.distance(text, other) for text, other in pairs]
    return Errors(len(pairs), sum(distances), sum(len(text) for text, _ in pairs), distances.count(0))


#: Kinds of characters that a corpus has much or little of.
KINDS = {"small letters": str.islower, "capitals": str.isupper, "digits": str.isdigit}
SIGNS = "signs"


def misread(texts: Iterable[str], found: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each kind of character how many were to be written, and how many of these were read as another or not at all.

    By the shortest way from one text to the other; what was read besides is not counted.
    """
    written, wrong = (dict.fromkeys([*KINDS, SIGNS], 0) for _ in range(2))
    for text, other in ((plain(text), plain(other)) for text, other in zip(texts, found, strict=True)):
        lost = {op.src_pos for op in Levenshtein.editops(text, other) if op.tag != "insert"}
        for place, character in enumerate(text):
            if character != " ":
                kind = next((name for name, belongs in KINDS.items() if belongs(character)), SIGNS)
                written[kind] += 1
                wrong[kind] += place in lost
    return {kind: (written[kind], wrong[kind]) for kind in written}


def read(lines: Sequence[Sequence[np.ndarray]], processes: int, core: float = CORE, pen: float = PEN) -> list[str]:
    """What tesseract reads on lines of ink, `processes` of them at a time."""
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(lambda strokes: tesseract(picture(strokes, core, pen)), lines))
