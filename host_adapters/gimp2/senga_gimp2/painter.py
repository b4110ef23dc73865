# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""The worker paints for the preview: quickly first, then as the result will be; whatever is outdated is stopped."""

from __future__ import absolute_import, division, unicode_literals

import os
import threading

from senga_client import Cancelled, Canvas, WorkerError, connect  # copied beside by the installer

from .facts import PATH
from .words import languages, say, sentence, spoken

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Callable, Dict, List, Optional

    Order = Dict[str, Any]


class Piece(object):
    """Pixels to paint: 8 bits, RGB or RGBA, and what of them is selected (None for all)."""

    def __init__(self, width, height, channels, data, mask):
        # type: (int, int, int, bytes, Optional[bytes]) -> None
        self.width, self.height, self.channels, self.data, self.mask = width, height, channels, data, mask

    def canvas(self):
        # type: () -> Canvas
        """A canvas with these pixels."""
        canvas = Canvas(self.width, self.height, self.channels, "u8")
        canvas.write_band(0, self.data)
        if self.mask is not None:
            canvas.write_mask_band(0, self.mask)
        return canvas


class Painter(object):
    """Two threads with connections of their own, so that a new quick preview never waits for the end of an old one.

    Args:
        small: the picture reduced.
        large: the picture.
        show: takes a piece with the painted pixels, in the painter's threads.
        tell: takes what the painter should read.
    """

    def __init__(self, small, large, show, tell):
        # type: (Piece, Piece, Callable[[Piece], None], Callable[[str], None]) -> None
        self._pieces, self._show, self._tell = {"quick": small, "true": large}, show, tell
        self._news = threading.Condition()
        self._number, self._ended = 0, False
        self._wanted = {}  # type: Dict[str, Order]
        self._beside = {}  # type: Dict[str, Dict[str, Piece]]
        self._threads = [threading.Thread(target=self._live, args=(kind,)) for kind in ("quick", "true")]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def ask(self, order, beside=None):
        # type: (Optional[Order], Optional[Dict[str, Dict[str, Piece]]]) -> None
        """Paint this next, or nothing; what is being painted is stopped.

        Args:
            order: for the worker.
            beside: the second pictures for ``quick`` and ``true``, by the names of their settings.
        """
        with self._news:
            self._number += 1
            self._wanted = {} if order is None else {"quick": order}
            self._beside = beside or {}
            self._news.notify_all()

    def end(self):
        # type: () -> None
        """Stop for good."""
        self._ended = True
        self.ask(None)
        for thread in self._threads:
            thread.join(1.0)  # Python 2 would complain of threads that it finds at its end

    def _live(self, kind):
        # type: (str) -> None
        worker = None  # type: Any
        while not self._ended:
            with self._news:
                while kind not in self._wanted and not self._ended:
                    self._news.wait(0.2)  # without a time Python 2 cannot be interrupted
                order, number = self._wanted.pop(kind, None), self._number
                beside = self._beside.get(kind, {})
            if order is None:
                continue
            try:
                worker = worker or connect(PATH, language=languages())
                self._paint(worker, kind, order, number, beside)
            except Cancelled:
                continue
            except (WorkerError, OSError, IOError) as error:
                self._say(number, sentence(spoken(error)))

    def _paint(self, worker, kind, order, number, beside):
        # type: (Any, str, Order, int, Dict[str, Piece]) -> None
        def outdated():
            # type: () -> bool
            return number != self._number

        def progress(share, _note):
            # type: (float, str) -> None
            self._say(number, "{} {} %".format(say("Painting the preview…"), int(100 * share)))

        def frame(layer):
            # type: (Any) -> None
            frames.append(layer.title)
            grown(layer)

        def grown(layer):
            # type: (Any) -> None
            self._take(number, layer.canvas)

        piece, frames = self._pieces[kind], []  # type: Piece, List[str]
        preview = "{} {}".format(kind, os.getpid())
        true = self._pieces["true"]
        place = {"width": true.width, "height": true.height, "reduced": True} if kind == "quick" else None
        pictures = {name: one.canvas() for name, one in beside.items()}
        if piece.width >= true.width:  # painted in full, as the result will be
            order = dict(order, precision="full")
        try:
            with piece.canvas() as canvas:
                result = worker.run(order, canvas, progress, outdated, frame, preview, pictures, place, grown)
                if result.changed:
                    self._take(number, canvas)
        finally:
            for picture in pictures.values():
                picture.close()
        self._say(number, " ".join(result.notes))
        if kind == "quick" and result.changed and not frames and piece.width < self._pieces["true"].width:
            with self._news:
                if number == self._number:
                    self._wanted["true"] = order
                    self._news.notify_all()

    def _take(self, number, canvas):
        # type: (int, Any) -> None
        if number == self._number and canvas.depth == "u8" and canvas.channels > 2:
            data = canvas.read_band(0, canvas.height)
            self._show(Piece(canvas.width, canvas.height, canvas.channels, data, None))

    def _say(self, number, text):
        # type: (int, str) -> None
        if number == self._number:
            self._tell(text)
