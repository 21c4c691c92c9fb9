"""Make a file to load in the page or to train on from: f16 or int8 matrices, and the chosen hands.

    python -m train.export_weights --weights runs/synthesis/weights.safetensors --out weights/synthesis.safetensors \
        --hand 10026 Plain --hand 10147 Upright
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from train.data.corpus import load_split
from train.export.quantise import quantise_network
from train.export.weights_file import config_from_metadata, read_weights, write_weights, writer_ids
from train.network.alignment import align_corpus, mean_dwell


def measure_dwell(tensors, meta, path: Path, lines: int) -> list[float]:
    """`mean_dwell` of each character, over an even sample of `lines` training lines of the packed file `path`."""
    units = (meta["offset_mean"], meta["offset_sd"])
    corpus = load_split(path, "train", round(meta["sample_ms"] / 20), units)
    chosen = np.unique(np.linspace(0, len(corpus.points) - 1, lines).astype(int))
    corpus.points = [corpus.points[i] for i in chosen]
    corpus.texts = [corpus.texts[i] for i in chosen]
    corpus.writers = corpus.writers[chosen]
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    alignment = align_corpus(params, config_from_metadata(meta), corpus)
    return mean_dwell(corpus, alignment, meta["alphabet"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hand", nargs=2, action="append", default=[], metavar=("WRITER", "NAME"))
    parser.add_argument("--all-writers", action="store_true", help="keep the other writers too, under their ids")
    parser.add_argument("--data", type=Path, help="packed file on which to measure the points each character takes")
    parser.add_argument("--lines", type=int, default=3000, help="how many of its lines are read")
    parser.add_argument("--int8", action="store_true", help="int8 matrices with a scale for each row, instead of f16")
    args = parser.parse_args()
    tensors, meta = read_weights(args.weights)
    if meta["style_dim"] and not args.hand:
        raise SystemExit("a network with styles needs at least one --hand WRITER NAME")
    if args.data and meta["kind"] == "synthesis":
        meta["dwell"] = measure_dwell(tensors, meta, args.data, args.lines)
    hands = [tuple(hand) for hand in args.hand]
    if args.all_writers and meta["style_dim"]:
        named = {writer for writer, _ in hands}
        hands += [(writer, writer) for writer in writer_ids(meta) if writer not in named]
    tensors, meta = quantise_network(tensors, meta, hands, {}, args.int8)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_weights(args.out, tensors, meta)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
