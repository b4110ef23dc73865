"""How a picture becomes the input of InceptionV3: two conventions, whose figures do not fit each other."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from senga.neural.blocks import Sampling
from senga.neural.executor import Array
from senga.neural.networks.inception import SIDE
from senga.neural.resample import blend, taps

from .sources import Picture


class Convention(StrEnum):
    """Whose figures are to be compared with. Neither blurs before it makes a picture smaller."""

    FIDELITY = "torch-fidelity"
    """Bilinear as in TensorFlow 1 (sample i lies at i * scale), then (x - 128) / 128: the original FID, and IS."""

    PYTORCH_FID = "pytorch-fid"
    """Bilinear with aligned pixel centres, then 2 x / 255 - 1."""


def prepare(picture: Picture, convention: Convention = Convention.FIDELITY) -> Array:
    """(H, W, 3) of any size becomes (3, 299, 299) in [-1, 1]."""
    resized = resize(picture, convention)
    if convention is Convention.FIDELITY:
        return (resized - np.float32(128)) / np.float32(128)
    return resized * np.float32(2 / 255) - np.float32(1)


def resize(picture: Picture, convention: Convention) -> Array:
    """(H, W, 3) becomes (3, 299, 299), still in 0..255."""
    sampling: Sampling = "tf1" if convention is Convention.FIDELITY else "half_pixel"
    height, width, _ = picture.shape
    rows, columns = (taps(sampling, size, SIDE, 0, SIDE) for size in (height, width))
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32)
    return blend(blend(planes, *rows, axis=1), *columns, axis=2)
