"""What rude plug-ins and clients may do to a worker, and what others notice of it: nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga.host_adapters.worker import client, daemon, pixels
from senga.host_adapters.worker.client import Cancelled, Canvas, Channel, Gone, Worker, WorkerError, connect
from senga.host_adapters.worker.jobs import Jobs
from senga.host_adapters.worker.seat import Seat, holder
from senga.host_adapters.worker.task import Task

from .conftest import Site, running, until
from .test_life import canvas, works
from .test_protocol import door, dropped, inside

PATIENT = {"filter": "patient", "settings": {"steps": 30, "polite": False}}


def jobs_of(manifest: dict[str, Any]) -> int:
    try:
        with connect(manifest, start=False) as worker:
            return int(worker.status()["jobs"])
    except WorkerError:
        return 0


def rude(way: str) -> dict[str, Any]:
    return {"filter": "rude", "settings": {"way": way}}


class Run(threading.Thread):
    """A job in a thread of its own, and how it ended."""

    def __init__(
        self, manifest: dict[str, Any], order: dict[str, Any], preview: str = "", *, quick: bool = False
    ) -> None:
        super().__init__()
        self._manifest, self._order, self._preview = manifest, order, preview
        self._place = {"width": 1000, "height": 1000, "reduced": True} if quick else None
        self.notes: list[str] = []
        self.end: Any = None
        self.stopped = False
        self.start()

    def run(self) -> None:
        try:
            with connect(self._manifest) as worker, canvas() as made:
                self.end = worker.run(
                    self._order,
                    made,
                    lambda _, note: self.notes.append(note),
                    lambda: self.stopped,
                    None,
                    self._preview,
                    place=self._place,
                )
        except Exception as error:
            self.end = error


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("silent", "silence|it cannot say why|SilentError"),
        ("mute", "it cannot say why"),
        ("long", "long long"),
        ("strange", "a .*name of two lines"),
        ("deep", "RecursionError"),
        ("interrupt", "KeyboardInterrupt"),
        ("base", "BaseBase"),
        ("give up", "stopped by itself"),
    ],
)
def test_whatever_a_filter_raises_becomes_one_short_line(worker: Worker, way: str, says: str) -> None:
    pid = worker.status()["pid"]
    for _ in "ab":  # the thread that does the jobs lives on
        with canvas() as made, pytest.raises(WorkerError, match=says) as caught:
            worker.run(rude(way), made)
        text = caught.value.message
        assert text.isprintable()
        assert len(text.encode("utf-8")) <= 4000
    assert works(worker)
    assert worker.status()["pid"] == pid
    assert (Path(worker.folder) / "log").stat().st_size < 1 << 20


def test_a_client_that_cannot_be_told_ends_no_thread(den: Path) -> None:
    told: list[Any] = []

    def fail(message: Any) -> None:
        told.append(message)
        raise OSError("nobody listens")

    def perform(task: Task) -> Any:
        raise SystemExit

    jobs = Jobs(perform)
    for number in (1, 2):
        with Canvas(2, 2, 3, "u8") as made:
            jobs.add(Task({"order": {"filter": "sketch"}, "canvas": made.facts()}, fail))
            assert until(lambda number=number: len([one for one in told if one["event"] == "error"]) == number)
    assert until(lambda: len(jobs) == 0)


def test_a_worker_that_leaves_children_behind_makes_room_for_another(site: Site) -> None:
    with connect(site.manifest()) as worker:
        with canvas() as made:
            worker.run(rude("fork"), made)
        stay = Run(site.manifest(), PATIENT)
        assert until(lambda: worker.status()["jobs"] == 1)
        os.kill(worker.pid, signal.SIGKILL)
        stay.join(5)
        assert isinstance(stay.end, WorkerError), "its client hears of it at once, though a child lives"
        start = time.monotonic()
        with connect(site.manifest()) as other:
            assert other.pid != worker.pid
            assert works(other)
        assert time.monotonic() - start < 30  # its child would live for a minute


def test_a_child_that_comes_back_as_a_worker_ends(worker: Worker) -> None:
    def children() -> list[str]:
        return Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()

    for _ in "ab":
        with canvas() as made:
            assert worker.run(rude("return twice"), made).changed
    assert works(worker)
    assert until(lambda: not any(running(int(pid)) for pid in children()))


def test_an_old_worker_leaves_the_socket_of_its_successor_alone(tmp_path: Path) -> None:
    folder = tmp_path / "worker-1"
    folder.mkdir()
    old = Seat.take(folder)
    assert old is not None
    assert old.held()
    shutil.rmtree(folder)  # as what tidies temporary folders does
    folder.mkdir()
    new = Seat.take(folder)
    assert new is not None
    assert not old.held()
    old.leave()
    old.leave()
    assert new.held()
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "secret", "socket"]
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(folder / "socket"))
    new.leave()
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_many_threads_that_leave_a_seat_at_once_leave_it_once(tmp_path: Path) -> None:
    for _ in range(20):
        seat = Seat.take(tmp_path)
        assert seat is not None
        with ThreadPoolExecutor(4) as pool:
            for end in [pool.submit(seat.leave) for _ in range(4)]:
                end.result()


def test_a_worker_whose_folder_is_gone_makes_room(site: Site) -> None:
    with connect(site.manifest("--idle", "300")) as worker:
        shutil.rmtree(worker.folder)
        with connect(site.manifest()) as other:
            assert other.pid != worker.pid
            assert works(other)
            assert works(worker)  # a job that comes over the old connection
            assert works(other)
    assert until(lambda: not running(worker.pid))


def test_a_hundred_clients_start_one_worker(site: Site, den: Path) -> None:
    starts, python = den / "starts", Path(site.python)
    python.write_text(python.read_text().replace("export", f'echo x >> "{starts}"\nexport'))
    with ThreadPoolExecutor(100) as pool:
        workers = list(pool.map(lambda _: connect(site.manifest()), range(100)))
    assert len({worker.pid for worker in workers}) == 1
    assert len(starts.read_text().split()) == 1
    assert workers[0].status()["clients"] == 100
    for worker in workers:
        worker.close()


def test_clients_of_a_worker_that_cannot_start_try_in_turn(site: Site, den: Path) -> None:
    starts = den / "starts"
    Path(site.python).write_text(f'#!/bin/sh\necho x >> "{starts}"\nsleep 0.3\nexit 0\n')

    def attempt(_: int) -> None:
        with pytest.raises(WorkerError):
            connect(site.manifest(), timeout=3)

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(attempt, range(30)))
    assert len(starts.read_text().split()) < 60  # each as it pleases, it would be three hundred
    ours = [child for child in client._children if child.args[0] == site.python]
    assert until(lambda: all(child.poll() is not None for child in ours))


def test_jobs_behind_a_stuck_one_go_on(site: Site) -> None:
    manifest = site.manifest("--patience", "0.5")
    stuck = Run(manifest, {"filter": "patient", "settings": {"steps": 400, "polite": False}})
    assert until(lambda: jobs_of(manifest) == 1)
    others = [Run(manifest, {"filter": "posterize"}) for _ in "abc"]
    assert until(lambda: all(other.notes for other in others))
    stuck.stopped = True
    for other in others:
        other.join(10)
        assert getattr(other.end, "changed", False), other.end
    stuck.join()
    assert isinstance(stuck.end, Cancelled)
    with connect(manifest) as fresh:
        assert works(fresh)


def test_jobs_behind_one_that_ends_the_worker_are_done_by_the_next(site: Site, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    manifest = site.manifest()
    first = Run(manifest, {"filter": "patient", "settings": {"steps": 10, "witness": str(witness)}})
    assert until(witness.exists)
    fatal = Run(manifest, rude("leave"))
    assert until(lambda: fatal.notes)
    other = Run(manifest, {"filter": "posterize"})
    for run in (first, fatal, other):
        run.join(20)
    assert first.end.changed
    assert isinstance(fatal.end, WorkerError)
    assert "was lost while it worked" in fatal.end.message
    assert getattr(other.end, "changed", False), other.end


def test_who_waits_when_the_worker_is_ended_is_told_so(site: Site) -> None:
    with connect(site.manifest()) as worker:
        runs = [Run(site.manifest(), PATIENT)]
        assert until(lambda: worker.status()["jobs"] == 1)
        runs.append(Run(site.manifest(), {"filter": "posterize"}))
        assert until(lambda: runs[1].notes)
        worker.stop()
        runs[1].join(5)
        assert "ended before it came to this picture" in str(runs[1].end)
        runs[0].join(5)


def test_previews_overtake_jobs_and_replace_each_other(worker: Worker, house: dict[str, Any]) -> None:
    long = Run(house, {"filter": "patient", "settings": {"steps": 80, "polite": False}})
    assert until(lambda: worker.status()["jobs"] == 1)
    waiting = Run(house, {"filter": "posterize"})
    assert until(lambda: waiting.notes)
    with canvas() as made:
        assert worker.run({"filter": "posterize"}, made, preview="dialog 1").changed
    assert long.is_alive()
    assert waiting.is_alive()
    older = Run(house, {"filter": "patient"}, "dialog 1")
    stranger = Run(house, {"filter": "patient", "settings": {"steps": 5}}, "dialog 2")
    assert until(lambda: older.notes and stranger.notes)
    with canvas() as made:
        assert worker.run({"filter": "posterize"}, made, preview="dialog 1").changed
    for run in (older, stranger, waiting, long):
        run.join(10)
    assert isinstance(older.end, Cancelled)
    assert stranger.end.changed
    assert waiting.end.changed
    assert long.end.changed


def test_a_job_stands_still_while_a_quick_preview_is_painted(
    worker: Worker, house: dict[str, Any], tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    long = Run(house, {"filter": "patient", "settings": {"steps": 60, "witness": str(witness)}})
    assert until(witness.exists)
    before = len(witness.read_text())
    with canvas() as made:
        place = {"width": made.width * 9, "height": made.height * 9, "reduced": True}
        order = {"filter": "patient", "settings": {"steps": 12}}
        assert worker.run(order, made, preview="dialog 1", place=place).changed
    during = len(witness.read_text()) - before
    with canvas() as made:
        assert worker.run(order, made, preview="dialog 1").changed
    assert during <= 3
    assert len(witness.read_text()) - before - during >= 6, "a true preview keeps nobody from working"
    long.join(20)
    assert long.end.changed


def test_a_quick_preview_that_does_not_end_stops_no_job(worker: Worker, house: dict[str, Any], tmp_path: Path) -> None:
    task, witness = {"filter": "patient", "settings": {"steps": 2}}, tmp_path / "witness"
    settings = {"steps": 240, "polite": False, "witness": str(witness)}
    stubborn = Run(house, {"filter": "patient", "settings": settings}, "dialog 3", quick=True)
    assert until(lambda: worker.status()["jobs"] == 1)
    start = time.monotonic()
    with canvas() as made:
        assert worker.run(task, made).changed
    assert 1 < time.monotonic() - start < 20, "each look takes a second at most"
    stubborn.stopped = True
    with canvas() as made:
        assert worker.run(task, made).changed
    assert len(witness.read_text()) < 240, "what was cancelled keeps nobody waiting"
    stubborn.join(30)


def test_messages_that_come_byte_by_byte_must_be_through_in_time() -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        channel = Channel(ours, 0.5)

        def dribble() -> None:
            with suppress(OSError):
                for byte in b"\0\0\0\x64" + b" " * 90:
                    theirs.send(bytes([byte]))
                    time.sleep(0.1)

        threading.Thread(target=dribble, daemon=True).start()
        start = time.monotonic()
        with pytest.raises(Gone):
            channel.receive(5)
        assert time.monotonic() - start < 6  # of nine seconds


def test_strangers_keep_no_place_from_a_client(worker: Worker, house: dict[str, Any]) -> None:
    with ExitStack() as crowd:
        for _ in range(daemon.MOST_STRANGERS + 20):
            crowd.enter_context(door(house))
        with connect(house) as other:
            assert works(other)
            assert until(lambda: other.status()["clients"] <= daemon.MOST_STRANGERS + 2)


@pytest.mark.parametrize(
    "noise", [b"\xff\xff\xff\xff", b"\0\0\0\x02[]", b"\0\0\0\x02\xff\xff", b"\0\x20\0\0" + b"[" * (2 << 20)]
)
def test_what_is_no_message_ends_the_conversation_alone(worker: Worker, house: dict[str, Any], noise: bytes) -> None:
    with inside(house) as connection:
        connection.sendall(noise)
        assert dropped(connection)
    assert works(worker)


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": {"filter": "\ud800"}},
        {"order": {"filter": "x" * 1000000}},
        {"order": {"filter": "posterize", "feather": float("inf")}},
        {"order": {"filter": "posterize", "strength": float("nan")}},
        {"order": {"filter": "sketch", "seed": -(10**400)}},
        {"order": {"recipe": "a = " + "[" * 100000}},
        {"order": [[[[]]]]},
        {"canvas": {"path": "canvas-\0"}},
        {"canvas": {"width": 10**30}},
        {"canvas": None},
        {"preview": {"a": 1}, "order": 3},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_what_makes_no_sense_is_answered_in_one_line(worker: Worker, wrong: dict[str, Any]) -> None:
    pid = worker.status()["pid"]
    with canvas() as made:
        message = {"op": "run", "order": {"filter": "posterize"}, "canvas": made.facts()}
        if isinstance(wrong.get("canvas"), dict):
            wrong = {"canvas": message["canvas"] | wrong["canvas"]}
        worker._ask(message | wrong)
        with pytest.raises(WorkerError) as caught:
            worker._follow(None, lambda: False, None, None)
        assert caught.value.message.isprintable()
        assert len(caught.value.message) <= 1000
    assert works(worker)
    assert worker.pid == pid


def _link(path: Path, real: Path) -> None:
    path.symlink_to(real)


def _pipe(path: Path, real: Path) -> None:
    os.mkfifo(path)


def _hole(path: Path, real: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 43)


@pytest.mark.parametrize(("make", "width"), [(_link, 16), (_pipe, 16), (_hole, 1 << 40)])
def test_what_is_no_plain_file_full_of_pixels_is_no_canvas(
    worker: Worker, den: Path, make: Callable[[Path, Path], None], width: int
) -> None:
    real, path = den / "own", den / "canvas-1"
    real.write_bytes(bytes(16 * 12 * 3))
    make(path, real)
    facts = {"path": str(path), "width": width, "height": 1, "channels": 3, "depth": "u8", "masked": False}
    worker._ask({"op": "run", "order": {"filter": "redden"}, "canvas": facts})
    with pytest.raises(WorkerError, match=r"no canvas|cannot be opened|is full"):
        worker._follow(None, lambda: False, None, None)
    assert real.read_bytes() == bytes(16 * 12 * 3)
    path.unlink()


def test_a_canvas_of_somebody_else_is_none(den: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Canvas(4, 4, 3, "u8") as made:
        sheet = pixels.Sheet(**made.facts())
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(pixels.SettingsError, match="no canvas"):
            pixels.Mapping(sheet)


def test_a_client_that_takes_nothing_keeps_nobody_waiting(den: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from senga import Image
    from senga.host_adapters.worker import task
    from senga.job import Job

    monkeypatch.setattr(task, "TAKING", 0.2)
    with Canvas(4, 4, 3, "u8") as made:
        job = Task({"order": {"filter": "sketch"}, "canvas": made.facts()}, lambda _: None)
        with pytest.raises(WorkerError, match="does not take"):
            job._hand_over(Image.of(np.zeros((4, 4, 3), np.uint8)), Job())


def test_folders_that_others_can_exchange_are_not_used(den: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    (den / "tmp").chmod(0o777)
    with pytest.raises(WorkerError, match="exchange"):
        client.private_folders()
    (den / "tmp").chmod(0o1777)
    assert client.private_folders()


def test_a_named_folder_is_made_private(den: Path) -> None:
    folder = den / "worker-own"
    assert client.worker_folder({"folder": str(folder)}) == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    folder.symlink_to(den / "run")
    with pytest.raises(WorkerError, match="somebody else"):
        client.worker_folder({"folder": str(folder)})


def test_a_lock_that_a_killed_worker_left_is_nobody_s(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1")
    assert holder(tmp_path) is None
