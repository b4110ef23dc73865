"""Discs at places that the painter chose, in a colour: a filter with colours, points, a list and alternatives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from senga import Colour, Filter, Image, Job, Layer, Points, hookimpl, setting
from senga.settings import rgba


class Pins(Filter):
    """A disc at every point, in one size; the other sizes of the list are alternatives to choose from."""

    name = "pins"
    title = "Pins"
    summary = "Discs of a colour at chosen places."
    group = "Marks"

    color: Colour = setting("#ff8800", "Colour of the discs.")
    places: Points = setting(((0.5, 0.5),), "Where they stand.")
    sizes: tuple[float, ...] = setting((0.1, 0.2), "Radii of the alternatives, as shares of the longer side.")

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.0, "Setting pins")
        made = [Layer(f"Size {size:g}", self._set(image, job, size)) for size in self.sizes]
        job.progress(1.0)
        return replace(made[0].picture, alternatives=tuple(made)) if made else image

    def _set(self, image: Image, job: Job, size: float) -> Image:
        height, width = job.full_size or (image.height, image.width)
        top, left = job.offset
        y, x = np.mgrid[top : top + image.height, left : left + image.width] + 0.5
        radius = size * max(height, width)
        inside = np.zeros((image.height, image.width), bool)
        for column, row in self.places:
            inside |= np.hypot(x - column * width, y - row * height) <= radius
        *colour, opacity = rgba(self.color)
        cover = (inside * opacity)[:, :, None]
        return image.with_pixels((image.float() * (1 - cover) + np.array(colour) * cover).astype(np.float32))

    def paints_color(self) -> bool:
        return True

    def makes(self) -> str:
        return "alternatives" if self.sizes else "picture"

    def reach(self, height: int, width: int) -> int:
        return 0


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this package."""
    return (Pins,)
