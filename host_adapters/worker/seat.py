"""The seat of the one running worker: lock, secret and listening socket in a folder that only its user can enter."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from pathlib import Path
from typing import IO

WAITING = 128
"""Connections that may wait to be answered."""


class Seat:
    """What one worker holds from start to end, and the next one takes over.

    Attributes:
        folder: where all of it lies.
        listener: the listening socket.
        secret: what a client must know; new for every worker.
    """

    def __init__(self, folder: Path, lock: IO[str], loopback: bool) -> None:
        self.folder, self._lock, self._leaving = folder, lock, threading.Lock()
        self._free()
        self.secret = secrets.token_bytes(32)
        _write_private(folder / "secret", self.secret)
        self.listener = _on_loopback(folder) if loopback else _on_path(folder)

    @classmethod
    def take(cls, folder: Path, loopback: bool = not hasattr(socket, "AF_UNIX")) -> Seat | None:
        """The seat in this folder, or None when somebody sits there.

        Args:
            folder: a private folder.
            loopback: listen on 127.0.0.1 and not on a Unix socket, which Windows lacks.
        """
        lock = open(folder / "lock", "a+", encoding="ascii", opener=_private)  # noqa: SIM115 - held until the end
        if not _locked(lock) or not _lies_in(folder, lock):
            lock.close()
            return None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return cls(folder, lock, loopback)

    def leave(self) -> None:
        """Stop listening, and let another worker sit down; harmless when repeated."""
        with self._leaving:
            if self.held():
                self._free()
            self.listener.close()
            self._lock.close()

    def held(self) -> bool:
        """Whether clients still come here: no, once the folder was removed, and perhaps made anew by another worker."""
        return not self._lock.closed and _lies_in(self.folder, self._lock)

    def close(self) -> None:
        """Close everything in a process that was forked off the worker, and has no part in the seat."""
        self.listener.close()
        self._lock.close()

    def _free(self) -> None:
        """Remove what this worker, or one that was killed, announced itself with."""
        for name in ("socket", "port", "secret"):
            (self.folder / name).unlink(missing_ok=True)


def holder(folder: Path) -> int | None:
    """The process that sits in this folder, even if it answers no more; None when nobody does."""
    try:
        with (folder / "lock").open("r+", encoding="ascii") as lock:
            return None if _locked(lock) else int(lock.read() or 0) or None
    except (OSError, ValueError):
        return None


def _lies_in(folder: Path, lock: IO[str]) -> bool:
    """Whether this open file is the one that others find there."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), (folder / "lock").stat())
    except OSError:
        return False


def _locked(lock: IO[str]) -> bool:
    """Whether the lock could be taken; it ends with this process, however that ends.

    A child that a plug-in forks inherits a lock of ``flock``, and would hold it for ever, but none of ``lockf``.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            lock.seek(1 << 30)  # beyond the process number, which others want to read
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            lock.seek(0)
        else:
            import fcntl

            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _on_path(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    (folder / "socket").chmod(0o600)
    listener.listen(WAITING)
    return listener


def _on_loopback(folder: Path) -> socket.socket:
    listener = socket.socket(socket.AF_INET)
    listener.bind(("127.0.0.1", 0))
    listener.listen(WAITING)
    _write_private(folder / "port.part", str(listener.getsockname()[1]).encode("ascii"))
    (folder / "port.part").replace(folder / "port")
    return listener


def _write_private(path: Path, data: bytes) -> None:
    with open(path, "wb", opener=_private) as file:
        file.write(data)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
