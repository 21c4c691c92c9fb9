"""Make the file that the page loads: matrices in f16, the chosen hands only.

    python train/ship.py --weights runs/synthesis/weights.safetensors --out weights/synthesis.safetensors \
        --style 10026 Plain --style 10147 Upright
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import export


def ship(tensors, meta, chosen: list[tuple[str, str]], training: dict):
    """Tensors with f16 matrices (biases stay f32) and metadata with the chosen hands."""
    for writer, _ in chosen if meta["style_dim"] else []:
        if writer not in meta["styles"]:
            raise SystemExit(f"no writer {writer!r} in these weights: there are {', '.join(meta['styles'])}")
    result = {}
    for name, value in tensors.items():
        if name == "style.table":
            value = np.stack([value[meta["styles"].index(writer)] for writer, _ in chosen])
        result[name] = value.astype(np.float16 if value.ndim == 2 else np.float32)
    meta = {**meta, "quantisation": "f16", "training": {**meta["training"], **training}}
    if meta["style_dim"]:
        meta["styles"] = [label for _, label in chosen]
    return result, meta


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--style", nargs=2, action="append", default=[], metavar=("WRITER", "NAME"))
    args = parser.parse_args()
    tensors, meta = export.read(args.weights)
    if meta["style_dim"] and not args.style:
        raise SystemExit("a network with styles needs at least one --style WRITER NAME")
    tensors, meta = ship(tensors, meta, [tuple(s) for s in args.style], {})
    args.out.parent.mkdir(parents=True, exist_ok=True)
    export.write(args.out, tensors, meta)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
