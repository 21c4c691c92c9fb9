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
    """The JSON object under the key `running-hand`; the engine checks every required key."""
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
    temporary.write_bytes(safetensors.numpy.save(contiguous, metadata={"running-hand": text}))
    temporary.replace(path)


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors (as f32, int8 ones multiplied by their rows' scales) and metadata."""
    with safe_open(path, framework="numpy") as handle:
        meta = json.loads(handle.metadata()["running-hand"])
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
    larger = _Larger(tensors, old, config, {name: np.array(value) for name, value in params.items()})
    for layer in range(len(old.hidden)):
        larger.take_layer(layer)
    larger.take_output()
    if config.style_dim and config.style_dim == old.style_dim:
        larger.take_styles(writers(meta), corpus.writer_names)
    if config.window and config.window == old.window:
        larger.take_window(20 * stride / meta["sample_ms"])
    return {name: jnp.asarray(value) for name, value in larger.result.items()}


@dataclasses.dataclass
class _Larger:
    """A network into which a smaller one's tensors are put."""

    tensors: dict[str, np.ndarray]
    old: Config
    config: Config
    result: dict[str, np.ndarray]

    def put(self, name: str, rows: np.ndarray, columns: np.ndarray, source: np.ndarray, own: np.ndarray) -> None:
        """The file's matrix `source` at `rows` and `columns`; there those of `own` that it lacks say nothing yet."""
        self.result[name][np.ix_(rows, np.setdiff1d(own, columns))] = 0
        self.result[name][np.ix_(rows, columns)] = source

    def take_layer(self, layer: int) -> None:
        """Its gates: point, characters that both alphabets have, the layer below, its own hidden state."""
        old, config, name = self.old, self.config, f"lstm.{layer}"
        both = [c for c in config.alphabet if c in old.alphabet]
        known = [(0, 0)] + [(old.alphabet.index(c) + 1, config.alphabet.index(c) + 1) for c in both]
        before, after = np.array(known).T if config.window else np.zeros((2, 0), int)
        units, width = old.hidden[layer], config.hidden[layer]
        rows = np.concatenate([gate * width + np.arange(units) for gate in range(4)])
        below = 3 + config.ids + np.arange(old.hidden[layer - 1] if layer else 0)
        columns = np.concatenate([np.arange(3), 3 + after, below, config.inputs(layer) + np.arange(units)])
        source = np.concatenate([np.arange(3), 3 + before, np.arange(3 + old.ids, old.inputs(layer) + units)])
        # Characters that are new keep their random numbers.
        own = np.arange(3 + config.ids, config.inputs(layer) + width)
        self.put(f"{name}.weight", rows, columns, self.tensors[f"{name}.weight"][:, source], own)
        self.result[f"{name}.bias"][rows] = self.tensors[f"{name}.bias"]
        if config.style_dim and config.style_dim == old.style_dim:
            self.result[f"{name}.style"][rows] = self.tensors[f"{name}.style"]

    def take_output(self) -> None:
        """Pen lift, the parameters of each component, stop; components that the file has not are never chosen."""
        mixtures, starts = self.config.mixtures, np.cumsum([0, *self.config.hidden])
        columns = np.concatenate([starts[layer] + np.arange(units) for layer, units in enumerate(self.old.hidden)])
        components = np.arange(6)[:, None] * mixtures + np.arange(self.old.mixtures)
        rows = np.concatenate([[0], 1 + components.ravel(), np.arange(1 + 6 * mixtures, self.config.outputs)])
        self.put("output.weight", rows, columns, self.tensors["output.weight"], np.arange(starts[-1]))
        self.result["output.bias"][1 : 1 + mixtures] = UNUSED
        self.result["output.bias"][rows] = self.tensors["output.bias"]

    def take_styles(self, before: list[str], now: list[str]) -> None:
        """Of the writers that both know."""
        for row, name in enumerate(before):
            if name in now:
                self.result["style.table"][now.index(name)] = self.tensors["style.table"][row]

    def take_window(self, slower: float) -> None:
        """And how far it moves for a point, times `slower`."""
        units = np.arange(self.old.hidden[0])
        rows = np.arange(3 * self.config.window)
        self.put("window.weight", rows, units, self.tensors["window.weight"], np.arange(self.config.hidden[0]))
        self.result["window.bias"] = np.array(self.tensors["window.bias"])
        self.result["window.bias"][2 * self.config.window :] += np.log(slower)
