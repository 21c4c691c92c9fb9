"""Learn the line break of a trained network, and nothing else, from lines that follow a line by the same writer.

    python -m train.learn_line_break --data data/iam.npz \
        --weights weights/synthesis-f16.safetensors weights/synthesis.safetensors

What is learnt are the numbers by which the window changes the gates when it stands on the line break: one column for
each LSTM layer. Everything else stays as it is, to the bit, and so does what the network writes when no other line
stands before. It is learnt with the first file and put into all of them, in each one's own format. If a file's
alphabet has no line break, it gets one.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator
from pathlib import Path

# Every core computes its own share of a batch's lines, so XLA must not split products among cores as well. It reads
# this variable when JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax
import jax.numpy as jnp
import numpy as np

from train.data.alphabet import LINE_BREAK
from train.data.corpus import Corpus, ids_width
from train.evaluate.priming import FollowingLine, collate_primed, following_lines, primed_corpus, primed_log_loss
from train.export.weights_file import SCALE_SUFFIX, config_from_metadata, in_f32, read_stored, write_weights
from train.network.mixture import grid_min_log_sd
from train.network.optimiser import is_lstm_matrix
from train.network.parameters import Params
from train.network.update import make_update

#: Longest line with the one before it, in points, and the multiple of points that batches are padded to.
MOST_POINTS, MULTIPLE = 1800, 450

#: Metadata that all files of one network share.
SAME = ("hidden", "mixtures", "window", "alphabet", "style_dim", "offset_mean", "offset_sd", "sample_ms")

#: Updates between two lines of the report.
REPORT_EVERY = 20


def with_line_break(stored: dict[str, np.ndarray], meta: dict) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors as stored, and metadata, with a line break at the end of the alphabet that does what a blank does.

    As they are if the alphabet has a line break.
    """
    alphabet = meta["alphabet"]
    if LINE_BREAK in alphabet:
        return stored, meta
    if " " not in alphabet:
        raise SystemExit("the line break begins as a blank, and the network's alphabet has none")
    blank, added = column_of(" ", alphabet), 3 + 1 + len(alphabet)
    result = dict(stored)
    for name in filter(is_lstm_matrix, stored):
        result[name] = np.insert(stored[name], added, stored[name][:, blank], axis=1)
    meta = {**meta, "alphabet": alphabet + LINE_BREAK}
    if meta.get("dwell"):
        meta["dwell"] = [*meta["dwell"], meta["dwell"][alphabet.index(" ")]]
    return result, meta


def column_of(character: str, alphabet: str) -> int:
    """The column of a character in the matrices of the LSTM layers: the point has three before, the end mark one."""
    return 3 + 1 + alphabet.index(character)


def largest_beside(matrix: np.ndarray, column: int) -> np.ndarray:
    """For each row the largest magnitude of the other columns: a column within it leaves the row's scale as it is."""
    return np.abs(np.delete(matrix, column, axis=1)).max(axis=1)


def put_column(stored: dict[str, np.ndarray], column: int, params: Params) -> dict[str, np.ndarray]:
    """Tensors as stored with a column from `params`, in floats or in whole numbers of each row's scale.

    It is clipped so that every row keeps its scale.
    """
    result, old = dict(stored), in_f32(stored)
    for name in filter(is_lstm_matrix, params):
        limit, scale = largest_beside(old[name], column), stored.get(name + SCALE_SUFFIX)
        values = np.clip(np.asarray(params[name])[:, column], -limit, limit)
        if scale is not None:
            values = np.rint(values / np.where(scale > 0, scale, 1))
        result[name] = stored[name].copy()
        result[name][:, column] = values
    return result


def batches(corpus: Corpus, lines: list[FollowingLine], alphabet: str, size: int, rng) -> Iterator[dict]:
    """Batches of `size` lines of similar length, epoch after epoch."""
    width = ids_width(primed_corpus(corpus, lines))
    lengths = np.array([len(line.primed_offsets) for line in lines])
    while True:
        order = np.argsort(lengths + rng.uniform(0, MULTIPLE / 4, len(lines)))
        groups = [order[start : start + size] for start in range(0, len(order), size)]
        for index in rng.permutation(len(groups)):
            chosen = [lines[i] for i in groups[index]]
            yield collate_primed(corpus, chosen, alphabet, width, size, MULTIPLE)


