from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest

from senga import Animation, Filter, Frame, Image, Job
from senga.compose import Blend, compose, feathered
from senga.errors import PluginError, SettingsError
from senga.image import to_depth
from senga.registry import Plugins
from senga.visible import expected, opaque, scaled


class Invert(Filter):
    name = "invert"
    title = "Invert"
    summary = "Negative."

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5)
        return image.with_pixels(1 - image.float())


class Paint(Invert):
    name = "paint"

    def __call__(self, image: Image, job: Job) -> Image:
        return image.with_pixels(np.broadcast_to(np.float32([1, 0, 0]), image.pixels.shape).copy())

    def paints_color(self) -> bool:
        return True


class Halve(Invert):
    name = "halve"

    def __call__(self, image: Image, job: Job) -> Image:
        return Image(image.pixels[::2, ::2])


class Film(Invert):
    name = "film"

    def __call__(self, image: Image, job: Job) -> Animation:
        frames = [Frame(image.with_pixels(image.float() * share), 0.05) for share in (0.25, 0.5, 1.0)]
        return Animation(lambda: iter(frames), image.height, image.width, 3)


class Broken(Invert):
    name = "broken"

    def __call__(self, image: Image, job: Job) -> Image:
        return image.with_pixels(image.pixels / 0)  # type: ignore[no-any-return]  # never reached


@pytest.fixture(scope="module")
def bare() -> Plugins:
    return Plugins(builtin=False, third_party=False)


def run(bare: Plugins, image: Image, kind: type[Filter] = Invert, **blend: object) -> Image:
    result = compose(kind(), bare, image, Job(), Blend(**blend))  # type: ignore[arg-type]
    assert isinstance(result, Image)
    return result


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_inverting_twice_gives_the_picture_back_in_every_depth(
    bare: Plugins, picture: Callable[..., Image], depth: type
) -> None:
    image = picture(40, 30, depth=depth)
    twice = run(bare, run(bare, image))
    assert twice.depth == np.dtype(depth)
    assert np.abs(to_depth(twice.pixels, np.float32) - to_depth(image.pixels, np.float32)).max() < 1e-6


def test_sixteen_bits_keep_their_fine_steps(bare: Plugins) -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert len(np.unique(run(bare, Image.of(ramp)).pixels)) == 65536


def test_strength_is_a_straight_line_between_original_and_result(bare: Plugins, picture: Callable[..., Image]) -> None:
    image = picture(20, 20, depth=np.float32)
    for share in (0.0, 0.25, 0.5, 1.0):
        expected = image.pixels * (1 - share) + (1 - image.pixels) * share
        assert np.allclose(run(bare, image, strength=share).pixels, expected, atol=1e-6)


def test_outside_the_selection_nothing_changes_not_even_values_beyond_white(
    bare: Plugins, rng: np.random.Generator
) -> None:
    image = Image(rng.uniform(-1, 5, (60, 50, 3)).astype(np.float32))
    mask = np.zeros((60, 50), np.uint8)
    mask[10:20, 30:40] = 255
    result = run(bare, image, selection=mask)
    assert np.array_equal(result.pixels[mask == 0], image.pixels[mask == 0])
    assert np.allclose(result.pixels[mask == 255], 1 - np.clip(image.pixels[mask == 255], 0, 1), atol=1e-5)


def test_a_filter_sees_only_the_surroundings_of_a_selection_but_knows_the_whole_size(bare: Plugins) -> None:
    seen: list[tuple[tuple[int, ...], object]] = []

    class Look(Invert):
        name = "look"
        reach = 8

        def __call__(self, image: Image, job: Job) -> Image:
            seen.append((image.pixels.shape[:2], job.full_size))
            return image

    mask = np.zeros((400, 300), np.uint8)
    mask[200:210, 100:120] = 255
    run(bare, Image(np.zeros((400, 300, 3), np.uint8)), Look, selection=mask)
    assert seen == [((26, 36), (400, 300))]


def test_feather_fades_monotonically_and_keeps_the_middle_of_the_border_at_half() -> None:
    mask = np.zeros((9, 200), np.uint8)
    mask[:, 100:] = 255
    row = feathered(mask, 35)[4]
    assert (np.diff(row) >= -1e-6).all()
    assert abs(row[99] + row[100] - 1) < 1e-3
    assert 0.14 < row[90] < 0.18  # one standard deviation (35 / 3.5 px) away: the normal distribution's 0.159


