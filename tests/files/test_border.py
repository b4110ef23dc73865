"""What comes over the border is a picture: in its full range, with the meaning that the file gives it, and finite."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import imagecodecs
import numpy as np
import PIL.Image
import pytest
import tifffile
from numpy.typing import NDArray

from senga import files
from senga.errors import ReadError
from senga.files.png import chunk
from senga.image import Animation, Image, Metadata, to_depth

Saved = Callable[..., bytes]
_Y, _X = np.mgrid[0:48, 0:64]
COLOUR = np.stack([_X * 4, _Y * 5, (_X + _Y) * 2], axis=2).astype(np.uint8)
GREY = COLOUR[:, :, 0]


def read(data: bytes) -> Image:
    image = files.read(data)
    assert isinstance(image, Image)
    return image


def near(image: Image, wanted: NDArray[Any], most: int = 1) -> bool:
    pixels = to_depth(image.pixels, np.uint8).astype(int)
    return bool(np.abs(pixels - (wanted if wanted.ndim == 3 else wanted[:, :, None])).max() <= most)


# ---- TIFF


def tiff(samples: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **options)
    return stream.getvalue()


def tiff_of_bits(samples: NDArray[Any], bits: int) -> bytes:
    """A grey TIFF of (H, W) numbers with fewer bits than a byte or more, each row from a new byte on."""
    height, width = samples.shape
    each = (samples[:, :, None].astype(int) >> np.arange(bits - 1, -1, -1)) & 1
    body = np.packbits(each.reshape(height, -1).astype(np.uint8), axis=1).tobytes()
    body += bytes(len(body) % 2)
    tags = [(256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    tags += [(278, 3, height), (279, 4, len(body))]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
def test_numbers_of_any_bits_are_spread(bits: int) -> None:
    most = (1 << bits) - 1
    numbers = np.arange(64 * 4).reshape(16, 16) % (most + 1)
    image = read(tiff_of_bits(numbers, bits))
    assert image.depth == (np.uint8 if bits < 8 else np.uint16)
    assert near(image, np.rint(numbers * 255 / most))


def test_floating_tiff_of_opencv() -> None:
    done, data = cv2.imencode(".tif", (COLOUR[:, :, ::-1] / 255).astype(np.float32))
    assert done
    image = read(data.tobytes())
    assert image.depth == np.float32
    assert np.abs(image.pixels - COLOUR / 255).mean() < 0.01


@pytest.mark.parametrize("depth", [np.float16, np.float32, np.float64])
def test_what_is_no_number_is_dark_and_what_is_endless_is_bright(depth: Any) -> None:
    samples = (COLOUR / 255).astype(depth)
    samples[3, 3], samples[4, 4], samples[5, 5], samples[6, 6] = np.nan, np.inf, -np.inf, 4
    image = read(tiff(samples, photometric="rgb"))
    assert np.isfinite(image.pixels).all()
    assert image.pixels[[3, 4, 5, 6], [3, 4, 5, 6], 0].tolist() == [0, 4, 0, 4]
    samples[[3, 4, 5, 6], [3, 4, 5, 6]] = image.pixels[[3, 4, 5, 6], [3, 4, 5, 6]] = 0
    assert near(image, np.rint(samples.astype(np.float64) * 255))


def test_a_picture_of_nothing_but_no_numbers_and_numbers_too_large() -> None:
    assert not read(tiff(np.full((9, 9, 3), np.nan, np.float32), photometric="rgb")).pixels.any()
    assert (read(tiff(np.full((9, 9), 1e300))).pixels == 1).all()


def test_transparency_of_floating_numbers_lies_between_nothing_and_all() -> None:
    samples = np.full((2, 2, 4), 0.5, np.float32)
    samples[:, :, 3] = [[np.nan, 2], [-1, 0.25]]
    image = read(tiff(samples, photometric="rgb", extrasamples=["unassalpha"]))
    assert image.alpha is not None
    assert image.alpha.tolist() == [[0, 1], [0, 0.25]]


def test_floating_numbers_up_to_255() -> None:
    assert near(read(tiff(GREY.astype(np.float32))), GREY)
    sun = np.full((30, 30), 0.4, np.float32)
    sun[3, 3] = 200  # bright, but most of the picture is not
    assert read(tiff(sun)).pixels[0, 0, 0] == np.float32(0.4)


@pytest.mark.parametrize("depth", [np.int8, np.int16, np.int32])
def test_signed_numbers_are_called_so(depth: Any) -> None:
    with pytest.raises(ReadError, match="signed"):
        files.read(tiff(GREY.astype(depth)))


def with_count(data: bytes, change: int) -> bytes:
    """A TIFF of one strip whose byte count is wrong."""
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        tag = opened.pages[0].tags[279]  # type: ignore[union-attr]
    result = bytearray(data)
    struct.pack_into("<I" if tag.dtype == 4 else "<H", result, tag.valueoffset, tag.value[0] + change)
    return bytes(result)


@pytest.mark.parametrize("packing", [None, "lzw", "zlib", "packbits", "jpeg"])
def test_a_byte_count_beyond_the_end_costs_nothing(packing: str | None) -> None:
    data = tiff(COLOUR, compression=packing, photometric="rgb", rowsperstrip=48)
    assert near(read(with_count(data, 4096)), COLOUR, 8)
    with pytest.raises(ReadError, match="cut off"):  # pixels lie at the end here
        files.read(data[: -len(data) // 4])


@pytest.mark.parametrize("change", [-COLOUR.size, -100])
def test_a_byte_count_that_is_too_small_costs_nothing_where_nothing_is_packed(change: int) -> None:
    assert near(read(with_count(tiff(COLOUR, photometric="rgb"), change)), COLOUR, 0)


# ---- PNG


def png(*parts: bytes, pixels: NDArray[Any] = COLOUR) -> bytes:
    """A PNG with chunks between header and pixels."""
    data = imagecodecs.png_encode(pixels)
    return bytes(data[:33] + b"".join(parts) + data[33:])


def linear(values: NDArray[Any]) -> NDArray[Any]:
    share = values / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def gamma(power: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(100_000 / power)))


P3_D65 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)


def primaries(places: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(each * 100_000) for each in places)))


@pytest.mark.parametrize("grey", [False, True])
def test_linear_pixels_look_like_what_they_were_made_of(grey: bool) -> None:
    wanted = GREY if grey else COLOUR
    pixels = np.rint(linear(wanted) * 65535).astype(np.uint16)
    image = read(png(gamma(1), pixels=pixels))
    assert image.depth == np.uint16
    assert near(image, wanted)
    again = read(files.encode(image, "png"))
    assert near(again, wanted)


def test_gamma_near_to_usual_and_primaries_of_srgb_change_nothing() -> None:
    for parts in ([gamma(2.2)], [gamma(2.2), primaries(SRGB)], [primaries(SRGB)], [chunk(b"sRGB", b"\0"), gamma(1)]):
        image = read(png(*parts))
        assert near(image, COLOUR, 0)
        assert image.info.icc is None


def test_primaries_alone_and_in_numbers_mean_the_same() -> None:
    red = np.full((4, 4, 3), (234, 51, 35), np.uint8)  # sRGB's pure red in Display P3
    for part in (primaries(P3_D65), chunk(b"cICP", bytes([12, 13, 0, 1]))):
        assert near(read(png(part, pixels=red)), np.full((4, 4, 3), (255, 0, 0)), 3)


def test_which_colour_chunk_wins(profiles: dict[str, bytes]) -> None:
    """cICP before iCCP before sRGB before gAMA and cHRM."""
    icc, srgb = chunk(b"iCCP", b"p3\0\0" + zlib.compress(profiles["p3"])), chunk(b"sRGB", b"\0")
    cicp, broken = chunk(b"cICP", bytes([1, 13, 0, 1])), chunk(b"iCCP", b"x\0\0" + zlib.compress(b"rubbish"))
    assert read(png(cicp, icc, gamma(1))).info.icc is None
    assert read(png(icc, gamma(1))).info.icc == profiles["p3"]
    assert read(png(icc, srgb)).info.icc == profiles["p3"]
    assert read(png(srgb, gamma(1), primaries(P3_D65))).info.icc is None
    assert read(png(gamma(1))).info.icc is not None
    assert near(read(png(broken, gamma(1))), read(png(gamma(1))).pixels, 0)


@pytest.mark.parametrize("transfer", [1, 4, 8, 13, 16, 18])
def test_numbers_for_colours_give_a_picture_from_black_to_white(transfer: int) -> None:
    ramp = np.broadcast_to(np.arange(0, 65536, 257, dtype=np.uint16)[None, :, None], (2, 256, 3))
    seen = read(png(chunk(b"cICP", bytes([9, transfer, 0, 1])), pixels=np.ascontiguousarray(ramp))).pixels[0, :, 1]
    assert seen[0] == 0
    assert seen[-1] > 65000
    assert (np.diff(seen.astype(int)) >= -40).all()


@pytest.mark.parametrize(
    "part", [chunk(b"gAMA", bytes(4)), chunk(b"gAMA", b"x"), primaries((0.3,) * 8), chunk(b"cICP", b"\2\2\0\1")]
)
def test_colour_chunks_that_mean_nothing_are_left_out(part: bytes) -> None:
    assert near(read(png(part)), COLOUR, 0)


def test_colours_of_an_animated_png(saved: Saved) -> None:
    parts = [PIL.Image.fromarray(np.full((6, 6, 3), value, np.uint8)) for value in (10, 55)]
    data = saved(parts[0], "PNG", save_all=True, append_images=parts[1:], duration=100)
    animation = files.read(data[:33] + gamma(1) + data[33:])
    assert isinstance(animation, Animation)
    first, second = (int(frame.image.pixels[0, 0, 0]) for frame in animation.frames())
    assert abs(first - 56) <= 1
    assert abs(second - 128) <= 1


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"iCCP", b"pHYs", b"tIME", b"abCd"])
def test_a_wrong_checksum_costs_that_chunk_only(name: bytes) -> None:
    part = chunk(name, b"a\0\0nonsense")
    image = read(png(part[:-1] + bytes([part[-1] ^ 1])))
    assert near(image, COLOUR, 0)
    assert (image.info.icc, image.info.exif, image.info.dpi) == (None, None, None)


@pytest.mark.parametrize("cut", [1, 4, 8, 12])
def test_a_png_without_its_end_is_whole(cut: int) -> None:
    assert near(read(png()[:-cut]), COLOUR, 0)
    assert near(read(png()[:-12] + chunk(b"tEXt", b"a\0" + bytes(99))[:-50]), COLOUR, 0)
    with pytest.raises(ReadError, match="cut off"):
        files.read(png()[: -12 - 8 - cut])


# ---- JPEG, WebP


def test_a_jpeg_without_its_end_is_whole_as_long_as_all_pixels_are_there(saved: Saved) -> None:
    for options in ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}):
        data = saved(PIL.Image.fromarray(COLOUR), "JPEG", quality=92, **options)
        whole = read(data)
        for end in (b"", b"\xff", bytes(100)):
            assert np.array_equal(read(data[:-2] + end).pixels, whole.pixels)
        with pytest.raises(ReadError, match="cut off"):
            files.read(data[: len(data) * 3 // 4])


def test_a_webp_without_its_last_metadata_or_padding_is_whole(saved: Saved) -> None:
    data = saved(PIL.Image.fromarray(COLOUR), "WEBP", lossless=True, xmp=b"<x/>" * 20)
    assert near(read(data[:-20]), COLOUR, 0)
    alone = saved(PIL.Image.fromarray(COLOUR), "WEBP", lossless=True)
    assert near(read(alone.rstrip(b"\0")), COLOUR, 0)
    with pytest.raises(ReadError, match="cut off"):
        files.read(alone[: len(alone) * 2 // 3])


def test_colours_of_an_avif_in_numbers(saved: Saved) -> None:
    red = PIL.Image.fromarray(np.full((16, 16, 3), (234, 51, 35), np.uint8))
    data = saved(red, "AVIF", quality=100, subsampling="4:4:4")
    numbers = data.index(b"colrnclx") + 8
    plain = read(data)
    assert plain.info.icc is None
    wide = read(data[:numbers] + struct.pack(">HH", 12, 13) + data[numbers + 4 :])
    assert near(wide, np.full((16, 16, 3), (255, 0, 0)), 5)


# ---- GIF


def gif(width: int, height: int, *frames: tuple[int, int, int, int], hundredths: int = 20, disposal: int = 1) -> bytes:
    """Frames of one colour each at left, top, with a width and a height; the last colour is transparent."""
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, 0, 0)
    data += bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0])
    for number, (left, top, wide, high) in enumerate(frames):
        still = io.BytesIO()
        PIL.Image.fromarray(np.full((high, wide), number % 3, np.uint8)).save(
            still, "GIF", interlace=False, optimize=False
        )
        packed = still.getvalue()
        at = packed.rindex(b"," + struct.pack("<HHHH", 0, 0, wide, high)) + 10
        control = b"!\xf9\x04" + struct.pack("<BHB", disposal << 2 | 1, hundredths, 3) + b"\0"
        data += control + b"," + struct.pack("<HHHHB", left, top, wide, high, 0) + packed[at:-1]
    return data + b";"


def test_a_frame_is_cut_at_the_edge_of_the_screen() -> None:
    animation = files.read(gif(6, 4, (0, 0, 6, 4), (4, 3, 5, 5), (60000, 20000, 9, 9)))
    assert isinstance(animation, Animation)
    frames = [frame.image for frame in animation.frames()]
    assert [(each.width, each.height) for each in frames] == [(6, 4)] * 3
    green = (frames[1].pixels == (0, 255, 0)).all(axis=2)
    assert np.argwhere(green).tolist() == [[3, 4], [3, 5]]
    assert np.array_equal(frames[1].pixels, frames[2].pixels)


@pytest.mark.parametrize(("screen", "size"), [((0, 0), (6, 4)), ((0, 9), (6, 4)), ((3, 2), (6, 4)), ((8, 5), (8, 5))])
def test_a_screen_that_cannot_be_is_that_of_the_first_frame(screen: tuple[int, int], size: tuple[int, int]) -> None:
    for frames in ([(0, 0, 6, 4)], [(0, 0, 6, 4), (1, 1, 3, 3)]):
        picture = files.read(gif(*screen, *frames))
        assert (picture.width, picture.height) == size


@pytest.mark.parametrize(("hundredths", "seconds"), [(0, 0.1), (1, 0.1), (2, 0.02), (5, 0.05), (65535, 655.35)])
def test_frames_are_shown_as_long_as_in_browsers(hundredths: int, seconds: float) -> None:
    animation = files.read(gif(6, 4, (0, 0, 6, 4), (0, 0, 2, 2), hundredths=hundredths))
    assert isinstance(animation, Animation)
    assert [frame.seconds for frame in animation.frames()] == [seconds] * 2


@pytest.mark.parametrize(("kind", "quick"), [("PNG", 1), ("PNG", 10), ("WEBP", 1), ("WEBP", 10)])
def test_other_animations_too(kind: str, quick: int, saved: Saved) -> None:
    parts = [PIL.Image.fromarray(np.full((6, 6, 3), value, np.uint8)) for value in (0, 255)]
    animation = files.read(saved(parts[0], kind, save_all=True, append_images=parts[1:], duration=quick))
    assert isinstance(animation, Animation)
    assert [frame.seconds for frame in animation.frames()] == [0.1] * 2


# ---- Photoshop


def psd(
    planes: NDArray[Any],
    mode: int,
    *,
    layers: int | None = None,
    inside: bytes = b"",
    packed: bool = False,
    large: bool = False,
    resources: bytes = b"",
    table: bytes = b"",
) -> bytes:
    """A PSD or PSB of (C, H, W) planes."""
    channels, height, width = planes.shape
    bits = 8 * planes.dtype.itemsize if planes.dtype != np.bool_ else 1
    data = b"8BPS" + struct.pack(">H6xHIIHH", 1 + large, channels, height, width, bits, mode)
    data += struct.pack(">I", len(table)) + table + struct.pack(">I", len(resources)) + resources
    long = ">Q" if large else ">I"
    section = struct.pack(long, 2) + struct.pack(">h", layers) if layers is not None else inside
    data += struct.pack(long, len(section)) + section
    if bits == 1:
        return data + b"\0\0" + np.packbits(planes, axis=2).tobytes()
    raw = planes.astype(planes.dtype.newbyteorder(">"))
    if not packed:
        return data + b"\0\0" + raw.tobytes()
    rows = [imagecodecs.packbits_encode(row.tobytes()) for plane in raw for row in plane]
    return data + b"\0\1" + np.array([len(row) for row in rows], ">u4" if large else ">u2").tobytes() + b"".join(rows)


PLANES = np.moveaxis(COLOUR, 2, 0)
ALPHA = np.linspace(0, 255, GREY.size).reshape(GREY.shape).astype(np.uint8)
INK = np.concatenate([PLANES, np.full_like(GREY, 255)[None]])


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("deep", [False, True])
def test_photoshop_s_files_in_8_and_16_bits(deep: bool, packed: bool, large: bool) -> None:
    planes = PLANES.astype(np.uint16) * 257 if deep else PLANES
    image = read(psd(planes, 3, packed=packed, large=large))
    assert image.depth == planes.dtype
    assert near(image, COLOUR, 0)
    assert image.info.format == "PSD"
    with pytest.raises(ReadError, match="cut off"):
        files.read(psd(planes, 3, packed=packed, large=large)[:-60])


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (psd(GREY[None], 1), GREY),
        (psd(GREY[None], 8, table=b"duotone"), GREY),
        (psd(GREY[None], 2, table=bytes(range(256)) * 3), GREY),
        (psd(INK, 4), COLOUR),
        (psd(INK.astype(np.uint16) * 257, 4), COLOUR),
        (psd(linear(PLANES).astype(np.float32), 3), COLOUR),
        (psd((GREY > 127)[None, :, :61], 0), np.where(GREY[:, :61] > 127, 0, 255)),
        (psd(np.stack([GREY, np.full_like(GREY, 128), np.full_like(GREY, 128)]), 9), None),
    ],
    ids=["grey", "duotone", "indexed", "cmyk", "cmyk16", "floating", "bitmap", "lab"],
)
def test_photoshop_s_colours(data: bytes, wanted: NDArray[Any] | None) -> None:
    image = read(data)
    if wanted is None:  # grey of the same lightness
        share = ((GREY / 255 * 100 + 16) / 116) ** 3
        light = np.where(GREY / 255 * 100 > 8, share, GREY / 255 * 100 / 903.3)
        wanted = 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert near(image, np.rint(wanted))


def test_a_saved_selection_is_no_transparency() -> None:
    planes = np.concatenate([PLANES, ALPHA[None]])
    for layers in (None, 0, 2):
        image = read(psd(planes, 3, layers=layers))
        assert image.alpha is None
        assert near(image, COLOUR, 0)
    assert read(psd(np.concatenate([INK, ALPHA[None]]), 4)).alpha is None


@pytest.mark.parametrize("where", ["first", "Lr16"])
def test_transparency_of_the_whole_is_one_and_white_is_taken_off(where: str) -> None:
    cover = ALPHA[:, :, None] / 255
    mixed = np.rint(COLOUR * cover + 255 * (1 - cover)).astype(np.uint8)
    planes = np.concatenate([np.moveaxis(mixed, 2, 0), ALPHA[None]])
    block = bytes(8) + b"8BIMLr16" + struct.pack(">Ih", 4, -1) + bytes(2)
    image = read(
        psd(planes, 3, layers=-1) if where == "first" else psd(planes.astype(np.uint16) * 257, 3, inside=block)
    )
    assert image.alpha is not None
    assert np.array_equal(to_depth(image.alpha, np.uint8), ALPHA)
    solid = ALPHA > 128
    assert np.abs(to_depth(image.pixels, np.uint8)[solid].astype(int) - COLOUR[solid]).max() <= 2


def test_what_photoshop_did_not_merge_is_said() -> None:
    with pytest.raises(ReadError, match="Maximize compatibility"):
        files.read(psd(PLANES, 3, resources=b"8BIM" + struct.pack(">HHI", 1057, 0, 5) + b"\0\0\0\1\0\0"))
    with pytest.raises(ReadError, match="no colours"):
        files.read(psd(PLANES, 7))


# ---- JPEG XL, HEIC, Netpbm and others


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("pixels", [COLOUR, GREY, np.dstack([COLOUR, ALPHA])], ids=["colour", "grey", "alpha"])
def test_jpeg_xl(pixels: NDArray[Any], container: bool) -> None:
    image = read(imagecodecs.jpegxl_encode(pixels, lossless=True, usecontainer=container))
    assert near(image, GREY if pixels.ndim == 2 else COLOUR, 0)
    assert image.grey == (pixels.ndim == 2)
    assert (image.alpha is not None) == (pixels.shape[-1] == 4)
    assert image.info.format == "JXL"


@pytest.mark.parametrize("depth", [np.uint16, np.float32])
def test_deep_jpeg_xl_in_linear_light(depth: Any) -> None:
    """The encoder calls its deeper pictures linear, and what is linear is shown so."""
    full = 65535 if depth == np.uint16 else 1
    image = read(imagecodecs.jpegxl_encode((linear(COLOUR) * full).astype(depth), lossless=True))
    assert image.depth == depth
    assert near(image, COLOUR)


def test_moving_and_damaged_jpeg_xl() -> None:
    with pytest.raises(ReadError, match="animation in JPEG XL"):
        files.read(imagecodecs.jpegxl_encode(np.stack([COLOUR, COLOUR[::-1]])))
    data = imagecodecs.jpegxl_encode(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8), lossless=True)
    for share in (0.001, 0.01, 0.3, 0.8):
        with pytest.raises(ReadError):
            files.read(data[: max(3, int(len(data) * share))])


def test_heic_is_read_or_the_library_is_named() -> None:
    try:
        import pillow_heif
    except ImportError:
        with pytest.raises(ReadError, match="HEIC .* pillow-heif"):
            files.read(b"\0\0\0\x18ftypheic" + bytes(40))
        return
    stream, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Cam"
    pillow_heif.from_pillow(PIL.Image.fromarray(COLOUR)).save(stream, quality=95, exif=exif.tobytes())
    image = read(stream.getvalue())
    assert (image.width, image.height) == (48, 64)
    assert b"Cam" in (image.info.exif or b"")


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("most", [1, 15, 255, 1023, 65535])
@pytest.mark.parametrize("colour", [False, True])
def test_netpbm_of_any_maximum(colour: bool, most: int, plain: bool) -> None:
    wanted = COLOUR if colour else GREY
    numbers = np.rint(wanted / 255 * most).astype(int)
    kind = (3 if plain else 6) if colour else (2 if plain else 5)
    head = f"P{kind}\n# a comment\n64 48\n{most}\n".encode()
    body = (
        " ".join(map(str, numbers.ravel())).encode()
        if plain
        else numbers.astype(">u2" if most > 255 else "u1").tobytes()
    )
    image = read(head + body)
    assert image.depth == (np.uint16 if most > 255 else np.uint8)
    assert image.grey is not colour
    assert near(image, np.rint(numbers * 255 / most))
    with pytest.raises(ReadError, match="cut off"):
        files.read(head + body[: len(body) // 2])


@pytest.mark.parametrize("plain", [False, True])
def test_netpbm_of_ink(plain: bool) -> None:
    ink = GREY[:, :61] > 127
    body = b"\n".join(b"".join(b"01"[v : v + 1] for v in row) for row in ink.astype(int))
    data = b"P1 61 48\n" + body if plain else b"P4 61 48\n" + np.packbits(ink, axis=1).tobytes()
    assert near(read(data), np.where(ink, 0, 255), 0)


def test_qoi_and_packed_bitmaps(saved: Saved) -> None:
    assert near(read(imagecodecs.qoi_encode(COLOUR)), COLOUR, 0)
    image = read(imagecodecs.qoi_encode(np.dstack([COLOUR, ALPHA])))
    assert image.alpha is not None
    assert np.array_equal(image.alpha, ALPHA)
    rows = b"".join(bytes([4, 1, 2, 0, 0, 0]) for _ in range(3)) + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, 6, 3, 1, 8, 1, len(rows), 0, 0, 256, 0)
    table = b"".join(bytes([v, v, v, 0]) for v in range(256))
    for start in (b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 40 + 1024), b""):
        assert read(start + head + table + rows).pixels[1, :, 0].tolist() == [1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("start", "words"), [(b"v/1\x01", "OpenEXR"), (b"#?RADIANCE\n", "Radiance HDR"), (b"II\xbc\x01", "JPEG XR")]
)
def test_formats_of_others_are_named(start: bytes, words: str) -> None:
    with pytest.raises(ReadError, match=words):
        files.read(start + bytes(60))


# ---- metadata


HDR = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" '
    b'xmlns:%(gain)s="http://ns.adobe.com/hdr-gain-map/1.0/" %(gain)s:Version="1.0" '
    b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="99" '
    b'GCamera:SpecialTypeID="portrait" '
    b"xmlns:xmpNote='http://ns.adobe.com/xmp/note/' xmpNote:HasExtendedXMP='0123' "
    b'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    b'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
    b'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/">'
    b"<%(gain)s:GainMapMax>3</%(gain)s:GainMapMax><HDRGainMap:HDRGainMapVersion>65536</HDRGainMap:HDRGainMapVersion>"
    b'<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" '
    b'Item:Length="10"/></rdf:li></rdf:Seq></Container:Directory><xmp:Label>keep</xmp:Label>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


@pytest.mark.parametrize("prefix", [b"hdrgm", b"g"])
def test_xmp_claims_nothing_that_is_gone(prefix: bytes, saved: Saved) -> None:
    packet = HDR % {b"gain": prefix}
    data = saved(PIL.Image.fromarray(COLOUR), "JPEG", xmp=packet)
    xmp = read(data).info.xmp or b""
    for claim in (
        b":Version=",
        b"GainMapMax",
        b"MotionPhoto",
        b"MicroVideo",
        b"<Container",
        b"Extended",
        b"MapVersion",
    ):
        assert claim not in xmp
    for kept in (b'xmp:Rating="4"', b"<xmp:Label>keep</xmp:Label>", b'GCamera:SpecialTypeID="portrait"'):
        assert kept in xmp
    assert xmp.count(b"<rdf:Description") == xmp.count(b"</rdf:Description")


def exif(*entries: bytes, after: bytes = b"", link: int = 0) -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", link) + after


def test_damage_in_the_thumbnail_costs_the_thumbnail(saved: Saved) -> None:
    camera, turn = struct.pack("<HHI4s", 0x010F, 2, 4, b"Cam\0"), struct.pack("<HHII", 0x0112, 3, 1, 6)
    for second in (b"\xff\xff", b"\3\0" + b"\xee" * 20, struct.pack("<HHHII", 1, 0x0201, 4, 40000, 8), b""):
        block = exif(camera, turn, after=second, link=38)
        for link in (38, 8, 1 << 31):
            block = block[:34] + struct.pack("<I", link) + block[38:]
            image = read(saved(PIL.Image.fromarray(COLOUR), "JPEG", exif=b"Exif\0\0" + block))
            assert (image.width, image.height) == (48, 64)
            assert b"Cam" in (image.info.exif or b"")


@pytest.mark.parametrize("kind", [0, 5, 99])
def test_an_odd_orientation_costs_the_orientation(kind: int, saved: Saved) -> None:
    camera, turn = struct.pack("<HHI4s", 0x010F, 2, 4, b"Cam\0"), struct.pack("<HHII", 0x0112, kind, 1, 6)
    image = read(saved(PIL.Image.fromarray(COLOUR), "JPEG", exif=b"Exif\0\0" + exif(camera, turn)))
    assert (image.width, image.height) == (64, 48)
    assert b"Cam" in (image.info.exif or b"")


def test_slightly_wrong_exif_goes_into_tiff_too() -> None:
    """One value of an unknown kind, one beyond the end, a directory longer than the block."""
    camera = struct.pack("<HHI4s", 0x010F, 2, 4, b"Cam\0")
    odd, beyond = struct.pack("<HHII", 0x9000, 99, 1, 1), struct.pack("<HHII", 0x9003, 2, 20, 1 << 30)
    speed = struct.pack("<HHII", 0x8827, 3, 1, 400)
    start = 8 + 2 + 24 + 4
    inside = struct.pack("<H", 9) + odd + speed + beyond
    block = exif(camera, struct.pack("<HHII", 0x8769, 4, 1, start), after=inside)
    image = Image.of(COLOUR)
    image = read(files.encode(Image(image.pixels, info=Metadata(exif=block)), "tif"))
    assert b"Cam" in (image.info.exif or b"")
    with PIL.Image.open(io.BytesIO(files.encode(image, "jpg"))) as pil:
        assert pil.getexif().get_ifd(0x8769)[0x8827] == 400


def test_mutated_exif_goes_into_every_format(saved: Saved) -> None:
    facts = PIL.Image.Exif()
    facts[0x010F], facts[0x0112] = "Camera", 3
    facts[0x8769] = {0x9003: "2026:01:01 00:00:00", 0x829A: (1, 125)}
    facts[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    block, generator = facts.tobytes(), np.random.default_rng(7)
    for _ in range(150):
        sample = bytearray(block)
        for place in generator.integers(14, len(sample), generator.integers(1, 4)):
            sample[place] = generator.integers(0, 256)
        image = Image(COLOUR, info=Metadata(exif=bytes(sample)))
        for kind in ("tif", "jpg", "png"):
            assert near(read(files.encode(image, kind)), COLOUR, 255)
