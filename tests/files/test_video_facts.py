"""What films say beside their pixels goes through reading and writing: times, shape, colours, tags, tracks."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.video.reformatter
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError, SengaError
from senga.files.video_pixels import image_of
from senga.image import Animation

Make = Callable[..., Path]
Pixels = NDArray[Any]


def film_of(path: Path) -> Animation:
    film = files.read(path)
    assert isinstance(film, Animation)
    return film


def again(path: Path, ending: str = ".mp4", **options: Any) -> Path:
    return film_of(path).save(path.with_name(f"result{ending}"), **options)


def first_picture(path: Path) -> Pixels:
    return next(film_of(path).frames()).image.u8().astype(int)


def starts(path: Path) -> tuple[float, float]:
    """Seconds at which a picture and a sound above the noise are there for the first time."""
    with av.open(str(path)) as film:
        pictures = film.streams.video[0]
        seen = next(frame.time for frame in film.decode(pictures))
    with av.open(str(path)) as film:
        for frame in film.decode(film.streams.audio[0]):
            loud = np.flatnonzero(np.abs(frame.to_ndarray().astype(float)).max(axis=0) > _loud(frame))
            if len(loud):
                return seen, frame.time + loud[0] / frame.sample_rate
    raise AssertionError("silence")


def _loud(frame: Any) -> float:
    return 3000 if frame.format.name.startswith("s16") else 0.1


# ---- times


@pytest.mark.parametrize("sound", ["aac", "pcm_s16le"])
@pytest.mark.parametrize(("pictures_from", "sound_from"), [(1.0, 0.0), (0.0, 1.0), (5.5, 5.0), (3.0, 3.0)])
def test_sound_and_picture_stay_in_step(sound: str, pictures_from: float, sound_from: float, make_film: Make) -> None:
    times = [pictures_from + number / 10 for number in range(20)]
    path = make_film("film.mkv", sound=sound, times=times, sound_from=sound_from)
    for ending in (".mp4", ".mkv"):
        seen, heard = starts(again(path, ending))
        assert seen - heard == pytest.approx(pictures_from - sound_from, abs=0.03)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("film.ts", {"sound": "mp2"}),
        ("film.mts", {"sound": "ac3"}),
        ("film.mts", {"sound": "aac"}),
        ("film.flv", {"sound": "libmp3lame", "pictures": "flv", "rate": 44100}),
    ],
)
def test_clocks_that_do_not_start_at_zero(name: str, how: dict[str, Any], make_film: Make) -> None:
    path = make_film(name, times=[7 + number / 10 for number in range(20)], sound_from=7.5, **how)
    before, after = starts(path), starts(again(path))
    assert after[0] - after[1] == pytest.approx(before[0] - before[1], abs=0.04)
    assert after[0] < 0.1


def test_frame_rates_that_change(make_film: Make) -> None:
    times = [number * number * 0.01 for number in range(20)]
    with av.open(str(again(make_film("film.mkv", times=times)))) as film:
        assert [frame.time for frame in film.decode(video=0)] == pytest.approx(times, abs=0.001)


def test_b_frames_come_in_order(make_film: Make) -> None:
    film = film_of(make_film("film.mp4", options={"bf": "3"}))
    shades = [frame.image.pixels[40, 60, 0] for frame in film.frames()]
    assert shades == sorted(shades)


def test_a_clock_that_is_set_anew(make_film: Make) -> None:
    """Two broadcasts in one file: the second begins at the time of the first."""
    path = make_film("film.ts", sound="mp2")
    longer = path.with_name("both.ts")
    late = make_film("late.ts", sound="mp2", times=[100 + number / 10 for number in range(20)], sound_from=100.0)
    longer.write_bytes(late.read_bytes() + path.read_bytes())
    film = film_of(longer)
    seconds = [frame.seconds for frame in film.frames()]
    assert len(seconds) == 40
    assert sum(seconds) == pytest.approx(4, abs=0.3)
    with av.open(str(again(longer))) as result:
        assert result.duration is not None
        assert result.duration / 1e6 == pytest.approx(4.1, abs=0.4)


def test_a_film_of_one_picture(make_film: Make) -> None:
    film = film_of(make_film("film.mp4", times=[0.0]))
    assert film.count == 1
    assert [frame.seconds for frame in film.frames()] == pytest.approx([0.1], abs=0.01)


# ---- shape


def test_wide_pixels_stay_wide(make_film: Make) -> None:
    path = make_film("film.mp4", pixel_shape=Fraction(16, 11))
    for ending in (".mp4", ".mov", ".mkv", ".webm"):
        with av.open(str(again(path, ending))) as film:
            track = film.streams.video[0]
            assert track.width * (track.sample_aspect_ratio or 1) / track.height == pytest.approx(
                64 * 16 / 11 / 48, abs=0.02
            )
    for ending in (".gif", ".webp", ".png"):
        with PIL.Image.open(again(path, ending)) as moving:
            assert moving.size == (93, 48)
    again(path.rename(path.with_name("numbered.mp4")), "-%d.jpg")
    with PIL.Image.open(path.with_name("result-1.jpg")) as still:
        assert still.size == (93, 48)


MATRICES: dict[str, tuple[tuple[int, int, int, int], Callable[[Pixels], Pixels]]] = {
    "as it is": ((1, 0, 0, 1), lambda pixels: pixels),
    "mirrored": ((-1, 0, 0, 1), lambda pixels: pixels[:, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda pixels: pixels[::-1]),
    "half a turn": ((-1, 0, 0, -1), lambda pixels: pixels[::-1, ::-1]),
    "transposed": ((0, 1, 1, 0), lambda pixels: pixels.transpose(1, 0, 2)),
    "a quarter": ((0, 1, -1, 0), lambda pixels: np.rot90(pixels, -1)),
    "three quarters": ((0, -1, 1, 0), np.rot90),
    "transversed": ((0, -1, -1, 0), lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_films_are_turned_and_mirrored(name: str, make_film: Make) -> None:
    matrix, shown = MATRICES[name]
    path = make_film("film.mp4", pixel_shape=Fraction(4, 3))
    plain = first_picture(path)
    path.write_bytes(_with_matrix(path.read_bytes(), matrix))
    film = film_of(path)
    expected = shown(plain)
    assert (film.height, film.width) == expected.shape[:2]
    assert np.array_equal(next(film.frames()).image.pixels, expected)
    with av.open(str(again(path))) as result:
        wide = Fraction(4, 3) if expected.shape == plain.shape else Fraction(3, 4)
        assert result.streams.video[0].sample_aspect_ratio == wide
    assert np.abs(first_picture(path.with_name("result.mp4")) - expected).mean() < 6


def _with_matrix(content: bytes, matrix: tuple[int, int, int, int]) -> bytes:
    """The track's matrix as it is asked for (ISO/IEC 14496-12, track header)."""

    def stored(a: int, b: int, c: int, d: int) -> bytes:
        return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)

    at = content.index(stored(1, 0, 0, 1), content.index(b"tkhd"))
    return content[:at] + stored(*matrix) + content[at + 36 :]


