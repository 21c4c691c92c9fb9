"""The network: A. Graves, *Generating Sequences With Recurrent Neural Networks* (2013).

Parameters are a flat dict whose keys are the tensor names of the weights file,
with the shapes of the weights file, so that what is trained is what is shipped:

=====================  ==========================  =======================================
name                   shape                       order
=====================  ==========================  =======================================
``lstm.{l}.weight``    ``[4 H_l, in_l + H_l]``     rows i, f, g, o; columns point (3) |
                                                   window (A) | hidden below | own hidden
``lstm.{l}.bias``      ``[4 H_l]``                 i, f, g, o
``lstm.{l}.style``     ``[4 H_l, S]``              only if S > 0
``window.weight``      ``[3 K, H_0]``              rows alpha, beta, kappa; synthesis only
``window.bias``        ``[3 K]``
``output.weight``      ``[R, sum H]``              rows e, pi, mu_x, mu_y, sigma_x,
                                                   sigma_y, rho, stop
``output.bias``        ``[R]``
``style.table``        ``[N, S]``                  one row per writer
=====================  ==========================  =======================================

Letters: B lines in a batch, T timesteps, H hidden units, A character ids, U
characters of a line with its end mark, K window components, M mixtures.
"""

from __future__ import annotations

import dataclasses
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Params = dict[str, jax.Array]

#: Log standard deviations below this are not rewarded: the corpus is drawn on
#: an integer grid, and a Gaussian could otherwise collapse onto a grid point.
MIN_LOG_SD = -7.0


@dataclasses.dataclass(frozen=True)
class Config:
    """Shapes of one network and the units of its ink."""

    kind: str  # "prediction" or "synthesis"
    hidden: tuple[int, ...]
    mixtures: int = 20
    window: int = 0
    alphabet: str = ""
    style_dim: int = 0
    writers: int = 0
    stop: bool = False

    @property
    def ids(self) -> int:
        """Number of character ids A, the end mark among them; 0 without text."""
        return len(self.alphabet) + 1 if self.window else 0

    @property
    def outputs(self) -> int:
        """Rows R of the output layer."""
        return 1 + 6 * self.mixtures + int(self.stop)

    def inputs(self, layer: int) -> int:
        """Columns of a layer's weight before its own hidden units."""
        return 3 + self.ids + (self.hidden[layer - 1] if layer else 0)


def init(config: Config, seed: int, characters_per_point: float = 1 / 25) -> Params:
    """Random parameters.

    The window starts out moving at the corpus' mean speed in characters per
    point, independent of what the network sees, so that it is near the right
    character from the first update on.
    """
    rng = np.random.default_rng(seed)
    params: dict[str, np.ndarray] = {}
    for layer, width in enumerate(config.hidden):
        columns = config.inputs(layer) + width
        params[f"lstm.{layer}.weight"] = rng.normal(
            0, 1 / math.sqrt(config.inputs(layer) - config.ids + width + 1), (4 * width, columns)
        )
        bias = np.zeros(4 * width)
        bias[width : 2 * width] = 1.0  # remember at first
        params[f"lstm.{layer}.bias"] = bias
        if config.style_dim:
            params[f"lstm.{layer}.style"] = rng.normal(
                0, 0.3 / math.sqrt(config.style_dim), (4 * width, config.style_dim)
            )
    if config.window:
        k = config.window
        params["window.weight"] = rng.normal(0, 0.1 / math.sqrt(config.hidden[0]), (3 * k, config.hidden[0]))
        params["window.bias"] = np.concatenate(
            [
                np.full(k, math.log(1.5 / k)),
                np.full(k, math.log(0.6)) + rng.normal(0, 0.3, k),
                np.full(k, math.log(characters_per_point)) + rng.normal(0, 0.03, k),
            ]
        )
    if config.style_dim:
        params["style.table"] = rng.normal(0, 1, (config.writers, config.style_dim))
    total = sum(config.hidden)
    params["output.weight"] = rng.normal(0, 0.5 / math.sqrt(total), (config.outputs, total))
    params["output.bias"] = np.zeros(config.outputs)
    # Spread the means a little, so that the components do not start as one.
    m = config.mixtures
    params["output.bias"][0] = 3.0  # e = sigmoid(-3): one point in twenty lifts the pen
    params["output.bias"][1 + m : 1 + 3 * m] = rng.normal(0, 0.5, 2 * m)
    params["output.bias"][1 + 3 * m : 1 + 5 * m] = -1.0
    return {name: jnp.asarray(value, jnp.float32) for name, value in params.items()}


