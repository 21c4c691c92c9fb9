"""The network one timestep at a time, in whole numbers: what the engines compute, written to be read.

It follows docs/weights-format.md ("Arithmetic"), shares the configuration with the code that trains and nothing else,
and is the source of the golden fixtures. Every array has a leading axis of B lines. `network/parameters.py` lists the
tensors and the letters of their shapes; a number on the grid Qn is an integer that stands for itself / 2^n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.network.config import Config
from train.reference.arithmetic import (
    MOST_DECAY,
    MOST_WEIGHT,
    ONE,
    decay,
    exp,
    factor,
    fits,
    fixed,
    ln,
    quantise_rows,
    rescale,
    round_away,
    row_factors,
    rsh,
    scaled,
    share,
    sigmoid,
)

Tensors = dict[str, np.ndarray]

#: Largest magnitudes of cells (Q11), hidden states (Q7), offsets (Q10) and gate biases (Q10).
MOST_CELL, MOST_HIDDEN, MOST_OFFSET, MOST_BIAS = 32_767, 127, 1 << 17, 1 << 20
#: Largest alpha (Q10), beta (Q12), kappa and its move in a timestep (Q16), and phi (Q15).
MOST_ALPHA, MOST_BETA, MOST_KAPPA, MOST_MOVE, MOST_PHI = 32_767, 1 << 20, 1 << 30, 1 << 29, 1 << 20
#: Largest magnitude of a normal: six standard deviations in Q12.
MOST_NORMAL = 24_576
#: Largest magnitude of the log-narrowing (Q16).
MOST_NARROWING = 1 << 24
#: Log standard deviations are within this magnitude in the density, and rho-hat within the other (Q16).
MOST_LOG_SD, MOST_RHO = 7 << 16, 6 << 16

#: The logistic function of all arguments that matter, and decay of all arguments.
SIGMOID = sigmoid(np.arange(-MOST_DECAY, MOST_DECAY + 1))
DECAY = decay(np.arange(MOST_DECAY + 1))


def sigmoid_by_table(x: np.ndarray) -> np.ndarray:
    """`sigmoid`, whose value no longer changes beyond `MOST_DECAY`."""
    return SIGMOID[np.clip(x, -MOST_DECAY, MOST_DECAY) + MOST_DECAY]


class Dense:
    """A matrix of integers `[rows, columns]` with a factor (m, k) for each row, and its bias `[rows]` in floats.

    The first `inputs` columns belong to point and window, the others to hidden states.
    """

    def __init__(self, tensors: Tensors, stem: str, power: int, inputs: int = 0, absent: int = 0):
        """`{stem}.weight` and `{stem}.bias`; a matrix of floats is quantised. Factors are scales times 2^power.

        The file lacks the first `absent` columns, which are zeros.
        """
        name = f"{stem}.weight"
        if tensors[name].dtype == np.int8:
            self.weight, self.scale = tensors[name].astype(np.int64), tensors[f"{name}.scale"].astype(np.float64)
        else:
            self.weight, self.scale = quantise_rows(tensors[name])
        if np.abs(self.weight).max() > MOST_WEIGHT:
            raise OverflowError(f"tensor `{name}` has integers beyond +-{MOST_WEIGHT}")
        self.weight = np.pad(self.weight, ((0, 0), (absent, 0)))
        self.m, self.k = row_factors(self.scale, power)
        self.bias = tensors[f"{stem}.bias"].astype(np.float64)
        # Floats in which all partial sums are exact integers, since products of floats are fast.
        exact_in_f32 = (np.abs(self.weight[:, inputs:]).sum(1) * MOST_HIDDEN < 1 << 24).all()
        self.of_inputs = self.weight[:, :inputs].T.astype(np.float64)
        self.of_hidden = self.weight[:, inputs:].T.astype(np.float32 if exact_in_f32 else np.float64)

    def sums(self, hidden: np.ndarray, inputs: np.ndarray | None = None) -> np.ndarray:
        """Sums `[B, rows]` of products with hidden states (Q7), or where there are `inputs` (Q10) with both, Q10."""
        sums = fits((hidden.astype(self.of_hidden.dtype) @ self.of_hidden).astype(np.int64))
        if inputs is None:
            return sums
        return fits(fits(8 * sums) + (inputs.astype(np.float64) @ self.of_inputs).astype(np.int64))


def check_layer(dense: Dense, config: Config, name: str) -> None:
    """Raise `OverflowError` if a layer's sums or gates could leave 32 bits."""
    magnitude = np.abs(dense.weight)
    window_end = 3 + config.id_count
    most = (
        8 * MOST_HIDDEN * magnitude[:, window_end:].sum(1)
        + MOST_OFFSET * magnitude[:, :3].sum(1)
        + (1 << 15) * magnitude[:, 3:window_end].sum(1)
    )
    if (most >= 1 << 31).any() or (most * dense.scale >= 1 << 30).any():
        raise OverflowError(f"tensor `{name}.weight` has a row whose sum can leave 32 bits")


