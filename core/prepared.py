"""What filters prepare once and use for many pictures: kept while there is room, thrown away when anything changes."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .filter import Filter
from .image import Image, Pixels
from .job import Job
from .settings import kinds_of
from .strangers import at_work

ROOM = 512 << 20
"""Bytes that all prepared things of a process may take together; the newest is always kept."""

_digests: weakref.WeakKeyDictionary[Image, bytes] = weakref.WeakKeyDictionary()


class Shelf:
    """Prepared things by what they were made from, the one used longest ago in front.

    Args:
        room: bytes to stay below, as far as arrays can be counted.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._turn = threading.Lock()

    def take(self, act: Filter, job: Job) -> Any:
        """What ``act.prepare`` gives, made now or before; None where a filter prepares nothing.

        Raises:
            SengaError, Cancelled: what ``prepare`` raises; nothing is kept then.
        """
        if type(act).prepare is Filter.prepare:
            return None
        with at_work(act.name):
            return self.keep(_key(act, job), lambda: act.prepare(job))

    def keep(self, key: bytes, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made now or before under the same key.

        Args:
            key: a digest of all that it is made from.
            make: makes it; it must not be written into afterwards.
        """
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        made = make()
        with self._turn:
            self._kept[key] = made, _bytes(made)
            while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > self._room:
                self._kept.popitem(last=False)
            return made

    def clear(self) -> None:
        """Throw everything away."""
        with self._turn:
            self._kept.clear()


SHELF = Shelf()
"""That of this process."""


def _key(act: Filter, job: Job) -> bytes:
    """From the filter, its settings, its whole pictures, and what the job says of networks."""
    kind, digest = type(act), hashlib.blake2b(digest_size=20)
    digest.update(f"{kind.__module__}.{kind.__qualname__} {job.device} {job.engine} {job.precision}".encode())
    for name, info in kinds_of(kind).items():
        value = getattr(act, name)
        if info.aligned and info.is_picture:
            continue
        part = digest_of(value) if isinstance(value, Image) else repr(value).encode("utf-8", "replace")
        digest.update(name.encode() + b"\0" + part + b"\0")
    return digest.digest()


def digest_of(picture: Image) -> bytes:
    """A digest of pixels and alpha, computed once for each picture."""
    if picture not in _digests:
        digest = hashlib.blake2b(digest_size=20)
        for plane in (picture.pixels, picture.alpha):
            _feed(digest, plane)
        _digests[picture] = digest.digest()
    return _digests[picture]


def _feed(digest: Any, plane: Pixels | None) -> None:
    if plane is None:
        digest.update(b"none")
        return
    digest.update(f"{plane.shape} {plane.dtype}".encode())
    for row in plane:
        digest.update(np.ascontiguousarray(row).data)


def _bytes(made: Any, deep: int = 0) -> int:
    """The size of arrays in a thing, in containers and attributes too."""
    if isinstance(made, np.ndarray):
        return int(made.nbytes)
    if deep > 4:
        return 0
    if isinstance(made, Mapping):
        return sum(_bytes(part, deep + 1) for part in made.values())
    if isinstance(made, list | tuple):
        return sum(_bytes(part, deep + 1) for part in made)
    return _bytes(vars(made), deep + 1) if hasattr(made, "__dict__") else 0
