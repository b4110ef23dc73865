"""How much memory this process holds and may take, and where large scratch files go."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MB = 1 << 20
_SHARE = 0.6
"""Of the free memory, taken when nobody sets a budget."""
_GUESSED_RESIDENT = 600 * MB
_GUESSED_FREE = 2048 * MB
"""Where the system has no plain file that tells (Windows)."""


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


retained = Retained()


def resident() -> int:
    """Bytes of main memory that this process holds now."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _GUESSED_RESIDENT


def available() -> int:
    """Bytes that could be taken without swapping, in the machine and in its container."""
    limits = [_free_in_container(), _free_in_machine()]
    return min(limit for limit in limits if limit is not None)


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


def _free_in_machine() -> int:
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "darwin":
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return _GUESSED_FREE


def _free_in_container() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
    except OSError:
        return None
    return None if limit == "max" else max(int(limit) - used, 0)
