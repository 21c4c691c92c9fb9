"""Draw a sheet of generated writing, to judge weights by eye.

    python -m train.draw_sheet --weights runs/synthesis/weights.safetensors --out sheet.png
    python -m train.draw_sheet --weights weights/synthesis.safetensors --out hands.png --hands --biases 1

The reference implementation writes the lines, without self-checking; `train.evaluate_weights` draws sheets of what the
engine in Rust writes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from train.data.alphabet import encode
from train.evaluate.drawing import SAMPLE_SENTENCES, draw_grid, points_to_strokes
from train.export.weights_file import config_from_metadata, read_stored, read_weights
from train.reference import network as reference


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--biases", type=float, nargs="+", default=[0.0, 0.5, 1.0])
    parser.add_argument("--text", nargs="+", default=SAMPLE_SENTENCES)
    parser.add_argument("--style", type=int, default=-1, help="row of the style table, -1 = none")
    parser.add_argument("--hands", action="store_true", help="the first text in every hand, instead of every text")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tensors, meta = read_weights(args.weights)
    config = config_from_metadata(meta)
    hands = range(config.writers) if args.hands else [args.style]
    texts = args.text[:1] if args.hands else args.text
    jobs = [(text, hand, bias) for text in texts for hand in hands for bias in args.biases]
    rows = [encode(text, config.alphabet) if config.window else [] for text, _, _ in jobs]
    for (text, _, _), row in zip(jobs, rows, strict=True):
        if row is None:
            raise SystemExit(f"{text!r} has a character that the network cannot write: it knows {config.alphabet!r}")
    style = np.zeros((len(jobs), config.style_dim), np.float32)
    for job, (_, hand, _) in enumerate(jobs):
        if config.style_dim and hand >= 0:
            style[job] = tensors["style.table"][hand]
    cap = 700
    if config.window:
        cap = int(40 + 2.2 * meta["points_per_character"] * max(len(r) for r in rows))
    biases = np.array([b for _, _, b in jobs], np.float32)
    network = reference.Network(read_stored(args.weights)[0], config)
    lines = reference.write(network, rows, style, biases, args.temperature, args.seed, cap)
    mean, sd = np.array(meta["offset_mean"]), np.array(meta["offset_sd"])
    cells = []
    for (text, hand, bias), points in zip(jobs, lines, strict=True):
        title = f"bias {bias:g}, {len(points)} points" + (" (cap)" if len(points) == cap else "")
        subject = meta["styles"][hand] if args.hands else text
        cells.append((points_to_strokes(points, mean, sd), f"{subject} | {title}" if config.window else title))
    draw_grid(args.out, cells, len(args.biases))


if __name__ == "__main__":
    main()
