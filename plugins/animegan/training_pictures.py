"""What the steps of a training see: crops of photos, of their targets, and of the style in three forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from senga.neural.executor import Array
from senga.neural.training.album import Album
from senga.neural.training.batches import chosen, crop_places, crops, to_batch
from senga.neural.training.edges import grey_twice, smooth_edges
from senga.neural.training.targets import level_contrast

from .presets import Preset

PHOTOS, STYLE, TINT, PENALTY = range(4)
"""Streams of random numbers."""


@dataclass(frozen=True)
class Batch:
    """What one step sees, (N, 3, H, W) in [-1, 1].

    Attributes:
        photo: what is drawn.
        target: what content and colour are compared with.
        style: pictures of the style, in colour.
        grey: the same in grey.
        smooth: the same in grey, with blurred edges.
    """

    photo: Array
    target: Array
    style: Array
    grey: Array
    smooth: Array


@dataclass(frozen=True)
class Pictures:
    """The prepared pictures: photos, what the drawings are compared with, and the style."""

    photos: Album
    targets: Album
    style: Album

    def epoch(self, batch: int) -> int:
        """Steps in which the larger set is seen once."""
        return max(1, max(len(self.photos), len(self.style)) // batch)

    def batch(self, preset: Preset, seed: int, step: int) -> Batch:
        """The pictures of a step."""
        some = chosen(len(self.photos), seed, PHOTOS, step, preset.batch)
        places = crop_places(self.photos, some, preset.crop, rng_of(seed, PHOTOS, step), preset.mirror)
        photo, target = (to_batch(crops(album, some, places, preset.crop)) for album in (self.photos, self.targets))
        if preset.target == "drawn":
            target = level_contrast(target, photo)
        light = rng_of(seed, TINT, step).uniform(1 - preset.cast, 1 + preset.cast, (len(photo), 3, 1, 1))
        drawn = self._drawn(preset, seed, step)
        return Batch(
            photo=tinted(photo, light),
            target=tinted(target, light),
            style=to_batch(drawn),
            grey=to_batch(grey_twice(drawn)),
            smooth=to_batch(grey_twice([smooth_edges(picture) for picture in drawn])),
        )

    def _drawn(self, preset: Preset, seed: int, step: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
        some = chosen(len(self.style), seed, STYLE, step, preset.batch)
        places = crop_places(self.style, some, preset.crop, rng_of(seed, STYLE, step), preset.mirror)
        return list(crops(self.style, some, places, preset.crop))


def tinted(pictures: Array, light: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Array:
    """Pictures in [-1, 1] under light of a colour, (N, 3, 1, 1)."""
    if np.all(light == 1):
        return pictures
    return np.asarray(np.clip((pictures + 1) * light - 1, -1, 1), np.float32)


def rng_of(seed: int, stream: int, step: int) -> np.random.Generator:
    """The random numbers of a stream at a step."""
    return np.random.default_rng([seed, stream, 1, step])
