"""Find GIMP's profiles, where a user's plug-ins lie, in every way GIMP is packaged."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .programs import FLATPAK, is_snap_alone, number

_VERSION = re.compile(r"(\d+)\.(\d+)")
_VARIABLES = ("GIMP3_DIRECTORY", "GIMP2_DIRECTORY")


@dataclass(frozen=True)
class Profile:
    """One folder with a user's GIMP settings.

    Attributes:
        folder: it holds ``plug-ins`` and ``interpreters``.
        version: ``3.0`` …, or empty when nothing in the folder tells.
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
    def generation(self) -> int:
        """3 for GIMP 3 and what led to it (an unknown version is taken for one), 2 for GIMP 2.10, 0 for older ones."""
        version = number(self.version)
        return 3 if not version or version >= (2, 99) else 2 if version >= (2, 10) else 0

    def __str__(self) -> str:
        package = "" if self.package == "native" else f" ({self.package.capitalize()})"
        return f"GIMP {self.version or 'of unknown version'}{package}, {self.folder}"


def profiles_at(folder: Path) -> list[Profile]:
    """The profiles that a user means by a folder: itself, what its plug-ins lie in, or one for each version in it."""
    folder = folder.expanduser().absolute()
    if folder.name == "plug-ins":
        folder = folder.parent
    inside = [] if (folder / "plug-ins").exists() else list(_versions_in(folder))
    return inside or [Profile(folder, _version_of(folder), _package_of(folder))]


def find_profiles(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> list[Profile]:
    """Every profile of this user, oldest version first."""
    found = {profile.folder.resolve(): profile for profile in _candidates(home or Path.home(), environ)}
    return sorted(found.values(), key=lambda profile: (number(profile.version), str(profile.folder)))


def _candidates(home: Path, environ: Mapping[str, str]) -> Iterator[Profile]:
    for parent in _parents(home, environ):
        yield from _versions_in(parent)
    for variable in _VARIABLES:
        folder = Path(environ.get(variable, ""))
        if environ.get(variable) and folder.is_dir():
            yield from profiles_at(folder)


def _versions_in(parent: Path) -> Iterator[Profile]:
    for folder in sorted(parent.glob("*.*"), key=lambda path: number(path.name)):
        if folder.is_dir() and _VERSION.fullmatch(folder.name):
            yield Profile(folder, folder.name, _package_of(folder))


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
    return "flatpak" if FLATPAK in parts else "snap" if "snap" in parts or is_snap_alone() else "native"


def _version_of(folder: Path) -> str:
    """The version that the folder is named by, or that is in a file which GIMP itself writes into its profile."""
    if _VERSION.fullmatch(folder.name):
        return folder.name
    for name in ("gimprc", "sessionrc", "pluginrc"):
        path = folder / name
        text = path.read_text("utf-8", errors="replace")[:4096] if path.is_file() else ""
        found = re.search(r'config-version "(\d+)\.(\d+)', text) or re.search(r"GIMP (\d+)\.(\d+)", text)
        if found:
            return f"{found[1]}.{found[2]}"
    return ""