# --- recurrent part -------------------------------------------------------------------------


def lstm_cell(gates: jax.Array, cell: jax.Array):
    """Gate sums `[B, 4 H]` (i, f, g, o) and cell `[B, H]` to hidden, cell and open gates [G eqs 7-11]."""
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
    cell = f * cell + i * g
    return o * jnp.tanh(cell), cell, (i, f, g, o)


def lstm_cell_backward(d_hidden, d_cell, before, cell, gates):
    """Gradients of the gate sums `[B, 4 H]` and of the cell before, from those of hidden and cell."""
    i, f, g, o = gates
    squashed = jnp.tanh(cell)
    d_cell = d_cell + d_hidden * o * (1 - squashed**2)
    d_gates = jnp.concatenate(
        [
            d_cell * g * i * (1 - i),
            d_cell * before * f * (1 - f),
            d_cell * i * (1 - g**2),
            d_hidden * squashed * o * (1 - o),
        ],
        axis=-1,
    )
    return d_gates, d_cell * f


def window_step(p, kappa, ids, mask, onehot):
    """Window sums `[B, 3 K]` to the window's vector `[B, A]`, kappa, phi and (alpha, beta, step) [G eqs 46-51]."""
    alpha, beta, step = jnp.split(jnp.exp(p), 3, axis=-1)
    kappa = kappa + step
    distance = kappa[:, :, None] - jnp.arange(ids.shape[1], dtype=jnp.float32)
    phi = jnp.sum(alpha[:, :, None] * jnp.exp(-beta[:, :, None] * distance**2), axis=1) * mask
    return jnp.einsum("bu,bua->ba", phi, onehot), kappa, phi, (alpha, beta, step)


def window_step_backward(d_window, d_kappa, kappa, moved, text):
    """Gradients of the window sums `[B, 3 K]` and of the kappa before."""
    ids, mask, _ = text
    alpha, beta, step = moved
    distance = kappa[:, :, None] - jnp.arange(ids.shape[1], dtype=jnp.float32)
    bump = jnp.exp(-beta[:, :, None] * distance**2)
    d_phi = (jnp.take_along_axis(d_window, ids, axis=1) * mask)[:, None, :] * bump
    d_alpha = jnp.sum(d_phi, axis=2)
    d_beta = -alpha * jnp.sum(d_phi * distance**2, axis=2)
    d_kappa = d_kappa - 2 * alpha * beta * jnp.sum(d_phi * distance, axis=2)
    return jnp.concatenate([d_alpha * alpha, d_beta * beta, d_kappa * step], axis=-1), d_kappa


def dot(a: jax.Array, b: jax.Array, dtype) -> jax.Array:
    """`a @ b` with inputs rounded to `dtype` and f32 sums."""
    return jnp.dot(a.astype(dtype), b.astype(dtype), preferred_element_type=jnp.float32)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def product(a: jax.Array, weight: jax.Array, dtype) -> jax.Array:
    """`a @ weight.T` of `a` `[T, B, .]`.

    Its way back reads the weight by rows: by columns XLA's CPU products fall back to `f32`.
    """
    return dot(a, weight.T, dtype)


def _product_forward(a, weight, dtype):
    return dot(a, weight.T, dtype), (a, weight)


def _product_backward(dtype, residual, cotangent):
    a, weight = residual
    return dot(cotangent, weight, dtype), outer(cotangent, a, dtype)


product.defvjp(_product_forward, _product_backward)


