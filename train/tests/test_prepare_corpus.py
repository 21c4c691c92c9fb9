"""From ink to the packed file: synthetic IAM archives and JSON lines."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest

from conftest import run_program, succeed, synthetic_lines, synthetic_strokes
from train.data.alphabet import DEFAULT_ALPHABET
from train.data.corpus import load_split
from train.data.iam import read_iam
from train.data.json_lines import read_json_lines
from train.data.lines import (
    MAX_CHARACTERS,
    MAX_PEN_DOWN_MOVE,
    MAX_PEN_UP_MOVE,
    MAX_POINTS,
    POINTS_PER_CHARACTER,
    InkLine,
    strokes_to_offsets,
    usable_offsets,
)
from train.data.packed import pack_lines, save_packed

# --- offsets ---------------------------------------------------------------------------------


def stroke(*points) -> np.ndarray:
    return np.array(points, np.float64)


def test_offsets_are_differences_and_the_pen_lifts_at_the_end_of_strokes():
    rows = strokes_to_offsets([stroke((10, 10), (13, 11), (15, 11)), stroke((30, 12), (31, 12))])
    assert rows.tolist() == [[3, 1, 0], [2, 0, 1], [15, 1, 0], [1, 0, 1]]


def test_a_dot_keeps_its_point():
    rows = strokes_to_offsets([stroke((0, 0), (1, 0)), stroke((10, -5)), stroke((20, 0), (21, 0))])
    assert rows.tolist() == [[1, 0, 1], [9, -5, 1], [10, 5, 0], [1, 0, 1]]


def test_a_line_may_begin_with_a_dot_or_with_a_jump_of_the_sensor():
    rows = strokes_to_offsets([stroke((5, 5)), stroke((10, 6), (11, 6))])
    assert rows.tolist() == [[0, 0, 1], [5, 1, 0], [1, 0, 1]]
    far = MAX_PEN_DOWN_MOVE + 1
    rows = strokes_to_offsets([stroke((0, 0), (far, 0), (far + 1, 0))])
    assert rows.tolist() == [[0, 0, 1], [far, 0, 0], [1, 0, 1]]


def test_empty_strokes_are_skipped():
    line = [stroke((0, 0), (1, 0)), stroke((5, 0), (6, 0))]
    assert strokes_to_offsets([np.zeros((0, 2)), line[0], np.zeros((0, 2)), line[1]]).tolist() == (
        strokes_to_offsets(line).tolist()
    )
    assert strokes_to_offsets([]) is None
    assert strokes_to_offsets([np.zeros((0, 2))]) is None


def test_points_are_rounded_before_subtraction_so_that_errors_do_not_accumulate():
    path = np.stack([np.arange(100) * 0.4, np.arange(100) * -0.3], axis=1)
    rows = strokes_to_offsets([path])
    assert rows.dtype == np.int16
    assert rows[:, :2].sum(0).tolist() == [40, -30]


def test_a_stroke_is_cut_where_the_sensor_lost_the_pen():
    far = MAX_PEN_DOWN_MOVE
    kept = strokes_to_offsets([stroke((0, 0), (1, 0), (1 + far, 0), (2 + far, 0))])
    cut = strokes_to_offsets([stroke((0, 0), (1, 0), (2 + far, 0), (3 + far, 0))])
    assert kept[:, 2].tolist() == [0, 0, 1]
    assert cut.tolist() == [[1, 0, 1], [far + 1, 0, 0], [1, 0, 1]]


def test_a_move_between_strokes_may_be_longer_than_one_within():
    rows = strokes_to_offsets([stroke((0, 0), (1, 0)), stroke((1, MAX_PEN_UP_MOVE), (2, MAX_PEN_UP_MOVE))])
    assert rows.tolist() == [[1, 0, 1], [0, MAX_PEN_UP_MOVE, 0], [1, 0, 1]]


@pytest.mark.parametrize("far", [MAX_PEN_UP_MOVE + 1, -MAX_PEN_UP_MOVE - 1])
def test_a_line_with_a_move_that_is_too_long_is_refused(far):
    assert strokes_to_offsets([stroke((0, 0), (1, 0)), stroke((1, far), (2, far))]) is None


# --- lines fit for training ------------------------------------------------------------------


def line_of(text: str, points: int) -> InkLine:
    """A straight line of `points` offsets."""
    return InkLine("straight", text, [np.stack([np.arange(points + 1), np.zeros(points + 1)], axis=1)])


def accepted(text: str, points: int) -> bool:
    return usable_offsets(line_of(text, points), DEFAULT_ALPHABET) is not None


def test_an_accepted_line_gives_its_offsets():
    assert usable_offsets(line_of("ab c", 60), DEFAULT_ALPHABET).shape == (60, 3)


def test_a_text_must_not_be_empty_unencodable_or_too_long():
    assert not accepted("", 60)
    assert not accepted("caf\xe9", 60)
    longest = "a " * ((MAX_CHARACTERS - 1) // 2) + "a"
    assert len(longest) == MAX_CHARACTERS
    assert accepted(longest, 600)
    assert not accepted(longest + "a", 600)


def test_the_number_of_points_must_fit_the_number_of_letters():
    low, high = (int(bound) for bound in POINTS_PER_CHARACTER)
    assert [accepted("ab c", points) for points in (3 * low - 1, 3 * low, 3 * high, 3 * high + 1)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_line_of_too_many_points_is_refused():
    text = "a" * 40
    assert accepted(text, MAX_POINTS)
    assert not accepted(text, MAX_POINTS + 1)


# --- the IAM On-Line database ----------------------------------------------------------------


def stroke_xml(strokes: list[np.ndarray]) -> bytes:
    """One line file in the database's format."""
    body = "".join(
        "<Stroke>" + "".join(f'<Point x="{x}" y="{y}" time="{t}"/>' for t, (x, y) in enumerate(s)) + "</Stroke>"
        for s in strokes
    )
    session = f"<WhiteboardCaptureSession><StrokeSet>{body}</StrokeSet></WhiteboardCaptureSession>"
    return f'<?xml version="1.0"?>{session}'.encode()


