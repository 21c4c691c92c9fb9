"""How ink is drawn for tesseract, and how its reading is compared with the text."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from train.evaluate import legibility

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")

#: Capitals of straight strokes, 10 high and y down.
LETTERS = {
    "H": [[(0, 0), (0, 10)], [(0, 5), (6, 5)], [(6, 0), (6, 10)]],
    "E": [[(5, 0), (0, 0), (0, 10), (5, 10)], [(0, 5), (4, 5)]],
    "L": [[(0, 0), (0, 10), (5, 10)]],
    "T": [[(0, 0), (7, 0)], [(3.5, 0), (3.5, 10)]],
    "N": [[(0, 10), (0, 0), (6, 10), (6, 0)]],
}


def lettering(text: str) -> list[np.ndarray]:
    """Straight strokes that spell a text."""
    strokes, left = [], 0.0
    for letter in text:
        strokes += [np.add(stroke, (left, 0.0)) for stroke in LETTERS.get(letter, [])]
        left += 10
    return strokes


def loops(points: int = 400, climb: float = 0.0) -> list[np.ndarray]:
    """Loops of constant height along a line that may climb."""
    turn = np.linspace(0, 25, points)
    x, y = 40 * turn + 15 * np.sin(2 * np.pi * turn), 50 * np.cos(2 * np.pi * turn)
    return [np.stack([x, y - climb * x], 1)]


# --- drawing ---------------------------------------------------------------------------------


def test_the_x_height_does_not_depend_on_the_number_of_points():
    fine, coarse = legibility.x_height(loops(4000)), legibility.x_height(loops(500))
    assert coarse == pytest.approx(fine, rel=0.05)


def test_the_x_height_is_right_for_a_line_that_climbs():
    assert legibility.x_height(loops(climb=0.3)) == pytest.approx(legibility.x_height(loops()), rel=0.1)


def test_the_x_height_scales_with_the_ink():
    assert legibility.x_height([7 * s for s in loops()]) == pytest.approx(7 * legibility.x_height(loops()))


@pytest.mark.parametrize("factor", [0.01, 1, 30])
def test_drawing_is_invariant_to_size_and_place(factor):
    plain, other = legibility.draw_line(loops()), legibility.draw_line([factor * s + 1000 for s in loops()])
    assert abs(plain.width - other.width) <= 1
    assert abs(plain.height - other.height) <= 1
    assert np.mean(np.array(other)) == pytest.approx(np.mean(np.array(plain)), rel=0.01)


def test_lines_are_drawn_in_black_on_white_with_antialiasing_and_a_margin():
    image = np.array(legibility.draw_line(loops()))
    assert image.min() == 0
    assert ((image > 0) & (image < 255)).any()
    edge = int(legibility.X_HEIGHT_PX * legibility.MARGIN / 2)
    for border in (image[:edge], image[-edge:], image[:, :edge], image[:, -edge:]):
        assert (border == 255).all()


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [np.zeros((0, 2))],
        [np.array([[3.0, 4.0]])],
        [np.array([[0.0, 0.0]]), np.array([[9.0, 0.0]])],
        [np.array([[0.0, 0.0], [50.0, 0.0]])],
        [np.array([[0.0, 0.0], [0.0, 0.0]])],
        [np.array([[0.0, 0.0], [1e7, 3.0]])],
    ],
    ids=["none", "empty", "dot", "dots", "level", "still", "runaway"],
)
def test_degenerate_ink_is_drawn_within_bounds(strokes):
    image = legibility.draw_line(strokes)
    assert image.width <= legibility.MAX_WIDTH_PX + 2 * legibility.MARGIN * legibility.X_HEIGHT_PX + 1
    assert image.height < 1000
    drawn = any(len(s) for s in strokes)
    assert (np.array(image).min() < 255) == drawn


# --- comparing -------------------------------------------------------------------------------


def test_errors_are_summed_over_all_lines():
    errors = legibility.reading_errors(["abcd", "xy", "fine"], ["abd", "x z", "fine"])
    assert (errors.lines, errors.wrong, errors.characters, errors.faultless) == (3, 3, 10, 1)
    assert errors.rate == pytest.approx(0.3)


def test_case_matters_but_blanks_and_quote_forms_do_not():
    assert legibility.reading_errors(["He said"], ["he said"]).wrong == 1
    assert legibility.reading_errors(['It\'s "I" - so .'], [" It\u2019s  \u201c|\u201d \u2014 so.\n\f"]).wrong == 0


def test_an_empty_reading_has_the_error_rate_1():
    assert legibility.reading_errors(["abc"], [""]).rate == 1


def test_misread_characters_are_counted_by_kind():
    counts = legibility.misread_by_kind(["Ab 12!", "Q"], ["Ab 72 x", "O"])
    assert counts == {"small letters": (1, 0), "capitals": (2, 1), "digits": (2, 1), "symbols": (1, 1)}
    assert legibility.misread_by_kind(["ab"], ["axxb"])["small letters"] == (2, 0), "insertions do not count"
    assert legibility.misread_by_kind(["AB"], [""])["capitals"] == (2, 2)


# --- tesseract -------------------------------------------------------------------------------


@needs_tesseract
def test_tesseract_reads_what_is_drawn_in_the_order_of_the_lines():
    texts = ["THE TEN HENLETT", "HELLET TENT", "TELL THE TENTH"]
    found = legibility.read_lines([lettering(text) for text in texts], processes=2)
    for text, other in zip(texts, found, strict=True):
        rates = {candidate: legibility.reading_errors([candidate], [other]).rate for candidate in texts}
        assert min(rates, key=rates.get) == text
        assert rates[text] < 0.5


@needs_tesseract
def test_the_version_of_tesseract_is_known():
    assert legibility.tesseract_version().startswith("tesseract ")


def test_a_missing_tesseract_is_reported(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="tesseract is missing"):
        legibility.tesseract_version()
