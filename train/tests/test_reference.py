"""One timestep at a time in whole numbers: the network, drawing points, and where lines end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from conftest import tiny_config, tiny_network
from plain_network import PlainNetwork
from train.data.alphabet import encode
from train.export.quantise import quantise_network
from train.export.weights_file import metadata
from train.make_fixtures import PlaceholderCorpus
from train.network.config import Config
from train.network.mixture import log_density, split_outputs
from train.reference import network as reference

#: A standard deviation's exponential, and the normals, are exact to about this share.
EXACTNESS = 1e-3


def softmax(values: np.ndarray) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum()


def whole(values, bits: int = 16) -> np.ndarray:
    """Numbers on a grid of 2^-bits: by default that of outputs."""
    return np.round(np.asarray(values, np.float64) * 2**bits).astype(np.int64)


def outputs_of(config: Config, lines: int, **rows) -> np.ndarray:
    """Outputs in floats with the given rows, the same for all lines; all others are zero."""
    m = config.mixtures
    result = np.zeros(config.output_width)
    result[0] = rows.get("e", 0)
    for index, name in enumerate(["pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"]):
        result[1 + index * m : 1 + (index + 1) * m] = rows.get(name, 0)
    if config.stop:
        result[-1] = rows.get("stop", 0)
    return np.tile(result, (lines, 1))


ROWS = {
    "e": 0.8,
    "pi": [0.5, -0.2, 0.3],
    "mu_x": [1.0, -2.0, 0.5],
    "mu_y": [0.2, 0.7, -1.0],
    "sigma_x": [-0.5, 0.1, 0.3],
    "sigma_y": [0.2, -0.4, 0.0],
    "rho": [0.6, -0.3, 1.0],
    "stop": -0.7,
}


def draw(outputs, config, noise, bias, temperature) -> reference.Drawn:
    """Draw from outputs and noise in floats."""
    noise = np.concatenate([whole(noise[:, :2], 24), whole(noise[:, 2:], 12)], axis=1)
    return reference.draw(whole(outputs), config, noise, reference.Drawing.of(bias, temperature, len(outputs)))


@pytest.mark.parametrize(("bias", "temperature"), [(0.0, 1.0), (1.5, 1.0), (0.0, 0.4), (0.7, 1.3)])
def test_bias_and_temperature_are_applied_as_documented(bias, temperature):
    config = tiny_config("synthesis")
    outputs = outputs_of(config, 1, **ROWS)
    expected = softmax(np.array(ROWS["pi"]) * (1 + bias) / temperature)
    bounds = np.cumsum(expected)
    z1, z2 = 0.9, -1.4
    near = 1e-3
    draws = [(0, bounds[0] - near), (1, bounds[0] + near), (1, bounds[1] - near), (2, bounds[1] + near)]
    for component, uniform in draws:
        drawn = draw(outputs, config, np.array([[uniform, 0.5, z1, z2]]), bias, temperature)
        assert drawn.component[0] == component
        np.testing.assert_allclose(drawn.shares[0] / drawn.shares[0].sum(), expected, atol=EXACTNESS)
        assert drawn.pen_probability[0] / 32_768 == pytest.approx(1 / (1 + np.exp(ROWS["e"] / temperature)), abs=5e-4)
        # The stop probability depends on neither bias nor temperature.
        assert drawn.stop[0] / 32_768 == pytest.approx(1 / (1 + np.exp(-ROWS["stop"])), abs=5e-4)
        sx = np.exp(ROWS["sigma_x"][component] - bias) * np.sqrt(temperature)
        sy = np.exp(ROWS["sigma_y"][component] - bias) * np.sqrt(temperature)
        rho = np.tanh(ROWS["rho"][component])
        x, y = drawn.point[0, :2] / 1024
        assert x == pytest.approx(ROWS["mu_x"][component] + sx * z1, abs=2e-3)
        assert y == pytest.approx(ROWS["mu_y"][component] + sy * (rho * z1 + np.sqrt(1 - rho**2) * z2), abs=2e-3)


def test_the_pen_lifts_where_the_uniform_is_below_the_probability():
    config = tiny_config("prediction")
    outputs = outputs_of(config, 2, e=0.8)
    lift = 1 / (1 + np.exp(0.8))
    drawn = draw(outputs, config, np.array([[0.5, lift - 1e-3, 0, 0], [0.5, lift + 1e-3, 0, 0]]), 0, 1)
    assert drawn.point[:, 2].tolist() == [1024, 0]
    assert drawn.stop.tolist() == [0, 0]


def test_samples_have_the_moments_of_the_mixture():
    config = tiny_config("prediction")
    lines, bias, temperature = 40_000, 0.3, 1.2
    noise = reference.noise_of_step(np.random.default_rng(1), lines)
    drawing = reference.Drawing.of(np.full(lines, bias), np.full(lines, temperature), lines)
    drawn = reference.draw(whole(outputs_of(config, lines, **ROWS)), config, noise, drawing)
    points, weights = drawn.point / 1024, drawn.shares[0] / drawn.shares[0].sum()
    means = np.stack([ROWS["mu_x"], ROWS["mu_y"]], axis=1)
    mean = weights @ means
    covariance = -np.outer(mean, mean)
    for j, weight in enumerate(weights):
        sx, sy = (np.exp(ROWS[name][j] - bias) * np.sqrt(temperature) for name in ("sigma_x", "sigma_y"))
        rho = np.tanh(ROWS["rho"][j])
        within = np.array([[sx * sx, rho * sx * sy], [rho * sx * sy, sy * sy]])
        covariance += weight * (within + np.outer(means[j], means[j]))
    np.testing.assert_allclose(points[:, :2].mean(0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(points[:, :2].T), covariance, atol=0.05)
    assert points[:, 2].mean() == pytest.approx(drawn.pen_probability[0] / 32_768, abs=0.01)


def test_any_output_and_noise_give_a_point_without_leaving_32_bits():
    config = tiny_config("synthesis")
    rng = np.random.default_rng(9)
    most = (1 << 29) - 1
    outputs = rng.integers(-most, most, (3000, config.output_width)) >> rng.integers(0, 29, (3000, 1))
    outputs[::3] = rng.choice([-most, -90 << 16, 0, 1, 90 << 16, most], outputs[::3].shape)
    noise = reference.noise_of_step(rng, 3000)
    noise[::7] = [(1 << 24) - 1, (1 << 24) - 1, 24_576, -24_576]
    for bias, temperature in ((0, 1), (5, 0.1), (10, 5), (0, 0.01)):
        drawn = reference.draw(outputs, config, noise, reference.Drawing.of(bias, temperature, 3000))
        assert np.abs(drawn.point[:, :2]).max() <= 1 << 17
        assert (drawn.shares[np.arange(3000), drawn.component] > 0).all()
        assert (drawn.pen_probability >= 0).all()
        assert (drawn.pen_probability <= 1 << 15).all()
        reference.log_density(outputs, config, drawn.point)


def test_densities_are_those_of_the_training_code():
    config = tiny_config("synthesis")
    rng = np.random.default_rng(3)
    outputs = rng.normal(0, 1, (80, config.output_width))
    points = np.round(rng.normal(0, 2, (80, 3)) * 1024) / 1024
    # Deviations below the smallest and correlations beyond the largest that count.
    m = config.mixtures
    outputs[:10, 1 + 3 * m : 1 + 5 * m] = -9
    # A deviation of e^-7 is about a step of the points' grid, so these means lie on it.
    outputs[:10, [1 + m, 1 + 2 * m]] = points[:10, :2]
    outputs[10:20, 1 + 5 * m : 1 + 6 * m] *= 9
    outputs = np.round(outputs * 65_536) / 65_536
    parts = split_outputs(outputs.astype(np.float32), config)
    expected = np.asarray(log_density(parts, points.astype(np.float32)))
    found = reference.log_density(whole(outputs), config, whole(points, 10)) / 1024
    # No component is taken to be farther than 16 deviations away on an axis.
    plausible = expected > -100
    assert plausible[20:].sum() > 40
    np.testing.assert_allclose(found[20:][plausible[20:]], expected[20:][plausible[20:]], rtol=5e-3, atol=5e-3)
    np.testing.assert_allclose(found[10:20][plausible[10:20]], expected[10:20][plausible[10:20]], rtol=0.02, atol=0.02)
    np.testing.assert_allclose(found[:10], expected[:10], rtol=5e-3)


@pytest.mark.parametrize("kind", ["prediction", "synthesis", "stacked"])
def test_outputs_are_close_to_those_of_the_equations(kind):
    tensors, config = tiny_network(kind)
    network = reference.Network(tensors, config)
    rows = [encode(text, config.alphabet) if config.window else [] for text in ("a cab bed", "bad")]
    ids, style = reference.pad_ids(rows), np.random.default_rng(1).normal(0, 1, (2, config.style_dim))
    # The equations with the weights that the network has.
    layers = zip([f"lstm.{layer}" for layer in range(len(config.hidden))], network.layers, strict=True)
    dense = dict(layers) | {"output": network.output} | ({"window": network.window} if network.window else {})
    exact = {**tensors, **{f"{stem}.weight": one.weight * one.scale[:, None] for stem, one in dense.items()}}
    # The columns that a file without skip connections lacks are zeros there.
    plain = PlainNetwork(exact, dataclasses.replace(config, skips=True), ids, style)
    state = reference.Reference(network, ids, style)
    for step in np.random.default_rng(2).normal(0, 1, (20, 2, 3)):
        x = reference.points_to_grid(step)
        found = state.step(x) / 65_536
        np.testing.assert_allclose(found, plain.step(x / 1024), atol=0.05)
        if config.window:
            np.testing.assert_allclose(state.mean_kappa() / 1024, plain.kappa.mean(1), rtol=0.01, atol=0.01)
            np.testing.assert_allclose(state.window / 1024, plain.window, atol=0.03)


def test_files_of_floats_are_quantised_as_the_exported_file_is():
    tensors, config = tiny_network("synthesis")
    meta = metadata(config, PlaceholderCorpus, 20, {}, ["ann", "bob"], "f32")
    exported, _ = quantise_network(tensors, meta, [("ann", "Ann")], {}, int8=True)
    one, other = reference.Network(tensors, config), reference.Network(exported, config)
    for ours, theirs in (
        (one.output, other.output),
        (one.window, other.window),
        *zip(one.layers, other.layers, strict=True),
    ):
        assert np.array_equal(ours.weight, theirs.weight)
        assert np.array_equal(ours.m, theirs.m)
        assert ours.k == theirs.k


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("output.weight", 900.0, "`output.weight` has a row whose output can reach 2\\^13"),
        ("output.bias", -9000.0, "`output.weight` has a row whose output can reach 2\\^13"),
        ("lstm.0.weight", 9000.0, "`lstm.0.weight` has a row whose sum can leave 32 bits"),
        ("output.weight", 2000.0, "scale of .* is too large"),
    ],
)
def test_a_network_whose_numbers_could_overflow_is_refused(name, row, message):
    tensors, config = tiny_network("prediction")
    value = tensors[name].copy()
    value[1] = row
    with pytest.raises(OverflowError, match=message):
        reference.Network({**tensors, name: value}, config)


def test_integers_beyond_seven_bits_are_refused():
    tensors, config = tiny_network("prediction")
    weight = np.zeros(tensors["output.weight"].shape, np.int8)
    weight[2, 3] = -64
    scale = np.ones(len(weight), np.float32)
    with pytest.raises(OverflowError, match="beyond"):
        reference.Network({**tensors, "output.weight": weight, "output.weight.scale": scale}, config)


def test_a_line_with_extreme_points_stays_within_32_bits():
    tensors, config = tiny_network("synthesis")
    ids = np.array([encode("a cab bed", config.alphabet)])
    state = reference.Reference(reference.Network(tensors, config), ids, np.full((1, config.style_dim), 1e6))
    for sign in (1, -1, 1, 1, -1):
        state.step(np.array([[sign << 17, -sign << 17, 1024]]))
    assert np.abs(state.cell[0]).max() <= 32_767
    assert np.abs(state.hidden[2]).max() <= 127


def test_padding_does_not_affect_a_shorter_text():
    tensors, config = tiny_network("synthesis")
    network = reference.Network(tensors, config)
    rows = [encode(text, config.alphabet) for text in ("a cab bed", "bad")]
    style = np.random.default_rng(1).normal(0, 1, (2, config.style_dim))
    both = reference.Reference(network, reference.pad_ids(rows), style)
    alone = reference.Reference(network, np.array(rows[1:]), style[1:])
    x = reference.points_to_grid(np.random.default_rng(2).normal(0, 1, (10, 2, 3)))
    for step in x:
        assert np.array_equal(both.step(step)[1:], alone.step(step[1:]))
    assert not both.phi[1, len(rows[1]) :].any()


def test_points_of_a_corpus_are_rounded_to_the_grid_and_limited():
    points = np.array([[0.5 / 1024, -0.5 / 1024, 1.0], [1000.0, -1000.0, 0.0]])
    assert reference.points_to_grid(points).tolist() == [[1, -1, 1024], [1 << 17, -(1 << 17), 0]]


# --- where lines end -------------------------------------------------------------------------


def steady(kind: str, e: float, stop: float = -30.0):
    """A network with constant outputs, whose window advances one character per timestep."""
    config = tiny_config(kind)
    tensors = {name: np.zeros_like(value) for name, value in tiny_network(kind)[0].items()}
    tensors["output.bias"] = outputs_of(config, 1, e=e, stop=stop, mu_x=0.5)[0]
    if config.window:
        k = config.window
        tensors["window.bias"] = np.repeat(np.log([1.0, 4.0, 1.0]), k)
    return tensors, config


def lengths(tensors, config, texts, cap=20) -> list[int]:
    rows = [encode(text, config.alphabet) for text in texts] if config.window else [[] for _ in texts]
    style = np.zeros((len(texts), config.style_dim), np.float32)
    lines = reference.write(reference.Network(tensors, config), rows, style, 0.0, 1.0, 4, cap)
    assert all(line.shape == (len(line), 3) for line in lines)
    return [len(line) for line in lines]


def test_a_line_ends_when_the_stop_probability_is_high_and_the_pen_lifts():
    assert lengths(*steady("synthesis", e=-30, stop=30), ["abcde", "a"]) == [1, 1]


def test_each_line_ends_when_the_window_is_at_its_end_mark_and_the_pen_lifts():
    assert lengths(*steady("synthesis", e=-30), ["abcde", "a", "ab"]) == [5, 1, 2]


def test_a_line_goes_on_to_the_cap_while_the_pen_is_down():
    assert lengths(*steady("synthesis", e=30, stop=30), ["ab", "a"]) == [20, 20]


def test_a_network_without_text_writes_to_the_cap():
    assert lengths(*steady("prediction", e=-30), ["", ""], cap=7) == [7, 7]


def test_the_same_seed_gives_the_same_line():
    tensors, config = tiny_network("synthesis")
    rows, style = [encode("bad", config.alphabet)], np.zeros((1, config.style_dim), np.float32)
    network = reference.Network(tensors, config)
    first, again, other = (reference.write(network, rows, style, 0.5, 1.0, seed, 15)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[: len(other)], other[: len(first)])
