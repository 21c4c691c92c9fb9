"""Rounding of weights that changes what the network computes as little as possible.

Rounding every weight to its nearest integer adds errors that have nothing to do with one another. Inputs of a layer are
correlated, so the error of one weight can be made up for by the weights of other inputs that are not rounded yet, and
by the bias [E. Frantar, S. Ashkboos, T. Hoefler and D. Alistarh 2022, arXiv 2210.17323].
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from train.data.batches import collate, evenly_spaced
from train.data.corpus import Corpus, encodable_lines, ids_width
from train.export.quantise import quantise_rows
from train.network.config import Config
from train.network.forward import forward
from train.network.recurrent import previous
from train.network.regularisation import with_style_vectors
from train.network.rounding import MOST_WEIGHT, SUM_BITS, round_weights, to_grid

#: Lines in a batch.
LINES = 32

#: Added to the diagonal of a matrix of products, as a share of its mean, so that it can be inverted.
DAMPING = 0.001


def input_products(params, config: Config, corpus: Corpus, lines: int) -> dict[str, np.ndarray]:
    """For each `.weight` matrix the products of its inputs, summed over the points of `lines` lines of the corpus.

    `[C + 1, C + 1]` each; the last input is the constant 1 of the bias. Half the lines are read with their style: the
    corpus's writers are numbered as the rows of the style table.
    """

    @jax.jit
    def of_batch(params, batch, use_style):
        batch = with_style_vectors(params, config, batch, use_style)
        text = batch.get("ids"), batch.get("ids_mask"), batch.get("style")
        _, trace = forward(round_weights(params), config, batch["x"], *text, rounded=True)
        hidden, mask = trace["hidden"], batch["mask"][..., None]
        inputs = {"output": hidden if config.skips else hidden[-1:]}
        for layer, own in enumerate(hidden):
            window = [] if not config.window else [previous(trace["window"]) if layer == 0 else trace["window"]]
            below = hidden[layer - 1 : layer] if layer else []
            outside = [to_grid(batch["x"], SUM_BITS), *window] if config.skips or not layer else []
            inputs[f"lstm.{layer}"] = [*outside, *below, previous(own)]
        if config.window:
            inputs["window"] = hidden[:1]
        result = {}
        for stem, parts in inputs.items():
            a = jnp.concatenate([*parts, jnp.ones_like(mask)], axis=-1) * mask
            result[f"{stem}.weight"] = jnp.einsum("tbi,tbj->ij", a, a)
        return result

    width = ids_width(corpus)
    chosen = evenly_spaced(encodable_lines(corpus, config.alphabet), lines)
    chosen = sorted(chosen, key=lambda line: len(corpus.points[line]))
    use_style = np.arange(LINES) % 2.0
    total: dict[str, np.ndarray] = {}
    for start in range(0, len(chosen), LINES):
        batch = collate(corpus, chosen[start : start + LINES], config.alphabet, width, LINES)
        for name, products in of_batch(params, batch, use_style).items():
            total[name] = total.get(name, 0) + np.asarray(products, np.float64)
    return total


def calibrate(weight: np.ndarray, bias: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix `[R, C]` and its bias `[R]` whose weights are multiples of their row's scale, but for the largest.

    The scales are those of `quantise_rows`, which finds the same scales and integers again in what is returned.
    `products` `[C + 1, C + 1]` are those of the inputs, the bias's last.
    """
    scale = quantise_rows(weight)[1].astype(np.float64)
    divisor = np.where(scale > 0, scale, 1)
    columns = weight.shape[1]
    # Inputs that matter most come first, while there are many others to make up for them; the bias comes last.
    order = np.append(np.argsort(-products.diagonal()[:columns], kind="stable"), columns)
    products = products[np.ix_(order, order)]
    damped = products + DAMPING * products.diagonal().mean() * np.eye(columns + 1)
    # Row j: how an error of input j is best made up for by the inputs after it.
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    left = np.concatenate([weight, bias[:, None]], axis=1).astype(np.float64)[:, order]
    whole = np.zeros(weight.shape)
    for j, column in enumerate(order[:columns]):
        share = left[:, j] / divisor
        whole[:, column] = np.clip(np.sign(share) * np.floor(np.abs(share) + 0.5), -MOST_WEIGHT, MOST_WEIGHT)
        error = (left[:, j] - whole[:, column] * scale) / factor[j, j]
        left[:, j + 1 :] -= error[:, None] * factor[j, j + 1 :]
    return keep_scales(whole, scale).astype(np.float32), left[:, columns].astype(np.float32)


def keep_scales(whole: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Integers `[R, C]` times scales `[R]`, the largest of each row moved so that `quantise_rows` finds that scale.

    It is moved by less than half a scale, so that it is rounded to its integer again; where that is not enough, to the
    next integer.
    """
    unit = np.exp2(np.frexp(scale)[1] - 4.0)
    # The next smaller number of four significant bits; a largest weight of up to 63 times that would have that scale.
    below = np.where(scale == 8 * unit, scale - unit / 2, scale - unit)
    rows, largest = np.arange(len(whole)), np.abs(whole).argmax(axis=1)
    result = whole * scale[:, None]
    # A thousandth more survives rounding to f16.
    value = np.maximum(np.abs(result[rows, largest]), 1.001 * MOST_WEIGHT * below)
    result[rows, largest] = np.where(whole[rows, largest] < 0, -value, value)
    return result


def name_writers(corpus: Corpus, writers: list[str]) -> Corpus:
    """The corpus with its writers numbered as in `writers`, the rows of a style table; -1 for those not among them."""
    rows = np.array([writers.index(name) if name in writers else -1 for name in corpus.writer_names] + [-1], np.int32)
    return dataclasses.replace(corpus, writers=rows[corpus.writers], writer_names=writers)


def calibrate_network(
    tensors: dict[str, np.ndarray], config: Config, corpus: Corpus, lines: int
) -> dict[str, np.ndarray]:
    """The tensors with all `.weight` matrices and their biases calibrated on `lines` lines of the corpus."""
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    result = dict(tensors)
    for name, products in input_products(params, config, corpus, lines).items():
        bias = name.replace(".weight", ".bias")
        result[name], result[bias] = calibrate(tensors[name], tensors[bias], products)
    return result
