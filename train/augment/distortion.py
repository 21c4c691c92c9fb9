"""Random distortion of training lines: scale, slant and stretch, drawn anew each time a line is learnt from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from train.data.corpus import Corpus


@dataclass
class Distortion:
    """Largest distortions.

    Every line is scaled by up to +-`scale` (a share). Lines whose style is withheld are also slanted by up to
    +-`slant` (dx per dy) and stretched along one axis by up to +-`stretch` (a share), which the other axis loses: they
    stand for writers the network has not met, while a style vector must keep meaning one slant.
    """

    scale: float = 0.1
    slant: float = 0.0
    stretch: float = 0.0

    def matrices(self, without_style: np.ndarray, rng) -> np.ndarray:
        """`[B, 2, 2]`, by which raw offsets (as columns) are multiplied; `without_style` is `[B]` bool."""
        lines = len(without_style)
        size = rng.uniform(1 - self.scale, 1 + self.scale, lines)
        stretch = np.where(without_style, np.exp(rng.uniform(-self.stretch, self.stretch, lines)), 1)
        slant = np.where(without_style, rng.uniform(-self.slant, self.slant, lines), 0)
        rows = [[size * stretch, size * slant], [np.zeros(lines), size / stretch]]
        return np.moveaxis(np.array(rows), -1, 0)


def distort_batches(
    batches: Iterable[dict], train: Corpus, style_dropout: float, distortion: Distortion, rng
) -> Iterator[dict]:
    """The batches with every line distorted, and with `use_style` `[B]`: whether the network is given its style.

    A style is withheld with probability `style_dropout`, and where the writer is unknown. Distorted points are rounded
    to whole numbers again, as all are in the corpus: which offsets occur at all is part of what a network learns.
    """
    for batch in batches:
        use_style = (rng.random(batch["mask"].shape[1]) >= style_dropout) & (batch["writer"] >= 0)
        batch["use_style"] = use_style.astype(np.float32)
        matrices, target = distortion.matrices(~use_style, rng), batch["target"]
        raw = target[..., :2] * train.sd + train.mean
        positions = np.rint(np.einsum("bij,tbj->tbi", matrices, np.cumsum(raw, axis=0, dtype=np.float64)))
        offsets = (np.diff(positions, axis=0, prepend=0) - train.mean) / train.sd
        target[..., :2] = np.where(batch["mask"][..., None] > 0, offsets, 0)
        batch["x"][1:] = np.where(batch["mask"][1:, :, None] > 0, target[:-1], 0)
        yield batch
