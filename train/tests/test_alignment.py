"""Alignment of ink and text."""

from __future__ import annotations

import numpy as np

from conftest import tiny_network
from train.data.corpus import Corpus
from train.network.alignment import align_corpus, mean_dwell


def test_dwell_is_relative_to_the_mean_points_per_character(train_corpus):
    texts = ["ab"] * 6
    corpus = Corpus(
        points=[np.zeros((40, 3))] * 6, texts=texts, writers=np.zeros(6, int), writer_names=[],
        mean=np.zeros(2), sd=np.ones(2), alphabet="abc",
    )  # fmt: skip
    places = [np.repeat([0, 1, 2], [10, 25, 5])] * 6  # five points on the end mark
    assert mean_dwell(corpus, places, "abc") == [0.5, 1.25, 1.0]


def test_the_alignment_follows_the_text(train_corpus):
    tensors, config = tiny_network("synthesis", alphabet=train_corpus.alphabet)
    found = align_corpus(tensors, config, train_corpus)
    for places, points, text in zip(found, train_corpus.points, train_corpus.texts, strict=True):
        assert len(places) == len(points)
        assert (np.diff(places) >= 0).mean() > 0.5
        assert places.max() <= len(text)
