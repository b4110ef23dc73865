"""Moving least squares: against the words of the paper, place by place, and what they promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from senga.ops.deformation import Kind, deformation, deformed

KINDS: tuple[Kind, ...] = ("affine", "similarity", "rigid")
SHIFT = np.array([4.0, 5.0])
RNG = np.random.default_rng(3)
FROM = RNG.uniform(5, 75, (9, 2))
TO = FROM + RNG.normal(0, 6, (9, 2))


def told(v: Any, p: Any, q: Any, kind: Kind) -> Any:
    """Equations 5 to 8 of the paper, with its matrices."""
    w = 1 / ((p - v) ** 2).sum(axis=1)
    middle, aim = (w[:, None] * p).sum(0) / w.sum(), (w[:, None] * q).sum(0) / w.sum()
    p, q = p - middle, q - aim
    if kind == "affine":
        spread = sum(w[i] * np.outer(p[i], p[i]) for i in range(len(p)))
        return (v - middle) @ np.linalg.inv(spread) @ sum(w[i] * np.outer(p[i], q[i]) for i in range(len(p))) + aim

    def across(u: Any) -> Any:
        return np.array([-u[1], u[0]])

    total = np.zeros(2)
    for i in range(len(p)):
        rows = np.stack([p[i], -across(p[i])])
        columns = np.stack([v - middle, -across(v - middle)]).T
        total = total + q[i] @ (w[i] * rows @ columns)
    if kind == "similarity":
        return total / (w * (p**2).sum(axis=1)).sum() + aim
    return np.linalg.norm(v - middle) * total / np.linalg.norm(total) + aim


@pytest.mark.parametrize("kind", KINDS)
def test_places_move_as_the_paper_says(kind: Kind) -> None:
    places = RNG.uniform(-20, 100, (60, 2))
    found = deformed(places, FROM, TO, kind)
    assert np.allclose(found, [told(place, FROM, TO, kind) for place in places], atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_points_come_to_lie_where_they_should(kind: Kind) -> None:
    assert np.allclose(deformed(FROM, FROM, TO, kind), TO, atol=1e-4)


@pytest.mark.parametrize(("kind", "matrix"), [
    ("affine", [[1.2, 0.3], [-0.1, 0.8]]), ("similarity", [[0.6, 0.8], [-0.8, 0.6]]),
    ("similarity", [[1.5, 0], [0, 1.5]]), ("rigid", [[0.6, -0.8], [0.8, 0.6]]),
])  # fmt: skip
def test_maps_of_the_kind_are_found_again(kind: Kind, matrix: Any) -> None:
    places = RNG.uniform(-50, 150, (40, 2))
    matrix, shift = np.array(matrix), np.array([3.0, -7.0])
    assert np.allclose(deformed(places, FROM, FROM @ matrix + shift, kind), places @ matrix + shift, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_grid_is_near_to_every_pixel_computed(kind: Kind) -> None:
    goal = FROM + 0.3 * (TO - FROM)
    found = deformation(83, 61, FROM, goal, kind, 4)
    pixels = np.stack(np.meshgrid(np.arange(61), np.arange(83)), axis=-1).reshape(-1, 2) + 0.5  # (83 * 61, 2)
    exact = deformed(pixels, FROM, goal, kind).reshape(83, 61, 2)  # (83, 61, 2)
    assert np.abs(found - exact).mean() < 0.1
    finest = deformation(83, 61, FROM, goal, kind, 1)
    assert np.abs(finest - exact).max() < 1e-3, "a line for every pixel is no approximation"


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 2)])
def test_any_size_stays_where_no_point_moves(size: tuple[int, int]) -> None:
    found = deformation(*size, FROM, FROM)
    assert np.allclose(found[..., 0], np.arange(size[1]) + 0.5, atol=1e-4)
    assert np.allclose(found[..., 1], np.arange(size[0])[:, None] + 0.5, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_and_points_on_a_line_are_no_trouble(kind: Kind, count: int) -> None:
    line = np.array([[10.0, 10], [20, 20], [30, 30]])[:count]
    found = deformed(RNG.uniform(0, 50, (9, 2)), line, line + SHIFT, kind)
    assert np.isfinite(found).all()
    assert np.allclose(deformed(np.array([[0.0, 0]]), line, line + SHIFT, kind), [[4, 5]], atol=1e-6)
