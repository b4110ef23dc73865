"""Small files that would take all memory or never end: each is refused, in little of both."""

from __future__ import annotations

import io
import os
import pickle
import socket
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from senga.errors import ModelError
from senga.neural.checkpoints import budget, read, wire
from senga.neural.training.perceptual import load_encoder

ROOT = Path(__file__).resolve().parents[3]
MANY = 300_000


def text(content: str) -> bytes:
    return b"X" + struct.pack("<I", len(content)) + content.encode()


def integer(number: int) -> bytes:
    return b"\x8a\x09" + number.to_bytes(9, "little", signed=True)


def archive(main: bytes, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("a/data.pkl", main)
        for name, content in members.items():
            file.writestr(f"a/data/{name}", content)
    return buffer.getvalue()


def storage(count: int, key: str = "0") -> bytes:
    identity = text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + integer(count)
    return b"(" + identity + b"tQ"


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
ORDERED = b"ccollections\nOrderedDict\n"


def one_list_many_times() -> bytes:
    """A list of lists, all of them the same long one: flattened, 80 GB."""
    long = b"](" + b"N" * 100_000 + b"eq\x010"
    return archive(b"\x80\x02" + long + ORDERED + b"](" + b"h\x01" * 100_000 + b"e\x85R.")


def one_shape_many_times() -> bytes:
    tensor = b"h\x02(h\x01K\x00h\x03h\x03\x89}tR0"
    start = storage(1) + b"q\x010" + REBUILD + b"q\x020(" + b"K\x01" * MANY + b"tq\x030"
    return archive(b"\x80\x02" + start + tensor * 1000 + b"N.")


def one_dictionary_many_times() -> bytes:
    pairs = b"](" + b"".join(text(str(n)) + b"K\x00\x86" for n in range(20_000)) + b"e\x85q\x010"
    return archive(b"\x80\x02" + pairs + (ORDERED + b"h\x01R0") * 10_000 + b"N.")


def keys_of_one_slot() -> bytes:
    """All of them have the same hash."""
    keys = b"".join(integer(n * ((1 << 61) - 1)) + b"N" for n in range(1, 1000))
    return archive(b"\x80\x02}(" + keys + b"u.")


def one_storage_many_times() -> bytes:
    view = b"h\x01(h\x02K\x00" + (b"(" + integer(1 << 20) + b"t(K\x01t") + b"\x89}tR"
    start = REBUILD + b"q\x010" + storage(1 << 20) + b"q\x020}("
    tensors = b"".join(text(f"w{n}") + view for n in range(5000))
    return archive(b"\x80\x02" + start + tensors + b"u.", **{"0": bytes(4 << 20)})


def instructions_without_end() -> bytes:
    return archive(b"\x80\x02" + b"N0" * (budget.MAX_STEPS // 2 + 1) + b"N.")


def numpy_header(shape: str, kind: str = "<f4") -> bytes:
    described = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(described)) + described


def deflated_zeros() -> bytes:
    """200 kB that become 200 MB, as 1.9 MB would become two GB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.npy", "w", force_zip64=True) as to:
        to.write(numpy_header("(50000000,)"))
        for _ in range(200):
            to.write(bytes(1 << 20))
    return buffer.getvalue()


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def members_in_one_place() -> bytes:
    """One megabyte that the table of contents names a thousand times."""
    content = numpy_header("(262144,)") + bytes(1 << 20)
    data = bytearray(npz(a=content))
    at = data.index(b"PK\x01\x02")
    entry, end = bytes(data[at:-22]), bytearray(data[-22:])
    entries = b"".join(entry.replace(b"a.npy", b"%05x" % n) for n in range(1000))
    struct.pack_into("<HHI", end, 8, 1000, 1000, len(entries))
    return bytes(data[:at]) + entries + bytes(end)


def members_of_one_name() -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as file:
        warnings.simplefilter("ignore")
        for _ in range(3):
            file.writestr("a.npy", numpy_header("(1,)") + bytes(4))
    return buffer.getvalue()


def a_long_directory() -> bytes:
    """A zip file of half a million members, none of which is there."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0)
    directory = b"".join(entry + b"%05x.npy" % number for number in range(500_000))
    return b"PK\3\4" + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, len(directory), 4, 0)


def members_without_end() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for n in range(budget.MAX_NAMES + 1):
            file.writestr(f"{n}.npy", b"")
    return buffer.getvalue()


def index(*blocks: bytes, handles: Callable[[list[tuple[int, int]]], list[tuple[int, int]]]) -> bytes:
    """A table of these blocks of entries, and what the block of blocks makes of them."""
    out, places = bytearray(), []
    for block in blocks:
        places.append((len(out), len(block) + 4))
        out += block + struct.pack("<I", 0) + bytes(5)
    top = b"".join(entry(0, b"k", wire.write_varint(a) + wire.write_varint(b)) for a, b in handles(places))
    at = len(out)
    out += top + struct.pack("<I", 0) + bytes(5)
    footer = wire.write_varint(0) * 2 + wire.write_varint(at) + wire.write_varint(len(top) + 4)
    return bytes(out) + footer.ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")


def entry(shared: int, key: bytes, value: bytes = b"") -> bytes:
    return b"".join(map(wire.write_varint, (shared, len(key), len(value)))) + key + value


def one_block_many_times() -> bytes:
    block = b"".join(entry(0, b"a") for _ in range(20_000))
    return index(block, handles=lambda places: places * 20_000)


def keys_that_grow() -> bytes:
    return index(b"".join(entry(n, b"a") for n in range(50_000)), handles=lambda places: places)


def lists_of_numbers() -> bytes:
    attribute = wire.write_bytes(1, "axes") + wire.write_bytes(8, b"\1" * (20 << 20))
    node = wire.write_bytes(4, "Conv") + wire.write_bytes(5, attribute)
    return b"\x08\x07" + wire.write_bytes(7, wire.write_bytes(1, node))


def onnx(tensor: bytes) -> bytes:
    return b"\x08\x07" + wire.write_bytes(7, wire.write_bytes(5, tensor))


def external(place: str) -> bytes:
    pair = wire.write_bytes(1, "location") + wire.write_bytes(2, place)
    head = wire.write_integer(1, 4) + wire.write_integer(2, 1) + wire.write_bytes(8, "w")
    return onnx(head + wire.write_bytes(13, pair) + wire.write_integer(14, 1))


def parameters_without_end() -> bytes:
    tensor = wire.write_integer(1, 0) + wire.write_bytes(2, "Float32")
    values = (wire.write_bytes(1, f"{n}") + wire.write_bytes(2, tensor) for n in range(budget.MAX_NAMES + 1))
    return b"".join(wire.write_bytes(1, value) for value in values)


def safetensors(header: bytes, declared: int | None = None, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header) if declared is None else declared) + header + rest


