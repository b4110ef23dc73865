"""The line of jobs, without pixels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from senga.host_adapters.worker import words
from senga.host_adapters.worker.client import Canvas
from senga.host_adapters.worker.jobs import Jobs
from senga.host_adapters.worker.task import Task

from .conftest import until

DONE = {"event": "done"}


@pytest.fixture
def canvas(den: object) -> Iterator[Canvas]:
    with Canvas(2, 2, 3, "u8") as made:
        yield made


def job(canvas: Canvas, told: list[Any]) -> Task:
    return Task({"order": {"filter": "sketch"}, "canvas": canvas.facts()}, told.append)


@pytest.mark.parametrize("width", [1, 2])
def test_so_many_run_at_a_time_and_the_others_hear_their_place(canvas: Canvas, width: int) -> None:
    gate, told = threading.Semaphore(0), [[], [], [], []]
    jobs = Jobs(lambda _: DONE if gate.acquire(timeout=10) else {}, width)
    for one in told:
        jobs.add(job(canvas, one))
        assert until(lambda: len(jobs._running) == min(width, len(jobs)))
    assert [len(one) for one in told] == [0] * width + [1] * (4 - width)
    assert told[-1][0]["note"] == "Waiting for 3 other jobs"
    for left in (3, 2, 1, 0):
        gate.release()
        assert until(lambda left=left: len(jobs) == left)
    assert until(lambda: all(one[-1] == DONE for one in told))


def test_a_job_that_does_not_notice_its_end_is_noticed(canvas: Canvas) -> None:
    gate = threading.Event()
    jobs = Jobs(lambda _: DONE if gate.wait(10) else {})
    stubborn = job(canvas, [])
    jobs.add(stubborn)
    assert until(lambda: len(jobs._running) == 1)
    assert not jobs.stuck(0)
    jobs.cancel(stubborn)
    assert until(lambda: jobs.stuck(0.05))
    assert not jobs.stuck(60)
    gate.set()
    assert until(lambda: not jobs.stuck(0))


def test_progress_is_told_now_and_then_not_always(canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    one = job(canvas, told)
    for step in range(1000):
        one._progress(step / 1000, "x" * 5000)
    assert len(told) < 100
    assert len(told[0]["note"]) == words.LONGEST