def outer(a: jax.Array, b: jax.Array, dtype) -> jax.Array:
    """Sum over timesteps and lines of the outer products of `[T, B, .]` and `[T, B, .]`.

    Not of `[T B, .]`: XLA's CPU products of `a.T` fall back to `f32` with one axis to sum over, but not with two.
    """
    return jnp.einsum("tbi,tbj->ij", a.astype(dtype), b.astype(dtype), preferred_element_type=jnp.float32)


def earlier(a: jax.Array) -> jax.Array:
    """`[T, ...]` one timestep later, zeros first: what was there before each timestep."""
    return jnp.concatenate([jnp.zeros_like(a[:1]), a[:-1]])


def zeros(lines: int, *widths: int) -> tuple[jax.Array, ...]:
    """What a layer begins a line with, `[B, width]` each."""
    return tuple(jnp.zeros((lines, width)) for width in widths)


# Reverse-mode through a scan adds every timestep's outer product to the weight's
# gradient one by one, and keeps every intermediate array. Written by hand, the
# reverse scan delivers only the gradient of the gate sums; the outer products
# follow as one large product. The sums are the same, in half the time. The
# trainer's tests compare them with what `jax.grad` makes of the plain scan.


def plain_scan(weight, gates_in, dtype):
    """One LSTM layer: `[T, B, .]` hidden states and what the way back needs besides.

    `weight` is `[4 H, H]` (own hidden units), `gates_in` `[T, B, 4 H]` all that
    does not come from the layer itself.
    """
    units, weight = weight.shape[1], weight.T

    def step(carry, sums):
        hidden, cell = carry
        hidden, cell, gates = lstm_cell(sums + dot(hidden, weight, dtype), cell)
        return (hidden, cell), (hidden, cell, gates)

    return lax.scan(step, zeros(gates_in.shape[1], units, units), gates_in)[1]


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def plain_layer(weight, gates_in, dtype):
    """The hidden states of `plain_scan`."""
    return plain_scan(weight, gates_in, dtype)[0]


def _plain_forward(weight, gates_in, dtype):
    kept = plain_scan(weight, gates_in, dtype)
    return kept[0], (weight, kept)


def _plain_backward(dtype, residual, cotangent):
    weight, (hidden, cell, gates) = residual

    def step(carry, inputs):
        d_hidden, d_cell = carry
        d_out, before, cell, gates = inputs
        d_gates, d_cell = lstm_cell_backward(d_hidden + d_out, d_cell, before, cell, gates)
        return (dot(d_gates, weight, dtype), d_cell), d_gates

    inputs = (cotangent, earlier(cell), cell, gates)
    _, d_gates = lax.scan(step, (jnp.zeros_like(hidden[0]), jnp.zeros_like(cell[0])), inputs, reverse=True)
    return outer(d_gates, earlier(hidden), dtype), d_gates


plain_layer.defvjp(_plain_forward, _plain_backward)


def window_scan(weight, window_weight, window_bias, text, gates_in, dtype):
    """First layer of the synthesis network: its window feeds its own next timestep.

    `weight` is `[4 H, A + H]` (window, own hidden units), `window_weight`
    `[3 K, H]`, `text` the ids `[B, U]`, their mask and their one-hot rows
    `[B, U, A]`. Gives `[T, B, .]`: hidden, window, kappa and phi, and what the
    way back needs besides.
    """
    units, components = window_weight.shape[1], window_bias.shape[0] // 3
    weight, window_weight = weight.T, window_weight.T
    ids, mask, onehot = text

    def step(carry, sums):
        hidden, cell, kappa, window = carry
        recurrent = jnp.concatenate([window, hidden], axis=-1)
        hidden, cell, gates = lstm_cell(sums + dot(recurrent, weight, dtype), cell)
        p = jnp.dot(hidden, window_weight) + window_bias
        window, kappa, phi, moved = window_step(p, kappa, ids, mask, onehot)
        return (hidden, cell, kappa, window), (hidden, window, kappa, phi, cell, gates, moved)

    start = zeros(gates_in.shape[1], units, units, components, weight.shape[0] - units)
    return lax.scan(step, start, gates_in)[1]


