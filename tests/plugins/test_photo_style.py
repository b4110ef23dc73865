"""Photo style: the colours of the reference arrive, and nothing else of it does."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga.errors import Cancelled, SengaError
from senga.image import Image, to_depth
from senga.job import Job
from senga.ops import luma, oklab
from senga.plugins.photo_style import gamut, masks, painting, segments
from senga.recipe import Recipe, Step
from senga.registry import plugins
from senga.testing import check_filter, sample
from senga.work import Work

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SENGA_SHARED", ROOT.parent / "shared"))
METHODS = ("linear", "coral", "reinhard", "distribution", "luminance")


def styled(photo: Any, reference: Any, /, **settings: Any) -> Any:
    """The result as float32 in 0..1."""
    result = senga.apply("photo-style", photo, reference=reference, **settings)
    assert isinstance(result, Image)
    return to_depth(result.pixels, np.float32)


def evening(height: int = 90, width: int = 120) -> Any:
    """A red sky over dark land, with grain."""
    y, x = np.mgrid[0:height, 0:width] / height
    sky = np.dstack([0.9 - 0.3 * y, 0.5 - 0.3 * y + 0.05 * x, 0.3 + 0.1 * x])
    land = np.dstack([0.15 + 0.05 * x, 0.12 + 0.05 * y, 0.1 + 0 * x])
    grain = np.random.default_rng(4).normal(0, 0.01, (height, width, 1))
    return np.clip(np.where(y[..., None] < 0.6, sky, land) + grain, 0, 1).astype(np.float32)


def test_defaults_and_every_method_keep_every_promise() -> None:
    for settings in (
        *({"method": method, "segments": 1 + 2 * (number % 2)} for number, method in enumerate(METHODS)),
        {"keep_luminance": 0, "smoothing": 0.1, "segments": 8},
        {"photo_mask": sample(20, 30), "reference_mask": sample(9, 9, 3)},
    ):
        check_filter(plugins().make("photo-style", {"reference": sample(40, 56, 5), **settings}))


@pytest.mark.parametrize("method", METHODS)
def test_a_photo_that_is_its_own_reference_stays(method: str) -> None:
    photo = sample(120, 160).float()
    result = styled(photo, photo, method=method, keep_luminance=0)
    assert np.abs(result - photo).mean() < 0.004
    assert np.abs(styled(photo, evening(), method=method) - photo).mean() > 0.02, "the check cannot fail"


@pytest.mark.parametrize("method", ["linear", "coral", "reinhard", "distribution"])
def test_mean_and_spread_of_the_colours_arrive(method: str) -> None:
    """Of the picture as it is seen, in Oklab; colours that no screen shows are bent inside, by a hundredth or so."""
    photo, reference = sample(180, 240).float(), evening()
    before, after, aim = (
        oklab.oklab(each).reshape(-1, 3)
        for each in (photo, styled(photo, reference, method=method, keep_luminance=0), reference)
    )
    assert np.abs(after.mean(axis=0) - aim.mean(axis=0)).max() < 0.03
    assert np.abs(before.mean(axis=0) - aim.mean(axis=0)).max() > 0.1, "the check cannot fail"
    gap, first = (np.abs(each.std(axis=0) - aim.std(axis=0)).max() for each in (after, before))
    assert gap < 0.04
    assert gap < first


def test_kept_luminance_is_kept_and_its_colours_change() -> None:
    photo = sample(90, 120).float()
    result = styled(photo, evening(), keep_luminance=1)
    inside = ((result > 0.002) & (result < 0.998)).all(axis=2)
    assert inside.mean() > 0.8
    assert np.abs(luma(result) - luma(photo))[inside].max() < 0.01
    assert np.abs(result - photo).mean() > 0.03


@pytest.mark.parametrize("method", ["linear", "coral", "reinhard", "distribution"])
def test_tones_alone_leave_the_colours(method: str) -> None:
    photo = sample(90, 120).float()
    alone, other = (
        oklab.oklab(styled(photo, evening(), method=each, keep_luminance=0)) for each in ("luminance", method)
    )
    assert np.abs(alone - oklab.oklab(photo))[..., 1:].mean() < 0.02
    assert np.abs(other - oklab.oklab(photo))[..., 1:].mean() > 0.03


# ---- nothing else of the reference


def correlation(one: Any, other: Any) -> float:
    """Of all steps of the luma from pixel to pixel, down and across."""
    steps = [np.concatenate([np.diff(luma(each), axis=axis).ravel() for axis in (0, 1)]) for each in (one, other)]
    return float(np.corrcoef(*steps)[0, 1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 4])
def test_lines_and_edges_stay_those_of_the_photo(method: str, count: int) -> None:
    photo = cv2.cvtColor(cv2.imread(str(ROOT / "examples" / "astronaut.png")), cv2.COLOR_BGR2RGB)
    photo = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    for reference in (evening(), sample(50, 70, 2).float()):
        assert correlation(photo, styled(photo, reference, method=method, segments=count)) >= 0.95
    other = sample(256, 256).float()
    assert correlation(photo, (photo + other) / 2) < 0.95, "the check cannot fail"


@pytest.mark.parametrize("settings", [
    {"method": "luminance"}, {"method": "distribution", "segments": 6}, {"method": "reinhard"},
])  # fmt: skip
def test_a_change_that_is_too_uneven_is_made_more_even(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo becomes as dark as a night with a lamp in it, and its lines stay; left to itself it loses them."""
    photo = cv2.cvtColor(cv2.imread(str(ROOT / "examples" / "summer-palace.jpg")), cv2.COLOR_BGR2RGB)
    photo = cv2.resize(photo, (240, 160), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    night = np.float32(0.02) + 0.1 * sample(60, 80).float() ** 3
    night[20:30, 30:44] = (1.0, 0.8, 0.3)
    kept = correlation(photo, styled(photo, night, keep_luminance=0, **settings))
    monkeypatch.setattr(painting, "steadied", lambda fit, *_: fit)
    left = correlation(photo, styled(photo, night, keep_luminance=0, **settings))
    assert kept >= 0.95
    assert left < 0.95, "the check cannot fail"


PAIRS = (
    ("bench/kodak/kodim16.png", "photos/budgie_cc0/004_beacon-street-sunset.jpg"),
    ("bench/kodak/kodim04.png", "portraits/vermeer_pearl_earring.jpg"),
    ("bench/kodak/kodim13.png", "photos/budgie_cc0/042_tea-gardens.jpg"),
    ("photos/budgie_cc0/019_lake-sherburne.jpg", "photos/budgie_cc0/020_midsummer-sunrise.jpg"),
)


@pytest.mark.parametrize(("photo", "reference"), PAIRS)
def test_lines_and_edges_of_photographs_stay(photo: str, reference: str) -> None:
    """By day and evening, portrait and painting, summer and spring; and nothing of them is clipped."""
    found = [SHARED / "data" / name for name in (photo, reference)]
    if not all(path.exists() for path in found):
        pytest.skip("needs the shared photographs")
    one, other = (_reduced(senga.open(path).float()) for path in found)
    for method in ("linear", "distribution"):
        result = styled(one, other, method=method)
        assert correlation(one, result) >= 0.95
        lost = ((result <= 0) | (result >= 1)).all(axis=2) & ~((one <= 0.01) | (one >= 0.99)).all(axis=2)
        assert lost.mean() < 0.01


def _reduced(picture: Any) -> Any:
    factor = (1.5e5 / (picture.shape[0] * picture.shape[1])) ** 0.5
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("method", METHODS)
def test_no_texture_of_the_reference_appears(method: str) -> None:
    """Stripes of a reference on a smooth photo: what a Fourier transform finds of them is nothing."""
    y, x = np.mgrid[0:128, 0:128].astype(np.float32) / 128
    photo = np.dstack([0.3 + 0.3 * y, 0.4 + 0.2 * y, 0.6 - 0.2 * y]).astype(np.float32)
    stripes = np.clip(photo + 0.3 * np.sign(np.sin(2 * np.pi * 16 * x))[..., None], 0, 1).astype(np.float32)
    waves = [
        np.abs(np.fft.rfft(luma(each), axis=1))[:, 16].mean()
        for each in (stripes, styled(photo, stripes, method=method))
    ]
    assert waves[1] < 0.01 * waves[0]


def test_flat_places_stay_flat_and_soft_ones_have_no_bands() -> None:
    y, x = np.mgrid[0:200, 0:300].astype(np.float32) / 300
    photo = np.dstack([0.2 + 0.5 * x, 0.3 + 0.4 * x, 0.7 - 0.1 * y]).astype(np.float32)
    for method in METHODS:
        steps = np.abs(np.diff(styled(photo, evening(), method=method, segments=4), axis=1))
        assert steps.max() < 0.04
        assert np.abs(np.diff(steps, axis=1)).max() < 0.02
    flat = np.full((40, 50, 3), 0.4, np.float32)
    assert np.ptp(styled(flat, evening()), axis=(0, 1)).max() < 1e-4


# ---- who votes


def test_hidden_pixels_of_the_reference_do_not_vote() -> None:
    reference = Image(evening())
    hidden, alpha = reference.pixels.copy(), np.ones((90, 120), np.float32)
    hidden[:40], alpha[:40] = (0, 1, 0), 0
    photo = sample(60, 80).float()
    seen = styled(photo, Image(hidden, alpha))
    assert np.abs(seen - styled(photo, Image(reference.pixels[40:]))).mean() < 0.01
    assert np.abs(seen - styled(photo, Image(hidden))).mean() > 0.05


@pytest.mark.parametrize("settings", [{}, {"segments": 3}, {"method": "distribution"}])
def test_hidden_pixels_of_the_photo_do_not_vote(settings: dict[str, Any]) -> None:
    """A photo of which much is hidden becomes what the part that is seen becomes alone."""
    pixels = sample(80, 80).float().copy()
    pixels[40:] = (0.9, 0.1, 0.9)
    alpha = np.ones((80, 80), np.float32)
    alpha[40:] = 0
    part = styled(pixels[:40], evening(), smoothing=0.8, **settings)[:32]
    whole = styled(Image(pixels, alpha), evening(), smoothing=0.5657, **settings)[:32]
    assert np.abs(whole - part).mean() < 0.01
    assert np.abs(styled(pixels, evening(), smoothing=0.5657, **settings)[:32] - part).mean() > 0.02


def test_hidden_pixels_do_not_vote_in_a_chain_and_under_a_selection() -> None:
    """The second filter of a recipe gets opaque pixels, and still knows what was hidden."""
    pixels = np.concatenate([sample(40, 80).float(), np.full((40, 80, 3), (0.9, 0.1, 0.9), np.float32)])
    alpha = np.repeat([1, 0], 40).astype(np.float32)[:, None] * np.ones((1, 80), np.float32)
    chain = Recipe(
        steps=(Step(filter="emboss", settings={"amount": 0, "ground": "picture"}), Step(filter="photo-style"))
    )
    work = Work.of(plugins(), chain).with_pictures({"2.reference": Image(evening())})
    alone = styled(Image(pixels, alpha), evening())
    for image, expected in ((Image(pixels, alpha), alone), (Image(pixels), styled(pixels, evening()))):
        result = work.run(plugins(), image)
        assert isinstance(result, Image)
        assert np.abs(result.float()[:40] - expected[:40]).max() < 0.005
    mask = np.zeros((80, 80), np.uint8)
    mask[:20] = 255
    part = styled(Image(pixels, alpha), evening(), selection=mask)
    assert np.allclose(part[:20], alone[:20], atol=1e-5)
    assert np.allclose(part[20:], pixels[20:], atol=1e-5)


def test_a_wholly_hidden_picture_is_no_trouble_and_a_reference_of_that_kind_is() -> None:
    hidden = Image(sample(20, 30).pixels, np.zeros((20, 30), np.uint8))
    assert np.isfinite(styled(hidden, evening(), segments=3)).all()
    with pytest.raises(SengaError, match="wholly transparent"):
        styled(sample(20, 30), hidden)


# ---- parts


def test_parts_of_masks_go_to_parts_of_the_same_colour() -> None:
    """The left of the photo is like the right of the reference, and the other way round; a third part is alone."""
    photo = sample(60, 90).float() * 0.3 + 0.35
    reference = np.zeros((50, 80, 3), np.float32)
    reference[:, :40], reference[:, 40:] = (0.7, 0.3, 0.3), (0.3, 0.3, 0.7)
    reference += np.random.default_rng(0).normal(0, 0.02, reference.shape).astype(np.float32)
    own, other = np.zeros((60, 90, 3), np.uint8), np.zeros((25, 40, 3), np.uint8)
    own[:, :45], own[:, 45:] = (250, 3, 0), (0, 255, 9)
    other[:, :20], other[:, 20:] = (0, 255, 0), (255, 0, 0)
    given = {"photo_mask": Image(own), "reference_mask": Image(other), "keep_luminance": 0}
    result = styled(photo, reference, **given)
    assert np.allclose(result[10:-10, 10:30].mean(axis=(0, 1)), (0.3, 0.3, 0.7), atol=0.03)
    assert np.allclose(result[10:-10, -30:-10].mean(axis=(0, 1)), (0.7, 0.3, 0.3), atol=0.03)
    own[:, 45:] = (255, 255, 255)
    mixed = styled(photo, reference, **{**given, "photo_mask": Image(own)})[10:-10, -30:-10].mean(axis=(0, 1))
    assert np.abs(mixed - (0.5, 0.3, 0.5)).max() < 0.15, "a part that the reference lacks goes with the whole"


def test_a_softened_border_of_a_mask_is_no_part() -> None:
    mask = np.full((100, 100, 3), 255, np.uint8)
    mask[:, 50:] = 0
    mask = cv2.GaussianBlur(mask, (3, 3), 0)
    found = masks.labels(Image(mask), 400, 400)
    assert set(masks.shares(masks.labels(Image(mask), 100, 100), np.ones(10_000))) <= {2, 3, 6}
    assert (found.reshape(400, 400)[:, :190] == 3).all()
    assert len(masks.shares(np.array([2] * 999 + [6]), np.ones(1000))) == 1
    hidden = Image(mask, np.zeros((100, 100), np.uint8))
    assert (masks.labels(hidden, 10, 10) == -1).all()


def test_one_mask_without_the_other_is_told() -> None:
    with pytest.raises(SengaError, match="One mask says nothing alone"):
        styled(sample(20, 30), evening(), photo_mask=sample(20, 30))
    with pytest.raises(SengaError, match="One mask says nothing alone"):
        styled(sample(20, 30), evening(), reference_mask=sample(20, 30))


def test_without_a_reference_it_says_so() -> None:
    with pytest.raises(SengaError, match="No reference is chosen"):
        senga.apply("photo-style", sample(20, 30))


def test_sky_goes_to_sky_and_land_to_land() -> None:
    """Also where a light sky over dark land meets a dark sky over darker land."""
    y = np.repeat(np.linspace(0, 1, 60)[:, None], 80, axis=1)[..., None]
    day = np.where(y < 0.5, (0.8, 0.05, -0.1), (0.5, -0.1, 0.1)) + np.random.default_rng(0).normal(0, 0.01, (60, 80, 3))
    dusk = np.where(y < 0.6, (0.35, 0.1, 0.05), (0.1, 0.0, 0.0)) + np.random.default_rng(1).normal(0, 0.01, (60, 80, 3))
    for seed in range(5):
        own, other = (
            segments.clusters(segments.features(each.astype(np.float32)), np.ones(4800, np.float32), 2, seed)
            for each in (day, dusk)
        )
        like = segments.pairs(own, other)
        heights = own.middles[:, 3], other.middles[like, 3]
        assert heights[0].argmin() == heights[1].argmin()


def test_pairs_are_the_cheapest_of_all_and_each_is_taken_once() -> None:
    from itertools import permutations

    rng = np.random.default_rng(5)
    own, other = (segments.Clusters(rng.random((5, 5)), np.full(5, 0.2), 1.0) for _ in range(2))
    one, two = segments._described(own), segments._described(other)
    costs = {
        order: sum(((one[i] - two[k]) ** 2).sum() for i, k in enumerate(order)) for order in permutations(range(5))
    }
    assert tuple(segments.pairs(own, other)) == min(costs, key=lambda order: costs[order])


def test_shares_of_parts_add_up_and_parts_change_the_result() -> None:
    found = segments.features(oklab.oklab(sample(50, 60).float()))
    shares = segments.clusters(found, np.ones(3000, np.float32), 4, 0).shares(found)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert (shares.sum(axis=0) > 10).all()
    photo = sample(60, 80).float()
    assert np.abs(styled(photo, evening(), segments=3) - styled(photo, evening())).mean() > 0.003


# ---- colours that can be shown


def test_what_can_be_shown_is_left_and_what_cannot_is_bent() -> None:
    colours = np.random.default_rng(0).random((5000, 3), np.float32)
    assert np.allclose(gamut.shown(colours), colours, atol=1e-4)
    wide = (colours - 0.5) * 1.6 + 0.6
    result = gamut.shown(wide)
    assert result.min() >= -1e-5
    assert result.max() <= 1 + 1e-5
    assert ((result <= 0.001) | (result >= 0.999)).any(axis=1).mean() < 0.02
    order = np.argsort(luma(wide))
    assert (np.diff(luma(result)[order]) > -1e-4).all(), "darker colours became lighter than others"


# ---- any picture


def test_a_grey_photo_is_toned_and_stays_grey_beside_a_grey_reference() -> None:
    photo = Image(np.repeat(sample(50, 60).pixels[..., :1], 3, axis=2), grey=True)
    toned = senga.apply("photo-style", photo, reference=evening())
    grey = senga.apply("photo-style", photo, reference=photo)
    assert isinstance(toned, Image)
    assert isinstance(grey, Image)
    assert not toned.grey
    assert np.ptp(toned.float(), axis=2).mean() > 0.05
    assert grey.grey
    assert (np.ptp(grey.pixels, axis=2) == 0).all()


def test_sixteen_bits_are_not_rounded_to_eight() -> None:
    y, x = np.mgrid[0:40, 0:48]
    pixels = np.dstack([20000 + 37 * x * y % 9000, 30000 + 411 * x, 25000 + 503 * y]).astype(np.uint16)
    result = senga.apply("photo-style", Image(pixels), reference=evening())
    assert isinstance(result, Image)
    assert result.depth == np.uint16
    assert len(np.unique(result.pixels % 257)) > 20


def test_a_large_picture_looks_like_a_small_one() -> None:
    large = sample(1100, 1500).float()
    small = cv2.resize(large, (300, 220), interpolation=cv2.INTER_AREA)
    for settings in ({}, {"segments": 3}, {"method": "distribution"}):
        reduced = cv2.resize(styled(large, evening(), **settings), (300, 220), interpolation=cv2.INTER_AREA)
        assert np.abs(reduced - styled(small, evening(), **settings)).mean() < 0.012


def test_the_seed_and_nothing_else_decides_what_is_random() -> None:
    photo, settings = sample(60, 80), {"method": "distribution", "segments": 3}
    one, same, other = (styled(photo, evening(), seed=seed, **settings) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_run_can_be_stopped_soon() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 6

    act = plugins().make("photo-style", {"reference": sample(40, 50), "method": "distribution"})
    job = replace(Job(threads=2), prepared=act.prepare(Job()), cancelled=cancelled)
    with pytest.raises(Cancelled):
        act(sample(900, 900), job)
    assert threading.active_count() < 20


def test_what_a_network_sees_comes_nearer_and_the_lines_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of the lightness are those of the photo, and the loss is lower than where it began."""
    from senga.plugins.photo_style import seen, steadiness

    found: list[float] = []
    eye_slope = seen.Eye.slope

    def slope(self: Any, picture: Any, aim: Any) -> Any:
        result = eye_slope(self, picture, aim)
        found.append(result[0])
        return result

    monkeypatch.setattr(seen, "STEPS", 5)
    monkeypatch.setattr(seen.Eye, "slope", slope)
    photo = sample(96, 128).float()
    texture = evening() * (1 + 0.5 * np.sin(np.arange(120)[None, :, None] * 0.8))
    result = styled(photo, np.clip(texture, 0, 1).astype(np.float32), method="network", keep_luminance=0)
    assert found[-1] < found[0]
    assert steadiness.correlation(photo, result) >= 0.95
    assert np.abs(result - photo).mean() > 0.05


def test_the_parts_of_masks_are_what_the_network_compares(monkeypatch: pytest.MonkeyPatch) -> None:
    from senga.plugins.photo_style import seen

    counts: set[int] = set()
    eye_slope = seen.Eye.slope

    def slope(self: Any, picture: Any, aim: Any) -> Any:
        assert aim.parts is not None
        counts.add(len(aim.parts))
        assert len(aim.style) == len(aim.parts)
        return eye_slope(self, picture, aim)

    monkeypatch.setattr(seen.Eye, "slope", slope)
    monkeypatch.setattr(seen, "STEPS", 5)
    photo = np.full((80, 120, 3), 0.5, np.float32) + np.random.default_rng(0).normal(0, 0.03, (80, 120, 1)).astype(
        np.float32
    )
    other, mask = evening(), np.zeros((80, 120, 3), np.float32)
    mask[:, 60:, 2] = 1
    theirs = np.zeros((90, 120, 3), np.float32)
    theirs[:54, :, 2] = 1  # blue is the sky, black the land
    result = styled(photo, other, method="network", photo_mask=mask, reference_mask=theirs, keep_luminance=0)
    assert counts == {2}
    left, right = result[:, 10:50].mean((0, 1)), result[:, 70:110].mean((0, 1))
    assert right[0] > left[0] + 0.2, "the right side is a red sky"


def test_the_network_form_keeps_every_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    from senga.plugins.photo_style import seen

    monkeypatch.setattr(seen, "STEPS", 1)
    monkeypatch.setattr(seen, "_CHUNK", 1)
    check_filter(plugins().make("photo-style", {"reference": sample(40, 56, 5), "method": "network", "segments": 2}))
