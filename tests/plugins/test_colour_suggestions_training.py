"""Training a network of suggestions, on tiny drawings: its loss, its examples, and going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.neural.training.cell import from_tensor, to_tensor
from senga.neural.training.inked import Pair
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.colorize.families import COLOUR_SUGGESTIONS
from senga.plugins.colorize.suggestion_presets import PRESETS, LossWeights
from senga.plugins.colorize.suggestion_samples import example
from senga.plugins.colorize.suggestion_training import Batch, Training

from .trainings import check_going_on, losses_of, silent, trained

TINY = {"crop": 64, "side": 64, "batch": 1, "width": 0.05, "style_steps": 2}


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawings with their lines."""
    root = tmp_path_factory.mktemp("drawings")
    line = np.full((64, 64), 255, np.uint8)
    cv2.circle(line, (32, 32), 18, 0, 2)
    for name, colour in (("a", (90, 160, 230)), ("b", (200, 90, 60))):
        filled = np.minimum(np.full((64, 64, 3), colour, np.uint8), line[:, :, None])
        cv2.imwrite(str(root / f"{name}_colour.png"), filled)
        cv2.imwrite(str(root / f"{name}_line.png"), line)
    return root


def a_plan(drawings: Path, name: str = "own", **changes: object) -> TrainingPlan:
    return TrainingPlan(COLOUR_SUGGESTIONS, drawings, None, make_preset(PRESETS, name, {**TINY, **changes}), None, 7)


def test_a_stopped_training_goes_on_as_if_it_had_not(drawings: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(drawings), tmp_path)
    rows = losses_of(tmp_path / "whole")
    assert len(rows) == 2
    assert all(float(row["best"]) > float(row["mean"]) > 0 for row in rows)


def test_the_published_preset_trains(drawings: Path, tmp_path: Path) -> None:
    training = trained(a_plan(drawings, "published", style_steps=1), tmp_path / "run", sample=1)
    assert training.facts() == {"architecture": "sgru", "width": "0.05"}
    sheet = cv2.imread(str(next((tmp_path / "run" / "samples").iterdir())))
    assert sheet is not None
    assert sheet.shape[0] >= 4 * 64


def test_the_best_of_nine_counts_and_a_little_the_mean(drawings: Path, tmp_path: Path) -> None:
    training = begin(a_plan(drawings, style_steps=10), RunFolder(tmp_path / "run"), silent)
    assert isinstance(training, Training)
    rng = np.random.default_rng(0)
    made = rng.uniform(-1, 1, (2, 27, 64, 64)).astype(np.float32)
    batch = Batch(
        made[:, :1],
        rng.uniform(-1, 1, (2, 3, 64, 64)).astype(np.float32),
        rng.uniform(0, 1, (2, 1, 64, 64)).astype(np.float32),
    )
    off = np.array([[distance(training, made, batch, n, k) for k in range(9)] for n in range(2)])
    found = {name: float(from_tensor(part)) for name, part in training.parts(0, to_tensor(made), batch, None).items()}
    assert found["best"] == pytest.approx(0.95 * off.min(1).mean(), rel=1e-4)
    assert found["mean"] == pytest.approx(0.05 * off.mean(), rel=1e-4)
    late = training.parts(9, to_tensor(made), batch, None)
    assert float(from_tensor(late["best"])) == pytest.approx(0.999 * off.min(1).mean(), rel=1e-4)


def distance(training: Training, made: Any, batch: Batch, n: int, k: int) -> float:
    """In numpy, of one picture."""
    assert training.features is not None
    picture = made[n, [k, 9 + k, 18 + k]]
    found = 0.88 * 127.5 * (batch.counts[n] * np.abs(picture - batch.colours[n])).mean()
    ours, theirs = training.features.of(picture[None]), training.features.of(batch.colours[n : n + 1])
    layers = {"conv1_2": 0.79, "conv2_2": 0.63, "conv3_2": 0.51, "conv4_2": 0.39, "conv5_1": 1.07}
    assert set(ours) == set(layers)
    for tap, weight in layers.items():
        fold = 64 // ours[tap].shape[2]
        here = batch.counts[n, 0].reshape(64 // fold, fold, 64 // fold, fold).mean((1, 3))
        found += weight / 3 * (here * np.abs(ours[tap][0] - theirs[tap][0])).mean()  # 50 where features have 150
    return float(found)


def test_what_the_mean_counts_falls() -> None:
    shares = [LossWeights().share(progress) for progress in (0, 0.25, 0.5, 1)]
    assert shares == pytest.approx([0.05, 0.025, 0.001, 0.001])


def test_examples_are_a_function_of_the_step(drawings: Path, tmp_path: Path) -> None:
    training = begin(a_plan(drawings), RunFolder(tmp_path / "run"), silent)
    first, again, other = (training.batch(step) for step in (4, 4, 5))
    assert np.array_equal(first.photo, again.photo)
    assert not np.array_equal(first.photo, other.photo)
    assert first.photo.shape == first.counts.shape == (1, 1, 64, 64)
    assert first.colours.shape == (1, 3, 64, 64)


def test_lines_and_paper_count_less_than_colours() -> None:
    line = np.full((96, 96), 255, np.uint8)
    cv2.circle(line, (48, 48), 30, 0, 3)
    colour = np.full((96, 96, 3), 255, np.uint8)
    cv2.circle(colour, (48, 48), 30, (200, 60, 60), -1)
    shown = example(Pair.of(np.minimum(colour, line[:, :, None]), line), 64, np.random.default_rng(0), paper=0.25)
    assert shown.lines.min() < 120
    assert shown.counts[shown.lines < 60].max(initial=0) < 0.3
    assert shown.counts[2, 2] == pytest.approx(0.25)
    assert (shown.colours[2, 2] == 1).all()
    red = shown.colours[:, :, 0] - shown.colours[:, :, 1] > 0.6
    assert 0.1 < red.mean() < 0.5
    assert shown.counts[red].max() == 1
