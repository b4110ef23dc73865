"""A space in which lightness and colours are apart, and equal steps look about equal.

Reference: B. Ottosson: A perceptual color space for image processing. 2020, bottosson.github.io/posts/oklab.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB, _FROM_CONES = (np.linalg.inv(matrix).T.astype(np.float32) for matrix in (_TO_LAB, _TO_CONES))


def oklab(colours: Colours) -> Colours:
    """Lightness 0..1 and two axes of colour, about -0.3..0.3, of (…, 3) sRGB in 0..1."""
    cones = linear(colours) @ _TO_CONES.T.astype(np.float32)
    return np.asarray(np.cbrt(cones) @ _TO_LAB.T.astype(np.float32), np.float32)


def from_oklab(places: Colours) -> Colours:
    """(…, 3) sRGB, beyond 0..1 where sRGB has no such colour."""
    return encoded((places @ _FROM_LAB) ** 3 @ _FROM_CONES)


def linear(colours: Colours) -> Colours:
    """Amounts of light of sRGB samples."""
    above = ((np.maximum(colours, np.float32(0.04045)) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.asarray(np.where(colours <= 0.04045, colours / np.float32(12.92), above), np.float32)


def encoded(light: Colours) -> Colours:
    """Samples of sRGB for amounts of light; below 0 the curve goes on as a mirror image of itself."""
    size = np.abs(light)
    above = np.float32(1.055) * np.maximum(size, np.float32(0.0031308)) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.asarray(np.sign(light) * np.where(size <= 0.0031308, size * np.float32(12.92), above), np.float32)
