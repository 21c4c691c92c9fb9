"""Single characters that people wrote, cut out of their lines.

The window of a trained network says which character each point belongs to
(`align.py`), but not always rightly: it has often moved on when the bar of a
4 or an A is drawn, and then what is left of the 4 is an L. So strokes that lie
over one another are one character whatever the window says, and what was cut
out counts only if it looks more like that character in other people's hands
than like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

#: A small x's height, as a multiple of the median distance of a line's points from its middle.
HEIGHT = 3.4
#: Half of the stretch along which the middle is taken, in heights of a small x.
STRETCH = 5.0
DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PUNCTUATION = ".,:;!?()-/+'\""

#: Characters that may be written alike, so that either's look speaks for both.
ALIKE = [{"0", "O"}, {"1", "I"}, {"5", "S"}, {"2", "Z"}, {"U", "V"}, {"D", "0"}, {"D", "O"}]
#: How much more like another character a piece may look: of some there are few to compare with.
DOUBT = 0.02
#: Of the `NEAREST` most alike, `ENOUGH` must be of the same character.
NEAREST, ENOUGH = 10, 2
#: How much wider for its height than its character's median a piece may be, by a factor or by this share of its
#: height: else it has a neighbour in it.
WIDER, WIDER_BY = 1.3, 0.2
#: Share of a character's pieces that is kept, those that look least like any other; but not fewer than a few.
CLEAREST, FEW = 0.6, 20
#: Side of the picture that is compared, in pixels, and how many times as large it is drawn first.
SIDE, LARGER = 24, 4


@dataclass
class Written:
    """A line: strokes `[n, 2]`, y down, and which character each of their points belongs to."""

    text: str
    writer: str
    strokes: list[np.ndarray]
    characters: list[np.ndarray]
    height: float
    slant: float
    spacing: float

    def middle(self, x: float) -> float:
        """Where the middle of the small letters is near `x`."""
        points = np.concatenate(self.strokes)
        near = np.abs(points[:, 0] - x) < STRETCH * self.height
        return float(np.median(points[near if near.sum() > 20 else slice(None), 1]))

    def main(self) -> list[int]:
        """The character that each stroke belongs to, by most of its points."""
        return [int(np.median(c)) for c in self.characters]


@dataclass
class Piece:
    """One character in units of its line's height: x from its left edge, y from the middle, down."""

    writer: str
    slant: float
    strokes: list[np.ndarray]

    @property
    def width(self) -> float:
        """Of its ink."""
        return float(max(s[:, 0].max() for s in self.strokes))

    @property
    def tall(self) -> float:
        """Height of its ink."""
        return float(np.ptp(np.concatenate(self.strokes)[:, 1]))


def written(rows: np.ndarray, text: str, writer: str, characters: np.ndarray) -> Written:
    """Strokes and measures of a packed line; `characters` `[T]` as `align.positions` says."""
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(rows[:, :2].astype(np.float64), axis=0)])
    ends = np.flatnonzero(np.concatenate([[0], rows[:, 2]])) + 1
    belongs = np.concatenate([characters[:1], characters])
    strokes = [s for s in np.split(path, ends) if len(s)]
    # the middle runs up or down with the line
    places = np.arange(path[:, 0].min(), path[:, 0].max() + 500, 500.0)
    near = [np.abs(path[:, 0] - x) < 1000 for x in places]
    middles = [np.median(path[mask, 1]) if mask.any() else np.median(path[:, 1]) for mask in near]
    middle = np.interp(path[:, 0], places, middles)
    height = HEIGHT * float(np.median(np.abs(path[:, 1] - middle))) + 1.0
    moves = np.concatenate([np.diff(s, axis=0) for s in strokes if len(s) > 1] or [np.zeros((1, 2))])
    steep = moves[np.abs(moves[:, 1]) > np.abs(moves[:, 0])]
    # dx for each unit upward
    slant = float(-np.sum(steep[:, 0] * steep[:, 1]) / max(1.0, np.sum(steep[:, 1] ** 2))) if len(steep) else 0.0
    spacing = float(np.median(np.hypot(*moves.T)))
    return Written(text, writer, strokes, [b for b in np.split(belongs, ends) if len(b)], height, slant, spacing)


def cut_out(line: Written) -> list[tuple[str, list[Piece]]]:
    """Characters of a line that are written apart from their neighbours.

    Each with the pieces that it may be: one, or, of a digit or capital, a second one that has the next stroke too.
    """
    found = []
    main, low, high = line.main(), *([edge(s[:, 0]) for s in line.strokes] for edge in (np.min, np.max))
    for index, character in enumerate(line.text):
        own = [k for k, m in enumerate(main) if m == index]
        if character not in DIGITS + CAPITALS + PUNCTUATION or not own or own != list(range(own[0], own[-1] + 1)):
            continue
        share = np.mean(np.concatenate([line.characters[k] for k in own]) == index)
        if character in PUNCTUATION:
            piece = _piece(line, range(own[0], own[-1] + 1))
            if share > 0.6 and piece.width < 1.5 and piece.tall < 3:
                found.append((character, [piece]))
            continue
        first, last = own[0], own[-1]
        edges = min(low[first : last + 1]), max(high[first : last + 1])
        over = [edges[0] < (a + b) / 2 < edges[1] for a, b in zip(low, high, strict=True)]
        while last + 1 < len(over) and over[last + 1]:
            last += 1
        while first > 0 and over[first - 1]:
            first -= 1
        spans = [range(first, last + 1), range(first, last + 2)] if last + 1 < len(over) else [range(first, last + 1)]
        pieces = [_piece(line, span) for span in spans if _apart(line, span, low, high)]
        pieces = [p for p in pieces if _plausible(p)]
        if pieces and share > 0.8:
            found.append((character, pieces))
    return found


