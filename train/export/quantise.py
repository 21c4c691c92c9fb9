"""Quantisation of a trained network to f16 or int8 matrices."""

from __future__ import annotations

import numpy as np

from train.export.weights_file import SCALE_SUFFIX, writer_ids

#: The largest number of f16, the type of the GPU engine's weights.
F16_MAX = float(np.finfo(np.float16).max)


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
            result[name], result[name + SCALE_SUFFIX] = quantise_rows(value)
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


def quantise_rows(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix `[rows, columns]` as int8 numbers from -127 to 127 and a scale `[rows]` for each row.

    A row's scale is its largest magnitude over 127, rounded up to four significant bits. The product of a seven-bit
    number and a four-bit one fits the eleven bits of f16, so every weight is exact in f16, and an engine that computes
    with f16 has the same weights as one that computes with int8.
    """
    smallest = np.abs(value.astype(np.float64)).max(axis=1) / 127
    _, exponent = np.frexp(smallest)
    unit = np.exp2(np.maximum(exponent - 4, -24))  # the finest step of f16 is 2^-24
    scale = np.ceil(smallest / unit) * unit
    # A row of zeros has the scale 0.
    divisor = np.where(scale > 0, scale, 1)[:, None]
    # F16_MAX is not a multiple of the scale, and the next multiple is beyond f16.
    largest = np.floor(F16_MAX / divisor)
    whole = np.clip(np.rint(value / divisor), -largest, largest)
    return whole.astype(np.int8), scale.astype(np.float32)
