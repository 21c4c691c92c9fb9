"""Make golden fixtures: what the engines must compute, from an independent implementation of the network.

    python -m train.make_fixtures --out tests/fixtures --weights weights

Writes `arithmetic.json`, arguments and values of every function of docs/weights-format.md ("Arithmetic"), and six
files of networks. The `tiny-*` files hold small random networks, one of them in int8, one (`tiny-stacked`) without skip
connections; `prediction` and `synthesis` belong to the weights files of the same names, whose SHA-256 they state. Whole
numbers are stored as i32, on the grid Qn of the format's description:

======================= ============ ===================================================
tensor                  shape        meaning
======================= ============ ===================================================
fixture.ids             [U] i32      character ids with the end mark (synthesis)
fixture.style           [S] f32      style vector (if S > 0)
fixture.bias            [1] f32      sampling bias
fixture.temperature     [1] f32      sampling temperature
fixture.noise           [T, 4] i32   two uniforms of 24 bits (component, pen), two normals (Q12)
fixture.point           [T, 3] i32   the point drawn, which is the next input, Q10
fixture.component       [T] i32      the component it is drawn from
fixture.pen_probability [T] i32      Q15
fixture.stop            [T] i32      Q15
fixture.log_density     [T] i32      of the point's offset, without bias or temperature, Q10
fixture.position        [T] i32      character under the window (synthesis)
fixture.mean_kappa      [T] i32      mean position of the window's components, Q10 (synthesis)
fixture.steps           [N] i32      timesteps of the tensors below, counted from 0
fixture.x               [N, 3] i32   input of the timestep, Q10
fixture.hidden.{l}      [N, H_l] i32 after the timestep, as all below, Q7
fixture.cell.{l}        [N, H_l] i32 Q11
fixture.kappa           [N, K] i32   Q16
fixture.phi             [N, U] i32   Q15
fixture.window          [N, A] i32   Q10
fixture.output          [N, R] i32   output layer, untransformed, Q16
fixture.shares          [N, M] i32   share of each component under bias and temperature, Q16
======================= ============ ===================================================

`steps` are all timesteps of a tiny network, and every fiftieth of the others.

`gradient` belongs to `tiny-synthesis` as well: gradients for learning a hand, computed by JAX from weights rounded to
those of the engines, states unrounded. L lines of at most T points; P numbers: style vector, what is added to the
biases of each layer's gates, and to those of the output layer.

======================= ============ ===================================================
fixture.points          [L, T, 3]    f32, zeros behind a line's end
fixture.lengths         [L]          i32
fixture.ids             [L, U]       i32, with the end mark, zeros behind it
fixture.characters      [L]          i32, ids of each line
fixture.parameters      [P]          f32
fixture.losses          [2]          f32: log-loss on the grid and stop loss, summed over the lines
fixture.gradient        [P]          f32: of their sum
======================= ============ ===================================================
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from train.data.alphabet import encode
from train.export.quantise import quantise_network
from train.export.weights_file import config_from_metadata, metadata, read_stored, write_weights
from train.network.config import Config
from train.network.mixture import grid_min_log_sd, line_losses
from train.network.parameters import init_params
from train.network.rounding import round_weights
from train.reference import arithmetic
from train.reference import network as reference

#: Timesteps of a tiny network and of a shipped one, of which one in `SHIPPED_STRIDE` is stored in full.
TINY_STEPS, SHIPPED_STEPS, SHIPPED_STRIDE = 48, 700, 50

#: What a shipped synthesis network writes: long enough for all timesteps.
SHIPPED_TEXT = "The quick brown fox, 48 jumps"


def record_steps(network: reference.Network, ids, style, bias, temperature, seed: int, steps: int, stride: int = 1):
    """The fixture tensors of one line of `steps` timesteps, with the text `ids` and the style vector `style` `[S]`.

    One in `stride` timesteps is stored in full, the last one always.
    """
    config = network.config
    rng = np.random.default_rng(seed)
    state = reference.Reference(network, reference.pad_ids([ids]), style[None])
    drawing = reference.Drawing.of(bias, temperature, 1)
    rows: dict[str, list[np.ndarray]] = {}
    full = sorted({*range(0, steps, stride), steps - 1})
    x = np.zeros((1, 3), np.int64)
    for step in range(steps):
        noise = reference.noise_of_step(rng, 1)
        output = state.step(x)
        drawn = reference.draw(output, config, noise, drawing)
        values = {
            "noise": noise,
            "point": drawn.point,
            "component": drawn.component,
            "pen_probability": drawn.pen_probability,
            "stop": drawn.stop,
            "log_density": reference.log_density(output, config, drawn.point),
        }
        if config.window:
            values |= {"position": state.position, "mean_kappa": state.mean_kappa()}
        if step in full:
            values |= {"x": x, "output": output, "shares": drawn.shares}
            for layer in range(len(config.hidden)):
                values |= {f"hidden.{layer}": state.hidden[layer], f"cell.{layer}": state.cell[layer]}
            if config.window:
                values |= {"window": state.window, "kappa": state.kappa, "phi": state.phi}
        for name, value in values.items():
            rows.setdefault(name, []).append(np.array(value[0]))
        x = drawn.point
    result = {f"fixture.{name}": arithmetic.fits(np.stack(value)).astype(np.int32) for name, value in rows.items()}
    result["fixture.steps"] = np.array(full, np.int32)
    result["fixture.bias"] = np.array([bias], np.float32)
    result["fixture.temperature"] = np.array([temperature], np.float32)
    if config.window:
        result["fixture.ids"] = np.array(ids, np.int32)
    if config.style_dim:
        result["fixture.style"] = style.astype(np.float32)
    return result


def tiny_network(kind: str) -> tuple[dict[str, np.ndarray], Config]:
    """A small random network with odd sizes and weights large enough to exercise every path.

    "stacked" is a prediction network without skip connections.
    """
    synthesis, stacked = kind == "synthesis", kind == "stacked"
    config = Config(
        kind="prediction" if stacked else kind,
        hidden=(13, 10, 7) if synthesis else (11, 6),
        mixtures=5 if synthesis else 2,
        window=3 if synthesis else 0,
        alphabet=" abcdefgh" if synthesis else "",
        style_dim=4 if synthesis else 0,
        writers=2 if synthesis else 0,
        stop=synthesis,
        skips=not stacked,
    )
    params = init_params(config, 7, 0.2)
    tensors = {name: np.asarray(value) for name, value in params.items()}
    rng = np.random.default_rng(11)
    for name, value in tensors.items():
        if name.startswith(("lstm", "window.weight", "output")):
            tensors[name] = (value + rng.normal(0, 0.15, value.shape)).astype(np.float32)
    return tensors, config


def arithmetic_cases() -> dict[str, list[list[int | float]]]:
    """For each function rows of its arguments and then its value or values."""
    least, most = -(1 << 31), (1 << 31) - 1
    rng = np.random.default_rng(3)

    def rows(*columns) -> list[list[int]]:
        return np.stack(np.broadcast_arrays(*columns), axis=1).tolist()

    # Products and results of every size, of both signs, that fit 32 bits.
    x = np.concatenate([rng.integers(-(1 << bits), 1 << bits, 60) for bits in (4, 12, 17, 24, 31)])
    x = np.concatenate([x, [0, 1, -1, 65_535, 65_536, -65_536, most, least]])
    m, k = rng.integers(0, 1 << 15, len(x)), rng.integers(1, 47, len(x))
    m[::20], m[10::20], k[5::20] = 32_767, 0, 46
    shifted = (x * m + (np.int64(1) << (k - 1))) >> k
    fitting = (shifted >= least) & (shifted <= most)
    rescaled = rows(x[fitting], m[fitting], k[fitting], arithmetic.rescale(x[fitting], m[fitting], k[fitting]))
    # For drawing: however large the result.
    size, k = np.abs(np.maximum(x, -most)), np.maximum(k, 2)
    scaled = rows(size, m, k, arithmetic.scaled(size, m, k))

    a = np.union1d(np.arange(0, arithmetic.MOST_DECAY + 1, 37), [1, 2, arithmetic.MOST_DECAY])
    gate = np.union1d(np.arange(-20_000, 20_001, 37), [-1, 1, 16_383, 16_384, -16_383, -16_384, 1 << 29, -(1 << 29)])
    log = np.union1d(np.arange(-25 << 16, 25 << 16, 7919), [least, -1, 0, 1, most])
    p, n = arithmetic.exp(log)
    grids = [(10, reference.MOST_ALPHA), (12, reference.MOST_BETA), (16, reference.MOST_KAPPA)]
    whole = np.union1d(np.arange(1, 600), np.union1d(np.arange(600, 1 << 32, 9_876_543), [1 << 31, (1 << 32) - 1]))
    u = np.concatenate([[0, 1, 63, 64, (1 << 24) - 1], rng.integers(0, 1 << 24, 95)])
    parts = np.concatenate([[0, 1, 65_535, 131_072, (1 << 26) - 1], rng.integers(0, 1 << 26, 95)])
    factors = [0.0, 1e-9, 3e-4, 0.017578125, 0.3, 0.5, 1 / 64, 1 / 3, 1.0, 7.5, 511.0, 8191.0, 8191.75, 1e9]
    return {
        "rescale": rescaled,
        "scaled": scaled,
        "decay": rows(a, arithmetic.decay(a)),
        "sigmoid": rows(gate, arithmetic.sigmoid(gate)),
        "tanh": rows(gate, arithmetic.tanh(gate)),
        "exp": rows(log, p, n),
        "fixed": [row for g, top in grids for row in rows(log[::3], g, top, arithmetic.fixed(log[::3], g, top))],
        "ln": rows(whole, arithmetic.ln(whole)),
        "share": rows(u, parts, arithmetic.share(u, parts)),
        # A factor, the least k, m and k.
        "factor": [[value, least, *arithmetic.factor(value, least)] for value in factors for least in (1, 2)],
    }


def write_arithmetic(path: Path) -> None:
    """Write `arithmetic_cases` as JSON, a line for each function."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(rows, separators=(',', ':'))}" for name, rows in arithmetic_cases().items()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def gradient_tensors(tensors: dict[str, np.ndarray], config: Config) -> dict[str, np.ndarray]:
    """The tensors of `gradient.safetensors`, for a network as `tiny_network` makes it."""
    rng = np.random.default_rng(17)
    texts = [encode(text, config.alphabet) for text in ("a bad cafe", "had", "beg a fee")]
    lengths, steps = [25, 9, 32], 32
    points, ids = np.zeros((len(texts), steps, 3), np.float32), np.zeros((len(texts), max(map(len, texts))), np.int32)
    batch = {name: np.zeros((steps, len(texts)), np.float32) for name in ("mask", "last")}
    for line, (text, length) in enumerate(zip(texts, lengths, strict=True)):
        points[line, :length, :2] = rng.normal(0, 0.8, (length, 2))
        points[line, :length, 2] = rng.random(length) < 0.2
        ids[line, : len(text)] = text
        batch["mask"][:length, line] = 1
        batch["last"][length - 1, line] = 1
    batch["target"] = points.transpose(1, 0, 2)
    batch["x"] = np.concatenate([np.zeros((1, len(texts), 3), np.float32), batch["target"][:-1]])
    batch["ids"] = ids
    batch["ids_mask"] = (np.arange(ids.shape[1]) < np.array([[len(text)] for text in texts])).astype(np.float32)
    names = [f"lstm.{layer}.bias" for layer in range(len(config.hidden))] + ["output.bias"]
    sizes = [config.style_dim, *(len(tensors[name]) for name in names)]
    parameters = rng.normal(0, 0.2, sum(sizes)).astype(np.float32)
    weights = round_weights({name: jnp.asarray(value) for name, value in tensors.items()})
    floor = grid_min_log_sd(np.asarray(PlaceholderCorpus.sd, np.float32))

    def losses(parameters):
        style, *biases = jnp.split(parameters, np.cumsum(sizes)[:-1])
        own = {**weights, **{name: weights[name] + more for name, more in zip(names, biases, strict=True)}}
        inputs = {**batch, "style": jnp.tile(style, (len(texts), 1))}
        _, stop, _, _, nats = line_losses(own, config, inputs, grid_floor=floor)
        return nats.sum() + stop.sum(), jnp.stack([nats.sum(), stop.sum()])

    gradient, both = jax.grad(losses, has_aux=True)(jnp.asarray(parameters))
    values = {
        "points": points,
        "lengths": np.array(lengths, np.int32),
        "ids": ids,
        "characters": np.array([len(text) for text in texts], np.int32),
        "parameters": parameters,
        "losses": np.asarray(both),
        "gradient": np.asarray(gradient),
    }
    return {f"fixture.{name}": value for name, value in values.items()}


