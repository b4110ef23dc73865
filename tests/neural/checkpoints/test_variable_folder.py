"""Variables in files beside a manifest: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from senga.errors import ModelError
from senga.neural.checkpoints import read_checkpoint

ARRAYS = {"Variable": np.arange(6, dtype=np.float32).reshape(2, 3), "Variable_1": np.float32([7]), "one": np.float32(5)}


def folder(root: Path, **changes: Any) -> Path:
    """A folder of variables, with changes of its manifest."""
    table: dict[str, Any] = {
        name: {"filename": name, "shape": [*np.shape(array)]} for name, array in ARRAYS.items()
    } | changes
    for name, array in ARRAYS.items():
        (root / name).write_bytes(np.asarray(array, "<f4").tobytes())
    (root / "manifest.json").write_text(json.dumps(table))
    return root / "manifest.json"


def test_variables_are_read_as_they_lie(tmp_path: Path) -> None:
    found = read_checkpoint(folder(tmp_path))
    assert found.format == "variables"
    assert [*found.arrays] == [*ARRAYS]
    assert all(np.array_equal(found.arrays[name], array) for name, array in ARRAYS.items())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"filename": "../manifest.json", "shape": [1]}, "another folder"),
        ({"filename": "/etc/hostname", "shape": [1]}, "another folder"),
        ({"filename": "..", "shape": [1]}, "another folder"),
        ({"filename": "nowhere", "shape": [1]}, "cannot be read"),
        ({"filename": "Variable", "shape": [5]}, "not those of its variable"),
        ({"filename": "Variable", "shape": [-2, -3]}, "no manifest"),
        ({"filename": "Variable", "shape": [True, 6]}, "no manifest"),
        ({"filename": "Variable", "shape": [1] * 9}, "no manifest"),
        ({"filename": 3, "shape": [6]}, "no manifest"),
        (["Variable"], "no manifest"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        read_checkpoint(folder(tmp_path, Variable=change))


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '{"a"', "{" * 100_000, '{"a": ' * 50_000])
def test_other_texts_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelError):
        read_checkpoint(tmp_path / "manifest.json")
