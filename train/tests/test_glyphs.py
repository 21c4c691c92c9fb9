"""Glyphs: candidates in a line, and which of them are accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conftest import BOX, line_of
from train.augment.glyphs import (
    KEPT_SHARE,
    Glyph,
    candidate_glyphs,
    select_glyphs,
    shape_descriptor,
    well_formed,
    without_dots,
)

UPRIGHT = np.array([[0, 0], [0, 1], [0, 2]], float)
ANGLE = np.array([[0, 0], [0, 1], [1, 1], [0.9, 1]], float)


def glyph(*strokes: np.ndarray, writer: str = "ann") -> Glyph:
    """A glyph with these strokes."""
    return Glyph(writer, 0.0, list(strokes))


def test_a_line_is_segmented_into_strokes_and_measured():
    line = line_of("ab 7c")
    assert [len(s) for s in line.strokes] == [len(BOX)] * 4
    assert line.stroke_characters() == [0, 1, 3, 4]
    assert line.midline(40.0) == pytest.approx(0, abs=2), "relative to the first point"
    assert line.slant == pytest.approx(0, abs=0.1)
    assert line_of("ab 7c", size=3.0).x_height == pytest.approx(3 * line.x_height, rel=0.1)


def test_only_whole_digits_and_capitals_are_candidates():
    line = line_of("ab 7c Q")
    found = {character: made[0] for character, made in candidate_glyphs(line)}
    assert sorted(found) == ["7", "Q"]
    points = np.concatenate(found["7"].strokes)
    assert points[:, 0].min() == pytest.approx(0, abs=1e-6), "x is relative to the left edge"
    assert found["7"].width * line.x_height == pytest.approx(15, abs=0.5)
    assert found["7"].height * line.x_height == pytest.approx(80, abs=1)

    joined = line_of("ab 7c")
    joined.characters[2][5:] = 4  # the stroke goes on into the next character
    assert candidate_glyphs(joined) == []


def test_an_overlapping_stroke_belongs_to_the_character_whatever_the_alignment():
    line = line_of("ab 7 cd")
    seven = line.strokes[2]
    bar = np.array([[seven[:, 0].min() + x, 0] for x in (2, 6, 10, 14)], float)
    line.strokes.insert(3, bar)
    line.characters.insert(3, np.full(len(bar), 5))  # the c, it says
    [(character, made)] = candidate_glyphs(line)
    assert character == "7"
    assert len(made[0].strokes) == 2

    line.strokes[4] = line.strokes[4] - [44, 0]  # the c lies over the 7 in part
    [(_, made)] = candidate_glyphs(line)
    assert [len(p.strokes) for p in made] == [3], "the overlapping stroke is included"


def test_a_second_candidate_includes_the_next_stroke():
    line = line_of("ab 7 cd")
    line.strokes[3] = line.strokes[3] - [28, 0]  # close behind
    [(_, made)] = candidate_glyphs(line)
    assert [len(p.strokes) for p in made] == [1, 2]


def test_a_capital_loses_the_dot_that_stands_beside_it():
    bar, dot = np.array([[0.5, -1.0], [0.6, 0.5]]), np.array([[0.0, 0.5], [0.05, 0.45]])
    assert without_dots(Glyph("ann", 0.0, [bar])).strokes[0] is bar
    [stroke] = without_dots(Glyph("ann", 0.0, [dot, bar])).strokes
    np.testing.assert_allclose(stroke, bar - [0.5, 0])
    assert without_dots(Glyph("ann", 0.0, [dot])).strokes[0] is dot, "something must remain"


def test_a_colon_of_one_dot_is_no_candidate():
    line = line_of("ab : 7")
    assert [c for c, _ in candidate_glyphs(line)] == ["7"], "it has one stroke"
    below = line.strokes[2] + [0, 20]
    line.strokes.insert(3, below)
    line.characters.insert(3, line.characters[2])
    assert [c for c, _ in candidate_glyphs(line)] == [":", "7"]


def test_a_descriptor_depends_on_shape_but_not_on_size_or_place():
    looks = [shape_descriptor(glyph(s)) for s in (ANGLE, ANGLE * 3 + 5, UPRIGHT)]
    for vector in looks:
        assert np.linalg.norm(vector) == pytest.approx(1)
        assert vector.mean() == pytest.approx(0, abs=1e-9)
    assert looks[0] @ looks[1] > 0.99
    assert looks[0] @ looks[2] < 0.8
    assert np.isfinite(shape_descriptor(glyph(np.zeros((1, 2))))).all(), "a dot"


def test_a_glyph_that_looks_like_another_character_is_refused():
    """A K of which the alignment covers the upright only looks like an I; a whole one is a K."""
    arms = np.array([[0.8, 0], [0.1, 1], [0.9, 2]], float)
    rng = np.random.default_rng(1)

    def shaken(writer: str, *strokes: np.ndarray) -> Glyph:
        return glyph(*(s + rng.normal(0, 0.02, s.shape) for s in strokes), writer=writer)

    writers = [f"w{k}" for k in range(12)]
    found = [("I", [shaken(w, UPRIGHT)]) for w in writers]
    found += [("K", [shaken(w, UPRIGHT, arms)]) for w in writers[:4]]
    wrong, comma = shaken("eve", UPRIGHT), shaken("ida", UPRIGHT)
    half, whole = shaken("ida", UPRIGHT), shaken("ida", UPRIGHT, arms)
    selected = select_glyphs([*found, ("K", [wrong]), ("K", [half, whole]), (",", [comma])])
    assert any(p is comma for _, p in selected), "punctuation is not checked"
    kept = [p for c, p in selected if c == "K"]
    assert len(kept) == 5
    assert any(p is whole for p in kept), "the second candidate is accepted"
    assert not any(p is wrong or p is half for p in kept)
    assert sum(c == "I" for c, _ in selected) == 12

    wide = shaken("eve", UPRIGHT, arms * [1.5, 1])
    kept = [p for _, p in select_glyphs([*found, ("K", [wide])])]
    assert not any(p is wide for p in kept), "it includes part of its neighbour"


def test_of_many_glyphs_the_least_ambiguous_are_kept():
    rng = np.random.default_rng(3)

    def made(writer: str, lean: float) -> Glyph:
        """A shape between an L (`lean` 0) and an upright (`lean` 1)."""
        shape = ANGLE * [1 - lean, 1]
        return glyph(shape + rng.normal(0, 0.01, shape.shape), writer=writer)

    clear = [made(f"w{k}", rng.uniform(0, 0.1)) for k in range(24)]
    doubtful = [made(f"v{k}", rng.uniform(0.3, 0.4)) for k in range(16)]
    uprights = [("I", [glyph(UPRIGHT, writer=f"u{k}")]) for k in range(6)]
    kept = select_glyphs([*uprights, *(("L", [p]) for p in doubtful + clear)])
    found = [p for c, p in kept if c == "L"]
    assert len(found) == round(KEPT_SHARE * 40)
    assert {id(p) for p in found} == {id(p) for p in clear}
    assert sum(c == "I" for c, _ in kept) == 6, "all of a few are kept"


def test_glyphs_of_a_single_writer_are_compared_with_one_another():
    rng = np.random.default_rng(2)
    found = [
        (character, [glyph(shape + rng.normal(0, 0.02, shape.shape))])
        for character, shape in (("I", UPRIGHT), ("L", ANGLE))
        for _ in range(8)
    ]
    wrong = glyph(UPRIGHT)
    selected = select_glyphs([*found, ("L", [wrong])])
    assert not any(p is wrong for _, p in selected)
    assert len(selected) == 16


def test_selecting_from_no_glyphs_gives_none():
    assert select_glyphs([]) == []


def test_digits_need_the_strokes_by_which_they_are_read():
    angle = np.array([[0.4, -1.0], [0.0, 0.0], [0.9, 0.0]])
    upright = np.array([[0.6, -0.6], [0.6, 0.6]])
    four = Glyph("ann", 0.0, [angle, upright])
    assert well_formed("4", four)
    assert not well_formed("4", replace(four, strokes=[angle * [0.68, 1.0], upright])), "the bar ends at the upright"
    assert not well_formed("4", replace(four, strokes=[angle, upright + np.array([0.0, 0.8])])), (
        "the bar is above the upright"
    )
    assert not well_formed("4", replace(four, strokes=[angle])), "an L"
    comma = np.array([[1.0, 0.5], [0.9, 0.9]])
    assert not well_formed("3", replace(four, strokes=[angle, comma])), "3 and a comma"
    assert well_formed("3", replace(four, strokes=[angle]))
    assert well_formed("H", four), "capitals may have any"
