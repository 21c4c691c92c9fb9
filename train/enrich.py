"""Add training lines for the characters that a corpus has too little of.

A line of the corpus is cut between two words, before the first or after the last, and a made-up token is set in:
a number, a price, an abbreviation, a word with a rare capital, a sign. The
token is spliced from single characters that people wrote (`pieces.py`), found by
the window of a trained network (`align.py`): by the line's own writer where there are
such, else by someone else, brought to the line's size. Signs that the corpus
lacks are drawn (`signs.py`). The new lines have the split "extra" and names
that begin with `extra-`; nothing of the validation lines enters.

    python train/enrich.py --data data/iam.npz --weights weights/synthesis.safetensors --out data/rich.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax.numpy as jnp
import numpy as np

import align
import data
import export
import prepare
from pieces import CAPITALS, DIGITS, Piece, Written, believable, cut_out, written
from signs import SIGNS, draw

#: The place of a token that begins its line, and how many do: a line's first character has nothing to go by.
FIRST = -1
FIRST_SHARE = 0.25
#: How many end their line.
LAST_SHARE = 0.15
#: How far the characters of a token are brought to one height: 1 would make them all alike.
EVEN = 0.7
#: Chance of a capital in an abbreviation or before a word: the rarer in the corpus, the likelier.
RARE = {"Q": 5, "X": 5, "Z": 5, "K": 3, "V": 3, "U": 3, "J": 3, "Y": 2, "G": 2, "R": 2, "E": 2, "O": 2}


def gaps(line: Written) -> list[int]:
    """Indices of the blanks at which the ink can be cut in two."""
    main = np.array(line.main())
    result = []
    for index, character in enumerate(line.text):
        if character != " ":
            continue
        left = main < index
        if not left.any() or left.all() or np.any(left[1:] & ~left[:-1]):
            continue
        cut = int(np.argmin(left))
        edge = max(s[:, 0].max() for s in line.strokes[:cut])
        start = min(s[:, 0].min() for s in line.strokes[cut:])
        if 0.3 * line.height < start - edge < 4 * line.height:
            result.append(index)
    return result


class Maker:
    """Makes tokens in the hand of a line."""

    def __init__(self, lines: list[Written], rng) -> None:
        self.rng = rng
        self.pieces: dict[str, dict[str, list[Piece]]] = {}
        for character, piece in believable([found for line in lines for found in cut_out(line)]):
            self.pieces.setdefault(character, {}).setdefault(piece.writer, []).append(piece)
        words = {word for line in lines for word in line.text.split() if word.isalpha() and 2 <= len(word) <= 6}
        self.words = sorted(word.upper() for word in words)
        self.slants: dict[str, float] = {}
        for line in lines:
            self.slants.setdefault(line.writer, line.slant)

    def character(self, character: str, line: Written, helpers: list[str]) -> Piece | None:
        """By the line's writer, else by the first of the helpers who wrote it, else drawn."""
        known = self.pieces.get(character, {})
        chance = 1.0 if character not in SIGNS else 0.5 if len(known) > 2 else 0.0
        if self.rng.random() < chance:
            for writer in [line.writer, *helpers]:
                if writer in known:
                    return known[writer][self.rng.integers(len(known[writer]))]
        if character not in SIGNS:
            return None
        strokes = draw(character, line.spacing / line.height, line.slant, self.rng)
        left = min(s[:, 0].min() for s in strokes)
        # from the baseline, upward, to the middle, downward
        return Piece("", line.slant, [np.stack([s[:, 0] - left, 0.5 - s[:, 1]], axis=1) for s in strokes])

    def token(self, text: str, line: Written) -> tuple[list[np.ndarray], float] | None:
        """Strokes and width of `text`, in units of the line's height."""
        others = list(self.slants)
        self.rng.shuffle(others)
        # someone who slants alike comes first
        helpers = sorted(others, key=lambda w: abs(self.slants[w] - line.slant) + self.rng.uniform(0, 0.2))
        pieces = [self.character(character, line, helpers) for character in text]
        if None in pieces:
            return None
        tall = [piece.tall for piece, c in zip(pieces, text, strict=True) if c in DIGITS + CAPITALS]
        strokes, x = [], 0.0
        for piece, character in zip(pieces, text, strict=True):
            # about the baseline, half a small x below the middle
            size = (np.median(tall) / piece.tall) ** EVEN if character in DIGITS + CAPITALS else 1.0
            strokes += [(s - [0.0, 0.5]) * size + [x, 0.5] for s in piece.strokes]
            x += piece.width * size + self.rng.uniform(0.15, 0.4)
        return strokes, max(s[:, 0].max() for s in strokes)

    def text(self) -> str:
        """Something of the kind that people write."""
        rng = self.rng

        def number(low: int, high: int) -> str:
            return "".join(rng.choice(list(DIGITS), rng.integers(low, high + 1)))

        def capitals(low: int, high: int) -> str:
            weight = np.array([RARE.get(c, 1) for c in CAPITALS], float)
            return "".join(rng.choice(list(CAPITALS), rng.integers(low, high + 1), p=weight / weight.sum()))

        kinds = [
            *[lambda: str(rng.choice(self.words)) if self.words else capitals(2, 6)] * 4,
            *[lambda: number(1, 1)] * 2,
            lambda: number(1, 4),
            lambda: number(2, 5),
            lambda: f"{rng.integers(15, 21)}{number(2, 2)}",
            lambda: f"{rng.integers(1, 13)}:{rng.integers(0, 60):02}",
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
            lambda: f"{capitals(1, 1)}{number(1, 2)}",
            lambda: f"{capitals(1, 2)}@{capitals(1, 2)}",
            lambda: str(rng.choice(list("&&&@@#%=+**$€"))),
            lambda: str(rng.choice(list("&&@=+*/"))),
            lambda: f"@{capitals(1, 3)}",
            lambda: f"{capitals(1, 2)}/{capitals(1, 2)}",
            lambda: f"{capitals(1, 3)}*",
            lambda: f"{capitals(1, 2)}={number(1, 2)}",
        ]
        return kinds[rng.integers(len(kinds))]()


