"""Reading single pictures: by way of Pillow, and what all readers share, from samples to an upright sRGB picture."""

from __future__ import annotations

import logging
import math
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.image import Image, Metadata, Pixels, as_rgb
from senga.ops.rows import ROWS

from .budget import check_packed, check_size, name_of
from .coded_color import coded_profile
from .color_profile import ProfileError, to_srgb
from .exif import upright, xmp_upright
from .xmp import without_claims

if TYPE_CHECKING:
    import PIL.Image

log = logging.getLogger("senga.files")

_BY_NAME = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
"""Formats that give themselves away: only the one reader sees them."""
_RARE = ("BMP", "DIB", "JPEG2000", "PPM", "ICO", "PCX", "SGI", "DDS", "TGA")
_SIDES_SWAPPED = 5
_HEAD = 1 << 16


def assemble(colour: Pixels, alpha: Pixels | None, info: Metadata) -> Image:
    """Make the picture of decoded samples.

    Args:
        colour: (H, W, 1), (H, W, 3) or (CMYK, 0 = no ink) (H, W, 4), in the colours of ``info.icc``.
        alpha: (H, W) or None.
        info: as stored; EXIF with its orientation.
    """
    grey = colour.shape[2] == 1
    colour, alpha = finite(colour), None if alpha is None else _within(finite(alpha))
    if info.icc:
        try:
            colour = to_srgb(colour, info.icc)
        except ProfileError:
            log.warning("%s: its colour profile is damaged or does not fit; ignored.", name_of(info))
            info = replace(info, icc=None)
    if colour.shape[2] == 4:
        colour = _without_ink(colour)
    exif, turn = upright(info.exif)
    info = replace(info, exif=exif, xmp=without_claims(xmp_upright(info.xmp)))
    colour, alpha = turned(colour, turn), None if alpha is None else turned(alpha, turn)
    return Image(as_rgb(colour), alpha, grey, info)


def finite(samples: Pixels) -> Pixels:
    """Floating samples without what is no number (dark) and without infinities (the brightest number there is, 0)."""
    if samples.dtype.kind != "f":
        return samples
    strips = [samples[top : top + ROWS] for top in range(0, len(samples), ROWS)]
    if all(np.isfinite(strip).all() for strip in strips):
        return samples
    brightest = max(float(np.max(strip, where=np.isfinite(strip), initial=1)) for strip in strips)
    return np.nan_to_num(samples, nan=0, posinf=brightest, neginf=0)


def _within(alpha: Pixels) -> Pixels:
    return np.clip(alpha, 0, 1) if alpha.dtype.kind == "f" else alpha