def test_sizes_that_change_are_fitted_to_the_first(make_film: Make) -> None:
    path, high = make_film("wide.ts"), make_film("high.ts", size=(64, 48))
    path.write_bytes(path.read_bytes() + high.read_bytes())
    frames = [frame.image.pixels for frame in film_of(path).frames()]
    assert {each.shape for each in frames} == {(48, 64, 3)}
    assert len(frames) == 40
    assert np.abs(frames[-1][40, 60].astype(int) - frames[19][40, 60]).max() < 8


def test_odd_sizes(make_film: Make) -> None:
    film = film_of(make_film("film.webm", pictures="libvpx", size=(47, 63)))
    assert (film.height, film.width) == (47, 63)
    with av.open(str(again(Path(str(film.info.source))))) as result:
        assert (result.streams.video[0].height, result.streams.video[0].width) == (48, 64)


def test_interlaced_pictures_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "film.mpg"
    with av.open(str(path), "w") as film:
        track: Any = film.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme"})
        track.width, track.height, track.pix_fmt, track.bit_rate = 128, 96, "yuv420p", 3_000_000
        for number in range(12):
            halves = np.zeros((96, 128, 3), np.uint8)
            halves[0::2, 4 * number : 4 * number + 20] = 255
            halves[1::2, 4 * number + 8 : 4 * number + 28] = 255
            film.mux(track.encode(av.VideoFrame.from_ndarray(halves, format="rgb24").reformat(format="yuv420p")))
        film.mux(track.encode(None))
    frames = list(film_of(path).frames())
    assert [frame.seconds for frame in frames] == pytest.approx([0.04] * 12, abs=0.002)
    combs = np.abs(np.diff(frames[5].image.pixels[:, :, 0].astype(int), axis=0)).mean()
    assert combs < 15  # 33 with both halves of their own time


# ---- colour


