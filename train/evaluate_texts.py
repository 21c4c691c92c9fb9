"""Measure what visitors get: hands that can be read, accents in other languages, missing or extra marks.

    python -m train.evaluate_texts hands --hands all
    python -m train.evaluate_texts hands --numbers --seeds 3    # sentences with digits and signs
    python -m train.evaluate_texts languages --hands Upright Round
    python -m train.evaluate_texts languages --texts FOLDER     # FOLDER/deu.txt: sentences, one a line
    python -m train.evaluate_texts marks --hands all --seeds 10 "www.aaa.com" "CO2"

Texts are written by the command `running-hand`, whose composed marks lines of the network alone lack. Hands are read by
tesseract, and by rapidocr where the package `rapidocr-onnxruntime` is installed; languages by tesseract with their own
data. All print a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from train.evaluate.hand_readings import NUMBERS, HandReading, rapidocr_reader, tesseract_reader
from train.evaluate.hand_readings import SENTENCES as ENGLISH
from train.evaluate.hand_readings import table as table_of_hands
from train.evaluate.languages import SENTENCES, Reading, table
from train.evaluate.legibility import draw_line, run_tesseract, tesseract_version
from train.evaluate.marks import TEXTS, wrong_marks
from train.evaluate.tables import progress
from train.evaluate.text_writer import COMMAND, X_HEIGHT, TextWriter


def read_texts(folder: Path | None) -> dict[str, list[str]]:
    """Sentences by language, of a folder or else `SENTENCES`."""
    if folder is None:
        return SENTENCES
    files = sorted(folder.glob("*.txt"))
    lines = {file.stem: file.read_text(encoding="utf-8").splitlines() for file in files}
    texts = {language: [line for line in found if line.strip()] for language, found in lines.items()}
    if not any(texts.values()):
        raise SystemExit(f"{folder}: no file such as deu.txt holds a line")
    return texts


#: On which the widest hand has a sentence on a line.
WIDE_PAPER = "1800x1800mm"


def hands_read(args: argparse.Namespace, writer: TextWriter, hands: Sequence[str]) -> None:
    """Print what is read wrongly of each hand."""
    readers = {"tesseract": tesseract_reader(args.processes)}
    if rapidocr := rapidocr_reader():
        readers["rapidocr"] = rapidocr
    texts = NUMBERS if args.numbers else ENGLISH
    if args.texts:
        texts = args.texts.read_text(encoding="utf-8").splitlines()
    print(f"{tesseract_version()}, neatness {args.bias:g}, seeds 1 to {args.seeds}, {len(texts)} sentences\n")
    readings = []
    for hand in hands:
        progress(hand)
        seeds = range(1, args.seeds + 1)
        lines = [line for seed in seeds for line in writer.words(texts, hand, seed, args.bias, WIDE_PAPER)]
        readings.append((hand, HandReading.of(texts * args.seeds, lines, readers, X_HEIGHT)))
    print(table_of_hands(readings))


def languages(args: argparse.Namespace, writer: TextWriter, hands: Sequence[str]) -> None:
    """Print how many accented letters come back."""
    print(f"{tesseract_version()}, neatness {args.bias:g}, seeds 1 to {args.seeds}\n")
    texts = read_texts(args.texts)
    for hand in hands:
        readings = []
        for language, sentences in texts.items():
            reading = Reading()
            progress(f"{hand}, {language}")
            for seed in range(1, args.seeds + 1):
                lines = writer.write(sentences, hand, seed, args.bias)
                with ThreadPoolExecutor(args.processes) as pool:
                    read = pool.map(lambda strokes, of=language: run_tesseract(draw_line(strokes), of), lines)
                    for text, found in zip(sentences, read, strict=True):
                        reading.add(text, found)
            readings.append((language, reading))
        print(f"{hand}\n\n{table(readings)}\n")


def marks(args: argparse.Namespace, writer: TextWriter, hands: Sequence[str]) -> None:
    """Print how many marks are missing and how many are too many."""
    texts = args.text or TEXTS
    found = {text: [0, 0] for text in texts}
    worst: dict[str, int] = {}
    for hand in hands:
        progress(hand)
        for seed in range(1, args.seeds + 1):
            for text, strokes in zip(texts, writer.write(texts, hand, seed, args.bias), strict=True):
                missing, extra = wrong_marks(text, strokes)
                found[text][0] += missing
                found[text][1] += extra
                worst[hand] = worst.get(hand, 0) + missing + extra
                if args.list and (missing or extra):
                    print(f"{hand}, seed {seed}, {text}: {missing} missing, {extra} extra")
    lines = len(hands) * args.seeds
    print(f"{len(hands)} hands, seeds 1 to {args.seeds}, neatness {args.bias:g}: {lines} lines of each text\n")
    print("| text | missing | extra |\n| --- | --- | --- |")
    for text, (missing, extra) in found.items():
        print(f"| `{text}` | {missing} | {extra} |")
    print("\n" + ", ".join(f"{hand} {count}" for hand, count in sorted(worst.items(), key=lambda pair: -pair[1])))


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--hands", nargs="+", default=["Upright"], help='names of hands, or "all"')
    common.add_argument("--bias", type=float, default=0.75, help="neatness")
    common.add_argument("--weights", type=Path, help="weights file; that of the repository by default")
    common.add_argument("--command", default=COMMAND, help="the command running-hand, see evaluate/text_writer.py")
    commands = parser.add_subparsers(dest="measure", required=True)
    legible = commands.add_parser("hands", parents=[common], help="characters of each hand that are read wrongly")
    sentences = legible.add_mutually_exclusive_group()
    sentences.add_argument("--texts", type=Path, help="file of English sentences, one a line")
    sentences.add_argument("--numbers", action="store_true", help="sentences with digits and signs")
    legible.add_argument("--seeds", type=int, default=1, help="how many seeds, from 1 on")
    legible.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="lines read at a time")
    accents = commands.add_parser("languages", parents=[common], help="accents of other languages")
    accents.add_argument("--texts", type=Path, help="folder of files such as deu.txt, a sentence a line")
    accents.add_argument("--seeds", type=int, default=1, help="how many seeds, from 1 on")
    accents.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="lines read at a time")
    stray = commands.add_parser("marks", parents=[common], help="missing and extra marks")
    stray.add_argument("--seeds", type=int, default=10, help="how many seeds, from 1 on")
    stray.add_argument("--list", action="store_true", help="name each line that is wrong")
    stray.add_argument("text", nargs="*", help="texts, each of a line; some that went wrong by default")
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error("--seeds starts at 1")
    return args


def main() -> None:
    """Write, measure, print."""
    args = parse_arguments()
    writer = TextWriter(args.command, args.weights)
    hands = writer.hands() if args.hands == ["all"] else args.hands
    {"hands": hands_read, "languages": languages, "marks": marks}[args.measure](args, writer, hands)


if __name__ == "__main__":
    main()