def learn(params: Params, meta: dict, corpus: Corpus, lines: list[FollowingLine], args) -> Params:
    """The parameters with the line break learnt: a moving average over the updates."""
    config, column = config_from_metadata(meta), column_of(LINE_BREAK, meta["alphabet"])
    devices = len(jax.devices())
    size = -(-args.batch_size // devices) * devices
    dtype = jnp.bfloat16 if args.bf16 else jnp.float32
    optimiser, update = make_update(config, 1.0, dtype, grid_floor=grid_min_log_sd(corpus.sd), character=column - 3)
    limits = {name: largest_beside(np.asarray(params[name]), column) for name in filter(is_lstm_matrix, params)}

    @jax.jit
    def within_limits(params):
        clipped = dict(params)
        for name, limit in limits.items():
            clipped[name] = params[name].at[:, column].set(jnp.clip(params[name][:, column], -limit, limit))
        return clipped

    average, state = params, optimiser.init(params)
    use_style, key = np.zeros(size, np.float32), jax.random.key(args.seed)
    nats = points = 0.0
    source = batches(corpus, lines, config.alphabet, size, np.random.default_rng(args.seed))
    for number in range(args.updates):
        rate = args.learning_rate * 0.5 * (1 + math.cos(math.pi * number / args.updates))
        average_rate = max(1 - args.ema_decay, 1 / (number + 2))
        params, average, state, sums, _ = update(
            params, average, state, next(source), use_style, rate, average_rate, key
        )
        params = within_limits(params)
        nats, points = nats + float(sums[0]), points + float(sums[2])
        if (number + 1) % REPORT_EVERY == 0:
            print(f"{number + 1} updates, {nats / points:.4f} nats a point", flush=True)
            nats = points = 0.0
    return average


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--weights", type=Path, nargs="+", required=True, help="files of one network; they are replaced"
    )
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare_corpus")
    parser.add_argument("--updates", type=int, default=300, help="how many times to learn from a batch")
    parser.add_argument("--batch-size", type=int, default=32, help="lines in a batch")
    parser.add_argument("--learning-rate", type=float, default=0.1, help="at the beginning; it falls along a cosine")
    parser.add_argument("--ema-decay", type=float, default=0.97, help="decay per update of the averaged weights")
    parser.add_argument("--valid-lines", type=int, default=256, help="validation lines that are read at the end")
    parser.add_argument("--bf16", action="store_true", help="bf16 matrix products with f32 sums")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    jax.config.update("jax_num_cpu_devices", os.cpu_count() or 1)

    files = [read_stored(path) for path in args.weights]
    for path, (_, meta) in zip(args.weights, files, strict=True):
        if meta["kind"] != "synthesis":
            raise SystemExit(f"{path}: a {meta['kind']} network reads no text")
    files = [with_line_break(*file) for file in files]
    for path, (_, meta) in zip(args.weights, files, strict=True):
        if any(meta[key] != files[0][1][key] for key in SAME):
            raise SystemExit(f"{path}: its network is another one than that of {args.weights[0]}")
    stored, meta = files[0]
    corpus, lines = following_lines(args.data, "train", meta, 10**6)
    lines = [line for line in lines if len(line.primed_offsets) <= MOST_POINTS]
    if not lines:
        raise SystemExit(
            f"{args.data}: the line break is learnt from writers with lines of two forms, and there are none"
        )
    params = {name: jnp.asarray(value) for name, value in in_f32(stored).items()}
    params = learn(params, meta, corpus, lines, args)
    for path, (stored, meta) in zip(args.weights, files, strict=True):
        write_weights(path, put_column(stored, column_of(LINE_BREAK, meta["alphabet"]), params), meta)
        loss = primed_log_loss(path, args.data, args.valid_lines)
        print(loss.sentence(path.name) if loss else f"{path}: no validation lines by one writer and of two forms")


if __name__ == "__main__":
    main()