FORMS = {
    "a01-001u": ["First of all .", "never read", "# crossed out", "caf\xe9 ol\xe9 !", "50 %% off"],
    "b02-002w": ["to be checked ,"],
    "c03-003x": ["from the second set"],
    "d04-004y": ["from the third"],
    "e05-005z": ["in no split"],
    "z01-000z": ["a bad form"],
    "a08-551z": [f"line {number}" for number in range(1, 10)],
}
SPLITS = {
    "trainset": ["a01-001u", "z01-000z", "a08-551z"],
    "testset_v": ["b02-002w"],
    "testset_t": ["c03-003x"],
    "testset_f": ["d04-004y"],
}
#: Line files: all but the second of the first form, and one more than a form has text for.
INK = [
    *(f"a01-001u-0{number}" for number in (1, 3, 4, 5, 6)),
    *(f"{form}-01" for form in FORMS if form not in ("a01-001u", "a08-551z")),
    *(f"a08-551z-0{number}" for number in (7, 8, 9)),
]


def ink_of(name: str) -> list[np.ndarray]:
    """Ink from which the line can be told."""
    start = INK.index(name)
    return [np.array([[start, 5], [start + 3, 6]]), np.array([[start + 9, 5]])]


@pytest.fixture(params=["gz", "xz", "folders"])
def iam(request, tmp_path):
    """A folder with the database as published, recompressed, or unpacked."""
    files = {}
    for form, lines in FORMS.items():
        text = "OCR:\n\nread by a machine\n\nCSR:\n\n" + "\n\n".join(lines) + "\n"
        files[f"ascii/{form[:3]}/{form[:7]}/{form}.txt"] = text.encode("latin-1")
    for name in INK:
        files[f"lineStrokes/{name[:3]}/{name[:7]}/{name}.xml"] = stroke_xml(ink_of(name))
    for path, content in files.items():
        if request.param == "folders":
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
    if request.param != "folders":
        for stem in ("ascii", "lineStrokes"):
            with tarfile.open(tmp_path / f"{stem}-all.tar.{request.param}", f"w:{request.param}") as archive:
                for path, content in files.items():
                    if path.startswith(stem):
                        member = tarfile.TarInfo(path)
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
    for split, forms in SPLITS.items():
        (tmp_path / f"{split}.txt").write_text("\n".join(forms) + "\n")
    (tmp_path / "writers.tsv").write_text("a01-001u\t10001\nb02-002w\t10002\n")
    return tmp_path


def test_the_database_is_read_as_it_is_published(iam):
    lines = {line.name: line for line in read_iam(iam)}
    # Left out are lines with `#` or `%%`, ink without text, forms in no split, and lines known to be wrong.
    assert {name: (line.text, line.split, line.writer) for name, line in lines.items()} == {
        "a01-001u-01": ("First of all.", "train", "10001"),
        "a01-001u-04": ("caf\xe9 ol\xe9!", "train", "10001"),
        "b02-002w-01": ("to be checked,", "valid", "10002"),
        "c03-003x-01": ("from the second set", "train", ""),
        "d04-004y-01": ("from the third", "train", ""),
        "a08-551z-07": ("line 7", "train", ""),
    }
    for name, line in lines.items():
        expected = ink_of(name)
        assert len(line.strokes) == len(expected)
        for got, wanted in zip(line.strokes, expected, strict=True):
            assert np.array_equal(got, wanted)


def test_writers_may_be_unknown(iam):
    (iam / "writers.tsv").unlink()
    assert {line.writer for line in read_iam(iam)} == {""}


def test_a_folder_without_the_splits_is_reported(tmp_path):
    with pytest.raises(SystemExit, match=r"trainset\.txt is missing"):
        list(read_iam(tmp_path))


def test_a_folder_without_the_database_is_reported(tmp_path):
    for split in SPLITS:
        (tmp_path / f"{split}.txt").write_text("")
    with pytest.raises(SystemExit, match=r"neither ascii-all\.tar\.gz/\.xz nor a folder ascii/"):
        list(read_iam(tmp_path))


