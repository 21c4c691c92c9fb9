"""The whole network: LSTM layers with or without skip connections, window, output layer [G eqs 7-13, 46-53]."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from train.network.config import Config
from train.network.parameters import Params
from train.network.recurrent import chained_layer, linear, lstm_layer, matmul, window_layer, zero_state
from train.network.rounding import SUM_BITS, to_grid


def forward(
    params: Params,
    config: Config,
    x,
    ids=None,
    ids_mask=None,
    style=None,
    dtype=jnp.float32,
    dropout_masks=None,
    rounded: bool = False,
    last=None,
):
    """Outputs `[T, B, R]` for inputs `x` `[T, B, 3]`, and the window's trace.

    `ids` and `ids_mask` `[B, U]` are the text, `style` `[B, S]` the style vectors; either may be `None`.
    `dropout_masks`, one `[B, H_l]` for each layer, scale what the next layer receives of a layer's hidden state
    (the window and the output layer receive all of it). With `last` `[T, B]`, 1 at a line's last point, every layer
    after the first starts in the state that the one below has there; without it, in zeros. The trace has `hidden`,
    a list of `[T, B, H_l]`, and for a network with text `kappa` `[T, B, K]`, `phi` `[T, B, U]` and `window` `[T, B,
    A]`. Matrix products have operands of `dtype` and f32 sums. `rounded` puts points, biases of the LSTM layers,
    gate sums, states and window on the grids of the engines.
    """
    hidden: list[jax.Array] = []
    trace = {"hidden": hidden}
    final_state: tuple[jax.Array, ...] = ()
    if rounded:
        x = to_grid(x, SUM_BITS)
    for layer, width in enumerate(config.hidden):
        weight = params[f"lstm.{layer}.weight"]
        bias = params[f"lstm.{layer}.bias"]
        if style is not None and config.style_dim:
            bias = bias + style @ params[f"lstm.{layer}.style"].T
        if rounded:
            bias = to_grid(bias, SUM_BITS)
        if layer == 0 and config.window:
            onehot = jax.nn.one_hot(ids, config.id_count)
            gates = matmul(x, weight[:, :3].T, jnp.float32) + bias
            hidden_0, window, trace["kappa"], trace["phi"] = window_layer(
                weight[:, 3:],
                params["window.weight"],
                params["window.bias"],
                (ids, ids_mask, onehot),
                gates,
                dtype,
                rounded,
            )
            trace["window"] = window
            hidden.append(hidden_0)
            continue
        inputs = [x] if config.skips or not layer else []
        if config.window and config.skips:
            inputs.append(window)
        if layer:
            inputs.append(hidden[-1] if dropout_masks is None else hidden[-1] * dropout_masks[layer - 1])
        gates = linear(jnp.concatenate(inputs, axis=-1), weight[:, :-width], dtype) + bias
        if last is None:
            hidden.append(lstm_layer(weight[:, -width:], gates, dtype, rounded))
            continue
        start = final_state or zero_state(x.shape[1], width, width)
        states = chained_layer(weight[:, -width:], gates, start, dtype, rounded)
        hidden.append(states[0])
        final_state = tuple(jnp.einsum("tb,tbh->bh", last, one) for one in states)
    seen = hidden if config.skips else hidden[-1:]
    outputs = linear(jnp.concatenate(seen, axis=-1), params["output.weight"], dtype) + params["output.bias"]
    return outputs, trace
