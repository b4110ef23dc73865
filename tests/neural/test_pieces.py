"""Pictures in pieces on a runtime for whole ones: the same pixels, within the memory, and only where that pays."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from senga.errors import Cancelled
from senga.job import Job, Precision
from senga.neural import executors, pieces
from senga.neural.blocks import Padding, Size
from senga.neural.engine import evaluate, run
from senga.neural.graph import Builder, Network
from senga.plugins.animegan.network import animeganv2

sys.path.insert(0, str(Path(__file__).parent))
import families

openvino_runtime = pytest.importorskip("senga.neural.openvino_runtime")
if not executors.installed("openvino"):
    pytest.skip("no OpenVINO here", allow_module_level=True)

PAINTERS = {
    "white-box": families.whitebox(8),
    "u-net": families.unet(4),
}
EVALUATED = {"vgg19": families.vgg19_to_relu4_1(8), "adain decoder": families.adain_decoder(8)}


@pytest.fixture
def heights(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Heights that OpenVINO is given, each time."""
    seen: list[int] = []
    compute = openvino_runtime.OpenVino.compute

    def watched(self: Any, network: Any, weights: Any, given: Any, tell: Any) -> Any:
        seen.append(next(iter(given.values())).shape[1])
        return compute(self, network, weights, given, tell)

    monkeypatch.setattr(openvino_runtime.OpenVino, "compute", watched)
    monkeypatch.setattr(pieces, "MOST", 100.0)
    return seen


@pytest.fixture
def tightened(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Leaves memory for pictures of so many rows."""

    def tighten(rows: int) -> None:
        def needs(_: Any, network: Network, sizes: Mapping[str, Size]) -> int:
            return 0 if sizes[next(iter(network.inputs))][0] <= rows else sys.maxsize

        monkeypatch.setattr(openvino_runtime.OpenVino, "needs", needs)

    return tighten


@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("name", PAINTERS)
def test_paintings_are_the_same_bit_for_bit(
    name: str, precision: str, random_weights: Any, photo: Any, heights: list[int], tightened: Callable[[int], None]
) -> None:
    network, job = PAINTERS[name], Job(engine="openvino", precision=precision)
    weights, pixels = random_weights(network), photo(602, 50)
    whole = run(network, weights, pixels, job)
    for rows in (400, 520):
        heights.clear()
        tightened(rows)
        assert np.array_equal(run(network, weights, pixels, job), whole)
        assert len(heights) > 1
        assert max(heights) <= rows
    assert whole.std() > 0


@pytest.mark.parametrize("name", EVALUATED)
def test_features_are_the_same_bit_for_bit(
    name: str, random_weights: Any, heights: list[int], tightened: Callable[[int], None]
) -> None:
    network, job = EVALUATED[name], Job(engine="openvino")
    weights, rng = random_weights(network), np.random.default_rng(0)
    (given,) = network.inputs
    values = {given: rng.random((301, 43, network.by_name[given].channels), np.float32)}
    whole = evaluate(network, weights, values, job)
    tightened(200)
    found = evaluate(network, weights, values, job)
    assert len(heights) > 2
    assert found.keys() == whole.keys()
    assert all(np.array_equal(found[each], whole[each]) for each in whole)


def test_what_asks_something_of_the_whole_picture_is_not_cut() -> None:
    assert pieces.unit(animeganv2(0.25)) is None
    net = Builder()
    net.conv(net.double(net.conv(net.input, "a", 4, 3), "align_corners"), "b", 3, 3)
    assert pieces.unit(net.build("corners", multiple=2)) is None
    assert pieces.unit(families.residual_blocks(1, 4)) is None
    net = Builder()
    net.conv(net.input, "a", 3, 3, padding=Padding())
    assert pieces.unit(net.build("valid", multiple=2)) is None


def test_pieces_begin_where_all_layers_begin() -> None:
    assert {name: pieces.unit(network) for name, network in {**PAINTERS, **EVALUATED}.items()} == {
        "white-box": 4,
        "u-net": 16,
        "vgg19": 8,
        "adain decoder": 1,
    }


def test_strips_paint_what_would_be_computed_twice(
    random_weights: Any, photo: Any, heights: list[int], tightened: Callable[[int], None], monkeypatch: Any
) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(pieces, "MOST", 1.25)
    network = PAINTERS["white-box"]
    tightened(200)
    run(network, random_weights(network), photo(602, 50), Job(engine="openvino"))
    assert heights == []


def test_progress_rises_and_cancel_works_between_pieces(
    random_weights: Any, photo: Any, heights: list[int], tightened: Callable[[int], None]
) -> None:
    network, shares = PAINTERS["white-box"], list[float]()
    tightened(400)
    job = Job(lambda share, _: shares.append(share), lambda: max(shares, default=0) > 0.4, engine="openvino")
    with pytest.raises(Cancelled):
        run(network, random_weights(network), photo(602, 50), job)
    assert shares == sorted(shares)
    assert 0 < len(heights) < 3
