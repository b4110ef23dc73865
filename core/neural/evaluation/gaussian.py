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
    """Mean (features,) and covariance (features, features) of ``count`` samples."""

    mean: Array
    covariance: Array
    count: int


def summarise(batches: Iterable[NDArray[Any]]) -> Gaussian:
    """Mean and unbiased covariance of (samples, features) batches, in float64, seeing every batch once.

    Raises:
        ValueError: there are fewer than two samples.
    """
    count, mean, scatter = 0, np.zeros(0), np.zeros((0, 0))
    for batch in batches:
        values = np.asarray(batch, np.float64)
        fresh = values.mean(0)
        centred = values - fresh
        if count == 0:
            mean, scatter = np.zeros(values.shape[1]), np.zeros((values.shape[1],) * 2)
        step, total = fresh - mean, count + len(values)
        scatter += centred.T @ centred
        scatter += np.outer(step, step) * (count * len(values) / total)
        mean += step * (len(values) / total)
        count = total
    if count < 2:
        raise ValueError("a covariance needs two samples")
    return Gaussian(mean, scatter / (count - 1), count)


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Squared Fréchet distance, ``|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½)``.

    The trace of the root is the sum of the singular values of ``S1^½ S2^½``. Roots are taken from eigenvalues of the
    symmetric S1 and S2, without those that are rounding noise: the covariance of n samples has a rank of n - 1, and the
    root of noise of 1e-16 would be 1e-8, times thousands of features.
    """
    difference = first.mean - second.mean
    overlap = np.linalg.svd(_root(first.covariance).T @ _root(second.covariance), compute_uv=False).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(max(difference @ difference + traces - 2 * overlap, 0.0))


def _root(covariance: Array) -> Array:
    """A (features, rank) with ``A A^T`` equal to the covariance."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > max(values[-1], 0) * len(values) * np.finfo(np.float64).eps
    root: Array = vectors[:, kept] * np.sqrt(values[kept])
    return root
