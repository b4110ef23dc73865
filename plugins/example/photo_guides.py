"""Guides made from the pictures themselves: what says which part of an exemplar belongs where in a photograph.

A guide is (H, W, 3) of bytes. Those of exemplar and photograph are made alike, and the tones of the photograph's are
then matched to the exemplar's, so that its darkest tenth is painted with the darkest tenth of the exemplar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.exemplars.lookup import Guide, normals_guide
from senga.exemplars.tones import curve, histogram, mapped

Kind = Literal["colours", "lightness", "shading", "sphere"]
CHROMA = 0.6
"""Weight of the two channels of colour beside lightness."""
POSITION = 0.06
"""Weight of the place in the picture, in the guide by lightness."""
_SLOPE = 40
"""Standard deviation of the slopes of the guide by shading, in bytes."""
_LEAN = 0.4
"""Standard deviation of the parts of normals that are guessed."""


@dataclass(frozen=True)
class Smoothing:
    """Standard deviations in pixels of the exemplar: what is finer is brushwork there, and detail in a photograph."""

    exemplar: float = 6.0
    photo: float = 2.0
    surroundings: float = 25.0


SMOOTHING = Smoothing()


def luma_chroma(pixels: NDArray[np.uint8]) -> Guide:
    """Lightness and the two differences of colour (Y, Cr, Cb)."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2YCrCb))


def smoothed(planes: Any, sigma: float) -> Any:
    """Gaussian blur; nothing for less than a third of a pixel."""
    return planes if sigma < 0.3 else cv2.GaussianBlur(planes, (0, 0), sigma)


def surroundings(luma: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """The luma blurred widely, by way of a small picture."""
    step = max(1, int(sigma / 3))
    height, width = luma.shape
    small = cv2.resize(luma, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / step), (width, height)))


def lifted(luma: NDArray[np.uint8], around: NDArray[np.uint8], contrast: float) -> NDArray[np.uint8]:
    """The luma, farther away from its surroundings."""
    return np.asarray(cv2.addWeighted(luma, 1 + contrast, around, -contrast, 0))


@dataclass(frozen=True, eq=False)
class Marks:
    """What photographs are matched to.

    Attributes:
        tones: for each channel, (256,) shares of the tones.
        shares: how far each channel goes: colour only most of the way where the exemplar has colours of its own, so
            that a photograph's stay told apart.
    """

    tones: list[NDArray[np.float64]]
    shares: list[float]

    @classmethod
    def of(cls, exemplar: Guide) -> Marks:
        """Those of an exemplar's planes of lightness and colour."""
        colours = [1 - 0.3 * min(1.0, float(exemplar[..., channel].std()) / 12) for channel in (1, 2)]
        return cls([histogram(exemplar[..., channel]) for channel in range(3)], [1.0, *colours])


def curves(photo: Guide, marks: Marks, channels: int = 3) -> NDArray[np.float32]:
    """(3, 256): for each channel the tone that matches the photograph to the exemplar."""
    found = [np.arange(256, dtype=np.float32)] * 3
    for channel in range(channels):
        found[channel] = curve(histogram(photo[..., channel]), marks.tones[channel], marks.shares[channel])
    return np.stack(found)


def photo_guide(planes: Guide, kind: Kind) -> Guide:
    """The guide for planes of lightness and colour, smoothed and matched already."""
    if kind == "colours":
        return mapped(planes, [_weighted(weight) for weight in (1.0, CHROMA, CHROMA)])
    luma = planes[..., 0]
    if kind == "lightness":
        return np.dstack([luma, *_places(*luma.shape)])
    x, y = _slopes(luma)
    if kind == "sphere":
        return normals_guide(_LEAN * x, _LEAN * y)
    return np.dstack([_bytes(128 + _SLOPE * x), _bytes(128 + _SLOPE * y), luma])


def _weighted(weight: float) -> NDArray[np.float32]:
    return np.asarray(128 + weight * (np.arange(256) - 128) if weight < 1 else np.arange(256), np.float32)


def _places(height: int, width: int) -> tuple[Guide, Guide]:
    across, down = (_bytes(255 * POSITION * (np.arange(side) + 0.5) / side) for side in (width, height))
    return np.tile(across, (height, 1)), np.tile(down[:, None], (1, width))


def _slopes(luma: NDArray[np.uint8]) -> tuple[Any, Any]:
    """What a surface that is lit from ahead might lean to the right and upwards, of the picture's own deviation.

    Lightness is taken for height: a common, coarse shape from shading.
    """
    height = luma.astype(np.float32)
    x = -cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    scale = max(1.0, float(np.sqrt((x * x + y * y).mean() / 2)))
    return x / scale, y / scale


def _bytes(values: Any) -> Guide:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
