"""The classic effects: what their docstrings promise, asked of pictures for which the answer is known."""

from __future__ import annotations

import threading
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import senga
from senga.errors import Cancelled, SengaError, SettingsError
from senga.filter import Filter
from senga.image import Image, to_depth
from senga.job import Job
from senga.registry import plugins
from senga.testing import check_filter, sample

ROOT = Path(__file__).resolve().parents[2]

NAMES = ("find-edges", "trace-contour", "emboss", "oil-paint", "ripple", "extrude", "flat-cartoon")

VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("find-edges", {"method": method}) for method in ("sobel", "scharr", "prewitt", "canny", "dog", "xdog")),
    ("find-edges", {"method": "learned"}),
    ("find-edges", {"method": "learned", "line_width": 2.5, "size_unit": "pixels", "glow": True, "threshold": 0.4}),
    ("find-edges", {"method": "xdog", "shadows": 0.4, "line_width": 6, "size_unit": "pixels", "glow": True}),
    ("find-edges", {"method": "sobel", "line_width": 3.3, "size_unit": "pixels", "tint": "grey", "amount": 2}),
    ("find-edges", {"method": "canny", "tint": "grey", "glow": True, "line_width": 3, "size_unit": "pixels"}),
    ("trace-contour", {"edge": "upper", "levels": 5, "smoothness": 3, "line_width": 2, "size_unit": "pixels"}),
    ("trace-contour", {"tint": "grey", "glow": True}),
    ("emboss", {"height": 7.5, "angle": 20, "size_unit": "pixels", "ground": "picture"}),
    ("emboss", {"method": "normals", "elevation": 60, "tint": "grey", "size_unit": "pixels"}),
    *(("oil-paint", {"method": method}) for method in ("strokes", "anisotropic", "kuwahara", "classic")),
    ("oil-paint", {"method": "anisotropic", "radius": 15, "size_unit": "pixels"}),
    ("oil-paint", {"stylization": 9, "scale": 4, "cleanliness": 8, "size_unit": "pixels"}),
    ("oil-paint", {"method": "classic", "radius": 5, "levels": 256, "exponent": 20, "size_unit": "pixels"}),
    *(("ripple", {"wave": wave, "amount": 180}) for wave in ("sine", "triangle", "noise", "pond")),
    ("ripple", {"border": "wrap", "size": "large", "amount": -999, "size_unit": "pixels"}),
    ("extrude", {"shape": "pyramids", "heights": "level", "size": 9, "size_unit": "pixels"}),
    ("extrude", {"solid_faces": True, "mask_incomplete": True, "size": 7, "depth": 255, "size_unit": "pixels"}),
    ("extrude", {"size": 2, "depth": 60, "size_unit": "pixels"}),
    ("flat-cartoon", {"lines": 0, "shading": 0, "lift": 0}),
    ("flat-cartoon", {"patch_size": 5, "flatness": 1, "lines": 2, "size_unit": "pixels"}),
)


def made(name: str, settings: dict[str, Any] | None = None) -> Filter:
    return plugins().make(name, settings or {})


def painted(name: str, picture: Any, /, *, job: Job | None = None, **settings: Any) -> Any:
    """The result as float32 in 0..1."""
    image = picture if isinstance(picture, Image) else Image(np.asarray(picture, np.float32))
    result = made(name, {"size_unit": "pixels", **settings})(image, job or Job())
    assert isinstance(result, Image)
    return to_depth(result.pixels, np.float32)


def flat(value: float, height: int = 24, width: int = 30) -> Any:
    return np.full((height, width, 3), value, np.float32)


@pytest.fixture(scope="module")
def photo() -> Image:
    pixels = cv2.cvtColor(cv2.imread(str(ROOT / "examples" / "astronaut.png")), cv2.COLOR_BGR2RGB)
    return Image(cv2.resize(pixels, (200, 200), interpolation=cv2.INTER_AREA))


