"""Transfer of colours, and the affine maps that carry it: against what they promise, computed in another way."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from senga.errors import Cancelled
from senga.job import Job
from senga.ops import affine_fit, oklab, transfer
from senga.testing import sample

LINEAR = [transfer.transported, transfer.whitened_and_coloured, transfer.mean_and_spread]


def cloud(seed: int, count: int = 4000) -> Any:
    """Colours that lie crooked in space, more on one side than on the other."""
    rng = np.random.default_rng(seed)
    values = np.abs(rng.standard_normal((count, 3))) @ rng.uniform(-0.2, 0.2, (3, 3)) + rng.uniform(0.2, 0.8, 3)
    return values.astype(np.float32)


def votes(seed: int, count: int = 4000) -> Any:
    return np.random.default_rng(seed).integers(0, 3, count).astype(np.float32)


def moved(way: transfer.Linear, one: Any, other: Any) -> Any:
    ones = np.ones(len(one), np.float32)
    return way(transfer.Moments.of(one, ones), transfer.Moments.of(other, ones), 0)(one)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_moments_are_those_of_the_votes(seed: int) -> None:
    """A colour with two votes is there twice, one with none is not there."""
    colours, shares = cloud(seed, 300), votes(seed, 300)
    found, repeated = transfer.Moments.of(colours, shares), np.repeat(colours, shares.astype(int), axis=0)
    assert np.allclose(found.mean, repeated.mean(axis=0), atol=1e-5)
    assert np.allclose(found.covariance, np.cov(repeated.T, bias=True), atol=1e-5)


@pytest.mark.parametrize("way", LINEAR)
def test_a_linear_map_gives_mean_and_spread(way: transfer.Linear) -> None:
    one, other = cloud(1), cloud(2)
    result = moved(way, one, other)
    assert np.allclose(result.mean(axis=0), other.mean(axis=0), atol=1e-4)
    assert np.allclose(result.std(axis=0), other.std(axis=0), rtol=1e-3)
    same = np.allclose(np.cov(result.T), np.cov(other.T), atol=1e-4)
    assert same is (way is not transfer.mean_and_spread)


@pytest.mark.parametrize("way", LINEAR)
def test_colours_that_are_alike_stay(way: transfer.Linear) -> None:
    assert np.allclose(moved(way, cloud(3), cloud(3)), cloud(3), atol=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_no_linear_map_moves_colours_less(seed: int) -> None:
    """The optimum of Monge and Kantorovich for these covariances, by their distance (Olkin & Pukelsheim 1982)."""
    one, other = cloud(seed), cloud(seed + 1)
    own, aim = (np.cov(each.T.astype(np.float64), bias=True) for each in (one, other))
    cross = np.sqrt(np.maximum(np.linalg.eigvals(own @ aim).real, 0)).sum()
    least = ((one.mean(0, np.float64) - other.mean(0, np.float64)) ** 2).sum() + np.trace(own + aim) - 2 * cross
    paid = [((moved(way, one, other) - one) ** 2).sum(axis=1).mean() for way in LINEAR[:2]]
    assert paid[0] == pytest.approx(least, rel=1e-2, abs=1e-5)
    assert paid[0] <= paid[1] + 1e-6


def test_grain_of_a_flat_picture_is_not_spread_to_a_whole_range() -> None:
    flat = np.float32(0.5) + np.random.default_rng(0).normal(0, 0.001, (4000, 3)).astype(np.float32)
    ones = np.ones(4000, np.float32)
    aim = transfer.Moments.of(cloud(4), ones)
    for way in LINEAR:
        assert (
            way(transfer.Moments.of(flat, ones), aim, 0.01)(flat).std(axis=0).max() < 0.2 * cloud(4).std(axis=0).min()
        )


def test_a_matched_curve_is_that_of_sorting() -> None:
    """Ranks go to ranks: the exact answer for as many values on both sides."""
    one, other = cloud(5)[:, 0], cloud(6)[:, 1]
    ones = np.ones(len(one), np.float32)
    curve = transfer.matching(one, ones, transfer.quantiles(other, ones))
    exact = np.empty_like(one)
    exact[np.argsort(one)] = np.sort(other)
    reach = np.ptp(other)
    assert np.abs(curve(one) - exact).mean() < 0.002 * reach
    assert np.quantile(np.abs(curve(one) - exact), 0.99) < 0.01 * reach
    assert (np.diff(curve(np.sort(one))) >= -1e-6).all(), "the curve falls somewhere"


def test_a_matched_curve_is_that_of_scikit_image() -> None:
    exposure = pytest.importorskip("skimage.exposure")
    one, other = sample(60, 80, 1).float()[:, :, 0], sample(50, 70, 2).float()[:, :, 1]
    curve = transfer.matching(one.ravel(), _ones(one), transfer.quantiles(other.ravel(), _ones(other)))
    assert np.abs(curve(one.ravel()) - exposure.match_histograms(one, other).ravel()).mean() < 0.004


def _ones(values: Any) -> Any:
    return np.ones(values.size, np.float32)


def test_votes_count_in_quantiles() -> None:
    values, shares = cloud(7)[:, 0], votes(7)
    repeated = np.repeat(values, shares.astype(int))
    expected = np.quantile(repeated, transfer.PARTS, method="hazen")
    assert np.abs(transfer.quantiles(values, shares) - expected).mean() < 0.002 * np.ptp(values)


def test_one_value_becomes_the_mean() -> None:
    flat = np.full(50, 0.3, np.float32)
    aim = transfer.quantiles(cloud(8)[:, 0], np.ones(4000, np.float32))
    assert np.allclose(transfer.matching(flat, np.ones(50, np.float32), aim)(flat), aim.mean(), atol=1e-5)


def _gap(one: Any, other: Any) -> float:
    """Kolmogorov-Smirnov: the largest difference of the shares of values below any value."""
    places = np.sort(np.concatenate([one, other]))
    below = [np.searchsorted(np.sort(each), places, side="right") / len(each) for each in (one, other)]
    return float(np.abs(below[0] - below[1]).max())


def test_redistributed_colours_have_the_histograms_of_the_others_along_any_axis() -> None:
    """Also along axes that were not among those tried; the linear map does not get there."""
    one, other, ones = cloud(9), cloud(10), np.ones(4000, np.float32)
    axes = transfer.rotations(12, np.random.default_rng(0))
    result = transfer.redistributed(one, ones, transfer.Distribution.of(other, ones, axes), lambda: None)
    strange = transfer.rotations(8, np.random.default_rng(99)).reshape(-1, 3)
    gaps = [_gap(result @ axis, other @ axis) for axis in strange]
    assert max(gaps) < 0.06
    assert max(_gap(moved(transfer.transported, one, other) @ axis, other @ axis) for axis in strange) > 1.5 * max(gaps)


def test_rotations_are_rotations_and_come_from_the_seed() -> None:
    first, same, other = (transfer.rotations(5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert np.array_equal(first[0], np.eye(3))
    assert not np.allclose(first[1], other[1])
    assert np.allclose(first @ first.transpose(0, 2, 1), np.eye(3), atol=1e-6)


def test_a_long_transfer_can_be_stopped() -> None:
    def stop() -> None:
        raise Cancelled

    ones = np.ones(4000, np.float32)
    aim = transfer.Distribution.of(cloud(1), ones, transfer.rotations(2, np.random.default_rng(0)))
    with pytest.raises(Cancelled):
        transfer.redistributed(cloud(2), ones, aim, stop)


def test_oklab_has_the_published_values() -> None:
    """White, red and the fourth colour of the table in Ottosson's article, by way of XYZ (0, 0, 1)."""
    found = oklab.oklab(np.array([[1, 1, 1], [1, 0, 0], [0, 0, 0]], np.float32))
    assert np.allclose(found, [[1, 0, 0], [0.628, 0.225, 0.126], [0, 0, 0]], atol=6e-4)
    colours = np.random.default_rng(0).random((500, 3), np.float32)
    assert np.allclose(oklab.from_oklab(oklab.oklab(colours)), colours, atol=2e-5)
    assert np.allclose(oklab.linear(oklab.encoded(colours)), colours, atol=1e-5)


