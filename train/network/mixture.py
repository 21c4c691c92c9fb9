"""The output mixture: its density, and the losses of a batch."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from train.network.config import MIN_LOG_SD, MIXTURE_BLOCKS, Config
from train.network.forward import forward
from train.network.parameters import Params


def split_outputs(outputs: jax.Array, config: Config) -> dict[str, jax.Array]:
    """Outputs `[..., R]` by name, untransformed: `e` and `stop` `[...]`, the mixture's blocks `[..., M]` each."""
    m = config.mixtures
    parts = {"e": outputs[..., 0]}
    for index, name in enumerate(MIXTURE_BLOCKS):
        parts[name] = outputs[..., 1 + index * m : 1 + (index + 1) * m]
    if config.stop:
        parts["stop"] = outputs[..., 1 + 6 * m]
    return parts


def component_log_densities(parts: dict[str, jax.Array], target: jax.Array, min_log_sd=(MIN_LOG_SD,) * 2) -> jax.Array:
    """Log of each component's weight times its density at the offsets of `target` `[..., 3]`: `[..., M]` [G eqs 23-25].

    Log standard deviations are clamped from below to `min_log_sd`, one number for each axis.
    """
    log_sx = jnp.maximum(parts["sigma_x"], min_log_sd[0])
    log_sy = jnp.maximum(parts["sigma_y"], min_log_sd[1])
    zx = (target[..., 0:1] - parts["mu_x"]) * jnp.exp(-log_sx)
    zy = (target[..., 1:2] - parts["mu_y"]) * jnp.exp(-log_sy)
    raw = jnp.clip(parts["rho"], -6.0, 6.0)
    rho = jnp.tanh(raw)
    # log(1 - tanh^2) without cancellation
    log_rest = 2.0 * (math.log(2.0) - jnp.abs(raw) - jax.nn.softplus(-2.0 * jnp.abs(raw)))
    z = zx**2 + zy**2 - 2.0 * rho * zx * zy
    log_normal = -0.5 * z * jnp.exp(-log_rest) - log_sx - log_sy - math.log(2 * math.pi) - 0.5 * log_rest
    return jax.nn.log_softmax(parts["pi"]) + log_normal


def log_density(parts: dict[str, jax.Array], target: jax.Array, min_log_sd=(MIN_LOG_SD,) * 2) -> jax.Array:
    """Log of the mixture's density at the offsets of `target` `[..., 3]`: `[...]` [G eq 23]."""
    return jax.nn.logsumexp(component_log_densities(parts, target, min_log_sd), axis=-1)


def grid_min_log_sd(sd: np.ndarray) -> np.ndarray:
    """The clamp `[2]` of the grid-floor log-loss, from the raw offsets' standard deviations `[2]`.

    Offsets are whole numbers. A Gaussian of standard deviation 1/sqrt(2 pi) = 0.4 of a whole number has the density 1
    per whole number at its mean, which is what certainty of that number gives: with this clamp nothing is gained by
    being narrower.
    """
    return -np.log(np.asarray(sd) * math.sqrt(2 * math.pi)).astype(np.float32)


def line_losses(
    params: Params,
    config: Config,
    batch: dict[str, jax.Array],
    dtype=jnp.float32,
    grid_floor=None,
    rounded: bool = False,
    chain_state: bool = False,
):
    """`output_losses` of a network for each line of a batch.

    `batch` is as `data.batches.collate` makes it, with `style` `[B, S]` for a network with styles and optionally
    `dropout_masks` for `forward`, which defines `dtype`, `rounded` and what `chain_state` does.
    """
    text = batch.get("ids"), batch.get("ids_mask")
    masks = batch.get("dropout_masks")
    last = batch["last"] if chain_state else None
    outputs, _ = forward(params, config, batch["x"], *text, batch.get("style"), dtype, masks, rounded, last)
    return output_losses(outputs, config, batch, grid_floor)


def output_losses(outputs: jax.Array, config: Config, batch: dict[str, jax.Array], grid_floor=None):
    """For each line, `[B]` each: log-loss in nats [G eq 26], stop loss, squared error, number of points.

    `outputs` are `[T, B, R]`. The stop loss is the cross-entropy, in nats, of "this is the line's last point"; the
    squared error is that of the mixture's mean, in network units. `grid_floor`, as from `grid_min_log_sd`, adds a
    fifth array: the log-loss with that clamp.
    """
    parts = split_outputs(outputs, config)
    target, mask = batch["target"], batch["mask"]
    # e = sigmoid(-e_hat), so log e = log_sigmoid(-e_hat)
    lift = target[..., 2]
    log_pen = lift * jax.nn.log_sigmoid(-parts["e"]) + (1 - lift) * jax.nn.log_sigmoid(parts["e"])

    def log_loss(log_offsets):
        return -jnp.sum(mask * (log_offsets + log_pen), axis=0)

    nats = log_loss(log_density(parts, target))
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
    return result if grid_floor is None else (*result, log_loss(log_density(parts, target, grid_floor)))
