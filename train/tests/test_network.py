"""The network: its gradients, density and loss, and its agreement with the reference implementation."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conftest import tiny_config, tiny_network
from plain_network import PlainNetwork
from train.data.alphabet import encode
from train.export.quantise import quantise_rows
from train.network.config import MIN_LOG_SD, Config
from train.network.forward import forward
from train.network.mixture import line_losses, log_density
from train.network.parameters import init_params
from train.network.recurrent import chained_layer, lstm_layer, lstm_scan, window_layer, window_scan
from train.network.rounding import round_rows, round_weights, to_grid
from train.reference.network import Network, Reference, pad_ids, points_to_grid

LINES, STEPS = 3, 12

KINDS = ["prediction", "synthesis", "stacked"]

# Compiled as a whole, which is faster than operation by operation.
forward = jax.jit(forward, static_argnames=("config", "dtype", "rounded"))
losses = jax.jit(line_losses, static_argnames=("config", "dtype", "rounded"))
log_density = jax.jit(log_density)


def synthetic_batch(config: Config, seed: int = 5, lengths=(STEPS, 9, 5)) -> dict[str, np.ndarray]:
    """A batch of random lines of several lengths, with texts of several lengths for a network with text."""
    rng = np.random.default_rng(seed)
    batch = {
        "target": np.zeros((STEPS, len(lengths), 3), np.float32),
        "x": np.zeros((STEPS, len(lengths), 3), np.float32),
        "mask": np.zeros((STEPS, len(lengths)), np.float32),
        "last": np.zeros((STEPS, len(lengths)), np.float32),
    }
    for line, steps in enumerate(lengths):
        points = np.concatenate([rng.normal(0, 1, (steps, 2)), rng.random((steps, 1)) < 0.3], axis=1)
        batch["target"][:steps, line] = points
        batch["x"][1:steps, line] = points[:-1]
        batch["mask"][:steps, line] = 1
        batch["last"][steps - 1, line] = 1
    if config.window:
        ids = pad_ids([encode(text, config.alphabet) for text in ("bad", "a cab", "e")][: len(lengths)])
        batch["ids_mask"] = (ids >= 0).astype(np.float32)
        batch["ids"] = np.maximum(ids, 0).astype(np.int32)
    if config.style_dim:
        batch["style"] = rng.normal(0, 1, (len(lengths), config.style_dim)).astype(np.float32)
    return batch


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_have_the_names_and_shapes_of_the_weights_file(kind):
    config = tiny_config(kind)
    ids, outputs = {"synthesis": (6 + 1, 1 + 6 * 3 + 1), "prediction": (0, 1 + 6 * 3), "stacked": (0, 13)}[kind]
    seen = 7 if kind == "stacked" else sum(config.hidden)
    expected = {"output.weight": (outputs, seen), "output.bias": (outputs,)}
    below = 0
    for layer, width in enumerate(config.hidden):
        outside = 0 if kind == "stacked" and layer else 3 + ids
        expected[f"lstm.{layer}.weight"] = (4 * width, outside + below + width)
        expected[f"lstm.{layer}.bias"] = (4 * width,)
        if kind == "synthesis":
            expected[f"lstm.{layer}.style"] = (4 * width, 4)
        below = width
    if kind == "synthesis":
        expected |= {"window.weight": (6, 7), "window.bias": (6,), "style.table": (2, 4)}
    params = init_params(config, 1)
    assert {name: value.shape for name, value in params.items()} == expected
    assert all(value.dtype == jnp.float32 and bool(jnp.isfinite(value).all()) for value in params.values())


def test_the_window_starts_at_the_speed_of_the_corpus():
    bias = init_params(tiny_config("synthesis"), 1, characters_per_point=0.04)["window.bias"]
    np.testing.assert_allclose(np.exp(bias[4:]), 0.04, rtol=0.15)


# --- hand-written gradients ------------------------------------------------------------------


def assert_same_gradients(by_hand, by_jax) -> None:
    """Equal to a few units in the last place of the largest entry."""
    for ours, theirs in zip(by_hand, by_jax, strict=True):
        assert ours.shape == theirs.shape
        largest = float(jnp.abs(theirs).max())
        assert largest > 1e-3
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-6 * largest)


@pytest.mark.parametrize("rounded", [False, True])
def test_the_lstm_layers_gradients_are_those_of_its_scan(rounded):
    rng = np.random.default_rng(1)
    hidden = 5
    weight = jnp.asarray(rng.normal(0, 0.5, (4 * hidden, hidden)), jnp.float32)
    gates = jnp.asarray(rng.normal(0, 1, (STEPS, LINES, 4 * hidden)), jnp.float32)
    pull = jnp.asarray(rng.normal(0, 1, (STEPS, LINES, hidden)), jnp.float32)

    def by_hand(weight, gates):
        return jnp.sum(pull * lstm_layer(weight, gates, jnp.float32, rounded))

    def by_jax(weight, gates):
        return jnp.sum(pull * lstm_scan(weight, gates, jnp.float32, rounded)[0])

    assert_same_gradients(
        jax.jit(jax.grad(by_hand, (0, 1)))(weight, gates), jax.jit(jax.grad(by_jax, (0, 1)))(weight, gates)
    )


def test_the_chained_layers_gradients_are_those_of_its_scan():
    rng = np.random.default_rng(4)
    hidden = 5
    arrays = [(4 * hidden, hidden), (STEPS, LINES, 4 * hidden), (LINES, hidden), (LINES, hidden)]
    arrays = [jnp.asarray(rng.normal(0, 0.5, shape), jnp.float32) for shape in arrays]
    pulls = jnp.asarray(rng.normal(0, 1, (2, STEPS, LINES, hidden)), jnp.float32)

    def pulled(states):
        def value(*arrays):
            hidden, cell = states(*arrays)
            return jnp.sum(pulls[0] * hidden) + jnp.sum(pulls[1] * cell)

        return jax.jit(jax.grad(value, (0, 1, 2, 3)))(*arrays)

    by_hand = pulled(lambda weight, gates, *start: chained_layer(weight, gates, start, jnp.float32))
    by_jax = pulled(lambda weight, gates, *start: lstm_scan(weight, gates, jnp.float32, start=start)[:2])
    assert_same_gradients(by_hand, by_jax)


def window_case():
    """Weights and gate sums of a first layer with a window, and the text it reads."""
    rng = np.random.default_rng(2)
    hidden, components, characters = 5, 3, 6
    ids = np.array([[1, 3, 2, 3, 0], [5, 1, 0, 0, 0], [2, 0, 0, 0, 0]])
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]], np.float32)
    text = (jnp.asarray(ids), jnp.asarray(mask), jax.nn.one_hot(ids, characters))
    arrays = [
        rng.normal(0, 0.5, (4 * hidden, characters + hidden)),
        rng.normal(0, 0.5, (3 * components, hidden)),
        np.concatenate([np.full(components, -0.5), np.full(components, -0.5), np.full(components, -1.2)]),
        rng.normal(0, 1, (STEPS, LINES, 4 * hidden)),
    ]
    pulls = [rng.normal(0, 1, (STEPS, LINES, hidden)), rng.normal(0, 1, (STEPS, LINES, characters))]
    return [jnp.asarray(a, jnp.float32) for a in arrays], text, [jnp.asarray(p, jnp.float32) for p in pulls]


@pytest.mark.parametrize("rounded", [False, True])
def test_the_window_layers_gradients_are_those_of_its_scan(rounded):
    arrays, text, pulls = window_case()

    def pulled(layer):
        def value(weight, window_weight, window_bias, gates):
            hidden, window = layer(weight, window_weight, window_bias, text, gates, jnp.float32, rounded)[:2]
            return jnp.sum(pulls[0] * hidden) + jnp.sum(pulls[1] * window)

        return jax.jit(jax.grad(value, (0, 1, 2, 3)))(*arrays)

    assert_same_gradients(pulled(window_layer), pulled(window_scan))


def test_layers_compute_what_their_scans_do():
    arrays, text, _ = window_case()
    layer = window_layer(*arrays[:3], text, arrays[3], jnp.float32)
    scan = window_scan(*arrays[:3], text, arrays[3], jnp.float32)
    for ours, theirs in zip(layer, scan[:4], strict=True):
        assert np.array_equal(ours, theirs)
    hidden = arrays[1].shape[1]
    own = arrays[0][:, -hidden:]
    layer = lstm_layer(own, arrays[3], jnp.float32)
    assert np.array_equal(layer, lstm_scan(own, arrays[3], jnp.float32)[0])


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_the_gradient_matches_a_difference_quotient(kind):
    tensors, config = tiny_network(kind)
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    batch = synthetic_batch(config)

    def loss(params):
        nats, stop, _, _ = losses(params, config, batch)
        return nats.sum() + stop.sum()

    value = jax.jit(jax.value_and_grad(loss))
    _, grads = value(params)
    norm = math.sqrt(sum(float(jnp.sum(g**2)) for g in grads.values()))
    step = 2e-3

    def moved(sign):
        return float(value({name: p + sign * step / norm * grads[name] for name, p in params.items()})[0])

    # The difference quotient is independent of how gradients are computed.
    np.testing.assert_allclose((moved(1) - moved(-1)) / (2 * step), norm, rtol=5e-3)


# --- density and loss ------------------------------------------------------------------------


def mixture(seed: int, points: int, components: int = 3):
    """Rows of the output layer for a mixture, `[points, M]` each."""
    rng = np.random.default_rng(seed)
    names = ["pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"]
    spread = {"pi": 1.0, "mu_x": 0.7, "mu_y": 0.7, "sigma_x": 0.4, "sigma_y": 0.4, "rho": 0.8}
    return {name: rng.normal(0, spread[name], (points, components)).astype(np.float32) for name in names}


def log_density_by_matrices(parts, target) -> np.ndarray:
    """The density by the textbook formula with covariance matrices, in f64."""
    result = []
    for row, point in enumerate(target[:, :2].astype(np.float64)):
        part = {name: value[row].astype(np.float64) for name, value in parts.items()}
        weights = np.exp(part["pi"]) / np.exp(part["pi"]).sum()
        density = 0.0
        for j, weight in enumerate(weights):
            sx, sy, rho = np.exp(part["sigma_x"][j]), np.exp(part["sigma_y"][j]), np.tanh(part["rho"][j])
            covariance = np.array([[sx * sx, rho * sx * sy], [rho * sx * sy, sy * sy]])
            away = point - [part["mu_x"][j], part["mu_y"][j]]
            bump = np.exp(-0.5 * away @ np.linalg.solve(covariance, away))
            density += weight * bump / (2 * np.pi * np.sqrt(np.linalg.det(covariance)))
        result.append(np.log(density))
    return np.array(result)


def test_the_density_is_that_of_a_mixture_of_bivariate_normals():
    parts = mixture(1, 40)
    target = np.random.default_rng(2).normal(0, 1.2, (40, 3)).astype(np.float32)
    np.testing.assert_allclose(log_density(parts, target), log_density_by_matrices(parts, target), rtol=1e-5, atol=1e-5)


def test_the_density_integrates_to_one():
    edges = np.arange(-12, 12, 0.06)
    grid = np.stack([*(g.ravel() for g in np.meshgrid(edges, edges)), np.zeros(len(edges) ** 2)], axis=1)
    parts = {name: value[:1] for name, value in mixture(4, 1).items()}
    total = np.exp(np.asarray(log_density(parts, grid.astype(np.float32)), np.float64)).sum() * 0.06**2
    assert total == pytest.approx(1, abs=1e-4)


def test_the_density_does_not_grow_below_the_smallest_deviation():
    parts = mixture(3, 1, components=1)
    target = np.array([[parts["mu_x"][0, 0], parts["mu_y"][0, 0], 0]], np.float32)
    narrow = {**parts, "sigma_x": np.full((1, 1), MIN_LOG_SD, np.float32)}
    narrower = {**parts, "sigma_x": np.full((1, 1), MIN_LOG_SD - 5, np.float32)}
    assert float(log_density(narrower, target)[0]) == float(log_density(narrow, target)[0])


@pytest.mark.parametrize("rho", [-40.0, -8.0, 8.0, 40.0])
def test_the_density_and_its_gradient_stay_finite_at_extreme_correlations(rho):
    parts = {**mixture(5, 2), "rho": np.full((2, 3), rho, np.float32)}
    target = np.array([[3, -3, 0], [0, 0, 0]], np.float32)
    value, grads = jax.value_and_grad(lambda p: log_density(p, target).sum())(parts)
    assert math.isfinite(value)
    assert all(bool(jnp.isfinite(g).all()) for g in grads.values())


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_losses_are_those_of_the_equations(kind):
    tensors, config = tiny_network(kind)
    batch = synthetic_batch(config)
    ids = np.zeros((LINES, 0), np.int64)
    if config.window:
        ids = np.where(batch["ids_mask"] > 0, batch["ids"], -1)
    network = PlainNetwork(tensors, config, ids, batch.get("style", np.zeros((LINES, 0))))
    rows, kappa, phi, window = [], [], [], []
    for x in batch["x"]:
        rows.append(network.step(x))
        kappa.append(network.kappa)
        phi.append(network.phi)
        window.append(network.window)
    reference = np.stack(rows)
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    outputs, seen = forward(params, config, batch["x"], batch.get("ids"), batch.get("ids_mask"), batch.get("style"))
    np.testing.assert_allclose(outputs, reference, rtol=1e-5, atol=1e-5)
    if config.window:
        np.testing.assert_allclose(seen["kappa"], np.stack(kappa), rtol=1e-5)
        np.testing.assert_allclose(seen["phi"], np.stack(phi), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(seen["window"], np.stack(window), rtol=1e-4, atol=1e-6)

    nats, stop, squared, points = losses(params, config, batch)
    assert np.array_equal(points, batch["mask"].sum(0))
    m = config.mixtures
    names = ["pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"]
    for line, steps in enumerate(batch["mask"].sum(0).astype(int)):
        row, target = reference[:steps, line], batch["target"][:steps, line]
        parts = {name: row[:, 1 + k * m : 1 + (k + 1) * m] for k, name in enumerate(names)}
        lift = 1 / (1 + np.exp(row[:, 0]))
        pen = np.log(np.where(target[:, 2] == 1, lift, 1 - lift))
        assert float(nats[line]) == pytest.approx(-(log_density_by_matrices(parts, target) + pen).sum(), rel=1e-4)
        weights = np.exp(parts["pi"]) / np.exp(parts["pi"]).sum(1, keepdims=True)
        mean = np.stack([(weights * parts["mu_x"]).sum(1), (weights * parts["mu_y"]).sum(1)], axis=1)
        assert float(squared[line]) == pytest.approx(((mean - target[:, :2]) ** 2).sum(), rel=1e-4)
        if config.stop:
            # The line stops at its last point and at no other.
            stops = 1 / (1 + np.exp(-row[:, -1]))
            expected = -np.log(np.append(1 - stops[:-1], stops[-1])).sum()
            assert float(stop[line]) == pytest.approx(expected, rel=1e-4)
        else:
            assert float(stop[line]) == 0


def test_chained_layers_start_where_the_layer_below_ends():
    tensors, config = tiny_network("stacked")
    batch = synthetic_batch(config)
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    chained, _ = forward(params, config, batch["x"], last=batch["last"])
    for line, steps in enumerate(batch["mask"].sum(0).astype(int)):
        x, nothing = batch["x"][:steps, line : line + 1], np.zeros((1, 0))
        first = PlainNetwork(tensors, config, nothing.astype(int), nothing)
        for point in x:
            first.step(point)
        second = PlainNetwork(tensors, config, nothing.astype(int), nothing)
        second.hidden[1], second.cell[1] = first.hidden[0], first.cell[0]
        expected = np.concatenate([second.step(point) for point in x])
        np.testing.assert_allclose(chained[:steps, line], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["prediction", "synthesis"])
def test_padding_changes_no_loss(kind):
    tensors, config = tiny_network(kind)
    batch = synthetic_batch(config)
    bare = losses(tensors, config, batch)
    # More timesteps, room for more text and one more line, with arbitrary values in the padding.
    mask = np.pad(batch["mask"], ((0, 4), (0, 1)))
    longer = {"mask": mask, "last": np.pad(batch["last"], ((0, 4), (0, 1)))}
    for name in ("x", "target"):
        longer[name] = np.where(mask[..., None] > 0, np.pad(batch[name], ((0, 4), (0, 1), (0, 0))), np.float32(0.7))
    if config.window:
        longer["ids_mask"] = np.pad(batch["ids_mask"], ((0, 1), (0, 3)))
        longer["ids"] = np.where(longer["ids_mask"] > 0, np.pad(batch["ids"], ((0, 1), (0, 3))), 2)
    if config.style_dim:
        longer["style"] = np.pad(batch["style"], ((0, 1), (0, 0)), constant_values=0.7)
    padded = losses(tensors, config, longer)
    for before, after in zip(bare, padded, strict=True):
        np.testing.assert_allclose(after[:LINES], before, rtol=1e-5, atol=1e-5)
        assert float(after[LINES]) == 0


def test_bf16_products_give_nearly_the_same_loss_and_gradient():
    tensors, config = tiny_network("synthesis")
    batch = synthetic_batch(config)

    def total(tensors, dtype):
        nats = losses(tensors, config, batch, dtype=dtype)[0]
        return nats.sum(), nats

    gradient_of = jax.jit(jax.grad(total, has_aux=True), static_argnums=1)
    exact, rounded = (gradient_of(tensors, dtype) for dtype in (jnp.float32, jnp.bfloat16))
    np.testing.assert_allclose(rounded[1], exact[1], rtol=0.02)
    assert not np.array_equal(rounded[1], exact[1])
    for name, gradient in exact[0].items():
        distance = np.linalg.norm(rounded[0][name] - gradient)
        assert distance <= 0.03 * np.linalg.norm(gradient), name


def test_dropout_applies_to_the_next_layer_but_not_to_the_output():
    tensors, config = tiny_network("synthesis")
    rng = np.random.default_rng(5)
    x = jnp.asarray(rng.normal(0, 1, (6, 1, 3)), jnp.float32)
    text = jnp.asarray([[1, 3, 0]]), jnp.ones((1, 3))
    masks = [np.ones((1, units), np.float32) for units in config.hidden]
    masks[0][0, 2], masks[1][0, 4], masks[2][0, 1] = 0, 0, 0
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    outputs, _ = forward(params, config, x, *text, dropout_masks=masks)
    cut = {name: np.array(value) for name, value in tensors.items()}
    for layer, unit in ((1, 2), (2, 4)):
        cut[f"lstm.{layer}.weight"][:, 3 + config.id_count + unit] = 0
    expected, _ = forward(cut, config, x, *text)
    np.testing.assert_allclose(outputs, expected, rtol=1e-6, atol=1e-6)
    assert float(jnp.abs(outputs - forward(params, config, x, *text)[0]).max()) > 1e-3


# --- rounding as in the engines --------------------------------------------------------------


def test_rounded_weights_are_those_of_the_exported_file():
    value = np.random.default_rng(3).normal(0, 1, (50, 30)).astype(np.float32)
    value[0] = 0
    whole, scale = quantise_rows(value)
    np.testing.assert_allclose(jax.jit(round_rows)(value), whole * scale[:, None], rtol=1e-6)


def test_rounding_is_to_the_nearest_and_has_the_gradient_of_what_is_rounded():
    x = jnp.asarray([0.3, -0.3, 0.125, -0.125])
    value, gradient = jax.value_and_grad(lambda x: (to_grid(x, 2) * jnp.arange(1.0, 5)).sum())(x)
    assert to_grid(x, 2).tolist() == [0.25, -0.25, 0.25, 0]
    assert float(value) == 0.5
    assert gradient.tolist() == [1, 2, 3, 4]
    weight = jnp.asarray([[1.0, 0.3], [0.0, 0.0]])
    assert jax.grad(lambda w: round_rows(w).sum())(weight).tolist() == [[1, 1], [1, 1]]


def test_rounded_states_lie_on_their_grids():
    rng = np.random.default_rng(6)
    weight = jnp.asarray(rng.normal(0, 1, (20, 5)), jnp.float32)
    gates = jnp.asarray(rng.normal(0, 5, (STEPS, LINES, 20)), jnp.float32)
    hidden, cell, _ = lstm_scan(weight, gates, jnp.float32, True)
    for value, bits, limit in ((hidden, 7, 127), (cell, 11, 32_767)):
        units = np.asarray(value) * 2.0**bits
        assert np.array_equal(units, np.round(units))
        assert 0 < np.abs(units).max() <= limit


@pytest.mark.parametrize("kind", KINDS)
def test_the_rounded_network_is_that_of_the_reference(kind):
    tensors, config = tiny_network(kind)
    batch = synthetic_batch(config)
    ids = np.zeros((LINES, 0), np.int64)
    if config.window:
        ids = np.where(batch["ids_mask"] > 0, batch["ids"], -1)
    network = Reference(Network(tensors, config), ids, batch.get("style", np.zeros((LINES, 0))))
    whole = np.stack([network.step(x) for x in points_to_grid(batch["x"])]) / 65_536
    params = round_weights({name: jnp.asarray(value) for name, value in tensors.items()})
    text = batch.get("ids"), batch.get("ids_mask"), batch.get("style")
    rounded, _ = forward(params, config, batch["x"], *text, rounded=True)
    # Both round at the same places; functions that differ in the fifth digit rarely round another way.
    assert np.abs(rounded - whole).mean() < 2e-3
    unrounded, _ = forward(tensors, config, batch["x"], *text)
    assert np.abs(unrounded - whole).mean() > 3 * np.abs(rounded - whole).mean()
