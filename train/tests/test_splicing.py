"""Augmented lines: splice points, tokens, symbols and the program."""

from __future__ import annotations

import numpy as np

from conftest import BOX, line_of, succeed, synthetic_lines, tiny_network
from train.augment.glyphs import Glyph
from train.augment.splicing import (
    LINE_START,
    TokenSynthesiser,
    alone,
    augmented_lines,
    pair,
    paired_lines,
    splice,
    splice_points,
)
from train.augment.symbols import draw_symbol, pen_path
from train.data.alphabet import DEFAULT_ALPHABET, DIGITS, LINE_BREAK
from train.data.corpus import load_split
from train.data.lines import InkLine, usable_offsets
from train.data.packed import pack_lines, save_packed
from train.export.weights_file import metadata, write_weights


def test_splice_points_need_a_gap_in_ink_and_in_writing_order():
    assert splice_points(line_of("ab cd ef")) == [2, 5]
    late = line_of("ab cd ef")
    late.strokes.append(late.strokes.pop(0))  # a stroke that was added at the end
    late.characters.append(late.characters.pop(0))
    assert splice_points(late) == []


def test_a_token_is_spliced_in_at_the_lines_size_and_the_rest_shifts():
    rng = np.random.default_rng(1)
    line, other = line_of("ab cd"), line_of("7 8 9 7 8 9", "bob", size=4.0)
    synthesiser = TokenSynthesiser([line, other], rng)
    text, strokes = splice(line, 2, "78", synthesiser, joined=False)
    assert text == "ab 78 cd"
    assert len(strokes) == len(line.strokes) + 2
    left, token, right = strokes[:2], strokes[2:4], strokes[4:]
    np.testing.assert_array_equal(left, line.strokes[:2])
    assert max(s[:, 0].max() for s in left) < min(s[:, 0].min() for s in token)
    assert max(s[:, 0].max() for s in token) < min(s[:, 0].min() for s in right)
    for stroke in token:
        assert 30 < np.ptp(stroke[:, 1]) < 120, "scaled to the line, which is four times smaller"
        assert abs(np.median(stroke[:, 1])) < 60
    shift = right[0] - line.strokes[2]
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-9)
    assert splice(line, 2, "Q5", synthesiser, joined=False) is None, "nobody wrote a 5"

    text, strokes = splice(line, LINE_START, "78", synthesiser, joined=False)
    assert text == "78 ab cd"
    assert min(s[:, 0].min() for s in strokes) == min(s[:, 0].min() for s in line.strokes), "at the left end"
    assert max(s[:, 0].max() for s in strokes[:2]) < min(s[:, 0].min() for s in strokes[2:])
    assert len(strokes) == len(line.strokes) + 2

    line.characters[-1][:] = len(line.text)  # the window was past the text at the last stroke
    text, strokes = splice(line, len(line.text), "78", synthesiser, joined=False)
    assert text == "ab cd 78"
    assert max(s[:, 0].max() for s in strokes[:4]) < min(s[:, 0].min() for s in strokes[4:])
    np.testing.assert_array_equal(strokes[:4], line.strokes)


def test_the_words_of_a_token_that_is_a_line_stand_apart():
    rng = np.random.default_rng(8)
    line = line_of("7 8 9 7 8 9", "bob")
    text, strokes = alone(line, "78 9", TokenSynthesiser([line], rng))
    assert text == "78 9"
    assert min(s[:, 0].min() for s in strokes) >= 0
    gap = strokes[2][:, 0].min() - strokes[1][:, 0].max()
    assert gap > 0.5 * line.x_height, "a blank"
    assert alone(line, "7 5", TokenSynthesiser([line], rng)) is None, "nobody wrote a 5"


