"""Training a network that colours as another picture is coloured, on tiny drawings: its losses, and going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.neural.networks.style2paints import without_guides
from senga.neural.training.cell import from_tensor, to_tensor
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.colorize.references import training as trained_by
from senga.plugins.colorize.references.family import COLOUR_REFERENCE
from senga.plugins.colorize.references.network import network_of
from senga.plugins.colorize.references.presets import PRESETS
from senga.plugins.colorize.references.training import Training

from .trainings import check_going_on, losses_of, silent, trained

TINY = {"crop": 32, "side": 32, "batch": 2, "width": 0.25, "critic": 2, "style_steps": 2}


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawing with its lines, and another without."""
    root = tmp_path_factory.mktemp("drawings")
    line = np.full((64, 64), 255, np.uint8)
    cv2.circle(line, (32, 32), 18, 0, 2)
    for name in ("a", "b"):
        colour = np.minimum(np.full((64, 64, 3), (90, 160, 230), np.uint8), line[:, :, None])
        cv2.imwrite(str(root / f"{name}_colour.png"), colour)
    cv2.imwrite(str(root / "a_line.png"), line)
    return root


def a_plan(drawings: Path, name: str = "own", **changes: object) -> TrainingPlan:
    return TrainingPlan(COLOUR_REFERENCE, drawings, None, make_preset(PRESETS, name, {**TINY, **changes}), None, 7)


@pytest.fixture(scope="module")
def begun(drawings: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    training = begin(a_plan(drawings), RunFolder(tmp_path_factory.mktemp("begun") / "run"), silent)
    assert isinstance(training, Training)
    return training


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_trains(name: str, drawings: Path, tmp_path: Path) -> None:
    training = trained(a_plan(drawings, name), tmp_path / "run")
    rows = losses_of(tmp_path / "run")
    assert len(rows) == 2
    assert all(float(rows[-1][part]) > 0 for part in ("colours", "entry", "exit", "critic"))
    assert all(map(without_guides, training.weights()))
    network_of(training.facts()).check(training.weights())
    sheet = cv2.imread(str(next((tmp_path / "run" / "samples").iterdir())))
    assert sheet is not None
    assert sheet.shape[0] >= 4 * 32


def test_a_stopped_training_goes_on_as_if_it_had_not(drawings: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(drawings), tmp_path)


def test_batches_are_a_function_of_the_step(begun: Training) -> None:
    first, again, other = (begun.batch(step) for step in (4, 4, 5))
    assert np.array_equal(first.photo, again.photo)
    assert np.array_equal(first.reference, again.reference)
    assert not np.array_equal(first.photo, other.photo)
    assert first.photo.shape == (2, 1, 32, 32)
    assert first.colours.shape == (2, 3, 32, 32)
    vectors = begun.vectors(first)
    assert vectors.shape == (2, 611, 1, 1)
    assert 0 <= vectors.min() <= vectors.max() <= 1


def test_the_loss_is_that_of_the_article(begun: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    painted, guided, colours = rng.uniform(-1, 1, (3, 2, 3, 8, 8)).astype(np.float32)
    grey, verdict = rng.uniform(-1, 1, (2, 1, 8, 8)).astype(np.float32), rng.normal(0, 1, (2, 5, 1, 1))
    wanted = rng.uniform(0, 1, (2, 5)).astype(np.float32)
    monkeypatch.setattr(begun, "critic", (lambda *_: to_tensor(np.float32(verdict)), None))
    several: Any = tuple(map(to_tensor, (painted, grey, guided)))
    parts = begun.losses(several, to_tensor(colours), to_tensor(wanted))
    found = {name: float(from_tensor(part)) for name, part in parts.items()}
    plain = 0.299 * colours[:, 0] + 0.587 * colours[:, 1] + 0.114 * colours[:, 2]
    assert found["colours"] == pytest.approx(np.abs(painted - colours).mean(), rel=1e-5)
    assert found["entry"] == pytest.approx(0.3 * np.abs(grey[:, 0] - plain).mean(), rel=1e-5)
    assert found["exit"] == pytest.approx(0.9 * np.abs(guided - colours).mean(), rel=1e-5)
    assert found["adversarial"] == pytest.approx(0.01 * ((verdict[:, :, 0, 0] - wanted) ** 2).mean(), rel=1e-5)


def test_the_critic_learns_features_of_genuine_drawings_and_nothing_of_others() -> None:
    rng = np.random.default_rng(1)
    genuine, made = rng.normal(0, 1, (2, 3, 7))
    wanted = rng.uniform(0, 1, (3, 7))
    g, m, w = (to_tensor(np.float32(each)) for each in (genuine, made, wanted))
    squares, log = (float(from_tensor(trained_by.told_apart(kind, g, m, w))) for kind in ("squares", "log"))
    assert squares == pytest.approx(((genuine - wanted) ** 2).mean() + (made**2).mean(), rel=1e-5)
    real, false = (1 / (1 + np.exp(-each)) for each in (genuine, made))
    assert log == pytest.approx(-(np.log(real + 1 - wanted).mean() + np.log(1 - false).mean()), rel=1e-4)
    assert float(from_tensor(trained_by.fooled("log", m, w))) == pytest.approx(np.log(1 - false).mean(), rel=1e-4)
    assert float(from_tensor(trained_by.fooled("squares", m, w))) == pytest.approx(((made - wanted) ** 2).mean())
    normed = trained_by.normalised(np.array([[1.0, 4.0, 2.0], [0, 0, 0]], np.float32))
    np.testing.assert_allclose(normed, [[0.25, 1, 0.5], [0, 0, 0]])
