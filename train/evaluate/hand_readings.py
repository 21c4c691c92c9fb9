"""How well each hand is read, by two programs, and what it looks like in numbers."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from train.evaluate.legibility import draw_line, reading_errors, run_tesseract
from train.evaluate.tables import markdown_table

#: What every hand writes. Nobody trained on these.
SENTENCES = [
    "The gardener kept quiet about the broken gate",
    "We left early, before seven, and missed the rain",
    "Jack found five dozen old boxes in the attic",
    "Her letters are the best part of the week",
    "Could you bring the blue umbrella on Monday?",
    "A small boat waited under the bridge all night",
    "Nothing much has happened here since Tuesday",
    "Please write soon; everyone sends their love",
    "The kitchen smells of bread, coffee and soap",
    "My brother plays the violin when it snows",
    "They walked home slowly along the quiet river",
    "Wind and weather have no wish to please us",
    "He paid 24 pounds for a lamp that never worked",
    "Quick thinking saved the ship from the rocks",
    "It was Peter who opened the window first",
    "Why did nobody answer the telephone?",
    "Seven zebras crossed the dusty yellow plain",
    "I shall be back by the 15th of October 1987",
    "Thank you for the beautiful card from Lisbon",
    "The doctor's hands were cold, but very steady",
    "Every morning a fox sits by the garden wall",
    "You must taste the plum jam that Nora made",
    "London was grey; the parks were full of light",
    "Keep this between us: the plan has changed",
]

#: Sentences with digits and signs, likewise.
NUMBERS = [
    "The train at 10:45 reached Hull by 12:20",
    "Two tickets cost $38.50 and lunch was $17.25",
    "Call me on 555-0142 after 6:30 tonight",
    "Flat #12, 48 Mill Lane, opens at 9:15",
    "Add 250 g of sugar & 3 eggs to the bowl",
    "Only 64% of the 1,300 seats were taken",
    "Born on 27 March 1958; retired in 2019",
    "Our new room is B207 on the 4th floor",
    "The bill came to $1,246.80 (tax: 8%)",
    "Bus 73 leaves at 7:05, 7:35 and 8:05",
    "Smith & Sons sold 95 lamps in 1984",
    "Order #3906 weighs 14.7 kg in all",
    "CO2 rose by 2.4% between 2010 and 2020",
    "Meet us at gate 16 no later than 18:40",
    "Page 215: see notes 3, 7 and 11",
    "The score was 3:2 after 90 minutes",
    "MIT was founded in 1861, not in 1865",
    "Send 50 to A. Jones & keep the other 45",
    "He ran 42.2 km in 3 hours 47 minutes",
    "Room 8 is free from 2026-07-14 on",
    "From 5 to 9% of all 860 letters got lost",
    "His PIN was 7394, mine is 2068",
    "Mix 1/2 cup of oil with 3/4 cup of milk",
    "It cost 19.99 then; today it is 34.50",
]

#: Words that rapidocr reads at a time: its network squeezes longer pictures.
WORDS_AT_ONCE = 3
#: A full stop of another script, which it prints as well.
IDEOGRAPHIC_STOP = "\u3002"

#: A line's words, each of strokes `[n, 2]`.
Line = Sequence[Sequence[np.ndarray]]


def tesseract_reader(processes: int) -> Callable[[Sequence[Line]], list[str]]:
    """Reads lines with tesseract, so many at a time."""

    def read(lines: Sequence[Line]) -> list[str]:
        with ThreadPoolExecutor(processes) as pool:
            return list(pool.map(lambda line: run_tesseract(draw_line([s for word in line for s in word])), lines))

    return read


def rapidocr_reader() -> Callable[[Sequence[Line]], list[str]] | None:
    """Reads lines with the package rapidocr-onnxruntime, which brings its networks; `None` where it is missing."""
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        return None
    program = RapidOCR(intra_op_num_threads=os.cpu_count() or 1)

    def picture(line: Line) -> str:
        image = np.stack([np.asarray(draw_line([s for word in line for s in word]))] * 3, axis=-1)
        found, _ = program(image, use_det=False, use_cls=False, use_rec=True)
        return found[0][0] if found else ""

    def read(lines: Sequence[Line]) -> list[str]:
        parts = [[line[i : i + WORDS_AT_ONCE] for i in range(0, len(line), WORDS_AT_ONCE)] for line in lines]
        found = [" ".join(map(picture, of_line)).replace(IDEOGRAPHIC_STOP, ".") for of_line in parts]
        # It prints some signs in another width.
        return [unicodedata.normalize("NFKC", text) for text in found]

    return read


@dataclass
class HandReading:
    """One hand: characters wrong by reader, and measures of its ink."""

    wrong: dict[str, float]  # share of the characters
    strokes: float  # for each letter and digit: joined hands have few
    slant: float  # degrees to the right that downward moves lean
    width: float  # of a character, blanks included, in x-heights

    @staticmethod
    def of(texts: Sequence[str], lines: Sequence[Line], readers: dict, x_height: float) -> HandReading:
        """Read the `lines` of the `texts`, in which an x is `x_height` high."""
        wrong = {name: reading_errors(texts, read(lines)).rate for name, read in readers.items()}
        strokes = [stroke for line in lines for word in line for stroke in word]
        letters = sum(character.isalnum() for text in texts for character in text)
        moves = np.concatenate([np.diff(stroke, axis=0) for stroke in strokes])
        down = moves[moves[:, 1] > np.abs(moves[:, 0]) / 2]
        slant = np.degrees(np.arctan2(-down[:, 0].sum(), down[:, 1].sum()))
        extents = [np.ptp(np.concatenate([stroke for word in line for stroke in word])[:, 0]) for line in lines]
        width = sum(extents) / sum(map(len, texts)) / x_height
        return HandReading(wrong, len(strokes) / letters, float(slant), float(width))


def table(readings: Sequence[tuple[str, HandReading]]) -> str:
    """A row for each hand, and their mean."""
    names = [*readings[0][1].wrong]

    def cells(title: str, wrong: dict[str, float], *measures: str) -> list[str]:
        return [title, *(f"{100 * wrong[name]:.1f} %" for name in names), *measures]

    rows = [
        cells(hand, one.wrong, f"{one.strokes:.2f}", f"{one.slant:.0f}°", f"{one.width:.2f}") for hand, one in readings
    ]
    mean = {name: float(np.mean([one.wrong[name] for _, one in readings])) for name in names}
    rows.append(cells("mean", mean, "", "", ""))
    return markdown_table(["hand", *names, "strokes a letter", "slant", "width of a character"], rows)