@pytest.mark.parametrize(
    ("colour", "form"),
    [
        ((1, 1, 1, 1), "yuv420p"),
        ((1, 1, 1, 2), "yuv420p"),
        ((1, 1, 1, 2), "yuv420p10le"),
        ((1, 1, 13, 1), "yuv444p"),
        ((5, 5, 6, 1), "yuv420p"),
        ((6, 6, 6, 1), "yuv422p"),
        ((6, 6, 6, 2), "yuvj420p"),
        ((2, 2, 2, 1), "yuv420p10le"),
    ],
)
def test_matrix_and_range_are_those_of_the_film(colour: tuple[int, int, int, int], form: str, make_film: Make) -> None:
    path = make_film("film.mp4", colour=colour, form=form)
    for each in (path, again(path)):
        assert np.abs(first_picture(each)[30, 50] - (0, 90, 220)).max() < 8
        assert first_picture(each)[5, 5].min() > 245
    with av.open(str(path.with_name("result.mp4"))) as film:
        context: Any = film.streams.video[0].codec_context
        told = context.colorspace, context.color_primaries, context.color_trc, context.color_range
        said = colour[1:3] if colour[1] != 2 else (1, 1)
        assert told == (1, *said, 1)


@pytest.mark.parametrize(("transfer", "code", "bright"), [(16, 509, 185), (18, 573, 165)])
def test_high_dynamic_range_becomes_standard_and_that_is_said(
    transfer: int, code: int, bright: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as film:
        track: Any = film.add_stream("ffv1", rate=10)
        track.width = track.height = 64
        track.pix_fmt = "yuv420p10le"
        context = track.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, transfer, 1
        for _ in range(3):
            frame = av.VideoFrame(64, 64, "yuv420p10le")
            for plane, value in zip(frame.planes, (code, 512, 512), strict=True):
                np.frombuffer(plane, np.uint16)[:] = value
            film.mux(track.encode(frame))
        film.mux(track.encode(None))
    made = again(path)  # what it reads is seen there: to make the tables of such a film ready takes seconds
    assert np.abs(first_picture(made) - bright).max() < 8
    assert "“film.mkv” has a high dynamic range, which becomes the standard one" in caplog.text
    with av.open(str(made)) as result:
        told: Any = result.streams.video[0].codec_context
        assert (told.pix_fmt, told.color_primaries, told.color_trc) == ("yuv420p", 1, 1)


def test_frames_that_are_alike_share_what_is_costly_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    whole = av.video.reformatter.VideoReformatter
    monkeypatch.setattr(av.video.reformatter, "VideoReformatter", lambda: made.append(whole()) or made[-1])
    for shape, count in (((60, 80), 1), ((60, 80), 1), ((62, 80), 2), ((60, 80), 3)):
        frame = av.VideoFrame.from_ndarray(np.full((*shape, 3), 90, np.uint8), "rgb24")
        assert (image_of(frame, None, 1).pixels == 90).all()
        assert len(made) == count


@pytest.mark.parametrize(
    ("name", "pictures", "form"),
    [
        ("logo.mov", "qtrle", "argb"),
        ("logo.mov", "prores_ks", "yuva444p10le"),
        ("logo.mov", "png", "rgba"),
        ("logo.webm", "libvpx-vp9", "yuva420p"),
        ("logo.mkv", "ffv1", "yuva420p"),
    ],
)
def test_what_is_transparent_in_a_film(name: str, pictures: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / name
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :, 0], pixels[:, 32:, 3] = 255, 255
    with av.open(str(path), "w") as film:
        track: Any = film.add_stream(pictures, rate=10, options={"auto-alt-ref": "0"} if "vpx" in pictures else {})
        track.width = track.height = 64
        track.pix_fmt = form
        if "vpx" in pictures:
            track.metadata["alpha_mode"] = "1"
        for _ in range(3):
            film.mux(track.encode(av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format=form)))
        film.mux(track.encode(None))
    image = next(film_of(path).frames()).image
    assert image.alpha is not None
    assert list(image.alpha[30, [5, 60]]) == [0, np.iinfo(image.alpha.dtype).max]
    seen = first_picture(again(path))
    assert seen[30, 5].min() > 235
    assert seen[30, 60, 1] < 40


# ---- tags and tracks

