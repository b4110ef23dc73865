"""Several processes that paint at the same time: the pictures of a batch, or the frames of one film.

They are spawned, for a forked process with MindSpore in it hangs. Each gets its share of the threads and of the memory.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import wait as any_of
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING, Any, NoReturn

from senga import backends
from senga.atomic import discard_unfinished
from senga.backends import Assignment, Site
from senga.compose import Blend
from senga.errors import SengaError
from senga.frames import unpainted
from senga.image import Animation, Frame, Image
from senga.interpreters import leave_working_folder
from senga.job import Job, Moment
from senga.neural import memory
from senga.registry import plugins

from .assignments import Near
from .attempt import Paint, Painter, Picture, Result, attempt, job_of, told
from .invocation import Invocation
from .outputs import Target
from .report import Report
from .second import SecondPictures
from .signals import ending_signals

if TYPE_CHECKING:
    from senga.steady import Steadier

_LOOK = 0.1
"""Seconds between two looks at the cancel button."""
_GRACE = 0.5
"""Seconds that a filter has to notice a cancel."""
_NEXT = 1
"""Inputs that wait for the first worker that is ready, so that it need not wait."""
_AHEAD = 2
"""Frames that wait for each worker."""

_OF_RUNTIMES = "senga.neural"
"""The logger that tells of what all workers share."""

_Said = tuple[str, tuple[Any, ...]]


class Crew(backends.Crew):
    """Workers for one assignment: the back end ``local``.

    Args:
        assignment: what they are to do.
        site: how many they are, who is told what they do, and whether the user wants to stop.
    """

    def __init__(self, assignment: Assignment, site: Site) -> None:
        assert isinstance(assignment, Near)  # noqa: S101 - that is what a near back end gets
        self._size = site.jobs
        self._blend = assignment.blend
        self._second = assignment.second
        self._invocation = _share(assignment.invocation, self._size)
        self._site = site
        self._warned = set[tuple[str, str]]()
        self._open()

    def _open(self) -> None:
        leave_working_folder()
        spawn = multiprocessing.get_context("spawn")
        self._stop, self._said, cores = spawn.Event(), spawn.SimpleQueue(), spawn.SimpleQueue()
        for own in _cores(self._size, self._invocation.options["threads"]):
            cores.put(own)
        told = (self._invocation, self._blend, self._second.content, self._stop, self._said, cores)
        self._pool = ProcessPoolExecutor(self._size, spawn, _begin, told)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    @property
    def room(self) -> int:
        return self._size + _NEXT

    def submit(self, piece: Any) -> Future[Any]:
        try:
            return self._pool.submit(_attempt, piece)
        except BrokenProcessPool:  # all have died together
            self._open()
            return self._pool.submit(_attempt, piece)

    def look(self) -> None:
        self._hear(self._site.report)

    def stop(self) -> None:
        self._stop.set()

    def _hear(self, report: Report | None = None) -> None:
        """Tell the workers to stop if need be, and pass on what they say."""
        if self._site.stopped():
            self._stop.set()
        while not self._said.empty():
            name, facts = self._said.get()
            if name == "warned":
                self._warn(*facts)
            elif report is not None:
                getattr(report, name)(*facts)

    def _warn(self, logger: str, level: int, text: str) -> None:
        """Pass a warning on; what is wrong with a runtime is the same for all workers, so it is told once."""
        if logger.startswith(_OF_RUNTIMES) and (logger, text) in self._warned:
            return
        self._warned.add((logger, text))
        logging.getLogger(logger).log(level, "%s", text)

    def sharing(self, painter: Painter) -> Paint:
        """Paint stills here, and the frames of a film all over the crew, unless each needs the one before."""

        def paint(source: Picture, job: Job, target: Target) -> Picture:
            if not isinstance(source, Animation) or self._second.work.wants_before:
                return painter(source, job, target)
            return replace(source, frames=lambda: self._frames(source, job, target))

        return paint

    def _frames(self, film: Animation, job: Job, target: Target) -> Iterator[Frame]:
        waiting: deque[tuple[Frame, Future[Image | _Failure]]] = deque()
        work = self._second.work
        steadied = work.course.steadier(work.blend.selected())
        ready = film.film.pieces.frames if film.film and film.film.pieces else 0
        for number, frame in unpainted(film, job, steadied.go_on if steadied else _ignore):
            with _blaming_a_worker():
                future = self._pool.submit(_frame, frame.image, target, Moment(number, film.count, boils=work.boil))
            waiting.append((frame, future))
            if len(waiting) > _AHEAD * self._size:
                yield self._ready(*waiting.popleft(), job, steadied)
                ready += 1
                job.progress(ready / film.count, "Painting frames")
        while waiting:
            yield self._ready(*waiting.popleft(), job, steadied)

    def _ready(self, frame: Frame, future: Future[Image | _Failure], job: Job, steadied: Steadier | None) -> Frame:
        while not wait([future], _LOOK).done:
            self._hear()
            job.check()
        self._hear()
        with _blaming_a_worker():
            result = future.result()
        if isinstance(result, _Failure):
            job.check()
            raise SengaError(result.reason)
        return replace(frame, image=result if steadied is None else steadied(frame.image, result))


def _ignore(number: int, source: Image, result: Image) -> None:
    """What only those need who look at the frame before."""


@contextmanager
def _blaming_a_worker() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise SengaError("A worker was ended, perhaps for want of memory; use fewer workers.") from error


def _share(invocation: Invocation, size: int) -> Invocation:
    threads = invocation.options["threads"] or os.cpu_count() or 1
    shares = {"threads": max(threads // size, 1), "memory": memory.budget(invocation.options["memory"]) // size}
    return replace(invocation, options={**invocation.options, **shares})


def _cores(size: int, threads: int) -> Iterator[set[int]]:
    """Cores for each worker, of its own where there are enough: MindSpore starts a thread for every core it sees."""
    every = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    for i in range(size):
        yield set(every[i * threads : (i + 1) * threads] if size * threads <= len(every) else every)


# ---- inside a worker


@dataclass
class _Member:
    """What a worker knows."""

    painter: Painter
    report: Report
    stop: Event

    def job(self) -> Job:
        """For one frame."""
        return job_of(self.painter.invocation.options, self.stop.is_set, lambda share, note: None)  # noqa: ARG005


_member: list[_Member] = []


class _Relay(Report):
    """Tells the first process what happened."""

    def __init__(self, said: SimpleQueue[_Said]) -> None:
        self._said = said
        self._last = 0.0

    def start(self, label: str, number: int, count: int) -> None:
        self._said.put(("start", (label, number, count)))

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


class _Warnings(logging.Handler):
    """The same for what a reader or a runtime warns of, as long as nobody else handles it."""

    def __init__(self, said: SimpleQueue[_Said]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.put(("warned", (record.name, record.levelno, record.getMessage())))


def _begin(
    invocation: Invocation,
    blend: Blend,
    content: bytes | None,
    stop: Event,
    said: SimpleQueue[_Said],
    cores: SimpleQueue[set[int]],
) -> None:
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()  # first: what follows may wait for others
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setaffinity(0, cores.get())
    for sign in ending_signals():
        signal.signal(sign, lambda *_: _end())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides
    logging.lastResort = _Warnings(said)
    second = SecondPictures(invocation.work(plugins(), blend), content)
    _member.append(_Member(Painter(invocation, plugins(), blend, second), _Relay(said), stop))


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


def _attempt(piece: tuple[int, Target, int]) -> Result:
    me = _member[0]
    number, target, count = piece
    me.report.start(target.label, number, count)
    return attempt(target, me.painter.invocation, me.painter, me.report, me.stop.is_set)


@dataclass(frozen=True)
class _Failure:
    """Why there is no frame, as text: not every error survives the way to another process."""

    reason: str


def _frame(image: Image, target: Target, moment: Moment) -> Image | _Failure:
    me = _member[0]
    try:
        result = me.painter(image, replace(me.job(), moment=moment), target)
    except BaseException as error:
        return _Failure(told(error))
    if isinstance(result, Animation):
        return _Failure("This filter makes an animation, so it needs a single picture and not an animation.")
    return result
