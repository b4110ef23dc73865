from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.strokes import flow

Grey = NDArray[np.uint8]


def exact_step(x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], radius: int) -> None:
    """One step of the smoothing, pixel by pixel as the formula has it: the oracle for the box filters."""
    height, width = x.shape
    new = np.stack([x, y])
    for row in range(radius, height - radius):
        for column in range(radius, width - radius):
            window = slice(row - radius, row + radius + 1), slice(column - radius, column + radius + 1)
            magnitude = 0.5 * (1 + np.tanh(weight[window] - weight[row, column]))
            dot = x[row, column] * x[window] + y[row, column] * y[window]
            total = magnitude * dot * weight[window]
            vector = np.array([(total * x[window]).sum(), (total * y[window]).sum()])
            new[:, row, column] = vector / np.hypot(*vector)
    x[:], y[:] = new


def test_box_filters_are_the_sum_over_the_window() -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, (24, 30))
    weight = rng.uniform(0.01, 1, angle.shape)
    x, y = np.cos(angle), np.sin(angle)
    fast_x, fast_y = x.astype(np.float32), y.astype(np.float32)
    for _ in range(4):
        exact_step(x, y, weight, radius=2)
    flow._smooth(fast_x, fast_y, weight.astype(np.float32), radius=2, steps=4)
    turned = np.degrees(np.arccos(np.clip(np.abs(x * fast_x + y * fast_y), 0, 1)))
    assert np.percentile(turned, 95) < 4


def test_bands_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    angle, weight = rng.uniform(0, 2 * np.pi, (150, 40)), rng.uniform(0, 1, (150, 40)).astype(np.float32)
    found = []
    for rows in (7, 64, 1000):
        monkeypatch.setattr(flow, "_ROWS", rows)
        x, y = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        flow._smooth(x, y, weight, radius=3, steps=3)
        found.append(np.stack([x, y]))
    assert np.array_equal(found[0], found[2])
    assert np.array_equal(found[1], found[2])


def test_where_nothing_is_left_a_tangent_stays() -> None:
    x, y = np.ones((9, 9), np.float32), np.zeros((9, 9), np.float32)
    flow._smooth(x, y, np.zeros((9, 9), np.float32), radius=2, steps=2)
    assert (x == 1).all()
    assert (y == 0).all()


def test_a_field_that_is_kept_is_that_of_this_picture() -> None:
    pictures = [stripes(angle) for angle in (-90, -54, 0, 18, 72)]
    first = [flow.tangents(picture, (90, 90), radius=3, steps=2) for picture in pictures]
    again = [flow.tangents(picture.copy(), (90, 90), radius=3, steps=2) for picture in reversed(pictures)]
    for one, other in zip(first, reversed(again), strict=True):
        assert np.array_equal(one.x, other.x)
    assert flow.tangents(pictures[0], (90, 90), radius=3, steps=2) is again[-1], "the last ones are kept"
    assert not np.array_equal(flow.tangents(pictures[0], (90, 90), radius=3, steps=1).x, first[0].x)
    with pytest.raises(ValueError, match="read-only"):
        first[0].x[0] = 0


def stripes(angle: float) -> Grey:
    """Soft stripes that run at an angle, anticlockwise from the horizontal."""
    y, x = np.mgrid[0:90, 0:90]
    across = x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    return np.rint(127 + 100 * np.sin(across / 4)).astype(np.uint8)


@pytest.mark.parametrize("angle", [-90, -54, 0, 18, 72])
def test_strokes_run_along_stripes(angle: float) -> None:
    field = flow.tangents(stripes(angle), (90, 90), radius=3, steps=15)
    index = flow.direction_index(field, (90, 90), 10)[10:-10, 10:-10]
    assert flow.stroke_angles(10)[np.bincount(index.ravel()).argmax()] == angle
    across = flow.direction_index(field, (90, 90), 10, turned=90)[10:-10, 10:-10]
    assert ((across.astype(int) - index) % 10 == 5).mean() > 0.99


def test_flat_areas_take_the_angle_modulo_a_half_turn() -> None:
    flat = np.full((40, 50), 90, np.uint8)
    field = flow.tangents(flat, (40, 50), radius=3, steps=5)
    first, second = (flow.direction_index(field, flat.shape, 10, flat_angle=angle) for angle in (135, -45))
    assert np.array_equal(first, second)
    assert flow.stroke_angles(10)[first[0, 0]] == -36, "the direction nearest to -45 degrees, ties upwards"


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (200, 20000), (3000, 4000)])
def test_the_field_is_small_but_not_thinner_than_needed(size: tuple[int, int]) -> None:
    height, width = flow.field_size(size, size)
    assert height * width < 1_000_000
    assert min(height, width) >= 1
    assert max(height, width) >= flow.LONG_SIDE