CHAPTERS = [
    {"id": 1, "start": 0, "end": 800, "time_base": Fraction(1, 1000), "metadata": {"title": "Dawn"}},
    {"id": 2, "start": 800, "end": 2000, "time_base": Fraction(1, 1000), "metadata": {"title": "Day"}},
]
TAGS = {
    "title": "The lake",
    "artist": "Me",
    "creation_time": "2020-05-06T07:08:09.000000Z",
    "location": "+48.2000+016.3000/",
    "comment": "A walk",
}


@pytest.mark.parametrize("source", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("target", [".mp4", ".mov", ".mkv"])
def test_tags_chapters_and_languages(source: str, target: str, make_film: Make) -> None:
    path = make_film(f"film{source}", sound="aac", languages=("eng", "ger"), tags=TAGS, chapters=CHAPTERS)
    with av.open(str(again(path, target))) as film:
        said = {name.lower(): text for name, text in film.metadata.items()}
        assert {name: said.get(name) for name in TAGS} == TAGS
        titles = [
            (float(each["start"] * (each["time_base"] or 0)), each["metadata"]["title"]) for each in film.chapters()
        ]
        assert titles == [(0, "Dawn"), (pytest.approx(0.8, abs=0.01), "Day")]
        assert [track.language for track in film.streams.audio] == ["eng", "ger"]


def test_names_that_telephones_write(make_film: Make) -> None:
    tags = {"com.apple.quicktime.make": "Maker", "com.apple.quicktime.location.ISO6709": "+48.2+016.3/"}
    path = make_film("film.mov", tags=tags, container_options={"movflags": "use_metadata_tags"})
    with av.open(str(again(path))) as film:
        assert tags.items() <= film.metadata.items()
    with av.open(str(again(path, metadata="strip-gps"))) as film:
        assert film.metadata.get("com.apple.quicktime.make") == "Maker"
        assert "+48" not in str(film.metadata)


def test_tags_and_places_can_be_left_out(make_film: Make) -> None:
    path = make_film("film.mp4", tags=TAGS, chapters=CHAPTERS)
    with av.open(str(again(path, metadata="strip-gps"))) as film:
        assert film.metadata["title"] == "The lake"
        assert "+48" not in str(film.metadata)
    with av.open(str(again(path, metadata="strip"))) as film:
        assert not film.metadata.keys() & (TAGS.keys() | {"location-eng"})
        assert film.chapters() == []


def test_the_time_code_is_kept(tmp_path: Path, make_film: Make) -> None:
    path = tmp_path / "film.mov"
    with av.open(str(path), "w") as film:
        track: Any = film.add_stream("libx264", rate=25)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        track.metadata["timecode"] = "01:02:03:04"
        for number in range(5):
            film.mux(track.encode(make_film.frame(number, (48, 64), "yuv420p", None)))  # type: ignore[attr-defined]
        film.mux(track.encode(None))
    with av.open(str(again(path))) as result:
        assert str(result.streams.video[0].metadata["timecode"]).startswith("01:02:03")


ASS = (
    b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour\n"
    b"Style: Default,Arial,18,&Hffffff\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, "
    b"Effect, Text\n"
)


def film_with(
    path: Path, make_film: Any, *, words: str | None = None, cover: bool = False, second: bool = False
) -> Path:
    """A film with subtitles, a cover before its pictures, or a second track of pictures."""
    texts = {
        "subrip": b"Good <i>day</i>",
        "ass": rb"0,0,Default,,0,0,0,,Good {\i1}day",
        "mov_text": b"\0\x08Good day",
        "webvtt": b"Good day",
    }
    with av.open(str(path), "w") as film:
        picture: Any = film.add_stream("mjpeg", rate=1, width=32, height=32, pix_fmt="yuvj420p") if cover else None
        if cover:
            picture.disposition = 1024
        track: Any = film.add_stream("libx264", rate=10, width=64, height=48, pix_fmt="yuv420p")
        small: Any = film.add_stream("libx264", rate=10, width=32, height=32, pix_fmt="yuv420p") if second else None
        said: Any = film.add_stream(words) if words else None
        if said is not None:
            said.codec_context.subtitle_header = ASS
            said.codec_context.time_base = Fraction(1, 1000)
            said.metadata["language"] = "fre"
        if cover:
            film.mux(picture.encode(make_film.frame(3, (32, 32), "yuvj420p", None)) + picture.encode(None))
        for number in range(10):
            film.mux(track.encode(make_film.frame(number, (48, 64), "yuv420p", None)))
            if small is not None:
                film.mux(small.encode(make_film.frame(number, (32, 32), "yuv420p", None)))
            if words and number == 4:
                packet: Any = av.Packet(texts[words])
                packet.stream, packet.time_base = said, Fraction(1, 1000)
                packet.pts = packet.dts = 400
                packet.duration = 300
                film.mux(packet)
        film.mux(track.encode(None))
        if small is not None:
            film.mux(small.encode(None))
    return path


@pytest.mark.parametrize(
    ("source", "words", "target"),
    [
        (".mkv", "subrip", ".mp4"),
        (".mkv", "ass", ".mp4"),
        (".mkv", "webvtt", ".mp4"),
        (".mp4", "mov_text", ".mp4"),
        (".mkv", "ass", ".mkv"),
    ],
)
def test_subtitles_are_kept(source: str, words: str, target: str, tmp_path: Path, make_film: Make) -> None:
    with av.open(str(again(film_with(tmp_path / f"film{source}", make_film, words=words), target))) as film:
        track = film.streams.subtitles[0]
        assert track.language == "fre"
        shown = [packet for packet in film.demux(track) if packet.size > 2]
        assert [round(float((packet.pts or 0) * packet.time_base), 2) for packet in shown] == [0.4]
        assert b"Good" in bytes(shown[0])
        if target != ".mkv":
            assert bytes(shown[0])[2:] == b"Good day"


def test_a_cover_is_no_film(tmp_path: Path, make_film: Make) -> None:
    path = film_with(tmp_path / "film.mp4", make_film, cover=True)
    assert film_of(path).width == 64
    with av.open(str(again(path))) as film:
        assert [int(track.disposition) & 1024 for track in film.streams.video] == [0, 1024]


def test_what_cannot_be_kept_is_said(tmp_path: Path, make_film: Make, caplog: pytest.LogCaptureFixture) -> None:
    again(film_with(tmp_path / "film.mkv", make_film, second=True))
    assert "another track of pictures cannot be kept" in caplog.text


# ---- sound


def heard(path: Path) -> list[tuple[str, int, int, float, float]]:
    """Kind, rate, channels, seconds and strongest frequency of every track of sound."""
    result = []
    with av.open(str(path)) as film:
        count = len(film.streams.audio)
    for number in range(count):
        with av.open(str(path)) as film:
            track = film.streams.audio[number]
            parts = [frame.to_ndarray() for frame in film.decode(track)]
            channels = track.codec_context.layout.nb_channels
            samples = np.concatenate([part.reshape(channels, -1, order="F")[0] for part in parts], dtype=np.float64)
            spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
            pitch = float(spectrum.argmax() * track.rate / len(samples))
            name = track.codec_context.codec.canonical_name
            result.append((name, track.rate, channels, len(samples) / track.rate, pitch))
    return result


@pytest.mark.parametrize(
    ("sound", "rate", "layout", "expected"),
    [
        ("pcm_s16le", 192000, "stereo", ("aac", 48000, 2)),
        ("pcm_s16le", 8000, "mono", ("aac", 8000, 1)),
        ("pcm_s24le", 44100, "stereo", ("aac", 44100, 2)),
        ("pcm_f32le", 37800, "mono", ("aac", 44100, 1)),
        ("pcm_u8", 11025, "mono", ("aac", 11025, 1)),
        ("pcm_s16le", 48000, "5.1", ("aac", 48000, 6)),
        ("pcm_s16le", 48000, "quad", ("aac", 48000, 4)),
        ("ac3", 48000, "5.1", ("ac3", 48000, 6)),
        ("flac", 96000, "stereo", ("flac", 96000, 2)),
        ("libopus", 48000, "mono", ("opus", 48000, 1)),
        ("libmp3lame", 44100, "stereo", ("mp3", 44100, 2)),
        ("mp2", 48000, "stereo", ("aac", 48000, 2)),
    ],
)
def test_sound_of_every_kind(
    sound: str, rate: int, layout: str, expected: tuple[str, int, int], make_film: Make
) -> None:
    path = make_film("film.mkv", sound=sound, rate=rate, layout=layout)
    (kind, aim, channels, seconds, pitch), *rest = heard(again(path))
    assert not rest
    assert (kind, aim, channels) == expected
    assert seconds == pytest.approx(2, abs=0.15)
    assert pitch == pytest.approx(440, abs=2)


@pytest.mark.parametrize(("ending", "kind"), [(".mov", "pcm_s16le"), (".mkv", "pcm_s16le"), (".webm", "opus")])
def test_other_containers_hold_other_sound(ending: str, kind: str, make_film: Make) -> None:
    path = make_film("film.mkv", sound="pcm_s16le", rate=44100, languages=("eng", "ger"))
    assert [track[0] for track in heard(again(path, ending))] == [kind, kind]


def test_sound_that_does_not_say_where_its_microphones_stood(make_film: Make) -> None:
    path = make_film("film.avi", pictures="mpeg4", sound="pcm_s16le", layout="quad")
    content = path.read_bytes()
    at = content.index(struct.pack("<HH", 0xFFFE, 4))  # WAVEFORMATEXTENSIBLE, four channels, then the mask
    path.write_bytes(content[: at + 20] + bytes(4) + content[at + 24 :])
    assert heard(again(path))[0][:3] == ("aac", 48000, 4)


def test_a_damaged_piece_of_sound_is_silent(make_film: Make, tmp_path: Path) -> None:
    path, broken = make_film("film.mkv", pictures="libvpx", sound="flac"), tmp_path / "broken.mkv"
    with av.open(str(path)) as source, av.open(str(broken), "w") as film:
        tracks = [film.add_stream_from_template(track, opaque=True) for track in source.streams]
        for packet in source.demux():
            if packet.dts is None:
                continue
            at = float((packet.pts or 0) * packet.time_base)
            if packet.stream.type == "audio" and 0.8 < at < 1.2:
                spoilt: Any = av.Packet(bytes(packet.size))
                spoilt.pts, spoilt.dts, spoilt.time_base = packet.pts, packet.dts, packet.time_base
                spoilt.duration = packet.duration
                spoilt.stream = tracks[1]
                film.mux(spoilt)
            else:
                packet.stream = tracks[packet.stream.index]
                film.mux(packet)
    with pytest.raises(ReadError, match="its sound is silent at"):
        again(broken, ".webm")
    _, _, _, seconds, pitch = heard(tmp_path / "result.webm")[0]
    assert seconds == pytest.approx(2, abs=0.1)
    assert pitch == pytest.approx(440, abs=2)


# ---- files


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("film.ts", {}),
        ("film.mts", {"kind": "mpegts"}),
        ("film.m2ts", {}),
        ("film.mpg", {"pictures": "mpeg2video", "times": [number / 25 for number in range(20)]}),
        ("film.wmv", {"pictures": "wmv2"}),
        ("film.flv", {"pictures": "flv"}),
        ("film.ogv", {"pictures": "libvpx", "kind": "ogg"}),
        ("film.3gp", {"pictures": "mpeg4"}),
        ("film.m4v", {"kind": "mp4"}),
        ("film.h264", {"kind": "h264"}),
        ("film.avi", {"pictures": "mjpeg", "form": "yuvj420p"}),
    ],
)
def test_films_of_many_kinds(name: str, how: dict[str, Any], make_film: Make) -> None:
    path = make_film(name, **how)
    assert len(list(film_of(path).frames())) == 20
    unnamed = files.read(path.read_bytes())
    assert isinstance(unnamed, Animation)
    assert len(list(unnamed.frames())) == 20


