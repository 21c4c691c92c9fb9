"""Mixture components that are pinned to offsets of exactly zero.

The corpus lies on whole numbers, and offsets of zero are far commoner than those beside them: a pen at rest
(dx = dy = 0) is 1.45 % of the points, no neighbouring offset more than 0.43 %; dx = 0 is 5.4 %, dx = -1 and 1 are 3.5
and 3.8 %; dy = 0 is 4.5 %, dy = -1 and 1 are 2.6 and 2.5 %. A free component finds such a value by itself and narrows
there to `MIN_LOG_SD`. From then on its mean, a sum over all hidden units, must be right to a thousandth, and every
update of the output matrix shifts it by more unless the learning rate is very low.

So the first three components can be pinned: component 0 to dx = 0, 1 to dy = 0, 2 to both. The rows of their pinned
means, deviations and correlations have zero weights and constant biases and are not learnt; their mixture weights and
the other axis are. The engines treat these rows like any others.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from train.data.batches import collate, evenly_spaced
from train.data.corpus import Corpus, encodable_lines, ids_width
from train.network.config import MIN_LOG_SD, Config
from train.network.forward import forward
from train.network.mixture import component_log_densities, split_outputs
from train.network.parameters import Params

#: `[3, 2]`: whether a component is pinned on x and on y.
PINNED_AXES = np.array([[True, False], [False, True], [True, True]])


def pinned_rows(config: Config) -> dict[int, tuple[str, int]]:
    """Rows of the output layer that are not learnt, with their quantity ("mu", "sigma" or "rho") and axis."""
    m = config.mixtures
    starts = {"mu": 1 + m, "sigma": 1 + 3 * m}
    rows = {}
    for component, axes in enumerate(PINNED_AXES):
        for axis in np.flatnonzero(axes):
            for name, start in starts.items():
                rows[start + axis * m + component] = (name, int(axis))
        rows[1 + 5 * m + component] = ("rho", 0)  # a constant has no correlation
    return rows


def pin(params: Params, config: Config, mean: np.ndarray, sd: np.ndarray) -> Params:
    """The parameters with the pinned rows set, for offsets normalised by `mean` and `sd`, `[2]` each."""
    weight, bias = np.array(params["output.weight"]), np.array(params["output.bias"])
    for row, (name, axis) in pinned_rows(config).items():
        weight[row] = 0
        bias[row] = {"mu": -mean[axis] / sd[axis], "sigma": MIN_LOG_SD, "rho": 0.0}[name]
    return {**params, "output.weight": jnp.asarray(weight), "output.bias": jnp.asarray(bias)}


def is_pinned(params: Params, config: Config) -> bool:
    """Whether the parameters have pinned components."""
    if config.mixtures <= len(PINNED_AXES):
        return False
    return not np.asarray(params["output.weight"])[list(pinned_rows(config))].any()


def mask_pinned_gradients(grads: Params, config: Config) -> Params:
    """The gradients with zeros in the pinned rows."""
    free = np.ones(config.output_width, np.float32)
    free[list(pinned_rows(config))] = 0
    return {
        **grads,
        "output.weight": grads["output.weight"] * free[:, None],
        "output.bias": grads["output.bias"] * free,
    }


def free_components(params: Params, config: Config, corpus: Corpus, lines: int = 64) -> Params:
    """A trained network's parameters, reordered so that its first three components can be pinned.

    Three components are given up: first those that have narrowed by themselves, then those used least, measured on
    `lines` lines of the corpus. Each new component starts as a copy of the one that has the largest share of the
    offsets it is to be pinned to, with a mixture weight that matches how common they are.
    """
    chosen = evenly_spaced(encodable_lines(corpus, config.alphabet), lines)
    batch = collate(corpus, chosen, config.alphabet, ids_width(corpus), lines)
    text = (batch["ids"], batch["ids_mask"]) if config.window else (None, None)
    outputs, _ = jax.jit(lambda p, x: forward(p, config, x, *text))(params, batch["x"])
    parts = split_outputs(outputs, config)
    points = batch["mask"] > 0
    logs = component_log_densities(parts, batch["target"])
    responsibility = np.asarray(jax.nn.softmax(logs))[points]  # [points, M]
    zero = np.abs(batch["target"][points][:, :2] * corpus.sd + corpus.mean) < 0.5
    log_sd = np.minimum(np.asarray(parts["sigma_x"]), np.asarray(parts["sigma_y"]))[points]
    usage = responsibility.sum(0)
    narrow = (responsibility * log_sd).sum(0) < (MIN_LOG_SD + 1) * usage
    kept = np.sort(np.lexsort([usage, ~narrow])[len(PINNED_AXES) :])
    copied, weight_change = [], []
    for axes in PINNED_AXES:
        matching = (zero == axes).all(1)
        copied.append(int(responsibility[matching].sum(0).argmax()))
        weight_change.append(np.log(max(1, matching.sum()) / usage[copied[-1]]))
    m = config.mixtures
    order = np.concatenate([copied, kept])
    rows = np.arange(config.output_width)
    rows[1 : 1 + 6 * m] = 1 + (np.arange(6)[:, None] * m + order).ravel()
    weight, bias = np.array(params["output.weight"])[rows], np.array(params["output.bias"])[rows]
    bias[1 : 1 + len(PINNED_AXES)] += weight_change
    return {**params, "output.weight": jnp.asarray(weight), "output.bias": jnp.asarray(bias)}
