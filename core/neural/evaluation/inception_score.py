"""IS: are single pictures recognised with certainty, and all together as many different things?

References:
    Salimans et al., Improved techniques for training GANs, NIPS 2016, arXiv:1606.03498.
    Barratt and Sharma, A note on the Inception Score, 2018, arXiv:1801.01973.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class InceptionScore:
    """IS as published: mean and standard deviation over the splits."""

    value: float
    spread: float
    splits: int


def inception_score(
    batches: Iterable[NDArray[Any]], count: int, *, splits: int = 10, seed: int = 2020
) -> InceptionScore:
    """``exp(mean KL(p(class | picture) || p(class)))`` of every split, seeing every batch once.

    Args:
        batches: (pictures, classes) logits.
        count: how many pictures there will be.
        splits: into how many parts the shuffled pictures are cut; each needs one picture at least.
        seed: of the shuffle.
    """
    places = _split_of_each(count, splits, seed)
    certainty, sizes = np.zeros(splits), np.bincount(places, minlength=splits)
    marginal, start = np.zeros((splits, 0)), 0
    for batch in batches:
        log_p = _log_softmax(np.asarray(batch, np.float64))
        p = np.exp(log_p)
        if start == 0:
            marginal = np.zeros((splits, p.shape[1]))
        where = places[start : start + len(p)]
        np.add.at(certainty, where, (p * log_p).sum(1))
        np.add.at(marginal, where, p)
        start += len(p)
    marginal /= sizes[:, None]
    scores = np.exp(certainty / sizes - (marginal * np.log(np.maximum(marginal, np.finfo(float).tiny))).sum(1))
    return InceptionScore(float(scores.mean()), float(scores.std()), splits)


def _split_of_each(count: int, splits: int, seed: int) -> NDArray[np.intp]:
    """Which split each picture falls into: those of torch-fidelity, whose generator NumPy keeps for ever."""
    order = np.random.RandomState(seed).permutation(count)
    edges = [number * count // splits for number in range(1, splits)]
    places = np.empty(count, np.intp)
    places[order] = np.searchsorted(edges, np.arange(count), side="right")
    return places


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(1, keepdims=True)
    values: Array = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return values