def check_outputs(dense: Dense, name: str) -> None:
    """Raise `OverflowError` if outputs of window or output layer could reach 2^13."""
    most = np.abs(dense.bias) + MOST_HIDDEN * np.abs(dense.weight).sum(1) * dense.scale / 128
    if (most >= 1 << 13).any():
        raise OverflowError(f"tensor `{name}.weight` has a row whose output can reach 2^13")


class Network:
    """The weights of one network in whole numbers, from the tensors of a file: f32, f16 or int8 with scales."""

    def __init__(self, tensors: Tensors, config: Config):
        """Quantise and check `tensors`."""
        self.config = config
        inputs = 3 + config.id_count
        absent = 0 if config.skips else inputs
        self.layers = [
            Dense(tensors, f"lstm.{layer}", 0, inputs, absent if layer else 0) for layer in range(len(config.hidden))
        ]
        for layer, dense in enumerate(self.layers):
            check_layer(dense, config, f"lstm.{layer}")
        # From sums in Q7 to outputs in Q16.
        self.output = Dense(tensors, "output", 9, absent=0 if config.skips else sum(config.hidden[:-1]))
        self.window = Dense(tensors, "window", 9) if config.window else None
        check_outputs(self.output, "output")
        if self.window:
            check_outputs(self.window, "window")
        self.styles = []
        for layer in range(len(config.hidden) if config.style_dim else 0):
            style = tensors[f"lstm.{layer}.style"]
            if style.dtype == np.int8:
                style = style * tensors[f"lstm.{layer}.style.scale"][:, None]
            self.styles.append(style.astype(np.float64))

    def gate_bias(self, layer: int, style: np.ndarray) -> np.ndarray:
        """Bias `[B, 4 H]` of the gates in Q10, with the style vectors `[B, S]` folded in."""
        sums = np.tile(self.layers[layer].bias, (len(style), 1))
        if self.styles:
            # Column by column: the order decides how f64 rounds.
            for column, values in zip(self.styles[layer].T, style.T.astype(np.float64), strict=True):
                sums += values[:, None] * column
        return np.clip(round_away(sums * 1024), -MOST_BIAS, MOST_BIAS)


def layer_outputs(dense: Dense, hidden: np.ndarray) -> np.ndarray:
    """Outputs `[B, rows]` of window or output layer, Q16, from hidden states in Q7."""
    return fits(rescale(dense.sums(hidden), dense.m, dense.k) + round_away(dense.bias * 65_536))


