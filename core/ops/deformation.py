"""Moving least squares: a picture deformed so that some of its points come to lie at others.

Every place is moved by the affine map, the similarity or the rigid motion that fits the points best, near ones counting
more. Points are moved exactly; what lies between follows without tears.

Reference: S. Schaefer, T. McPhail, J. Warren: Image deformation using moving least squares. ACM Transactions on
Graphics 25(3), 2006, doi:10.1145/1141911.1141920.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["affine", "similarity", "rigid"]
Points = NDArray[np.float64]
"""(n, 2): x and y."""
_NEAREST = 1e-8
"""Square of a distance below which a place counts as a point itself."""
_FLAT = 1e-9
"""Of the points' spread: below it they lie on a line, which no affine map is found from."""
_AT_ONCE = 4096


def deformed(places: Points, origin: Points, goal: Points, kind: Kind = "similarity") -> Points:
    """Where places come to lie when each point of ``origin`` comes to lie at that of ``goal``.

    Args:
        places: (m, 2).
        origin: (n, 2), at least one; of two that are equal the places between their goals are taken.
        goal: (n, 2).
        kind: what fits locally; ``affine`` needs three points that do not lie on a line, else it is ``similarity``.

    Returns:
        (m, 2) float64.
    """
    places, origin, goal = (np.asarray(each, np.float64).reshape(-1, 2) for each in (places, origin, goal))  # (…, 2)
    parts = [places[start : start + _AT_ONCE] for start in range(0, len(places), _AT_ONCE)]
    made = [_part(part, origin, goal, kind) for part in parts]
    return np.concatenate(made) if made else np.zeros((0, 2))


def deformation(
    height: int, width: int, origin: Points, goal: Points, kind: Kind = "similarity", step: int = 10
) -> NDArray[np.float32]:
    """The same for the middle of every pixel: computed on a grid, and linear between.

    Args:
        height: of the picture.
        width: of it.
        origin: (n, 2), in pixels; (0, 0) is the upper left corner of the upper left pixel.
        goal: (n, 2).
        kind: see ``deformed``.
        step: pixels between the lines of the grid.

    Returns:
        (height, width, 2) float32: x and y.
    """
    rows, down = _between(height, step)
    columns, across = _between(width, step)
    nodes = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)  # (nodes, 2)
    moved = deformed(nodes, origin, goal, kind).reshape(len(rows), len(columns), 2)  # (rows, columns, 2)
    planes = [down @ moved[..., axis].astype(np.float32) @ across.T for axis in (0, 1)]
    return np.stack(planes, axis=-1)


def _between(side: int, step: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Places of grid lines, and for every pixel (side, lines) how much of each line it takes."""
    count = max(2, -(-(side - 1) // step) + 1)
    lines = np.linspace(0.5, max(side - 0.5, 1.0), count)
    place = np.clip((np.arange(side) + 0.5 - lines[0]) / (lines[1] - lines[0]), 0, count - 1)
    first = np.minimum(place.astype(np.intp), count - 2)
    shares = np.zeros((side, count), np.float32)
    shares[np.arange(side), first] = 1 - (place - first)
    shares[np.arange(side), first + 1] += (place - first).astype(np.float32)
    return lines, shares


def _part(places: Points, origin: Points, goal: Points, kind: Kind) -> Points:
    far = ((places[:, None] - origin) ** 2).sum(axis=2)
    weights = 1 / np.maximum(far, _NEAREST)
    weights /= weights.sum(axis=1, keepdims=True)
    middle, aim = weights @ origin, weights @ goal
    own, other = origin - middle[:, None], goal - aim[:, None]  # (m, n, 2)
    if kind == "affine" and (found := _affine(places - middle, own, other, weights)) is not None:
        return np.asarray(found + aim)
    return np.asarray(_turned(places - middle, own, other, weights, kind) + aim)


def _affine(place: Points, own: Points, other: Points, weights: Points) -> Points | None:
    """The places less their middle, by the best affine maps; None where points lie on a line."""
    spread = np.einsum("mn,mni,mnj->mij", weights, own, own)
    both = np.einsum("mn,mni,mnj->mij", weights, own, other)
    size = np.trace(spread, axis1=1, axis2=2) ** 2
    if len(own[0]) < 3 or (np.linalg.det(_whole_spread(own)) <= _FLAT * _size(own)).any():
        return None
    spread = spread + (1e-12 * np.sqrt(size) + 1e-30)[:, None, None] * np.eye(2)
    return np.asarray(np.einsum("mi,mij->mj", place, np.linalg.solve(spread, both)))


def _whole_spread(own: Points) -> Points:
    apart = own - own.mean(axis=1, keepdims=True)
    return np.asarray(np.einsum("mni,mnj->mij", apart[:1], apart[:1]))


def _size(own: Points) -> Points:
    return np.asarray(np.trace(_whole_spread(own), axis1=1, axis2=2) ** 2)


def _turned(place: Points, own: Points, other: Points, weights: Points, kind: Kind) -> Points:
    """The same by similarities: in complex numbers one factor, whose length is 1 for rigid motions."""
    here, there = own[..., 0] + 1j * own[..., 1], other[..., 0] + 1j * other[..., 1]
    factor = (weights * here.conj() * there).sum(axis=1)
    size = np.abs(factor) if kind == "rigid" else (weights * np.abs(here) ** 2).sum(axis=1)
    factor = np.where(size > 0, factor / np.where(size > 0, size, 1), 1)
    made = factor * (place[:, 0] + 1j * place[:, 1])
    return np.stack([made.real, made.imag], axis=-1)
