"""Add training lines for the characters of which a corpus has too few examples.

    python -m train.augment_corpus --data data/iam.npz --weights weights/synthesis.safetensors --out data/augmented.npz

The synthesis network aligns ink and text, so that single characters can be cut out of the training lines. New lines
have the split "augmented"; nothing of the validation lines enters them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from train.augment.glyphs import segment_line
from train.augment.splicing import augmented_lines, paired_lines
from train.data.alphabet import CAPITALS, DEFAULT_ALPHABET, DIGITS, LINE_BREAK
from train.data.corpus import load_split, subsample_mask
from train.data.lines import strokes_to_offsets
from train.data.packed import read_packed, save_packed
from train.export.weights_file import config_from_metadata, read_weights
from train.network.alignment import align_corpus


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare_corpus")
    parser.add_argument("--weights", type=Path, required=True, help="synthesis network that aligns ink and text")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=2000, help="how many lines to add")
    parser.add_argument("--pairs", type=int, default=0, help="how many pairs of lines by one writer to add")
    parser.add_argument("--brief-pairs", type=int, default=0, help="how many pairs of lines' first words to add")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tensors, meta = read_weights(args.weights)
    stride = round(meta["sample_ms"] / 20)
    corpus = load_split(args.data, "train", stride, (meta["offset_mean"], meta["offset_sd"]), augmented=0)
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    alignment = align_corpus(params, config_from_metadata(meta), corpus)
    packed, notice = read_packed(args.data)
    train = [i for i, split in enumerate(packed.splits) if split == "train"]
    lines = []
    for i, positions in zip(train, alignment, strict=True):
        if not len(positions):
            continue
        # From the points that the network read to all points of the line.
        rows = packed.points[i]
        kept = np.flatnonzero(subsample_mask(rows, stride))
        nearest = np.minimum(np.searchsorted(kept, np.arange(len(rows))), len(kept) - 1)
        lines.append(segment_line(rows, packed.texts[i], packed.writers[i], positions[nearest]))
    rng = np.random.default_rng(args.seed)
    made = augmented_lines(lines, args.lines, rng)
    pairs = [*paired_lines(lines, args.pairs, rng), *paired_lines(lines, args.brief_pairs, rng, brief=True)]
    for line in made + pairs:
        packed.append(line, strokes_to_offsets(line.strokes))
    # Without pairs a network would not learn the line break.
    save_packed(packed, args.out, DEFAULT_ALPHABET + (LINE_BREAK if pairs else ""), notice)
    counts = {c: sum(line.text.count(c) for line in made) for c in DIGITS + CAPITALS + "&@#%=*$€+/"}
    listed = " ".join(f"{c} {n}" for c, n in counts.items())
    print(f"{args.out}: {len(made)} lines and {len(pairs)} pairs added; {listed}")


if __name__ == "__main__":
    main()
