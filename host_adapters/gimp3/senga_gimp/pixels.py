"""Pixels between GIMP and a canvas, in bands of rows, in the depth of the image."""

from __future__ import annotations

import zlib
from array import array
from dataclasses import dataclass
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402 - after the versions are chosen
from senga_client import Canvas  # noqa: E402 - copied beside by the installer

BAND = 256
_NO_ABYSS = Gegl.AbyssPolicy.NONE
_8_BIT = (Gimp.Precision.U8_NON_LINEAR, Gimp.Precision.U8_PERCEPTUAL)
_16_BIT = (Gimp.Precision.U8_LINEAR, Gimp.Precision.U16_NON_LINEAR, Gimp.Precision.U16_PERCEPTUAL)
_SCREEN = "R'G'B'A u8"
_MODELS = {1: "Y'", 2: "Y'A", 3: "R'G'B'", 4: "R'G'B'A"}
"""Channels -> babl's name for them, always sRGB-encoded; a misspelt name would crash GEGL."""


@dataclass(frozen=True)
class Layout:
    """How the pixels of a drawable travel: channels and depth, as a canvas names them."""

    channels: int
    depth: str

    @property
    def format(self) -> str:
        """Babl's name for it."""
        return f"{_MODELS[self.channels]} {self.depth}"


def layout_of(image: Any, drawable: Any) -> Layout:
    """The layout that loses nothing of a drawable: its channels, and a depth that holds its precision and gamut."""
    alpha = drawable.has_alpha()
    grey = drawable.is_gray()
    precision = image.get_precision()
    if precision in _8_BIT and drawable.is_layer() and is_srgb(image):
        depth = "u8"
    elif precision in (*_8_BIT, *_16_BIT) and is_srgb(image):
        depth = "u16"  # masks and channels are linear: 8 bits of them need more when encoded
    else:
        depth = "float"  # colours outside of sRGB are below 0 or above 1 there
    return Layout((1 if grey else 3) + alpha, depth)


def is_srgb(image: Any) -> bool:
    """Whether the colours of an image are those of sRGB, so that integers from 0 hold them."""
    profile = image.get_color_profile()
    return profile is None or (profile.is_rgb() and profile.is_equal(Gimp.ColorProfile.new_rgb_srgb()))


def canvas_of(drawable: Any, layout: Layout) -> tuple[Any, int]:
    """A canvas with all pixels of a drawable, and their digest."""
    width, height = drawable.get_width(), drawable.get_height()
    canvas = Canvas(width, height, layout.channels, layout.depth)
    try:
        return canvas, copy_out(drawable.get_buffer(), canvas)
    except BaseException:
        canvas.close()
        raise


def copy_out(buffer: Any, canvas: Any) -> int:
    """From a buffer of GIMP onto a canvas of the same size; gives a digest of the pixels."""
    layout, digest = Layout(canvas.channels, canvas.depth), 0
    for y, rows in bands(0, canvas.height):
        data = buffer.get(_rows(0, y, canvas.width, rows), 1.0, layout.format, _NO_ABYSS)
        canvas.write_band(y, data)
        digest = zlib.crc32(data, digest)
    return digest


def digest_of(drawable: Any, layout: Layout) -> int:
    """The digest that ``canvas_of`` would give now."""
    buffer, width, digest = drawable.get_buffer(), drawable.get_width(), 0
    for y, rows in bands(0, drawable.get_height()):
        digest = zlib.crc32(buffer.get(_rows(0, y, width, rows), 1.0, layout.format, _NO_ABYSS), digest)
    return digest


def selection_digest(image: Any, drawable: Any) -> int:
    """A digest of what is selected of a drawable; 0 when nothing is selected anywhere, which is as if all was."""
    if Gimp.Selection.is_empty(image):
        return 0
    _, left, top = drawable.get_offsets()
    buffer, width, digest = image.get_selection().get_buffer(), drawable.get_width(), 1
    for y, rows in bands(0, drawable.get_height()):
        digest = zlib.crc32(buffer.get(_rows(left, top + y, width, rows), 1.0, "Y u8", _NO_ABYSS), digest)
    return digest


def copy_in(canvas: Any, buffer: Any, top: int = 0, bottom: int | None = None) -> None:
    """The rows ``top:bottom`` of a canvas into a buffer of GIMP."""
    layout = Layout(canvas.channels, canvas.depth)
    for y, rows in bands(top, canvas.height if bottom is None else bottom):
        buffer.set(_rows(0, y, canvas.width, rows), layout.format, canvas.read_band(y, rows))
    buffer.flush()


def set_all(drawable: Any, frame: Any, data: bytes) -> None:
    """Give a drawable the pixels of a frame of its size."""
    buffer = drawable.get_buffer()
    buffer.set(_rows(0, 0, frame.width, frame.height), Layout(frame.channels, frame.depth).format, data)
    buffer.flush()


