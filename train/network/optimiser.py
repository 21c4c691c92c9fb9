"""The optimiser: Muon for the matrices of the LSTM layers, Adam for all other parameters.

Muon (K. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) steps along the nearest orthogonal matrix of
the momentum, so that all its directions are learnt at the same rate: those that few characters need, and those that
all points share. The four gates of a layer, stacked in one matrix [G eqs 7-10], are orthogonalised separately.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

MOMENTUM = 0.95

#: Root mean square of a step's entries: about Adam's, so that one learning rate fits both (J. Liu et al. 2025,
#: arXiv 2502.16982).
STEP_RMS = 0.2

#: Coefficients of successive Newton-Schulz quintics that bring singular values from [0.01, 1] near 1
#: (https://leloykun.github.io/ponder/muon-opt-coeffs/).
QUINTICS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)


def orthogonalise(matrix: jax.Array) -> jax.Array:
    """Approximately the nearest matrix `[..., R, C]` with orthonormal rows (columns where R > C)."""
    if matrix.shape[-2] > matrix.shape[-1]:
        return jnp.swapaxes(orthogonalise(jnp.swapaxes(matrix, -1, -2)), -1, -2)

    def matmul(a, b, axes):
        # bf16 is enough: the result is only approximately orthogonal anyway.
        return jnp.einsum(axes, a.astype(jnp.bfloat16), b.astype(jnp.bfloat16), preferred_element_type=jnp.float32)

    matrix = matrix / (jnp.linalg.norm(matrix, axis=(-2, -1), keepdims=True) + 1e-12)
    for a, b, c in QUINTICS:
        square = matmul(matrix, matrix, "...ik,...jk->...ij")
        factor = b * square + c * matmul(square, square, "...ij,...jk->...ik")
        matrix = a * matrix + matmul(factor, matrix, "...ij,...jk->...ik")
    return matrix


def muon(mesh: Mesh | None = None) -> optax.GradientTransformation:
    """Muon for matrices `[4 H, in]` of four stacked gates; its state is the momentum.

    The devices of `mesh` (one axis) share the four gates; without a mesh every device computes all of them.
    """

    def shard(gates, axes=()):
        return lax.with_sharding_constraint(gates, NamedSharding(mesh, PartitionSpec(*axes))) if mesh else gates

    def init(params):
        return jax.tree.map(jnp.zeros_like, params)

    def update(grads, momentum, params=None):
        del params
        mix = lambda old, new: MOMENTUM * old + (1 - MOMENTUM) * new  # noqa: E731
        momentum = jax.tree.map(mix, momentum, grads)

        def step(momentum, grad):
            # Nesterov momentum
            gates = mix(momentum, grad).reshape(4, -1, grad.shape[1])
            size = STEP_RMS * math.sqrt(max(gates.shape[1:]))
            step = shard(orthogonalise(shard(gates, mesh.axis_names if mesh else ())))
            return size * step.reshape(grad.shape)

        return jax.tree.map(step, momentum, grads), momentum

    return optax.GradientTransformation(init, update)


def is_lstm_matrix(name: str) -> bool:
    """Whether a parameter is the matrix of an LSTM layer."""
    return name.startswith("lstm.") and name.endswith(".weight")


def make_optimiser(clip_norm: float, mesh: Mesh | None = None) -> optax.GradientTransformation:
    """Steps that are still to be multiplied by the learning rate; gradients are clipped to `clip_norm` first."""

    def label(params):
        return {name: "muon" if is_lstm_matrix(name) else "adam" for name in params}

    each = {"muon": muon(mesh), "adam": optax.scale_by_adam(b2=0.99)}
    return optax.chain(optax.clip_by_global_norm(clip_norm), optax.multi_transform(each, label))
