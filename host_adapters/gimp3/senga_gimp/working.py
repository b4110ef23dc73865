"""The worker runs in a thread of its own, so that GIMP's and our own windows stay alive; only progress crosses over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402 - after the version is chosen
from senga_client import Cancelled, connect  # noqa: E402 - copied beside by the installer

from . import words  # noqa: E402
from .facts import PATH  # noqa: E402
from .frames import Spool  # noqa: E402

_TICK = 0.05
_PATIENCE = 0.9


class Progress:
    """Where the painter sees how far it is: GIMP's own progress bar. A dialog adds its bar and its Cancel button."""

    def __init__(self, title: str) -> None:
        Gimp.progress_init(f"{title}…")
        self._shown: tuple[float, str] = (-1.0, "")

    def show(self, share: float, note: str) -> None:
        """Tell what is done, but not more often than can be seen."""
        last_share, last_note = self._shown
        if note and note != last_note:
            Gimp.progress_set_text(note)
        if abs(share - last_share) >= 0.005 or note != last_note:
            Gimp.progress_update(share)
            self._shown = (share, note)

    def is_cancelled(self) -> bool:
        """Let windows live for a moment, and say whether the painter asked to stop."""
        return False

    def end(self) -> None:
        """Take the bar away."""
        Gimp.progress_end()


class Run:
    """One order on one canvas, carried out by the worker."""

    def __init__(self, order: dict[str, Any], progress: Progress) -> None:
        self._order, self._progress = order, progress
        self.notes: list[str] = []

    def __call__(
        self, canvas: Any, spool: Spool, start: float, stop: float, pictures: dict[str, Any] | None = None
    ) -> Any:
        """Wait for the worker, showing progress.

        Raises:
            Cancelled: the painter asked to stop.
            WorkerError: the worker's sentence.
        """
        self._progress.show(start, words.say("Waiting for Senga"))
        errand = _Errand(self._order, canvas, spool.take, pictures or {})
        while errand.is_busy(_TICK):
            share, note = errand.progress
            self._progress.show(start + (stop - start) * share, note)
            if self._progress.is_cancelled():
                errand.stop.set()
        result = errand.result()
        self._progress.show(stop, words.say("Bringing the result into GIMP"))
        self.notes += [note for note in result.notes if note not in self.notes]
        return result


class _Errand:
    """A conversation with the worker in a thread."""

    def __init__(
        self, order: dict[str, Any], canvas: Any, take: Callable[[Any], None], pictures: dict[str, Any]
    ) -> None:
        self.stop = threading.Event()
        self.progress = (0.0, words.say("Waiting for Senga"))
        self._order, self._canvas, self._take, self._pictures = order, canvas, take, pictures
        self._outcome: Any = None
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        try:
            with connect(str(PATH), language=words.languages()) as worker:
                self._outcome = worker.run(
                    self._order, self._canvas, self._hear, self.stop.is_set, self._take, pictures=self._pictures
                )
        except BaseException as error:
            self._outcome = error

    def _hear(self, share: float, note: str) -> None:
        self.progress = (share, note)

    def is_busy(self, seconds: float) -> bool:
        """Wait a little, and say whether to wait on. After a cancel nobody waits longer than the worker may take."""
        if self.stop.is_set():
            self._thread.join(_PATIENCE)
            return False
        self._thread.join(seconds)
        return self._thread.is_alive()

    def result(self) -> Any:
        """What the worker gave.

        Raises:
            Cancelled: the painter asked to stop.
            WorkerError: the worker's sentence.
        """
        if self.stop.is_set():
            raise Cancelled
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome
