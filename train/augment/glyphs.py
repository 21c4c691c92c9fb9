"""Glyphs: single characters that people wrote, cut out of their lines.

The window of a trained network assigns each point to a character (`network.alignment`), but not always rightly: it has
often moved on when the bar of a 4 or an A is drawn, which would leave an L of the 4. So strokes that overlap
horizontally are taken for one character whatever the alignment says, and a glyph is used only if it looks more like
that character in other people's hands than like any other character.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from train.data.alphabet import CAPITALS, DIGITS

#: x-height, as a multiple of the median distance of a line's points from its midline.
X_HEIGHT = 3.4
#: Half the length of the stretch whose median is the midline, in x-heights.
MIDLINE_REACH = 5.0
#: Largest width and height of a dot, in x-heights.
LARGEST_DOT = 0.3
PUNCTUATION = ".,:;!?()-/+'\""
#: Fewest strokes of punctuation; the window often counts a dot with the next character.
STROKES = {"!": 2, "?": 2, ":": 2, ";": 2, '"': 2}

#: Digits that are written in one stroke: another one is of the character beside it.
ONE_STROKE = "012369"
#: How far the bar of a 4 must reach beyond its upright, in heights of the 4: otherwise it may look like u, y or 9.
BAR_OVERSHOOT = 0.12

#: Characters that may be written alike: each counts as the other's class.
LOOKALIKES = [{"0", "O"}, {"1", "I"}, {"5", "S"}, {"2", "Z"}, {"U", "V"}, {"D", "0"}, {"D", "O"}]
#: How much more like another character a glyph may look: some characters have few examples to compare with.
SIMILARITY_TOLERANCE = 0.02
#: Of the `NEIGHBOURS` most similar glyphs, `MIN_SAME` must be of the same character.
NEIGHBOURS, MIN_SAME = 10, 2
#: Largest ratio of width to height: this factor times the character's median, or this much above it. A wider glyph
#: includes part of its neighbour.
MAX_WIDTH_FACTOR, MAX_WIDTH_EXCESS = 1.3, 0.2
#: Share of a character's accepted glyphs that is kept, the least ambiguous ones, and the fewest that are kept.
KEPT_SHARE, MIN_KEPT = 0.6, 20
#: Side of the image that is compared, in pixels, and the factor by which it is drawn larger first.
IMAGE_SIDE, OVERSAMPLING = 24, 4


@dataclass
class SegmentedLine:
    """A line in whiteboard units (y down): strokes `[n, 2]`, and for each the `[n]` text index of its points.

    `slant` is dx per unit upward, `spacing` the median distance between successive points.
    """

    text: str
    writer: str
    strokes: list[np.ndarray]
    characters: list[np.ndarray]
    x_height: float
    slant: float
    spacing: float

    def midline(self, x: float) -> float:
        """y of the middle of the small letters near `x`."""
        points = np.concatenate(self.strokes)
        near = np.abs(points[:, 0] - x) < MIDLINE_REACH * self.x_height
        return float(np.median(points[near if near.sum() > 20 else slice(None), 1]))

    def stroke_characters(self) -> list[int]:
        """For each stroke the text index that most of its points belong to."""
        return [int(np.median(c)) for c in self.characters]


@dataclass
class Glyph:
    """One character in units of its line's x-height: x from its left edge, y from the midline, downward."""

    writer: str
    slant: float
    strokes: list[np.ndarray]

    @property
    def width(self) -> float:
        """Width of the ink."""
        return float(max(s[:, 0].max() for s in self.strokes))

    @property
    def height(self) -> float:
        """Height of the ink."""
        return float(np.ptp(np.concatenate(self.strokes)[:, 1]))


def segment_line(rows: np.ndarray, text: str, writer: str, characters: np.ndarray) -> SegmentedLine:
    """Strokes and measures of a packed line `rows` `[T, 3]`; `characters` `[T]` as from `align_corpus`."""
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(rows[:, :2].astype(np.float64), axis=0)])
    ends = np.flatnonzero(np.concatenate([[0], rows[:, 2]])) + 1
    assigned = np.concatenate([characters[:1], characters])
    strokes = [s for s in np.split(path, ends) if len(s)]
    # A running midline, for the line may climb or fall.
    places = np.arange(path[:, 0].min(), path[:, 0].max() + 500, 500.0)
    near = [np.abs(path[:, 0] - x) < 1000 for x in places]
    medians = [np.median(path[mask, 1]) if mask.any() else np.median(path[:, 1]) for mask in near]
    midline = np.interp(path[:, 0], places, medians)
    x_height = X_HEIGHT * float(np.median(np.abs(path[:, 1] - midline))) + 1.0
    moves = np.concatenate([np.diff(s, axis=0) for s in strokes if len(s) > 1] or [np.zeros((1, 2))])
    steep = moves[np.abs(moves[:, 1]) > np.abs(moves[:, 0])]
    slant = float(-np.sum(steep[:, 0] * steep[:, 1]) / max(1.0, np.sum(steep[:, 1] ** 2))) if len(steep) else 0.0
    spacing = float(np.median(np.hypot(*moves.T)))
    of_strokes = [a for a in np.split(assigned, ends) if len(a)]
    return SegmentedLine(text, writer, strokes, of_strokes, x_height, slant, spacing)


def candidate_glyphs(line: SegmentedLine) -> list[tuple[str, list[Glyph]]]:
    """The digits, capitals and punctuation of a line that are written apart from their neighbours.

    Each comes with its candidates: one, or for a digit or capital a second one that includes the next stroke.
    """
    found = []
    assigned = line.stroke_characters()
    low, high = ([edge(s[:, 0]) for s in line.strokes] for edge in (np.min, np.max))
    for index, character in enumerate(line.text):
        own = [k for k, m in enumerate(assigned) if m == index]
        if character not in DIGITS + CAPITALS + PUNCTUATION or not own or own != list(range(own[0], own[-1] + 1)):
            continue
        share = np.mean(np.concatenate([line.characters[k] for k in own]) == index)
        if character in PUNCTUATION:
            glyph = _glyph(line, range(own[0], own[-1] + 1))
            whole = len(own) >= STROKES.get(character, 1)
            if share > 0.6 and whole and glyph.width < 1.5 and glyph.height < 3:
                found.append((character, [glyph]))
            continue
        first, last = own[0], own[-1]
        left, right = min(low[first : last + 1]), max(high[first : last + 1])
        overlapping = [left < (a + b) / 2 < right for a, b in zip(low, high, strict=True)]
        while last + 1 < len(overlapping) and overlapping[last + 1]:
            last += 1
        while first > 0 and overlapping[first - 1]:
            first -= 1
        spans = [range(first, last + 1)]
        if last + 1 < len(overlapping):
            spans.append(range(first, last + 2))
        glyphs = [without_dots(_glyph(line, span)) for span in spans if _separate(line, span, low, high)]
        glyphs = [g for g in glyphs if _plausible_size(g) and well_formed(character, g)]
        if glyphs and share > 0.8:
            found.append((character, glyphs))
    return found


def _glyph(line: SegmentedLine, span: range) -> Glyph:
    """The strokes `span` of the line as a glyph."""
    points = np.concatenate([line.strokes[k] for k in span])
    left, right = points[:, 0].min(), points[:, 0].max()
    origin = np.array([left, line.midline((left + right) / 2)])
    return Glyph(line.writer, line.slant, [(line.strokes[k] - origin) / line.x_height for k in span])


def without_dots(glyph: Glyph) -> Glyph:
    """A capital or digit without strokes that are dots: a full stop behind it, or the dot of an i taken for an I."""
    kept = [s for s in glyph.strokes if np.ptp(s, axis=0).max() > LARGEST_DOT]
    if len(kept) == len(glyph.strokes) or not kept:
        return glyph
    return replace(glyph, strokes=[s - [min(k[:, 0].min() for k in kept), 0.0] for s in kept])


def well_formed(character: str, glyph: Glyph) -> bool:
    """Whether the glyph has the strokes that its digit needs to be read; anything else passes."""
    if character in ONE_STROKE:
        return len(glyph.strokes) == 1
    if character != "4":
        return True
    if len(glyph.strokes) != 2:
        return False
    angle, upright = glyph.strokes
    # Where the upright passes the end of the bar.
    bar = angle[np.argmax(angle[:, 0])]
    crossing = upright[np.argmin(np.abs(upright[:, 1] - bar[1]))]
    inside = upright[:, 1].min() < bar[1] < upright[:, 1].max()
    return bool(inside and bar[0] - crossing[0] > BAR_OVERSHOOT * glyph.height)


def _separate(line: SegmentedLine, span: range, low: list[float], high: list[float]) -> bool:
    """Whether no other stroke of the line overlaps these horizontally; `low` and `high` are the strokes' edges."""
    left, right = min(low[k] for k in span), max(high[k] for k in span)
    slack = 0.1 * line.x_height
    others = [k for k in range(len(low)) if k not in span]
    return not any(low[k] < right - slack and high[k] > left + slack for k in others)


