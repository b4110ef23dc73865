"""Files that hold several styles: how they are listed, loaded, exported and removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from senga.errors import ModelError
from senga.neural.checkpoints import read_checkpoint
from senga.neural.networks.johnson import Shape, johnson
from senga.neural.training.initial import first_weights
from senga.plugins.fast_style.family import FAMILIES
from senga.store import default_store
from senga.store.export import export_model
from senga.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with an imported file of three styles."""
    arrays = first_weights(johnson(Shape((4, 6, 8), (), 1, 3)), "he", 0)
    rng = np.random.default_rng(1)
    own = {f"each.{name}": rng.random((3, *a.shape), np.float32) for name, a in arrays.items() if ".norm." in name}
    np.savez(tmp_path / "many.npz", **{name: a for name, a in arrays.items() if ".norm." not in name}, **own)
    found = default_store(FAMILIES, root=tmp_path / "models")
    found.import_file(tmp_path / "many.npz")
    return found


def test_each_style_is_listed_beside_the_file(store: Store) -> None:
    mine = [entry for entry in store.entries(["cin"]) if entry.name.startswith("many")]
    assert [entry.name for entry in mine] == ["many", "many-01", "many-02", "many-03"]
    assert [entry.facts["style"] for entry in mine[1:]] == ["01", "02", "03"]
    assert len({entry.file for entry in mine}) == 1


def test_each_style_is_loaded_by_its_name(store: Store) -> None:
    whole, first, last = (store.load(name) for name in ("many", "many-01", "cin/many-03"))
    assert whole.arrays["first.norm.weight"] is not last.arrays["first.norm.weight"]
    assert np.array_equal(whole.arrays["first.norm.weight"], first.arrays["first.norm.weight"])
    assert not np.array_equal(first.arrays["first.norm.weight"], last.arrays["first.norm.weight"])
    assert first.arrays["first.conv.weight"] is last.arrays["first.conv.weight"]
    assert last.card["style"] == "03"
    with pytest.raises(ModelError, match="no style"):
        store.load("many-04")


def test_one_style_is_exported_as_an_ordinary_model(store: Store, tmp_path: Path) -> None:
    export_model(store, "many-02", tmp_path / "one.safetensors")
    found = read_checkpoint(tmp_path / "one.safetensors")
    assert not any(name.startswith("each.") for name in found.arrays)
    assert "styles" not in found.metadata
    assert np.array_equal(found.arrays["last.conv.bias"], store.load("many-02").arrays["last.conv.bias"])


def test_styles_go_with_their_file(store: Store) -> None:
    with pytest.raises(ModelError, match=r"by itself: remove “many”"):
        store.remove("many-02")
    assert store.load("many-02").arrays
    store.remove("many")
    assert not [entry for entry in store.entries() if entry.name.startswith("many")]
