"""Filters whose results are known beforehand, one that takes its time, one that fails: for tests inside GIMP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from senga import Animation, Filter, Frame, Image, Job, Layer, hookimpl, setting
from senga.layers import merged


class Bench(Filter):
    """Two tones in every channel, with one setting of every kind."""

    name = "bench"
    title = "Bench"
    summary = "Two tones in every channel."

    limit: float = setting(0.5, "What is lighter becomes full.", ge=0, le=1)
    count: int = setting(3, "Does nothing.", ge=1, le=5, unit="px")
    invert: bool = setting(False, "Swap the tones.")
    way: Literal["plain", "half_size", "frames", "layers"] = setting("plain", "What comes out.")
    note: str = setting("", "Does nothing.", advanced=True)
    strength: int | None = setting(None, "Named like a common argument, and optional.", ge=0, advanced=True)

    def __call__(self, image: Image, job: Job) -> Image | Animation:
        job.progress(0.5, "Halving tones")
        tones = (image.float() >= self.limit) != self.invert
        result = image.with_pixels(tones.astype(np.float32))
        job.progress(1.0)
        if self.way == "half_size":
            return image.with_pixels(np.ascontiguousarray(result.pixels[::2, ::2]))
        if self.way == "layers":
            ink = Layer("Ink", replace(image.with_pixels(np.full_like(image.pixels, 77)), alpha=image.u8()[:, :, 0]))
            return merged([Layer("Ground", result), ink, Layer("Dye", image, "multiply", 0.7)], image)
        return self._frames(image, result) if self.way == "frames" else result

    def _frames(self, image: Image, result: Image) -> Animation:
        def frames() -> Iterator[Frame]:
            yield Frame(image, 0.2)
            yield Frame(result, 0.5)

        return Animation(frames, image.height, image.width, 2)


class BenchSlow(Filter):
    """Takes its time, and tells how far it is."""

    name = "bench-slow"
    title = "Bench slow"
    summary = "Whites everything, slowly."

    seconds: float = setting(10.0, "How long it takes.", ge=0, le=100, unit="s")

    def __call__(self, image: Image, job: Job) -> Image:
        steps = max(1, round(self.seconds * 20))
        for step in range(steps):
            job.progress(step / steps, f"Step {step + 1} of {steps}")
            time.sleep(self.seconds / steps)
        return image.with_pixels(np.ones_like(image.float()))


class BenchFails(Filter):
    """Fails in the middle of its work."""

    name = "bench-fails"
    title = "Bench fails"
    summary = "Fails."

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5, "About to fail")
        raise RuntimeError("the ink ran out")


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filters of this package."""
    return (Bench, BenchSlow, BenchFails)
