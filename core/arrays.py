"""Arrays as people make them with numpy, Pillow and their friends, brought to the samples of a picture or a mask.

What an array means is told by its type where that is certain, else by its numbers:

========================  ===================================================================================
``bool``                  0 or full
``uint8``, ``uint16``     themselves
other integers            0..255 if none is larger, else 0..65535
floating                  0..1 (and beyond: wide colours); 0..255 if all are whole or most are larger than 1
========================  ===================================================================================

In a mask, whole numbers of which none is larger than 1 are no and yes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BYTE, _WORD = 255, 65535
_OVERSHOOT = 1.25
"""What sharpening and resampling add to white."""


def picture_samples(array: NDArray[Any]) -> NDArray[Any]:
    """Samples as (H, W) or (H, W, C) ``uint8``, ``uint16`` or ``float32``, in the order of memory.

    Raises:
        ValueError: shape or numbers are not those of a picture.
        TypeError: it holds no numbers.
    """
    _check_shape(array)
    samples = _samples(array, "picture")
    straight = all(step >= 0 for step in samples.strides)
    return samples if straight else np.ascontiguousarray(samples)


def mask_samples(array: NDArray[Any]) -> NDArray[Any]:
    """A mask as (H, W) ``uint8``, ``uint16`` or ``float32``; a number that is none selects nothing.

    Raises:
        ValueError: shape or numbers are not those of a mask.
        TypeError: it holds no numbers.
    """
    flat = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if flat.ndim != 2 or not flat.size:
        raise ValueError(f"a selection is (height, width), and not empty; this one is {array.shape}")
    if flat.dtype.kind in "iu" and flat.min() >= 0 and flat.max() <= 1:
        flat = flat.astype(bool)
    samples = _samples(flat, "selection")
    return np.nan_to_num(np.clip(samples, 0, 1)) if samples.dtype == np.float32 else samples


def _check_shape(array: NDArray[Any]) -> None:
    shape = array.shape
    if len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] > 4:
        raise ValueError(f"a picture is (height, width, channels), but this is {shape}: use array.transpose(1, 2, 0)")
    if len(shape) == 4:
        raise ValueError(f"a picture is (height, width, channels), but this is {shape}: give one picture of them")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 2, 3, 4)):
        raise ValueError(f"a picture is (H, W) or (H, W, 1 to 4), not {shape}")
    if 0 in shape:
        raise ValueError(f"the picture is empty: {shape}")


def _samples(array: NDArray[Any], what: str) -> NDArray[Any]:
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(_BYTE)
    if array.dtype.kind in "iu":
        return _whole(array, what)
    if array.dtype.kind == "f":
        return _floating(array, what)
    raise TypeError(f"a {what} is made of numbers, not of {array.dtype}")


def _whole(array: NDArray[Any], what: str) -> NDArray[Any]:
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > _WORD:
        raise ValueError(f"whole numbers of a {what} go from 0 to 255 or to 65535; these go from {low} to {high}")
    return array.astype(np.uint8 if high <= _BYTE else np.uint16)


def _floating(array: NDArray[Any], what: str) -> NDArray[np.float32]:
    """Floating numbers on a scale of 1; those that are none, and infinite ones, stay."""
    with np.errstate(over="ignore"):  # beyond single precision is beyond any light
        samples: NDArray[np.float32] = array.astype(np.float32, copy=False)
    finite = samples[np.isfinite(samples)]
    high = float(finite.max(initial=0))
    if high <= 1 or not (_all_whole(finite) or np.median(finite) > 1):
        return samples
    if high > _OVERSHOOT * _BYTE:
        raise ValueError(
            f"floating numbers of a {what} go from 0 to 1, and not to {high:g}: divide them by their white"
        )
    return samples / np.float32(_BYTE)


def _all_whole(values: NDArray[np.float32]) -> bool:
    return bool((values[:1000] == np.rint(values[:1000])).all() and (values == np.rint(values)).all())
