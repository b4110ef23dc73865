"""KID: the squared maximum mean discrepancy between two sets of features, with a cubic kernel, without bias.

References:
    Bińkowski, Sutherland, Arbel and Gretton, Demystifying MMD GANs, ICLR 2018, arXiv:1801.01401.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Features = NDArray[Any]


@dataclass(frozen=True)
class KernelDistance:
    """KID as published.

    Attributes:
        value: mean over the subsets.
        spread: standard deviation over the subsets; with a single subset of everything, the jackknife estimate of the
            standard error.
        subsets: how many subsets were drawn.
    """

    value: float
    spread: float
    subsets: int


def kernel(first: Features, second: Features) -> Array:
    """``(x·y / features + 1)³`` of every pair."""
    products = np.asarray(first, np.float64) @ np.asarray(second, np.float64).T
    cube: Array = (products / first.shape[1] + 1) ** 3
    return cube


def squared_mmd(first: Features, second: Features) -> float:
    """The unbiased estimate; zero on average where both sets come from one source, so it may be below zero.

    Args:
        first: (samples, features), two samples at least.
        second: likewise; the numbers of samples may differ.
    """
    inside = sum(_off_diagonal(kernel(each, each)).sum() / (len(each) * (len(each) - 1)) for each in (first, second))
    return float(inside - 2 * kernel(first, second).mean())


def kernel_distance(
    first: Features,
    second: Features,
    *,
    subsets: int = 100,
    size: int = 1000,
    seed: int = 2020,
    step: Callable[[float], None] = lambda share: None,  # noqa: ARG005
) -> KernelDistance:
    """KID over random subsets, or once over everything where there is no more than a subset.

    Args:
        first: (samples, features); read subset by subset, so it may be mapped from a file.
        second: likewise.
        subsets: how many to draw.
        size: samples of each set in a subset; no more than the smaller set has.
        seed: of the draw.
        step: told the share done.
    """
    if max(len(first), len(second)) <= size:
        return KernelDistance(squared_mmd(first, second), jackknife_error(first, second), 1)
    size = min(size, len(first), len(second))
    # The legacy generator: NumPy never changes its stream, and the same subsets as torch-fidelity's are drawn.
    rng = np.random.RandomState(seed)
    values = np.empty(subsets)
    for number in range(subsets):
        one, other = (np.sort(rng.choice(len(each), size, replace=False)) for each in (first, second))
        values[number] = squared_mmd(first[one], second[other])
        step((number + 1) / subsets)
    return KernelDistance(float(values.mean()), float(values.std()), subsets)


def jackknife_error(first: Features, second: Features) -> float:
    """Standard error of ``squared_mmd``, from leaving out one sample at a time.

    References:
        Efron and Stein, The jackknife estimate of variance, Annals of Statistics 9, 1981, doi:10.1214/aos/1176345462.
    """
    across = kernel(first, second)
    return float(np.hypot(_share(first, across), _share(second, across.T)))


def _share(samples: Features, across: Array) -> float:
    """What the samples of one set contribute to the error."""
    count = len(samples)
    if count < 3:
        return float("nan")
    rows = _off_diagonal(kernel(samples, samples)).sum(1)
    inside = (rows.sum() - 2 * rows) / ((count - 1) * (count - 2))
    between = (across.sum() - across.sum(1)) / ((count - 1) * across.shape[1])
    left_out = inside - 2 * between
    return float(np.sqrt((count - 1) / count * np.square(left_out - left_out.mean()).sum()))


def _off_diagonal(matrix: Array) -> Array:
    np.fill_diagonal(matrix, 0)
    return matrix
