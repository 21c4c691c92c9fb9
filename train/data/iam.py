"""The IAM On-Line Handwriting Database (IAM-OnDB), as its owners publish it.

A folder with `lineStrokes-all.tar.gz` or `.tar.xz`, `ascii-all.tar.gz` or `.tar.xz` (or the unpacked folders
`lineStrokes/` and `ascii/`), the split files `trainset.txt`, `testset_v.txt`, `testset_t.txt` and `testset_f.txt`,
and optionally `writers.tsv` with a form id and a writer id in each row.
"""

from __future__ import annotations

import re
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from train.data.alphabet import normalise_text
from train.data.lines import InkLine

#: Lines and forms whose transcription is known not to match the ink.
KNOWN_BAD_LINES = {"a08-551z-08", "a08-551z-09", "n01-015z-04", "l07-851z-08", "g07-222z-01"}
KNOWN_BAD_FORMS = {"z01-000z"}

#: Terms of the corpus, stored in packed files and weights files.
IAM_NOTICE = (
    "Trained on the IAM On-Line Handwriting Database (Liwicki and Bunke, ICDAR 2005), whose terms "
    "allow non-commercial research use only. These weights are for research and non-commercial use."
)


def parse_strokes(xml: bytes) -> list[np.ndarray]:
    """Strokes of one line file, `[n, 2]` each, in whiteboard units with y downward."""
    root = ElementTree.fromstring(xml)
    return [
        np.array([(int(p.get("x", 0)), int(p.get("y", 0))) for p in stroke.iter("Point")])
        for stroke in root.iter("Stroke")
    ]


def parse_transcription(data: bytes) -> list[str]:
    """Lines of text after the `CSR:` marker of one transcription (Latin-1)."""
    text = data.decode("latin-1")
    _, _, body = text.partition("CSR:")
    return [row.strip() for row in body.splitlines() if row.strip()]


def _members(folder: Path, stem: str, suffix: str) -> Iterator[tuple[str, bytes]]:
    """Name (without folders and suffix) and content of each member of an archive or an unpacked folder."""
    archives = sorted(p for p in folder.glob(f"{stem}-all.tar.*"))
    if archives:
        with tarfile.open(archives[0]) as archive:
            for member in archive:
                if member.name.endswith(suffix):
                    handle = archive.extractfile(member)
                    if handle is not None:
                        yield Path(member.name).stem, handle.read()
        return
    unpacked = folder / stem
    if not unpacked.is_dir():
        raise SystemExit(
            f"{folder}: neither {stem}-all.tar.gz/.xz nor a folder {stem}/ is here; "
            "pass the folder that holds the IAM-OnDB downloads"
        )
    for path in sorted(unpacked.rglob(f"*{suffix}")):
        yield path.stem, path.read_bytes()


def read_iam(folder: Path) -> Iterator[InkLine]:
    """Every line of the database that is in a split, has a transcription and is not known to be wrong.

    `testset_v` becomes the split "valid", the other three "train". Raises `SystemExit` where a file is missing.
    """
    splits: dict[str, str] = {}
    for name, split in (
        ("trainset", "train"),
        ("testset_t", "train"),
        ("testset_f", "train"),
        ("testset_v", "valid"),
    ):
        path = folder / f"{name}.txt"
        if not path.is_file():
            raise SystemExit(f"{path} is missing: it says which forms are for training and which for validation")
        for form in path.read_text().split():
            splits[form] = split
    writers: dict[str, str] = {}
    table = folder / "writers.tsv"
    if table.exists():
        writers = dict(row.split("\t")[:2] for row in table.read_text().splitlines() if row)
    texts = {form: parse_transcription(data) for form, data in _members(folder, "ascii", ".txt")}
    for name, data in _members(folder, "lineStrokes", ".xml"):
        match = re.fullmatch(r"(.+)-(\d+)", name)
        if not match or name in KNOWN_BAD_LINES or match[1] in KNOWN_BAD_FORMS:
            continue
        form, number = match[1], int(match[2])
        lines = texts.get(form, [])
        if form not in splits or not 1 <= number <= len(lines):
            continue
        text = lines[number - 1]
        # The transcribers' marks for words that were crossed out or cannot be read.
        if "#" in text or "%%" in text:
            continue
        yield InkLine(name, normalise_text(text), parse_strokes(data), writers.get(form, ""), splits[form])
