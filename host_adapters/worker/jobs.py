"""Jobs wait in line: one is done at a time, unless the worker was told otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .task import Message, Task


class Jobs:
    """The line of jobs and the threads that do them.

    Args:
        perform: does one job, and gives what is to be told of its end; must not raise.
        width: how many are done at the same time.
    """

    def __init__(self, perform: Callable[[Task], Message], width: int = 1) -> None:
        self._perform, self._width = perform, width
        self._turn = threading.Condition()
        self._waiting: list[Task] = []
        self._running: list[Task] = []
        for _ in range(width):
            threading.Thread(target=self._work, daemon=True).start()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    def add(self, task: Task) -> None:
        """Put a job at the end of the line."""
        with self._turn:
            self._waiting.append(task)
            ahead = len(self) - 1
            self._turn.notify()
        if ahead >= self._width:
            task.wait(ahead)

    def cancel(self, task: Task) -> None:
        """Stop a job, or take it out of the line."""
        task.cancel()
        with self._turn:
            waits = task in self._waiting
            if waits:
                self._waiting.remove(task)
        if waits:
            task.tell({"event": "cancelled"})
            self._tell_places()

    def cancel_all(self) -> None:
        """Stop everything."""
        for task in [*self._waiting, *self._running]:
            self.cancel(task)

    def stuck(self, seconds: float) -> bool:
        """Whether a job has not noticed for so long that it was cancelled."""
        now = time.monotonic()
        return any(task.cancelled_since and now - task.cancelled_since > seconds for task in list(self._running))

    def _work(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting)
                task = self._waiting.pop(0)
                self._running.append(task)
            end = self._perform(task)
            with self._turn:
                self._running.remove(task)
            task.tell(end)
            del task  # its pixels
            self._tell_places()

    def _tell_places(self) -> None:
        with self._turn:
            places = [(task, number + len(self._running)) for number, task in enumerate(self._waiting)]
        for task, ahead in places:
            if ahead >= self._width:
                task.wait(ahead)
