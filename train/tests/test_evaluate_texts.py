"""How texts in other languages and missing or extra marks are counted."""

from __future__ import annotations

import numpy as np
import pytest

from train.data.alphabet import DEFAULT_ALPHABET, DIGITS, encode
from train.evaluate.hand_readings import NUMBERS, HandReading
from train.evaluate.hand_readings import table as table_of_hands
from train.evaluate.languages import SENTENCES, Reading, is_accented, table
from train.evaluate.marks import wrong_marks
from train.evaluate.text_writer import X_HEIGHT
from train.evaluate_texts import read_texts


def stroke(left: float, width: float, height: float) -> np.ndarray:
    """A stroke as a box, in x-heights."""
    return np.array([[left, 0.0], [left + width, height]]) * X_HEIGHT


def test_accented_letters_come_back_where_they_are_read_as_they_are():
    reading = Reading()
    reading.add("Grüße", "Gruße")
    assert (reading.returned, reading.accented, reading.wrong, reading.characters) == (1, 2, 1, 5)
    reading.add("né à", "n e\u0301 à")
    assert (reading.returned, reading.accented, reading.wrong) == (3, 4, 2)
    assert "| all | 3 of 4 | 75.0% | 0.222 |" in table([("deu", reading)])


def test_every_sentence_has_letters_of_its_own():
    assert len(SENTENCES) == 9
    for language, sentences in SENTENCES.items():
        assert all(any(map(is_accented, sentence)) for sentence in sentences), language


def test_sentences_with_numbers_have_every_digit_and_can_be_written():
    assert all(encode(text, DEFAULT_ALPHABET) is not None for text in NUMBERS)
    assert all(sum(digit in text for text in NUMBERS) >= 5 for digit in DIGITS)


def test_a_hand_is_measured_by_its_ink_and_by_what_is_read():
    # A stroke that leans half its height, and a dot; a letter is two x-heights wide.
    lean = np.array([[0.5, 0.0], [0.0, 1.0]]) * X_HEIGHT
    dot = np.array([[4.0, 1.0]]) * X_HEIGHT
    lines = [[[lean], [dot]]]
    one = HandReading.of(["a."], lines, {"one": lambda lines: ["a"], "other": lambda lines: ["a."]}, X_HEIGHT)
    assert one.wrong == {"one": 0.5, "other": 0.0}
    assert (one.strokes, one.width) == (2, 2)
    assert one.slant == pytest.approx(26.57, abs=0.01)
    found = table_of_hands([("Upright", one), ("Round", one)])
    assert "| Round | 50.0 % | 0.0 % | 2.00 | 27° | 2.00 |" in found
    assert "| mean | 50.0 % | 0.0 % |" in found


def test_texts_of_ones_own_are_read(tmp_path):
    with pytest.raises(SystemExit, match=r"deu\.txt"):
        read_texts(tmp_path)
    (tmp_path / "isl.txt").write_text("Það er gott\n\n", encoding="utf-8")
    assert read_texts(tmp_path) == {"isl": ["Það er gott"]}


@pytest.mark.parametrize(
    ("text", "strokes", "expected"),
    [
        ("a.", [stroke(0, 1, 1), stroke(1.2, 0.1, 0.1)], (0, 0)),
        ("a.", [stroke(0, 1, 1)], (1, 0)),
        ("a:", [stroke(0, 1, 1), stroke(1.2, 0.1, 0.1)], (1, 0)),
        ("a", [stroke(0, 1, 1), stroke(1.2, 0.1, 0.1)], (0, 1)),
        # Longer than a dot, behind all other ink; and a crossbar, which begins within it.
        ("T", [stroke(0, 1, 2), stroke(1.2, 0.1, 0.5)], (0, 1)),
        ("T", [stroke(0, 1, 2), stroke(0.4, 0.5, 0.1)], (0, 0)),
        ("i", [stroke(0, 0.1, 1), stroke(0.1, 0.1, 0.1)], (0, 0)),
        ("i", [stroke(0, 0.1, 1), stroke(0, 0.4, 0.1)], (0, 0)),
    ],
)
def test_marks_are_missing_or_too_many(text, strokes, expected):
    assert wrong_marks(text, strokes) == expected
