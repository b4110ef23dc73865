"""Strangers, old versions and noise at the door."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from senga.host_adapters.worker import client, session
from senga.host_adapters.worker.client import GREETING, LIMIT, MAGIC, Channel, Gone, Worker, WorkerError, connect, proof
from senga.host_adapters.worker.seat import Seat

from .conftest import Site, until

NOISE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def door(house: dict[str, Any]) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(10)
        connection.connect(f"{house['folder']}/socket")
        yield connection


@contextmanager
def inside(house: dict[str, Any]) -> Iterator[socket.socket]:
    """A connection that has proven itself and heard the greeting."""
    with door(house) as connection:
        channel = Channel(connection)
        client._answer(connection, channel, Path(house["folder"], "secret").read_bytes())
        hello = channel.receive(10)
        assert hello is not None
        assert hello["event"] == "hello"
        yield connection


def dropped(connection: socket.socket) -> bool:
    """Whether the worker hangs up; what it still says is of no interest."""
    with suppress(ConnectionError):
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass
    return True


@NOISE
@given(noise=st.binary(min_size=64, max_size=300))
def test_noise_instead_of_a_proof_is_dropped(worker: Worker, house: dict[str, Any], noise: bytes) -> None:
    with door(house) as connection:
        connection.sendall(noise)
        assert dropped(connection)
    assert worker.status()["pid"] == worker.pid


MESSAGES = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=100).map(lambda data: struct.pack(">I", len(data)) + data),
    st.integers(LIMIT + 1, 2**32 - 1).map(lambda size: struct.pack(">I", size) + b"{}"),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ).map(lambda value: json.dumps(value).encode()).map(lambda data: struct.pack(">I", len(data)) + data),
    st.fixed_dictionaries(
        {"op": st.sampled_from(["run", "cancel", "took", "describe", "status", "", "run\0"])},
        optional={"order": st.dictionaries(st.text(max_size=8), st.integers()), "canvas": st.integers()},
    ).map(lambda value: json.dumps(value).encode()).map(lambda data: struct.pack(">I", len(data)) + data),
)  # fmt: skip


@NOISE
@given(messages=st.lists(MESSAGES, min_size=1, max_size=4))
def test_noise_instead_of_messages_harms_nobody(worker: Worker, house: dict[str, Any], messages: list[bytes]) -> None:
    with inside(house) as connection:
        with suppress(ConnectionError):
            connection.sendall(b"".join(messages))
        assert dropped(connection)
    assert worker.status()["pid"] == worker.pid


@pytest.mark.parametrize("data", [
    struct.pack(">I", 2**32 - 1), struct.pack(">I", 3) + b"[1]", struct.pack(">I", 2) + b"\xff\xff",
    struct.pack(">I", 100000) + b"[" * 100000,
])  # fmt: skip
def test_what_is_no_message_ends_the_connection(worker: Worker, house: dict[str, Any], data: bytes) -> None:
    with inside(house) as connection:
        connection.sendall(data)
        assert connection.recv(1) == b""
    assert worker.status()["pid"] == worker.pid


def test_without_the_secret_nobody_comes_in(worker: Worker, house: dict[str, Any]) -> None:
    for secret in (b"", b"wrong", os.urandom(32)):
        with door(house) as connection, pytest.raises(Gone):
            client._answer(connection, Channel(connection), secret)


def test_an_answer_cannot_be_used_twice(worker: Worker, house: dict[str, Any]) -> None:
    secret = Path(house["folder"], "secret").read_bytes()
    with door(house) as connection:
        _, _, theirs = GREETING.unpack(Channel(connection).exactly(GREETING.size))
        answer = bytes(32) + proof(secret, b"client", theirs, bytes(32))
        connection.sendall(answer)
        assert len(connection.recv(32)) == 32
    with door(house) as connection:
        connection.sendall(answer)
        Channel(connection).exactly(GREETING.size)
        assert connection.recv(1) == b""


def test_a_worker_that_does_not_know_the_secret_is_not_believed(den: Path, site: Site) -> None:
    folder = Path(client.worker_folder(site.manifest()))
    (folder / "secret").write_bytes(b"ours")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(5)

        def pretend() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                connection.sendall(GREETING.pack(MAGIC, client.PROTOCOL, bytes(32)))
                Channel(connection).exactly(64)
                connection.sendall(bytes(32))

        thread = threading.Thread(target=pretend)
        thread.start()
        with pytest.raises(WorkerError, match="does not run"):
            connect(site.manifest(), start=False)
        thread.join()


def another_age(seat: Seat, stops: int) -> None:
    """A worker of another protocol, which leaves after so many requests to stop."""
    for _ in range(stops):
        connection, _ = seat.listener.accept()
        with closing(connection):
            ours = os.urandom(32)
            connection.sendall(GREETING.pack(MAGIC, 999, ours))
            channel = Channel(connection)
            theirs = channel.exactly(64)[:32]
            connection.sendall(proof(seat.secret, b"worker", theirs, ours))
            assert channel.receive(5) == {"op": "stop"}
    seat.leave()


def test_a_worker_of_another_age_is_replaced(site: Site) -> None:
    seat = Seat.take(Path(client.worker_folder(site.manifest())))
    assert seat is not None
    thread = threading.Thread(target=another_age, args=(seat, 1))
    thread.start()
    with connect(site.manifest()) as worker:
        assert worker.status()["pid"] != os.getpid()
    thread.join()


def test_when_the_installed_worker_is_of_another_age_the_painter_is_told(site: Site) -> None:
    seat = Seat.take(Path(client.worker_folder(site.manifest())))
    assert seat is not None
    thread = threading.Thread(target=another_age, args=(seat, 2))
    thread.start()
    with pytest.raises(WorkerError, match="senga gimp install"):
        connect(site.manifest())
    thread.join()


def test_one_who_says_nothing_disturbs_nobody(worker: Worker, house: dict[str, Any]) -> None:
    with door(house):
        assert until(lambda: worker.status()["clients"] == 2)
        with connect(house) as other:
            assert other.status()["clients"] == 3


def test_one_who_says_nothing_is_shown_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HANDSHAKE", 0.1)
    ours, theirs = socket.socketpair()
    house: Any = SimpleNamespace(secret=b"known to nobody")
    with closing(theirs):
        session.Session(ours, house).serve()
        Channel(theirs).exactly(GREETING.size)
        assert theirs.recv(1) == b""
