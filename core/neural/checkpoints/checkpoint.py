"""What every reader returns, and how raw bytes become arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import ModelError
from senga.regular import read_regular

from .budget import MAX_FILE, Damaged, element_count, spend

ITEM_BYTES = {
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "uint8": 1,
    "uint16": 2,
    "uint32": 4,
    "uint64": 8,
    "bool": 1,
}
"""The element types of weights, by the name that NumPy gives them; ``bfloat16`` is read as float32."""


@dataclass(frozen=True)
class Node:
    """One operation of an ONNX graph; ``attributes`` holds numbers, lists of numbers and text."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """The content of a weights file.

    Attributes:
        format: ``safetensors``, ``npz``, ``npy``, ``mindspore``, ``pytorch``, ``paddle``, ``tensorflow``, ``tflite``,
            ``variables``, ``hdf5`` or ``onnx``.
        arrays: name -> array, in the order of the file.
        metadata: facts that the file states about itself.
        nodes: the operations that use the arrays, in the order they run; ONNX only.
    """

    format: str
    arrays: dict[str, NDArray[Any]]
    metadata: dict[str, str] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()


def content_of(path: Path) -> bytes:
    """The whole of a file.

    Raises:
        ModelError: it is missing, no regular file, or too large.
    """
    try:
        content = read_regular(path, MAX_FILE)
    except OSError as error:
        raise ModelError(f"The weights “{path}” cannot be read: {error.strerror or error}.") from error
    if content is None:
        raise ModelError(f"“{path.name}” is larger than the {MAX_FILE >> 20} MiB that weights may have.")
    return content


def to_array(data: bytes | memoryview, kind: str, shape: Sequence[int]) -> NDArray[Any]:
    """Little-endian bytes as an array of its own, ``bfloat16`` widened to float32.

    Raises:
        Damaged: the number of bytes does not fit shape and type.
    """
    if kind not in ITEM_BYTES:
        raise Damaged(f"elements of the unknown type {kind[:40]}")
    if len(data) != element_count(shape) * ITEM_BYTES[kind]:
        raise Damaged(f"{len(data)} bytes for a {kind} array of shape {list(shape)}")
    spend(size=len(data) * (2 if kind == "bfloat16" else 1))
    if kind == "bfloat16":
        high = np.frombuffer(data, "<u2").astype("<u4") << 16
        return high.view("<f4").reshape(shape)  # the shape that the file declares
    little = np.dtype(kind).newbyteorder("<")
    return np.frombuffer(data, little).astype(kind).reshape(shape)  # the shape that the file declares
