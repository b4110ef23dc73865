"""Find GIMP: its profiles (where a user's plug-ins lie) and its programs, in every way it is packaged."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FLATPAK = "org.gimp.GIMP"
KNOWN = ("2.10", "3.0", "3.2")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_VARIABLES = ("GIMP3_DIRECTORY", "GIMP2_DIRECTORY")


@dataclass(frozen=True)
class Profile:
    """One folder with a user's GIMP settings.

    Attributes:
        folder: it holds ``plug-ins`` and ``interpreters``.
        version: ``3.0`` …, or empty when the folder's name does not tell.
        package: ``native``, ``flatpak`` or ``snap``.
    """

    folder: Path
    version: str
    package: str = "native"

    @property
    def plug_ins(self) -> Path:
        """Where GIMP looks for the user's plug-ins."""
        return self.folder / "plug-ins"

    @property
    def takes_python_3(self) -> bool:
        """GIMP 3; an unknown version is taken for one."""
        return not self.version.startswith("2.")

    def __str__(self) -> str:
        package = "" if self.package == "native" else f" ({self.package.capitalize()})"
        return f"GIMP {self.version or 'of unknown version'}{package}, {self.folder}"


@dataclass(frozen=True)
class Program:
    """A GIMP that can be started without a window: the words of the command, its version and its package."""

    command: tuple[str, ...]
    version: str
    package: str = "native"


def profile_at(folder: Path) -> Profile:
    """The profile in a folder that the user named; its version is read from the name or from the files in it."""
    folder = folder.expanduser().absolute()
    named = _VERSION.fullmatch(folder.name)
    return Profile(folder, folder.name if named else _written_version(folder), _package_of(folder))


def find_profiles(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> list[Profile]:
    """Every profile of this user, oldest version first."""
    found = {profile.folder.resolve(): profile for profile in _candidates(home or Path.home(), environ)}
    return sorted(found.values(), key=lambda profile: (_number(profile.version), str(profile.folder)))


def _candidates(home: Path, environ: Mapping[str, str]) -> Iterator[Profile]:
    for parent in _parents(home, environ):
        for folder in parent.glob("*.*"):
            if folder.is_dir() and _VERSION.fullmatch(folder.name):
                yield Profile(folder, folder.name, _package_of(folder))
    for variable in _VARIABLES:
        folder = Path(environ.get(variable, ""))
        if environ.get(variable) and folder.is_dir():
            yield profile_at(folder)


def _parents(home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """The folders that hold one profile for each version of GIMP."""
    if sys.platform == "win32":
        yield Path(environ.get("APPDATA", home / "AppData/Roaming")) / "GIMP"
    elif sys.platform == "darwin":
        yield home / "Library/Application Support/GIMP"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "GIMP"
        yield home / ".var/app" / FLATPAK / "config/GIMP"
        yield home / "snap/gimp/current/.config/GIMP"
        yield home / "snap/gimp/common/.config/GIMP"


def _package_of(folder: Path) -> str:
    parts = folder.parts
    return "flatpak" if FLATPAK in parts else "snap" if "snap" in parts else "native"


def _written_version(folder: Path) -> str:
    """The version in a file that GIMP itself writes into its profile."""
    for name in ("gimprc", "sessionrc", "pluginrc"):
        path = folder / name
        text = path.read_text("utf-8", errors="replace")[:4096] if path.is_file() else ""
        found = re.search(r'config-version "(\d+)\.(\d+)', text) or re.search(r"GIMP (\d+)\.(\d+)", text)
        if found:
            return f"{found[1]}.{found[2]}"
    return ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def find_programs() -> list[Program]:
    """Every GIMP that is installed here and answers when asked for its version, newest first."""
    commands = dict.fromkeys(_commands())
    programs = [program for command in commands if (program := _asked(command)) is not None]
    return sorted(programs, key=lambda program: _number(program.version), reverse=True)


def _commands() -> Iterator[tuple[str, ...]]:
    names = ("gimp-console-3.2", "gimp-console-3.0", "gimp-console-3", "gimp-console", "gimp-console-2.10")
    found = [path for name in names if (path := shutil.which(name))]
    yield from ((str(path),) for path in {Path(path).resolve(): path for path in found}.values())
    if sys.platform == "darwin":
        yield from ((str(path),) for path in Path("/Applications").glob("GIMP*.app/Contents/MacOS/gimp-console*"))
    if sys.platform == "win32":
        roots = (os.environ.get("PROGRAMFILES", r"C:\Program Files"), os.environ.get("LOCALAPPDATA", "") + r"\Programs")
        for root in roots:
            yield from ((str(path),) for path in Path(root).glob("GIMP*/bin/gimp-console-*.exe"))
    if shutil.which("flatpak"):
        yield ("flatpak", "run", "--command=gimp-console", FLATPAK)
    if shutil.which("snap") and Path("/snap/gimp/current").exists():
        yield ("snap", "run", "gimp")


def _asked(command: tuple[str, ...]) -> Program | None:
    try:
        answer = subprocess.run(  # noqa: S603 - the commands are listed above
            [*command, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+\.\d+(\.\d+)?)", answer.stdout)
    package = {"flatpak": "flatpak", "snap": "snap"}.get(command[0], "native")
    return Program(command, found[1], package) if answer.returncode == 0 and found else None
