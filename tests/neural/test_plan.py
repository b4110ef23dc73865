"""How much is computed again, what is kept, how long that takes to find out, and that it is what is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.job import Job
from senga.neural import engine, memory
from senga.neural.blocks import Padding
from senga.neural.budget import Heights, allot, operations
from senga.neural.engine import evaluate, run
from senga.neural.executor import Activation, Array, Convolution, Half
from senga.neural.fold import fused
from senga.neural.graph import Builder, Network
from senga.neural.onnx.graph_file import inner_model
from senga.neural.plan import Plan, counted, plan
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite

sys.path.insert(0, str(Path(__file__).parent))
from families import FAMILIES, SHRUNK, adain_decoder, residual_blocks, unet, vgg19_to_relu4_1, whitebox

sys.path.pop(0)

MB, GB = 1 << 20, 1 << 30
ROOMY = 1 << 40
PROCESS = 250 * MB
"""What a process with its libraries holds."""


class Side:
    """What a plan asks of an executor."""

    def __init__(self, strip_bytes: int, held: float, columns: int | None, concurrent: bool) -> None:
        self.strip_bytes, self.held, self.columns, self.concurrent = strip_bytes, held, columns, concurrent


SIDES = {"onnx": Side(32 * MB, 1.5, 512, True), "mindspore": Side(96 * MB, 4.5, None, False)}


def planned(
    network: Network, height: int, width: int, budget: int, side: Side, disk: int = 0
) -> tuple[Network, dict[str, Any], Plan]:
    """The plan for a picture of about this size in a budget for the whole process."""
    multiple, lean = network.multiple, fused(network)
    sizes = lean.sizes(height // multiple * multiple, width // multiple * multiple)
    results = sum(4 * lean.by_name[each.node].channels * prod(sizes[each.node]) for each in lean.outputs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "resident", lambda: PROCESS)
        patch.setattr(memory.retained, "_bytes", 0)
        share = allot(lean, sizes, budget, min(results, 300 * MB), side, 2)  # type: ignore[arg-type] # all that it reads
    return lean, sizes, plan(lean, sizes, share.waiting, disk, Heights.of(side, share))  # type: ignore[arg-type]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("size", "budget", "most"), [((1024, 1024), 2 * GB, 1.15), ((3000, 4000), 3 * GB, 1.25)], ids=["1MP", "12MP"]
)
def test_little_is_computed_twice(family: str, size: tuple[int, int], budget: int, most: float, side: str) -> None:
    shrunk = SHRUNK.get(family, 1)
    network, sizes, chosen = planned(FAMILIES[family], size[0] // shrunk, size[1] // shrunk, budget, SIDES[side])
    assert counted(network, sizes, chosen) <= most * operations(network, sizes, network.by_name)


PAINTERS = {"v1": animeganv1(), "v2": animeganv2(), "lite": animeganv2_lite()}


@pytest.mark.parametrize("family", [*FAMILIES, *PAINTERS])
@pytest.mark.parametrize("budget", [GB, 3 * GB, 32 * GB])
def test_a_plan_is_found_at_once(family: str, budget: int) -> None:
    network = (FAMILIES | PAINTERS)[family]
    began = time.process_time()
    planned(network, 2984 if family in PAINTERS else 1000, 3976, budget, SIDES["onnx"], disk=2 * GB)
    assert time.process_time() - began < 0.6  # a busy machine takes three times as long


@pytest.mark.parametrize("name", PAINTERS)
def test_painters_with_norms_keep_what_stands_before_a_norm_and_nothing_costly_beside(name: str) -> None:
    network, sizes, chosen = planned(PAINTERS[name], 1000, 1000, 32 * GB, SIDES["onnx"])
    before = {each for each in network.by_name if any(reader.block.whole for reader in network.readers[each])}
    assert before <= chosen.kept
    assert chosen.exact
    assert counted(network, sizes, chosen) <= 1.001 * operations(network, sizes, network.by_name)


def test_full_precision_stays_while_it_costs_little() -> None:
    network = whitebox()
    roomy, tight, least = (planned(network, 1000, 1000, each * MB, SIDES["onnx"])[2] for each in (2000, 600, 450))
    assert roomy.exact
    assert len(tight.kept) >= len(least.kept)
    assert not least.exact


# --- What is counted is what is done ---


class Counting:
    """An executor that counts multiplications and additions."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.done = inner, 0
        self.strip_bytes, self.held, self.columns, self.concurrent = 1 << 20, 1.5, None, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def convolution(self, kernel: Array, bias: Array | None, stride: int, groups: int) -> Convolution:
        return self._counted(self.inner.convolution(kernel, bias, stride, groups), kernel.size)

    def doubling(self, kernel: Array, bias: Array | None) -> Convolution:
        """Four phases with 9, 6, 6 and 4 taps, of four pixels of the result."""
        return self._counted(self.inner.doubling(kernel, bias), kernel.size * 25 / 36)

    def _counted(self, act: Convolution, products: float) -> Convolution:
        def run(x: Array | Half, before: Activation | None = None) -> Array:
            made = act(x, before)
            self.done += round(2 * products * prod(made.shape[1:]))
            return made

        return run


THIN = {
    "white-box": whitebox(8),
    "vgg19": vgg19_to_relu4_1(16),
    "adain-decoder": adain_decoder(16),
    "u-net": unet(4),
    "residual-blocks": residual_blocks(2, 8),
}
ENLARGED = {"adain-decoder": 4}
"""Families that enlarge: they are given so much less, along each side."""


