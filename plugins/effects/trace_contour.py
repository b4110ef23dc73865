"""Contours of equal tone, as on a map.

Per channel (or of the lightness): the tones are those of a picture that is reduced to one megapixel, see
``ops.gradients.softened``. With the levels L and n(v) = the number of levels ≤ v, a pixel lies on a line if a
neighbour within ``line_width`` has another n: on the lower side n(neighbour) > n(pixel), on the upper side
n(neighbour) < n(pixel). Lines are 0 (or white on black), all else is 1. At a width of one pixel the neighbours are the
four next to it.

A constant picture is blank; lower and upper lines are next to each other and have no pixel in common.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job

from .sizes import Sized


class TraceContour(Sized, Filter):
    """Draw a thin line where the tones cross a level, in every channel: coloured lines on white."""

    name: ClassVar[str] = "trace-contour"
    title: ClassVar[str] = "Trace contour"
    summary: ClassVar[str] = "Thin lines where the tones cross a level, like the contours of a map."
    group: ClassVar[str] = "Edges"
    keywords: ClassVar[tuple[str, ...]] = ("contour lines", "isolines", "topographic map", "outline", "threshold")

    level: int = setting(128, "The tone whose border is traced: 0 is black, 255 white.", ge=0, le=255)
    edge: Literal["lower", "upper"] = setting(
        "lower",
        "Draw the line on the darker or on the lighter side of the border.",
        labels={"lower": "Lower: darker side", "upper": "Upper: lighter side"},
    )
    levels: int = setting(1, "Number of levels that are traced, evenly apart; several make a map.", ge=1, le=32)
    smoothness: float = setting(
        0.0, "Even out grain and small detail before tracing, for calmer lines.", ge=0, le=20, unit="px"
    )
    line_width: float = setting(1.0, "Width of the lines.", ge=1, le=20, unit="px")
    tint: Literal["colour", "grey"] = setting(
        "colour",
        "Trace every colour channel, or only the lightness.",
        labels={"colour": "Every colour channel", "grey": "Lightness only"},
    )
    glow: bool = setting(False, "Bright lines on black instead of dark lines on white.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The lines."""
        from senga.ops import banded, gradients, luma

        job.progress(0.0, "Tracing contours")
        scale = self.pixels_of(image, job)
        width = max(1, round(self.line_width * scale))
        levels, element = self._levels(), _disc(width)
        sigma = self.smoothness * scale

        def trace(band: Any) -> Any:
            seen = band if self.tint == "colour" else luma(band)[..., None]
            seen = _blurred(gradients.softened(seen, scale), sigma)
            lines = _lines(_counted(seen, levels), element, self.edge)
            halo = self._halo(scale)
            return (lines if self.glow else 1 - lines)[halo : len(lines) - halo].astype(np.float32)

        return image.with_pixels(banded.in_bands(image.pixels, trace, self._halo(scale), job))

    def reach(self, height: int, width: int) -> int:
        """The smoothing and the width of the lines."""
        return self._halo(self.farthest(height, width))

    def _halo(self, scale: float) -> int:
        return int(np.ceil(scale / 2 + 3 * self.smoothness * scale + self.line_width * scale)) + 2

    def _levels(self) -> list[np.float32]:
        """The least sample of each tone above a level."""
        places = sorted((self.level + 256 * index // self.levels) % 256 for index in range(self.levels))
        return [np.float32(place / 255 - _TOLERANCE) for place in places]


_TOLERANCE = 1e-5
"""Less than a step of 16 bits: the same sample is on the same side of a level in every depth."""


def _blurred(values: Any, sigma: float) -> Any:
    import cv2

    if sigma < 0.1:
        return values
    size = 2 * int(np.ceil(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101)
    return blurred.reshape(values.shape)


def _counted(values: Any, levels: list[np.float32]) -> Any:
    """How many levels each sample has reached, (H, W, C) uint8."""
    count = (values >= levels[0]).astype(np.uint8)
    for level in levels[1:]:
        count += values >= level
    return count


def _disc(width: int) -> Any:
    """The neighbours of a pixel: those less than ``width`` + 1/4 away; the four next to it for a width of 1."""
    places = np.arange(-width, width + 1)
    return (np.add.outer(places**2, places**2) < (width + 0.25) ** 2).astype(np.uint8)


def _lines(count: Any, element: Any, edge: str) -> Any:
    import cv2

    if edge == "lower":
        return cv2.dilate(count, element).reshape(count.shape) > count
    return cv2.erode(count, element).reshape(count.shape) < count


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (TraceContour,)
