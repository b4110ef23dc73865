"""The worker paints for the preview: quickly first, then as the result will be; whatever is outdated is stopped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl  # noqa: E402 - after the version is chosen
from senga_client import Cancelled, Canvas, WorkerError, connect  # noqa: E402 - copied beside by the installer

from . import pixels, words  # noqa: E402
from .facts import PATH  # noqa: E402
from .views import Area, small_size  # noqa: E402

Order = dict[str, Any]


@dataclass(frozen=True)
class Piece:
    """Pixels to paint: 8-bit RGBA, what of them is selected (None for all), and where in the picture they lie.

    ``area`` is None for the whole picture, reduced.
    """

    width: int
    height: int
    data: bytes
    mask: bytes | None
    area: Area | None = None


@dataclass(frozen=True)
class Asked:
    """One request: its number (a later one outdates it), the order, and the pixels for the quick preview.

    ``held`` are the second pictures that are no files, by the names of their settings.
    """

    number: int
    order: Order
    piece: Piece
    held: dict[str, Any]


@dataclass(frozen=True)
class Ears:
    """Who is told, in the painter's threads.

    Attributes:
        quick: takes the request, the painted pixels, and their width and height.
        true: takes the request and a buffer of the whole picture.
        line: takes what the painter should read.
    """

    quick: Callable[[Asked, bytes, int, int], None]
    true: Callable[[Asked, Any], None]
    line: Callable[[str], None]


class Painter:
    """Two threads with connections of their own, so that a new quick preview never waits for the end of an old one.

    Args:
        source: the whole picture; asked for it only when ``source.loaded`` is set.
        ears: who is told.
    """

    def __init__(self, source: Any, ears: Ears) -> None:
        self._source, self._ears = source, ears
        self._number = 0
        self._news = threading.Condition()
        self._wanted: dict[str, Asked | None] = {"quick": None, "true": None}
        self._rough: tuple[Order, dict[str, Any]] | None = None
        self._ended = False
        for name, paint in (("quick", self._quick), ("true", self._true)):
            threading.Thread(target=self._live, args=(name, paint), daemon=True).start()

    def ask(self, order: Order, piece: Piece, held: dict[str, Any] | None = None) -> None:
        """Paint this next; what is being painted is stopped."""
        self._set(quick=Asked(self._number + 1, order, piece, held or {}))

    def rest(self) -> None:
        """Stop; nothing that was asked for is shown any more."""
        self._set()

    def end(self) -> None:
        """Stop for good."""
        self._ended = True
        self._set()

    def _set(self, **wanted: Asked) -> None:
        with self._news:
            self._number += 1
            self._wanted = {"quick": None, "true": None, **wanted}
            self._news.notify_all()

    def is_outdated(self, asked: Asked) -> bool:
        """Whether something else was asked for since."""
        return asked.number != self._number

    def _live(self, name: str, paint: Callable[[Any, Asked], None]) -> None:
        worker: Any = None
        while not self._ended:
            with self._news:
                self._news.wait_for(lambda: self._wanted[name] is not None or self._ended)
                asked, self._wanted[name] = self._wanted[name], None
            if asked is None:
                continue
            try:
                worker = worker or connect(str(PATH), language=words.languages())
                paint(worker, asked)
            except Cancelled:
                continue
            except (WorkerError, OSError) as error:
                if not self.is_outdated(asked):
                    self._ears.line(words.sentence(str(error)))
        if worker is not None:
            worker.close()

    def _run(self, worker: Any, asked: Asked, canvas: Any, kind: str, **more: Any) -> Any:
        """Each kind has a name of its own: an old true preview that comes late must not replace a new quick one.

        What is true is painted in full, as the result will be.
        """
        key = f"{kind} {os.getpid()}"
        is_true = kind == "true" or self._source.is_quickly_true(asked.piece)
        order = {**asked.order, "precision": "full"} if is_true else asked.order
        return worker.run(order, canvas, cancelled=lambda: self.is_outdated(asked), preview=key, **more)

    def _quick(self, worker: Any, asked: Asked) -> None:
        """At once on the small picture, and then on the part that is seen, if it is one."""
        self._ears.line(words.say("Painting the preview…"))
        if asked.piece.area is None or self._rough != (asked.order, asked.held):
            result, moves = self._paint(worker, replace(asked, piece=self._source.small))
            self._rough = asked.order, asked.held
        if asked.piece.area is not None:
            result, moves = self._paint(worker, asked)
        self._go_on(asked, result, moves)

    def _paint(self, worker: Any, asked: Asked) -> tuple[Any, bool]:
        """Paint a piece; gives the worker's result, and whether it was an animation."""
        piece, frames = asked.piece, []

        def show(layer: Any) -> None:
            canvas = layer.canvas
            if (canvas.channels, canvas.depth) == (4, "u8"):
                self._ears.quick(asked, canvas.read_band(0, canvas.height), canvas.width, canvas.height)

        def show_frame(layer: Any) -> None:
            frames.append(layer.title)
            show(layer)

        scale = small_size(self._source.size)[2]
        with ExitStack() as stack, Canvas(piece.width, piece.height, 4, "u8") as canvas:
            canvas.write_band(0, piece.data)
            if piece.mask is not None:
                canvas.write_mask_band(0, piece.mask)
            beside = {name: stack.enter_context(held.beside(piece, scale)) for name, held in asked.held.items()}
            more = {"on_layer": show_frame, "on_growth": show, "place": self._place(piece), "pictures": beside}
            result = self._run(worker, asked, canvas, "quick", **more)
            if result.changed:
                self._ears.quick(asked, canvas.read_band(0, canvas.height), piece.width, piece.height)
        return result, bool(frames)

    def _place(self, piece: Piece) -> dict[str, Any]:
        width, height = self._source.size
        if piece.area is None:
            return {"width": width, "height": height, "reduced": True}
        return {"width": width, "height": height, "left": piece.area.left, "top": piece.area.top}

    def _go_on(self, asked: Asked, result: Any, moves: bool) -> None:
        """Have the true preview painted, unless the quick one is true already."""
        done = moves or not result.changed or self._source.is_quickly_true(asked.piece)
        if done:
            self._ears.line(" ".join(result.notes))
            return
        with self._news:
            if not self.is_outdated(asked):
                self._wanted["true"] = asked
                self._news.notify_all()

    def _true(self, worker: Any, asked: Asked) -> None:
        while not self._source.loaded.wait(0.05):
            if self.is_outdated(asked):
                raise Cancelled
        with ExitStack() as stack, self._source.canvas() as canvas:
            beside = {name: stack.enter_context(held.canvas()) for name, held in asked.held.items()}
            more = {"on_progress": self._tell, "on_growth": lambda layer: self._show(asked, layer.canvas)}
            result = self._run(worker, asked, canvas, "true", pictures=beside, **more)
            if result.changed:
                self._show(asked, canvas)
        self._ears.line(" ".join(result.notes))

    def _show(self, asked: Asked, canvas: Any) -> None:
        buffer = Gegl.Buffer.new(self._source.layout.format, 0, 0, canvas.width, canvas.height)
        pixels.copy_in(canvas, buffer)
        self._ears.true(asked, buffer)

    def _tell(self, share: float, _note: str) -> None:
        self._ears.line(f"{words.say('Painting the preview…')} {round(share * 100)} %")
