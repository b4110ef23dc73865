"""Figures of a drawing against its photo: they warn of a veil, lost contours, noise and casts; the eye decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import SettingsError
from senga.job import Job

from .color_difference import ciede2000
from .edge_preservation import edge_preservation
from .lpips import Perceptual
from .sources import Picture, read_picture

Plane = NDArray[np.float32]

COLOR_BLUR = 12.0
"""Gaussian in pixels before colours are compared: the wash counts, strokes and outlines do not."""

FLAT = 1.0
"""Steps of L between neighbours below which a place is flat."""

LARGEST_STRETCH = 1.05
TINY = 1e-6


@dataclass(frozen=True)
class Figures:
    """What is compared; all of it at one size.

    Attributes:
        contrast: standard deviation of L over that of the photo; below one is a veil.
        saturation: mean chroma over that of the photo.
        detail: energy of the finest details over that of the photo; anime is below one, grain above.
        flat: share of the drawing without visible gradient.
        flat_photo: the same of the photo.
        black: L of the darkest hundredth less that of the photo, in steps of 255; above zero shadows are lifted.
        cast: mean distance in (a, b) of Lab after blurring; high means blotches or a cast.
        color_difference: mean CIEDE2000 after blurring; lightness counts too.
        edges_kept: how much of the photo's edges is in the drawing, 0..1.
        edges_true: how much of the drawing's edges is in the photo, 0..1; hatching and invented outlines lower it.
        lpips: distance in the eyes of a network, where its weights are given.
    """

    contrast: float
    saturation: float
    detail: float
    flat: float
    flat_photo: float
    black: float
    cast: float
    color_difference: float
    edges_kept: float
    edges_true: float
    lpips: float | None = None


def figures(photo: Picture, drawing: Picture, perceptual: Perceptual | None = None) -> Figures:
    """The figures of one drawing; both (H, W, 3) of one size."""
    seen, drawn = lab(photo), lab(drawing)
    soft = [cv2.GaussianBlur(each, (0, 0), COLOR_BLUR) for each in (seen, drawn)]
    chroma = [float(np.hypot(each[..., 1], each[..., 2]).mean()) + TINY for each in (seen, drawn)]
    light, drawn_light = np.ascontiguousarray(seen[..., 0]), np.ascontiguousarray(drawn[..., 0])
    return Figures(
        contrast=float(drawn_light.std() / (light.std() + TINY)),
        saturation=chroma[1] / chroma[0],
        detail=fine(drawn_light) / (fine(light) + TINY),
        flat=flat_share(drawn_light),
        flat_photo=flat_share(light),
        black=2.55 * float(np.percentile(drawn_light, 1) - np.percentile(light, 1)),
        cast=float(np.linalg.norm(soft[1][..., 1:] - soft[0][..., 1:], axis=-1).mean()),
        color_difference=float(ciede2000(*soft).mean()),
        edges_kept=edge_preservation(light, drawn_light),
        edges_true=edge_preservation(drawn_light, light),
        lpips=perceptual.distance(photo, drawing) if perceptual else None,
    )


def judge(
    pairs: Sequence[tuple[Path, Path]], job: Job, *, long_side: int = 512, perceptual: Perceptual | None = None
) -> list[Figures]:
    """The figures of every photo with its drawing.

    Raises:
        ReadError: a picture cannot be read.
        SettingsError: a drawing does not have the proportions of its photo.
    """
    found = []
    for number, (photo, drawing) in enumerate(pairs):
        job.progress(number / len(pairs), drawing.name)
        found.append(figures(*_same_size(photo, drawing, long_side), perceptual))
    job.progress(1.0)
    return found


def mean_figures(found: Sequence[Figures]) -> Figures:
    """The mean of several drawings."""
    columns = {field.name: [getattr(each, field.name) for each in found] for field in fields(Figures)}
    return Figures(**{name: float(np.mean(column)) for name, column in columns.items() if None not in column})


def lab(picture: Picture) -> Plane:
    """CIE Lab, L in 0..100."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


def fine(light: Plane) -> float:
    """Root mean square of what a small blur removes."""
    return float(np.std(light - cv2.GaussianBlur(light, (0, 0), 1.0)))


def flat_share(light: Plane) -> float:
    """Share of pixels whose two forward differences stay small."""
    down, right = np.abs(np.diff(light, axis=0))[:, :-1], np.abs(np.diff(light, axis=1))[:-1]
    return float(np.mean(np.maximum(down, right) < FLAT))


def _same_size(photo: Path, drawing: Path, long_side: int) -> tuple[Picture, Picture]:
    """Both pictures at the size of the smaller of them, no side longer than asked."""
    one, other = read_picture(photo), read_picture(drawing)
    shapes = [each.shape[:2] for each in (one, other)]
    stretch = (shapes[0][0] * shapes[1][1]) / (shapes[0][1] * shapes[1][0])
    if not 1 / LARGEST_STRETCH <= stretch <= LARGEST_STRETCH:
        raise SettingsError(
            f"{drawing.name} does not have the proportions of {photo.name}; it shows another part of it."
        )
    height, width = min(shapes, key=lambda shape: shape[0] * shape[1])
    factor = min(1.0, long_side / max(height, width))
    target = max(1, round(height * factor)), max(1, round(width * factor))
    return _resized(one, target), _resized(other, target)


def _resized(picture: Picture, target: tuple[int, int]) -> Picture:
    if picture.shape[:2] == target:
        return picture
    return np.asarray(cv2.resize(picture, target[::-1], interpolation=cv2.INTER_AREA), np.uint8)
