"""A small copy of the picture, painted anew whenever a setting changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, GLib, Gtk  # noqa: E402 - after the version is chosen
from senga_client import Cancelled, Canvas, WorkerError, connect  # noqa: E402 - copied beside by the installer

from . import pixels, words  # noqa: E402
from .facts import PATH  # noqa: E402

LONGEST = 400
_PAUSE = 250
"""Milliseconds without a change before work starts: a slider that is dragged changes many times a second."""

_LIGHT, _DARK = 0xFF999999, 0xFF666666


class Preview(Gtk.Box):  # type: ignore[misc]  # gi has no types
    """The picture as it would become, with a line below that says how far the work is or what is wrong.

    Args:
        image: of the drawable.
        drawable: it is shown whole; the selection is respected.
        make_order: gives the order for the settings of this moment.
    """

    def __init__(self, image: Any, drawable: Any, make_order: Callable[[], dict[str, Any]]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._make_order = make_order
        self.width, self.height, self._original = pixels.reduced(drawable, LONGEST)
        selected = _Selection(image, drawable, self.width, self.height)
        self._painter = _Painter(
            self.width, self.height, self._original, selected.mask, self._show_later, self._say_later
        )
        self._result = self._original
        self._timer = 0
        self._build()

    def _build(self) -> None:
        self._picture = Gtk.Image()
        self._picture.set_size_request(LONGEST, min(LONGEST, max(self.height, 120)))
        self._toggle = Gtk.CheckButton.new_with_label(words.say("Preview"))
        self._toggle.set_active(True)
        self._toggle.connect("toggled", lambda _button: self.refresh())
        self._line = Gtk.Label(xalign=0, wrap=True, max_width_chars=48)
        for widget in (self._picture, self._toggle, self._line):
            self.pack_start(widget, False, False, 0)
        self._paint(self._original)

    def refresh(self, *_change: Any) -> None:
        """Paint anew when the settings have come to rest; connect it to whatever changes."""
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(_PAUSE, self._ask)

    def _ask(self) -> bool:
        self._timer = 0
        if self._toggle.get_active():
            self._painter.ask(self._make_order())
        else:
            self._painter.ask(None)
            self._line.set_text("")
            self._paint(self._original)
        return False

    def stop(self) -> None:
        """End the work; nothing is shown any more."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        self._painter.end()

    def _show_later(self, data: bytes, width: int, height: int) -> None:
        GLib.idle_add(self._paint, data, width, height)

    def _say_later(self, text: str) -> None:
        GLib.idle_add(self._line.set_text, text)

    def _paint(self, data: bytes, width: int = 0, height: int = 0) -> bool:
        width, height = width or self.width, height or self.height
        picture = GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, True, 8, width, height, width * 4
        )
        nearest = GdkPixbuf.InterpType.NEAREST
        self._picture.set_from_pixbuf(picture.composite_color_simple(width, height, nearest, 255, 8, _LIGHT, _DARK))
        return False


class _Selection:
    """The selection on the small copy; ``mask`` is None where nothing or everything is selected."""

    def __init__(self, image: Any, drawable: Any, width: int, height: int) -> None:
        mask = pixels.reduced_selection(image, drawable, width, height)
        self.mask = mask if any(mask) and min(mask) < 255 else None


class _Painter:
    """Does the last thing it was asked, in a thread with a connection of its own; older requests are dropped."""

    def __init__(
        self,
        width: int,
        height: int,
        original: bytes,
        mask: bytes | None,
        show: Callable[[bytes, int, int], None],
        say: Callable[[str], None],
    ) -> None:
        self._size, self._original, self._mask = (width, height), original, mask
        self._show, self._say = show, say
        self._news = threading.Condition()
        self._wanted: dict[str, Any] | None = None
        self._number = 0
        self._ended = False
        threading.Thread(target=self._live, daemon=True).start()

    def ask(self, order: dict[str, Any] | None) -> None:
        """Paint this next, or nothing; what is being painted is stopped."""
        with self._news:
            self._wanted = order
            self._number += 1
            self._news.notify()

    def end(self) -> None:
        """Stop for good."""
        self._ended = True
        self.ask(None)

    def _live(self) -> None:
        while not self._ended:
            with self._news:
                self._news.wait_for(lambda: self._wanted is not None or self._ended)
                order, number, self._wanted = self._wanted, self._number, None
            if order is not None:
                self._try(order, number)

    def _try(self, order: dict[str, Any], number: int) -> None:
        try:
            self._paint(order, number)
        except Cancelled:
            return
        except (WorkerError, OSError) as error:
            self._say(words.sentence(str(error)))

    def _paint(self, order: dict[str, Any], number: int) -> None:
        def outdated() -> bool:
            return number != self._number

        self._say(words.say("Painting the preview…"))
        with connect(str(PATH), language=words.languages()) as worker, Canvas(*self._size, 4, "u8") as canvas:
            canvas.write_band(0, self._original)
            if self._mask is not None:
                canvas.write_mask_band(0, self._mask)
            result = worker.run(order, canvas, None, outdated, self._show_layer)
            if result.changed:
                self._show(canvas.read_band(0, canvas.height), *self._size)
        self._say(" ".join(result.notes))

    def _show_layer(self, layer: Any) -> None:
        canvas = layer.canvas
        if layer.part is None and (canvas.channels, canvas.depth) == (4, "u8"):
            self._show(canvas.read_band(0, canvas.height), canvas.width, canvas.height)
