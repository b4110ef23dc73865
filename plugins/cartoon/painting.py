"""From a photo to a cartoon: the network at its working size, the guided filter after it, and three representations.

Surface, structure and texture are what the publication takes pictures apart into: smooth surfaces are the guided filter
of a picture by itself, structure is flat patches, texture is the detail of lightness.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from senga import ops
from senga.families import network_of
from senga.image import Pixels, to_depth
from senga.job import Job, Weights
from senga.neural.engine import evaluate
from senga.neural.stroke_scale import finished, reduced
from senga.ops import superpixels
from senga.ops.guided import guided_filter

Picture = NDArray[np.float32]
Shown = Literal["picture", "surface", "structure", "texture"]

SHORT_SIDE = 720
"""Pixels of the short side to which the published program reduces larger pictures."""
FINISH = 1, 5e-3 / 4
"""Radius and noise of the guided filter after the network; variances are of [0, 1], a quarter of those of [-1, 1]."""
SURFACE = 5, 0.2 / 4
"""The same of surfaces, as the publication has them."""
GRAIN = 5, 0.02 / 4
"""The same of what is grain: edges stay."""
PATCHES = 40
"""Superpixels along the short side of a working picture, about."""
ALIKE = 6.0
"""Distance of CIELAB colours up to which patches are joined."""


class Parts(NamedTuple):
    """How much of each representation there is; what is published is without more surface or structure."""

    surface: float = 0.0
    structure: float = 0.0
    texture: float = 1.0


def automatic_scale(height: int, width: int) -> float:
    """The stroke scale that brings a whole picture of this size to the published working size."""
    return max(1.0, min(height, width) / SHORT_SIDE)


def paint(weights: Weights, pixels: Pixels, job: Job, stroke_scale: float, parts: Parts, shown: Shown) -> Pixels:
    """Paint (H, W, 3) pixels, or one of the representations; the result has the same size and type."""
    scale = stroke_scale or automatic_scale(*(job.full_size or pixels.shape[:2]))
    small = reduced(pixels, scale)
    painted = _painted(weights, to_depth(pixels if small is None else small, np.float32), job.part(0.0, 0.75))
    result = represented(composed(painted, parts, job.part(0.75, 0.85)), shown, job.part(0.85, 0.9))
    if small is None:
        return to_depth(np.clip(result, 0, 1), pixels.dtype)
    return finished(pixels, small, np.clip(result, 0, 1), job.part(0.9, 1.0))


def composed(painted: Picture, parts: Parts, job: Job) -> Picture:
    """The painting with its parts as asked for; it is written into."""
    if parts.structure:
        patches = guided_filter(painted, flat(np.clip(painted, 0, 1), job), *FINISH, job)
        painted += np.float32(parts.structure) * (patches - painted)
    if parts.surface or parts.texture != 1:
        grain = painted - guided_filter(painted, painted, *GRAIN, job)
        painted -= np.float32(parts.surface) * grain
        painted += np.float32(parts.texture - 1) * ops.luma(grain)[:, :, None]
    return painted


def represented(picture: Picture, shown: Shown, job: Job) -> Picture:
    """The picture, or one of its representations."""
    match shown:
        case "surface":
            return guided_filter(picture, picture, *SURFACE, job)
        case "structure":
            return flat(np.clip(picture, 0, 1), job)
        case "texture":
            return np.repeat(ops.luma(picture)[:, :, None], 3, axis=2)
    return picture


def flat(picture: Picture, job: Job, size: int = 0) -> Picture:
    """(H, W, 3) in 0..1 as flat patches with superpixels of a side in pixels; 0 chooses it by the picture."""
    return superpixels.patched(picture, size or max(4, min(picture.shape[:2]) // PATCHES), ALIKE, job)


def _painted(weights: Weights, photo: Picture, job: Job) -> Picture:
    """The network's picture under the guided filter by the photo, in 0..1 and beyond, not clipped."""
    network = network_of(weights)
    given = {next(iter(network.inputs)): photo * np.float32(2) - np.float32(1)}
    found = evaluate(network, weights.arrays, given, job.part(0.0, 0.9), note="painting")[network.outputs[0].name]
    return guided_filter(photo, (found + np.float32(1)) / np.float32(2), *FINISH, job.part(0.9, 1.0))
