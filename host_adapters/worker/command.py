"""``senga worker``: look at the warm process, and end it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import click

from senga.language import sentence, tr
from senga.plain import tell

from .client import Worker, WorkerError, connect, private_folders
from .seat import holder

_PATIENCE = 2.0


@click.group("worker")
def worker_command() -> None:
    """Look at the warm process that GIMP uses, and end it."""


@worker_command.command("status")
def status() -> None:
    """Tell what it does."""
    found = list(_workers())
    for folder, pid in found:
        tell(_line(folder, pid))
    if not found:
        tell(tr("No worker runs; the next filter in GIMP starts one."))


@worker_command.command("stop")
def stop() -> None:
    """End it, with the jobs that it does."""
    for folder, pid in _workers():
        try:
            with _reach(folder) as worker:
                worker.stop()
        except WorkerError:
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        tell(tr("The worker {pid} was ended.").format(pid=pid))


def _workers() -> Iterator[tuple[Path, int]]:
    """The folder and the process number of every worker of this user."""
    try:
        places = private_folders()
    except WorkerError as error:
        raise click.ClickException(sentence(error.message)) from error
    for folder in sorted(path for place in places for path in Path(place).glob("worker-*")):
        pid = holder(folder)
        if pid is not None:
            yield folder, pid


def _reach(folder: Path) -> Worker:
    return connect({"folder": str(folder)}, start=False, timeout=_PATIENCE)


def _line(folder: Path, pid: int) -> str:
    try:
        with _reach(folder) as worker:
            facts = worker.status()
    except WorkerError:
        text = tr("Worker {pid} does not answer; its log is {log}.")
        return text.format(pid=pid, log=folder / "log")
    text = tr(
        "Worker {pid}: Senga {version} with {python}, {jobs} jobs, {clients} clients, {memory} MiB, for {minutes} min; "
        "its log is {log}."
    )
    own = {"pid": pid, "log": folder / "log", "clients": facts["clients"] - 1}
    sizes = {"memory": round(facts["memory"] / 2**20), "minutes": round(facts["uptime"] / 60)}
    return text.format(**(facts | own | sizes))
