"""Style vectors of a batch, weight noise and dropout."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from train.network.config import Config
from train.network.optimiser import is_lstm_matrix
from train.network.parameters import Params


def style_vectors(params: Params, config: Config, writer, use_style) -> jax.Array:
    """Rows of the style table, `[B, S]`; zeros where `writer` `[B]` is -1 or `use_style` `[B]` is 0."""
    rows = params["style.table"][jnp.maximum(writer, 0)]
    return rows * ((writer >= 0) * use_style)[:, None]


def with_style_vectors(params: Params, config: Config, batch, use_style):
    """The batch with its style vectors, for a network with styles."""
    if config.style_dim:
        batch = {**batch, "style": style_vectors(params, config, batch["writer"], use_style)}
    return batch


def add_weight_noise(params: Params, sd: float, key) -> Params:
    """The parameters with Gaussian noise on the matrices of the LSTM layers [G section 3.2].

    None on the output matrix: a component's standard deviation is often a few hundredths, and its mean must not be off
    by more than that.
    """
    keys = dict(zip(params, jax.random.split(key, len(params)), strict=True))
    return {
        name: p + sd * jax.random.normal(keys[name], p.shape) if is_lstm_matrix(name) else p
        for name, p in params.items()
    }


def dropout_masks(config: Config, lines: int, rate: float, key) -> list[jax.Array]:
    """Dropout masks of whole lines, `[B, H_l]` for each layer [Y. Gal and Z. Ghahramani 2016, arXiv 1512.05287].

    An entry is 0 with probability `rate` and 1 / (1 - rate) otherwise, and holds for all timesteps of its line. The
    masks apply to what the next layer receives; the window and the output layer need exact inputs and receive all.
    """
    keys = jax.random.split(key, len(config.hidden))
    return [
        jax.random.bernoulli(k, 1 - rate, (lines, units)) / (1 - rate)
        for k, units in zip(keys, config.hidden, strict=True)
    ]
