"""The picture as it would become, painted anew whenever a setting changes: at once roughly, then as it will be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk  # noqa: E402 - after the versions are chosen

from . import pixels, words  # noqa: E402
from .painter import Asked, Ears, Painter  # noqa: E402
from .second import Second  # noqa: E402
from .source import Source  # noqa: E402
from .trouble import Trouble  # noqa: E402
from .views import Area, View  # noqa: E402

_LEAST = (400, 320)
_PAUSE = 150
"""Milliseconds without a change before work starts: a slider that is dragged changes many times a second."""

_LIGHT, _DARK = 0xFF999999, 0xFF666666


class Preview(Gtk.Box):  # type: ignore[misc]  # gi has no types
    """The picture, in as much room as there is, with a line below that says how far the work is or what is wrong.

    Args:
        image: of the drawable.
        drawable: it is shown whole; the selection is respected.
        make_order: gives the order for the settings of this moment.
        make_seconds: gives its second pictures.
    """

    def __init__(
        self,
        image: Any,
        drawable: Any,
        make_order: Callable[[], dict[str, Any]],
        make_seconds: Callable[[], list[Second]],
    ) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._make_order, self._make_seconds = make_order, make_seconds
        self._source = Source(image, drawable)
        self._painter = Painter(
            self._source, Ears(_later(self._take_quick), _later(self._take_true), _later(self._say))
        )
        self._view, self._room = View(self._source.size), _LEAST
        self._rough: tuple[bytes, int, int] | None = None
        self._part: tuple[Area, bytes, int, int] | None = None
        self._true: Any = None
        self._holding = False
        self._grip: tuple[float, float] | None = None
        self._timer = 0
        self._build()

    def _build(self) -> None:
        self._picture = Gtk.Image()
        self._frame = Gtk.EventBox()
        self._frame.add(self._picture)
        events = Gdk.EventMask
        self._frame.add_events(events.BUTTON_PRESS_MASK | events.BUTTON_RELEASE_MASK | events.BUTTON_MOTION_MASK)
        for signal, hear in (
            ("button-press", self._press),
            ("motion-notify", self._drag),
            ("button-release", self._lift),
        ):
            self._frame.connect(f"{signal}-event", hear)
        room = Gtk.ScrolledWindow(width_request=_LEAST[0], height_request=_LEAST[1])
        room.set_policy(Gtk.PolicyType.EXTERNAL, Gtk.PolicyType.EXTERNAL)  # neither bars nor the size of the picture
        room.add(self._frame)
        room.connect("size-allocate", self._resize)
        self.pack_start(room, True, True, 0)
        self.pack_start(self._buttons(), False, False, 0)
        self._line = Gtk.Label(xalign=0, ellipsize=3, width_chars=30, selectable=True)
        self.pack_start(self._line, False, False, 0)

    def _buttons(self) -> Any:
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._toggle = Gtk.CheckButton.new_with_label(words.say("Preview"))
        self._toggle.set_active(True)
        self._toggle.connect("toggled", lambda _button: self.refresh())
        self._closely = Gtk.ToggleButton(label="100 %", tooltip_text=words.say("Drag the picture to move it."))
        self._closely.connect("toggled", self._change_view)
        compare = Gtk.Button(label=words.say("Original"), tooltip_text=words.say("Hold to compare."))
        compare.connect("pressed", lambda _button: self._hold(True))
        compare.connect("released", lambda _button: self._hold(False))
        row.pack_start(self._toggle, True, True, 0)
        for button in (compare, self._closely):
            row.pack_end(button, False, False, 0)
        return row

    # ---- asking

    def refresh(self, *_change: Any) -> None:
        """Paint anew when the settings have come to rest; connect it to whatever changes."""
        self._wait()
        self._timer = GLib.timeout_add(_PAUSE, self._ask)

    def _wait(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0

    def _ask(self) -> bool:
        self._timer = 0
        if self._toggle.get_active():
            try:
                self._ask_painter()
            except Trouble as trouble:
                self._painter.rest()
                self._say(words.sentence(str(trouble)))
        else:
            self._painter.rest()
            self._source.forget()
            self._say("")
            self._rough = self._part = self._true = None
            self._show()
        return False

    def _ask_painter(self) -> None:
        area = None if self._view.whole else self._view.area(self._room)
        held = self._source.held(self._make_seconds())
        self._painter.ask(self._make_order(), self._source.piece(area), held)

    def stop(self) -> None:
        """End the work; nothing is shown any more."""
        self._wait()
        self._painter.end()
        self._source.close()

    # ---- what was painted

    def _take_quick(self, asked: Asked, data: bytes, width: int, height: int) -> None:
        if not self._painter.is_outdated(asked):
            area, self._true = asked.piece.area, None
            if area is None:
                self._rough, self._part = (data, width, height), None
            else:
                self._part = area, data, width, height
            self._show()

    def _take_true(self, asked: Asked, buffer: Any) -> None:
        if not self._painter.is_outdated(asked):
            self._true = buffer
            self._show()

    def _say(self, text: str) -> None:
        self._line.set_text(text)
        self._line.set_tooltip_text(text)

    def _show(self) -> None:
        """What is seen of the best that there is."""
        pixbuf = self._original() if self._holding else self._painted()
        self._picture.set_from_pixbuf(_on_squares(pixbuf))

    def _painted(self) -> Any:
        if self._true is not None:
            return self._seen(self._true)
        seen = self._view.area(self._room)
        if self._part is not None and not self._view.whole and self._part[0].holds(seen):
            area, data, width, height = self._part
            return _pixbuf(data, width, height).new_subpixbuf(
                seen.left - area.left, seen.top - area.top, seen.width, seen.height
            )
        return self._original() if self._rough is None else self._enlarged(_pixbuf(*self._rough))

    def _original(self) -> Any:
        if self._source.loaded.is_set():
            return self._seen(self._source.buffer)
        return self._enlarged(_pixbuf(self._source.small.data, self._source.small.width, self._source.small.height))

    def _seen(self, buffer: Any) -> Any:
        """What the view shows of a buffer of the whole picture, reduced as GIMP itself does."""
        area, scale, (width, height) = self._view.area(self._room), self._view.scale(self._room), self._size()
        box = (round(area.left * scale), round(area.top * scale), width, height)
        return _pixbuf(pixels.scaled(buffer, box, scale), width, height)

    def _enlarged(self, small: Any) -> Any:
        """The whole picture, small and rough, in the room that the view has; in the view of a part, that part."""
        if not self._view.whole:
            area, (width, height) = self._view.area(self._room), self._view.size
            share = small.get_width() / width, small.get_height() / height
            box = [int(area.left * share[0]), int(area.top * share[1])]
            box += [max(1, int(area.width * share[0])), max(1, int(area.height * share[1]))]
            small = small.new_subpixbuf(*box)
        return small.scale_simple(*self._size(), GdkPixbuf.InterpType.BILINEAR)

    def _size(self) -> tuple[int, int]:
        return self._view.shown(self._room)

    # ---- looking closely

    def _resize(self, _widget: Any, room: Any) -> None:
        if (room.width, room.height) != self._room:
            self._room = room.width, room.height
            _later(self._show)()

    def _change_view(self, button: Any) -> None:
        self._view = View(self._source.size, whole=not button.get_active())
        self._move()

    def _move(self) -> None:
        """Show another part; what of it is not painted yet is."""
        self._show()
        if self._true is None:
            self.refresh()

    def _press(self, _widget: Any, event: Any) -> None:
        """In the view of the whole picture, hold to compare; in that of a part, drag it."""
        if self._view.whole:
            self._hold(True)
        else:
            self._grip = event.x_root, event.y_root

    def _drag(self, _widget: Any, event: Any) -> None:
        if self._grip is not None:
            moved = event.x_root - self._grip[0], event.y_root - self._grip[1]
            self._grip = event.x_root, event.y_root
            self._view = self._view.moved(*moved, self._room)
            self._move()

    def _lift(self, _widget: Any, _event: Any) -> None:
        self._grip = None
        self._hold(False)

    def _hold(self, holding: bool) -> None:
        if holding != self._holding:
            self._holding = holding
            self._show()


def _later(act: Callable[..., None]) -> Callable[..., None]:
    """The same in the main thread, where alone windows may be touched."""

    def once(*values: Any) -> bool:
        act(*values)
        return False

    return lambda *values: GLib.idle_add(once, *values)


def _pixbuf(data: bytes, width: int, height: int) -> Any:
    colours = GdkPixbuf.Colorspace.RGB
    return GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(data), colours, True, 8, width, height, width * 4)


def _on_squares(picture: Any) -> Any:
    """Over the grey squares that stand for transparency."""
    size, nearest = (picture.get_width(), picture.get_height()), GdkPixbuf.InterpType.NEAREST
    return picture.composite_color_simple(*size, nearest, 255, 8, _LIGHT, _DARK)
