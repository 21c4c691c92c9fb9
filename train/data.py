"""Batches of lines from the packed file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alphabet import encode
from prepare import IAM_NOTICE

#: Lines of similar length share a batch, padded to a multiple of this many
#: points: few shapes, so few compilations.
BUCKET = 80


@dataclass
class Corpus:
    """Lines of one split in network units."""

    points: list[np.ndarray]  # [T, 3] normalised offsets and pen
    texts: list[str]
    writers: np.ndarray  # index into `writer_names`, -1 = unknown
    writer_names: list[str]
    mean: np.ndarray  # [2] raw units
    sd: np.ndarray  # [2]
    alphabet: str
    notice: str = ""  # where the ink is from

    @property
    def count(self) -> int:
        """All points."""
        return sum(len(p) for p in self.points)


def kept(rows: np.ndarray, stride: int) -> np.ndarray:
    """Which rows `thin` keeps: every `stride`-th point of each stroke and every stroke's end."""
    pen = rows[:, 2] == 1
    start = np.concatenate([[0], np.flatnonzero(pen)[:-1] + 1]) if pen.any() else np.array([0])
    stroke = np.cumsum(np.concatenate([[0], pen[:-1]]))
    position = np.arange(len(rows)) - start[np.minimum(stroke, len(start) - 1)]
    keep = pen | (position % stride == 0)
    keep[-1] = True
    return keep


def thin(rows: np.ndarray, stride: int) -> np.ndarray:
    """Keep every `stride`-th point of each stroke and every stroke's end.

    Offsets of the points left out are added to the next one kept.
    """
    if stride == 1:
        return rows
    keep = kept(rows, stride)
    path = np.cumsum(rows[:, :2].astype(np.int64), axis=0)[keep]
    thinned = np.diff(path, axis=0, prepend=np.zeros((1, 2), np.int64))
    return np.concatenate([thinned, rows[keep, 2:]], axis=1)


def load(path: Path, split: str, stride: int = 1, units=None, extra: int | None = None) -> Corpus:
    """Read one split; `units` = (mean, sd) to use instead of the training split's own.

    "train" includes the lines that `enrich.py` made, which have the split "extra"; they have no say
    in the units. `extra` is how many of them to draw, always the same ones; all if it is left out.
    """
    packed = np.load(path)
    ends = np.cumsum(packed["lengths"])
    splits, texts, writers = packed["splits"], packed["texts"], packed["writers"]
    lines = [thin(r, stride) for r in np.split(packed["points"], ends[:-1])]
    names = sorted({str(w) for w, s in zip(writers, splits, strict=True) if s == "train" and w})
    number = {w: i for i, w in enumerate(names)}
    made_up = np.random.default_rng(5).permutation(np.flatnonzero(splits == "extra"))[:extra]
    made_up = set(made_up.tolist()) if split == "train" else ()
    chosen = [i for i, s in enumerate(splits) if s == split or i in made_up]
    if not chosen:
        raise SystemExit(f'{path}: no line has the split "{split}", and some are needed')
    if units is None:
        train = np.concatenate([p for p, s in zip(lines, splits, strict=True) if s == "train"])
        mean, sd = train[:, :2].mean(0), train[:, :2].std(0)
    else:
        mean, sd = (np.asarray(u, np.float64) for u in units)
    points = []
    for i in chosen:
        rows = lines[i].astype(np.float32)
        rows[:, :2] = (rows[:, :2] - mean) / sd
        points.append(rows)
    return Corpus(
        points=points,
        texts=[str(texts[i]) for i in chosen],
        writers=np.array([number.get(str(writers[i]), -1) for i in chosen], np.int32),
        writer_names=names,
        mean=mean,
        sd=sd,
        alphabet=str(packed["alphabet"]),
        notice=str(packed["notice"]) if "notice" in packed else IAM_NOTICE,
    )


def collate(corpus: Corpus, chosen, alphabet: str, text_width: int, size: int) -> dict[str, np.ndarray]:
    """Lines `chosen` as one padded batch of `size` lines; missing lines are empty (mask 0)."""
    longest = max(len(corpus.points[i]) for i in chosen)
    steps = -(-longest // BUCKET) * BUCKET
    batch = {
        "x": np.zeros((steps, size, 3), np.float32),
        "target": np.zeros((steps, size, 3), np.float32),
        "mask": np.zeros((steps, size), np.float32),
        "last": np.zeros((steps, size), np.float32),
        "writer": np.full(size, -1, np.int32),
    }
    if alphabet:
        batch["ids"] = np.zeros((size, text_width), np.int32)
        batch["ids_mask"] = np.zeros((size, text_width), np.float32)
    for column, i in enumerate(chosen):
        rows = corpus.points[i]
        batch["target"][: len(rows), column] = rows
        batch["x"][1 : len(rows), column] = rows[:-1]
        batch["mask"][: len(rows), column] = 1
        batch["last"][len(rows) - 1, column] = 1
        batch["writer"][column] = corpus.writers[i]
        if alphabet:
            ids = encode(corpus.texts[i], alphabet)
            batch["ids"][column, : len(ids)] = ids
            batch["ids_mask"][column, : len(ids)] = 1
    return batch


def usable(corpus: Corpus, alphabet: str) -> list[int]:
    """Lines the network's alphabet can spell (all, for a network without text)."""
    if not alphabet:
        return list(range(len(corpus.points)))
    return [i for i, t in enumerate(corpus.texts) if encode(t, alphabet) is not None]


def text_width(*corpora: Corpus) -> int:
    """Width of the ids array: the longest text and its end mark."""
    return max(len(t) for c in corpora for t in c.texts) + 1


def batches(corpus: Corpus, alphabet: str, width: int, size: int, rng) -> Iterator[dict[str, np.ndarray]]:
    """One epoch in random order; lines of a batch are of similar length."""
    lengths = np.array([len(p) for p in corpus.points])
    order = rng.permutation(usable(corpus, alphabet))
    pool = size * 64
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        groups = [part[i : i + size] for i in range(0, len(part), size)]
        for index in rng.permutation(len(groups)):
            yield collate(corpus, groups[index], alphabet, width, size)
