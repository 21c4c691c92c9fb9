"""Sheets of generated writing."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import run_program, succeed, tiny_network
from train.evaluate.drawing import points_to_strokes
from train.export.weights_file import metadata, write_weights
from train.make_fixtures import PlaceholderCorpus


def test_points_become_strokes_in_the_units_of_the_corpus():
    points = np.array([[1.0, 0.0, 0.0], [2.0, -1.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    strokes = points_to_strokes(points, np.array([10.0, 0.0]), np.array([2.0, 3.0]))
    assert [s.tolist() for s in strokes] == [[[0, 0], [12, 0], [26, -3]], [[36, 0], [48, 3]]]


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_the_program_draws_a_picture(kind, tmp_path):
    tensors, config = tiny_network(kind)
    weights, picture = tmp_path / "weights.safetensors", tmp_path / "sheet.png"
    meta = metadata(config, PlaceholderCorpus, 20, {}, ["ann", "bob"][: config.writers], "f32")
    # A few points per character bound the length of the lines.
    write_weights(weights, tensors, {**meta, "points_per_character": 3.0})
    style = ["--style", 1] if kind == "synthesis" else []
    succeed("draw_sheet", "--weights", weights, "--out", picture, "--text", "bad", "a cab", "--biases", 0, 1, *style)
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    # Two columns of 6 inches, two rows of 1.1, at 110 dots an inch.
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (1320, 242)


def test_a_sheet_can_show_all_hands(tmp_path):
    tensors, config = tiny_network("synthesis")
    weights, picture = tmp_path / "weights.safetensors", tmp_path / "sheet.png"
    meta = metadata(config, PlaceholderCorpus, 20, {}, ["ann", "bob"], "f32")
    write_weights(weights, tensors, {**meta, "points_per_character": 3.0})
    succeed("draw_sheet", "--weights", weights, "--out", picture, "--text", "bad", "a cab", "--biases", 1, "--hands")
    content = picture.read_bytes()
    # A row for each of the two hands, whatever texts there are.
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (660, 242)


def test_a_text_that_the_network_cannot_spell_is_reported(tmp_path):
    tensors, config = tiny_network("synthesis")
    weights = tmp_path / "weights.safetensors"
    write_weights(weights, tensors, metadata(config, PlaceholderCorpus, 20, {}, ["ann", "bob"], "f32"))
    result = run_program("draw_sheet", "--weights", weights, "--out", tmp_path / "sheet.png", "--text", "quill")
    assert result.returncode != 0
    assert "'quill' has a character that the network cannot write" in result.stderr
