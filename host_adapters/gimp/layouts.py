"""What the plug-in is made of, for each generation of GIMP."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .help_pages import help_files
from .profiles import Profile
from .programs import in_libraries, lacks_python_fu
from .thumbnails import thumbnails

INTERPRETER = "interpreters/senga.interp"
SYSTEM_PYTHON = Path("/usr/bin/python3")

_HOSTS = Path(__file__).parent.parent
_INTERPRETER_TEXT = """\
# Senga: GIMP's Python plug-ins run with the system's Python, whatever virtual environment GIMP was started from.
python=/usr/bin/python3
python3=/usr/bin/python3
/usr/bin/python3=/usr/bin/python3
:Python:E::py::python3:
"""


@dataclass(frozen=True)
class Layout:
    """Where the files of the plug-in lie in a profile.

    Attributes:
        name: of its folder and of the file that GIMP starts in it, which GIMP wants alike; never “senga”, which would
            hide the package.
        host: the folder of ours that holds the files.
        package: the modules beside that file.
        prefix: of the names of procedures.
        pictures: its dialogs show small pictures beside choices.
    """

    name: str
    host: Path
    package: str
    prefix: str
    pictures: bool = False

    @property
    def folder(self) -> str:
        """The folder of the plug-in, as a path in the profile."""
        return f"plug-ins/{self.name}"

    @property
    def main(self) -> str:
        """The file that GIMP starts, as a path in the profile."""
        return f"{self.folder}/{self.name}.py"

    def contents(self, profile: Profile, manifest: dict[str, Any]) -> dict[str, bytes]:
        """Every file with its path in the profile; the main file last, because GIMP looks at its time only."""
        modules = sorted((self.host / self.package).glob("*.py"))
        files = {f"{self.folder}/{self.package}/{path.name}": path.read_bytes() for path in modules}
        files[f"{self.folder}/senga_client.py"] = (_HOSTS / "worker" / "client.py").read_bytes()
        files[f"{self.folder}/manifest.json"] = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
        pages = help_files(manifest, self.prefix)
        files |= {f"{self.folder}/help/{name}": data for name, data in pages.items()}
        if self.pictures:
            files |= {f"{self.folder}/{name}": data for name, data in thumbnails(manifest).items()}
        if needs_interpreter(profile):
            files[INTERPRETER] = _INTERPRETER_TEXT.encode()
        return files | {self.main: (self.host / f"{self.name}.py").read_bytes()}

    def is_ours(self, name: str) -> bool:
        """Whether a path in the profile is one that an installation may write and remove."""
        path = Path(name)
        inside = not path.is_absolute() and not path.drive and ".." not in path.parts
        return inside and (path.parts[:2] == ("plug-ins", self.name) or name == INTERPRETER)


GIMP_3 = Layout("senga-gimp", _HOSTS / "gimp3", "senga_gimp", "senga-", pictures=True)
GIMP_2 = Layout("senga-gimp2", _HOSTS / "gimp2", "senga_gimp2", "python-fu-senga-")


def layout_of(profile: Profile) -> Layout:
    """The layout that the GIMP of a profile needs."""
    return GIMP_2 if profile.generation == 2 else GIMP_3


def cannot_run(profile: Profile) -> bool:
    """Whether the GIMP of a profile is a 2.10 that came without Python-Fu."""
    return profile.generation == 2 and profile.package == "native" and lacks_python_fu()


def needs_interpreter(profile: Profile) -> bool:
    """Whether GIMP 3 would start Python plug-ins with whatever ``python3`` comes first on PATH, and the system's can.

    Only distributions' packages on Linux lack a ``pygimp.interp`` of their own.
    """
    if not sys.platform.startswith("linux") or profile.package != "native" or profile.generation != 3:
        return False
    return not in_libraries("gimp/3.0/interpreters/pygimp.interp") and python_has_gimp(SYSTEM_PYTHON)


def python_has_gimp(python: Path) -> bool:
    """Whether a Python can import GIMP's library."""
    code = "import gi; gi.require_version('Gimp', '3.0')"
    try:
        words = [str(python), "-I", "-c", code]  # isolated: there may be a gi.py where this was started
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
