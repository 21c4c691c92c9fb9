"""Weights files: safetensors with the network's whole configuration as JSON in the metadata.

`docs/weights-format.md` describes the format.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import safe_open

from train.network.config import Config
from train.network.parameters import Params

#: Key of the JSON object in the file's metadata.
METADATA_KEY = "running-hand"

#: The row scales `[rows]` of an int8 matrix `x` are the tensor `x.scale`.
SCALE_SUFFIX = ".scale"


def metadata(config: Config, corpus, sample_ms: int, training: dict, styles: list[str], dtype: str) -> dict:
    """The metadata of a network. `dtype` is "f32", "f16" or "int8"; `styles` names the rows of the style table.

    Of `corpus`, `mean`, `sd`, `point_count`, `texts` and `notice` are read.
    """
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
        "skips": config.skips,
        "offset_mean": [float(v) for v in corpus.mean],
        "offset_sd": [float(v) for v in corpus.sd],
        "sample_ms": sample_ms,
        "gate_order": "ifgo",
        "quantisation": dtype,
        "points_per_character": corpus.point_count / characters,
        "training": training,
        "corpus": corpus.notice,
    }


def save_params(path: Path, params: Params, config: Config, corpus, sample_ms=20, training=None, dtype="f32") -> None:
    """Write parameters in f32, with the style row of every writer of the corpus."""
    tensors = {name: np.asarray(value, np.float32) for name, value in params.items()}
    names = list(corpus.writer_names) if config.style_dim else []
    write_weights(path, tensors, metadata(config, corpus, sample_ms, training or {}, names, dtype))


def write_weights(path: Path, tensors: dict[str, np.ndarray], meta: dict) -> None:
    """Write a file, replacing an existing one atomically."""
    temporary = path.with_suffix(".new")
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    text = json.dumps(meta, ensure_ascii=False)
    temporary.write_bytes(safetensors.numpy.save(contiguous, metadata={METADATA_KEY: text}))
    temporary.replace(path)


def read_stored(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors as the file has them, int8 matrices beside their row scales, and metadata.

    Raises `SystemExit` if an int8 matrix has no scale for each of its rows.
    """
    with safe_open(path, framework="numpy") as handle:
        meta = json.loads(handle.metadata()[METADATA_KEY])
        tensors = {k: handle.get_tensor(k) for k in handle.keys()}  # noqa: SIM118
    for name in [k for k, v in tensors.items() if v.dtype == np.int8]:
        scale = tensors.get(name + SCALE_SUFFIX)
        if scale is None or scale.shape != tensors[name].shape[:1]:
            raise SystemExit(
                f"{path}: tensor `{name}` is int8, but `{name}{SCALE_SUFFIX}` has no number for each of its rows"
            )
    return tensors, meta


def read_weights(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors in f32 (int8 matrices multiplied by their row scales) and metadata.

    Raises `SystemExit` if an int8 matrix has no scale for each of its rows.
    """
    stored, meta = read_stored(path)
    return in_f32(stored), meta


def in_f32(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Tensors of `read_stored` in f32, int8 matrices multiplied by their row scales."""
    result = dict(stored)
    for name in [k for k, v in stored.items() if v.dtype == np.int8]:
        result[name] = stored[name] * result.pop(name + SCALE_SUFFIX)[:, None]
    return {name: value.astype(np.float32) for name, value in result.items()}


def writer_ids(meta: dict) -> list[str]:
    """Ids of the writers behind the rows of the style table, whose names in `styles` may be others.

    Raises `SystemExit` if their number is not that of the styles.
    """
    result = meta.get("writers", meta["styles"])
    if len(result) != len(meta["styles"]):
        raise SystemExit(f"metadata `writers` has {len(result)} names for {len(meta['styles'])} styles")
    return result


def config_from_metadata(meta: dict) -> Config:
    """The network's shapes."""
    return Config(
        kind=meta["kind"],
        hidden=tuple(meta["hidden"]),
        mixtures=meta["mixtures"],
        window=meta["window"],
        alphabet=meta["alphabet"],
        style_dim=meta["style_dim"],
        writers=len(meta["styles"]),
        stop=meta["stop"],
        skips=meta.get("skips", True),
    )
