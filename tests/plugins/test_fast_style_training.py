"""Training networks that paint in one pass: whose turn it is, what stands still, and what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mindspore")

from senga.neural.checkpoints import read_checkpoint
from senga.neural.training.export import export_style
from senga.neural.training.loop import Pace
from senga.neural.training.plan import TrainingPlan, begin, loop, resume
from senga.neural.training.presets import make_preset
from senga.neural.training.run_folder import RunFolder
from senga.plugins.fast_style.family import FAMILIES
from senga.plugins.fast_style.network import network_of, to_cin, to_johnson, to_stylebank
from senga.plugins.fast_style.presets import CIN, JOHNSON, STYLEBANK
from senga.plugins.fast_style.training import Training
from senga.store.several import picked

from .trainings import losses_of, silent

TINY = {"crop": 32, "batch": 2, "zoom": 1.25, "down": "4,6,8", "blocks": 1, "kernel": 3, "style_steps": 4}
PRESETS: Any = {"johnson": JOHNSON, "cin": CIN, "stylebank": STYLEBANK}
CONVERTERS: Any = {"johnson": to_johnson, "cin": to_cin, "stylebank": to_stylebank}


def begun(material: Path, root: Path, name: str, **changes: Any) -> Training:
    """A training of a family."""
    family = next(each for each in FAMILIES if each.name == name)
    preset = make_preset(PRESETS[name], "own", TINY | changes)
    plan = TrainingPlan(family, material / "photos", material / "style", preset, material / "vgg.npz", 7)
    training = begin(plan, RunFolder(root), silent)
    assert isinstance(training, Training)
    return training


def steps(training: Training, first: int, last: int) -> None:
    """Take some."""
    for step in range(first, last):
        training.train(step, training.batch(step))


@pytest.mark.parametrize("name", ["johnson", "cin", "stylebank"])
def test_what_a_training_writes_is_a_style_of_its_family(name: str, material: Path, tmp_path: Path) -> None:
    training = begun(material, tmp_path / "run", name)
    folder = RunFolder(tmp_path / "run")
    some = loop(training, folder, Pace(training.steps, checkpoint=100, sample=4), silent, lambda: False)
    assert some.run(some.begin(resume=False)) == training.steps
    file, _ = export_style(folder, tmp_path / "style.safetensors", {"title": "T"})
    weights = CONVERTERS[name](read_checkpoint(file))
    assert weights.card.get("styles", "") == ("" if name == "johnson" else "0,1")
    one = picked(weights)
    network_of(one.card).check(one.arrays)
    rows = losses_of(tmp_path / "run")
    assert [bool(float(row["same"] or 0)) for row in rows] == [False, False, name == "stylebank", False]


@pytest.mark.parametrize("name", ["cin", "stylebank"])
def test_what_belongs_to_a_style_learns_in_its_turns_only(name: str, material: Path, tmp_path: Path) -> None:
    training = begun(material, tmp_path, name)
    before = training.weights()
    steps(training, 0, 1)
    after = training.weights()
    own = [key for key in after if key.startswith("each.")]
    assert own
    assert all(np.array_equal(after[key][1], before[key][1]) for key in own)
    assert all(not np.array_equal(after[key][0], before[key][0]) for key in own if key.endswith("weight"))
    steps(training, 1, 2)
    assert all(np.array_equal(training.weights()[key][0], after[key][0]) for key in own)


def test_a_style_that_joins_leaves_what_is_shared_as_it_is(material: Path, tmp_path: Path) -> None:
    training = begun(material, tmp_path, "cin", frozen=True)
    before = training.weights()
    steps(training, 0, 3)
    after = training.weights()
    for name, array in after.items():
        assert np.array_equal(array, before[name]) != name.startswith("each."), name


@pytest.mark.parametrize("name", ["cin", "stylebank"])
def test_it_goes_on_exactly(name: str, material: Path, tmp_path: Path) -> None:
    whole = begun(material, tmp_path / "whole", name)
    steps(whole, 0, 4)
    parts = begun(material, tmp_path / "parts", name)
    steps(parts, 0, 2)
    family = next(each for each in FAMILIES if each.name == name)
    again = resume(RunFolder(tmp_path / "parts"), family)
    assert isinstance(again, Training)
    again.load(parts.state())
    steps(again, 2, 4)
    for key, array in whole.weights().items():
        assert np.array_equal(array, again.weights()[key]), key


def test_a_training_comes_nearer_to_its_style(material: Path, tmp_path: Path) -> None:
    training = begun(material, tmp_path, "johnson", style_steps=16)
    losses = [training.train(step, training.batch(step))["style"] for step in range(16)]
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])
