"""One split of a packed file, normalised to network units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data.alphabet import encode
from train.data.iam import IAM_NOTICE


@dataclass
class Corpus:
    """Lines of one split in network units: offsets of mean 0 and standard deviation 1 over the training lines."""

    points: list[np.ndarray]  # [T, 3] f32 each: normalised dx, dy and pen
    texts: list[str]
    writers: np.ndarray  # [N] index into `writer_names`, -1 = unknown
    writer_names: list[str]
    mean: np.ndarray  # [2] of the raw offsets on x and y
    sd: np.ndarray  # [2]
    alphabet: str
    notice: str = ""  # origin and terms of the ink

    @property
    def point_count(self) -> int:
        """Number of points of all lines."""
        return sum(len(p) for p in self.points)


def subsample_mask(rows: np.ndarray, stride: int) -> np.ndarray:
    """`[T]` bool for rows `[T, 3]`: every `stride`-th point of each stroke and the last point of each stroke."""
    pen = rows[:, 2] == 1
    start = np.concatenate([[0], np.flatnonzero(pen)[:-1] + 1]) if pen.any() else np.array([0])
    stroke = np.cumsum(np.concatenate([[0], pen[:-1]]))
    position = np.arange(len(rows)) - start[np.minimum(stroke, len(start) - 1)]
    mask = pen | (position % stride == 0)
    mask[-1] = True
    return mask


def subsample(rows: np.ndarray, stride: int) -> np.ndarray:
    """The rows `[T, 3]` that `subsample_mask` keeps; offsets of dropped points are added to the next kept one."""
    if stride == 1:
        return rows
    mask = subsample_mask(rows, stride)
    path = np.cumsum(rows[:, :2].astype(np.int64), axis=0)[mask]
    offsets = np.diff(path, axis=0, prepend=np.zeros((1, 2), np.int64))
    return np.concatenate([offsets, rows[mask, 2:]], axis=1)


def load_split(path: Path, split: str, stride: int = 1, units=None, augmented: int | None = None) -> Corpus:
    """Read the split "train" or "valid" of a packed file, using every `stride`-th point.

    `units` is the pair (mean, sd), `[2]` each, to normalise with; the training split's own if left out. "train"
    includes lines of the split "augmented", which do not count in the units: `augmented` of them, always the same
    ones, or all if left out. Raises `SystemExit` if the split has no lines.
    """
    packed = np.load(path)
    ends = np.cumsum(packed["lengths"])
    splits, texts, writers = packed["splits"], packed["texts"], packed["writers"]
    lines = [subsample(r, stride) for r in np.split(packed["points"], ends[:-1])]
    names = sorted({str(w) for w, s in zip(writers, splits, strict=True) if s == "train" and w})
    number = {w: i for i, w in enumerate(names)}
    drawn = np.random.default_rng(5).permutation(np.flatnonzero(splits == "augmented"))[:augmented]
    drawn = set(drawn.tolist()) if split == "train" else ()
    chosen = [i for i, s in enumerate(splits) if s == split or i in drawn]
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


def encodable_lines(corpus: Corpus, alphabet: str) -> list[int]:
    """Indices of the lines whose text the alphabet can spell; all lines for a network without text (alphabet "")."""
    if not alphabet:
        return list(range(len(corpus.points)))
    return [i for i, t in enumerate(corpus.texts) if encode(t, alphabet) is not None]


def ids_width(*corpora: Corpus) -> int:
    """Width U of the ids array: length of the longest text, plus its end mark."""
    return max(len(t) for c in corpora for t in c.texts) + 1
