"""Batches of crops: which, where and how is a function of seed and step alone, so a training can go on anywhere."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np

from senga.neural.executor import Array

from .album import Album, Bytes

T = TypeVar("T")


def to_batch(pictures: list[Bytes]) -> Array:
    """(H, W, 3) bytes as (N, 3, H, W) in [-1, 1]."""
    stacked = np.stack(pictures).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(stacked, np.float32) / np.float32(127.5) - np.float32(1)


def to_bytes(batch: Array) -> Bytes:
    """(N, 3, H, W) in [-1, 1] as (N, H, W, 3) bytes."""
    scaled = np.rint((np.clip(batch, -1, 1) + 1) * 127.5)
    return np.ascontiguousarray(scaled.transpose(0, 2, 3, 1)).astype(np.uint8)


@lru_cache(maxsize=8)
def _order(count: int, seed: int, stream: int, epoch: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng([seed, stream, 0, epoch]).permutation(count).tolist())


def chosen(count: int, seed: int, stream: int, step: int, batch: int) -> list[int]:
    """Indices of a step's pictures: every picture once before any comes again, in an order of its own each time."""
    places = range(step * batch, (step + 1) * batch)
    return [_order(count, seed, stream, place // count)[place % count] for place in places]


def crop_places(
    album: Album, indices: list[int], crop: int, rng: np.random.Generator, mirror: bool
) -> list[tuple[int, int, bool]]:
    """For each picture: top, left, and whether to mirror it."""
    places = []
    for i in indices:
        height, width = album.shapes[i]
        top, left = int(rng.integers(height - crop + 1)), int(rng.integers(width - crop + 1))
        places.append((top, left, bool(rng.random() < 0.5) and mirror))
    return places


def crops(album: Album, indices: list[int], places: list[tuple[int, int, bool]], crop: int) -> list[Bytes]:
    """The crops themselves."""
    found = []
    for i, (top, left, mirrored) in zip(indices, places, strict=True):
        part = album[i][top : top + crop, left : left + crop]
        found.append(np.ascontiguousarray(part[:, ::-1] if mirrored else part))
    return found


class Prefetch(Generic[T]):
    """Makes the batches of coming steps while the current one is used.

    Args:
        make: step -> batch.
        first: the step that is asked for first; then each following one.
        ahead: how many may wait.
    """

    def __init__(self, make: Callable[[int], T], first: int, ahead: int = 3) -> None:
        self._make, self._next = make, first
        self._ready: queue.Queue[tuple[int, T | None, BaseException | None]] = queue.Queue(ahead)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(first,), daemon=True, name="senga-batches")
        self._thread.start()

    def get(self, step: int) -> T:
        """The batch of the next step.

        Raises:
            ValueError: another step than the next was asked for.
        """
        found, batch, error = self._ready.get()
        if error is not None:
            raise error
        if found != step or batch is None:
            raise ValueError(f"step {step} was asked for, but {found} is next")
        return batch

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        while self._thread.is_alive():
            with_room = not self._ready.empty()
            if with_room:
                self._ready.get()
            self._thread.join(0.05)

    def _work(self, step: int) -> None:
        while not self._stop.is_set():
            try:
                self._ready.put((step, self._make(step), None))
            except BaseException as error:
                self._ready.put((step, None, error))
                return
            step += 1


@contextmanager
def prefetching(make: Callable[[int], T], first: int) -> Iterator[Prefetch[T]]:
    """A ``Prefetch`` that is closed at the end."""
    prefetch = Prefetch(make, first)
    try:
        yield prefetch
    finally:
        prefetch.close()
