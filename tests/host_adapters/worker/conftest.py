"""Real workers in private folders, with filters for trials."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from senga.host_adapters.worker import client
from senga.host_adapters.worker.seat import holder

TRIALS = Path(__file__).with_name("trials.py")


def until(condition: Callable[[], Any], seconds: float = 30.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def running(pid: int) -> bool:
    """Whether a process runs, and is not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Site:
    """An installation: the Python of the tests with the trial filters beside what it has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        self.folder.mkdir()
        shutil.copy(TRIALS, self.folder / "trials.py")
        self.install("trials", "1", "[senga]\ntrials = trials\n")
        python = folder / "python"
        home = f'SENGA_HOME="${{SENGA_HOME:-{folder / "home"}}}"'  # who is killed while it loads may not trouble others
        python.write_text(f'#!/bin/sh\nexport PYTHONPATH="{self.folder}" {home}\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        self.python = str(python)

    def install(self, name: str, version: str, points: str = "") -> None:
        """Install a distribution in this version in place of another."""
        for old in self.folder.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(points)

    def manifest(self, *options: str) -> dict[str, Any]:
        """What an installer would write."""
        return {"python": self.python, "worker_options": ["--cold", *options]}


def end_workers(folder: Path) -> None:
    """End whatever sits under a folder, and wait for it."""
    for seat in folder.rglob("worker-*"):
        pid = holder(seat)
        if pid:
            os.kill(pid, signal.SIGKILL)
            assert until(lambda pid=pid: not running(pid))
    for child in client._children:
        child.poll()


@pytest.fixture
def den(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private folder for sockets and canvases, with a short path as a user's has."""
    folder = Path(tempfile.mkdtemp(prefix="den"))
    for variable, name in (("XDG_RUNTIME_DIR", "run"), ("TMPDIR", "tmp")):
        (folder / name).mkdir()
        monkeypatch.setenv(variable, str(folder / name))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    end_workers(folder)
    shutil.rmtree(folder)


@pytest.fixture
def site(den: Path) -> Site:
    """An installation of its own."""
    return Site(den)


@pytest.fixture(scope="module")
def house() -> Iterator[dict[str, Any]]:
    """The manifest of a worker that the tests of a file share."""
    folder = Path(tempfile.mkdtemp(prefix="house"))
    (folder / "worker-shared").mkdir(0o700)
    manifest = Site(folder).manifest() | {"folder": str(folder / "worker-shared")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        client.connect(manifest).close()
    yield manifest
    end_workers(folder)
    shutil.rmtree(folder)


@pytest.fixture
def worker(house: dict[str, Any], den: Path) -> Iterator[client.Worker]:
    """A connection to the shared worker; afterwards no canvas may be left."""
    with client.connect(house) as connection:
        yield connection
    assert not canvases(den)


def canvases(den: Path) -> list[Path]:
    """The files of canvases that lie around."""
    return sorted(den.rglob("canvas-*"))
