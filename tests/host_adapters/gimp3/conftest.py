"""GIMP profiles that nobody uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from senga.host_adapters.gimp3 import installer
from senga.host_adapters.gimp3.profiles import Profile


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A profile of GIMP 3.0 with somebody else's plug-in in it."""
    folder = tmp_path / "GIMP" / "3.0"
    (folder / "plug-ins" / "other").mkdir(parents=True)
    (folder / "plug-ins" / "other" / "other.py").write_text("other")
    (folder / "interpreters").mkdir()
    return Profile(folder, "3.0")


@pytest.fixture(autouse=True)
def own_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system Python that has GIMP's library, whether this machine has GIMP or not."""
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    monkeypatch.setattr(installer, "SYSTEM_PYTHON", python)
    return python
