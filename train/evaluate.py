"""Log-loss of weights files on the validation split, in the paper's units.

    python train/evaluate.py --data data/iam.npz weights/prediction.safetensors weights/synthesis.safetensors

Log-loss is the mean over lines of the summed negative log-likelihood in nats
[G eq 26], offsets normalised to mean 0 and sd 1 per axis over the training
split. A file trained on every n-th point is evaluated on every n-th point,
which is marked: such figures do not compare with the paper's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax.numpy as jnp

import data
import export
from fit import make_evaluate


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lines", type=int, help="an even sample of so many lines instead of all")
    parser.add_argument("files", type=Path, nargs="+")
    args = parser.parse_args()
    print("file | kind | dtype | points | lines | log-loss (nats/line) | SSE | stop loss")
    for path in args.files:
        tensors, meta = export.read(path)
        config = export.config_of(meta)
        stride = meta["sample_ms"] // 20
        valid = data.load(args.data, "valid", stride, (meta["offset_mean"], meta["offset_sd"]))
        params = {name: jnp.asarray(value) for name, value in tensors.items()}
        result = make_evaluate(config)(params, valid, data.text_width(valid), limit=args.lines)
        points = "all" if stride == 1 else f"one in {stride} (not the paper's units)"
        print(
            f"{path.name} | {config.kind} | {meta['quantisation']} | {points} | {result['lines']} | "
            f"{result['log_loss']:.1f} | {result['sse']:.3f} | {result['stop_loss']:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
