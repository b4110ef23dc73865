"""The colours of a painting: a filter with a whole exemplar that is measured once for many pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from senga import Filter, Image, Job, Picture, SengaError, hookimpl, setting

MEASURED: list[tuple[int, int]] = []
"""The exemplars that were measured in this process, as (height, width): for tests."""


class PaletteOf(Filter):
    """Mean and spread of every channel become those of the exemplar (Reinhard et al., CG&A 2001, in RGB)."""

    name = "palette-of"
    title = "Palette of a painting"
    summary = "Gives the picture the colours of another one."
    group = "Colours"
    measures_whole = True

    exemplar: Picture | None = setting(None, "The painting whose colours are taken.")

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.0, "Mixing colours")
        mean, spread = job.prepared
        pixels = image.float()
        own = pixels.std((0, 1)) + 1e-6
        result = (pixels - pixels.mean((0, 1))) / own * spread + mean
        job.progress(1.0)
        return image.with_pixels(np.clip(result, 0, 1).astype(np.float32))

    def paints_color(self) -> bool:
        return True

    def prepare(self, job: Job) -> Any:
        painting = self.picture("exemplar")
        if painting is None:
            raise SengaError("No painting is chosen: its colours are what this filter takes.")
        MEASURED.append((painting.height, painting.width))
        pixels = painting.float()
        return pixels.mean((0, 1)), pixels.std((0, 1))


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this package."""
    return (PaletteOf,)
