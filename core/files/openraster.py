"""OpenRaster (.ora): pictures in layers, for Krita, MyPaint, GIMP and others.

References:
    OpenRaster specification 0.0.6, https://www.openraster.org
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO
from xml.etree import ElementTree as Xml

import numpy as np

from senga.errors import ReadError
from senga.image import Image, Layer, Metadata, Pixels, to_depth
from senga.language import sentence
from senga.layers import stacked
from senga.visible import scaled

from .budget import name_of
from .png import read_header, read_png, write_png

MIMETYPE = b"image/openraster"
_MERGED = "mergedimage.png"
_THUMBNAIL = 256
_OPERATIONS = {"normal": "svg:src-over", "multiply": "svg:multiply"}
_SPARE = 1 << 20
"""Bytes by which the archive may have compressed a PNG, which is compressed already."""

Keep = Callable[[str, Image], None]
"""Puts a picture into the archive under a name."""


def read_openraster(stream: BinaryIO, info: Metadata) -> Image:
    """The picture that the layers make; the layers themselves are not read.

    Raises:
        ReadError: it is damaged.
    """
    size = stream.seek(0, 2)
    with zipfile.ZipFile(stream) as archive:
        member = archive.getinfo(_MERGED)
        if member.file_size > 2 * size + _SPARE:
            raise ReadError(f"{name_of(info)} is damaged; copy or download it again.", info.source)
        content = io.BytesIO(archive.read(member))
    image = read_png(content, read_header(content, info))
    return replace(image, info=replace(image.info, format="ORA"))


def write_openraster(image: Image, stream: BinaryIO, quality: int | None) -> None:  # noqa: ARG001 - all writers take one
    """The layers of a picture, or its alternatives, or the picture as the only one; in sRGB, in 8 or 16 bits."""
    if image.alternatives and not image.layers:
        image = replace(image, layers=stacked(image.alternatives))
    plain = replace(image, info=Metadata(dpi=image.info.dpi), layers=(), alternatives=())
    with zipfile.ZipFile(stream, "w") as archive:

        def keep(name: str, picture: Image) -> None:
            content = io.BytesIO()
            write_png(picture, content, None)
            archive.writestr(zipfile.ZipInfo(name), content.getvalue())

        archive.writestr(zipfile.ZipInfo("mimetype"), MIMETYPE)
        root = Xml.Element("image", version="0.0.6", w=str(image.width), h=str(image.height))
        _fill(Xml.SubElement(root, "stack"), _children(image) or (Layer("Picture", plain),), _numbered(keep))
        text = Xml.tostring(root, encoding="UTF-8", xml_declaration=True)
        archive.writestr(zipfile.ZipInfo("stack.xml"), text, zipfile.ZIP_DEFLATED)
        keep(_MERGED, plain)
        keep("Thumbnails/thumbnail.png", _thumbnail(plain))


def _numbered(keep: Keep) -> Callable[[Image], str]:
    """Puts pictures into the archive one after the other; gives their names."""
    names: Iterator[str] = (f"data/layer{number:03}.png" for number in range(1000))

    def put(picture: Image) -> str:
        name = next(names)
        keep(name, picture)
        return name

    return put


def _fill(stack: Xml.Element, layers: tuple[Layer, ...], put: Callable[[Image], str]) -> None:
    """Describe layers in a stack; there the uppermost comes first."""
    for layer in reversed(layers):
        facts = {
            "name": sentence(layer.name),
            "opacity": f"{layer.opacity:.6g}",
            "composite-op": _OPERATIONS[layer.mode],
        }
        children = _children(layer.picture, layer.left, layer.top)
        if children:
            _fill(Xml.SubElement(stack, "stack", {**facts, "isolation": "isolate"}), children, put)
        else:
            place = {
                "x": str(layer.left),
                "y": str(layer.top),
                "src": put(replace(layer.picture, layers=(), alternatives=())),
            }
            Xml.SubElement(stack, "layer", facts | place)


def _children(group: Image, left: int = 0, top: int = 0) -> tuple[Layer, ...]:
    """The layers in a group, placed in the whole picture, with the group's mask in them.

    OpenRaster has no masks. One that is all or nothing is cut out of every layer; a soft one would not give the same
    picture, so that such a group becomes a single layer.
    """
    mask = group.alpha
    if mask is not None and not _is_hard(mask):
        return ()
    cut = group.layers if mask is None else [_cut(layer, mask) for layer in group.layers]
    return tuple(replace(layer, left=layer.left + left, top=layer.top + top) for layer in cut)


def _is_hard(mask: Pixels) -> bool:
    full = to_depth(np.ones(1, np.float32), mask.dtype)
    return bool(((mask == 0) | (mask == full)).all())


def _cut(layer: Layer, mask: Pixels) -> Layer:
    """A layer without what lies outside of a mask; of a group its mask is cut."""
    picture = layer.picture
    own = np.zeros(picture.pixels.shape[:2], mask.dtype)
    top, left = max(0, -layer.top), max(0, -layer.left)
    part = mask[max(0, layer.top) :, max(0, layer.left) :][: picture.height - top, : picture.width - left]
    own[top : top + part.shape[0], left : left + part.shape[1]] = part
    if picture.alpha is not None:
        own = np.where(own > 0, to_depth(picture.alpha, mask.dtype), own)
    return replace(layer, picture=replace(picture, alpha=own))


def _thumbnail(image: Image) -> Image:
    scale = min(1.0, _THUMBNAIL / max(image.height, image.width))
    height, width = (max(1, round(side * scale)) for side in (image.height, image.width))
    alpha = None if image.alpha is None else to_depth(image.alpha, np.uint8)
    return scaled(Image(to_depth(image.pixels, np.uint8), alpha), height, width)