def test_the_second_line_of_a_pair_stands_behind_the_first_at_its_height():
    rng = np.random.default_rng(9)
    first, second = line_of("ab cd", "ann"), line_of("ef gh ij", "ann", size=1.2)
    text, strokes = pair(first, second, rng)
    assert text == "ab cd\nef gh ij", "the line break tells that a line begins"
    np.testing.assert_array_equal(strokes[: len(first.strokes)], first.strokes)
    left, right = strokes[: len(first.strokes)], strokes[len(first.strokes) :]
    gap = min(s[:, 0].min() for s in right) - max(s[:, 0].max() for s in left)
    assert 0.7 * first.x_height <= gap <= 1.5 * first.x_height
    heights = [np.median([np.ptp(s[:, 1]) for s in part]) for part in (left, right)]
    assert abs(heights[1] / heights[0] - 1.2) < 0.05, "as large as it was written"
    middles = [np.median(np.concatenate(part)[:, 1]) for part in (left, right)]
    assert abs(middles[1] - middles[0]) < 0.1 * first.x_height


def test_pairs_are_of_one_known_writer_and_fit_for_training():
    rng = np.random.default_rng(10)
    texts = {"ab cd": "ann", "gh ij": "ann", "kl mn": "bob", "no pq": "", "ab cd ef " * 5: "eve", "rs tu " * 8: "eve"}
    lines = [line_of(text.strip(), writer) for text, writer in texts.items()]
    made = paired_lines(lines, 40, rng)
    assert {line.writer for line in made} == {"ann", "eve"}, "bob has one line only, and nobody is no writer"
    for line in made:
        assert usable_offsets(line, DEFAULT_ALPHABET + LINE_BREAK) is not None
        assert line.split == "augmented"
    assert "gh ij\nab cd" in {line.text for line in made}
    long = [line.text for line in made if len(line.text) > 30]
    assert long, "those that are too long together are cut"
    assert all(text.startswith(("ab ", "cd ", "ef ", "rs ", "tu ")) for text in long)
    assert paired_lines(lines[2:4], 5, rng) == [], "nobody has two"
    brief = [line.text.split(LINE_BREAK) for line in paired_lines(lines, 40, rng, brief=True)]
    assert len(brief) == 40
    assert all(len(part) < 30 for pair in brief for part in pair), "only the first words"


def test_the_characters_of_a_token_share_a_baseline_and_have_similar_heights():
    rng = np.random.default_rng(7)
    small, large = (Glyph("ann", 0.0, [(BOX - [0, 10]) / 40 * size + [0, 0.5]]) for size in (1.5, 3.0))
    synthesiser = TokenSynthesiser([line_of("ab cd")], rng)
    synthesiser.glyphs = {"7": {"ann": [small]}, "8": {"ann": [large]}}
    strokes, width = synthesiser.token_strokes("78", line_of("ab cd"))
    heights = [np.ptp(s[:, 1]) for s in strokes]
    assert 1 < heights[1] / heights[0] < 1.4, "one was twice as high as the other"
    assert heights[0] > 1.2 * small.height
    assert heights[1] < large.height / 1.1
    assert width == max(s[:, 0].max() for s in strokes)


def test_every_symbol_that_the_corpus_lacks_can_be_drawn():
    rng = np.random.default_rng(2)
    for character in "&@#%=*$€+/QXZ":
        first, second = (draw_symbol(character, 0.15, 0.2, rng) for _ in range(2))
        points = np.concatenate(first)
        assert np.isfinite(points).all()
        assert len(points) >= 8
        assert 0.3 < np.ptp(points[:, 1]) < 2.6
        assert np.ptp(points[:, 0]) < 2
        steps = np.concatenate([np.hypot(*np.diff(s, axis=0).T) for s in first])
        assert steps.max() < 0.6, "no jump within a stroke"
        assert [s.shape for s in first] != [s.shape for s in second] or not np.allclose(first[0], second[0])
    upright, slanted = (draw_symbol("+", 0.1, slant, np.random.default_rng(3)) for slant in (0.0, 1.0))
    lean = [np.ptp(strokes[0][:, 0]) + np.ptp(strokes[1][:, 0]) for strokes in (upright, slanted)]
    assert lean[1] > lean[0] + 0.3


