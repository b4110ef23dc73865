"""Where the rows of a layer wait until the next one reads them: in memory, and beyond the budget in a scratch file."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from senga.errors import MemoryBudgetError

from .executor import Array, Half
from .memory import MB, resident, scratch_folder
from .places import Gaps

_LOOK = 64 * MB
"""The memory of the process is looked at each time that so much was put aside; a look is not free."""


class _Block(Protocol):
    """Rows that wait, (C, rows, W)."""

    @property
    def rows(self) -> int: ...

    def part(self, low: int, high: int) -> NDArray[Any]:
        """The rows ``low:high``, read only."""
        ...

    def free(self) -> None:
        """Give their place back."""
        ...


class Store:
    """Rows of one layer, (C, rows, W), appended and read from top to bottom.

    Attributes:
        offset: what was subtracted from each channel of half-precision rows and must be added again: half precision is
            precise near zero. None at full precision.
        scale: what they were divided by then: half precision ends at 65504.
        all_half: no rows are at full precision because they are far from all others.
    """

    def __init__(self, scratch: Scratch, offset: Array | None = None, scale: float = 1.0) -> None:
        self.offset, self.scale = offset, np.float32(scale)
        self.all_half = offset is not None
        self._scratch = scratch
        self._filled = 0
        self._blocks: list[tuple[int, _Block]] = []

    def append(self, rows: Array | Half) -> None:
        """Add rows below those that are there; they must not be written to afterwards.

        Raises:
            MemoryBudgetError: the scratch folder is full.
        """
        self.all_half &= rows.dtype == np.float16
        self._blocks.append((self._filled, self._scratch.keep(rows)))
        self._filled += rows.shape[1]

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """Parts, in order, that together are the rows ``start:stop``; read only, float32 or float16."""
        for top, block in list(self._blocks):
            low, high = max(start, top), min(stop, top + block.rows)
            if low < high:
                yield block.part(low - top, high - top)

    def drop_above(self, row: int) -> None:
        """Rows above ``row`` will not be read any more."""
        while self._blocks and self._blocks[0][0] + self._blocks[0][1].rows <= row:
            self._blocks.pop(0)[1].free()

    def close(self) -> None:
        """Give everything back."""
        self.drop_above(self._filled)


class Finished:
    """A layer that waits in a result, whose rows are there already."""

    offset, scale, all_half = None, np.float32(1), False

    def __init__(self, values: Array) -> None:
        self._values = values

    def pieces(self, start: int, stop: int) -> Iterator[NDArray[Any]]:
        """See ``Store``."""
        yield self._values[:, start:stop]

    def drop_above(self, row: int) -> None:
        """The result stays."""

    def close(self) -> None:
        """The result stays."""


class Scratch:
    """Rows of all layers of a picture: in memory while there is room, then in a nameless file.

    A place in the file is used again as soon as its rows are done with. Its pages are then still in the system's cache:
    writing over them takes a twentieth of the time that new ones take, and much of it never gets to the disk.

    Args:
        room: bytes of rows that may wait in memory.
        ceiling: bytes that the process should hold at most when one more block is put aside; what stands above goes to
            the file if that takes it.
    """

    def __init__(self, room: int, ceiling: int = sys.maxsize) -> None:
        self.room = room
        self._ceiling = ceiling
        self._spare = 0
        self._file: _ScratchFile | None = None

    def keep(self, rows: Array | Half) -> _Block:
        """Put rows where there is room.

        Raises:
            MemoryBudgetError: the scratch folder is full.
        """
        fits = rows.nbytes <= self.room
        if rows.nbytes > self._spare:
            self._spare = min(self._ceiling - resident(), max(_LOOK, rows.nbytes))
        if fits and rows.nbytes <= self._spare:
            self._spare -= rows.nbytes
            return _InMemory(rows, self)
        try:
            self._file = self._file or _ScratchFile()
            return self._file.keep(rows)
        except OSError as error:
            if fits:
                return _InMemory(rows, self)
            need = rows.nbytes // MB + 1
            raise MemoryBudgetError(
                f"The scratch folder {scratch_folder()} is full ({need} MB more are needed now); free some space, "
                "point SENGA_SCRATCH to another folder, or allow more memory."
            ) from error

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()


class _InMemory:
    """Rows that count until they are freed."""

    def __init__(self, rows: NDArray[Any], scratch: Scratch) -> None:
        self._scratch = scratch
        self._values = rows
        scratch.room -= rows.nbytes

    @property
    def rows(self) -> int:
        return int(self._values.shape[1])

    def part(self, low: int, high: int) -> NDArray[Any]:
        return self._values[:, low:high]

    def free(self) -> None:
        self._scratch.room += self._values.nbytes


class _ScratchFile:
    """A nameless file with places for blocks, read and written plainly so that memory stays low."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gaps = Gaps()
        self._file = tempfile.TemporaryFile(dir=scratch_folder(), buffering=0)  # noqa: SIM115 - lives as long as self

    def keep(self, rows: NDArray[Any]) -> _InFile:
        """Write rows."""
        start = self._gaps.take(rows.nbytes)
        try:
            with self._lock:
                self._file.seek(start)
                self._write(np.ascontiguousarray(rows).data.cast("B"))
        except OSError:
            self.free(start, rows.nbytes)
            raise
        return _InFile(self, start, rows.shape, rows.dtype)

    def read(self, start: int, target: NDArray[Any]) -> None:
        """Fill a contiguous array with the bytes from ``start`` on."""
        left = target.data.cast("B")
        with self._lock:
            self._file.seek(start)
            while len(left):
                left = left[self._file.readinto(left) :]

    def free(self, start: int, size: int) -> None:
        """Make a place free."""
        self._gaps.give(start, size)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _write(self, data: memoryview) -> None:
        while len(data):
            data = data[self._file.write(data) :]


@dataclass(frozen=True)
class _InFile:
    """Rows in a scratch file."""

    file: _ScratchFile
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def rows(self) -> int:
        return self.shape[1]

    def part(self, low: int, high: int) -> NDArray[Any]:
        channels, height, width = self.shape
        out = np.empty((channels, high - low, width), self.dtype)
        if high - low == height:
            self.file.read(self.start, out)
            return out
        for i, channel in enumerate(out):
            self.file.read(self.start + (i * height + low) * width * out.itemsize, channel)
        return out

    def free(self) -> None:
        self.file.free(self.start, int(np.prod(self.shape)) * self.dtype.itemsize)
