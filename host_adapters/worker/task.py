"""One job of one client: a request, done on its canvas, and what is told of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from senga.errors import Cancelled, SengaError
from senga.image import Animation, Image, Layer
from senga.job import Job, unseen
from senga.layers import added, source_on_top, stacked
from senga.registry import Plugins
from senga.work import Work

from .client import WorkerError
from .order import Request, Window
from .pixels import Mapping, new_canvas
from .words import Message, failure, line, name_of, trace, words_of

TELLING = 0.05
"""Seconds between two reports of progress."""
SHOWING = 0.5
"""Seconds between two looks at a picture that grows, at least; making one may take a tenth of the time."""
STANDING = 1.0
"""The most seconds that a job stands still at a time, while a quick preview is painted."""
USED_UP = "The memory is used up: close other programs, or make the picture or the selection smaller."
TAKING = 120.0
"""Seconds that a client has to take a picture."""
GAVE_UP = "The filter stopped by itself; the picture stays as it was."
UNTAKEN = "The program that asked for the picture does not take it."
GREYED = "The picture has no colours, so the result has none either: convert the picture to RGB to keep them."


class Task:
    """A job from its request to its end.

    Args:
        message: the request.
        tell: sends a message to the client.

    Raises:
        SettingsError: the request is wrong.
    """

    def __init__(self, message: Message, tell: Callable[[Message], None]) -> None:
        request = Request.read(message)
        self._order, self._canvas, self.tell = request.order, Mapping(request.canvas), tell
        self._pictures = {name: Mapping(sheet) for name, sheet in request.pictures.items()}
        self.language, self.preview, self._place = request.language, request.preview, request.place
        self._precision, self._is_shown = request.precision, request.growth
        self.quick = bool(request.preview) and request.place is not None
        self.calm = threading.Event()
        self.calm.set()
        self._taken = threading.Semaphore(0)
        self._cancelled = threading.Event()
        self._told = 0.0
        self._look = 0.0
        self.cancelled_since: float | None = None

    def cancel(self) -> None:
        """Ask it to stop."""
        self.cancelled_since = self.cancelled_since or time.monotonic()
        self._cancelled.set()

    def _is_cancelled(self) -> bool:
        """Asked often by whatever works on it, which stands still here while a quick preview is painted."""
        until = time.monotonic() + STANDING
        while not self.quick and not self.calm.wait(TELLING) and time.monotonic() < until:
            if self._cancelled.is_set():
                break
        return self._cancelled.is_set()

    def took(self) -> None:
        """The client has opened the last layer."""
        self._taken.release()

    def wait(self, ahead: int) -> None:
        """Tell how many jobs come first."""
        note = "Waiting for 1 other job" if ahead == 1 else f"Waiting for {ahead} other jobs"
        self.tell({"event": "progress", "share": 0.0, "note": self._say(note)})

    def perform(self, library: Callable[[], Plugins]) -> Message:
        """Do it; gives what is to be told of its end, whatever that is."""
        try:
            self.tell({"event": "begun"})
            return self._work(library())
        except Cancelled:
            return {"event": "cancelled"} if self._cancelled.is_set() else failure(GAVE_UP, self.language)
        except (SengaError, WorkerError) as error:
            return failure(words_of(error), self.language)
        except MemoryError:
            return failure(USED_UP, self.language)
        except BaseException as error:  # whatever a plug-in raises, SystemExit too: the worker lives on
            logging.error("A job failed: %s", trace(error))
            return failure(f"Senga failed ({name_of(error)}); its log tells more.", self.language)

    def _work(self, known: Plugins) -> Message:
        job = Job(
            on_progress=self._progress,
            on_picture=self._show if self._is_shown else unseen,
            cancelled=self._is_cancelled,
            memory=self._order.memory,
            precision=self._precision,
        )
        job.check()
        started = time.monotonic()
        image = self._canvas.image()
        pictures = {name: each.image() for name, each in self._pictures.items()}
        window = Window(self._place, image.height, image.width) if self._place else None
        work = self._order.work(known, self._canvas.selection(), pictures, window)
        result = work.run(known, image, self._placed(job, work))
        seconds = time.monotonic() - started
        changed = isinstance(result, Image) and result.pixels.shape == image.pixels.shape
        greyed = self._deliver(result, changed, job, work.fills_gaps)
        return {"event": "done", "changed": changed, "notes": [self._say(GREYED)] if greyed else [], "seconds": seconds}

    def _placed(self, job: Job, work: Work) -> Job:
        place = self._place
        if place is None or place.reduced:
            return job
        aligned = any(info.aligned for _, info, _ in work.pictures())  # those are of the part already
        offset = (0, 0) if aligned else (place.top, place.left)
        return replace(job, full_size=(place.height, place.width), offset=offset)

    def _deliver(self, result: Image | Animation, changed: bool, job: Job, fills: bool) -> bool:
        """Hand the result over; gives whether it lost its colours on the way."""
        grey_only = self._canvas.sheet.channels < 3
        if isinstance(result, Animation):
            for number, frame in enumerate(result.frames(), 1):
                self._hand_over(frame.image, job, title=self._say(f"Frame {number}"), seconds=frame.seconds)
            return grey_only
        job.check()
        if changed:
            if not self.preview:
                source = source_on_top(result)
                mode = source.mode if source else "normal"
                facts = {"choice": not added(result), "below": bool(source), "fills": fills, "source_mode": mode}
                self._hand_over_parts(added(result) or stacked(result.alternatives), job, facts)
            self._canvas.write(result)
        else:
            self._hand_over(result, job)
        return grey_only and not result.grey

    def _hand_over_parts(self, layers: tuple[Layer, ...], job: Job, facts: dict[str, Any]) -> None:
        """Send the layers of the result; of a group around all of them only its place and opacity count."""
        strength, left, top = 1.0, 0, 0
        while len(layers) == 1 and layers[0].picture.layers:
            group = layers[0]
            strength, left, top = strength * group.opacity, left + group.left, top + group.top
            layers = added(group.picture)
        for layer in layers:
            place = {"left": left + layer.left, "top": top + layer.top}
            part = {"mode": layer.mode, "opacity": layer.opacity, "strength": strength, **place, **facts}
            self._hand_over(layer.picture, job, title=self._say(layer.name), part=part)

    def _hand_over(self, image: Image, job: Job, *, title: str = "", **facts: Any) -> None:
        """Send a further picture, and wait until the client has it."""
        canvas = new_canvas(image, self._canvas.sheet)
        try:
            message = {"event": "layer", "canvas": canvas.facts(), "title": title, "seconds": None}
            self.tell(message | facts)
            deadline = time.monotonic() + TAKING
            while not self._taken.acquire(timeout=TELLING):
                job.check()
                if time.monotonic() > deadline:
                    raise WorkerError(UNTAKEN)
        finally:
            canvas.close()

    def _show(self, make: Callable[[], Image]) -> None:
        """Let the dialog see a picture that grows, now and then."""
        started = time.monotonic()
        if started < self._look:
            return
        self._hand_over(make(), Job(cancelled=self._is_cancelled), event="growing")
        ended = time.monotonic()
        self._look = ended + max(SHOWING, 9 * (ended - started))

    def _progress(self, share: float, note: str) -> None:
        now = time.monotonic()
        if now - self._told >= TELLING:
            self._told = now
            self.tell({"event": "progress", "share": float(share), "note": self._say(note)})

    def _say(self, text: str) -> str:
        return line(text, self.language)
