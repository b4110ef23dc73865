from __future__ import annotations

import numpy as np
import pytest

from senga.neural.evaluation.kernel_distance import jackknife_error, kernel_distance, squared_mmd


def by_the_definition(first: np.ndarray, second: np.ndarray) -> float:
    """Pair by pair, as the paper writes it."""

    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    m, n = len(first), len(second)
    inside = sum(k(first[i], first[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    inside += sum(k(second[i], second[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return inside - 2 * sum(k(x, y) for x in first for y in second) / (m * n)


def test_it_follows_the_definition(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((5, 4)), rng.standard_normal((7, 4)) + 0.5
    assert squared_mmd(first, second) == pytest.approx(by_the_definition(first, second), rel=1e-12)


def test_it_is_symmetric(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((2, 9, 4))
    assert squared_mmd(first, second) == pytest.approx(squared_mmd(second, first), rel=1e-12)


def test_equal_sources_give_zero_on_average_with_any_number_of_samples(rng: np.random.Generator) -> None:
    for count in (3, 20):
        values = [squared_mmd(*rng.standard_normal((2, count, 8))) for _ in range(800)]
        error = np.std(values) / np.sqrt(len(values))
        assert abs(np.mean(values)) < 4 * error
        assert min(values) < 0 < max(values)


def test_shifted_sources_are_told_apart(rng: np.random.Generator) -> None:
    first, near, far = (rng.standard_normal((200, 8)) + shift for shift in (0, 0.2, 1.0))
    assert 0 < squared_mmd(first, near) < squared_mmd(first, far)


def test_few_samples_make_one_subset_whose_error_is_honest(rng: np.random.Generator) -> None:
    def draw() -> np.ndarray:
        return rng.standard_normal((30, 8)) + 0.5

    found = [kernel_distance(draw() - 0.5, draw()) for _ in range(300)]
    assert {each.subsets for each in found} == {1}
    scatter, told = np.std([each.value for each in found]), np.mean([each.spread for each in found])
    assert told == pytest.approx(scatter, rel=0.2)


def test_subsets_depend_on_the_seed_alone(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((2, 40, 8))
    shares: list[float] = []
    one, again, other = (
        kernel_distance(first, second, subsets=5, size=10, seed=seed, step=shares.append) for seed in (1, 1, 2)
    )
    assert one == again
    assert one.value != other.value
    assert one.spread > 0
    assert shares[:5] == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_the_mean_over_subsets_is_the_distance_of_the_whole(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((60, 8)), rng.standard_normal((60, 8)) + 0.5
    over_subsets = kernel_distance(first, second, subsets=400, size=30)
    assert over_subsets.value == pytest.approx(squared_mmd(first, second), rel=0.1)


def test_unequal_numbers_are_no_hindrance(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((12, 8)), rng.standard_normal((50, 8))
    assert kernel_distance(first, second, size=20, subsets=3).subsets == 3
    assert kernel_distance(first, second, size=50).value == pytest.approx(squared_mmd(first, second))


def test_the_error_of_two_samples_is_unknown(rng: np.random.Generator) -> None:
    assert np.isnan(jackknife_error(*rng.standard_normal((2, 2, 4))))