def overlapping_tensors() -> bytes:
    both = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    return safetensors(f'{{"a":{both},"b":{both}}}'.encode(), rest=bytes(8))


ATTACKS: dict[str, Callable[[], bytes]] = {
    "one list many times": one_list_many_times,
    "one shape many times": one_shape_many_times,
    "one dictionary many times": one_dictionary_many_times,
    "keys of one slot": keys_of_one_slot,
    "one storage many times": one_storage_many_times,
    "instructions without end": instructions_without_end,
    "a number of a megabyte": lambda: archive(b"\x80\x02\x8b" + struct.pack("<I", 1 << 20) + b"\1" * (1 << 20) + b"."),
    "deflated zeros": deflated_zeros,
    "a shape of nothing": lambda: npz(a=numpy_header(f"(0, {1 << 62}, {1 << 62})")),
    "a shape of digits": lambda: npz(a=numpy_header("(" + "9" * 5000 + ",)")),
    "a shape of brackets": lambda: npz(a=numpy_header("(" * 30_000)),
    "elements of a gigabyte": lambda: npz(a=numpy_header("(1,)", "|S999999999")),
    "elements of many dimensions": lambda: npz(a=numpy_header("(1,)", "(9999,9999)f4")),
    "members in one place": members_in_one_place,
    "members of one name": members_of_one_name,
    "members without end": members_without_end,
    "a long directory": a_long_directory,
    "one block many times": one_block_many_times,
    "keys that grow": keys_that_grow,
    "lists of numbers": lists_of_numbers,
    "external data": lambda: external("../../etc/passwd"),
    "external data of root": lambda: external("/etc/passwd"),
    "a large dimension": lambda: onnx(wire.write_integer(1, 1 << 40) + wire.write_integer(2, 1) + b"\x42\x01w"),
    "parameters without end": parameters_without_end,
    "a varint without end": lambda: b"\x0a" + b"\xff" * (1 << 20),
    "a description of exabytes": lambda: safetensors(b"{}", 1 << 62),
    "a description of brackets": lambda: safetensors(b'{"a":' + b"[" * (1 << 20)),
    "a large description": lambda: safetensors(b"{}".ljust(budget.MAX_HEADER + 1)),
    "overlapping tensors": overlapping_tensors,
    "a long name": lambda: npz(**{"n" * (budget.MAX_NAME + 1): numpy_header("(1,)") + bytes(4)}),
}