# --- What all of them promise ---


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_every_method_keeps_every_promise(name: str, settings: dict[str, Any]) -> None:
    check_filter(made(name, settings))


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_a_crop_with_its_reach_gives_the_pixels_of_the_whole(name: str, settings: dict[str, Any]) -> None:
    act, whole = made(name, settings), sample(150, 190)
    reach = act.reach(*whole.pixels.shape[:2])
    if reach is None:
        return
    box = 31 + reach, 23 + reach
    large = sample(2 * box[0] + 40, 2 * box[1] + 50)
    job = Job(full_size=(large.height, large.width))
    expected = act(large, job)
    crop = large.crop(31, 23, large.height - 7, large.width - 5)
    part = act(crop, replace(job, offset=(31, 23)))
    assert isinstance(expected, Image)
    assert isinstance(part, Image)
    a = expected.pixels[box[0] : box[0] + 40, box[1] : box[1] + 50].astype(int)
    b = part.pixels[reach : reach + 40, reach : reach + 50].astype(int)
    assert np.abs(a - b).max() <= 1


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_sixteen_bits_are_not_rounded_to_eight(name: str, settings: dict[str, Any]) -> None:
    if settings.get("method") in ("canny", "xdog", "learned") or name == "trace-contour":
        return
    y, x = np.mgrid[0:40, 0:48]
    pixels = np.dstack([20000 + 37 * x * y % 9000, 30000 + 411 * x, 25000 + 503 * y]).astype(np.uint16)
    result = made(name, settings)(Image(pixels), Job())
    assert isinstance(result, Image)
    assert len(np.unique(to_depth(result.pixels, np.uint16) % 257)) > 20


@pytest.mark.parametrize(("name", "settings"), [
    ("emboss", {"amount": 0}), ("emboss", {"amount": 0, "method": "normals", "ground": "picture"}),
    ("ripple", {"amount": 0, "wave": "pond"}), ("ripple", {"amount": 0, "border": "wrap"}),
    ("extrude", {"depth": 0}), ("extrude", {"depth": 0, "shape": "pyramids"}),
    ("extrude", {"depth": 0, "heights": "level", "mask_incomplete": True}),
])  # fmt: skip
@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_nothing_changes_at_amount_or_depth_nought(name: str, settings: dict[str, Any], depth: Any) -> None:
    image = sample(41, 57, depth=depth)
    result = senga.apply(name, image, **settings)
    assert isinstance(result, Image)
    assert result.depth == depth
    assert np.array_equal(result.pixels, image.pixels)


@pytest.mark.parametrize("name", NAMES)
def test_a_large_picture_looks_like_a_small_one(name: str, photo: Image) -> None:
    """Sizes are relative: enlarged, painted and reduced again is about painted."""
    side = 600 if name == "flat-cartoon" else 1000  # where a large one costs most
    large, larger = (
        Image(cv2.resize(photo.pixels, (each, each), interpolation=cv2.INTER_CUBIC)) for each in (side, 2 * side)
    )
    settings = {"trace-contour": {"smoothness": 2.0}, "extrude": {"heights": "level"}}.get(name, {})

    def reduced(image: Image, **more: Any) -> Any:
        painted = made(name, {**settings, **more})(image, Job())
        assert isinstance(painted, Image)
        return cv2.resize(painted.u8(), (250, 250), interpolation=cv2.INTER_AREA).astype(float)

    first = reduced(large)
    gap = np.abs(first - reduced(larger)).mean()
    assert gap < 6
    if name != "flat-cartoon":
        other = np.abs(first - reduced(larger, size_unit="pixels")).mean()
        assert other > 1.15 * gap, "the check cannot fail"


@pytest.mark.parametrize("name", NAMES)
def test_a_run_can_be_stopped_soon(name: str) -> None:
    image = Image(np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), np.uint8))
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 4

    with pytest.raises(Cancelled):
        made(name)(image, Job(cancelled=cancelled, threads=2))
    assert threading.active_count() < 20


@pytest.mark.parametrize("name", NAMES)
def test_menus_and_searches_find_them(name: str) -> None:
    kind = plugins().find(name)
    assert kind.group in ("Edges", "Colour", "Distortion")
    assert len(kind.keywords) >= 4


# --- Find edges ---


@pytest.mark.parametrize("method", ["sobel", "scharr", "prewitt", "canny", "dog", "xdog", "learned"])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_constant_picture_has_no_edges(method: str, value: float) -> None:
    assert (painted("find-edges", flat(value), method=method) > 0.9999).all()


@given(st.sampled_from(["sobel", "scharr", "prewitt"]), st.floats(0.01, 0.9), st.booleans())
def test_a_step_is_as_dark_as_it_is_high(method: str, height: float, upright: bool) -> None:
    picture = flat(0.05)
    picture[:, 15:] += np.float32(height)
    picture = picture if upright else picture.transpose(1, 0, 2)
    found = painted("find-edges", picture, method=method)
    found = found if upright else found.transpose(1, 0, 2)
    assert np.allclose(found[:, 14:16], 1 - height, atol=1e-5)
    assert np.allclose(found[:, [13, 16]], 1, atol=1e-5)


