"""Lines that follow another line by the same writer, as priming has the network read them, and their log-loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from train.augment.glyphs import segment_line
from train.augment.splicing import pair
from train.data.alphabet import LINE_BREAK, between_lines
from train.data.batches import LENGTH_MULTIPLE, collate, evenly_spaced
from train.data.corpus import Corpus, encodable_lines, ids_width, load_split, subsample
from train.data.lines import strokes_to_offsets
from train.data.packed import PackedLines, read_packed
from train.export.weights_file import config_from_metadata, read_weights
from train.network.config import Config
from train.network.mixture import grid_min_log_sd, line_losses
from train.network.parameters import Params
from train.network.regularisation import with_style_vectors
from train.network.rounding import round_weights


@dataclass
class PrimedLoss:
    """Log-loss with grid floor of the same lines, in nats a line: `alone`, and `primed` with another line before."""

    lines: int
    alone: float
    primed: float

    def sentence(self, name: str) -> str:
        """The figures, for the report."""
        return (
            f"Primed: {self.lines} lines have {self.alone:.1f} nats with grid floor in `{name}`, and {self.primed:.1f} "
            "behind a line of another form by the same writer (rounded as in the engines, without styles)."
        )


@dataclass
class FollowingLine:
    """A line, and the same line behind another one by its writer: texts and offsets `[T, 3]` in network units."""

    text: str
    offsets: np.ndarray
    primed_text: str
    primed_offsets: np.ndarray

    @property
    def first(self) -> int:
        """Where the line begins among `primed_offsets`: before it are the other line and the move from there."""
        return len(self.primed_offsets) - len(self.offsets)


def followed_lines(packed: PackedLines, usable: list[int], limit: int) -> list[tuple[int, int]]:
    """At most `limit` pairs (line before, line) by one writer and of different forms, as indices into `packed`.

    The form is the line's name without what follows the last hyphen.
    """
    by_writer: dict[str, list[int]] = defaultdict(list)
    for i in usable:
        if packed.writers[i]:
            by_writer[packed.writers[i]].append(i)

    def form(index: int) -> str:
        return packed.names[index].rsplit("-", 1)[0]

    pairs = []
    for lines in by_writer.values():
        for place, i in enumerate(lines):
            before = next((j for j in lines[place + 1 :] + lines[:place] if form(j) != form(i)), None)
            if before is not None:
                pairs.append((before, i))
    return [pairs[k] for k in evenly_spaced(list(range(len(pairs))), limit)]


def following_lines(data: Path, split: str, meta: dict, limit: int) -> tuple[Corpus, list[FollowingLine]]:
    """A split of the packed file `data` for the network of metadata `meta`, and `followed_lines` of it.

    The line before ends a word's gap before the line, at its height.
    """
    units = np.asarray(meta["offset_mean"]), np.asarray(meta["offset_sd"])
    stride = round(meta["sample_ms"] / 20)
    corpus = load_split(data, split, stride, units, augmented=0)
    packed, _ = read_packed(data)
    places = [i for i, name in enumerate(packed.splits) if name == split]
    usable = [places[i] for i in encodable_lines(corpus, meta["alphabet"])]
    rng = np.random.default_rng(1)
    result = []
    for before, line in followed_lines(packed, usable, limit):
        rows = packed.points[line]
        segmented = [
            segment_line(packed.points[i], packed.texts[i], "", np.zeros(len(packed.points[i]), int))
            for i in (before, line)
        ]
        text, strokes = pair(*segmented, rng)
        joined = strokes_to_offsets(strokes)
        if joined is not None and len(joined) > len(rows):
            # The line's own rows in both: where the pair puts it, its points are rounded anew.
            head, rows = (subsample(part, stride) for part in (joined[: len(joined) - len(rows)], rows))
            offsets, primed = (normalised(part, units) for part in (rows, np.concatenate([head, rows])))
            text = text.replace(LINE_BREAK, between_lines(meta["alphabet"]))
            result.append(FollowingLine(packed.texts[line], offsets, text, primed))
    return corpus, result


def collate_primed(
    corpus: Corpus, lines: list[FollowingLine], alphabet: str, width: int, size: int, multiple: int = LENGTH_MULTIPLE
) -> dict[str, np.ndarray]:
    """A batch, as `data.batches.collate` makes it, of `lines` behind their lines before, of which no point counts."""
    batch = collate(primed_corpus(corpus, lines), range(len(lines)), alphabet, width, size, multiple)
    first = np.zeros(size, np.int32)
    first[: len(lines)] = [line.first for line in lines]
    batch["mask"] *= np.arange(len(batch["mask"]))[:, None] >= first
    return batch


def primed_corpus(corpus: Corpus, lines: Iterable[FollowingLine]) -> Corpus:
    """The corpus with these lines behind their lines before, by unknown writers: no style is used with priming."""
    lines = list(lines)
    writers = np.full(len(lines), -1, np.int32)
    points, texts = [line.primed_offsets for line in lines], [line.primed_text for line in lines]
    return replace(corpus, points=points, texts=texts, writers=writers)


def mean_losses(params: Params, config: Config, corpus: Corpus, lines: list[FollowingLine], size: int = 32):
    """Mean log-loss with grid floor of the lines alone and behind their lines before: nats a line."""
    grid_floor = grid_min_log_sd(corpus.sd)

    @jax.jit
    def losses(batch):
        batch = with_style_vectors(params, config, batch, jnp.zeros(batch["writer"].shape))
        return line_losses(params, config, batch, grid_floor=grid_floor, rounded=True)[4]

    width = ids_width(primed_corpus(corpus, lines))
    alone = [replace(line, primed_text=line.text, primed_offsets=line.offsets) for line in lines]

    def mean(lines: list[FollowingLine]) -> float:
        total = 0.0
        for start in range(0, len(lines), size):
            total += float(
                losses(collate_primed(corpus, lines[start : start + size], config.alphabet, width, size)).sum()
            )
        return total / len(lines)

    return mean(alone), mean(lines)


def primed_log_loss(weights: Path, data: Path, limit: int = 256) -> PrimedLoss | None:
    """Losses of the synthesis network `weights` on validation lines, without styles, rounded as in the engines.

    The points of the line before, and the move from it to the line, do not count. `None` if no writer has lines of
    two forms.
    """
    tensors, meta = read_weights(weights)
    params = round_weights({name: jnp.asarray(value) for name, value in tensors.items()})
    corpus, lines = following_lines(data, "valid", meta, limit)
    if not lines:
        return None
    alone, primed = mean_losses(params, config_from_metadata(meta), corpus, lines)
    return PrimedLoss(len(lines), alone, primed)


def normalised(rows: np.ndarray, units: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Offsets `[T, 3]` in network units."""
    points = rows.astype(np.float32)
    points[:, :2] = (points[:, :2] - units[0]) / units[1]
    return points
