"""The optimiser's steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh

from train.network import optimiser


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (4, 16, 24)])
def test_orthogonalising_keeps_singular_vectors_and_equalises_singular_values(shape):
    matrix = np.random.default_rng(1).normal(size=shape) * np.geomspace(1, 0.05, shape[-1])
    found = np.asarray(optimiser.orthogonalise(jnp.asarray(matrix, jnp.float32)), np.float64)
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    nearest = left @ right
    assert np.abs(np.linalg.svd(found, compute_uv=False) - 1).max() < 0.2
    apart = np.linalg.norm(found - nearest, axis=(-2, -1)) / np.linalg.norm(nearest, axis=(-2, -1))
    assert apart.max() < 0.2


def test_steps_of_muon_and_adam_have_similar_size_whatever_the_gradients():
    rng = np.random.default_rng(2)
    grads = {
        "lstm.0.weight": jnp.asarray(1e-4 * rng.normal(size=(64, 30)), jnp.float32),
        "lstm.0.bias": jnp.asarray(3.0 * rng.normal(size=64), jnp.float32),
        "output.weight": jnp.asarray(10.0 * rng.normal(size=(7, 16)), jnp.float32),
    }
    transformation = optimiser.make_optimiser(1.0)
    steps, _ = transformation.update(grads, transformation.init(grads), grads)
    for name, step in steps.items():
        assert step.shape == grads[name].shape
        assert 0.1 < float(jnp.sqrt(jnp.mean(step**2))) < 1.1, name
        assert float((step * grads[name]).sum()) > 0, f"the step of {name} is not a descent direction"


def test_gates_are_orthogonalised_separately():
    grad = np.zeros((32, 12), np.float32)
    grad[8:16] = np.random.default_rng(3).normal(size=(8, 12))
    transformation = optimiser.muon()
    params = {"lstm.0.weight": jnp.asarray(grad)}
    steps, momentum = transformation.update(params, transformation.init(params))
    step = np.asarray(steps["lstm.0.weight"])
    assert np.abs(step[8:16]).max() > 0.1
    assert not step[:8].any()
    assert not step[16:].any()
    # The momentum persists without a gradient.
    again, _ = transformation.update({"lstm.0.weight": jnp.zeros_like(params["lstm.0.weight"])}, momentum)
    assert np.abs(np.asarray(again["lstm.0.weight"])[8:16]).max() > 0.1


@pytest.mark.parametrize("devices", [1, 2])
def test_devices_that_share_the_gates_take_the_same_step_as_one(devices):
    mesh = Mesh(np.array(jax.devices()[:devices]), ("lines",))
    grads = {"lstm.0.weight": jnp.asarray(np.random.default_rng(4).normal(size=(32, 12)), jnp.float32)}
    alone, together = optimiser.muon(), optimiser.muon(mesh)
    expected, _ = alone.update(grads, alone.init(grads))
    steps, _ = jax.jit(together.update)(grads, together.init(grads))
    np.testing.assert_allclose(steps["lstm.0.weight"], expected["lstm.0.weight"], atol=0.02)