def copy_cover(image: Any, drawable: Any, mask: Any, left: int, top: int, whole: bool) -> None:
    """Make a mask of what is selected in a drawable and not transparent; the mask lies at ``left``, ``top`` of it.

    With ``whole`` what is transparent belongs to it, too.
    """
    _, x, y = drawable.get_offsets()
    selection = None if Gimp.Selection.is_empty(image) else image.get_selection().get_buffer()
    below = drawable.get_buffer() if drawable.has_alpha() and not whole else None
    buffer, width = mask.get_buffer(), mask.get_width()
    for start, rows in bands(0, mask.get_height()):
        covers = []
        if selection is not None:
            covers.append(selection.get(_rows(x + left, y + top + start, width, rows), 1.0, "Y float", _NO_ABYSS))
        if below is not None:
            covers.append(below.get(_rows(left, top + start, width, rows), 1.0, "A float", _NO_ABYSS))
        buffer.set(_rows(0, start, width, rows), "Y float", _product(covers, width * rows))
    buffer.flush()


def _product(covers: list[bytes], count: int) -> bytes:
    """Several covers multiplied, pixel by pixel; those that cover everything cost no time."""
    full = array("f", [1.0]) * count
    partial = [cover for cover in map(bytes, covers) if cover != full.tobytes()]
    if len(partial) < 2:
        return partial[0] if partial else full.tobytes()
    first, second = (array("f", cover) for cover in partial)
    return array("f", [a * b for a, b in zip(first, second)]).tobytes()  # noqa: B905 - Python 3.9 has no strict


def copy_selection(image: Any, drawable: Any, canvas: Any) -> None:
    """Mark what the filter shall see as selected: every pixel that is, even a little.

    GIMP itself blends by the selection when the result is merged. If the worker did too, a feather would count twice.
    """
    _, left, top = drawable.get_offsets()
    buffer = image.get_selection().get_buffer()
    whole = bytes([0]) + bytes([255]) * 255
    for y, rows in bands(0, canvas.height):
        data = buffer.get(_rows(left, top + y, canvas.width, rows), 1.0, "Y u8", _NO_ABYSS)
        canvas.write_mask_band(y, data.translate(whole))


def scaled(buffer: Any, box: tuple[int, int, int, int], scale: float) -> bytes:
    """The part ``left, top, width, height`` of a buffer reduced by ``scale``, as 8-bit RGBA."""
    return bytes(buffer.get(_rows(*box), scale, _SCREEN, _NO_ABYSS))


def part_of(buffer: Any, box: tuple[int, int, int, int], form: str = _SCREEN) -> bytes:
    """The part ``left, top, width, height`` of a buffer."""
    return bytes(buffer.get(_rows(*box), 1.0, form, _NO_ABYSS))


def rows_of(buffer: Any, y: int, rows: int, form: str) -> bytes:
    """Whole rows of a buffer."""
    return part_of(buffer, (0, y, buffer.get_extent().width, rows), form)


def copy_rows(old: Any, new: Any, layout: Layout, y: int, rows: int) -> None:
    """Whole rows from one buffer into another of the same width."""
    area = _rows(0, y, new.get_extent().width, rows)
    new.set(area, layout.format, bytes(old.get(area, 1.0, layout.format, _NO_ABYSS)))


def taken(buffer: Any, box: tuple[int, int, int, int], layout: Layout) -> Any:
    """A buffer of our own with the part ``left, top, width, height`` of another, transparent beyond it."""
    left, top, width, height = box
    own = Gegl.Buffer.new(layout.format, 0, 0, width, height)
    for y, rows in bands(0, height):
        own.set(
            _rows(0, y, width, rows),
            layout.format,
            bytes(buffer.get(_rows(left, top + y, width, rows), 1.0, layout.format, _NO_ABYSS)),
        )
    return own


def copy_selected(image: Any, drawable: Any, mask: Any, y: int, rows: int) -> None:
    """What is selected of these rows of a drawable, into a buffer of its size."""
    _, left, top = drawable.get_offsets()
    width = mask.get_extent().width
    data = image.get_selection().get_buffer().get(_rows(left, top + y, width, rows), 1.0, "Y u8", _NO_ABYSS)
    mask.set(_rows(0, y, width, rows), "Y u8", bytes(data))


def reduced_selection(image: Any, drawable: Any, width: int, height: int) -> bytes:
    """The selection as 8-bit values, on the small copy of a drawable."""
    _, left, top = drawable.get_offsets()
    scale = width / drawable.get_width()
    area = Gegl.Rectangle.new(round(left * scale), round(top * scale), width, height)
    data = image.get_selection().get_buffer().get(area, scale, "Y u8", _NO_ABYSS)
    return bytes(data)


def bands(top: int, bottom: int) -> list[tuple[int, int]]:
    """Where bands of rows begin, and how many rows they have."""
    return [(y, min(BAND, bottom - y)) for y in range(top, bottom, BAND)]


def _rows(x: int, y: int, width: int, rows: int) -> Any:
    return Gegl.Rectangle.new(x, y, width, rows)
