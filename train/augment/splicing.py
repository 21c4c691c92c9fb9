"""Training lines for characters of which a corpus has too few examples.

A line of the corpus is cut between two words, and a synthetic token is spliced in there, or put before or behind the
line: a number, a price, an abbreviation, a word in capitals, a symbol. Its characters are glyphs that people wrote
(`glyphs.py`), by the line's own writer where there are any, otherwise by one with a similar slant, scaled to the line;
characters that the corpus lacks are drawn (`symbols.py`). Some lines are tokens only. Others are pairs: two lines of
one writer, the second behind the first, so that the network learns to write on in the hand that it has read.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from train.augment.glyphs import Glyph, SegmentedLine, candidate_glyphs, select_glyphs
from train.augment.symbols import SYMBOLS, draw_symbol
from train.data.alphabet import CAPITALS, DEFAULT_ALPHABET, DIGITS, LINE_BREAK
from train.data.lines import MAX_CHARACTERS, InkLine, usable_offsets

#: The place of a token that begins its line, and the share of tokens that do: the first character of a line is the
#: hardest for the network, which has no context yet.
LINE_START = -1
START_SHARE = 0.25
#: Share of tokens that end their line: lines end with full stops so often that the network learns to set one.
END_SHARE = 0.25
#: Share of augmented lines that consist of a token only, or of two.
TOKEN_ONLY_SHARE = 0.08
#: Gap between the lines of a pair, in x-heights.
PAIR_GAP = (0.7, 1.5)
#: Of the lines of a brief pair the first words are kept, in at most so many characters: a random number between these.
BRIEF = (8, 30)
#: Exponent with which the digits and capitals of a token are brought to one height; 1 would make all equally high.
HEIGHT_EQUALISATION = 0.7
#: Relative frequency of capitals in tokens, 1 if not listed: the rarer in the corpus, the higher.
CAPITAL_WEIGHTS = {"Q": 5, "X": 5, "Z": 5, "K": 3, "V": 3, "U": 3, "J": 3, "Y": 2, "G": 2, "R": 2, "E": 2, "O": 2}


def splice_points(line: SegmentedLine) -> list[int]:
    """Text indices of the blanks at which the ink can be cut in two.

    All strokes before the blank must be written before all strokes behind it, and the gap between them must be 0.3 to
    4 x-heights wide.
    """
    assigned = np.array(line.stroke_characters())
    result = []
    for index, character in enumerate(line.text):
        if character != " ":
            continue
        left = assigned < index
        if not left.any() or left.all() or np.any(left[1:] & ~left[:-1]):
            continue
        cut = int(np.argmin(left))
        left_end = max(s[:, 0].max() for s in line.strokes[:cut])
        right_start = min(s[:, 0].min() for s in line.strokes[cut:])
        if 0.3 * line.x_height < right_start - left_end < 4 * line.x_height:
            result.append(index)
    return result


class TokenSynthesiser:
    """Makes tokens in the hand of a given line, from the glyphs of all `lines`."""

    def __init__(self, lines: list[SegmentedLine], rng) -> None:
        self.rng = rng
        self.glyphs: dict[str, dict[str, list[Glyph]]] = {}  # by character and writer
        for character, glyph in select_glyphs([found for line in lines for found in candidate_glyphs(line)]):
            self.glyphs.setdefault(character, {}).setdefault(glyph.writer, []).append(glyph)
        words = {word for line in lines for word in line.text.split() if word.isalpha() and 2 <= len(word) <= 6}
        self.capital_words = sorted(word.upper() for word in words)
        self.slants: dict[str, float] = {}
        for line in lines:
            self.slants.setdefault(line.writer, line.slant)

    def glyph_for(self, character: str, line: SegmentedLine, other_writers: list[str]) -> Glyph | None:
        """A glyph by the line's writer, else by the first of the `other_writers` who has one, else drawn.

        `None` if nobody wrote the character and there are no strokes for it.
        """
        known = self.glyphs.get(character, {})
        chance = 1.0 if character not in SYMBOLS else 0.5 if len(known) > 2 else 0.0
        if self.rng.random() < chance:
            for writer in [line.writer, *other_writers]:
                if writer in known:
                    return known[writer][self.rng.integers(len(known[writer]))]
        if character not in SYMBOLS:
            return None
        strokes = draw_symbol(character, line.spacing / line.x_height, line.slant, self.rng)
        left = min(s[:, 0].min() for s in strokes)
        # From y up, relative to the baseline, to y down, relative to the midline.
        return Glyph("", line.slant, [np.stack([s[:, 0] - left, 0.5 - s[:, 1]], axis=1) for s in strokes])

    def token_strokes(self, text: str, line: SegmentedLine) -> tuple[list[np.ndarray], float] | None:
        """Strokes and width of `text` in units of the line's x-height; `None` if a character cannot be had."""
        writers = list(self.slants)
        self.rng.shuffle(writers)
        # Writers of a similar slant first.
        writers = sorted(writers, key=lambda w: abs(self.slants[w] - line.slant) + self.rng.uniform(0, 0.2))
        glyphs = [self.glyph_for(character, line, writers) for character in text]
        if None in glyphs:
            return None
        heights = [glyph.height for glyph, c in zip(glyphs, text, strict=True) if c in DIGITS + CAPITALS]
        strokes, x = [], 0.0
        for glyph, character in zip(glyphs, text, strict=True):
            size = 1.0
            if character in DIGITS + CAPITALS:
                size = (np.median(heights) / glyph.height) ** HEIGHT_EQUALISATION
            # Scaled about the baseline, half an x-height below the midline.
            strokes += [(s - [0.0, 0.5]) * size + [x, 0.5] for s in glyph.strokes]
            x += glyph.width * size + self.rng.uniform(0.15, 0.4)
        return strokes, max(s[:, 0].max() for s in strokes)

    def random_text(self) -> str:
        """A random token text: a word in capitals, a number, a price, a time, an abbreviation, a symbol, ..."""
        rng = self.rng

        def number(low: int, high: int) -> str:
            return "".join(rng.choice(list(DIGITS), rng.integers(low, high + 1)))

        def capitals(low: int, high: int) -> str:
            weight = np.array([CAPITAL_WEIGHTS.get(c, 1) for c in CAPITALS], float)
            return "".join(rng.choice(list(CAPITALS), rng.integers(low, high + 1), p=weight / weight.sum()))

        patterns = [
            *[lambda: str(rng.choice(self.capital_words)) if self.capital_words else capitals(2, 6)] * 4,
            *[lambda: number(1, 1)] * 2,
            lambda: number(1, 4),
            lambda: number(2, 5),
            lambda: f"{rng.integers(15, 21)}{number(2, 2)}",
            *[lambda: f"{rng.integers(1, 24)}:{rng.integers(0, 60):02}"] * 2,
            lambda: f"{rng.integers(1990, 2040)}-{rng.integers(1, 13):02}-{rng.integers(1, 32):02}",
            lambda: f"{number(1, 3)},{number(3, 3)}",
            lambda: f"${number(1, 2)},{number(3, 3)}.{number(2, 2)}",
            lambda: f"{rng.choice(['$', '€'])}{number(1, 3)}",
            lambda: f"{rng.choice(['$', '€'])}{number(1, 2)}.{number(2, 2)}",
            lambda: f"{number(1, 2)}%",
            lambda: f"{number(3, 3)}-{number(4, 4)}",
            lambda: f"#{number(1, 2)}",
            lambda: f"{rng.integers(1, 13)}/{rng.integers(1, 29)}",
            lambda: f"({number(1, 4)})",
            lambda: f"{number(1, 2)}{rng.choice(list('+*-/'))}{number(1, 2)}={number(1, 3)}",
            lambda: f"{number(1, 2)}.{number(1, 2)}",
            *[lambda: capitals(2, 4)] * 3,
            lambda: capitals(1, 3) + rng.choice(["", "", "!", "?"]),
            lambda: f"{capitals(1, 1)}&{capitals(1, 1)}",
            *[lambda: f"{capitals(1, 1)}{number(1, 2)}"] * 2,
            lambda: f"{capitals(2, 3)}{number(1, 2)}",
            lambda: f"{capitals(1, 2)}@{capitals(1, 2)}",
            lambda: str(rng.choice(list("&&&@@#%=+**$€"))),
            lambda: str(rng.choice(list("&&@=+*/"))),
            lambda: f"@{capitals(1, 3)}",
            lambda: f"{capitals(1, 2)}/{capitals(1, 2)}",
            lambda: f"{capitals(1, 3)}*",
            lambda: f"{capitals(1, 2)}={number(1, 2)}",
        ]
        return patterns[rng.integers(len(patterns))]()


