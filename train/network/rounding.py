"""The grids on which the engines compute, in floating point, so that training knows of them.

`docs/weights-format.md` defines the network in whole numbers. Here the same numbers are floats that lie on the same
grids. Gradients pass straight through: a rounded number has the gradient of the number before it was rounded
[Y. Bengio, N. Leonard and A. Courville 2013, arXiv 1308.3432].
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from train.network.parameters import Params

#: Largest magnitude of a weight in units of its row's scale: with hidden states of one byte, sums of two products fit
#: 16 bits.
MOST_WEIGHT = 63

#: Binary digits behind the point: hidden states; cells; gate sums, points and the window.
HIDDEN_BITS, CELL_BITS, SUM_BITS = 7, 11, 10

#: Largest magnitude of hidden state and cell.
HIDDEN_LIMIT = 127 / 2**HIDDEN_BITS
CELL_LIMIT = 32767 / 2**CELL_BITS


def straight_through(function):
    """`function(x, *settings)` with the gradient of x: exact forward, unlike x plus a difference."""
    rounded = jax.custom_jvp(function, nondiff_argnums=(1,))
    rounded.defjvp(lambda setting, x, dx: (function(x[0], setting), dx[0]))
    return rounded


@straight_through
def to_grid(x: jax.Array, bits: int) -> jax.Array:
    """The nearest multiples of 2^-bits, halves up."""
    return jnp.floor(x * 2.0**bits + 0.5) * 2.0**-bits


@straight_through
def round_rows(weight: jax.Array, largest: int = MOST_WEIGHT) -> jax.Array:
    """A matrix `[rows, columns]` as the engines have it: whole numbers within +-`largest` times a scale for each row.

    The rule is that of `export.quantise.quantise_rows`.
    """
    smallest = jnp.abs(weight).max(axis=1, keepdims=True) / largest
    _, exponent = jnp.frexp(smallest)
    unit = jnp.exp2((exponent - 4).astype(weight.dtype))
    scale = jnp.ceil(smallest / unit) * unit
    share = weight / jnp.where(scale > 0, scale, 1)
    return jnp.sign(share) * jnp.floor(jnp.abs(share) + 0.5) * scale


def round_weights(params: Params, largest: int = MOST_WEIGHT) -> Params:
    """The parameters with all `.weight` matrices rounded by `round_rows`."""
    return {name: round_rows(value, largest) if name.endswith(".weight") else value for name, value in params.items()}
