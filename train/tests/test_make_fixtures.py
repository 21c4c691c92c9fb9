"""Golden fixtures: those of the repository are what the program makes."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from safetensors import safe_open

from conftest import ROOT
from train import make_fixtures
from train.data.alphabet import encode
from train.export.weights_file import metadata, read_weights, write_weights
from train.make_fixtures import PlaceholderCorpus
from train.network.config import Config
from train.network.parameters import init_params
from train.reference.network import Reference


def make(monkeypatch, *arguments) -> None:
    """Run the program's main function."""
    monkeypatch.setattr(sys, "argv", ["make_fixtures", *map(str, arguments)])
    make_fixtures.main()


@pytest.mark.parametrize("name", ["tiny-prediction", "tiny-synthesis", "tiny-int8"])
def test_the_tiny_fixtures_of_the_repository_are_reproducible(name, tmp_path, monkeypatch):
    make(monkeypatch, "--out", tmp_path)
    made, made_meta = read_weights(tmp_path / f"{name}.safetensors")
    kept, kept_meta = read_weights(ROOT / "tests" / "fixtures" / f"{name}.safetensors")
    assert made_meta == kept_meta
    assert made.keys() == kept.keys()
    for tensor, value in kept.items():
        np.testing.assert_allclose(made[tensor], value, rtol=1e-6, atol=1e-6, err_msg=tensor)


def test_each_point_of_a_fixture_is_the_next_input():
    tensors, config = make_fixtures.tiny_network("synthesis")
    ids = encode("a bad", config.alphabet)
    style = np.full(config.style_dim, 0.5, np.float32)
    rows = make_fixtures.record_steps(tensors, config, ids, style, 0.3, 0.9, 5, steps=6)
    assert not rows["fixture.x"][0].any()
    assert np.array_equal(rows["fixture.x"][1:], rows["fixture.point"][:-1])
    network = Reference(tensors, config, np.array([ids]), style[None])
    for step, x in enumerate(rows["fixture.x"]):
        np.testing.assert_allclose(rows["fixture.output"][step], network.step(x[None])[0], rtol=1e-5, atol=1e-6)


def test_fixtures_of_weights_files_state_the_files_hash(tmp_path, monkeypatch):
    weights, out = tmp_path / "weights", tmp_path / "fixtures"
    weights.mkdir()
    configs = {
        "prediction": Config("prediction", (5, 4), 2),
        "synthesis": Config("synthesis", (5, 4), 2, 2, " Weirt", 3, 1, True),
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
            assert rows["fixture.ids"].tolist() == encode("Write", config.alphabet)
            assert np.array_equal(rows["fixture.style"], tensors["style.table"][0])
