"""The prepared pictures of a training, and the crops of them that a step sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from senga.neural.executor import Array

from .album import Album, Bytes
from .batches import chosen, crop_places, crops, to_batch
from .presets import Preset
from .targets import level_contrast

PHOTOS, STYLE, TINT, PENALTY, OTHER = range(5)
"""Streams of random numbers; a family numbers its own from ``OTHER`` on."""


@dataclass(frozen=True)
class Pictures:
    """The prepared pictures: photos, what the drawings are compared with, the style, and other folders by name."""

    photos: Album
    targets: Album
    style: Album
    others: Mapping[str, Album] = field(default_factory=dict)

    def epoch(self, batch: int) -> int:
        """Steps in which the larger set is seen once."""
        return max(1, max(len(self.photos), len(self.style)) // batch)

    def pairs(self, preset: Preset, seed: int, step: int) -> tuple[Array, Array]:
        """Photos of a step and their targets, (N, 3, H, W) in [-1, 1], each pair in the light of one colour."""
        some = chosen(len(self.photos), seed, PHOTOS, step, preset.batch)
        places = crop_places(self.photos, some, preset.crop, rng_of(seed, PHOTOS, step), preset.mirror)
        photo, target = (to_batch(crops(album, some, places, preset.crop)) for album in (self.photos, self.targets))
        if preset.target == "drawn":
            target = level_contrast(target, photo)
        light = rng_of(seed, TINT, step).uniform(1 - preset.cast, 1 + preset.cast, (len(photo), 3, 1, 1))
        return tinted(photo, light), tinted(target, light)

    def drawn(self, preset: Preset, seed: int, step: int) -> list[Bytes]:
        """Crops of the style of a step, (H, W, 3)."""
        return self.crops_of(self.style, preset, seed, STYLE, step)

    def crops_of(self, album: Album, preset: Preset, seed: int, stream: int, step: int) -> list[Bytes]:
        """Crops of any album of a step, (H, W, 3)."""
        some = chosen(len(album), seed, stream, step, preset.batch)
        places = crop_places(album, some, preset.crop, rng_of(seed, stream, step), preset.mirror)
        return list(crops(album, some, places, preset.crop))


def tinted(pictures: Array, light: NDArray[np.float64]) -> Array:
    """Pictures in [-1, 1] under light of a colour, (N, 3, 1, 1)."""
    if np.all(light == 1):
        return pictures
    return np.asarray(np.clip((pictures + 1) * light - 1, -1, 1), np.float32)


def rng_of(seed: int, stream: int, step: int) -> np.random.Generator:
    """The random numbers of a stream at a step."""
    return np.random.default_rng([seed, stream, 1, step])
