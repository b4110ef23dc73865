"""The worker's side of one connection."""

from __future__ import annotations

import hmac
import json
import logging
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Protocol

from senga.errors import SengaError
from senga.filter import about, describe
from senga.registry import Plugins

from .client import GREETING, MAGIC, PROTOCOL, Channel, Gone, WorkerError, proof
from .jobs import Jobs
from .task import Task
from .words import Message, failure, name_of, trace

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
        self.proven = False

    def serve(self) -> None:
        """Prove both sides, say hello, then answer message by message."""
        with suppress(Gone, OSError):
            admit(self._connection, self._channel, self._house.secret)
            self.proven = True
            self._channel = Channel(self._connection)
            self._tell({"event": "hello", **self._house.hello()})
            while True:
                message = self._channel.receive()
                if message is not None:
                    self._hear(message)
        if self._task:
            self._house.jobs.cancel(self._task)
        self._channel.close()

    def hang_up(self) -> None:
        """End the conversation, from any thread."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection in a process that was forked off the worker, and has no part in it."""
        self._connection.close()

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
        except (SengaError, WorkerError) as error:
            self._tell(failure(str(error), language))
        except (Gone, OSError):
            raise
        except Exception as error:  # of a plug-in that is asked, or of a message that nobody thought of
            logging.error("A question failed: %s", trace(error))
            self._tell(failure(f"Senga failed ({name_of(error)}); its log tells more.", language))
        if name == "stop":
            self._house.stop()

    def _run(self, message: Message) -> None:
        if self._task:
            raise SengaError("This connection has a job already.")
        asked = {name: message.get(name) for name in ("order", "canvas", "place")}
        preview, pictures = str(message.get("preview") or "")[:200], message.get("pictures") or {}
        about = {"language": _language(message), "preview": preview, "pictures": pictures}
        about["growth"] = bool(message.get("growth"))
        task = Task(asked | about, self._tell_job)
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
        filters = [facts for name in known.filters for facts in _facts(known, name, language)]
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
        try:
            with self._sending:
                self._channel.send(message)
        except Gone:
            self.hang_up()  # perhaps in the middle of a message: nothing can follow it
            raise


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


def _facts(known: Plugins, name: str, language: str) -> Iterator[dict[str, Any]]:
    """What a dialog needs to know of a filter; nothing if its plug-in cannot tell, which must not hide the others."""
    kind = known.filters[name]
    try:
        settings = [asdict(info) for info in describe(kind, language)]
        facts = {"name": name, **asdict(about(kind, language)), "plugin": known.owner(name), "settings": settings}
        json.dumps(facts)
    except Exception as error:
        logging.error("The filter %s cannot be described: %s", name, trace(error))
    else:
        yield facts
