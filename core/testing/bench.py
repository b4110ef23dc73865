"""A filter on the bench: sample pictures, and how to run it the way hosts do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.compose import Blend
from senga.filter import Filter
from senga.image import Animation, Image, to_depth
from senga.job import Job
from senga.registry import Plugins
from senga.settings import pictures_of
from senga.work import Work


def sample(height: int, width: int, seed: int = 0, depth: Any = np.uint8) -> Image:
    """A picture with smooth shades, edges and grain: what photographs have."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(7 * x + 3 * y), np.cos(5 * y - 2 * x), np.sin(9 * x * y)]
    shade = 0.5 + 0.3 * np.dstack(waves) + 0.02 * rng.standard_normal((height, width, 3))
    shade[(x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.04] *= 0.3
    full = np.iinfo(depth).max if np.issubdtype(depth, np.integer) else 1
    return Image((np.clip(shade, 0, 1) * full).astype(depth))


def hint(height: int, width: int) -> Image:
    """A second picture that is transparent in places."""
    picture = sample(height, width, seed=7)
    alpha = (np.add.outer(np.arange(height), np.arange(width)) * 8 % 256).astype(np.uint8)
    return replace(picture, alpha=alpha)


class Bench:
    """A filter, and how to run it.

    Args:
        act: the filter; its aligned pictures are repeated or cut to the size of each sample.
        plugins: whose hooks run it.
        job: where weights come from.
    """

    def __init__(self, act: Filter, plugins: Plugins, job: Job) -> None:
        self.act, self.plugins, self.job = act, plugins, plugins.equip(job)

    @classmethod
    def of(cls, act: Filter | type[Filter], plugins: Plugins, job: Job) -> Bench:
        """Put a filter on the bench; a class gets its defaults, and samples as its second pictures."""
        if isinstance(act, type):
            act = act(**{info.name: hint(48, 64) if info.aligned else sample(40, 56, 5) for info in pictures_of(act)})
        return cls(act, plugins, job)

    def run(self, image: Image, job: Job | None = None, blend: Blend | None = None) -> list[Image]:
        """The result of a host as a list: one picture, or the frames of an animation."""
        act = self.fitted(image)
        return pictures(Work.of(self.plugins, act, blend=blend).run(self.plugins, image, job or self.job))

    def raw(self, image: Image, act: Filter | None = None, job: Job | None = None) -> list[Image]:
        """What the filter itself gives, before core brings it into shape."""
        act, job = act or self.fitted(image), job or self.job
        if type(act).prepare is not Filter.prepare and job.prepared is None:
            job = replace(job, prepared=act.prepare(job))
        return pictures(self.plugins.run(act, image, job))

    def fitted(self, image: Image, given: Mapping[str, Image] | None = None) -> Filter:
        """The filter with aligned pictures of the size of ``image``; ``given`` takes the place of its own."""
        mine = {info.name: self.act.picture(info.name) for info in pictures_of(type(self.act)) if info.aligned}
        chosen = {**mine, **(given or {})}
        return self.act.with_pictures({name: _fitted(each, image) for name, each in chosen.items() if each})

    @property
    def aligned(self) -> tuple[str, ...]:
        """The names of its aligned pictures."""
        return tuple(info.name for info in pictures_of(type(self.act)) if info.aligned)


def pictures(result: Image | Animation) -> list[Image]:
    """A picture with its alternatives, or the frames of an animation."""
    if isinstance(result, Animation):
        return [frame.image for frame in result.frames()]
    return [result, *(each.picture for each in result.alternatives[1:])]


def _fitted(picture: Image, image: Image) -> Image:
    """Repeated or cut to a size."""
    rows = np.arange(image.height) % picture.height
    columns = np.arange(image.width) % picture.width
    alpha = None if picture.alpha is None else picture.alpha[rows][:, columns]
    return replace(picture, pixels=picture.pixels[rows][:, columns], alpha=alpha)


def is_equal(first: list[Image], second: list[Image]) -> bool:
    """Whether all pixels are."""
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(np.array_equal(a.pixels, b.pixels) for a, b in pairs)


def distance(first: NDArray[Any], second: NDArray[Any]) -> float:
    """The largest difference of two arrays of samples, where 1 is full."""
    return float(np.abs(to_depth(first, np.float32) - to_depth(second, np.float32)).max(initial=0))
