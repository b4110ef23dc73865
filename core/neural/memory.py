"""How much memory a network may take, and where large scratch files go."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from senga.memory import MB, available, resident

__all__ = ["MB", "Retained", "available", "budget", "free_scratch", "resident", "retained", "scratch_folder"]

_SHARE = 0.6
"""Of the free memory, taken when nobody sets a budget."""


class Retained:
    """Memory that the runtime has taken, does not give back, and uses again for the next picture."""

    def __init__(self) -> None:
        self._bytes = 0

    def occupied(self) -> int:
        """Bytes held by everything else."""
        return resident() - self._bytes

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count what a run leaves behind."""
        before = self.occupied()
        try:
            yield
        finally:
            self._bytes = max(resident() - before, 0)

    def given_back(self, release: Callable[[], None]) -> None:
        """Let a runtime give back what it holds, and count less from now on."""
        before = resident()
        release()
        self._bytes = max(self._bytes - max(before - resident(), 0), 0)


retained = Retained()


def budget(asked: int | None) -> int:
    """Peak bytes for the whole process: what was asked for, or a share of what is free."""
    return asked if asked is not None else retained.occupied() + int(_SHARE * available())


def scratch_folder() -> Path:
    """Where large scratch files go: ``SENGA_SCRATCH``, else ``/var/tmp`` (``/tmp`` is often kept in memory)."""
    named = os.environ.get("SENGA_SCRATCH")
    if named:
        return Path(named)
    on_disk = Path("/var/tmp")  # noqa: S108 - only a folder: the files in it have no name
    return on_disk if os.access(on_disk, os.W_OK) else Path(tempfile.gettempdir())


def free_scratch() -> int:
    """Bytes that scratch files may take: most of what is free there."""
    try:
        return int(0.8 * shutil.disk_usage(scratch_folder()).free)
    except OSError:
        return 0
