"""HEIC and HEIF, where pillow-heif is installed: what phones store.

References:
    pillow-heif, https://pillow-heif.readthedocs.io
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.image import Image, Metadata, Pixels

from .budget import check_packed, check_size, name_of
from .coded_color import coded_profile
from .exif import upright
from .stills import assemble


def read_heif(stream: BinaryIO, info: Metadata) -> Image:
    """The first picture, which the library has turned upright already.

    Raises:
        ReadError: it is damaged, or nothing is installed that reads it.
    """
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError as error:
        text = f"{name_of(info)} is an HEIC photograph, which needs the package pillow-heif"
        raise ReadError(f"{text}; install it, or convert the photograph to JPEG.", info.source) from error
    stored = stream.seek(0, 2)
    stream.seek(0)
    file = pillow_heif.open_heif(stream, convert_hdr_to_8bit=False, bgr_mode=False)
    check_size(file.size[0], file.size[1], 8, info)
    check_packed("HEIF", file.size[0] * file.size[1], stored, info)
    samples = _spread(np.asarray(file), int(file.info.get("bit_depth", 8)))
    has_alpha = samples.shape[2] in (2, 4)
    colour = samples[:, :, :-1] if has_alpha else samples
    alpha = np.ascontiguousarray(samples[:, :, -1]) if has_alpha else None
    return assemble(np.ascontiguousarray(colour), alpha, _metadata(file.info, colour.shape[2] == 1, info))


def _spread(samples: NDArray[Any], bits: int) -> Pixels:
    """(H, W, C); the library leaves the lowest of 16 bits empty."""
    samples = samples.reshape(*samples.shape[:2], -1)  # (H, W, C)
    return samples | samples >> np.uint16(bits) if samples.dtype == np.uint16 and 8 <= bits < 16 else samples


def _metadata(facts: Mapping[str, Any], grey: bool, info: Metadata) -> Metadata:
    nclx, icc = facts.get("nclx_profile"), facts.get("icc_profile") or None
    if nclx and not icc:
        icc = coded_profile(int(nclx["color_primaries"]), int(nclx["transfer_characteristics"]), True, grey)
    return Metadata(icc, upright(facts.get("exif"))[0], facts.get("xmp") or None, None, "HEIF", info.source)
