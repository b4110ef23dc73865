from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from senga.neural.evaluation.gaussian import Gaussian, frechet_distance, summarise


def gaussian(mean: object, covariance: object) -> Gaussian:
    return Gaussian.of(np.asarray(mean, float), np.asarray(covariance, float))


def random_gaussian(rng: np.random.Generator, size: int = 6) -> Gaussian:
    factor = rng.standard_normal((size, size))
    return gaussian(rng.standard_normal(size), factor @ factor.T)


def test_in_one_dimension_it_is_the_distance_of_means_and_of_deviations() -> None:
    assert frechet_distance(gaussian([1], [[4]]), gaussian([4], [[25]])) == pytest.approx(3**2 + (5 - 2) ** 2)


def test_covariances_that_commute_have_a_closed_form(rng: np.random.Generator) -> None:
    axes, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    first, second = rng.uniform(0.1, 9, (2, 5))
    found = frechet_distance(
        gaussian(np.zeros(5), (axes * first) @ axes.T), gaussian(np.full(5, 2), (axes * second) @ axes.T)
    )
    assert found == pytest.approx(5 * 4 + np.square(np.sqrt(first) - np.sqrt(second)).sum())


def test_it_agrees_with_the_matrix_square_root(rng: np.random.Generator) -> None:
    one, other = random_gaussian(rng), random_gaussian(rng)
    difference, (s1, s2) = one.mean - other.mean, (each.root @ each.root.T for each in (one, other))
    expected = difference @ difference + np.trace(s1 + s2 - 2 * linalg.sqrtm(s1 @ s2).real)
    assert frechet_distance(one, other) == pytest.approx(expected)


def test_it_is_symmetric_and_zero_for_equals(rng: np.random.Generator) -> None:
    one, other = random_gaussian(rng), random_gaussian(rng)
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-10)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_fewer_samples_than_features_leave_no_rounding_noise(rng: np.random.Generator) -> None:
    """With three samples in 400 dimensions the exact value follows from the small matrix of products."""
    first, second = (rng.standard_normal((3, 400)) for _ in range(2))
    a, b = first - first.mean(0), second - second.mean(0)
    overlap = np.linalg.svd(a @ b.T / 2, compute_uv=False).sum()
    step = first.mean(0) - second.mean(0)
    expected = step @ step + (np.square(a).sum() + np.square(b).sum()) / 2 - 2 * overlap
    assert frechet_distance(summarise([first]), summarise([second])) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(summarise([first]), summarise([first])) < 1e-10


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=8), st.floats(-1e4, 1e4))
def test_batches_do_not_matter_and_large_means_cost_no_precision(sizes: list[int], offset: float) -> None:
    values = np.random.default_rng(sum(sizes)).standard_normal((sum(sizes), 3)) + offset
    found = summarise(np.split(values, np.cumsum(sizes)[:-1]))
    np.testing.assert_allclose(found.mean, values.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.root @ found.root.T, np.cov(values, rowvar=False), rtol=1e-6, atol=1e-8)


def test_more_samples_than_features_keep_their_moments_only(rng: np.random.Generator) -> None:
    values = rng.standard_normal((50, 4))
    assert summarise(np.split(values, 10)).root.shape == (4, 4)
    assert summarise([values[:3], values[3:4]]).root.shape == (4, 4)
    assert summarise([values[:3]]).root.shape == (4, 3)


def test_one_sample_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="two samples"):
        summarise([np.ones((1, 3))])
