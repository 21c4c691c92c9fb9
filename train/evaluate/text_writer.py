"""Texts as visitors get them, with composed marks: written by the command `running-hand`."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
#: The command, run in the repository's root.
COMMAND = "cargo run --quiet --release --features cli --bin running-hand --"
#: Height of an x in the ink that is returned.
X_HEIGHT = 10.0


@dataclass
class TextWriter:
    """The command, and the weights that it writes with; without them, those that it finds."""

    command: str = COMMAND
    weights: Path | None = None

    def hands(self) -> list[str]:
        """Names of the hands."""
        return self.run(["--list-hands"]).split()

    def write(self, texts: Sequence[str], hand: str, seed: int, bias: float) -> list[list[np.ndarray]]:
        """Strokes `[n, 2]` of each text, y down, an x being `X_HEIGHT` high; errors as of `words`."""
        return [[stroke for word in line for stroke in word] for line in self.words(texts, hand, seed, bias)]

    def words(
        self, texts: Sequence[str], hand: str, seed: int, bias: float, paper: str | None = None
    ) -> list[list[list[np.ndarray]]]:
        """Strokes `[n, 2]` of each word of each text, y down, an x being `X_HEIGHT` high.

        The texts are written as paragraphs of one document, each on a line, which has room for 100 characters of usual
        width, or for what fits on the `paper`. Raises `SystemExit` if the command fails, or if a text does not fit.
        """
        arguments = ["-", "--format", "json", "--engine", "cpu", "--quiet"]
        arguments += ["--paper", paper] if paper else ["--columns", "100"]
        options = {"--hand": hand, "--seed": seed, "--bias": f"{bias:g}", "--size": X_HEIGHT}
        arguments += [str(part) for option in options.items() for part in option]
        ink = json.loads(self.run(arguments, "\n".join(texts)))
        strokes = [np.array(stroke, np.float64).reshape(-1, 2) for stroke in ink["strokes"]]
        lines: list[list[list[np.ndarray]]] = [[] for _ in texts]
        for word in ink["words"]:
            if word["line"] >= len(texts) or word["page"]:
                raise SystemExit("a text is longer than a line: give shorter ones")
            lines[word["line"]].append(strokes[word["first"] : word["last"] + 1])
        return lines

    def run(self, arguments: Sequence[str], text: str = "") -> str:
        """What the command prints."""
        weights = ["--weights", str(self.weights.resolve())] if self.weights else []
        try:
            result = subprocess.run(
                [*shlex.split(self.command), *arguments, *weights],
                cwd=ROOT,
                input=text,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                check=False,
            )
        except FileNotFoundError as error:
            raise SystemExit(f"{self.command}: {error.strerror}") from None
        if result.returncode:
            raise SystemExit(f"{self.command}: ended with {result.returncode}")
        return result.stdout
