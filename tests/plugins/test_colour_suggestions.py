"""Nine suggestions: nine flat colourings that differ, from palettes or by a network, alone or all together."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga import Image, Job, SengaError
from senga.job import Weights
from senga.neural.networks.sgru import sgru
from senga.neural.training.initial import first_weights
from senga.plugins.colorize import Colorize, palettes, suggestions
from senga.plugins.colorize.drawing import Drawing, drawing_of
from senga.plugins.colorize.suggestion_samples import tints
from senga.testing import check_filter

ALL = Colorize(mode="automatic")


def a_face() -> Any:
    """A head with two eyes and a hat, and a shirt that the lower edge cuts."""
    lines = np.full((240, 320), 255, np.uint8)
    cv2.circle(lines, (160, 120), 70, 0, 3)
    for x in (135, 185):
        cv2.circle(lines, (x, 110), 12, 0, 3)
    cv2.line(lines, (95, 90), (225, 90), 0, 3)
    cv2.ellipse(lines, (160, 260), (120, 75), 0, 180, 360, 0, 3)
    return lines


SPOTS = {
    "behind": (20, 20),
    "hat": (65, 160),
    "face": (150, 160),
    "left": (110, 135),
    "right": (110, 185),
    "shirt": (220, 160),
}


def made_of(lines: Any) -> Drawing:
    return drawing_of(Image.of(lines), 6, 0.3, Job())


def a_network(width: float = 0.1) -> Weights:
    arrays = first_weights(sgru(width), "he", 3)
    arrays["pictures.bias"] = tints(0.8)
    card = {"architecture": "sgru", "width": f"{width:g}"}
    return Weights(arrays, card, "senga.plugins.colorize.suggestion_network:network_of")


def result_of(act: Colorize, lines: Any, job: Job | None = None) -> Image:
    result = act(lines if isinstance(lines, Image) else Image.of(lines), job or Job())
    assert isinstance(result, Image)
    return result


def with_network() -> Job:
    weights = a_network()
    return replace(Job(), weights=lambda _: weights)


@pytest.mark.parametrize("by", ["palettes", "network"])
def test_nine_drawings_differ_are_flat_and_keep_their_lines(by: str) -> None:
    act = ALL if by == "palettes" else Colorize(mode="automatic", style="any")
    lines, labels = a_face(), made_of(a_face()).labels
    result = result_of(act, lines, with_network())
    assert len({layer.name for layer in result.alternatives}) == 9
    pictures = [layer.picture.pixels for layer in result.alternatives]
    assert np.array_equal(result.pixels, pictures[0])
    for first, second in combinations(pictures, 2):
        apart = np.abs(first.astype(int) - second)[labels > 0].mean()
        assert apart > 8, "two suggestions are nearly the same"
    for picture in pictures:
        assert (picture[lines == 0] == 0).all()
        for region in range(1, labels.max() + 1):
            inside = picture[(labels == region) & (lines == 255)]
            assert (inside == inside[0]).all()


def test_neighbours_differ_alike_parts_are_alike_and_what_is_behind_is_paper() -> None:
    for seed in range(6):
        for number, layer in enumerate(result_of(Colorize(mode="automatic", seed=seed), a_face()).alternatives):
            colour = {name: tuple(layer.picture.pixels[spot].tolist()) for name, spot in SPOTS.items()}
            assert colour["behind"] == tuple(palettes.palette(number)[0].tolist())
            assert colour["left"] == colour["right"]
            for one, other in (
                ("hat", "face"),
                ("face", "left"),
                ("face", "shirt"),
                ("shirt", "behind"),
                ("face", "behind"),
            ):
                assert colour[one] != colour[other], (seed, number, one, other)
            assert set(colour.values()) <= {tuple(each) for each in palettes.palette(number).tolist()}


def test_small_shapes_within_one_other_are_light() -> None:
    light = sum(
        tuple(layer.picture.pixels[SPOTS["left"]].tolist()) == tuple(palettes.palette(number)[palettes.LIGHT].tolist())
        for number, layer in enumerate(result_of(ALL, a_face()).alternatives)
    )
    assert light >= 7


def test_crossing_hatching_gets_few_colours() -> None:
    lines = np.full((240, 320), 255, np.uint8)
    cv2.rectangle(lines, (40, 40), (280, 200), 0, 3)
    for x in range(48, 280, 8):
        cv2.line(lines, (x, 40), (x, 200), 0, 2)
    for y in range(48, 200, 8):
        cv2.line(lines, (40, y), (280, y), 0, 2)
    for layer in result_of(ALL, lines).alternatives:
        inside = layer.picture.pixels[107, 44:276]
        changes = (inside[lines[107, 44:276] == 255][1:] != inside[lines[107, 44:276] == 255][:-1]).any(axis=1)
        assert changes.sum() <= 2


@pytest.mark.parametrize("by", ["palettes", "network"])
def test_one_suggestion_is_that_of_all(by: str) -> None:
    style = None if by == "palettes" else "any"
    every = result_of(Colorize(mode="automatic", style=style), a_face(), with_network())
    one = result_of(
        Colorize(mode="automatic", style=style, suggestion=4, separate_layers=True), a_face(), with_network()
    )
    assert not one.alternatives
    assert [layer.name for layer in one.layers] == ["Paper", "Flat colours", "Lines"]
    assert np.array_equal(one.pixels, every.alternatives[3].picture.pixels)


def test_it_says_what_it_makes() -> None:
    assert ALL.makes() == "alternatives"
    assert Colorize(mode="automatic", suggestion=2).makes() == "picture"
    assert Colorize(mode="automatic", suggestion=2, separate_layers=True).makes() == "layers"
    assert Colorize(mode="hints").makes() == "picture"


def test_another_seed_distributes_colours_otherwise() -> None:
    first, again, other = (result_of(Colorize(mode="automatic", seed=seed), a_face()) for seed in (0, 0, 5))
    same = [
        np.array_equal(a.picture.pixels, b.picture.pixels)
        for a, b in zip(first.alternatives, again.alternatives, strict=True)
    ]
    assert all(same)
    assert (
        sum(
            not np.array_equal(a.picture.pixels, b.picture.pixels)
            for a, b in zip(first.alternatives, other.alternatives, strict=True)
        )
        >= 3
    )


def test_there_are_fewer_at_once_where_nine_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = a_face()
    monkeypatch.setattr(suggestions, "MEMORY", 4 * 3 * lines.size)
    assert len(result_of(ALL, lines).alternatives) == 4
    deep = Image.of(lines.astype(np.uint16) * 257)
    assert len(result_of(ALL, deep).alternatives) == 2
    ninth = result_of(Colorize(mode="automatic", suggestion=9), lines)
    monkeypatch.undo()
    assert np.array_equal(ninth.pixels, result_of(ALL, lines).alternatives[8].picture.pixels)


def test_colours_of_a_network_are_those_that_most_of_a_region_has() -> None:
    drawing = made_of(a_face())
    seen = np.full((9, 60, 80, 3), 0.97, np.float32)
    seen[2, 16:48, 22:58] = 0.2, 0.4, 0.6
    seen[2, 30:32, 38:42] = 1, 0, 0
    made = suggestions.regional(drawing, seen)
    face, behind = drawing.labels[SPOTS["face"]], drawing.labels[SPOTS["behind"]]
    assert np.abs(made[2, face].astype(int) - (51, 102, 153)).max() < 12
    assert (made[2, behind] == 255).all(), "nearly white is white"
    assert (made[3] == 255).all()


def test_a_network_for_something_else_is_refused() -> None:
    job = replace(Job(), weights=lambda _: Weights({}, {"architecture": "lines"}))
    with pytest.raises(SengaError, match="is no network for the mode “automatic”"):
        Colorize(mode="automatic", style="other")(Image.of(a_face()), job)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (7, 3)])
def test_tiny_pictures_give_nine_of_their_size(size: tuple[int, int]) -> None:
    for value in (0, 255):
        result = senga.apply(ALL, np.full(size, value, np.uint8))
        assert [layer.picture.pixels.shape for layer in result.alternatives] == [(*size, 3)] * 9


def test_it_keeps_all_promises_to_hosts() -> None:
    check_filter(ALL)
