"""All figures of the model card: log-loss, broken lines, how well they can be read; and contact sheets.

    python train/evaluate.py --data data/iam.npz --weights weights \
        --trained runs/prediction/weights.safetensors --trained runs/synthesis/weights.safetensors --out sheets
    python train/evaluate.py --data data/iam.npz weights/prediction.safetensors weights/synthesis.safetensors

The first prints the whole report, as Markdown, and draws the sheets; `--without` leaves a section
out. The second prints the log-loss of the files and nothing else.

Log-loss is the mean over lines of the summed negative log-likelihood in nats
[G eq 26], offsets normalised to mean 0 and sd 1 per axis over the training
split. A file trained on every n-th point is evaluated on every n-th point,
which is marked: such figures do not compare with the paper's.

Of the validation lines' ink nothing is written anywhere; `README.md` defines the measures.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np

import contact
import data
import export
import read
from fit import make_evaluate
from sheet import strokes
from writer import COMMAND, Line, Writer

BIASES = (0.0, 0.5, 1.0)
SECTIONS = ("loss", "broken", "read", "characters", "sheets")
#: How often every character's three contexts are written, by other hands each time.
TIMES = 4

#: What others reached on the same split: network, kind, log-loss, squared error.
PUBLISHED = [
    ("[G] 1 x 900", "prediction", "-1025.7", "0.40"),
    ("[G] 3 x 400", "prediction", "-1041.0", "0.41"),
    ("[G] 3 x 400, adaptive weight noise", "prediction", "-1057.7", "0.41"),
    ("[H] 3 x 400, dropout, scaling", "prediction", "-1068", ""),
    ("[H] 2 x 650, dropout, scaling", "prediction", "-1135", ""),
    ("[H] HyperLSTM 900", "prediction", "-1162", ""),
    ("[G] 3 x 400", "synthesis", "-1096.9", "0.23"),
    ("[G] 3 x 400, adaptive weight noise", "synthesis", "-1128.2", "0.23"),
]


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def note(message: str) -> None:
    """Tell how far it is, apart from the report."""
    print(message, file=sys.stderr, flush=True)


# --- log-loss -------------------------------------------------------------------------------


@dataclass
class Loss:
    """Figures of one file."""

    path: Path
    meta: dict
    result: dict

    def same_network(self, other: Loss) -> bool:
        """Whether one was made from the other: shipping keeps what is told of the training."""
        return all(self.meta[key] == other.meta[key] for key in ("kind", "hidden", "training"))

    def row(self, trained: Sequence[Loss]) -> list[str]:
        """A row of the table; `trained` are the files to compare with."""
        stride = self.meta["sample_ms"] // 20
        before = [other.result["log_loss"] for other in trained if other is not self and self.same_network(other)]
        change = [f"{100 * (self.result['log_loss'] - value) / abs(value):+.2f} %" for value in before[:1]]
        # Those of all runs have the same name.
        ran = any(other is self for other in trained)
        return [
            f"{self.path.parent.name}/{self.path.name}" if ran else self.path.name,
            self.meta["kind"],
            self.meta["quantisation"],
            "all" if stride == 1 else f"one in {stride} (not the paper's units)",
            str(self.result["lines"]),
            f"{self.result['log_loss']:.1f}",
            f"{self.result['log_loss_grid']:.1f}",
            f"{self.result['sse']:.3f}",
            f"{self.result['stop_loss']:.2f}",
            *(change or [""]),
        ]


def loss(path: Path, packed: Path, limit: int | None) -> Loss:
    """Log-loss and the rest on the validation lines, without style."""
    note(f"{path}: log-loss")
    tensors, meta = export.read(path)
    config = export.config_of(meta)
    valid = data.load(packed, "valid", meta["sample_ms"] // 20, (meta["offset_mean"], meta["offset_sd"]))
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    return Loss(path, meta, make_evaluate(config)(params, valid, data.text_width(valid), limit=limit))


def loss_table(trained: Sequence[Loss], shipped: Sequence[Loss], published: bool) -> str:
    """As trained and as shipped, and what others reached."""
    rows = [one.row(trained) for one in sorted([*trained, *shipped], key=lambda one: one.meta["kind"])]
    for name, kind, nats, squared in PUBLISHED if published else []:
        rows.append([name, kind, "", "all", "", nats, "", squared, "", ""])
    columns = ["file", "kind", "dtype", "points", "lines", "log-loss (nats/line)", "on the grid"]
    columns += ["SSE", "stop loss", "against f32"]
    return table(columns, rows)


# --- what was written -----------------------------------------------------------------------


@dataclass
class Held:
    """Held-out lines: what they say, and their ink."""

    texts: list[str]
    ink: list[list[np.ndarray]]  # for each line its strokes [n, 2], y down

    def even(self, count: int) -> list[int]:
        """Places of `count` lines, evenly chosen."""
        return np.linspace(0, len(self.texts) - 1, min(count, len(self.texts))).astype(int).tolist()


def held_out(packed: Path, alphabet: str, count: int) -> Held:
    """`count` validation lines that the alphabet can spell, evenly chosen, in the ink's own units."""
    valid = data.load(packed, "valid", units=(np.zeros(2), np.ones(2)))
    usable = data.usable(valid, alphabet)
    all_lines = Held(
        [valid.texts[i] for i in usable], [strokes(valid.points[i], np.zeros(2), np.ones(2)) for i in usable]
    )
    chosen = all_lines.even(count)
    return Held([all_lines.texts[i] for i in chosen], [all_lines.ink[i] for i in chosen])