@pytest.mark.parametrize("method", ["sobel", "scharr", "prewitt", "dog"])
def test_edges_turn_with_the_picture_and_ignore_negatives(method: str) -> None:
    picture = sample(40, 52).float()
    found = painted("find-edges", picture, method=method, line_width=2.4)
    turned = painted("find-edges", np.rot90(picture).copy(), method=method, line_width=2.4)
    assert np.allclose(np.rot90(found), turned, atol=1e-5)
    assert np.allclose(found, painted("find-edges", 1 - picture, method=method, line_width=2.4), atol=1e-5)


def test_sobel_is_that_of_opencv() -> None:
    picture = sample(30, 40).float()
    across, down = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=0.25) for dx in (1, 0))
    expected = 1 - np.clip(1.7 * np.hypot(across, down), 0, 1)
    assert np.allclose(painted("find-edges", picture, amount=1.7), expected, atol=1e-5)


def test_canny_draws_thin_black_lines() -> None:
    picture = flat(0.1)
    picture[6:18, 8:22] = 0.9
    found = painted("find-edges", picture, method="canny")
    assert set(np.unique(found)) == {0.0, 1.0}
    assert 30 < (found[:, :, 0] == 0).sum() < 70


def _shapes(seed: int) -> tuple[Any, Any]:
    """Discs and bars, each with a texture of its own, as a camera sees them, and their outlines."""
    rng = np.random.default_rng(seed)
    number, picture = np.zeros((192, 192), np.uint8), np.zeros((192, 192, 3), np.float32)
    for index in range(1, 8):
        place = tuple(int(value) for value in rng.integers(20, 172, 2))
        if index % 2:
            cv2.circle(number, place, int(rng.integers(12, 40)), index, -1)
        else:
            cv2.rectangle(number, place, (place[0] + int(rng.integers(20, 70)), place[1] + 25), index, -1)
    for index in range(8):
        grain = cv2.GaussianBlur(rng.standard_normal((192, 192, 1)).astype(np.float32), (0, 0), rng.uniform(0.6, 1.5))
        texture = 0.09 * grain[:, :, None] / grain.std()
        picture[number == index] = (rng.uniform(0.15, 0.85, 3) + texture)[number == index]
    outline = np.zeros(number.shape, bool)
    outline[:, 1:] |= number[:, 1:] != number[:, :-1]
    outline[1:] |= number[1:] != number[:-1]
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.7), 0, 1), outline


def _agreement(lines: Any, outline: Any) -> float:
    """The F-measure of lines, two pixels beside an outline counted as right."""
    near = np.ones((5, 5), np.uint8)
    right = lines & (cv2.dilate(outline.astype(np.uint8), near) > 0)
    found = outline & (cv2.dilate(lines.astype(np.uint8), near) > 0)
    precision, recall = right.sum() / max(1, lines.sum()), found.sum() / outline.sum()
    return float(2 * precision * recall / max(1e-9, precision + recall))


def test_learned_edges_are_outlines_where_canny_sees_texture_too() -> None:
    """Canny may choose its threshold and width for all pictures together, and does worse all the same."""
    pictures = [_shapes(seed) for seed in range(5)]

    def best(levels: tuple[float, ...], **given: Any) -> float:
        scores = []
        for level in levels:
            given |= {"tint": "grey", "threshold": level}
            lines = [painted("find-edges", picture, **given)[:, :, 0] < 0.5 for picture, _ in pictures]
            scores.append(np.mean([_agreement(line, shape[1]) for line, shape in zip(lines, pictures, strict=True)]))
        return float(max(scores))

    levels = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.7)
    canny = max(best(levels, method="canny", line_width=width) for width in (1.0, 1.5, 2.0, 3.0))
    assert best(levels[::2], method="learned") > canny + 0.03


def test_learned_edges_need_a_runtime_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from senga.neural import executors

    monkeypatch.setattr(executors, "installed", lambda _package: False)
    with pytest.raises(SengaError, match=r"need a runtime; install one with pip install \"senga\[fast\]\""):
        painted("find-edges", sample(20, 20), method="learned", job=Job(threads=77))  # asked for by nobody else


