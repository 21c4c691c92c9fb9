"""The packed file (`.npz`): all lines of a corpus as int16 offsets, with their texts, writers, splits and names."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from train.data.alphabet import DEFAULT_ALPHABET
from train.data.lines import InkLine, usable_offsets


@dataclass
class PackedLines:
    """Columns of the packed file; `points` holds one `[T, 3]` int16 array of `(dx, dy, pen)` for each line."""

    points: list[np.ndarray] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def append(self, line: InkLine, rows: np.ndarray) -> None:
        """Add a line with its offsets `[T, 3]`."""
        self.points.append(rows)
        self.texts.append(line.text)
        self.writers.append(line.writer)
        self.splits.append(line.split)
        self.names.append(line.name)


def pack_lines(lines: Iterable[InkLine], alphabet: str = DEFAULT_ALPHABET) -> tuple[PackedLines, int]:
    """The lines that are fit for training, and how many were dropped."""
    packed, dropped = PackedLines(), 0
    for line in lines:
        rows = usable_offsets(line, alphabet)
        if rows is None:
            dropped += 1
        else:
            packed.append(line, rows)
    return packed, dropped


def save_packed(packed: PackedLines, path: Path, alphabet: str = DEFAULT_ALPHABET, notice: str = "") -> None:
    """Write the packed file. `notice` states the ink's origin and terms and is copied into weights files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        points=np.concatenate(packed.points),
        lengths=np.array([len(p) for p in packed.points], dtype=np.int32),
        texts=np.array(packed.texts),
        writers=np.array(packed.writers),
        splits=np.array(packed.splits),
        names=np.array(packed.names),
        alphabet=np.array(alphabet),
        notice=np.array(notice),
    )
    path.write_bytes(buffer.getvalue())


def read_packed(path: Path) -> tuple[PackedLines, str]:
    """The columns of a packed file, and its notice."""
    stored = np.load(path)
    packed = PackedLines(
        points=np.split(stored["points"], np.cumsum(stored["lengths"])[:-1]),
        texts=[str(v) for v in stored["texts"]],
        writers=[str(v) for v in stored["writers"]],
        splits=[str(v) for v in stored["splits"]],
        names=[str(v) for v in stored["names"]],
    )
    return packed, str(stored["notice"])
