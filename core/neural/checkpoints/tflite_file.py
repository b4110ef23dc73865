"""The weights of a TensorFlow Lite model, with kernels in the order of axes that TensorFlow has.

Whole numbers with a scale, one for all or one for each channel, are read as the numbers that they stand for.

Only what carries weights is read: of the first sub-graph its tensors with their buffers, and which of them convolutions
take. FlatBuffers are tables of offsets; every offset is checked.

References:
    https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .budget import Damaged, spend, spend_name, step
from .checkpoint import Checkpoint, to_array

MARK = b"TFL3"
KINDS = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16", 9: "int8",
         10: "float64", 12: "uint64", 15: "uint32", 16: "uint16", 18: "bfloat16"}  # fmt: skip
"""``TensorType`` -> the name that NumPy gives it."""
_CONVOLUTION, _DEPTHWISE, _DEQUANTIZE = 3, 4, 6


class _Table:
    """A table of a FlatBuffer; fields are called by their place in the schema."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._read("<i", at)
        self._size = self._read("<H", self._fields)

    @classmethod
    def root(cls, data: memoryview) -> _Table:
        """The table that a file begins with."""
        return cls(data, int(struct.unpack_from("<I", data, 0)[0]))

    def number(self, field: int, form: str) -> int:
        """A number, or 0 where it is not there."""
        place = self._place(field)
        return self._read(form, place) if place else 0

    def bytes(self, field: int, size: int = 1) -> memoryview:
        """The elements of a vector, of so many bytes each."""
        place = self._place(field)
        if not place:
            return self._data[:0]
        start = place + self._read("<I", place)
        stop = start + 4 + size * self._read("<I", start)
        if stop > len(self._data):
            raise Damaged("it ends inside a list")
        return self._data[start + 4 : stop]

    def integers(self, field: int) -> list[int]:
        """A vector of numbers of four bytes."""
        data = self.bytes(field, 4)
        step(1 + len(data) // 4)
        return list(struct.unpack(f"<{len(data) // 4}i", data))

    def text(self, field: int) -> str:
        """A text."""
        return str(self.bytes(field), "utf-8")

    def floats(self, field: int) -> NDArray[np.float32]:
        """A vector of numbers with a point."""
        return np.frombuffer(self.bytes(field, 4), "<f4").astype(np.float32)

    def table(self, field: int) -> _Table | None:
        """A table inside this one, if it is there."""
        place = self._place(field)
        return _Table(self._data, place + self._read("<I", place)) if place else None

    def tables(self, field: int) -> list[_Table]:
        """A vector of tables."""
        place = self._place(field)
        if not place:
            return []
        start = place + self._read("<I", place) + 4
        count = len(self.bytes(field, 4)) // 4
        step(1 + count)
        places = range(start, start + 4 * count, 4)
        return [_Table(self._data, at + self._read("<I", at)) for at in places]

    def _place(self, field: int) -> int:
        slot = 4 + 2 * field
        offset = self._read("<H", self._fields + slot) if slot + 2 <= self._size else 0
        return self._at + offset if offset else 0

    def _read(self, form: str, at: int) -> int:
        if not 0 <= at <= len(self._data) - struct.calcsize(form):
            raise Damaged("it points beyond its end")
        return int(struct.unpack_from(form, self._data, at)[0])


def read_tflite(data: memoryview) -> Checkpoint:
    """The constants of a model by name; kernels are (height, width, inputs, outputs)."""
    model = _Table.root(data)
    graphs, buffers = model.tables(2), model.tables(4)
    if not graphs:
        raise Damaged("it holds no graph")
    tensors = graphs[0].tables(0)
    kernels = _kernels(model, graphs[0])
    arrays: dict[str, NDArray[Any]] = {}
    for index, tensor in enumerate(tensors):
        place = tensor.number(2, "<I")
        content = buffers[place].bytes(0) if place < len(buffers) else data[:0]
        if not len(content):
            continue
        kind = KINDS.get(tensor.number(1, "<b"), f"number {tensor.number(1, '<b')}")
        array = _meant(to_array(content, kind, tensor.integers(0)), tensor.table(4))
        if index in kernels and array.ndim == 4:
            array = np.ascontiguousarray(array.transpose(1, 2, 3, 0))
        arrays[spend_name(tensor.text(3))] = array
    if not arrays:
        raise Damaged("it holds no weights")
    return Checkpoint("tflite", arrays)


def _meant(array: NDArray[Any], quantised: _Table | None) -> NDArray[Any]:
    """The numbers that whole ones stand for: ``scale * (number - zero)``."""
    scales = quantised.floats(2) if quantised and array.dtype.kind in "iu" else np.zeros(0, np.float32)
    if quantised is None or not len(scales):
        return array
    zeros = np.frombuffer(quantised.bytes(3, 8), "<i8").astype(np.float32)
    axis = quantised.number(6, "<i")
    if len(scales) > 1 and not (0 <= axis < array.ndim and len(scales) == array.shape[axis]):
        raise Damaged(f"{len(scales)} scales for an array of shape {list(array.shape)}")
    if len(zeros) not in (0, 1, len(scales)):
        raise Damaged(f"{len(zeros)} zeros for {len(scales)} scales")
    spend(size=4 * array.size)
    along = [-1 if len(scales) > 1 and place == axis else 1 for place in range(array.ndim)]
    shift = zeros.reshape(along) if len(zeros) > 1 else zeros.sum(dtype=np.float32)
    meant: NDArray[np.float32] = (array.astype(np.float32) - shift) * (
        scales.reshape(along) if array.ndim else scales[0]
    )
    return meant


def _kernels(model: _Table, graph: _Table) -> set[int]:
    """The tensors that convolutions take as kernels, and what these were stored as."""
    codes = [max(code.number(0, "<b"), code.number(3, "<i")) for code in model.tables(1)]
    stored: dict[int, int] = {}
    found: set[int] = set()
    for operator in graph.tables(3):
        which = operator.number(0, "<I")
        code = codes[which] if which < len(codes) else -1
        inputs, outputs = operator.integers(1), operator.integers(2)
        if code == _DEQUANTIZE and inputs and outputs:
            stored[outputs[0]] = inputs[0]
        elif code in (_CONVOLUTION, _DEPTHWISE) and len(inputs) > 1:
            found |= {inputs[1], stored.get(inputs[1], inputs[1])}
    return found
