# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Pixels between GIMP and a canvas, in bands of rows, in the depth of the image.

Python-Fu hands over pixels as GIMP keeps them: indices of a palette, linear light, half floats … What a canvas does not
take, GIMP itself converts, by way of a hidden image.
"""

from __future__ import absolute_import, division, unicode_literals

import zlib
from contextlib import contextmanager

import gimp
import gimpenums
from gimpfu import pdb
from senga_client import Canvas  # copied beside by the installer

from .words import Trouble, native

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Iterator, List, Optional, Tuple, Union

    from .frames import Frame

    Picture = Union[Canvas, Frame]

BAND = 256
"""Rows; a multiple of the height of GIMP's tiles."""

ENCODED = {
    gimpenums.PRECISION_U8_GAMMA: "u8",
    gimpenums.PRECISION_U16_GAMMA: "u16",
    gimpenums.PRECISION_FLOAT_GAMMA: "float",
}
"""Precisions that a canvas can hold as they are."""

_PRECISIONS = {"u8": gimpenums.PRECISION_U8_GAMMA, "u16": gimpenums.PRECISION_U16_GAMMA}
_DEPTHS = {gimpenums.PRECISION_U8_LINEAR: "u16", gimpenums.PRECISION_U16_LINEAR: "u16"}
_OF_MASKS = dict(ENCODED)
_OF_MASKS.update(
    {
        gimpenums.PRECISION_U8_LINEAR: "u8",
        gimpenums.PRECISION_U16_LINEAR: "u16",
        gimpenums.PRECISION_FLOAT_LINEAR: "float",
    }
)


class Layout(object):
    """How the pixels of a drawable travel: channels and depth, as a canvas names them, and whether GIMP has them so."""

    def __init__(self, channels, depth, direct):
        # type: (int, str, bool) -> None
        self.channels, self.depth, self.direct = channels, depth, direct


def layout_of(image, drawable):
    # type: (gimp.Image, gimp.Drawable) -> Layout
    """The layout that loses nothing of a drawable: its channels, and a depth that holds its precision and gamut.

    Raises:
        Trouble: it is a mask or a channel of a rare precision.
    """
    precision = image.precision
    if not isinstance(drawable, gimp.Layer):
        if precision not in _OF_MASKS:
            raise Trouble("Masks of this precision cannot be painted: choose Image > Precision > 8 or 16 bit first.")
        return Layout(1, _OF_MASKS[precision], True)
    channels = (1 if drawable.is_gray else 3) + drawable.has_alpha
    if not is_srgb(image):
        return Layout(channels, "float", False)  # colours outside of sRGB are below 0 or above 1 there
    if precision in ENCODED:
        return Layout(channels, ENCODED[precision], not drawable.is_indexed)
    return Layout(channels, _DEPTHS.get(precision, "float"), False)


def is_srgb(image):
    # type: (gimp.Image) -> bool
    """Whether the colours of an image are GIMP's own sRGB, so that integers from 0 hold them."""
    return not pdb.gimp_image_get_color_profile(image)[0]


def canvas_of(drawable, layout):
    # type: (gimp.Drawable, Layout) -> Tuple[Canvas, int]
    """A canvas with all pixels of a drawable, and their digest."""
    canvas, digest = Canvas(drawable.width, drawable.height, layout.channels, layout.depth), 0
    try:
        for y, data in _read(drawable, layout):
            canvas.write_band(y, data)
            digest = zlib.crc32(data, digest)
    except BaseException:
        canvas.close()
        raise
    return canvas, digest


def canvas_beside(drawable, layout, other):
    # type: (gimp.Drawable, Layout, gimp.Drawable) -> Canvas
    """A canvas of the size of another drawable, with what of this one lies there; transparent elsewhere."""
    channels = layout.channels + layout.channels % 2
    (left, top), (other_left, other_top) = drawable.offsets, other.offsets
    with _hidden_image(_Sheet(drawable, Layout(channels, layout.depth, True))) as hidden:
        copy = pdb.gimp_layer_new_from_drawable(drawable, hidden)
        hidden.add_layer(copy, 0)
        if not copy.has_alpha:
            copy.add_alpha()
        copy.resize(other.width, other.height, left - other_left, top - other_top)
        fresh = hidden.layers[0]  # the old object remembers its size
        return canvas_of(fresh, Layout(channels, layout.depth, True))[0]


def digest_of(drawable, layout):
    # type: (gimp.Drawable, Layout) -> int
    """The digest that ``canvas_of`` would give now."""
    digest = 0
    for _, data in _read(drawable, layout):
        digest = zlib.crc32(data, digest)
    return digest


def selection_digest(image):
    # type: (gimp.Image) -> int
    """A digest of what is selected; 0 when nothing is, which is as if all was."""
    if pdb.gimp_selection_is_empty(image):
        return 0
    digest, selection = 1, image.selection
    region = _region(selection, False)
    for y, rows in _bands(0, selection.height):
        digest = zlib.crc32(region[0 : selection.width, y : y + rows], digest)
    return digest


def selection_on(image, drawable):
    # type: (gimp.Image, gimp.Drawable) -> Optional[bytes]
    """What is selected of a layer, a byte for every pixel; None for all, or where the selection is not of bytes."""
    selection = image.selection
    if pdb.gimp_selection_is_empty(image) or selection.bpp != 1:
        return None
    left, top = drawable.offsets
    width, height = drawable.width, drawable.height
    begin, end = max(left, 0), min(left + width, selection.width)
    before, after = b"\0" * (begin - left), b"\0" * (left + width - end)
    region, empty, rows = _region(selection, False), b"\0" * width, []
    for y in range(top, top + height):
        outside = not (0 <= y < selection.height and begin < end)
        rows.append(empty if outside else before + region[begin:end, y : y + 1] + after)
    return b"".join(rows)


