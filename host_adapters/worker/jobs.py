"""Jobs wait in line: one is done at a time, unless the worker was told otherwise; previews overtake them.

What runs already stands still while a quick preview is painted: else they would share the cores.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from .task import Task
from .words import Message, failure, trace

PREVIEWS = 2
"""How many previews are made beside the jobs: a quick one must not wait for the end of one that it replaces."""
ENDED = "Senga's worker was ended before it came to this picture, which stays as it was: try again."


class Jobs:
    """The two lines, of jobs and of previews, and the threads that do them.

    Args:
        perform: does one job, and gives what is to be told of its end.
        width: how many are done at the same time, previews not counted.
    """

    def __init__(self, perform: Callable[[Task], Message], width: int = 1) -> None:
        self._perform, self._widths = perform, {False: width, True: PREVIEWS}
        self._turn = threading.Condition()
        self._calm = threading.Event()
        self._calm.set()
        self._waiting: list[Task] = []
        self._running: list[Task] = []
        self._process = os.getpid()
        for preview in (False, True):
            for _ in range(self._widths[preview]):
                self._start(preview)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def add(self, task: Task) -> None:
        """Put a job at the end of its line; a preview replaces the one before it of the same dialog."""
        task.calm = self._calm
        if task.preview:
            for older in self._all():
                if older.preview == task.preview:
                    self.cancel(older)
        with self._turn:
            self._waiting.append(task)
            ahead = sum(bool(other.preview) == bool(task.preview) for other in self._all()) - 1
            self._turn.notify_all()
        if ahead >= self._widths[bool(task.preview)]:
            task.wait(ahead)

    def cancel(self, task: Task) -> None:
        """Stop a job, or take it out of the line."""
        task.cancel()
        if self._taken_out(task):
            _tell(task, {"event": "cancelled"})
            self._tell_places()
        with self._turn:
            self._weigh()

    def end_all(self) -> None:
        """Stop everything; who still waits is told that it was not the painter who stopped it."""
        for task in self._all():
            task.cancel()
            if self._taken_out(task):
                _tell(task, failure(ENDED, task.language))

    def stuck(self, seconds: float) -> bool:
        """Whether a job has not noticed for so long that it was cancelled."""
        return bool(self._late(seconds))

    def relieve(self, seconds: float) -> None:
        """Leave the threads of stuck jobs alone, for none can be ended, and let others take their place."""
        with self._turn:
            late = self._late(seconds)
            self._running = [task for task in self._running if task not in late]
            self._weigh()
        for task in late:
            _tell(task, {"event": "cancelled"})
            self._start(bool(task.preview))

    def _late(self, seconds: float) -> list[Task]:
        now = time.monotonic()
        return [task for task in self._running if task.cancelled_since and now - task.cancelled_since > seconds]

    def _all(self) -> list[Task]:
        return [*self._running, *self._waiting]

    def _taken_out(self, task: Task) -> bool:
        with self._turn:
            waits = task in self._waiting
            if waits:
                self._waiting.remove(task)
        return waits

    def _start(self, preview: bool) -> None:
        threading.Thread(target=self._work, args=(preview,), daemon=True).start()

    def _work(self, preview: bool) -> None:
        while self._work_once(preview):
            pass

    def _work_once(self, preview: bool) -> bool:
        """Do the next job; gives whether this thread is still wanted."""
        task = self._next(preview)
        end = self._done(task)
        if os.getpid() != self._process:
            os._exit(0)  # a plug-in forked, and the child came back here
        with self._turn:
            wanted = task in self._running
            if wanted:
                self._running.remove(task)
                self._weigh()
        if wanted:
            _tell(task, end)
            del task  # its pixels
            self._tell_places()
        return wanted

    def _next(self, preview: bool) -> Task:
        """The first of a line, as soon as there is one."""

        def first() -> Task | None:
            return next((task for task in self._waiting if bool(task.preview) == preview), None)

        with self._turn:
            self._turn.wait_for(first)
            task = first()
            assert task is not None  # noqa: S101 - narrows the type
            self._waiting.remove(task)
            self._running.append(task)
            self._weigh()
        return task

    def _weigh(self) -> None:
        """Let what runs stand still while a quick preview does; with ``_turn`` held."""
        if any(task.quick and not task.cancelled_since for task in self._running):
            self._calm.clear()
        else:
            self._calm.set()

    def _done(self, task: Task) -> Message:
        try:
            return self._perform(task)
        except BaseException as error:  # nothing may end this thread
            logging.error("A job could not be told of: %s", trace(error))
            return failure("Senga failed; its log tells more.")

    def _tell_places(self) -> None:
        for preview, width in self._widths.items():
            with self._turn:
                running = sum(bool(task.preview) == preview for task in self._running)
                waiting = [task for task in self._waiting if bool(task.preview) == preview]
            for ahead, task in enumerate(waiting, running):
                if ahead >= width:
                    task.wait(ahead)


def _tell(task: Task, message: Message) -> None:
    """Tell a client; that it cannot be told is its own misfortune."""
    try:
        task.tell(message)
    except Exception as error:
        logging.error("A client could not be told: %s", trace(error))