@pytest.fixture
def allotted() -> Iterator[Any]:
    """Fixes the bytes for one strip and for waiting layers."""
    with pytest.MonkeyPatch.context() as patch:

        def fix(strip: int, room: int) -> None:
            patch.setattr(engine, "allot", lambda *_: engine.Share(strip, room, 1))
            patch.setattr(memory, "free_scratch", lambda: 0)

        yield fix


@pytest.mark.parametrize("family", THIN)
@pytest.mark.parametrize(("strip", "room"), [(ROOMY, ROOMY), (60_000, ROOMY), (60_000, 60_000), (200_000, 0)])
def test_what_is_counted_is_done(
    family: str, strip: int, room: int, numpy_executor: Any, random_weights: Any, allotted: Any
) -> None:
    network = THIN[family]
    lean, executor = fused(network), Counting(numpy_executor)
    height, width = (side // ENLARGED.get(family, 1) for side in (64, 48))
    pixels = np.random.default_rng(0).random((height, width, lean.by_name[lean.nodes[0].name].channels), np.float32)
    sizes = lean.sizes(height, width)
    allotted(strip, room)
    heights = Heights(executor.strip_bytes, strip, None, False)
    expected = counted(lean, sizes, plan(lean, sizes, room, 0, heights))
    evaluate(network, random_weights(network), {"photo": pixels}, Job(), executor=executor)  # type: ignore[arg-type]
    probes = 0.2 if room < ROOMY else 0.0  # layers at half precision are looked at in one row first
    assert expected * 0.98 <= executor.done <= expected * (1.02 + probes)
    if room == ROOMY and strip == ROOMY:
        assert executor.done == pytest.approx(operations(lean, sizes, lean.by_name), rel=0.01)


@pytest.mark.parametrize("family", THIN)
def test_families_are_the_same_in_strips_as_in_one_piece(
    family: str, numpy_executor: Any, random_weights: Any, allotted: Any
) -> None:
    network = THIN[family]
    height, width = (side // ENLARGED.get(family, 1) for side in (48, 32))
    pixels = np.random.default_rng(0).random((height, width, network.nodes[0].channels), np.float32)
    weights = random_weights(network)

    def result(strip: int, room: int) -> NDArray[np.float32]:
        allotted(strip, room)
        (found,) = evaluate(network, weights, {"photo": pixels}, Job(), executor=numpy_executor).values()
        return found

    whole = result(ROOMY, ROOMY)
    spread = whole.std()
    assert spread > 0
    for strip, room, limit in ((40_000, ROOMY, 1e-5), (300_000, 0, 1e-5), (40_000, 100_000, 1e-2)):
        assert np.abs(result(strip, room) - whole).max() <= limit * max(spread, 1)


# --- Half precision ---


@pytest.mark.parametrize("level", [1e-6, 1.0, 255.0, 1e5, 1e9])
def test_features_of_any_size_wait_at_half_precision(level: float, numpy_executor: Any, allotted: Any) -> None:
    """The middle of the picture, which the scale is taken from, is darker than all else."""
    net = Builder()
    x = net.relu(net.conv(net.input, "a", 8, 3, bias=True))
    x = net.relu(net.conv(x, "b", 8, 3, bias=True))
    net.conv(net.add(net.conv(x, "c", 8, 3, bias=True), x), "d", 3, 3)
    network, rng = net.build("loud", multiple=1), np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in network.parameters.items()}
    weights["a.weight"] *= np.float32(level)
    weights["a.bias"] *= np.float32(0.001 * level)
    weights["b.bias"] *= np.float32(level)
    weights["c.bias"] *= np.float32(level)
    weights["d.weight"] /= np.float32(level)
    pixels = rng.random((64, 20, 3), np.float32)
    pixels[24:40] *= 1e-3

    def result(room: int) -> NDArray[np.float32]:
        allotted(20_000, room)
        (found,) = evaluate(network, weights, {"photo": pixels}, Job(), executor=numpy_executor).values()
        return found

    whole, half = result(ROOMY), result(25_000)
    assert np.isfinite(half).all()
    assert 0 < np.abs(half - whole).max() < 0.01 * whole.std()


def test_threads_do_not_change_a_family(random_weights: Any, photo: Any) -> None:
    pytest.importorskip("onnxruntime")
    net = Builder()
    x = net.relu(net.conv(net.input, "a", 16, 3, padding=Padding.tf_same(3)))
    skip = x
    for i in range(3):
        x = net.relu(net.conv(x, f"b{i}", 16, 3))
    net.tanh(net.conv(net.concat(skip, x), "c", 3, 3))
    network = net.build("skips", multiple=1)
    weights, pixels = random_weights(network), photo(150, 40)
    one, four = (run(network, weights, pixels, Job(engine="onnx", device="cpu", threads=n)) for n in (1, 4))
    assert np.array_equal(one, four)


@pytest.mark.parametrize("engine", ["onnx", pytest.param("mindspore", marks=pytest.mark.needs_mindspore)])
@pytest.mark.parametrize("family", THIN)
def test_families_are_what_onnxruntime_computes(family: str, engine: str, random_weights: Any) -> None:
    """The written graph, whole, against strips on the runtimes that paint them."""
    onnxruntime = pytest.importorskip("onnxruntime")
    network = THIN[family]
    weights, channels = random_weights(network), network.nodes[0].channels
    pixels = np.random.default_rng(0).random((96, 80, channels), np.float32)
    session = onnxruntime.InferenceSession(inner_model(network, weights), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {"photo": pixels.transpose(2, 0, 1)[None]})
    job = Job(engine=engine, device="cpu", threads=2)  # type: ignore[arg-type] # one of both
    (ours,) = evaluate(network, weights, {"photo": pixels}, job).values()
    expected = theirs[0].transpose(1, 2, 0)
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() < 1e-4 * max(1.0, np.abs(expected).max())
