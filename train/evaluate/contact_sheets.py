"""Contact sheets of lines written by the Rust engine: hands, characters, long sentences, and lines without text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from train.data.alphabet import encode
from train.evaluate.drawing import SAMPLE_SENTENCES, Cell, draw_grid
from train.evaluate.line_writer import LineWriter, WrittenLine

#: Three contexts for each character that is not a digit.
CONTEXTS = {
    "A": "April Anna USA",
    "B": "Bristol Ben BBC",
    "C": "Canada Clara CIA",
    "D": "December David DVD",
    "E": "England Emma EEC",
    "F": "France Frank FIFA",
    "G": "Germany Grace GMT",
    "H": "Holland Henry HMS",
    "I": "Italy Irene RADIO",
    "J": "January Jack DJ",
    "K": "Kenya Kate UK",
    "L": "London Lily HELP",
    "M": "Monday Mary TIME",
    "N": "Norway Nora NATO",
    "O": "October Oscar OK",
    "P": "Paris Peter STOP",
    "Q": "Queen Quinn IQ",
    "R": "Russia Robert RAF",
    "S": "Spain Susan SOS",
    "T": "Tuesday Tom TNT",
    "U": "Ulster Ursula UNO",
    "V": "Vienna Vera VIP",
    "W": "Wales Walter WHO",
    "X": "Xavier Xmas TAX",
    "Y": "York Yvonne MY",
    "Z": "Zurich Zoe NZ",
    "a": "apple banana sofa",
    "b": "bring about club",
    "c": "city account music",
    "d": "door idea hand",
    "e": "early letter size",
    "f": "fifth after half",
    "g": "green again song",
    "h": "hand other much",
    "i": "into quite taxi",
    "j": "just enjoy major",
    "k": "kind asked book",
    "l": "letter always small",
    "m": "money common from",
    "n": "never under seven",
    "o": "open about also",
    "p": "paper happy ship",
    "q": "quick equal request",
    "r": "river already four",
    "s": "sugar also houses",
    "t": "table water quiet",
    "u": "under about you",
    "v": "very river love",
    "w": "water answer now",
    "x": "xylophone next six",
    "y": "yellow eyes my",
    "z": "zero puzzle quiz",
    ".": "He left. It was 3.50 at 6 p.m.",
    ",": "yes, no, 1,000",
    ";": "come; go; stay; rest",
    ":": "at 10:30, thus: to me:",
    "!": "Stop! No! Never again!",
    "?": "Who? Why? Is it you?",
    "'": "don't Anna's 'here'",
    '"': '"yes" or "no way"',
    "(": "(one) f(x) (see 2)",
    ")": "(two) g(y) (1962)",
    "-": "well-known 3-4 on - off",
    "/": "and/or 1/2 km/h",
    "&": "R&D Tom & Ann M&S",
    "@": "me@home @noon 2 @ 5",
    "#": "#1 C# room #12",
    "%": "5% 12.5% 100%",
    "+": "2 + 3, a+b, C++",
    "=": "a=b, 1 + 1 = 2, x =",
    "*": "a*b note* 2 * 3",
    "$": "$5 $19.99 US$",
    "€": "€5 €20.50 10 €",
}

#: Ordinary English sentences of 60 to 75 characters.
LONG_SENTENCES = [
    "The letter had been lying on the hall table since early that morning.",
    "Nobody in the village could remember when the old bridge was built.",
    "She packed two jumpers, a torch, and a very small bottle of whisky.",
    "If the weather holds, we shall walk along the coast path on Friday.",
    "He asked me twice whether I had seen the keys; I said I had not.",
    "Just before midnight the wind dropped and the harbour became quiet.",
    "My grandmother kept every postcard in a biscuit tin under her bed.",
    "Why should a clever man like Quentin believe such a foolish story?",
    'The doctor smiled and said: "Come back in a week if it still hurts."',
    "In 1962 the price of bread rose by 15 per cent, and wages did not.",
]


def character_contexts(character: str) -> str:
    """A text with three uses of the character."""
    if character.isdigit():
        return f"{character} books, 3{character}2, 196{character}"
    return CONTEXTS.get(character, f"{character} {character}a a{character} a{character}a")


def alphabet_contexts(alphabet: str) -> dict[str, str]:
    """The contexts of each character but the blanks, where the alphabet can spell them."""
    contexts = {c: character_contexts(c) for c in alphabet if not c.isspace()}
    return {c: text for c, text in contexts.items() if encode(text, alphabet) is not None}


def line_cells(lines: Sequence[WrittenLine], titles: Sequence[str]) -> list[Cell]:
    """Cells for `draw_grid`; the faults of a line are added to its title."""
    return [(line.strokes, " | ".join([title, *line.broken])) for line, title in zip(lines, titles, strict=True)]


def columns_to_rows(columns: Sequence[list[Cell]]) -> list[Cell]:
    """Columns of cells in row-major order."""
    return [cell for row in zip(*columns, strict=True) for cell in row]


def hand_sheets(writer: LineWriter, hands: Sequence[str], attempts: int, out: Path) -> Iterator[Path]:
    """A sheet for each hand: a few sentences at bias 0.5 and 1."""
    for hand in hands:
        columns = [
            line_cells(
                writer.write(SAMPLE_SENTENCES, bias, attempts, hand),
                [f"{hand}, bias {bias:g}"] * len(SAMPLE_SENTENCES),
            )
            for bias in (0.5, 1.0)
        ]
        name = re.sub(r"[^a-z0-9]+", "-", hand.lower())
        yield draw_sheet(out / f"hand-{name}.png", columns_to_rows(columns), 2)


def character_sheet(writer: LineWriter, alphabet: str, hand: str, attempts: int, out: Path) -> Path:
    """Every character of the alphabet in three contexts, at bias 0.5, the page's default."""
    contexts = alphabet_contexts(alphabet)
    lines = writer.write(list(contexts.values()), 0.5, attempts, hand)
    titles = [f"{c}   {line.hand or ''}" for c, line in zip(contexts, lines, strict=True)]
    return draw_sheet(out / "characters.png", line_cells(lines, titles), 4, 4.0)


def sentence_sheets(writer: LineWriter, alphabet: str, hand: str, biases, attempts: int, out: Path) -> Iterator[Path]:
    """Ten long sentences for each bias."""
    texts = [text for text in LONG_SENTENCES if encode(text, alphabet) is not None]
    for bias in biases:
        lines = writer.write(texts, bias, attempts, hand)
        titles = [f"{line.hand or 'no style'}, bias {bias:g}, {line.points} points" for line in lines]
        yield draw_sheet(out / f"sentences-{bias:g}.png", line_cells(lines, titles), 1, 14.0)


def prediction_sheet(writer: LineWriter, biases, out: Path, count: int = 10, points: int = 700) -> Path:
    """`count` lines of the prediction network, a column for each bias."""
    columns = [
        line_cells(writer.write([""] * count, bias, 0, "none", points), [f"bias {bias:g}, {points} points"] * count)
        for bias in biases
    ]
    return draw_sheet(out / "pages.png", columns_to_rows(columns), len(biases))


def draw_sheet(path: Path, cells: list[Cell], columns: int, width: float = 6.0) -> Path:
    """Draw the cells, each `width` inches wide; nothing if there are none."""
    if cells:
        draw_grid(path, cells, columns, width)
    return path
