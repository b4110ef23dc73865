# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""The picture as it would become, beside the settings of gimpfu's dialog: roughly at once, then as it will be."""

from __future__ import absolute_import, division, unicode_literals

import math
from importlib import import_module

import gimp
import gimpenums
from gimpfu import pdb

from . import pixels
from .painter import Painter, Piece
from .words import Trouble, native, say, sentence

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Callable, Dict, List, Optional, Tuple

    from .second import Second

gobject, gtk = import_module(native("gobject")), import_module(native("gtk"))  # type: Any, Any
_LEAST = 400
_SMALL = 400
"""Longest side of the picture that the quick preview is painted on."""
_SMALL_PIXELS = 90000
"""And as many pixels has it at most: drawings of these take a fifth of a second."""
_PAUSE = 300
"""Milliseconds between two looks at the settings: those that did not change in between are painted."""


def source_of(image, drawable):
    # type: (gimp.Image, gimp.Drawable) -> Piece
    """The whole layer as 8-bit colours, with what of it is selected."""
    pdb.gimp_plugin_enable_precision()
    plain = image.precision == gimpenums.PRECISION_U8_GAMMA and drawable.is_rgb and pixels.is_srgb(image)
    channels = 3 + drawable.has_alpha
    canvas, _ = pixels.canvas_of(drawable, pixels.Layout(channels, "u8", bool(plain)))
    with canvas:
        data = canvas.read_band(0, canvas.height)
        return Piece(canvas.width, canvas.height, channels, data, pixels.selection_on(image, drawable))


def pixbuf_of(piece):
    # type: (Piece) -> Any
    """The same for the screen."""
    row = piece.width * piece.channels
    shape = piece.channels == 4, 8, piece.width, piece.height, row
    return gtk.gdk.pixbuf_new_from_data(piece.data, gtk.gdk.COLORSPACE_RGB, *shape)


def reduced(piece):
    # type: (Piece) -> Piece
    """A small copy, for the quick preview."""
    pixels_of_all = piece.width * piece.height
    scale = min(1.0, _SMALL / max(piece.width, piece.height), math.sqrt(_SMALL_PIXELS / pixels_of_all))
    width, height = max(1, int(piece.width * scale)), max(1, int(piece.height * scale))
    if (width, height) == (piece.width, piece.height):
        return piece
    data = _packed(pixbuf_of(piece).scale_simple(width, height, gtk.gdk.INTERP_BILINEAR), piece.channels)
    mask = None
    if piece.mask is not None:
        grey = bytearray(3 * len(piece.mask))
        for channel in range(3):
            grey[channel::3] = piece.mask
        large = pixbuf_of(Piece(piece.width, piece.height, 3, bytes(grey), None))
        mask = _packed(large.scale_simple(width, height, gtk.gdk.INTERP_BILINEAR), 3)[::3]
    return Piece(width, height, piece.channels, data, mask)


def _packed(pixbuf, channels):
    # type: (Any, int) -> bytes
    """Its pixels without what fills up the rows."""
    data, row, width = pixbuf.get_pixels(), pixbuf.get_rowstride(), pixbuf.get_width() * channels
    return b"".join(data[y * row : y * row + width] for y in range(pixbuf.get_height()))


