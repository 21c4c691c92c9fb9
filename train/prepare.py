"""Turn ink into one compact training file.

Three sources, one result:

* the IAM On-Line archives as their owners publish them
  (`lineStrokes-all.tar.gz` or `.tar.xz`, `ascii-all.tar.gz`, and the split
  files `trainset.txt`, `testset_v.txt`, `testset_t.txt`, `testset_f.txt`; an
  optional `writers.tsv` of form id and writer id),
* a folder with the same files, and
* one's own ink as JSON lines, one line of writing per row::

      {"text": "a line", "strokes": [[[x, y], ...], ...], "writer": "me", "split": "train"}

  x grows to the right, y grows **down**, points 20 ms apart; `writer` and
  `split` ("train" or "valid", default "train") may be left out.

The packed file (`.npz`) holds int16 offsets: per line the points
`(dx, dy, pen)`, with `pen` = 1 where the stroke ends, and the text as bytes.

    python train/prepare.py --iam DIR --out data/iam.npz
    python train/prepare.py --jsonl mine.jsonl --out data/mine.npz
"""

from __future__ import annotations

import argparse
import io
import json
import re
import tarfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from alphabet import DEFAULT_ALPHABET, encode, normalise

#: Longest jump kept, in whiteboard units. The pen's true offsets stay far
#: below (99.9 % of pen-down offsets are under 200); what is longer is the sensor losing the
#: pen. Pen-up moves (word gaps, dots) may be several letters wide.
MAX_DOWN = 400
MAX_UP = 2000
#: Points per non-blank character outside this range mean that text and ink
#: do not belong together (0.1 % and 99.9 % quantiles of the corpus).
POINTS_PER_CHARACTER = (8.0, 60.0)
MAX_POINTS = 1200
MAX_CHARACTERS = 75

#: Lines whose transcription is known not to match the ink.
BAD_LINES = {"a08-551z-08", "a08-551z-09", "n01-015z-04", "l07-851z-08", "g07-222z-01"}
BAD_FORMS = {"z01-000z"}

IAM_NOTICE = (
    "Trained on the IAM On-Line Handwriting Database (Liwicki and Bunke, ICDAR 2005), whose terms "
    "allow non-commercial research use only. These weights are for research and non-commercial use."
)


@dataclass
class Line:
    """One written line: absolute strokes, text, who wrote it and what it is for."""

    name: str
    text: str
    strokes: list[np.ndarray]
    writer: str = ""
    split: str = "train"


@dataclass
class Packed:
    """Columns of the packed file."""

    points: list[np.ndarray] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def offsets(strokes: list[np.ndarray]) -> np.ndarray | None:
    """Absolute strokes to `[T, 3]` int16 offsets `(dx, dy, pen)`.

    The first point is the origin and yields no row, unless the pen lifts
    there: then `(0, 0, 1)`. A stroke of a single point (a dot) keeps its
    point. Pen-down jumps longer than `MAX_DOWN` are
    where the sensor lost the pen: the stroke is cut there, so that the jump
    becomes a pen-up move; moves longer than `MAX_UP` spoil the line (`None`).
    """
    rows: list[tuple[int, int, int]] = []
    last: np.ndarray | None = None

    def lift() -> None:
        dx, dy, _ = rows.pop() if rows else (0, 0, 0)
        rows.append((dx, dy, 1))

    for stroke in strokes:
        if len(stroke) == 0:
            continue
        for index, point in enumerate(stroke):
            point = np.asarray(point[:2], dtype=np.float64).round().astype(np.int64)
            if last is not None:
                dx, dy = (point - last).tolist()
                length = max(abs(dx), abs(dy))
                if length > MAX_UP:
                    return None
                if index > 0 and length > MAX_DOWN:
                    lift()
                rows.append((dx, dy, 0))
            last = point
        lift()
    if not rows:
        return None
    return np.asarray(rows, dtype=np.int16)


def accept(line: Line, alphabet: str) -> np.ndarray | None:
    """The line's offsets, or `None` if it should not be learnt from."""
    if not line.text or len(line.text) > MAX_CHARACTERS or encode(line.text, alphabet) is None:
        return None
    rows = offsets(line.strokes)
    if rows is None or not 2 <= len(rows) <= MAX_POINTS:
        return None
    letters = len(line.text.replace(" ", ""))
    low, high = POINTS_PER_CHARACTER
    if not low * letters <= len(rows) <= high * letters:
        return None
    return rows


