from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from senga.errors import Cancelled, SettingsError
from senga.job import Job
from senga.neural.evaluation.color_difference import ciede2000
from senga.neural.evaluation.edge_preservation import edge_preservation
from senga.neural.evaluation.lpips import Perceptual
from senga.neural.evaluation.style import figures, judge, lab, mean_figures
from senga.testing import sample

PUBLISHED = (
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)
"""Pairs of colours and their difference from table 1 of Sharma, Wu and Dalal."""


@pytest.mark.parametrize(("first", "second", "expected"), PUBLISHED)
def test_color_differences_of_the_paper(first: Any, second: Any, expected: float) -> None:
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(np.array(second), np.array(first)) == pytest.approx(expected, abs=1e-4)


def test_color_differences_agree_with_another_program(rng: np.random.Generator) -> None:
    color = pytest.importorskip("skimage.color", reason="scikit-image is not installed")
    pairs = rng.uniform((0, -100, -100), (100, 100, 100), (2, 3000, 3))
    np.testing.assert_allclose(ciede2000(*pairs), color.deltaE_ciede2000(*pairs), rtol=1e-6, atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(*[st.tuples(st.floats(0, 100), st.floats(-120, 120), st.floats(-120, 120))] * 2)
def test_a_color_difference_is_symmetric_and_zero_only_for_equals(one: Any, other: Any) -> None:
    found = ciede2000(np.array(one), np.array(other))
    assert found >= 0
    assert found == pytest.approx(ciede2000(np.array(other), np.array(one)), abs=1e-8)
    assert ciede2000(np.array(one), np.array(one)) == 0


@pytest.fixture
def light() -> np.ndarray:
    return np.ascontiguousarray(lab(sample(80, 90).u8())[..., 0])


def test_edges_are_all_kept_by_the_same_picture(light: np.ndarray) -> None:
    assert edge_preservation(light, light) > 0.97
    assert edge_preservation(light, 255 - light) == pytest.approx(edge_preservation(light, light), abs=0.01)


def test_edges_are_lost_by_blur_and_by_turning_the_page(light: np.ndarray) -> None:
    blurred = [cv2.GaussianBlur(light, (0, 0), sigma) for sigma in (1.0, 2.0, 6.0)]
    kept = [edge_preservation(light, each) for each in (light, *blurred)]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < 0.3
    square = np.ascontiguousarray(light[:80, :80])
    assert edge_preservation(square, np.ascontiguousarray(np.rot90(square))) < 0.5


def test_invented_edges_are_told_from_lost_ones(light: np.ndarray) -> None:
    hatched = light.copy()
    hatched[:, ::7] = 0
    assert edge_preservation(hatched, light) < edge_preservation(light, hatched)


def test_a_page_without_edges() -> None:
    empty = np.full((20, 20), 50, np.float32)
    assert edge_preservation(empty, empty) == 1
    assert edge_preservation(np.eye(20, dtype=np.float32) * 99, empty) < 0.01


def test_the_photo_itself_is_perfect() -> None:
    photo = sample(60, 70).u8()
    found = figures(photo, photo)
    assert found.contrast == pytest.approx(1, abs=1e-4)
    assert found.saturation == pytest.approx(1, abs=1e-4)
    assert found.detail == pytest.approx(1, abs=1e-4)
    assert found.flat == found.flat_photo
    assert (found.black, found.cast, found.color_difference, found.lpips) == (0, 0, 0, None)
    assert found.edges_kept == found.edges_true > 0.97


def changed(light: float = 1.0, chroma: float = 1.0, lift: float = 0.0, cast: float = 0.0) -> Any:
    """The figures of a photo whose Lab values were scaled and shifted."""
    photo = (sample(96, 90).float() * 0.5 + 0.25).astype(np.float32)
    values = cv2.cvtColor(photo, cv2.COLOR_RGB2Lab)
    values[..., 0] = (values[..., 0] - 50) * light + 50 + lift
    values[..., 1:] = values[..., 1:] * chroma + cast
    drawing = np.rint(np.clip(cv2.cvtColor(values, cv2.COLOR_Lab2RGB), 0, 1) * 255).astype(np.uint8)
    return figures(np.rint(photo * 255).astype(np.uint8), drawing)


def test_each_figure_answers_to_its_own_change() -> None:
    veiled = changed(light=0.5)
    assert veiled.contrast == pytest.approx(0.5, abs=0.02)
    assert veiled.black > 5
    assert veiled.flat > veiled.flat_photo
    assert changed(chroma=0.5).saturation == pytest.approx(0.5, abs=0.05)
    lifted = changed(lift=4.0)
    assert lifted.black == pytest.approx(2.55 * 4, abs=1)
    assert (lifted.contrast, lifted.cast) == (pytest.approx(1, abs=0.02), pytest.approx(0, abs=0.4))
    assert changed(cast=5.0).cast == pytest.approx(np.hypot(5, 5), abs=0.5)
    assert changed(cast=5.0).color_difference > changed(cast=1.0).color_difference > 0


def test_blur_takes_detail_and_makes_flat_places() -> None:
    photo = sample(90, 90).u8()
    soft = figures(photo, cv2.GaussianBlur(photo, (0, 0), 3))
    assert soft.detail < 0.3
    assert soft.flat > soft.flat_photo
    assert soft.edges_kept < 0.6


def save(path: Path, pixels: np.ndarray) -> Path:
    PIL.Image.fromarray(pixels).save(path)
    return path


def test_pictures_of_two_sizes_are_compared_at_the_smaller(tmp_path: Path) -> None:
    photo = sample(120, 160).u8()
    pair = save(tmp_path / "a.png", photo), save(tmp_path / "b.png", np.repeat(np.repeat(photo, 2, 0), 2, 1))
    same = judge([pair], Job())[0]
    assert same.color_difference == pytest.approx(0, abs=1e-3)
    assert same.edges_kept > 0.97
    at_64 = judge([pair], Job(), long_side=64)[0]
    assert at_64 == figures(*[cv2.resize(photo, (64, 48), interpolation=cv2.INTER_AREA)] * 2)


def test_a_crop_is_refused(tmp_path: Path) -> None:
    photo = sample(60, 80).u8()
    pair = save(tmp_path / "photo.png", photo), save(tmp_path / "crop.png", photo[:, :60])
    with pytest.raises(SettingsError, match="crop.png does not have the proportions of photo.png"):
        judge([pair], Job())


@pytest.mark.needs_mindspore
def test_lpips_is_among_the_figures_when_its_weights_are_there(lpips_weights: Any) -> None:
    photo = sample(40, 40).u8()
    perceptual = Perceptual(lpips_weights, "cpu")
    found = [figures(photo, photo, perceptual), figures(photo, photo[::-1], perceptual)]
    assert (found[0].lpips, found[1].lpips) == (0, perceptual.distance(photo, photo[::-1]))
    assert mean_figures(found).lpips == pytest.approx(found[1].lpips / 2)


def test_the_mean_is_taken_figure_by_figure() -> None:
    one, two = changed(light=0.5), changed(light=0.9)
    mean = asdict(mean_figures([one, two]))
    assert mean.pop("lpips") is None
    for name, value in mean.items():
        assert value == pytest.approx((getattr(one, name) + getattr(two, name)) / 2)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", sample(40, 40).u8())
    shares: list[float] = []
    judge([(path, path)] * 2, Job(on_progress=lambda share, _: shares.append(share)))
    assert shares == [0, 0.5, 1]
    with pytest.raises(Cancelled):
        judge([(path, path)], Job(cancelled=lambda: True))
