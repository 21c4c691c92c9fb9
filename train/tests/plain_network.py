"""The network of the equations in f64, one timestep at a time, against which the training code is tested.

The reference implementation computes in whole numbers, so it is only close to the training code without rounding.
"""

from __future__ import annotations

import numpy as np

from train.network.config import Config

Tensors = dict[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class PlainNetwork:
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
            outside = [x, self.window] if self.config.skips or not layer else []
            joined = np.concatenate([*outside, *below, self.hidden[layer]], axis=1)
            gates = joined @ self.tensors[f"lstm.{layer}.weight"].T + self.bias[layer]
            i, f, g, o = np.split(gates, 4, axis=1)
            self.cell[layer] = sigmoid(f) * self.cell[layer] + sigmoid(i) * np.tanh(g)
            self.hidden[layer] = sigmoid(o) * np.tanh(self.cell[layer])
            if layer == 0 and self.config.window:
                self._advance_window()
        joined = np.concatenate(self.hidden if self.config.skips else self.hidden[-1:], axis=1)
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
