"""Strips, budgets, cancel, odd sizes, devices."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from senga.errors import Cancelled, MemoryBudgetError, SettingsError
from senga.job import Job
from senga.neural import engine, memory
from senga.neural.blocks import Padding
from senga.neural.budget import STRIP_OPERATIONS, Heights, operations
from senga.neural.executor import Activation, Array, Convolution, Half, halved
from senga.neural.fold import fused
from senga.neural.graph import Builder, Network
from senga.neural.plan import plan
from senga.neural.storage import Scratch, Store
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite

CORNER = Padding(bottom=1, right=1)
ROOMY = 1 << 40


def small_network() -> Network:
    """Everything that strips can get wrong: strides, both resizes, skips, a 7x7, norms of both kinds."""
    net = Builder()
    x0 = net.leaky_relu(net.layer_norm(net.conv(net.input, "in", 8, kernel=7), "in_norm", 1e-5))
    x = net.leaky_relu(net.instance_norm(net.conv(x0, "down", 8, 3, 2, padding=CORNER), "down_norm", 1e-5))
    x = net.add(x, net.conv(net.halve(x0, "tf1"), "half", 8, kernel=1))
    for i in range(2):
        y = net.leaky_relu(net.layer_norm(net.depthwise(x, f"dw{i}", bias=True), f"dw{i}_norm", 1e-5))
        x = net.add(x, net.layer_norm(net.conv(y, f"pw{i}", 8, kernel=1), f"pw{i}_norm", 1e-5))
    x = net.leaky_relu(net.layer_norm(net.conv(net.double(x, "tf1"), "up", 8, kernel=3), "up_norm", 1e-5))
    x = net.add(x0, x)
    x = net.leaky_relu(net.layer_norm(net.conv(x, "wide", 8, kernel=7), "wide_norm", 1e-5))
    net.tanh(net.conv(x, "out", 3, kernel=1))
    return net.build("small", multiple=2)


@contextmanager
def allotted(strip: int, room: int, disk: int = 0) -> Iterator[None]:
    """Fix the bytes for one strip, for waiting layers and for scratch files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "allot", lambda *given: engine.Share(strip, room, given[-1]))
        patch.setattr(memory, "free_scratch", lambda: disk)
        yield


@settings(max_examples=20, deadline=None)
@given(
    size=st.tuples(st.integers(1, 50), st.integers(1, 40)),
    strip=st.integers(10, 17),
    room=st.sampled_from([0, 3000, 20_000, 60_000, ROOMY]),
    disk=st.sampled_from([0, 20_000, ROOMY]),
)
@example(size=(2, 1), strip=10, room=0, disk=20_000)  # whose layers are too large for half precision
def test_the_budget_does_not_change_the_result(
    numpy_executor: Any, random_weights: Any, photo: Any, size: tuple[int, int], strip: int, room: int, disk: int
) -> None:
    network = small_network()
    weights, pixels = random_weights(network), photo(*size)
    with allotted(ROOMY, ROOMY):
        whole = engine.run(network, weights, pixels, Job(), executor=numpy_executor)
    with allotted(1 << strip, room, disk):
        strips = engine.run(network, weights, pixels, Job(), executor=numpy_executor)
    assert abs(strips - whole).mean() < 0.1 / 255
    assert abs(strips - whole).max() < 2 / 255


@pytest.mark.parametrize(
    ("network", "limit"),
    [(animeganv2(0.5), 0.1), (animeganv2_lite(), 0.1), (animeganv1(), 0.5)],
    ids=["v2", "lite", "v1"],
)
def test_strips_equal_the_whole(network: Network, limit: float, random_weights: Any, photo: Any) -> None:
    weights, pixels = random_weights(network), photo(72, 56)
    with allotted(ROOMY, ROOMY):
        whole = engine.run(network, weights, pixels, Job())
    for room, disk, most in ((ROOMY, 0, 1e-3), (600_000, 0, limit), (0, ROOMY, limit)):
        with allotted(1 << 20, room, disk):
            assert abs(engine.run(network, weights, pixels, Job()) - whole).mean() < most / 255


def test_whole_picture_definition(reference: Any, random_weights: Any, photo: Any, numpy_executor: Any) -> None:
    network = small_network()
    weights, pixels = random_weights(network), photo(30, 26)
    with allotted(1 << 12, ROOMY):
        found = engine.run(network, weights, pixels, Job(), executor=numpy_executor)
    assert abs(found - reference(network, weights, pixels)).max() < 1e-5


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 700), (65, 33)])
def test_tiny_and_odd_sizes(random_weights: Any, photo: Any, size: tuple[int, int]) -> None:
    network = animeganv2_lite()
    pixels = photo(*size)
    found = engine.run(network, random_weights(network), pixels, Job())
    assert found.shape == pixels.shape
    assert found.std() > 0 or size == (1, 1)


