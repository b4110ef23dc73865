"""The parts of an ONNX model as bytes: nodes, tensors, values, and the model around them.

Only what networks need is written: no sub-graphs, no sequences, no external data.

References:
    https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from senga.neural.checkpoints.onnx_file import KINDS
from senga.neural.checkpoints.wire import write_bytes, write_float, write_integer

Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str] | NDArray[Any]

_CODES = {kind: code for code, kind in KINDS.items()}
_INTEGERS, _REALS = (int, np.integer), (float, np.floating)
_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 4, 6, 7, 8
"""``AttributeProto.AttributeType``."""


def node(op_type: str, inputs: Iterable[str], outputs: Iterable[str], name: str = "", **attributes: Attribute) -> bytes:
    """One operation.

    Args:
        op_type: of the default domain, as ``Conv``.
        inputs: names of what it reads; an empty name leaves an optional input out.
        outputs: names of what it gives.
        name: of the node; by default that of its first output.
        attributes: numbers, texts, lists of one kind, or arrays. Lists need an item; one float makes a list of floats.

    Raises:
        TypeError: an attribute is of another type.
    """
    given = list(outputs)
    parts = [write_bytes(1, each) for each in inputs] + [write_bytes(2, each) for each in given]
    parts += [write_bytes(3, name or given[0]), write_bytes(4, op_type)]
    return b"".join(parts + [write_bytes(5, _attribute(key, value)) for key, value in attributes.items()])


def tensor(name: str, array: NDArray[Any]) -> bytes:
    """A constant: an array of one of NumPy's number types."""
    little = np.asarray(array, np.dtype(array.dtype).newbyteorder("<"), order="C")
    dims = b"".join(write_integer(1, size) for size in little.shape)
    return dims + write_integer(2, _code(array.dtype)) + write_bytes(8, name) + write_bytes(9, little.tobytes())


def value(name: str, dtype: DTypeLike, shape: Sequence[int | str]) -> bytes:
    """An input or output of a model: its name, type and shape; a size that may change has a name for a number."""
    dims = b"".join(
        write_bytes(1, write_bytes(2, size) if isinstance(size, str) else write_integer(1, size)) for size in shape
    )
    kind = write_integer(1, _code(dtype)) + write_bytes(2, dims)
    return write_bytes(1, name) + write_bytes(2, write_bytes(1, kind))


def model(
    nodes: Iterable[bytes],
    initializers: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    *,
    opset: int,
    metadata: Mapping[str, str] | None = None,
    name: str = "network",
) -> bytes:
    """A whole model.

    Args:
        nodes: of ``node``, in an order in which they can be computed.
        initializers: of ``tensor``.
        inputs: of ``value``.
        outputs: of ``value``.
        opset: version of the operators.
        metadata: facts that travel with the model.
        name: of the graph.
    """
    fields = ((1, nodes), (2, [name]), (5, initializers), (11, inputs), (12, outputs))
    graph = b"".join(write_bytes(number, part) for number, parts in fields for part in parts)
    facts = [
        write_bytes(14, write_bytes(1, key) + write_bytes(2, fact)) for key, fact in sorted((metadata or {}).items())
    ]
    head = write_integer(1, _ir_version(opset)) + write_bytes(2, "senga")
    return b"".join([head, write_bytes(7, graph), write_bytes(8, write_bytes(1, "") + write_integer(2, opset)), *facts])


def _ir_version(opset: int) -> int:
    """The oldest version of the file format in which programs expect these operators."""
    return 8 if opset < 19 else 10


def _code(dtype: DTypeLike) -> int:
    kind = np.dtype(dtype).name
    if kind not in _CODES:
        raise TypeError(f"ONNX tensors hold no {kind}")
    return _CODES[kind]


def _attribute(name: str, content: Attribute) -> bytes:
    return write_bytes(1, name) + _content(name, content)


def _content(name: str, content: Attribute) -> bytes:
    if isinstance(content, _INTEGERS):
        return write_integer(3, int(content)) + write_integer(20, _INT)
    if isinstance(content, _REALS):
        return write_float(2, float(content)) + write_integer(20, _FLOAT)
    if isinstance(content, str):
        return write_bytes(4, content) + write_integer(20, _STRING)
    if isinstance(content, np.ndarray):
        return write_bytes(5, tensor("", content)) + write_integer(20, _TENSOR)
    return _list(name, list(content))


def _list(name: str, items: list[Any]) -> bytes:
    if items and all(isinstance(item, str) for item in items):
        return b"".join(write_bytes(9, item) for item in items) + write_integer(20, _STRINGS)
    if items and all(isinstance(item, _INTEGERS) for item in items):
        return b"".join(write_integer(8, int(item)) for item in items) + write_integer(20, _INTS)
    if items and all(isinstance(item, (*_INTEGERS, *_REALS)) for item in items):
        return b"".join(write_float(7, float(item)) for item in items) + write_integer(20, _FLOATS)
    raise TypeError(f"the attribute {name} is a list of {items!r}")
