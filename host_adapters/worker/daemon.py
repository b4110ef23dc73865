"""The worker: listens, keeps everything warm, leaves when nobody needs it."""

from __future__ import annotations

import faulthandler
import importlib.metadata
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from senga.errors import SengaError
from senga.neural.memory import resident
from senga.registry import Plugins, plugins

from .client import WorkerError, private_folders, sweep
from .fingerprint import fingerprint
from .jobs import Jobs
from .log import Log
from .seat import Seat
from .session import Session
from .words import Message

MOST_CLIENTS = 256
MOST_STRANGERS = 64
"""Connections that have not proven themselves yet; the oldest makes room for a new one."""
TICK = 30.0
"""Seconds between two looks at what lies around."""
HUNG = 300.0
"""Seconds after which a worker ends in which a plug-in keeps all threads from running."""
FAREWELL = 2.0
"""Seconds that jobs have to end when the worker is stopped."""


@dataclass(frozen=True)
class Habits:
    """How a worker lives.

    Attributes:
        idle: seconds without a client and without a job after which it leaves.
        width: how many jobs it does at a time.
        warm: whether MindSpore is loaded at once.
        patience: seconds after which a job that does not notice that it was cancelled is left alone; then the worker
            ends the other jobs, and takes no more.
    """

    idle: float = 900.0
    width: int = 1
    warm: bool = True
    patience: float = 20.0


class Daemon:
    """The process that sits on a seat; what the sessions ask of it, it answers."""

    def __init__(self, seat: Seat, log: Log, habits: Habits) -> None:
        self._seat, self._log, self._habits = seat, log, habits
        self.secret = seat.secret
        self.jobs = Jobs(lambda task: task.perform(self.library), habits.width)
        self._sessions: dict[Session, None] = {}
        self._born = self._quiet_since = time.monotonic()
        self._stopping = self._retired = False
        self._bell, self._rope = socket.socketpair()
        self._rope.setblocking(False)
        self._loading, self._retiring = threading.Lock(), threading.Lock()
        self._print = fingerprint()
        self._hello = {"version": importlib.metadata.version("senga"), "pid": os.getpid()}

    def serve(self) -> int:
        """Answer clients until the end; gives the exit code of the process."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: self.stop())
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)
        threading.Thread(target=self._warm_up, daemon=True).start()
        logging.info("Worker of Senga %s listens in %s", self._hello["version"], self._seat.folder)
        while not self._ended():
            faulthandler.dump_traceback_later(TICK + HUNG, exit=True, file=2)
            if self.jobs.stuck(self._habits.patience):
                self.jobs.relieve(self._habits.patience)
                self._retire("A job does not notice that it was cancelled")
            self._tidy()
            self._wait()
        return self._leave()

    def _forked(self) -> None:
        """In a process that a plug-in forks: it must neither answer in the worker's place nor keep its sockets open."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, signal.SIG_DFL)
        ended: list[Any] = [self._seat, self._bell, self._rope, *self._sessions]
        for each in ended:
            each.close()

    def _ended(self) -> bool:
        busy = bool(self._sessions or self.jobs)
        if busy:
            self._quiet_since = time.monotonic()
        return (
            self._stopping
            or (self._retired and not self.jobs)
            or time.monotonic() - self._quiet_since >= self._habits.idle
        )

    def _wait(self) -> None:
        """Sleep until something happens."""
        ears = [self._bell] if self._retired else [self._bell, self._seat.listener]
        quiet = self._quiet_since + self._habits.idle - time.monotonic()
        seconds = 1.0 if self.jobs else TICK if self._sessions else min(max(quiet, 0.0), TICK)
        try:
            ready, _, _ = select.select(ears, [], [], seconds)
        except ValueError:
            return  # the listener was closed just now
        if self._bell in ready:
            self._bell.recv(1024)
        if self._seat.listener in ready and not self._retired:
            self._welcome()

    def _welcome(self) -> None:
        try:
            connection, _ = self._seat.listener.accept()
        except OSError:
            time.sleep(0.05)  # no more files can be opened just now
            return
        strangers = [session for session in list(self._sessions) if not session.proven]
        if len(self._sessions) - len(strangers) >= MOST_CLIENTS:
            connection.close()
            return
        for session in strangers[: len(strangers) + 1 - MOST_STRANGERS]:
            session.hang_up()
        self._attend_to(Session(connection, self))

    def _attend_to(self, session: Session) -> None:
        self._sessions[session] = None
        try:
            threading.Thread(target=self._attend, args=(session,), daemon=True).start()
        except RuntimeError:  # no more threads can be started just now
            self._sessions.pop(session)
            session.close()

    def _attend(self, session: Session) -> None:
        try:
            session.serve()
        except Exception:  # one client's misfortune must not touch the others
            logging.exception("A connection broke")
        finally:
            self._sessions.pop(session, None)
            self._ring()

    def hello(self) -> Message:
        """Who this is; a worker that is out of date makes room for another first."""
        if not self._retired and fingerprint() != self._print:
            self._retire("Senga or its plug-ins have changed")
        return self._hello | {"stale": self._retired}

    def _retire(self, reason: str) -> None:
        """Let another worker take over, and end the jobs that are here."""
        with self._retiring:
            if not self._retired:
                logging.info("%s: another worker takes over", reason)
                self._retired = True
                self._seat.leave()
                self._ring()

    def library(self) -> Plugins:
        """The plug-ins of this process, loaded once."""
        with self._loading:
            return plugins()

    def status(self) -> Message:
        """What a user may want to know."""
        about = {"python": sys.executable, "uptime": round(time.monotonic() - self._born, 1), "memory": resident()}
        return self._hello | about | {"jobs": len(self.jobs), "clients": len(self._sessions)}

    def stop(self) -> None:
        """End soon, from any thread or from a signal."""
        self._stopping = True
        self._ring()

    def _ring(self) -> None:
        try:
            self._rope.send(b"!")
        except OSError:
            return  # full: it has been rung often enough

    def _warm_up(self) -> None:
        self.library()
        if self._habits.warm:
            from senga.neural.executors import warm_up

            try:
                warm_up(os.cpu_count() or 1)
            except SengaError as error:
                logging.info("Networks do not run here: %s", error)

    def _tidy(self) -> None:
        if not self._retired and not self._seat.held():
            self._retire("The folder was removed")
        try:
            self._log.rotate()
            for folder in private_folders():
                sweep(folder)
        except (WorkerError, OSError) as error:
            logging.warning("What lies around cannot be removed: %s", error)

    def _leave(self) -> int:
        self._seat.leave()
        self.jobs.end_all()
        deadline = time.monotonic() + FAREWELL
        while self.jobs and time.monotonic() < deadline:
            time.sleep(0.02)
        logging.info("Worker ends")
        return 0