MATRIX = np.array([[0.8, 0.1, 0.0], [-0.2, 1.1, 0.2], [0.0, 0.3, 0.6]], np.float32)
SHIFT = np.array([0.05, -0.02, 0.1], np.float32)


def test_a_fit_finds_the_map_that_was_applied() -> None:
    picture = sample(40, 56).float()
    aim = picture @ MATRIX.T + SHIFT
    assert np.allclose(affine_fit.overall(picture, aim), MATRIX, atol=5e-3)
    fit = affine_fit.fitted(picture, aim, MATRIX, 3, 1e-3)
    assert np.allclose(np.moveaxis(fit[:3], 0, 1)[..., 20, 30], MATRIX, atol=1e-3)
    assert np.allclose(affine_fit.applied(picture, fit, Job()), np.clip(aim, 0, 1), atol=1e-4)


def test_a_fit_is_that_of_least_squares_in_every_window() -> None:
    """The mean over the windows of a pixel, each solved by numpy with the prior as further equations."""
    rng, radius, eps = np.random.default_rng(3), 1, 0.01
    picture, aim = (rng.random((7, 7, 3), np.float32) for _ in range(2))
    found = affine_fit.fitted(picture, aim, MATRIX, radius, eps)[:, :, 3, 3]
    windows = []
    for y in (2, 3, 4):
        for x in (2, 3, 4):
            own, other = (each[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3) for each in (picture, aim))
            left = np.vstack(
                [np.hstack([own, np.ones((9, 1))]) / 3, np.hstack([np.eye(3), np.zeros((3, 1))]) * eps**0.5]
            )
            right = np.vstack([other / 3, MATRIX.T * eps**0.5])
            windows.append(np.linalg.lstsq(left, right, rcond=None)[0])
    assert np.allclose(found, np.mean(windows, axis=0), atol=1e-4)


