"""GIMP profiles that nobody uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from senga.host_adapters.gimp import layouts, programs
from senga.host_adapters.gimp.profiles import Profile


@pytest.fixture(params=["3.0", "2.10"])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Profile:
    """A profile of either GIMP with somebody else's plug-in in it."""
    folder = tmp_path / "GIMP" / request.param
    (folder / "plug-ins" / "other").mkdir(parents=True)
    (folder / "plug-ins" / "other" / "other.py").write_text("other")
    (folder / "interpreters").mkdir()
    return Profile(folder, request.param)


@pytest.fixture(autouse=True)
def own_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose Python has GIMP's library and whose GIMP 2.10 has Python-Fu, whatever this machine has."""
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    python_fu = tmp_path / "usr/lib/gimp/2.0/python/gimpfu.py"
    python_fu.parent.mkdir(parents=True)
    python_fu.touch()
    monkeypatch.setattr(layouts, "SYSTEM_PYTHON", python)
    monkeypatch.setattr(programs, "SYSTEM", tmp_path / "usr")
    monkeypatch.setattr(programs, "SNAP", Path("/nowhere/snap"))
    return python
