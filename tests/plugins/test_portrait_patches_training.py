"""Training a network that paints portraits, on tiny pictures: its pairs, its phases, and going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.errors import SengaError
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.portrait_patches import pairs
from senga.plugins.portrait_patches.family import PATCHES
from senga.plugins.portrait_patches.presets import PRESETS

from .trainings import check_going_on, losses_of, silent, trained

TINY = {"crop": 32, "batch": 2, "width": 0.25, "channels": 4, "zoom": 1.5, "blocks": 1, "face": 32}


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """In place of a face that is painted: the middle of a picture and its negative; how often it was asked."""
    asked: list[int] = []

    def begun(self: Any, preset: Any) -> None:
        self.side = preset.side

    def pair(self: Any, picture: Any) -> Any:
        asked.append(1)
        if picture.max() == 0:
            raise SengaError("There is no face.")
        photo = cv2.resize(picture, (self.side, self.side))
        return [photo, 255 - photo]

    monkeypatch.setattr(pairs._Painter, "__init__", begun)
    monkeypatch.setattr(pairs._Painter, "pair", pair)
    return asked


def a_plan(material: Path, name: str = "own", **changes: object) -> TrainingPlan:
    preset = make_preset(PRESETS, name, {**TINY, "start_steps": 1, "style_steps": 2, **changes})
    return TrainingPlan(PATCHES, material / "photos", None, preset, material / "vgg.npz", 7)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_trains(name: str, painter: list[int], material: Path, tmp_path: Path) -> None:
    training = trained(a_plan(material, name), tmp_path / "run")
    rows = losses_of(tmp_path / "run")
    assert [row["phase"] for row in rows] == ["start", "style", "style"]
    for column in ("judge", "adversarial", "colour", "detail", "content", "texture"):
        assert float(rows[-1][column]) > 0, column
    assert training.drawer.predict(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 3, 32, 32)
    assert training.facts() == {
        "architecture": "patches",
        "width": "0.25",
        "blocks": "1",
        "face": "32",
        "grain": "0.06",
    }


def test_a_stopped_training_goes_on_as_if_it_had_not(painter: list[int], material: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(material), tmp_path)


def test_crops_of_both_halves_lie_over_each_other(painter: list[int], material: Path, tmp_path: Path) -> None:
    training = begin(a_plan(material, light=0.0, grain=0.0), RunFolder(tmp_path / "run"), silent)
    batch = training.batch(3)
    np.testing.assert_allclose(batch.photo, -batch.target, atol=1e-6)
    for name, more in (("lit", {"light": 0.3, "grain": 0.0}), ("grain", {"light": 0.0, "grain": 0.1})):
        other = begin(a_plan(material, **more), RunFolder(tmp_path / name), silent).batch(3)
        np.testing.assert_array_equal(other.target, batch.target)
        assert np.abs(other.photo - batch.photo).mean() > 0.02


def test_pairs_that_are_there_are_not_made_again(painter: list[int], material: Path, tmp_path: Path) -> None:
    preset, told = a_plan(material).preset, []
    photos, painted = pairs.make_pairs(preset, material / "photos", tmp_path, silent, told.append)
    assert len(painter) == 3
    assert told[-1] == 1
    assert {path.name for path in photos.iterdir()} == {path.name for path in painted.iterdir()}
    next(painted.iterdir()).unlink()
    pairs.make_pairs(preset, material / "photos", tmp_path, silent)
    assert len(painter) == 4


def test_portraits_without_a_face_are_left_out_and_told(painter: list[int], tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, shade in (("a", 0), ("b", 90)):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((40, 40, 3), shade, np.uint8))
    preset, told = make_preset(PRESETS, "own", TINY), []
    photos, _ = pairs.make_pairs(preset, folder, tmp_path / "pairs", told.append)
    assert [path.name for path in photos.iterdir()] == ["b.png.png"]
    assert told == ["1 photo(s) are left out, as no face in them can be painted, “a.png” first."]
    (folder / "b.png").unlink()
    with pytest.raises(SengaError, match="In none of the 1 pictures"):
        pairs.make_pairs(preset, folder, tmp_path / "none", silent)
