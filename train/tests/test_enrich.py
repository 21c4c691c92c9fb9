"""Lines with rare characters: what is cut out, drawn, set in, and that validation stays out of it."""

from __future__ import annotations

import numpy as np

import align
import data
import enrich
import export
import prepare
import signs
from conftest import BOX, line_of, made_up_lines, succeed, tiny_network


def test_a_line_can_be_cut_only_where_ink_and_order_leave_a_gap():
    assert enrich.gaps(line_of("ab cd ef")) == [2, 5]
    late = line_of("ab cd ef")
    late.strokes.append(late.strokes.pop(0))  # a stroke that was added at the end
    late.characters.append(late.characters.pop(0))
    assert enrich.gaps(late) == []


def test_a_token_is_set_in_at_the_lines_size_and_the_rest_moves_on():
    rng = np.random.default_rng(1)
    line, other = line_of("ab cd"), line_of("7 8 9 7 8 9", "bob", size=4.0)
    maker = enrich.Maker([line, other], rng)
    text, strokes = enrich.insert(line, 2, "78", maker, joined=False)
    assert text == "ab 78 cd"
    assert len(strokes) == len(line.strokes) + 2
    left, token, right = strokes[:2], strokes[2:4], strokes[4:]
    np.testing.assert_array_equal(left, line.strokes[:2])
    assert max(s[:, 0].max() for s in left) < min(s[:, 0].min() for s in token)
    assert max(s[:, 0].max() for s in token) < min(s[:, 0].min() for s in right)
    for stroke in token:
        assert 30 < np.ptp(stroke[:, 1]) < 120, "bob writes four times as large"
        assert abs(np.median(stroke[:, 1])) < 60
    shift = right[0] - line.strokes[2]
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-9)
    assert enrich.insert(line, 2, "Q5", maker, joined=False) is None, "nobody wrote a 5"

    text, strokes = enrich.insert(line, enrich.FIRST, "78", maker, joined=False)
    assert text == "78 ab cd"
    assert min(s[:, 0].min() for s in strokes) == min(s[:, 0].min() for s in line.strokes), "the line begins there"
    assert max(s[:, 0].max() for s in strokes[:2]) < min(s[:, 0].min() for s in strokes[2:])
    assert len(strokes) == len(line.strokes) + 2

    line.characters[-1][:] = len(line.text)  # the window was past the text at the last stroke
    text, strokes = enrich.insert(line, len(line.text), "78", maker, joined=False)
    assert text == "ab cd 78"
    assert max(s[:, 0].max() for s in strokes[:4]) < min(s[:, 0].min() for s in strokes[4:])
    np.testing.assert_array_equal(strokes[:4], line.strokes)


def test_the_characters_of_a_token_stand_on_a_baseline_and_are_about_as_high():
    rng = np.random.default_rng(7)
    small, large = (enrich.Piece("ann", 0.0, [(BOX - [0, 10]) / 40 * size + [0, 0.5]]) for size in (1.5, 3.0))
    maker = enrich.Maker([line_of("ab cd")], rng)
    maker.pieces = {"7": {"ann": [small]}, "8": {"ann": [large]}}
    strokes, width = maker.token("78", line_of("ab cd"))
    heights = [np.ptp(s[:, 1]) for s in strokes]
    assert 1 < heights[1] / heights[0] < 1.4, "one was twice as high as the other"
    assert heights[0] > 1.2 * small.tall
    assert heights[1] < large.tall / 1.1
    assert width == max(s[:, 0].max() for s in strokes)


def test_every_sign_of_the_alphabet_that_the_corpus_lacks_can_be_drawn():
    rng = np.random.default_rng(2)
    for character in "&@#%=*$€+/QXZ":
        first, second = (signs.draw(character, 0.15, 0.2, rng) for _ in range(2))
        points = np.concatenate(first)
        assert np.isfinite(points).all()
        assert len(points) >= 8
        assert 0.3 < np.ptp(points[:, 1]) < 2.6
        assert np.ptp(points[:, 0]) < 2
        steps = np.concatenate([np.hypot(*np.diff(s, axis=0).T) for s in first])
        assert steps.max() < 0.6, "no jump within a stroke"
        assert [s.shape for s in first] != [s.shape for s in second] or not np.allclose(first[0], second[0])
    upright, slanted = (signs.draw("+", 0.1, slant, np.random.default_rng(3)) for slant in (0.0, 1.0))
    lean = [np.ptp(strokes[0][:, 0]) + np.ptp(strokes[1][:, 0]) for strokes in (upright, slanted)]
    assert lean[1] > lean[0] + 0.3