def test_the_learned_network_is_small_and_has_a_card() -> None:
    folder = ROOT / "plugins" / "effects" / "weights"
    assert (folder / "edges.safetensors").stat().st_size < 1_000_000
    card = (folder / "edges.md").read_text("utf-8")
    assert all(word in card for word in ("licence", "CC0", "python -m training.edges", "Canny"))


def test_pen_lines_are_dark_side_lines_and_shadows_fill() -> None:
    picture = flat(0.8, 60, 60)
    picture[20:40, 20:40] = 0.2
    lines = painted("find-edges", picture, method="xdog")
    assert lines[30, 20:24].min() < 0.3
    assert lines[30, 30].min() > 0.95
    filled = painted("find-edges", picture, method="xdog", shadows=0.5)
    assert filled[30, 30].max() < 0.05
    assert filled[5, 5].min() > 0.95


def test_pen_lines_flow_along_an_edge_through_noise() -> None:
    """Smoothing along the flow keeps a noisy line whole, where the same difference of Gaussians is broken."""
    from senga.ops import luma, outlines, tangents

    rng = np.random.default_rng(3)
    picture = flat(0.6, 80, 80)
    picture[:, 40:] = 0.4
    picture = np.clip(picture + 0.12 * rng.standard_normal((80, 80, 1)), 0, 1).astype(np.float32)
    field = tangents.tangents(picture, 3)
    plain = outlines.difference(luma(picture), 1.2)
    flowing = outlines.flowing(luma(picture), 1.2, 5, field, Job())
    line = slice(10, 70), slice(39, 43)
    assert flowing[line].min(axis=1).std() < 0.5 * plain[line].min(axis=1).std()


# --- Trace contour ---


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("level", [1, 100, 128, 255])
def test_contours_are_where_the_definition_says(depth: Any, level: int) -> None:
    image = sample(40, 50, depth=np.uint8)
    reached = image.pixels >= level
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    near = cv2.dilate(reached.astype(np.uint8), cross) > 0
    same = replace(image, pixels=to_depth(image.pixels, depth))
    lower = painted("trace-contour", same, level=level)
    assert np.array_equal(lower == 0, near & ~reached)
    upper = painted("trace-contour", same, level=level, edge="upper")
    assert not ((lower == 0) & (upper == 0)).any()
    assert np.array_equal(upper == 0, reached & (cv2.erode(reached.astype(np.uint8), cross) == 0))


@given(st.integers(0, 255), st.integers(1, 32), st.floats(0, 1))
def test_a_constant_picture_has_no_contours(level: int, levels: int, value: float) -> None:
    assert (painted("trace-contour", flat(value, 8, 9), level=level, levels=levels) == 1).all()


def test_several_levels_make_a_map() -> None:
    ramp = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[None, :, None], 9, axis=0).repeat(3, axis=2)
    lines = painted("trace-contour", ramp, levels=8, level=16)
    assert (lines[4, :, 0] == 0).sum() == 8
    assert np.array_equal(np.flatnonzero(lines[4, :, 0] == 0), 32 * np.arange(8) + 15)


# --- Emboss ---


@given(st.floats(-180, 180), st.floats(1, 20), st.floats(0.05, 1), st.sampled_from(["direct", "normals"]))
def test_a_constant_picture_is_mid_grey(angle: float, height: float, value: float, method: str) -> None:
    relief = painted("emboss", flat(value), angle=angle, height=height, method=method)
    assert np.allclose(relief, 0.5, atol=1e-4)


@given(st.floats(-180, 0), st.floats(1, 12))
def test_the_opposite_light_mirrors_the_relief(angle: float, height: float) -> None:
    picture = sample(20, 26).float()
    one = painted("emboss", picture, angle=angle, height=height, amount=60)
    other = painted("emboss", picture, angle=angle + 180, height=height, amount=60)
    assert np.allclose(one + other, 1, atol=1e-3)
    double = painted("emboss", picture, angle=angle, height=height, amount=120)
    inside = (double > 0.01) & (double < 0.99)
    assert np.allclose((double - 0.5)[inside], 2 * (one - 0.5)[inside], atol=1e-3)


@pytest.mark.parametrize("method", ["direct", "normals"])
@pytest.mark.parametrize(("angle", "place"), [(0, (15, 22)), (180, (15, 8)), (90, (7, 15)), (-90, (22, 15))])
def test_edges_that_face_the_light_are_bright(method: str, angle: float, place: tuple[int, int]) -> None:
    picture = flat(0.2, 30, 30)
    picture[8:22, 8:22] = 0.8
    relief = painted("emboss", picture, angle=angle, height=2, method=method)
    assert relief[place].min() > 0.6
    assert relief[29 - place[0], 29 - place[1]].max() < 0.4