@pytest.mark.parametrize("kind", [b"skip", b"wide", b"free"])
def test_films_of_old_cameras_without_ftyp(kind: bytes, make_film: Make) -> None:
    path = make_film("film.mov")
    content = path.read_bytes()
    path.write_bytes(content[:4] + kind + content[8:])
    assert len(list(film_of(path).frames())) == 20


def test_a_film_that_does_not_say_how_long_it_is(make_film: Make) -> None:
    path = make_film("film.mkv", container_options={"live": "1"})
    film = film_of(path)
    assert film.count == 20
    assert len(list(film.frames())) == 20


def test_tags_in_no_alphabet(make_film: Make) -> None:
    path = make_film("film.avi", pictures="mpeg4", tags={"title": "Caf_"})
    path.write_bytes(path.read_bytes().replace(b"Caf_", b"Caf\xe9"))
    assert len(list(film_of(path).frames())) == 20


def test_the_same_bytes_every_time(make_film: Make) -> None:
    path = make_film("film.mkv", sound="pcm_s16le")
    content = again(path).read_bytes()
    assert content == again(path).read_bytes()
    assert b"mbtree=0" in content  # with it, one in a hundred differs: too few to be caught here


def test_what_an_encoder_raises_is_one_sentence(make_film: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_film("film.mp4")

    def fail(*_: Any) -> None:
        raise RuntimeError("out of colours")

    monkeypatch.setattr("senga.files.video_writing._video_frame", fail)
    with pytest.raises(SengaError, match="out of colours"):
        again(path)
