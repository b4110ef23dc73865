"""Every reader of what strangers make, with small valid files that the project's own writers made."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import pickle
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from mutation import Sample, checked_png, members

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINTS = ROOT / "tests" / "neural" / "checkpoints" / "data"


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        corpus: makes the valid files.
        read: reads one input; whatever it raises beside SengaError is a finding.
        words: pieces that mean something in the format.
        memory: bytes that reading a file of at most a megabyte may take.
    """

    corpus: Callable[[], list[Sample]]
    read: Callable[[bytes], object]
    words: tuple[bytes, ...] = ()
    memory: int = 2 << 30


FOLDER = Path(tempfile.gettempdir())
"""Where inputs lie that are read from a file; the child has one of its own."""


def on_disk(content: bytes, name: str = "input") -> Path:
    path = FOLDER / name
    path.write_bytes(content)
    return path


def _pictures() -> list[Sample]:
    from PIL import Image as Pillow

    from senga.files import encode
    from senga.image import Animation, Frame, Image

    pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    deep = pixels.astype(np.uint16) * 257
    small = Image(pixels)
    moving = Animation(lambda: iter([Frame(small), Frame(Image(pixels[::-1]))]), 24, 32, 2, 10)
    files = [encode(small, kind) for kind in ("png", "jpeg", "tiff", "webp", "bmp", "gif", "avif", "ora")]
    files += [encode(moving, kind) for kind in ("png", "webp", "gif")] + [encode(Image(deep), "png")]
    for kind in ("PPM", "TGA", "ICO", "PCX", "SGI", "JPEG2000", "DDS", "ICNS"):
        stream = io.BytesIO()
        Pillow.fromarray(pixels).save(stream, kind)
        files.append(stream.getvalue())
    exif = Pillow.Exif()
    exif[274] = 6
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", exif=exif, icc_profile=b"x" * 200)
    pngs = [Sample(file, checked_png) for file in files if file.startswith(b"\x89PNG")]
    return [*map(Sample, [*files, stream.getvalue()]), *pngs]


def _films() -> list[Sample]:
    from senga.files import encode
    from senga.image import Animation, Frame, Image

    pixels = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
    frames = [Frame(Image(np.roll(pixels, n, 0)), 100) for n in range(4)]
    film = Animation(lambda: iter(frames), 32, 48, 4, 10)
    return [Sample(encode(film, kind)) for kind in ("mp4", "mov", "mkv", "webm")]


def _look(content: bytes) -> None:
    from senga.files import read
    from senga.image import Animation

    picture = read(content)
    if isinstance(picture, Animation):
        for frame in itertools.islice(picture.frames(), 40):
            assert frame.image.height > 0
    else:
        assert picture.pixels.size >= 0


def _checkpoints() -> list[Sample]:
    from senga.job import Weights
    from senga.neural.checkpoints import wire
    from senga.store.model_file import encoded

    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b.bias": np.ones(2, np.float16)}
    npz, npy = io.BytesIO(), io.BytesIO()
    np.savez(npz, **arrays)
    np.save(npy, np.array({"conv1_1": [arrays["a"], arrays["b.bias"]]}, object), allow_pickle=True)
    tensor = wire.write_integer(1, 2) + wire.write_bytes(2, "Float32") + wire.write_bytes(3, bytes(8))
    mindspore = wire.write_bytes(1, wire.write_bytes(1, "w") + wire.write_bytes(2, tensor))
    samples = [Sample(encoded(Weights(arrays, {"title": "x"}))), Sample(npy.getvalue()), Sample(mindspore)]
    samples += members(npz.getvalue())
    samples += [Sample(pickle.dumps({"genA2B": arrays, "x": ("y", arrays["a"])}, protocol)) for protocol in (2, 4)]
    for path in sorted(CHECKPOINTS.glob("*.pt")):
        samples += members(path.read_bytes()) if ".zip" in path.name else [Sample(path.read_bytes())]
    return samples


def _read_weights(content: bytes) -> None:
    from senga.neural.checkpoints import read_checkpoint
    from senga.plugins.animegan.convert import to_senga

    to_senga(read_checkpoint(on_disk(content)))


def _indexes() -> list[Sample]:
    return [Sample((CHECKPOINTS / "small.ckpt.index").read_bytes())]


def _manifests() -> list[Sample]:
    return [Sample(json.dumps({"a": {"filename": "a", "shape": [2, 3]}, "b": {"filename": "b", "shape": []}}).encode())]


