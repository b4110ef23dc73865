"""Training a White-box style on tiny pictures: its losses, its phases, and what judges and losses look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.job import Job
from senga.neural.training.cell import from_tensor, gradient_of, to_tensor
from senga.neural.training.guided import box_mean, guided_filter
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.ops.guided import guided_filter as filtered
from senga.plugins.cartoon.family import WHITEBOX
from senga.plugins.cartoon.presets import PRESETS
from senga.plugins.cartoon.training import patches, surface, texture

from .trainings import check_going_on, losses_of, silent, trained

RNG = np.random.default_rng(4)
TINY = {"crop": 32, "batch": 2, "width": 0.25, "channels": 4, "zoom": 1.25, "patches": 4}


def a_plan(material: Path, name: str = "own", *, faces: bool = False, **changes: object) -> TrainingPlan:
    preset = make_preset(PRESETS, name, {**TINY, "start_steps": 1, "style_steps": 2, **changes})
    others = {each: material / each for each in WHITEBOX.folders} if faces else {}
    vgg = material / "vgg.npz"
    return TrainingPlan(WHITEBOX, material / "photos", material / "style", preset, vgg, 7, others=others)


@pytest.mark.parametrize("name", ["own", "published"])
def test_every_preset_trains(name: str, material: Path, tmp_path: Path) -> None:
    training = trained(a_plan(material, name), tmp_path / "run")
    rows = losses_of(tmp_path / "run")
    assert [row["phase"] for row in rows] == ["start", "style", "style"]
    for column in ("judge", "surface", "texture", "structure", "content"):
        assert float(rows[-1][column]) > 0, column
    assert training.drawer.predict(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 3, 32, 32)


def test_a_stopped_training_goes_on_as_if_it_had_not(material: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(material), tmp_path)


def test_every_fifth_step_sees_faces(material: Path, tmp_path: Path) -> None:
    training = begin(a_plan(material, faces=True), RunFolder(tmp_path / "run"), silent)
    plain = begin(a_plan(material), RunFolder(tmp_path / "plain"), silent)
    same = [np.array_equal(training.batch(step).photo, plain.batch(step).photo) for step in range(10)]
    assert same == [True, True, True, True, False] * 2
    assert not np.array_equal(training.batch(4).style, plain.batch(4).style)


def test_windows_are_counted_as_the_filter_counts_them() -> None:
    x = RNG.random((2, 3, 12, 9), np.float32)
    np.testing.assert_allclose(from_tensor(box_mean(to_tensor(np.ones_like(x)), 2)), np.ones_like(x), atol=1e-6)
    guide = RNG.random((2, 3, 12, 9), np.float32)
    found = from_tensor(guided_filter(to_tensor(guide), to_tensor(x), 2, 0.05))
    for i in range(2):
        planes = (np.ascontiguousarray(each[i].transpose(1, 2, 0)) for each in (guide, x))
        np.testing.assert_allclose(found[i].transpose(1, 2, 0), filtered(*planes, 2, 0.05, Job()), atol=2e-5)


def test_the_gradient_of_the_guided_filter() -> None:
    x, weight = RNG.random((2, 1, 2, 7, 6), np.float32)

    def loss(values: object) -> dict[str, object]:
        return {"all": (surface(values) * to_tensor(weight)).sum()}

    slope, _ = gradient_of(loss, x)
    for place in [(0, 0, 0, 0), (0, 1, 3, 2), (0, 0, 6, 5), (0, 1, 2, 5)]:
        step = np.zeros_like(x)
        step[place] = 1e-2
        up, down = (float(from_tensor(loss(to_tensor(x + sign * step))["all"])) for sign in (1, -1))
        assert slope[place] == pytest.approx((up - down) / 2e-2, rel=0.02, abs=2e-3)


def test_textures_are_mixed_alike_and_keep_grey(material: Path, tmp_path: Path) -> None:
    training = begin(a_plan(material), RunFolder(tmp_path / "run"), silent)
    grey = np.full((1, 3, 4, 4), 0.25, np.float32)
    red = grey * np.array([1, 0, 0], np.float32).reshape(1, 3, 1, 1)
    first, again, later = (from_tensor(training._represented("texture", step, to_tensor(red))) for step in (3, 3, 4))
    assert first.shape == (1, 1, 4, 4)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, later)
    np.testing.assert_allclose(from_tensor(training._represented("texture", 3, to_tensor(grey))), 0.25, rtol=1e-5)
    mixed = from_tensor(texture(to_tensor(red), (0.3, 0.6, 0.1)))
    np.testing.assert_allclose(mixed, 0.075, rtol=1e-5)


def test_patches_are_flat_in_the_range_of_the_network() -> None:
    pictures = np.clip(RNG.normal(0.2, 0.02, (2, 3, 24, 24)), -1, 1).astype(np.float32)
    found = patches(pictures, 8)
    assert found.shape == pictures.shape
    np.testing.assert_allclose(found.mean(), pictures.mean(), atol=0.02)
    assert found.std() < 0.2 * pictures.std()
