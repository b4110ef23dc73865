"""Values in a pickle: numbers, text and bytes, taken from its stream within limits."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from .budget import MAX_NAME, Damaged

LONGEST_NUMBER = 16


class Stream:
    """Bytes of a file, taken one piece after the other."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data, self._at = memoryview(data), 0

    def take(self, count: int) -> memoryview:
        """The next bytes, exactly so many."""
        if not 0 <= count <= len(self._data) - self._at:
            raise Damaged("it ends too early")
        self._at += count
        return self._data[self._at - count : self._at]

    def rest(self) -> memoryview:
        """All that is left."""
        return self.take(len(self._data) - self._at)

    def line(self) -> str:
        """The rest of a line, without its end."""
        line, end, _ = bytes(self._data[self._at : self._at + MAX_NAME]).partition(b"\n")
        if not end:
            raise Damaged("a line without an end")
        self._at += len(line) + 1
        return line.decode("utf-8")


def _number(kind: str) -> Callable[[Stream], Any]:
    layout = struct.Struct(kind)
    return lambda stream: layout.unpack(stream.take(layout.size))[0]


def _sized(kind: str, build: Callable[[memoryview], Any]) -> Callable[[Stream], Any]:
    count = _number(kind)
    return lambda stream: build(stream.take(count(stream)))


def _text(data: memoryview) -> str:
    return str(data, "utf-8", "surrogatepass")


def _old_text(data: memoryview) -> str:
    """Python 2 did not tell text from bytes."""
    return str(data, "latin-1")


def _whole(data: memoryview) -> int:
    if len(data) > LONGEST_NUMBER:
        raise Damaged("an absurdly large number")
    return int.from_bytes(data, "little", signed=True)


def _decimal(stream: Stream) -> int | bool:
    line = stream.line()
    if line in ("00", "01"):
        return line == "01"
    if len(line) > 2 * LONGEST_NUMBER:
        raise Damaged("an absurdly large number")
    return int(line)


VALUES: dict[int, Callable[[Stream], Any]] = {
    ord("N"): lambda _: None,
    0x88: lambda _: True,
    0x89: lambda _: False,
    ord("K"): _number("<B"),
    ord("M"): _number("<H"),
    ord("J"): _number("<i"),
    ord("G"): _number(">d"),
    ord("I"): _decimal,
    0x8A: _sized("<B", _whole),
    0x8B: _sized("<i", _whole),
    0x8C: _sized("<B", _text),
    ord("X"): _sized("<I", _text),
    0x8D: _sized("<Q", _text),
    ord("U"): _sized("<B", _old_text),
    ord("T"): _sized("<i", _old_text),
    ord("C"): _sized("<B", bytes),
    ord("B"): _sized("<I", bytes),
    0x8E: _sized("<Q", bytes),
    ord(")"): lambda _: (),
    ord("]"): lambda _: [],
    ord("}"): lambda _: {},
}
"""Instructions that push what follows them."""
byte, long = _number("<B"), _number("<I")
