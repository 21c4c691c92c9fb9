"""Training: one update, distortion, the learning rate, and runs of the program."""

from __future__ import annotations

import argparse
import dataclasses
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from conftest import run_program, succeed
from train.augment.distortion import Distortion, distort_batches
from train.data.batches import collate, epoch_batches
from train.data.corpus import encodable_lines, ids_width
from train.evaluate.log_loss import make_log_loss_evaluator
from train.export.weights_file import config_from_metadata, read_weights
from train.network.config import Config
from train.network.mixture import line_losses
from train.network.parameters import init_params
from train.network.regularisation import add_weight_noise, dropout_masks, style_vectors, with_style_vectors
from train.network.rounding import round_weights
from train.network.update import learning_rate, make_update
from train.train_network import build_config, parse_arguments

# --- one update ------------------------------------------------------------------------------


class Training(NamedTuple):
    """A tiny network and one batch of synthetic ink; the jitted update is compiled once for all tests."""

    config: Config
    params: dict
    batch: dict
    state: tuple
    update: Callable

    def step(self, params, state, batch, rate=0.01, ema=None, ema_rate=0.1, seed=1):
        """One update that uses the style of every line."""
        use_style = np.ones(batch["mask"].shape[1], np.float32)
        key = jax.random.key(seed)
        return self.update(params, params if ema is None else ema, state, batch, use_style, rate, ema_rate, key)


@pytest.fixture(scope="module")
def training(train_corpus) -> Training:
    config = Config(
        "synthesis",
        hidden=(10,),
        mixtures=3,
        window=2,
        alphabet=train_corpus.alphabet,
        style_dim=3,
        writers=2,
        stop=True,
    )
    params = init_params(config, 1, 0.1)
    batch = collate(train_corpus, range(6), config.alphabet, ids_width(train_corpus), 8)
    optimiser, update = make_update(config, 1.0, jnp.float32)
    return Training(config, params, batch, optimiser.init(params), update)


def remembered(state, kind: str):
    """The state of the optimiser "adam" or "muon"."""
    return state[1].inner_states[kind].inner_state


def test_updates_lower_the_loss(training):
    params, state = training.params, training.state
    per_point = []
    for _ in range(40):
        params, _, state, (nats, _, points), _ = training.step(params, state, training.batch)
        per_point.append(float(nats) / float(points))
    assert int(points) == training.batch["mask"].sum()
    assert per_point[-1] < per_point[0] - 0.5


def test_updates_lower_the_loss_of_a_network_whose_weights_and_states_are_rounded(training):
    config, state = training.config, training.state
    params = dict(training.params)
    _, update = make_update(config, 1.0, jnp.float32, quantise=True)
    evaluate = jax.jit(line_losses, static_argnames=("config", "rounded"))

    def rounded_loss(params):
        batch = with_style_vectors(params, config, training.batch, np.ones(8, np.float32))
        return float(evaluate(round_weights(params), config, batch, rounded=True)[0].sum())

    before = rounded_loss(params)
    for _ in range(30):
        key = jax.random.key(1)
        params, _, state, sums, _ = update(
            params, params, state, training.batch, np.ones(8, np.float32), 0.01, 0.1, key
        )
    assert rounded_loss(params) < before - 0.4 * float(sums[2])
    # The loss that is reported is that of the rounded network.
    _, _, _, sums, _ = update(params, params, state, training.batch, np.ones(8, np.float32), 0.01, 0.1, key)
    assert float(sums[0]) == pytest.approx(rounded_loss(params), rel=1e-4)


def test_devices_that_share_a_batch_compute_the_gradient_of_the_whole(training):
    assert len(jax.devices()) == 2
    batch, config = training.batch, training.config

    def per_point(params):
        nats, stop, _, points = line_losses(params, config, with_style_vectors(params, config, batch, jnp.ones(8)))
        return (nats.sum() + stop.sum()) / points.sum(), nats.sum()

    grads, nats = jax.jit(jax.grad(per_point, has_aux=True))(training.params)
    _, _, state, sums, norm = training.step(training.params, training.state, batch)
    assert float(sums[0]) == pytest.approx(float(nats), rel=1e-5)
    whole = np.sqrt(sum(float((g**2).sum()) for g in grads.values()))
    assert float(norm) == pytest.approx(whole, rel=1e-4)
    # The first moments are a tenth and a twentieth of the first gradient, clipped to a norm of 1.
    shares = {"adam": (remembered(state, "adam").mu, 0.1), "muon": (remembered(state, "muon"), 0.05)}
    for moments, share in shares.values():
        for name, moment in moments.items():
            if isinstance(moment, optax.MaskedNode):
                continue
            expected = grads.pop(name) * share * min(1, 1 / whole)
            np.testing.assert_allclose(moment, expected, rtol=1e-3, atol=1e-6)
    assert not grads, "every parameter has an optimiser"


