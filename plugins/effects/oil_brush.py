"""Paint in patches along the forms, with furrows of bristles: on a reduced picture, enlarged with crisp edges."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import cv2
import numpy as np

from senga.image import Image
from senga.job import Job
from senga.ops import banded, luma, painterly, reduction, tangents

from .oil_settings import Bristles, Brush

_TILE = 1024
"""Pixels after which the noise of bristles repeats."""
_FURROW = 0.022
"""How much a furrow darkens the paint, at a detail of 1."""
_LIGHT = 0.011
"""How much a slope towards the light lightens it, at a shine of 1."""


def painted(image: Image, brush: Brush, job: Job) -> Any:
    """The painting, in the depth of the picture."""
    grid = reduction.Grid.of(image.pixels, brush.factor, job)
    paint = grid.reduced(image.pixels, job.part(0, 0.05))
    for index in range(brush.passes):
        part = job.part(0.05 + 0.45 * index / brush.passes, 0.05 + 0.45 * (index + 1) / brush.passes)
        paint = banded.in_bands(paint, partial(_patches, brush=brush), brush.patch_halo, part, size=150_000)
    if brush.bristles is not None:
        paint = _with_bristles(paint, brush, brush.bristles, grid, job.part(0.5, 0.9))
    result = np.empty_like(image.pixels, order="C")
    finish = partial(painterly.crisp, factor=brush.factor)

    def enlarged(part: slice) -> None:
        banded.stored(grid.enlarged(paint, part, finish), result[grid.rows_of(part)])

    banded.each_band(enlarged, grid.parts(), job.part(0.9, 1))
    return result


def _patches(band: Any, brush: Brush) -> Any:
    halo = brush.patch_halo
    field = tangents.tangents(band, brush.flow)
    return painterly.kuwahara_anisotropic(band, field, brush.radius)[halo : len(band) - halo]


def _with_bristles(paint: Any, brush: Brush, bristles: Bristles, grid: reduction.Grid, job: Job) -> Any:
    field = _field(paint, brush.flow, job.part(0, 0.2))
    if brush.smear > 0.2:
        paint = tangents.along(paint, field, brush.smear, job.part(0.2, 0.5))
    length = max(1.0, bristles.length / brush.factor)
    furrows = tangents.along(_noise(bristles, brush, grid, job), field, length, job.part(0.5, 1))
    return _lit(paint, furrows * np.float32(math.sqrt(2 * math.sqrt(math.pi) * length)), bristles)


def _field(paint: Any, sigma: float, job: Job) -> tangents.Tangents:
    """The directions of the whole picture, band by band."""
    halo = tangents.reach_of(sigma, far=True)
    planes = [np.empty(paint.shape[:2], np.float32) for _ in range(3)]

    def measured(rows: slice) -> None:
        found = tangents.tangents(banded.with_halo(paint, rows, halo), sigma, far=True)
        for plane, part in zip(planes, (found.x, found.y, found.anisotropy), strict=True):
            plane[rows] = part[halo : halo + rows.stop - rows.start]

    banded.each_band(measured, banded.parts_of(*paint.shape[:2], size=150_000, halo=halo), job)
    return tangents.Tangents(*planes)


def _noise(bristles: Bristles, brush: Brush, grid: reduction.Grid, job: Job) -> Any:
    """Noise as wide as a bristle with a deviation of 1, which lies still on the whole picture."""
    noise = job.rng(bristles.seed).standard_normal((_TILE, _TILE), np.float32)
    sigma = 0.4 * bristles.width / brush.factor
    if sigma > 0.3:
        wide = np.pad(noise, 64, mode="wrap")
        noise = np.asarray(cv2.GaussianBlur(wide, (0, 0), min(sigma, 20))[64:-64, 64:-64], np.float32)
        noise /= noise.std()
    rows = (np.arange(grid.rows) + (job.offset[0] - grid.top) // grid.factor) % _TILE
    columns = (np.arange(grid.columns) + (job.offset[1] - grid.left) // grid.factor) % _TILE
    return noise[rows][:, columns]


def _lit(paint: Any, furrows: Any, bristles: Bristles) -> Any:
    """Furrows darken the paint; slopes of furrows and of the paint itself catch the light."""
    light = luma(paint)
    height = furrows * np.float32(0.35 * bristles.detail) + 12 * cv2.blur(light, (3, 3))
    angle = math.radians(bristles.angle)
    slope = _slope(height, 1) * np.float32(-math.cos(angle)) + _slope(height, 0) * np.float32(math.sin(angle))
    shine = np.float32(_LIGHT * bristles.shine) * np.clip(slope, -4, 6) * (0.25 + light)
    furrow = 1 + np.float32(_FURROW * bristles.detail) * np.clip(furrows, -2.5, 1.5)
    return np.clip(paint * furrow[:, :, None] + shine[:, :, None], 0, 1)


def _slope(height: Any, axis: int) -> Any:
    kernel = np.array([[-0.5, 0, 0.5]], np.float32)
    return cv2.filter2D(height, -1, kernel if axis == 1 else kernel.T, borderType=cv2.BORDER_REFLECT_101)
