"""Training colours from hints, on tiny drawings: losses, examples, and going on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.neural.networks.colour_hints import hint_judge, hint_unet
from senga.neural.training.cell import from_tensor, to_tensor
from senga.neural.training.initial import first_weights
from senga.neural.training.inked import Pair
from senga.neural.training.perceptual import shipped_encoder
from senga.neural.training.plan import TrainingPlan, begin
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.colorize import samples
from senga.plugins.colorize.families import COLOUR_HINTS
from senga.plugins.colorize.hint_presets import PRESETS
from senga.plugins.colorize.hint_training import Batch, Training

from .trainings import check_going_on, losses_of, silent, trained

TINY = {"crop": 64, "side": 32, "batch": 2, "width": 0.25, "zoom": 1, "style_steps": 2, "channels": 2}


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawing with its lines, and another without."""
    root = tmp_path_factory.mktemp("drawings")
    line = np.full((80, 80), 255, np.uint8)
    cv2.circle(line, (40, 40), 25, 0, 2)
    for name in ("a", "b"):
        colour = np.minimum(np.full((80, 80, 3), (90, 160, 230), np.uint8), line[:, :, None])
        cv2.imwrite(str(root / f"{name}_colour.png"), colour)
    cv2.imwrite(str(root / "a_line.png"), line)
    return root


def a_plan(drawings: Path) -> TrainingPlan:
    preset = make_preset(PRESETS, "own", TINY)
    return TrainingPlan(COLOUR_HINTS, drawings, None, preset, shipped_encoder(), 7)


def test_it_trains_and_says_what_it_made(drawings: Path, tmp_path: Path) -> None:
    training = trained(a_plan(drawings), tmp_path / "run")
    rows = losses_of(tmp_path / "run")
    assert len(rows) == 2
    assert all(float(rows[-1][name]) > 0 for name in Training.columns)
    assert training.facts() == {"architecture": "hint-painter", "width": "4"}
    assert cv2.imread(str(next((tmp_path / "run" / "samples").iterdir()))) is not None


def test_a_stopped_training_goes_on_as_if_it_had_not(drawings: Path, tmp_path: Path) -> None:
    check_going_on(a_plan(drawings), tmp_path)


def test_losses_are_those_of_numpy(drawings: Path, tmp_path: Path) -> None:
    training = begin(a_plan(drawings), RunFolder(tmp_path / "run"), silent)
    assert isinstance(training, Training)
    batch = training.batch(0)
    made = np.random.default_rng(0).uniform(-1, 1, batch.colours.shape).astype(np.float32)
    wanted = training.wanted(0, batch, made)
    parts = {k: float(from_tensor(v)) for k, v in training.parts(0, to_tensor(made), batch, wanted).items()}
    yuv = np.array([(0.299, 0.587, 0.114), (-0.14714119, -0.28886916, 0.43601035), (0.61497538, -0.51496512, -0.1)])
    away = np.abs(np.einsum("ij,njhw->nihw", yuv, (made - batch.colours).astype(np.float64) / 2)).mean((0, 2, 3))
    assert parts["colour"] == pytest.approx(10 * (away[0] + 1.5 * (away[1] + away[2])), rel=1e-3)
    found = training.features.of(made)
    near = [np.abs(found[k] - wanted[k]).mean() / (np.abs(wanted[k]).mean() + 1e-6) for k in wanted]
    assert parts["content"] == pytest.approx(float(np.mean(near)), rel=1e-3)
    lines = batch.photo[:, :1]
    verdict = training.judge.predict(np.concatenate([made, lines], 1))
    assert parts["adversarial"] == pytest.approx(0.1 * float(np.square(verdict - 1).mean()), rel=1e-3)
    genuine = training.judge.predict(np.concatenate([batch.colours, lines], 1))
    told = training.judged(0, batch, made)
    assert told["judge"] == pytest.approx(float(np.square(genuine - 1).mean() + np.square(verdict).mean()), rel=1e-3)


def test_batches_are_a_function_of_the_step(drawings: Path, tmp_path: Path) -> None:
    training = begin(a_plan(drawings), RunFolder(tmp_path / "run"), silent)
    first, again, other = (training.batch(step) for step in (4, 4, 5))
    assert isinstance(first, Batch)
    assert np.array_equal(first.photo, again.photo)
    assert not np.array_equal(first.photo, other.photo)
    assert first.photo.shape == (2, 5, 32, 32)
    assert first.colours.shape == (2, 3, 32, 32)


def a_disk() -> Pair:
    """A blue disk on paper, with its line."""
    line = np.full((160, 160), 255, np.uint8)
    cv2.circle(line, (80, 80), 50, 0, 2)
    disk = cv2.circle(np.full((160, 160, 3), 255, np.uint8), (80, 80), 50, (60, 110, 230), -1)
    return Pair.of(np.minimum(disk, line[:, :, None]), line)


def test_shades_lie_on_the_right_lower_side_of_colours() -> None:
    pair = a_disk()
    fill, ink = pair.fill.astype(np.float32) / 255, pair.ink.astype(np.float32) / 255
    light = samples.lit(fill, ink)
    assert light[112, 112] < 0.85
    assert light[48, 48] > 0.99
    assert light[80, 80] > 0.97
    assert (light[:20] == 1).all(), "paper is not lit"


def test_hints_are_sparse_have_the_colours_below_and_are_lacking_at_times() -> None:
    rng, counts = np.random.default_rng(3), []
    for _ in range(60):
        square = samples.square_of([a_disk()], 64, rng)
        hints, there = samples.hinted(square, rng)
        at = there > 0
        counts.append(int(at.sum()))
        assert np.abs(hints[at] - square.flats[at]).max(initial=0) < 0.05
        assert (hints[~at] == 0).all()
    assert 2 <= counts.count(0) <= 25
    assert len(set(counts)) > 20


def test_lines_are_altered_and_sometimes_binarised() -> None:
    ink = cv2.GaussianBlur(a_disk().ink.astype(np.float32) / 255, (0, 0), 0.7)
    rng = np.random.default_rng(0)
    several = [samples.as_drawn(ink, rng) for _ in range(40)]
    binary = sum(len(np.unique(each)) == 2 for each in several)
    assert 2 <= binary <= 16
    assert not np.array_equal(several[0], several[1])
    assert all(0 <= each.min() <= each.max() <= 1 for each in several)


def test_both_networks_are_of_the_sizes_that_are_told() -> None:
    count = sum(each.size for each in first_weights(hint_unet(), "he", 0).values())
    assert 1.5e6 < count < 2e6, "below four megabytes in half precision"
    assert hint_judge().parameters["seen0.weight"] == (12, 4, 4, 4)
