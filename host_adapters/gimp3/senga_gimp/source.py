"""The picture that a preview starts from: read from GIMP once, a band at a time while the dialog is open already."""

from __future__ import annotations

import threading
from typing import Any

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, GLib  # noqa: E402 - after the version is chosen
from senga_client import Canvas  # noqa: E402 - copied beside by the installer

from . import pixels  # noqa: E402
from .looks import look_of  # noqa: E402
from .painter import Piece  # noqa: E402
from .second import Held, Second  # noqa: E402
from .views import Area, margin_of, small_size  # noqa: E402

_MASK = "Y u8"


class Source:
    """A drawable as it looks, and what of it is selected.

    GIMP is only asked in the main thread; what is read then lies in buffers of our own, for the other threads too.

    Attributes:
        size: width and height.
        layout: how the real result will travel, so that the preview has its depth and gamut.
        loaded: set when all of it is there.
    """

    def __init__(self, image: Any, drawable: Any) -> None:
        self._image, self._drawable = image, drawable
        self.size = drawable.get_width(), drawable.get_height()
        self.layout = pixels.layout_of(image, drawable)
        self.loaded = threading.Event()
        self.buffer = Gegl.Buffer.new(self.layout.format, 0, 0, *self.size)
        self._mask = None if Gimp.Selection.is_empty(image) else Gegl.Buffer.new(_MASK, 0, 0, *self.size)
        self._look = look_of(drawable)
        self._bands = pixels.bands(0, self.size[1])
        width, height, scale = small_size(self.size)
        look = self._look.drawable
        self.small = Piece(width, height, pixels.scaled(look.get_buffer(), (0, 0, width, height), scale), self._hint())
        self._held: dict[tuple[str, int], Held] = {}
        self._timer = GLib.idle_add(self._load, priority=GLib.PRIORITY_LOW)

    def held(self, seconds: list[Second]) -> dict[str, Held]:
        """The pixels of second pictures, which are kept as long as they are wanted.

        Raises:
            Trouble: one is gone, or does not fit.
        """
        for second in seconds:
            second.check(self._image)
        wanted = {(second.name, second.drawable.get_id()): second for second in seconds}
        self._held = {key: self._held.get(key) or second.held(self._drawable) for key, second in wanted.items()}
        return {name: held for (name, _), held in self._held.items()}

    def forget(self) -> None:
        """Read second pictures again when they are wanted next."""
        self._held = {}

    def _hint(self) -> bytes | None:
        """The selection on the small picture."""
        if self._mask is None:
            return None
        width, height, _ = small_size(self.size)
        return pixels.reduced_selection(self._image, self._drawable, width, height)

    def _load(self) -> bool:
        """Read the next band."""
        if not (self._image.is_valid() and self._drawable.is_valid()):
            return False
        if self._bands:
            y, rows = self._bands.pop(0)
            pixels.copy_rows(self._look.drawable.get_buffer(), self.buffer, self.layout, y, rows)
            if self._mask is not None:
                pixels.copy_selected(self._image, self._drawable, self._mask, y, rows)
            return True
        self._timer = 0
        self._look.close()
        self.loaded.set()
        return False

    def close(self) -> None:
        """Read no more."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
            self._look.close()

    def canvas(self) -> Any:
        """A canvas with the whole picture and the selection, for any thread once it is loaded."""
        canvas = Canvas(*self.size, self.layout.channels, self.layout.depth)
        try:
            pixels.copy_out(self.buffer, canvas)
            if self._mask is not None:
                for y, rows in pixels.bands(0, self.size[1]):
                    canvas.write_mask_band(y, pixels.rows_of(self._mask, y, rows, _MASK))
        except BaseException:
            canvas.close()
            raise
        return canvas

    def piece(self, area: Area | None) -> Piece:
        """What the quick preview is painted on: an area of the picture with a margin, or the small picture for None."""
        if area is None or not self.loaded.is_set():
            return self.small
        part = area.grown(margin_of(self.size), self.size)
        box = (part.left, part.top, part.width, part.height)
        mask = None if self._mask is None else pixels.part_of(self._mask, box, _MASK)
        return Piece(part.width, part.height, pixels.part_of(self.buffer, box), mask, part)

    def is_quickly_true(self, piece: Piece) -> bool:
        """Whether the small picture is the whole one."""
        return self.layout.depth == "u8" and (piece.width, piece.height) == self.size