def test_a_corner_stays_a_corner():
    rng = np.random.default_rng(4)
    path = pen_path([(0, 0), (1, 0), (1, 0), (1, 1)], 0.05, rng)
    assert np.min(np.hypot(*(path - [1, 0]).T)) < 1e-9
    assert path[:, 0].max() < 1 + 1e-9, "the curve does not swing past it"
    assert path[:, 1].min() > -1e-9


def test_the_program_keeps_the_existing_lines(tmp_path):
    rng = np.random.default_rng(5)
    lines = []
    for index in range(12):
        text = "ab cd 7 Q 8 K"
        strokes = [BOX * [1, -1] + [24 * k + rng.normal(0, 0.3), 0] for k in range(len(text.replace(" ", "")))]
        lines.append(InkLine(f"l{index}", text, strokes, "ann", "train" if index < 10 else "valid"))
    packed, dropped = pack_lines(lines)
    assert dropped == 0
    save_packed(packed, tmp_path / "ink.npz")
    before = load_split(tmp_path / "ink.npz", "train")
    tensors, config = tiny_network("synthesis", alphabet=DEFAULT_ALPHABET)
    meta = metadata(config, before, 20, {}, ["ann", "bob"], "f32")
    write_weights(tmp_path / "w.safetensors", tensors, meta)
    # A random network cannot align ink and text, so only reading and writing of the file is tested here.
    program = ("--data", tmp_path / "ink.npz", "--weights", tmp_path / "w.safetensors", "--lines", 0)
    assert "0 lines and 0 pairs added" in succeed("augment_corpus", *program, "--out", tmp_path / "rich.npz")
    after = load_split(tmp_path / "rich.npz", "train")
    assert (after.texts, after.alphabet) == (before.texts, DEFAULT_ALPHABET)
    np.testing.assert_array_equal(after.mean, before.mean)


def test_augmented_lines_are_training_lines_but_do_not_count_in_the_units(tmp_path):
    lines = synthetic_lines(6, "train", 1) + synthetic_lines(2, "valid", 2)
    extra = synthetic_lines(3, "augmented", 3)
    for line in extra:
        line.strokes = [stroke * 2 for stroke in line.strokes]
    for name, chosen in (("plain", lines), ("rich", lines + extra)):
        packed, _ = pack_lines(chosen)
        save_packed(packed, tmp_path / f"{name}.npz")
    plain, rich = (load_split(tmp_path / f"{name}.npz", "train") for name in ("plain", "rich"))
    assert len(rich.points) == len(plain.points) + 3
    np.testing.assert_array_equal(rich.sd, plain.sd)
    for count in (0, 2):
        some, again = (load_split(tmp_path / "rich.npz", "train", augmented=count) for _ in range(2))
        assert len(some.points) == len(plain.points) + count
        assert some.texts == again.texts
    assert len(load_split(tmp_path / "rich.npz", "valid").points) == 2


def test_augmented_lines_are_fit_for_training():
    rng = np.random.default_rng(6)
    rare = [line_of("0 1 2 3 4 5 6 7 8 9 A B C K V U J", writer) for writer in ("bob", "eve", "ida")]
    lines = [line_of("ab cd ef", "ann"), *rare]
    made = augmented_lines(lines, 60, rng)
    assert [line.split for line in made] == ["augmented"] * 60
    for line in made:
        assert usable_offsets(line, DEFAULT_ALPHABET) is not None
    text = " ".join(line.text for line in made)
    assert sum(c in DIGITS for c in text) > 20
    assert any(c in "&@#%=*$€" for c in text)
    assert any(line.text.startswith("ab cd ef ") for line in made), "some tokens at the end"
    assert any(line.text.endswith(" ab cd ef") for line in made), "some tokens at the beginning"
