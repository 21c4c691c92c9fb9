"""Weights files: safetensors with the whole configuration in their metadata."""

from __future__ import annotations

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from safetensors import safe_open

from model import Config, Params

#: The scales of an int8 matrix `x`, one for each row, are the tensor `x.scale`.
SCALE = ".scale"


def metadata(config: Config, corpus, sample_ms: int, training: dict, styles: list[str], dtype: str) -> dict:
    """The JSON object under the key `longhand`; the engine checks every required key."""
    characters = sum(len(t) for t in corpus.texts)
    return {
        "format": 1,
        "kind": config.kind,
        "hidden": list(config.hidden),
        "mixtures": config.mixtures,
        "window": config.window,
        "alphabet": config.alphabet,
        "style_dim": config.style_dim,
        "styles": styles,
        "stop": config.stop,
        "offset_mean": [float(v) for v in corpus.mean],
        "offset_sd": [float(v) for v in corpus.sd],
        "sample_ms": sample_ms,
        "gate_order": "ifgo",
        "quantisation": dtype,
        "points_per_character": corpus.count / characters,
        "training": training,
        "corpus": corpus.notice,
    }


def save(path: Path, params: Params, config: Config, corpus, sample_ms=20, training=None, dtype="f32") -> None:
    """Write every writer's style row; `ship` keeps the chosen ones."""
    tensors = {name: np.asarray(value, np.float32) for name, value in params.items()}
    names = list(corpus.writer_names) if config.style_dim else []
    meta = metadata(config, corpus, sample_ms, training or {}, names, dtype)
    write(path, tensors, meta)


def write(path: Path, tensors: dict[str, np.ndarray], meta: dict) -> None:
    """One file, replaced at once."""
    temporary = path.with_suffix(".new")
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    text = json.dumps(meta, ensure_ascii=False)
    temporary.write_bytes(safetensors.numpy.save(contiguous, metadata={"longhand": text}))
    temporary.replace(path)


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors (as f32, int8 ones multiplied by their rows' scales) and metadata."""
    with safe_open(path, framework="numpy") as handle:
        meta = json.loads(handle.metadata()["longhand"])
        tensors = {k: handle.get_tensor(k) for k in handle.keys()}  # noqa: SIM118
    for name in [k for k, v in tensors.items() if v.dtype == np.int8]:
        scale = tensors.pop(name + SCALE, None)
        if scale is None or scale.shape != tensors[name].shape[:1]:
            raise SystemExit(f"{path}: tensor `{name}` is int8, but `{name}{SCALE}` has no number for each of its rows")
        tensors[name] = tensors[name] * scale[:, None]
    return {name: value.astype(np.float32) for name, value in tensors.items()}, meta


def writers(meta: dict) -> list[str]:
    """Who wrote what the rows of `style.table` were learnt from: `ship` gives the rows other names."""
    result = meta.get("writers", meta["styles"])
    if len(result) != len(meta["styles"]):
        raise SystemExit(f"metadata `writers` has {len(result)} names for {len(meta['styles'])} styles")
    return result


def config_of(meta: dict) -> Config:
    """The network's shapes from its metadata."""
    return Config(
        kind=meta["kind"],
        hidden=tuple(meta["hidden"]),
        mixtures=meta["mixtures"],
        window=meta["window"],
        alphabet=meta["alphabet"],
        style_dim=meta["style_dim"],
        writers=len(meta["styles"]),
        stop=meta["stop"],
    )


def warm_start(params: Params, config: Config, corpus, path: Path, stride: int) -> Params:
    """Parameters of a weights file in place of random ones.

    Columns of characters are matched by name, and the window's speed is
    changed when the file was trained at another sampling rate. Writers that
    are not in the file keep their random rows, as does what the file has in
    another shape (a window of more components) or not at all.
    """
    tensors, meta = read(path)
    old = config_of(meta)
    if old.kind != config.kind:
        raise SystemExit(f"{path}: a {old.kind} network, not one for {config.kind}")
    if old.hidden != config.hidden or old.mixtures != config.mixtures:
        raise SystemExit(f"{path}: layers {old.hidden} and {old.mixtures} mixtures, not as asked for")
    result = {name: np.array(value) for name, value in params.items()}
    for name, value in tensors.items():
        if name not in result or name == "style.table":
            continue
        if result[name].shape == value.shape and old.alphabet == config.alphabet:
            result[name] = value
        elif name.startswith("lstm") and name.endswith("weight"):
            before, after = 3 + old.ids, 3 + config.ids
            result[name][:, :3] = value[:, :3]
            result[name][:, after:] = value[:, before:]
            pairs = [(0, 0)] + [
                (old.alphabet.index(c) + 1, i + 1) for i, c in enumerate(config.alphabet) if c in old.alphabet
            ]
            for source, target in pairs:
                result[name][:, 3 + target] = value[:, 3 + source]
        elif result[name].shape == value.shape:
            result[name] = value
    if config.style_dim and config.style_dim == old.style_dim:
        for row, name in enumerate(writers(meta)):
            if name in corpus.writer_names:
                result["style.table"][corpus.writer_names.index(name)] = tensors["style.table"][row]
    if config.window and config.window == old.window and meta["sample_ms"] != 20 * stride:
        result["window.bias"][2 * config.window :] += np.log(20 * stride / meta["sample_ms"])
    return {name: jnp.asarray(value) for name, value in result.items()}