@partial(jax.custom_vjp, nondiff_argnums=(5,))
def window_layer(weight, window_weight, window_bias, text, gates_in, dtype):
    """Hidden, window, kappa and phi of `window_scan`; no gradient flows through the last two."""
    return window_scan(weight, window_weight, window_bias, text, gates_in, dtype)[:4]


def _window_forward(weight, window_weight, window_bias, text, gates_in, dtype):
    kept = window_scan(weight, window_weight, window_bias, text, gates_in, dtype)
    return kept[:4], (weight, window_weight, text, kept)


def _window_backward(dtype, residual, cotangent):
    weight, window_weight, text, (hidden, window, kappa, _, cell, gates, moved) = residual
    characters = window.shape[-1]

    def step(carry, inputs):
        d_hidden, d_cell, d_kappa, d_window = carry
        (d_out, d_out_window), before, cell, gates, kappa, moved = inputs
        d_p, d_kappa = window_step_backward(d_window + d_out_window, d_kappa, kappa, moved, text)
        d_hidden = d_hidden + d_out + jnp.dot(d_p, window_weight)
        d_gates, d_cell = lstm_cell_backward(d_hidden, d_cell, before, cell, gates)
        d_recurrent = dot(d_gates, weight, dtype)
        return (d_recurrent[:, characters:], d_cell, d_kappa, d_recurrent[:, :characters]), (d_gates, d_p)

    inputs = (cotangent[:2], earlier(cell), cell, gates, kappa, moved)
    none = tuple(jnp.zeros_like(a[0]) for a in (hidden, cell, kappa, window))
    _, (d_gates, d_p) = lax.scan(step, none, inputs, reverse=True)
    recurrent = jnp.concatenate([earlier(window), earlier(hidden)], axis=-1)
    ids, mask, onehot = text
    of_text = (np.zeros(ids.shape, jax.dtypes.float0), jnp.zeros_like(mask), jnp.zeros_like(onehot))
    return (
        outer(d_gates, recurrent, dtype),
        outer(d_p, hidden, jnp.float32),
        d_p.sum((0, 1)),
        of_text,
        d_gates,
    )


window_layer.defvjp(_window_forward, _window_backward)


def forward(params: Params, config: Config, x, ids=None, ids_mask=None, style=None, dtype=jnp.float32, heard=None):
    """Outputs `[T, B, R]` and what the window did, for inputs `x` `[T, B, 3]`.

    `ids` `[B, U]` and `ids_mask` `[B, U]` are the text, `style` `[B, S]` the
    writers' vectors; either may be `None`. `heard`, one `[B, H]` for each layer,
    is how much of a unit the layer above hears; all of it if `None`.
    """
    seen = {}
    hidden: list[jax.Array] = []
    for layer, width in enumerate(config.hidden):
        weight = params[f"lstm.{layer}.weight"]
        bias = params[f"lstm.{layer}.bias"]
        if style is not None and config.style_dim:
            bias = bias + style @ params[f"lstm.{layer}.style"].T
        if layer == 0 and config.window:
            onehot = jax.nn.one_hot(ids, config.ids)
            gates = dot(x, weight[:, :3].T, jnp.float32) + bias
            hidden_0, window, seen["kappa"], seen["phi"] = window_layer(
                weight[:, 3:],
                params["window.weight"],
                params["window.bias"],
                (ids, ids_mask, onehot),
                gates,
                dtype,
            )
            seen["window"] = window
            hidden.append(hidden_0)
            continue
        inputs = [x]
        if config.window:
            inputs.append(window)
        if layer:
            inputs.append(hidden[-1] if heard is None else hidden[-1] * heard[layer - 1])
        joined = jnp.concatenate(inputs, axis=-1)
        gates = product(joined, weight[:, :-width], dtype) + bias
        hidden.append(plain_layer(weight[:, -width:], gates, dtype))
    outputs = product(jnp.concatenate(hidden, axis=-1), params["output.weight"], dtype) + params["output.bias"]
    return outputs, seen


# --- loss -----------------------------------------------------------------------------------


