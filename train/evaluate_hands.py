"""Measure learnt hands on writers whom the network never saw: log-loss, identification, legibility, runaways.

    python -m train.evaluate_hands --data data/iam.npz --weights weights/synthesis.safetensors
    python -m train.evaluate_hands … --half choose --lines 4 --recipe '{"bias_rate": 0.01}' --strengths 0.6 1

The program of `tools/adapt.rs` learns a hand from K lines of each writer, reads lines of other forms with it, and
writes sentences, with the checks that the page has. Of the twenty validation writers eight are for choosing settings
(`--half choose`), the other twelve for reporting (`--half report`). No ink is written to a file, other than with
`--sheet`, a picture for one's own eyes.

Columns: `log-loss` is on the grid, in nats a line, on `--read` lines of other forms; `gain` what it is lower than
without a hand; `identified` the share of written lines whose nearest writer, by 31 statistics of the ink, is the one
learnt from (`evaluate/hand_features.py`; real lines of other forms in the last row); `CER` what tesseract reads
wrongly; `runaway` lines that did not end by themselves; `faults` words with a fault that the check left; `rewritten`
words written again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from train.data.packed import read_packed
from train.evaluate.drawing import draw_grid
from train.evaluate.hand_features import NearestWriter, ink_statistics
from train.evaluate.legibility import ReadingErrors, read_lines, reading_errors, tesseract_version
from train.evaluate.line_writer import ROOT
from train.evaluate.tables import markdown_table, progress

#: The program, run in the repository's root.
COMMAND = "cargo run --quiet --release --example adapt --"

#: What each hand writes. Nobody trained on these.
SENTENCES = [
    "Nobody told the gardener about it",
    "We left quite early, before seven",
    "Jack keeps five dozen old boxes",
    "She wrote: meet me at the river",
    "a quiet voice from the next room",
    "The 24 ships sailed in March 1906",
]


def strokes_of(offsets: np.ndarray) -> list[np.ndarray]:
    """Strokes `[n, 2]` of raw offsets `[T, 3]`."""
    path = np.concatenate([[[0.0, 0.0]], np.cumsum(offsets[:, :2].astype(np.float64), 0)])
    cuts = np.flatnonzero(np.concatenate([[0], offsets[:, 2]]) == 1) + 1
    return [stroke for stroke in np.split(path, cuts) if len(stroke)]


def offsets_of(strokes: list[list[list[float]]]) -> np.ndarray:
    """Offsets `[T, 3]` of strokes, the first point left out."""
    points = np.concatenate([np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes])
    pen = np.concatenate([[*np.zeros(len(stroke) - 1), 1] for stroke in strokes])
    return np.column_stack([np.diff(points, axis=0), pen[1:]])


def legibility(texts: list[str], strokes: list[list[np.ndarray]]) -> ReadingErrors:
    """What tesseract reads wrongly."""
    return reading_errors(texts, read_lines(strokes, os.cpu_count() or 1))


class Writers:
    """The validation lines of a half of the writers: by writer and form."""

    def __init__(self, path: Path, half: str, most: int) -> None:
        packed, _ = read_packed(path)
        forms: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, (name, writer, split) in enumerate(zip(packed.names, packed.writers, packed.splits, strict=True)):
            if split == "valid" and writer:
                forms[writer][name.rsplit("-", 1)[0]].append(index)
        names = sorted(writer for writer in forms if len(forms[writer]) > 2)
        # Two of each five choose.
        chosen = [
            name for place, name in enumerate(names) if half == "all" or (place % 5 in (0, 2)) == (half == "choose")
        ]
        self.packed, self.forms, self.names = packed, forms, chosen[:most]

    def lines(self, writer: str) -> tuple[list[int], list[int]]:
        """Lines to learn from, of a first form (and a second one if that is short), and lines of the other forms."""
        own = list(self.forms[writer].values())
        first = 1 if len(own[0]) >= 4 else 2
        return [line for form in own[:first] for line in form], [line for form in own[first:] for line in form]


def ask(args, job: dict) -> dict:
    """The program's answer to one job."""
    result = subprocess.run(
        [*shlex.split(args.program), str(args.weights.resolve())],
        cwd=ROOT,
        input=json.dumps(job) + "\n",
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    if result.returncode:
        raise SystemExit(f"{args.program}: ended with {result.returncode}")
    return json.loads(result.stdout)


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare_corpus")
    parser.add_argument("--weights", type=Path, default=Path("weights/synthesis.safetensors"))
    parser.add_argument("--half", choices=("choose", "report", "all"), default="report")
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 2, 4], help="lines K that are learnt from")
    parser.add_argument("--writers", type=int, default=100, help="at most so many writers")
    parser.add_argument("--read", type=int, default=10, help="lines that the log-loss is measured on, for each writer")
    parser.add_argument("--sentences", type=int, default=len(SENTENCES), help="how many are written; 0 for none")
    parser.add_argument("--recipe", type=json.loads, default={}, help="settings of adapt::Recipe, as JSON")
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.8], help="how much of the hand, 0 to 1")
    parser.add_argument("--bias", type=float, default=0.75)
    parser.add_argument("--attempts", type=int, default=4, help="how often a word may be written again")
    parser.add_argument("--no-prime", action="store_true", help="do not go on from the first line that was learnt from")
    parser.add_argument("--no-baseline", action="store_true", help="leave out writing without a hand")
    parser.add_argument("--no-ocr", action="store_true", help="leave out the legibility")
    parser.add_argument("--sheet", type=Path, help="draw real and written lines here; never commit it")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--program", default=COMMAND)
    return parser.parse_args()


