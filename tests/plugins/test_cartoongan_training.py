"""Training CartoonGAN and ComixGAN on tiny pictures: who learns when, and from what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.cartoongan.family import CARTOONGAN
from senga.plugins.cartoongan.presets import PRESETS
from senga.plugins.cartoongan.training import Training

from .trainings import losses_of, silent, trained

TINY = {"crop": 32, "batch": 2, "width": 0.25, "channels": 4, "zoom": 1.25, "start_steps": 2, "style_steps": 3}


def rows_of(material: Path, root: Path, name: str) -> list[dict[str, str]]:
    """The lines of the losses of a whole training."""
    preset = make_preset(PRESETS, name, TINY)
    plan = TrainingPlan(CARTOONGAN, material / "photos", material / "style", preset, material / "vgg.npz", 7)
    trained(plan, root)
    return losses_of(root)


@pytest.mark.parametrize("name", ["own", "cartoongan"])
def test_the_discriminator_waits_for_the_second_phase(name: str, material: Path, tmp_path: Path) -> None:
    rows = rows_of(material, tmp_path, name)
    assert [bool(float(row["judge"] or 0)) for row in rows] == [False, False, True, True, True]
    assert [bool(float(row["adversarial"] or 0)) for row in rows] == [False, False, True, True, True]
    assert all(float(row["content"]) > 0 for row in rows)


def test_that_of_comixgan_begins_first_and_learns_less_often(material: Path, tmp_path: Path) -> None:
    rows = rows_of(material, tmp_path, "comixgan")
    assert [bool(float(row["judge"] or 0)) for row in rows] == [True, False, False, True, False]


def test_drawings_with_blurred_edges_count_as_not_drawn(material: Path, tmp_path: Path) -> None:
    preset = make_preset(PRESETS, "comixgan", TINY)
    plan = TrainingPlan(CARTOONGAN, material / "photos", material / "style", preset, material / "vgg.npz", 7)
    training = begin(plan, RunFolder(tmp_path), silent)
    assert isinstance(training, Training)
    batch = training.batch(0)
    assert not np.array_equal(batch.style, batch.smooth)
    seen: list[np.ndarray] = []
    learn = training.judge.learn_from
    training.judge.learn_from = lambda pictures, loss: seen.append(pictures) or learn(pictures, loss)  # type: ignore[method-assign]
    training.train(0, batch)
    np.testing.assert_array_equal(seen[0], np.concatenate([batch.style, batch.smooth]))
