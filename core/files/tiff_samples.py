"""From the samples of a TIFF to colours."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.image import Metadata, Pixels
from senga.ops.rows import ROWS

from .budget import name_of

log = logging.getLogger("senga.files")


def full_range(samples: NDArray[Any], bits: int) -> Pixels:
    """As ``uint8``, ``uint16`` or ``float32``; numbers of other bits are spread to the range of these."""
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind == "u" and bits < 16 and bits != 8:
        full = 255 if bits < 8 else 65535
        table = np.rint(np.arange(1 << bits) * (full / ((1 << bits) - 1)))
        spread: Pixels = table.astype(np.uint8 if bits < 8 else np.uint16)[np.minimum(samples, (1 << bits) - 1)]
        return spread
    if samples.dtype in (np.uint8, np.uint16, np.float32):
        return samples.astype(samples.dtype.newbyteorder("="), copy=False)
    if samples.dtype == np.uint32:
        return np.multiply(samples, 1 / 0xFFFFFFFF, dtype=np.float64).astype(np.float32)
    with np.errstate(over="ignore"):  # what is too bright for single precision is infinite, and seen to later
        return samples.astype(np.float32)


def from_zero_to_one(samples: Pixels, info: Metadata) -> Pixels:
    """Floating numbers that some programs leave in the range of 8 or 16 bits: nearly all would be white."""
    if samples.dtype != np.float32:
        return samples
    seen = samples[:: max(1, len(samples) // ROWS)]
    seen = seen[np.isfinite(seen)]
    middle, top = (float(np.median(seen)), float(seen.max())) if seen.size else (0.0, 0.0)
    for full in (255, 65535):
        if full / 100 < middle and top <= full and seen.min() >= 0:
            log.info("%s: floating numbers up to %d, taken for white.", name_of(info), full)
            return samples / np.float32(full)
    return samples


def inverted(colour: Pixels) -> Pixels:
    """Light for dark."""
    return 1 - colour if colour.dtype == np.float32 else ~colour


def divided(colour: Pixels, alpha: Pixels) -> Pixels:
    """Undo the multiplication by alpha."""
    result = np.empty_like(colour)
    full = 1 if colour.dtype == np.float32 else np.iinfo(colour.dtype).max
    for top in range(0, len(colour), ROWS):
        cover = alpha[top : top + ROWS, :, None].astype(np.float32) / full
        plain = colour[top : top + ROWS] / np.where(cover > 0, cover, 1)
        result[top : top + ROWS] = plain if full == 1 else np.clip(np.rint(plain), 0, full)
    return result


def looked_up(samples: NDArray[Any], table: NDArray[np.uint16]) -> Pixels:
    """Colours of a palette, (3, N) in 16 bits; some programs store 8."""
    eight = table if table.max(initial=0) < 256 else table >> 8
    colours: Pixels = eight.T.astype(np.uint8)[np.minimum(samples[:, :, 0], table.shape[1] - 1)]
    return colours
