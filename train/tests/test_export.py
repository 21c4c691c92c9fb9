"""Weights files: writing, reading, warm starts and quantisation."""

from __future__ import annotations

import dataclasses
import re

import jax
import numpy as np
import pytest
from safetensors import safe_open

from conftest import ROOT, run_program, succeed, tiny_config, tiny_network
from plain_network import PlainNetwork
from train.data.alphabet import encode
from train.export.quantise import quantise_network, quantise_rows
from train.export.warm_start import warm_start
from train.export.weights_file import (
    config_from_metadata,
    metadata,
    read_weights,
    save_params,
    write_weights,
    writer_ids,
)
from train.network.config import Config
from train.network.forward import forward
from train.network.mixture import split_outputs
from train.network.parameters import init_params


class Ink:
    """Replaces a corpus where only its units and its writers are read."""

    mean, sd, point_count = np.array([3.5, -0.25]), np.array([9.0, 7.5]), 90
    texts = ("a bad", "cab e")
    writer_names, notice = ("ann", "bob"), "synthetic ink"


def saved(path, kind: str, **settings):
    """A tiny network's file."""
    tensors, config = tiny_network(kind)
    save_params(path, tensors, config, Ink, **settings)
    return tensors, config


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_what_is_written_is_what_is_read(kind, tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, kind, sample_ms=40, training={"updates": 7})
    read, meta = read_weights(path)
    assert read.keys() == tensors.keys()
    for name, value in tensors.items():
        assert read[name].dtype == np.float32
        assert np.array_equal(read[name], value)
    assert config_from_metadata(meta) == config
    assert (meta["offset_mean"], meta["offset_sd"]) == ([3.5, -0.25], [9.0, 7.5])
    assert (meta["sample_ms"], meta["points_per_character"]) == (40, 9.0)
    assert meta["styles"] == (["ann", "bob"] if kind == "synthesis" else [])
    assert meta["training"] == {"updates": 7}
    assert meta["corpus"] == "synthetic ink"
    # The temporary file is gone.
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


# --- warm starts -----------------------------------------------------------------------------


def started(path, config: Config, stride: int = 1, writers=("bob", "new")):
    """Parameters after a warm start, and those before."""
    corpus = type("Corpus", (), {"writer_names": list(writers)})
    before = {name: np.asarray(value) for name, value in init_params(config, 99).items()}
    after = warm_start(before, config, corpus, path, stride)
    return {name: np.asarray(value) for name, value in after.items()}, before


def test_a_network_started_from_a_file_writes_the_same_text_the_same_way(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, "synthesis")
    other = dataclasses.replace(config, alphabet="zecba d")
    params, _ = started(path, other)
    x = np.random.default_rng(1).normal(0, 1, (8, 1, 3))
    outputs = []
    for network, shape in ((tensors, config), (params, other)):
        ids = np.array([encode("a bad cab", shape.alphabet)])
        plain = PlainNetwork(network, shape, ids, np.ones((1, config.style_dim)))
        outputs.append([plain.step(step) for step in x])
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-9)


def test_characters_are_matched_by_name_and_new_ones_stay_random(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, "synthesis")
    other = dataclasses.replace(config, alphabet="zecba d")
    params, before = started(path, other)
    for layer in range(len(config.hidden)):
        name = f"lstm.{layer}.weight"
        new, old = params[name], tensors[name]
        for character in " abcde":
            assert np.array_equal(
                new[:, 3 + 1 + other.alphabet.index(character)], old[:, 3 + 1 + config.alphabet.index(character)]
            )
        assert np.array_equal(new[:, :4], old[:, :4])  # the point and the end mark
        assert np.array_equal(new[:, 3 + other.id_count :], old[:, 3 + config.id_count :])
        assert np.array_equal(new[:, 3 + 1], before[name][:, 3 + 1])  # `z`


def test_writers_are_matched_by_name_and_new_ones_stay_random(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, "synthesis")
    params, before = started(path, config, writers=("bob", "new"))
    assert np.array_equal(params["style.table"][0], tensors["style.table"][1])
    assert np.array_equal(params["style.table"][1], before["style.table"][1])


