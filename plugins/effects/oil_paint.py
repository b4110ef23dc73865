"""The picture in oil, by four methods.

Classic: of the tones of a window, the commonest wins, see ``ops.painterly.commonest``. Kuwahara: the calmest of four
quadrants. Anisotropic Kuwahara: the calmest of eight sectors of an ellipse that follows the forms (Kyprianidis, Kang,
Döllner 2009). The results of all stay within the range of the colours round a pixel, and a constant picture stays.

Brush strokes: anisotropic Kuwahara, smoothed along the forms, with bristles: noise, smoothed along the same lines (line
integral convolution, Cabral and Leedom 1993), is the height of the paint; its slope towards the light lightens and
darkens the colours.

Both are painted on a reduced picture where the radius is large, see ``oil_brush``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Seed

from .oil_settings import Bristles, Brush
from .sizes import Sized


class OilPaint(Sized, Filter):
    """Paint the picture in oil: strokes that follow the forms, with bristles in the light."""

    name: ClassVar[str] = "oil-paint"
    title: ClassVar[str] = "Oil paint"
    summary: ClassVar[str] = "Oil colours in strokes along the forms, with bristles and light; or classic oilify."
    group: ClassVar[str] = "Colour"
    keywords: ClassVar[tuple[str, ...]] = ("oilify", "Kuwahara", "brush strokes", "painting", "impasto")

    method: Literal["strokes", "anisotropic", "kuwahara", "classic"] = setting(
        "strokes",
        "Brush strokes with bristles, smooth patches along the forms, square patches, or GIMP's classic oil paint.",
        labels={
            "strokes": "Brush strokes",
            "anisotropic": "Patches along the forms",
            "kuwahara": "Square patches (Kuwahara)",
            "classic": "Classic oilify",
        },
    )
    stylization: float = setting(4.0, "Brush strokes: how far from the photograph the paint goes.", ge=0.1, le=10)
    cleanliness: float = setting(3.0, "Brush strokes: how long and clean they are; 0 is choppy.", ge=0, le=10)
    scale: float = setting(1.0, "Brush strokes: width of the bristles.", ge=0.1, le=10)
    bristle_detail: float = setting(2.0, "Brush strokes: how deep bristles cut into the paint.", ge=0, le=10)
    shine: float = setting(2.0, "Brush strokes: how much light the relief of the paint catches.", ge=0, le=10)
    angle: float = setting(
        135, "Brush strokes: where the light comes from, anticlockwise from the right.", ge=-180, le=180, unit="°"
    )
    radius: float = setting(
        4.0,
        "Size of the patches of the other methods; brush strokes take theirs from the style.",
        ge=1,
        le=40,
        unit="px",
    )
    levels: int = setting(20, "Classic: number of tones that are told apart.", ge=2, le=256)
    exponent: int = setting(8, "Classic: how clearly the commonest tone wins.", ge=1, le=20)
    seed: Seed = setting(1, "Another number makes other bristles.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The painting."""
        from . import oil_brush

        job.progress(0.0, "Mixing oil colours")
        scale = self.pixels_of(image, job)
        if self.method == "classic":
            return image.with_pixels(self._classic(image, scale, job))
        if self.method == "kuwahara":
            return image.with_pixels(self._kuwahara(image, scale, job))
        return image.with_pixels(oil_brush.painted(image, self._brush(scale), job))

    def reach(self, height: int, width: int) -> int:
        """The windows, or all that a stroke follows."""
        scale = self.farthest(height, width)
        if self.method in ("classic", "kuwahara"):
            return self._whole_radius(scale)
        return self._brush(scale).reach

    def _whole_radius(self, scale: float) -> int:
        return max(1, round(self.radius * scale))

    def _classic(self, image: Image, scale: float, job: Job) -> Any:
        from senga.ops import banded, painterly

        radius = self._whole_radius(scale)
        result = np.empty_like(image.pixels, order="C")

        def painted(rows: slice) -> None:
            band = banded.with_halo(image.pixels, rows, radius)
            banded.stored(painterly.commonest(band, radius, self.levels, self.exponent), result[rows])

        banded.each_band(painted, banded.parts_of(image.height, image.width, size=150_000, halo=2 * radius), job)
        return result

    def _kuwahara(self, image: Image, scale: float, job: Job) -> Any:
        from senga.ops import banded, painterly

        radius = self._whole_radius(scale)
        return banded.in_bands(image.pixels, lambda band: painterly.kuwahara_quadrants(band, radius), radius, job)

    def _brush(self, scale: float) -> Brush:
        if self.method == "anisotropic":
            return Brush.of(self.radius * scale)
        style = self.stylization * scale
        bristles = Bristles(
            width=1.3 * self.scale * scale,
            length=(4 + 1.5 * self.cleanliness) * scale,
            detail=self.bristle_detail,
            shine=self.shine,
            angle=self.angle,
            seed=self.seed,
        )
        return Brush.of(1.5 * style, 1 + int(self.stylization // 5), 0.6 * self.cleanliness * scale, bristles)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (OilPaint,)
