"""Measure weights files: log-loss, broken lines, legibility; and draw contact sheets.

    python -m train.evaluate_weights --data data/iam.npz --weights weights --out sheets \
        --trained runs/prediction/weights.safetensors --trained runs/synthesis/weights.safetensors
    python -m train.evaluate_weights --data data/iam.npz weights/prediction.safetensors weights/synthesis.safetensors

The first prints the whole report as Markdown and draws the sheets; `--without` leaves a section out. The second prints
the log-loss of the files only. README.md defines the measures. No ink of the validation lines is written to a file.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from train.evaluate.contact_sheets import character_sheet, hand_sheets, prediction_sheet, sentence_sheets
from train.evaluate.legibility import tesseract_version
from train.evaluate.line_writer import COMMAND, LineWriter
from train.evaluate.log_loss import FileLoss, log_loss_table, measure_file
from train.evaluate.priming import primed_log_loss
from train.evaluate.report import BIASES, characters_report, written_lines_report
from train.evaluate.tables import progress
from train.export.weights_file import read_weights

SECTIONS = ("loss", "broken", "legibility", "characters", "sheets")


def draw_sheets(args, writer: LineWriter, meta: dict, hands: str, prediction: LineWriter | None) -> None:
    """All contact sheets, in the folder `--out`."""
    args.out.mkdir(parents=True, exist_ok=True)
    for path in hand_sheets(writer, meta["styles"], args.attempts, args.out):
        progress(str(path))
    progress(str(character_sheet(writer, meta["alphabet"], hands, args.attempts, args.out)))
    for path in sentence_sheets(writer, meta["alphabet"], hands, BIASES, args.attempts, args.out):
        progress(str(path))
    if prediction:
        progress(str(prediction_sheet(prediction, BIASES, args.out)))


def choose_file(
    exported: Sequence[tuple[Path, dict]], kind: str, wanted: Path | None = None
) -> tuple[Path, dict] | None:
    """Path and metadata of the file that writes: `wanted`, or the smallest of its kind, which the page loads."""
    if wanted:
        return wanted, read_weights(wanted)[1]
    files = [(path, meta) for path, meta in exported if meta["kind"] == kind]
    return min(files, key=lambda file: file[0].stat().st_size, default=None)


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare_corpus")
    parser.add_argument("--weights", type=Path, help="folder of the exported files, for the whole report")
    parser.add_argument("--trained", type=Path, action="append", default=[], help="file as trained; may be repeated")
    parser.add_argument("--out", type=Path, help="folder for contact sheets; none are drawn without it")
    parser.add_argument("--without", action="append", default=[], choices=SECTIONS, help="leave a section out")
    parser.add_argument("--lines", type=int, help="log-loss of an even sample of so many lines instead of all")
    parser.add_argument("--sentences", type=int, default=500, help="how many held-out sentences are written")
    parser.add_argument("--legibility-lines", type=int, default=200, help="how many of them are read by tesseract")
    parser.add_argument("--attempts", type=int, default=4, help="how often a word may be written again")
    parser.add_argument("--synthesis", type=Path, help="file that writes; the smallest in --weights by default")
    parser.add_argument("--hands", help='"all" in turn, "none", or the name of one; all, where there are any')
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writer", default=COMMAND, help="program that writes lines, see evaluate/line_writer.py")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="lines read at a time")
    parser.add_argument("files", type=Path, nargs="*", help="files of which only the log-loss is measured")
    args = parser.parse_args()
    if bool(args.files) == bool(args.weights):
        parser.error("pass either --weights, or files to measure the log-loss of")
    if min(args.sentences, args.legibility_lines, args.processes) < 1 or args.attempts < 0:
        parser.error("--sentences, --legibility-lines and --processes start at 1, --attempts at 0")
    return args


def measure(path: Path, args: argparse.Namespace, integers: bool = True) -> FileLoss:
    """The losses of one file, in whole numbers or in f32, with a progress message."""
    progress(f"{path}: log-loss in {'integers' if integers else 'f32'}")
    return measure_file(path, args.data, args.lines, integers)


def main() -> None:
    """Print the report."""
    args = parse_arguments()
    if args.files:
        # A file as trained also in f32, which is what training measures.
        trained = [path for path in args.files if read_weights(path)[1]["quantisation"] == "f32"]
        losses = [measure(path, args, integers=False) for path in trained]
        print(log_loss_table([], losses + [measure(path, args) for path in args.files], published=False))
        return
    exported = [(path, read_weights(path)[1]) for path in sorted(args.weights.glob("*.safetensors"))]
    synthesis = choose_file(exported, "synthesis", args.synthesis)
    sections = [section for section in SECTIONS if section not in args.without and (section != "sheets" or args.out)]
    needs_writer = set(sections) - {"loss"}
    if needs_writer and not synthesis:
        raise SystemExit(f"{args.weights}: no synthesis network, which is needed to write")
    if {"legibility", "characters"} & set(sections):
        tesseract_version()  # fail now rather than after an hour
    report = []
    if "loss" in sections:
        trained = [measure(path, args, integers=False) for path in args.trained]
        report.append(log_loss_table(trained, [measure(path, args) for path, _ in exported], published=True))
        for path, meta in exported:
            if meta["kind"] == "synthesis":
                progress(f"{path}: log-loss behind another line")
                primed = primed_log_loss(path, args.data)
                report += [primed.sentence(path.name)] if primed else []
        report.append("[G] Graves 2013, arXiv 1308.0850. [H] Ha, Dai and Le 2016, arXiv 1609.09106.")
    if needs_writer:
        path, meta = synthesis
        writer = LineWriter(path, args.writer, args.seed)
        hands = args.hands or ("all" if meta["styles"] else "none")
        if {"broken", "legibility"} & set(sections):
            report += written_lines_report(args, writer, meta["alphabet"], hands)
        if "characters" in sections:
            report += characters_report(args, writer, meta["alphabet"], hands)
        if "sheets" in sections:
            found = choose_file(exported, "prediction")
            prediction = LineWriter(found[0], args.writer, args.seed) if found else None
            draw_sheets(args, writer, meta, hands, prediction)
    print("\n\n".join(report))


if __name__ == "__main__":
    main()