def split_outputs(outputs: jax.Array, config: Config) -> dict[str, jax.Array]:
    """The rows of the output layer by name."""
    m = config.mixtures
    names = ["pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"]
    parts = {"e": outputs[..., 0]}
    for index, name in enumerate(names):
        parts[name] = outputs[..., 1 + index * m : 1 + (index + 1) * m]
    if config.stop:
        parts["stop"] = outputs[..., 1 + 6 * m]
    return parts


def component_log_densities(parts: dict[str, jax.Array], target: jax.Array, floor=(MIN_LOG_SD,) * 2) -> jax.Array:
    """log of each component's weight times its density at `target` `[..., 3]`, offsets only: `[..., M]` [G eqs 23-25].

    `floor` is the least log standard deviation that counts, on x and on y.
    """
    log_sx = jnp.maximum(parts["sigma_x"], floor[0])
    log_sy = jnp.maximum(parts["sigma_y"], floor[1])
    zx = (target[..., 0:1] - parts["mu_x"]) * jnp.exp(-log_sx)
    zy = (target[..., 1:2] - parts["mu_y"]) * jnp.exp(-log_sy)
    raw = jnp.clip(parts["rho"], -6.0, 6.0)
    rho = jnp.tanh(raw)
    # log(1 - tanh^2) without cancellation
    log_rest = 2.0 * (math.log(2.0) - jnp.abs(raw) - jax.nn.softplus(-2.0 * jnp.abs(raw)))
    z = zx**2 + zy**2 - 2.0 * rho * zx * zy
    log_normal = -0.5 * z * jnp.exp(-log_rest) - log_sx - log_sy - math.log(2 * math.pi) - 0.5 * log_rest
    return jax.nn.log_softmax(parts["pi"]) + log_normal


def log_density(parts: dict[str, jax.Array], target: jax.Array, floor=(MIN_LOG_SD,) * 2) -> jax.Array:
    """log of the mixture's density at `target` `[..., 3]`, offsets only [G eq 23]."""
    return jax.nn.logsumexp(component_log_densities(parts, target, floor), axis=-1)


def losses(params: Params, config: Config, batch: dict[str, jax.Array], dtype=jnp.float32, grid=None):
    """Per line of a batch: log-loss in nats [G eq 26], stop loss, squared error, points.

    `batch` holds `x` and `target` `[T, B, 3]` (target = x shifted by one), `mask` and `last` `[T, B]`
    (which timesteps are points, and which of these their line's last), for synthesis `ids`, `ids_mask`
    `[B, U]` and `style` `[B, S]`; `heard` as `forward` has it.

    `grid`, a floor as in `log_density`, adds another log-loss at the end: the same, but for that floor.
    """
    text = batch.get("ids"), batch.get("ids_mask")
    outputs, _ = forward(params, config, batch["x"], *text, batch.get("style"), dtype, batch.get("heard"))
    parts = split_outputs(outputs, config)
    target, mask = batch["target"], batch["mask"]
    # e = sigmoid(-e_hat): log e = log_sigmoid(-e_hat)
    lift = target[..., 2]
    log_pen = lift * jax.nn.log_sigmoid(-parts["e"]) + (1 - lift) * jax.nn.log_sigmoid(parts["e"])
    line_nats = lambda log: -jnp.sum(mask * (log + log_pen), axis=0)  # noqa: E731
    nats = line_nats(log_density(parts, target))
    stop = jnp.zeros_like(nats)
    if config.stop:
        last = batch["last"]
        log_stop = last * jax.nn.log_sigmoid(parts["stop"]) + (1 - last) * jax.nn.log_sigmoid(-parts["stop"])
        stop = -jnp.sum(mask * log_stop, axis=0)
    weights = jax.nn.softmax(parts["pi"])
    error_x = jnp.sum(weights * parts["mu_x"], -1) - target[..., 0]
    error_y = jnp.sum(weights * parts["mu_y"], -1) - target[..., 1]
    squared = jnp.sum(mask * (error_x**2 + error_y**2), axis=0)
    result = nats, stop, squared, jnp.sum(mask, axis=0)
    return result if grid is None else (*result, line_nats(log_density(parts, target, grid)))
