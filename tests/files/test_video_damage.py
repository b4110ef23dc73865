"""Films that are cut off, damaged, or made to do harm."""

from __future__ import annotations

import resource
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from senga import files
from senga.errors import ReadError
from senga.image import Animation, Frame, Image

Make = Callable[..., Path]

KINDS: dict[str, dict[str, Any]] = {
    "film.mp4": {"sound": "aac", "container_options": {"movflags": "faststart"}},
    "film.mov": {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "options": {"g": "5"}},
    "film.mkv": {"sound": "aac"},
    "live.mkv": {"container_options": {"live": "1"}},
    "film.webm": {"pictures": "libvpx", "sound": "libopus"},
    "nine.webm": {"pictures": "libvpx-vp9", "sound": "libopus", "size": (96, 128)},
    "film.avi": {"pictures": "mjpeg", "form": "yuvj420p"},
    "film.ts": {},
    "film.m2ts": {"sound": "ac3"},
    "film.flv": {"pictures": "flv"},
    "film.wmv": {"pictures": "wmv2"},
    "film.ogv": {"pictures": "libvpx", "kind": "ogg"},
    "film.mpg": {"pictures": "mpeg2video"},
}


def film_of(path: Path) -> Animation:
    film = files.read(path)
    assert isinstance(film, Animation)
    return film


@pytest.mark.parametrize("name", KINDS)
def test_whole_films_are_not_blamed(name: str, make_film: Make) -> None:
    film = film_of(make_film(name, **KINDS[name]))
    assert len(list(film.frames())) == 20
    assert film.film is not None
    assert film.film.faults == []


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.55, 0.9])
def test_a_cut_film_is_painted_as_far_as_it_goes(name: str, share: float, make_film: Make, tmp_path: Path) -> None:
    path = make_film(name, **KINDS[name])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share) // 2 * 2 - 1])
    with pytest.raises(ReadError, match=r"cut off|damaged"):
        film_of(path).save(tmp_path / "result.mp4")
    result = film_of(tmp_path / "result.mp4")
    assert 1 <= len(list(result.frames())) <= 20


@pytest.mark.parametrize("name", ["film.wmv", "film.flv", "film.mpg", "film.mkv", "film.ogv", "nine.webm"])
@pytest.mark.parametrize("sound", [None, "aac"])
def test_what_is_cut_off_is_called_so_whatever_is_damaged_by_it(
    name: str, sound: str | None, make_film: Make, tmp_path: Path
) -> None:
    sound = sound and {"film.wmv": None, "film.mpg": "mp2", "film.ogv": "libopus", "nine.webm": "libopus"}.get(
        name, sound
    )
    path = make_film(name, **{**KINDS[name], "sound": sound})
    content = path.read_bytes()
    for share in (0.5, 0.6, 0.7):
        path.write_bytes(content[: int(len(content) * share) // 2 * 2 - 1])
        with pytest.raises(ReadError, match="is cut off"):
            film_of(path).save(tmp_path / "result.mp4")


def test_a_film_without_its_end_that_says_where_all_is(make_film: Make) -> None:
    path = make_film("film.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") + 200])
    with pytest.raises(ReadError, match="cut off"):
        film_of(path)


@pytest.mark.parametrize("ending", [".gif", "-%d.png", ".webp"])
def test_a_cut_film_is_said_to_be_whatever_is_made_of_it(ending: str, make_film: Make, tmp_path: Path) -> None:
    path = make_film("film.avi", **KINDS["film.avi"])
    path.write_bytes(path.read_bytes()[:12000])
    with pytest.raises(ReadError, match="cut off after"):
        film_of(path).save(tmp_path / f"result{ending}")
    assert list(tmp_path.glob("result*"))


def test_a_damaged_picture_costs_that_picture(make_film: Make, tmp_path: Path) -> None:
    path = make_film("film.mp4", sound="aac", container_options={"movflags": "faststart"})
    with av.open(str(path)) as film:
        place = [packet.pos or 0 for packet in film.demux(video=0) if packet.size][9]
    content = bytearray(path.read_bytes())
    content[place : place + 8] = b"\xff" * 8
    path.write_bytes(content)
    with pytest.raises(ReadError, match="is damaged at"):
        film_of(path).save(tmp_path / "result.mp4")
    assert len(list(film_of(tmp_path / "result.mp4").frames())) >= 18


@pytest.mark.parametrize("form", ["yuv420p", "yuv444p", "gbrp"])
@pytest.mark.parametrize("ending", ["webm", "mkv", "mp4"])
def test_damage_that_vp9_s_decoder_does_not_notice(ending: str, form: str, make_film: Make, tmp_path: Path) -> None:
    path = make_film(f"film.{ending}", pictures="libvpx-vp9", form=form, size=(96, 128))
    with av.open(str(path)) as film:
        packet = [packet for packet in film.demux(video=0) if packet.size][5]
        picture = bytes(packet)
    content = path.read_bytes()
    at = content.index(picture) + len(picture) // 2
    path.write_bytes(content[:at] + bytes(255 - byte for byte in content[at : at + 6]) + content[at + 6 :])
    with pytest.raises(ReadError, match="is damaged at"):
        film_of(path).save(tmp_path / "result.mp4")
    assert len(list(film_of(tmp_path / "result.mp4").frames())) == 20, "what there is of it is painted"


