"""Films of ten bits, transparent films, and the codings that were asked for, with all else that films carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from senga import files
from senga.errors import ReadError, WriteError
from senga.files import video_pieces, video_writing
from senga.files.video_pieces import Pieces
from senga.image import Animation, Frame, Image

Make = Callable[..., Path]
EVERY = ((".mp4", "hevc"), (".mov", "hevc"), (".mkv", "hevc"), (".mov", "prores"), (".mov", "prores-4444"))
EVERY = (*EVERY, (".mkv", "ffv1"))


def film_of(path: Path) -> Animation:
    film = files.read(path)
    assert isinstance(film, Animation)
    return film


def frames_of(path: Path) -> list[Frame]:
    return list(film_of(path).frames())


def coded(path: Path) -> Any:
    with av.open(str(path)) as film:
        return film.streams.video[0].codec_context


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """Shades finer than 8 bits tell apart, in a film of ten whose pictures come at odd times."""
    path = tmp_path / "deep.mkv"
    ramp = np.linspace(20000, 24000, 256).astype(np.uint16)
    pixels = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (64, 256, 3)))
    with av.open(str(path), "w") as film:
        track: Any = film.add_stream("ffv1", rate=10, width=256, height=64, pix_fmt="yuv420p10le")
        for at in (0, 100, 150, 400):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace="ITU601")
            track.codec_context.time_base = Fraction(1, 1000)
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            film.mux(track.encode(frame))
        film.mux(track.encode(None))
    return path


@pytest.fixture
def ghost() -> Animation:
    """Transparent, half transparent and opaque shades that move, not from a film; the last frame is opaque."""
    shades = np.linspace(0, 255, 62, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(shades, shades[::-1], np.uint8(128)), axis=-1)[None].repeat(46, 0)
    alpha = np.repeat(np.repeat(np.array([[0, 100], [200, 255]], np.uint8), 23, 0), 31, 1)

    def frames() -> Iterator[Frame]:
        for number in range(3):
            yield Frame(Image(np.roll(pixels, number, 1), None if number == 2 else np.roll(alpha, number, 1)), 0.1)

    return Animation(frames, 46, 62, 3)


# ---- depth


@pytest.mark.parametrize(
    ("ending", "codec", "kind", "bits"),
    [
        (".mp4", "auto", "hevc", 10),
        (".mov", "auto", "hevc", 10),
        (".mkv", "auto", "hevc", 10),
        (".webm", "auto", "vp9", 8),
        (".mp4", "h264", "h264", 8),
        (".mov", "prores", "prores", 10),
        (".mov", "prores-4444", "prores", 12),
        (".mkv", "ffv1", "ffv1", 16),
    ],
)
def test_ten_bits_come_in_and_go_out(ending: str, codec: str, kind: str, bits: int, deep: Path, tmp_path: Path) -> None:
    film = film_of(deep)
    first = next(film.frames()).image
    assert first.depth == np.uint16
    assert np.abs(first.pixels[32].astype(int) - np.linspace(20000, 24000, 256)[:, None]).max() < 200
    out = film.save(tmp_path / f"out{ending}", codec=codec, quality=100)
    context = coded(out)
    assert (context.name.removeprefix("libvpx-"), context.format.components[0].bits) == (kind, bits)
    again = frames_of(out)
    assert (len(np.unique(again[0].image.pixels[32, :, 1])) > 40) is (bits > 8)
    assert np.abs(again[0].image.float() - first.float()).max() < 0.006
    assert [frame.seconds for frame in again[:3]] == pytest.approx([0.1, 0.05, 0.25], abs=0.002)


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_other_animations_take_frames_of_ten_bits(ending: str, deep: Path, tmp_path: Path) -> None:
    again = files.read(film_of(deep).save(tmp_path / f"out{ending}"))
    assert isinstance(again, Animation)
    assert np.abs(next(again.frames()).image.float() - next(film_of(deep).frames()).image.float()).max() < 0.06


def test_apple_s_players_know_ten_bits(deep: Path, tmp_path: Path) -> None:
    for ending in (".mp4", ".mov"):
        assert coded(film_of(deep).save(tmp_path / f"out{ending}")).codec_tag == "hvc1"


def test_films_of_eight_bits_stay_what_plays_everywhere(make_film: Make) -> None:
    path = make_film("film.mp4")
    context = coded(film_of(path).save(path.with_name("out.mp4")))
    assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_without_an_encoder_of_ten_bits_there_are_eight(
    deep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("senga.files.video_codecs._is_there", lambda encoder: encoder == "libx264")
    assert coded(film_of(deep).save(tmp_path / "out.mp4")).name == "h264"
    with pytest.raises(WriteError, match="cannot write hevc"):
        film_of(deep).save(tmp_path / "asked.mp4", codec="hevc")


@pytest.mark.parametrize("form", ["yuv420p10le", "yuv422p10le"])
@pytest.mark.parametrize("spread", [1, 2])
def test_matrix_and_range_of_ten_bits(form: str, spread: int, make_film: Make) -> None:
    path = make_film("film.mov", pictures="ffv1", kind="matroska", colour=(1, 1, 1, spread), form=form)
    for ending, codec in (("", ""), *EVERY):
        shown = path if not codec else film_of(path).save(path.with_name(f"{codec}{ending}"), codec=codec)
        pixels = frames_of(shown)[0].image.u8().astype(int)
        assert np.abs(pixels[30, 50] - (0, 90, 220)).max() < 8, codec
        assert pixels[5, 5].min() > 245


# ---- transparency


@pytest.mark.parametrize(("ending", "codec", "near"), [(".mov", "prores-4444", 0.03), (".mkv", "ffv1", 0)])
def test_transparency_goes_out_and_comes_back(
    ending: str, codec: str, near: float, ghost: Animation, tmp_path: Path
) -> None:
    again = frames_of(ghost.save(tmp_path / f"out{ending}", codec=codec))
    for frame, was in zip(again, ghost.frames(), strict=True):
        assert np.abs(frame.image.float() - was.image.float()).max() <= near
        alpha, before = frame.image.alpha, was.image.alpha
        assert (alpha is None) is (before is None)
        if alpha is not None and before is not None:
            share = alpha / np.iinfo(alpha.dtype).max
            assert np.abs(share - before / 255).max() <= (0.001 if near else 0)
            assert (share[before == 255] == 1).all()
    shorter = film_of(tmp_path / f"out{ending}").save(tmp_path / "again.webp", quality=100)
    assert [frame.image.alpha is None for frame in frames_of(shorter)] == [False, False, True]


def test_what_cannot_be_transparent_says_once_that_it_lies_over_white(
    ghost: Animation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = ghost.save(tmp_path / "out.mp4")
    assert caplog.text.count("what is transparent lies over white") == 1
    assert frames_of(out)[0].image.pixels[10, 10].min() > 235


def test_a_lossless_film_keeps_every_bit_and_odd_sides(deep: Path, tmp_path: Path) -> None:
    film = film_of(deep)
    odd = replace(film, width=255, height=63, frames=lambda: (_cut(frame) for frame in film.frames()))
    again = frames_of(odd.save(tmp_path / "out.mkv", codec="ffv1"))
    for frame, was in zip(again, odd.frames(), strict=True):
        assert (frame.image.pixels == was.image.pixels).all()


def _cut(frame: Frame) -> Frame:
    return replace(frame, image=Image(np.ascontiguousarray(frame.image.pixels[:63, :255])))


# ---- what was asked for


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "prores-4444"), (".mov", "ffv1"), (".webm", "h264")])
def test_a_container_that_does_not_hold_it(ending: str, codec: str, make_film: Make) -> None:
    path = make_film("film.mp4")
    with pytest.raises(WriteError, match=f"“out{ending}”: films in {codec} end with"):
        film_of(path).save(path.with_name(f"out{ending}"), codec=codec)
    assert not path.with_name(f"out{ending}").exists()


def test_a_coding_that_nobody_knows(make_film: Make) -> None:
    with pytest.raises(WriteError, match="There is no coding “theora”"):
        film_of(make_film("film.mp4")).save("out.mp4", codec="theora")


@pytest.mark.parametrize(("ending", "codec"), EVERY)
def test_the_same_bytes_however_often_it_was_interrupted(
    ending: str, codec: str, deep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (video_pieces, video_writing):
        monkeypatch.setattr(module, "LENGTH", 2)
    film = film_of(deep)
    whole = film.save(tmp_path / f"whole{ending}", codec=codec).read_bytes()
    assert film.film is not None

    def frames(count: int) -> Iterator[Frame]:
        for number, frame in enumerate(film.frames()):
            if number == count:
                raise RuntimeError("ended")
            if number >= begun:
                yield frame

    for begun, count in ((0, 3), (2, 4)):
        kept = replace(film.film, pieces=Pieces(tmp_path / codec))
        part = replace(film, film=kept, frames=lambda count=count: frames(count))
        if begun:
            assert part.save(tmp_path / f"out{ending}", codec=codec).read_bytes() == whole
        else:
            with pytest.raises(RuntimeError):
                part.save(tmp_path / f"out{ending}", codec=codec)


@pytest.mark.parametrize(("ending", "codec"), EVERY)
def test_tracks_chapters_and_subtitles_beside_every_coding(ending: str, codec: str, make_film: Make) -> None:
    chapters = [{"id": 1, "start": 0, "end": 800, "time_base": Fraction(1, 1000), "metadata": {"title": "Dawn"}}]
    how: dict[str, Any] = {"sound": "flac", "languages": ("eng", "ger"), "words": "Good day"}
    path = make_film("film.mkv", **how, tags={"title": "Lake"}, chapters=chapters)
    with av.open(str(film_of(path).save(path.with_name(f"out{ending}"), codec=codec))) as film:
        assert [track.metadata["language"] for track in film.streams.audio] == ["eng", "ger"]
        assert [each["metadata"]["title"] for each in film.chapters()] == ["Dawn"]
        assert {key.lower(): text for key, text in film.metadata.items()}["title"] == "Lake"
        assert len(film.streams.subtitles) == 1
        texts = [bytes(packet) for packet in film.demux(film.streams.subtitles[0]) if packet.size > 2]
    assert any(b"Good day" in text for text in texts)


# ---- rude films


@pytest.mark.parametrize(("ending", "codec"), EVERY)
def test_odd_sizes_of_wide_pixels_and_a_single_picture(ending: str, codec: str, make_film: Make) -> None:
    path = make_film("film.mkv", times=[0.0], size=(47, 63), form="yuv444p", pixel_shape=Fraction(16, 11))
    out = film_of(path).save(path.with_name(f"out{ending}"), codec=codec)
    (frame,) = frames_of(out)
    size = (47, 92) if codec == "ffv1" else (48, 64)  # with square pixels, as Matroska does not hear of others
    assert (frame.image.height, frame.image.width) == size
    with av.open(str(out)) as film:
        assert film.streams.video[0].sample_aspect_ratio == (None if codec == "ffv1" else Fraction(16, 11))


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "hevc"), (".mov", "prores-4444"), (".mkv", "ffv1")])
def test_a_cut_film_of_every_coding(ending: str, codec: str, make_film: Make) -> None:
    path = make_film("film.mkv", times=[number / 10 for number in range(20)])
    content = film_of(path).save(path.with_name("whole.mkv"), codec="ffv1").read_bytes()
    cut = path.with_name("cut.mkv")
    cut.write_bytes(content[: len(content) * 2 // 3])
    out = path.with_name(f"out{ending}")
    with pytest.raises(ReadError, match="cut off after"):
        film_of(cut).save(out, codec=codec)
    assert 8 < len(frames_of(out)) < 19
