"""The report on weights files; a stand-in program takes the place of the Rust writer."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from conftest import run_program, succeed, synthetic_lines, tiny_network
from train.data.alphabet import DEFAULT_ALPHABET, encode
from train.data.corpus import ids_width, load_split
from train.data.packed import pack_lines, save_packed
from train.evaluate import legibility
from train.evaluate.contact_sheets import LONG_SENTENCES, alphabet_contexts, character_contexts
from train.evaluate.line_writer import LineWriter, WrittenLine
from train.evaluate.log_loss import FileLoss, evaluate_integers, make_log_loss_evaluator
from train.evaluate.priming import followed_lines, primed_log_loss
from train.evaluate.report import broken_row, characters_report, held_out_lines
from train.export.quantise import quantise_network
from train.export.weights_file import config_from_metadata, metadata, read_weights, write_weights
from train.make_fixtures import PlaceholderCorpus
from train.reference import network as reference

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")

#: Writes a zigzag for each text, logs its calls, and reports every third line as broken if there is no self-checking.
STAND_IN = """
import json, pathlib, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
texts = pathlib.Path(options["--texts"]).read_text(encoding="utf-8").splitlines()
with open({calls!r}, "a") as calls:
    calls.write(json.dumps({{**options, "texts": texts}}) + "\\n")
for at, text in enumerate(texts):
    length = 10 * len(text) or int(options["--points"])
    bad = options["--attempts"] == "0" and at % 3 == 0
    hand = options["--hands"]
    print(json.dumps({{
        "text": text,
        "hand": None if hand == "none" else ["Ann", "Bob"][at % 2] if hand == "all" else hand,
        "strokes": [[[9.0 * i, 40.0 * (i % 2)] for i in range(length)]],
        "points": length,
        "computed": length if options["--attempts"] == "0" else 2 * length,
        "finish": "Cap" if bad else "Stopped",
        "broken": ["lingered on character " + str(at), "did not end"] if bad else [],
        "rewritten": 0 if options["--attempts"] == "0" else 1,
    }}))
"""


@pytest.fixture
def stand_in(tmp_path):
    """Command that writes lines, and what it was called with."""
    calls, program = tmp_path / "calls.jsonl", tmp_path / "stand_in.py"
    program.write_text(STAND_IN.format(calls=str(calls)), encoding="utf-8")
    command = shlex.join([sys.executable, str(program)])
    return command, lambda: [json.loads(row) for row in calls.read_text().splitlines()]


def tables(report: str) -> list[list[dict[str, str]]]:
    """The Markdown tables of a report, rows as header and cell."""
    result = []
    for part in report.strip().split("\n\n"):
        if not part.startswith("|"):
            continue
        header, rule, *rows = ([cell.strip() for cell in row[1:-1].split(" | ")] for row in part.splitlines())
        assert set(rule) == {"---"}
        result.append([dict(zip(header, row, strict=True)) for row in rows])
    return result


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders with tiny networks as trained and as exported."""
    runs, weights = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("weights")
    for kind in ("prediction", "synthesis"):
        changes = {"alphabet": DEFAULT_ALPHABET} if kind == "synthesis" else {}
        tensors, config = tiny_network(kind, **changes)
        training = {"updates": 3, "stride": 1}
        meta = metadata(config, PlaceholderCorpus, 20, training, ["ann", "bob"][: config.writers], "f32")
        write_weights(runs / f"{kind}.safetensors", tensors, meta)
        hands = [("ann", "Ann"), ("bob", "Bob")]
        made = [
            (f"{kind}.safetensors", quantise_network(tensors, meta, hands, {})),
            (f"{kind}-int8.safetensors", quantise_network(tensors, meta, hands, {}, int8=True)),
        ]
        for name, (small, about) in made:
            write_weights(weights / name, small, about)
    return runs, weights


# --- the whole report ------------------------------------------------------------------------


def test_with_files_only_their_log_loss_is_printed(folders, packed_file):
    runs, _ = folders
    (rows,) = tables(succeed("evaluate_weights", "--data", packed_file, "--lines", 3, runs / "synthesis.safetensors"))
    # A file as trained is measured in both ways.
    assert [(row["file"], row["computed in"]) for row in rows] == [
        ("synthesis.safetensors", "f32"), ("synthesis.safetensors", "integers")
    ]  # fmt: skip
    assert all((row["lines"], row["against f32"]) == ("3", "") for row in rows)
    in_f32, in_integers = (float(row["log-loss (nats/line)"]) for row in rows)
    assert in_f32 != in_integers
    assert in_integers == pytest.approx(in_f32, rel=0.02)


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_log_loss_in_integers_is_that_of_the_rounded_network_in_training(kind, valid_corpus):
    changes = {"alphabet": DEFAULT_ALPHABET} if kind == "synthesis" else {}
    tensors, config = tiny_network(kind, **changes)
    width = ids_width(valid_corpus)
    in_integers = evaluate_integers(reference.Network(tensors, config), valid_corpus, width, size=3)
    in_f32 = make_log_loss_evaluator(config, quantise=True)(tensors, valid_corpus, width, size=3)
    assert in_integers.keys() == in_f32.keys()
    assert (in_integers["lines"], in_integers["valid_points"]) == (in_f32["lines"], in_f32["valid_points"])
    for name in ("log_loss", "log_loss_grid_floor", "stop_loss", "sse"):
        assert in_integers[name] == pytest.approx(in_f32[name], rel=2e-3), name