class Preview(gtk.VBox):  # type: ignore[misc]  # gtk has no types
    """The picture, in as much room as there is.

    Args:
        image: of the drawable.
        drawable: a layer.
        values: gives the settings of this moment, or raises what gimpfu's widgets raise.
        maker: its ``order`` makes the order from them, its ``seconds`` the second pictures.
    """

    def __init__(self, image, drawable, values, maker):
        # type: (gimp.Image, gimp.Drawable, Callable[[], Any], Any) -> None
        gtk.VBox.__init__(self, False, 6)
        gobject.threads_init()
        self._image, self._drawable, self._values, self._maker = image, drawable, values, maker
        self._read_pieces = {}  # type: Dict[Tuple[str, int], Piece]
        self._painter = None  # type: Optional[Painter]
        self._original = self._painted = None  # type: Any
        self._seen, self._asked = None, None  # type: Any, Any
        self._holding, self._whole = False, True
        self._centre, self._grip = (0.5, 0.5), None  # type: Tuple[float, float], Any
        self._scaled = None, None, None  # type: Tuple[Any, Any, Any]
        self._build()
        self._timer = gobject.timeout_add(_PAUSE, self._look)
        self.connect(native("destroy"), self._end)

    def _build(self):
        # type: () -> None
        self._area = gtk.DrawingArea()
        self._area.set_size_request(_LEAST, _LEAST)
        self._area.add_events(gtk.gdk.BUTTON_PRESS_MASK | gtk.gdk.BUTTON_RELEASE_MASK | gtk.gdk.BUTTON1_MOTION_MASK)
        for name, hear in (
            ("expose-event", self._draw),
            ("button-press-event", self._press),
            ("motion-notify-event", self._drag),
            ("button-release-event", self._lift),
        ):
            self._area.connect(native(name), hear)
        row = gtk.HBox(False, 6)
        self._toggle = gtk.CheckButton(native(say("Preview")))
        self._toggle.set_active(True)
        compare = gtk.Button(native(say("Original")))
        compare.set_tooltip_text(native(say("Hold to compare.")))
        compare.connect(native("pressed"), lambda _button: self._hold(True))
        compare.connect(native("released"), lambda _button: self._hold(False))
        closely = gtk.ToggleButton(native("100 %"))
        closely.set_tooltip_text(native(say("Drag the picture to move it.")))
        closely.connect(native("toggled"), self._change_view)
        row.pack_start(self._toggle, True, True)
        row.pack_end(closely, False, False)
        row.pack_end(compare, False, False)
        self._line = gtk.Label()
        self._line.set_alignment(0.0, 0.5)
        self._line.set_ellipsize(3)
        self.pack_start(self._area, True, True)
        self.pack_start(row, False, False)
        self.pack_start(self._line, False, False)
        self.show_all()

    def _end(self, _widget):
        # type: (Any) -> None
        gobject.source_remove(self._timer)
        if self._painter is not None:
            self._painter.end()
            self._painter = None

    def stop(self):
        # type: () -> None
        """End the work: the filter itself begins."""
        if self._painter is not None:
            self._painter.ask(None)
        self._asked = "stopped"

    # ---- asking

    def _look(self):
        # type: () -> bool
        """Paint anew when settings have changed and come to rest."""
        if self._asked == "stopped":
            return True
        if self._painter is None:
            self._read()
        try:
            now = tuple(self._values()) if self._toggle.get_active() else None
        except Exception:  # what gimpfu's widgets raise has no name here: half a number, for example
            return True
        if now == self._seen and (now,) != self._asked:
            self._asked = (now,)
            self._ask(now)
        self._seen = now
        return True

    def _read(self):
        # type: () -> None
        source = source_of(self._image, self._drawable)
        small = reduced(source)
        self._original = self._source = pixbuf_of(source)
        self._painter = Painter(small, source, self._take, self._tell)
        self._area.queue_draw()

    def _ask(self, values):
        # type: (Any) -> None
        assert self._painter is not None  # noqa: S101 - narrows the type
        if values is None:
            self._painter.ask(None)
            self._read_pieces = {}
            self._painted = None
            self._line.set_text(native(""))
            self._area.queue_draw()
            return
        try:
            self._painter.ask(self._maker.order(values), self._beside(self._maker.seconds(values)))
        except Trouble as trouble:
            self._painter.ask(None)
            self._line.set_text(native(sentence(trouble.message)))
        except Exception:  # settings that make no order: the filter itself will say so
            self._painter.ask(None)

    def _beside(self, seconds):
        # type: (List[Second]) -> Dict[str, Dict[str, Piece]]
        """The second pictures in 8 bits, for the small picture and for the whole one."""
        found = {"quick": {}, "true": {}}  # type: Dict[str, Dict[str, Piece]]
        for second in seconds:
            second.check(self._image)
            key = second.name, second.number
            if key not in self._read_pieces:
                with second.canvas(self._drawable, "u8") as canvas:
                    data = canvas.read_band(0, canvas.height)
                    self._read_pieces[key] = Piece(canvas.width, canvas.height, canvas.channels, data, None)
            piece = self._read_pieces[key]
            found["true"][second.name] = piece
            found["quick"][second.name] = reduced(piece) if second.aligned else piece
        return found

    def _take(self, piece):
        # type: (Piece) -> None
        gobject.idle_add(self._show, piece)

    def _tell(self, text):
        # type: (str) -> None
        gobject.idle_add(self._line.set_text, native(text))

    def _show(self, piece):
        # type: (Piece) -> bool
        if self._asked not in ("stopped", (None,)):
            self._painted = pixbuf_of(piece)
            self._area.queue_draw()
        return False

    # ---- looking

    def _draw(self, area, _event):
        # type: (Any, Any) -> bool
        pixbuf = self._original if self._holding or self._painted is None else self._painted
        if pixbuf is not None:
            shown = self._fitting(pixbuf) if self._whole else self._part(pixbuf)
            _, _, width, height = area.get_allocation()
            left, top = (width - shown.get_width()) // 2, (height - shown.get_height()) // 2
            area.window.draw_pixbuf(None, shown, 0, 0, max(left, 0), max(top, 0))
        return True

    def _fitting(self, pixbuf):
        # type: (Any) -> Any
        """The whole picture in the room that there is."""
        _, _, width, height = self._area.get_allocation()
        size = self._original.get_width(), self._original.get_height()
        scale = min(1.0, width / size[0], height / size[1])
        shape = max(1, int(size[0] * scale)), max(1, int(size[1] * scale))
        if self._scaled[:2] != (pixbuf, shape):
            self._scaled = pixbuf, shape, pixbuf.scale_simple(shape[0], shape[1], gtk.gdk.INTERP_BILINEAR)
        return self._scaled[2]

    def _part(self, pixbuf):
        # type: (Any) -> Any
        """A part pixel by pixel; of a rough preview, that part enlarged."""
        left, top, width, height = self._box()
        share = pixbuf.get_width() / self._original.get_width()
        if share == 1:
            return pixbuf.subpixbuf(left, top, width, height)
        box = [int(left * share), int(top * share), max(1, int(width * share)), max(1, int(height * share))]
        return pixbuf.subpixbuf(*box).scale_simple(width, height, gtk.gdk.INTERP_BILINEAR)

    def _box(self):
        # type: () -> Tuple[int, int, int, int]
        _, _, room_width, room_height = self._area.get_allocation()
        size = self._original.get_width(), self._original.get_height()
        width, height = min(size[0], room_width), min(size[1], room_height)
        left = min(max(int(self._centre[0] * size[0] - width / 2), 0), size[0] - width)
        top = min(max(int(self._centre[1] * size[1] - height / 2), 0), size[1] - height)
        return left, top, width, height

    def _change_view(self, button):
        # type: (Any) -> None
        self._whole, self._centre = not button.get_active(), (0.5, 0.5)
        self._area.queue_draw()

    def _press(self, _area, event):
        # type: (Any, Any) -> None
        """In the view of the whole picture, hold to compare; in that of a part, drag it."""
        if self._whole:
            self._hold(True)
        else:
            self._grip = event.x, event.y

    def _drag(self, _area, event):
        # type: (Any, Any) -> None
        if self._grip is not None and self._original is not None:
            left, top, width, height = self._box()
            x, y = left + width / 2 - (event.x - self._grip[0]), top + height / 2 - (event.y - self._grip[1])
            self._centre = x / self._original.get_width(), y / self._original.get_height()
            left, top, width, height = self._box()  # no farther than to the border
            size = self._original.get_width(), self._original.get_height()
            self._centre = (left + width / 2) / size[0], (top + height / 2) / size[1]
            self._grip = event.x, event.y
            self._area.queue_draw()

    def _lift(self, _area, _event):
        # type: (Any, Any) -> None
        self._grip = None
        self._hold(False)

    def _hold(self, holding):
        # type: (bool) -> None
        self._holding = holding
        self._area.queue_draw()
