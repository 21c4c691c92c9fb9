"""Round the weights of a trained network to integers so that its outputs change as little as possible.

    python -m train.calibrate_weights --weights runs/synthesis/weights.safetensors --data data/augmented.npz \
        --out runs/synthesis/calibrated.safetensors

The file written is again in f32. Its weights lie on the grid of the engines, so that exporting rounds them no further;
training with `--quantise` may go on from it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from train.data.corpus import load_split
from train.export.calibration import calibrate_network, name_writers
from train.export.weights_file import config_from_metadata, read_weights, write_weights, writer_ids


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="packed file whose training lines are read")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=400, help="how many of them, evenly spaced")
    args = parser.parse_args()
    tensors, meta = read_weights(args.weights)
    units = (meta["offset_mean"], meta["offset_sd"])
    corpus = load_split(args.data, "train", round(meta["sample_ms"] / 20), units)
    corpus = name_writers(corpus, writer_ids(meta))
    tensors = calibrate_network(tensors, config_from_metadata(meta), corpus, args.lines)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_weights(args.out, tensors, {**meta, "quantisation": "f32"})
    print(f"{args.out}: calibrated on {args.lines} lines")


if __name__ == "__main__":
    main()
