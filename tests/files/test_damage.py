"""Whatever a file holds: a picture or one sentence, soon and in little memory."""

from __future__ import annotations

import io
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError
from senga.files.png import SIGNATURE, chunk
from senga.image import Animation, Frame, Image

Grain = Callable[..., NDArray[Any]]
STILLS = ["png", "jpg", "tif", "webp", "avif", "gif", "bmp"]


def still(kind: str, depth: str = "uint8") -> bytes:
    share = np.random.default_rng(3).random((40, 30, 3))
    pixels = (share * 65535).astype(np.uint16) if depth == "uint16" else (share * 255).astype(np.uint8)
    return files.encode(Image.of(pixels), kind)


def moving(kind: str) -> bytes:
    pictures = [Image.of(np.full((20, 30, 3), 60 * number, np.uint8)) for number in range(3)]
    return files.encode(Animation(lambda: (Frame(each) for each in pictures), 20, 30, 3), kind)


def by_pillow(kind: str, mode: str) -> bytes:
    stream = io.BytesIO()
    PIL.Image.fromarray(np.arange(3072, dtype=np.uint8).reshape(32, 32, 3)).convert(mode).save(stream, kind)
    return stream.getvalue()


SAMPLES = {
    **{kind: still(kind) for kind in STILLS},
    "png16": still("png", "uint16"),
    "tif16": still("tif", "uint16"),
    **{f"moving {kind}": moving(kind) for kind in ("gif", "apng", "webp")},
    **{
        f"{kind} {mode}": by_pillow(kind, mode)
        for kind, mode in [("TIFF", "CMYK"), ("TIFF", "P"), ("GIF", "P"), ("JPEG", "CMYK")]
    },
    **{kind: by_pillow(kind, "RGB") for kind in ("TGA", "ICO", "PPM", "PCX", "SGI", "DDS", "QOI", "JPEG2000")},
}


def consume(data: bytes) -> None:
    """Read everything; only ReadError may come."""
    start = time.process_time()
    try:
        picture = files.read(data)
        if isinstance(picture, Animation):
            for _, frame in zip(range(5), picture.frames(), strict=False):
                assert frame.image.width == picture.width
    except ReadError as error:
        assert str(error).endswith(".")
        assert "\n" not in str(error)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_are_whole(kind: str) -> None:
    assert isinstance(files.read(SAMPLES[kind]), (Image, Animation))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", [*STILLS, "png16", "tif16", "moving gif", "moving apng", "moving webp"])
def test_cut_off_files_are_refused(kind: str, share: float) -> None:
    data = SAMPLES[kind]
    with pytest.raises(ReadError):
        files.read(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "gif", "webp", "moving gif", "moving apng", "moving webp"])
def test_cut_off_files_are_called_so(kind: str) -> None:
    data = SAMPLES[kind]
    with pytest.raises(ReadError, match="is cut off; copy or download it again"):
        files.read(data[: int(len(data) * 0.7)])


FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@FUZZ
@given(data=st.data(), kind=st.sampled_from(sorted(SAMPLES)))
def test_mutated_files(data: st.DataObject, kind: str) -> None:
    sample = bytearray(SAMPLES[kind])
    early = st.integers(0, min(len(sample), 200) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.one_of(early, st.integers(0, len(sample) - 1)))
        sample[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        sample = sample[: data.draw(st.integers(1, len(sample)))]
    consume(bytes(sample))


@FUZZ
@given(kind=st.sampled_from(sorted(SAMPLES)), tail=st.binary(max_size=300), kept=st.integers(0, 40))
def test_rubbish_behind_a_good_beginning(kind: str, tail: bytes, kept: int) -> None:
    consume(SAMPLES[kind][:kept] + tail)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    consume(data)


@FUZZ
@given(data=st.data(), kind=st.sampled_from(["png", "png16", "moving apng"]))
def test_mutated_chunks_with_right_checksums(data: st.DataObject, kind: str) -> None:
    """So that the damage reaches the decoders."""
    sample, at, result = SAMPLES[kind], len(SIGNATURE), SIGNATURE
    victim = data.draw(st.integers(0, 6))
    number = 0
    while at < len(sample):
        length, name = struct.unpack_from(">I4s", sample, at)
        content = bytearray(sample[at + 8 : at + 8 + length])
        if number == victim and content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        result += chunk(name, bytes(content))
        at, number = at + length + 12, number + 1
    consume(result)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_nothing_is_said_behind_the_user_s_back(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Decoders of C write to the terminal; Python's warn. Not here."""
    generator = np.random.default_rng(8)
    for _ in range(15):
        sample = bytearray(SAMPLES[kind])
        for place in generator.integers(0, len(sample), 3):
            sample[place] = generator.integers(0, 256)
        consume(bytes(sample))
    assert capfd.readouterr() == ("", "")


def header_of_a_giant(kind: str) -> bytes:
    if kind == "png":
        pixels = zlib.compress(bytes(1000))
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1_000_000, 1_000_000, 8, 2, 0, 0, 0))
        return SIGNATURE + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    if kind == "gif":
        return b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + SAMPLES["gif"][13:]
    if kind == "bmp":
        return SAMPLES["bmp"][:18] + struct.pack("<ii", 100_000, 100_000) + SAMPLES["bmp"][26:]
    if kind == "jpg":
        place = SAMPLES["jpg"].index(b"\xff\xc0") + 5
        return SAMPLES["jpg"][:place] + struct.pack(">HH", 65500, 65500) + SAMPLES["jpg"][place + 4 :]
    if kind == "tif":
        data = SAMPLES["tif"]
        for tag, value in ((256, 30), (257, 40)):
            short = struct.pack("<HHI", tag, 4, 1) + struct.pack("<I", value)
            entry = short if short in data else struct.pack("<HHI", tag, 3, 1) + struct.pack("<I", value)
            assert entry in data
            data = data.replace(entry, struct.pack("<HHII", tag, 4, 1, 1_000_000))
        return data
    return b"P6 1000000 1000000 255 "