def _read(drawable, layout):
    # type: (gimp.Drawable, Layout) -> Iterator[Tuple[int, bytes]]
    """The pixels of a drawable as a canvas has them, in bands of rows, each with the row that it begins at."""
    if layout.direct:
        region = _region(drawable, False)
        for y, rows in _bands(0, drawable.height):
            yield y, region[0 : drawable.width, y : y + rows]
        return
    with _hidden_image(_Sheet(drawable, layout)) as hidden:
        copy = pdb.gimp_layer_new_from_drawable(drawable, hidden)
        hidden.add_layer(copy, 0)
        for band in _read(copy, Layout(layout.channels, layout.depth, True)):  # noqa: UP028 - Python 2.7
            yield band


class _Sheet(object):
    """The measures of a canvas."""

    def __init__(self, drawable, layout):
        # type: (gimp.Drawable, Layout) -> None
        self.width, self.height = drawable.width, drawable.height
        self.channels, self.depth = layout.channels, layout.depth


def select(canvas, area):
    # type: (Canvas, Tuple[int, int, int, int]) -> None
    """Tell the worker which part is wanted: what encloses the selection.

    GIMP itself blends by the selection when the result is merged. If the worker did too, a feather would count twice.
    """
    left, top, width, height = area
    row = b"\0" * left + b"\xff" * width + b"\0" * (canvas.width - left - width)
    for y, rows in _bands(top, top + height):
        canvas.write_mask_band(y, row * rows)


def merge(canvas, image, drawable, layout, area):
    # type: (Canvas, gimp.Image, gimp.Drawable, Layout, Tuple[int, int, int, int]) -> None
    """Through the shadow buffer, so that GIMP blends by the selection and its feather."""
    left, top, width, height = area
    if layout.direct:
        _copy_in(canvas, drawable, top, top + height, True)
    else:
        converted = layer_of(canvas, image, layout, "Senga")
        _copy_shadow(converted, drawable, top, top + height)
        gimp.delete(converted)
    drawable.merge_shadow(True)
    drawable.update(left, top, width, height)


def layer_of(picture, image, layout, name):
    # type: (Picture, gimp.Image, Layout, str) -> gimp.Layer
    """A layer with these pixels in the image's own format, not yet part of the image."""
    if layout.direct:
        return _plain_layer(picture, image, name)
    with _hidden_image(picture) as hidden:
        layer = _plain_layer(picture, hidden, name)
        hidden.add_layer(layer, 0)
        converted = pdb.gimp_layer_new_from_drawable(layer, image)  # type: gimp.Layer
        converted.name = native(name)
        return converted


def new_image(width, height, channels, depth):
    # type: (int, int, int, str) -> gimp.Image
    """An image without layers and undo whose pixels lie as those of a canvas; in sRGB."""
    base = gimpenums.GRAY if channels < 3 else gimpenums.RGB
    precision = _PRECISIONS.get(depth, gimpenums.PRECISION_FLOAT_GAMMA)
    image = pdb.gimp_image_new_with_precision(width, height, base, precision)  # type: gimp.Image
    image.disable_undo()
    return image


@contextmanager
def _hidden_image(picture):
    # type: (Union[Picture, _Sheet]) -> Iterator[gimp.Image]
    hidden = new_image(picture.width, picture.height, picture.channels, picture.depth)
    try:
        yield hidden
    finally:
        gimp.delete(hidden)


def _plain_layer(picture, image, name):
    # type: (Picture, gimp.Image, str) -> gimp.Layer
    types = (gimpenums.GRAY_IMAGE, gimpenums.GRAYA_IMAGE, gimpenums.RGB_IMAGE, gimpenums.RGBA_IMAGE)
    kind = types[picture.channels - 1]
    layer = gimp.Layer(image, native(name), picture.width, picture.height, kind, 100.0, gimpenums.LAYER_MODE_NORMAL)
    _copy_in(picture, layer, 0, picture.height, False)
    layer.update(0, 0, picture.width, picture.height)
    return layer


def _copy_in(picture, drawable, top, bottom, shadow):
    # type: (Picture, gimp.Drawable, int, int, bool) -> None
    region = _region(drawable, True, shadow)
    for y, rows in _bands(top, bottom):
        region[0 : picture.width, y : y + rows] = picture.read_band(y, rows)
    drawable.flush()


def _copy_shadow(source, drawable, top, bottom):
    # type: (gimp.Drawable, gimp.Drawable, int, int) -> None
    """Rows of a drawable into the shadow buffer of another with the same format."""
    read, write = _region(source, False), _region(drawable, True, True)
    for y, rows in _bands(top, bottom):
        write[0 : source.width, y : y + rows] = read[0 : source.width, y : y + rows]
    drawable.flush()


def _region(drawable, dirty, shadow=False):
    # type: (gimp.Drawable, bool, bool) -> gimp.PixelRgn
    return drawable.get_pixel_rgn(0, 0, drawable.width, drawable.height, dirty, shadow)


def _bands(top, bottom):
    # type: (int, int) -> List[Tuple[int, int]]
    """First row and number of rows of every band; bands begin where tiles do."""
    edges = [top] + list(range(top - top % BAND + BAND, bottom, BAND)) + [bottom]
    return [(start, stop - start) for start, stop in zip(edges, edges[1:])]
