"""Animations come in whole frames, one by one, and go out the same way."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError, WriteError
from senga.files.png import chunk
from senga.image import Animation, Frame, Image, Metadata

Grain = Callable[..., NDArray[Any]]
SECONDS = (0.1, 0.25, 0.5, 0.04)


def moving(frames: list[NDArray[Any]], *, loop: int = 0, info: Metadata | None = None) -> Animation:
    height, width = frames[0].shape[:2]

    def make() -> Iterator[Frame]:
        for number, pixels in enumerate(frames):
            yield Frame(Image.of(pixels), SECONDS[number % len(SECONDS)])

    return Animation(make, height, width, len(frames), loop, info or Metadata())


def film(*, alpha: bool = False, count: int = 4) -> list[NDArray[Any]]:
    """A square of one colour wanders over a sheet of few colours, and perhaps a hole below it."""
    sheet = np.zeros((21, 34, 4), np.uint8)
    sheet[:, :, :3] = (np.arange(34) // 9 * 40)[None, :, None]
    sheet[:, :, 3] = 255
    frames = []
    for number in range(count):
        frame = sheet.copy()
        frame[16:, 6 * number : 6 * number + 9, 3] = 0
        frame[3 + number : 9 + number, 4 * number + 1 : 4 * number + 8] = (200, 30, 60, 255)
        frames.append(frame if alpha else frame[:, :, :3])
    return frames


def frames_of(animation: Image | Animation) -> list[Frame]:
    assert isinstance(animation, Animation)
    return list(animation.frames())


def rgba(frame: Frame) -> NDArray[Any]:
    return np.asarray(frame.image.pil().convert("RGBA"))


def expected(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(Image.of(pixels).pil().convert("RGBA"))


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("loop", [0, 1, 3])
@pytest.mark.parametrize(("kind", "quality"), [("apng", None), ("webp", 100), ("gif", None)])
def test_every_frame_and_time_comes_back(kind: str, quality: int | None, loop: int, alpha: bool) -> None:
    frames = film(alpha=alpha)
    data = files.encode(moving(frames, loop=loop), kind, quality=quality)
    back = files.read(data)
    assert isinstance(back, Animation)
    assert (back.height, back.width, back.count, back.loop) == (21, 34, 4, loop)
    for frame, pixels, seconds in zip(frames_of(back), frames, SECONDS, strict=True):
        seen, wanted = rgba(frame), expected(pixels)
        np.testing.assert_array_equal(seen[:, :, 3], wanted[:, :, 3])
        np.testing.assert_array_equal(seen[wanted[:, :, 3] > 0], wanted[wanted[:, :, 3] > 0])
        assert frame.seconds == pytest.approx(seconds)
        assert (frame.image.alpha is not None) == alpha
    assert len(list(back.frames())) == 4  # a second time


@pytest.mark.parametrize("kind", ["apng", "webp", "gif"])
def test_pillow_sees_the_same(kind: str) -> None:
    frames = film()
    with PIL.Image.open(io.BytesIO(files.encode(moving(frames), kind, quality=100))) as pil:
        assert pil.n_frames == 4  # type: ignore[attr-defined]
        for number, pixels in enumerate(frames):
            pil.seek(number)
            np.testing.assert_array_equal(np.asarray(pil.convert("RGB")), pixels)


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_disposal_is_composed(kind: str, disposal: int) -> None:
    """Parts of a sheet, put on it and taken away again as Pillow's writer says."""
    if kind == "PNG" and disposal == 3:
        pytest.skip("APNG counts to 2")
    parts = [PIL.Image.fromarray(frame) for frame in film(alpha=True)]
    stream = io.BytesIO()
    parts[0].save(stream, kind, save_all=True, append_images=parts[1:], disposal=disposal, duration=100, loop=0)
    with PIL.Image.open(io.BytesIO(stream.getvalue())) as pil:
        count = pil.n_frames  # type: ignore[attr-defined]
        seen = frames_of(files.read(stream.getvalue()))
        assert len(seen) == count
        for number, frame in enumerate(seen):
            pil.seek(number)
            np.testing.assert_array_equal(rgba(frame), np.asarray(pil.convert("RGBA")))


