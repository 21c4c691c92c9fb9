"""Train one network, in slices that resume.

    python -m train.train_network --data data/iam.npz --kind synthesis --hidden 256 256 256 \
        --run runs/synthesis --minutes 60

The learning rate follows the clock: it warms up, then falls along a cosine until `--minutes` of training are spent,
over however many calls. `--slice` ends a call early; the same command resumes from the checkpoint. `--warm-start`
begins with the weights of a file instead of random ones.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import time
from pathlib import Path

# Every core computes its own share of a batch's lines (see `main`), so XLA must not split products among cores as
# well. It reads this variable when JAX starts.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from train.augment.distortion import Distortion, distort_batches
from train.data.batches import epoch_batches
from train.data.corpus import Corpus, ids_width, load_split
from train.evaluate.log_loss import make_log_loss_evaluator
from train.export.warm_start import warm_start
from train.export.weights_file import read_weights, save_params
from train.network.config import Config
from train.network.mixture import grid_min_log_sd
from train.network.parameters import init_params
from train.network.pin_zero_offsets import PINNED_AXES, free_components, is_pinned, pin
from train.network.update import learning_rate, make_update


def build_config(args, corpus: Corpus) -> Config:
    """The network's shapes from the command line and the corpus."""
    synthesis = args.kind == "synthesis"
    return Config(
        kind=args.kind,
        hidden=tuple(args.hidden),
        mixtures=args.mixtures,
        window=args.window if synthesis else 0,
        alphabet=corpus.alphabet if synthesis else "",
        style_dim=args.style_dim if synthesis and corpus.writer_names else 0,
        writers=len(corpus.writer_names) if synthesis else 0,
        stop=synthesis,
        skips=not args.no_skips,
    )


