"""Golden fixtures: the repository's are those that the program makes."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from safetensors import safe_open

import export
import fixtures
from alphabet import encode
from conftest import ROOT
from model import Config, init
from reference import Reference


def make(monkeypatch, *arguments) -> None:
    """Run the program's main function."""
    monkeypatch.setattr(sys, "argv", ["fixtures.py", *map(str, arguments)])
    fixtures.main()


@pytest.mark.parametrize("name", ["tiny-prediction", "tiny-synthesis", "tiny-int8"])
def test_the_tiny_fixtures_in_the_repository_can_be_made_again(name, tmp_path, monkeypatch):
    make(monkeypatch, "--out", tmp_path)
    made, made_meta = export.read(tmp_path / f"{name}.safetensors")
    kept, kept_meta = export.read(ROOT / "tests" / "fixtures" / f"{name}.safetensors")
    assert made_meta == kept_meta
    assert made.keys() == kept.keys()
    for tensor, value in kept.items():
        np.testing.assert_allclose(made[tensor], value, rtol=1e-6, atol=1e-6, err_msg=tensor)


def test_a_fixture_is_a_chain_of_points_each_of_which_is_the_next_input():
    tensors, config = fixtures.tiny("synthesis")
    ids = encode("a bad", config.alphabet)
    style = np.full(config.style_dim, 0.5, np.float32)
    rows = fixtures.record(tensors, config, ids, style, 0.3, 0.9, 5, steps=6)
    assert not rows["fixture.x"][0].any()
    assert np.array_equal(rows["fixture.x"][1:], rows["fixture.point"][:-1])
    network = Reference(tensors, config, np.array([ids]), style[None])
    for step, x in enumerate(rows["fixture.x"]):
        np.testing.assert_allclose(rows["fixture.output"][step], network.step(x[None])[0], rtol=1e-5, atol=1e-6)


def test_fixtures_of_shipped_weights_name_the_file_they_belong_to(tmp_path, monkeypatch):
    weights, out = tmp_path / "weights", tmp_path / "fixtures"
    weights.mkdir()
    configs = {
        "prediction": Config("prediction", (5, 4), 2),
        "synthesis": Config("synthesis", (5, 4), 2, 2, " Weirt", 3, 1, True),
    }
    for kind, config in configs.items():
        meta = export.metadata(config, fixtures.Units, 20, {}, ["Plain"][: config.writers], "f32")
        tensors = {name: np.asarray(value) for name, value in init(config, 1).items()}
        export.write(weights / f"{kind}.safetensors", tensors, meta)
    make(monkeypatch, "--out", out, "--weights", weights)
    for kind, config in configs.items():
        path = weights / f"{kind}.safetensors"
        with safe_open(out / f"{kind}.safetensors", framework="numpy") as handle:
            rows = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
        tensors, _ = export.read(path)
        _, meta = export.read(out / f"{kind}.safetensors")
        assert meta == {"weights": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        # The weights themselves are not in it.
        assert all(name.startswith("fixture.") for name in rows)
        assert rows["fixture.output"].shape[1] == config.outputs
        if config.window:
            assert rows["fixture.ids"].tolist() == encode("Write", config.alphabet)
            assert np.array_equal(rows["fixture.style"], tensors["style.table"][0])
