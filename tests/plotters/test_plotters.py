"""Files for plotters and ink, read by programs that are not ours: vpype, a parser of G-code, one of XML schemas."""

import json
import os
import re
import subprocess
from pathlib import Path

import pypdf
import pytest
import vpype
import xmlschema
from gcodeparser import parse_gcode_lines

COMMAND = os.environ["RUNNING_HAND"]
TEXT = "it is in his initial. I think: is it (still) fitting, isn't it? Tiny kittens; six mittens in it."
SEEDS = range(1, 9)


def written(seed, *arguments):
    """What the command writes on a card, to its standard output."""
    command = [COMMAND, TEXT, "--engine", "cpu", "--paper", "card", "--seed", str(seed), "--quiet", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def strokes(seed):
    return json.loads(written(seed, "--format", "json"))["strokes"]


def paths(svg, folder: Path):
    file = folder / "ink.svg"
    file.write_text(svg)
    collection, _, _ = vpype.read_svg(str(file), quantization=0.1 * 96 / 25.4)
    return collection


@pytest.fixture(scope="module")
def dotted():
    """A seed whose ink has a dot of a single point."""
    found = [seed for seed in SEEDS if any(len(stroke) == 1 for stroke in strokes(seed))]
    assert found, "no seed writes a dot of one point"
    return found[0]


def test_vpype_keeps_every_stroke(dotted, tmp_path):
    assert len(paths(written(dotted), tmp_path)) == len(strokes(dotted))
    assert len(paths(written(dotted, "--plotter", "axidraw"), tmp_path)) == len(strokes(dotted))


def test_optimised_strokes_take_less_travel_than_those_that_vpype_sorts(tmp_path):
    plain, ordered = paths(written(1), tmp_path), paths(written(1, "--optimise"), tmp_path)
    index = vpype.LineIndex(plain[1:], reverse=True)
    sorted_lines = vpype.LineCollection([plain[0]])
    while len(index) > 0:
        found, reverse = index.find_nearest(sorted_lines[-1][-1])
        line = index.pop(found)
        sorted_lines.append(line[::-1] if reverse else line)
    before, after, greedy = (lines.pen_up_length()[0] for lines in (plain, ordered, sorted_lines))
    print(f"pen-up travel: {before:.0f}, vpype sorted {greedy:.0f}, optimised {after:.0f} px")
    assert after < 0.7 * before and after < greedy
    assert ordered.length() == pytest.approx(plain.length(), rel=0.01)


@pytest.mark.parametrize("plotter", ["grbl", "grblhal", "marlin"])
@pytest.mark.parametrize("lift", [["z"], ["servo"], ["z", "--up", "0", "--down", "9"]])
def test_gcode_draws_every_stroke(plotter, lift, dotted):
    program = written(dotted, "--plotter", plotter, "--lift", *lift)
    assert all(len(line) <= 80 for line in program.splitlines())
    wait = "G4 P100" if plotter == "marlin" else "G4 P0.1"
    expected = strokes(dotted)
    lines = list(parse_gcode_lines(program))
    drawn, rests, down = 0, 0, False
    up, low = ("0", "9") if "9" in lift else ("3", "0")
    for line in lines:
        letter, number, params = *line.command, line.params
        if (letter, number) in [("G", 0), ("G", 1)] and "Z" in params:
            assert str(params["Z"]) in (up, low)
            down = str(params["Z"]) == low
            drawn += down
        elif (letter, number) == ("M", 280):
            down = params["S"] == 30
            drawn += down
        elif (letter, number) == ("M", 3):
            down, drawn = True, drawn + 1
        elif (letter, number) == ("M", 5):
            down = False
        elif (letter, number) == ("G", 4):
            assert down
            rests += 1
    assert drawn == len(expected) and not down
    assert rests == program.count(wait) > 0
    text = " ".join(re.findall(r"^; (.*)", program, re.M))
    assert TEXT.replace("(", "?").replace(")", "?").replace(";", "?") in text


def test_inkml_is_valid():
    schema = xmlschema.XMLSchema(str(Path(__file__).parent / "inkml.xsd"))
    text = 'a "b" <c> & d'
    command = [COMMAND, text, "--engine", "cpu", "--format", "inkml", "--color", 'url("&")', "--quiet"]
    ink = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    schema.validate(ink)
    found = schema.to_dict(ink)
    assert found["annotation"]["$"] == text
    for good, bad in [('units="ms"', 'units="tick"'), ('"#sheet"', '"sheet"'), ("<trace ", "<trace x='1' "), (", ", "; ")]:
        assert good in ink and not schema.is_valid(ink.replace(good, bad, 1))


def test_pdf_has_all_sheets_at_their_size_and_says_its_text(tmp_path):
    text = "Dear “reader”, naïve café; żółw.\n" * 9
    file = tmp_path / "letter.pdf"
    arguments = ["--paper", "a6", "--ruling", "squared", "--tip", "fountain", "--color", "#ff0000", "-o", str(file)]
    subprocess.run([COMMAND, text, "--engine", "cpu", "--quiet", *arguments], check=True)
    assert not (tmp_path / "letter-2.pdf").exists()
    reader = pypdf.PdfReader(file)
    assert len(reader.pages) > 1
    said = " ".join(page.extract_text() for page in reader.pages)
    for page in reader.pages:
        assert [round(float(side) / 72 * 25.4, 2) for side in page.mediabox[2:]] == [105, 148]
    words = said.split()
    # Broken or not, every word is there as it was typed.
    assert words.count("“reader”,") == words.count("naïve") == 9
    assert "".join(words).count("żółw.") == 9
    content = reader.pages[0].get_contents().get_data().decode()
    assert "1 0 0 RG" in content
    widths = set(re.findall(r"^([\d.]+) w$", content, re.M))
    assert len(widths) > 5, "a fountain pen's line"


def test_lottie_draws_every_stroke_in_its_time():
    film = json.loads(written(1, "--format", "lottie", "--speed", "2"))
    ink = json.loads(written(1, "--format", "json"))
    assert (film["w"], film["h"]) == (1050, 1480)
    groups = film["layers"][0]["shapes"][::-1]
    assert len(groups) == len(ink["strokes"])
    begun = 0
    for group, stroke in zip(groups, ink["strokes"]):
        kinds = {item["ty"]: item for item in group["it"]}
        assert set(kinds) == {"sh", "tm", "st", "tr"}
        path = kinds["sh"]["ks"]["k"]
        assert len(path["v"]) == len(path["i"]) == len(path["o"])
        assert path["v"][0] == pytest.approx([10 * place for place in stroke[0]], abs=0.02)
        frames = [frame["t"] for frame in kinds["tm"]["e"]["k"]]
        assert frames[0] == pytest.approx(begun, abs=0.01)
        begun += len(stroke) * ink["sampleMs"] / 1000 * film["fr"] / 2
        assert frames[1] <= begun + 1
    assert film["op"] == pytest.approx(begun + 2 * film["fr"], abs=1)