#: Options by name. "blog": the network of S. Vasquez' and others' tutorials in Keras: two LSTM layers, each reading
#: the one below, and a dense layer of 13 on the upper one.
PRESETS = {"blog": {"kind": "prediction", "hidden": [400, 400], "mixtures": 2, "no_skips": True}}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with the options of a preset where they are not given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="packed file from prepare_corpus")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoint, log and weights")
    parser.add_argument("--kind", choices=["prediction", "synthesis"], help="must be given without --preset")
    parser.add_argument("--preset", choices=[*PRESETS], help="other defaults: blog, the network of two Keras LSTMs")
    parser.add_argument("--no-skips", action="store_true", help="each layer reads the one below only (prediction)")
    parser.add_argument("--chain-state", action="store_true", help="layers start in the last state of the one below")
    parser.add_argument("--hidden", type=int, nargs="+", default=[256, 256, 256], help="units of each LSTM layer")
    parser.add_argument("--mixtures", type=int, default=20, help="components of the output mixture")
    parser.add_argument("--window", type=int, default=10, help="components of the window (synthesis)")
    parser.add_argument("--style-dim", type=int, default=32, help="length of a style vector (synthesis)")
    parser.add_argument("--style-dropout", type=float, default=0.2, help="share of lines whose style is withheld")
    parser.add_argument("--stride", type=int, default=1, help="use every n-th point")
    parser.add_argument("--augmented", type=int, help="how many of the augmented lines to learn from; all by default")
    parser.add_argument("--batch-size", type=int, default=32, help="lines in a batch")
    parser.add_argument("--devices", type=int, help="CPU cores to use; all by default")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--ema-decay", type=float, default=0.998, help="decay per update of the averaged weights")
    parser.add_argument("--clip-norm", type=float, default=1.0, help="largest gradient norm (of the loss per point)")
    parser.add_argument("--scale", type=float, default=0.1, help="random scaling of all lines, +- this share")
    parser.add_argument("--slant", type=float, default=0.0, help="random slant of lines without a style, +- dx per dy")
    parser.add_argument("--stretch", type=float, default=0.0, help="random stretch of lines without a style, +- share")
    parser.add_argument("--weight-noise", type=float, default=0.0, help="sd of noise on the LSTM layers' matrices")
    parser.add_argument("--dropout", type=float, default=0.0, help="share of units that are dropped between layers")
    parser.add_argument("--pin-zero-offsets", action="store_true", help="pin three components to offsets of zero")
    parser.add_argument("--grid-floor", action="store_true", help="learn from the log-loss with the grid floor")
    parser.add_argument("--minutes", type=float, default=60, help="length of the whole run")
    parser.add_argument("--slice", type=float, default=1e9, help="end this call after so many minutes")
    parser.add_argument("--save-every", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--valid-lines", type=int, default=256, help="validation lines per checkpoint, 0 = all")
    parser.add_argument("--warm-start", type=Path, help="weights file to start from")
    parser.add_argument("--bf16", action="store_true", help="bf16 matrix products with f32 sums")
    parser.add_argument("--quantise", action="store_true", help="round weights, states and sums as the engines do")
    parser.add_argument("--seed", type=int, default=1)
    preset = parser.parse_known_args(arguments)[0].preset
    parser.set_defaults(**PRESETS.get(preset, {}))
    args = parser.parse_args(arguments)
    if not args.kind:
        parser.error("--kind is needed, or a --preset that implies it")
    if args.pin_zero_offsets and args.mixtures <= len(PINNED_AXES):
        parser.error(f"--pin-zero-offsets pins {len(PINNED_AXES)} components: --mixtures must be larger")
    if args.kind == "synthesis" and (args.no_skips or args.chain_state):
        parser.error("--no-skips and --chain-state are for prediction networks")
    if args.no_skips and args.warm_start:
        parser.error("--warm-start needs a network with skip connections")
    if args.chain_state and len(set(args.hidden)) > 1:
        parser.error("--chain-state needs layers of one width")
    return args


def main() -> None:
    """Command line."""
    args = parse_arguments()
    # One device for each core, since XLA runs most of a timestep on one core.
    jax.config.update("jax_num_cpu_devices", args.devices or os.cpu_count() or 1)
    # Every device gets the same number of lines.
    batch_size = -(-args.batch_size // len(jax.devices())) * len(jax.devices())

    train = load_split(args.data, "train", args.stride, augmented=args.augmented)
    valid = load_split(args.data, "valid", args.stride, (train.mean, train.sd))
    width = ids_width(train, valid)
    config = build_config(args, train)
    distortion = Distortion(args.scale, args.slant, args.stretch)
    dtype = jnp.bfloat16 if args.bf16 else jnp.float32
    grid_floor = grid_min_log_sd(train.sd) if args.grid_floor else None
    optimiser, update = make_update(
        config,
        args.clip_norm,
        dtype,
        args.weight_noise,
        args.dropout,
        args.pin_zero_offsets,
        grid_floor,
        args.quantise,
        args.chain_state,
    )
    evaluate = make_log_loss_evaluator(config, args.quantise)
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint, log = args.run / "checkpoint.pickle", args.run / "log.jsonl"

    # The record of training includes that of the file started from.
    earlier_training = read_weights(args.warm_start)[1]["training"] if args.warm_start else None
    points_per_character = train.point_count / sum(len(t) for t in train.texts)
    if checkpoint.exists():
        kept = pickle.loads(checkpoint.read_bytes())
        params, ema, state, counters = kept["params"], kept["ema"], kept["state"], kept["counters"]
        expected = {name: value.shape for name, value in init_params(config, args.seed).items()}
        if {name: value.shape for name, value in params.items()} != expected:
            raise SystemExit(f"{checkpoint} is of a network of other shapes: name another folder with --run")
        if is_pinned(params, config) != args.pin_zero_offsets:
            without = "without" if args.pin_zero_offsets else "with"
            raise SystemExit(f"{checkpoint} was started {without} --pin-zero-offsets: resume it {without} that option")
    else:
        params = init_params(config, args.seed, 1 / points_per_character)
        if args.warm_start:
            params = warm_start(params, config, train, args.warm_start, args.stride)
        if args.pin_zero_offsets:
            if args.warm_start and not is_pinned(params, config):
                params = free_components(params, config, train)
            params = pin(params, config, train.mean, train.sd)
        ema, state = params, optimiser.init(params)
        counters = {"minutes": 0.0, "updates": 0, "points": 0, "epochs": 0}
    # Placed as an update returns them, so that the second update is not compiled again.
    mesh = Mesh(np.array(jax.devices()), ("lines",))
    params, ema, state = jax.device_put((params, ema, state), NamedSharding(mesh, PartitionSpec()))
    print(
        f"{config.kind} {config.hidden}: {sum(p.size for p in params.values())} parameters, "
        f"{len(train.points)} lines, {train.point_count} points, sd {train.sd}, device {jax.devices()[0]}",
        flush=True,
    )

    def save() -> None:
        host = jax.tree.map(np.asarray, {"params": params, "ema": ema, "state": state})
        temporary = checkpoint.with_suffix(".new")
        temporary.write_bytes(pickle.dumps({**host, "counters": counters}))
        temporary.replace(checkpoint)
        # From host arrays, or every device would compute all of it.
        result = evaluate(host["ema"], valid, width, limit=args.valid_lines or None)
        row = {**counters, **result, "train_loss": recent_loss(), "rate": rate, "norm": float(norm)}
        with log.open("a") as handle:
            handle.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
        save_params(
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
                **({"warm_start": earlier_training} if earlier_training else {}),
            },
        )

    recent: list[tuple[float, int]] = []  # log-loss and points of the last hundred batches

    def recent_loss() -> float:
        return sum(nats for nats, _ in recent) / max(1, sum(points for _, points in recent))

    rng = np.random.default_rng(args.seed + 1000 * counters["epochs"] + counters["updates"])
    # The clock counts the time of updates only, neither compilation nor evaluation.
    spent, since_save = 0.0, 0.0
    compiled_shapes: set[tuple] = set()
    rate, norm = 0.0, 0.0
    while counters["minutes"] < args.minutes and spent < args.slice:
        batches = epoch_batches(train, config.alphabet, width, batch_size, rng)
        style_dropout = args.style_dropout if config.style_dim else 1.0
        for batch in distort_batches(batches, train, style_dropout, distortion, rng):
            use_style = batch.pop("use_style")
            started = time.monotonic()
            rate = learning_rate(counters["minutes"] / args.minutes, counters["updates"], args.learning_rate)
            ema_rate = max(1 - args.ema_decay, 1 / (counters["updates"] + 2))
            key = jax.random.fold_in(jax.random.key(args.seed), counters["updates"])
            params, ema, state, sums, norm = update(params, ema, state, batch, use_style, rate, ema_rate, key)
            nats, points = float(sums[0]), int(sums[2])
            minutes = (time.monotonic() - started) / 60
            if batch["x"].shape in compiled_shapes:
                counters["minutes"] += minutes
                spent += minutes
                since_save += minutes
            compiled_shapes.add(batch["x"].shape)
            counters["updates"] += 1
            counters["points"] += points
            if math.isfinite(nats):  # otherwise the update changed nothing
                recent = [*recent[-99:], (nats, points)]
            if counters["updates"] % 50 == 0:
                print(
                    f"update {counters['updates']} min {counters['minutes']:.1f} nats/point {recent_loss():.3f} "
                    f"norm {float(norm):.2f} rate {rate:.2e} points/s {points / minutes / 60:.0f}",
                    flush=True,
                )
            if since_save >= args.save_every:
                since_save = 0.0
                save()
            if counters["minutes"] >= args.minutes or spent >= args.slice:
                break
        else:
            counters["epochs"] += 1
    save()


if __name__ == "__main__":
    main()
