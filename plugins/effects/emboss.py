"""The picture as a relief, lit from one side.

Direct light: E = 0.5 + 0.5 · amount / 100 · (I(x - d·h/2) - I(x + d·h/2)) with the unit vector d towards the light (y
down), the height h and bilinear samples, so that edges that face the light are bright. With normals:
n = (-gx, -gy, 1) / |…| of the differences g of means of squares of h pixels, h to each side, times
amount · ``STEEPNESS`` / 100; l = (cos a cos e, -sin a cos e, sin e) of the angle a and the elevation e;
E = 0.5 · max(0, n·l) / sin e.
I is what a picture of one megapixel shows, see ``ops.gradients.softened``.

A constant picture is 0.5. The opposite angle mirrors direct light round 0.5, and the amount is linear up to the ends of
the range. At amount 0 there is no relief, and the picture stays as it is.

On the picture, E lightens and darkens it as soft light does: p + (2 E - 1)(s - p) for s = √p where E ≥ 0.5, p² below.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job

from .sizes import Sized

STEEPNESS = 4.0
"""Slope of a step from black to white over the height, at 100 %."""


class Emboss(Sized, Filter):
    """Raise the forms from a grey ground, with light and shade on their edges."""

    name: ClassVar[str] = "emboss"
    title: ClassVar[str] = "Emboss"
    summary: ClassVar[str] = "Forms raised from a grey ground, lit from one side."
    group: ClassVar[str] = "Edges"
    keywords: ClassVar[tuple[str, ...]] = ("relief", "bump map", "bas relief", "stamp", "engrave")

    angle: float = setting(
        135, "Where the light comes from, anticlockwise from the right; 135 is above left.", ge=-180, le=180, unit="°"
    )
    height: float = setting(3.0, "How far the forms are raised.", ge=1, le=100, unit="px")
    amount: float = setting(100, "Strength of light and shade; 0 leaves the picture as it is.", ge=0, le=500, unit="%")
    method: Literal["direct", "normals"] = setting(
        "direct",
        "Light that grazes the edges, or a surface shaded by its normals.",
        labels={"direct": "Grazing light", "normals": "Shaded surface"},
    )
    elevation: float = setting(
        30, "How high the light stands above a shaded surface; lower makes harder shadows.", ge=5, le=90, unit="°"
    )
    ground: Literal["grey", "picture"] = setting(
        "grey",
        "The relief on plain grey, or on the picture itself.",
        labels={"grey": "Plain grey", "picture": "The picture"},
    )
    tint: Literal["colour", "grey"] = setting(
        "colour",
        "Relief of every colour channel, which tints the edges, or of the lightness.",
        labels={"colour": "Every colour channel", "grey": "Lightness only"},
    )

    def __call__(self, image: Image, job: Job) -> Image:
        """The relief."""
        from senga.ops import banded, luma

        job.progress(0.0, "Raising the forms")
        if self.amount == 0:
            return image
        scale = self.pixels_of(image, job)
        halo = self._halo(scale)

        def raised(band: Any) -> Any:
            seen = band if self.tint == "colour" else luma(band)[..., None]
            relief = (self._direct if self.method == "direct" else self._shaded)(seen, scale, halo)
            return relief if self.ground == "grey" else _over(band[halo : len(band) - halo], relief)

        return image.with_pixels(banded.in_bands(image.pixels, raised, halo, job))

    def reach(self, height: int, width: int) -> int:
        """Half the height to each side; the normals see a little farther."""
        return self._halo(self.farthest(height, width))

    def _halo(self, scale: float) -> int:
        half = 0.5 if self.method == "direct" else 1.5
        return math.ceil(half * self.height * scale + scale / 2) + 2

    def _direct(self, band: Any, scale: float, halo: int) -> Any:
        from senga.ops import gradients

        angle, half = math.radians(self.angle), max(0.5, self.height * scale / 2)
        step = half * math.cos(angle), -half * math.sin(angle)
        soft = gradients.softened(band, scale)
        relief = _moved(soft, -step[0], -step[1], halo) - _moved(soft, step[0], step[1], halo)
        relief *= np.float32(0.005 * self.amount)
        relief += np.float32(0.5)
        return relief

    def _shaded(self, band: Any, scale: float, halo: int) -> Any:
        step = max(1, round(self.height * scale))
        soft = _boxed(band, step)
        across = _moved(soft, step, 0, halo) - _moved(soft, -step, 0, halo)
        down = _moved(soft, 0, step, halo) - _moved(soft, 0, -step, halo)
        slope = np.float32(-STEEPNESS * self.amount / 100)
        angle, elevation = math.radians(self.angle), math.radians(self.elevation)
        flat = 0.5 * math.cos(elevation) / math.sin(elevation)
        toward = across * np.float32(flat * math.cos(angle)) - down * np.float32(flat * math.sin(angle))
        across *= across
        across += down * down
        across *= slope * slope
        across += 1
        toward *= slope
        toward += np.float32(0.5)
        toward /= np.sqrt(across, out=across)
        return np.maximum(toward, 0, out=toward)


def _moved(band: Any, right: float, down: float, halo: int) -> Any:
    """The band as seen ``right`` and ``down`` of each of its inner pixels; reflected at the sides."""
    import cv2

    column, row = math.floor(right), math.floor(down)
    margin = abs(column) + 1
    part = band[halo + row : len(band) - halo + row + 1]
    wide = cv2.copyMakeBorder(part, 0, 0, margin, margin, cv2.BORDER_REFLECT_101).reshape(len(part), -1, band.shape[2])
    wide = wide[:, margin + column : margin + column + band.shape[1] + 1]
    lower = _between(wide[:-1], wide[1:], down - row)
    return _between(lower[:, :-1], lower[:, 1:], right - column)


def _between(first: Any, second: Any, share: float) -> Any:
    import cv2

    return first if share == 0 else cv2.addWeighted(first, 1 - share, second, share, 0).reshape(first.shape)


def _boxed(values: Any, size: int) -> Any:
    """Means of squares of ``size`` pixels, or of one more where that is even."""
    import cv2

    window = size // 2 * 2 + 1
    return cv2.blur(values, (window, window), borderType=cv2.BORDER_REFLECT_101).reshape(values.shape)


def _over(picture: Any, relief: Any) -> Any:
    """Soft light of the relief on the picture."""
    bright = 2 * relief - 1
    soft = np.where(bright >= 0, np.sqrt(picture), picture * picture)
    return picture + np.abs(bright) * (soft - picture)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Emboss,)
