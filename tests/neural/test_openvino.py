"""Whole pictures in OpenVINO: exactness, drafts, equal pixels, memory, cancel, and when it paints at all."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from senga.errors import Cancelled, MemoryBudgetError, MissingExtraError, SettingsError
from senga.job import Job, Precision
from senga.neural import compiled, engine, executors, speed
from senga.neural.engine import run
from senga.neural.graph import Builder
from senga.neural.memory import MB, Retained, resident, retained
from senga.plugins.animegan.network import animeganv1, animeganv2, animeganv2_lite
from senga.plugins.animegan.painting import network_of
from senga.registry import Plugins

sys.path.insert(0, str(Path(__file__).parent))
import families

openvino_runtime = pytest.importorskip("senga.neural.openvino_runtime")
if not executors.installed("openvino"):
    pytest.skip("no OpenVINO here", allow_module_level=True)

NETWORK = animeganv2(0.25)
WHOLE = Job(engine="openvino")
KINDS: tuple[Precision, ...] = get_args(Precision)


@pytest.fixture
def weights(random_weights: Any) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = random_weights(NETWORK)
    return found


@pytest.fixture
def unready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runtimes of this test are made anew, and forgotten after it."""
    names = ("choose", "choose_whole", "_mindspore", "_onnx", "_openvino")
    for name in names:
        monkeypatch.setattr(executors, name, getattr(executors, name).__wrapped__)
    monkeypatch.setattr(engine, "choose", executors.choose)
    monkeypatch.setattr(engine, "choose_whole", executors.choose_whole)