class PlaceholderCorpus:
    """Replaces a corpus where only its units and its notice are read."""

    mean, sd, point_count = np.array([0.25, 0.0]), np.array([2.0, 1.5]), 50
    texts, notice = ("ab",), "random numbers"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("tests/fixtures"))
    parser.add_argument("--weights", type=Path, help="folder of the weights files; tiny fixtures only without it")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    write_arithmetic(args.out / "arithmetic.json")
    kinds = {"prediction": "prediction", "synthesis": "synthesis", "int8": "prediction", "stacked": "stacked"}
    for name, kind in kinds.items():
        path = args.out / f"tiny-{name}.safetensors"
        tensors, config = tiny_network(kind)
        ids = encode("a bad cafe", config.alphabet) if config.window else []
        style = np.linspace(-1, 1, config.style_dim).astype(np.float32)
        names = ["first", "second"][: config.writers]
        meta = metadata(config, PlaceholderCorpus, 20, {}, names, "f32")
        if name == "int8":
            tensors, meta = quantise_network(tensors, meta, [], {}, int8=True)
        rows = record_steps(reference.Network(tensors, config), ids, style, 0.3, 0.9, 5, TINY_STEPS)
        write_weights(path, {**tensors, **rows}, meta)
    meta = {"weights": "tiny-synthesis.safetensors"}
    write_weights(args.out / "gradient.safetensors", gradient_tensors(*tiny_network("synthesis")), meta)
    for kind in ("prediction", "synthesis") if args.weights else ():
        path = args.weights / f"{kind}.safetensors"
        tensors, meta = read_stored(path)
        config = config_from_metadata(meta)
        ids = encode(SHIPPED_TEXT, config.alphabet) if config.window else []
        style = tensors["style.table"][0].astype(np.float32) if config.style_dim else np.zeros(0)
        network = reference.Network(tensors, config)
        rows = record_steps(network, ids, style, 0.5, 1.0, 6, SHIPPED_STEPS, SHIPPED_STRIDE)
        meta = {"weights": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        write_weights(args.out / f"{kind}.safetensors", rows, meta)
    for path in sorted(args.out.iterdir()):
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
