"""Lines as the page's visitors get them: from the writer in Rust, `examples/lines.rs`."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
#: What writes lines, run in the repository's root.
COMMAND = "cargo run --quiet --release --example lines --"


@dataclass
class Line:
    """A line that was written."""

    text: str
    hand: str | None
    strokes: list[np.ndarray]  # [n, 2], y down
    points: int  # kept
    computed: int  # points that the network took for it, with those thrown away; 0 = not said
    finish: str  # why it ended
    broken: list[str]  # reasons; none if the line is fine
    rewritten: int  # words written anew


def parse(row: str) -> Line:
    """One row of the writer's output."""
    found = json.loads(row)
    strokes = [np.array(s, np.float64).reshape(-1, 2) for s in found["strokes"]]
    return Line(
        text=found["text"],
        hand=found["hand"],
        # A line that ended with a number that is none may hold such points: nobody can draw them.
        strokes=[finite for s in strokes if len(finite := s[np.isfinite(s).all(1)])],
        points=found["points"],
        computed=found.get("computed", 0),
        finish=found["finish"],
        broken=found["broken"],
        rewritten=found["rewritten"],
    )


@dataclass
class Writer:
    """The program and the network that it writes with."""

    weights: Path
    command: str = COMMAND
    seed: int = 1

    def write(self, texts: Sequence[str], bias: float, attempts: int, hands: str = "all", points: int = 700):
        """A `Line` for each of the texts, in their order; a prediction network is given empty ones.

        `attempts` is how often a word may be written anew; 0 is no self-checking. `hands` is the
        name of one, "all" for one after the other, or "none" for writing without a style. `points`
        is the length of a line without text.
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
        lines = [parse(row) for row in result.stdout.splitlines() if row]
        if [line.text for line in lines] != list(texts):
            raise SystemExit(f"{self.command}: wrote other lines than the {len(texts)} that it was given")
        return lines
