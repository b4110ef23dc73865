from __future__ import annotations

import numpy as np
import pytest

from senga.neural.evaluation.inception_score import inception_score


def one_hot(classes: int, each: int) -> np.ndarray:
    """Logits of pictures that are recognised with certainty, ``each`` of every class."""
    return np.tile(np.eye(classes) * 1e3, (each, 1))


def test_certain_and_even_gives_the_number_of_classes() -> None:
    assert inception_score([one_hot(7, 3)], 21, splits=1).value == pytest.approx(7)


def test_pictures_that_say_the_same_give_one(rng: np.random.Generator) -> None:
    logits = np.tile(rng.standard_normal(9), (12, 1))
    found = inception_score([logits], 12, splits=3)
    assert (found.value, found.spread) == (pytest.approx(1), pytest.approx(0, abs=1e-12))


def test_it_follows_the_definition(rng: np.random.Generator) -> None:
    logits = rng.standard_normal((10, 5)) * 2
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = np.exp(np.mean([(row * np.log(row / p.mean(0))).sum() for row in p]))
    assert inception_score([logits], 10, splits=1).value == pytest.approx(expected, rel=1e-12)


def test_splits_are_the_shuffled_pictures_cut_in_order(rng: np.random.Generator) -> None:
    logits = rng.standard_normal((23, 6)) * 3
    shuffled = logits[np.random.RandomState(5).permutation(23)]
    parts = [shuffled[i * 23 // 4 : (i + 1) * 23 // 4] for i in range(4)]
    values = [inception_score([part], len(part), splits=1).value for part in parts]
    found = inception_score([logits], 23, splits=4, seed=5)
    assert found.value == pytest.approx(np.mean(values), rel=1e-12)
    assert found.spread == pytest.approx(np.std(values), rel=1e-12)


def test_batches_do_not_matter(rng: np.random.Generator) -> None:
    logits = rng.standard_normal((20, 6)) * 3
    whole = inception_score([logits], 20, splits=2)
    assert inception_score(np.split(logits, [1, 2, 15]), 20, splits=2).value == pytest.approx(whole.value, rel=1e-12)


def test_it_stays_between_one_and_the_pictures_of_a_split(rng: np.random.Generator) -> None:
    found = inception_score([rng.standard_normal((40, 1008)) * 50], 40, splits=10)
    assert 1 <= found.value <= 4 * (1 + 1e-12)