def test_tinted_edges_are_those_of_each_channel() -> None:
    picture = flat(0.5)
    picture[:, 15:, 0] = 0.9
    relief = painted("emboss", picture)
    assert np.ptp(relief[:, :, 1]) < 1e-6
    assert np.ptp(relief[:, :, 0]) > 0.1
    assert np.ptp(painted("emboss", picture, tint="grey"), axis=2).max() < 1e-6


# --- Oil paint ---


@pytest.mark.parametrize("method", ["classic", "kuwahara", "anisotropic"])
@pytest.mark.parametrize("value", [0.0, 0.37, 1.0])
def test_a_constant_picture_stays_when_painted(method: str, value: float) -> None:
    assert np.allclose(painted("oil-paint", flat(value), method=method), value, atol=1e-5)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("radius", "levels", "exponent"), [(1, 20, 8), (3, 7, 1), (4, 256, 20)])
def test_the_classic_is_its_definition(depth: Any, radius: int, levels: int, exponent: int) -> None:
    image = sample(14, 17, depth=depth)
    values = image.float().astype(np.float64)
    padded = cv2.copyMakeBorder(values, *[radius] * 4, cv2.BORDER_REFLECT_101)
    bins = np.minimum(np.floor(padded.mean(axis=2) * levels + 1e-3), levels - 1)
    expected = np.empty_like(values)
    for y, x in np.ndindex(14, 17):
        window = slice(y, y + 2 * radius + 1), slice(x, x + 2 * radius + 1)
        used, counts = np.unique(bins[window], return_counts=True)
        weights = (counts / counts.max()) ** exponent
        means = [padded[window][bins[window] == index].mean(axis=0) for index in used]
        expected[y, x] = np.average(means, axis=0, weights=weights)
    found = painted("oil-paint", image, method="classic", radius=radius, levels=levels, exponent=exponent)
    assert np.abs(found - expected).max() < 0.6 / (255 if depth == np.uint8 else 40000)


@pytest.mark.parametrize("method", ["classic", "kuwahara"])
def test_paint_stays_in_the_range_of_its_window(method: str) -> None:
    picture = sample(40, 50).float()
    found = painted("oil-paint", picture, method=method, radius=3)
    element = np.ones((7, 7), np.uint8)
    assert (found <= cv2.dilate(picture, element) + 1e-5).all()
    assert (found >= cv2.erode(picture, element) - 1e-5).all()


@pytest.mark.parametrize("method", ["kuwahara", "anisotropic"])
def test_kuwahara_smooths_grain_and_keeps_edges(method: str) -> None:
    rng = np.random.default_rng(1)
    clean = flat(0.25, 60, 60)
    clean[:, 30:] = 0.75
    noisy = np.clip(clean + 0.05 * rng.standard_normal(clean.shape), 0, 1).astype(np.float32)
    found = painted("oil-paint", noisy, method=method, radius=5)
    assert np.abs(found - clean).std() < 0.5 * np.abs(noisy - clean).std()
    blurred = cv2.blur(noisy, (5, 5))
    assert np.abs(found - clean)[:, 28:32].mean() < 0.3 * np.abs(blurred - clean)[:, 28:32].mean()


def test_bristles_follow_the_forms_and_the_light() -> None:
    picture = flat(0.3, 80, 80)
    picture[:, 40:] = 0.6
    bare = painted("oil-paint", picture, bristle_detail=0, shine=0)
    furrows = painted("oil-paint", picture, bristle_detail=5, shine=0) - bare
    inside = furrows[20:60, 12:32, 0]
    assert inside.std() > 0.005
    assert np.abs(np.diff(inside, axis=0)).mean() < 0.6 * np.abs(np.diff(inside, axis=1)).mean()
    left, right = (painted("oil-paint", picture, bristle_detail=5, shine=5, angle=angle) for angle in (180, 0))
    assert np.corrcoef((left - bare)[:, 12:32, 0].ravel(), (right - bare)[:, 12:32, 0].ravel())[0, 1] < 0.9
    other = painted("oil-paint", picture, bristle_detail=5, shine=0, seed=2)
    assert np.abs(other - bare - furrows).max() > 0.01


