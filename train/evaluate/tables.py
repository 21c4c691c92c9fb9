"""Markdown tables and progress messages of the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; `|` in cells is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def progress(message: str) -> None:
    """Print a message on stderr, apart from the report."""
    print(message, file=sys.stderr, flush=True)
