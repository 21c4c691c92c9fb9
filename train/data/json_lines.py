"""Your own ink as JSON lines, one line of writing in each row::

    {"text": "a line", "strokes": [[[x, y], ...], ...], "writer": "me", "split": "train", "name": "first"}

x grows to the right and y downward; successive points are 20 ms apart. `writer`, `split` ("train" or "valid",
"train" by default) and `name` may be left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from train.data.alphabet import normalise_text
from train.data.lines import InkLine


def read_json_lines(path: Path) -> Iterator[InkLine]:
    """The lines of such a file. Raises `SystemExit` with the row's number if a row cannot be read."""
    for number, row in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not row.strip():
            continue
        try:
            item = json.loads(row)
            strokes = [np.asarray(s, dtype=np.float64) for s in item["strokes"] if s]
            if any(s.ndim != 2 or s.shape[1] != 2 for s in strokes):
                raise ValueError("a point is [x, y]")
            text = normalise_text(item["text"])
            split = item.get("split", "train")
            if split not in ("train", "valid"):
                raise ValueError(f'"split" is {split!r}, neither "train" nor "valid"')
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(
                f'{path}, line {number}: expected {{"text": "...", "strokes": [[[x, y], ...], ...]}}: ' + repr(error)
            ) from None
        name = item.get("name", f"{path.stem}-{number}")
        yield InkLine(name, text, strokes, str(item.get("writer") or ""), split)
