"""Every network on both runtimes against its definition in float64, and the choice between them."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from senga.errors import MissingExtraError, SettingsError
from senga.job import Job
from senga.neural import executors
from senga.neural.blocks import Sampling
from senga.neural.engine import run
from senga.neural.executor import Activation, Executor
from senga.neural.graph import Network
from senga.neural.onnx import executor, runtime
from senga.neural.onnx.executor import PIECE, OnnxExecutor
from senga.neural.winograd import ROWS, matrices
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite

ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"no {package} here"))
    for name, package in (("onnx", "onnxruntime"), ("mindspore", "mindspore"), ("openvino", "openvino"))
]
SAMPLINGS: tuple[Sampling, ...] = ("tf1", "half_pixel", "align_corners")
NETWORKS = {
    "v2": animeganv2(),
    "v2-half": animeganv2(0.5),
    **{f"lite-{sampling}": animeganv2_lite(upsample=sampling) for sampling in SAMPLINGS},
    **{f"v2-quarter-{sampling}": animeganv2(0.25, upsample=sampling) for sampling in SAMPLINGS},
    "v1": animeganv1(),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_networks_equal_their_definition(
    network: Network, engine: str, reference: Any, random_weights: Any, photo: Any
) -> None:
    weights, pixels = random_weights(network), photo(48, 40)
    found = run(network, weights, pixels, Job(engine=engine, device="cpu"))
    assert abs(found - reference(network, weights, pixels)).max() < 0.5 / 255


@pytest.mark.parametrize("taps", [2, 3, 5, 7])
def test_mixed_rows_give_the_convolution(taps: int) -> None:
    rng = np.random.default_rng(taps)
    x, kernel = rng.normal(size=taps + ROWS - 1), rng.normal(size=taps)
    before, during, after = matrices(taps)
    assert np.allclose(after @ ((during @ kernel) * (before @ x)), np.correlate(x, kernel, "valid"), atol=1e-12)


@pytest.fixture(scope="module")
def onnx() -> OnnxExecutor:
    pytest.importorskip("onnxruntime")
    return OnnxExecutor("cpu")


@pytest.fixture(scope="module", params=["onnx", "openvino"])
def reader(request: pytest.FixtureRequest) -> Executor:
    """What reads small models."""
    if request.param == "onnx":
        found: Executor = request.getfixturevalue("onnx")
        return found
    return openvino_strips("full")


def openvino_strips(precision: str) -> Any:
    if not executors.installed("openvino"):
        pytest.skip("no OpenVINO here")
    from senga.neural.openvino_strips import OpenVinoStrips

    return OpenVinoStrips("cpu", 2, precision)


@pytest.mark.parametrize(("rows", "width"), [(1, 30), (6, 9), (8, 2 * PIECE + 37)])
@pytest.mark.parametrize(
    ("shape", "stride", "groups"),
    [
        ((16, 32, 7, 7), 1, 1),
        ((32, 16, 3, 3), 1, 1),
        ((32, 16, 3, 3), 2, 1),
        ((16, 1, 3, 3), 1, 16),
        ((5, 9, 1, 1), 1, 1),
        ((6, 4, 3, 3), 1, 3),
        ((3, 32, 7, 7), 1, 1),
        ((1, 16, 1, 3), 1, 1),
        ((8, 16, 3, 2), 1, 1),
    ],
)
def test_convolutions(
    reader: Executor, numpy_executor: Any, shape: tuple[int, ...], stride: int, groups: int, rows: int, width: int
) -> None:
    rng = np.random.default_rng(1)
    kernel, bias = (rng.normal(0, 0.2, size).astype(np.float32) for size in (shape, shape[0]))
    channels = shape[1] * groups
    x = rng.normal(0, 1, (channels, rows * stride + shape[2] - 1, width * stride + shape[3] - 1)).astype(np.float32)
    before = Activation(*rng.normal(0, 1, (2, channels)).astype(np.float32), 0.2)
    for kind, limit in ((np.float32, 1e-3), (np.float16, 1e-3)):
        given = x.astype(kind)
        ours = reader.convolution(kernel, bias, stride, groups)(given.copy(), before)
        theirs = numpy_executor.convolution(kernel, bias, stride, groups)(given.copy(), before)
        assert ours.shape == theirs.shape
        assert abs(ours - theirs).max() < limit


@pytest.mark.parametrize(("rows", "width"), [(1, 5), (4, PIECE // 2 + 3)])
@pytest.mark.parametrize("channels", [5, 16])
def test_doubling(reader: Executor, numpy_executor: Any, channels: int, rows: int, width: int) -> None:
    rng = np.random.default_rng(2)
    kernel, bias = rng.normal(0, 0.2, (channels, channels, 3, 3)).astype(np.float32), np.ones(channels, np.float32)
    x = rng.normal(0, 1, (channels, rows + 2, width + 2)).astype(np.float32)
    ours = reader.doubling(kernel, bias)(x)
    assert abs(ours - numpy_executor.doubling(kernel, bias)(x)).max() < 1e-4


@pytest.mark.parametrize("slope", [1.0, 0.2])
def test_half_precision_and_back(reader: Executor, numpy_executor: Any, slope: float) -> None:
    rng = np.random.default_rng(3)
    x, offset = rng.normal(5, 1, (3, 8, 6)).astype(np.float32), np.float32([4, 5, 6])
    half = reader.halved(x, offset)
    assert np.array_equal(half, numpy_executor.halved(x, offset))
    before = Activation(*rng.normal(0, 1, (2, 3)).astype(np.float32), slope)
    for rows in (half, half[:, 2:5]):
        ours, theirs = np.zeros((2, *rows.shape), np.float32)
        reader.widened(rows, before, ours)
        numpy_executor.widened(rows, before, theirs)
        assert abs(ours - theirs).max() < 1e-6
        assert ours.std() > 0.1


def test_half_precision_channels_by_channels(
    onnx: OnnxExecutor, numpy_executor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(3).normal(5, 1, (5, 9, 6)).astype(np.float32)
    offset = np.arange(5, dtype=np.float32)
    for size in (1, 2 * 4 * 8 * 6, 1 << 20):
        monkeypatch.setattr(executor, "HALVED", size)
        for rows in (x, x[:, :8]):
            assert np.array_equal(onnx.halved(rows, offset), numpy_executor.halved(rows, offset))


@pytest.mark.parametrize("biased", [True, False])
def test_drafts_are_near_and_never_full(numpy_executor: Any, biased: bool) -> None:
    strips, rng = openvino_strips("draft"), np.random.default_rng(4)
    if not strips.drafts:
        pytest.skip("this processor has no bfloat16")
    kernel, x = (rng.normal(0, 0.1, size).astype(np.float32) for size in ((16, 16, 3, 3), (16, 20, 30)))
    bias = rng.normal(0, 0.1, 16).astype(np.float32) if biased else None
    for kind in ("convolution", "doubling"):
        given = (1, 1) if kind == "convolution" else ()
        ours, theirs = (getattr(each, kind)(kernel, bias, *given)(x.copy()) for each in (strips, numpy_executor))
        assert 0 < abs(ours - theirs).max() < 0.02 * abs(theirs).max()


CHILD = """
import sys
{before}
from senga.job import Job
from senga.neural.engine import run
from senga.plugins.animegan.network import animeganv2
import numpy as np
network = animeganv2(0.25)
rng = np.random.default_rng(0)
weights = {{name: rng.normal(0, 0.1, shape).astype("f4") for name, shape in network.parameters.items()}}
result = run(network, weights, rng.random((72, 64, 3), "f4"), Job(threads={threads}, device="cpu", engine="{engine}"))
print(result.tobytes().hex())
{after}
"""


def child(folder: Path, engine: str, threads: int = 1, before: str = "", after: str = "") -> Any:
    code = CHILD.format(before=before, after=after, threads=threads, engine=engine)
    words = [sys.executable, "-c", code]
    return subprocess.run(words, cwd=folder, env=dict(os.environ), text=True, capture_output=True, check=False)


def test_onnxruntime_alone_paints_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    alone = "sys.modules['mindspore'] = None"
    runs = [child(tmp_path, "onnx", threads, before=alone) for threads in (1, 3)]
    for done in runs:
        assert (done.returncode, done.stderr) == (0, "")
    assert runs[0].stdout == runs[1].stdout
    assert list(tmp_path.iterdir()) == []


def test_mindspore_stays_away_while_onnxruntime_paints(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    done = child(tmp_path, "onnx", after="assert 'mindspore' not in sys.modules")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_any_runtime_the_error_says_what_to_install(tmp_path: Path) -> None:
    done = child(
        tmp_path, "auto", before="for name in ('mindspore', 'onnxruntime', 'openvino'): sys.modules[name] = None"
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "MissingExtraError" in last
    assert 'pip install "senga[fast]"' in last


@pytest.fixture
def unready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Executors of this test are made anew, and forgotten after it."""
    for made in (executors.choose, executors._mindspore, executors._onnx):
        monkeypatch.setattr(executors, made.__name__, made.__wrapped__)  # type: ignore[attr-defined] # of lru_cache


