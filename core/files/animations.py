"""Reading animations that Pillow decodes: APNG, WebP and AVIF sequences, one whole frame after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from senga.errors import ReadError
from senga.image import Animation, Frame, Image, Metadata

from .budget import check_frames, name_of
from .stills import from_pil, open_pil, pillow

if TYPE_CHECKING:
    import PIL.Image

Source = Callable[[], BinaryIO]
"""Opens the file anew."""

_QUICKEST, _USUAL = 0.011, 0.1


def seconds_shown(stored: float) -> float:
    """How long a frame stays: as in every browser a tenth of a second if the file says next to nothing."""
    return stored if stored >= _QUICKEST else _USUAL


def count_frames(kind: str, stream: BinaryIO, info: Metadata) -> int:
    """How many frames a WEBP or AVIF file holds, without decoding them.

    Raises:
        ReadError: it is cut off or damaged, or its frames are too many.
    """
    with pillow(), open_pil(stream, info, kind) as pil:
        count = int(getattr(pil, "n_frames", 1))
        check_frames(count, pil.width, pil.height, info)
    return count


def read_animation(source: Source, kind: str, count: int, info: Metadata) -> Animation:
    """An animation whose frames are decoded while they are consumed.

    Args:
        source: opens the file.
        kind: what ``sniff`` said.
        count: frames.
        info: with the metadata, if they are known.

    Raises:
        ReadError: the first frame cannot be decoded, or the file is too large.
    """
    with source() as stream, pillow(), open_pil(stream, info, kind) as pil:
        loop = _loop(pil)
        first = from_pil(pil.convert("RGBA"), info.source, info if info.format else None)
    whole = replace(first.info, format=kind)

    def frames() -> Iterator[Frame]:
        return _frames(source, kind, count, info)

    return Animation(frames, first.height, first.width, count, loop, whole)


def _loop(pil: PIL.Image.Image) -> int:
    """How often it plays, 0 = for ever."""
    return int(pil.info.get("loop") or 0)


def _frames(source: Source, kind: str, count: int, info: Metadata) -> Iterator[Frame]:
    with source() as stream:
        with pillow():
            pil = open_pil(stream, info, kind)
        hidden = int(bool(pil.info.get("default_image")))
        for index in range(count):
            yield _frame(pil, index + hidden, info)


def _frame(pil: PIL.Image.Image, index: int, info: Metadata) -> Frame:
    try:
        with pillow():
            pil.seek(index)
            image = from_pil(pil.convert("RGBA"), info.source, info if info.format else None)
        milliseconds = float(pil.info.get("duration") or 0)
    except Exception as error:  # whatever the decoders of three formats raise on a damaged file
        text = f"{name_of(info)} is damaged in frame {index + 1}; copy or download it again."
        raise ReadError(text, info.source) from error
    return Frame(_without_needless_alpha(image), seconds_shown(milliseconds / 1000))


def _without_needless_alpha(image: Image) -> Image:
    opaque = image.alpha is not None and bool(np.all(image.alpha == 255))
    return replace(image, alpha=None) if opaque else image