def read_strokes(xml: bytes) -> list[np.ndarray]:
    """Strokes of one IAM line file, `[n, 2]` each, y downward."""
    root = ElementTree.fromstring(xml)
    return [
        np.array([(int(p.get("x", 0)), int(p.get("y", 0))) for p in stroke.iter("Point")])
        for stroke in root.iter("Stroke")
    ]


def read_transcription(data: bytes) -> list[str]:
    """Lines of text after the `CSR:` marker of one IAM transcription (Latin-1)."""
    text = data.decode("latin-1")
    _, _, body = text.partition("CSR:")
    return [row.strip() for row in body.splitlines() if row.strip()]


def _members(folder: Path, stem: str, suffix: str):
    """(member name without folders and suffix, content) of an archive or an unpacked folder."""
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


def read_iam(folder: Path):
    """Every line of the IAM On-Line database, cleaned of the lines known to be wrong."""
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
    texts = {form: read_transcription(data) for form, data in _members(folder, "ascii", ".txt")}
    for name, data in _members(folder, "lineStrokes", ".xml"):
        match = re.fullmatch(r"(.+)-(\d+)", name)
        if not match or name in BAD_LINES or match[1] in BAD_FORMS:
            continue
        form, number = match[1], int(match[2])
        lines = texts.get(form, [])
        if form not in splits or not 1 <= number <= len(lines):
            continue
        text = lines[number - 1]
        if "#" in text or "%%" in text:
            continue
        yield Line(name, normalise(text), read_strokes(data), writers.get(form, ""), splits[form])


def read_jsonl(path: Path):
    """One's own ink: see the module's text for the format."""
    for number, row in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not row.strip():
            continue
        try:
            item = json.loads(row)
            strokes = [np.asarray(s, dtype=np.float64) for s in item["strokes"] if s]
            if any(s.ndim != 2 or s.shape[1] != 2 for s in strokes):
                raise ValueError("a point is [x, y]")
            text = normalise(item["text"])
            split = item.get("split", "train")
            if split not in ("train", "valid"):
                raise ValueError(f'"split" is {split!r}, neither "train" nor "valid"')
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(
                f"{path}, line {number}: expected "
                '{"text": "...", "strokes": [[[x, y], ...], ...]}: ' + repr(error)
            ) from None
        name = item.get("name", f"{path.stem}-{number}")
        yield Line(name, text, strokes, str(item.get("writer") or ""), split)


def pack(lines, alphabet: str = DEFAULT_ALPHABET) -> tuple[Packed, int]:
    """Accepted lines as columns, and how many were left out."""
    packed, dropped = Packed(), 0
    for line in lines:
        rows = accept(line, alphabet)
        if rows is None:
            dropped += 1
            continue
        packed.points.append(rows)
        packed.texts.append(line.text)
        packed.writers.append(line.writer)
        packed.splits.append(line.split)
        packed.names.append(line.name)
    return packed, dropped


def save(packed: Packed, path: Path, alphabet: str = DEFAULT_ALPHABET, notice: str = "") -> None:
    """Write the packed file; `notice` says where the ink is from and goes into the weights files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        points=np.concatenate(packed.points),
        lengths=np.array([len(p) for p in packed.points], dtype=np.int32),
        texts=np.array(packed.texts),
        writers=np.array(packed.writers),
        splits=np.array(packed.splits),
        names=np.array(packed.names),
        alphabet=np.array(alphabet),
        notice=np.array(notice),
    )
    path.write_bytes(buffer.getvalue())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--iam", type=Path, help="folder with the IAM-OnDB archives")
    source.add_argument("--jsonl", type=Path, help="one's own ink, JSON lines")
    parser.add_argument("--out", type=Path, default=Path("data/iam.npz"))
    args = parser.parse_args()
    lines = read_iam(args.iam) if args.iam else read_jsonl(args.jsonl)
    packed, dropped = pack(lines)
    if not packed.points:
        raise SystemExit("no line could be used: check text, alphabet and stroke format")
    save(packed, args.out, notice=IAM_NOTICE if args.iam else "Trained on ink of one's own.")
    count = sum(len(p) for p in packed.points)
    valid = sum(s == "valid" for s in packed.splits)
    print(
        f"{args.out}: {len(packed.points)} lines ({valid} of them for validation), {count} points, "
        f"{len(set(packed.writers) - {''})} writers; {dropped} lines left out; "
        f"{args.out.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
