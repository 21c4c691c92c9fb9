"""Pack ink into one compact training file.

    python -m train.prepare_corpus --iam DIR --out data/iam.npz
    python -m train.prepare_corpus --jsonl mine.jsonl --out data/mine.npz

`--iam` reads the IAM On-Line Handwriting Database as it is published, `--jsonl` your own ink.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from train.data.iam import IAM_NOTICE, read_iam
from train.data.json_lines import read_json_lines
from train.data.packed import pack_lines, save_packed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--iam", type=Path, help="folder with the IAM-OnDB archives")
    source.add_argument("--jsonl", type=Path, help="your own ink, as JSON lines")
    parser.add_argument("--out", type=Path, default=Path("data/iam.npz"))
    args = parser.parse_args()
    lines = read_iam(args.iam) if args.iam else read_json_lines(args.jsonl)
    packed, dropped = pack_lines(lines)
    if not packed.points:
        raise SystemExit("no line could be used: check text, alphabet and stroke format")
    save_packed(packed, args.out, notice=IAM_NOTICE if args.iam else "Trained on the user's own ink.")
    count = sum(len(p) for p in packed.points)
    valid = sum(s == "valid" for s in packed.splits)
    print(
        f"{args.out}: {len(packed.points)} lines ({valid} of them for validation), {count} points, "
        f"{len(set(packed.writers) - {''})} writers; {dropped} lines left out; "
        f"{args.out.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