def _piece(line: Written, span: range) -> Piece:
    """These strokes of the line."""
    points = np.concatenate([line.strokes[k] for k in span])
    left, right = points[:, 0].min(), points[:, 0].max()
    origin = np.array([left, line.middle((left + right) / 2)])
    return Piece(line.writer, line.slant, [(line.strokes[k] - origin) / line.height for k in span])


def _apart(line: Written, span: range, low: list[float], high: list[float]) -> bool:
    """Whether no other stroke of the line is above or below these."""
    left, right = min(low[k] for k in span), max(high[k] for k in span)
    slack = 0.1 * line.height
    others = [k for k in range(len(low)) if k not in span]
    return not any(low[k] < right - slack and high[k] > left + slack for k in others)


def _plausible(piece: Piece) -> bool:
    """Whether a digit or a capital may have this size."""
    return sum(map(len, piece.strokes)) >= 5 and 0.9 < piece.tall < 3.5 and piece.width < 2.2


def look(piece: Piece) -> np.ndarray:
    """A small blurred picture of the piece, as a vector of mean 0 and length 1: their products tell how alike two are.

    Size does not count, proportions do.
    """
    side = SIDE * LARGER
    points = np.concatenate(piece.strokes)
    centre = (points.min(0) + points.max(0)) / 2
    scale = 0.8 * side / max(np.ptp(points, axis=0).max(), 1e-3)
    picture = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(picture)
    for stroke in piece.strokes:
        path = [tuple(p) for p in (stroke - centre) * scale + side / 2]
        draw.line(path if len(path) > 1 else path * 2, fill=255, width=round(1.5 * LARGER))
    picture = picture.filter(ImageFilter.GaussianBlur(1.25 * LARGER)).resize((SIDE, SIDE), Image.Resampling.BOX)
    vector = np.asarray(picture, np.float64).ravel()
    vector -= vector.mean()
    return vector / max(np.linalg.norm(vector), 1e-9)


def believable(found: list[tuple[str, list[Piece]]]) -> list[tuple[str, Piece]]:
    """The pieces that look like what they are to be; punctuation is taken as it is.

    A piece is compared with everyone else's, or, where there is but one writer, with all others. It must be more like
    its character than like any other, by the two of each that are most alike; among the ten most alike there must be
    some of its own (a K of which the window saw the upright only is like other such, but far more are an I); and it
    must not be much wider than others. The second of a character's pieces counts where the first does not.
    """
    result = [(c, pieces[0]) for c, pieces in found if c in PUNCTUATION]
    rare = [(c, pieces) for c, pieces in found if c not in PUNCTUATION]
    if not rare:
        return result
    labels = np.array([c for c, _ in rare])
    writers = np.array([pieces[0].writer for _, pieces in rare])
    known = np.stack([look(pieces[0]) for _, pieces in rare])
    classes, many = sorted(set(labels)), len(set(writers)) > 1
    proportions = np.array([pieces[0].width / pieces[0].tall for _, pieces in rare])
    usual = {c: float(np.median(proportions[labels == c])) for c in classes}

    def like(place: int, character: str, piece: Piece) -> float | None:
        """How much more it looks like its character than like any other; `None` if it does not count."""
        own = writers == piece.writer if many else np.arange(len(rare)) == place
        alike, kinds = (known @ look(piece))[~own], labels[~own]
        scores = {c: float(np.sort(alike[kinds == c])[-2:].mean()) for c in classes if c in kinds}
        same = {character}.union(*(pair for pair in ALIKE if character in pair))
        others = max((score for c, score in scores.items() if c not in same), default=-1.0)
        near = np.isin(kinds[np.argsort(-alike)[:NEAREST]], list(same)).sum()
        good = (
            character in scores
            and scores[character] > others - DOUBT
            and near >= min(ENOUGH, np.isin(kinds, list(same)).sum())
            and piece.width / piece.tall < max(WIDER * usual[character], usual[character] + WIDER_BY)
        )
        return scores[character] - others if good else None

    margins: dict[str, list[tuple[float, Piece]]] = {}
    for place, (character, pieces) in enumerate(rare):
        judged = ((like(place, character, piece), piece) for piece in pieces)
        kept = next(((margin, piece) for margin, piece in judged if margin is not None), None)
        if kept:
            margins.setdefault(character, []).append(kept)
    for character, kept in margins.items():
        kept.sort(key=lambda one: -one[0])
        result += [(character, piece) for _, piece in kept[: max(FEW, round(CLEAREST * len(kept)))]]
    return result
