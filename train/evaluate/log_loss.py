"""Log-loss of a network over a corpus, and its table in the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from train.data.batches import collate, evenly_spaced
from train.data.corpus import Corpus, encodable_lines, ids_width, load_split
from train.evaluate.tables import markdown_table
from train.export.weights_file import config_from_metadata, read_stored, read_weights
from train.network.config import Config
from train.network.mixture import grid_min_log_sd, line_losses, output_losses
from train.network.regularisation import with_style_vectors
from train.network.rounding import round_weights
from train.reference import network as reference

#: What others reached on the same split: network, kind, log-loss, squared error.
PUBLISHED = [
    ("[G] 1 x 900", "prediction", "-1025.7", "0.40"),
    ("[G] 3 x 400", "prediction", "-1041.0", "0.41"),
    ("[G] 3 x 400, adaptive weight noise", "prediction", "-1057.7", "0.41"),
    ("[H] 3 x 400, dropout, scaling", "prediction", "-1068", ""),
    ("[H] 2 x 650, dropout, scaling", "prediction", "-1135", ""),
    ("[H] HyperLSTM 900", "prediction", "-1162", ""),
    ("[G] 3 x 400", "synthesis", "-1096.9", "0.23"),
    ("[G] 3 x 400, adaptive weight noise", "synthesis", "-1128.2", "0.23"),
]


def make_log_loss_evaluator(config: Config, quantise: bool = False):
    """A function that measures the losses of a network of this shape over a corpus, in f32 and without styles.

    `evaluate(params, corpus, width, size, limit)` reads the lines that the alphabet can spell, or an even sample of
    `limit` of them, in batches of `size`; `width` is that of the ids. It returns `lines`, `log_loss`,
    `log_loss_grid_floor` and `stop_loss` (nats per line), `sse` (squared error per point, in network units) and
    `valid_points`. With `quantise` weights, states and sums are rounded as in training with that option.
    """

    @jax.jit
    def losses(params, batch, grid_floor):
        if quantise:
            params = round_weights(params)
        batch = with_style_vectors(params, config, batch, jnp.zeros(batch["writer"].shape))
        return line_losses(params, config, batch, grid_floor=grid_floor, rounded=quantise)

    def evaluate(params, corpus: Corpus, width: int, size: int = 64, limit: int | None = None) -> dict:
        return mean_losses(partial(losses, params), config, corpus, width, size, limit)

    return evaluate


def mean_losses(losses, config: Config, corpus: Corpus, width: int, size: int, limit: int | None) -> dict:
    """What `make_log_loss_evaluator` describes, of `losses(batch, grid_floor)`: five arrays as of `output_losses`."""
    chosen = encodable_lines(corpus, config.alphabet)
    if limit:
        chosen = evenly_spaced(chosen, limit)
    chosen = sorted(chosen, key=lambda i: len(corpus.points[i]))
    grid_floor = grid_min_log_sd(corpus.sd)
    total = np.zeros(5)
    for start in range(0, len(chosen), size):
        batch = collate(corpus, chosen[start : start + size], config.alphabet, width, size)
        total += np.array([float(one.sum()) for one in losses(batch, grid_floor)])
    return {
        "lines": len(chosen),
        "log_loss": total[0] / len(chosen),
        "log_loss_grid_floor": total[4] / len(chosen),
        "stop_loss": total[1] / len(chosen),
        "sse": total[2] / total[3],
        "valid_points": int(total[3]),
    }


def integer_outputs(network: reference.Network, batch: dict[str, np.ndarray]) -> np.ndarray:
    """Outputs `[T, B, R]` in f32 of a batch's lines, read without styles, as the engines compute them."""
    config, lines = network.config, batch["x"].shape[1]
    ids = np.where(batch["ids_mask"] > 0, batch["ids"], -1) if config.window else np.zeros((lines, 0), np.int64)
    state = reference.Reference(network, ids, np.zeros((lines, config.style_dim)))
    outputs = [state.step(x) for x in reference.points_to_grid(batch["x"])]
    return (np.stack(outputs) / 65_536).astype(np.float32)


def evaluate_integers(
    network: reference.Network, corpus: Corpus, width: int, size: int = 64, limit: int | None = None
) -> dict:
    """The losses of the network in whole numbers, as `make_log_loss_evaluator` describes them.

    The network reads points on its own grid; the density of the corpus's offsets follows from its outputs in f32.
    """
    losses = jax.jit(output_losses, static_argnums=1)

    def of_batch(batch, grid_floor):
        return losses(integer_outputs(network, batch), network.config, batch, grid_floor)

    return mean_losses(of_batch, network.config, corpus, width, size, limit)


@dataclass
class FileLoss:
    """The losses of one weights file: `result` as the evaluator returns it, computed in "f32" or "integers"."""

    path: Path
    meta: dict
    result: dict
    arithmetic: str

    def same_network(self, other: FileLoss) -> bool:
        """Whether one was quantised from the other: quantising keeps the record of training."""
        return all(self.meta[key] == other.meta[key] for key in ("kind", "hidden", "training"))

    def row(self, trained: Sequence[FileLoss]) -> list[str]:
        """A row of the table; `trained` are the f32 files to compare with."""
        stride = self.meta["sample_ms"] // 20
        before = [other.result["log_loss"] for other in trained if other is not self and self.same_network(other)]
        change = [f"{100 * (self.result['log_loss'] - value) / abs(value):+.2f} %" for value in before[:1]]
        # The files of all runs have the same name, so theirs comes with the folder.
        is_trained = any(other is self for other in trained)
        return [
            f"{self.path.parent.name}/{self.path.name}" if is_trained else self.path.name,
            self.meta["kind"],
            self.meta["quantisation"],
            self.arithmetic,
            "all" if stride == 1 else f"one in {stride} (not the paper's units)",
            str(self.result["lines"]),
            f"{self.result['log_loss']:.1f}",
            f"{self.result['log_loss_grid_floor']:.1f}",
            f"{self.result['sse']:.3f}",
            f"{self.result['stop_loss']:.2f}",
            *(change or [""]),
        ]


def measure_file(path: Path, packed: Path, limit: int | None, integers: bool) -> FileLoss:
    """The losses of the weights file `path` on the validation lines of `packed`, `limit` of them or all.

    With `integers` they are those of the network in whole numbers, which the engines compute; otherwise in f32.
    """
    tensors, meta = read_stored(path)
    valid = load_split(packed, "valid", meta["sample_ms"] // 20, (meta["offset_mean"], meta["offset_sd"]))
    config = config_from_metadata(meta)
    if integers:
        result = evaluate_integers(reference.Network(tensors, config), valid, ids_width(valid), limit=limit)
        return FileLoss(path, meta, result, "integers")
    params = {name: jnp.asarray(value) for name, value in read_weights(path)[0].items()}
    result = make_log_loss_evaluator(config)(params, valid, ids_width(valid), limit=limit)
    return FileLoss(path, meta, result, "f32")


def log_loss_table(trained: Sequence[FileLoss], exported: Sequence[FileLoss], published: bool) -> str:
    """Files as trained and as exported, and with `published` what others reached."""
    rows = [one.row(trained) for one in sorted([*trained, *exported], key=lambda one: one.meta["kind"])]
    for name, kind, nats, squared in PUBLISHED if published else []:
        rows.append([name, kind, "", "", "all", "", nats, "", squared, "", ""])
    columns = ["file", "kind", "dtype", "computed in", "points", "lines", "log-loss (nats/line)", "with grid floor"]
    columns += ["SSE", "stop loss", "against f32"]
    return markdown_table(columns, rows)