def test_the_moving_average_has_the_given_rate(training):
    params, ema, *_ = training.step(training.params, training.state, training.batch, ema_rate=0.25)
    for name, before in training.params.items():
        np.testing.assert_allclose(ema[name], before + 0.25 * (params[name] - before), rtol=1e-5, atol=1e-7)


def test_a_batch_with_a_gradient_that_is_not_finite_changes_nothing(training):
    spoilt = {**training.batch, "target": training.batch["target"].copy()}
    spoilt["target"][3, 1, 0] = np.inf
    params, ema, state, _, norm = training.step(training.params, training.state, spoilt)
    assert not np.isfinite(float(norm))
    for name, before in training.params.items():
        assert np.array_equal(params[name], before)
        assert np.array_equal(ema[name], before)
    assert int(remembered(state, "adam").count) == 0
    # The next batch is learnt from.
    params, _, state, _, norm = training.step(params, state, training.batch)
    assert np.isfinite(float(norm))
    assert int(remembered(state, "adam").count) == 1
    assert not np.array_equal(params["output.bias"], training.params["output.bias"])


def test_weight_noise_is_on_lstm_matrices_only(training):
    noised = add_weight_noise(training.params, 0.05, jax.random.key(3))
    assert noised.keys() == training.params.keys()
    for name, before in training.params.items():
        change = np.asarray(noised[name] - before)
        if name == "lstm.0.weight":
            assert change.std() == pytest.approx(0.05, rel=0.1)
            assert abs(change.mean()) < 0.01
        else:
            assert not change.any(), name
    other = add_weight_noise(training.params, 0.05, jax.random.key(4))
    assert not np.array_equal(other["lstm.0.weight"], noised["lstm.0.weight"])


