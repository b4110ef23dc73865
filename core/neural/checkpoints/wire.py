"""The wire format of Protocol Buffers: numbered fields, read and written without a schema.

References:
    https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .budget import Damaged, step

_BYTES_TO_A_STEP = 6

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Field(NamedTuple):
    """One field: its number in the schema, how it is written, and a number or the bytes."""

    number: int
    wire: int
    value: int | memoryview

    def integer(self) -> int:
        """The value as a signed 64-bit number."""
        if self.wire != VARINT or not isinstance(self.value, int):
            raise Damaged(f"field {self.number} is no number")
        return self.value - (1 << 64) if self.value >> 63 else self.value

    def bytes(self) -> memoryview:
        """The value as bytes: a message, text or packed numbers."""
        if not isinstance(self.value, memoryview):
            raise Damaged(f"field {self.number} is no text or message")
        return self.value

    def text(self) -> str:
        """The value as text."""
        return str(self.bytes(), "utf-8")

    def integers(self) -> list[int]:
        """One number, or a packed list of them."""
        return [self.integer()] if self.wire == VARINT else _packed(self.bytes())


def fields(data: memoryview) -> Iterator[Field]:
    """The fields of one message, in the order they are written.

    Raises:
        Damaged: the bytes are no message.
    """
    at = 0
    while at < len(data):
        step()
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise Damaged("a field of number 0")
        if wire == VARINT:
            value, at = varint(data, at)
            yield Field(number, wire, value)
            continue
        size, at = _size(data, at, wire)
        if at + size > len(data):
            raise Damaged(f"field {number} ends {at + size - len(data)} bytes after the file")
        yield Field(number, wire, data[at : at + size])
        at += size


def _size(data: memoryview, at: int, wire: int) -> tuple[int, int]:
    if wire == BYTES:
        return varint(data, at)
    if wire in (FIXED32, FIXED64):
        return (4 if wire == FIXED32 else 8), at
    raise Damaged(f"a field of the unknown kind {wire}")


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at ``at``, seven bits to a byte, and where the next thing begins."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise Damaged("it ends inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), at
    raise Damaged("a number of more than ten bytes")


def _packed(data: memoryview) -> list[int]:
    """All numbers at once: there may be millions."""
    step(len(data) // _BYTES_TO_A_STEP)
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw < 128) + 1
    if len(raw) and (not len(ends) or ends[-1] != len(raw)):
        raise Damaged("it ends inside a number")
    sizes = np.diff(ends, prepend=0)
    if sizes.max(initial=0) > 10:
        raise Damaged("a number of more than ten bytes")
    values = np.zeros(len(ends), np.uint64)
    for place in range(sizes.max(initial=0)):
        longer = sizes > place
        values[longer] |= (raw[(ends - sizes)[longer] + place] & 127).astype(np.uint64) << np.uint64(7 * place)
    numbers: list[int] = values.view(np.int64).tolist()
    return numbers


def write_integer(number: int, value: int) -> bytes:
    """A field that holds a signed 64-bit number."""
    return _key(number, VARINT) + write_varint(value)


def write_float(number: int, value: float) -> bytes:
    """A field that holds a float of four bytes."""
    return _key(number, FIXED32) + struct.pack("<f", value)


def write_bytes(number: int, value: bytes | str) -> bytes:
    """A field that holds text, or a message written before."""
    data = value.encode() if isinstance(value, str) else value
    return _key(number, BYTES) + write_varint(len(data)) + data


def write_varint(value: int) -> bytes:
    """A signed 64-bit number, seven bits to a byte, the lowest first.

    Raises:
        ValueError: it needs more than 64 bits.
    """
    if not -(1 << 63) <= value < 1 << 64:
        raise ValueError(f"{value} does not fit 64 bits")
    rest, written = value & ((1 << 64) - 1), bytearray()
    while rest > 127:
        written.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*written, rest])


def _key(number: int, wire: int) -> bytes:
    return write_varint(number << 3 | wire)
