"""Figures of a drawing against its photo; they warn of a veil, of blotches and of noise, the eye decides."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pictures import Picture


@dataclass(frozen=True)
class Figures:
    """What is compared."""

    contrast: float
    """Spread of the luminance over that of the photo; below one is a veil."""
    saturation: float
    """Mean chroma over that of the photo."""
    detail: float
    """Energy of the finest details over that of the photo."""
    flat: float
    """Share of pixels without visible gradient."""
    black: float
    """Luminance of the darkest hundredth less that of the photo, in steps of 255; above zero shadows are lifted."""
    cast: float
    """Distance of the blurred chroma from the photo's, in steps of Lab; high means blotches or a cast."""


def lab(picture: Picture) -> NDArray[np.float32]:
    """CIE Lab with L in [0, 100]."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


def fine(light: NDArray[np.float32]) -> float:
    """Root mean square of what a small blur removes."""
    return float(np.std(light - cv2.GaussianBlur(light, (0, 0), 1.0)))


def flat_share(light: NDArray[np.float32], threshold: float = 1.0) -> float:
    """Share of pixels whose two forward differences stay small."""
    down, right = np.abs(np.diff(light, axis=0))[:, :-1], np.abs(np.diff(light, axis=1))[:-1]
    return float(np.mean(np.maximum(down, right) < threshold))


def compare(drawing: Picture, photo: Picture) -> Figures:
    """The figures of one drawing."""
    drawn, seen = lab(drawing), lab(photo)
    chroma = [np.hypot(x[..., 1], x[..., 2]).mean() + 1e-6 for x in (drawn, seen)]
    soft = [cv2.GaussianBlur(x[..., 1:], (0, 0), 12) for x in (drawn, seen)]
    return Figures(
        contrast=float(drawn[..., 0].std() / (seen[..., 0].std() + 1e-6)),
        saturation=float(chroma[0] / chroma[1]),
        detail=fine(drawn[..., 0]) / (fine(seen[..., 0]) + 1e-6),
        flat=flat_share(drawn[..., 0]),
        black=2.55 * float(np.percentile(drawn[..., 0], 1) - np.percentile(seen[..., 0], 1)),
        cast=float(np.linalg.norm(soft[0] - soft[1], axis=-1).mean()),
    )


def mean_figures(figures: list[Figures]) -> Figures:
    """The mean of several drawings."""
    return Figures(*np.mean([astuple(one) for one in figures], 0).tolist())
