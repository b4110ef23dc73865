"""FID: the Fréchet distance between the Gaussians that two sets of features are summed up by.

References:
    Dowson and Landau, The Fréchet distance between multivariate normal distributions, J. Multivariate Analysis 12,
    1982, doi:10.1016/0047-259X(82)90077-X.
    Chan, Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician 37, 1983,
    doi:10.1080/00031305.1983.10483115.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gaussian:
    """A normal distribution.

    Attributes:
        mean: (features,).
        root: (features, rank), whose product with its own transpose is the covariance.
    """

    mean: Array
    root: Array

    @classmethod
    def of(cls, mean: Array, covariance: Array) -> Gaussian:
        """From a (features, features) covariance: its eigenvectors, without those of rounding noise."""
        values, vectors = np.linalg.eigh(covariance)
        kept = values > max(values[-1], 0) * len(values) * np.finfo(np.float64).eps
        return cls(mean, vectors[:, kept] * np.sqrt(values[kept]))


@dataclass
class _Moments:
    """Mean and scatter of all rows so far."""

    count: int
    mean: Array
    scatter: Array

    @classmethod
    def none(cls, features: int) -> _Moments:
        return cls(0, np.zeros(features), np.zeros((features, features)))

    def add(self, rows: Array) -> None:
        fresh = rows.mean(0)
        centred, step, total = rows - fresh, fresh - self.mean, self.count + len(rows)
        self.scatter += centred.T @ centred
        self.scatter += np.outer(step, step) * (self.count * len(rows) / total)
        self.mean += step * (len(rows) / total)
        self.count = total


def summarise(batches: Iterable[NDArray[Any]]) -> Gaussian:
    """Mean and unbiased covariance of (samples, features) batches, in float64, seeing every batch once.

    No more samples than features are their own root. Of more, only the moments are kept.

    Raises:
        ValueError: there are fewer than two samples.
    """
    held: list[Array] = []
    moments: _Moments | None = None
    for batch in batches:
        held.append(np.asarray(batch, np.float64))
        features = held[-1].shape[1]
        if sum(map(len, held)) > features:
            moments = moments or _Moments.none(features)
            moments.add(np.concatenate(held))
            held = []
    if moments is None:
        return _of_few(np.concatenate(held) if held else np.empty((0, 0)))
    if held:
        moments.add(np.concatenate(held))
    return Gaussian.of(moments.mean, moments.scatter / (moments.count - 1))


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Squared Fréchet distance, ``|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½)``.

    The trace of ``(S1 S2)^½`` is the sum of the singular values of ``R1^T R2``, where ``R R^T = S``: no root of a
    product is taken, whose rounding noise of 1e-16 would become 1e-8 in each of thousands of features.
    """
    difference = first.mean - second.mean
    overlap = np.linalg.svd(first.root.T @ second.root, compute_uv=False).sum()
    spreads = np.square(first.root).sum() + np.square(second.root).sum()
    return float(max(difference @ difference + spreads - 2 * overlap, 0.0))


def _of_few(rows: Array) -> Gaussian:
    if len(rows) < 2:
        raise ValueError("a covariance needs two samples")
    mean = rows.mean(0)
    return Gaussian(mean, (rows - mean).T / np.sqrt(len(rows) - 1))