@pytest.mark.parametrize("int8", [False, True])
def test_writers_are_found_in_an_exported_file_whatever_their_styles_are_called(int8, tmp_path):
    path = tmp_path / "exported.safetensors"
    tensors, config = tiny_network("synthesis")
    meta = metadata(config, Ink, 20, {}, ["ann", "bob"], "f32")
    # The style's name is the id of another writer, which must not be taken for it.
    write_weights(path, *quantise_network(tensors, meta, [("bob", "ann")], {}, int8))
    params, before = started(path, config, writers=("ann", "bob"))
    assert np.array_equal(params["style.table"][0], before["style.table"][0])
    assert np.array_equal(params["style.table"][1], tensors["style.table"][1].astype(np.float16))


def test_writer_ids_default_to_the_names_of_the_styles():
    assert writer_ids({"styles": ["ann"]}) == ["ann"]
    with pytest.raises(SystemExit, match="`writers` has 1 names for 2 styles"):
        writer_ids({"styles": ["Round", "Slanted"], "writers": ["ann"]})


def test_a_warm_start_adjusts_the_windows_speed_to_the_stride(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, "synthesis", sample_ms=20)
    k = config.window
    bias = started(path, config, stride=2)[0]["window.bias"]
    assert np.array_equal(bias[: 2 * k], tensors["window.bias"][: 2 * k])
    np.testing.assert_allclose(np.exp(bias[2 * k :]), 2 * np.exp(tensors["window.bias"][2 * k :]), rtol=1e-6)
    # And back.
    save_params(path, tensors, config, Ink, sample_ms=40)
    bias = started(path, config, stride=1)[0]["window.bias"]
    np.testing.assert_allclose(np.exp(bias[2 * k :]), np.exp(tensors["window.bias"][2 * k :]) / 2, rtol=1e-6)
    assert np.array_equal(started(path, config, stride=2)[0]["window.bias"], tensors["window.bias"])


def test_a_warm_start_refuses_a_file_that_is_larger(tmp_path):
    path = tmp_path / "weights.safetensors"
    _, config = saved(path, "synthesis")
    changes = {"hidden": (7, 6)}, {"hidden": (7, 5, 5)}, {"mixtures": 2}
    for change in changes:
        with pytest.raises(SystemExit, match=r"layers \(7, 6, 5\) and 3 mixtures do not fit into layers"):
            started(path, dataclasses.replace(config, **change))


@pytest.mark.parametrize(
    ("kind", "hidden"), [("synthesis", (9, 6, 8)), ("synthesis", (7, 6, 5, 4)), ("prediction", (8, 5, 6))]
)
def test_a_larger_network_starts_out_writing_as_the_file_does(kind, hidden, tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, kind)
    larger = dataclasses.replace(config, hidden=hidden)
    params, before = started(path, larger, writers=("ann", "bob"))
    x = np.random.default_rng(1).normal(0, 1, (8, 1, 3))
    outputs = []
    for network, shape in ((tensors, config), (params, larger)):
        ids, style = np.zeros((1, 0), int), np.zeros((1, 0))
        if kind == "synthesis":
            ids, style = np.array([encode("a bad cab", shape.alphabet)]), network["style.table"][:1]
        plain = PlainNetwork(network, shape, ids, style)
        outputs.append([plain.step(step) for step in x])
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-9)
    # New units have random incoming weights, so that they can learn.
    name = f"lstm.{len(hidden) - 1}.weight"
    assert np.array_equal(params[name][hidden[-1] - 1], before[name][hidden[-1] - 1])


def test_a_network_with_more_components_starts_out_writing_nearly_as_the_file_does(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, "prediction")
    larger = dataclasses.replace(config, mixtures=config.mixtures + 2)
    params, before = started(path, larger)
    x = np.random.default_rng(1).normal(0, 1, (8, 1, 3)).astype(np.float32)
    old, new = (split_outputs(forward(p, c, x)[0], c) for p, c in ((tensors, config), (params, larger)))
    for name, part in old.items():
        here = new[name][..., : config.mixtures] if name != "e" else new[name]
        np.testing.assert_allclose(here, part, rtol=1e-5, atol=1e-6)
    share = np.asarray(jax.nn.softmax(new["pi"]))[..., config.mixtures :].sum(-1)
    assert 0 < share.min() <= share.max() < 0.02
    # Their means are random, as in a new network.
    fresh = slice(1 + larger.mixtures + config.mixtures, 1 + 2 * larger.mixtures)
    assert np.array_equal(params["output.bias"][fresh], before["output.bias"][fresh])


