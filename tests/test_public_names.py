from __future__ import annotations

import doctest
import importlib
import importlib.metadata
import inspect
import re
import subprocess
from pathlib import Path

import pytest

import senga
from senga import hookspecs
from senga.interpreters import OWN

ROOT = Path(__file__).resolve().parent.parent
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("senga_"))

FROZEN = [
    "Animation", "Cancelled", "Colour", "File", "Filter", "Frame", "Image", "Job", "Layer",
    "Mask", "Metadata", "Model", "Picture", "Points", "Recipe", "Seed", "SengaError", "Step",
    "Weights", "apply", "batch", "filters", "hookimpl", "make", "open", "setting",
]  # fmt: skip


def test_the_public_names_are_frozen_and_exist() -> None:
    assert senga.__all__ == FROZEN
    for name in FROZEN:
        assert getattr(senga, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = senga.nothing_like_it


def test_the_version_is_that_of_the_installation() -> None:
    assert senga.__version__ == importlib.metadata.version("senga")


def test_public_things_are_documented() -> None:
    for name in FROZEN:
        assert inspect.getdoc(getattr(senga, name)), name


@pytest.mark.parametrize("hook", HOOKS)
def test_docs_have_a_heading_with_the_signature_of_every_hook(hook: str) -> None:
    names = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    text = (ROOT / "docs" / "hooks.md").read_text("utf-8")
    assert f"## `{hook}({names})`" in text


def test_docs_describe_no_hook_that_is_not_there() -> None:
    text = (ROOT / "docs" / "hooks.md").read_text("utf-8")
    assert sorted(re.findall(r"^## `(senga_\w+)\(", text, re.M)) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_of_its_own(hook: str) -> None:
    text = (ROOT / "tests" / "test_registry.py").read_text("utf-8")
    assert f"def test_hook_{hook}_" in text


OTHERS = {
    "senga.backends": ["Assignment", "Backend", "Crew", "LostError", "Site"],
    "senga.faces": [
        "COUNT", "Face", "Masks", "faces_of_shares", "faces_text", "find_faces", "followed", "masks_of", "read_faces",
    ],
    "senga.families": ["Family", "Number", "network_of"],
    "senga.testing": ["CHECKS", "check_filter", "sample"],
    "senga.settings": [
        "KINDS", "Colour", "File", "Kind", "Mask", "Model", "Picture", "Points", "Seed", "SettingInfo", "colour_of",
        "describe", "kinds_of", "pictures_of", "read_typed", "rgba", "seeds_of", "setting",
    ],
    "senga.ops": [
        "LUMA", "bands", "blurred", "edge_ink", "fade_crowds", "grey", "guided_slope", "kuwahara", "luma",
        "saturate", "sharpen", "smooth_l0", "tint_shadows", "tone_steps", "without_specks",
    ],
}  # fmt: skip
"""What a stranger may import beside ``senga`` itself."""


@pytest.mark.parametrize("module", OTHERS)
def test_the_names_of_other_rooms_are_frozen_and_exist(module: str) -> None:
    room = importlib.import_module(module)
    assert room.__all__ == OTHERS[module]
    for name in OTHERS[module]:
        assert getattr(room, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = room.nothing_like_it


MOVED = {
    "senga.plugins.animegan.training_run": {"Order": "senga.plugins.animegan.training_run.TrainingPlan"},
    "senga.plugins.animegan.stroke_scale": {
        name: f"senga.neural.stroke_scale.{name}" for name in ("finished", "reduced")
    },
    "senga.plugins.animegan.training_pictures": {
        "Batch": "senga.plugins.animegan.training.Batch",
        "Pictures": "senga.neural.training.pictures.Pictures",
    },
    "senga.layers": {"LUMA": "senga.ops.LUMA"},
    "senga.registry": {name: f"senga.switches.{name}" for name in ("enable", "read_disabled", "write_disabled")},
    "senga.compose": {name: f"senga.visible.{name}" for name in ("expected", "is_expected", "opaque")},
    "senga.neural.training.targets": {
        name: f"senga.ops.{name}"
        for name in (
            "LUMA", "fade_crowds", "kuwahara", "saturate", "sharpen", "smooth_l0", "tint_shadows", "tone_steps",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in MOVED for name in MOVED[module]])
def test_names_that_moved_tell_where_they_are_now(module: str, name: str) -> None:
    old, new = importlib.import_module(module), MOVED[module][name]
    with pytest.warns(DeprecationWarning, match=rf"^{module}.{name} is now {new}$"):
        found = getattr(old, name)
    home, _, leaf = new.rpartition(".")
    assert found is getattr(importlib.import_module(home), leaf)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = old.nothing_like_it


def test_operations_do_not_load_opencv_when_they_are_listed() -> None:
    code = (
        "import sys, senga.ops, senga.layers\nassert 'cv2' not in sys.modules\n"
        "senga.ops.kuwahara\nassert 'cv2' in sys.modules"
    )
    assert subprocess.run([*OWN, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["senga", "senga.face", "senga.recipe", "senga.image", "senga.testing", "senga.ops"])
def test_examples_in_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0
