"""Squares with faces made worse: light, tone of skin, blur, noise, and things in front of them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pictures import Picture

Array = NDArray[Any]
Rng = np.random.Generator


def worse(picture: Picture, rng: Rng) -> Picture:
    """Other light always, and each other harm to a share of the pictures."""
    made = lit(picture, rng)
    for share, act in ((0.25, blurred), (0.25, coarse), (0.25, grainy), (0.2, packed)):
        if rng.random() < share:
            made = act(made, rng)
    return made


def lit(picture: Picture, rng: Rng) -> Picture:
    """Another curve, colour of light, saturation, and light from one side."""
    x = picture.astype(np.float32) / 255
    if rng.random() < 0.18:
        x = np.repeat(x.mean(axis=2, keepdims=True), 3, axis=2)
    else:
        grey = x.mean(axis=2, keepdims=True)
        x = grey + (x - grey) * np.float32(rng.uniform(0.4, 1.5))
        x = x * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    if rng.random() < 0.3:
        x = x * _slope(x.shape, rng)
    x = np.clip(x * np.float32(rng.uniform(0.65, 1.3)) + np.float32(rng.uniform(-0.06, 0.06)), 0, 1)
    return _bytes(255 * x ** np.float32(np.exp(rng.normal(0, 0.35))))


def _slope(shape: tuple[int, ...], rng: Rng) -> Array:
    turn, low = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    along = 1 / (1 + np.exp(-rng.uniform(1, 6) * (np.cos(turn) * x + np.sin(turn) * y)))
    return (low + (1.25 - low) * along).astype(np.float32)[:, :, None]


def blurred(picture: Picture, rng: Rng) -> Picture:
    """Out of focus or moved."""
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.2)), np.uint8)
    length = int(rng.integers(3, 9))
    kernel = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), rng.uniform(0, 180), 1)
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    line = cv2.warpAffine(line, kernel, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, line / max(1e-3, line.sum())), np.uint8)


def coarse(picture: Picture, rng: Rng) -> Picture:
    """Of few pixels, enlarged."""
    height, width = picture.shape[:2]
    scale = rng.uniform(0.22, 0.8)
    small = cv2.resize(picture, (max(8, int(width * scale)), max(8, int(height * scale))), interpolation=cv2.INTER_AREA)
    kind = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[rng.choice(3, p=(0.5, 0.4, 0.1))]
    return np.asarray(cv2.resize(small, (width, height), interpolation=kind), np.uint8)


def grainy(picture: Picture, rng: Rng) -> Picture:
    """Noise of a sensor."""
    noise = rng.standard_normal((*picture.shape[:2], 3), np.float32)
    return _bytes(picture + noise * np.float32(rng.uniform(2, 18)))


def packed(picture: Picture, rng: Rng) -> Picture:
    """JPEG."""
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 70))])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def hull(shape: tuple[int, ...], points: Array, soft: float) -> Array:
    """(H, W, 1) 0..1 in the hull of points, blurred by ``soft`` pixels."""
    mask = np.zeros(shape[:2], np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), soft) if soft > 0 else mask)[:, :, None]


def skin(picture: Picture, points: Array, rng: Rng) -> Picture:
    """Skin of another tone: the face and what lies round it, times a brown."""
    middle = points.mean(axis=0)
    mask = hull(picture.shape, middle + (points - middle) * (1.25, 1.5), np.ptp(points[:, 0]) / 8)
    dark = np.float32(rng.uniform(0.3, 0.95))
    tone = dark * np.array([1.0, rng.uniform(0.82, 1.0), rng.uniform(0.7, 0.98)], np.float32)
    return _bytes(picture * (1 - mask + mask * tone))


def glasses(picture: Picture, points: Array, rng: Rng) -> Picture:
    """Two rings or dark discs before the eyes."""
    made = picture.copy()
    colour = tuple(int(part) for part in rng.integers(0, 110, 3))
    eyes = [points[36:42].mean(axis=0), points[42:48].mean(axis=0)]
    radius = np.linalg.norm(eyes[1] - eyes[0]) * rng.uniform(0.28, 0.45)
    dark, line = rng.random() < 0.4, max(1, int(radius / rng.uniform(4, 14)))
    for eye in eyes:
        place, axes = _whole(eye), (max(2, int(radius)), max(2, int(radius * rng.uniform(0.6, 1.0))))
        angle = float(np.rad2deg(np.arctan2(*(eyes[1] - eyes[0])[::-1])))
        cv2.ellipse(made, place, axes, angle, 0, 360, colour, -1 if dark else line, cv2.LINE_AA)
    cv2.line(made, *(_whole(point) for point in (points[39], points[42])), colour, line, cv2.LINE_AA)
    share = rng.uniform(0.75, 1.0) if dark else 1.0
    return np.asarray(cv2.addWeighted(made, share, picture, 1 - share, 0), np.uint8)


def covered(picture: Picture, points: Array, rng: Rng, stuff: Picture) -> Picture:
    """A piece of something else before a part of the face: a hand, a hat, a scarf, hair."""
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    places = ((0.5, -0.12), (0.5, 1.0), (0.0, 0.5), (1.0, 0.5))  # hat, scarf, either side
    place = places[rng.integers(4)] if rng.random() < 0.6 else rng.random(2)
    middle = _whole(low + size * place + rng.normal(0, 0.06, 2) * size)
    axes = tuple(max(2, int(part)) for part in size * rng.uniform(0.12, 0.42, 2))
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(mask, middle, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 3))[:, :, None]
    plain = rng.integers(0, 255, 3).astype(np.float32) if rng.random() < 0.5 else stuff[: len(picture), : len(picture)]
    return _bytes(picture * (1 - mask) + plain * mask)


def capped(picture: Picture, points: Array, rng: Rng) -> Picture:
    """A hat, a cap or hair down to near the brows, of one colour with some light and shade."""
    across, size = points[16] - points[0], np.ptp(points[:, 1])
    brow = points[17:27].mean(axis=0)
    middle = _whole(brow - (0, size * rng.uniform(0.3, 0.55)))
    axes = int(np.linalg.norm(across) * rng.uniform(0.5, 0.85)), int(size * rng.uniform(0.22, 0.5))
    mask = np.zeros(picture.shape[:2], np.float32)
    start, end = ((180, 360), (0, 360))[rng.integers(2)]
    cv2.ellipse(mask, middle, axes, rng.uniform(-12, 12), start, end, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 2.5))[:, :, None]
    colour = rng.integers(0, 256, 3) if rng.random() < 0.5 else rng.integers(0, 80, 1).repeat(3)
    plain = colour * _slope(picture.shape, rng)
    return _bytes(picture * (1 - mask) + plain * mask)


def shaded(picture: Picture, points: Array, rng: Rng) -> Picture:
    """The upper part of the face, or one side, in shade."""
    turn = rng.choice([np.pi / 2, 0, np.pi]) + rng.normal(0, 0.3)
    middle, size = points.mean(axis=0), np.ptp(points[:, 1])
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    along = ((x - middle[0]) * np.cos(turn) + (y - middle[1]) * np.sin(turn)) / size + rng.uniform(-0.25, 0.25)
    share = 1 / (1 + np.exp(-np.clip(along * rng.uniform(8, 40), -30, 30)))
    low = rng.uniform(0.2, 0.65)
    return _bytes(picture * (low + (1 - low) * share)[:, :, None])


def alike(pasted: Picture, around: Picture, mask: Array, rng: Rng) -> Picture:
    """Colours of what is pasted, nearer to those it is pasted over: so that no seam tells of faces."""
    total = max(1.0, float(mask.sum()))
    here, there = ((each * mask).sum(axis=(0, 1)) / total for each in (pasted, around))
    return _bytes(pasted + np.float32(rng.uniform(0.2, 0.8)) * (there - here).astype(np.float32))


def _whole(point: Array) -> tuple[int, int]:
    return int(np.clip(point[0], -999, 999)), int(np.clip(point[1], -999, 999))


def _bytes(values: Array) -> Picture:
    return np.clip(values, 0, 255).astype(np.uint8)
