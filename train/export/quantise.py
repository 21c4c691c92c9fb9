"""Quantisation of a trained network to f16 or int8 matrices."""

from __future__ import annotations

import numpy as np

from train.export.weights_file import SCALE_SUFFIX, writer_ids
from train.network.rounding import MOST_WEIGHT

#: The largest number of f16.
F16_MAX = float(np.finfo(np.float16).max)

#: Largest magnitude of the integers of a style matrix, with which the engines compute in floats.
MOST_STYLE_WEIGHT = 127


def quantise_network(
    tensors: dict[str, np.ndarray], meta: dict, hands: list[tuple[str, str]], training: dict, int8: bool = False
) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors with f16 matrices (biases stay f32), and metadata with the chosen `hands`.

    `hands` are pairs of a writer's id and the name under which the file lists the style. With `int8` the matrices are
    int8 with a tensor of row scales each; the style table stays f16. `training` is added to the record of training.
    Raises `SystemExit` for an unknown writer and for values that the engines refuse.
    """
    writers = writer_ids(meta)
    for writer, _ in hands if meta["style_dim"] else []:
        if writer not in writers:
            raise SystemExit(f"no writer {writer!r} in these weights: there are {', '.join(writers)}")
    result = {}
    for name, value in tensors.items():
        if name == "style.table":
            value = np.stack([value[writers.index(writer)] for writer, _ in hands])
        check_representable(name, value)
        if value.ndim != 2:
            result[name] = value.astype(np.float32)
        elif int8 and name != "style.table":
            largest = MOST_WEIGHT if name.endswith(".weight") else MOST_STYLE_WEIGHT
            result[name], result[name + SCALE_SUFFIX] = quantise_rows(value, largest)
        else:
            result[name] = value.astype(np.float16)
    meta = {**meta, "quantisation": "int8" if int8 else "f16", "training": {**meta["training"], **training}}
    if meta["style_dim"]:
        meta["styles"] = [name for _, name in hands]
        # A warm start finds the hands again by these ids.
        meta["writers"] = [writer for writer, _ in hands]
    return result, meta


def check_representable(name: str, value: np.ndarray) -> None:
    """Raise `SystemExit` for values that are not finite, and for those of a matrix that f16 cannot hold."""
    if not np.isfinite(value).all():
        raise SystemExit(f"tensor `{name}` of these weights has a value that is not finite")
    largest = np.abs(value).max()
    if value.ndim == 2 and largest > F16_MAX:
        raise SystemExit(f"tensor `{name}` of these weights has a value of {largest:g}, and f16 ends at {F16_MAX:g}")


def quantise_rows(value: np.ndarray, largest: int = MOST_WEIGHT) -> tuple[np.ndarray, np.ndarray]:
    """A matrix `[rows, columns]` as int8 numbers from -`largest` to `largest` and a scale `[rows]` for each row.

    A row's scale is its largest magnitude over `largest`, rounded up to four significant bits; its numbers are the
    values over the scale, rounded to the nearest, halves away from zero. All of it in f64, as where the engines
    quantise a file of floats. A row of zeros has the scale 0.
    """
    value = value.astype(np.float64)
    smallest = np.abs(value).max(axis=1) / largest
    _, exponent = np.frexp(smallest)
    unit = np.exp2(exponent - 4.0)
    scale = np.ceil(smallest / unit) * unit
    share = value / np.where(scale > 0, scale, 1)[:, None]
    whole = np.trunc(share)
    whole += np.sign(share) * (np.abs(share - whole) >= 0.5)
    return whole.astype(np.int8), scale.astype(np.float32)
