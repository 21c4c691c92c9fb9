"""Mixture components pinned to offsets of zero."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conftest import run_program, succeed
from train.data.batches import collate
from train.data.corpus import Corpus
from train.export.weights_file import config_from_metadata, read_weights
from train.network.config import MIN_LOG_SD, Config
from train.network.forward import forward
from train.network.mixture import grid_min_log_sd, line_losses, log_density, split_outputs
from train.network.parameters import init_params
from train.network.pin_zero_offsets import PINNED_AXES, free_components, is_pinned, pin, pinned_rows
from train.network.update import make_update

CONFIG = Config("prediction", hidden=(7,), mixtures=6)
MEAN, SD = np.array([8.25, -0.5]), np.array([42.0, 37.0])


class Ink:
    """Replaces a corpus where only its units are read."""

    mean, sd = MEAN, SD


@pytest.fixture(scope="module")
def network() -> dict:
    return pin(init_params(CONFIG, 1), CONFIG, MEAN, SD)


def outputs(params, config, x):
    return {name: np.asarray(part) for name, part in split_outputs(forward(params, config, x)[0], config).items()}


def test_pinned_components_are_constant_whatever_the_input(network):
    x = np.random.default_rng(1).normal(0, 3, (9, 2, 3)).astype(np.float32)
    parts = outputs(network, CONFIG, x)
    for axis, name in enumerate("xy"):
        for component in range(3):
            raw = parts[f"mu_{name}"][..., component] * SD[axis] + MEAN[axis]
            wide = parts[f"sigma_{name}"][..., component]
            if PINNED_AXES[component, axis]:
                np.testing.assert_allclose(raw, 0, atol=1e-4)
                assert (wide == np.float32(MIN_LOG_SD)).all()
            else:
                assert raw.std() > 1
                assert wide.std() > 0.01
        assert (parts["rho"][..., :3] == 0).all()
        assert (parts["rho"][..., 3:] != 0).all()
    assert parts["pi"].std(axis=(0, 1)).min() > 0.01, "mixture weights are learnt"


def test_the_grid_floor_gives_no_gradient_for_narrowing(train_corpus):
    # One component at the only offset that occurs, already narrower than a whole number.
    corpus = dataclasses.replace(
        train_corpus, points=[np.tile(-train_corpus.mean / train_corpus.sd, (30, 1)).astype(np.float32)] * 4
    )
    corpus.points = [np.concatenate([p, np.zeros((30, 1), np.float32)], axis=1) for p in corpus.points]
    config = Config("prediction", hidden=(3,), mixtures=1)
    params = init_params(config, 1)
    bias = np.array(params["output.bias"])
    bias[2:6] = [*corpus.points[0][0, :2], -5.5, -5.5]
    params = {**params, "output.weight": jnp.zeros_like(params["output.weight"]), "output.bias": jnp.asarray(bias)}
    batch = collate(corpus, range(4), "", 1, 4)
    narrower = []
    for grid in (None, grid_min_log_sd(corpus.sd)):
        optimiser, update = make_update(config, 1.0, jnp.float32, grid_floor=grid)
        keep, key = np.ones(4, np.float32), jax.random.key(1)
        new, *_ = update(params, params, optimiser.init(params), batch, keep, 0.01, 0.1, key)
        narrower.append(np.asarray(new["output.bias"] - params["output.bias"])[4:6])
    assert (narrower[0] < 0).all()
    assert (narrower[1] == 0).all()


def resting(corpus: Corpus) -> Corpus:
    """The lines with zero offsets on x, on y and on both at three of every four points."""
    points = []
    for line in corpus.points:
        raw = line[:, :2] * corpus.sd + corpus.mean
        for place, axes in enumerate(PINNED_AXES):
            raw[place::4] *= ~axes
        points.append(np.concatenate([(raw - corpus.mean) / corpus.sd, line[:, 2:]], axis=1).astype(np.float32))
    return dataclasses.replace(corpus, points=points)


def test_an_update_leaves_pinned_rows_and_changes_all_others(train_corpus):
    corpus = resting(train_corpus)
    network = pin(init_params(CONFIG, 1), CONFIG, corpus.mean, corpus.sd)
    batch = collate(corpus, range(4), "", 1, 4)
    keep, key = np.ones(4, np.float32), jax.random.key(1)
    free = np.ones(CONFIG.output_width, bool)
    free[list(pinned_rows(CONFIG))] = False
    for pinned in (True, False):
        optimiser, update = make_update(CONFIG, 1.0, jnp.float32, pinned=pinned)
        params, *_ = update(network, network, optimiser.init(network), batch, keep, 0.01, 0.1, key)
        for name in ("output.weight", "output.bias"):
            moved = np.asarray(params[name] != network[name]).reshape(CONFIG.output_width, -1).any(1)
            assert moved[free].all()
            assert moved[~free].any() != pinned


def test_narrow_and_little_used_components_are_freed(train_corpus):
    corpus, config = resting(train_corpus), dataclasses.replace(CONFIG, mixtures=5)
    params = init_params(config, 3)
    bias = np.array(params["output.bias"])
    m = config.mixtures
    # pi, mu_x, mu_y, sigma_x, sigma_y of five components: 1 is narrow, 4 and 0 are hardly used.
    bias[1 : 1 + 5 * m] = np.array(
        [[-8, 0, 1, 1, -9], [0.1, 0.2, 0.3, 0.4, 0.5], [0.0, 0, 0, 0, 0], [0, -9, 0, 0, 0], [0, 0, 0.2, 0.3, 0]]
    ).ravel()
    params = {name: value * (0.01 if name.endswith("weight") else 1) for name, value in params.items()}
    params["output.bias"] = jnp.asarray(bias)
    roomy = free_components(params, config, corpus, lines=8)
    means = np.asarray(roomy["output.bias"])[1 + m : 1 + 2 * m]
    assert means[3:].tolist() == pytest.approx([0.3, 0.4]), "the components that are kept"
    assert {round(float(mean), 3) for mean in means[:3]} <= {0.2, 0.3, 0.4}, "copies of the responsible ones"

    ready = pin(roomy, config, corpus.mean, corpus.sd)
    assert is_pinned(ready, config)
    assert not is_pinned(roomy, config)
    batch = collate(corpus, range(8), "", 1, 8)
    before, after = (float(line_losses(p, config, batch)[0].sum()) for p in (params, ready))
    # Three points in four have a zero offset, which no component predicted before.
    assert after < before - 2 * batch["mask"].sum()


def test_the_grid_floor_limits_the_density_to_one_per_whole_number():
    floor = grid_min_log_sd(Ink.sd)
    zero = np.array([[*(-MEAN / SD), 0.0]], np.float32)
    flat = {name: np.zeros((1, 1), np.float32) for name in ("pi", "rho")}
    at = {"mu_x": zero[:, :1], "mu_y": zero[:, 1:2]}
    for width in (-5.0, -6.0, MIN_LOG_SD, -20.0):
        narrow = {name: np.full((1, 1), width, np.float32) for name in ("sigma_x", "sigma_y")}
        cell = float(log_density({**flat, **at, **narrow}, zero, floor)[0]) - np.log(SD).sum()
        assert cell == pytest.approx(0, abs=1e-5), "density 1 per whole number"
    wide = {name: np.full((1, 1), -1.0, np.float32) for name in ("sigma_x", "sigma_y")}
    assert log_density({**flat, **at, **wide}, zero, floor) == log_density({**flat, **at, **wide}, zero)


def test_a_run_keeps_pinned_components_and_may_start_from_a_file_without_them(packed_file, train_corpus, tmp_path):
    shape = ["--kind", "prediction", "--hidden", "5", "--mixtures", "5", "--batch-size", "4", "--minutes", "0.0002"]
    first = tmp_path / "first"
    pinned = ["--pin-zero-offsets", "--warm-start", first / "weights.safetensors"]
    for name, options in {"first": [], "second": pinned}.items():
        succeed("train_network", "--data", packed_file, "--run", tmp_path / name, *shape, *options)
    tensors, meta = read_weights(first / "weights.safetensors")
    config = config_from_metadata(meta)
    assert not is_pinned(tensors, config)
    tensors, meta = read_weights(tmp_path / "second" / "weights.safetensors")
    assert is_pinned(tensors, config)
    pinned = pin(tensors, config, train_corpus.mean, train_corpus.sd)
    np.testing.assert_allclose(tensors["output.bias"], pinned["output.bias"], atol=1e-6)
    # A run cannot be resumed with the other setting.
    for name, options in {"first": ["--pin-zero-offsets"], "second": []}.items():
        refused = run_program("train_network", "--data", packed_file, "--run", tmp_path / name, *shape, *options)
        assert refused.returncode != 0
        assert f"was started {'without' if options else 'with'} --pin-zero-offsets" in refused.stderr


def test_pinning_needs_more_components_than_it_pins(packed_file, tmp_path):
    shape = ["--kind", "prediction", "--hidden", "5", "--mixtures", "3", "--pin-zero-offsets"]
    refused = run_program("train_network", "--data", packed_file, "--run", tmp_path, *shape)
    assert refused.returncode != 0
    assert "--pin-zero-offsets pins 3 components: --mixtures must be larger" in refused.stderr
