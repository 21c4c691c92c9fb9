"""Corpora and batches."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import synthetic_lines
from train.data.alphabet import encode
from train.data.batches import LENGTH_MULTIPLE, collate, epoch_batches
from train.data.corpus import Corpus, ids_width, load_split, subsample
from train.data.packed import pack_lines, save_packed


def test_every_point_is_kept_without_a_stride():
    rows = np.array([[1, 2, 0], [3, 4, 1]], np.int16)
    assert np.array_equal(subsample(rows, 1), rows)


def test_every_second_point_of_each_stroke_is_kept_and_the_ends():
    rows = np.array([[1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 1, 1], [5, 0, 0], [6, 0, 0], [7, 0, 1], [8, 1, 1]], np.int16)
    # Strokes of four, three and one points: the first, the third, ... and the last point of each are kept.
    assert subsample(rows, 2).tolist() == [[1, 0, 0], [5, 0, 0], [4, 1, 1], [5, 0, 0], [13, 0, 1], [8, 1, 1]]


@pytest.mark.parametrize("stride", [2, 3, 5])
def test_subsampled_ink_passes_through_points_of_the_full_ink(stride):
    rng = np.random.default_rng(stride)
    rows = np.concatenate([rng.integers(-50, 50, (80, 2)), rng.random((80, 1)) < 0.15], axis=1).astype(np.int16)
    rows[-1, 2] = 1
    thinned = subsample(rows, stride)
    full, coarse = np.cumsum(rows[:, :2], 0), np.cumsum(thinned[:, :2], 0)
    where = [np.flatnonzero((full == point).all(1))[0] for point in coarse]
    assert (np.diff(where) >= 1).all()
    assert max(np.diff(where)) <= stride
    assert np.array_equal(coarse[-1], full[-1])
    # Strokes end where they did.
    assert np.array_equal(coarse[thinned[:, 2] == 1], full[rows[:, 2] == 1])
    assert len(thinned) < len(rows)


def test_training_offsets_have_mean_0_and_sd_1(train_corpus):
    offsets = np.concatenate(train_corpus.points)[:, :2]
    np.testing.assert_allclose(offsets.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(offsets.std(0), 1, atol=1e-5)
    assert train_corpus.point_count == len(offsets)


def test_a_file_without_lines_of_a_split_is_refused_only_where_they_are_needed(tmp_path):
    packed, _ = pack_lines(synthetic_lines(2, "valid", 1))
    save_packed(packed, tmp_path / "ink.npz")
    units = (np.zeros(2), np.ones(2))
    assert len(load_split(tmp_path / "ink.npz", "valid", units=units).points) == 2
    with pytest.raises(SystemExit, match='no line has the split "train"'):
        load_split(tmp_path / "ink.npz", "train", units=units)


def test_units_are_those_of_the_subsampled_training_lines(packed_file):
    thinned = load_split(packed_file, "train", 2)
    offsets = np.concatenate(thinned.points)[:, :2]
    np.testing.assert_allclose(offsets.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(offsets.std(0), 1, atol=1e-5)


def test_a_batch_has_targets_and_shifted_inputs(train_corpus):
    chosen = [4, 0, 9]
    alphabet = train_corpus.alphabet
    width = ids_width(train_corpus)
    batch = collate(train_corpus, chosen, alphabet, width, 5)
    longest = max(len(train_corpus.points[i]) for i in chosen)
    assert len(batch["x"]) % LENGTH_MULTIPLE == 0
    assert longest <= len(batch["x"]) < longest + LENGTH_MULTIPLE
    for column, i in enumerate(chosen):
        rows = train_corpus.points[i]
        steps = len(rows)
        assert np.array_equal(batch["target"][:steps, column], rows)
        assert np.array_equal(batch["x"][1:steps, column], rows[:-1])
        assert not batch["x"][0, column].any()
        assert batch["mask"][:, column].tolist() == [1] * steps + [0] * (len(batch["mask"]) - steps)
        ids = encode(train_corpus.texts[i], alphabet)
        assert batch["ids"][column, : len(ids)].tolist() == ids
        assert batch["ids_mask"][column].tolist() == [1] * len(ids) + [0] * (width - len(ids))
        assert batch["writer"][column] == train_corpus.writers[i]


def test_a_batch_of_too_few_lines_is_padded_with_empty_ones(train_corpus):
    batch = collate(train_corpus, [2], train_corpus.alphabet, 30, 3)
    assert not batch["mask"][:, 1:].any()
    assert not batch["ids_mask"][1:].any()
    assert batch["writer"][1:].tolist() == [-1, -1]


def test_a_batch_for_a_network_without_text_has_no_ids(train_corpus):
    batch = collate(train_corpus, [0, 1], "", 30, 2)
    assert not {"ids", "ids_mask"} & batch.keys()


def written(batch, alphabet: str) -> list[str]:
    """The texts of a batch's lines that are not empty."""
    rows = zip(batch["ids"], batch["ids_mask"], batch["mask"].T, strict=True)
    return ["".join(alphabet[i - 1] for i in ids[m > 0][:-1]) for ids, m, line in rows if line.any()]


def test_an_epoch_has_every_encodable_line_once_in_random_order(train_corpus):
    # An alphabet without `q` cannot spell a quill.
    alphabet = train_corpus.alphabet.replace("q", "")
    width = ids_width(train_corpus)
    spelt = sorted(text for text in train_corpus.texts if "q" not in text)
    assert len(spelt) < len(train_corpus.texts)
    rng = np.random.default_rng(1)
    epochs = []
    for _ in range(2):
        batches = list(epoch_batches(train_corpus, alphabet, width, 4, rng))
        assert all(batch["mask"].shape[1] == 4 for batch in batches)
        epochs.append([text for batch in batches for text in written(batch, alphabet)])
    assert [sorted(epoch) for epoch in epochs] == [spelt, spelt]
    assert epochs[0] != epochs[1]


def test_an_epoch_without_text_has_every_point(train_corpus):
    batches = epoch_batches(train_corpus, "", 1, 3, np.random.default_rng(1))
    assert sum(batch["mask"].sum() for batch in batches) == train_corpus.point_count


def test_lines_of_a_batch_are_of_similar_length():
    lengths = np.random.default_rng(2).permutation(np.arange(10, 42))
    corpus = Corpus(
        points=[np.zeros((n, 3), np.float32) for n in lengths],
        texts=["a"] * len(lengths),
        writers=np.full(len(lengths), -1),
        writer_names=[],
        mean=np.zeros(2),
        sd=np.ones(2),
        alphabet="a",
    )
    for batch in epoch_batches(corpus, "", 2, 4, np.random.default_rng(3)):
        points = batch["mask"].sum(0)
        assert points.max() - points.min() == 3