def test_primed_lines_follow_a_line_of_another_form_and_count_alone(folders, tmp_path):
    lines = synthetic_lines(5, "valid", 2, writers=("eve",))
    for line, name in zip(lines, ("a-1", "a-2", "b-1", "c-1", "c-2"), strict=True):
        line.name = name
    lines[4].writer = "ida"  # who has one form only
    packed, _ = pack_lines(lines + synthetic_lines(3, "train", 1))
    assert followed_lines(packed, list(range(5)), 9) == [(2, 0), (2, 1), (3, 2), (0, 3)]
    save_packed(packed, tmp_path / "forms.npz")
    path = folders[1] / "synthesis.safetensors"
    loss = primed_log_loss(path, tmp_path / "forms.npz")
    assert loss.lines == 4
    tensors, meta = read_weights(path)
    units = meta["offset_mean"], meta["offset_sd"]
    valid = load_split(tmp_path / "forms.npz", "valid", units=units)
    valid.points, valid.texts, valid.writers = valid.points[:4], valid.texts[:4], valid.writers[:4]
    evaluate = make_log_loss_evaluator(config_from_metadata(meta), quantise=True)
    result = evaluate({name: jnp.asarray(value) for name, value in tensors.items()}, valid, ids_width(valid))
    assert loss.alone == pytest.approx(result["log_loss_grid_floor"], rel=1e-5)
    assert loss.primed != pytest.approx(loss.alone, rel=1e-3), "what stands before it matters"
    for line in lines:
        line.name = "a-1"
    save_packed(pack_lines(lines + synthetic_lines(3, "train", 1))[0], tmp_path / "one.npz")
    assert primed_log_loss(path, tmp_path / "one.npz") is None


@needs_tesseract
def test_one_call_gives_every_table_and_all_sheets(folders, packed_file, stand_in, tmp_path):
    runs, weights = folders
    command, calls = stand_in
    trained = [part for kind in ("prediction", "synthesis") for part in ("--trained", runs / f"{kind}.safetensors")]
    sizes = ["--lines", 2, "--sentences", 4, "--legibility-lines", 2, "--attempts", 3, "--processes", 1]
    out = tmp_path / "sheets"
    options = [*trained, *sizes, "--writer", command, "--out", out, "--without", "characters"]
    report = succeed("evaluate_weights", "--data", packed_file, "--weights", weights, *options)
    losses, broken, readings = tables(report)

    names = [(row["kind"], row["dtype"], row["computed in"]) for row in losses if row["dtype"]]
    types = [("f32", "f32"), ("int8", "integers"), ("f16", "integers")]
    assert names == [(kind, *types_of) for kind in ("prediction", "synthesis") for types_of in types]
    for row in losses[:6]:
        assert bool(row["against f32"]) == (row["dtype"] != "f32")
    assert [row["log-loss (nats/line)"] for row in losses[6:] if "noise" in row["file"]] == ["-1057.7", "-1128.2"]

    assert [(row["bias"], row["self-checking"]) for row in broken] == [
        (bias, checked) for bias in ("0", "0.5", "1") for checked in ("none", "3 attempts")
    ]
    # Lines 0 and 3 of the four.
    assert (broken[0]["lines"], broken[0]["broken"], broken[0]["share"]) == ("4", "2", "50.0 %")
    assert broken[0]["why (lines)"] == "lingered on character …: 2; did not end: 2"
    assert broken[0]["ended by (lines)"] == "Cap: 2; Stopped: 2"
    assert (broken[1]["broken"], broken[1]["words rewritten per line"]) == ("0", "1.00")
    assert broken[1]["points computed per point kept"] == "2.00"

    assert [row["ink"] for row in readings] == [
        "real", "generated, bias 0", "generated, bias 0.5", "generated, bias 1"
    ]  # fmt: skip
    assert {row["lines"] for row in readings} == {"2"}
    assert len({row["characters"] for row in readings}) == 1

    found = sorted(path.name for path in out.iterdir())
    assert found == sorted(
        ["hand-ann.png", "hand-bob.png", "characters.png", "pages.png"]
        + [f"sentences-{bias}.png" for bias in ("0", "0.5", "1")]
    )
    assert all((out / name).read_bytes().startswith(b"\x89PNG") for name in found)
    by_file = {call["--weights"].rsplit("/", 1)[-1] for call in calls()}
    # The smaller file, which the page loads, is chosen.
    assert by_file == {"synthesis-int8.safetensors", "prediction-int8.safetensors"}