def test_noise_bands_and_texture_of_an_aim_do_not_reach_a_smooth_picture() -> None:
    y, x = np.mgrid[0:120, 0:160].astype(np.float32) / 160
    picture = np.dstack([0.2 + 0.5 * x, 0.3 + 0.4 * y, 0.5 + 0.2 * x]).astype(np.float32)
    banded = np.round(picture * 12) / 12 + np.random.default_rng(0).normal(0, 0.05, picture.shape).astype(np.float32)
    fit = affine_fit.fitted(picture, banded, np.eye(3, dtype=np.float32), 8, 2e-3)
    result = affine_fit.applied(picture, fit, Job())
    rough = np.abs(cv2.Laplacian(result, cv2.CV_32F)).mean()
    assert rough < 0.05 * np.abs(cv2.Laplacian(banded, cv2.CV_32F)).mean()
    assert np.abs(result - picture).mean() < 0.02


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_maps_are_enlarged_evenly_and_alike_on_any_threads(depth: Any) -> None:
    fit = np.zeros((4, 3, 3, 4), np.float32)
    fit[3] = np.linspace(0.2, 0.8, 4)
    fit[0, 0] = 0.1
    picture = sample(600, 803, depth=depth)
    one, four = (affine_fit.applied(picture.pixels, fit, Job(threads=count)) for count in (1, 4))
    assert one.dtype == depth
    assert np.array_equal(one, four)
    expected = cv2.resize(np.ascontiguousarray(fit[3, 1]), (803, 600), interpolation=cv2.INTER_LINEAR)
    full = 1 if depth == np.float32 else np.iinfo(depth).max
    assert np.abs(one[..., 1] / full - expected).max() < 2.6e-3


def test_a_picture_of_one_pixel_has_a_fit() -> None:
    picture, aim = np.full((1, 1, 3), 0.4, np.float32), np.full((1, 1, 3), 0.7, np.float32)
    prior = affine_fit.overall(picture, aim)
    assert np.allclose(prior, np.eye(3), atol=1e-6)
    assert np.allclose(
        affine_fit.applied(picture, affine_fit.fitted(picture, aim, prior, 5, 1e-3), Job()), aim, atol=1e-5
    )
