"""Lines written by the Rust engine with its self-checking, through `tools/lines.rs`."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
#: The program that writes lines, run in the repository's root.
COMMAND = "cargo run --quiet --release --example lines --"


@dataclass
class WrittenLine:
    """One generated line."""

    text: str
    hand: str | None
    strokes: list[np.ndarray]  # [n, 2], in whiteboard units, y down
    points: int  # points kept
    computed: int  # points computed, those discarded included; 0 = unknown
    finish: str  # why the line ended
    broken: list[str]  # faults found in the line
    rewritten: int  # words that were written again
    positions: list[int] = field(default_factory=list)  # character under the window at each point kept


def parse_line(row: str) -> WrittenLine:
    """One row of the program's output, which is JSON."""
    found = json.loads(row)
    strokes = [np.array(s, np.float64).reshape(-1, 2) for s in found["strokes"]]
    return WrittenLine(
        text=found["text"],
        hand=found["hand"],
        # A line that ended with a number that is not finite may hold such points, which cannot be drawn.
        strokes=[finite for s in strokes if len(finite := s[np.isfinite(s).all(1)])],
        points=found["points"],
        computed=found.get("computed", 0),
        finish=found["finish"],
        broken=found["broken"],
        rewritten=found["rewritten"],
        positions=found.get("positions", []),
    )


@dataclass
class LineWriter:
    """The program, and the weights file that it writes with."""

    weights: Path
    command: str = COMMAND
    seed: int = 1

    def write(
        self, texts: Sequence[str], bias: float, attempts: int, hands: str = "all", points: int = 700
    ) -> list[WrittenLine]:
        """One line for each text, in their order; a prediction network is given empty texts.

        `attempts` is how often a word may be written again, 0 for no self-checking. `hands` is the name of a style,
        "all" for all in turn, or "none" for no style. `points` is the length of a line without text. Raises
        `SystemExit` if the program is missing, fails or writes other lines.
        """
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder) / "texts.txt"
            listed.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
            options = {
                "--weights": self.weights.resolve(),
                "--texts": listed,
                "--bias": f"{bias:g}",
                "--attempts": attempts,
                "--seed": self.seed,
                "--hands": hands,
                "--points": points,
            }
            arguments = [str(part) for option in options.items() for part in option]
            try:
                result = subprocess.run(
                    [*shlex.split(self.command), *arguments],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    encoding="utf-8",
                    check=False,
                )
            except FileNotFoundError as error:
                raise SystemExit(f"{self.command}: {error.strerror}") from None
        if result.returncode:
            raise SystemExit(f"{self.command}: ended with {result.returncode}")
        lines = [parse_line(row) for row in result.stdout.splitlines() if row]
        if [line.text for line in lines] != list(texts):
            raise SystemExit(f"{self.command}: wrote other lines than the {len(texts)} requested")
        return lines