class Reference:
    """One network and the state of B lines.

    `hidden` (Q7) and `cell` (Q11) `[B, H_l]` for each layer, `kappa` (Q16) `[B, K]`, `window` (Q10) `[B, A]`, `phi`
    (Q15) `[B, U]`, `position` `[B]`.
    """

    def __init__(self, network: Network, ids: np.ndarray, style: np.ndarray):
        """Start B lines: `ids` `[B, U]` is padded with -1, `style` is `[B, S]`."""
        self.network, self.config, self.ids = network, network.config, ids
        lines = style.shape[0]
        self.hidden = [np.zeros((lines, h), np.int64) for h in self.config.hidden]
        self.cell = [np.zeros((lines, h), np.int64) for h in self.config.hidden]
        self.kappa = np.zeros((lines, self.config.window), np.int64)
        self.window = np.zeros((lines, self.config.id_count), np.int64)
        self.phi = np.zeros(ids.shape, np.int64)
        self.position = np.zeros(lines, np.int64)
        self.bias = [network.gate_bias(layer, style) for layer in range(len(self.config.hidden))]

    def step(self, x: np.ndarray) -> np.ndarray:
        """Advance by one timestep with the input points `x` `[B, 3]`, Q10; the outputs `[B, R]`, Q16 [G eqs 7-13]."""
        for layer, dense in enumerate(self.network.layers):
            below = [self.hidden[layer - 1]] if layer else []
            hidden = np.concatenate([*below, self.hidden[layer]], axis=1)
            sums = dense.sums(hidden, np.concatenate([x, self.window], axis=1))
            gates = fits(rescale(sums, dense.m, dense.k) + self.bias[layer])
            i, f, g, o = np.split(gates, 4, axis=1)
            i, f, o = sigmoid_by_table(i), sigmoid_by_table(f), sigmoid_by_table(o)
            g = 2 * sigmoid_by_table(2 * np.clip(g, -(1 << 14), 1 << 14)) - ONE
            cell = rsh(f * self.cell[layer] + rsh(i * g, 4), 15)
            self.cell[layer] = np.clip(cell, -MOST_CELL, MOST_CELL)
            # A cell in Q11 is twice itself in Q10: this is its tangent.
            squashed = 2 * sigmoid_by_table(self.cell[layer]) - ONE
            self.hidden[layer] = np.clip(rsh(o * squashed, 23), -MOST_HIDDEN, MOST_HIDDEN)
            if layer == 0 and self.network.window:
                self._advance_window(layer_outputs(self.network.window, self.hidden[0]))
        return layer_outputs(self.network.output, np.concatenate(self.hidden, axis=1))

    def _advance_window(self, outputs: np.ndarray) -> None:
        """Update kappa, phi, window and position from the window's outputs `[B, 3 K]`, Q16 [G eqs 46-51]."""
        alpha, beta, step = np.split(outputs, 3, axis=1)
        alpha = fixed(alpha, 10, MOST_ALPHA)[:, :, None]
        beta = np.maximum(fixed(beta, 12, MOST_BETA), 1)[:, :, None]
        self.kappa = np.minimum(fits(self.kappa + fixed(step, 16, MOST_MOVE)), MOST_KAPPA)
        distance = fits(self.kappa[:, :, None] - (np.arange(self.ids.shape[1]) << 16))
        near = np.abs(distance) < 1 << 20
        # Distances out of reach are replaced, since their squares would not fit.
        q = rsh(np.where(near, distance, 0), 5)
        square = fits(q * q) >> 12
        near &= square <= ((1 << 26) - 1) // beta
        exponent = fits(np.where(near, beta * square, 0)) >> 12
        shares = np.where(near, fits(alpha * DECAY[exponent], signed=False) >> 11, 0)
        written = self.ids >= 0
        self.phi = np.minimum(fits(shares.sum(1)), MOST_PHI) * written
        self.window = np.zeros_like(self.window)
        np.add.at(self.window, (np.nonzero(written)[0], self.ids[written]), self.phi[written])
        self.window = rsh(np.minimum(self.window, MOST_PHI), 5)
        seen = self.phi.max(1) > 0
        self.position = np.where(seen, self.phi.argmax(1), self.position)

    def mean_kappa(self) -> np.ndarray:
        """The mean of kappa over the components, as it is reported: `[B]`, Q10."""
        return fits((self.kappa // self.config.window).sum(1)) >> 6


def mixture_blocks(outputs: np.ndarray, config: Config) -> list[np.ndarray]:
    """The mixture's outputs, `[B, M]` each, Q16: pi, mu_x, mu_y, sigma_x, sigma_y, rho."""
    return np.split(outputs[:, 1 : 1 + 6 * config.mixtures], 6, axis=1)


def odds(logit: np.ndarray, m, k) -> tuple[np.ndarray, np.ndarray]:
    """The probability sigmoid(-logit) as a quotient of two integers `[B]`; (m, k) takes the logit's magnitude to Q10.

    The first is at most 2^16, the second at most 2^17.
    """
    e = DECAY[scaled(np.abs(logit), m, k)]
    return np.where(logit >= 0, e, 65_536), 65_536 + e


def probability(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Their quotient in Q15, rounded down."""
    return fits(part << 15, signed=False) // whole


def correlation(rho_hat: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(E, S, r) of rho-hat (Q16): E = e^-|rho-hat| and its square S, both Q16, and r = tanh(rho-hat), Q15."""
    e = np.minimum(DECAY[np.minimum(rsh(np.abs(rho_hat), 6), MOST_DECAY)], 65_535)
    square = fits(e * e, signed=False) >> 16
    r = fits((65_536 - square) << 15, signed=False) // (65_536 + square)
    return e, square, np.where(rho_hat < 0, -r, r)


@dataclass
class Drawing:
    """How bias b and temperature tau of each line `[B]` change what is drawn [G eqs 61-62]."""

    sharpness: tuple[np.ndarray, np.ndarray]  # (1 + b) / tau, from Q16 to Q10
    narrowing: np.ndarray  # b - ln(tau) / 2, Q16
    coolness: tuple[np.ndarray, np.ndarray]  # 1 / tau, from Q16 to Q10

    @classmethod
    def of(cls, bias, temperature, lines: int) -> Drawing:
        """Of numbers or arrays `[B]`, which the engines hold in f32."""
        bias, temperature = (
            np.broadcast_to(np.asarray(value, np.float32), lines).astype(np.float64) for value in (bias, temperature)
        )

        def factors(values):
            return tuple(np.array(column) for column in zip(*(factor(v, 2) for v in values), strict=True))

        return cls(
            factors((1 + bias) / temperature / 64),
            np.clip(round_away((bias - 0.5 * np.log(temperature)) * 65_536), -MOST_NARROWING, MOST_NARROWING),
            factors(1 / temperature / 64),
        )


@dataclass
class Drawn:
    """What is drawn from the outputs of B lines."""

    point: np.ndarray  # [B, 3], Q10
    shares: np.ndarray  # [B, M], Q16: share of each component, not normalised
    component: np.ndarray  # [B], the component drawn
    pen_probability: np.ndarray  # [B], Q15: that the pen lifts
    stop: np.ndarray  # [B], Q15: that the line ends; 0 for a network without that output


def draw(outputs: np.ndarray, config: Config, noise: np.ndarray, drawing: Drawing) -> Drawn:
    """Draw the next points from outputs `[B, R]`, Q16.

    `noise` `[B, 4]` holds two uniforms of 24 bits (for component and pen) and two normals in Q12.
    """
    u1, u2, z1, z2 = noise.T
    pi, mu_x, mu_y, sigma_x, sigma_y, rho = mixture_blocks(outputs, config)
    behind = fits(pi.max(1, keepdims=True) - pi)
    m, k = (value[:, None] for value in drawing.sharpness)
    shares = np.minimum(DECAY[scaled(behind, m, k)], 65_535)
    running = np.cumsum(shares, 1)
    component = (running <= share(u1, running[:, -1])[:, None]).sum(1)
    lift, whole = odds(outputs[:, 0], *drawing.coolness)
    pen = share(u2, whole) < lift

    row = np.arange(len(outputs))
    e, square, r = correlation(rho[row, component])
    s = fits(e << 16, signed=False) // (65_536 + square)
    across = np.clip(rsh(r * z1 + s * z2, 15), -MOST_NORMAL, MOST_NORMAL)

    def offset(mean, log_sd, normal):
        p, n = exp(np.clip(log_sd - drawing.narrowing, -13 << 16, 7 << 16))
        deviation = rsh(fits(p * normal), 11 - n)
        return np.clip(rsh(mean + deviation, 6), -MOST_OFFSET, MOST_OFFSET)

    dx = offset(mu_x[row, component], sigma_x[row, component], z1)
    dy = offset(mu_y[row, component], sigma_y[row, component], across)
    stop = np.zeros(len(outputs), np.int64)
    if config.stop:
        # The same for a logit whose sign is the other way round, at the temperature 1.
        stop = probability(*odds(-outputs[:, -1], *factor(1 / 64, 2)))
    point = np.stack([dx, dy, pen.astype(np.int64) << 10], axis=1)
    return Drawn(point, shares, component, probability(lift, whole), stop)


def log_density(outputs: np.ndarray, config: Config, point: np.ndarray) -> np.ndarray:
    """Log of the mixture's density at the offsets of `point` `[B, 3]` (Q10): `[B]`, Q10 [G eqs 23-25].

    Neither bias nor temperature enters: this is the network as it was trained.
    """
    pi, mu_x, mu_y, sigma_x, sigma_y, rho = mixture_blocks(outputs, config)
    log_sx = np.clip(sigma_x, -MOST_LOG_SD, MOST_LOG_SD)
    log_sy = np.clip(sigma_y, -MOST_LOG_SD, MOST_LOG_SD)

    def distance(offset, mean, log_sd):
        away = (offset[:, None] << 6) - mean
        p, n = exp(-log_sd)
        return np.clip(rescale(np.clip(away, -(1 << 24), 1 << 24), p >> 1, 18 - n), -65_535, 65_535)

    x, y = distance(point[:, 0], mu_x, log_sx), distance(point[:, 1], mu_y, log_sy)
    e, square, r = correlation(np.clip(rho, -MOST_RHO, MOST_RHO))
    cosh = fits((65_536 + square) << 7, signed=False) // e
    along = fits((np.abs(r) >> 1) * x) >> 14
    v = np.where(rho < 0, y + along, y - along)
    near = np.abs(v) <= ((1 << 32) - 1) // cosh
    product = fits(np.where(near, np.minimum(np.abs(v), 131_071) * cosh, 0), signed=False)
    across = np.where(near, np.minimum(product >> 8, 65_535), 65_535)
    half_square = (fits(x * x, signed=False) >> 15) + (fits(across * across, signed=False) >> 15)
    normal = ln(cosh) - ln(256) - half_square - rsh(log_sx + log_sy, 6) - 1882
    behind = pi.max(1, keepdims=True) - pi
    terms = np.maximum(rsh(-behind, 6) + normal, -(1 << 24))
    top = terms.max(1)
    near_terms = DECAY[np.minimum(top[:, None] - terms, MOST_DECAY)].sum(1)
    shares = DECAY[np.minimum(rsh(behind, 6), MOST_DECAY)].sum(1)
    return top + ln(near_terms) - ln(shares)


def points_to_grid(points: np.ndarray) -> np.ndarray:
    """Points `[..., 3]` in normalised units on the grid of the engines, Q10."""
    result = np.clip(round_away(points.astype(np.float64) * 1024), -MOST_OFFSET, MOST_OFFSET)
    result[..., 2] = (points[..., 2] > 0.5) * 1024
    return result


def noise_of_step(rng: np.random.Generator, lines: int) -> np.ndarray:
    """Noise of one timestep, `[B, 4]`: two uniforms of 24 bits, two normals in Q12."""
    uniforms = rng.integers(0, 1 << 24, (lines, 2))
    normals = np.clip(round_away(rng.standard_normal((lines, 2)) * 4096), -MOST_NORMAL, MOST_NORMAL)
    return np.concatenate([uniforms, normals], axis=1)


def pad_ids(rows: list[list[int]]) -> np.ndarray:
    """Rows of ids as one array `[B, U]`, padded with -1."""
    width = max((len(r) for r in rows), default=0)
    ids = np.full((len(rows), width), -1, np.int64)
    for line, row in enumerate(rows):
        ids[line, : len(row)] = row
    return ids


def write(network: Network, rows, style, bias, temperature, seed: int, cap: int) -> list[np.ndarray]:
    """Write lines freely, `[T, 3]` normalised points each.

    `rows` are the encoded texts, `style` `[B, S]`. A line ends where the pen lifts with a stop probability above 0.3
    or with the window at the end mark, or after `cap` points.
    """
    rng = np.random.default_rng(seed)
    config, lines = network.config, len(style)
    ids = pad_ids(rows)
    state = Reference(network, ids, style)
    drawing = Drawing.of(bias, temperature, lines)
    x = np.zeros((lines, 3), np.int64)
    last = (ids >= 0).sum(1) - 1
    points, length = [], np.full(lines, -1)
    for step in range(cap):
        drawn = draw(state.step(x), config, noise_of_step(rng, lines), drawing)
        x = drawn.point
        points.append(x / 1024)
        lifted = x[:, 2] > 0
        # About the threshold that the Rust writer uses where the text is nearly finished.
        ended = lifted & (drawn.stop > 0.3 * ONE)
        if config.window:
            ended |= lifted & (state.position == last)
        length = np.where((length < 0) & ended, step + 1, length)
        if (length >= 0).all():
            break
    length = np.where(length < 0, len(points), length)
    path = np.stack(points, 1)
    return [path[line, : length[line]] for line in range(lines)]
