"""A drawing taken apart: the layers make the drawing, and each holds what its name says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import senga
from senga import Image
from senga.layers import merged
from senga.strokes.brush import BUILTIN_BRUSHES


@pytest.fixture(scope="module")
def picture(photo: NDArray[np.uint8]) -> Image:
    """Coloured, with strong and weak hues, white and black."""
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]] / photo.shape[1]
    hues = np.dstack([np.sin(9 * x) * 90, np.cos(7 * y) * 60, np.sin(12 * x * y) * 110])
    return Image(np.clip(photo[:, :, None] + hues * (photo[:, :, None] > 70), 0, 255).astype(np.uint8))


CASES: list[tuple[str, dict[str, Any]]] = [
    *(("sketch", {"brush": brush.name}) for brush in BUILTIN_BRUSHES),
    *(("color-pencil", {"brush": brush.name, "aged": 0.3}) for brush in BUILTIN_BRUSHES),
    ("sketch", {"edges": 0}),
    ("sketch", {"aged": 1.0, "edges": 2.0, "darkness": 4.0}),
    ("color-pencil", {"saturation": 2.0, "edges": 2.0, "darkness": 4.0}),
    ("color-pencil", {"saturation": 0.0, "darkness": 0.5}),
    ("color-pencil", {"aged": 1.0, "seed": 5, "edges": 0}),
]


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
def test_the_layers_make_the_drawing(picture: Image, name: str, settings: dict[str, Any]) -> None:
    plain = senga.apply(name, picture, **settings)
    apart = senga.apply(name, picture, separate_layers=True, **settings)
    assert np.array_equal(plain.pixels, apart.pixels), "taking apart changes nothing"
    whole = merged(apart.layers, picture)
    assert np.abs(whole.pixels.astype(int) - plain.pixels).max() <= 1
    colours = ["Colours"] if name == "color-pencil" else []
    outlines = [] if settings.get("edges") == 0 else ["Outlines"]
    assert [layer.name for layer in apart.layers] == ["Paper", *colours, "Strokes", *outlines]
    assert {layer.mode for layer in apart.layers} == {"normal"}


def test_every_layer_holds_what_it_says(picture: Image) -> None:
    drawn = {part.name: part.picture for part in senga.apply("color-pencil", picture, separate_layers=True).layers}
    grey = {part.name: part.picture for part in senga.apply("sketch", picture, separate_layers=True).layers}
    bare = {part.name: part.picture for part in senga.apply("sketch", picture, separate_layers=True, edges=0).layers}
    assert drawn["Paper"].pixels.std() < 4, "no drawing is left on the paper"
    assert not grey["Strokes"].pixels.any(), "black ink"
    assert np.corrcoef(grey["Strokes"].alpha.ravel(), bare["Strokes"].alpha.ravel())[0, 1] > 0.999
    assert np.abs(grey["Strokes"].alpha.astype(int) - bare["Strokes"].alpha).max() <= 2, "no outline is in the strokes"
    added = drawn["Strokes"].alpha.astype(int) - grey["Strokes"].alpha
    assert added.max() <= 6, "colour takes from the black, adds none"
    assert added.mean() < -5
    white = picture.pixels[:20, :25].min() > 250
    assert not white or drawn["Colours"].alpha[:20, :25].mean() < 40
    hue = picture.float().max(axis=2) - picture.float().min(axis=2)
    assert np.corrcoef(hue.ravel(), drawn["Colours"].alpha.ravel())[0, 1] > 0.4


def test_a_layer_that_is_changed_shows(picture: Image) -> None:
    """The proof that the first test can fail."""
    drawn = senga.apply("sketch", picture, separate_layers=True)
    paper, strokes, outlines = drawn.layers
    without = merged([paper, outlines], drawn)
    assert np.abs(without.pixels.astype(int) - drawn.pixels).max() > 50
    without = merged([paper, strokes], drawn)
    assert np.abs(without.pixels.astype(int) - drawn.pixels).max() > 50


@pytest.mark.parametrize("name", ["sketch", "color-pencil"])
def test_layers_are_the_same_on_any_number_of_threads(picture: Image, name: str) -> None:
    one, four = (
        senga.apply(name, picture, job=senga.Job(threads=count), separate_layers=True).layers for count in (1, 4)
    )
    for first, second in zip(one, four, strict=True):
        assert np.array_equal(np.asarray(first.picture), np.asarray(second.picture))
