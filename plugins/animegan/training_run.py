"""Where trainings of this family were begun before there were others; ``senga.neural.training.plan`` begins all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from senga.moved import moved
from senga.neural.training import plan, presets
from senga.neural.training.plan import begin, digest_of, loop, notes, prepare, reopen
from senga.neural.training.run_folder import RunFolder

from .family import ANIMEGAN
from .presets import PRESETS, Preset

__all__ = ["TrainingPlan", "begin", "digest_of", "loop", "make_preset", "notes", "prepare", "reopen", "resume"]


def TrainingPlan(  # noqa: N802 - it was a class
    photos: Path, style: Path, vgg: Path, preset: Preset, seed: int = 0, start_from: str = ""
) -> plan.TrainingPlan:
    """A plan for this family."""
    return plan.TrainingPlan(ANIMEGAN, photos, style, preset, vgg, seed, start_from)


def make_preset(name: str, changes: dict[str, Any]) -> Preset:
    """A preset of this family with some of its settings changed."""
    return presets.make_preset(PRESETS, name, changes)


def resume(folder: RunFolder) -> plan.AnyTraining:
    """Take up a training of this family."""
    return plan.resume(folder, ANIMEGAN)


__getattr__ = moved(__name__, {"Order": f"{__name__}.TrainingPlan"})
