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


def lstm_cell(gates: jax.Array, cell: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Gate sums `[B, 4 H]` (i, f, g, o) and cell `[B, H]` to new hidden and cell [G eqs 7-11]."""
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(cell), cell


def window_step(p, kappa, ids, mask, onehot):
    """Window sums `[B, 3 K]` to the window's vector `[B, A]`, kappa and phi [G eqs 46-51]."""
    alpha, beta, step = jnp.split(jnp.exp(p), 3, axis=-1)
    kappa = kappa + step
    u = jnp.arange(ids.shape[1], dtype=jnp.float32)
    distance = kappa[:, :, None] - u
    phi = jnp.sum(alpha[:, :, None] * jnp.exp(-beta[:, :, None] * distance**2), axis=1) * mask
    return jnp.einsum("bu,bua->ba", phi, onehot), kappa, phi


def dot(a: jax.Array, b: jax.Array, dtype) -> jax.Array:
    """`a @ b` with inputs rounded to `dtype` and f32 sums."""
    return jnp.dot(a.astype(dtype), b.astype(dtype), preferred_element_type=jnp.float32)


def _plain_scan(weight, dtype, state, gates_in, noise):
    """LSTM without a window: scan over `gates_in` `[T, B, 4 H]`; `noise` shifts the gate sums."""

    def step(carry, inputs):
        hidden, cell = carry
        gates, shift = inputs
        out, cell = lstm_cell(gates + shift + dot(hidden, weight, dtype), cell)
        return (out, cell), (hidden, out)

    state, (before, hidden) = lax.scan(step, state, (gates_in, noise))
    return (hidden, state), before


def _window_scan(weights, bias, text, dtype, state, gates_in, noise, window_noise):
    """First layer of the synthesis network: its window feeds its own next timestep."""
    weight, window_weight = weights
    ids, mask, onehot = text

    def step(carry, inputs):
        hidden, cell, kappa, window = carry
        gates, shift, window_shift = inputs
        recurrent = jnp.concatenate([window, hidden], axis=-1)
        out, cell = lstm_cell(gates + shift + dot(recurrent, weight, dtype), cell)
        p = jnp.dot(out, window_weight) + bias + window_shift
        new_window, kappa, phi = window_step(p, kappa, ids, mask, onehot)
        return (out, cell, kappa, new_window), (recurrent, out, new_window, kappa, phi)

    state, (before, hidden, window, kappa, phi) = lax.scan(
        step, state, (gates_in, noise, window_noise)
    )
    return (hidden, window, state, kappa, phi), before


# Reverse-mode through a scan adds every timestep's outer product to the weight's
# gradient one by one. Deferring them to one large product after the scan is the
# same sum and several times faster: the gradient of the gate sums is all that the
# reverse scan has to deliver.


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def plain_layer(weight, state, gates_in, dtype):
    """Hidden states `[T, B, H]` and final state of one LSTM layer.

    `weight` is `[H, 4 H]` (own hidden units), `gates_in` `[T, B, 4 H]` all that
    does not come from the layer itself.
    """
    return _plain_scan(weight, dtype, state, gates_in, jnp.zeros_like(gates_in))[0]


def _plain_forward(weight, state, gates_in, dtype):
    run = partial(_plain_scan, weight, dtype)
    out, pull, before = jax.vjp(
        lambda s, n: run(s, gates_in, n), state, jnp.zeros_like(gates_in), has_aux=True
    )
    return out, (pull, before)


def _plain_backward(dtype, residual, cotangent):
    pull, before = residual
    d_state, d_gates = pull(cotangent)
    d_weight = jnp.einsum(
        "tbh,tbg->hg", before.astype(dtype), d_gates.astype(dtype), preferred_element_type=jnp.float32
    )
    return d_weight, d_state, d_gates


plain_layer.defvjp(_plain_forward, _plain_backward)


@partial(jax.custom_vjp, nondiff_argnums=(6,))
def window_layer(weight, window_weight, window_bias, text, state, gates_in, dtype):
    """Layer 0 of the synthesis network: hidden, window, final state, kappa and phi, all `[T, B, .]`.

    `weight` is `[A + H, 4 H]` (window, own hidden units), `window_weight` `[H, 3 K]`.
    """
    shift = jnp.zeros((*gates_in.shape[:2], window_bias.shape[0]))
    return _window_scan(
        (weight, window_weight), window_bias, text, dtype, state, gates_in, jnp.zeros_like(gates_in), shift
    )[0]


def _window_forward(weight, window_weight, window_bias, text, state, gates_in, dtype):
    run = partial(_window_scan, (weight, window_weight), window_bias, text, dtype)
    shift = jnp.zeros((*gates_in.shape[:2], window_bias.shape[0]))
    out, pull, before = jax.vjp(
        lambda s, n, m: run(s, gates_in, n, m), state, jnp.zeros_like(gates_in), shift, has_aux=True
    )
    return out, (pull, before, out[0], text)


def _window_backward(dtype, residual, cotangent):
    pull, before, hidden, (ids, mask, onehot) = residual
    d_state, d_gates, d_window = pull(cotangent)
    d_weight = jnp.einsum(
        "tbh,tbg->hg", before.astype(dtype), d_gates.astype(dtype), preferred_element_type=jnp.float32
    )
    d_window_weight = jnp.einsum("tbh,tbk->hk", hidden, d_window)
    none = (np.zeros(ids.shape, jax.dtypes.float0), jnp.zeros_like(mask), jnp.zeros_like(onehot))
    return d_weight, d_window_weight, d_window.sum((0, 1)), none, d_state, d_gates


window_layer.defvjp(_window_forward, _window_backward)


def zero_state(config: Config, batch: int):
    """All states at the start of a line: hidden and cell per layer, kappa and window."""
    layers = tuple((jnp.zeros((batch, h)), jnp.zeros((batch, h))) for h in config.hidden)
    return layers, jnp.zeros((batch, config.window)), jnp.zeros((batch, config.ids))


def forward(params: Params, config: Config, x, ids=None, ids_mask=None, style=None, dtype=jnp.float32):
    """Outputs `[T, B, R]` and what the window did, for inputs `x` `[T, B, 3]`.

    `ids` `[B, U]` and `ids_mask` `[B, U]` are the text, `style` `[B, S]` the
    writers' vectors; either may be `None`.
    """
    steps, batch, _ = x.shape
    layers, kappa, window = zero_state(config, batch)
    a = config.ids
    seen = {}
    hidden: list[jax.Array] = []
    for layer, width in enumerate(config.hidden):
        weight = params[f"lstm.{layer}.weight"].T
        bias = params[f"lstm.{layer}.bias"]
        if style is not None and config.style_dim:
            bias = bias + style @ params[f"lstm.{layer}.style"].T
        if layer == 0 and config.window:
            onehot = jax.nn.one_hot(ids, a)
            gates = dot(x, weight[:3], jnp.float32) + bias
            hidden_0, window, _, seen["kappa"], seen["phi"] = window_layer(
                weight[3:],
                params["window.weight"].T,
                params["window.bias"],
                (ids, ids_mask, onehot),
                (*layers[0], kappa, window),
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
            inputs.append(hidden[-1])
        joined = jnp.concatenate(inputs, axis=-1)
        gates = dot(joined.reshape(steps * batch, -1), weight[:-width], dtype)
        gates = gates.reshape(steps, batch, -1) + bias
        out, _ = plain_layer(weight[-width:], layers[layer], gates, dtype)
        hidden.append(out)
    joined = jnp.concatenate(hidden, axis=-1).reshape(steps * batch, -1)
    outputs = dot(joined, params["output.weight"].T, dtype) + params["output.bias"]
    return outputs.reshape(steps, batch, -1), seen


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


def log_density(parts: dict[str, jax.Array], target: jax.Array) -> jax.Array:
    """log of the mixture's density at `target` `[..., 3]`, offsets only [G eqs 23-25]."""
    log_sx = jnp.maximum(parts["sigma_x"], MIN_LOG_SD)
    log_sy = jnp.maximum(parts["sigma_y"], MIN_LOG_SD)
    zx = (target[..., 0:1] - parts["mu_x"]) * jnp.exp(-log_sx)
    zy = (target[..., 1:2] - parts["mu_y"]) * jnp.exp(-log_sy)
    raw = jnp.clip(parts["rho"], -6.0, 6.0)
    rho = jnp.tanh(raw)
    # log(1 - tanh^2) without cancellation
    log_rest = 2.0 * (math.log(2.0) - jnp.abs(raw) - jax.nn.softplus(-2.0 * jnp.abs(raw)))
    z = zx**2 + zy**2 - 2.0 * rho * zx * zy
    log_normal = -0.5 * z * jnp.exp(-log_rest) - log_sx - log_sy - math.log(2 * math.pi) - 0.5 * log_rest
    return jax.nn.logsumexp(jax.nn.log_softmax(parts["pi"]) + log_normal, axis=-1)


def losses(params: Params, config: Config, batch: dict[str, jax.Array], dtype=jnp.float32):
    """Per line of a batch: log-loss in nats [G eq 26], stop loss, squared error, points.

    `batch` holds `x` and `target` `[T, B, 3]` (target = x shifted by one), `mask` `[T, B]`, and for
    synthesis `ids`, `ids_mask` `[B, U]`, `style` `[B, S]`.
    """
    outputs, _ = forward(
        params, config, batch["x"], batch.get("ids"), batch.get("ids_mask"), batch.get("style"), dtype
    )
    parts = split_outputs(outputs, config)
    target, mask = batch["target"], batch["mask"]
    # e = sigmoid(-e_hat): log e = log_sigmoid(-e_hat)
    lift = target[..., 2]
    log_pen = lift * jax.nn.log_sigmoid(-parts["e"]) + (1 - lift) * jax.nn.log_sigmoid(parts["e"])
    nats = -jnp.sum(mask * (log_density(parts, target) + log_pen), axis=0)
    stop = jnp.zeros_like(nats)
    if config.stop:
        last = mask * (1 - jnp.concatenate([mask[1:], jnp.zeros_like(mask[:1])]))
        log_stop = last * jax.nn.log_sigmoid(parts["stop"]) + (1 - last) * jax.nn.log_sigmoid(-parts["stop"])
        stop = -jnp.sum(mask * log_stop, axis=0)
    weights = jax.nn.softmax(parts["pi"])
    error_x = jnp.sum(weights * parts["mu_x"], -1) - target[..., 0]
    error_y = jnp.sum(weights * parts["mu_y"], -1) - target[..., 1]
    squared = jnp.sum(mask * (error_x**2 + error_y**2), axis=0)
    return nats, stop, squared, jnp.sum(mask, axis=0)
