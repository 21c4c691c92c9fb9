"""The networks as the peers read them: `network.py FOLDER` turns each NAME.safetensors there into

* `NAME-LINES-KIND.onnx`: one timestep for 1 and for 16 lines; KIND says how the layers are written,
  `gemm` (a product and its gates) or `lstm` (ONNX' operator of that name);
* `NAME.rows.bin`, `NAME.columns.bin`: all matrices and biases as f32, by rows for plain loops and by
  columns for a library's products; the file of the same name in `json` says where each is.

A timestep has two inputs, the points `[B, 3]` and the state `[B, S]` (hidden, cells, kappa, window);
the text is a constant of the graph, so that it need not be copied each time. Its outputs are the output
layer's sums `[B, R]` and the next state. The sampling is left to the caller.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open

BATCHES = (1, 16)


def read(path: Path) -> dict[str, np.ndarray]:
    """Tensors as f32, whole numbers multiplied by the scales of their rows."""
    with safe_open(path, framework="numpy") as handle:
        tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    for name in [name for name, value in tensors.items() if value.dtype == np.int8]:
        tensors[name] = tensors[name] * tensors.pop(f"{name}.scale")[:, None]
    return {name: value.astype(np.float32) for name, value in tensors.items()}


class Graph:
    """Collects nodes and constants."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, outputs: int = 1, names: list[str] | None = None, **attributes):
        if names is None:
            names = [f"t{self.count + k}" for k in range(outputs)]
            self.count += outputs
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if len(names) == 1 else names


def timestep(tensors: dict, about: dict, lines: int, kind: str) -> onnx.ModelProto:
    """The graph of one timestep."""
    hidden, components, ids = about["hidden"], about["window"], about["ids"]
    sizes = hidden + hidden + [components, ids]
    graph = Graph()
    state = graph.add("Split", "state", graph.constant(np.array(sizes, np.int64)), outputs=len(sizes), axis=1)
    old, cells = state[: len(hidden)], state[len(hidden) : 2 * len(hidden)]
    kappa, window = state[-2:]
    new, new_cells = [], []
    for layer, units in enumerate(hidden):
        below = new[layer - 1 :] if layer else []
        weight, bias = tensors[f"lstm.{layer}.weight"], tensors[f"lstm.{layer}.bias"]
        if kind == "lstm":
            order = np.concatenate([np.arange(units) + gate * units for gate in (0, 3, 1, 2)])  # i, o, f, c
            x = graph.add("Concat", "points", window, *below, axis=1)
            axis = graph.constant(np.array([0], np.int64))
            w, own = weight[order][:, :-units], weight[order][:, -units:]
            both = np.concatenate([bias[order], np.zeros_like(bias)])
            _, h, c = graph.add(
                "LSTM",
                graph.add("Unsqueeze", x, axis),
                *[graph.constant(value[None]) for value in (w, own, both)],
                "",
                graph.add("Unsqueeze", old[layer], axis),
                graph.add("Unsqueeze", cells[layer], axis),
                outputs=3,
                hidden_size=units,
            )
            new.append(graph.add("Squeeze", h, axis))
            new_cells.append(graph.add("Squeeze", c, axis))
        else:
            x = graph.add("Concat", "points", window, *below, old[layer], axis=1)
            sums = graph.add("Gemm", x, graph.constant(weight.T), graph.constant(bias))
            even = graph.constant(np.full(4, units, np.int64))
            i, f, g, o = graph.add("Split", sums, even, outputs=4, axis=1)
            kept = graph.add("Mul", graph.add("Sigmoid", f), cells[layer])
            let_in = graph.add("Mul", graph.add("Sigmoid", i), graph.add("Tanh", g))
            new_cells.append(graph.add("Add", kept, let_in))
            new.append(graph.add("Mul", graph.add("Sigmoid", o), graph.add("Tanh", new_cells[layer])))
        if layer == 0:
            sums = graph.add(
                "Gemm", new[0], graph.constant(tensors["window.weight"].T), graph.constant(tensors["window.bias"])
            )
            thirds = graph.constant(np.full(3, components, np.int64))
            alpha, beta, moved = graph.add("Split", graph.add("Exp", sums), thirds, outputs=3, axis=1)
            kappa = graph.add("Add", kappa, moved)
            longest = max(len(line["ids"]) for line in about["lines"][:lines])
            text = np.zeros((lines, longest, ids), np.float32)
            for row, line in enumerate(about["lines"][:lines]):
                text[row, np.arange(len(line["ids"])), line["ids"]] = 1
            axis = graph.constant(np.array([2], np.int64))
            column = [graph.add("Unsqueeze", value, axis) for value in (alpha, beta, kappa)]
            places = graph.constant(np.arange(longest, dtype=np.float32)[None, None])
            distance = graph.add("Sub", column[2], places)
            spread = graph.add("Mul", column[1], graph.add("Mul", distance, distance))
            shares = graph.add("Mul", column[0], graph.add("Exp", graph.add("Neg", spread)))
            phi = graph.add("ReduceSum", shares, graph.constant(np.array([1], np.int64)), keepdims=1)
            seen = graph.add("MatMul", phi, graph.constant(text))
            window = graph.add("Squeeze", seen, graph.constant(np.array([1], np.int64)))
    top = graph.add("Concat", *new, axis=1)
    weight, bias = graph.constant(tensors["output.weight"].T), graph.constant(tensors["output.bias"])
    graph.add("Gemm", top, weight, bias, names=["sums"])
    graph.add("Concat", *new, *new_cells, kappa, window, axis=1, names=["next"])

    def value(name: str, width: int):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [lines, width])

    rows, total = len(tensors["output.bias"]), sum(sizes)
    inputs, outputs = [value("points", 3), value("state", total)], [value("sums", rows), value("next", total)]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "timestep", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


def block(tensors: dict, transposed: bool) -> tuple[bytes, dict]:
    """All matrices and biases one after the other, and for each where it starts, in numbers, and its shape."""
    parts, layout, at = [], {}, 0
    for name, value in tensors.items():
        if name.endswith((".weight", ".bias")):
            part = np.ascontiguousarray(value.T if transposed and value.ndim == 2 else value)
            parts.append(part.tobytes())
            layout[name] = [at, *part.shape]
            at += part.size
    return b"".join(parts), layout


def main() -> None:
    folder = Path(sys.argv[1])
    for path in sorted(folder.glob("*.safetensors")):
        name = path.stem
        about, tensors = json.loads((folder / f"{name}.json").read_text()), read(path)
        for lines in BATCHES:
            for kind in ("gemm", "lstm"):
                onnx.save(timestep(tensors, about, lines, kind), folder / f"{name}-{lines}-{kind}.onnx")
        for kind in ("rows", "columns"):
            numbers, layout = block(tensors, kind == "columns")
            (folder / f"{name}.{kind}.bin").write_bytes(numbers)
            (folder / f"{name}.{kind}.json").write_text(json.dumps(layout))


if __name__ == "__main__":
    main()