@pytest.mark.parametrize("kind", ["png", "gif", "bmp", "jpg", "tif", "ppm"])
def test_giants_are_refused_by_their_header(kind: str) -> None:
    start = time.process_time()
    with pytest.raises(ReadError, match=r"claims to be .* SENGA_MAX_PIXELS"):
        files.read(header_of_a_giant(kind))
    assert time.process_time() - start < 1


def test_the_limit_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENGA_MAX_PIXELS", "100")
    with pytest.raises(ReadError, match="40 pixels"):
        files.read(SAMPLES["png"])
    monkeypatch.setenv("SENGA_MAX_PIXELS", "nonsense")
    assert isinstance(files.read(SAMPLES["png"]), Image)


def test_a_picture_larger_than_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENGA_MAX_PIXELS", "1e15")
    with pytest.raises(ReadError, match="memory"):
        files.read(header_of_a_giant("png"))


@pytest.mark.parametrize("kind", [*STILLS, "moving gif", "moving apng", "moving webp"])
def test_the_limit_of_pillow_alone_does_not_count(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses 180 megapixels and warns from 90; here it stands for them."""
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    picture = files.read(SAMPLES[kind])
    assert isinstance(picture, Image) or len(list(picture.frames())) == 3
    assert PIL.Image.MAX_IMAGE_PIXELS == 10


def test_a_text_bomb_does_no_harm() -> None:
    bomb = chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(70_000_000), 9))
    bomb += chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(70_000_000), 9))
    image = files.read(SAMPLES["png"][:33] + bomb + SAMPLES["png"][33:])
    assert isinstance(image, Image)
    assert (image.info.icc, image.info.xmp) == (None, None)


@pytest.mark.parametrize("kind", ["png", "moving apng"])
@pytest.mark.parametrize("place", [-13, 29])  # the checksums of the last pixels and of the header
def test_a_wrong_checksum_is_damage(kind: str, place: int) -> None:
    data = bytearray(SAMPLES[kind])
    data[place] ^= 1
    with pytest.raises(ReadError, match="damaged"):
        files.read(bytes(data))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Dear reader, this is a letter and no picture at all.", "no picture that Senga knows"),
        (b"gimp xcf v011" + bytes(40), "GIMP project"),
        (b"%PDF-1.7" + bytes(40), "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "raw file"),
        (b"\0\0\0\x18ftypisom" + bytes(40), "damaged video"),
    ],
)
def test_strangers_are_named(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        files.read(path)
    assert words in str(caught.value)
    assert "“photo.png”" in str(caught.value)
    assert caught.value.path == path


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="There is no file “none.png”"):
        files.read(tmp_path / "none.png")
    with pytest.raises(ReadError, match="is a folder"):
        files.read(tmp_path)
    with pytest.raises(ReadError, match="pipe or a device"):
        files.read("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ReadError, match="pipe or a device"):
        files.read(tmp_path / "pipe.png")
    with pytest.raises(ReadError):
        files.read("a\0b.png")
    (tmp_path / "a.nef").write_bytes(SAMPLES["tif"])
    with pytest.raises(ReadError, match="raw file"):
        files.read(tmp_path / "a.nef")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(SAMPLES["png"])
    path.chmod(0)
    with pytest.raises(ReadError, match="may not be read"):
        files.read(path)


def test_paths_streams_and_bytes_are_the_same(tmp_path: Path) -> None:
    for kind in ("png", "moving gif"):
        path = tmp_path / f"{kind}.x"
        path.write_bytes(SAMPLES[kind])
        pictures = [
            files.read(path),
            files.read(str(path)),
            files.read(SAMPLES[kind]),
            files.read(io.BytesIO(SAMPLES[kind])),
        ]
        arrays = [
            np.asarray(p.pixels if isinstance(p, Image) else next(iter(p.frames())).image.pixels) for p in pictures
        ]
        for array in arrays[1:]:
            np.testing.assert_array_equal(array, arrays[0])
        assert pictures[0].info.source == path
        assert pictures[2].info.source is None


def test_many_threads_read_at_once() -> None:
    limit = PIL.Image.MAX_IMAGE_PIXELS
    seen: list[bool] = []

    def work() -> None:
        seen.extend(isinstance(files.read(SAMPLES[kind]), Image) for kind in ("jpg", "png", "tif", "gif") * 5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 80
    assert limit == PIL.Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("name", ["a\0b.png", "\ud800.png"])
def test_what_cannot_be_the_name_of_a_file_is_said(name: str) -> None:
    with pytest.raises(ReadError, match="files cannot be called so"):
        files.read(Path(name))


def test_the_folder_itself_is_named_when_it_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReadError, match="“.” is a folder"):
        files.read(Path())


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_is_damaged_in_the_middle_is_painted_and_said_to_be(
    mode: str, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The library that decodes it keeps silent about it."""
    rng = np.random.default_rng(4)
    blocks = np.kron(rng.integers(0, 256, (30, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(blocks).convert(mode).save(stream, "JPEG", quality=90, **options)
    whole = stream.getvalue()
    assert files.read(whole).width == 320
    assert not caplog.records
    if mode != "RGB":
        return  # not everything that is damaged can be told
    damaged = bytearray(whole)
    middle = len(whole) * 2 // 3
    damaged[middle : middle + 900] = bytes(rng.integers(1, 255, 900, np.uint8))
    assert files.read(bytes(damaged)).width == 320
    assert [record.message for record in caplog.records] == [
        "The picture is damaged; what can be read of it is painted."
    ]