@pytest.mark.usefixtures("unready")
def test_an_old_onnxruntime_gives_way_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("mindspore")
    old = ModuleType("onnxruntime")
    old.__dict__.update(__version__="1.9.0", set_default_logger_severity=lambda _: None)
    old.__spec__ = SimpleNamespace()  # type: ignore[assignment] # anything but None: it can be found
    monkeypatch.setitem(sys.modules, "onnxruntime", old)
    with caplog.at_level(logging.WARNING):
        assert type(executors.choose("auto", "cpu", 1)).__name__ == "MindSporeExecutor"
    assert (
        [line for line in caplog.messages if "1.9.0 is too old" in line and "\n" not in line] == caplog.messages != []
    )
    with pytest.raises(MissingExtraError, match=r"1\.9\.0 is too old.*senga\[fast\]"):
        executors.choose("onnx", "cpu", 1)


def onnxruntime_like(**parts: Any) -> ModuleType:
    """A library that could be onnxruntime, but for these parts."""
    made = ModuleType("onnxruntime")
    silent = {name: lambda *_: None for name in ("set_default_logger_severity", "create_and_register_allocator")}
    kinds = ("OrtMemoryInfo", "OrtArenaCfg", "OrtAllocatorType", "OrtMemType")
    made.__dict__.update(silent, __version__="1.99.0", get_available_providers=lambda: [runtime.CPU])
    made.__dict__.update({name: lambda *_: None for name in kinds} | {"SessionOptions": Options} | parts)
    made.OrtAllocatorType = made.OrtMemType = SimpleNamespace(ORT_ARENA_ALLOCATOR=0, DEFAULT=0)  # type: ignore[attr-defined]
    made.__spec__ = SimpleNamespace()  # type: ignore[assignment] # anything but None: it can be found
    return made


