"""Arithmetic of pictures: what each operation keeps and what it changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senga import ops
from senga.testing import sample


@given(st.integers(0, 2000), st.integers(1, 600), st.integers(0, 50))
def test_bands_hold_every_row_once(height: int, rows: int, start: int) -> None:
    found = [row for band in ops.bands(height, rows, start) for row in range(band.start, band.stop)]
    assert found == list(range(start, height))
    assert all(band.stop - band.start <= rows for band in ops.bands(height, rows, start))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_grey_is_luma_in_the_type_of_the_picture(depth: type) -> None:
    pixels = sample(20, 30, depth=depth).pixels
    assert ops.grey(pixels).dtype == depth
    assert np.allclose(ops.grey(pixels), ops.luma(pixels.astype(np.float32)), atol=0.51, rtol=5e-5)
    assert np.array_equal(ops.grey(pixels[:, ::-1]), ops.grey(pixels)[:, ::-1])


def test_flat_pictures_stay() -> None:
    flat = np.full((32, 24, 3), 0.4, np.float32)
    for changed in (ops.smooth_l0(flat, 0.01), ops.kuwahara(flat, 3), ops.sharpen(flat), ops.saturate(flat, 2)):
        assert np.allclose(changed, flat, atol=1e-4)
    assert np.allclose(ops.tint_shadows(flat + 0.2, (0, 0, 1), 1), flat + 0.2, atol=1e-4)


def test_smoothing_flattens_grain_and_keeps_a_step() -> None:
    step = np.full((48, 48, 3), 0.2, np.float32)
    step[:, 24:] = 0.8
    grainy = (step + np.random.default_rng(1).normal(0, 0.02, step.shape)).astype(np.float32)
    for smooth in (ops.smooth_l0(grainy, 0.02), ops.kuwahara(grainy, 3)):
        assert smooth[8:40, 4:20].std() < 0.5 * grainy[8:40, 4:20].std()
        assert smooth[20:28, 26].mean() - smooth[20:28, 21].mean() > 0.5


def test_saturation_keeps_luma() -> None:
    picture = sample(20, 30).float()
    assert np.allclose(ops.luma(ops.saturate(picture, 1.7)), ops.luma(picture), atol=1e-5)


def test_ink_lies_on_the_dark_side_without_specks_and_fades_in_crowds() -> None:
    plane = np.full((60, 60), 0.3, np.float32)
    plane[:, 30:] = 0.8
    plane[10, 10] = 0
    ink = ops.edge_ink(plane, 1.25)
    assert ink[20:40, 27:30].max() > 0.9
    assert ink[20:40, 31:].max() < 1e-4
    clean = ops.without_specks(ink, 40)
    assert ink[8:13, 8:13].max() > 0.5 > 1e-4 > clean[8:13, 8:13].max()
    crowded = np.ones((60, 60), np.float32)
    assert ops.fade_crowds(crowded, 0.3).max() < 0.2
    assert np.array_equal(ops.fade_crowds(clean * 0, 0.3), clean * 0)


def test_the_slope_of_a_picture_on_itself_is_one_where_it_has_detail() -> None:
    picture = sample(40, 50).float()
    noisy = np.clip(picture + np.random.default_rng(2).normal(0, 0.3, picture.shape), 0, 1).astype(np.float32)
    assert ops.guided_slope(noisy, noisy, 2, 1e-6).min() > 0.99
    assert ops.guided_slope(noisy, cv2.blur(noisy, (9, 9)), 2, 0.0009).mean() < 0.5
    assert np.allclose(ops.guided_slope(noisy * 0, noisy * 0, 2, 0.0009), 0)


@pytest.mark.parametrize("deviation", [0.5, 4, 15.9, 16.1, 40, 500])
def test_a_blur_of_any_width_keeps_the_mean_and_fades_a_step_over_its_width(deviation: float) -> None:
    step = np.zeros((20, 400), np.float32)
    step[:, 200:] = 1
    smooth = ops.blurred(step, deviation)
    assert smooth.shape == step.shape
    assert abs(float(smooth.mean()) - 0.5) < 0.01
    assert (np.diff(smooth[10]) > -1e-6).all()
    if deviation < 100:
        at = smooth[10, round(200 + deviation)]
        assert abs(float(at) - 0.841) < 0.06 + 0.2 / deviation  # of a normal distribution


def test_nothing_is_written_into_what_is_given() -> None:
    picture = sample(20, 30).float()
    picture.setflags(write=False)
    ops.tone_steps(ops.sharpen(picture), 5, 0.6)
    for operation in (lambda p: ops.smooth_l0(p, 0.02), lambda p: ops.kuwahara(p, 2), lambda p: ops.saturate(p, 2)):
        operation(picture)