def test_a_gif_of_parts_drawn_by_hand() -> None:
    """Three frames of 2 x 1: red everywhere; green on the right, restored to what was before; blue on the left."""
    table = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0])
    head = b"GIF89a\x02\0\x01\0\xf1\0\0" + table

    def part(disposal: int, left: int, width: int, codes: bytes) -> bytes:
        control = b"!\xf9\x04" + bytes([disposal << 2, 10, 0, 0]) + b"\0"
        return (
            control + b"," + bytes([left, 0, 0, 0, width, 0, 1, 0, 0]) + b"\x02" + bytes([len(codes)]) + codes + b"\0"
        )

    # LZW with codes of 3 bits: 4 = clear, 5 = end.
    red_red, green, blue = bytes([0b00000100, 0b1010]), bytes([0b01001100, 0b1]), bytes([0b01010100, 0b1])
    data = head + part(1, 0, 2, red_red) + part(3, 1, 1, green) + part(1, 0, 1, blue) + b";"
    seen = [frame.image.pixels[0].tolist() for frame in frames_of(files.read(data))]
    red, lime, navy = [255, 0, 0], [0, 255, 0], [0, 0, 255]
    assert seen == [[red, red], [red, lime], [navy, red]]


def test_one_frame_is_a_picture(grain: Grain) -> None:
    for kind in ("gif", "webp", "apng"):
        data = files.encode(moving(film(count=1)), kind, quality=100)
        image = files.read(data)
        assert isinstance(image, Image)
        np.testing.assert_array_equal(image.pixels, film(count=1)[0])


def test_an_apng_has_the_frames_that_are_there_whatever_it_announces(capfd: pytest.CaptureFixture[str]) -> None:
    data = files.encode(moving(film(count=3)), "apng")
    at = data.index(b"acTL")
    for announced, shown in ((0, 1), (1, 1), (2, 2), (3, 3), (4, 3), (2**31 - 1, 3), (2**31, 1), (2**32 - 1, 1)):
        control = chunk(b"acTL", struct.pack(">II", announced, 0))
        picture = files.read(data[: at - 4] + control + data[at + 16 :])
        assert (len(list(picture.frames())) if isinstance(picture, Animation) else 1) == shown
    assert capfd.readouterr().err == ""


def test_the_picture_before_an_apng_is_not_part_of_it() -> None:
    parts = [PIL.Image.fromarray(frame) for frame in film()]
    stream = io.BytesIO()
    parts[3].save(stream, "PNG", save_all=True, default_image=True, append_images=parts[:3], duration=100)
    animation = files.read(stream.getvalue())
    seen = frames_of(animation)
    assert len(seen) == 3
    for frame, pixels in zip(seen, film(), strict=False):
        np.testing.assert_array_equal(frame.image.pixels, pixels)


def test_a_gradient_does_not_flicker_in_a_gif() -> None:
    """What stands still in the film stands still in the GIF, though its colours do not fit the palette."""
    sheet = np.zeros((60, 90, 3), np.uint8)
    sheet[...] = np.linspace(0, 255, 90)[None, :, None] * [1, 0.8, 0.5]
    sheet[:, :, 1] += np.linspace(0, 50, 60).astype(np.uint8)[:, None]
    frames = [sheet.copy() for _ in range(6)]
    for number, frame in enumerate(frames):
        frame[50:, 10 * number : 10 * number + 8] = (255, 255 - 30 * number, 0)
    seen = [frame.image.pixels.astype(int) for frame in frames_of(files.read(files.encode(moving(frames), "gif")))]
    for before, after in pairwise(seen):
        np.testing.assert_array_equal(before[:50], after[:50])
    assert np.abs(seen[0] - frames[0]).mean() < 6


def test_frames_keep_their_profile(profiles: dict[str, bytes]) -> None:
    for kind in ("apng", "webp"):
        data = files.encode(moving(film(), info=Metadata(icc=profiles["adobe"], xmp=b"<x/>")), kind, quality=100)
        back = files.read(data)
        assert back.info.icc == profiles["adobe"]
        assert back.info.xmp == b"<x/>"
        for frame, pixels in zip(frames_of(back), film(), strict=True):
            assert np.abs(frame.image.pixels.astype(int) - pixels).max() <= 12  # dark steps are coarse in 8 bits


