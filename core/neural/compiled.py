"""Compiled networks on disk, so that a fresh process need not compile them again.

A runtime runs what such a file holds. So only that is read which nobody but this user can have written, and which is
complete: folder and file must be the user's own, and what is damaged is as good as not there. Everything here can be
made again and may be deleted at any time. Where a folder cannot be kept from others (Windows), nothing is kept.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from senga.places import cache_folder

FILES = 24
BYTES = 200_000_000
"""At most so many files and bytes are kept; those that were not used for longest go."""
_MARK = b"senga compiled 1"
_SIZE = 32
"""Bytes of a digest."""
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def folder() -> Path:
    """Where compiled networks lie."""
    return cache_folder() / "runtimes-compiled"


def key_of(*parts: bytes) -> bytes:
    """What tells a compiled network from all others: a digest of everything that it was made from and for."""
    found = blake2b(digest_size=_SIZE)
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def kept(key: bytes) -> bytes | None:
    """What was kept under this key; None if that is nothing, not ours alone, or damaged."""
    with suppress(OSError), _opened() as place:
        descriptor = os.open(key.hex(), _READ, dir_fd=place)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if not _is_private(facts) or facts.st_size > BYTES:
                return None
            head, content = file.read(len(_head(key, b""))), file.read(BYTES)
            os.utime(descriptor)
        return content if head == _head(key, content) else None
    return None


def keep(key: bytes, content: bytes | memoryview) -> None:
    """Keep it for the next process, if there is a place for it."""
    with suppress(OSError), _opened() as place:
        _make_room(place, len(content))
        name = f".{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(name, _WRITE, 0o600, dir_fd=place), "wb") as file:
                if not _is_private(os.fstat(file.fileno())):
                    raise OSError(errno.ENOTSUP, "this file system keeps nothing from others")
                file.write(_head(key, content))
                file.write(content)
            os.replace(name, key.hex(), src_dir_fd=place, dst_dir_fd=place)
        finally:
            with suppress(FileNotFoundError):  # it has its name by now
                os.unlink(name, dir_fd=place)


def _head(key: bytes, content: bytes | memoryview) -> bytes:
    return _MARK + key + blake2b(content, digest_size=_SIZE).digest()


def _is_private(facts: os.stat_result) -> bool:
    """Whether nobody else can have written a file, nor read it."""
    own = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and facts.st_nlink == 1
    return own and not facts.st_mode & 0o077


@contextmanager
def _opened() -> Iterator[int]:
    """A descriptor of the folder.

    Raises:
        OSError: it cannot be made, or is not the user's own.
    """
    if sys.platform == "win32":
        raise OSError(errno.ENOTSUP, "who may write here is not known")
    path = folder()
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(0o700)
    descriptor = os.open(path, _READ | os.O_DIRECTORY)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise OSError(errno.EPERM, "it belongs to somebody else")
        os.fchmod(descriptor, 0o700)  # a folder like that does not make good files of bad ones: each is looked at
        yield descriptor
    finally:
        os.close(descriptor)


def _make_room(place: int, size: int) -> None:
    """Remove what was not used for longest, so that there is room for one more."""
    if size > BYTES:
        raise OSError(errno.EFBIG, "it is too large to be kept")
    with os.scandir(place) as entries:
        found = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    for count, name in enumerate(sorted(found, key=lambda each: found[each].st_mtime, reverse=True), 1):
        size += found[name].st_size
        if count >= FILES or size > BYTES:
            with suppress(OSError):  # another process was first, or it is no file
                os.unlink(name, dir_fd=place)
