"""Reading animations: GIF, APNG, WebP and AVIF sequences, one whole frame after the other.

References:
    CompuServe, Graphics Interchange Format 89a (1990): blocks and trailer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from senga.errors import ReadError
from senga.image import Animation, Frame, Image, Metadata

from .stills import check_plausible, check_size, from_pil, name_of, open_pil, pillow

if TYPE_CHECKING:
    import PIL.Image

Source = Callable[[], BinaryIO]
"""Opens the file anew."""

_TRAILER, _EXTENSION, _PICTURE = 0x3B, 0x21, 0x2C
_MOST_LZW = 4096
_NO_TIME = 0.1
"""What every browser shows instead of no time at all."""


def count_frames(kind: str, stream: BinaryIO, info: Metadata) -> int:
    """How many frames a GIF, WEBP or AVIF file holds, without decoding them.

    Raises:
        ReadError: it is cut off or damaged.
    """
    try:
        if kind == "GIF":
            return _count_gif(stream, info)
        if kind == "WEBP":
            _check_riff(stream)
            stream.seek(0)
    except ValueError as error:
        raise ReadError(f"{name_of(info)} is cut off; copy or download it again.", info.source) from error
    with pillow(), open_pil(stream, info) as pil:
        return int(getattr(pil, "n_frames", 1))


def _count_gif(stream: BinaryIO, info: Metadata) -> int:
    count = count_gif_frames(stream)
    size = stream.seek(0, 2)
    stream.seek(6)
    width, height = struct.unpack("<HH", stream.read(4))
    check_size(width, height, 4, info)
    check_plausible(width * height, size, _MOST_LZW, info)
    return count


def _check_riff(stream: BinaryIO) -> None:
    size = int.from_bytes(_exactly(stream, 8)[4:], "little")
    if stream.seek(0, 2) < size + 8:
        raise ValueError("cut off")


def count_gif_frames(stream: BinaryIO) -> int:
    """Count the pictures without decoding them.

    Raises:
        ValueError: ``cut off``, or no GIF inside.
    """
    header = _exactly(stream, 13)
    _exactly(stream, _table(header[10]))
    count = 0
    while (kind := stream.read(1)) and kind[0] != _TRAILER:
        if kind[0] == _EXTENSION:
            _exactly(stream, 1)
        elif kind[0] == _PICTURE:
            count += 1
            _exactly(stream, _table(_exactly(stream, 9)[8]))
            _exactly(stream, 1)
        else:
            break  # rubbish behind the last picture
        while size := _exactly(stream, 1)[0]:
            _exactly(stream, size)
    return count


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ValueError("cut off")
    return data


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def read_animation(source: Source, count: int, info: Metadata) -> Animation:
    """An animation whose frames are decoded while they are consumed.

    Raises:
        ReadError: the first frame cannot be decoded, or the file is too large.
    """
    with source() as stream, pillow(), open_pil(stream, info) as pil:
        loop = _loop(pil)
        first = from_pil(pil.convert("RGBA"), info.source)
    whole = replace(first.info, format=pil.format)

    def frames() -> Iterator[Frame]:
        return _frames(source, count, info)

    return Animation(frames, first.height, first.width, count, loop, whole)


def _loop(pil: PIL.Image.Image) -> int:
    """How often it plays, 0 = for ever; a GIF counts repetitions, and without a count plays once."""
    stored = pil.info.get("loop")
    if pil.format != "GIF":
        return int(stored or 0)
    return 1 if stored is None else stored + 1 if stored else 0


def _frames(source: Source, count: int, info: Metadata) -> Iterator[Frame]:
    with source() as stream:
        with pillow():
            pil = open_pil(stream, info)
        hidden = int(bool(pil.info.get("default_image")))
        for index in range(count):
            yield _frame(pil, index + hidden, info)


def _frame(pil: PIL.Image.Image, index: int, info: Metadata) -> Frame:
    try:
        with pillow():
            pil.seek(index)
            image = from_pil(pil.convert("RGBA"), info.source)
        milliseconds = float(pil.info.get("duration") or 0)
    except Exception as error:  # whatever the decoders of three formats raise on a damaged file
        text = f"{name_of(info)} is damaged in frame {index + 1}; copy or download it again."
        raise ReadError(text, info.source) from error
    return Frame(_without_needless_alpha(image), milliseconds / 1000 or _NO_TIME)


def _without_needless_alpha(image: Image) -> Image:
    opaque = image.alpha is not None and bool(np.all(image.alpha == 255))
    return replace(image, alpha=None) if opaque else image
