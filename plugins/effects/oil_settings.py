"""What a brush of the oil painting does, in pixels; light to import."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST = 6.0
"""Radius in the picture that is painted, in pixels, above which it is reduced further."""
_FINEST = 1.2
"""Width of a bristle in that picture."""


@dataclass(frozen=True)
class Bristles:
    """Furrows in the paint.

    Attributes:
        width: of a bristle, in pixels.
        length: along which the furrows run, in pixels.
        detail: depth of the furrows, 0 to 10.
        shine: of the light, 0 to 10.
        angle: where it comes from, in degrees.
        seed: of the furrows.
    """

    width: float
    length: float
    detail: float
    shine: float
    angle: float
    seed: int


@dataclass(frozen=True)
class Brush:
    """How the paint is put on.

    Attributes:
        factor: how far the picture is reduced.
        radius: of a patch, in pixels of the reduced picture.
        passes: how often it is painted over.
        smear: standard deviation along which colours run, in pixels of the reduced picture.
        bristles: furrows and light, or None.
    """

    factor: int
    radius: float
    passes: int
    smear: float
    bristles: Bristles | None

    @classmethod
    def of(cls, radius: float, passes: int = 1, smear: float = 0, bristles: Bristles | None = None) -> Brush:
        """The brush for lengths in pixels of the picture."""
        factor = radius / LEAST if bristles is None else min(radius / LEAST, bristles.width / _FINEST)
        factor = max(1, int(factor))
        return cls(factor, max(1.0, radius / factor), passes, smear / factor, bristles)

    @property
    def flow(self) -> float:
        """Smoothing of the directions, in pixels of the reduced picture."""
        return max(1.0, (0.35 if self.bristles is None else 0.6) * self.radius)

    @property
    def patch_halo(self) -> int:
        """Pixels of the reduced picture that one pass sees in each direction."""
        return math.ceil(2.5 * self.flow) + math.ceil(2 * self.radius) + 8

    @property
    def reach(self) -> int:
        """Pixels of the picture that a pixel of the painting sees in each direction."""
        reach = self.passes * self.patch_halo + 8
        if self.bristles is not None:
            furrows = 2 * max(self.bristles.length / self.factor, 1) + 4
            far = 2 * math.ceil(5 * self.flow * 1.22) + 2
            reach += math.ceil(2.5 * self.flow) + far + math.ceil(max(2 * self.smear, furrows)) + 8
        return self.factor * (reach + 1)
