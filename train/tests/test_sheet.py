"""Sheets of generated writing."""

from __future__ import annotations

import numpy as np
import pytest

import export
import sheet
from conftest import run_program, succeed, tiny_network
from fixtures import Units


def test_points_become_strokes_in_the_units_of_the_corpus():
    points = np.array([[1.0, 0.0, 0.0], [2.0, -1.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    strokes = sheet.strokes(points, np.array([10.0, 0.0]), np.array([2.0, 3.0]))
    assert [s.tolist() for s in strokes] == [[[0, 0], [12, 0], [26, -3]], [[36, 0], [48, 3]]]


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_the_program_draws_a_picture(kind, tmp_path):
    tensors, config = tiny_network(kind)
    weights, picture = tmp_path / "weights.safetensors", tmp_path / "sheet.png"
    meta = export.metadata(config, Units, 20, {}, ["ann", "bob"][: config.writers], "f32")
    # A cap of a few points for each character keeps the sheet small.
    export.write(weights, tensors, {**meta, "points_per_character": 3.0})
    style = ["--style", 1] if kind == "synthesis" else []
    succeed("sheet.py", "--weights", weights, "--out", picture, "--text", "bad", "a cab", "--biases", 0, 1, *style)
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    # Two columns of 6 inches, two rows of 1.1, at 110 dots an inch.
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (1320, 242)


def test_hands_share_a_sheet(tmp_path):
    tensors, config = tiny_network("synthesis")
    weights, picture = tmp_path / "weights.safetensors", tmp_path / "sheet.png"
    meta = export.metadata(config, Units, 20, {}, ["ann", "bob"], "f32")
    export.write(weights, tensors, {**meta, "points_per_character": 3.0})
    succeed("sheet.py", "--weights", weights, "--out", picture, "--text", "bad", "a cab", "--biases", 1, "--hands")
    content = picture.read_bytes()
    # A row for each of the two hands, whatever texts there are.
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (660, 242)


def test_a_text_that_the_network_cannot_spell_is_reported(tmp_path):
    tensors, config = tiny_network("synthesis")
    weights = tmp_path / "weights.safetensors"
    export.write(weights, tensors, export.metadata(config, Units, 20, {}, ["ann", "bob"], "f32"))
    result = run_program("sheet.py", "--weights", weights, "--out", tmp_path / "sheet.png", "--text", "quill")
    assert result.returncode != 0
    assert "'quill' has a character that the network cannot write" in result.stderr
