"""What digits look like: features, the classifier, and the table that Rust reads."""

from __future__ import annotations

import ast
from itertools import pairwise

import numpy as np
import pytest

from train.data.alphabet import DEFAULT_ALPHABET, DIGITS, encode
from train.evaluate.line_writer import WrittenLine
from train.learn_digit_shapes import OUT, PLACES, digits_of, features, learn, margins, random_texts, table

#: As in the tests of `src/writer/digit_shapes.rs`.
SEVEN, BAR = [[0, 0], [60, 0], [20, 100]], [[10, 50], [50, 50]]
THREE = [[5, 10], [40, 0], [50, 20], [25, 45], [55, 70], [35, 100], [0, 90]]


def stroke(corners, size: float = 1.0, aside: float = 0.0) -> np.ndarray:
    """A polyline, in steps of a tenth of each side."""
    corners = np.array(corners, float) * size + aside
    sides = [a + np.arange(10)[:, None] / 10 * (b - a) for a, b in pairwise(corners)]
    return np.concatenate([*sides, corners[-1:]])


def shipped() -> np.ndarray:
    """The weights in the source."""
    scale, rows = ast.literal_eval(OUT.read_text(encoding="utf-8"))
    assert np.shape(rows) == (10, 2 * PLACES + 3)
    assert np.abs(rows).max() <= 127
    return scale * np.array(rows)


@pytest.mark.parametrize(("strokes", "digit", "other"), [([SEVEN, BAR], 7, 3), ([THREE], 3, 7)])
def test_the_shipped_table_tells_digits_apart_as_rust_does(strokes, digit, other):
    rows = np.array([features([stroke(s, *place) for s in strokes]) for place in [(1, 0), (2.5, -700)]])
    assert np.allclose(rows[0], rows[1])
    assert (margins(shipped(), np.array([digit] * 2), rows) > np.log(10)).all()
    assert (margins(shipped(), np.array([other] * 2), rows) < -np.log(10)).all()


def test_strokes_beside_a_digit_are_not_counted():
    seven, dash, bar = stroke(SEVEN), stroke([[-60, 50], [-20, 50]]), stroke(BAR)
    assert features([dash, seven]).tolist() == features([seven]).tolist()
    assert features([seven, bar])[-2] == 0.5
    assert features([np.array([[3.0, 4.0]])]) is None


def test_a_stroke_is_of_the_character_at_which_it_was_drawn():
    strokes = [stroke(SEVEN), stroke(THREE), stroke([[200, 0], [300, 0]])]
    # A point that the window lags behind, and a stroke of which no character has more than half.
    positions = [0] * 20 + [0] + [1] * 60 + [1] * 5 + [2] * 6
    line = WrittenLine("73a", None, strokes, len(positions), 0, "Stopped", [], 0, positions)
    found = digits_of(line)
    assert [digit for digit, _ in found] == [7, 3]
    assert found[0][1].tolist() == features([strokes[0]]).tolist()


def test_misshapen_digits_are_not_learnt():
    rng = np.random.default_rng(1)
    digits = rng.integers(0, 10, 600)
    rows = np.concatenate([np.eye(10)[digits] + rng.normal(0, 0.1, (600, 10)), np.ones((600, 1))], axis=1)
    wrong = rng.random(600) < 0.05
    labels = np.where(wrong, (digits + 1) % 10, digits)
    weights = learn(labels, rows)
    assert (margins(weights, digits, rows) > 0).all()
    assert (margins(weights, labels, rows)[wrong] < 0).all()
    scale, written = ast.literal_eval(table(weights))
    # But for what all digits have in common.
    difference = scale * np.array(written) - weights
    assert np.abs(difference - difference.mean(0)).max() < scale


def test_lines_have_every_digit_and_can_be_written():
    texts = random_texts(200, np.random.default_rng(1))
    assert all(encode(text, DEFAULT_ALPHABET) is not None for text in texts)
    assert all(sum(digit in text for text in texts) > 20 for digit in DIGITS)