@pytest.fixture
def broadcast(make_film: Make) -> bytes:
    """Six seconds of a transport stream, in groups of twelve pictures."""
    times = [number / 25 for number in range(150)]
    return make_film("film.ts", pictures="mpeg2video", size=(240, 320), times=times).read_bytes()


def faults_of(content: bytes, folder: Path) -> list[str]:
    path = folder / "broadcast.ts"
    path.write_bytes(content)
    film = film_of(path)
    assert list(film.frames())
    assert film.film is not None
    return film.film.faults


@pytest.mark.parametrize("share", [0.35, 0.6, 0.8])
def test_a_broadcast_that_is_damaged_in_the_middle_is_said_to_be(
    broadcast: bytes, tmp_path: Path, share: float
) -> None:
    at = int(len(broadcast) * share)
    damaged = broadcast[:at] + bytes(2000) + broadcast[at + 2000 :]
    (fault,) = faults_of(damaged, tmp_path)
    assert "is damaged at" in fault
    assert 0.2 < float(fault.split(" at ")[1].split()[0]) / 6 / share < 2


def test_broadcasts_may_begin_and_end_anywhere_and_be_joined(broadcast: bytes, tmp_path: Path) -> None:
    count = len(broadcast) // 188
    middle = broadcast[188 * (count // 3) : 188 * (count * 5 // 6)]
    for content in (middle, broadcast + broadcast, broadcast[: 188 * (count // 2)] + middle, middle + middle):
        assert faults_of(content, tmp_path) == []


def test_the_fault_of_a_filter_is_not_that_of_the_film(make_film: Make, tmp_path: Path) -> None:
    class RudeError(Exception):
        pass

    def frames() -> Iterator[Frame]:
        yield Frame(Image.of(np.zeros((48, 64, 3), np.uint8)))
        raise RudeError

    with pytest.raises(RudeError):
        Animation(frames, 48, 64, 2).save(tmp_path / "result.mp4")
    assert list(tmp_path.iterdir()) == []


# ---- other files and addresses


@contextmanager
def listening() -> Iterator[tuple[int, list[bool]]]:
    """A port, and whether somebody came."""
    called: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def wait() -> None:
            try:
                server.accept()[0].close()
                called.append(True)
            except OSError:
                return

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        yield server.getsockname()[1], called
        server.close()
        thread.join(0.2)


LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:3,\n{address}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{address}'\n",
    "rtsp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 96\n",
    "dash": '<MPD type="static"><Period><AdaptationSet><Representation><BaseURL>{address}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "asx": "[Reference]\nRef1={address}\n",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("ending", [".ts", ".mp4", ".avi"])
def test_lists_of_other_films_are_not_followed(kind: str, ending: str, make_film: Make, tmp_path: Path) -> None:
    other = make_film("other.mp4")
    path = tmp_path / f"list{ending}"
    with listening() as (port, called):
        for address in (str(other), f"file:{other}", f"http://127.0.0.1:{port}/film.mp4"):
            path.write_text(LISTS[kind].format(address=address))
            with pytest.raises(ReadError):
                film_of(path)
        assert not called


def test_a_reference_to_another_file_is_not_followed(make_film: Make, tmp_path: Path) -> None:
    """QuickTime may keep pictures in another file (ISO/IEC 14496-12, data reference)."""
    other = make_film("other.mov")
    content = other.read_bytes()
    reference = content.index(b"dref")
    alias = content[reference + 12 : reference + 24]
    assert alias[4:8] in (b"alis", b"url ")
    changed = bytearray(content)
    changed[reference + 16 : reference + 20] = b"url "
    changed[reference + 20 : reference + 24] = bytes(4)  # not in this file
    path = tmp_path / "film.mov"
    path.write_bytes(changed)
    film_or_refusal(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["film.mov", "other.mov"]


def film_or_refusal(path: Path) -> None:
    try:
        for _ in film_of(path).frames():
            pass
    except ReadError:
        return


# ---- small files that promise much


@contextmanager
def within(megabytes: int, seconds: float) -> Iterator[None]:
    """Fails when memory grows by more, or time."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < megabytes
    assert time.process_time() - started < seconds


def _changed(content: bytes, box: bytes, at: int, *numbers: int) -> bytes:
    start = content.index(box) + 4 + at
    return content[:start] + struct.pack(f">{len(numbers)}I", *numbers) + content[start + 4 * len(numbers) :]


@pytest.mark.parametrize(
    ("box", "at", "numbers"),
    [
        (b"stsz", 4, (1, 178_000_000)),
        (b"stsz", 4, (0, 0xFFFFFFFF)),
        (b"elst", 4, (0x10000000,)),
    ],
)
def test_lists_longer_than_the_film(box: bytes, at: int, numbers: tuple[int, ...], make_film: Make) -> None:
    path = make_film("film.mp4")
    path.write_bytes(_changed(path.read_bytes(), box, at, *numbers))
    with within(200, 10), pytest.raises(ReadError, match="claims to be larger than it can be"):
        film_of(path)


def test_a_fragment_of_two_thousand_million_pictures(make_film: Make) -> None:
    path = make_film("film.mp4", container_options={"movflags": "frag_keyframe+empty_moov"})
    path.write_bytes(_changed(path.read_bytes(), b"trun", 0, 1, 0x7FFFFFFF))
    with within(200, 10), pytest.raises(ReadError, match="claims to be larger than it can be"):
        film_of(path)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def test_packed_lists(make_film: Make) -> None:
    """QuickTime's compressed movie header hides the lists."""
    path = make_film("film.mov")
    content = path.read_bytes()
    start = content.index(b"moov") - 4
    lists = _changed(content[start:], b"stsz", 4, 1, 178_000_000)
    packed = _box(b"cmov", _box(b"dcom", b"zlib") + _box(b"cmvd", struct.pack(">I", len(lists)) + zlib.compress(lists)))
    path.write_bytes(content[:start] + _box(b"moov", packed))
    with within(200, 10), pytest.raises(ReadError, match="claims to be larger than it can be"):
        film_of(path)
    endless = struct.pack(">I", 0xFFFFFFF0) + zlib.compress(bytes(1 << 26))
    path.write_bytes(content[:start] + _box(b"moov", _box(b"cmov", _box(b"dcom", b"zlib") + _box(b"cmvd", endless))))
    with within(300, 10), pytest.raises(ReadError):
        film_of(path)


def test_a_film_cut_into_ever_the_same_pieces(make_film: Make) -> None:
    """An edit list may show all pictures again and again."""
    path = make_film("film.mov", times=[number / 10 for number in range(300)])
    content = path.read_bytes()
    edits = 100_000
    table = struct.pack(">II", 0, edits) + struct.pack(">IIHH", 30_000, 0, 1, 0) * edits
    start = content.index(b"edts") - 4
    (size,) = struct.unpack(">I", content[start : start + 4])
    content = content[:start] + _box(b"edts", _box(b"elst", table)) + content[start + size :]
    grown = len(table) + 16 - size
    for kind in (b"trak", b"moov"):
        at = content.index(kind) - 4
        (length,) = struct.unpack(">I", content[at : at + 4])
        content = content[:at] + struct.pack(">I", length + grown) + content[at + 4 :]
    path.write_bytes(content)
    with within(300, 20), pytest.raises(ReadError, match="claims to be larger than it can be"):
        film_of(path)


def test_boxes_in_boxes_without_end(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"".join(struct.pack(">I4s", 8 * (20_000 - depth), b"moov") for depth in range(20_000)))
    with within(200, 10), pytest.raises(ReadError):
        film_of(path)


def _avi(codec: bytes, width: int, height: int, chunk: bytes, count: int) -> bytes:
    """A film of one chunk again and again."""

    def block(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    header = struct.pack("<14I", 40_000, 0, 0, 0, count, 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b"vids" + codec + struct.pack("<IHHIIIIIIIIhhhh", 0, 0, 0, 0, 1, 25, 0, count, 0, 0, 0, 0, 0, 0, 0)
    picture = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, codec, 0, 0, 0, 0, 0)
    track = block(b"LIST", b"strl" + block(b"strh", stream) + block(b"strf", picture))
    lists = block(b"LIST", b"hdrl" + block(b"avih", header) + track)
    movie = block(b"LIST", b"movi" + block(b"00dc", chunk) * min(count, 1000))
    return block(b"RIFF", b"AVI " + lists + movie)


def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    path.write_bytes(_avi(b"MJPG", 60_000, 60_000, bytes(100), 1000))
    with within(300, 10), pytest.raises(ReadError):
        film_of(path)


@pytest.mark.parametrize("codec", [b"TIFF", b"webp"])
def test_stills_in_films_are_not_decoded(codec: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    path.write_bytes(_avi(codec, 64, 64, b"II*\0" + bytes(100), 3))
    with pytest.raises(ReadError):
        film_of(path)


def test_a_number_of_pictures_that_no_file_holds(make_film: Make) -> None:
    path = make_film("film.mp4")
    path.write_bytes(_changed(path.read_bytes(), b"stts", 4, 1, 0xFFFFFFF0, 1))
    with within(200, 20):
        assert film_of(path).count <= path.stat().st_size


def test_a_sound_that_begins_in_a_thousand_years(make_film: Make, tmp_path: Path) -> None:
    path = make_film("film.mkv", sound="pcm_s16le", sound_from=3e7)
    with within(300, 30):
        film_of(path).save(tmp_path / "result.mp4")
    with av.open(str(tmp_path / "result.mp4")) as film:
        assert (film.duration or 0) < 10_000_000