def test_every_depth(random_weights: Any, photo: Any, numpy_executor: Any) -> None:
    network = small_network()
    pixels, weights = photo(16, 16), random_weights(network)
    exact = engine.run(network, weights, np.rint(pixels * 255).astype(np.float32) / 255, Job(), executor=numpy_executor)
    for dtype, full in ((np.uint8, 255), (np.uint16, 65535)):
        steps = (np.rint(pixels * 255) * (full // 255)).astype(dtype)
        found = engine.run(network, weights, steps, Job(), executor=numpy_executor)
        assert found.dtype == dtype
        assert abs(found / full - exact).max() <= 0.501 / full + 1e-6


def test_statistics_are_of_the_whole_picture(random_weights: Any, photo: Any, numpy_executor: Any) -> None:
    network = small_network()
    weights, pixels = random_weights(network), photo(64, 24)
    pixels[32:] = pixels[32:] ** 3
    whole = engine.run(network, weights, pixels, Job(), executor=numpy_executor)
    half = engine.run(network, weights, pixels[:32], Job(), executor=numpy_executor)
    assert abs(whole[:16] - half[:16]).mean() > 1 / 255


class Forgetful:
    """An executor that runs out of memory when it is asked for much at once."""

    def __init__(self, inner: Any, limit: int) -> None:
        self._inner, self._limit, self.refusals = inner, limit, 0
        self.strip_bytes, self.held, self.concurrent = inner.strip_bytes, inner.held, True
        self.columns = inner.columns
        self.halved, self.widened = inner.halved, inner.widened

    def convolution(self, kernel: Array, bias: Array | None, stride: int, groups: int) -> Convolution:
        return self._limited(self._inner.convolution(kernel, bias, stride, groups))

    def doubling(self, kernel: Array, bias: Array | None) -> Convolution:
        return self._limited(self._inner.doubling(kernel, bias))

    def _limited(self, inner: Convolution) -> Convolution:
        def run(x: Array | Half, before: Activation | None = None) -> Array:
            if x.nbytes > self._limit:
                self.refusals += 1
                raise MemoryError
            return inner(x, before)

        return run


def test_smaller_strips_when_memory_runs_out(random_weights: Any, photo: Any, numpy_executor: Any) -> None:
    network = small_network()
    weights, pixels = random_weights(network), photo(60, 40)
    whole = engine.run(network, weights, pixels, Job(), executor=numpy_executor)
    forgetful = Forgetful(numpy_executor, 16_000)
    with allotted(ROOMY, ROOMY):
        found = engine.run(network, weights, pixels, Job(), executor=forgetful)
        assert forgetful.refusals > 0
        assert abs(found - whole).max() < 1e-5
        with pytest.raises(MemoryBudgetError, match="even for the smallest strip"):
            engine.run(network, weights, pixels, Job(), executor=Forgetful(numpy_executor, 1000))


def test_a_budget_that_is_too_small_names_the_mend(random_weights: Any, photo: Any, numpy_executor: Any) -> None:
    network = small_network()
    with pytest.raises(MemoryBudgetError, match=r"budget of 100 MB is too small .* allow at least \d+ MB"):
        engine.run(network, random_weights(network), photo(20, 20), Job(memory=100 << 20), executor=numpy_executor)


def test_a_full_scratch_folder_names_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full.open("r+b", buffering=0))
    scratch = Scratch(0, ceiling=0)
    store = Store(scratch, np.zeros(2, np.float32))
    with pytest.raises(MemoryBudgetError, match="SENGA_SCRATCH"):
        store.append(np.zeros((2, 3, 4), np.float16))
    scratch.room = 100
    store.append(np.ones((2, 3, 4), np.float16))
    assert np.all(next(store.pieces(0, 3)) == 1)
    store.close()
    scratch.close()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("room", [0, 200, ROOMY])
def test_stores_give_back_what_they_took(exact: bool, room: int) -> None:
    rows = np.random.default_rng(0).integers(-99, 99, (3, 10, 4)).astype(np.float32)
    offset = np.float32([0, 1000, -5000])
    scratch = Scratch(room)
    store = Store(scratch, None if exact else offset)

    def read(start: int, stop: int) -> NDArray[np.float32]:
        found = np.concatenate(list(store.pieces(start, stop)), axis=1).astype(np.float32)
        return found if store.offset is None else found + store.offset[:, None, None]

    rows += offset[:, None, None]
    for start, stop in ((0, 4), (4, 5), (5, 10)):
        block = rows[:, start:stop]
        store.append(block if exact else halved(block, offset))
    for start, stop in ((0, 10), (3, 6), (4, 5), (9, 10)):
        assert abs(read(start, stop) - rows[:, start:stop]).max() < 0.1
    store.drop_above(5)
    assert abs(read(6, 9) - rows[:, 6:9]).max() < 0.1
    store.close()
    assert scratch.room == room
    scratch.close()


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), st.booleans()), max_size=40),
    room=st.sampled_from([0, 100, 1000]),
)
def test_places_in_the_scratch_file_are_used_again_and_never_twice_at_once(
    steps: list[tuple[int, int, bool]], room: int
) -> None:
    """Rows come and go in four stores of different widths, in any order."""
    scratch = Scratch(room)
    stores = [Store(scratch, np.zeros(2, np.float32)) for _ in range(4)]
    rows = [np.zeros((2, 0, 3 + i), np.float16) for i in range(4)]
    dropped = [0] * 4
    rng = np.random.default_rng(len(steps))
    for i, count, drop in steps:
        if drop:
            dropped[i] = min(dropped[i] + count, rows[i].shape[1])
            stores[i].drop_above(dropped[i])
        else:
            block = rng.normal(size=(2, count, 3 + i)).astype(np.float16)
            stores[i].append(block)
            rows[i] = np.concatenate([rows[i], block], axis=1)
        for store, all_rows, row in zip(stores, rows, dropped, strict=True):
            found = list(store.pieces(row, all_rows.shape[1]))
            assert np.array_equal(np.concatenate([all_rows[:, :row], *found], axis=1), all_rows)
    for store in stores:
        store.close()
    assert scratch.room == room
    scratch.close()


