"""Train one network, in slices that resume.

    python train/fit.py --data data/iam.npz --kind synthesis --hidden 256 256 256 \
        --run runs/synthesis --minutes 60

The learning rate follows the clock: it warms up, then falls along a cosine
until `--minutes` of training are spent, over however many calls (`--slice`
ends a call early; the same command goes on from the checkpoint). `--warm`
starts from a weights file instead of random numbers; characters are matched
by name, so the alphabet may differ.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

# Each core runs its own share of the lines (see `main`), so a product is not split among cores
# again. To be said before JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import data
import export
import muon
import still
from model import Config, Params, init, losses


def style_vectors(params: Params, config: Config, writer, keep):
    """`[B, S]` rows of the writers' table; zero for unknown writers and where `keep` is 0."""
    rows = params["style.table"][jnp.maximum(writer, 0)]
    return rows * ((writer >= 0) * keep)[:, None]


def with_style(params: Params, config: Config, batch, keep):
    """The batch with the writers' vectors looked up."""
    if config.style_dim:
        batch = {**batch, "style": style_vectors(params, config, batch["writer"], keep)}
    return batch


def noisy(params: Params, sd: float, key):
    """The parameters with Gaussian noise on the LSTM layers' matrices [G section 3.2].

    Not on the output's: a component's sd is often a few hundredths, and its mean must not be off by more.
    """
    keys = dict(zip(params, jax.random.split(key, len(params)), strict=True))
    return {
        name: p + sd * jax.random.normal(keys[name], p.shape) if muon.is_matrix(name) else p
        for name, p in params.items()
    }


def heard(config: Config, lines: int, drop: float, key):
    """Drop-out of units, for whole lines [Y. Gal and Z. Ghahramani 2016, arXiv 1512.05287].

    `[B, H]` for each layer: 0 for a share `drop` of the units, which the layer above then does not hear, and more than
    1 for the others. Output and window hear every unit: they must be exact.
    """
    keys = jax.random.split(key, len(config.hidden))
    return [
        jax.random.bernoulli(k, 1 - drop, (lines, units)) / (1 - drop)
        for k, units in zip(keys, config.hidden, strict=True)
    ]


#: On which axis the lines of a batch lie.
LINE_AXIS = {"x": 1, "target": 1, "mask": 1, "last": 1, "writer": 0, "ids": 0, "ids_mask": 0}


def grid_floor(corpus: data.Corpus) -> np.ndarray:
    """Log standard deviation, on x and on y, of a component whose density is one for each whole number at its mean.

    Certainty of that number gives no more.
    """
    return -np.log(np.asarray(corpus.sd) * math.sqrt(2 * math.pi)).astype(np.float32)


def make_update(
    config: Config, clip: float, dtype, noise: float = 0.0, drop: float = 0.0, held: bool = False, grid=None
):
    """The jitted training step. Every device (on a CPU: every core) takes its share of a batch's lines.

    `noise` is the `sd` of `noisy`, `drop` the share of `heard`; both are drawn anew by each device for each update.
    `held` says whether the components of `still` are; with `grid`, which is `grid_floor`'s, none narrower is rewarded.
    """
    mesh = Mesh(np.array(jax.devices()), ("lines",))
    optimiser = muon.optimiser(clip, mesh)

    def share_grads(params, batch, keep, points, key):
        key = jax.random.fold_in(key, jax.lax.axis_index("lines"))

        def mean_loss(params):
            if noise:
                params = noisy(params, noise, key)
            shown = with_style(params, config, batch, keep)
            if drop:
                shown = {**shown, "heard": heard(config, batch["x"].shape[1], drop, jax.random.fold_in(key, 1))}
            nats, stop, _, count, *on_grid = losses(params, config, shown, dtype, grid)
            learnt = on_grid[0] if on_grid else nats
            return (learnt.sum() + stop.sum()) / points, (nats.sum(), stop.sum(), count.sum())

        return jax.lax.psum(jax.grad(mean_loss, has_aux=True)(params), "lines")

    @jax.jit
    def update(params, ema, state, batch, keep, rate, ema_rate, key):
        split = {key: PartitionSpec(*[None] * LINE_AXIS[key], "lines") for key in batch}
        grads, sums = jax.shard_map(
            share_grads,
            mesh=mesh,
            in_specs=(PartitionSpec(), split, PartitionSpec("lines"), PartitionSpec(), PartitionSpec()),
            out_specs=PartitionSpec(),
            check_vma=False,
        )(params, batch, keep, batch["mask"].sum(), key)
        if held:
            grads = still.learnt(grads, config)
        norm = optax.tree.norm(grads)
        step, state_new = optimiser.update(grads, state, params)
        new = jax.tree.map(lambda p, s: p - rate * s, params, step)
        # A batch that overflows must not end the run: it is left out.
        good = jnp.isfinite(norm)
        pick = lambda a, b: jax.tree.map(lambda x, y: jnp.where(good, x, y), a, b)  # noqa: E731
        params, state = pick(new, params), pick(state_new, state)
        ema = jax.tree.map(lambda e, p: e + ema_rate * (p - e), ema, params)
        return params, ema, state, sums, norm

    return optimiser, update


