"""Several processes that paint at the same time: the pictures of a batch, or the frames of one film.

They are spawned, for a forked process with MindSpore in it hangs. Each gets its share of the threads and of the memory.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait as any_of
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from typing import Any, NoReturn

from senga.atomic import discard_unfinished
from senga.errors import Cancelled, SengaError
from senga.image import Animation, Frame, Image
from senga.job import Job
from senga.language import tr
from senga.neural import memory
from senga.registry import plugins

from .attempt import Outcome, Paint, Painter, Picture, attempt, blend_of, job_of
from .order import Order
from .outputs import Target
from .report import Report

_LOOK = 0.1
"""Seconds between two looks at the cancel button."""
_GRACE = 0.5
"""Seconds that a filter has to notice a cancel."""
_AHEAD = 2
"""Frames that wait for each worker."""

_Said = tuple[str, tuple[Any, ...]]


class Crew(AbstractContextManager["Crew"]):
    """Workers for one order.

    Args:
        size: how many.
        order: what they are to do.
        stopped: True when the user wants to stop.
    """

    def __init__(self, size: int, order: Order, stopped: Callable[[], bool]) -> None:
        self._size = size
        self._order = _share(order, size)
        self._stopped = stopped
        self._open()

    def _open(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._stop, self._said = spawn.Event(), spawn.SimpleQueue()
        self._pool = ProcessPoolExecutor(self._size, spawn, _begin, (self._order, self._stop, self._said))

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def attempts(self, targets: list[Target], report: Report) -> Iterator[Outcome]:
        """Work on several inputs at the same time; outcomes come as they are ready."""
        waiting = deque(enumerate(targets, 1))
        running: dict[Future[Outcome], Target] = {}
        while running or (waiting and not self._stopped()):
            while waiting and len(running) < self._size and not self._stopped():
                number, target = waiting.popleft()
                report.start(target.label, number, len(targets))
                running[self._pool.submit(_attempt, target)] = target
            done = wait(running, _LOOK, FIRST_COMPLETED).done
            self._hear(report)
            if self._stopped():
                self._stop.set()
            yield from self._ended({future: running.pop(future) for future in done}, report)

    def _hear(self, report: Report) -> None:
        while not self._said.empty():
            name, facts = self._said.get()
            getattr(report, name)(*facts)

    def _ended(self, done: dict[Future[Outcome], Target], report: Report) -> Iterator[Outcome]:
        lost = False
        for future, target in done.items():
            try:
                yield future.result()
            except BrokenProcessPool:
                lost = True
                text = tr("the process that painted it was ended, perhaps for want of memory; use fewer workers.")
                report.failed(target.label, f"{target.label}: {text}")
                yield "failed"
        if lost:
            self._open()

    def sharing(self, painter: Painter) -> Paint:
        """Paint stills here, and the frames of a film all over the crew."""

        def paint(source: Picture, job: Job) -> Picture:
            if not isinstance(source, Animation):
                return painter(source, job)
            return replace(source, frames=lambda: self._frames(source, job))

        return paint

    def _frames(self, film: Animation, job: Job) -> Iterator[Frame]:
        waiting: deque[tuple[float, Future[Image]]] = deque()
        ready = 0
        for frame in film.frames():
            waiting.append((frame.seconds, self._pool.submit(_frame, frame.image)))
            if len(waiting) > _AHEAD * self._size:
                yield self._ready(*waiting.popleft(), job)
                ready += 1
                job.progress(ready / film.count, "Painting frames")
        while waiting:
            yield self._ready(*waiting.popleft(), job)

    def _ready(self, seconds: float, future: Future[Image], job: Job) -> Frame:
        while not wait([future], _LOOK).done:
            job.check()
        try:
            return Frame(future.result(), seconds)
        except BrokenProcessPool as error:
            raise SengaError("A worker was ended, perhaps for want of memory; use fewer workers.") from error


def _share(order: Order, size: int) -> Order:
    threads = order.options["threads"] or os.cpu_count() or 1
    shares = {"threads": max(threads // size, 1), "memory": memory.budget(order.options["memory"]) // size}
    return replace(order, options={**order.options, **shares})


# ---- inside a worker


@dataclass
class _Member:
    """What a worker knows."""

    painter: Painter
    report: Report
    stop: Event

    def job(self) -> Job:
        """For one frame."""
        return job_of(self.painter.order.options, self.stop.is_set, lambda share, note: None)  # noqa: ARG005


_member: list[_Member] = []


class _Relay(Report):
    """Tells the first process what happened."""

    def __init__(self, said: SimpleQueue[_Said]) -> None:
        self._said = said
        self._last = 0.0

    def progress(self, label: str, share: float, note: str) -> None:
        if time.monotonic() - self._last >= _LOOK:
            self._last = time.monotonic()
            self._said.put(("progress", (label, share, note)))

    def done(self, label: str, output: str, seconds: float) -> None:
        self._said.put(("done", (label, output, seconds)))

    def skipped(self, label: str, output: str) -> None:
        self._said.put(("skipped", (label, output)))

    def failed(self, label: str, message: str) -> None:
        self._said.put(("failed", (label, message)))


def _begin(order: Order, stop: Event, said: SimpleQueue[_Said]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides
    signal.signal(signal.SIGTERM, lambda *_: _end())
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()
    _member.append(_Member(Painter(order, plugins(), blend_of(order.options)), _Relay(said), stop))


def _watch(stop: Event) -> None:
    """End this process soon after it was asked to stop, and when the first process is gone."""
    first = multiprocessing.parent_process()
    while first is not None and not any_of([first.sentinel], _LOOK):
        if stop.is_set():
            time.sleep(_GRACE)
            break
    _end()


def _end() -> NoReturn:
    discard_unfinished()
    os._exit(0)


def _attempt(target: Target) -> Outcome:
    me = _member[0]
    return attempt(target, me.painter.order, me.painter, me.report, me.stop.is_set)


def _frame(image: Image) -> Image:
    me = _member[0]
    result = me.painter(image, me.job())
    if isinstance(result, Animation):
        raise SengaError("This filter makes an animation, so it needs a single picture and not an animation.")
    if me.stop.is_set():
        raise Cancelled
    return result
