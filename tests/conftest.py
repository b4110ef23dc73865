"""What several rooms' tests need."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from senga.image import Image
from senga.testing import sample

# onnx, imported first, would choose a form of Protocol Buffers that MindSpore's older message files cannot use.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with photographs and public weights, where the machine has it."""
    folder = Path(os.environ.get("SENGA_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no test data at {folder} (SENGA_SHARED names another folder)")
    return folder / "data"


@pytest.fixture
def picture() -> Callable[..., Image]:
    """Makes small pictures with shades, edges and grain."""
    return sample


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own models and choices."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SENGA_HOME", str(home))
    monkeypatch.setenv("SENGA_LANGUAGE", "en")
    for name in ("SENGA_PLUGINS", "SENGA_STRICT", "SENGA_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that starts the same in every test."""
    return np.random.default_rng(20260101)