def test_a_warm_start_refuses_a_file_of_another_kind(tmp_path):
    path = tmp_path / "weights.safetensors"
    _, config = saved(path, "prediction")
    with pytest.raises(SystemExit, match="a prediction network cannot start a synthesis network"):
        started(path, dataclasses.replace(tiny_config("synthesis"), hidden=config.hidden))


def test_a_prediction_network_starts_as_a_synthesis_network_with_a_constant_window(tmp_path, train_corpus):
    path = tmp_path / "weights.safetensors"
    tensors, config = tiny_network("synthesis", alphabet=train_corpus.alphabet)
    # Components so wide that each has the same weight, 0.25, for all characters.
    tensors["window.weight"] = np.zeros_like(tensors["window.weight"])
    tensors["window.bias"] = np.log(np.repeat([0.25, 1e-12, 1.0], config.window)).astype(np.float32)
    save_params(path, tensors, config, Ink)
    corpus = dataclasses.replace(train_corpus, texts=["ink"] * len(train_corpus.texts))
    before = init_params(Config("prediction", config.hidden, config.mixtures), 99)
    params = warm_start(before, Config("prediction", config.hidden, config.mixtures), corpus, path, 1)
    assert params.keys() == before.keys()
    seen = encode("ink", config.alphabet)  # and its end mark
    for layer in range(len(config.hidden)):
        name = f"lstm.{layer}"
        weight = tensors[f"{name}.weight"]
        assert np.array_equal(params[f"{name}.weight"][:, :3], weight[:, :3])
        assert np.array_equal(params[f"{name}.weight"][:, 3:], weight[:, 3 + config.id_count :])
        of_text = 0.25 * config.window * weight[:, [3 + character for character in seen]].sum(1)
        np.testing.assert_allclose(params[f"{name}.bias"], tensors[f"{name}.bias"] + of_text, rtol=1e-5)
    for name in ("output.weight", "output.bias"):  # all but the stop
        assert np.array_equal(params[name], tensors[name][:-1])


