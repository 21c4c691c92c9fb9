"""Weights files: safetensors with the whole configuration in their metadata."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from safetensors import safe_open

import data
from model import Config, Params, forward

#: The scales of an int8 matrix `x`, one for each row, are the tensor `x.scale`.
SCALE = ".scale"

#: Bias of how likely a component is that has yet to find its place.
UNUSED = -8.0


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


def without_text(tensors: dict[str, np.ndarray], config: Config, corpus, lines: int = 64) -> dict[str, np.ndarray]:
    """A prediction network out of a synthesis network's tensors: its window always shows the same.

    That is the mean of what it shows along some of the corpus' lines, which is nearly the mean of their characters;
    what the layers make of it is added to their biases.
    """
    chosen = data.usable(corpus, config.alphabet)
    chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, min(lines, len(chosen))).astype(int)]
    batch = data.collate(corpus, chosen, config.alphabet, data.text_width(corpus), len(chosen))
    params = {name: jnp.asarray(value) for name, value in tensors.items()}
    _, seen = forward(params, config, batch["x"], batch["ids"], batch["ids_mask"])
    mask = batch["mask"][..., None]
    shown = (np.asarray(seen["window"]) * mask).sum((0, 1)) / mask.sum()
    result = {"output.weight": tensors["output.weight"], "output.bias": tensors["output.bias"]}
    if config.stop:
        result = {name: value[:-1] for name, value in result.items()}
    for layer in range(len(config.hidden)):
        weight = tensors[f"lstm.{layer}.weight"]
        of_text = slice(3, 3 + config.ids)
        result[f"lstm.{layer}.weight"] = np.delete(weight, of_text, axis=1)
        result[f"lstm.{layer}.bias"] = tensors[f"lstm.{layer}.bias"] + weight[:, of_text] @ shown
    return result


def warm_start(params: Params, config: Config, corpus, path: Path, stride: int) -> Params:
    """Parameters of a weights file in place of random ones.

    A prediction network may begin as a synthesis network `without_text`, and any network as a narrower one or one of
    fewer layers or components: what it has more of comes in at random, but has no say in what goes out (components:
    hardly any), so that it begins by writing as the file does. Columns of characters are matched by name, and the
    window's speed is changed when the file was trained at another sampling rate. Writers and characters that are not in
    the file keep their random numbers, as does what the file has in another shape (a window of more components) or not
    at all.
    """
    tensors, meta = read(path)
    old = config_of(meta)
    if old.kind == "synthesis" and config.kind == "prediction":
        tensors = without_text(tensors, old, corpus)
        old = dataclasses.replace(old, kind="prediction", window=0, alphabet="", style_dim=0, writers=0, stop=False)
    if old.kind != config.kind:
        raise SystemExit(f"{path}: a {old.kind} network, not one for {config.kind}")
    narrower = all(a <= b for a, b in zip(old.hidden, config.hidden, strict=False))
    if len(old.hidden) > len(config.hidden) or not narrower or old.mixtures > config.mixtures:
        raise SystemExit(f"{path}: layers {old.hidden} and {old.mixtures} mixtures do not fit in what is asked for")
    result = {name: np.array(value) for name, value in params.items()}

    def put(name: str, rows: np.ndarray, columns: np.ndarray, new: np.ndarray, source: np.ndarray) -> None:
        """The file's matrix at `rows` and `columns`; there the columns `new` say nothing yet."""
        result[name][np.ix_(rows, new)] = 0
        result[name][np.ix_(rows, columns)] = source

    known = [(0, 0)] + [(old.alphabet.index(c) + 1, i + 1) for i, c in enumerate(config.alphabet) if c in old.alphabet]
    before, after = np.array(known).T if config.window else np.zeros((2, 0), int)
    for layer, units in enumerate(old.hidden):
        width, name = config.hidden[layer], f"lstm.{layer}"
        rows = np.concatenate([gate * width + np.arange(units) for gate in range(4)])
        # Where the file's columns lie here, and which units' columns it has not.
        below = 3 + config.ids + np.arange(old.hidden[layer - 1] if layer else 0)
        own = config.inputs(layer) + np.arange(units)
        columns = np.concatenate([np.arange(3), 3 + after, below, own])
        new = np.setdiff1d(np.arange(3 + config.ids, config.inputs(layer) + width), columns)
        source = np.concatenate([np.arange(3), 3 + before, np.arange(3 + old.ids, old.inputs(layer) + units)])
        put(f"{name}.weight", rows, columns, new, tensors[f"{name}.weight"][:, source])
        result[f"{name}.bias"][rows] = tensors[f"{name}.bias"]
        if config.style_dim and config.style_dim == old.style_dim:
            result[f"{name}.style"][rows] = tensors[f"{name}.style"]
    starts = np.cumsum([0, *config.hidden])
    columns = np.concatenate([starts[layer] + np.arange(units) for layer, units in enumerate(old.hidden)])
    # Components that the file has not are as good as never chosen.
    result["output.bias"][1 : 1 + config.mixtures] = UNUSED
    components = np.arange(6)[:, None] * config.mixtures + np.arange(old.mixtures)
    rows = np.concatenate([[0], 1 + components.ravel(), np.arange(1 + 6 * config.mixtures, config.outputs)])
    put("output.weight", rows, columns, np.setdiff1d(np.arange(starts[-1]), columns), tensors["output.weight"])
    result["output.bias"][rows] = tensors["output.bias"]
    if config.style_dim and config.style_dim == old.style_dim:
        for row, name in enumerate(writers(meta)):
            if name in corpus.writer_names:
                result["style.table"][corpus.writer_names.index(name)] = tensors["style.table"][row]
    if config.window and config.window == old.window:
        units = np.arange(old.hidden[0])
        new = np.arange(len(units), config.hidden[0])
        put("window.weight", np.arange(3 * config.window), units, new, tensors["window.weight"])
        result["window.bias"] = np.array(tensors["window.bias"])
        result["window.bias"][2 * config.window :] += np.log(20 * stride / meta["sample_ms"])
    return {name: jnp.asarray(value) for name, value in result.items()}
