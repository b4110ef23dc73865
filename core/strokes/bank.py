"""The pixels of strokes: every needed length and level once, in a few variants, to be drawn many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .brush import Brush
from .tone import level_grey

Plane = NDArray[np.float32]
Patch = NDArray[np.uint8]

PAPER = 250.0
"""Mean grey of the paper."""
PAPER_VARIANCE = 3.0
VARIANTS = 4
_LONG = 100
"""Strokes longer than this, in planning pixels, bend twice and may leave their rows."""
_NOISE_LENGTH = 4096
_BASE_WIDTH = 5.0


def nominal_length(length: NDArray[Any]) -> NDArray[Any]:
    """Run lengths rounded down to those that have a patch: exact up to 40, then in steps of 4, from 180 of 16."""
    return np.where(length > 180, length & ~15, np.where(length > 40, length & ~3, length))


@dataclass
class Bank:
    """Patches of one brush, built when they are first asked for; which ones, and in what order, changes nothing.

    Attributes:
        brush: what draws.
        width: stroke width in pixels.
        unit: pixels of the picture per planning pixel.
        extension: how far a stroke runs beyond each end of its region, in pixels.
        levels: number of grey levels.
        seed: of the grain.
    """

    brush: Brush
    width: int
    unit: float
    extension: int
    levels: int
    seed: int
    _patches: dict[tuple[int, int], list[Patch]] = field(default_factory=dict)
    _noise: Plane | None = None

    def patches(self, length: int, level: int) -> list[Patch]:
        """The variants of a stroke for a run of ``length`` planning pixels (see ``nominal_length``) at ``level``."""
        key = (length, level)
        if key not in self._patches:
            self._patches[key] = self._build(length, level)
        return self._patches[key]

    def _build(self, run: int, level: int) -> list[Patch]:
        length = round(run * self.unit) + 2 * self.extension
        long = length / self.unit > _LONG
        mean, variance = profile(self.brush, self.width, level_grey(self.levels)[level])
        fade = attenuation(self.width, length, self.brush.taper)
        faded_mean = mean + (PAPER - mean) * fade
        deviation = np.sqrt(variance * (1 - fade) ** 2 + PAPER_VARIANCE * fade**2)
        variants = VARIANTS if length < 40 * self.width else 2
        rng = np.random.default_rng([self.seed, run, level])
        stroke = faded_mean + deviation * self._grains(rng, variants, length)
        stroke = np.rint(np.clip(stroke, 0, 255))
        return list(self._bend(stroke, long).astype(np.uint8))

    def _grains(self, rng: np.random.Generator, variants: int, length: int) -> Plane:
        """Normal noise (variants, width, length), cut from a long strip at random places."""
        strip = self._noise_strip()
        starts = rng.integers(0, strip.shape[1], variants)
        columns = (starts[:, None] + np.arange(length)) % strip.shape[1]
        rows = rng.integers(0, len(strip) // self.width, variants) * self.width
        return np.asarray(strip[(rows[:, None] + np.arange(self.width))[:, :, None], columns[:, None, :]])

    def _noise_strip(self) -> Plane:
        """Unit normal noise; its grains grow with the stroke width, so that large pictures are not smooth."""
        if self._noise is None:
            grain = max(1.0, self.brush.coarseness * self.width / _BASE_WIDTH) ** 0.8
            rng = np.random.default_rng([self.seed, 0])
            shape = 8 * self.width, _NOISE_LENGTH * max(1, self.width // 5)
            self._noise = unit_noise(rng, shape, grain)
        return self._noise

    def _bend(self, stroke: Plane, long: bool) -> Plane:
        """Curve strokes once or twice, the second time beyond their rows."""
        length = stroke.shape[2]
        sag = (np.arange(length) - (length - 1) / 2) ** 2 / (length**2 / (self.width if not long else self.width / 2))
        offset = (sag * self.brush.bend).astype(np.float32)
        bent = shift_down(stroke, offset)
        if not long:
            return bent
        below = np.full_like(bent, 255)
        return shift_down(np.concatenate([bent, below], axis=1), offset)


_KEPT_WIDTH = 4
"""Strokes so narrow are those of previews: their banks take little memory, and are kept."""


def bank_of(brush: Brush, width: int, unit: float, extension: int, levels: int, seed: int) -> Bank:
    """The bank for these attributes; one of narrow strokes may have drawn before, and has its patches ready."""
    make = _kept_bank if width <= _KEPT_WIDTH else Bank
    return make(brush, width, unit, extension, levels, seed)


@lru_cache(maxsize=3)
def _kept_bank(brush: Brush, width: int, unit: float, extension: int, levels: int, seed: int) -> Bank:
    return Bank(brush, width, unit, extension, levels, seed)


def profile(brush: Brush, width: int, grey: float) -> tuple[Plane, Plane]:
    """Mean and variance of the grey in each row of a stroke, as columns (width, 1).

    ``grey`` is the grey of the level, 0..255.
    """
    centre = width / 2
    away = np.abs(np.arange(width) - centre) / centre
    dark = PAPER - (PAPER - grey) * brush.depth
    faint = (1 - brush.swell) * dark
    mean = dark + (PAPER - dark) * away**brush.fullness
    if brush.swell > 0:
        half = max(0.0, 0.9 * (1 - grey / 255) - 0.35) * centre
        cover = np.clip(half - away * centre + 0.5, 0, 1) * (half > 0)
        pen = PAPER - (PAPER - faint) * cover
        mean = (1 - brush.swell) * mean + brush.swell * pen
    variance = brush.grain * (PAPER - min(dark, PAPER)) * np.abs(np.cos(np.pi / 2 * away))
    return mean.astype(np.float32)[:, None], variance.astype(np.float32)[:, None]


def attenuation(width: int, length: int, taper: float) -> Plane:
    """How much each pixel of a straight stroke gives way to paper, 0..1: the pressure falls towards the ends."""
    half = (length - 1) // 2 + 1
    middle = max((width - 1) / 2, 0.5)
    along = (1 - np.arange(length) / half) ** 2 / 3
    across = (1 - np.arange(width) / middle) ** 2
    return np.asarray(taper * np.sqrt(along[None] + across[:, None]) / 1.5, np.float32)


def shift_down(stroke: Plane, offset: Plane) -> Plane:
    """Move the columns of (variants, rows, length) down by ``offset``, cut to integers; what comes in is paper."""
    variants, rows, length = stroke.shape
    stacked = stroke.reshape(variants * rows, length)  # (variants · rows, length)
    from_rows = np.arange(variants * rows, dtype=np.float32)[:, None] - offset
    columns = np.broadcast_to(np.arange(length, dtype=np.float32), stacked.shape)
    moved: Plane = np.asarray(cv2.remap(stacked, columns, from_rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    moved = np.floor(moved).reshape(stroke.shape)
    # The first row has nothing above it to be mixed with; between variants it would be the next one's last row.
    moved[:, np.arange(rows)[:, None] <= np.floor(offset)] = PAPER
    return moved


def unit_noise(rng: np.random.Generator, shape: tuple[int, int], grain: float) -> Plane:
    """Normal noise of mean 0 and variance 1, whose grains are ``grain`` pixels wide."""
    if grain <= 1:
        return rng.standard_normal(shape, np.float32)
    small = max(1, round(shape[0] / grain)), max(1, round(shape[1] / grain))
    noise: Plane = np.asarray(
        cv2.resize(rng.standard_normal(small, np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    )
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-6))
