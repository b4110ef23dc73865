"""Painting by example: what the filter promises, asked of pictures for which the answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga.errors import SettingsError
from senga.exemplars.gallery import Exemplar
from senga.exemplars.lookup import Sphere
from senga.image import Image, to_depth
from senga.job import Job, Moment
from senga.registry import plugins
from senga.testing import check_filter, sample

ROOT = Path(__file__).resolve().parents[2]


def made(**settings: Any) -> Any:
    return plugins().make("style-blit", settings)


def painted(image: Image, job: Job | None = None, **settings: Any) -> Any:
    act = made(**settings)
    job = job or Job(threads=2)
    return act(image, replace(job, prepared=act.prepare(job))).pixels


@pytest.fixture(scope="module")
def photo() -> Image:
    pixels = cv2.cvtColor(cv2.imread(str(ROOT / "examples" / "astronaut.png")), cv2.COLOR_BGR2RGB)
    return Image(cv2.resize(pixels, (200, 200), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("settings", [
    {"guide": "lightness", "painting": sample(40, 56, 3), "shimmer": 2},
    {"guide": "sphere", "painting": sample(30, 30, 3), "size_unit": "pixels", "stroke_size": 2.6},
])  # fmt: skip
def test_every_guide_keeps_every_promise(settings: dict[str, Any]) -> None:
    check_filter(made(**settings))


@pytest.mark.parametrize("guide", ["colours", "lightness", "shading", "sphere"])
def test_only_the_colours_of_the_painting_are_used(guide: str, photo: Image) -> None:
    grey = np.repeat(sample(60, 80, 2).pixels[:, :, :1], 3, axis=2)
    result = painted(photo, guide=guide, painting=Image(grey))
    assert np.ptp(result.astype(int), axis=2).max() <= 6, "a grey painting gives a grey picture"


def test_tones_are_those_of_the_painting(photo: Image) -> None:
    dark = (sample(80, 80, 2).pixels * 0.4).astype(np.uint8)
    result = painted(photo, painting=Image(dark))
    gap = np.quantile(result.mean(axis=2), [0.1, 0.5, 0.9]) - np.quantile(dark.mean(axis=2), [0.1, 0.5, 0.9])
    assert np.abs(gap).max() < 16


def test_forms_show_through_as_far_as_asked(photo: Image) -> None:
    forms = cv2.GaussianBlur(photo.pixels, (0, 0), 1).mean(axis=2).ravel()

    def likeness(detail: float) -> float:
        result = painted(photo, detail=detail, exemplar="wood-engraving", contrast=0).mean(axis=2)
        return float(np.corrcoef(forms, result.ravel())[0, 1])

    found = [likeness(detail) for detail in (0.0, 0.5, 1.0)]
    assert found == sorted(found)
    assert found[-1] > found[0] + 0.05


def test_guides_from_files_say_what_goes_where() -> None:
    halves = np.zeros((40, 60, 3), np.uint8)
    halves[:, :30] = 200
    paint = np.zeros((40, 60, 3), np.uint8)
    paint[:, :30], paint[:, 30:] = (255, 0, 0), (0, 0, 255)
    place = np.zeros((50, 70, 3), np.uint8)
    place[10:30, 20:50] = 200
    result = painted(
        sample(50, 70), painting=paint, style_guide=halves, target_guide=place, size_unit="pixels", blend=0
    )
    assert (result[10:30, 20:50] == (255, 0, 0)).all()
    assert (result[:10] == (0, 0, 255)).all()


def test_normals_are_painted_as_the_sphere_is() -> None:
    sphere = Sphere(64, 64).guide()
    result = painted(sample(64, 64), guide="sphere", painting=sphere, target_guide=sphere, size_unit="pixels")
    assert np.abs(result.astype(int) - sphere).mean() < 4


def test_a_guide_alone_is_refused() -> None:
    with pytest.raises(SettingsError, match="Guides come in pairs"):
        senga.apply("style-blit", sample(9, 9), style_guide=sample(9, 9))
    with pytest.raises(SettingsError, match="Guides come in pairs"):
        senga.apply("style-blit", sample(9, 9), target_guide=sample(9, 9))


def test_an_exemplar_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="did you mean “starry-night”"):
        senga.apply("style-blit", sample(9, 9), exemplar="stary-night")


def test_an_exemplar_of_a_plugin_is_found(tmp_path: Path) -> None:
    blue = np.zeros((20, 20, 3), np.uint8)
    blue[..., 2] = 255
    Image(blue).save(tmp_path / "blue.png")
    job = Job(resources=lambda kind: [Exemplar("blue", "Blue", tmp_path / "blue.png")] if kind == "exemplars" else [])
    assert (painted(sample(20, 20), job, exemplar="blue", detail=0, colour=0) == (0, 0, 255)).all()


def test_seeds_cut_other_pieces_and_films_shimmer_only_when_asked(photo: Image) -> None:
    def frame(number: int, **settings: Any) -> Any:
        return painted(photo, Job(moment=Moment(number, 9)), **settings)

    still = frame(0)
    assert np.array_equal(still, frame(5))
    assert not np.array_equal(still, frame(0, seed=2))
    moving = [frame(number, shimmer=2) for number in range(3)]
    assert np.array_equal(moving[0], moving[1])
    assert not np.array_equal(moving[1], moving[2])


def test_sizes_look_alike(photo: Image) -> None:
    large = Image(cv2.resize(photo.pixels, (800, 800), interpolation=cv2.INTER_CUBIC))
    for size in (1.0, 3.0):
        small = painted(photo, stroke_size=size).astype(float)
        reduced = cv2.resize(painted(large, stroke_size=size), (200, 200), interpolation=cv2.INTER_AREA).astype(float)
        blurred = [cv2.GaussianBlur(each, (0, 0), 6) for each in (small, reduced)]
        assert np.abs(blurred[0] - blurred[1]).mean() < 12


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (513, 3)])
@pytest.mark.parametrize("settings", [{}, {"stroke_size": 8, "size_unit": "pixels"}, {"stroke_size": 0.25}])
def test_any_size_is_painted(size: tuple[int, int], settings: dict[str, Any]) -> None:
    image = sample(*size, depth=np.uint16)
    result = painted(image, painting=sample(9, 7, 3), **settings)
    assert result.shape == image.pixels.shape
    assert result.dtype == np.uint16
    assert np.isfinite(to_depth(result, np.float32)).all()
