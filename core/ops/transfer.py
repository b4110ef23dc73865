"""Maps that give one cloud of colours the statistics of another, in any three-dimensional space.

References:
    E. Reinhard, M. Ashikhmin, B. Gooch, P. Shirley: Color transfer between images. IEEE CG&A 21(5), 2001,
    doi:10.1109/38.946629: mean and spread of every axis.
    F. Pitié, A. Kokaram: The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer.
    CVMP 2007, doi:10.1049/cp:20070055.
    B. Sun, J. Feng, K. Saenko: Return of frustratingly easy domain adaptation. AAAI 2016, arXiv:1511.05547: CORAL.
    F. Pitié, A. Kokaram, R. Dahyot: Automated colour grading using colour distribution transfer. CVIU 107(1-2), 2007,
    doi:10.1016/j.cviu.2006.11.011: iterative distribution transfer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float32]
"""(N, 3)."""
Shares = NDArray[np.float32]
"""(N,) how much each colour votes, from 0; not all are 0."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (3,) and covariance (3, 3) of a cloud of colours."""

    mean: Numbers
    covariance: Numbers

    @classmethod
    def of(cls, colours: Colours, shares: Shares) -> Moments:
        """Those of colours that vote by their shares."""
        weight = shares.astype(np.float64) / shares.sum(dtype=np.float64)
        mean = weight @ colours
        apart = colours - mean
        return cls(mean, (apart * weight[:, None]).T @ apart)


@dataclass(frozen=True, eq=False)
class Affine:
    """colour -> ``matrix`` @ colour + ``shift``."""

    matrix: Numbers
    shift: Numbers

    def __call__(self, colours: Colours) -> Colours:
        """(N, 3) of (N, 3)."""
        return np.asarray(colours @ self.matrix.T.astype(np.float32) + self.shift.astype(np.float32), np.float32)


Linear = Callable[[Moments, Moments, float], Affine]
"""From the moments of a picture and those it is to have; the deviation that is taken for noise in the picture."""


def _centred(matrix: Numbers, source: Moments, aim: Moments) -> Affine:
    return Affine(matrix, aim.mean - matrix @ source.mean)


def mean_and_spread(source: Moments, aim: Moments, noise: float = 0) -> Affine:
    """Every axis by itself gets mean and standard deviation (Reinhard et al. 2001)."""
    gain = np.sqrt((_variances(aim) + noise**2) / (_variances(source) + noise**2))
    return _centred(np.diag(gain), source, aim)


def _variances(moments: Moments) -> Numbers:
    return np.maximum(np.diag(moments.covariance), 1e-12)


def whitened_and_coloured(source: Moments, aim: Moments, noise: float = 0) -> Affine:
    """The covariance by way of uncorrelated colours: root(aim) root(source)⁻¹ (CORAL, Sun et al. 2016)."""
    own, other = _spread(source, noise), _spread(aim, noise)
    return _centred(_root(other) @ np.linalg.inv(_root(own)), source, aim)


def transported(source: Moments, aim: Moments, noise: float = 0) -> Affine:
    """The covariance by the linear map that moves colours least (Monge-Kantorovich, Pitié & Kokaram 2007)."""
    own, other = _spread(source, noise), _spread(aim, noise)
    root = _root(own)
    back = np.linalg.inv(root)
    return _centred(back @ _root(root @ other @ root) @ back, source, aim)


def _spread(moments: Moments, noise: float) -> Numbers:
    return np.asarray(moments.covariance + max(noise**2, 1e-12) * np.eye(3))


def _root(matrix: Numbers) -> Numbers:
    """The symmetric square root of a covariance."""
    values, axes = np.linalg.eigh(matrix)
    return np.asarray((axes * np.sqrt(np.maximum(values, 0))) @ axes.T)


# ---- whole distributions

BINS = 1024
"""Equal steps in which a distribution is counted, and equal parts of the votes of which it is told where they end."""
PARTS = (np.arange(BINS) + 0.5) / BINS


@dataclass(frozen=True, eq=False)
class Curve:
    """A rising curve over equal steps from ``low`` to ``high``, straight in between and beyond shifted."""

    low: float
    high: float
    values: Numbers

    def __call__(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """The curve at these places."""
        last = len(self.values) - 1
        at = (places - np.float32(self.low)) * np.float32(last / (self.high - self.low))
        inside = np.clip(at, 0, last)
        left = np.minimum(inside.astype(np.int32), last - 1)
        table = self.values.astype(np.float32)
        rise = np.diff(table)
        beyond = (at - inside) * np.float32((self.high - self.low) / last)
        return np.asarray(table[left] + rise[left] * (inside - left) + beyond, np.float32)


def quantiles(values: NDArray[np.float32], shares: Shares) -> Numbers:
    """(BINS,) values below which each part of the votes lies."""
    places, below = _counted(values, shares)
    return np.interp(PARTS, below, places)


def matching(values: NDArray[np.float32], shares: Shares, aim: Numbers) -> Curve:
    """The curve after which ``values`` are distributed as ``aim``, the quantiles of others."""
    places, below = _counted(values, shares)
    if places[-1] - places[0] < _NO_RANGE:
        middle = float(aim.mean())
        return Curve(float(places[0]) - 0.5, float(places[0]) + 0.5, np.array([middle - 0.5, middle + 0.5]))
    return Curve(float(places[0]), float(places[-1]), np.interp(below, PARTS, aim))


_NO_RANGE = 1e-6


def _counted(values: NDArray[np.float32], shares: Shares) -> tuple[Numbers, Numbers]:
    """Equal steps over all values, and the share of the votes below them; who lies between two votes for both."""
    low, high = float(values.min()), float(values.max())
    step = max(high - low, _NO_RANGE / 2) / (BINS - 1)
    at = (values - np.float32(low)) * np.float32(1 / step)
    left = np.clip(at.astype(np.int64), 0, BINS - 2)
    right = shares * (at - left)
    votes = np.bincount(left, shares - right, BINS) + np.bincount(left + 1, right, BINS)
    below = np.cumsum(votes) - votes / 2
    return low + np.arange(BINS) * step, below / votes.sum()


@dataclass(frozen=True, eq=False)
class Distribution:
    """A cloud of colours seen along several triples of axes.

    Attributes:
        axes: (rounds, 3, 3) rotations, of which the first is none.
        places: (rounds, 3, BINS) quantiles along them.
    """

    axes: NDArray[np.float32]
    places: Numbers

    @classmethod
    def of(cls, colours: Colours, shares: Shares, axes: NDArray[np.float32]) -> Distribution:
        """That of colours that vote by their shares."""
        seen = [[quantiles(along, shares) for along in (colours @ turn.T).T] for turn in axes]
        return cls(axes, np.array(seen))


def rotations(rounds: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(rounds, 3, 3) random rotations, evenly distributed; the first is none."""
    found = [np.eye(3)]
    for _ in range(rounds - 1):
        turn, triangle = np.linalg.qr(rng.standard_normal((3, 3)))
        found.append(turn * np.sign(np.diag(triangle)))
    return np.array(found, np.float32)


def redistributed(colours: Colours, shares: Shares, aim: Distribution, check: Callable[[], None]) -> Colours:
    """The colours, moved along one triple of axes after the other until they are distributed as ``aim`` is.

    ``check`` is called before every round, and may raise.
    """
    moved = colours
    for turn, places in zip(aim.axes, aim.places, strict=True):
        check()
        along = moved @ turn.T
        for axis, place in enumerate(places):
            along[:, axis] = matching(along[:, axis], shares, place)(along[:, axis])
        moved = along @ turn
    return moved