def test_tensors_of_another_shape_stay_random(tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = saved(path, "synthesis")
    params, before = started(path, dataclasses.replace(config, window=5, style_dim=2), stride=2)
    for name in ("window.weight", "window.bias", "style.table", "lstm.0.style"):
        assert np.array_equal(params[name], before[name])
    assert np.array_equal(params["lstm.0.weight"], tensors["lstm.0.weight"])


# --- exported files --------------------------------------------------------------------------


def required_keys() -> set[str]:
    """The metadata keys that the Rust engine requires."""
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.rs")))
    count, keys = re.search(r"const REQUIRED: \[&str; (\d+)\] = \[(.*?)\];", source, re.DOTALL).groups()
    result = set(re.findall(r'"(\w+)"', keys))
    assert len(result) == int(count)
    return result


def stored(path) -> dict[str, np.ndarray]:
    """Tensors in their stored types."""
    with safe_open(path, framework="numpy") as handle:
        return {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_exported_files_have_f16_matrices_f32_biases_and_all_required_metadata(kind, tmp_path):
    source, target = tmp_path / "weights.safetensors", tmp_path / "weights" / f"{kind}.safetensors"
    tensors, _ = saved(source, kind, training={"updates": 7})
    hands = ["--hand", "bob", "Slanted"] if kind == "synthesis" else []
    succeed("export_weights", "--weights", source, "--out", target, *hands)
    exported = stored(target)
    assert exported.keys() == tensors.keys()
    for name, value in exported.items():
        assert value.dtype == (np.float16 if value.ndim == 2 else np.float32)
        if name != "style.table":
            assert np.array_equal(value, tensors[name].astype(value.dtype))
    _, meta = read_weights(target)
    assert required_keys() <= meta.keys()
    assert meta["format"] == 1
    assert meta["gate_order"] == "ifgo"
    assert meta["quantisation"] == "f16"
    assert meta["training"] == {"updates": 7}
    # The file as trained has them too.
    assert required_keys() <= read_weights(source)[1].keys()


def test_exported_files_have_the_chosen_hands_in_order_under_their_new_names():
    tensors, config = tiny_network("synthesis")
    meta = metadata(config, Ink, 20, {"updates": 7}, ["ann", "bob"], "f32")
    exported, new = quantise_network(tensors, meta, [("bob", "Slanted"), ("ann", "Round")], {"note": "chosen by eye"})
    assert new["styles"] == ["Slanted", "Round"]
    assert new["writers"] == ["bob", "ann"]
    assert np.array_equal(exported["style.table"], tensors["style.table"][[1, 0]].astype(np.float16))
    assert new["training"] == {"updates": 7, "note": "chosen by eye"}
    # An exported file can be exported again, by its writers' ids.
    again, newest = quantise_network(exported, new, [("ann", "Open")], {})
    assert np.array_equal(again["style.table"], exported["style.table"][1:])
    assert (newest["styles"], newest["writers"]) == (["Open"], ["ann"])
    alone, new = quantise_network(tensors, meta, [("bob", "Slanted")], {})
    assert alone["style.table"].shape == (1, config.style_dim)
    assert config_from_metadata(new).writers == 1
    # The arguments are unchanged.
    assert meta["styles"] == ["ann", "bob"]
    assert meta["quantisation"] == "f32"


def test_all_writers_can_be_kept_and_dwell_is_measured(tmp_path, packed_file, train_corpus):
    tensors, config = tiny_network("synthesis", alphabet=train_corpus.alphabet)
    source, target = tmp_path / "weights.safetensors", tmp_path / "exported.safetensors"
    write_weights(source, tensors, metadata(config, train_corpus, 20, {}, ["ann", "bob"], "f32"))
    hands = ["--hand", "bob", "Slanted", "--all-writers"]
    succeed("export_weights", "--weights", source, "--out", target, *hands, "--data", packed_file, "--lines", 8)
    read, meta = read_weights(target)
    assert (meta["styles"], meta["writers"]) == (["Slanted", "ann"], ["bob", "ann"])
    assert np.array_equal(read["style.table"], tensors["style.table"][[1, 0]].astype(np.float16))
    assert len(meta["dwell"]) == len(train_corpus.alphabet)
    assert all(value > 0 for value in meta["dwell"])
    assert meta["dwell"][train_corpus.alphabet.index("Z")] == 1, "it does not occur"
    assert len(set(meta["dwell"])) > 3


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_int8_files_have_a_scale_for_each_row_and_are_read_as_f32(kind, tmp_path):
    source, target = tmp_path / "weights.safetensors", tmp_path / "exported.safetensors"
    tensors, _ = saved(source, kind)
    hands = ["--hand", "bob", "Slanted"] if kind == "synthesis" else []
    succeed("export_weights", "--weights", source, "--out", target, "--int8", *hands)
    exported = stored(target)
    read, meta = read_weights(target)
    assert meta["quantisation"] == "int8"
    assert read.keys() == tensors.keys()
    matrices = {name for name, value in tensors.items() if value.ndim == 2} - {"style.table"}
    assert exported.keys() == tensors.keys() | {f"{name}.scale" for name in matrices}
    for name, value in tensors.items():
        assert read[name].dtype == np.float32
        if name in matrices:
            scale = exported[f"{name}.scale"]
            assert (exported[name].dtype, scale.dtype, scale.shape) == (np.int8, np.float32, value.shape[:1])
            most = 63 if name.endswith(".weight") else 127
            assert np.abs(exported[name].astype(int)).max() <= most
            # The error is at most half a step, and a step is little more than the largest magnitude over `most`.
            assert (np.abs(read[name] - value) <= 0.50001 * scale[:, None]).all()
            assert (scale <= 1.125 * np.abs(value).max(axis=1) / most).all()
        elif name == "style.table":
            assert exported[name].dtype == np.float16
        else:
            assert np.array_equal(exported[name], value)


@pytest.mark.parametrize("largest", [63, 127])
def test_quantised_rows_of_any_magnitude_use_most_of_the_range(largest):
    rng = np.random.default_rng(4)
    magnitudes = 10.0 ** np.arange(-9, 5)
    value = (rng.uniform(-1, 1, (14, 40)) * magnitudes[:, None]).astype(np.float32)
    value[0] = 0
    whole, scale = quantise_rows(value, largest)
    result = whole * scale[:, None].astype(np.float64)
    assert scale[0] == 0
    assert not whole[0].any()
    assert (np.abs(result - value) <= 0.50001 * scale[:, None]).all()
    most = np.abs(whole[1:].astype(int)).max(axis=1)
    assert (most >= largest * 8 // 9).all()
    assert (most <= largest).all()
    # Four significant bits.
    mantissa, _ = np.frexp(scale)
    assert np.array_equal(mantissa * 16, np.round(mantissa * 16))


def test_quantising_rounds_halves_away_from_zero():
    # The largest magnitude makes the scale 0.5.
    whole, scale = quantise_rows(np.array([[31.5, 0.25, -0.25, 0.75, -0.75]], np.float32))
    assert (whole.tolist(), scale.tolist()) == ([[63, 1, -1, 2, -2]], [0.5])


@pytest.mark.parametrize("spoil", [np.delete, lambda scale, row: scale[:, None], lambda scale, row: scale[:1]])
def test_an_int8_matrix_with_scales_of_the_wrong_shape_is_refused(spoil, tmp_path):
    path = tmp_path / "weights.safetensors"
    tensors, config = tiny_network("prediction")
    tensors, meta = quantise_network(tensors, metadata(config, Ink, 20, {}, [], "f32"), [], {}, int8=True)
    name = "output.weight.scale"
    for wrong in ({name: spoil(tensors[name], 0)}, {}):
        write_weights(path, {k: v for k, v in tensors.items() if k != name} | wrong, meta)
        with pytest.raises(SystemExit, match=r"`output.weight` is int8, but `output.weight.scale` has no number for"):
            read_weights(path)


@pytest.mark.parametrize("int8", [False, True])
def test_values_that_no_engine_can_use_are_not_exported(int8):
    tensors, config = tiny_network("prediction")
    meta = metadata(config, Ink, 20, {}, [], "f32")

    def spoilt(name, number):
        value = tensors[name].copy()
        value.flat[2] = number
        return {**tensors, name: value}

    for name in ("lstm.0.weight", "output.bias"):
        for number in (np.nan, np.inf, -np.inf):
            with pytest.raises(SystemExit, match=f"`{name}` of these weights has a value that is not finite"):
                quantise_network(spoilt(name, number), meta, [], {}, int8)
    with pytest.raises(SystemExit, match=r"`lstm.1.weight` .* has a value of 70000, and f16 ends at 65504"):
        quantise_network(spoilt("lstm.1.weight", -70000), meta, [], {}, int8)
    exported = quantise_network(spoilt("lstm.1.weight", 65504), meta, [], {}, int8)[0]
    largest = exported["lstm.1.weight"].flat[2] * exported.get("lstm.1.weight.scale", np.ones(1))[0]
    assert largest == pytest.approx(65504, rel=0.01)
    # Biases stay f32, and may be as large as that.
    assert quantise_network(spoilt("output.bias", 70000), meta, [], {}, int8)[0]["output.bias"].flat[2] == 70000


def test_an_unknown_writer_is_reported_with_the_known_ones(tmp_path):
    saved(tmp_path / "weights.safetensors", "synthesis")
    options = ["--weights", tmp_path / "weights.safetensors", "--out", tmp_path / "out", "--hand", "eve", "Eve"]
    result = run_program("export_weights", *options)
    assert result.returncode != 0
    assert "no writer 'eve' in these weights: there are ann, bob" in result.stderr


def test_a_network_with_styles_is_not_exported_without_a_hand(tmp_path):
    source, target = tmp_path / "weights.safetensors", tmp_path / "exported.safetensors"
    saved(source, "synthesis")
    result = run_program("export_weights", "--weights", source, "--out", target)
    assert result.returncode != 0
    assert "at least one --hand WRITER NAME" in result.stderr
    assert not target.exists()