def make_evaluate(config: Config):
    """Log-loss per line and the rest over a whole corpus, without styles, in f32."""

    @jax.jit
    def sums(params, batch, grid):
        batch = with_style(params, config, batch, jnp.zeros(batch["writer"].shape))
        return [one.sum() for one in losses(params, config, batch, grid=grid)]

    def evaluate(params, corpus: data.Corpus, width: int, size: int = 64, limit: int | None = None):
        chosen = data.usable(corpus, config.alphabet)
        if limit:  # an even sample, the same every time
            chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, min(limit, len(chosen))).astype(int)]
        chosen = sorted(chosen, key=lambda i: len(corpus.points[i]))
        grid = grid_floor(corpus)
        total = np.zeros(5)
        for start in range(0, len(chosen), size):
            batch = data.collate(corpus, chosen[start : start + size], config.alphabet, width, size)
            total += np.array([float(v) for v in sums(params, batch, grid)])
        return {
            "lines": len(chosen),
            "log_loss": total[0] / len(chosen),
            "log_loss_grid": total[4] / len(chosen),
            "stop_loss": total[1] / len(chosen),
            "sse": total[2] / total[3],
            "valid_points": int(total[3]),
        }

    return evaluate


@dataclass
class Variety:
    """How much lines are changed, anew each time they are learnt from.

    Size varies for every line. Slant and stretch vary for those whose writer the network is not told:
    they stand for people it has never met, while a style must go on meaning one slant.
    """

    scale: float = 0.1
    slant: float = 0.0
    stretch: float = 0.0

    def shapes(self, free: np.ndarray, rng) -> np.ndarray:
        """A matrix for each line, `[B, 2, 2]`, that raw offsets (columns) are multiplied by; `free` `[B]`, bool."""
        size = rng.uniform(1 - self.scale, 1 + self.scale, len(free))
        stretch = np.where(free, np.exp(rng.uniform(-self.stretch, self.stretch, len(free))), 1)
        slant = np.where(free, rng.uniform(-self.slant, self.slant, len(free)), 0)
        rows = [[size * stretch, size * slant], [np.zeros(len(free)), size / stretch]]
        return np.moveaxis(np.array(rows), -1, 0)


def varied(batches, train: data.Corpus, style_drop: float, variety: Variety, rng):
    """Batches with `keep` `[B]`, whether a line's style is told, and with every line's ink changed.

    Points lie on whole numbers, as the corpus' do: which offsets there are at all is much of what a network learns.
    """
    for batch in batches:
        told = (rng.random(batch["mask"].shape[1]) >= style_drop) & (batch["writer"] >= 0)
        batch["keep"] = told.astype(np.float32)
        shapes, target = variety.shapes(~told, rng), batch["target"]
        raw = target[..., :2] * train.sd + train.mean
        places = np.rint(np.einsum("bij,tbj->tbi", shapes, np.cumsum(raw, axis=0, dtype=np.float64)))
        moved = (np.diff(places, axis=0, prepend=0) - train.mean) / train.sd
        target[..., :2] = np.where(batch["mask"][..., None] > 0, moved, 0)
        batch["x"][1:] = np.where(batch["mask"][1:, :, None] > 0, target[:-1], 0)
        yield batch