def test_with_weight_noise_the_gradient_is_of_noisy_weights_and_updates_the_clean_ones(training):
    _, update = make_update(training.config, 1.0, jnp.float32, weight_noise=0.2)
    noisy = training._replace(update=update)
    losses = [float(noisy.step(training.params, training.state, training.batch, seed=s)[3][0]) for s in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    # With a learning rate of 0 no noise remains in the weights.
    params, *_ = noisy.step(training.params, training.state, training.batch, rate=0.0)
    for name, before in training.params.items():
        np.testing.assert_array_equal(params[name], before)


def test_without_weight_noise_an_update_is_deterministic(training):
    losses = [float(training.step(training.params, training.state, training.batch, seed=s)[3][0]) for s in (1, 2)]
    assert losses[0] == losses[1]


def test_dropout_masks_have_the_given_rate_and_preserve_the_mean():
    config = Config("prediction", hidden=(200, 300))
    masks = dropout_masks(config, 5, 0.2, jax.random.key(1))
    assert [h.shape for h in masks] == [(5, 200), (5, 300)]
    everything = np.concatenate([h.ravel() for h in masks])
    assert set(everything.tolist()) == {0.0, 1.25}
    assert (everything == 0).mean() == pytest.approx(0.2, abs=0.03)
    assert not np.array_equal(masks[0][0], masks[0][1])


def test_the_loss_with_dropout_depends_on_the_key(train_corpus):
    config = Config("prediction", hidden=(6, 5), mixtures=2)
    batch = collate(train_corpus, range(4), "", 1, 4)
    params = init_params(config, 1)
    seen = []
    for rate in (0.5, 0.0):
        optimiser, update = make_update(config, 1.0, jnp.float32, dropout=rate)
        training = Training(config, params, batch, optimiser.init(params), update)
        seen.append([float(training.step(params, training.state, batch, seed=s)[3][0]) for s in (1, 1, 2)])
    assert seen[0][0] == seen[0][1] != seen[0][2]
    assert seen[1][0] == seen[1][1] == seen[1][2]


def test_a_style_is_a_row_of_the_writers_table_or_zero():
    config = Config("synthesis", hidden=(1,), style_dim=2, writers=3)
    params = {"style.table": jnp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])}
    rows = style_vectors(params, config, np.array([2, 0, -1, 1]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert rows.tolist() == [[5, 6], [1, 2], [0, 0], [0, 0]]


# --- validation ------------------------------------------------------------------------------


def test_the_log_loss_is_the_mean_over_encodable_lines(training, train_corpus):
    # Lines with a letter that the network's alphabet lacks do not count.
    config = Config(**{**training.config.__dict__, "alphabet": train_corpus.alphabet.replace("q", "") + "\xe9"})
    width = ids_width(train_corpus)
    chosen = encodable_lines(train_corpus, config.alphabet)
    assert len(chosen) < len(train_corpus.texts)
    # Batches of three: the last is not full.
    result = make_log_loss_evaluator(config)(training.params, train_corpus, width, size=3)
    batch = collate(train_corpus, chosen, config.alphabet, width, len(chosen))
    batch["style"] = jnp.zeros((len(chosen), config.style_dim))
    nats, stop, squared, points = jax.jit(line_losses, static_argnums=1)(training.params, config, batch)
    assert result["lines"] == len(chosen)
    assert result["valid_points"] == int(points.sum())
    assert result["log_loss"] == pytest.approx(float(nats.mean()), rel=1e-5)
    assert result["stop_loss"] == pytest.approx(float(stop.mean()), rel=1e-5)
    assert result["sse"] == pytest.approx(float(squared.sum() / points.sum()), rel=1e-5)
    # These components are wider than the grid floor.
    assert result["log_loss_grid_floor"] == pytest.approx(result["log_loss"], rel=1e-6)


def test_the_log_loss_can_be_measured_on_a_sample_of_lines(training, train_corpus):
    evaluate = make_log_loss_evaluator(training.config)
    width = ids_width(train_corpus)
    for limit in (1, 9, 15, 100):
        assert evaluate(training.params, train_corpus, width, limit=limit)["lines"] == min(limit, 16)


# --- distortion ------------------------------------------------------------------------------


def changed(corpus, style_drop, variety):
    """Every line of two epochs in raw offsets: `(before, after, batch, column)`."""
    batches = [b for seed in (1, 2) for b in epoch_batches(corpus, "", 1, 4, np.random.default_rng(seed))]
    before = [{key: value.copy() for key, value in batch.items()} for batch in batches]
    after = distort_batches(iter(batches), corpus, style_drop, variety, np.random.default_rng(2))
    for old, new in zip(before, after, strict=True):
        for line in np.flatnonzero(old["mask"].any(0)):
            points = int(old["mask"][:, line].sum())
            raw = [b["target"][:points, line, :2] * corpus.sd + corpus.mean for b in (old, new)]
            # The input is still the previous target, and the pen column is unchanged.
            assert np.array_equal(new["x"][1:points, line], new["target"][: points - 1, line])
            assert np.array_equal(new["target"][:, line, 2], old["target"][:, line, 2])
            assert not new["x"][0, line].any()
            assert not new["target"][points:, line].any()
            yield *raw, new, line


def places(offsets: np.ndarray) -> np.ndarray:
    return np.cumsum(offsets, axis=0, dtype=np.float64)


def test_each_line_is_scaled_in_raw_units_by_a_random_factor(train_corpus):
    factors = []
    for old, new, _, _ in changed(train_corpus, 0.5, Distortion(scale=0.1)):
        old, new = places(old), places(new)
        factors.append((new * old).sum() / (old * old).sum())
        np.testing.assert_allclose(new, old * factors[-1], atol=0.7)
        np.testing.assert_allclose(new, np.rint(new), atol=1e-2, err_msg="points lie on whole numbers")
    assert 0.9 <= min(factors) < 0.97 < 1.03 < max(factors) <= 1.1


def test_only_lines_without_a_style_are_slanted_and_stretched(train_corpus):
    slants, stretches, told = [], [], 0
    for old, new, batch, line in changed(train_corpus, 0.5, Distortion(0.0, slant=0.3, stretch=0.2)):
        if batch["use_style"][line]:
            told += 1
            assert batch["writer"][line] >= 0
            np.testing.assert_allclose(new, old, atol=1e-3)
            continue
        # The matrix that every point was multiplied by, apart from rounding.
        old, new = places(old), places(new)
        found = np.linalg.lstsq(old, new, rcond=None)[0].T
        np.testing.assert_allclose(new, old @ found.T, atol=0.9)
        assert found[1, 0] == pytest.approx(0, abs=0.02)
        assert found[0, 0] * found[1, 1] == pytest.approx(1, abs=0.04), "the area is unchanged"
        slants.append(found[0, 1])
        stretches.append(found[0, 0])
    assert told >= 5
    assert -0.3 <= min(slants) < -0.1 < 0.1 < max(slants) <= 0.3
    assert 0.81 <= min(stretches) < 0.95 < 1.05 < max(stretches) <= 1.23


def test_a_line_of_an_unknown_writer_has_no_style(train_corpus):
    for _, _, batch, line in changed(train_corpus, 0.0, Distortion()):
        assert batch["use_style"][line] == (batch["writer"][line] >= 0)
    for _, _, batch, line in changed(train_corpus, 1.0, Distortion()):
        assert not batch["use_style"][line]


# --- settings --------------------------------------------------------------------------------


def test_the_learning_rate_warms_up_over_100_updates():
    rates = [learning_rate(0.0, updates, 3e-3) for updates in (0, 49, 99, 100, 5000)]
    assert rates == pytest.approx([3e-5, 1.5e-3, 3e-3, 3e-3, 3e-3])


def test_the_learning_rate_falls_along_a_cosine_to_a_fiftieth():
    rates = [learning_rate(progress, 1000, 1.0) for progress in np.linspace(0, 1, 11)]
    assert rates == sorted(rates, reverse=True)
    assert rates[5] == pytest.approx(0.51)
    assert rates[10] == pytest.approx(0.02)
    assert learning_rate(1.5, 1000, 1.0) == pytest.approx(0.02)


def test_only_the_synthesis_network_reads_text_and_learns_hands(train_corpus):
    asked = {"hidden": [4, 5], "mixtures": 6, "window": 7, "style_dim": 8, "no_skips": False}
    synthesis = build_config(argparse.Namespace(kind="synthesis", **asked), train_corpus)
    assert synthesis == Config("synthesis", (4, 5), 6, 7, train_corpus.alphabet, 8, 2, True)
    prediction = build_config(argparse.Namespace(kind="prediction", **asked), train_corpus)
    assert prediction == Config("prediction", (4, 5), 6)


def test_without_known_writers_there_are_no_hands_to_learn(train_corpus):
    asked = argparse.Namespace(kind="synthesis", hidden=[4], mixtures=6, window=7, style_dim=8, no_skips=False)
    config = build_config(asked, dataclasses.replace(train_corpus, writer_names=[]))
    assert (config.style_dim, config.writers) == (0, 0)


def test_a_preset_sets_what_is_not_given(train_corpus):
    given = ["--data", "ink.npz", "--run", "run", "--preset", "blog"]
    blog = Config("prediction", (400, 400), 2, skips=False)
    assert build_config(parse_arguments(given), train_corpus) == blog
    narrow = parse_arguments([*given, "--hidden", "6", "6"])
    assert build_config(narrow, train_corpus) == dataclasses.replace(blog, hidden=(6, 6))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--kind is needed"),
        (["--kind", "synthesis", "--no-skips"], "are for prediction networks"),
        (["--kind", "prediction", "--chain-state", "--hidden", "5", "6"], "layers of one width"),
        (["--preset", "blog", "--warm-start", "weights.safetensors"], "needs a network with skip connections"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message, capsys):
    with pytest.raises(SystemExit):
        parse_arguments(["--data", "ink.npz", "--run", "run", *options])
    assert message in capsys.readouterr().err


# --- whole runs ------------------------------------------------------------------------------

SHAPES = ["--hidden", "6", "5", "--mixtures", "2", "--window", "2", "--style-dim", "3"]
TINY = ["--kind", "synthesis", *SHAPES, "--batch-size", "4"]


class Run(NamedTuple):
    """A run's folder, and its contents after each of two calls."""

    folder: Path
    checkpoints: list[dict]
    weights: list[tuple[dict, dict]]

    def log(self) -> list[dict]:
        return [json.loads(row) for row in (self.folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session")
def finished(packed_file, tmp_path_factory) -> Run:
    """Two slices of a run, by the same command."""
    run = Run(tmp_path_factory.mktemp("runs") / "synthesis", [], [])
    for _ in range(2):
        succeed("train_network", "--data", packed_file, "--run", run.folder, *TINY, "--minutes", 1, "--slice", 0.0002)
        run.checkpoints.append(pickle.loads((run.folder / "checkpoint.pickle").read_bytes()))
        run.weights.append(read_weights(run.folder / "weights.safetensors"))
    return run


def test_a_run_leaves_a_checkpoint_a_log_and_weights(finished, train_corpus):
    counters = finished.checkpoints[0]["counters"]
    assert counters["updates"] > 0
    assert counters["points"] > 0
    row = finished.log()[0]
    assert {key: row[key] for key in counters} == counters
    assert row["lines"] == 5
    assert all(np.isfinite(row[key]) for key in ("log_loss", "stop_loss", "sse", "train_loss", "norm", "rate"))

    tensors, meta = finished.weights[0]
    config = config_from_metadata(meta)
    assert config == Config("synthesis", (6, 5), 2, 2, train_corpus.alphabet, 3, 2, True)
    assert {name: value.shape for name, value in tensors.items()} == {
        name: value.shape for name, value in init_params(config, 1).items()
    }
    assert meta["styles"] == train_corpus.writer_names
    assert meta["sample_ms"] == 20
    assert meta["training"]["updates"] == counters["updates"]
    assert meta["training"]["log_loss"] == pytest.approx(row["log_loss"], abs=0.01)
    # The saved weights are the moving average.
    for name, value in finished.checkpoints[0]["ema"].items():
        assert np.array_equal(tensors[name], value)


def test_the_same_command_resumes_the_run(finished):
    first, second = (checkpoint["counters"] for checkpoint in finished.checkpoints)
    for key in ("updates", "points", "minutes"):
        assert second[key] > first[key]
    assert [row["updates"] for row in finished.log()] == [first["updates"], second["updates"]]
    # The optimiser has counted all updates, and the warm-up continues.
    counts = [int(remembered(checkpoint["state"], "adam").count) for checkpoint in finished.checkpoints]
    assert counts == [first["updates"], second["updates"]]
    assert finished.log()[1]["rate"] > finished.log()[0]["rate"]


def test_a_run_whose_time_is_spent_trains_no_more(finished, packed_file):
    before = pickle.loads((finished.folder / "checkpoint.pickle").read_bytes())
    minutes = before["counters"]["minutes"] / 2
    succeed("train_network", "--data", packed_file, "--run", finished.folder, *TINY, "--minutes", minutes)
    after = pickle.loads((finished.folder / "checkpoint.pickle").read_bytes())
    assert after["counters"] == before["counters"]
    for name, value in before["params"].items():
        assert np.array_equal(after["params"][name], value)


def test_a_checkpoint_of_other_shapes_is_refused(finished, packed_file):
    result = run_program("train_network", "--data", packed_file, "--run", finished.folder, *TINY, "--mixtures", 3)
    assert result.returncode != 0
    assert "checkpoint.pickle is of a network of other shapes" in result.stderr


def test_a_warm_start_uses_the_weights_of_the_file(finished, packed_file, tmp_path):
    source = finished.folder / "weights.safetensors"
    # A run of zero minutes.
    succeed("train_network", "--data", packed_file, "--run", tmp_path, *TINY, "--minutes", 0, "--warm-start", source)
    tensors, meta = read_weights(tmp_path / "weights.safetensors")
    wanted, before = read_weights(source)
    assert meta["training"]["updates"] == 0
    assert meta["training"]["warm_start"] == before["training"]
    assert tensors.keys() == wanted.keys()
    for name, value in wanted.items():
        assert np.array_equal(tensors[name], value)


def test_evaluating_the_weights_gives_the_loss_that_training_logged(finished, packed_file):
    table = succeed("evaluate_weights", "--data", packed_file, finished.folder / "weights.safetensors").splitlines()
    # The row in f32, which is what training logs; then comes that in integers.
    header, _, row, _ = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    cells = dict(zip(header, row, strict=True))
    assert cells["file"] == "weights.safetensors"
    assert (cells["kind"], cells["dtype"], cells["points"], cells["lines"]) == ("synthesis", "f32", "all", "5")
    logged = finished.log()[-1]
    assert float(cells["log-loss (nats/line)"]) == pytest.approx(logged["log_loss"], abs=0.06)
    assert float(cells["SSE"]) == pytest.approx(logged["sse"], abs=0.002)
    assert float(cells["stop loss"]) == pytest.approx(logged["stop_loss"], abs=0.02)


def test_any_number_of_devices_trains_a_network_without_skip_connections(packed_file, tmp_path):
    # Neither four lines nor four gates can be divided evenly among three devices.
    stacked = ["--preset", "blog", "--hidden", 6, 6, "--chain-state", "--batch-size", 4]
    succeed("train_network", "--data", packed_file, "--run", tmp_path, *stacked, "--devices", 3, "--minutes", 0.0001)
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["updates"] > 0
