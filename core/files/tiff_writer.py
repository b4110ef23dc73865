"""TIFF as we write it: deflated strips in the depth of the picture, with its EXIF behind them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import BinaryIO

from senga.image import Image, Metadata

from .exif import EXIF_IFD, GPS_IFD, XMP_TAG, Exif
from .still_writers import in_profile, is_grey, stacked

_DIRECTORIES = {EXIF_IFD + 1: EXIF_IFD, GPS_IFD + 1: GPS_IFD}
"""Tags that stand for those which tifffile does not write, until the file is finished; the order is the same."""


def write_tiff(image: Image, stream: BinaryIO, quality: int | None) -> None:  # noqa: ARG001 - all writers take one
    """Deflate in strips, in the depth of the picture."""
    import tifffile

    colour, profile = in_profile(image, grey=is_grey(image))
    samples = stacked(colour, image.alpha)
    exif = _exif_of(image.info)
    tifffile.imwrite(
        stream,
        samples[:, :, 0] if samples.shape[2] == 1 else samples,
        photometric="rgb" if colour.shape[2] == 3 else "minisblack",
        planarconfig="contig" if samples.shape[2] > 1 else None,
        extrasamples=None if image.alpha is None else ("unassalpha",),
        byteorder=">" if exif and exif.order == ">" else "<",
        compression="zlib",
        predictor=True,
        rowsperstrip=max(1, (1 << 20) // max(1, samples[0].nbytes)),
        iccprofile=profile,
        resolution=image.info.dpi,
        resolutionunit=2 if image.info.dpi else None,
        extratags=list(_tags(image.info, exif)),
        metadata=None,
        software=False,
        maxworkers=1,
    )
    if exif:
        _append(stream, exif)


def _exif_of(info: Metadata) -> Exif | None:
    try:
        return Exif(info.exif) if info.exif else None
    except ValueError:
        return None


def _tags(info: Metadata, exif: Exif | None) -> Iterable[tuple[int, int, int, object, bool]]:
    if info.xmp:
        yield XMP_TAG, 1, len(info.xmp), info.xmp, True
    for tag, text in exif.texts() if exif else ():
        yield tag, 2, len(text), text, True
    for placeholder, tag in _DIRECTORIES.items() if exif else ():
        if exif and exif.directory(tag):
            yield placeholder, 4, 1, 0, True


def _append(stream: BinaryIO, exif: Exif) -> None:
    """Put the EXIF block behind the picture and let the tags of its directories point into it."""
    stream.seek(0)
    head = stream.read(8)
    if struct.unpack_from(exif.order + "H", head, 2)[0] != 42:
        return  # BigTIFF has other offsets
    base = stream.seek(0, 2)
    base += base % 2
    stream.seek(base)
    stream.write(exif.moved(base))
    first = struct.unpack_from(exif.order + "I", head, 4)[0]
    stream.seek(first)
    (count,) = struct.unpack(exif.order + "H", stream.read(2))
    entries = stream.read(12 * count)
    for place in range(0, len(entries), 12):
        tag = _DIRECTORIES.get(struct.unpack_from(exif.order + "H", entries, place)[0])
        directory = exif.directory(tag) if tag else None
        if directory is not None:
            stream.seek(first + 2 + place)
            stream.write(struct.pack(exif.order + "HHII", tag, 4, 1, base + directory))
    stream.seek(0, 2)