def test_sections_can_be_left_out(folders, packed_file, stand_in):
    _, weights = folders
    command, calls = stand_in
    left_out = [part for section in ("loss", "legibility", "characters") for part in ("--without", section)]
    options = [*left_out, "--sentences", 3, "--seed", 8, "--hands", "none"]
    file = weights / "synthesis.safetensors"
    options += ["--writer", command, "--synthesis", file]
    report = succeed("evaluate_weights", "--data", packed_file, "--weights", weights, *options)
    (broken,) = tables(report)
    assert "bias" in broken[0]
    assert len(calls()) == 6
    for call in calls():
        assert (call["--weights"], call["--seed"], call["--hands"]) == (str(file), "8", "none")
        assert len(call["texts"]) == 3
    # The same texts whatever the bias.
    assert len({tuple(call["texts"]) for call in calls()}) == 1


def test_the_share_misread_is_measured_for_each_kind_of_character(stand_in, packed_file, tmp_path, monkeypatch):
    command, calls = stand_in
    args = SimpleNamespace(data=packed_file, sentences=3, attempts=2, processes=1)
    real = held_out_lines(packed_file, DEFAULT_ALPHABET, 3).texts
    read_so_far = []

    def reads(ink, processes):
        """Reads every 7 as a 1, no capitals at bias 1, and nothing of the real lines."""
        read_so_far.append(len(ink))
        if len(read_so_far) == 1:
            return [""] * len(ink)
        call = calls()[len(read_so_far) - 2]
        capitals = dict.fromkeys(map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) if call["--bias"] == "1" else {}
        return [text.replace("7", "1").translate(capitals) for text in call["texts"]]

    monkeypatch.setattr(legibility, "read_lines", reads)
    writer = LineWriter(tmp_path / "w.safetensors", command)
    (rows,) = tables("\n\n".join(characters_report(args, writer, DEFAULT_ALPHABET, "all")))
    lines = 4 * len(DEFAULT_ALPHABET.strip())
    assert [row.pop("ink") for row in rows] == ["real", *(f"generated, bias {bias}" for bias in ("0", "0.5", "1"))]
    assert [row.pop("lines") for row in rows] == ["3", *[str(lines)] * 3]
    assert read_so_far == [3, lines, lines, lines]
    texts = list(alphabet_contexts(DEFAULT_ALPHABET).values()) * 4

    def cell(share: float, belongs) -> str:
        return f"{share:.3f} of {sum(map(belongs, ''.join(texts))):,}"

    small, capitals, digits, symbols = ([row[kind] for row in rows] for kind in rows[0])
    assert small[0] == f"1.000 of {sum(map(str.islower, ''.join(real)))}"
    assert digits[0] == "", "the real lines have no digits"
    assert small[1:] == [cell(0, str.islower)] * 3
    assert symbols[1:] == [cell(0, lambda c: not c.isalnum() and c != " ")] * 3
    assert capitals[1:] == [cell(0, str.isupper)] * 2 + [cell(1, str.isupper)]
    sevens = sum(text.count("7") for text in texts) / sum(map(str.isdigit, "".join(texts)))
    assert digits[1:] == [cell(sevens, str.isdigit)] * 3


def test_a_missing_tesseract_is_reported_before_anything_is_measured(folders, packed_file, stand_in, monkeypatch):
    _, weights = folders
    command, _ = stand_in
    monkeypatch.setenv("PATH", "")
    result = run_program("evaluate_weights", "--data", packed_file, "--weights", weights, "--writer", command)
    assert result.returncode != 0
    assert result.stderr.startswith("tesseract is missing")


@pytest.mark.parametrize("arguments", [[], ["--weights", "weights", "a.safetensors"]])
def test_a_folder_and_files_exclude_each_other(arguments):
    result = run_program("evaluate_weights", "--data", "ink.npz", *arguments)
    assert result.returncode != 0
    assert "pass either --weights" in result.stderr


# --- parts of the report ---------------------------------------------------------------------


def loss(nats: float, **meta) -> FileLoss:
    """Figures of a file."""
    about = {"kind": "synthesis", "hidden": [4], "training": {"updates": 1}, "sample_ms": 20, "quantisation": "f16"}
    figures = {"lines": 5, "log_loss": nats, "log_loss_grid_floor": nats + 9, "sse": 0.2, "stop_loss": 1.0}
    return FileLoss(Path("a.safetensors"), {**about, **meta}, figures, "integers")


