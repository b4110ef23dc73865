"""From file to file through every filter: what comes in comes out, with the depth, alpha, profile and place it had."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tifffile

import senga
from senga import Animation, Image
from senga.registry import plugins
from senga.testing import sample

STILL = ("sketch", "color-pencil", "anime", "posterize")
SIZE = (44, 60)


def _rgb(path: Path) -> None:
    PIL.Image.fromarray(sample(*SIZE).pixels).save(path)


def _grey(path: Path) -> None:
    PIL.Image.fromarray(sample(*SIZE).pixels).convert("L").save(path)


def _alpha(path: Path) -> None:
    alpha = np.linspace(0, 255, SIZE[0] * SIZE[1]).reshape(SIZE).astype(np.uint8)
    PIL.Image.fromarray(np.dstack([sample(*SIZE).pixels, alpha])).save(path)


def _grey_alpha(path: Path) -> None:
    PIL.Image.fromarray(sample(*SIZE).pixels).convert("LA").save(path)


def _palette(path: Path) -> None:
    PIL.Image.fromarray(sample(*SIZE).pixels).quantize(32).save(path)


def _cmyk(path: Path) -> None:
    PIL.Image.fromarray(sample(*SIZE).pixels).convert("CMYK").save(path)


def _sixteen(path: Path) -> None:
    tifffile.imwrite(path, sample(*SIZE, depth=np.uint16).pixels, photometric="rgb")


def _sixteen_png(path: Path) -> None:
    Image(sample(*SIZE, depth=np.uint16).pixels, np.full(SIZE, 40000, np.uint16)).save(path)


def _float(path: Path) -> None:
    tifffile.imwrite(path, sample(*SIZE, depth=np.float32).pixels, photometric="rgb")


def _turned(path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.fromarray(sample(SIZE[1], SIZE[0]).pixels).save(path, exif=exif)


KINDS: dict[str, Callable[[Path], None]] = {
    "rgb.png": _rgb, "rgb.jpg": _rgb, "rgb.webp": _rgb, "rgb.avif": _rgb, "rgb.tif": _rgb, "rgb.bmp": _rgb,
    "grey.png": _grey, "grey.jpg": _grey, "alpha.png": _alpha, "alpha.webp": _alpha, "grey-alpha.png": _grey_alpha,
    "palette.png": _palette, "cmyk.jpg": _cmyk, "sixteen.tif": _sixteen, "sixteen.png": _sixteen_png,
    "float.tif": _float, "turned.jpg": _turned,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STILL)
def test_the_result_has_what_the_picture_had(tmp_path: Path, name: str, kind: str) -> None:
    source, target = tmp_path / kind, tmp_path / f"out{Path(kind).suffix}"
    KINDS[kind](source)
    before = source.read_bytes()
    picture = senga.open(source)
    senga.apply(name, picture).save(target)
    result = senga.open(target)
    assert isinstance(picture, Image)
    assert isinstance(result, Image)
    assert source.read_bytes() == before
    assert (result.height, result.width) == SIZE
    assert result.depth == picture.depth
    assert (result.alpha is None) == (picture.alpha is None)
    if picture.alpha is not None and target.suffix != ".jpg":
        assert np.array_equal(result.alpha, picture.alpha)
    assert result.grey or not picture.grey or plugins().make(name).paints_color()
    assert not np.array_equal(result.u8(), picture.u8())
    if result.depth != np.float32:  # which Pillow cannot open in colour
        with PIL.Image.open(target) as written:
            assert written.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (700, 3), (2, 2)])
@pytest.mark.parametrize("name", STILL)
def test_odd_sizes(name: str, size: tuple[int, int]) -> None:
    result = senga.apply(name, sample(*size))
    assert result.pixels.shape[:2] == size


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
@pytest.mark.parametrize("name", ["sketch", "posterize"])
def test_animations_keep_their_frames_and_times(tmp_path: Path, name: str, ending: str) -> None:
    frames = [PIL.Image.fromarray(sample(*SIZE, seed=seed).pixels) for seed in range(3)]
    source = tmp_path / f"film.{ending}"
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=2)
    target = tmp_path / f"out.{ending}"
    senga.apply(name, senga.open(source)).save(target)
    before, after = senga.open(source), senga.open(target)
    assert isinstance(before, Animation)
    assert isinstance(after, Animation)
    assert after.loop == before.loop
    assert [round(frame.seconds, 2) for frame in after.frames()] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize("ending", ["gif", "webp", "apng", "mp4"])
def test_the_drawing_process_becomes_a_film(tmp_path: Path, ending: str) -> None:
    target = senga.apply("drawing-process", sample(*SIZE), frames=5, seconds=1).save(tmp_path / f"film.{ending}")
    if ending == "mp4":
        import av

        with av.open(str(target)) as film:
            times = [float(frame.time) for frame in film.decode(video=0)]
        assert len(times) >= 5
        assert times == sorted(times)
    else:
        film = senga.open(target)
        assert isinstance(film, Animation)
        shades = [frame.image.float().mean() for frame in film.frames()]
        assert shades[0] > shades[-1]
        assert film.count >= 5


def test_a_wide_gamut_profile_is_kept_and_colours_stay_the_same_to_the_eye(tmp_path: Path) -> None:
    red = np.zeros((*SIZE, 3), np.uint8)
    red[:] = (200, 60, 40)
    profile = _swapped_profile()
    PIL.Image.fromarray(red[:, :, ::-1]).save(tmp_path / "bgr.png", icc_profile=profile)
    picture = senga.open(tmp_path / "bgr.png")
    assert isinstance(picture, Image)
    assert np.abs(picture.u8().astype(int) - red).max() <= 2
    senga.apply("posterize", picture, levels=32).save(tmp_path / "out.png")
    with PIL.Image.open(tmp_path / "out.png") as written:
        assert written.info["icc_profile"] == profile
        assert np.abs(np.asarray(written).astype(int)[:, :, ::-1] - red).max() <= 6


def _swapped_profile() -> bytes:
    """Pillow's sRGB profile with red and blue exchanged: a mistake in handling it cannot be overlooked."""
    from PIL import ImageCms

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    for entry in range(132, 132 + 12 * count, 12):
        name = bytes(data[entry : entry + 4])
        data[entry : entry + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(data)
