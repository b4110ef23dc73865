"""Pixels of films: turned upright, in sRGB.

References:
    ITU-T H.273: numbers of colour primaries, transfer functions and matrices.
    ISO/IEC 14496-12, 6.2.2: the matrix that says how a track is shown.
"""

from __future__ import annotations

import struct
import threading
from typing import Any

import numpy as np

from senga.image import Image

from .stills import turned

_HIGH_DEFINITION = 720
_UNSPECIFIED, _BT709, _SRGB = 2, 1, 13
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: 9, 10: 9}
_LIKE_SRGB = (_BT709, 4, 5, 6, 7, 22)
"""Primaries of television before BT.2020: so near that pictures stay as they are, and so does what films say."""
_HIGH_RANGE = (8, 16, 17, 18)
"""Transfer functions unlike that of sRGB: linear, and those of films with more than standard range, PQ and HLG."""
_FULL_RANGE, _VIDEO_RANGE = 2, 1
_PLAIN_BITS = 8


def turn_of(frame: Any) -> int:
    """How the picture is to be turned or mirrored, as in EXIF (1 to 8): what comes nearest to the film's matrix."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 1
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0]
    return {(False, False): 5, (False, True): 6, (True, True): 7, (True, False): 8}[b < 0, c < 0]


def image_of(frame: Any, size: tuple[int, int] | None, turn: int) -> Image:
    """Pixels in sRGB, upright, of the (height, width) that is asked for."""
    height, width = (frame.height, frame.width) if size is None else size if turn <= 4 else size[::-1]
    has_alpha = any(part.is_alpha for part in frame.format.components) or frame.format.name == "pal8"
    kinds = ("rgb48le", "rgba64le") if is_deep(frame.format) else ("rgb24", "rgba")
    pixels = turned(_rgb(frame, height, width, kinds[has_alpha]), turn)
    if not has_alpha:
        return Image(np.ascontiguousarray(pixels))
    alpha = _whole(np.ascontiguousarray(pixels[:, :, 3]), frame.format.components[-1].bits)
    opaque = bool((alpha == np.iinfo(alpha.dtype).max).all())
    return Image(np.ascontiguousarray(pixels[:, :, :3]), None if opaque else alpha)


def is_deep(form: Any) -> bool:
    """Whether pixels of that form have more than 8 bits a channel."""
    return form is not None and any(part.bits > _PLAIN_BITS for part in form.components)


def has_high_range(context: Any) -> bool:
    """Whether a film has more than standard range, which its pictures lose here."""
    return int(context.color_trc) in _HIGH_RANGE


def _whole(alpha: Any, bits: int) -> Any:
    """Transparency in which full is full: FFmpeg only shifts what has less than 16 bits, and 4095 becomes 65520."""
    return alpha | alpha >> np.uint16(bits) if alpha.dtype == np.uint16 and _PLAIN_BITS <= bits < 16 else alpha


def _rgb(frame: Any, height: int, width: int, kind: str) -> Any:
    import av

    said = int(frame.colorspace)
    usual = "ITU601" if frame.height < _HIGH_DEFINITION else "ITU709"
    is_full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    how = {
        "width": width,
        "height": height,
        "format": kind,
        "src_colorspace": usual if said == _UNSPECIFIED else _MATRICES.get(said),
        "src_color_range": _FULL_RANGE if is_full or frame.format.is_rgb else _VIDEO_RANGE,
    }
    try:
        return _reformatted(frame, {**how, **_converted(frame)}).to_ndarray()
    except av.FFmpegError:  # a transfer function that nobody can convert
        return _reformatted(frame, how).to_ndarray()


_HELD = threading.local()
"""Of each thread, what it converted its last frame with: the tables of a high dynamic range take a second to make."""


def _reformatted(frame: Any, how: dict[str, Any]) -> Any:
    from av.video.reformatter import VideoReformatter

    told = frame.format.name, frame.width, frame.height, frame.color_trc, frame.color_primaries, frame.colorspace, how
    if getattr(_HELD, "told", None) != told:
        _HELD.told, _HELD.reformatter = told, VideoReformatter()
    return _HELD.reformatter.reformat(frame, **how)


def _converted(frame: Any) -> dict[str, int]:
    """What makes colours of wide primaries, and of more than standard range, those of sRGB."""
    if frame.color_trc in _HIGH_RANGE:
        return {"dst_color_trc": _SRGB, "dst_color_primaries": _BT709}
    if frame.color_primaries not in (0, _UNSPECIFIED, *_LIKE_SRGB) and frame.color_trc not in (0, _UNSPECIFIED):
        return {"dst_color_trc": int(frame.color_trc), "dst_color_primaries": _BT709}
    return {}


def colour_of(context: Any) -> tuple[int, int]:
    """Primaries and transfer function as they are written again."""
    primaries, transfer = int(context.color_primaries), int(context.color_trc)
    if primaries not in _LIKE_SRGB or transfer in (0, _UNSPECIFIED, *_HIGH_RANGE):
        return _BT709, _BT709
    return primaries, transfer