@pytest.mark.parametrize("size", [(64, 48), (33, 47)])
def test_films_play_as_long_as_the_frames_say(size: tuple[int, int], tmp_path: Path) -> None:
    height, width = size
    frames = [np.full((height, width, 3), (40 * number, 80, 200 - 40 * number), np.uint8) for number in range(4)]
    target = moving(frames).save(tmp_path / "film.mp4")
    with av.open(target) as container:
        track = container.streams.video[0]
        assert track.codec_context.pix_fmt == "yuv420p"
        seen = list(container.decode(track))
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(sum(SECONDS), abs=0.06)
    assert len(seen) == 4
    for picture, seconds, pixels in zip(seen, np.cumsum((0, *SECONDS)), frames, strict=False):
        assert picture.time == pytest.approx(seconds, abs=0.002)
        decoded = picture.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        assert decoded.shape == (height + height % 2, width + width % 2, 3)
        assert np.abs(decoded.astype(int) - pixels[0, 0]).max() <= 6


def test_transparent_films_lie_on_white(tmp_path: Path) -> None:
    sheet = np.zeros((32, 32, 4), np.uint8)
    target = moving([sheet, sheet]).save(tmp_path / "film.mp4")
    with av.open(target) as container:
        assert next(container.decode(video=0)).to_ndarray(format="rgb24").min() > 250


def test_numbered_pictures(tmp_path: Path) -> None:
    pattern = moving(film()).save(tmp_path / "frame-%03d.png")
    assert pattern == tmp_path / "frame-%03d.png"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"frame-00{number}.png" for number in (1, 2, 3, 4)]
    third = files.read(tmp_path / "frame-003.png")
    assert isinstance(third, Image)
    np.testing.assert_array_equal(third.pixels, film()[2])


def test_numbered_pictures_appear_together_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[Frame]:
        yield Frame(Image.of(film()[0]))
        raise RuntimeError("the filter broke")

    animation = replace(moving(film()), frames=broken)
    with pytest.raises(RuntimeError, match="the filter broke"):
        animation.save(tmp_path / "frame-%d.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["gif", "apng", "webp", "mp4"])
def test_nothing_stays_when_a_frame_cannot_be_made(kind: str, tmp_path: Path) -> None:
    def broken() -> Iterator[Frame]:
        yield Frame(Image.of(film()[0]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(moving(film()), frames=broken).save(tmp_path / f"film.{kind}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["gif", "apng", "webp", "mp4"])
def test_frames_of_different_size_and_none_at_all_are_refused(kind: str, tmp_path: Path) -> None:
    mixed = replace(moving(film()), frames=lambda: iter([Frame(Image.of(film()[0])), Frame(Image.of(film()[0][1:]))]))
    with pytest.raises(WriteError, match="same size"):
        mixed.save(tmp_path / f"film.{kind}")
    with pytest.raises(WriteError, match="no frames"):
        replace(moving(film()), frames=lambda: iter([])).save(tmp_path / f"film.{kind}")
    assert list(tmp_path.iterdir()) == []


def test_a_count_that_was_wrong_is_put_right() -> None:
    animation = replace(moving(film()), count=99)
    back = files.read(files.encode(animation, "apng"))
    assert isinstance(back, Animation)
    assert back.count == 4


def test_still_formats_refuse_animations(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"JPEG cannot hold an animation; use one of \.png \.webp \.gif \.mp4"):
        moving(film()).save(tmp_path / "film.jpg")


@pytest.mark.parametrize("kind", ["gif", "apng", "webp", "mp4"])
def test_long_films_are_not_held_in_memory(kind: str, tmp_path: Path) -> None:
    """60 frames are 22 MB, and only some of them may be there at a time: GIF looks at 24 for its palette."""
    made = []

    def make() -> Iterator[Frame]:
        for number in range(60):
            made.append(number)
            sheet = np.zeros((300, 400, 3), np.uint8)
            sheet[:, number : number + 50] = 200
            yield Frame(Image.of(sheet))

    tracemalloc.start()
    target = Animation(make, 300, 400, 60).save(tmp_path / f"film.{kind}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(made) == 60  # each frame is made once: making one may take minutes
    assert peak < 13e6
    if kind != "mp4":
        back = files.read(target)
        assert isinstance(back, Animation)
        tracemalloc.start()
        assert sum(1 for _ in back.frames()) == 60
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8e6


def test_a_damaged_frame_is_named() -> None:
    data = files.encode(moving(film(count=3)), "apng")
    place = data.rindex(b"fdAT")
    (length,) = struct.unpack(">I", data[place - 4 : place])
    rubbish = chunk(b"fdAT", data[place + 4 : place + 8] + bytes(length - 4))
    animation = files.read(data[: place - 4] + rubbish + data[place + length + 8 :])
    assert isinstance(animation, Animation)
    with pytest.raises(ReadError, match="damaged in frame 3"):
        list(animation.frames())
