"""Equal pixels, bit for bit, for any threads, budget and process: on every runtime, at every precision."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.job import Job, Precision
from senga.neural import engine as engine_room
from senga.neural.blocks import Padding
from senga.neural.engine import run
from senga.neural.graph import Builder, Network
from senga.neural.memory import MB, retained

RUNTIMES = {"onnx": "onnxruntime", "openvino": "openvino", "mindspore": "mindspore"}
ENGINES = [name for name, package in RUNTIMES.items() if find_spec(package)]
LOW_STRIPS = {"onnx": 0.001 / 255, "openvino": 0, "mindspore": 0.005 / 255}
SIZES = ((52, 40), (33, 61))


def painter() -> Network:
    """Layers as painters have them: norms of whole pictures, skips, both ways to enlarge, few channels at the end."""
    net = Builder()
    x0 = net.leaky_relu(net.layer_norm(net.conv(net.input, "first", 16, 7), "first_norm", 1e-5))
    x = net.leaky_relu(net.conv(x0, "down", 32, 3, 2, padding=Padding.tf_same(3, 2), bias=True))
    y = net.relu(net.instance_norm(net.depthwise(x, "each"), "each_norm", 1e-5))
    x = net.add(x, net.conv(y, "apart", 32, 3, groups=2, dilation=2))
    x = net.leaky_relu(net.layer_norm(net.conv(net.double(x, "tf1"), "up", 16, 3), "up_norm", 1e-5))
    x = net.add(x, net.leaky_relu(net.conv(net.double(net.max_pool(x), "half_pixel"), "wide", 16, 3, bias=True)))
    net.tanh(net.conv(net.add(x, x0), "last", 3, 7, pad_mode="zero", bias=True))
    return net.build("painter", multiple=4)


def painted(engine: Any, precision: Any, size: tuple[int, int], threads: int, room: int | None) -> NDArray[Any]:
    """A picture; ``room`` is what it may take in MB beside what the process holds."""
    network, rng = painter(), np.random.default_rng(size)
    weights = {
        name: rng.normal(name.endswith("norm.gamma"), 1 / np.sqrt(np.prod(shape[1:]) or 1), shape).astype(np.float32)
        for name, shape in network.parameters.items()
    }
    pixels = rng.random((*size, 3), np.float32)
    memory = None if room is None else retained.occupied() + room * MB
    job = Job(engine=engine, device="cpu", precision=precision, threads=threads, memory=memory)
    return np.asarray(run(network, weights, pixels, job))


def told(engine: str, precision: str) -> list[str]:
    """What stands for the pictures of all sizes."""
    return [hashlib.sha256(painted(engine, precision, size, 2, None).tobytes()).hexdigest() for size in SIZES]


@pytest.mark.parametrize(("engine", "precision"), list(product(ENGINES, get_args(Precision))))
def test_neither_threads_nor_the_budget_nor_what_was_painted_before_change_a_pixel(engine: str, precision: str) -> None:
    found: dict[tuple[int, int], NDArray[Any]] = {}
    for threads, room, size in product((2, 1, 3), (None, 700, 2500), (*SIZES, *SIZES[::-1])):
        now = painted(engine, precision, size, threads, room)
        assert now.std() > 0
        assert np.array_equal(found.setdefault(size, now), now), (threads, room, size)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_height_of_strips_does_not_change_a_pixel(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those below eight rows, which only the tightest budgets make, round differently where rows are mixed."""
    found = []
    monkeypatch.setattr(engine_room, "choose_whole", lambda *_: None)
    for strip in (1 << 40, 1 << 22, 1 << 20, 1 << 15):
        monkeypatch.setattr(
            engine_room, "allot", lambda *given, size=strip: engine_room.Share(size, 1 << 40, given[-1])
        )
        found.append(painted(engine, "full", (104, 80), 2, None))
    first, *others, lowest = found
    assert all(np.array_equal(first, other) for other in others)
    assert abs(lowest - first).max() <= LOW_STRIPS[engine]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_process_of_its_own_makes_the_same(engine: str) -> None:
    code = "import sys; from test_equal_pixels import told; print(*told(*sys.argv[1:]))"
    folder = str(Path(__file__).parent)
    for precision in get_args(Precision):
        words = [sys.executable, "-W", "ignore", "-c", f"import sys; sys.path.insert(0, {folder!r}); {code}"]
        done = subprocess.run([*words, engine, precision], capture_output=True, text=True, check=True)
        assert done.stdout.split() == told(engine, precision)


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine != "openvino"])
def test_runtimes_without_drafts_paint_results(engine: str) -> None:
    full, draft = (painted(engine, precision, SIZES[0], 2, None) for precision in ("full", "draft"))
    assert np.array_equal(full, draft)
