from __future__ import annotations

import doctest
import importlib
import importlib.metadata
import inspect
import re
from pathlib import Path

import pytest

import senga
from senga import hookspecs

ROOT = Path(__file__).resolve().parent.parent
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("senga_"))

FROZEN = [
    "Animation", "Cancelled", "Colour", "File", "Filter", "Frame", "Image", "Job", "Layer",
    "Mask", "Metadata", "Model", "Picture", "Points", "Recipe", "Seed", "SengaError", "Step",
    "Weights", "apply", "filters", "hookimpl", "make", "open", "setting",
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


@pytest.mark.parametrize("module", ["senga", "senga.face", "senga.recipe", "senga.image", "senga.testing"])
def test_examples_in_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0