# --- Ripple ---


def test_sine_waves_are_their_formula() -> None:
    x = np.arange(120, dtype=np.float32)
    picture = np.repeat((x / 240 + 0.25)[None, :, None], 100, axis=0).repeat(3, axis=2)
    found = painted("ripple", picture, amount=150, size="medium")
    swing = 1.5 * 20 / (4 * np.pi)
    expected = x[None, :] + swing * np.sin(2 * np.pi * np.arange(100)[:, None] / 20)
    assert np.abs(found[10:90, 10:110, 0] - (expected / 240 + 0.25)[10:90, 10:110]).max() < 0.02 / 240 * 10


@pytest.mark.parametrize("wave", ["sine", "triangle", "noise", "pond"])
def test_waves_below_two_hundred_fold_nothing(wave: str) -> None:
    y, x = np.mgrid[0:90, 0:110].astype(np.float32)
    places = [
        painted("ripple", np.repeat((plane / 200)[:, :, None], 3, axis=2), wave=wave, amount=190)[:, :, 0] * 200
        for plane in (x, y)
    ]
    (x_right, x_down), (y_right, y_down) = (
        [np.diff(place, axis=axis)[12:-12, 12:-12] for axis in (1, 0)] for place in places
    )
    area = x_right[:60, :80] * y_down[:60, :80] - x_down[:60, :80] * y_right[:60, :80]
    assert (area > 0).mean() > 0.99


def test_wrapped_waves_come_from_the_other_side() -> None:
    picture = flat(0.0, 60, 80)
    picture[:, :6] = 1
    wrapped = painted("ripple", picture, border="wrap", amount=300)
    assert wrapped[:, -4:].max() > 0.9
    assert painted("ripple", picture, amount=300)[:, -4:].max() < 0.1


def test_pictures_beyond_sixteen_bits_of_columns_ripple() -> None:
    picture = Image(np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (3, 140, 3)))
    result = made("ripple", {"size_unit": "pixels"})(picture, Job())
    assert isinstance(result, Image)
    assert result.width == 35840


# --- Extrude ---


def test_faces_are_larger_the_higher_they_are() -> None:
    """A white square far from the centre is seen moved outwards, and as much larger."""
    picture = flat(0.0, 200, 200)
    picture[100:120, 160:180] = 1
    found = painted("extrude", picture, size=20, depth=100, heights="level")[:, :, 0] > 0.9
    rows, columns = np.nonzero(found)
    grown = 1 + 100 / 500
    assert abs((columns.min() - 100) - 60 * grown) < 2
    assert abs((columns.max() + 1 - 100) - 80 * grown) < 2
    assert abs(rows.max() + 1 - 100 - 20 * grown) < 2


def test_sides_show_shaded_edges() -> None:
    picture = flat(0.0, 200, 200)
    picture[100:120, 160:180] = 1
    found = painted("extrude", picture, size=20, depth=200, heights="level")
    assert np.allclose(found[112, 170], 0.85, atol=0.02), "the side that looks left, to the centre"


def test_solid_faces_without_depth_are_a_mosaic() -> None:
    picture = sample(40, 60).float()
    found = painted("extrude", picture, size=10, depth=0, solid_faces=True)
    for y in range(0, 40, 10):
        for x in range(0, 60, 10):
            cell = slice(y, y + 10), slice(x, x + 10)
            assert np.allclose(found[cell], picture[cell].mean(axis=(0, 1)), atol=1e-4)


def test_incomplete_blocks_are_left_out() -> None:
    picture = sample(50, 70).float()
    found = painted("extrude", picture, size=20, depth=1, solid_faces=True, mask_incomplete=True)
    assert np.allclose(found[:4], picture[:4], atol=1e-5), "the rows above are cut: 50 = 5 + 20 + 20 + 5"
    assert not np.allclose(found[8:20], picture[8:20], atol=0.01)


def test_pyramids_have_four_shaded_faces() -> None:
    found = painted("extrude", flat(0.8, 100, 100), shape="pyramids", size=50, depth=20, heights="level") / 0.8
    middle = 24
    faces = {(-10, 0): 1.0, (10, 0): 0.55, (0, -10): 0.85, (0, 10): 0.7}
    for (down, right), shade in faces.items():
        assert np.allclose(found[middle + down, middle + right], shade, atol=1e-4)