def _read_manifest(content: bytes) -> None:
    from senga.neural.checkpoints import read_checkpoint

    for name, size in (("a", 24), ("b", 4)):
        on_disk(bytes(size), name)
    read_checkpoint(on_disk(content, "manifest.json"))


def _read_index(content: bytes) -> None:
    from senga.neural.checkpoints import read_checkpoint

    on_disk((CHECKPOINTS / "small.ckpt.data-00000-of-00001").read_bytes(), "x.data-00000-of-00001")
    read_checkpoint(on_disk(content, "x.index"))


def _onnx() -> list[Sample]:
    from senga.neural.onnx.graph_file import network_model
    from senga.plugins.animegan.network import animeganv2

    network = animeganv2(1 / 32)
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.parameters.items()}
    return [Sample(network_model(network, weights, {"title": "x", "eps": "1e-5"}))]


def _tflite() -> list[Sample]:
    return [Sample((CHECKPOINTS / "small.tflite").read_bytes())]


def _hdf5() -> list[Sample]:
    return [Sample((CHECKPOINTS / "small.h5").read_bytes())]


def _recipes() -> list[Sample]:
    return [Sample(path.read_bytes()) for path in sorted((ROOT / "examples").glob("*.toml"))]


def _read_recipe(content: bytes) -> None:
    from senga.recipe import Recipe
    from senga.registry import plugins

    recipe = Recipe.read(on_disk(content, "recipe.toml"))
    assert Recipe.parse(recipe.toml()).steps == recipe.steps
    known = plugins()
    for step in recipe.steps:
        known.make(step.filter, step.settings)


def _lists() -> list[Sample]:
    return [Sample((ROOT / "plugins" / "animegan" / "weights.toml").read_bytes()[:3000])]


def _read_list(content: bytes) -> None:
    from senga.plugins.animegan.family import ANIMEGAN
    from senga.store import default_store

    path = on_disk(content, "weights.toml")
    store = default_store([path, replace(ANIMEGAN, models=path)], root=FOLDER / "models")
    assert isinstance(store.entries(), list)
    assert all(isinstance(problem, str) for problem in store.problems)


