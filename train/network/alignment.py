"""Alignment of ink and text by the window of a trained synthesis network.

The network reads a line's ink with its text; the character with the largest window weight phi [G eq 46] at a timestep
is taken for the one being written.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from train.data.alphabet import LINE_BREAK
from train.data.batches import collate
from train.data.corpus import Corpus, encodable_lines, ids_width
from train.network.config import Config
from train.network.forward import forward
from train.network.parameters import Params

#: Lines in a batch.
LINES = 64


def align_corpus(params: Params, config: Config, corpus: Corpus) -> list[np.ndarray]:
    """For each line `[T]`: the index into its text of the character being written; len(text) is the end mark.

    Empty for lines that the network's alphabet cannot spell. Style vectors are used if the style table has a row for
    each writer of the corpus.
    """
    styled = config.style_dim > 0 and config.writers == len(corpus.writer_names)

    @jax.jit
    def attended(params, batch):
        style = None
        if styled:
            known = (batch["writer"] >= 0)[:, None]
            style = jnp.where(known, params["style.table"][batch["writer"]], 0.0)
        _, trace = forward(params, config, batch["x"], batch["ids"], batch["ids_mask"], style)
        return jnp.argmax(trace["phi"], axis=-1)

    width = ids_width(corpus)
    result: list[np.ndarray] = [np.zeros(0, np.int64)] * len(corpus.points)
    order = sorted(encodable_lines(corpus, config.alphabet), key=lambda line: len(corpus.points[line]))
    for start in range(0, len(order), LINES):
        chosen = order[start : start + LINES]
        found = np.asarray(attended(params, collate(corpus, chosen, config.alphabet, width, LINES)))
        for column, line in enumerate(chosen):
            # phi of a timestep belongs to the point that is predicted from it
            result[line] = found[: len(corpus.points[line]), column]
    return result


def mean_dwell(corpus: Corpus, alignment: list[np.ndarray], alphabet: str, min_count: int = 5) -> list[float]:
    """For each character of the alphabet: points per occurrence, relative to its line's mean per character.

    `alignment` is that of `align_corpus`. Characters with fewer than `min_count` occurrences get 1, and the line break
    what the blank has.
    """
    points, counts = dict.fromkeys(alphabet, 0.0), dict.fromkeys(alphabet, 0)
    for text, positions in zip(corpus.texts, alignment, strict=True):
        if not len(positions):
            continue
        mean = len(positions) / len(text)
        for character, count in zip(text, np.bincount(positions, minlength=len(text)), strict=False):
            points[character] += count / mean
            counts[character] += 1
    counted = [" " if c == LINE_BREAK else c for c in alphabet]
    return [round(points[c] / counts[c], 3) if counts.get(c, 0) >= min_count else 1.0 for c in counted]
