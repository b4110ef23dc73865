# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Pictures that come out beside the canvas, kept in one nameless file until the worker is done."""

from __future__ import absolute_import, division, unicode_literals

import tempfile

from .words import sentence

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import IO, List, Optional

    from senga_client import Canvas, Layer

_BAND = 256


class Frame(object):
    """One picture: its size and layout, its name, for how long it is shown (None for a still), and where it lies."""

    def __init__(self, canvas, title, seconds, file, start):
        # type: (Canvas, str, Optional[float], IO[bytes], int) -> None
        self.width, self.height, self.channels, self.depth = canvas.width, canvas.height, canvas.channels, canvas.depth
        self.title, self.seconds = title, seconds
        self._row, self._file, self._start = canvas.row, file, start

    def read_band(self, y, rows):
        # type: (int, int) -> bytes
        """Whole rows, the first of them at ``y``."""
        self._file.seek(self._start + y * self._row)
        return self._file.read(rows * self._row)

    def name(self, number):
        # type: (int) -> str
        """What Animation > Playback reads: how long a frame is shown, and that it replaces the one before."""
        if self.seconds is None:
            return self.title or sentence("Picture {}".format(number))
        return "{} ({}ms) (replace)".format(self.title, int(round(self.seconds * 1000)))


class Spool(object):
    """Takes layers from the worker; GIMP is only asked when all of them are there.

    A GIMP that is told to stop kills the plug-in: a file without a name is then gone too, and no half-made image stays.
    """

    def __init__(self):
        # type: () -> None
        self._file = tempfile.TemporaryFile()
        self.frames = []  # type: List[Frame]
        self.choices = []  # type: List[Frame]

    def take(self, layer):
        # type: (Layer) -> None
        """Keep a copy of a layer's pixels.

        The parts of a result are left out, for the canvas holds them together, but for results to choose from.
        """
        if layer.part is not None and not layer.part.get("choice"):
            return
        canvas = layer.canvas
        self._file.seek(0, 2)
        start = self._file.tell()
        for y in range(0, canvas.height, _BAND):
            self._file.write(canvas.read_band(y, min(_BAND, canvas.height - y)))
        self._file.flush()
        kept = self.frames if layer.part is None else self.choices
        kept.append(Frame(canvas, layer.title, layer.seconds, self._file, start))

    def __enter__(self):
        # type: () -> Spool
        return self

    def __exit__(self, *error):
        # type: (object) -> None
        self._file.close()
