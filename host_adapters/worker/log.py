"""The worker's log: all that it, its libraries and its plug-ins print."""

from __future__ import annotations

import faulthandler
import logging
import os
from pathlib import Path

LIMIT = 1 << 20
"""Bytes; a longer log is put aside as ``log.old``, in place of the one before."""


class Log:
    """Standard output and error of this process, led into a file that does not grow without end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def capture(self) -> None:
        """Lead all output, that of native libraries and of a crash too, into the log."""
        self.rotate()
        faulthandler.enable(file=2)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
        logging.captureWarnings(True)

    def rotate(self) -> None:
        """Put the log aside when it is long, and go on with a new one.

        Raises:
            OSError: it was left as it is. Windows renames no open file: at the next start it can.
        """
        if self._path.exists() and self._path.stat().st_size > LIMIT:
            self._path.replace(self._path.with_name("log.old"))
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.close(handle)