def splice(
    line: SegmentedLine, index: int, token: str, synthesiser: TokenSynthesiser, joined: bool
) -> tuple[str, list[np.ndarray]] | None:
    """Text and strokes of the line with `token` spliced in; `None` if the token cannot be made.

    `index` is that of the blank behind which it goes, `LINE_START`, or the text's length for the end of the line. The
    token is a word of its own, or `joined` to the word that follows.
    """
    made = synthesiser.token_strokes(token, line)
    if made is None:
        return None
    shapes, width = made
    at_end = index == len(line.text)
    if at_end:
        cut = len(line.strokes)
    elif index == LINE_START:
        cut = 0
    else:
        cut = int(np.argmin(np.array(line.stroke_characters()) < index))
    left_end = max((s[:, 0].max() for s in line.strokes[:cut]), default=None)
    right_start = min((s[:, 0].min() for s in line.strokes[cut:]), default=None)
    gap = synthesiser.rng.uniform(0.6, 1.6) * line.x_height
    if left_end is None:
        left = left_end = right_start
    elif right_start is None:
        left = right_start = left_end + gap
    else:
        gap = max(right_start - left_end, 0.6 * line.x_height)
        left = left_end + gap
    size = line.x_height * synthesiser.rng.uniform(0.92, 1.08)
    midline = line.midline((left_end + right_start) / 2)
    origin = np.array([left, midline + synthesiser.rng.normal(0, 0.05) * line.x_height])
    gap_after = line.x_height * synthesiser.rng.uniform(0.1, 0.3) if joined else gap
    shift = np.array([left + width * size + gap_after - right_start, 0.0])
    strokes = [*line.strokes[:cut], *(origin + s * size for s in shapes), *(s + shift for s in line.strokes[cut:])]
    if at_end:
        return f"{line.text} {token}", strokes
    text = line.text[: index + 1] + token + ("" if joined else " ") + line.text[index + 1 :]
    return text, strokes


