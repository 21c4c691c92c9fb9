"""The recurrent layers, with gradients written by hand.

Reverse-mode differentiation of a scan adds the outer product of every timestep to the weight's gradient one by one,
and stores every intermediate array. The hand-written reverse scan delivers only the gradients of the gate sums; the
outer products follow as one large product. The results are the same, in half the time: the tests compare them with
what `jax.grad` makes of the plain scan.

With `rounded`, gate sums, states and the window vector lie on the grids of `rounding.py`. The backward pass reads the
rounded values and otherwise ignores the rounding: its gradients pass straight through.

`parameters.py` lists the shapes and letters.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from train.network.rounding import CELL_BITS, CELL_LIMIT, HIDDEN_BITS, HIDDEN_LIMIT, SUM_BITS, to_grid


def lstm_cell(gates: jax.Array, cell: jax.Array, rounded: bool = False):
    """One timestep of an LSTM without peepholes [G eqs 7-11].

    From gate sums `[B, 4 H]` (i, f, g, o) and cell state `[B, H]` to the hidden state, the new cell state and the
    activations (i, f, g, o), `[B, H]` each.
    """
    if rounded:
        gates = to_grid(gates, SUM_BITS)
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
    cell = f * cell + i * g
    if rounded:
        cell = jnp.clip(to_grid(cell, CELL_BITS), -CELL_LIMIT, CELL_LIMIT)
    hidden = o * jnp.tanh(cell)
    if rounded:
        hidden = jnp.clip(to_grid(hidden, HIDDEN_BITS), -HIDDEN_LIMIT, HIDDEN_LIMIT)
    return hidden, cell, (i, f, g, o)


def lstm_cell_backward(d_hidden, d_cell, before, cell, gates):
    """Gradients of the gate sums `[B, 4 H]` and of the previous cell state, from those of hidden and cell state.

    `before` and `cell` are the cell states before and after the timestep, `gates` the activations.
    """
    i, f, g, o = gates
    squashed = jnp.tanh(cell)
    d_cell = d_cell + d_hidden * o * (1 - squashed**2)
    d_gates = jnp.concatenate(
        [
            d_cell * g * i * (1 - i),
            d_cell * before * f * (1 - f),
            d_cell * i * (1 - g**2),
            d_hidden * squashed * o * (1 - o),
        ],
        axis=-1,
    )
    return d_gates, d_cell * f


def window_step(p, kappa, ids, mask, onehot, rounded: bool = False):
    """One timestep of the window [G eqs 46-51].

    From its linear layer's outputs `p` `[B, 3 K]` and the previous `kappa` `[B, K]` to the window vector `[B, A]`,
    kappa, phi `[B, U]` and (alpha, beta, step), `[B, K]` each. `ids` and `mask` are `[B, U]`, `onehot` `[B, U, A]`.
    """
    alpha, beta, step = jnp.split(jnp.exp(p), 3, axis=-1)
    kappa = kappa + step
    distance = kappa[:, :, None] - jnp.arange(ids.shape[1], dtype=jnp.float32)
    phi = jnp.sum(alpha[:, :, None] * jnp.exp(-beta[:, :, None] * distance**2), axis=1) * mask
    window = jnp.einsum("bu,bua->ba", phi, onehot)
    return to_grid(window, SUM_BITS) if rounded else window, kappa, phi, (alpha, beta, step)


def window_step_backward(d_window, d_kappa, kappa, window_params, text):
    """Gradients of the window's linear outputs `[B, 3 K]` and of the previous kappa `[B, K]`.

    `window_params` is (alpha, beta, step) as `window_step` returns them, `text` the tuple (ids, mask, onehot).
    """
    ids, mask, _ = text
    alpha, beta, step = window_params
    distance = kappa[:, :, None] - jnp.arange(ids.shape[1], dtype=jnp.float32)
    bump = jnp.exp(-beta[:, :, None] * distance**2)
    d_phi = (jnp.take_along_axis(d_window, ids, axis=1) * mask)[:, None, :] * bump
    d_alpha = jnp.sum(d_phi, axis=2)
    d_beta = -alpha * jnp.sum(d_phi * distance**2, axis=2)
    d_kappa = d_kappa - 2 * alpha * beta * jnp.sum(d_phi * distance, axis=2)
    return jnp.concatenate([d_alpha * alpha, d_beta * beta, d_kappa * step], axis=-1), d_kappa


def matmul(a: jax.Array, b: jax.Array, dtype) -> jax.Array:
    """`a @ b` with operands rounded to `dtype` and f32 sums."""
    return jnp.dot(a.astype(dtype), b.astype(dtype), preferred_element_type=jnp.float32)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def linear(a: jax.Array, weight: jax.Array, dtype) -> jax.Array:
    """`a @ weight.T` for `a` `[T, B, in]` and `weight` `[out, in]`.

    The backward pass reads the weight by rows: read by columns, XLA's bf16 products on CPUs fall back to f32.
    """
    return matmul(a, weight.T, dtype)


def _linear_forward(a, weight, dtype):
    return matmul(a, weight.T, dtype), (a, weight)


def _linear_backward(dtype, residual, cotangent):
    a, weight = residual
    return matmul(cotangent, weight, dtype), outer_product_sum(cotangent, a, dtype)


linear.defvjp(_linear_forward, _linear_backward)


def outer_product_sum(a: jax.Array, b: jax.Array, dtype) -> jax.Array:
    """Outer products of `[T, B, m]` and `[T, B, n]`, summed over timesteps and lines: `[m, n]`.

    Two summed axes rather than one of length T B: with one, XLA's bf16 products of `a.T` on CPUs fall back to f32.
    """
    return jnp.einsum("tbi,tbj->ij", a.astype(dtype), b.astype(dtype), preferred_element_type=jnp.float32)


def previous(a: jax.Array) -> jax.Array:
    """The value before each timestep: `[T, ...]` shifted by one timestep, zeros first."""
    return jnp.concatenate([jnp.zeros_like(a[:1]), a[:-1]])


def zero_state(lines: int, *widths: int) -> tuple[jax.Array, ...]:
    """The state in which a line starts, `[B, width]` each."""
    return tuple(jnp.zeros((lines, width)) for width in widths)


def lstm_scan(weight, gates_in, dtype, rounded: bool = False, start=None):
    """One LSTM layer over all timesteps: hidden states `[T, B, H]`, cell states and gate activations.

    `weight` `[4 H, H]` are the recurrent columns, `gates_in` `[T, B, 4 H]` the part of the gate sums that does not
    depend on the layer's own state. `start` are the first hidden and cell state, `[B, H]` each; zeros without it.
    """
    units, weight = weight.shape[1], weight.T

    def step(carry, sums):
        hidden, cell = carry
        hidden, cell, gates = lstm_cell(sums + matmul(hidden, weight, dtype), cell, rounded)
        return (hidden, cell), (hidden, cell, gates)

    return lax.scan(step, start or zero_state(gates_in.shape[1], units, units), gates_in)[1]


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def lstm_layer(weight, gates_in, dtype, rounded: bool = False):
    """The hidden states `[T, B, H]` of `lstm_scan`, with a hand-written gradient."""
    return lstm_scan(weight, gates_in, dtype, rounded)[0]


def _lstm_forward(weight, gates_in, dtype, rounded):
    kept = lstm_scan(weight, gates_in, dtype, rounded)
    return kept[0], (weight, kept)


def _lstm_backward(dtype, _rounded, residual, cotangent):
    weight, (hidden, cell, gates) = residual

    def step(carry, inputs):
        d_hidden, d_cell = carry
        d_out, before, cell, gates = inputs
        d_gates, d_cell = lstm_cell_backward(d_hidden + d_out, d_cell, before, cell, gates)
        return (matmul(d_gates, weight, dtype), d_cell), d_gates

    inputs = (cotangent, previous(cell), cell, gates)
    _, d_gates = lax.scan(step, (jnp.zeros_like(hidden[0]), jnp.zeros_like(cell[0])), inputs, reverse=True)
    return outer_product_sum(d_gates, previous(hidden), dtype), d_gates


lstm_layer.defvjp(_lstm_forward, _lstm_backward)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def chained_layer(weight, gates_in, start, dtype, rounded: bool = False):
    """Hidden and cell states `[T, B, H]` of `lstm_scan` from `start`, with a hand-written gradient of all three."""
    return lstm_scan(weight, gates_in, dtype, rounded, start)[:2]


def _chained_forward(weight, gates_in, start, dtype, rounded):
    kept = lstm_scan(weight, gates_in, dtype, rounded, start)
    return kept[:2], (weight, start, kept)


def _chained_backward(dtype, _rounded, residual, cotangents):
    weight, start, (hidden, cell, gates) = residual

    def step(carry, inputs):
        d_hidden, d_cell = carry
        (d_out, d_out_cell), before, cell, gates = inputs
        d_gates, d_cell = lstm_cell_backward(d_hidden + d_out, d_cell + d_out_cell, before, cell, gates)
        return (matmul(d_gates, weight, dtype), d_cell), d_gates

    before = [jnp.concatenate([first[None], states[:-1]]) for first, states in zip(start, (hidden, cell), strict=True)]
    inputs = (cotangents, before[1], cell, gates)
    d_start, d_gates = lax.scan(step, (jnp.zeros_like(hidden[0]), jnp.zeros_like(cell[0])), inputs, reverse=True)
    return outer_product_sum(d_gates, before[0], dtype), d_gates, d_start


chained_layer.defvjp(_chained_forward, _chained_backward)


def window_scan(weight, window_weight, window_bias, text, gates_in, dtype, rounded: bool = False):
    """The first layer of the synthesis network, whose window is part of its next timestep's input.

    `weight` `[4 H, A + H]` are the columns of window and own hidden state, `window_weight` `[3 K, H]` and
    `window_bias` `[3 K]` the window's linear layer, `text` the tuple (ids `[B, U]`, mask `[B, U]`, onehot
    `[B, U, A]`). Returns `[T, B, .]` each: hidden, window, kappa, phi; then cell states, activations and
    (alpha, beta, step) for the backward pass.
    """
    units, components = window_weight.shape[1], window_bias.shape[0] // 3
    weight, window_weight = weight.T, window_weight.T
    ids, mask, onehot = text

    def step(carry, sums):
        hidden, cell, kappa, window = carry
        recurrent = jnp.concatenate([window, hidden], axis=-1)
        hidden, cell, gates = lstm_cell(sums + matmul(recurrent, weight, dtype), cell, rounded)
        p = jnp.dot(hidden, window_weight) + window_bias
        window, kappa, phi, window_params = window_step(p, kappa, ids, mask, onehot, rounded)
        return (hidden, cell, kappa, window), (hidden, window, kappa, phi, cell, gates, window_params)

    start = zero_state(gates_in.shape[1], units, units, components, weight.shape[0] - units)
    return lax.scan(step, start, gates_in)[1]


@partial(jax.custom_vjp, nondiff_argnums=(5, 6))
def window_layer(weight, window_weight, window_bias, text, gates_in, dtype, rounded: bool = False):
    """Hidden, window, kappa and phi of `window_scan`; no gradient flows through kappa and phi."""
    return window_scan(weight, window_weight, window_bias, text, gates_in, dtype, rounded)[:4]


def _window_forward(weight, window_weight, window_bias, text, gates_in, dtype, rounded):
    kept = window_scan(weight, window_weight, window_bias, text, gates_in, dtype, rounded)
    return kept[:4], (weight, window_weight, text, kept)


def _window_backward(dtype, _rounded, residual, cotangent):
    weight, window_weight, text, (hidden, window, kappa, _, cell, gates, window_params) = residual
    characters = window.shape[-1]

    def step(carry, inputs):
        d_hidden, d_cell, d_kappa, d_window = carry
        (d_out, d_out_window), before, cell, gates, kappa, window_params = inputs
        d_p, d_kappa = window_step_backward(d_window + d_out_window, d_kappa, kappa, window_params, text)
        d_hidden = d_hidden + d_out + jnp.dot(d_p, window_weight)
        d_gates, d_cell = lstm_cell_backward(d_hidden, d_cell, before, cell, gates)
        d_recurrent = matmul(d_gates, weight, dtype)
        return (d_recurrent[:, characters:], d_cell, d_kappa, d_recurrent[:, :characters]), (d_gates, d_p)

    inputs = (cotangent[:2], previous(cell), cell, gates, kappa, window_params)
    none = tuple(jnp.zeros_like(a[0]) for a in (hidden, cell, kappa, window))
    _, (d_gates, d_p) = lax.scan(step, none, inputs, reverse=True)
    recurrent = jnp.concatenate([previous(window), previous(hidden)], axis=-1)
    ids, mask, onehot = text
    of_text = (np.zeros(ids.shape, jax.dtypes.float0), jnp.zeros_like(mask), jnp.zeros_like(onehot))
    return (
        outer_product_sum(d_gates, recurrent, dtype),
        outer_product_sum(d_p, hidden, jnp.float32),
        d_p.sum((0, 1)),
        of_text,
        d_gates,
    )


window_layer.defvjp(_window_forward, _window_backward)
