"""Where the rows of a layer wait until the next one reads them: in memory, at full or half precision, or in a file."""

from __future__ import annotations

import mmap
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from senga.errors import MemoryBudgetError

from .executor import Array, Half
from .memory import MB, scratch_folder

Place = Literal["float32", "float16", "file"]
BYTES = {"float32": 4, "float16": 2, "file": 2}


_PRIVATE: dict[str, int] = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)}
    if hasattr(mmap, "MAP_PRIVATE")
    else {}
)
"""Filled with pages at once rather than one by one, where the system can."""


class Store(Protocol):
    """Rows of one layer, (C, rows, W), appended and read from top to bottom.

    Attributes:
        offset: what was subtracted from each channel of half-precision rows and must be added again: half precision is
            precise near zero. None at full precision.
    """

    offset: Array | None

    def append(self, block: Array | Half) -> None:
        """Add rows below those that are there; they must not be written to afterwards."""
        ...

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """Parts, in order, that together are the rows ``start:stop``; read only, float32 or float16."""
        ...

    def drop_above(self, row: int) -> None:
        """Rows above ``row`` will not be read any more."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_store(place: Place, offset: Array | None = None) -> Store:
    """An empty store; at half precision it needs the ``offset`` that was subtracted."""
    return MemoryStore(offset) if place != "file" or offset is None else FileStore(offset)


class MemoryStore:
    """Keeps the blocks as they come; at half precision they are ``mapped``, so that each goes back at once."""

    def __init__(self, offset: Array | None = None) -> None:
        self.offset = offset
        self._filled = 0
        self._blocks: list[tuple[int, NDArray[Any]]] = []

    def append(self, block: Array | Half) -> None:
        """See ``Store``."""
        self._blocks.append((self._filled, block))
        self._filled += block.shape[1]

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """See ``Store``."""
        for top, block in list(self._blocks):
            low, high = max(start, top), min(stop, top + block.shape[1])
            if low < high:
                yield block[:, low - top : high - top]

    def drop_above(self, row: int) -> None:
        """See ``Store``."""
        self._blocks = [(top, block) for top, block in self._blocks if top + block.shape[1] > row]

    def close(self) -> None:
        """See ``Store``."""
        self._blocks.clear()


def mapped(block: Half) -> Half:
    """A copy outside the heap, where large blocks that come and go would leave holes."""
    place = mmap.mmap(-1, block.nbytes, **_PRIVATE)
    copy: Half = np.frombuffer(place, block.dtype).reshape(block.shape)  # (C, rows, W)
    copy[...] = block
    return copy


@dataclass(frozen=True)
class _Span:
    top: int
    rows: int
    offset: int


class FileStore:
    """Keeps half-precision blocks in a nameless scratch file, read and written plainly so that memory stays low."""

    def __init__(self, offset: Array) -> None:
        self.offset: Array | None = offset
        self._filled = self._channels = self._width = 0
        self._spans: list[_Span] = []
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile(dir=scratch_folder(), buffering=0)  # noqa: SIM115 - lives as long as self

    def append(self, block: Array | Half) -> None:
        """See ``Store``.

        Raises:
            MemoryBudgetError: the folder is full.
        """
        self._channels, height, self._width = block.shape
        try:
            with self._lock:
                offset = self._file.seek(0, 2)
                self._write(np.ascontiguousarray(block).data.cast("B"))
        except OSError as error:
            need = block.nbytes // MB + 1
            raise MemoryBudgetError(
                f"The scratch folder {scratch_folder()} is full ({need} MB more are needed now); free some space, "
                "point SENGA_SCRATCH to another folder, or allow more memory."
            ) from error
        self._spans.append(_Span(self._filled, height, offset))
        self._filled += height

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """See ``Store``."""
        for span in list(self._spans):
            low, high = max(start, span.top), min(stop, span.top + span.rows)
            if low < high:
                with self._lock:
                    block = self._read(span, low - span.top, high - span.top)
                yield block

    def drop_above(self, row: int) -> None:
        """See ``Store``; a file gives its space back as a whole."""

    def close(self) -> None:
        """See ``Store``."""
        self._file.close()

    def _write(self, data: memoryview) -> None:
        while len(data):
            data = data[self._file.write(data) :]

    def _read(self, span: _Span, low: int, high: int) -> NDArray[np.float16]:
        out = np.empty((self._channels, high - low, self._width), np.float16)
        if high - low == span.rows:
            self._fill(span.offset, out.data.cast("B"))
            return out
        for i, channel in enumerate(out):
            start = span.offset + (i * span.rows + low) * self._width * out.itemsize
            self._fill(start, channel.data.cast("B"))
        return out

    def _fill(self, offset: int, target: memoryview) -> None:
        self._file.seek(offset)
        while len(target):
            target = target[self._file.readinto(target) :]
