"""Writing single pictures: by way of Pillow, and what every writer shares, from an sRGB picture to samples."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from senga.image import Image, Metadata, Pixels, to_depth
from senga.ops.rows import ROWS

from .budget import name_of
from .color_profile import ProfileError, from_srgb, srgb

if TYPE_CHECKING:
    import PIL.Image

log = logging.getLogger("senga.files")


def is_grey(image: Image) -> bool:
    """Whether one channel says it all and the source had one."""
    pixels = image.pixels
    if not image.grey or pixels.strides[2] == 0:
        return image.grey
    strips = (pixels[top : top + ROWS] for top in range(0, image.height, ROWS))
    return all((strip[:, :, :1] == strip[:, :, 1:]).all() for strip in strips)


def in_profile(image: Image, *, grey: bool) -> tuple[Pixels, bytes | None]:
    """The colours as they go into a file, (H, W, 1) or (H, W, 3), and the profile that describes them.

    A profile that cannot describe the picture (CMYK, grey for a coloured picture, RGB for a grey one, a scanner's)
    gives way to sRGB, which is then written beside coloured pictures; grey ones go without.
    """
    pixels = image.pixels[:, :, :1] if grey else image.pixels
    profile = image.info.icc
    if not profile:
        return pixels, None
    try:
        return from_srgb(pixels, profile), profile
    except ProfileError:
        log.info("%s: its colour profile cannot describe the result; written as sRGB.", name_of(image.info))
        return pixels, None if grey else srgb()


def over_white(image: Image) -> Image:
    """The picture without transparency, as if it lay on white paper."""
    if image.alpha is None:
        return image
    full = 255 if image.depth == np.uint8 else 65535 if image.depth == np.uint16 else 1
    result = np.empty(image.pixels.shape, image.depth)
    for top in range(0, image.height, ROWS):
        cover = to_depth(image.alpha[top : top + ROWS], np.float32)[:, :, None]
        mixed = image.pixels[top : top + ROWS] * cover + full * (1 - cover)
        result[top : top + ROWS] = mixed if image.depth == np.float32 else np.rint(mixed)
    return replace(image, pixels=result, alpha=None)


def stacked(colour: Pixels, alpha: Pixels | None) -> Pixels:
    """Colour and alpha as one contiguous (H, W, C) array in the depth of the colour."""
    if alpha is None:
        return np.ascontiguousarray(colour).ravel().reshape(colour.shape)  # plain strides even for a single pixel
    return np.concatenate([colour, to_depth(alpha, colour.dtype)[:, :, None]], axis=2)


def to_pil(image: Image) -> PIL.Image.Image:
    """An 8-bit L, LA, RGB or RGBA picture in sRGB, without metadata."""
    grey = is_grey(image)
    return pil_of(image.pixels[:, :, :1] if grey else image.pixels, image.alpha)


def pil_of(colour: Pixels, alpha: Pixels | None) -> PIL.Image.Image:
    """A Pillow picture of (H, W, 1) or (H, W, 3) colours and alpha, in 8 bits."""
    import PIL.Image

    samples = stacked(to_depth(colour, np.uint8), alpha)
    return PIL.Image.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples)


def write_jpeg(image: Image, stream: BinaryIO, quality: int | None) -> None:
    """Quality 95 with full colour resolution; transparency over white."""
    image = over_white(image)
    colour, profile = in_profile(image, grey=is_grey(image))
    options = _metadata(image.info, profile)
    if len(options.get("exif", b"")) > 65500:
        log.warning("%s: its EXIF is too long for JPEG and is left out.", name_of(image.info))
        del options["exif"]
    if len(options.get("xmp", b"")) > 65000:
        del options["xmp"]
    _save(pil_of(colour, None), stream, "JPEG", quality=quality or 95, subsampling=0, **options)


def write_webp(image: Image, stream: BinaryIO, quality: int | None) -> None:
    """Quality 92; 100 is lossless."""
    colour, profile = in_profile(image, grey=False)
    quality = quality or 92
    options = _metadata(image.info, profile)
    pil = pil_of(colour, image.alpha)
    _save(pil, stream, "WEBP", quality=quality, lossless=quality == 100, exact=True, **options)


def write_avif(image: Image, stream: BinaryIO, quality: int | None) -> None:
    """Quality 90 with full colour resolution."""
    colour, profile = in_profile(image, grey=False)
    options = _metadata(image.info, profile)
    pil = pil_of(colour, image.alpha)
    _save(pil, stream, "AVIF", quality=quality or 90, subsampling="4:4:4", speed=9, **options)


def write_bmp(image: Image, stream: BinaryIO, quality: int | None) -> None:  # noqa: ARG001 - all writers take one
    """24 or 8 bits in sRGB; transparency over white."""
    options = {"dpi": image.info.dpi} if image.info.dpi else {}
    _save(to_pil(over_white(image)), stream, "BMP", **options)


def _save(pil: PIL.Image.Image, stream: BinaryIO, kind: str, **options: Any) -> None:
    """By way of memory: Pillow writes straight to the file's descriptor and does not notice when the disk is full."""
    content = io.BytesIO()
    pil.save(content, kind, **options)
    stream.write(content.getbuffer())


def _metadata(info: Metadata, profile: bytes | None) -> dict[str, Any]:
    exif = info.exif and b"Exif\0\0" + info.exif.removeprefix(b"Exif\0\0")
    known = {"icc_profile": profile, "exif": exif, "xmp": info.xmp, "dpi": info.dpi}
    return {name: value for name, value in known.items() if value}
