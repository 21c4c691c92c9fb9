"""Parameters: a flat dict whose keys and shapes are those of the weights file.

=====================  ==========================  =======================================
name                   shape                       order
=====================  ==========================  =======================================
``lstm.{l}.weight``    ``[4 H_l, in_l + H_l]``     rows i, f, g, o; columns point (3) |
                                                   window (A) | hidden below | own hidden;
                                                   without skips point and window are those
                                                   of layer 0 only
``lstm.{l}.bias``      ``[4 H_l]``                 i, f, g, o
``lstm.{l}.style``     ``[4 H_l, S]``              only if S > 0
``window.weight``      ``[3 K, H_0]``              rows alpha, beta, kappa; synthesis only
``window.bias``        ``[3 K]``
``output.weight``      ``[R, sum H]``              rows e, pi, mu_x, mu_y, sigma_x,
                                                   sigma_y, rho, stop; without skips only
                                                   the columns of the top layer
``output.bias``        ``[R]``
``style.table``        ``[N, S]``                  one row per writer
=====================  ==========================  =======================================

Letters: B lines in a batch, T timesteps, H hidden units, A character ids, U characters of a line with its end mark,
K window components, M mixture components, R output rows, S style dimensions, N writers.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from train.network.config import Config

Params = dict[str, jax.Array]


def init_params(config: Config, seed: int, characters_per_point: float = 1 / 25) -> Params:
    """Random f32 parameters.

    The window's bias makes it advance `characters_per_point` characters per timestep, whatever its input, so that it
    is near the right character from the first update on.
    """
    rng = np.random.default_rng(seed)
    params: dict[str, np.ndarray] = {}
    for layer, width in enumerate(config.hidden):
        columns = config.input_width(layer) + width
        # The window's vector has about one active entry, however many ids there are.
        fan_in = columns - (config.id_count if config.skips or not layer else 0) + 1
        params[f"lstm.{layer}.weight"] = rng.normal(0, 1 / math.sqrt(fan_in), (4 * width, columns))
        bias = np.zeros(4 * width)
        bias[width : 2 * width] = 1.0  # forget gates open at first
        params[f"lstm.{layer}.bias"] = bias
        if config.style_dim:
            params[f"lstm.{layer}.style"] = rng.normal(
                0, 0.3 / math.sqrt(config.style_dim), (4 * width, config.style_dim)
            )
    if config.window:
        k = config.window
        params["window.weight"] = rng.normal(0, 0.1 / math.sqrt(config.hidden[0]), (3 * k, config.hidden[0]))
        params["window.bias"] = np.concatenate(
            [
                np.full(k, math.log(1.5 / k)),
                np.full(k, math.log(0.6)) + rng.normal(0, 0.3, k),
                np.full(k, math.log(characters_per_point)) + rng.normal(0, 0.03, k),
            ]
        )
    if config.style_dim:
        params["style.table"] = rng.normal(0, 1, (config.writers, config.style_dim))
    total = config.output_columns
    params["output.weight"] = rng.normal(0, 0.5 / math.sqrt(total), (config.output_width, total))
    params["output.bias"] = np.zeros(config.output_width)
    m = config.mixtures
    params["output.bias"][0] = 3.0  # e = sigmoid(-3): the pen lifts after one point in twenty
    # Different means, so that the components do not all start out the same.
    params["output.bias"][1 + m : 1 + 3 * m] = rng.normal(0, 0.5, 2 * m)
    params["output.bias"][1 + 3 * m : 1 + 5 * m] = -1.0
    return {name: jnp.asarray(value, jnp.float32) for name, value in params.items()}