def _plausible_size(glyph: Glyph) -> bool:
    """Whether a digit or a capital may have this size."""
    return sum(map(len, glyph.strokes)) >= 5 and 0.9 < glyph.height < 3.5 and glyph.width < 2.2


def shape_descriptor(glyph: Glyph) -> np.ndarray:
    """A small blurred image of the glyph as a vector of mean 0 and length 1; dot products measure similarity.

    Invariant to size and place, but not to proportions.
    """
    side = IMAGE_SIDE * OVERSAMPLING
    points = np.concatenate(glyph.strokes)
    centre = (points.min(0) + points.max(0)) / 2
    scale = 0.8 * side / max(np.ptp(points, axis=0).max(), 1e-3)
    image = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(image)
    for stroke in glyph.strokes:
        path = [tuple(p) for p in (stroke - centre) * scale + side / 2]
        draw.line(path if len(path) > 1 else path * 2, fill=255, width=round(1.5 * OVERSAMPLING))
    blurred = image.filter(ImageFilter.GaussianBlur(1.25 * OVERSAMPLING))
    vector = np.asarray(blurred.resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BOX), np.float64).ravel()
    vector -= vector.mean()
    return vector / max(np.linalg.norm(vector), 1e-9)


def select_glyphs(found: list[tuple[str, list[Glyph]]]) -> list[tuple[str, Glyph]]:
    """The glyphs that look like their character, from the results of `candidate_glyphs`; punctuation is not checked.

    A glyph is compared with those of all other writers, or with all others if there is only one writer. It is accepted
    if its two most similar glyphs of its own character are more similar than the two of any other character, if the
    ten most similar glyphs include some of its own character (a K whose alignment covers the upright only resembles
    other such Ks, but far more Is), and if it is not much wider than others of its character. A second candidate
    counts where the first is refused. Of each character's accepted glyphs the least ambiguous are kept.
    """
    result = [(c, glyphs[0]) for c, glyphs in found if c in PUNCTUATION]
    checked = [(c, glyphs) for c, glyphs in found if c not in PUNCTUATION]
    if not checked:
        return result
    labels = np.array([c for c, _ in checked])
    writers = np.array([glyphs[0].writer for _, glyphs in checked])
    descriptors = np.stack([shape_descriptor(glyphs[0]) for _, glyphs in checked])
    classes, several_writers = sorted(set(labels)), len(set(writers)) > 1
    proportions = np.array([glyphs[0].width / glyphs[0].height for _, glyphs in checked])
    median_proportion = {c: float(np.median(proportions[labels == c])) for c in classes}

    def margin_of(place: int, character: str, glyph: Glyph) -> float | None:
        """How much more similar it is to its character than to any other; `None` if it is refused."""
        own = writers == glyph.writer if several_writers else np.arange(len(checked)) == place
        similarity, others = (descriptors @ shape_descriptor(glyph))[~own], labels[~own]
        scores = {c: float(np.sort(similarity[others == c])[-2:].mean()) for c in classes if c in others}
        same = {character}.union(*(pair for pair in LOOKALIKES if character in pair))
        best_other = max((score for c, score in scores.items() if c not in same), default=-1.0)
        same_near = np.isin(others[np.argsort(-similarity)[:NEIGHBOURS]], list(same)).sum()
        median = median_proportion[character]
        accepted = (
            character in scores
            and scores[character] > best_other - SIMILARITY_TOLERANCE
            and same_near >= min(MIN_SAME, np.isin(others, list(same)).sum())
            and glyph.width / glyph.height < max(MAX_WIDTH_FACTOR * median, median + MAX_WIDTH_EXCESS)
        )
        return scores[character] - best_other if accepted else None

    margins: dict[str, list[tuple[float, Glyph]]] = {}
    for place, (character, glyphs) in enumerate(checked):
        judged = ((margin_of(place, character, glyph), glyph) for glyph in glyphs)
        accepted = next(((margin, glyph) for margin, glyph in judged if margin is not None), None)
        if accepted:
            margins.setdefault(character, []).append(accepted)
    for character, accepted in margins.items():
        accepted.sort(key=lambda one: -one[0])
        result += [(character, glyph) for _, glyph in accepted[: max(MIN_KEPT, round(KEPT_SHARE * len(accepted)))]]
    return result