def count_broken(lines: Sequence[Line]) -> list[str]:
    """How many are broken, why, and what it cost."""
    broken = [line for line in lines if line.broken]
    # Places are of no interest here.
    kinds = Counter(reason for line in lines for reason in dict.fromkeys(re.sub(r"\d+", "…", r) for r in line.broken))
    ends = Counter(line.finish for line in lines)
    computed, kept = sum(line.computed for line in lines), sum(line.points for line in lines)
    return [
        str(len(lines)),
        str(len(broken)),
        f"{100 * len(broken) / max(1, len(lines)):.1f} %",
        "; ".join(f"{kind}: {n}" for kind, n in kinds.most_common()),
        "; ".join(f"{end}: {n}" for end, n in ends.most_common()),
        f"{sum(line.rewritten for line in lines) / max(1, len(lines)):.2f}",
        f"{computed / kept:.2f}" if computed and kept else "",
    ]


def broken_table(written: dict[tuple[float, int], list[Line]]) -> str:
    """Broken lines for each bias and number of attempts."""
    columns = ["bias", "self-checking", "lines", "broken", "share", "why (lines)", "ended by (lines)"]
    columns += ["words anew a line", "points computed per point kept"]
    rows = [
        [f"{bias:g}", f"{attempts} attempts" if attempts else "none", *count_broken(lines)]
        for (bias, attempts), lines in written.items()
    ]
    return table(columns, rows)


def read_table(texts: Sequence[str], inks: dict[str, Sequence[Sequence[np.ndarray]]], processes: int) -> str:
    """Character error rates of several inks of the same texts."""
    rows = []
    for name, ink in inks.items():
        note(f"{name}: read {len(ink)} lines")
        errors = read.compare(texts, read.read(ink, processes))
        share = 100 * errors.faultless / max(1, errors.lines)
        rows.append([name, errors.lines, errors.characters, f"{errors.rate:.3f}", f"{share:.1f} %"])
    return table(["ink", "lines", "characters", "character error rate", "lines without an error"], rows)


def written_report(args, writer: Writer, alphabet: str, hands: str) -> list[str]:
    """Broken lines, and how well lines can be read: both from the same lines where both are wanted."""
    breaks, reads = "broken" not in args.without, "read" not in args.without
    held = held_out(args.data, alphabet, args.sentences if breaks else args.read)
    written: dict[tuple[float, int], list[Line]] = {}
    for bias in BIASES:
        for attempts in dict.fromkeys([0, args.attempts] if breaks else [args.attempts]):
            note(f"bias {bias:g}, {attempts} attempts: write {len(held.texts)} lines")
            written[bias, attempts] = writer.write(held.texts, bias, attempts, hands)
    report = []
    by = f"written by `{writer.weights.name}`, hands: {hands}, seed {writer.seed}"
    if breaks:
        report += [broken_table(written), f"Texts of validation lines, {by}."]
    if reads:
        chosen = held.even(args.read)
        inks = {"real": [held.ink[i] for i in chosen]}
        for bias in BIASES:
            lines = written[bias, args.attempts]
            inks[f"generated, bias {bias:g}"] = [lines[i].strokes for i in chosen]
        report.append(read_table([held.texts[i] for i in chosen], inks, args.processes))
        report.append(f"Read by {read.reader()}; generated lines {by}, {args.attempts} attempts.")
    return report


def characters_report(args, writer: Writer, alphabet: str, hands: str) -> list[str]:
    """How well each kind of character can be read, on the texts of the characters' sheet, and on real lines."""
    texts = list(contact.all_contexts(alphabet).values()) * TIMES
    held = held_out(args.data, alphabet, args.sentences)
    written = {f"generated, bias {bias:g}": (texts, writer.write(texts, bias, args.attempts, hands)) for bias in BIASES}
    inks = {name: (texts, [line.strokes for line in lines]) for name, (texts, lines) in written.items()}
    rows = []
    for name, (texts, ink) in {"real": (held.texts, held.ink), **inks}.items():
        note(f"{name}: read {len(texts)} lines for their characters")
        kinds = read.misread(texts, read.read(ink, args.processes))
        shares = [f"{wrong / count:.3f} of {count:,}" if count else "" for count, wrong in kinds.values()]
        rows.append([name, len(texts), *shares])
    told = f"Share misread of each kind of character. Generated lines: all characters in three contexts, {TIMES} times."
    told += " Real lines have texts of their own."
    return [table(["ink", "lines", *read.KINDS, read.SIGNS], rows), told]


