"""Whole trainings of tiny networks, and such as are stopped and go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from senga.neural.training.loop import Pace
from senga.neural.training.plan import TrainingPlan, begin, loop, resume
from senga.neural.training.run_folder import RunFolder


def silent(told: object) -> None:
    """Hears and says nothing."""


def trained(plan: TrainingPlan, root: Path, *, checkpoint: int = 100, sample: int = 100) -> Any:
    """A training that has taken all of its steps."""
    folder = RunFolder(root)
    training = begin(plan, folder, silent)
    some = loop(training, folder, Pace(training.steps, checkpoint, sample), silent, lambda: False)
    assert some.run(some.begin(resume=False)) == training.steps
    return training


def losses_of(root: Path) -> list[dict[str, str]]:
    """The lines of a training's losses."""
    head, *lines = (root / "losses.csv").read_text().splitlines()
    return [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]


def check_going_on(plan: TrainingPlan, root: Path) -> None:
    """A training that was stopped after its first step ends where one ends that was not, in all of its state."""
    whole, folder = trained(plan, root / "whole"), RunFolder(root / "parts")
    training = begin(plan, folder, silent)
    pace = Pace(training.steps, 1, 100)
    first = loop(training, folder, pace, silent, lambda: True)
    assert first.run(first.begin(resume=False)) == 1 < training.steps
    again = resume(folder, plan.family)
    second = loop(again, folder, pace, silent, lambda: False)
    assert second.run(second.begin(resume=True)) == training.steps
    state = again.state()
    for name, array in whole.state().items():
        np.testing.assert_array_equal(state[name], array, err_msg=name)