def turned(array: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation (1 to 8)."""
    if orientation == 1:
        return array
    swapped = np.swapaxes(array, 0, 1) if orientation >= _SIDES_SWAPPED else array
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(swapped[::rows, ::columns])


def _without_ink(cmyk: Pixels) -> Pixels:
    """CMYK without a profile: light passes through what each ink leaves."""
    full = np.float32(np.iinfo(cmyk.dtype).max if cmyk.dtype.kind == "u" else 1)
    result = np.empty((*cmyk.shape[:2], 3), cmyk.dtype)
    for top in range(0, cmyk.shape[0], ROWS):
        left = 1 - cmyk[top : top + ROWS].astype(np.float32) / full
        rgb = left[:, :, :3] * left[:, :, 3:] * full
        result[top : top + ROWS] = np.rint(rgb) if cmyk.dtype.kind == "u" else rgb
    return result


def resolution(info: Mapping[Any, Any]) -> tuple[float, float] | None:
    """Pillow's dots per inch, if they make sense."""
    try:
        x, y = (float(each) for each in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 1 <= x < math.inf and 1 <= y < math.inf else None


def from_pil(pil: PIL.Image.Image | Any, source: Path | None = None, known: Metadata | None = None) -> Image:
    """A Pillow picture of any mode, with its profile, EXIF, XMP and resolution, or those ``known``; upright."""
    facts = pil.info
    info = known or Metadata(
        icc=facts.get("icc_profile") or None,
        exif=_bytes(facts.get("exif")),
        xmp=_bytes(facts.get("xmp")),
        dpi=resolution(facts),
        format={"MPO": "JPEG", "DIB": "BMP"}.get(pil.format or "", pil.format),
        source=source,
    )
    if pil.mode == "LAB":
        pil, info = _lab_to_rgb(pil), replace(info, icc=None)
    samples = _samples(pil)
    has_alpha = samples.shape[2] == 2 or (samples.shape[2] == 4 and pil.mode != "CMYK")
    colour = samples[:, :, :-1] if has_alpha else samples
    return assemble(colour, samples[:, :, -1] if has_alpha else None, info)


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and value else None


_MODES = {"1": "L", "La": "LA", "P": "RGB", "PA": "RGBA", "RGBX": "RGB", "RGBa": "RGBA", "YCbCr": "RGB", "HSV": "RGB"}


def _samples(pil: PIL.Image.Image) -> Pixels:
    """(H, W, C) samples, converted strip by strip: grey, grey and alpha, RGB, RGBA or CMYK."""
    mode = _MODES.get(pil.mode, pil.mode)
    if "transparency" in pil.info and mode in ("L", "RGB"):
        mode += "A"
    first = _array(pil, mode, 0)
    result = np.empty((pil.height, *first.shape[1:]), first.dtype)
    result[: len(first)] = first
    for top in range(ROWS, pil.height, ROWS):
        result[top : top + ROWS] = _array(pil, mode, top)
    return result


def _array(pil: PIL.Image.Image, mode: str, top: int) -> NDArray[Any]:
    strip = pil.crop((0, top, pil.width, min(top + ROWS, pil.height)))
    array = np.asarray(strip if strip.mode == mode else strip.convert(mode))
    if array.dtype.kind == "i":
        array = np.clip(array, 0, 65535)
    if array.dtype.kind != "f" and array.dtype.itemsize > 1:
        array = array.astype(np.uint16)
    return array.reshape(*array.shape[:2], -1)  # (rows, W, C)


def _lab_to_rgb(pil: PIL.Image.Image) -> PIL.Image.Image:
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    result = ImageCms.profileToProfile(pil, lab, rgb, outputMode="RGB")
    return pil if result is None else result


class _Limit:
    """Pillow's own limit on pixels, out of force while somebody here reads, on any thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.kept: int | None = None

    def lift(self) -> None:
        import PIL.Image

        with self.lock:
            if self.users == 0:
                self.kept, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
            self.users += 1

    def restore(self) -> None:
        import PIL.Image

        with self.lock:
            self.users -= 1
            if self.users == 0:
                PIL.Image.MAX_IMAGE_PIXELS = self.kept


_limit = _Limit()


@contextmanager
def pillow() -> Iterator[None]:
    """Let Pillow read pictures of more than 89 megapixels; ``check_size`` guards instead."""
    _limit.lift()
    try:
        yield
    finally:
        _limit.restore()


def open_pil(stream: BinaryIO, info: Metadata, kind: str = "OTHER") -> PIL.Image.Image:
    """Read the header with Pillow and check the size; call inside ``pillow``. ``kind`` is what ``sniff`` said."""
    import PIL.Image

    stored = stream.seek(0, 2)
    stream.seek(0)
    try:
        pil = PIL.Image.open(stream, formats=(kind,) if kind in _BY_NAME else _RARE)
    except PIL.UnidentifiedImageError as error:
        if kind not in _BY_NAME:
            raise
        text = f"{name_of(info)} is damaged or of a rare kind"
        raise ReadError(f"{text}; open it in another program and save it as PNG.", info.source) from error
    check_size(pil.width, pil.height, max(4, 4 * (pil.mode in "IF")), info)
    check_packed(pil.format, pil.width * pil.height, stored, info)
    if kind == "AVIF" and not pil.info.get("icc_profile"):
        pil.info["icc_profile"] = _profile_of_avif(stream)
    return pil


def _profile_of_avif(stream: BinaryIO) -> bytes | None:
    """Colours that an AVIF describes by numbers; as in browsers a curve for television stands for that of sRGB."""
    here = stream.tell()
    stream.seek(0)
    _, _, code = stream.read(_HEAD).partition(b"colrnclx")
    stream.seek(here)
    if len(code) < 4:
        return None
    primaries, transfer = struct.unpack_from(">HH", code)
    return coded_profile(primaries, 13 if transfer in (1, 2, 6, 14, 15) else transfer, True, False)


def read_still(stream: BinaryIO, info: Metadata, kind: str = "OTHER") -> Image:
    """The (first) picture of anything that Pillow reads."""
    with pillow(), open_pil(stream, info, kind) as pil:
        return from_pil(pil, info.source)