def draw_sheets(args, writer: Writer, meta: dict, hands: str, prediction: Writer | None) -> None:
    """All contact sheets."""
    args.out.mkdir(parents=True, exist_ok=True)
    for path in contact.hands(writer, meta["styles"], args.attempts, args.out):
        note(str(path))
    note(str(contact.characters(writer, meta["alphabet"], hands, args.attempts, args.out)))
    for path in contact.sentences(writer, meta["alphabet"], hands, BIASES, args.attempts, args.out):
        note(str(path))
    if prediction:
        note(str(contact.pages(prediction, BIASES, args.out)))


# --- command line ---------------------------------------------------------------------------


def pick(shipped: Sequence[tuple[Path, dict]], kind: str, wanted: Path | None = None) -> tuple[Path, dict] | None:
    """The file that writes: the one that is wanted, else the smallest of its kind, which is what the page loads."""
    if wanted:
        return wanted, export.read(wanted)[1]
    files = [(path, meta) for path, meta in shipped if meta["kind"] == kind]
    return min(files, key=lambda file: file[0].stat().st_size, default=None)


def arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare.py")
    parser.add_argument("--weights", type=Path, help="folder of the shipped files, for the whole report")
    parser.add_argument("--trained", type=Path, action="append", default=[], help="file as trained; may be repeated")
    parser.add_argument("--out", type=Path, help="folder for contact sheets; none are drawn without it")
    parser.add_argument("--without", action="append", default=[], choices=SECTIONS, help="leave a section out")
    parser.add_argument("--lines", type=int, help="log-loss of an even sample of so many lines instead of all")
    parser.add_argument("--sentences", type=int, default=500, help="how many held-out sentences are written")
    parser.add_argument("--read", type=int, default=200, help="how many of them are read")
    parser.add_argument("--attempts", type=int, default=4, help="how often a word may be written anew")
    parser.add_argument("--writes", type=Path, help="synthesis file that writes; the smallest in --weights if left out")
    parser.add_argument("--hands", help='"all" in turn, "none", or the name of one; all, where there are any')
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writer", default=COMMAND, help="program that writes lines, see writer.py")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="lines read at a time")
    parser.add_argument("files", type=Path, nargs="*", help="files whose log-loss is wanted, and no more")
    args = parser.parse_args()
    if bool(args.files) == bool(args.weights):
        parser.error("either --weights, or files whose log-loss is wanted")
    if min(args.sentences, args.read, args.processes) < 1 or args.attempts < 0:
        parser.error("--sentences, --read and --processes begin at 1, --attempts at 0")
    return args


def main() -> None:
    """Print the report."""
    args = arguments()
    if args.files:
        print(loss_table([], [loss(path, args.data, args.lines) for path in args.files], published=False))
        return
    shipped = [(path, export.read(path)[1]) for path in sorted(args.weights.glob("*.safetensors"))]
    synthesis = pick(shipped, "synthesis", args.writes)
    writes = [section for section in SECTIONS if section != "loss" and section not in args.without]
    if not args.out:
        writes = [section for section in writes if section != "sheets"]
    if writes and not synthesis:
        raise SystemExit(f"{args.weights}: no synthesis network, which is needed to write")
    if {"read", "characters"} & set(writes):
        read.reader()  # better missed now than after an hour
    report = []
    if "loss" not in args.without:
        trained = [loss(path, args.data, args.lines) for path in args.trained]
        report.append(loss_table(trained, [loss(path, args.data, args.lines) for path, _ in shipped], published=True))
        report.append("[G] Graves 2013, arXiv 1308.0850. [H] Ha, Dai and Le 2016, arXiv 1609.09106.")
    if writes:
        path, meta = synthesis
        writer = Writer(path, args.writer, args.seed)
        hands = args.hands or ("all" if meta["styles"] else "none")
        if {"broken", "read"} & set(writes):
            report += written_report(args, writer, meta["alphabet"], hands)
        if "characters" in writes:
            report += characters_report(args, writer, meta["alphabet"], hands)
        if "sheets" in writes:
            found = pick(shipped, "prediction")
            draw_sheets(args, writer, meta, hands, Writer(found[0], args.writer, args.seed) if found else None)
    print("\n\n".join(report))


if __name__ == "__main__":
    main()
