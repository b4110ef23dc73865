"""Colours for lines: exact at hints, inside closed lines, below them, and the lines as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga import Image, Job, SengaError
from senga.compose import Blend
from senga.errors import Cancelled
from senga.layers import merged
from senga.plugins.colorize import Colorize, drawing, filling, hints
from senga.prepared import SHELF
from senga.registry import plugins
from senga.testing import check_filter
from senga.testing.bench import hint
from senga.work import Work

RED, BLUE, GREEN = (230, 40, 30), (20, 60, 220), (40, 200, 90)


def paper(height: int = 240, width: int = 320) -> Any:
    return np.full((height, width), 255, np.uint8)


def two_boxes(gap: int = 0, scale: int = 1) -> Any:
    """Two boxes beside each other with a wall in common, which has a gap in the middle."""
    lines = paper(240 * scale, 320 * scale)
    thick = 3 * scale
    cv2.rectangle(lines, (40 * scale, 40 * scale), (280 * scale, 200 * scale), 0, thick, cv2.LINE_AA)
    cv2.line(lines, (160 * scale, 40 * scale), (160 * scale, 200 * scale), 0, thick, cv2.LINE_AA)
    middle = 120 * scale
    lines[middle - gap // 2 : middle - gap // 2 + gap, 155 * scale : 166 * scale] = 255
    return lines


def ring(thick: int, scale: int = 1) -> Any:
    """A circle in the middle."""
    lines = paper(240 * scale, 320 * scale)
    cv2.circle(lines, (160 * scale, 120 * scale), 80 * scale, 0, thick, cv2.LINE_AA)
    return lines


def dots(*dots: tuple[int, int, tuple[int, int, int]], size: tuple[int, int] = (240, 320), radius: int = 3) -> Image:
    """A transparent layer with dots of colour at (x, y)."""
    layer = np.zeros((*size, 4), np.uint8)
    for x, y, colour in dots:
        cv2.circle(layer, (x, y), radius, (*colour, 255), -1)
    return Image.of(layer)


def coloured(lines: Any, layer: Image | None = None, **settings: Any) -> Any:
    """The result as bytes."""
    result = senga.apply("colorize", lines, **({} if layer is None else {"hints": layer}), **settings)
    assert isinstance(result, Image)
    return result.u8()


BOTH = dots((100, 120, RED), (220, 120, BLUE))


@pytest.mark.parametrize("settings", [
    {"points": [(0.5, 0.5), (0.1, 0.2)], "colours": ["red", "#1020ff"], "without_hint": "neighbour"},
    {"hints": hint(48, 64), "separate_layers": True, "overshoot": 0},
    {"mode": "flats", "separate_layers": True, "gap": 30},
    {"mode": "shaded", "hints": hint(48, 64), "without_hint": "network", "separate_layers": True},
])  # fmt: skip
def test_every_mode_keeps_every_promise(settings: dict[str, Any]) -> None:
    check_filter(plugins().make("colorize", settings))


def test_every_region_has_the_colour_of_its_hint_and_no_other() -> None:
    result = coloured(two_boxes(), BOTH)
    assert (result[44:196, 44:156] == RED).all()
    assert (result[44:196, 164:276] == BLUE).all()
    assert (result[:37] == 255).all(), "what has no hint is paper"


def test_colours_do_not_run_through_gaps_that_are_bridged() -> None:
    lines = two_boxes(gap=9)
    closed = coloured(lines, BOTH, gap=40)
    assert (closed[44:196, 44:150] == RED).all()
    assert (closed[44:196, 170:276] == BLUE).all()
    alone = coloured(lines, dots((100, 120, RED)), gap=40)
    assert (alone[44:196, 170:276] == 255).all(), "a region behind a gap stays paper"
    through = coloured(lines, dots((100, 120, RED)), gap=0)
    assert (through[44:196, 170:276] == RED).all(), "which is not bridged"


def test_lines_have_colour_below_them_and_no_halo() -> None:
    lines = ring(2)
    assert ((lines > 20) & (lines < 235)).sum() > 100, "it has soft rims"
    result = coloured(lines, dots((160, 120, RED), (5, 5, BLUE))) / 255
    y, x = np.mgrid[:240, :320]
    away = np.hypot(x - 160, y - 120) - 80
    for colour, rim in ((RED, (away < -1) & (away > -5)), (BLUE, (away > 1) & (away < 5))):
        wanted = lines[rim][:, None] / 255 * np.array(colour) / 255
        assert np.abs(result[rim] - wanted).max() < 0.01, "rims are the colour, darkened"


def test_the_line_layer_is_that_of_the_picture() -> None:
    lines = Image.of(two_boxes())
    result = senga.apply("colorize", lines, hints=BOTH, separate_layers=True)
    assert [layer.name for layer in result.layers] == ["Paper", "Flat colours", "Lines"]
    below, colours, top = result.layers
    assert np.array_equal(top.picture.pixels, lines.pixels)
    assert (top.mode, top.is_source) == ("multiply", True)
    assert np.array_equal(merged(result.layers, lines).pixels, result.pixels)
    assert colours.picture.alpha is not None
    assert not colours.picture.alpha[:37].any(), "there is no colour where there is no hint"
    assert (below.picture.pixels == 255).all()


def test_lines_on_a_transparent_layer_are_as_lines_on_paper() -> None:
    lines = two_boxes()
    layer = Image(np.zeros((*lines.shape, 3), np.uint8), 255 - lines)
    on_paper, through = coloured(lines, BOTH), senga.apply("colorize", layer, hints=BOTH, separate_layers=True)
    assert through.alpha is None, "what was transparent is filled"
    assert np.abs(through.pixels.astype(int) - on_paper).max() <= 1
    assert through.layers[-1].mode == "normal"
    assert np.array_equal(through.layers[-1].picture.alpha, layer.alpha)


def test_a_selection_of_a_transparent_layer_is_filled_and_nothing_else() -> None:
    lines = two_boxes()
    layer = Image(np.zeros((*lines.shape, 3), np.uint8), 255 - lines)
    chosen = np.zeros(lines.shape, np.uint8)
    chosen[:, :160] = 255
    work = Work.of(plugins(), "colorize", {"hints": BOTH}, blend=Blend(chosen, strength=0.5))
    result = work.run(plugins(), layer)
    assert isinstance(result, Image)
    assert result.alpha is not None
    assert (result.pixels[100, 100] == RED).all()
    assert abs(int(result.alpha[100, 100]) - 128) <= 1
    assert np.array_equal(result.alpha[:, 160:], layer.alpha[:, 160:])  # type: ignore[index]


def test_a_region_is_divided_among_its_hints() -> None:
    result = coloured(two_boxes(), dots((60, 120, RED), (140, 120, GREEN)))
    assert (result[60:180, 50:98] == RED).all()
    assert (result[60:180, 103:150] == GREEN).all()


def test_regions_are_divided_along_straight_lines() -> None:
    result = coloured(two_boxes(), dots((60, 60, RED), (140, 180, GREEN), radius=0))
    y, x = np.mgrid[44:196, 44:156]
    nearer = np.hypot(x - 140, y - 180) - np.hypot(x - 60, y - 60)
    assert (result[44:196, 44:156][nearer > 3] == RED).all()
    assert (result[44:196, 44:156][nearer < -3] == GREEN).all()


def test_hints_reach_round_corners_by_the_way_within_the_region() -> None:
    """A U: its left end is near the hint on the right as the crow flies, and far on foot."""
    lines = paper()
    cv2.rectangle(lines, (40, 40), (280, 200), 0, 3)
    cv2.rectangle(lines, (150, 40), (160, 170), 0, -1)
    result = coloured(lines, dots((100, 180, RED), (180, 60, BLUE)))
    assert (result[60, 60:140] == RED).all()
    assert (result[60:100, 170:270] == BLUE).all()


def test_what_slips_over_a_line_does_not_count_unless_asked() -> None:
    layer = np.zeros((240, 320, 4), np.uint8)
    layer[118:123, 60:168] = (*RED, 255)
    layer[140:150, 200:260] = (*BLUE, 255)
    slipped, strict = coloured(two_boxes(), Image.of(layer)), coloured(two_boxes(), Image.of(layer), overshoot=0)
    assert (slipped[44:196, 170:276] == BLUE).all()
    assert (strict[119:122, 164:167] == RED).all(), "every hint is exact then"


def test_points_are_hints_too() -> None:
    result = coloured(two_boxes(), points=[(100 / 320, 0.5), (220 / 320, 0.5)], colours=["red", (0, 0, 255)])
    assert (result[100, 60] == (255, 0, 0)).all()
    assert (result[100, 260] == (0, 0, 255)).all()


def test_hints_may_be_on_white() -> None:
    layer = np.full((240, 320, 3), 255, np.uint8)
    cv2.circle(layer, (100, 120), 6, RED, -1, cv2.LINE_AA)
    result = coloured(two_boxes(), Image.of(layer))
    assert (result[44:196, 44:156] == RED).all(), "and their soft rims are no colours of their own"


@pytest.mark.parametrize("kind", ["png", "jpg", "with alpha", "the lines themselves"])
def test_hints_may_be_on_a_copy_of_the_lines(kind: str) -> None:
    lines = two_boxes()
    copy = np.repeat(lines[:, :, None], 3, axis=2)
    if kind == "the lines themselves":
        with pytest.raises(SengaError, match="hints is empty"):
            coloured(lines, Image.of(copy))
        return
    cv2.circle(copy, (100, 120), 9, RED, -1, cv2.LINE_AA)
    cv2.circle(copy, (220, 120), 9, BLUE, -1, cv2.LINE_AA)
    if kind == "jpg":
        copy = cv2.imdecode(cv2.imencode(".jpg", copy, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR)
    if kind == "with alpha":
        copy = np.dstack([copy, paper()])
    result = coloured(lines, Image.of(np.ascontiguousarray(copy))).astype(int)
    assert abs(result[46:194, 46:154] - RED).max() <= 12
    assert abs(result[46:194, 166:274] - BLUE).max() <= 12
    assert (result[:36] == 255).all()


def test_faint_and_reduced_hints_count_and_soft_rims_do_not() -> None:
    layer = np.zeros((240, 320, 4), np.uint8)
    layer[100, 100] = (*RED, 30)
    layer[100:103, 220:223] = (*GREEN, 90)
    layer[101, 221] = (*BLUE, 250)
    result = coloured(two_boxes(), Image.of(layer))
    assert (result[44:196, 44:156] == RED).all()
    assert (result[44:196, 164:276] == BLUE).all()


def test_regions_without_a_hint_become_as_their_neighbour_if_asked() -> None:
    lines = two_boxes()
    cv2.rectangle(lines, (90, 90), (130, 150), 0, 3)
    result = coloured(lines, dots((60, 60, RED), (220, 120, BLUE)), without_hint="neighbour")
    assert (result[100:140, 100:120] == RED).all()


def test_specks_need_no_hint() -> None:
    lines = two_boxes()
    cv2.circle(lines, (100, 80), 3, 0, 1)
    layer = dots((100, 150, RED))
    assert (coloured(lines, layer, smallest_region=30)[80, 100] == RED).all()
    assert (coloured(lines, layer, smallest_region=0)[80, 100] == 255).all()


def test_flats_give_every_region_a_colour_of_its_own() -> None:
    flats, other = coloured(two_boxes(), mode="flats"), coloured(two_boxes(), mode="flats", seed=1)
    found = {tuple(flats[y, x]) for y, x in ((10, 10), (120, 100), (120, 220))}
    assert len(found) == 3
    assert len(np.unique(flats[44:196, 44:156].reshape(-1, 3), axis=0)) == 1
    assert not np.array_equal(flats, other)


def test_yellow_paper_lit_from_one_side_is_paper() -> None:
    light = np.linspace(0.65, 1, 320)[None, :, None] * np.array([1, 0.95, 0.8])
    scan = np.rint(two_boxes()[..., None] * light).astype(np.uint8)
    result = coloured(scan, BOTH)
    assert np.abs(result[100, 100] - scan[100, 100] / 255 * np.array(RED)).max() <= 1
    assert np.abs(result[100, 220] - scan[100, 220] / 255 * np.array(BLUE)).max() <= 1
    made = drawing.drawing_of(Image.of(scan), 6, 0.3, Job())
    assert made.ink[two_boxes() == 255].max() < 20
    assert made.ink[two_boxes() == 0].min() > 235


def test_large_drawings_are_as_sharp_as_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = two_boxes(gap=20, scale=4)
    layer = dots((400, 480, RED), (880, 480, BLUE), size=lines.shape, radius=8)
    whole = coloured(lines, layer, gap=40)
    monkeypatch.setattr(drawing, "LARGEST", 150_000)
    SHELF.clear()
    assert drawing.factor_of(*lines.shape) == 4
    reduced = coloured(lines, layer, gap=40)
    differs = (whole != reduced).any(axis=2)
    away = np.ones_like(differs)
    away[450:510, 600:680] = False  # where the wall is open its end is the regions' own choice
    assert not (differs & away).any()
    assert (reduced[480, 400] == RED).all()
    thin = ring(2, scale=4)
    layer = dots((640, 480, RED), (20, 20, BLUE), size=thin.shape)
    assert np.array_equal(coloured(thin, layer), reference(thin))


def reference(lines: Any) -> Any:
    """The ring of four times the size, red inside and blue outside."""
    y, x = np.mgrid[: lines.shape[0], : lines.shape[1]]
    inside = np.hypot(x - 640, y - 480) < 320
    return np.rint(lines[..., None] / np.float32(255) * np.where(inside[..., None], RED, BLUE)).astype(np.uint8)


def test_thin_lines_of_large_drawings_stay_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "LARGEST", 20_000)
    lines = paper(480, 640)
    cv2.line(lines, (0, 100), (639, 383), 0, 2)
    result = coloured(lines, dots((300, 30, RED), size=(480, 640)), gap=0)
    assert (result[:90, 200:] == RED).all()
    assert (result[400:, :500] == 255).all()


def test_regions_are_kept_while_hints_move(monkeypatch: pytest.MonkeyPatch) -> None:
    SHELF.clear()
    asked: list[int] = []
    found = drawing.regions.regions
    monkeypatch.setattr(drawing.regions, "regions", lambda *given: asked.append(1) or found(*given))
    lines = Image.of(two_boxes())
    for x in (100, 104, 108):
        coloured(lines, dots((x, 120, RED)))
    assert len(asked) == 1
    coloured(Image.of(two_boxes(gap=2)), dots((100, 120, RED)))
    assert len(asked) == 2


def test_it_can_be_cancelled_while_lines_are_closed() -> None:
    SHELF.clear()
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        Colorize(mode="flats")(Image.of(two_boxes()), Job(cancelled=lambda: next(asked) > 3))


@pytest.mark.parametrize(("settings", "lines", "said"), [
    ({}, two_boxes(), "There are no hints"),
    ({"hints": dots()}, two_boxes(), "hints is empty"),
    ({"hints": BOTH}, paper(), "There are no lines"),
    ({"hints": dots(size=(10, 10))}, two_boxes(), "10 x 10 pixels, but the picture is 320 x 240"),
    ({"points": [(0.5, 0.5)]}, two_boxes(), "1 points and 0 colours"),
])  # fmt: skip
def test_what_is_missing_is_said_in_a_sentence(settings: dict[str, Any], lines: Any, said: str) -> None:
    with pytest.raises(SengaError, match=said):
        senga.apply("colorize", lines, **settings)


def test_a_stroke_on_a_line_alone_colours_what_is_nearest() -> None:
    free = two_boxes() > 128
    made = drawing.drawing_of(Image.of(two_boxes()), 6, 0.3, Job())
    marks = np.zeros(free.shape, np.int32)
    marks[100, 161] = 1
    found = filling.dots_of(made, marks)
    assert len(found.places) == 1
    assert found.region[0] == made.labels[100, 170]


def test_colours_of_soft_brushes_become_few() -> None:
    layer = np.zeros((40, 300, 4), np.uint8)
    layer[..., 3] = 255
    layer[..., 0] = np.linspace(64, 90, 300)
    layer[..., 1] = np.arange(40)[:, None] // 8
    palette = hints.palette_of(Image.of(layer), [])
    assert len(palette.codes) > 64
    assert len(palette.colours) <= 3


def regions_of(lines: Any) -> Any:
    """The white of a line picture in parts, found otherwise than the filter does it."""
    count, parts = cv2.connectedComponents((lines > 200).astype(np.uint8), connectivity=4)
    return parts, [number for number in range(1, count) if (parts == number).sum() >= 12]


def dotted(lines: Any, colour_at: Callable[[int, int], Any]) -> tuple[Image, list[tuple[int, int, Any]]]:
    """A dot in the middle of every region; and where each is, with the white of its region."""
    parts, wanted = regions_of(lines)
    layer, places = np.zeros((*lines.shape, 4), np.uint8), []
    for number in wanted:
        region = parts == number
        depth = cv2.distanceTransform(np.pad(region, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = (int(at) for at in np.unravel_index(int(depth.argmax()), depth.shape))
        layer[y, x] = (*colour_at(y, x), 255)
        places.append((y, x, region & (lines > 250)))
    return Image.of(layer), places


def are_filled(lines: Any, layer: Image, places: list[tuple[int, int, Any]]) -> list[bool]:
    """For every region whether it has the colour of its dot alone; without those that are soft rims alone."""
    result = coloured(lines, layer).astype(int)
    return [
        bool((np.abs(result[white] - layer.pixels[y, x]).max(axis=1) <= 2).mean() >= 0.99)
        for y, x, white in places
        if white.any()
    ]


def test_closed_regions_of_drawings_get_one_colour(shared: Path) -> None:
    """From a dot in every region of 40 drawings: the share of regions that have its colour alone."""
    good: list[bool] = []
    for path in sorted((shared / "lineart_pairs").glob("*_line.png"))[::17]:
        lines = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        colours = cv2.imread(str(path).replace("_line", "_colour"))[..., ::-1]
        good += are_filled(lines, *dotted(lines, lambda y, x, colours=colours: colours[y, x]))
    assert len(good) > 300
    assert np.mean(good) >= 0.97


def test_a_drawing_of_ours_gets_one_colour_a_region() -> None:
    """The same on circles and waves, which need no data."""
    rng, lines = np.random.default_rng(2), paper(400, 400)
    for x, y, size in rng.random((12, 3)):
        cv2.circle(lines, (int(400 * x), int(400 * y)), int(20 + 80 * size), 0, 2, cv2.LINE_AA)
    layer, places = dotted(lines, lambda _y, _x: rng.integers(0, 250, 3))
    result = coloured(lines, layer)
    assert all((result[y, x] == layer.pixels[y, x]).all() for y, x, _ in places), "every hint has its own colour"
    assert np.mean(are_filled(lines, layer, places)) >= 0.9


def test_threads_make_no_difference() -> None:
    lines = Image.of(two_boxes(scale=4))
    layer = dots((400, 480, RED), (880, 480, BLUE), size=(960, 1280))
    act = Colorize(hints=layer)
    one, four = (act(lines, replace(Job(), threads=count)).pixels for count in (1, 4))
    assert np.array_equal(one, four)
