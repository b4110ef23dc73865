"""Training a network of lines, on tiny drawings: its loss, its examples, and going on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.errors import ReadError
from senga.neural.training import drawings as pairs
from senga.neural.training.cell import from_tensor, to_tensor
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.line_art.family import LINES
from senga.plugins.line_art.presets import PRESETS
from senga.plugins.line_art.training import Batch, Training

from .trainings import check_going_on, losses_of, silent, trained

TINY = {"crop": 32, "side": 32, "batch": 2, "width": 0.25, "zoom": 1.5, "style_steps": 3}


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
    return TrainingPlan(LINES, drawings, None, make_preset(PRESETS, name, {**TINY, **changes}), None, 7)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_trains(name: str, drawings: Path, tmp_path: Path) -> None:
    training = trained(a_plan(drawings, name), tmp_path / "run")
    rows = losses_of(tmp_path / "run")
    assert len(rows) == 3
    assert float(rows[-1]["entropy"]) > 0
    assert float(rows[-1]["dice"]) > 0
    assert training.facts() == {"architecture": "lines", "width": "0.25"}
    sheet = cv2.imread(str(next((tmp_path / "run" / "samples").iterdir())))
    assert sheet is not None
    assert sheet.shape[0] >= 64


def test_a_stopped_training_goes_on_as_if_it_had_not(drawings: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(drawings), tmp_path)


def test_the_loss_is_cross_entropy_and_dice(drawings: Path, tmp_path: Path) -> None:
    training = begin(a_plan(drawings), RunFolder(tmp_path / "run"), silent)
    assert isinstance(training, Training)
    rng = np.random.default_rng(0)
    made = rng.uniform(-0.98, 0.98, (2, 1, 8, 8)).astype(np.float32)
    ink = rng.uniform(0, 1, (2, 1, 8, 8)).astype(np.float32)
    parts = training.parts(0, to_tensor(made), Batch(made, ink), None)
    share = 0.5 + 0.4999 * made.astype(np.float64)
    entropy = -((1 + 1.5 * ink) * (ink * np.log(share) + (1 - ink) * np.log(1 - share))).mean()
    dice = 1 - (2 * (share * ink).sum() + 1) / ((share**2).sum() + (ink**2).sum() + 1)
    found = {name: float(from_tensor(part)) for name, part in parts.items()}
    assert found["entropy"] == pytest.approx(entropy, rel=1e-4)
    assert found["dice"] == pytest.approx(0.5 * dice, rel=1e-4)


def test_batches_are_a_function_of_the_step(drawings: Path, tmp_path: Path) -> None:
    training = begin(a_plan(drawings), RunFolder(tmp_path / "run"), silent)
    first, again, other = (training.batch(step) for step in (4, 4, 5))
    assert np.array_equal(first.photo, again.photo)
    assert not np.array_equal(first.photo, other.photo)
    assert first.photo.shape == (2, 3, 32, 32)
    assert first.ink.shape == (2, 1, 32, 32)


def test_pairs_are_made_once_and_the_unusable_left_out(drawings: Path, tmp_path: Path) -> None:
    told: list[str] = []
    colours, inks = pairs.make_pairs(None, drawings, tmp_path / "pairs", told.append)
    names = {path.name for path in colours.iterdir()}
    assert names == {path.name for path in inks.iterdir()} == {"a_colour.png.png", "b_colour.png.png"}
    assert told == []
    before = {path: path.stat().st_mtime_ns for path in inks.iterdir()}
    pairs.make_pairs(None, drawings, tmp_path / "pairs", told.append)
    assert {path: path.stat().st_mtime_ns for path in inks.iterdir()} == before
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "x.png").write_bytes(b"no picture")
    with pytest.raises(ReadError, match="None of the 1"):
        pairs.make_pairs(None, bad, tmp_path / "none", told.append)