def test_keep_colors_keeps_chroma_and_takes_lightness(bare: Plugins, picture: Callable[..., Image]) -> None:
    image = Image(0.4 + 0.2 * picture(30, 30, depth=np.float32).pixels)
    luma = np.float32([0.299, 0.587, 0.114])
    result = run(bare, image, keep_colors=True).pixels
    assert np.allclose(result @ luma, 1 - image.pixels @ luma, atol=1e-5)
    before, after = image.pixels - (image.pixels @ luma)[..., None], result - (result @ luma)[..., None]
    assert np.allclose(before, after, atol=1e-5)


def test_alpha_is_returned_bit_by_bit(bare: Plugins, picture: Callable[..., Image], rng: np.random.Generator) -> None:
    image = picture(33, 21)
    alpha = rng.integers(0, 256, (33, 21), dtype=np.uint8)
    assert run(bare, Image(image.pixels, alpha)).alpha is alpha


def test_hidden_colours_are_replaced_by_their_neighbours(picture: Callable[..., Image]) -> None:
    pixels = np.full((64, 64, 3), (200, 100, 50), np.uint8)
    alpha = np.full((64, 64), 255, np.uint8)
    pixels[20:50, 10:40], alpha[20:50, 10:40] = (0, 255, 0), 0
    filled = opaque(Image(pixels, alpha))
    assert np.abs(filled.astype(int) - (200, 100, 50)).max() <= 1
    assert np.array_equal(filled[alpha > 0], pixels[alpha > 0])


def test_a_wholly_transparent_picture_is_white_to_the_filter() -> None:
    assert (opaque(Image(np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), np.uint8))) == 255).all()


def test_grey_stays_grey_unless_the_filter_paints(bare: Plugins, picture: Callable[..., Image]) -> None:
    grey = Image.of(picture(20, 20).pixels[:, :, 0])
    kept, painted = run(bare, grey), run(bare, grey, Paint)
    assert kept.grey
    assert (kept.pixels == kept.pixels[:, :, :1]).all()
    assert not painted.grey
    assert (painted.pixels == (255, 0, 0)).all()


def test_a_filter_may_change_the_size_but_then_nothing_can_be_blended(
    bare: Plugins, picture: Callable[..., Image]
) -> None:
    assert run(bare, picture(20, 30), Halve).pixels.shape == (10, 15, 3)
    with pytest.raises(SettingsError, match="changes the size"):
        run(bare, picture(20, 30), Halve, strength=0.5)


def test_a_selection_of_another_size_is_refused_with_both_sizes(bare: Plugins, picture: Callable[..., Image]) -> None:
    with pytest.raises(SettingsError, match=r"7 x 5 pixels, but the picture is 30 x 20"):
        run(bare, picture(20, 30), selection=np.ones((5, 7), np.uint8))


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": 1.5},
        {"strength": -0.1},
        {"feather": -1.0},
        {"feather": math.inf},
        {"feather": math.nan},
        {"strength": math.nan},
    ],
)
def test_blend_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Blend(**wrong)  # type: ignore[arg-type]


