"""Golden fixtures: those of the repository are what the program makes."""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np
import pytest
from safetensors import safe_open

from conftest import ROOT
from train import make_fixtures
from train.data.alphabet import encode
from train.export.weights_file import metadata, read_stored, read_weights, write_weights
from train.make_fixtures import PlaceholderCorpus
from train.network.config import Config
from train.network.parameters import init_params
from train.reference.network import Network, Reference


def make(monkeypatch, *arguments) -> None:
    """Run the program's main function."""
    monkeypatch.setattr(sys, "argv", ["make_fixtures", *map(str, arguments)])
    make_fixtures.main()


def test_the_gradients_of_the_repository_are_reproducible(tmp_path, monkeypatch):
    make(monkeypatch, "--out", tmp_path)
    made, _ = read_stored(tmp_path / "gradient.safetensors")
    kept, _ = read_stored(ROOT / "tests" / "fixtures" / "gradient.safetensors")
    assert made.keys() == kept.keys()
    for tensor, value in kept.items():
        np.testing.assert_allclose(made[tensor], value, rtol=1e-4, atol=1e-4, err_msg=tensor)


@pytest.mark.parametrize("name", ["tiny-prediction", "tiny-synthesis", "tiny-int8", "tiny-stacked"])
def test_the_tiny_fixtures_of_the_repository_are_reproducible(name, tmp_path, monkeypatch):
    make(monkeypatch, "--out", tmp_path)
    made, made_meta = read_stored(tmp_path / f"{name}.safetensors")
    kept, kept_meta = read_stored(ROOT / "tests" / "fixtures" / f"{name}.safetensors")
    assert made_meta == kept_meta
    assert made.keys() == kept.keys()
    for tensor, value in kept.items():
        assert made[tensor].dtype == value.dtype, tensor
        # Random parameters may differ in a last digit between machines; what follows from them in whole numbers not.
        if value.dtype == np.int32:
            assert np.array_equal(made[tensor], value), tensor
        else:
            np.testing.assert_allclose(made[tensor], value, rtol=1e-6, atol=1e-6, err_msg=tensor)


def test_the_arithmetic_of_the_repository_is_reproducible_and_covers_every_function(tmp_path):
    make_fixtures.write_arithmetic(tmp_path / "arithmetic.json")
    made = json.loads((tmp_path / "arithmetic.json").read_text())
    assert made == json.loads((ROOT / "tests" / "fixtures" / "arithmetic.json").read_text())
    names = ["rescale", "scaled", "decay", "sigmoid", "tanh", "exp", "fixed", "ln", "share", "factor"]
    assert list(made) == names
    assert all(len(rows) >= 28 for rows in made.values())


def test_each_point_of_a_fixture_is_the_next_input():
    tensors, config = make_fixtures.tiny_network("synthesis")
    ids = encode("a bad", config.alphabet)
    style = np.full(config.style_dim, 0.5, np.float32)
    network = Network(tensors, config)
    rows = make_fixtures.record_steps(network, ids, style, 0.3, 0.9, 5, steps=6)
    assert not rows["fixture.x"][0].any()
    assert np.array_equal(rows["fixture.x"][1:], rows["fixture.point"][:-1])
    state = Reference(network, np.array([ids]), style[None])
    for step, x in enumerate(rows["fixture.x"]):
        assert np.array_equal(rows["fixture.output"][step], state.step(x[None])[0])


def test_a_long_fixture_holds_every_point_and_some_states():
    tensors, config = make_fixtures.tiny_network("prediction")
    network, style = Network(tensors, config), np.zeros(0)
    every = make_fixtures.record_steps(network, [], style, 0.3, 0.9, 5, steps=13)
    some = make_fixtures.record_steps(network, [], style, 0.3, 0.9, 5, steps=13, stride=5)
    assert some["fixture.steps"].tolist() == [0, 5, 10, 12]
    for name in ("noise", "point", "component", "pen_probability", "stop", "log_density"):
        assert np.array_equal(some[f"fixture.{name}"], every[f"fixture.{name}"]), name
    for name in ("x", "hidden.0", "cell.1", "output", "shares"):
        assert np.array_equal(some[f"fixture.{name}"], every[f"fixture.{name}"][[0, 5, 10, 12]]), name


def test_fixtures_of_weights_files_state_the_files_hash(tmp_path, monkeypatch):
    weights, out = tmp_path / "weights", tmp_path / "fixtures"
    weights.mkdir()
    letters = "".join(sorted(set(make_fixtures.SHIPPED_TEXT)))
    configs = {
        "prediction": Config("prediction", (5, 4), 2),
        "synthesis": Config("synthesis", (5, 4), 2, 2, letters, 3, 1, True),
    }
    for kind, config in configs.items():
        meta = metadata(config, PlaceholderCorpus, 20, {}, ["Plain"][: config.writers], "f32")
        tensors = {name: np.asarray(value) for name, value in init_params(config, 1).items()}
        write_weights(weights / f"{kind}.safetensors", tensors, meta)
    make(monkeypatch, "--out", out, "--weights", weights)
    for kind, config in configs.items():
        path = weights / f"{kind}.safetensors"
        with safe_open(out / f"{kind}.safetensors", framework="numpy") as handle:
            rows = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
        tensors, _ = read_weights(path)
        _, meta = read_weights(out / f"{kind}.safetensors")
        assert meta == {"weights": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        # The fixture does not include the weights.
        assert all(name.startswith("fixture.") for name in rows)
        assert rows["fixture.output"].shape[1] == config.output_width
        if config.window:
            assert rows["fixture.ids"].tolist() == encode(make_fixtures.SHIPPED_TEXT, config.alphabet)
            assert np.array_equal(rows["fixture.style"], tensors["style.table"][0])
