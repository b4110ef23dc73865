"""Small networks, whole: what they give, and when they are left to the engine."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from senga.errors import Cancelled, MemoryBudgetError, ModelError
from senga.faces.weights import weights
from senga.job import Job
from senga.neural import small
from senga.neural.engine import evaluate
from senga.neural.networks.faces import face_finder, face_points
from senga.neural.small import SmallNetwork


def photo(height: int, width: int) -> Any:
    return np.random.default_rng(height).uniform(-1, 1, (height, width, 3)).astype(np.float32)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    def left(*_: Any, **__: Any) -> Any:
        raise AssertionError("left to the engine")

    monkeypatch.setattr(small, "evaluate", left)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was left to the engine."""
    seen: list[str] = []

    def told(network: Any, *given: Any, **more: Any) -> Any:
        seen.append(network.name)
        return evaluate(network, *given, **more)

    monkeypatch.setattr(small, "evaluate", told)
    return seen


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
@pytest.mark.parametrize(("name", "height", "width"), [("points", 112, 112), ("finder", 96, 160)])
@pytest.mark.usefixtures("never")
def test_it_gives_what_strips_give(engine: str, name: str, height: int, width: int) -> None:
    network = {"points": face_points, "finder": face_finder}[name]()
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    given, job = {"photo": photo(height, width)}, Job(engine=engine, device="cpu", threads=2)
    found = SmallNetwork(network, weights(name))(given, job)
    for key, wanted in evaluate(network, weights(name), given, job).items():
        assert found[key].shape == wanted.shape
        assert np.abs(found[key] - wanted).max() < 1e-5 * max(1, np.abs(wanted).max())


@pytest.mark.parametrize(
    ("size", "job"),
    [
        ((90, 160), Job(engine="onnx", device="cpu")),  # no multiples of 16
        ((96, 160), Job(engine="mindspore", device="cpu")),
        ((1600, 1600), Job(engine="onnx", device="cpu")),
    ],
)
def test_what_is_not_small_is_left_to_the_engine(size: tuple[int, int], job: Job, left: list[str]) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip(job.engine if job.engine == "mindspore" else "onnxruntime")
    given = {"photo": photo(*size)}
    found = SmallNetwork(face_finder(), weights("finder"))(given, job)
    assert left == ["senga-face-finder"]
    assert found["cells"].shape == (-(-size[0] // 8), -(-size[1] // 8), 6)


def test_a_memory_budget_is_kept(monkeypatch: pytest.MonkeyPatch, left: list[str]) -> None:
    job = Job(engine="onnx", device="cpu", memory=1 << 40)
    pytest.importorskip("onnxruntime")
    network, given = SmallNetwork(face_finder(), weights("finder")), {"photo": photo(96, 160)}
    network(given, job)
    assert not left
    monkeypatch.setattr(small.memory, "resident", lambda: (1 << 40) - 1_000_000)
    with suppress(MemoryBudgetError):
        network(given, job)
    assert left == ["senga-face-finder"]


def test_what_fits_no_input_is_refused() -> None:
    network = SmallNetwork(face_points(), weights("points"))
    for wrong in (photo(112, 96), photo(112, 112)[:, :, :2], photo(112, 112)[0]):
        with pytest.raises(ModelError):
            network({"photo": wrong}, Job())
    with pytest.raises(ModelError, match="needs"):
        network({}, Job())


@pytest.mark.usefixtures("never")
def test_it_is_cancelled() -> None:
    pytest.importorskip("onnxruntime")
    network = SmallNetwork(face_points(), weights("points"))
    with pytest.raises(Cancelled):
        network({"photo": photo(112, 112)}, Job(engine="onnx", cancelled=lambda: True))
