"""From a photograph and styles to the painting: statistics, the network at its working size, masks and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from senga import ops
from senga.errors import SettingsError
from senga.exemplars import gallery
from senga.exemplars.colours import in_colours_of
from senga.image import Image, Pixels, to_depth
from senga.job import Job
from senga.neural.canvas import shown
from senga.neural.engine import run
from senga.neural.stroke_scale import finished, reduced

from .network import Pair, pair_of
from .styles import Statistics, Style, colours_of, mixed, observed, recoloured, style_of

if TYPE_CHECKING:
    from . import AnyStyle

Weighed = Sequence[tuple[float, Style]]
_COMFORTABLE = 700_000
"""Pixels up to which brushwork is about as broad, against the picture, as these networks learn it."""
_FINEST = 2 / 3
"""How small brushwork becomes by itself in small pictures: broader, it takes the features of faces away."""


@dataclass(frozen=True, eq=False)
class Palette:
    """What is the same for every photograph.

    Attributes:
        pair: the networks.
        first: the style.
        second: another, or None.
        others: further ones, with their weights.
    """

    pair: Pair
    first: Style
    second: Style | None
    others: Weighed

    @classmethod
    def of(cls, act: AnyStyle, job: Job) -> Palette:
        """That of the settings.

        Raises:
            SettingsError: a painting is unknown.
            ModelError: no network is there.
        """
        pair = pair_of(job.weights(act.network), job.weights(act.encoder) if act.encoder else None)

        def seen(picture: Image) -> Style:
            return style_of(picture, act.brushwork, pair, job)

        wanted = bool(act.second) or act.second_painting is not None
        return cls(
            pair,
            seen(_chosen(act, "exemplar", "painting", job)),
            seen(_chosen(act, "second", "second_painting", job)) if wanted else None,
            [(weight, seen(picture)) for weight, picture in _others(act, job)],
        )

    def mixture(self, mix: float) -> Weighed:
        """All of it, with so much of the second."""
        both = [(1 - mix, self.first), (mix, self.second)] if self.second else [(1.0, self.first)]
        return [*both, *self.others]


def _chosen(act: AnyStyle, name: str, own: str, job: Job) -> Image:
    return gallery.chosen(act.picture(own), getattr(act, name), job.resources("exemplars"))


def _others(act: AnyStyle, job: Job) -> list[tuple[float, Image]]:
    """Further paintings with their weights, as ``others`` names them."""
    found = []
    for part in filter(None, map(str.strip, act.others.split(","))):
        name, _, weight = part.partition(" ")
        found.append((_weight(weight), gallery.chosen(None, name, job.resources("exemplars"))))
    return found


def _weight(text: str) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= 100:
        raise SettingsError(f"“{text.strip()}” is no weight of a painting: write a name and a number up to 100.")
    return weight


def painted(act: AnyStyle, image: Image, job: Job) -> Image:
    """The painting of a picture, in its size and depth."""
    job.progress(0.0, "Looking at the picture")
    palette: Palette = job.prepared or act.prepare(job)
    scale = scale_of(act.stroke_scale, job.full_size or (image.height, image.width))
    small = enlarged(image.pixels, 1 / scale) if scale < 1 else reduced(image.pixels, scale)
    canvas = _Canvas(act, palette, image.pixels if small is None else small, image, job)
    result = _masked(act, palette, canvas, job.part(0.1, 0.85))
    if scale < 1:
        result = to_depth(cv2.resize(result, (image.width, image.height), interpolation=cv2.INTER_AREA), image.depth)
    elif small is not None:
        result = finished(image.pixels, small, result, job.part(0.85, 0.95))
    if act.colours == "luminance":
        result = in_colours_of(image.pixels, result, job)
    return image.with_pixels(result)


def scale_of(asked: float, size: tuple[int, int]) -> float:
    """By how much a picture of this (height, width) is reduced; below 1 it is enlarged, never beyond what is usual.

    Args:
        asked: 0 chooses by size.
        size: of the whole picture.
    """
    fitting = sqrt(size[0] * size[1] / _COMFORTABLE)
    return max(asked, min(1.0, fitting)) if asked else max(fitting, _FINEST)


def enlarged(pixels: Pixels, factor: float) -> Pixels:
    """(H, W, 3) in any depth, larger by a factor: ``float32`` in 0..1, so that all depths are painted alike."""
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.clip(cv2.resize(to_depth(pixels, np.float32), size, interpolation=cv2.INTER_CUBIC), 0, 1)


def _masked(act: AnyStyle, palette: Palette, canvas: _Canvas, job: Job) -> Pixels:
    """The painting, at the size of the canvas; where there is a mask, of two.

    Raises:
        SettingsError: a mask has no second style.
    """
    mask = act.picture("mask")
    if mask is None:
        return canvas.painted(palette.mixture(act.mix), job)
    if palette.second is None:
        raise SettingsError("The mask says where a second style goes: choose one as “second”.")
    first = canvas.painted(palette.mixture(0.0), job.part(0, 0.5))
    return _blended(first, canvas.painted([(1.0, palette.second)], job.part(0.5, 1)), mask, job)


class _Canvas:
    """The picture at the size at which it is painted."""

    def __init__(self, act: AnyStyle, palette: Palette, pixels: Pixels, image: Image, job: Job) -> None:
        self._pair, self._styling, self._depth = palette.pair, act.styling, pixels.dtype
        self._pixels = shown(pixels, palette.pair.grain, job)
        self._own = observed(pixels, self._pair, job.part(0.0, 0.1)) if act.styling < 1 else None
        self._colours = colours_of(image.pixels, job.alpha) if act.colours == "photo" else None

    def painted(self, styles: Weighed, job: Job) -> Pixels:
        """It in a mixture of styles."""
        aim = mixed([(weight, self._statistics(style, job)) for weight, style in styles])
        if self._own is not None:
            aim = mixed([(self._styling, aim), (1 - self._styling, self._own)])
        made = run(self._pair.painter, self._pair.arrays, self._pixels, job, given=aim)
        return made if made.dtype == self._depth else to_depth(made, self._depth)

    def _statistics(self, style: Style, job: Job) -> Statistics:
        silent = job.part(0.0, 0.0)
        return style.statistics if self._colours is None else recoloured(style, self._colours, self._pair, silent)


def _blended(first: Pixels, second: Pixels, mask: Image, job: Job) -> Pixels:
    """The second where the mask is white."""
    share: Any = ops.luma(to_depth(mask.pixels, np.float32))
    if share.shape != first.shape[:2]:
        share = cv2.resize(share, (first.shape[1], first.shape[0]), interpolation=cv2.INTER_AREA)
    result = np.empty_like(first)
    for rows in ops.bands(first.shape[0]):
        job.check()
        below, above = (to_depth(each[rows], np.float32) for each in (first, second))
        result[rows] = to_depth(below + share[rows][:, :, None] * (above - below), result.dtype)
    return result
