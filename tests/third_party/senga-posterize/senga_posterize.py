"""Fewer tones: a filter that lives outside of Senga."""

from __future__ import annotations

import numpy as np

from senga import Filter, Image, Job, hookimpl, setting


class Posterize(Filter):
    """Every channel keeps a few tones."""

    name = "posterize"
    title = "Posterize"
    summary = "Fewer tones, like a screen print."

    levels: int = setting(4, "How many tones each channel keeps.", ge=2, le=32)

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.0, "Counting tones")
        steps = np.round(image.float() * (self.levels - 1)) / np.float32(self.levels - 1)
        job.progress(1.0)
        return image.with_pixels(steps)


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filters of this package."""
    return (Posterize,)
