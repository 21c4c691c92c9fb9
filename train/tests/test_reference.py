"""One timestep at a time: sampling, and where lines end."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import tiny_config, tiny_network
from train.data.alphabet import encode
from train.network.config import Config
from train.network.mixture import log_density, split_outputs
from train.reference import network as reference


def softmax(values: np.ndarray) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum()


def outputs_of(config: Config, lines: int, **rows) -> np.ndarray:
    """Outputs with the given rows, the same for all lines; all others are zero."""
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


@pytest.mark.parametrize(("bias", "temperature"), [(0.0, 1.0), (1.5, 1.0), (0.0, 0.4), (0.7, 1.3)])
def test_bias_and_temperature_are_applied_as_documented(bias, temperature):
    config = tiny_config("synthesis")
    outputs = outputs_of(config, 1, **ROWS)
    expected = softmax(np.array(ROWS["pi"]) * (1 + bias) / temperature)
    bounds = np.cumsum(expected)
    z1, z2 = 0.9, -1.4
    near = 1e-6
    draws = [(0, bounds[0] - near), (1, bounds[0] + near), (1, bounds[1] - near), (2, bounds[1] + near)]
    for component, uniform in draws:
        noise = np.array([[uniform, 0.5, z1, z2]])
        point, weights, lift, stop = reference.sample(outputs, config, noise, bias, temperature)
        np.testing.assert_allclose(weights[0], expected, rtol=1e-12)
        assert lift[0] == pytest.approx(1 / (1 + np.exp(ROWS["e"] / temperature)))
        # The stop probability depends on neither bias nor temperature.
        assert stop[0] == pytest.approx(1 / (1 + np.exp(-ROWS["stop"])))
        sx = np.exp(ROWS["sigma_x"][component] - bias) * np.sqrt(temperature)
        sy = np.exp(ROWS["sigma_y"][component] - bias) * np.sqrt(temperature)
        rho = np.tanh(ROWS["rho"][component])
        assert point[0, 0] == pytest.approx(ROWS["mu_x"][component] + sx * z1)
        assert point[0, 1] == pytest.approx(ROWS["mu_y"][component] + sy * (rho * z1 + np.sqrt(1 - rho**2) * z2))


def test_the_pen_lifts_where_the_uniform_is_below_the_probability():
    config = tiny_config("prediction")
    outputs = outputs_of(config, 2, e=0.8)
    lift = 1 / (1 + np.exp(0.8))
    noise = np.array([[0.5, lift - 1e-6, 0, 0], [0.5, lift + 1e-6, 0, 0]])
    point, _, _, stop = reference.sample(outputs, config, noise, 0, 1)
    assert point[:, 2].tolist() == [1, 0]
    assert stop.tolist() == [0, 0]


def test_samples_have_the_moments_of_the_mixture():
    config = tiny_config("prediction")
    lines, bias, temperature = 40_000, 0.3, 1.2
    noise = reference.noise_of_step(np.random.default_rng(1), lines)
    points, weights, lift, _ = reference.sample(
        outputs_of(config, lines, **ROWS), config, noise, np.full(lines, bias), np.full(lines, temperature)
    )
    weights = weights[0]
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
    assert points[:, 2].mean() == pytest.approx(lift[0], abs=0.01)


def test_the_last_component_is_drawn_if_the_weights_sum_to_less_than_one():
    config = tiny_config("prediction")
    outputs = outputs_of(config, 1, mu_x=[1, 2, 3], sigma_x=-30).astype(np.float32)
    noise = np.array([[1.0, 0.5, 0, 0]], np.float32)
    assert reference.sample(outputs, config, noise, 0, 1)[0][0, 0] == pytest.approx(3)


def test_densities_are_those_of_the_training_code():
    config = tiny_config("synthesis")
    rng = np.random.default_rng(3)
    outputs = rng.normal(0, 1, (50, config.output_width))
    points = rng.normal(0, 2, (50, 3))
    # Deviations below the smallest and correlations beyond the largest that count.
    m = config.mixtures
    outputs[:10, 1 + 3 * m : 1 + 5 * m] = -9
    points[:10, :2] = outputs[:10, [1 + m, 1 + 2 * m]]
    outputs[10:20, 1 + 5 * m : 1 + 6 * m] *= 9
    parts = split_outputs(outputs.astype(np.float32), config)
    expected = log_density(parts, points.astype(np.float32))
    found = reference.log_density(outputs, config, points)
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    np.testing.assert_allclose(found[20:], expected[20:], rtol=1e-4)


def test_padding_does_not_affect_a_shorter_text():
    tensors, config = tiny_network("synthesis")
    rows = [encode(text, config.alphabet) for text in ("a cab bed", "bad")]
    style = np.random.default_rng(1).normal(0, 1, (2, config.style_dim))
    both = reference.Reference(tensors, config, reference.pad_ids(rows), style)
    alone = reference.Reference(tensors, config, np.array(rows[1:]), style[1:])
    x = np.random.default_rng(2).normal(0, 1, (10, 2, 3))
    for step in x:
        np.testing.assert_allclose(both.step(step)[1:], alone.step(step[1:]), rtol=1e-12)
    assert not both.phi[1, len(rows[1]) :].any()


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
    lines = reference.write(tensors, config, rows, style, 0.0, 1.0, 4, cap)
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
    first, again, other = (reference.write(tensors, config, rows, style, 0.5, 1.0, seed, 15)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[: len(other)], other[: len(first)])
