"""``senga worker``."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from click.testing import CliRunner

from senga.host_adapters.worker.client import connect
from senga.host_adapters.worker.command import worker_command

from .conftest import Site, running, until


def said(*words: str) -> str:
    done = CliRunner().invoke(worker_command, words)
    assert done.exit_code == 0, done.output
    return done.output


def test_status_and_stop(site: Site, den: Path) -> None:
    assert "No worker runs" in said("status")
    with connect(site.manifest()) as worker:
        line = said("status")
        assert f"Worker {worker.pid}: Senga {worker.version}" in line
        assert "0 jobs, 1 clients" in line
    assert f"The worker {worker.pid} was ended." in said("stop")
    assert until(lambda: not running(worker.pid))
    assert "No worker runs" in said("status")
    assert said("stop") == ""


def test_a_worker_that_hangs_is_ended_too(site: Site, den: Path, monkeypatch: object) -> None:
    with connect(site.manifest()) as worker:
        os.kill(worker.pid, signal.SIGSTOP)
    assert f"{worker.pid} was ended" in said("stop")
    assert until(lambda: not running(worker.pid))