def insert(line: Written, index: int, token: str, maker: Maker, joined: bool) -> tuple[str, list[np.ndarray]] | None:
    """The line with `token` after the blank `index`, first if it is `FIRST`, last if it is the text's length: as a
    word, or `joined` to the word that follows.
    """
    made = maker.token(token, line)
    if made is None:
        return None
    shapes, width = made
    last = index == len(line.text)
    cut = len(line.strokes) if last else 0 if index == FIRST else int(np.argmin(np.array(line.main()) < index))
    # where the ink before ends, and that after begins
    edge = max((s[:, 0].max() for s in line.strokes[:cut]), default=None)
    start = min((s[:, 0].min() for s in line.strokes[cut:]), default=None)
    gap = maker.rng.uniform(0.6, 1.6) * line.height
    if edge is None:
        left = edge = start
    elif start is None:
        left = start = edge + gap
    else:
        gap = max(start - edge, 0.6 * line.height)
        left = edge + gap
    size = line.height * maker.rng.uniform(0.92, 1.08)
    origin = np.array([left, line.middle((edge + start) / 2) + maker.rng.normal(0, 0.05) * line.height])
    after = line.height * maker.rng.uniform(0.1, 0.3) if joined else gap
    shift = np.array([left + width * size + after - start, 0.0])
    strokes = [*line.strokes[:cut], *(origin + s * size for s in shapes), *(s + shift for s in line.strokes[cut:])]
    if last:
        return f"{line.text} {token}", strokes
    text = line.text[: index + 1] + token + ("" if joined else " ") + line.text[index + 1 :]
    return text, strokes


def extra_lines(lines: list[Written], count: int, rng):
    """`count` new lines."""
    maker = Maker(lines, rng)
    usable = [(line, g) for line in lines if 3 <= len(line.text) <= 60 and (g := gaps(line))]
    made: list[prepare.Line] = []
    while len(made) < count:
        line, where = usable[rng.integers(len(usable))]
        # No blank that a line is cut at is its first character.
        index = rng.choice([FIRST, len(line.text), 0], p=[FIRST_SHARE, LAST_SHARE, 1 - FIRST_SHARE - LAST_SHARE])
        index = index or where[rng.integers(len(where))]
        following = line.text[index + 1 :]
        joined = following[:1].islower() and rng.random() < 0.35
        token = maker.text()
        if joined:
            rare = [c for c in "QXZQXZKVUJYGRE" + CAPITALS if c != "Q" or following[0] == "u"]
            token = str(rng.choice(rare))
        result = insert(line, index, token, maker, joined)
        if result is None:
            continue
        text, strokes = result
        candidate = prepare.Line(f"extra-{len(made)}", text, strokes, line.writer, "extra")
        if prepare.accept(candidate, prepare.DEFAULT_ALPHABET) is not None:
            made.append(candidate)
    return made


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare.py")
    parser.add_argument("--weights", type=Path, required=True, help="synthesis network that finds the characters")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=2000, help="how many lines to add")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tensors, meta = export.read(args.weights)
    config = export.config_of(meta)
    stride = round(meta["sample_ms"] / 20)
    corpus = data.load(args.data, "train", stride, (meta["offset_mean"], meta["offset_sd"]))
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    found = align.positions(params, config, corpus)
    packed = np.load(args.data)
    rows = np.split(packed["points"], np.cumsum(packed["lengths"])[:-1])
    train = [i for i, split in enumerate(packed["splits"]) if split == "train"]
    lines = []
    for i, position in zip(train, found, strict=True):
        if not len(position):
            continue
        kept = np.flatnonzero(data.kept(rows[i], stride))
        nearest = np.minimum(np.searchsorted(kept, np.arange(len(rows[i]))), len(kept) - 1)
        lines.append(written(rows[i], str(packed["texts"][i]), str(packed["writers"][i]), position[nearest]))
    made = extra_lines(lines, args.lines, np.random.default_rng(args.seed))
    result = prepare.Packed(
        points=[*rows, *(prepare.offsets(line.strokes) for line in made)],
        texts=[*map(str, packed["texts"]), *(line.text for line in made)],
        writers=[*map(str, packed["writers"]), *(line.writer for line in made)],
        splits=[*map(str, packed["splits"]), *(line.split for line in made)],
        names=[*map(str, packed["names"]), *(line.name for line in made)],
    )
    prepare.save(result, args.out, notice=str(packed["notice"]))
    counts = {c: sum(line.text.count(c) for line in made) for c in DIGITS + CAPITALS + "&@#%=*$€+/"}
    print(f"{args.out}: {len(made)} lines more; " + " ".join(f"{c} {n}" for c, n in counts.items()))


if __name__ == "__main__":
    main()
