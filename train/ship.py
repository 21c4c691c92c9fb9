"""Make the file that the page loads: matrices in f16 or int8, the chosen hands only.

    python train/ship.py --weights runs/synthesis/weights.safetensors --out weights/synthesis.safetensors \
        --style 10026 Plain --style 10147 Upright
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax.numpy as jnp
import numpy as np

import align
import data
import export

#: The largest number of f16, which is what the GPU engine computes with.
F16_MAX = float(np.finfo(np.float16).max)


def ship(tensors, meta, chosen: list[tuple[str, str]], training: dict, int8: bool = False):
    """Tensors with f16 matrices (biases stay f32) and metadata with the chosen hands.

    With `int8` the matrices are int8, each with a tensor of its rows' scales; the style table stays f16.
    """
    writers = export.writers(meta)
    for writer, _ in chosen if meta["style_dim"] else []:
        if writer not in writers:
            raise SystemExit(f"no writer {writer!r} in these weights: there are {', '.join(writers)}")
    result = {}
    for name, value in tensors.items():
        if name == "style.table":
            value = np.stack([value[writers.index(writer)] for writer, _ in chosen])
        check(name, value)
        if value.ndim != 2:
            result[name] = value.astype(np.float32)
        elif int8 and name != "style.table":
            result[name], result[name + export.SCALE] = quantise(value)
        else:
            result[name] = value.astype(np.float16)
    meta = {**meta, "quantisation": "int8" if int8 else "f16", "training": {**meta["training"], **training}}
    if meta["style_dim"]:
        meta["styles"] = [label for _, label in chosen]
        # By which a later training finds the hands again.
        meta["writers"] = [writer for writer, _ in chosen]
    return result, meta


def check(name: str, value: np.ndarray) -> None:
    """Refuse what the engines would."""
    if not np.isfinite(value).all():
        raise SystemExit(f"tensor `{name}` of these weights has a value that is no number")
    largest = np.abs(value).max()
    if value.ndim == 2 and largest > F16_MAX:
        raise SystemExit(f"tensor `{name}` of these weights has a value of {largest:g}, and f16 ends at {F16_MAX:g}")


def quantise(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix as whole numbers of -127 to 127, and the scale of each row that they are multiples of.

    A row's scale is its largest magnitude over 127, rounded up to four significant bits. Seven bits
    times four fit the eleven of f16: every weight is a number that f16 holds, so that the engine
    that computes with f16 and the one that does not still write the same.
    """
    smallest = np.abs(value.astype(np.float64)).max(axis=1) / 127
    _, exponent = np.frexp(smallest)
    unit = np.exp2(np.maximum(exponent - 4, -24))  # f16 has nothing finer than 2^-24
    scale = np.ceil(smallest / unit) * unit
    # A row of zeros has the scale 0.
    scales = np.where(scale > 0, scale, 1)[:, None]
    # The largest number of f16 is no multiple of its scale, and the next one is beyond.
    most = np.floor(F16_MAX / scales)
    whole = np.clip(np.rint(value / scales), -most, most)
    return whole.astype(np.int8), scale.astype(np.float32)


def measure_dwell(tensors, meta, path: Path, lines: int) -> list[float]:
    """How long the network's window rests on each character while it reads an even sample of the training lines."""
    units = (meta["offset_mean"], meta["offset_sd"])
    corpus = data.load(path, "train", round(meta["sample_ms"] / 20), units)
    chosen = np.unique(np.linspace(0, len(corpus.points) - 1, lines).astype(int))
    corpus.points = [corpus.points[i] for i in chosen]
    corpus.texts = [corpus.texts[i] for i in chosen]
    corpus.writers = corpus.writers[chosen]
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    found = align.positions(params, export.config_of(meta), corpus)
    return align.dwell(corpus, found, meta["alphabet"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--style", nargs=2, action="append", default=[], metavar=("WRITER", "NAME"))
    parser.add_argument("--all-writers", action="store_true", help="keep the other writers too, under their ids")
    parser.add_argument("--data", type=Path, help="packed file to learn from how long the window rests on a character")
    parser.add_argument("--lines", type=int, default=3000, help="how many of its lines are read")
    parser.add_argument("--int8", action="store_true", help="matrices in int8 with a scale for each row, not in f16")
    args = parser.parse_args()
    tensors, meta = export.read(args.weights)
    if meta["style_dim"] and not args.style:
        raise SystemExit("a network with styles needs at least one --style WRITER NAME")
    if args.data and meta["kind"] == "synthesis":
        meta["dwell"] = measure_dwell(tensors, meta, args.data, args.lines)
    chosen = [tuple(style) for style in args.style]
    if args.all_writers and meta["style_dim"]:
        named = {writer for writer, _ in chosen}
        chosen += [(writer, writer) for writer in export.writers(meta) if writer not in named]
    tensors, meta = ship(tensors, meta, chosen, {}, args.int8)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    export.write(args.out, tensors, meta)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
