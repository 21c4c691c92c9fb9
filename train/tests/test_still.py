"""Components that are held at offsets of nought."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import data
import export
import fit
import still
from conftest import run_program, succeed
from model import MIN_LOG_SD, Config, forward, init, log_density, losses, split_outputs

CONFIG = Config("prediction", hidden=(7,), mixtures=6)
MEAN, SD = np.array([8.25, -0.5]), np.array([42.0, 37.0])


class Ink:
    """Stands in for a corpus where only its units matter."""

    mean, sd = MEAN, SD


@pytest.fixture(scope="module")
def network() -> dict:
    return still.hold(init(CONFIG, 1), CONFIG, MEAN, SD)


def outputs(params, config, x):
    return {name: np.asarray(part) for name, part in split_outputs(forward(params, config, x)[0], config).items()}


def test_held_components_stand_at_nought_whatever_the_network_sees(network):
    x = np.random.default_rng(1).normal(0, 3, (9, 2, 3)).astype(np.float32)
    parts = outputs(network, CONFIG, x)
    for axis, name in enumerate("xy"):
        for component in range(3):
            raw = parts[f"mu_{name}"][..., component] * SD[axis] + MEAN[axis]
            wide = parts[f"sigma_{name}"][..., component]
            if still.HELD[component, axis]:
                np.testing.assert_allclose(raw, 0, atol=1e-4)
                assert (wide == np.float32(MIN_LOG_SD)).all()
            else:
                assert raw.std() > 1
                assert wide.std() > 0.01
        assert (parts["rho"][..., :3] == 0).all()
        assert (parts["rho"][..., 3:] != 0).all()
    assert parts["pi"].std(axis=(0, 1)).min() > 0.01, "how likely they are is learnt"


def test_on_the_grid_there_is_no_learning_to_be_narrower(train_corpus):
    # One component at one certain offset, already narrower than a whole number.
    corpus = dataclasses.replace(
        train_corpus, points=[np.tile(-train_corpus.mean / train_corpus.sd, (30, 1)).astype(np.float32)] * 4
    )
    corpus.points = [np.concatenate([p, np.zeros((30, 1), np.float32)], axis=1) for p in corpus.points]
    config = Config("prediction", hidden=(3,), mixtures=1)
    params = init(config, 1)
    bias = np.array(params["output.bias"])
    bias[2:6] = [*corpus.points[0][0, :2], -5.5, -5.5]
    params = {**params, "output.weight": jnp.zeros_like(params["output.weight"]), "output.bias": jnp.asarray(bias)}
    batch = data.collate(corpus, range(4), "", 1, 4)
    narrower = []
    for grid in (None, fit.grid_floor(corpus)):
        optimiser, update = fit.make_update(config, 1.0, jnp.float32, grid=grid)
        keep, key = np.ones(4, np.float32), jax.random.key(1)
        new, *_ = update(params, params, optimiser.init(params), batch, keep, 0.01, 0.1, key)
        narrower.append(np.asarray(new["output.bias"] - params["output.bias"])[4:6])
    assert (narrower[0] < 0).all()
    assert (narrower[1] == 0).all()


def resting(corpus: data.Corpus) -> data.Corpus:
    """The lines with every fourth point as it was, and offsets of nought on x, on y and on both between."""
    points = []
    for line in corpus.points:
        raw = line[:, :2] * corpus.sd + corpus.mean
        for place, axes in enumerate(still.HELD):
            raw[place::4] *= ~axes
        points.append(np.concatenate([(raw - corpus.mean) / corpus.sd, line[:, 2:]], axis=1).astype(np.float32))
    return dataclasses.replace(corpus, points=points)


def test_an_update_leaves_them_and_moves_all_else(train_corpus):
    corpus = resting(train_corpus)
    network = still.hold(init(CONFIG, 1), CONFIG, corpus.mean, corpus.sd)
    batch = data.collate(corpus, range(4), "", 1, 4)
    keep, key = np.ones(4, np.float32), jax.random.key(1)
    free = np.ones(CONFIG.outputs, bool)
    free[list(still.held(CONFIG))] = False
    for held in (True, False):
        optimiser, update = fit.make_update(CONFIG, 1.0, jnp.float32, held=held)
        params, *_ = update(network, network, optimiser.init(network), batch, keep, 0.01, 0.1, key)
        for name in ("output.weight", "output.bias"):
            moved = np.asarray(params[name] != network[name]).reshape(CONFIG.outputs, -1).any(1)
            assert moved[free].all()
            assert moved[~free].any() != held


def test_room_is_made_of_what_narrowed_by_itself_and_what_is_used_least(train_corpus):
    corpus, config = resting(train_corpus), dataclasses.replace(CONFIG, mixtures=5)
    params = init(config, 3)
    bias = np.array(params["output.bias"])
    m = config.mixtures
    # pi, mu_x, mu_y, sigma_x, sigma_y of five components: 1 is narrow, 4 and 0 are hardly used.
    bias[1 : 1 + 5 * m] = np.array(
        [[-8, 0, 1, 1, -9], [0.1, 0.2, 0.3, 0.4, 0.5], [0.0, 0, 0, 0, 0], [0, -9, 0, 0, 0], [0, 0, 0.2, 0.3, 0]]
    ).ravel()
    params = {name: value * (0.01 if name.endswith("weight") else 1) for name, value in params.items()}
    params["output.bias"] = jnp.asarray(bias)
    roomy = still.make_room(params, config, corpus, lines=8)
    means = np.asarray(roomy["output.bias"])[1 + m : 1 + 2 * m]
    assert means[3:].tolist() == pytest.approx([0.3, 0.4]), "those that stay"
    assert {round(float(mean), 3) for mean in means[:3]} <= {0.2, 0.3, 0.4}, "copies of those whose points these were"

    ready = still.hold(roomy, config, corpus.mean, corpus.sd)
    assert still.is_held(ready, config)
    assert not still.is_held(roomy, config)
    batch = data.collate(corpus, range(8), "", 1, 8)
    before, after = (float(losses(p, config, batch)[0].sum()) for p in (params, ready))
    # Three points in four have an offset of nought, most of which no component knew.
    assert after < before - 2 * batch["mask"].sum()


def test_on_the_grid_certainty_is_the_most_that_counts():
    floor = fit.grid_floor(Ink)
    zero = np.array([[*(-MEAN / SD), 0.0]], np.float32)
    flat = {name: np.zeros((1, 1), np.float32) for name in ("pi", "rho")}
    at = {"mu_x": zero[:, :1], "mu_y": zero[:, 1:2]}
    for width in (-5.0, -6.0, MIN_LOG_SD, -20.0):
        narrow = {name: np.full((1, 1), width, np.float32) for name in ("sigma_x", "sigma_y")}
        cell = float(log_density({**flat, **at, **narrow}, zero, floor)[0]) - np.log(SD).sum()
        assert cell == pytest.approx(0, abs=1e-5), "a density of one for each whole number"
    wide = {name: np.full((1, 1), -1.0, np.float32) for name in ("sigma_x", "sigma_y")}
    assert log_density({**flat, **at, **wide}, zero, floor) == log_density({**flat, **at, **wide}, zero)


def test_a_run_keeps_them_and_goes_on_from_a_file_that_has_none(packed_file, train_corpus, tmp_path):
    shape = ["--kind", "prediction", "--hidden", "5", "--mixtures", "5", "--batch", "4", "--minutes", "0.0002"]
    first = tmp_path / "first"
    for name, options in {"first": [], "second": ["--still", "--warm", first / "weights.safetensors"]}.items():
        succeed("fit.py", "--data", packed_file, "--run", tmp_path / name, *shape, *options)
    tensors, meta = export.read(first / "weights.safetensors")
    config = export.config_of(meta)
    assert not still.is_held(tensors, config)
    tensors, meta = export.read(tmp_path / "second" / "weights.safetensors")
    assert still.is_held(tensors, config)
    held = still.hold(tensors, config, train_corpus.mean, train_corpus.sd)
    np.testing.assert_allclose(tensors["output.bias"], held["output.bias"], atol=1e-6)
    # A run that was begun one way does not go on the other.
    for name, options in {"first": ["--still"], "second": []}.items():
        refused = run_program("fit.py", "--data", packed_file, "--run", tmp_path / name, *shape, *options)
        assert refused.returncode != 0
        assert f"was begun {'without' if options else 'with'} --still" in refused.stderr


def test_components_that_are_held_must_not_be_all_there_are(packed_file, tmp_path):
    shape = ["--kind", "prediction", "--hidden", "5", "--mixtures", "3", "--still"]
    refused = run_program("fit.py", "--data", packed_file, "--run", tmp_path, *shape)
    assert refused.returncode != 0
    assert "--still holds 3 components: it needs more --mixtures than these" in refused.stderr
