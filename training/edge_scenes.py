"""Rendered scenes whose edges are known: shapes in front of each other, with shades, textures, blur, grain, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pictures import Picture

Rng = np.random.Generator
FAINT = 0.035
"""A step of colour below which a border is neither edge nor none."""


def scene(photos: list[Picture], side: int, rng: Rng) -> tuple[Picture, NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture, its edges as (H, W, 3) 0 or 1, three times the same, and weights, 0 where an edge is too faint."""
    large = 2 * side
    plain = np.broadcast_to(_shade(large, rng), (large, large, 3)).copy()
    full = plain + _texture(photos, large, rng)
    number = np.zeros((large, large), np.int32)
    for index in range(1, int(rng.integers(4, 24))):
        mask = _shape(large, rng)
        shade = np.clip(_shade(large, rng, plain[mask].mean(axis=0) if mask.any() else None), 0, 1)
        plain[mask], number[mask] = shade[mask], index
        full[mask] = (shade + _texture(photos, large, rng))[mask]
    full, plain = (cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA) for each in (full, plain))
    lines, faint = _lines(number[::2, ::2], plain)
    return _seen(full, rng), np.dstack([lines] * 3), np.dstack([1 - faint] * 3)


def _shade(side: int, rng: Rng, near: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """A colour, often with a gradient, and often near to another one."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    turn, swing = rng.uniform(0, 2 * np.pi), rng.choice([0, 0.1, 0.25, 0.5]) * rng.uniform(-1, 1)
    ramp = (np.cos(turn) * x + np.sin(turn) * y) * swing
    grey = rng.random() < 0.3
    colour = np.repeat(rng.random(1), 3) if grey else rng.beta(0.8, 0.8, 3)
    if near is not None and rng.random() < 0.5:
        colour = near + rng.normal(0, 0.12, 3)
    return np.asarray(colour.astype(np.float32) + ramp[:, :, None].astype(np.float32), np.float32)


def _texture(photos: list[Picture], side: int, rng: Rng) -> NDArray[np.float32]:
    """Nothing, noise of some size, or the detail of a photograph."""
    kind = rng.random()
    if kind < 0.35:
        return np.zeros((1, 1, 3), np.float32) + np.zeros((side, side, 1), np.float32)
    if kind < 0.6:
        cells = int(rng.integers(8, side // 2))
        noise = rng.standard_normal((cells, cells, 1 if rng.random() < 0.7 else 3)).astype(np.float32)
        noise = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC).reshape(side, side, -1)
        return np.asarray(noise * np.float32(rng.uniform(0.01, 0.09)) + np.zeros(3, np.float32))
    photo = photos[int(rng.integers(len(photos)))]
    part = min(photo.shape[:2]) // int(rng.integers(1, 4))
    top, left = (int(rng.integers(0, length - part + 1)) for length in photo.shape[:2])
    crop = photo[top : top + part, left : left + part].astype(np.float32) / 255
    crop = np.ascontiguousarray(np.rot90(cv2.resize(crop, (side, side)), int(rng.integers(4))))
    detail = crop - cv2.blur(crop, (15, 15))
    return np.asarray(detail * np.float32(rng.uniform(0.1, 0.5)))


def _shape(side: int, rng: Rng) -> NDArray[np.bool_]:
    """A polygon, a smooth blob, a rectangle, an ellipse or a stroke."""
    mask = np.zeros((side, side), np.uint8)
    middle, size = rng.uniform(0, side, 2), side * np.exp(rng.uniform(np.log(0.03), np.log(0.5)))
    kind = rng.integers(5)
    if kind == 4:
        walk = middle + np.cumsum(rng.normal(0, 1, (5, 2)), axis=0) * size / 2
        curve = _smooth(walk, closed=False) if rng.random() < 0.6 else walk
        cv2.polylines(mask, [np.rint(curve).astype(np.int32)], False, 1, int(np.exp(rng.uniform(1, 3.2))), cv2.LINE_8)
        return mask > 0
    count = {0: int(rng.integers(3, 9)), 1: int(rng.integers(5, 12)), 2: 4, 3: 48}[int(kind)]
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 2 * np.pi)
    radius = size * (rng.uniform(0.4, 1, count) if kind < 2 else np.ones(count))
    around = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None] * [1, rng.uniform(0.25, 1)]
    turn = rng.uniform(0, np.pi)
    around = around @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    outline = middle + (_smooth(around, closed=True) if kind == 1 else around)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1)
    return mask > 0


def _smooth(points: NDArray[np.float64], *, closed: bool) -> NDArray[np.float64]:
    """Corners cut three times (Chaikin)."""
    for _ in range(3):
        following = np.roll(points, -1, axis=0)
        both = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], 1)
        points = (both if closed else both[:-1]).reshape(-1, 2)
    return points


def _lines(number: NDArray[np.int32], plain: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Where the shape changes by a step of colour, and where it changes too faintly."""
    lines, faint = np.zeros(number.shape, np.uint8), np.zeros(number.shape, np.uint8)
    for axis in (0, 1):
        ahead, behind = np.roll(plain, -2, axis), np.roll(plain, 1, axis)
        border = number != np.roll(number, -1, axis)
        border[(-1, slice(None)) if axis == 0 else (slice(None), -1)] = False
        clear = np.abs(ahead - behind).max(axis=2) > FAINT
        lines |= border & clear
        faint |= border & ~clear
    return lines, np.asarray(cv2.dilate(faint, np.ones((3, 3), np.uint8)) & (1 - lines), np.uint8)


def _seen(full: NDArray[np.float32], rng: Rng) -> Picture:
    """As a camera sees it: soft shadows, blur, grain, compression."""
    side = len(full)
    if rng.random() < 0.5:
        shadow = cv2.resize(rng.random((5, 5)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        full = full * (1 - np.float32(rng.uniform(0, 0.5)) * np.clip(shadow, 0, 1))[:, :, None]
    if rng.random() < 0.6:
        full = cv2.GaussianBlur(full, (0, 0), rng.uniform(0.3, 1.6))
    if rng.random() < 0.1:
        full = np.repeat(full.mean(axis=2, keepdims=True), 3, axis=2)
    grain = rng.standard_normal((side, side, 3 if rng.random() < 0.5 else 1)) * rng.choice([0, 0.01, 0.03, 0.06])
    levels = np.rint(255 * np.clip(full + grain, 0, 1)).astype(np.uint8)
    if rng.random() < 0.6:
        done = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])[1]
        levels = np.asarray(cv2.imdecode(done, cv2.IMREAD_COLOR), np.uint8)
    return levels
