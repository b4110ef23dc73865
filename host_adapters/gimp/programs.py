"""Find GIMP's programs, in every way GIMP is packaged, and what Python they bring."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from senga.interpreters import guarded

FLATPAK = "org.gimp.GIMP"
SNAP = Path("/snap/gimp/current")
SYSTEM = Path("/usr")

_NAMES = ("gimp-console-3.2", "gimp-console-3.0", "gimp-console-3", "gimp-console", "gimp-console-2.10")
_LIBRARIES = ("lib", "lib/*", "lib64", "local/lib", "local/lib/*", "local/lib64")


@dataclass(frozen=True)
class Program:
    """A GIMP that can be started without a window: the words of the command, its version and its package."""

    command: tuple[str, ...]
    version: str
    package: str = "native"


def find_programs() -> list[Program]:
    """Every GIMP that is installed here and answers when asked for its version, newest first."""
    commands = dict.fromkeys(_commands())
    programs = [program for command in commands if (program := _asked(command)) is not None]
    return sorted(programs, key=lambda program: number(program.version), reverse=True)


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, which can be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def is_snap_alone() -> bool:
    """Whether the only GIMP here is a Snap, which may use the profile of a native one."""
    return SNAP.exists() and not list(_native())


def in_libraries(path: str) -> bool:
    """Whether a system library folder has this file, as distributions' packages put it there."""
    return any(True for folder in _LIBRARIES for _ in SYSTEM.glob(f"{folder}/{path}"))


def lacks_python_fu() -> bool:
    """Whether the system's GIMP 2.10 came without Python-Fu, as Linux distributions make it since Python 2 is gone."""
    if not sys.platform.startswith("linux") or in_libraries("gimp/2.0/python/gimpfu.py"):
        return False
    return any(on_path(name) for name in ("gimp-2.10", "gimp-console-2.10"))


def on_path(name: str) -> str | None:
    """Where a program is, by the absolute folders of PATH; those that depend on the working folder do not count."""
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    names = [name, f"{name}.exe"] if sys.platform == "win32" else [name]
    places = (str(folder / each) for folder in folders if folder.is_absolute() for each in names)
    return next((found for place in places if (found := shutil.which(place))), None)


def surroundings() -> dict[str, str]:
    """The environment for a GIMP: its Python plug-ins need their own folder, which the safe path of ours would hide."""
    return guarded(os.environ.copy()) | {"PYTHONSAFEPATH": ""}


def _native() -> Iterator[str]:
    found = [path for name in _NAMES if (path := on_path(name)) and not path.startswith("/snap/")]
    yield from {Path(path).resolve(): path for path in found}.values()


def _commands() -> Iterator[tuple[str, ...]]:
    yield from ((path,) for path in _native())
    if sys.platform == "darwin":
        yield from ((str(path),) for path in Path("/Applications").glob("GIMP*.app/Contents/MacOS/gimp-console*"))
    if sys.platform == "win32":
        roots = (os.environ.get("PROGRAMFILES", r"C:\Program Files"), os.environ.get("LOCALAPPDATA", "") + r"\Programs")
        for root in roots:
            yield from ((str(path),) for path in Path(root).glob("GIMP*/bin/gimp-console-*.exe"))
    if flatpak := on_path("flatpak"):
        yield (flatpak, "run", "--command=gimp-console", FLATPAK)
    if (snap := on_path("snap")) and SNAP.exists():
        yield (snap, "run", "gimp")


def _asked(command: tuple[str, ...]) -> Program | None:
    try:
        answer = subprocess.run(  # noqa: S603 - the commands are listed above
            [*command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=30, check=False, cwd=Path(command[0]).parent, env=surroundings(),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+\.\d+(\.\d+)?)", answer.stdout)
    package = {"flatpak": "flatpak", "snap": "snap"}.get(Path(command[0]).stem, "native")
    return Program(command, found[1], package) if answer.returncode == 0 and found else None
