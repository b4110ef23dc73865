"""The picture as seen through rippled glass or water.

Sine, triangle: pixel (x, y) shows the place (x + a · w(2π y / λ), y + a · w(2π x / λ)) with the wave w in -1..1, the
wavelength λ of the size and a = amount / 100 · λ / (4π), so that nothing folds over below 200 %. Irregular: w is a
smooth noise of two octaves with cells of λ, one for each direction. Pond: rings round the centre of the picture with
a reach R of half its diagonal; a pixel at the distance r shows the place at r + a · sin(2π r / λ) · (1 - r / R).

λ is 10, 20 or 40 pixels of a picture of one megapixel. Lengths and places count from the whole picture. At amount 0 the
picture stays as it is.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np

from senga import hookimpl
from senga.filter import Filter, setting
from senga.image import Image
from senga.job import Job
from senga.settings import Seed

from .sizes import Sized

_LENGTHS = {"small": 10.0, "medium": 20.0, "large": 40.0}


class Ripple(Sized, Filter):
    """Let the picture ripple like the surface of water."""

    name: ClassVar[str] = "ripple"
    title: ClassVar[str] = "Ripple"
    summary: ClassVar[str] = "Waves across the picture, as through rippled glass or on water."
    group: ClassVar[str] = "Distortion"
    keywords: ClassVar[tuple[str, ...]] = ("wave", "waves", "water", "pond ripples", "zigzag", "glass")

    amount: float = setting(
        100,
        "How strongly it ripples; 0 leaves the picture as it is, negative turns the waves.",
        ge=-999,
        le=999,
        unit="%",
    )
    size: Literal["small", "medium", "large"] = setting("medium", "Distance of the waves.")
    wave: Literal["sine", "triangle", "noise", "pond"] = setting(
        "sine",
        "Round waves, pointed ones, irregular ones as of water in the wind, or rings as after a stone.",
        labels={"sine": "Round", "triangle": "Pointed", "noise": "Irregular", "pond": "Rings on a pond"},
    )
    border: Literal["mirror", "wrap"] = setting(
        "mirror",
        "What comes in from outside: the picture mirrored, or its opposite side.",
        labels={"mirror": "Mirrored picture", "wrap": "Opposite side"},
    )
    seed: Seed = setting(1, "Another number makes other irregular waves.")

    def __call__(self, image: Image, job: Job) -> Image:
        """The rippled picture."""
        from senga.ops import warp

        job.progress(0.0, "Making waves")
        if self.amount == 0:
            return image
        full = job.full_size or (image.height, image.width)
        length = self._length(self.pixels_of(image, job))
        moves = _MOVES[self.wave](self, full, length)

        def places(rows: slice, columns: slice) -> tuple[Any, Any]:
            y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
            x = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :]
            right, down = moves(x + np.float32(job.offset[1]), y + np.float32(job.offset[0]))
            return _whole(x + right, y, x), _whole(y + down, y, x)

        return image.with_pixels(warp.warped(image.pixels, places, job, wrap=self.border == "wrap"))

    def reach(self, height: int, width: int) -> int | None:
        """How far the waves move a pixel; what is wrapped round comes from the other side."""
        if self.border == "wrap":
            return None
        return math.ceil(abs(self._swing(self._length(self.farthest(height, width))))) + 4

    def _length(self, scale: float) -> float:
        return max(4.0, _LENGTHS[self.size] * scale)

    def _swing(self, length: float) -> float:
        return self.amount / 100 * length / (4 * math.pi)


def _whole(values: Any, y: Any, x: Any) -> Any:
    return np.ascontiguousarray(np.broadcast_to(values, np.broadcast_shapes(y.shape, x.shape)), np.float32)


def _sines(act: Ripple, _full: tuple[int, int], length: float) -> Any:
    turn, swing = np.float32(2 * math.pi / length), np.float32(act._swing(length))
    return lambda x, y: (swing * np.sin(turn * y), swing * np.sin(turn * x))


def _triangles(act: Ripple, _full: tuple[int, int], length: float) -> Any:
    swing = np.float32(act._swing(length))

    def wave(place: Any) -> Any:
        phase = place / np.float32(length) + np.float32(0.25)
        return swing * (1 - 4 * np.abs(phase - np.floor(phase) - np.float32(0.5)))

    return lambda x, y: (wave(y), wave(x))


def _rings(act: Ripple, full: tuple[int, int], length: float) -> Any:
    turn, swing = np.float32(2 * math.pi / length), np.float32(act._swing(length))
    middle = np.float32((full[1] - 1) / 2), np.float32((full[0] - 1) / 2)
    reach = np.float32(max(1.0, math.hypot(*full) / 2))

    def moves(x: Any, y: Any) -> tuple[Any, Any]:
        right, down = x - middle[0], y - middle[1]
        distance = np.sqrt(right * right + down * down)
        share = swing * np.sin(turn * distance) * (1 - distance / reach) / np.maximum(distance, np.float32(0.5))
        return share * right, share * down

    return moves


def _noise(act: Ripple, _full: tuple[int, int], length: float) -> Any:
    swing, rng = np.float32(act._swing(length)), Job().rng(act.seed)
    octaves = [
        (np.float32(part / length), np.float32(weight), rng.uniform(-1, 1, (2, _TILE, _TILE)).astype(np.float32))
        for part, weight in ((1, 2 / 3 * 1.6), (2, 1 / 3 * 1.6))
    ]

    def moves(x: Any, y: Any) -> tuple[Any, Any]:
        total = [0.0, 0.0]
        for density, weight, values in octaves:
            for way in (0, 1):
                total[way] = total[way] + weight * _smooth_noise(values[way], x * density, y * density)
        return swing * np.clip(total[0], -1, 1), swing * np.clip(total[1], -1, 1)

    return moves


_TILE = 256
"""Cells after which irregular waves repeat."""


def _smooth_noise(values: Any, x: Any, y: Any) -> Any:
    """Values of a grid, joined smoothly; ``x`` and ``y`` are a row and a column."""
    left, right = _weights(x.ravel())
    upper, lower = _weights(y.ravel())
    rows = values[upper[0]] * upper[1][:, None] + values[lower[0]] * lower[1][:, None]
    return rows[:, left[0]] * left[1] + rows[:, right[0]] * right[1]


def _weights(place: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The cells on both sides of a place, and their weights."""
    cell = np.floor(place)
    share = place - cell
    share = share * share * (3 - 2 * share)
    first = cell.astype(np.int64) % _TILE
    return (first, 1 - share), ((first + 1) % _TILE, share)


_MOVES = {"sine": _sines, "triangle": _triangles, "noise": _noise, "pond": _rings}


@hookimpl
def senga_filters() -> tuple[type[Filter], ...]:
    """The filter of this module."""
    return (Ripple,)