def test_a_wide_feather_is_as_soft_as_a_narrow_one_and_as_quick() -> None:
    import cv2

    mask = np.zeros((300, 500), np.float32)
    mask[80:200, 100:350] = 1
    exact = cv2.GaussianBlur(mask, (0, 0), 200 / 3.5, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(feathered(mask, 200) - exact).max() < 0.01
    started = time.process_time()
    assert feathered(mask, 1e12).std() < 0.1
    assert time.process_time() - started < 2


def test_every_frame_of_an_animation_is_filtered_when_it_is_asked_for(
    bare: Plugins, picture: Callable[..., Image]
) -> None:
    made: list[int] = []

    def frames():  # type: ignore[no-untyped-def]  # a generator of frames
        for number in range(3):
            made.append(number)
            yield Frame(picture(10, 12, seed=number), 0.1 * (number + 1))

    shares: list[float] = []
    film = compose(Invert(), bare, Animation(frames, 10, 12, 3), Job(on_progress=lambda share, _: shares.append(share)))
    assert isinstance(film, Animation)
    assert made == []
    results = list(film.frames())
    assert [frame.seconds for frame in results] == pytest.approx([0.1, 0.2, 0.3])
    assert np.array_equal(results[1].image.pixels, 255 - picture(10, 12, seed=1).pixels)
    assert shares == pytest.approx([1 / 6, 3 / 6, 5 / 6])


def test_a_film_made_of_a_still_is_blended_frame_by_frame(bare: Plugins, picture: Callable[..., Image]) -> None:
    image = picture(16, 16)
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    film = compose(Film(), bare, image, Job(), Blend(selection=mask))
    assert isinstance(film, Animation)
    for frame in film.frames():
        assert np.array_equal(frame.image.pixels[:, :8], image.pixels[:, :8])


def test_a_filter_that_fails_is_named_and_the_cause_is_kept(bare: Plugins, picture: Callable[..., Image]) -> None:
    with np.errstate(all="raise"), pytest.raises(PluginError, match="“broken” failed: FloatingPointError") as caught:
        run(bare, picture(4, 4), Broken)
    assert isinstance(caught.value.__cause__, FloatingPointError)


class Same(Filter):
    """Refuses what no filter may be shown, and changes nothing."""

    name = "same"
    title = "Same"
    summary = "The same."

    def __call__(self, image: Image, job: Job) -> Image:
        assert np.isfinite(image.pixels).all()
        assert image.pixels.min() >= 0
        assert image.pixels.max() <= 1
        job.progress(0.5)
        return image.with_pixels(image.pixels.copy())


class Drawing(Same):
    name = "drawing"

    def __call__(self, image: Image, job: Job) -> Image:
        return image.with_pixels(super().__call__(image, job).pixels.mean(axis=2))


def wide_picture(*broken: float) -> Image:
    """Numbers from -0.4 to 1.6, and a few that are none."""
    pixels = (np.random.default_rng(5).random((30, 40, 3)) * 2 - 0.4).astype(np.float32)
    for number, value in enumerate(broken, 5):
        pixels[number, number, number % 3] = value
    return Image(pixels)


HALF = np.zeros((30, 40), bool)
HALF[:, :20] = True
WAYS: list[dict[str, object]] = [
    {}, {"strength": 0.4}, {"keep_colors": True}, {"selection": HALF.astype(np.float32)},
    {"selection": HALF.astype(np.float32), "feather": 9.0, "strength": 0.5},
]  # fmt: skip


@pytest.mark.parametrize("blend", WAYS, ids=str)
def test_wide_colours_that_a_filter_leaves_come_back(bare: Plugins, blend: dict[str, object]) -> None:
    source = wide_picture()
    assert np.allclose(run(bare, source, Same, **blend).pixels, source.pixels, atol=1e-6)


@pytest.mark.parametrize("blend", WAYS, ids=str)
def test_numbers_that_are_none_spoil_their_own_pixels_at_most(bare: Plugins, blend: dict[str, object]) -> None:
    source = wide_picture(np.nan, np.inf, -np.inf)
    sound = np.isfinite(source.pixels)
    result = run(bare, source, Same, **blend).pixels
    assert np.isfinite(result).all()
    assert np.allclose(result[sound.all(axis=2)], source.pixels[sound.all(axis=2)], atol=1e-6)


def test_a_painted_colour_is_not_pushed_beyond_the_range(bare: Plugins) -> None:
    source = Image(np.float32([[[1.4, -0.3, 0.5], [5, 5, 5], [0.2, 0.3, 0.4]]]))
    assert np.allclose(run(bare, source, Invert).pixels, [[[0, 1, 0.5], [0, 0, 0], [0.8, 0.7, 0.6]]], atol=1e-6)


def test_what_is_painted_grey_gets_no_colour_back(bare: Plugins) -> None:
    result = run(bare, wide_picture(), Drawing).pixels
    assert (result == result[:, :, :1]).all()
    assert result.min() >= 0
    assert result.max() <= 1


def test_a_broken_number_takes_the_colour_of_its_neighbours() -> None:
    pixels = np.full((5, 5, 3), 0.25, np.float32)
    pixels[2, 2, 1] = np.nan
    assert np.allclose(opaque(Image(pixels)), 0.25, atol=0.002)
    white = np.where(np.isnan(pixels), pixels, np.float32(1))
    assert opaque(Image(white)).max() <= 1
    assert (opaque(Image(np.full((3, 3, 3), np.nan, np.float32))) == 1).all()


def test_second_pictures_hold_expected_numbers_too() -> None:
    plain = Image(np.full((2, 2, 3), 0.5, np.float32))
    assert expected(plain) is plain
    assert (expected(Image(np.full((2, 2, 3), 7, np.float32))).pixels == 1).all()


def test_a_selection_with_a_broken_number_selects_nothing_there(bare: Plugins) -> None:
    mask = np.ones((30, 40), np.float32)
    mask[3, 4] = np.nan
    source = Image(np.full((30, 40, 3), 0.25, np.float32))
    result = run(bare, source, Invert, selection=mask).pixels
    assert result[3, 4, 0] == 0.25
    assert result[0, 0, 0] == 0.75


def test_hidden_colours_do_not_show_in_smaller_pictures() -> None:
    pixels, alpha = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8)
    pixels[3, 3], alpha[3, 3] = (200, 40, 10), 255
    small = scaled(Image(pixels, alpha), 2, 2)
    assert small.alpha is not None
    assert (small.pixels[0, 0] == (200, 40, 10)).all()
    assert small.alpha.tolist() == [[16, 0], [0, 0]]
