"""Files from outside that are read whole: regular ones only, never a device that has no end or a pipe that waits."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)

_PIECE = 1 << 20
"""Bytes that are asked for at once: Python reserves them all."""
_KINDS = {
    stat.S_IFDIR: "It is a folder",
    stat.S_IFIFO: "It is a pipe, not a file",
    stat.S_IFSOCK: "It is a socket, not a file",
    stat.S_IFCHR: "It is a device, not a file",
    stat.S_IFBLK: "It is a device, not a file",
}


def open_regular(path: Path, *, follow: bool = True) -> BufferedReader:
    """A file opened for reading.

    Args:
        path: the file.
        follow: whether it may be a link.

    Raises:
        OSError: it is missing, may not be read, or is no regular file.
    """
    flags = _FLAGS if follow else _FLAGS | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # a zero byte in the name
        raise OSError(errno.EINVAL, "Its name cannot be the name of a file", str(path)) from error
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise OSError(errno.EINVAL, _KINDS.get(kind, "It is no file"), str(path))
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, limit: int) -> bytes | None:
    """The content of a file, or None when it has more than ``limit`` bytes.

    Raises:
        OSError: it is missing, may not be read, or is no regular file.
    """
    with open_regular(path) as stream:
        return drained_up_to(stream, limit)  # not what it says to hold: that is nothing in /proc


def drained_up_to(stream: BinaryIO, limit: int) -> bytes | None:
    """The content of a stream up to its end, or None when it has more than ``limit`` bytes."""
    content = bytearray()
    while piece := stream.read(_PIECE):
        content += piece
        if len(content) > limit:
            return None
    return bytes(content)
