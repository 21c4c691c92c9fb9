"""Components of the mixture for offsets of exactly nought.

The corpus lies on whole numbers, and some offsets are far commoner than those beside them: a pen that rests
(dx = dy = 0: 1.45 % of the points, no offset next to it more than 0.43 %), and moves along one axis (dx = 0 5.4 %, -1
and 1 3.5 and 3.8 %; dy = 0 4.5 %, -1 and 1 2.6 and 2.5 %). A free component finds such a place by itself and
narrows there to `MIN_LOG_SD`. From then on its mean must be right to a thousandth, and every update of the output's
matrix shifts it by more, unless the learning rate is very low.

So the first three components may be held there: 0 has dx = 0, 1 has dy = 0, 2 has both. Those rows of the output are
nought but for their biases and are not learnt; how likely such a component is (pi), and what it does on its other axis,
is learnt like all else. To the engines they are rows as any others.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import data
from model import MIN_LOG_SD, Config, Params, component_log_densities, forward, split_outputs

#: For each of the components, whether it is held on x and on y.
HELD = np.array([[True, False], [False, True], [True, True]])


def held(config: Config) -> dict[int, tuple[str, int]]:
    """Rows of the output that are not learnt: their quantity, and its axis."""
    m = config.mixtures
    starts = {"mu": 1 + m, "sigma": 1 + 3 * m}
    rows = {}
    for component, axes in enumerate(HELD):
        for axis in np.flatnonzero(axes):
            for name, start in starts.items():
                rows[start + axis * m + component] = (name, int(axis))
        rows[1 + 5 * m + component] = ("rho", 0)  # what cannot vary cannot vary together
    return rows


def hold(params: Params, config: Config, mean: np.ndarray, sd: np.ndarray) -> Params:
    """The parameters with these rows as they are to be; `mean` and `sd` are the units, `[2]`."""
    weight, bias = np.array(params["output.weight"]), np.array(params["output.bias"])
    for row, (name, axis) in held(config).items():
        weight[row] = 0
        bias[row] = {"mu": -mean[axis] / sd[axis], "sigma": MIN_LOG_SD, "rho": 0.0}[name]
    return {**params, "output.weight": jnp.asarray(weight), "output.bias": jnp.asarray(bias)}


def is_held(params: Params, config: Config) -> bool:
    """Whether these rows are held already."""
    return config.mixtures > len(HELD) and not np.asarray(params["output.weight"])[list(held(config))].any()


def learnt(grads: Params, config: Config) -> Params:
    """Gradients without those of the rows that are held."""
    free = np.ones(config.outputs, np.float32)
    free[list(held(config))] = 0
    return {
        **grads,
        "output.weight": grads["output.weight"] * free[:, None],
        "output.bias": grads["output.bias"] * free,
    }


def make_room(params: Params, config: Config, corpus: data.Corpus, lines: int = 64) -> Params:
    """A trained network's parameters with three components free to be held.

    Those that have narrowed by themselves go, then those that are used least. Each new one is a copy of the component
    that has most of its offsets so far, as likely as these are among all. Measured on `lines` lines.
    """
    chosen = data.usable(corpus, config.alphabet)
    chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, lines).astype(int)]
    batch = data.collate(corpus, chosen, config.alphabet, data.text_width(corpus), lines)
    text = (batch["ids"], batch["ids_mask"]) if config.window else (None, None)
    outputs, _ = jax.jit(lambda p, x: forward(p, config, x, *text))(params, batch["x"])
    parts = split_outputs(outputs, config)
    points = batch["mask"] > 0
    logs = component_log_densities(parts, batch["target"])
    share = np.asarray(jax.nn.softmax(logs))[points]  # [N, M], whose point it is
    nought = np.abs(batch["target"][points][:, :2] * corpus.sd + corpus.mean) < 0.5
    width = np.minimum(np.asarray(parts["sigma_x"]), np.asarray(parts["sigma_y"]))[points]
    used = share.sum(0)
    narrow = (share * width).sum(0) < (MIN_LOG_SD + 1) * used
    stays = np.sort(np.lexsort([used, ~narrow])[len(HELD) :])
    copied, likelier = [], []
    for axes in HELD:
        here = (nought == axes).all(1)
        copied.append(int(share[here].sum(0).argmax()))
        likelier.append(np.log(max(1, here.sum()) / used[copied[-1]]))
    m = config.mixtures
    order = np.concatenate([copied, stays])
    rows = np.arange(config.outputs)
    rows[1 : 1 + 6 * m] = 1 + (np.arange(6)[:, None] * m + order).ravel()
    weight, bias = np.array(params["output.weight"])[rows], np.array(params["output.bias"])[rows]
    bias[1 : 1 + len(HELD)] += likelier
    return {**params, "output.weight": jnp.asarray(weight), "output.bias": jnp.asarray(bias)}