def test_the_scratch_file_does_not_grow_while_as_much_goes_as_comes() -> None:
    scratch = Scratch(0)
    store = Store(scratch, np.zeros(2, np.float32))
    sizes = set()
    for i in range(50):
        store.append(np.full((2, 4, 8), i, np.float16))
        store.drop_above(4 * i - 8)
        assert scratch._file is not None
        sizes.add(os.fstat(scratch._file._file.fileno()).st_size)
    assert max(sizes) <= 4 * 2 * 4 * 8 * 2
    scratch.close()


def test_rows_go_to_the_file_where_the_process_holds_enough() -> None:
    scratch = Scratch(ROOMY, ceiling=memory.resident() // 2)
    store = Store(scratch, np.zeros(2, np.float32))
    store.append(np.ones((2, 4, 8), np.float16))
    assert scratch.room == ROOMY
    assert np.all(next(store.pieces(1, 3)) == 1)
    scratch.close()


def test_progress_rises_and_cancel_stops(random_weights: Any, photo: Any, numpy_executor: Any) -> None:
    network = small_network()
    weights, pixels = random_weights(network), photo(48, 32)
    shares: list[float] = []
    job = Job(on_progress=lambda share, _: shares.append(share))
    with allotted(1 << 15, ROOMY):
        engine.run(network, weights, pixels, job, executor=numpy_executor)
        assert shares == sorted(shares)
        assert shares[0] == 0
        assert shares[-1] == 1
        assert len(shares) > 20
        before = len(shares)
        stop = Job(on_progress=job.on_progress, cancelled=lambda: len(shares) > before + 5)
        with pytest.raises(Cancelled):
            engine.run(network, weights, pixels, stop, executor=numpy_executor)
        assert len(shares) <= before + 6


def test_no_strip_works_long() -> None:
    network = fused(animeganv2())
    sizes = network.sizes(3000, 4000)
    chosen = plan(network, sizes, ROOMY, 0, Heights(32 << 20, ROOMY, 512, True))
    for sweep, rows in zip(chosen.sweeps, chosen.rows, strict=True):
        work = operations(network, sizes, sweep.nodes)
        assert work * rows / sizes[sweep.root][0] < 1.5 * STRIP_OPERATIONS


def test_unknown_devices_are_refused(random_weights: Any, photo: Any) -> None:
    network = small_network()
    with pytest.raises(SettingsError, match="choose auto, cpu, gpu, cuda, directml, coreml, ascend"):
        engine.run(network, random_weights(network), photo(8, 8), Job(device="abacus"))


def child(code: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=os.environ | env, text=True, capture_output=True, check=False)


CHILD = """
import sys, numpy as np
{before}
from senga.job import Job
from senga.neural import engine
from senga.plugins.animegan.network import animeganv2
assert "mindspore" not in sys.modules
network = animeganv2(0.25)
rng = np.random.default_rng(0)
weights = {{name: rng.normal(0, 0.1, shape).astype("f4") for name, shape in network.parameters.items()}}
result = engine.run(network, weights, rng.random((40, 64, 3), "f4"), Job(threads={threads}, device="cpu"))
print(result.tobytes().hex())
{after}
"""


def test_a_quiet_run_that_leaves_nothing_behind_on_any_number_of_threads(tmp_path: Path) -> None:
    runs = [child(CHILD.format(before="", after="", threads=threads), tmp_path) for threads in (1, 2)]
    for run in runs:
        assert (run.returncode, run.stderr) == (0, "")
    assert runs[0].stdout == runs[1].stdout
    assert list(tmp_path.iterdir()) == []


def test_protobuf_may_have_been_imported_before(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    after = "assert onnx.helper.make_node('Relu', ['x'], ['y']).op_type == 'Relu'"
    run = child(CHILD.format(before="import onnx.helper", after=after, threads=1), tmp_path)
    assert run.returncode == 0, run.stderr


def test_missing_mindspore_names_what_to_install(tmp_path: Path) -> None:
    run = child(
        CHILD.format(before="sys.modules['mindspore'] = None", after="", threads=1)
        .replace("assert", "#")
        .replace('device="cpu"', 'device="cpu", engine="mindspore"'),
        tmp_path,
    )
    last = run.stderr.strip().splitlines()[-1]
    assert "MissingExtraError" in last
    assert "pip install 'mindspore" in last or "has no wheel" in last
