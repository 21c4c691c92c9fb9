"""Calibration: weights that are rounded so that outputs change little."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from conftest import succeed, tiny_network
from train.export.calibration import calibrate, input_products, name_writers
from train.export.quantise import quantise_rows
from train.export.weights_file import metadata, read_stored, read_weights, write_weights


def correlated_inputs(rng, count: int, columns: int) -> np.ndarray:
    """Inputs that depend on a few causes, and the constant 1."""
    causes = rng.normal(0, 1, (count, 4))
    inputs = causes @ rng.normal(0, 1, (4, columns)) + rng.normal(0, 0.1, (count, columns)) + 0.5
    return np.concatenate([inputs, np.ones((count, 1))], axis=1)


def test_calibrated_weights_change_sums_less_than_nearest_ones():
    rng = np.random.default_rng(1)
    inputs = correlated_inputs(rng, 500, 24)
    weight, bias = rng.normal(0, 1, (30, 24)).astype(np.float32), rng.normal(0, 1, 30).astype(np.float32)
    whole, scale = quantise_rows(weight)
    new, new_bias = calibrate(weight, bias, inputs.T @ inputs)

    def error(changed, changed_bias):
        difference = np.concatenate([changed - weight, (changed_bias - bias)[:, None]], axis=1)
        return np.sqrt(np.mean((inputs @ difference.T) ** 2))

    new_whole, new_scale = quantise_rows(new)
    assert error(new_whole * new_scale[:, None], new_bias) < 0.4 * error(whole * scale[:, None], bias)


def test_a_calibrated_matrix_is_not_rounded_again():
    rng = np.random.default_rng(2)
    inputs = correlated_inputs(rng, 500, 24)
    weight = (rng.normal(0, 1, (200, 24)) * 10.0 ** rng.integers(-2, 2, (200, 1))).astype(np.float32)
    new, _ = calibrate(weight, np.zeros(200, np.float32), inputs.T @ inputs)
    whole, scale = quantise_rows(new)
    assert np.array_equal(scale, quantise_rows(weight)[1])
    # All but the largest of a row are integers times the scale.
    moved = np.abs(whole * scale[:, None] - new) > 1e-6 * np.abs(new)
    assert (moved.sum(1) <= 1).all()
    assert (np.abs(whole)[moved] == np.abs(whole).max(1)[moved.any(1)]).all()
    # The file with f16 matrices holds the same integers.
    again, same_scale = quantise_rows(new.astype(np.float16).astype(np.float32))
    assert np.array_equal(again, whole)
    assert np.array_equal(same_scale, scale)


def test_rows_of_zeros_keep_their_bias():
    inputs = correlated_inputs(np.random.default_rng(3), 50, 6)
    weight = np.zeros((2, 6), np.float32)
    weight[1] = 0.3
    new, bias = calibrate(weight, np.array([-7.0, 0.5], np.float32), inputs.T @ inputs)
    assert not new[0].any()
    assert bias[0] == -7


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_the_inputs_of_every_matrix_are_measured(kind, train_corpus):
    changes = {"alphabet": train_corpus.alphabet} if kind == "synthesis" else {}
    tensors, config = tiny_network(kind, **changes)
    products = input_products(tensors, config, train_corpus, 16)
    points = sum(len(rows) for rows in train_corpus.points)
    assert products.keys() == {name for name in tensors if name.endswith(".weight")}
    for name, matrix in products.items():
        columns = tensors[name].shape[1]
        assert matrix.shape == (columns + 1, columns + 1)
        assert matrix[-1, -1] == points, "the constant 1 at every point"
    # The inputs of the first layer begin with the point before; every line starts with zeros.
    rows = np.concatenate([np.append(np.zeros((1, 3)), points[:-1], axis=0) for points in train_corpus.points])
    np.testing.assert_allclose(products["lstm.0.weight"][:3, :3], rows.T @ rows, rtol=0.01, atol=0.5)
    np.testing.assert_allclose(products["lstm.0.weight"][-1, :3], rows.sum(0), rtol=0.01, atol=0.5)


def test_the_program_writes_a_file_that_is_exported_without_further_rounding(packed_file, train_corpus, tmp_path):
    source, calibrated, exported = (tmp_path / f"{name}.safetensors" for name in ("source", "calibrated", "exported"))
    tensors, config = tiny_network("synthesis", alphabet=train_corpus.alphabet)
    write_weights(source, tensors, metadata(config, train_corpus, 20, {"updates": 3}, ["ann", "bob"], "f32"))
    options = ["--weights", source, "--data", packed_file, "--out", calibrated, "--lines", 8]
    succeed("calibrate_weights", *options)
    succeed("export_weights", "--weights", calibrated, "--out", exported, "--int8", "--hand", "bob", "Bob")
    before, about = read_weights(source)
    after, meta = read_weights(calibrated)
    stored, _ = read_stored(exported)
    assert meta == about
    for name, value in before.items():
        if name.endswith(".weight"):
            scale = quantise_rows(value)[1]
            assert np.array_equal(stored[f"{name}.scale"], scale)
            assert (np.abs(after[name] - stored[name] * scale[:, None]) < 0.51 * scale[:, None]).all()
        elif not name.endswith(".bias"):
            assert np.array_equal(after[name], value)


def test_lines_are_read_with_the_styles_of_their_writers_whatever_rows_these_have(train_corpus):
    # Rows of a style table with two of the corpus's writers, in another order, and one that the corpus lacks.
    corpus = dataclasses.replace(train_corpus, writer_names=["ann", "bob", "eve"], writers=np.array([0, 1, 2, -1]))
    named = name_writers(corpus, ["zoe", "bob", "ann"])
    assert named.writers.tolist() == [2, 1, -1, -1]
    assert named.writer_names == ["zoe", "bob", "ann"]
