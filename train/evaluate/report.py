"""The report's tables on generated lines: broken lines and legibility."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data.corpus import encodable_lines, load_split
from train.evaluate import legibility
from train.evaluate.contact_sheets import alphabet_contexts
from train.evaluate.drawing import points_to_strokes
from train.evaluate.line_writer import LineWriter, WrittenLine
from train.evaluate.tables import markdown_table, progress

BIASES = (0.0, 0.5, 1.0)
#: How often the contexts of every character are written, each time in other hands.
CONTEXT_REPEATS = 4


@dataclass
class HeldOutLines:
    """Texts and ink of validation lines."""

    texts: list[str]
    ink: list[list[np.ndarray]]  # for each line its strokes [n, 2], y down

    def even_sample(self, count: int) -> list[int]:
        """Indices of at most `count` lines, evenly spaced."""
        return np.linspace(0, len(self.texts) - 1, min(count, len(self.texts))).astype(int).tolist()


def held_out_lines(packed: Path, alphabet: str, count: int) -> HeldOutLines:
    """At most `count` validation lines that the alphabet can spell, evenly spaced, in whiteboard units."""
    no_units = np.zeros(2), np.ones(2)
    valid = load_split(packed, "valid", units=no_units)
    usable = encodable_lines(valid, alphabet)
    lines = HeldOutLines(
        [valid.texts[i] for i in usable], [points_to_strokes(valid.points[i], *no_units) for i in usable]
    )
    chosen = lines.even_sample(count)
    return HeldOutLines([lines.texts[i] for i in chosen], [lines.ink[i] for i in chosen])


def broken_row(lines: Sequence[WrittenLine]) -> list[str]:
    """How many lines are broken, why, how they ended, and what self-checking cost."""
    broken = [line for line in lines if line.broken]
    # Faults are counted by kind, whatever the character they are at.
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


def broken_table(written: dict[tuple[float, int], list[WrittenLine]]) -> str:
    """Broken lines for each bias and number of attempts."""
    columns = ["bias", "self-checking", "lines", "broken", "share", "why (lines)", "ended by (lines)"]
    columns += ["words rewritten per line", "points computed per point kept"]
    rows = [
        [f"{bias:g}", f"{attempts} attempts" if attempts else "none", *broken_row(lines)]
        for (bias, attempts), lines in written.items()
    ]
    return markdown_table(columns, rows)


def legibility_table(texts: Sequence[str], inks: dict[str, Sequence[Sequence[np.ndarray]]], processes: int) -> str:
    """Character error rates of several inks of the same texts."""
    rows = []
    for name, ink in inks.items():
        progress(f"{name}: read {len(ink)} lines")
        errors = legibility.reading_errors(texts, legibility.read_lines(ink, processes))
        share = 100 * errors.faultless / max(1, errors.lines)
        rows.append([name, errors.lines, errors.characters, f"{errors.rate:.3f}", f"{share:.1f} %"])
    return markdown_table(["ink", "lines", "characters", "character error rate", "lines without an error"], rows)


def written_lines_report(args, writer: LineWriter, alphabet: str, hands: str) -> list[str]:
    """Sections "broken" and "legibility", from the same generated lines where both are wanted."""
    with_broken, with_legibility = "broken" not in args.without, "legibility" not in args.without
    held_out = held_out_lines(args.data, alphabet, args.sentences if with_broken else args.legibility_lines)
    written: dict[tuple[float, int], list[WrittenLine]] = {}
    for bias in BIASES:
        for attempts in dict.fromkeys([0, args.attempts] if with_broken else [args.attempts]):
            progress(f"bias {bias:g}, {attempts} attempts: write {len(held_out.texts)} lines")
            written[bias, attempts] = writer.write(held_out.texts, bias, attempts, hands)
    report = []
    by = f"written by `{writer.weights.name}`, hands: {hands}, seed {writer.seed}"
    if with_broken:
        report += [broken_table(written), f"Texts of validation lines, {by}."]
    if with_legibility:
        chosen = held_out.even_sample(args.legibility_lines)
        inks = {"real": [held_out.ink[i] for i in chosen]}
        for bias in BIASES:
            lines = written[bias, args.attempts]
            inks[f"generated, bias {bias:g}"] = [lines[i].strokes for i in chosen]
        report.append(legibility_table([held_out.texts[i] for i in chosen], inks, args.processes))
        report.append(f"Read by {legibility.tesseract_version()}; generated lines {by}, {args.attempts} attempts.")
    return report


def characters_report(args, writer: LineWriter, alphabet: str, hands: str) -> list[str]:
    """Section "characters": how often each kind of character is misread, in character contexts and in real lines."""
    texts = list(alphabet_contexts(alphabet).values()) * CONTEXT_REPEATS
    held_out = held_out_lines(args.data, alphabet, args.sentences)
    written = {f"generated, bias {bias:g}": (texts, writer.write(texts, bias, args.attempts, hands)) for bias in BIASES}
    inks = {name: (texts, [line.strokes for line in lines]) for name, (texts, lines) in written.items()}
    rows = []
    for name, (texts, ink) in {"real": (held_out.texts, held_out.ink), **inks}.items():
        progress(f"{name}: read {len(texts)} lines for their characters")
        kinds = legibility.misread_by_kind(texts, legibility.read_lines(ink, args.processes))
        shares = [f"{wrong / count:.3f} of {count:,}" if count else "" for count, wrong in kinds.values()]
        rows.append([name, len(texts), *shares])
    note = "Share misread of each kind of character. "
    note += f"Generated lines: all characters in three contexts, {CONTEXT_REPEATS} times. Real lines have other texts."
    return [markdown_table(["ink", "lines", *legibility.KINDS, legibility.OTHER_KIND], rows), note]