def alone(line: SegmentedLine, token: str, synthesiser: TokenSynthesiser) -> tuple[str, list[np.ndarray]] | None:
    """Text and strokes of the words of `token` by themselves, at the line's size; `None` if they cannot be made."""
    strokes, x = [], 0.0
    for word in token.split(" "):
        made = synthesiser.token_strokes(word, line)
        if made is None:
            return None
        strokes += [(stroke + np.array([x, 0.0])) * line.x_height for stroke in made[0]]
        x += made[1] + synthesiser.rng.uniform(0.6, 1.6)
    return token, strokes


def pair(first: SegmentedLine, second: SegmentedLine, rng) -> tuple[str, list[np.ndarray]]:
    """Text and strokes of two lines as one: the second a word's gap behind the first, at its height."""
    right = max(s[:, 0].max() for s in first.strokes)
    left = min(s[:, 0].min() for s in second.strokes)
    origin = np.array([right + rng.uniform(*PAIR_GAP) * first.x_height, first.midline(right)])
    start = np.array([left, second.midline(left)])
    text = f"{first.text}{LINE_BREAK}{second.text}"
    return text, [*first.strokes, *(origin + s - start for s in second.strokes)]


def cut(line: SegmentedLine, low: int, high: int) -> SegmentedLine:
    """The words between the blanks at text indices `low` and `high`, which are splice points or the line's ends."""
    kept = [k for k, index in enumerate(line.stroke_characters()) if low < index < high]
    characters = [line.characters[k] - (low + 1) for k in kept]
    return replace(line, text=line.text[low + 1 : high], strokes=[line.strokes[k] for k in kept], characters=characters)


