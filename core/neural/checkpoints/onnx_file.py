"""The weights of an ONNX model, and the order of the operations that use them.

Only what carries weights or facts is read: ``ModelProto.graph`` (7), its ``node`` (1) and ``initializer`` (5), and
``ModelProto.metadata_props`` (14); no sub-graphs.

References:
    https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError

from . import wire
from .budget import Damaged, element_count, spend, spend_name, step
from .checkpoint import Checkpoint, Node, to_array

KINDS = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
          10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}  # fmt: skip
"""``TensorProto.DataType`` -> the name that NumPy gives the type."""
_FLOATS, _INTEGERS, _LONGS, _DOUBLES, _UNSIGNED = 4, 5, 7, 10, 11
_RAW, _EXTERNAL, _LOCATION = 9, 13, 14


def read_onnx(data: memoryview) -> Checkpoint:
    """The constants of a model by name, and its nodes."""
    graphs = [part.bytes() for part in wire.fields(data) if part.number == 7]
    if len(graphs) != 1:
        raise Damaged("it holds no graph")
    nodes: list[Node] = []
    arrays: dict[str, NDArray[Any]] = {}
    for part in wire.fields(graphs[0]):
        if part.number == 1:
            spend(names=1)
            nodes.append(_node(part.bytes(), arrays))
        elif part.number == 5:
            name, array = _tensor(part.bytes())
            arrays[spend_name(name)] = array
    if not arrays:
        raise Damaged("it holds no weights")
    return Checkpoint("onnx", arrays, _facts(data), tuple(nodes))


def _facts(data: memoryview) -> dict[str, str]:
    """The program that wrote the model, and what it says about the model."""
    facts: dict[str, str] = {}
    for part in wire.fields(data):
        if part.number == 2:
            facts["producer"] = part.text()
        elif part.number == 14:
            pair = {field.number: field.text() for field in wire.fields(part.bytes())}
            facts[pair.get(1, "")] = pair.get(2, "")
    return facts


def _node(message: memoryview, arrays: dict[str, NDArray[Any]]) -> Node:
    """One operation; the value of a ``Constant`` is added to ``arrays`` under the name of its output."""
    texts: dict[int, list[str]] = {1: [], 2: [], 3: [], 4: []}
    attributes: dict[str, Any] = {}
    for part in wire.fields(message):
        if part.number in texts:
            texts[part.number].append(part.text())
        elif part.number == 5:
            name, value = _attribute(part.bytes())
            attributes[name] = value
    kind, name = "".join(texts[4]), "".join(texts[3])
    constant = attributes.pop("value", None) if kind == "Constant" else None
    if isinstance(constant, np.ndarray) and texts[2]:
        arrays[spend_name(texts[2][0])] = constant
    return Node(kind, name, tuple(texts[1]), tuple(texts[2]), attributes)


def _attribute(message: memoryview) -> tuple[str, Any]:
    name, value, many = "", None, []
    for part in wire.fields(message):
        match part.number:
            case 1:
                name = part.text()
            case 2:
                value = struct.unpack("<f", part.bytes())[0]
            case 3:
                value = part.integer()
            case 4:
                value = bytes(part.bytes()).decode("utf-8", "replace")
            case 5:
                value = _tensor(part.bytes())[1]
            case 7:
                floats = np.frombuffer(part.bytes(), "<f4").tolist()
                step(len(floats))
                many += floats
            case 8:
                many += part.integers()
    return name, many or value


def _tensor(message: memoryview) -> tuple[str, NDArray[Any]]:
    name, kind, shape = "", 0, []
    values: dict[int, list[wire.Field]] = {}
    for part in wire.fields(message):
        if part.number == 1:
            shape += part.integers()
        elif part.number == 2:
            kind = part.integer()
        elif part.number == 8:
            name = part.text()
        elif part.number == _EXTERNAL or (part.number == _LOCATION and part.integer() == 1):
            raise ModelError("This model keeps its weights in other files, and only self-contained ones are read.")
        else:
            values.setdefault(part.number, []).append(part)
    if kind not in KINDS:
        raise Damaged(f"the element type {kind}")
    return name, _content(values, KINDS[kind], shape)


def _content(values: dict[int, list[wire.Field]], kind: str, shape: list[int]) -> NDArray[Any]:
    """The elements from ``raw_data``, or from the typed list that the type calls for."""
    if _RAW in values:
        return to_array(values[_RAW][-1].bytes(), kind, shape)
    for number, wide in ((_FLOATS, "float32"), (_DOUBLES, "float64")):
        if number in values:
            return to_array(b"".join(part.bytes() for part in values[number]), wide, shape)
    parts = [part for number in (_INTEGERS, _LONGS, _UNSIGNED) for part in values.get(number, [])]
    numbers = [number for part in parts for number in part.integers()]
    if len(numbers) != element_count(shape):
        raise Damaged(f"{len(numbers)} elements for the shape {shape}")
    spend(size=8 * len(numbers))
    if kind in ("float16", "bfloat16"):
        return to_array(np.array(numbers, "<u2").tobytes(), kind, shape)
    return np.array(numbers, kind).reshape(shape)  # the shape that the file declares
