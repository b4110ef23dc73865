"""Exported models: what they say, and that they come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from senga.errors import ModelError, SettingsError, WriteError
from senga.job import Job, Weights
from senga.neural.engine import run
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite
from senga.plugins.animegan.painting import network_of
from senga.store import Store
from senga.store.catalog import CARD_FIELDS, ModelEntry, read_catalog
from senga.store.export import export_model
from senga.store.model_file import write_model

LIST = Path(__file__).resolve().parents[2] / "plugins" / "animegan" / "weights.toml"
NETWORKS = {"full": animeganv2, "fifth": lambda: animeganv2(0.2), "lite": animeganv2_lite, "v1": animeganv1}
CARD = {
    "title": "Mine",
    "licence": "CC-BY-4.0",
    "licence_url": "https://creativecommons.org/licenses/by/4.0/",
    "commercial": "yes",
    "author": "Zoë, with pictures by 北斎",
    "training_data": "eight prints",
    "steps": "257",
}
INTERFACE = {"layout": "NCHW", "channels": "RGB", "range": "-1 to 1", "type": "float32"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(read_catalog(LIST), tmp_path / "models")


@pytest.fixture
def own(store: Store) -> Callable[[str], str]:
    """Puts a random model of one's own into the store, as a training leaves it."""

    def make(kind: str) -> str:
        network, rng = NETWORKS[kind](), np.random.default_rng(4)
        arrays = {
            name: rng.normal(1.0 if len(shape) == 1 else 0.0, 0.1, shape).astype(np.float32)
            for name, shape in network.parameters.items()
        }
        width = {"fifth": "0.2"}.get(kind, "1.0")
        card = {**CARD, "architecture": network.name, "width": width, "upsample": "half_pixel", "eps": "1e-06"}
        write_model(store.root / f"{kind}.safetensors", Weights(arrays, card), {})
        return kind

    return make


def facts_of(file: Path) -> dict[str, str]:
    if file.suffix == ".onnx":
        return {pair.key: pair.value for pair in onnx.load(file).metadata_props}
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return dict(header["__metadata__"])


@pytest.mark.parametrize("ending", [".onnx", ".safetensors", ".ONNX"])
def test_a_file_tells_all_that_is_known(ending: str, store: Store, own: Callable[[str], str], tmp_path: Path) -> None:
    file = tmp_path / f"style{ending}"
    export_model(store, own("lite"), file)
    found = facts_of(file if ending != ".ONNX" else file.rename(tmp_path / "style.onnx"))
    expected = {**CARD, **INTERFACE, "name": "lite", "architecture": "animeganv2-lite", "multiple": "8"}
    assert found.items() >= {**expected, "upsample": "half_pixel", "eps": "1e-06"}.items()


@pytest.mark.parametrize("ending", [".onnx", ".safetensors"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_what_was_exported_comes_back_the_same(
    kind: str, ending: str, store: Store, own: Callable[[str], str], tmp_path: Path
) -> None:
    file = tmp_path / f"style{ending}"
    export_model(store, own(kind), file)
    back = store.import_file(file, "back")
    before, after = store.load(kind), store.load("back")
    assert all(np.array_equal(after.arrays[name], array) for name, array in before.arrays.items())
    assert network_of(after.card) == network_of(before.card)
    assert {key: after.card.get(key) for key in CARD_FIELDS} == {key: before.card.get(key) for key in CARD_FIELDS}
    assert back.steps == "257"


@pytest.mark.parametrize("name", ["hokusai", "painted-comic"])
def test_an_exported_style_paints_as_the_filter_does(name: str, store: Store, tmp_path: Path) -> None:
    export_model(store, name, tmp_path / "style.onnx")
    pixels = np.random.default_rng(0).random((40, 27, 3), np.float32)
    session = onnxruntime.InferenceSession(tmp_path / "style.onnx", providers=["CPUExecutionProvider"])
    (painted,) = session.run(None, {"photo": pixels.transpose(2, 0, 1)[None] * 2 - 1})
    weights = store.load(name)
    expected = run(network_of(weights.card), weights.arrays, pixels, Job())
    assert np.abs((painted[0].transpose(1, 2, 0) + 1) / 2 - expected).max() < 0.5 / 255


def test_an_existing_file_stays_when_writing_fails(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"gone/style\.onnx” cannot be written"):
        export_model(store, "hokusai", tmp_path / "gone" / "style.onnx")
    assert not (tmp_path / "gone").exists()


def test_unknown_styles_and_endings_are_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="did you mean “hokusai”"):
        export_model(store, "hokusia", tmp_path / "style.onnx")
    with pytest.raises(ModelError, match="models pull hayao"):
        export_model(store, "hayao", tmp_path / "style.onnx")
    with pytest.raises(SettingsError, match=r"ends in \.onnx or \.safetensors, not to “style\.pt”"):
        export_model(store, "hokusai", tmp_path / "style.pt")
    assert not list(tmp_path.glob("style*"))


def test_a_model_whose_network_nobody_describes(store: Store, own: Callable[[str], str], tmp_path: Path) -> None:
    mute = Store([ModelEntry(name="lite")], store.root)
    with pytest.raises(ModelError, match="“lite” cannot be exported: no filter describes its network"):
        export_model(mute, own("lite"), tmp_path / "style.onnx")


def test_facts_of_other_programs_do_not_hinder_an_import(
    store: Store, own: Callable[[str], str], tmp_path: Path
) -> None:
    weights = store.load(own("lite"))
    write_model(tmp_path / "x.safetensors", Weights(weights.arrays, {"commercial": "perhaps", "author": "Zoë"}), {})
    back = store.import_file(tmp_path / "x.safetensors", "back")
    assert (back.commercial, back.author) == ("unknown", "Zoë")