def paired_lines(lines: list[SegmentedLine], count: int, rng, brief: bool = False) -> list[InkLine]:
    """`count` pairs of lines, each of one known writer, of the split "augmented": "pair-0" or "brief-pair-0" and so on.

    Of lines that are too long together the first loses words at its beginning, the second at its end. In a
    `brief` pair both keep their first words only: what there is to learn is how a line begins behind another.
    """
    by_writer: dict[str, list[SegmentedLine]] = {}
    for line in lines:
        if line.writer:
            by_writer.setdefault(line.writer, []).append(line)
    sources = [line for same in by_writer.values() if len(same) > 1 for line in same]
    room = MAX_CHARACTERS - len(LINE_BREAK)
    made: list[InkLine] = []
    while sources and len(made) < count:
        first = sources[rng.integers(len(sources))]
        same = by_writer[first.writer]
        second = same[rng.integers(len(same))]
        if first is second:
            continue
        if brief:
            limits = zip((first, second), rng.integers(*BRIEF, 2), strict=True)
            ends = [[i for i in splice_points(line) if i < limit] for line, limit in limits]
            if not all(ends):
                continue
            first, second = (cut(line, -1, of[-1]) for line, of in zip((first, second), ends, strict=True))
        elif len(first.text) + len(second.text) > room:
            starts = [i for i in splice_points(first) if len(first.text) - i <= room // 2]
            ends = [i for i in splice_points(second) if i < room // 2]
            if not starts or not ends:
                continue
            first, second = cut(first, starts[0], len(first.text) + 1), cut(second, -1, ends[-1])
        if not first.strokes or not second.strokes:
            continue
        text, strokes = pair(first, second, rng)
        name = f"{'brief-' if brief else ''}pair-{len(made)}"
        candidate = InkLine(name, text, strokes, first.writer, "augmented")
        if usable_offsets(candidate, DEFAULT_ALPHABET + LINE_BREAK) is not None:
            made.append(candidate)
    return made


def augmented_lines(lines: list[SegmentedLine], count: int, rng) -> list[InkLine]:
    """`count` new lines of the split "augmented", with names that begin with "augmented-"."""
    synthesiser = TokenSynthesiser(lines, rng)
    sources = [(line, points) for line in lines if 3 <= len(line.text) <= 60 and (points := splice_points(line))]
    made: list[InkLine] = []
    while len(made) < count:
        line, points = sources[rng.integers(len(sources))]
        # 0 stands for "at a blank": no splice point is the first character of its line.
        index = rng.choice([LINE_START, len(line.text), 0], p=[START_SHARE, END_SHARE, 1 - START_SHARE - END_SHARE])
        index = index or points[rng.integers(len(points))]
        following = line.text[index + 1 :]
        joined = following[:1].islower() and rng.random() < 0.35
        token = synthesiser.random_text()
        only = rng.random() < TOKEN_ONLY_SHARE
        if only:
            # As a heading in capitals has several words.
            words = [str(rng.choice(synthesiser.capital_words)) for _ in range(2) if synthesiser.capital_words]
            token = " ".join(words) if words and rng.random() < 0.5 else token
        elif joined:
            # A capital before a word, the rare ones more often; Q only before u.
            capitals = [c for c in "QXZQXZKVUJYGRE" + CAPITALS if c != "Q" or following[0] == "u"]
            token = str(rng.choice(capitals))
        result = alone(line, token, synthesiser) if only else splice(line, index, token, synthesiser, joined)
        if result is None:
            continue
        text, strokes = result
        candidate = InkLine(f"augmented-{len(made)}", text, strokes, line.writer, "augmented")
        if usable_offsets(candidate, DEFAULT_ALPHABET) is not None:
            made.append(candidate)
    return made
