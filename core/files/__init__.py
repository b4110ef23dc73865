"""Read and write pictures of any kind: upright, in sRGB, and with everything else kept for the way back."""

from __future__ import annotations

import sys
from typing import cast

from senga.codec import Codec, offer
from senga.image import Image

from .formats import FileFormat, formats
from .reading import read
from .still_writers import to_pil
from .stills import from_pil
from .writing import check_whole, encode, write

__all__ = ["FileFormat", "check_whole", "encode", "formats", "from_pil", "preview_png", "read", "to_pil", "write"]


def preview_png(image: Image, long_side: int = 1024) -> bytes:
    """A small PNG for notebooks and dialogs: 8 bits, sRGB, at most ``long_side`` pixels wide and high."""
    import io

    pil = to_pil(image)
    pil.thumbnail((long_side, long_side))
    stream = io.BytesIO()
    pil.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


offer(cast("Codec", sys.modules[__name__]))