class Row:
    """Measures of one setting, summed over the writers."""

    def __init__(self) -> None:
        self.nats, self.points, self.seconds = [], [], []
        self.identified, self.runaways, self.faults, self.rewritten = [], 0, 0, 0
        self.texts, self.strokes = [], []

    def add(self, result: dict, seconds: float, writer: str, nearest: NearestWriter) -> None:
        """One writer's answer."""
        self.nats.append(result["log_loss"]["line"])
        self.points.append(result["log_loss"]["point"])
        self.seconds.append(seconds)
        for line in result["written"]:
            strokes = [stroke for stroke in line["strokes"] if stroke]
            self.runaways += line["finish"] == "Cap"
            self.faults += len(line["broken"])
            self.rewritten += line["rewritten"]
            if sum(map(len, strokes)) > 10:
                self.identified.append(nearest.nearest(ink_statistics(offsets_of(strokes))) == writer)
                self.texts.append(line["text"])
                self.strokes.append([np.asarray(stroke) for stroke in strokes])
            else:
                self.identified.append(False)

    def cells(self, baseline: float | None, ocr: bool) -> list[str]:
        """Of the table."""
        nats = float(np.mean(self.nats))
        cells = [f"{nats:.1f}", "" if baseline is None else f"{baseline - nats:+.1f}"]
        if not self.identified:
            return [*cells, "", "", "", "", "", f"{np.mean(self.seconds):.1f}"]
        read = legibility(self.texts, self.strokes) if ocr else None
        return [
            *cells,
            f"{100 * np.mean(self.identified):.0f} %",
            f"{read.rate:.3f}" if read else "",
            f"{self.runaways} of {len(self.identified)}",
            str(self.faults),
            str(self.rewritten),
            f"{np.mean(self.seconds):.1f}",
        ]


def main() -> None:
    """Print the table."""
    args = parse_arguments()
    ocr = not args.no_ocr and args.sentences > 0
    if ocr:
        tesseract_version()
    writers = Writers(args.data, args.half, args.writers)
    packed = writers.packed
    others = {name: writers.lines(name)[1] for name in writers.names}
    known = [(ink_statistics(packed.points[line]), name) for name, lines in others.items() for line in lines]
    statistics, owners = np.stack([row for row, _ in known]), [name for _, name in known]
    nearest = NearestWriter(statistics, owners)

    def line_of(index: int) -> dict:
        return {"text": packed.texts[index], "points": packed.points[index].tolist()}

    rows: dict[str, Row] = defaultdict(Row)
    jobs = [] if args.no_baseline else [(name, 0) for name in writers.names]
    jobs += [(name, count) for count in args.lines for name in writers.names]

    def measure(job: tuple[str, int]) -> tuple[str, int, dict]:
        name, count = job
        learn, rest = writers.lines(name)
        spread = [rest[i] for i in np.linspace(0, len(rest) - 1, args.read).astype(int)]
        asked = {
            "learn": [line_of(line) for line in learn[:count]],
            "read": [line_of(line) for line in spread],
            "write": SENTENCES[: args.sentences],
            "recipe": args.recipe,
            "strengths": args.strengths if count else [0.0],
            "bias": args.bias,
            "attempts": args.attempts,
            "prime": bool(count) and not args.no_prime,
            "threads": 1,
        }
        return name, count, ask(args, asked)

    answers = []
    with ThreadPoolExecutor(args.processes) as pool:
        for name, count, answer in pool.map(measure, jobs):
            answers.append((name, count, answer))
            for result in answer["results"]:
                label = f"K = {count}, strength {result['strength']:g}" if count else "no hand"
                rows[label].add(result, answer["seconds"], name, nearest)
            progress(f"{name}, K = {count}: {answer['seconds']:.1f} s")
    baseline = np.mean(rows["no hand"].nats) if "no hand" in rows else None
    table = [[label, *row.cells(None if label == "no hand" else baseline, ocr)] for label, row in rows.items()]
    # Real lines, each against what the others say.
    hits = []
    for index in range(0, len(known), 4):
        rest = [i for i in range(len(known)) if i != index]
        hits.append(
            NearestWriter(statistics[rest], [owners[i] for i in rest]).nearest(statistics[index]) == owners[index]
        )
    real = [line for lines in others.values() for line in lines[:6]]
    cer = ""
    if ocr:
        drawn = [strokes_of(packed.points[line]) for line in real]
        cer = f"{legibility([packed.texts[line] for line in real], drawn).rate:.3f}"
    table.append(["their own lines", "", "", f"{100 * np.mean(hits):.0f} %", cer, "", "", "", ""])
    columns = ["", "log-loss", "gain", "identified", "CER", "runaway", "faults", "rewritten", "seconds"]
    print(f"{len(writers.names)} writers ({args.half}); recipe {json.dumps(args.recipe)}\n")
    print(markdown_table(columns, table))
    if args.sheet:
        cells = []
        for name, count, answer in answers:
            if count:
                cells.append((strokes_of(packed.points[writers.lines(name)[0][0]]), f"{name}, real"))
                for result in answer["results"]:
                    for line in result["written"][:2]:
                        strokes = [np.asarray(stroke) for stroke in line["strokes"] if stroke]
                        cells.append((strokes, f"{name}, K = {count}, strength {result['strength']:g}"))
        draw_grid(args.sheet, cells, 1 + 2 * len(args.strengths))


if __name__ == "__main__":
    main()
