"""The optimiser: Muon for the matrices of the LSTM layers, Adam for all else.

Muon (K. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) takes the
momentum's nearest orthogonal matrix as its step: all directions are learnt from
alike, those that few characters need as well as those that all points share.
The four gates are matrices of their own, stacked in one [G eqs 7-10].
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

MOMENTUM = 0.95

#: Root of the mean square of a step's entries: about Adam's, so that both go at one rate (J. Liu et al. 2025,
#: arXiv 2502.16982).
STEP_SIZE = 0.2

#: Quintics that bring singular values from [0.01, 1] near 1, one after another
#: (https://leloykun.github.io/ponder/muon-opt-coeffs/).
QUINTICS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)


def orthogonal(matrix: jax.Array) -> jax.Array:
    """About the nearest matrix `[..., R, C]` with orthonormal rows (columns where R > C)."""
    if matrix.shape[-2] > matrix.shape[-1]:
        return jnp.swapaxes(orthogonal(jnp.swapaxes(matrix, -1, -2)), -1, -2)

    def product(a, b, axes):
        # Coarse numbers do: the result is only near orthogonal anyway.
        return jnp.einsum(axes, a.astype(jnp.bfloat16), b.astype(jnp.bfloat16), preferred_element_type=jnp.float32)

    matrix = matrix / (jnp.linalg.norm(matrix, axis=(-2, -1), keepdims=True) + 1e-12)
    for a, b, c in QUINTICS:
        square = product(matrix, matrix, "...ik,...jk->...ij")
        factor = b * square + c * product(square, square, "...ij,...jk->...ik")
        matrix = a * matrix + product(factor, matrix, "...ij,...jk->...ik")
    return matrix


def muon(mesh: Mesh | None = None) -> optax.GradientTransformation:
    """For `[4 H, inputs]`, four gates' matrices; its state is the momentum.

    The devices of `mesh` (of one axis) take some of the four gates each, else every one would do all of them.
    """

    def lie(gates, axes=()):
        return lax.with_sharding_constraint(gates, NamedSharding(mesh, PartitionSpec(*axes))) if mesh else gates

    def init(params):
        return jax.tree.map(jnp.zeros_like, params)

    def update(grads, momentum, params=None):
        del params
        mix = lambda old, new: MOMENTUM * old + (1 - MOMENTUM) * new  # noqa: E731
        momentum = jax.tree.map(mix, momentum, grads)

        def step(momentum, grad):
            # Nesterov: where the momentum will be.
            gates = mix(momentum, grad).reshape(4, -1, grad.shape[1])
            size = STEP_SIZE * math.sqrt(max(gates.shape[1:]))
            step = lie(orthogonal(lie(gates, mesh.axis_names if mesh else ())))
            return size * step.reshape(grad.shape)

        return jax.tree.map(step, momentum, grads), momentum

    return optax.GradientTransformation(init, update)


def is_matrix(name: str) -> bool:
    """Whether a parameter is a matrix of an LSTM layer."""
    return name.startswith("lstm.") and name.endswith(".weight")


def optimiser(clip: float, mesh: Mesh | None = None) -> optax.GradientTransformation:
    """Steps, still to be multiplied by the learning rate; gradients are cut to the norm `clip` first."""

    def label(params):
        return {name: "muon" if is_matrix(name) else "adam" for name in params}

    each = {"muon": muon(mesh), "adam": optax.scale_by_adam(b2=0.99)}
    return optax.chain(optax.clip_by_global_norm(clip), optax.multi_transform(each, label))