@pytest.fixture
def painted_whole(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The sizes of pictures that OpenVINO paints."""
    seen: list[tuple[int, ...]] = []
    compute = openvino_runtime.OpenVino.compute

    def watched(self: Any, network: Any, weights: Any, given: Any, tell: Any) -> Any:
        seen.append(next(iter(given.values())).shape)
        return compute(self, network, weights, given, tell)

    monkeypatch.setattr(openvino_runtime.OpenVino, "compute", watched)
    return seen


@pytest.mark.parametrize("style", ["painted-comic", "hokusai"])
def test_shipped_styles(style: str, photo: Any) -> None:
    """Both precisions against the strips; drafts differ, so that nobody takes one for a result."""
    pytest.importorskip("onnxruntime")
    found = Plugins().store().load(style)
    network, pixels = network_of(found.card), photo(240, 320)
    strips = run(network, found.arrays, pixels, Job(engine="onnx", device="cpu"))
    full = run(network, found.arrays, pixels, WHOLE)
    assert abs(full - strips).max() < 0.02 / 255
    draft = run(network, found.arrays, pixels, Job(engine="openvino", precision="draft"))
    assert abs(draft - full).mean() < 0.8 / 255
    assert drafts() == (abs(draft - full).max() > 0)


def drafts() -> bool:
    found: bool = openvino_runtime.OpenVino("cpu", 1, "draft").drafts
    return found


@pytest.mark.parametrize("precision", ["full", "draft"])
def test_threads_and_earlier_pictures_do_not_change_a_pixel(
    precision: str, weights: dict[str, NDArray[Any]], photo: Any
) -> None:
    sizes = [(96, 120), (40, 24), (64, 64)]
    found: dict[tuple[int, int], NDArray[Any]] = {}
    for threads, order in ((1, sizes), (2, sizes[::-1]), (3, sizes[1:] + sizes[:2])):
        for size in order:
            job = Job(engine="openvino", threads=threads, precision=precision)
            painted = run(NETWORK, weights, photo(*size), job)
            assert np.array_equal(found.setdefault(size, painted), painted)


def test_two_pictures_at_once_do_not_mix(weights: dict[str, NDArray[Any]], photo: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    pictures = [photo(64, 40 + 8 * i, seed=i) for i in range(4)]
    alone = [run(NETWORK, weights, picture, WHOLE) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda picture: run(NETWORK, weights, picture, WHOLE), pictures)
    assert all(np.array_equal(*pair) for pair in zip(alone, together, strict=True))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 700), (65, 33)])
def test_tiny_and_odd_sizes(weights: dict[str, NDArray[Any]], photo: Any, size: tuple[int, int]) -> None:
    pytest.importorskip("onnxruntime")
    found = run(NETWORK, weights, photo(*size), WHOLE)
    assert abs(found - run(NETWORK, weights, photo(*size), Job(engine="onnx"))).max() < 0.05 / 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_depth(dtype: Any, weights: dict[str, NDArray[Any]], photo: Any) -> None:
    pixels, full = photo(300, 24), np.iinfo(dtype).max
    steps = np.rint(pixels * full).astype(dtype)
    found = run(NETWORK, weights, steps, WHOLE)
    exact = run(NETWORK, weights, steps.astype(np.float32) / full, WHOLE)
    assert found.dtype == dtype
    assert abs(found / full - exact).max() <= 0.51 / full + 4e-5  # what rounding makes of an input that is 1e-8 away


def test_strips_paint_what_the_memory_is_too_small_for(
    weights: dict[str, NDArray[Any]], photo: Any, painted_whole: list[tuple[int, ...]]
) -> None:
    pixels = photo(256, 256)
    whole = run(NETWORK, weights, pixels, WHOLE)
    assert painted_whole == [(3, 256, 256)]
    small = Job(engine="openvino", memory=retained.occupied() + 170 * MB)
    strips = run(NETWORK, weights, pixels, small)
    assert len(painted_whole) == 1
    assert abs(strips - whole).mean() < 0.1 / 255


@pytest.mark.parametrize("precision", ["full", "draft"])
def test_a_budget_in_which_the_picture_fits_does_not_change_a_pixel(
    precision: str, weights: dict[str, NDArray[Any]], photo: Any, painted_whole: list[tuple[int, ...]]
) -> None:
    budgets = (None, retained.occupied() + 400 * MB, retained.occupied() + 5000 * MB)
    jobs = [Job(engine="openvino", precision=precision, memory=memory) for memory in budgets]
    first, *others = [run(NETWORK, weights, photo(96, 120), job) for job in jobs]
    assert len(painted_whole) == 3
    assert all(np.array_equal(first, other) for other in others)


def test_a_draft_for_which_the_memory_is_too_small_is_as_exact_as_a_result(
    monkeypatch: pytest.MonkeyPatch,
    weights: dict[str, NDArray[Any]],
    photo: Any,
    painted_whole: list[tuple[int, ...]],
) -> None:
    """Unless OpenVINO is insisted on: onnxruntime's strips take no longer."""
    pytest.importorskip("onnxruntime")
    whole = run(NETWORK, weights, photo(96, 120), WHOLE)
    painted_whole.clear()
    monkeypatch.setattr(openvino_runtime.OpenVino, "needs", lambda *_: sys.maxsize)
    full, draft = (run(NETWORK, weights, photo(96, 120), Job(precision=precision)) for precision in KINDS)
    assert painted_whole == []
    assert np.array_equal(full, draft)
    assert abs(draft - whole).max() < 0.02 / 255


def test_it_stays_below_what_it_says_that_it_needs(random_weights: Any, photo: Any) -> None:
    pixels = photo(600, 600)
    for network in (animeganv2(0.5), animeganv2_lite(), animeganv1()):
        runtime = openvino_runtime.OpenVino("cpu", 2, "full")
        before = resident()
        run_alone(runtime, network, random_weights(network), pixels)
        assert resident() - before < runtime.needs(network, network.sizes(600, 600))
        runtime.release()


def run_alone(runtime: Any, network: Any, weights: Any, pixels: NDArray[Any]) -> Any:
    (name,), (output,) = network.inputs, network.outputs
    given = {name: np.ascontiguousarray(pixels.transpose(2, 0, 1) * 2 - 1)}
    return runtime.compute(network, weights, given, lambda _: None)[output.name]


def test_what_is_given_back_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([1000, 1400, 1400, 1100, 1100])
    monkeypatch.setattr("senga.neural.memory.resident", lambda: next(sizes))
    held = Retained()
    with held.measured():
        pass
    held.given_back(lambda: None)
    assert held.occupied() == 1000


def test_progress_rises_and_cancel_stops_soon(random_weights: Any, photo: Any) -> None:
    network = animeganv2()
    weights, pixels = random_weights(network), photo(512, 512)
    run(network, weights, pixels[:64, :64], WHOLE)
    shares: list[float] = []
    asked: list[float] = []

    def cancelled() -> bool:
        if len(shares) > 3 and not asked:
            asked.append(time.monotonic())
        return len(shares) > 3

    with pytest.raises(Cancelled):
        run(network, weights, pixels, Job(lambda share, _: shares.append(share), cancelled, engine="openvino"))
    assert time.monotonic() - asked[0] < 5  # on a busy machine; a quiet one takes a tenth of a second
    assert shares == sorted(shares)
    assert abs(run(network, weights, pixels[:64, :64], WHOLE)).std() > 0


def test_what_a_listener_raises_is_not_taken_for_openvino(weights: dict[str, NDArray[Any]], photo: Any) -> None:
    def listener(share: float, note: str) -> None:
        if share > 0:
            raise RuntimeError("from outside")

    with pytest.raises(RuntimeError, match="from outside"):
        run(NETWORK, weights, photo(32, 32), Job(listener, engine="openvino"))


@pytest.mark.parametrize("bias", [False, True])
def test_convolutions_take_up_doublings_and_batch_norms(
    bias: bool, random_weights: Any, numpy_executor: Any, photo: Any
) -> None:
    net = Builder()
    x = net.leaky_relu(net.conv(net.input, "a", 8, 3, 2, bias=bias))
    doubled = net.double(x, "tf1")
    x = net.leaky_relu(net.batch_norm(net.conv(doubled, "b", 6, 3, bias=bias), "b.norm"))
    x = net.batch_norm(net.depthwise(x, "c", bias=bias), "c.norm")
    net.tanh(net.conv(net.add(x, net.conv(doubled, "d", 6, 3, bias=bias)), "e", 3, 1))
    network = net.build("taken up", multiple=2)
    weights = {name: abs(array) if "running_var" in name else array for name, array in random_weights(network).items()}
    pixels = photo(26, 34)
    found = run(network, weights, pixels, WHOLE)
    expected = run(network, weights, pixels, Job(), executor=numpy_executor)
    assert abs(found - expected).max() < 0.02 / 255
    assert expected.std() > 0.05


# ---- compiled networks on disk


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each network that is compiled, and not read back."""
    seen: list[int] = []
    keep = compiled.keep

    def watched(key: bytes, content: bytes) -> None:
        seen.append(len(content))
        keep(key, content)

    monkeypatch.setattr(compiled, "keep", watched)
    return seen


def painted_anew(weights: Any, pixels: NDArray[Any], precision: str = "full", threads: int = 2) -> NDArray[Any]:
    """As a fresh process paints."""
    found: NDArray[Any] = run_alone(openvino_runtime.OpenVino("cpu", threads, precision), NETWORK, weights, pixels)
    return found


@pytest.mark.parametrize("precision", ["full", "draft"])
def test_a_fresh_process_reads_back_what_was_compiled_and_paints_the_same(
    precision: str, compilations: list[int], weights: Any, photo: Any
) -> None:
    first = painted_anew(weights, photo(64, 48), precision)
    assert np.array_equal(painted_anew(weights, photo(64, 48), precision), first)
    assert len(compilations) == 1
    assert compilations[0] < 40 * MB


def test_every_network_precision_and_number_of_threads_has_its_own(
    compilations: list[int], weights: Any, photo: Any
) -> None:
    other = weights | {name: array * np.float32(1.1) for name, array in list(weights.items())[:1]}
    kinds = [(weights, "full", 1), (weights, "full", 2), (other, "full", 2), *([(weights, "draft", 2)] * drafts())]
    for _ in range(2):
        for given, precision, threads in kinds:
            painted_anew(given, photo(24, 24), precision, threads)
    assert len(compilations) == len(kinds)


def test_another_version_or_processor_compiles_anew(
    monkeypatch: pytest.MonkeyPatch, compilations: list[int], weights: Any, photo: Any
) -> None:
    painted_anew(weights, photo(24, 24))
    monkeypatch.setattr(openvino_runtime.platform, "machine", lambda: "another")
    painted_anew(weights, photo(24, 24))
    assert len(compilations) == 2


def test_what_is_damaged_or_deleted_is_made_anew_and_replaced(
    compilations: list[int], weights: Any, photo: Any
) -> None:
    first = painted_anew(weights, photo(24, 24))
    (file,) = compiled.folder().iterdir()
    content = file.read_bytes()
    for change in (content[:-7], content[:99] + b"?" + content[100:], b"", None):
        file.unlink() if change is None else file.write_bytes(change)
        assert np.array_equal(painted_anew(weights, photo(24, 24)), first)
        assert file.read_bytes()[:48] == content[:48]
    assert len(compilations) == 5
    painted_anew(weights, photo(24, 24))
    assert len(compilations) == 5


def test_what_openvino_does_not_read_back_is_compiled(compilations: list[int], weights: Any, photo: Any) -> None:
    first = painted_anew(weights, photo(24, 24))
    (file,) = compiled.folder().iterdir()
    compiled.keep(bytes.fromhex(file.name), b"complete, but no network")
    assert np.array_equal(painted_anew(weights, photo(24, 24)), first)
    assert len(compilations) == 3


def test_without_a_place_for_them_networks_are_compiled_each_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compilations: list[int], weights: Any, photo: Any
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SENGA_HOME", str(tmp_path / "file"))
    assert np.array_equal(painted_anew(weights, photo(24, 24)), painted_anew(weights, photo(24, 24)))
    assert len(compilations) == 2


# ---- strips


@pytest.fixture
def too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture fits the memory as a whole, and no other runtime helps."""
    monkeypatch.setattr(openvino_runtime.OpenVino, "needs", lambda *_: sys.maxsize)
    monkeypatch.setattr(executors, "_onnx", lambda *_: 1 / 0)
    monkeypatch.setattr(executors, "_mindspore", lambda *_: 1 / 0)


@pytest.mark.parametrize("style", ["painted-comic", "hokusai"])
def test_strips_paint_what_the_whole_does(style: str, photo: Any, painted_whole: list[Any], request: Any) -> None:
    found = Plugins().store().load(style)
    network, pixels = network_of(found.card), photo(240, 320)
    whole = {precision: run(network, found.arrays, pixels, replace(WHOLE, precision=precision)) for precision in KINDS}
    request.getfixturevalue("too_large")
    painted_whole.clear()
    strips = {precision: run(network, found.arrays, pixels, replace(WHOLE, precision=precision)) for precision in KINDS}
    assert painted_whole == []
    assert abs(strips["full"] - whole["full"]).max() < 0.02 / 255
    assert abs(strips["draft"] - whole["full"]).mean() < 0.8 / 255
    assert drafts() == (abs(strips["draft"] - strips["full"]).max() > 0)


@pytest.mark.usefixtures("too_large")
@pytest.mark.parametrize("precision", KINDS)
def test_strips_are_the_same_for_any_threads(precision: str, weights: Any, photo: Any) -> None:
    jobs = [replace(WHOLE, precision=precision, threads=threads) for threads in (1, 2, 3)]
    first, *others = [run(NETWORK, weights, photo(200, 90), job) for job in jobs]
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.usefixtures("too_large")
def test_want_of_memory_in_a_strip_is_told_from_other_failures(monkeypatch: Any, weights: Any, photo: Any) -> None:
    from senga.neural import openvino_strips

    for text, told in (("bad_alloc", MemoryBudgetError), ("no such shape", MissingExtraError)):
        monkeypatch.setattr(openvino_strips.Session, "infer", lambda *_, text=text, **__: fail(text))
        with pytest.raises(told):
            run(NETWORK, weights, photo(24, 24), WHOLE)


def fail(text: str) -> None:
    raise RuntimeError(text)


@pytest.mark.usefixtures("unready")
def test_without_onnxruntime_strips_are_openvino_s(monkeypatch: pytest.MonkeyPatch) -> None:
    found = executors.installed
    monkeypatch.setattr(executors, "installed", lambda name: name != "onnxruntime" and found(name))
    assert type(executors.choose("auto", "cpu", 2, "draft")).__name__ == "OpenVinoStrips"
    monkeypatch.setattr(executors, "installed", lambda name: name == "onnxruntime")
    monkeypatch.setattr(executors, "_onnx", lambda *_: "onnx")
    assert executors.choose("auto", "cpu", 2, "draft") == "onnx"


# ---- which one paints


def test_precisions_and_devices_are_known_by_name() -> None:
    with pytest.raises(SettingsError, match="choose full, draft"):
        executors.choose_whole("auto", "cpu", 1, "exact")
    with pytest.raises(SettingsError, match="“cuda”; choose cpu or auto"):
        executors.choose_whole("openvino", "cuda", 1, "full")
    assert executors.choose_whole("onnx", "cpu", 1, "draft") is None
    assert executors.choose_whole("mindspore", "auto", 1, "full") is None
    assert executors.choose_whole("auto", "cuda", 1, "full") is None


def measured_as(openvino: float, onnx: float) -> None:
    speed.note().parent.mkdir(exist_ok=True)
    speed.note().write_text(json.dumps({"openvino": openvino, "onnx": onnx}))


@pytest.mark.usefixtures("unready")
def test_auto_takes_what_was_faster(
    weights: dict[str, NDArray[Any]], photo: Any, painted_whole: list[tuple[int, ...]]
) -> None:
    pytest.importorskip("onnxruntime")
    measured_as(openvino=2, onnx=1)
    run(NETWORK, weights, photo(24, 24), Job())
    assert painted_whole == []
    run(NETWORK, weights, photo(24, 24), Job(precision="draft"))
    assert len(painted_whole) == drafts()
    painted_whole.clear()
    measured_as(openvino=1, onnx=2)
    run(NETWORK, weights, photo(24, 24), Job())
    assert len(painted_whole) == 1


@pytest.mark.usefixtures("unready")
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"openvino": "x", "onnx": 1}', b"[" * 5000, b"9" * 9999])
def test_it_is_measured_once_and_a_damaged_note_is_replaced(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is None:
        speed.note().unlink()
    else:
        speed.note().write_bytes(content)
    calls: list[int] = []
    monkeypatch.setattr(speed, "measured", lambda threads: calls.append(threads) or {"openvino": 3.0, "onnx": 1.0})
    assert [speed.fastest(2), speed.fastest(2)] == ["onnx", "onnx"]
    assert calls == [2]
    assert speed.known() == {"openvino": 3.0, "onnx": 1.0}
    if os.name == "posix":
        assert speed.note().stat().st_mode & 0o777 == 0o600
    assert list(speed.note().parent.glob("runtimes-*")) == [speed.note()]


def test_the_first_of_several_processes_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    speed.note().unlink()

    def slow(threads: int) -> dict[str, float]:
        measured_as(openvino=1, onnx=2)
        return {"openvino": 2.0, "onnx": 1.0}

    monkeypatch.setattr(speed, "measured", slow)
    assert speed.fastest(1) == "openvino"


def test_notes_of_other_versions_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = speed.note().parent
    for number in range(9):
        (folder / f"runtimes-{number}.json").write_text("{}")
    speed.note().unlink()
    monkeypatch.setattr(speed, "measured", lambda _: {"openvino": 1.0, "onnx": 2.0})
    speed.fastest(1)
    assert speed.note().exists()
    assert len(list(folder.glob("runtimes-*"))) <= 4


def test_without_a_place_for_the_note_the_order_is_fixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SENGA_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(speed, "measured", lambda _: {"openvino": 2.0, "onnx": 1.0})
    assert speed.fastest(1) == "openvino"


@pytest.mark.usefixtures("unready")
def test_one_that_breaks_while_it_is_measured_takes_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr("senga.neural.onnx.executor.OnnxExecutor.__init__", lambda *_: 1 / 0)
    found = speed.measured(1)
    assert (found["onnx"], 0 < found["openvino"] < 100) == (float("inf"), True)


def test_both_are_measured() -> None:
    pytest.importorskip("onnxruntime")
    found = speed.measured(2)
    assert set(found) == {"openvino", "onnx"}
    assert all(0 < seconds < 100 for seconds in found.values())


def broken(version: str, capabilities: Callable[[], list[str]]) -> ModuleType:
    module = ModuleType("openvino")
    module.__dict__.update(__version__=version, __spec__=SimpleNamespace())
    module.__dict__["Core"] = lambda: SimpleNamespace(get_property=lambda *_: capabilities())
    return module


def without(part: str, version: str) -> ModuleType:
    module = broken(version, list)
    del module.__dict__[part]
    return module


def _fails() -> Iterator[list[str]]:
    raise RuntimeError("Exception from src/x.cpp:1:\nno such instruction")


@pytest.mark.usefixtures("unready")
@pytest.mark.parametrize(
    ("module", "says"),
    [
        (broken("2022.3.1-9052", lambda: ["FP32"]), r"OpenVINO 2022\.3\.1-9052 is too old"),
        (broken("2026.4.1", _fails), r"does not start here \(no such instruction\)"),  # type: ignore[arg-type]
        (without("Core", "2022.1.0"), r"OpenVINO 2022\.1\.0 is too old"),
        (without("Core", "2026.4.1"), r"does not start here \(module 'openvino' has no attribute 'Core'\)"),
        (without("__version__", ""), r"does not start here \(module 'openvino' has no attribute '__version__'\)"),
    ],
    ids=["old", "broken", "older", "in part", "of another time"],
)
def test_the_next_one_takes_over_with_one_line(
    module: ModuleType,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    weights: dict[str, NDArray[Any]],
    photo: Any,
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", module)
    with caplog.at_level(logging.WARNING):
        assert run(NETWORK, weights, photo(24, 24), Job()).std() > 0
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]
    with pytest.raises(MissingExtraError, match=rf"{says}.*senga\[fast\]"):
        run(NETWORK, weights, photo(24, 24), WHOLE)


@pytest.mark.parametrize("raised", [RuntimeError, TypeError, OSError])
def test_a_network_that_is_refused_is_told_of_once(
    raised: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    weights: dict[str, NDArray[Any]],
    photo: Any,
) -> None:
    def refuse(*_: Any) -> Any:
        raise raised("Exception from src/x.cpp:1:\nunknown operation")

    whole = openvino_runtime.OpenVino("cpu", 1, "full")
    monkeypatch.setattr(whole, "_core", SimpleNamespace(read_model=refuse))
    monkeypatch.setattr(engine, "choose_whole", lambda *_: whole)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert run(NETWORK, weights, photo(24, 24), Job()).std() > 0
    assert ["refuses a network (unknown operation)" in line for line in caplog.messages] == [True]
    with pytest.raises(MissingExtraError, match="refuses a network"):
        run(NETWORK, weights, photo(24, 24), WHOLE)


def test_strips_paint_where_memory_ran_out(
    monkeypatch: pytest.MonkeyPatch, weights: dict[str, NDArray[Any]], photo: Any
) -> None:
    def full(*_: Any) -> Any:
        raise RuntimeError("std::bad_alloc")

    whole = openvino_runtime.OpenVino("cpu", 1, "full")
    monkeypatch.setattr(whole, "_core", SimpleNamespace(read_model=full))
    monkeypatch.setattr(engine, "choose_whole", lambda *_: whole)
    assert run(NETWORK, weights, photo(24, 24), WHOLE).std() > 0


CHILD = """
import sys
import numpy as np
from senga.job import Job, Precision
from senga.neural.engine import run
from senga.neural.graph import Builder
from senga.neural.memory import MB, resident
from senga.plugins.animegan.network import animeganv2
network = animeganv2(0.25)
rng = np.random.default_rng(0)
weights = {name: rng.normal(0, 0.1, shape).astype("f4") for name, shape in network.parameters.items()}
for free in (270, 2000):
    run(network, weights, rng.random((800, 800, 3), "f4"), Job(memory=resident() + free * MB))
    print("openvino" in sys.modules)
"""


def test_a_library_for_which_there_is_no_memory_is_not_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


SIZES = """
import numpy as np
from senga.job import Job, Precision
from senga.neural.engine import run
from senga.neural.graph import Builder
from senga.neural.memory import MB, resident
from senga.plugins.animegan.network import animeganv2
network = animeganv2(0.25)
rng = np.random.default_rng(0)
weights = {name: rng.normal(0, 0.1, shape).astype("f4") for name, shape in network.parameters.items()}
for count in range(121):
    run(network, weights, rng.random((16 + 4 * count, 24, 3), "f4"), Job(engine="openvino", threads=2))
    first = resident() if count == 0 else first
print((resident() - first) // MB)
"""


def test_many_sizes_do_not_pile_up() -> None:
    done = subprocess.run([sys.executable, "-c", SIZES], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 130  # 184 where all is kept


# ---- single precision in parts


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Convolutions are taken apart, however few channels there are."""
    from senga.neural import openvino_parts

    monkeypatch.setattr(openvino_parts, "_PRODUCTS", 1)
    return openvino_parts


def full_runtime(*, in_parts: bool) -> Any:
    runtime = openvino_runtime.OpenVino("cpu", 2, "full")
    if in_parts and not runtime.in_parts:
        pytest.skip("this processor multiplies no matrices")
    runtime.in_parts = in_parts
    return runtime


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("make", [lambda: animeganv2(0.25), animeganv2_lite, animeganv1], ids=["v2", "lite", "v1"])
def test_parts_are_as_good_as_single_precision(make: Callable[[], Any], random_weights: Any, photo: Any) -> None:
    network, pixels = make(), photo(72, 96)
    weights = random_weights(network)
    whole = run_alone(full_runtime(in_parts=False), network, weights, pixels)
    found = run_alone(full_runtime(in_parts=True), network, weights, pixels)
    assert 0 < abs(found - whole).max() / 2 < 0.1 / 255  # random weights amplify roundings; see the shipped styles
    assert abs(found - whole).mean() / 2 < 0.01 / 255


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("name", ["white-box", "residual-blocks", "u-net"])
def test_parts_of_other_networks(name: str) -> None:
    network = {
        "white-box": families.whitebox(16),
        "residual-blocks": families.residual_blocks(2, 16),
        "u-net": families.unet(16),
    }[name]
    rng = np.random.default_rng(0)
    drawn = {
        each: rng.normal(0, 1 / np.sqrt(np.prod(shape[1:]) or 1), shape) for each, shape in network.parameters.items()
    }
    weights = {
        each: (abs(values) + 0.1 if each.endswith("var") else values).astype("f4") for each, values in drawn.items()
    }
    given = {"photo": np.random.default_rng(0).random((3, 48, 64), np.float32)}
    whole, found = (
        next(iter(full_runtime(in_parts=each).compute(network, weights, given, lambda _: None).values())).copy()
        for each in (False, True)
    )
    assert 0 < abs(found - whole).mean() < 5e-5 * whole.std()
    assert abs(found - whole).max() < 2e-3 * whole.std()


def test_operations_whose_types_are_lost_are_noticed(monkeypatch: pytest.MonkeyPatch, parts: Any) -> None:
    runtime = full_runtime(in_parts=True)
    assert parts.works(runtime._module, runtime._core, runtime._options)
    monkeypatch.setattr(parts, "_mark", lambda *_: None)
    assert not parts.works(runtime._module, runtime._core, runtime._options)


def test_what_cannot_be_taken_apart_is_painted_whole(
    monkeypatch: pytest.MonkeyPatch, parts: Any, weights: dict[str, NDArray[Any]], photo: Any
) -> None:
    plain = run_alone(full_runtime(in_parts=False), NETWORK, weights, photo(24, 24))
    monkeypatch.setattr(parts, "in_parts", lambda *_: 1 / 0)
    runtime = openvino_runtime.OpenVino("cpu", 2, "full")
    assert not runtime.in_parts
    runtime.in_parts = True
    monkeypatch.setenv("SENGA_HOME", "/nowhere")
    assert np.array_equal(run_alone(runtime, NETWORK, weights, photo(24, 24)), plain)
