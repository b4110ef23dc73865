"""How much main memory this process holds, and how much can be had: for all who ask."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

MB = 1 << 20
_GUESSED_RESIDENT = 600 * MB
_GUESSED_FREE = 2048 * MB
"""Where the system has no plain file that tells (Windows)."""


class _Files(NamedTuple):
    """How a version of control groups calls its files, and what of them counts."""

    limits: tuple[str, ...]
    used: str
    cached: tuple[str, ...]


_VERSION_2 = _Files(
    ("memory.max", "memory.high"), "memory.current", ("inactive_file", "active_file", "slab_reclaimable")
)
_VERSION_1 = _Files(("memory.limit_in_bytes",), "memory.usage_in_bytes", ("total_inactive_file", "total_active_file"))


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
    """Bytes that could be taken without swapping, in the machine and in its container; a guess where nobody tells."""
    found = known_available()
    return _GUESSED_FREE if found is None else found


def known_available(root: Path = Path("/")) -> int | None:
    """The same, or None where the system does not tell; ``root`` is where its folders ``proc`` and ``sys`` lie."""
    machine = _in_machine(root / "proc/meminfo")
    found = [*([] if machine is None else [machine]), *_in_groups(root)]
    return min(found, default=None)


def _in_machine(meminfo: Path) -> int | None:
    for line in _text(meminfo).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    if sys.platform == "darwin":
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return None


def _in_groups(root: Path) -> Iterator[int]:
    """What every control group leaves, the one of this process and all around it: each may have a limit."""
    lines, mount = _text(root / "proc/self/cgroup").splitlines(), root / "sys/fs/cgroup"
    parts = [line.split(":", 2) for line in lines if line.count(":") > 1]
    ours = {name: path for _, names, path in parts for name in names.split(",")}
    for folder in (mount, mount / "unified"):
        yield from _along(folder, ours.get("", "/"), _VERSION_2)
    yield from _along(mount / "memory", ours.get("memory", "/"), _VERSION_1)


def _along(mount: Path, path: str, files: _Files) -> Iterator[int]:
    """The path is that of the machine: inside a container there is often nothing but the mount."""
    inside = PurePosixPath(path.lstrip("/"))
    for group in {mount / inside, *(mount / part for part in inside.parents), mount}:
        free = _in_group(group, files)
        if free is not None:
            yield free


def _in_group(folder: Path, files: _Files) -> int | None:
    """What a group may still take; the kernel gives back what it keeps of files, so that is not used."""
    limits = [int(text) for name in files.limits if (text := _text(folder / name).strip()).isdigit()]
    used = _text(folder / files.used).strip()
    if not limits or not used.isdigit():
        return None
    facts = (line.split() for line in _text(folder / "memory.stat").splitlines())
    cached = sum(int(fact[1]) for fact in facts if len(fact) == 2 and fact[0] in files.cached and fact[1].isdigit())
    return max(min(limits) - max(int(used) - cached, 0), 0)


def _text(path: Path) -> str:
    """The text of one of the kernel's files, or nothing."""
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):
        return ""
