"""Colours that were drawn on a layer run into the picture: a filter with an aligned second picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from senga import Filter, Image, Job, Picture, hookimpl, setting


class HintWash(Filter):
    """Where the hint layer is painted, the picture takes its colour; elsewhere it stays."""

    name = "hint-wash"
    title = "Hint wash"
    summary = "Colours of a hint layer run into the picture."
    group = "Colours"
    keywords = ("tint", "glaze")

    hints: Picture | None = setting(None, "A layer with the colours, transparent elsewhere.", aligned=True)
    amount: float = setting(0.5, "How much of the colour is taken.", ge=0, le=1)

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.0, "Mixing colours")
        hints, pixels = self.picture("hints"), image.float()
        if hints is None:
            return image
        cover = np.ones(pixels.shape[:2]) if hints.alpha is None else hints.alpha / np.float32(_full(hints))
        result = pixels + (hints.float() - pixels) * (self.amount * cover)[:, :, None]
        job.progress(1.0)
        return image.with_pixels(result.astype(np.float32))

    def paints_color(self) -> bool:
        return True

    def reach(self, height: int, width: int) -> int:
        return 0


def _full(picture: Image) -> float:
    assert picture.alpha is not None
    return 1.0 if picture.alpha.dtype == np.float32 else float(np.iinfo(picture.alpha.dtype).max)


@hookimpl
def senga_filters() -> Iterable[type[Filter]]:
    """The filters of this package."""
    return (HintWash,)
