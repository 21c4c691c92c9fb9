"""Padded batches of lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from train.data.alphabet import encode
from train.data.corpus import Corpus, encodable_lines

#: Batches are padded to a multiple of this many timesteps: few shapes, so few compilations.
LENGTH_MULTIPLE = 80


def collate(
    corpus: Corpus, chosen, alphabet: str, width: int, size: int, multiple: int = LENGTH_MULTIPLE
) -> dict[str, np.ndarray]:
    """The lines `chosen` as one batch of B = `size` lines; columns without a line have mask 0.

    It is padded to a multiple of `multiple` timesteps.

    `x` and `target` `[T, B, 3]` (x is target one timestep later, zeros first), `mask` and `last` `[T, B]` (which
    timesteps are points, and which is the last of its line), `writer` `[B]` (-1 = unknown); with an alphabet also
    `ids` and `ids_mask` `[B, width]`.
    """
    longest = max(len(corpus.points[i]) for i in chosen)
    steps = -(-longest // multiple) * multiple
    batch = {
        "x": np.zeros((steps, size, 3), np.float32),
        "target": np.zeros((steps, size, 3), np.float32),
        "mask": np.zeros((steps, size), np.float32),
        "last": np.zeros((steps, size), np.float32),
        "writer": np.full(size, -1, np.int32),
    }
    if alphabet:
        batch["ids"] = np.zeros((size, width), np.int32)
        batch["ids_mask"] = np.zeros((size, width), np.float32)
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


def epoch_batches(corpus: Corpus, alphabet: str, width: int, size: int, rng) -> Iterator[dict[str, np.ndarray]]:
    """One epoch in random order, as batches of `size` lines of similar length."""
    lengths = np.array([len(p) for p in corpus.points])
    order = rng.permutation(encodable_lines(corpus, alphabet))
    pool = size * 64
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        groups = [part[i : i + size] for i in range(0, len(part), size)]
        for index in rng.permutation(len(groups)):
            yield collate(corpus, groups[index], alphabet, width, size)


def evenly_spaced(lines: list[int], count: int) -> list[int]:
    """At most `count` of the `lines`, evenly spaced, the same every time."""
    return [lines[i] for i in np.linspace(0, len(lines) - 1, min(count, len(lines))).astype(int)]