def _cards() -> list[Sample]:
    card = {"__metadata__": {"title": "x", "width": "0.5", "commercial": "no", "eps": "1e-5", "architecture": "x"}}
    header = json.dumps(card | {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return [Sample(struct.pack("<Q", len(header)) + header + bytes(4)),
            Sample(header, lambda content: struct.pack("<Q", len(content)) + content + bytes(4))]  # fmt: skip


def _read_card(content: bytes) -> None:
    from senga.families import Family
    from senga.plugins.animegan.family import ANIMEGAN
    from senga.store import Store

    for number, families in enumerate(([], [ANIMEGAN], [Family("free", "Free", architectures=("x", "animeganv2"))])):
        store = Store([], FOLDER / f"models-{number}", families=families)
        store.root.mkdir(exist_ok=True)
        (store.root / "x.safetensors").write_bytes(content)
        (entry,) = store.entries()
        assert entry.name == "x"
        assert entry.card()
        assert len(store.verify()) == 1


def _catalogues() -> list[Sample]:
    return [Sample(path.read_bytes()[:20_000]) for path in sorted((ROOT / "core" / "locale").rglob("*.mo"))]


def _read_catalogue(content: bytes) -> None:
    from senga.language import read_catalogue

    with contextlib.suppress(ValueError, struct.error):  # what its caller expects
        read_catalogue(content)


def _landmarks() -> list[Sample]:
    from senga.faces import Face, faces_text

    points = np.random.default_rng(0).uniform(0, 99, (68, 2)).astype(np.float32)
    text = faces_text([Face.of_points(points)] * 2, (100, 100))
    lines = "# size 100 100\n" + "".join(f"{x:.1f}, {y:.1f}\n" for x, y in points)
    return [Sample(each.encode()) for each in (text, lines, json.dumps((points / 99).tolist()))]


def _read_landmarks(content: bytes) -> None:
    from senga.faces import read_faces

    for face in read_faces(on_disk(content, "landmarks.txt"), (200, 300)):
        assert face.points.shape == (68, 2)
        assert np.isfinite(face.points).all()


def _messages() -> list[Sample]:
    canvas = {"path": "/nonexistent", "width": 4, "height": 4, "channels": 3, "depth": "u8", "masked": False}
    run = {"op": "run", "order": {"filter": "sketch", "settings": {"seed": 7}}, "canvas": canvas, "language": "ja"}
    several = [run, {"op": "describe", "language": "zh_CN"}, {"op": "status"}, {"op": "cancel"}, {"op": "took"}]
    return [Sample(_framed(message)) for message in several] + [Sample(b"".join(map(_framed, several))),
            Sample(json.dumps(run).encode(), lambda content: struct.pack(">I", len(content)) + content)]  # fmt: skip


def _framed(message: object) -> bytes:
    content = json.dumps(message).encode()
    return struct.pack(">I", len(content)) + content


def _serve(content: bytes) -> None:
    """A session of the worker hears this from a client that has proven who it is; jobs are only checked."""
    from senga.errors import SengaError
    from senga.host_adapters.worker import session
    from senga.host_adapters.worker.order import Request

    def check(task: Any) -> None:
        with contextlib.suppress(SengaError):
            Request.read(task.message)

    jobs = SimpleNamespace(add=check, cancel=lambda _: None)
    house = SimpleNamespace(
        secret=b"x", jobs=jobs, hello=dict, status=lambda: {"version": "0"}, stop=lambda: None, library=lambda: _NOTHING
    )
    ours, theirs = socket.socketpair()
    session.admit = lambda *_: None
    talk = session.Session(theirs, house)
    talk._channel._seconds = 0.5
    client = [threading.Thread(target=part, args=(ours, content)) for part in (_say, _hear)]
    for part in client:
        part.start()
    try:
        talk.serve()
    finally:
        theirs.close()
        for part in client:
            part.join()
        ours.close()


_NOTHING = SimpleNamespace(filters={})


def _say(connection: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):  # it hung up before it heard all
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)


def _hear(connection: socket.socket, _: bytes) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(1 << 16):
            pass


TOML = (b"[model.x]", b'"""', b"a.b.c.", b"[[", b"]]", b"= 1e999", b"= nan", b"\xef\xbb\xbf", b"'''", b"1979-05-27",
        b"\\u0000", b"filter = ", b"settings", b"true")  # fmt: skip
JSON = (b"[" * 50, b"{", b'"op"', b"null", b"1e999", b"NaN", b"\\ud800", b'"' + b"x" * 1000 + b'"', b"-1", b"run")
PICKLE = (b"}", b"(", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n", b"R", b"b", b"Q", b"q\0",
          b"h\0", b"\x85", b"\x86", b"u", b"e", b"cos\nsystem\n", b"\x8a\x08" + b"\x7f" * 8)  # fmt: skip
NPY = (b"'descr'", b"'<f8'", b"(9999999,)", b"'|O'", b"True", b"(0,)", b"'|S9999'", b"()")
PICTURE = (b"IHDR", b"acTL", b"fdAT", b"Exif\0\0", b"ICC_PROFILE\0", b"ANMF", b"GIF89a", b"II*\0")
FILM = (b"moov", b"mdat", b"stts", b"avcC", b"tkhd", b"edts", b"\x1a\x45\xdf\xa3")
ONNX = (b"Conv", b"Transpose", b"perm", b"Constant", b"value", b"\xff\xff\xff\xff\x0f")

READERS = {
    "pictures": Reader(_pictures, _look, PICTURE, 3 << 30),
    "films": Reader(_films, _look, FILM, 3 << 30),
    "checkpoints": Reader(_checkpoints, _read_weights, PICKLE + NPY),
    "manifests": Reader(_manifests, _read_manifest, (b'"shape"', b'"filename"', b"[[", b"{" * 500)),
    "indexes": Reader(_indexes, _read_index, (b"\xff\xff\xff\xff\x7f", b"\0\0\0")),
    "onnx": Reader(_onnx, _read_weights, ONNX),
    "hdf5": Reader(_hdf5, _read_weights, (b"TREE", b"SNOD", b"HEAP", b"GCOL", b"\xff" * 8)),
    "tflite": Reader(_tflite, _read_weights, (b"TFL3", b"\xff\xff\xff\x7f", b"\x04\0\0\0")),
    "recipes": Reader(_recipes, _read_recipe, TOML),
    "lists": Reader(_lists, _read_list, (*TOML, b"shipped = ", b"urls = ", b"file = ")),
    "cards": Reader(_cards, _read_card, JSON),
    "catalogues": Reader(_catalogues, _read_catalogue),
    "landmarks": Reader(_landmarks, _read_landmarks, (*JSON, b'"size"', b'"points"', b"# size ")),
    "wire": Reader(_messages, _serve, JSON),
}
"""By the name that ``--readers`` takes."""
