"""Make golden fixtures: what the engines must compute, from an independent implementation of the network.

    python -m train.make_fixtures --out tests/fixtures --weights weights

Writes five files. The `tiny-*` files hold small random networks, one of them in int8; `prediction` and `synthesis`
belong to the weights files of the same names, whose SHA-256 they state. All values are computed in f64 and stored as
f32:

====================== ============ ====================================================
tensor                 shape        meaning
====================== ============ ====================================================
fixture.ids            [U] i32      character ids with the end mark (synthesis)
fixture.style          [S]          style vector (if S > 0)
fixture.bias           [1]          sampling bias
fixture.temperature    [1]          sampling temperature
fixture.noise          [T, 4]       component, pen, two normals
fixture.x              [T, 3]       input of the timestep
fixture.hidden.{l}     [T, H_l]     after the timestep, as all below
fixture.cell.{l}       [T, H_l]
fixture.window         [T, A]
fixture.kappa          [T, K]
fixture.phi            [T, U]
fixture.output         [T, R]       output layer, untransformed
fixture.pi             [T, M]       mixture weights under bias and temperature
fixture.point          [T, 3]       the sampled point, which is the next input
fixture.pen_probability [T]
fixture.stop           [T]
fixture.log_density    [T]          of the point's offset, without bias or temperature
====================== ============ ====================================================
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from train.data.alphabet import encode
from train.export.quantise import quantise_network
from train.export.weights_file import config_from_metadata, metadata, read_weights, write_weights
from train.network.config import Config
from train.network.parameters import init_params
from train.reference import network as reference

STEPS = 48


def record_steps(tensors, config: Config, ids, style, bias: float, temperature: float, seed: int, steps: int = STEPS):
    """The fixture tensors of one line of `steps` timesteps, with the text `ids` and the style vector `style` `[S]`."""
    rng = np.random.default_rng(seed)
    network = reference.Reference(tensors, config, reference.pad_ids([ids]), style[None])
    rows: dict[str, list[np.ndarray]] = {}
    x = np.zeros((1, 3))
    for _ in range(steps):
        # The engines read noise and points in f32, so they are rounded before use.
        noise = reference.noise_of_step(rng, 1).astype(np.float32).astype(np.float64)
        output = network.step(x)
        point, weights, lift, stop = reference.sample(output, config, noise, bias, temperature)
        point = point.astype(np.float32).astype(np.float64)
        step = {"noise": noise, "x": x, "output": output, "pi": weights, "point": point}
        density = reference.log_density(output, config, point)
        step |= {"pen_probability": lift, "stop": stop, "log_density": density}
        for layer in range(len(config.hidden)):
            step[f"hidden.{layer}"] = network.hidden[layer]
            step[f"cell.{layer}"] = network.cell[layer]
        if config.window:
            step |= {"window": network.window, "kappa": network.kappa, "phi": network.phi}
        for name, value in step.items():
            rows.setdefault(name, []).append(np.array(value[0]))
        x = point
    result = {f"fixture.{name}": np.stack(value).astype(np.float32) for name, value in rows.items()}
    result["fixture.bias"] = np.array([bias], np.float32)
    result["fixture.temperature"] = np.array([temperature], np.float32)
    if config.window:
        result["fixture.ids"] = np.array(ids, np.int32)
    if config.style_dim:
        result["fixture.style"] = style.astype(np.float32)
    return result


def tiny_network(kind: str) -> tuple[dict[str, np.ndarray], Config]:
    """A small random network with odd sizes and weights large enough to exercise every path."""
    synthesis = kind == "synthesis"
    config = Config(
        kind=kind,
        hidden=(13, 10, 7) if synthesis else (11, 6),
        mixtures=5 if synthesis else 2,
        window=3 if synthesis else 0,
        alphabet=" abcdefgh" if synthesis else "",
        style_dim=4 if synthesis else 0,
        writers=2 if synthesis else 0,
        stop=synthesis,
    )
    params = init_params(config, 7, 0.2)
    tensors = {name: np.asarray(value) for name, value in params.items()}
    rng = np.random.default_rng(11)
    for name, value in tensors.items():
        if name.startswith(("lstm", "window.weight", "output")):
            tensors[name] = (value + rng.normal(0, 0.15, value.shape)).astype(np.float32)
        # Rounded to f16, so that an engine with f16 weights has the same network.
        tensors[name] = tensors[name].astype(np.float16).astype(np.float32)
    return tensors, config


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
    for name, kind in (("prediction", "prediction"), ("synthesis", "synthesis"), ("int8", "prediction")):
        path = args.out / f"tiny-{name}.safetensors"
        tensors, config = tiny_network(kind)
        ids = encode("a bad cafe", config.alphabet) if config.window else []
        style = np.linspace(-1, 1, config.style_dim).astype(np.float32)
        names = ["first", "second"][: config.writers]
        meta = metadata(config, PlaceholderCorpus, 20, {}, names, "f32")
        if name == "int8":
            tensors, meta = quantise_network(tensors, meta, [], {}, int8=True)
        # The network is the one that the file holds, after any quantisation.
        write_weights(path, tensors, meta)
        rows = record_steps(read_weights(path)[0], config, ids, style, 0.3, 0.9, 5)
        write_weights(path, {**tensors, **rows}, meta)
    for kind in ("prediction", "synthesis") if args.weights else ():
        path = args.weights / f"{kind}.safetensors"
        tensors, meta = read_weights(path)
        config = config_from_metadata(meta)
        ids = encode("Write", config.alphabet) if config.window else []
        style = tensors["style.table"][0] if config.style_dim else np.zeros(0)
        rows = record_steps(tensors, config, ids, style, 0.5, 1.0, 6, 32)
        meta = {"weights": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        write_weights(args.out / f"{kind}.safetensors", rows, meta)
    for path in sorted(args.out.glob("*.safetensors")):
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