class Options:
    """Takes anything."""

    def add_session_config_entry(self, *_: str) -> None: ...


def raising(*_: Any, **__: Any) -> Any:
    raise OSError("no such instruction\nin some library")


def wrong(*_: Any, **__: Any) -> Any:
    return SimpleNamespace(run=lambda *_: [np.zeros(1)], get_providers=lambda: [runtime.CPU])


@pytest.mark.usefixtures("unready")
@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"set_default_logger_severity": raising}, "no such instruction"),
        ({"InferenceSession": raising}, "no such instruction"),
        ({"SessionOptions": None}, "not callable"),
        ({"InferenceSession": wrong}, "it computes wrong numbers"),
    ],
    ids=["import", "session", "options", "numbers"],
)
def test_a_broken_onnxruntime_gives_way_with_one_line(
    parts: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("mindspore")
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime_like(**parts))
    with caplog.at_level(logging.WARNING):
        assert type(executors.choose("auto", "cpu", 1)).__name__ == "MindSporeExecutor"
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]
    assert f"onnxruntime is installed but does not start here ({says}" in caplog.messages[0].replace(
        "'NoneType' object is ", ""
    )
    with pytest.raises(MissingExtraError, match=r"does not start here .*senga\[fast\]"):
        executors.choose("onnx", "cpu", 1)


@pytest.mark.usefixtures("unready")
def test_where_every_runtime_is_broken_the_first_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime_like(InferenceSession=raising))
    monkeypatch.setitem(sys.modules, "mindspore", None)
    with pytest.raises(MissingExtraError, match=r"onnxruntime is installed but does not start here"):
        executors.choose("auto", "cpu", 1)


@pytest.mark.usefixtures("unready")
@pytest.mark.parametrize("device", ["cuda", "directml", "coreml", "gpu", "ascend"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    module = pytest.importorskip("onnxruntime")
    if runtime.ACCELERATORS.get(device, "") in module.get_available_providers() or len(
        set(runtime.ACCELERATORS.values()) & set(module.get_available_providers())
    ):
        pytest.skip("there is an accelerator")
    with pytest.raises(SettingsError, match=f"“{device}”"):
        executors.choose("onnx", device, 1)


def test_a_model_that_is_refused_is_one_sentence(reader: Any) -> None:
    with pytest.raises(MissingExtraError, match=r"refuses a network .*senga\[fast\]"):
        reader.session(b"no model")


def test_engines_are_known_by_name() -> None:
    with pytest.raises(SettingsError, match="choose auto, mindspore, onnx or openvino"):
        executors.choose("abacus", "auto", 1)
