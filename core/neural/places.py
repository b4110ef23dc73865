"""Places for rows, in a file or in pages of their own, that are used again as soon as they are free.

Rows that wait and arrays that are only worked on come and go in turns. Side by side in the heap they leave holes that
fit nobody, so the rows, which go in the order in which they came, have a part of the memory for themselves.
"""

from __future__ import annotations

import mmap
import sys
import threading
import weakref
from bisect import insort
from collections import deque
from contextlib import suppress
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .memory import MB

_RESERVED = 32 << 30
"""Bytes of addresses; they cost nothing until they are used."""
_UNRESERVED: int = getattr(mmap, "MAP_NORESERVE", 0x4000)
"""Python 3.13 names it."""
_STEP = 4096
"""Bytes of a page."""
_SMALL = MB
"""Arrays below that fill the holes of the heap."""
_KEPT = 256 * MB
"""Pages that stay for the next picture."""


class Gaps:
    """Places in a space that grows at its end.

    Attributes:
        end: of the last place.
    """

    def __init__(self) -> None:
        self.end = 0
        self._free: list[tuple[int, int]] = []

    def take(self, size: int) -> int:
        """Where the first gap begins that is large enough, else the end, with the gap before it."""
        for i, (start, length) in enumerate(self._free):
            if length >= size:
                self._free[i : i + 1] = [(start + size, length - size)] if length > size else []
                return start
        start = self._free.pop()[0] if self._free and sum(self._free[-1]) == self.end else self.end
        self.end = start + size
        return start

    def give(self, start: int, size: int) -> None:
        """Make a place free; neighbouring gaps become one."""
        insort(self._free, (start, size))
        merged: list[tuple[int, int]] = []
        for begin, length in self._free:
            if merged and sum(merged[-1]) == begin:
                begin, length = merged[-1][0], merged.pop()[1] + length
            merged.append((begin, length))
        self._free = merged

    def last(self) -> int:
        """Where the gap at the end begins, or the end."""
        return self._free[-1][0] if self._free and sum(self._free[-1]) == self.end else self.end


class RowMemory:
    """Arrays in pages of their own, where the system has that (Linux); else from the heap.

    Args:
        reserved: bytes of addresses.
    """

    def __init__(self, reserved: int = _RESERVED) -> None:
        self._gaps, self._lock = Gaps(), threading.Lock()
        self._freed: deque[tuple[int, int]] = deque()
        self._touched = 0
        self._space = _space(reserved) if sys.platform == "linux" else None

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """An array of this shape; its place is free when nobody holds it or a part of it."""
        size = -(-np.dtype(dtype).itemsize * prod(shape) // _STEP) * _STEP
        if self._space is None or size < _SMALL:
            return np.empty(shape, dtype)
        with self._lock:
            self._collect()
            start = self._gaps.take(size)
            if start + size > len(self._space):
                self._gaps.give(start, size)
                return np.empty(shape, dtype)
            self._touched = max(self._touched, start + size)
        values = np.frombuffer(self._space, dtype, prod(shape), start)
        weakref.finalize(values, self._freed.append, (start, size)).atexit = False
        return values.reshape(shape)

    def tidy(self, kept: int = _KEPT) -> None:
        """Give the system back what lies behind the last place that is taken, and behind so many bytes."""
        if self._space is None:
            return
        with self._lock:
            self._collect()
            first = max(self._gaps.last(), kept)
            if first < self._touched:
                self._space.madvise(mmap.MADV_DONTNEED, first, self._touched - first)
                self._touched = first

    def _collect(self) -> None:
        """What was freed, maybe in the middle of anything, is free from now on."""
        while self._freed:
            self._gaps.give(*self._freed.popleft())


def _space(size: int) -> mmap.mmap | None:
    """Addresses, or None where the system promises no more than it has."""
    with suppress(OSError, ValueError):
        space = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _UNRESERVED)
        with suppress(OSError):  # some kernels are built without
            space.madvise(mmap.MADV_HUGEPAGE)  # a third of the time
        return space
    return None


rows_memory = RowMemory()
"""Of this process."""