def test_the_change_is_relative_to_the_trained_file_and_positive_is_worse():
    assert loss(-990.0).row([loss(-1000.0)])[-1] == "+1.00 %"
    assert loss(-1010.0).row([loss(-1000.0)])[-1] == "-1.00 %"


@pytest.mark.parametrize("other", [{"kind": "prediction"}, {"hidden": [5]}, {"training": {"updates": 2}}])
def test_files_of_other_networks_are_not_compared(other):
    assert loss(-990.0).row([loss(-1000.0, **other)])[-1] == ""


def test_a_file_of_a_larger_stride_is_marked():
    assert loss(-990.0).row([])[4] == "all"
    assert "not the paper's units" in loss(-990.0, sample_ms=40).row([])[4]


def test_held_out_lines_are_evenly_spaced_validation_lines_with_their_ink(packed_file, valid_corpus):
    held = held_out_lines(packed_file, DEFAULT_ALPHABET, 3)
    assert held.texts == [valid_corpus.texts[i] for i in (0, 2, 4)]
    packed = np.load(packed_file)
    last = packed["points"][-packed["lengths"][-1] :]
    assert np.allclose(np.concatenate(held.ink[-1])[-1], last[:, :2].sum(0))
    assert len(held.ink[-1]) == last[:, 2].sum()


def test_held_out_lines_can_be_spelt_in_the_alphabet(packed_file, valid_corpus):
    alphabet = DEFAULT_ALPHABET.replace("q", "")
    held = held_out_lines(packed_file, alphabet, 100)
    assert held.texts == [text for text in valid_corpus.texts if "q" not in text]


def test_two_faults_of_one_kind_in_a_line_count_once():
    line = WrittenLine("ab cd", None, [], 10, 0, "Stopped", ["lingered on character 1", "lingered on character 4"], 0)
    row = broken_row([line, WrittenLine("ab", None, [], 10, 0, "Stopped", [], 1)])
    assert row == ["2", "1", "50.0 %", "lingered on character …: 1", "Stopped: 2", "0.50", ""]


# --- the writer ------------------------------------------------------------------------------


def test_lines_come_in_the_order_of_the_texts(stand_in, tmp_path):
    command, calls = stand_in
    lines = LineWriter(tmp_path / "a.safetensors", command, 5).write(["a b", "€", '"'], 0.5, 4)
    assert [(line.text, line.hand) for line in lines] == [("a b", "Ann"), ("€", "Bob"), ('"', "Ann")]
    assert [line.points for line in lines] == [30, 10, 10]
    assert lines[0].strokes[0].shape == (30, 2)
    (call,) = calls()
    assert (call["--bias"], call["--attempts"], call["--seed"], call["--hands"]) == ("0.5", "4", "5", "all")


def test_a_writer_that_fails_is_reported(tmp_path):
    (tmp_path / "fails.py").write_text("raise SystemExit(3)")
    (tmp_path / "lazy.py").write_text("")
    for name, told in (("fails.py", "ended with 3"), ("lazy.py", "wrote other lines")):
        command = shlex.join([sys.executable, str(tmp_path / name)])
        with pytest.raises(SystemExit, match=told):
            LineWriter(tmp_path, command).write(["a"], 0, 0)
    with pytest.raises(SystemExit, match="no-such-program"):
        LineWriter(tmp_path, "no-such-program").write(["a"], 0, 0)


def test_points_that_are_not_finite_are_not_drawn(tmp_path):
    row = {"text": "a", "hand": None, "points": 3, "finish": "NonFinite", "broken": ["did not end"], "rewritten": 0}
    program = tmp_path / "odd.py"
    program.write_text(f"print({json.dumps(json.dumps({**row, 'strokes': [[[0, 1], [None, 2]], [[None, None]]]}))})")
    (line,) = LineWriter(tmp_path, shlex.join([sys.executable, str(program)])).write(["a"], 0, 0)
    assert [s.tolist() for s in line.strokes] == [[[0, 1]]]


# --- sheets ----------------------------------------------------------------------------------


def test_every_character_has_three_contexts_that_the_alphabet_can_spell():
    for character in DEFAULT_ALPHABET.strip():
        shown = character_contexts(character)
        assert encode(shown, DEFAULT_ALPHABET) is not None, shown
        assert shown.count(character) >= 3, shown
        assert len(shown) <= 40


def test_characters_without_prepared_contexts_have_contexts_too():
    assert character_contexts("ß").count("ß") >= 3


def test_there_are_ten_long_sentences():
    assert len(set(LONG_SENTENCES)) == 10
    for text in LONG_SENTENCES:
        assert encode(text, DEFAULT_ALPHABET) is not None
        assert 60 <= len(text) <= 75
