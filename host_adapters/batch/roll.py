"""Who is at work on a folder of results: runs on this machine by their locks, on others by their signs of life."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from senga.errors import SettingsError

from .database import PATIENCE, Database

_BEAT, _SILENCE = 5.0, 60.0
"""Seconds between two signs of life, and without one until a run on another machine counts as ended."""


class Roll:
    """The runs that work here.

    Attributes:
        run: the number of this one; 0 until it takes part.
    """

    def __init__(self, base: Database) -> None:
        self.run = 0
        self._base = base
        self._lock: Any = None
        self._ended = threading.Event()

    def enter(self, task: str) -> float:
        """Take part, within a transaction.

        Returns:
            When the first of those who are at work began.

        Raises:
            SettingsError: somebody else does another task here.
        """
        now, here = time.time(), socket.gethostname()
        others = [run for run in self._runs() if self._is_alive(*run)]
        for _, host, process, other, _, _ in others:
            if other != task or host != here:
                who = f"process {process} on {host}"
                where = f"Another batch ({who}) is at work in “{self._base.folder}”"
                raise SettingsError(f"{where}: wait for it, end it, or choose another folder.")
        query = "INSERT INTO runs (task, host, process, begun, beat) VALUES (?, ?, ?, ?, ?)"
        self.run = self._base.execute(query, (task, here, os.getpid(), now, now)).lastrowid or 0
        self._lock = _locked(self._lock_of(self.run))
        return min([now, *(begun for *_, begun in others)])

    def stay(self) -> None:
        """Give signs of life from now on."""
        threading.Thread(target=self._live, daemon=True).start()

    def at_work(self) -> set[int]:
        """The runs that are, this one included."""
        return {run[0] for run in self._runs() if self._is_alive(*run)}

    def leave(self) -> None:
        """What is still marked as in work by this one counts as interrupted."""
        self._ended.set()
        with suppress(sqlite3.Error):
            if self.run:
                self._base.execute("UPDATE runs SET ended = ? WHERE id = ?", (time.time(), self.run))

    def unlock(self) -> None:
        """Give back the lock."""
        if self._lock is not None:
            with suppress(OSError):
                self._lock.close()
                self._lock_of(self.run).unlink()
            self._lock = None

    def _runs(self) -> list[tuple[int, str, int, str, float, float]]:
        return self._base.execute(
            "SELECT id, host, process, task, beat, begun FROM runs WHERE ended IS NULL"
        ).fetchall()

    def _lock_of(self, run: int) -> Path:
        return self._base.home / f"run-{run}.lock"

    def _is_alive(self, run: int, host: str, _process: int, _task: str, beat: float, _begun: float) -> bool:
        """Whether a run is at work: its lock ends with its process, on another machine its beat does."""
        if run == self.run:
            return True
        if host == socket.gethostname():
            return _is_locked(self._lock_of(run), default=time.time() - beat < _SILENCE)
        return time.time() - beat < _SILENCE

    def _live(self) -> None:
        """In a thread of its own."""
        with suppress(sqlite3.Error, OSError):
            base = sqlite3.connect(self._base.file, timeout=PATIENCE, isolation_level=None)
            while not self._ended.wait(_BEAT):
                with suppress(sqlite3.Error):
                    base.execute("UPDATE runs SET beat = ? WHERE id = ?", (time.time(), self.run))
            base.close()


def _locked(path: Path) -> Any:
    """An open file that is locked as long as this process lives, where the file system has locks."""
    stream = path.open("ab")
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    return stream


def _is_locked(path: Path, *, default: bool) -> bool:
    try:
        import fcntl
    except ImportError:
        return default
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:  # no locks here
        return default
