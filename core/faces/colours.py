"""Mixtures of Gaussians over colours: how likely a colour is that of skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ROUNDS = 6
MOST = 800
"""Samples that a mixture is fitted to: evenly chosen of more."""
FLOOR = 12.0
"""Variance that is added, in squares of 8-bit steps: noise and JPEG."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Weights (K,), means (K, 3), and per component the matrix that whitens (K, 3, 3)."""

    weights: Array
    means: Array
    whitening: Array

    @classmethod
    def of(cls, samples: Array, count: int) -> Mixture:
        """Fitted by expectation and maximisation, from equal parts by the first channel; no chance is in it.

        Args:
            samples: (N, 3) colours in 8-bit steps, at least one.
            count: of components.
        """
        some = samples[:: -(-len(samples) // MOST)].astype(np.float64)
        rank = np.argsort(np.argsort(some[:, 0], kind="stable"), kind="stable")
        shares = np.eye(count)[rank * count // len(some)]  # (N, K)
        made = cls._best(some, shares)
        for _ in range(ROUNDS):
            odds = made.each(some)
            shares = np.exp(odds - _sum(odds)[:, None])
            made = cls._best(some, shares)
        return made

    @classmethod
    def _best(cls, samples: Array, shares: Array) -> Mixture:
        """The likeliest mixture for samples that belong to components by these shares."""
        total = shares.sum(axis=0) + 1e-3
        means = shares.T @ samples / total[:, None]
        apart = samples[:, None] - means  # (N, K, C)
        spread = np.einsum("nk,nkc,nkd->kcd", shares, apart, apart) / total[:, None, None]
        spread += FLOOR * np.eye(samples.shape[1])
        return cls(total / total.sum(), means, np.linalg.cholesky(_inverse(spread)))

    def each(self, colours: Array) -> Array:
        """(N, K) logarithms of weighted densities, but for a constant."""
        means, whitening = (each.astype(colours.dtype) for each in (self.means, self.whitening))
        white = np.matmul(colours[None] - means[:, None], whitening)  # (K, N, C)
        volume = np.log(np.einsum("kcc->kc", self.whitening)).sum(axis=1)
        return np.asarray(np.log(self.weights) + volume - np.einsum("knc,knc->nk", white, white) / 2)

    def log(self, colours: Array) -> Array:
        """(N,) logarithms of densities, but for a constant."""
        return _sum(self.each(colours))


def _inverse(matrices: Array) -> Array:
    """Of symmetric (K, 3, 3): LAPACK starts threads for it, which take longer than the work."""
    a, b, c = np.moveaxis(matrices, 1, 0)
    made = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    return np.asarray(made / np.einsum("kc,kc->k", a, made[:, 0])[:, None, None])


def _sum(logarithms: Array) -> Array:
    """(N,) the logarithm of the sum of what (N, K) are logarithms of."""
    most = logarithms.max(axis=1)
    return np.asarray(most + np.log(np.exp(logarithms - most[:, None]).sum(axis=1)))
