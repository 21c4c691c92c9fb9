"""Warm starts: a network's first parameters from a weights file, which may be of a smaller network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from train.data.batches import collate, evenly_spaced
from train.data.corpus import Corpus, encodable_lines, ids_width
from train.export.weights_file import config_from_metadata, read_weights, writer_ids
from train.network.config import Config
from train.network.forward import forward
from train.network.parameters import Params

#: Initial mixture logit of components that the file does not have.
UNUSED_LOGIT = -8.0


def drop_text_input(
    tensors: dict[str, np.ndarray], config: Config, corpus: Corpus, lines: int = 64
) -> dict[str, np.ndarray]:
    """Tensors of a prediction network made from those of a synthesis network.

    The window vector is replaced by its mean over `lines` lines of the corpus (nearly the mean of their characters),
    whose contribution to the gate sums is added to the biases.
    """
    chosen = evenly_spaced(encodable_lines(corpus, config.alphabet), lines)
    batch = collate(corpus, chosen, config.alphabet, ids_width(corpus), len(chosen))
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    _, trace = forward(params, config, batch["x"], batch["ids"], batch["ids_mask"])
    mask = batch["mask"][..., None]
    mean_window = (np.asarray(trace["window"]) * mask).sum((0, 1)) / mask.sum()
    result = {"output.weight": tensors["output.weight"], "output.bias": tensors["output.bias"]}
    if config.stop:
        result = {name: value[:-1] for name, value in result.items()}
    for layer in range(len(config.hidden)):
        weight = tensors[f"lstm.{layer}.weight"]
        window_columns = slice(3, 3 + config.id_count)
        result[f"lstm.{layer}.weight"] = np.delete(weight, window_columns, axis=1)
        result[f"lstm.{layer}.bias"] = tensors[f"lstm.{layer}.bias"] + weight[:, window_columns] @ mean_window
    return result


def warm_start(params: Params, config: Config, corpus: Corpus, path: Path, stride: int) -> Params:
    """The random `params` of a network of shape `config`, with the weights of the file `path` put in.

    The network may have wider layers, more layers and more components than the file: what is new starts at random but
    with zero outgoing weights (components: a very small mixture weight), so that the network starts out writing as the
    file does. A prediction network may start from a synthesis network (`drop_text_input`). Characters and writers are
    matched by name; those that the file lacks stay random, as do window and styles if their dimensions differ. The
    window's speed is adjusted if the file was trained with another `stride`. Raises `SystemExit` if the file's network
    is of the wrong kind or larger.
    """
    tensors, meta = read_weights(path)
    old = config_from_metadata(meta)
    if old.kind == "synthesis" and config.kind == "prediction":
        tensors = drop_text_input(tensors, old, corpus)
        old = dataclasses.replace(old, kind="prediction", window=0, alphabet="", style_dim=0, writers=0, stop=False)
    if old.kind != config.kind:
        raise SystemExit(f"{path}: a {old.kind} network cannot start a {config.kind} network")
    fits = all(a <= b for a, b in zip(old.hidden, config.hidden, strict=False))
    if len(old.hidden) > len(config.hidden) or not fits or old.mixtures > config.mixtures:
        raise SystemExit(
            f"{path}: layers {old.hidden} and {old.mixtures} mixtures do not fit into layers {config.hidden} and "
            f"{config.mixtures} mixtures: choose --hidden and --mixtures at least as large"
        )
    enlarged = _Enlarged(tensors, old, config, {name: np.array(value) for name, value in params.items()})
    for layer in range(len(old.hidden)):
        enlarged.copy_layer(layer)
    enlarged.copy_output()
    if config.style_dim and config.style_dim == old.style_dim:
        enlarged.copy_styles(writer_ids(meta), corpus.writer_names)
    if config.window and config.window == old.window:
        enlarged.copy_window(20 * stride / meta["sample_ms"])
    return {name: jnp.asarray(value) for name, value in enlarged.result.items()}


@dataclasses.dataclass
class _Enlarged:
    """A network `result` of shape `config`, into which the `tensors` of a smaller one are copied."""

    tensors: dict[str, np.ndarray]
    old: Config
    config: Config
    result: dict[str, np.ndarray]

    def copy(self, name: str, rows: np.ndarray, columns: np.ndarray, source: np.ndarray, inputs: np.ndarray) -> None:
        """Put `source` at `rows` and `columns`; in these rows, zero the columns of `inputs` that it does not have."""
        self.result[name][np.ix_(rows, np.setdiff1d(inputs, columns))] = 0
        self.result[name][np.ix_(rows, columns)] = source

    def copy_layer(self, layer: int) -> None:
        """The gates of a layer: columns of point, characters of both alphabets, layer below and own hidden state."""
        old, config, name = self.old, self.config, f"lstm.{layer}"
        shared = [c for c in config.alphabet if c in old.alphabet]
        id_pairs = [(0, 0)] + [(old.alphabet.index(c) + 1, config.alphabet.index(c) + 1) for c in shared]
        old_ids, new_ids = np.array(id_pairs).T if config.window else np.zeros((2, 0), int)
        units, width = old.hidden[layer], config.hidden[layer]
        rows = np.concatenate([gate * width + np.arange(units) for gate in range(4)])
        below = 3 + config.id_count + np.arange(old.hidden[layer - 1] if layer else 0)
        columns = np.concatenate([np.arange(3), 3 + new_ids, below, config.input_width(layer) + np.arange(units)])
        after_ids = np.arange(3 + old.id_count, old.input_width(layer) + units)
        source = np.concatenate([np.arange(3), 3 + old_ids, after_ids])
        # Columns of new characters are not among these inputs: they keep their random weights.
        inputs = np.arange(3 + config.id_count, config.input_width(layer) + width)
        self.copy(f"{name}.weight", rows, columns, self.tensors[f"{name}.weight"][:, source], inputs)
        self.result[f"{name}.bias"][rows] = self.tensors[f"{name}.bias"]
        if config.style_dim and config.style_dim == old.style_dim:
            self.result[f"{name}.style"][rows] = self.tensors[f"{name}.style"]

    def copy_output(self) -> None:
        """Pen lift, mixture components and stop."""
        mixtures, starts = self.config.mixtures, np.cumsum([0, *self.config.hidden])
        columns = np.concatenate([starts[layer] + np.arange(units) for layer, units in enumerate(self.old.hidden)])
        components = np.arange(6)[:, None] * mixtures + np.arange(self.old.mixtures)
        rows = np.concatenate([[0], 1 + components.ravel(), np.arange(1 + 6 * mixtures, self.config.output_width)])
        self.copy("output.weight", rows, columns, self.tensors["output.weight"], np.arange(starts[-1]))
        self.result["output.bias"][1 : 1 + mixtures] = UNUSED_LOGIT
        self.result["output.bias"][rows] = self.tensors["output.bias"]

    def copy_styles(self, old_writers: list[str], writers: list[str]) -> None:
        """Style vectors of the writers that both have."""
        for row, name in enumerate(old_writers):
            if name in writers:
                self.result["style.table"][writers.index(name)] = self.tensors["style.table"][row]

    def copy_window(self, step_factor: float) -> None:
        """The window's linear layer, its advance per timestep multiplied by `step_factor`."""
        units = np.arange(self.old.hidden[0])
        rows = np.arange(3 * self.config.window)
        self.copy("window.weight", rows, units, self.tensors["window.weight"], np.arange(self.config.hidden[0]))
        self.result["window.bias"] = np.array(self.tensors["window.bias"])
        self.result["window.bias"][2 * self.config.window :] += np.log(step_factor)