def learning_rate(progress: float, updates: int, peak: float) -> float:
    """Warm-up over 100 updates, then a cosine over the run's time down to 2 % of the peak."""
    fall = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return peak * min(1.0, (updates + 1) / 100) * fall


def build_config(args, corpus: data.Corpus) -> Config:
    """Shapes from the command line and the data."""
    synthesis = args.kind == "synthesis"
    return Config(
        kind=args.kind,
        hidden=tuple(args.hidden),
        mixtures=args.mixtures,
        window=args.window if synthesis else 0,
        alphabet=corpus.alphabet if synthesis else "",
        style_dim=args.style if synthesis and corpus.writer_names else 0,
        writers=len(corpus.writer_names) if synthesis else 0,
        stop=synthesis,
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare.py")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoint, log and weights")
    parser.add_argument("--kind", choices=["prediction", "synthesis"], required=True)
    parser.add_argument("--hidden", type=int, nargs="+", default=[256, 256, 256])
    parser.add_argument("--mixtures", type=int, default=20)
    parser.add_argument("--window", type=int, default=10, help="window components (synthesis)")
    parser.add_argument("--style", type=int, default=32, help="style dimension (synthesis)")
    parser.add_argument("--style-drop", type=float, default=0.2)
    parser.add_argument("--stride", type=int, default=1, help="use every n-th point")
    parser.add_argument("--extra", type=int, help="how many of the made-up lines to learn from; all if left out")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--devices", type=int, help="CPU cores to use; all if left out")
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--ema", type=float, default=0.998, help="decay an update of the average that is shipped")
    parser.add_argument("--clip", type=float, default=1.0, help="gradient norm (loss per point)")
    parser.add_argument("--scale", type=float, default=0.1, help="random scaling of ink, +- this share")
    parser.add_argument("--slant", type=float, default=0.0, help="random slant of lines without a style, +-")
    parser.add_argument("--stretch", type=float, default=0.0, help="random stretch of lines without a style, +- share")
    parser.add_argument("--noise", type=float, default=0.0, help="sd of noise on the layers' matrices")
    parser.add_argument("--drop", type=float, default=0.0, help="share of units that the layer above does not hear")
    parser.add_argument("--still", action="store_true", help="hold three components at offsets of nought, see still.py")
    parser.add_argument("--grid", action="store_true", help="learn from the loss on the grid: no reward for narrower")
    parser.add_argument("--minutes", type=float, default=60, help="length of the whole run")
    parser.add_argument("--slice", type=float, default=1e9, help="minutes of this call")
    parser.add_argument("--save-every", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--valid-lines", type=int, default=256, help="lines per check, 0 = all")
    parser.add_argument("--warm", type=Path, help="weights file to start from")
    parser.add_argument("--bf16", action="store_true", help="bf16 matrix products, f32 sums")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.still and args.mixtures <= len(still.HELD):
        parser.error(f"--still holds {len(still.HELD)} components: it needs more --mixtures than these")
    # One device for each core: XLA runs most of a timestep on one core otherwise.
    jax.config.update("jax_num_cpu_devices", args.devices or os.cpu_count() or 1)
    args.batch = -(-args.batch // len(jax.devices())) * len(jax.devices())

    train = data.load(args.data, "train", args.stride, extra=args.extra)
    valid = data.load(args.data, "valid", args.stride, (train.mean, train.sd))
    width = data.text_width(train, valid)
    config = build_config(args, train)
    variety = Variety(args.scale, args.slant, args.stretch)
    dtype = jnp.bfloat16 if args.bf16 else jnp.float32
    grid = grid_floor(train) if args.grid else None
    optimiser, update = make_update(config, args.clip, dtype, args.noise, args.drop, args.still, grid)
    evaluate = make_evaluate(config)
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.run / "checkpoint.pickle", args.run / "log.jsonl"

    # What went before belongs to the weights' history.
    before = export.read(args.warm)[1]["training"] if args.warm else None
    per_character = train.count / sum(len(t) for t in train.texts)
    if checkpoint.exists():
        kept = pickle.loads(checkpoint.read_bytes())
        params, ema, state, counters = kept["params"], kept["ema"], kept["state"], kept["counters"]
        expected = {name: value.shape for name, value in init(config, args.seed).items()}
        if {name: value.shape for name, value in params.items()} != expected:
            raise SystemExit(f"{checkpoint} is of a network of other shapes: name another folder with --run")
        if still.is_held(params, config) != args.still:
            raise SystemExit(f"{checkpoint} was begun {'without' if args.still else 'with'} --still: go on so")
    else:
        params = init(config, args.seed, 1 / per_character)
        if args.warm:
            params = export.warm_start(params, config, train, args.warm, args.stride)
        if args.still:
            if args.warm and not still.is_held(params, config):
                params = still.make_room(params, config, train)
            params = still.hold(params, config, train.mean, train.sd)
        ema, state = params, optimiser.init(params)
        counters = {"minutes": 0.0, "updates": 0, "points": 0, "epochs": 0}
    # Where an update leaves them: the second one would be compiled anew otherwise.
    mesh = Mesh(np.array(jax.devices()), ("lines",))
    params, ema, state = jax.device_put((params, ema, state), NamedSharding(mesh, PartitionSpec()))
    print(
        f"{config.kind} {config.hidden}: {sum(p.size for p in params.values())} parameters, "
        f"{len(train.points)} lines, {train.count} points, sd {train.sd}, device {jax.devices()[0]}",
        flush=True,
    )

    def save() -> None:
        host = jax.tree.map(np.asarray, {"params": params, "ema": ema, "state": state})
        temporary = checkpoint.with_suffix(".new")
        temporary.write_bytes(pickle.dumps({**host, "counters": counters}))
        temporary.replace(checkpoint)
        # From this machine, or every device would do all of it.
        result = evaluate(host["ema"], valid, width, limit=args.valid_lines or None)
        row = {**counters, **result, "train_loss": recent_loss(), "rate": rate, "norm": float(norm)}
        with log.open("a") as handle:
            handle.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
        export.save(
            args.run / "weights.safetensors",
            ema,
            config,
            train,
            sample_ms=20 * args.stride,
            training={
                "points_seen": counters["points"],
                "updates": counters["updates"],
                "stride": args.stride,
                "log_loss": round(result["log_loss"], 2),
                "log_loss_lines": result["lines"],
                **({"warm_start": before} if before else {}),
            },
        )

    window: list[tuple[float, int]] = []

    def recent_loss() -> float:
        return sum(w[0] for w in window) / max(1, sum(w[1] for w in window))

    rng = np.random.default_rng(args.seed + 1000 * counters["epochs"] + counters["updates"])
    # The clock counts updates only, neither compilation nor evaluation.
    spent, saved = 0.0, 0.0
    shapes: set[tuple] = set()
    rate, norm = 0.0, 0.0
    while counters["minutes"] < args.minutes and spent < args.slice:
        batches = data.batches(train, config.alphabet, width, args.batch, rng)
        for batch in varied(batches, train, args.style_drop if config.style_dim else 1.0, variety, rng):
            keep = batch.pop("keep")
            began = time.monotonic()
            rate = learning_rate(counters["minutes"] / args.minutes, counters["updates"], args.rate)
            ema_rate = max(1 - args.ema, 1 / (counters["updates"] + 2))
            key = jax.random.fold_in(jax.random.key(args.seed), counters["updates"])
            params, ema, state, sums, norm = update(params, ema, state, batch, keep, rate, ema_rate, key)
            nats, points = float(sums[0]), int(sums[2])
            minutes = (time.monotonic() - began) / 60
            if batch["x"].shape in shapes:
                counters["minutes"] += minutes
                spent += minutes
                saved += minutes
            shapes.add(batch["x"].shape)
            counters["updates"] += 1
            counters["points"] += points
            if math.isfinite(nats):  # else the batch was left out
                window = [*window[-99:], (nats, points)]
            if counters["updates"] % 50 == 0:
                print(
                    f"update {counters['updates']} min {counters['minutes']:.1f} nats/point {recent_loss():.3f} "
                    f"norm {float(norm):.2f} rate {rate:.2e} points/s {points / minutes / 60:.0f}",
                    flush=True,
                )
            if saved >= args.save_every:
                saved = 0.0
                save()
            if counters["minutes"] >= args.minutes or spent >= args.slice:
                break
        else:
            counters["epochs"] += 1
    save()


if __name__ == "__main__":
    main()