# --- JSON lines ------------------------------------------------------------------------------


def test_json_lines_are_read_with_defaults(tmp_path):
    path = tmp_path / "mine.jsonl"
    rows = [
        {"text": "one  line .", "strokes": [[[0, 0], [1.5, 2]], [[3, 4]]]},
        {"text": "two", "strokes": [[[5, 6]]], "writer": "me", "split": "valid", "name": "second"},
    ]
    path.write_text(json.dumps(rows[0]) + "\n\n" + json.dumps(rows[1]) + "\n")
    first, second = read_json_lines(path)
    assert (first.text, first.writer, first.split, first.name) == ("one line.", "", "train", "mine-1")
    assert [s.tolist() for s in first.strokes] == [[[0, 0], [1.5, 2]], [[3, 4]]]
    assert (second.text, second.writer, second.split, second.name) == ("two", "me", "valid", "second")


@pytest.mark.parametrize(
    "row",
    [
        "no JSON",
        '{"strokes": [[[0, 0]]]}',
        '{"text": "a"}',
        '{"text": 5, "strokes": [[[0, 0]]]}',
        '{"text": "a", "strokes": [[[0, 0, 0]]]}',
        '{"text": "a", "strokes": [[[0, 0, 0], [1, 1, 1]]]}',
        '{"text": "a", "strokes": [[0, 0, 1, 1]]}',
        '{"text": "a", "strokes": [[[0, 0], [1, 1]]], "split": "test"}',
        '{"text": "a", "strokes": [[["left", "top"]]]}',
        '{"text": "a", "strokes": 7}',
        '["a", [[[0, 0]]]]',
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_the_expected_form(tmp_path, row):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "good", "strokes": [[[0, 0], [1, 1]]]}\n' + row + "\n")
    with pytest.raises(SystemExit) as error:
        list(read_json_lines(path))
    assert str(error.value).startswith(f'{path}, line 2: expected {{"text": "...", "strokes": [[[x, y], ...], ...]}}')


# --- the packed file -------------------------------------------------------------------------


def test_what_is_packed_is_what_is_loaded(tmp_path):
    lines = synthetic_lines(6, "train", 5, writers=("bob", "", "ann")) + synthetic_lines(
        2, "valid", 6, writers=("ann", "eve")
    )
    spoilt = InkLine("spoilt", "far too much text", [stroke((0, 0), (1, 1), (2, 2))])
    packed, dropped = pack_lines([*lines[:3], spoilt, *lines[3:]])
    assert dropped == 1
    path = tmp_path / "new folder" / "ink.npz"
    save_packed(packed, path)

    train = load_split(path, "train")
    assert train.texts == [line.text for line in lines[:6]]
    assert train.alphabet == DEFAULT_ALPHABET
    assert train.writer_names == ["ann", "bob"]
    assert train.writers.tolist() == [1, -1, 0, 1, -1, 0]
    raw = [strokes_to_offsets(line.strokes) for line in lines]
    for points, rows in zip(train.points, raw[:6], strict=True):
        np.testing.assert_allclose(points[:, :2] * train.sd + train.mean, rows[:, :2], atol=1e-4)
        assert np.array_equal(points[:, 2], rows[:, 2])

    valid = load_split(path, "valid", units=(train.mean, train.sd))
    assert valid.texts == [line.text for line in lines[6:]]
    # A writer without training lines has no index.
    assert valid.writers.tolist() == [0, -1]
    for points, rows in zip(valid.points, raw[6:], strict=True):
        np.testing.assert_allclose(points[:, :2] * train.sd + train.mean, rows[:, :2], atol=1e-4)


def test_the_program_packs_json_lines_and_reports_counts(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        {
            "text": text,
            "strokes": [s.tolist() for s in synthetic_strokes(text, rng)],
            "writer": "me",
            "split": split,
        }
        for text, split in [("pen and ink", "train"), ("a loop", "train"), ("a line", "valid")]
    ]
    rows.append({"text": "no ink to speak of", "strokes": [[[0, 0], [1, 1]]]})
    source, target = tmp_path / "mine.jsonl", tmp_path / "mine.npz"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    printed = succeed("prepare_corpus", "--jsonl", source, "--out", target)
    assert "3 lines (1 of them for validation)" in printed
    assert "1 writers; 1 lines left out" in printed
    train = load_split(target, "train")
    assert train.texts == ["pen and ink", "a loop"]
    # The notice does not name the IAM database.
    assert "own" in train.notice
    assert "IAM" not in train.notice


def test_the_program_refuses_ink_without_a_usable_line(tmp_path):
    source, target = tmp_path / "mine.jsonl", tmp_path / "mine.npz"
    source.write_text('{"text": "nothing", "strokes": [[[0, 0], [1, 1]]]}\n')
    result = run_program("prepare_corpus", "--jsonl", source, "--out", target)
    assert result.returncode != 0
    assert "no line could be used" in result.stderr
    assert not target.exists()
