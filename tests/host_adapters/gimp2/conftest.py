"""A Python 2.7, a profile with the plug-in, and a worker behind it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from senga.host_adapters.gimp.installer import install
from senga.host_adapters.gimp.layouts import GIMP_2
from senga.host_adapters.gimp.profiles import Profile
from senga.host_adapters.worker.seat import holder

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FILTERS = ROOT / "tests/gimp/filters"


def _is_2_7(python: str | Path) -> bool:
    code = "import sys; sys.exit(sys.version_info[:2] != (2, 7))"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.fixture(scope="session")
def python27() -> str:
    """A Python 2.7: SENGA_PYTHON27, python2.7 on PATH, or one of pyenv's."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [os.environ.get("SENGA_PYTHON27"), shutil.which("python2.7"), *versions.glob("2.7.*/bin/python")]
    for python in candidates:
        if python and _is_2_7(python):
            return str(python)
    pytest.skip("no Python 2.7 here (SENGA_PYTHON27 names one)")


class Studio:
    """A GIMP profile with the plug-in, played by the double, and a worker that knows the test filters."""

    def __init__(self, folder: Path, python27: str) -> None:
        self.folder, self._python27 = folder, python27
        python = folder / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{FILTERS}" exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        install(Profile(folder / "profile", "2.10"), self._manifest(python))
        for name in ("run", "tmp"):
            (folder / name).mkdir(mode=0o700)

    def _manifest(self, python: Path) -> dict[str, object]:
        """What the installer of that Python would write: with the test filters in it."""
        code = "import json; from senga.host_adapters.gimp.manifest import *; print(json.dumps(make_manifest()))"
        found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
        return json.loads(found) | {"python": str(python)}  # type: ignore[no-any-return]

    @property
    def plug_in(self) -> Path:
        """The main file of the installed plug-in."""
        return self.folder / "profile" / GIMP_2.main

    def play(self, *modules: str, wait: bool = True) -> subprocess.Popen[str]:
        """Run the checks of these modules on Python 2.7."""
        words = [self._python27, HERE / "double/driver.py", self.plug_in, HERE / "inside", *modules]
        env = {
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "TMPDIR": str(self.folder / "tmp"),
        }
        env |= {"SENGA_PLUG_IN": str(self.plug_in.parent)}
        env |= {"SENGA_HOME": str(self.folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        played = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        if wait:
            played.wait(timeout=300)
        return played

    def canvases(self) -> list[Path]:
        """What the plug-in left behind."""
        return list(self.folder.rglob("canvas-*"))

    def end(self) -> None:
        """End the worker."""
        for seat in self.folder.rglob("worker-*"):
            pid = holder(seat)
            if pid:
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def studio(python27: str) -> Iterator[Studio]:
    """One studio for the tests of a file; its path is short, as a user's is."""
    folder = Path(tempfile.mkdtemp(prefix="studio"))
    made = Studio(folder, python27)
    yield made
    made.end()
    shutil.rmtree(folder, ignore_errors=True)
