"""The worker's side of one connection."""

from __future__ import annotations

import hmac
import os
import select
import socket
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Protocol

from senga.errors import SengaError
from senga.filter import about, describe
from senga.registry import Plugins

from .client import GREETING, MAGIC, PROTOCOL, Channel, Gone, proof
from .jobs import Jobs
from .task import Message, Task, failure

HANDSHAKE = 5.0
"""Seconds that a stranger has to prove who they are."""


class House(Protocol):
    """What a session needs of the worker."""

    secret: bytes
    jobs: Jobs

    def hello(self) -> Message:
        """The first message to a client."""

    def library(self) -> Plugins:
        """The plug-ins."""

    def status(self) -> Message:
        """What the worker does."""

    def stop(self) -> None:
        """End the worker."""


class Session:
    """Answers one client until either side hangs up; then the client's job is cancelled."""

    def __init__(self, connection: socket.socket, house: House) -> None:
        self._connection, self._house = connection, house
        self._channel = Channel(connection, HANDSHAKE)
        self._sending = threading.Lock()
        self._task: Task | None = None

    def serve(self) -> None:
        """Prove both sides, say hello, then answer message by message."""
        with suppress(Gone, OSError):
            admit(self._connection, self._channel, self._house.secret)
            self._channel = Channel(self._connection)
            self._tell({"event": "hello", **self._house.hello()})
            while True:
                message = self._channel.receive()
                if message is not None:
                    self._hear(message)
        if self._task:
            self._house.jobs.cancel(self._task)
        self._channel.close()

    def _hear(self, message: Message) -> None:
        answers = {"run": self._run, "cancel": self._cancel, "took": self._took}
        questions = {"describe": self._describe, "status": self._status, "stop": self._stop}
        name, language = str(message.get("op")), _language(message)
        if name not in ("cancel", "took"):
            self._tell({"event": "heard"})
        try:
            if name in questions:
                self._tell({"event": "answer", "value": questions[name](language)})
            elif name in answers:
                answers[name](message)
            else:
                raise SengaError(f"The worker does not know what “{name[:40]}” is.")
        except SengaError as error:
            self._tell(failure(str(error), language))
        if name == "stop":
            self._house.stop()

    def _run(self, message: Message) -> None:
        if self._task:
            raise SengaError("This connection has a job already.")
        asked = {name: message.get(name) for name in ("order", "canvas")}
        task = Task(asked | {"language": _language(message)}, self._tell_job)
        self._task = task
        self._house.jobs.add(task)

    def _cancel(self, _message: Message) -> None:
        if self._task:
            self._house.jobs.cancel(self._task)

    def _took(self, _message: Message) -> None:
        if self._task:
            self._task.took()

    def _describe(self, language: str) -> Message:
        known = self._house.library()
        filters = [_facts(known, name, language) for name in known.filters]
        return {"version": self._house.status()["version"], "filters": filters}

    def _status(self, _language: str) -> Message:
        return self._house.status()

    def _stop(self, _language: str) -> Message:
        return {}

    def _tell_job(self, message: Message) -> None:
        """Send what a job tells, unless the client is gone; progress that nobody reads is left out."""
        if message["event"] == "progress" and not self._writable():
            return
        if message["event"] in ("done", "error", "cancelled"):
            self._task = None
        with suppress(Gone):
            self._tell(message)

    def _writable(self) -> bool:
        try:
            return bool(select.select([], [self._connection], [], 0)[1])
        except (OSError, ValueError):
            return False

    def _tell(self, message: Message) -> None:
        with self._sending:
            self._channel.send(message)


def admit(connection: socket.socket, channel: Channel, secret: bytes) -> None:
    """Let a client prove that it knows the secret, and prove it too.

    Raises:
        Gone: it does not.
    """
    ours = os.urandom(32)
    connection.sendall(GREETING.pack(MAGIC, PROTOCOL, ours))
    theirs, shown = channel.exactly(32), channel.exactly(32)
    if not hmac.compare_digest(shown, proof(secret, b"client", ours, theirs)):
        raise Gone
    connection.sendall(proof(secret, b"worker", theirs, ours))


def _language(message: Message) -> str:
    """The language of the client; without a wish it is English, and not that of whoever started the worker."""
    return str(message.get("language") or "en")[:200]


def _facts(known: Plugins, name: str, language: str) -> dict[str, Any]:
    kind = known.filters[name]
    settings = [asdict(info) for info in describe(kind, language)]
    told = asdict(about(kind, language))
    return {"name": name, **told, "plugin": known.owner(name), "settings": settings}
