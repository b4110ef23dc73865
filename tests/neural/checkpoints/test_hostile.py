"""Files that try to run code, to escape, or to exhaust the memory; and files that are merely broken."""

from __future__ import annotations

import builtins
import functools
import io
import operator
import os
import pickle
import struct
import subprocess
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from senga.errors import ModelError
from senga.neural.checkpoints import budget, checkpoint, read, read_checkpoint

DATA = Path(__file__).parent / "data"
SPECIMENS = [*sorted(DATA.glob("*.pt")), DATA / "small.tflite"]

PREAMBLE = b"".join(
    pickle.dumps(part, 2)
    for part in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})
)


class Call:
    """Pickles as the call of a function; unpickling it would run the function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __call__(self) -> None:
        """Pickle wants what it calls to be callable."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def plain(main: bytes) -> bytes:
    """A file in PyTorch's older format with ``main`` as its pickle."""
    return PREAMBLE + main + pickle.dumps([], 2)


def zipped(main: bytes, **members: bytes) -> bytes:
    """A file in PyTorch's zip format with ``main`` as its pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", main)
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def attempts(marker: Path) -> dict[str, Any]:
    touch = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    return {
        "os.system": Call(os.system, f"touch {marker}"),
        "subprocess": Call(subprocess.call, ["touch", str(marker)]),
        "eval": Call(builtins.eval, touch),
        "exec": Call(builtins.exec, touch),
        "open": Call(builtins.open, str(marker), "w"),
        "getattr": Call(builtins.getattr, Call(builtins.__import__, "os"), "system"),
        "nested": Call(Call(builtins.getattr, Call(builtins.__import__, "os"), "system"), f"touch {marker}"),
        "partial": Call(functools.partial, os.system, f"touch {marker}"),
        "methodcaller": Call(operator.methodcaller, "touch"),
        "in a dictionary": {"weight": Call(os.system, f"touch {marker}")},
        "as a key": OrderedDict([("a", [Call(builtins.eval, touch)])]),
    }


NAMES = list(attempts(Path("x")))


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("wrap", [plain, zipped])
@pytest.mark.parametrize("name", NAMES)
def test_code_is_refused_and_does_not_run(
    tmp_path: Path, name: str, wrap: Callable[[bytes], bytes], protocol: int
) -> None:
    marker = tmp_path / "it-ran"
    path = tmp_path / "x.pt"
    path.write_bytes(wrap(pickle.dumps(attempts(marker)[name], protocol)))
    with pytest.raises(
        ModelError, match=r"“x\.pt”: This file contains code \(.*\), not only weights, and was refused\.$"
    ):
        read(path)
    assert not marker.exists()


def test_the_attempts_do_run_in_an_ordinary_unpickler(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    for name in ("eval", "exec", "os.system", "in a dictionary", "nested"):
        marker = tmp_path / name.replace(" ", "-")
        pickle.loads(pickle.dumps(attempts(marker)[name]))  # noqa: S301 - our own
        assert marker.exists(), name


HAND_MADE = {
    "INST": b"(S'touch x'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch x'\no.",
    "NEWOBJ": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "EXT": b"\x80\x02\x82\x01.",
    "PERSID": b"Pwhatever\n.",
    "BUILD on a name": b"\x80\x02ccollections\nOrderedDict\n}X\x01\x00\x00\x00aK\x01sb.",
    "dotted name": b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.",
    "module of the table, other name": b"\x80\x02ctorch._utils\n_rebuild_device_tensor_from_numpy\n.",
    "load from bytes": b"\x80\x02ctorch.storage\n_load_from_bytes\n(C\x01xtR.",
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_unusual_instructions_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(zipped(HAND_MADE[name]))
    with pytest.raises(ModelError, match=r"code|damaged"):
        read(path)


def tensor(count: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """The pickle of ``{"w": tensor}`` on one storage of ``count`` floats, written by hand."""
    out = io.BytesIO()
    integer = lambda n: b"\x8a\x09" + n.to_bytes(9, "little", signed=True)  # noqa: E731
    text = lambda s: b"X" + struct.pack("<I", len(s)) + s  # noqa: E731
    numbers = lambda many: b"(" + b"".join(map(integer, many)) + b"t"  # noqa: E731
    out.write(b"\x80\x02}" + text(b"w") + b"ctorch._utils\n_rebuild_tensor_v2\n(")
    out.write(b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu") + integer(count) + b"tQ")
    out.write(integer(offset) + numbers(shape) + numbers(strides) + b"\x89}tRs.")
    return out.getvalue()


def test_the_hand_made_tensor_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(
        zipped(tensor(6, 0, (2, 3), (3, 1)), **{"archive/data/0": np.arange(6, dtype="<f4").tobytes()})
    )
    assert read(tmp_path / "x.pt")["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("count", "offset", "shape", "strides"),
    [
        (6, 0, (2, 4), (3, 1)),
        (6, 5, (2,), (1,)),
        (6, 0, (2**40,), (0,)),
        (6, 0, (2, 3), (-3, 1)),
        (6, -1, (2,), (1,)),
        (6, 0, (1,) * 60, (1,) * 60),
        (2**40, 0, (2**40,), (1,)),
        (2**62, 0, (2,), (1,)),
        (6, 0, (2,), ()),
    ],
)
def test_sizes_that_lie_are_refused_without_reserving_memory(
    tmp_path: Path, count: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    main = tensor(count, offset, shape, strides)
    numbers = np.arange(6, dtype="<f4").tobytes()
    for content in (zipped(main, **{"archive/data/0": numbers}), PREAMBLE + main + pickle.dumps(["0"], 2) + numbers):
        (tmp_path / "x.pt").write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ModelError, match="damaged"):
            read(tmp_path / "x.pt")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10 << 20


def test_a_reference_bomb_costs_nothing(tmp_path: Path) -> None:
    doubling = b"".join(b"q" + bytes([i]) + b"0" + (b"h" + bytes([i])) * 2 + b"\x86" for i in range(200))
    (tmp_path / "x.pt").write_bytes(zipped(b"\x80\x02)" + doubling + b"."))
    with pytest.raises(ModelError, match="damaged"):
        read(tmp_path / "x.pt")


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "SPARE", 1 << 20)
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(1 << 20))
    assert (tmp_path / "x.npz").stat().st_size < 20_000
    with pytest.raises(ModelError, match="unpack to more"):
        read(tmp_path / "x.npz")


def test_members_that_point_outside_write_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "deeper"
    folder.mkdir(parents=True)
    escapes = {"../../evil.txt": b"x", "/tmp/../evil.txt": b"x", "archive/data/0": b"\0" * 24}  # noqa: S108 - a name
    (folder / "x.pt").write_bytes(zipped(tensor(6, 0, (6,), (1,)), **escapes))
    assert read(folder / "x.pt")["w"].shape == (6,)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.pt"]


def test_objects_in_numpy_archives_are_refused(tmp_path: Path) -> None:
    marker = tmp_path / "it-ran"
    np.savez(tmp_path / "x.npz", a=np.array([Call(os.system, f"touch {marker}")], dtype=object))
    with pytest.raises(ModelError, match="damaged"):
        read(tmp_path / "x.npz")
    assert not marker.exists()


def test_a_numpy_header_that_lies_reserves_no_memory(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000,), }"
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", content)
    with pytest.raises(ModelError, match="damaged"):
        read(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "format is unknown"),
        (b"hello there", "format is unknown"),
        (b"\x89HDF\r\n\x1a\n", "a damaged or incomplete one"),
        (b"\x89HDF\r\n\x1a\n\x02\x08\x08\0" + bytes(40), "newer form of HDF5"),
        (b"\x1c\0\0\0TFL3", "points beyond its end"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html>", "a web page"),
    ],
)
def test_foreign_files_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=said):
        read(tmp_path / "x.onnx")


def test_missing_and_oversized_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read(tmp_path / "x.pt")
    monkeypatch.setattr(checkpoint, "MAX_FILE", 100)
    with pytest.raises(ModelError, match="larger than"):
        read(DATA / "views.zip.pt")


def specimens(folder: Path) -> list[bytes]:
    """One small valid file of each format."""
    from safetensors.numpy import save

    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez(folder / "x.npz", a=grid)
    value = b"\x0a\x01a\x12\x1f\x08\x02\x08\x03\x12\x07Float32\x1a\x10" + b"\0" * 16
    mindspore = b"\x0a" + bytes([len(value)]) + value.replace(b"\x08\x03", b"\x08\x02")
    initialiser = b"\x08\x02\x08\x02\x10\x01\x42\x01w\x4a\x10" + b"\0" * 16
    graph = b"\x2a" + bytes([len(initialiser)]) + initialiser
    onnx = b"\x08\x07\x3a" + bytes([len(graph)]) + graph
    return [save({"a": grid}), (folder / "x.npz").read_bytes(), mindspore, onnx, *(p.read_bytes() for p in SPECIMENS)]


def test_the_specimens_are_read(tmp_path: Path) -> None:
    formats = set()
    for content in specimens(tmp_path):
        (tmp_path / "x").write_bytes(content)
        if b"torch.nn.modules" not in content:
            formats.add(read_checkpoint(tmp_path / "x").format)
    assert formats == {"safetensors", "npz", "mindspore", "onnx", "pytorch", "tflite"}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_never_escapes_as_anything_but_a_model_error(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(specimens(tmp_path))))
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)):
        content[at] = byte
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    (tmp_path / "x").write_bytes(content[:cut])
    try:
        arrays = read(tmp_path / "x")
    except ModelError as error:
        assert str(error).endswith(".")
    else:
        assert sum(array.nbytes for array in arrays.values()) < 1 << 20


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 1791), st.integers(0, 255)), min_size=1, max_size=6), cut=st.booleans()
)
def test_a_damaged_tensorflow_index_is_a_model_error(tmp_path: Path, changes: list[tuple[int, int]], cut: bool) -> None:
    index, data = (bytearray((DATA / f"small.ckpt.{end}").read_bytes()) for end in ("index", "data-00000-of-00001"))
    for at, byte in changes:
        index[at] = byte
    (tmp_path / "x.index").write_bytes(index)
    (tmp_path / "x.data-00000-of-00001").write_bytes(data[: 100 if cut else None])
    try:
        arrays = read(tmp_path / "x.index")
    except ModelError as error:
        assert str(error).endswith(".")
    else:
        assert sum(array.nbytes for array in arrays.values()) <= 2 * len(data)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from([b"\x08\x07", b"\x0a", b"\x80\x02", b"PK\x03\x04", b""]), rest=st.binary(max_size=200))
def test_noise_is_refused(tmp_path: Path, start: bytes, rest: bytes) -> None:
    (tmp_path / "x").write_bytes(start + rest)
    with pytest.raises(ModelError):
        read(tmp_path / "x")


def test_every_element_type_has_a_size() -> None:
    for name, size in checkpoint.ITEM_BYTES.items():
        assert name == "bfloat16" or np.dtype(name).itemsize == size
