"""The network one timestep at a time, in plain NumPy: what the engines compute, written to be read.

It shares the configuration with the code that trains, and nothing else, so that each can be tested against the other;
it is the source of the golden fixtures. Every array has a leading axis of B lines. `network/parameters.py` lists the
tensors and the letters of their shapes.
"""

from __future__ import annotations

import numpy as np

from train.network.config import MIN_LOG_SD, Config

Tensors = dict[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class Reference:
    """One network and the state of B lines.

    `hidden` and `cell` `[B, H_l]` for each layer, `kappa` `[B, K]`, `window` `[B, A]`, `phi` `[B, U]`.
    """

    def __init__(self, tensors: Tensors, config: Config, ids: np.ndarray, style: np.ndarray, dtype=np.float64):
        """Start B lines: `ids` `[B, U]` is padded with -1, `style` is `[B, S]`; all arithmetic is in `dtype`."""
        self.config = config
        self.tensors = {name: np.asarray(value, dtype) for name, value in tensors.items()}
        lines = style.shape[0]
        self.ids = ids
        self.hidden = [np.zeros((lines, h), dtype) for h in config.hidden]
        self.cell = [np.zeros((lines, h), dtype) for h in config.hidden]
        self.kappa = np.zeros((lines, config.window), dtype)
        self.window = np.zeros((lines, config.id_count), dtype)
        self.phi = np.zeros(ids.shape, dtype)
        self.bias = []
        for layer in range(len(config.hidden)):
            bias = self.tensors[f"lstm.{layer}.bias"][None].repeat(lines, 0)
            if config.style_dim:
                bias = bias + style.astype(dtype) @ self.tensors[f"lstm.{layer}.style"].T
            self.bias.append(bias)

    def step(self, x: np.ndarray) -> np.ndarray:
        """Advance by one timestep with the input points `x` `[B, 3]`; the outputs `[B, R]` [G eqs 7-13, 52-53]."""
        for layer in range(len(self.config.hidden)):
            below = [self.hidden[layer - 1]] if layer else []
            joined = np.concatenate([x, self.window, *below, self.hidden[layer]], axis=1)
            gates = joined @ self.tensors[f"lstm.{layer}.weight"].T + self.bias[layer]
            i, f, g, o = np.split(gates, 4, axis=1)
            self.cell[layer] = sigmoid(f) * self.cell[layer] + sigmoid(i) * np.tanh(g)
            self.hidden[layer] = sigmoid(o) * np.tanh(self.cell[layer])
            if layer == 0 and self.config.window:
                self._advance_window()
        joined = np.concatenate(self.hidden, axis=1)
        return joined @ self.tensors["output.weight"].T + self.tensors["output.bias"]

    def _advance_window(self) -> None:
        """Update kappa, phi and the window vector from the first layer [G eqs 46-51]."""
        p = self.hidden[0] @ self.tensors["window.weight"].T + self.tensors["window.bias"]
        alpha, beta, step = np.split(np.exp(p), 3, axis=1)
        self.kappa = self.kappa + step
        u = np.arange(self.ids.shape[1])
        distance = self.kappa[:, :, None] - u
        self.phi = (alpha[:, :, None] * np.exp(-beta[:, :, None] * distance**2)).sum(1)
        self.phi = self.phi * (self.ids >= 0)
        self.window = np.zeros_like(self.window)
        for line in range(len(self.ids)):
            np.add.at(self.window[line], self.ids[line][self.ids[line] >= 0], self.phi[line][self.ids[line] >= 0])


def mixture_blocks(outputs: np.ndarray, config: Config) -> list[np.ndarray]:
    """The mixture's outputs, `[B, M]` each, untransformed: pi, mu_x, mu_y, sigma_x, sigma_y, rho."""
    return np.split(outputs[:, 1 : 1 + 6 * config.mixtures], 6, axis=1)


def log_density(outputs: np.ndarray, config: Config, point: np.ndarray) -> np.ndarray:
    """Log of the mixture's density at the offsets of `point` `[B, 3]`: `[B]` [G eqs 23-25].

    Neither bias nor temperature enters: this is the network as it was trained.
    """
    pi, mu_x, mu_y, sigma_x, sigma_y, rho = mixture_blocks(outputs, config)
    sx = np.exp(np.maximum(sigma_x, MIN_LOG_SD))
    sy = np.exp(np.maximum(sigma_y, MIN_LOG_SD))
    r = np.tanh(np.clip(rho, -6, 6))
    zx, zy = (point[:, :1] - mu_x) / sx, (point[:, 1:2] - mu_y) / sy
    z = zx**2 + zy**2 - 2 * r * zx * zy
    log_normal = -z / (2 * (1 - r * r)) - np.log(2 * np.pi * sx * sy * np.sqrt(1 - r * r))
    return np.logaddexp.reduce(pi + log_normal, axis=1) - np.logaddexp.reduce(pi, axis=1)


def sample(outputs: np.ndarray, config: Config, noise: np.ndarray, bias, temperature):
    """Sample the next points: points `[B, 3]`, mixture weights `[B, M]`, pen-lift and stop probabilities `[B]`.

    `noise` `[B, 4]` holds two uniforms (for component and pen) and two standard normals. `bias` [G eqs 61-62] and
    `temperature` are numbers or `[B]`.
    """
    m = config.mixtures
    bias = np.broadcast_to(np.asarray(bias, outputs.dtype), len(outputs))[:, None]
    temperature = np.broadcast_to(np.asarray(temperature, outputs.dtype), len(outputs))[:, None]
    e_hat = outputs[:, 0]
    pi_hat, mu_x, mu_y, sigma_x, sigma_y, rho = mixture_blocks(outputs, config)
    logits = pi_hat * (1 + bias) / temperature
    weights = np.exp(logits - logits.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    chosen = np.minimum((np.cumsum(weights, 1) <= noise[:, :1]).sum(1), m - 1)
    row = np.arange(len(outputs))
    spread = np.sqrt(temperature[:, 0])
    sx = np.exp(sigma_x[row, chosen] - bias[:, 0]) * spread
    sy = np.exp(sigma_y[row, chosen] - bias[:, 0]) * spread
    r = np.tanh(rho[row, chosen])
    z1, z2 = noise[:, 2], noise[:, 3]
    dx = mu_x[row, chosen] + sx * z1
    dy = mu_y[row, chosen] + sy * (r * z1 + np.sqrt(1 - r * r) * z2)
    lift = sigmoid(-e_hat / temperature[:, 0])
    pen = (noise[:, 1] < lift).astype(outputs.dtype)
    stop = sigmoid(outputs[:, 1 + 6 * m]) if config.stop else np.zeros_like(e_hat)
    return np.stack([dx, dy, pen], 1), weights, lift, stop


def noise_of_step(rng: np.random.Generator, lines: int) -> np.ndarray:
    """Noise of one timestep, `[B, 4]`."""
    return np.concatenate([rng.random((lines, 2)), rng.standard_normal((lines, 2))], axis=1)


def pad_ids(rows: list[list[int]]) -> np.ndarray:
    """Rows of ids as one array `[B, U]`, padded with -1."""
    width = max((len(r) for r in rows), default=0)
    ids = np.full((len(rows), width), -1, np.int64)
    for line, row in enumerate(rows):
        ids[line, : len(row)] = row
    return ids


def write(tensors: Tensors, config: Config, rows, style, bias, temperature, seed: int, cap: int) -> list[np.ndarray]:
    """Write lines freely, `[T, 3]` normalised points each.

    `rows` are the encoded texts, `style` `[B, S]`. A line ends where the pen lifts with a stop probability above 0.3
    or with the window at the end mark, or after `cap` points.
    """
    rng = np.random.default_rng(seed)
    lines = len(style)
    ids = pad_ids(rows)
    network = Reference(tensors, config, ids, style, np.float32)
    x = np.zeros((lines, 3), np.float32)
    last = (ids >= 0).sum(1) - 1
    points, length = [], np.full(lines, -1)
    for step in range(cap):
        x, _, _, stop = sample(network.step(x), config, noise_of_step(rng, lines).astype(np.float32), bias, temperature)
        points.append(x)
        # About the threshold that the Rust writer uses where the text is nearly finished.
        ended = (x[:, 2] == 1) & (stop > 0.3)
        if config.window:
            ended |= (x[:, 2] == 1) & (network.phi.argmax(1) == last)
        length = np.where((length < 0) & ended, step + 1, length)
        if (length >= 0).all():
            break
    length = np.where(length < 0, len(points), length)
    path = np.stack(points, 1)
    return [path[line, : length[line]] for line in range(lines)]
