"""Which character each point of a line belongs to, by the window of a trained network.

The network reads a line's ink with its text, and its window moves along: the
character with the largest weight phi at a timestep is the one being written.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import data
from model import Config, Params, forward

#: Lines that are read together.
LINES = 64


def positions(params: Params, config: Config, corpus: data.Corpus) -> list[np.ndarray]:
    """Per line `[T]` the index into its text of the character being written; len(text) is the end mark.

    Nothing for lines that the network's alphabet cannot spell. Writers' styles are used if the
    network has those of all writers of the corpus.
    """
    styled = config.style_dim > 0 and config.writers == len(corpus.writer_names)

    @jax.jit
    def read(params, batch):
        style = None
        if styled:
            known = (batch["writer"] >= 0)[:, None]
            style = jnp.where(known, params["style.table"][batch["writer"]], 0.0)
        _, seen = forward(params, config, batch["x"], batch["ids"], batch["ids_mask"], style)
        return jnp.argmax(seen["phi"], axis=-1)

    width = data.text_width(corpus)
    result: list[np.ndarray] = [np.zeros(0, np.int64)] * len(corpus.points)
    order = sorted(data.usable(corpus, config.alphabet), key=lambda line: len(corpus.points[line]))
    for start in range(0, len(order), LINES):
        chosen = order[start : start + LINES]
        batch = data.collate(corpus, chosen, config.alphabet, width, LINES)
        found = np.asarray(read(params, batch))
        for column, line in enumerate(chosen):
            # phi at a timestep goes with the point that is drawn from it
            result[line] = found[: len(corpus.points[line]), column]
    return result


def dwell(corpus: data.Corpus, found: list[np.ndarray], alphabet: str, fewest: int = 5) -> list[float]:
    """Points that people take for each character of the alphabet, as a share of their mean per character.

    Characters that are there fewer than `fewest` times count as average.
    """
    points, times = dict.fromkeys(alphabet, 0.0), dict.fromkeys(alphabet, 0)
    for text, places in zip(corpus.texts, found, strict=True):
        if not len(places):
            continue
        mean = len(places) / len(text)
        for character, count in zip(text, np.bincount(places, minlength=len(text)), strict=False):
            points[character] += count / mean
            times[character] += 1
    return [round(points[c] / times[c], 3) if times[c] >= fewest else 1.0 for c in alphabet]
