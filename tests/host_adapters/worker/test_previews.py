"""The true preview is the result: structural similarity of what is shown and what is painted."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from senga.host_adapters.worker.client import Canvas, Worker

HEIGHT, WIDTH = 660, 880
FLOORS = {"anime": 0.95, "sketch": 0.85, "color-pencil": 0.85}


@pytest.fixture(scope="module")
def scene() -> NDArray[np.uint8]:
    """(H, W, 3) u8: forms of all sizes under a soft light, as in a photograph."""
    rng = np.random.default_rng(5)
    light = cv2.resize(rng.random((4, 5, 3), np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(light * 255, 0, 255).astype(np.uint8)
    for _ in range(60):
        centre = tuple(int(side * share) for side, share in zip((WIDTH, HEIGHT), rng.random(2), strict=True))
        axes = tuple(int(axis) for axis in rng.integers(4, 120, 2))
        colour = tuple(float(part) for part in rng.integers(0, 256, 3))
        cv2.ellipse(picture, centre, axes, float(rng.integers(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    noise = rng.normal(0, 3, picture.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.2) + noise, 0, 255).astype(np.uint8)


def painted(worker: Worker, picture: NDArray[np.uint8], name: str, **how: Any) -> NDArray[np.uint8]:
    height, width, channels = picture.shape
    with Canvas(width, height, channels, "u8") as canvas:
        canvas.write_band(0, picture.tobytes())
        assert worker.run({"filter": name}, canvas, **how).changed
        return np.frombuffer(canvas.read_band(0, height), np.uint8).reshape(picture.shape)


def similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """SSIM of two (H, W, 3) u8 pictures in grey: Wang et al. 2004, with their Gaussian window of 11 x 11."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5], np.float64)

    a, b = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float64) for each in (one, other))
    a_mean, b_mean = mean(a), mean(b)
    a_spread, b_spread, both = mean(a * a) - a_mean**2, mean(b * b) - b_mean**2, mean(a * b) - a_mean * b_mean
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * a_mean * b_mean + low) / (a_mean**2 + b_mean**2 + low)
    return float((light * (2 * both + high) / (a_spread + b_spread + high)).mean())


def fitting(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, (400, 300), interpolation=cv2.INTER_AREA), np.uint8)


def part(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture[180:480, 240:640]


@pytest.mark.parametrize("name", FLOORS)
def test_the_true_preview_shows_what_will_be_painted(worker: Worker, scene: NDArray[np.uint8], name: str) -> None:
    result = painted(worker, scene, name)
    shown = painted(worker, scene, name, preview="true")
    for view in (fitting, part):
        assert similarity(view(result), view(shown)) >= FLOORS[name], view.__name__
        assert similarity(view(result), view(scene)) < FLOORS[name] - 0.02, "the filter did something"


def test_a_part_with_its_margin_is_painted_as_in_the_whole_picture(worker: Worker, scene: NDArray[np.uint8]) -> None:
    result = painted(worker, scene, "anime")
    place = {"width": WIDTH, "height": HEIGHT, "left": 140, "top": 80}
    piece = painted(worker, np.ascontiguousarray(scene[80:580, 140:740]), "anime", preview="quick", place=place)
    assert similarity(part(result), piece[100:400, 100:500]) >= FLOORS["anime"]