CHILD = """
import resource, sys, time
from pathlib import Path
import senga.neural.checkpoints as checkpoints
from senga.errors import ModelError

resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    checkpoints.read(Path(sys.argv[1]))
except ModelError as error:
    print(len(str(error)), "ran-out" if "MemoryError" in repr(error.__cause__) else "refused")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10, time.process_time() - begun)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_refused_in_little_time_and_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / ("x.index" if "block" in name or "keys that" in name else "x")
    path.write_bytes(ATTACKS[name]())
    (tmp_path / "x.data-00000-of-00001").touch()
    answer = subprocess.run([sys.executable, "-c", CHILD, str(path)], capture_output=True, text=True, timeout=120)
    length, how, megabytes, seconds = answer.stdout.split()
    assert how == "refused"
    assert int(length) < 500
    assert int(megabytes) < 400 + 4 * (path.stat().st_size >> 20)
    assert float(seconds) < 30


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device"])
def test_special_files_are_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.pt"
    with socket.socket(socket.AF_UNIX) as server:
        make = {"pipe": os.mkfifo, "folder": os.mkdir, "socket": lambda at: server.bind(str(at))}
        make.get(kind, lambda at: at.symlink_to("/dev/zero"))(path)
        for reader in (read, load_encoder):
            with pytest.raises(ModelError, match="cannot be read"):
                reader(path)


def test_a_name_that_is_none(tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 300, "x" * 250 + ".index", ".meta", ".index"):
        with pytest.raises(ModelError, match="cannot be read"):
            read(tmp_path / name)


def array_file(state: bytes) -> bytes:
    return numpy_header("()", "|O") + b"\x80\x02" + state + b"."


@pytest.mark.parametrize(
    "state",
    [
        b"cnumpy\nndarray\n(K\x08\x85X\x02\x00\x00\x00u1NI140000000000000\ntR",  # an array at an address of its choice
        b"cnumpy.core.multiarray\n_reconstruct\nccollections\nOrderedDict\nK\x00\x85C\x01b\x87R",
        b"cnumpy.core.multiarray\nfromfile\n",
        b"cbuiltins\neval\n",
        b"c_codecs\ndecode\n",
    ],
)
def test_arrays_are_built_by_nobody_but_us(tmp_path: Path, state: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(array_file(state))
    with pytest.raises(ModelError, match=r"contains code"):
        read(tmp_path / "x.npy")


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "|u1", "<i8", "|b1"])
def test_dictionaries_of_arrays_are_read(tmp_path: Path, protocol: int, order: str, kind: str) -> None:
    grid = np.arange(24).reshape(2, 3, 4).astype(kind, order=order)
    table = {"conv": [grid, np.float32(2)], "named": {"weights": grid[0], "biases": np.zeros(0, kind)}}
    whole = pickle.dumps(np.array(table, object), protocol)
    (tmp_path / "x.npy").write_bytes(numpy_header("()", "|O") + whole)
    found = read(tmp_path / "x.npy")
    assert list(found) == ["conv/0", "conv/1", "named/weights", "named/biases"]
    np.testing.assert_array_equal(found["conv/0"], grid)
    np.testing.assert_array_equal(found["named/weights"], grid[0])
    assert found["conv/0"].dtype == np.dtype(kind).newbyteorder("=")
    assert found["conv/1"] == 2


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "|i1", "<U5", "|S3", "|b1", "<c8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_kind_are_read_as_numpy_reads_them(tmp_path: Path, kind: str, order: str) -> None:
    grid = np.arange(12).reshape(3, 4).astype(kind, order=order)
    np.savez_compressed(tmp_path / "x.npz", grid=grid, scalar=grid[1, 1], empty=grid[:0])
    np.save(tmp_path / "x.npy", grid)
    found = read(tmp_path / "x.npz")
    np.testing.assert_array_equal(found["grid"], grid)
    np.testing.assert_array_equal(found["scalar"], grid[1, 1])
    assert found["empty"].shape == (0, 4)
    np.testing.assert_array_equal(read(tmp_path / "x.npy")["array"], grid)


BY_DASK = {f"host_adapters/{name}.py" for name in ("cluster/hand", "cluster/crew", "batch/far", "batch/desk")}
"""What goes between a client and its workers: whoever may send it may run code there as it is (docs/cluster.md)."""


def test_no_program_uses_an_unpickler() -> None:
    rooms = [
        ROOT / name for name in ("core", "plugins", "host_adapters", "training", "benchmarks", "examples", "tools")
    ]
    forbidden = ("import pickle", "import cPickle", "import dill", "import shelve", "import marshal", "import joblib")
    found = []
    for path in (file for room in rooms for file in room.rglob("*.py")):
        for line in path.read_text("utf-8").splitlines():
            code = line.split("#")[0]
            if str(path.relative_to(ROOT)) in BY_DASK and code.strip() == "import pickle":
                continue
            if any(word in code for word in (*forbidden, "from pickle", "allow_pickle=True", "pd.read_pickle")):
                found.append(f"{path}: {line}")
            if "torch.load(" in code and "weights_only=True" not in code:
                found.append(f"{path}: {line}")
    assert not found
