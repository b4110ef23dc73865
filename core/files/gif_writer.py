"""Writing GIF: one palette for all frames and a dither that stays where it is, so nothing flickers.

References:
    CompuServe, Graphics Interchange Format 89a (1990).
    B. E. Bayer, An optimum method for two-level rendition of continuous-tone pictures, ICC 1973.
"""

from __future__ import annotations

import io
import math
import struct
import tempfile
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import WriteError
from senga.image import Animation, Frame

from .animation_writers import changed, rgba

_COLOURS = 255
_TRANSPARENT = 255
_FRAMES = 24
_PIXELS = 400_000
_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 0.5
_DITHER = 10


def write_gif(animation: Animation, stream: BinaryIO, quality: int | None) -> None:  # noqa: ARG001 - all writers take one
    """255 colours and one for transparency.

    The palette needs all frames and making them may take minutes, so they wait in a temporary file.
    """
    with tempfile.TemporaryFile() as spool:
        facts = [_spool(frame, spool) for frame in animation.frames()]
        if not facts:
            raise WriteError("The animation has no frames, so there is nothing to write.")
        shape = (animation.height, animation.width, 4)
        table = _palette(_sampled(spool, facts, shape))
        stream.write(_gif_head(animation, table))
        bare = any(fact.bare for fact in facts)
        before: NDArray[np.uint8] | None = None
        for fact in facts:
            now = _indexed(_unspool(spool, fact, shape), table)
            _write_gif_frame(stream, None if bare else before, now, fact.seconds, 2 if bare else 1)
            before = now
        stream.write(b";")


@dataclass(frozen=True)
class _Spooled:
    """Where a frame waits, and whether it has transparent places."""

    start: int
    size: int
    seconds: float
    bare: bool


def _spool(frame: Frame, spool: Any) -> _Spooled:
    pixels = rgba(frame, None)
    start = spool.seek(0, 2)
    size = spool.write(zlib.compress(pixels.tobytes(), 1))
    return _Spooled(start, size, frame.seconds, bool((pixels[:, :, 3] < 128).any()))


def _unspool(spool: Any, fact: _Spooled, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    spool.seek(fact.start)
    pixels = np.frombuffer(zlib.decompress(spool.read(fact.size)), np.uint8)
    if pixels.size != np.prod(shape):
        raise WriteError("The frames of an animation must all have the same size.")
    return pixels.reshape(shape)  # (H, W, 4)


def _sampled(spool: Any, facts: list[_Spooled], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """(N, 3) opaque pixels taken evenly from some frames, the first and the last among them."""
    chosen = sorted({round(at) for at in np.linspace(0, len(facts) - 1, min(len(facts), _FRAMES))})
    step = math.ceil((len(chosen) * shape[0] * shape[1] / _PIXELS) ** 0.5)
    parts = [_unspool(spool, facts[at], shape)[::step, ::step].reshape(-1, 4) for at in chosen]  # (N, 4)
    return np.concatenate([part[part[:, 3] >= 128, :3] for part in parts])


def _palette(seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(255, 3) colours for (N, 3) pixels, exact if there are no more."""
    import PIL.Image

    packed = np.unique(_packed(seen))
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
    if len(colours) > _COLOURS:
        mosaic = PIL.Image.fromarray(seen[None])
        found = mosaic.quantize(_COLOURS, PIL.Image.Quantize.MEDIANCUT, kmeans=1).getpalette("RGB")
        colours = np.array(found, np.uint8).reshape(-1, 3)[:_COLOURS]  # (255, 3)
    table = np.zeros((_COLOURS, 3), np.uint8)
    table[: len(colours)] = colours
    return table


def _indexed(frame: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) palette numbers; colours that the palette has are not dithered."""
    height, width = frame.shape[:2]
    colours = frame[:, :, :3]
    packed, known = _packed(colours), _packed(table)
    order = np.argsort(known, kind="stable")
    plain = order[np.minimum(np.searchsorted(known[order], packed), _COLOURS - 1)]
    exact = known[plain] == packed
    if not exact.all():
        threshold = np.tile(_BAYER * _DITHER, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
        plain = np.where(exact, plain, _nearest(np.clip(np.rint(colours + threshold), 0, 255).astype(np.uint8), table))
    return np.where(frame[:, :, 3] < 128, _TRANSPARENT, plain).astype(np.uint8)


def _packed(colours: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = colours.astype(np.int32)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def _nearest(colours: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[Any]:
    import PIL.Image

    palette = PIL.Image.new("P", (1, 1))
    palette.putpalette(table.tobytes())
    return np.asarray(PIL.Image.fromarray(colours).quantize(palette=palette, dither=PIL.Image.Dither.NONE))


def _gif_head(animation: Animation, table: NDArray[np.uint8]) -> bytes:
    size = struct.pack("<HHBBB", animation.width, animation.height, 0xF7, 0, 0)
    head = b"GIF89a" + size + table.tobytes() + bytes(3)
    if animation.loop == 1:
        return head
    return head + b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", max(animation.loop - 1, 0)) + b"\0"


def _write_gif_frame(
    stream: BinaryIO, before: NDArray[np.uint8] | None, now: NDArray[np.uint8], seconds: float, disposal: int
) -> None:
    """Write what differs from ``before``; ``disposal`` 1 draws the next frame upon it, 2 upon an empty sheet."""
    top, left, bottom, right = changed(None if before is None else before[:, :, None], now[:, :, None])
    part = now[top:bottom, left:right]
    if before is not None:
        part = np.where(before[top:bottom, left:right] == part, _TRANSPARENT, part).astype(np.uint8)
    see_through = bool((part == _TRANSPARENT).any())
    hundredths = min(max(round(seconds * 100), 2), 65535)
    stream.write(b"!\xf9\x04" + struct.pack("<BHBB", disposal << 2 | see_through, hundredths, _TRANSPARENT, 0))
    stream.write(b"," + struct.pack("<HHHHB", left, top, right - left, bottom - top, 0) + _gif_data(part))


def _gif_data(part: NDArray[np.uint8]) -> bytes:
    """The packed pixels of a GIF that Pillow wrote: all behind the header, the table and the picture's place."""
    import PIL.Image

    still = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(part)).save(still, "GIF", interlace=False, optimize=False)
    data = still.getvalue()
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    while data[at] == 0x21:
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    flags = data[at + 9]
    start = at + 10 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    return data[start:].removesuffix(b";")