def test_other_seeds_raise_other_blocks() -> None:
    picture = sample(60, 80).float()
    one, two = (painted("extrude", picture, size=8, depth=100, seed=seed) for seed in (1, 2))
    assert np.abs(one - two).mean() > 0.005
    assert np.array_equal(one, painted("extrude", picture, size=8, depth=100, seed=1))


# --- Flat cartoon ---


def test_a_cartoon_is_flat_inside_and_keeps_borders(photo: Image) -> None:
    picture = np.clip(photo.float() + 0.03 * np.random.default_rng(2).standard_normal((200, 200, 1)), 0, 1)
    found = painted("flat-cartoon", picture, lines=0, lift=0, shading=0, patch_size=8)
    step = np.abs(np.diff(found, axis=1)).max(axis=2)
    grain = np.abs(np.diff(picture, axis=1)).max(axis=2)
    assert (step < 0.004).mean() > 3 * (grain < 0.004).mean()
    assert np.abs(cv2.blur(found, (9, 9)) - cv2.blur(picture, (9, 9))).mean() < 0.04


def test_patches_take_little_memory() -> None:
    from senga.ops import superpixels

    picture = cv2.resize(np.random.default_rng(0).random((40, 50, 3), np.float32), (600, 500))
    tracemalloc.start()
    superpixels.patched(picture, 15, 6, Job(threads=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * picture[:, :, 0].size


def test_patches_join_where_colours_are_alike() -> None:
    from senga.ops import superpixels

    picture = flat(0.2, 64, 96)
    picture[:, 48:] = 0.7
    picture += 0.01 * np.random.default_rng(0).standard_normal(picture.shape).astype(np.float32)
    colours = superpixels.lab(picture)
    labels = superpixels.slic(colours, 8, 5, Job())
    assert 60 < len(np.unique(labels)) <= 96
    joined = superpixels.joined(labels, colours, 10, 64, Job())
    assert len(np.unique(joined)) == 2
    assert len(np.unique(joined[:, :46])) == 1
    colour = superpixels.flat_colours(picture, joined)
    assert np.allclose(colour[:, :46], 0.2, atol=0.01)


def test_lines_and_shading_are_told_apart(photo: Image) -> None:
    bare = painted("flat-cartoon", photo, lines=0)
    lined = painted("flat-cartoon", photo, lines=1)
    assert (lined <= bare + 2 / 255).all()
    assert (lined < bare - 0.2).mean() > 0.005


# --- Settings ---


@pytest.mark.parametrize(("name", "settings"), [
    ("trace-contour", {"level": 256}), ("emboss", {"amount": 501}), ("emboss", {"height": 0}),
    ("ripple", {"amount": 1000}), ("ripple", {"size": "huge"}), ("extrude", {"size": 1}), ("extrude", {"depth": 256}),
    ("oil-paint", {"stylization": 11}), ("find-edges", {"method": "roberts"}), ("oil-paint", {"levels": 1}),
])  # fmt: skip
def test_what_is_out_of_range_is_told(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        senga.make(name, **settings)


# --- Pictures chosen by looking ---

GOLDEN: dict[str, tuple[str, dict[str, Any]]] = {
    "edges": ("find-edges", {"method": "xdog", "shadows": 0.3}),
    "strokes": ("oil-paint", {"stylization": 2, "size_unit": "pixels"}),
    "cartoon": ("flat-cartoon", {"size_unit": "pixels"}),
    "blocks": ("extrude", {"size": 12, "size_unit": "pixels"}),
}


@pytest.mark.parametrize("stem", GOLDEN)
def test_pictures_that_were_looked_at_stay(stem: str, photo: Image) -> None:
    name, settings = GOLDEN[stem]
    golden = cv2.imread(str(ROOT / "tests" / "golden" / f"effects-{stem}.png"))[:, :, ::-1].astype(float)
    result = made(name, settings)(photo, Job())
    assert isinstance(result, Image)
    gap = np.abs(cv2.blur(result.u8().astype(float) - golden, (3, 3)))
    assert gap.mean() < 1.5
    assert np.abs(photo.u8() - golden).mean() > 6, "the check cannot fail"


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_tiny_pictures_come_out(name: str, settings: dict[str, Any]) -> None:
    for height, width in ((1, 1), (1, 37), (41, 1), (2, 3), (5, 4)):
        result = made(name, settings)(sample(height, width), Job())
        assert isinstance(result, Image)
        assert result.pixels.shape == (height, width, 3)