def test_a_corner_stays_a_corner():
    rng = np.random.default_rng(4)
    path = signs.curve([(0, 0), (1, 0), (1, 0), (1, 1)], 0.05, rng)
    assert np.min(np.hypot(*(path - [1, 0]).T)) < 1e-9
    assert path[:, 0].max() < 1 + 1e-9, "the curve does not swing past it"
    assert path[:, 1].min() > -1e-9


def test_dwell_is_the_share_of_a_characters_points(train_corpus):
    texts = ["ab"] * 6
    corpus = data.Corpus(
        points=[np.zeros((40, 3))] * 6, texts=texts, writers=np.zeros(6, int), writer_names=[],
        mean=np.zeros(2), sd=np.ones(2), alphabet="abc",
    )  # fmt: skip
    places = [np.repeat([0, 1, 2], [10, 25, 5])] * 6  # five points on the end mark
    assert align.dwell(corpus, places, "abc") == [0.5, 1.25, 1.0]


def test_positions_follow_the_text(train_corpus):
    tensors, config = tiny_network("synthesis", alphabet=train_corpus.alphabet)
    found = align.positions(tensors, config, train_corpus)
    for places, points, text in zip(found, train_corpus.points, train_corpus.texts, strict=True):
        assert len(places) == len(points)
        assert (np.diff(places) >= 0).mean() > 0.5
        assert places.max() <= len(text)


def test_the_program_adds_lines_to_learn_from_and_leaves_the_rest_alone(tmp_path):
    rng = np.random.default_rng(5)
    lines = []
    for index in range(12):
        text = "ab cd 7 Q 8 K"
        strokes = [BOX * [1, -1] + [24 * k + rng.normal(0, 0.3), 0] for k in range(len(text.replace(" ", "")))]
        lines.append(prepare.Line(f"l{index}", text, strokes, "ann", "train" if index < 10 else "valid"))
    packed, dropped = prepare.pack(lines)
    assert dropped == 0
    prepare.save(packed, tmp_path / "ink.npz")
    before = data.load(tmp_path / "ink.npz", "train")
    tensors, config = tiny_network("synthesis", alphabet=prepare.DEFAULT_ALPHABET)
    meta = export.metadata(config, before, 20, {}, ["ann", "bob"], "f32")
    export.write(tmp_path / "w.safetensors", tensors, meta)
    # A random network's window finds no characters, so none is cut out: signs are drawn all the same.
    program = ("--data", tmp_path / "ink.npz", "--weights", tmp_path / "w.safetensors", "--lines", 0)
    assert "0 lines more" in succeed("enrich.py", *program, "--out", tmp_path / "rich.npz")
    after = data.load(tmp_path / "rich.npz", "train")
    assert after.texts == before.texts
    np.testing.assert_array_equal(after.mean, before.mean)


def test_extra_lines_are_learnt_from_but_have_no_say_in_the_units(tmp_path):
    lines = made_up_lines(6, "train", 1) + made_up_lines(2, "valid", 2)
    extra = made_up_lines(3, "extra", 3)
    for line in extra:
        line.strokes = [stroke * 2 for stroke in line.strokes]
    for name, chosen in (("plain", lines), ("rich", lines + extra)):
        packed, _ = prepare.pack(chosen)
        prepare.save(packed, tmp_path / f"{name}.npz")
    plain, rich = (data.load(tmp_path / f"{name}.npz", "train") for name in ("plain", "rich"))
    assert len(rich.points) == len(plain.points) + 3
    np.testing.assert_array_equal(rich.sd, plain.sd)
    for count in (0, 2):
        some, again = (data.load(tmp_path / "rich.npz", "train", extra=count) for _ in range(2))
        assert len(some.points) == len(plain.points) + count
        assert some.texts == again.texts
    assert len(data.load(tmp_path / "rich.npz", "valid").points) == 2


def test_made_lines_are_lines_one_may_learn_from():
    rng = np.random.default_rng(6)
    rare = [line_of("0 1 2 3 4 5 6 7 8 9 A B C K V U J", writer) for writer in ("bob", "eve", "ida")]
    lines = [line_of("ab cd ef", "ann"), *rare]
    made = enrich.extra_lines(lines, 60, rng)
    assert [line.split for line in made] == ["extra"] * 60
    for line in made:
        assert prepare.accept(line, prepare.DEFAULT_ALPHABET) is not None
    text = " ".join(line.text for line in made)
    assert sum(c in enrich.DIGITS for c in text) > 20
    assert any(c in "&@#%=*$€" for c in text)
    assert any(line.text.startswith("ab cd ef ") for line in made), "at the end"
    assert any(line.text.endswith(" ab cd ef") for line in made), "at the beginning"
