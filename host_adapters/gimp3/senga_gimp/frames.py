"""Pictures that come out beside the canvas, kept in one nameless file until the worker is done."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Frame:
    """One picture: its size and layout, its name, for how long it is shown (None for a still), and where it lies.

    ``part`` tells how it joins the others if it is one of the layers of a result, as ``senga_client.Layer`` has it.
    """

    width: int
    height: int
    channels: int
    depth: str
    title: str
    seconds: float | None
    start: int
    size: int
    part: dict[str, Any] | None = None


class Spool:
    """Takes layers from the worker's thread; GIMP itself is only asked when all of them are there.

    A GIMP that is told to stop kills the plug-in: a file without a name is then gone too, and no half-made image stays.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
        self.frames: list[Frame] = []
        self.parts: list[Frame] = []

    def take(self, layer: Any) -> None:
        """Keep a copy of a layer's pixels."""
        canvas = layer.canvas
        start = self._file.seek(0, 2)
        size = 0
        for y in range(0, canvas.height, 256):
            size += self._file.write(canvas.read_band(y, min(256, canvas.height - y)))
        shape = (canvas.width, canvas.height, canvas.channels, canvas.depth)
        kept = Frame(*shape, layer.title, layer.seconds, start, size, layer.part)
        (self.frames if layer.part is None else self.parts).append(kept)

    def pixels(self, frame: Frame) -> bytes:
        """The pixels of a frame, row after row."""
        self._file.flush()
        self._file.seek(frame.start)
        return self._file.read(frame.size)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
