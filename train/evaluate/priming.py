"""Log-loss of lines that follow another line by the same writer, as priming has the network read them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from train.augment.glyphs import segment_line
from train.augment.splicing import pair
from train.data.batches import collate, evenly_spaced
from train.data.corpus import encodable_lines, ids_width, load_split
from train.data.lines import strokes_to_offsets
from train.data.packed import PackedLines, read_packed
from train.export.weights_file import config_from_metadata, read_weights
from train.network.mixture import grid_min_log_sd, line_losses
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


def primed_log_loss(weights: Path, data: Path, limit: int = 256, size: int = 32) -> PrimedLoss | None:
    """Losses of the synthesis network `weights` on validation lines, without styles, rounded as in the engines.

    The line before ends a word's gap before the line, at its height. Its points and the move from it to the line do
    not count. A style is not used with priming. `None` if no writer has lines of two forms.
    """
    tensors, meta = read_weights(weights)
    config = config_from_metadata(meta)
    params = round_weights({name: jnp.asarray(value) for name, value in tensors.items()})
    units = np.asarray(meta["offset_mean"]), np.asarray(meta["offset_sd"])
    valid = load_split(data, "valid", meta["sample_ms"] // 20, units)
    packed, _ = read_packed(data)
    places = [i for i, split in enumerate(packed.splits) if split == "valid"]
    usable = [places[i] for i in encodable_lines(valid, config.alphabet)]
    rng = np.random.default_rng(1)
    alone: list[np.ndarray] = []
    primed: list[np.ndarray] = []
    texts: list[tuple[str, str]] = []
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
            alone.append(normalised(rows, units))
            primed.append(normalised(np.concatenate([joined[: len(joined) - len(rows)], rows]), units))
            texts.append((packed.texts[line], text))

    if not alone:
        return None

    @jax.jit
    def losses(batch):
        batch = with_style_vectors(params, config, batch, jnp.zeros(batch["writer"].shape))
        steps = jnp.arange(batch["mask"].shape[0])[:, None]
        batch["mask"] = batch["mask"] * (steps >= batch["first"])
        return line_losses(params, config, batch, grid_floor=grid_min_log_sd(units[1]), rounded=True)[4]

    def mean(points: list[np.ndarray], spelled: list[str]) -> float:
        corpus = replace(valid, points=points, texts=spelled, writers=np.full(len(points), -1, np.int32))
        total = 0.0
        for start in range(0, len(points), size):
            chosen = range(start, min(start + size, len(points)))
            batch = collate(corpus, chosen, config.alphabet, ids_width(corpus), size)
            batch["first"] = np.zeros(size, np.int32)
            batch["first"][: len(chosen)] = [len(points[i]) - len(alone[i]) for i in chosen]
            total += float(losses(batch).sum())
        return total / len(points)

    return PrimedLoss(len(alone), mean(alone, [a for a, _ in texts]), mean(primed, [b for _, b in texts]))


def normalised(rows: np.ndarray, units: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Offsets `[T, 3]` in network units."""
    points = rows.astype(np.float32)
    points[:, :2] = (points[:, :2] - units[0]) / units[1]
    return points
