"""One training update, shared among devices, and the learning rate."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, PartitionSpec

from train.network.config import Config
from train.network.mixture import line_losses
from train.network.optimiser import is_lstm_matrix, make_optimiser
from train.network.parameters import Params
from train.network.pin_zero_offsets import mask_pinned_gradients
from train.network.regularisation import add_weight_noise, dropout_masks, with_style_vectors
from train.network.rounding import round_weights

#: The axis of each of a batch's arrays along which its lines lie.
LINE_AXIS = {"x": 1, "target": 1, "mask": 1, "last": 1, "writer": 0, "ids": 0, "ids_mask": 0}


def make_update(
    config: Config,
    clip_norm: float,
    dtype,
    weight_noise: float = 0.0,
    dropout: float = 0.0,
    pinned: bool = False,
    grid_floor=None,
    quantise: bool = False,
    chain_state: bool = False,
    character: int | None = None,
):
    """The optimiser, and the jitted training update.

    `update(params, ema, state, batch, use_style, rate, ema_rate, key)` returns the new parameters, their moving
    average, the optimiser's state, the sums (log-loss, stop loss, points) of the batch, and the gradient's norm. A
    batch whose gradient is not finite changes nothing. Every device (on a CPU: every core) computes the gradients of
    its share of the lines.

    The loss is log-loss plus stop loss per point, in nats. `weight_noise` is the standard deviation of
    `add_weight_noise` and `dropout` the rate of `dropout_masks`; both are drawn for each update and device. `pinned`
    excludes the rows of `pin_zero_offsets` from learning. With `grid_floor`, as from `mixture.grid_min_log_sd`, the
    log-loss learnt from has that clamp; the sum returned has not. With `quantise` weights, states and sums are rounded
    as in the engines. With `chain_state` every layer starts in the last state of the one below. With `character`, an
    id, only what the window adds to the gates on that character is learnt.
    """
    mesh = Mesh(np.array(jax.devices()), ("lines",))
    optimiser = make_optimiser(clip_norm, mesh)

    def device_grads(params, batch, use_style, points, key):
        key = jax.random.fold_in(key, jax.lax.axis_index("lines"))

        def mean_loss(params):
            if quantise:
                # Before the noise, whose mean is zero, so that on average the network is the rounded one.
                params = round_weights(params)
            if weight_noise:
                params = add_weight_noise(params, weight_noise, key)
            inputs = with_style_vectors(params, config, batch, use_style)
            if dropout:
                masks = dropout_masks(config, batch["x"].shape[1], dropout, jax.random.fold_in(key, 1))
                inputs = {**inputs, "dropout_masks": masks}
            nats, stop, _, count, *with_floor = line_losses(
                params, config, inputs, dtype, grid_floor, quantise, chain_state
            )
            learnt = with_floor[0] if with_floor else nats
            return (learnt.sum() + stop.sum()) / points, (nats.sum(), stop.sum(), count.sum())

        return jax.lax.psum(jax.grad(mean_loss, has_aux=True)(params), "lines")

    @jax.jit
    def update(params, ema, state, batch, use_style, rate, ema_rate, key):
        split = {name: PartitionSpec(*[None] * LINE_AXIS[name], "lines") for name in batch}
        grads, sums = jax.shard_map(
            device_grads,
            mesh=mesh,
            in_specs=(PartitionSpec(), split, PartitionSpec("lines"), PartitionSpec(), PartitionSpec()),
            out_specs=PartitionSpec(),
            check_vma=False,
        )(params, batch, use_style, batch["mask"].sum(), key)
        if pinned:
            grads = mask_pinned_gradients(grads, config)
        if character is not None:
            grads = mask_other_gradients(grads, character)
        norm = optax.tree.norm(grads)
        step, state_new = optimiser.update(grads, state, params)
        new = jax.tree.map(lambda p, s: p - rate * s, params, step)
        # A batch that overflows must not end the run.
        finite = jnp.isfinite(norm)
        select = lambda a, b: jax.tree.map(lambda x, y: jnp.where(finite, x, y), a, b)  # noqa: E731
        params, state = select(new, params), select(state_new, state)
        ema = jax.tree.map(lambda e, p: e + ema_rate * (p - e), ema, params)
        return params, ema, state, sums, norm

    return optimiser, update


def mask_other_gradients(grads: Params, character: int) -> Params:
    """The gradients with zeros everywhere but in the columns of a character, given by its id."""
    masked = {name: jnp.zeros_like(grad) for name, grad in grads.items()}
    for name in filter(is_lstm_matrix, grads):
        masked[name] = masked[name].at[:, 3 + character].set(grads[name][:, 3 + character])
    return masked


def learning_rate(progress: float, updates: int, peak: float) -> float:
    """Linear warm-up over 100 updates, times a cosine over the run's `progress` (0 to 1) down to 2 % of the peak."""
    decay = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return peak * min(1.0, (updates + 1) / 100) * decay
