"""Colours of another picture: which it has, and that a drawing gets them, with a network and without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import senga
from senga.errors import ModelError, SengaError
from senga.image import Image
from senga.job import Job, Weights
from senga.neural.networks import reference_features, vgg_features
from senga.neural.networks.style2paints import reference_painter
from senga.neural.training.initial import first_weights
from senga.ops.superpixels import lab
from senga.plugins.colorize import Colorize, reference
from senga.plugins.colorize.references.dealing import Places, by_colour, dealt
from senga.plugins.colorize.references.network import narrowed, network_of, shape_of, to_senga
from senga.plugins.colorize.references.palettes import Shades

BLUE, RED, GREEN = (40, 90, 220), (210, 40, 30), (60, 170, 60)


def a_drawing(side: int = 160) -> Any:
    """A circle in a frame."""
    lines = np.full((side, side), 255, np.uint8)
    cv2.circle(lines, (side // 2, side // 2), side // 4, 0, 2)
    return np.repeat(lines[:, :, None], 3, axis=2)


def a_picture() -> Any:
    """A red disk on blue, with black lines and a little green below."""
    picture = np.full((120, 180, 3), BLUE, np.uint8)
    cv2.circle(picture, (90, 60), 40, RED, -1)
    cv2.circle(picture, (90, 60), 40, (0, 0, 0), 2)
    picture[105:, 60:120] = GREEN
    return picture


def bytes_of(shades: Shades) -> list[tuple[int, ...]]:
    return [tuple(each) for each in reference._bytes(shades.colours).tolist()]


def near(found: Any, wanted: Any) -> bool:
    return bool(np.abs(np.array(found, int) - np.array(wanted)).max() <= 6)


def test_a_picture_has_its_colours_and_no_lines() -> None:
    shades = Shades.of(Image(a_picture()))
    assert len(shades.colours) == 3
    assert all(map(near, bytes_of(shades), (BLUE, RED, GREEN)))
    assert shades.shares.sum() == pytest.approx(1)
    assert shades.shares[1] == pytest.approx(np.pi * 40**2 / (120 * 180), abs=0.03)
    assert shades.heights[2] > 0.85 > 0.6 > shades.heights[1]
    assert shades.rims[0] > 0.7
    assert shades.rims[1] == 0


def test_what_is_transparent_has_no_colour() -> None:
    alpha = np.zeros((120, 180), np.uint8)
    alpha[30:90, 70:110] = 255
    shades = Shades.of(Image(a_picture(), alpha))
    assert len(shades.colours) == 1
    assert near(bytes_of(shades)[0], RED)


def test_a_black_picture_is_black() -> None:
    assert near(bytes_of(Shades.of(Image(np.zeros((30, 30, 3), np.uint8))))[0], (0, 0, 0))


def test_colours_go_where_they_are_in_the_picture() -> None:
    made = senga.apply("colorize", a_drawing(), reference=a_picture(), matching="place", mode="reference").u8()
    assert near(made[5, 5], BLUE)
    assert near(made[80, 80], RED)
    assert made[80, 40].max() < 40  # the line


def test_a_reference_alone_chooses_the_mode_and_hints_do_before_it() -> None:
    made = senga.apply("colorize", a_drawing(), reference=a_picture(), matching="place").u8()
    assert near(made[80, 80], RED)
    hinted = {"points": [(0.5, 0.5)], "colours": ["lime"]}
    made = senga.apply("colorize", a_drawing(), reference=a_picture(), matching="place", **hinted).u8()
    assert near(made[80, 80], (0, 255, 0))
    assert near(made[5, 5], (255, 255, 255))


def test_without_a_reference_it_says_what_to_do() -> None:
    with pytest.raises(SengaError, match="There is no reference"):
        senga.apply("colorize", a_drawing(), mode="reference")


def test_a_reference_in_which_there_is_nothing_is_refused() -> None:
    with pytest.raises(SengaError, match="wholly transparent"):
        senga.apply("colorize", a_drawing(), reference=np.zeros((20, 30, 4), np.uint8))


@pytest.mark.parametrize("kind", ["grey", "alpha", "16 bit", "1x1", "float"])
def test_any_picture_is_a_reference(kind: str) -> None:
    picture = a_picture()
    other = {
        "grey": picture[:, :, 1],
        "alpha": np.dstack([picture, np.full(picture.shape[:2], 200, np.uint8)]),
        "16 bit": picture.astype(np.uint16) * 257,
        "1x1": np.uint8([[BLUE]]),
        "float": picture.astype(np.float32) / np.float32(255),
    }[kind]
    made = senga.apply("colorize", a_drawing(), reference=other, matching="place").u8()
    wanted = {"grey": (int(picture[0, 0, 1]),) * 3}.get(kind, BLUE)
    assert near(made[5, 5], wanted)


def test_a_file_lies_as_its_exif_says(tmp_path: Path) -> None:
    from PIL import Image as Pillow

    upright = np.full((60, 80, 3), BLUE, np.uint8)
    upright[:20] = RED
    exif = Pillow.Exif()
    exif[0x0112] = 3  # upside down
    Pillow.fromarray(upright[::-1, ::-1].copy()).save(tmp_path / "x.png", exif=exif)
    lines = a_drawing()
    lines[:] = 255
    lines[50:53] = 0
    made = senga.apply("colorize", lines, reference=tmp_path / "x.png", matching="place").u8()
    assert near(made[10, 80], RED)
    assert near(made[120, 80], BLUE)


def test_the_largest_region_gets_the_most_frequent_colour_that_is_free() -> None:
    shades = Shades(*(np.float32(each) for each in ([[50, 0, 0], [90, 0, 0]], [0.7, 0.3], [0.5, 0.5], [0.5, 0.5])))
    places = Places(*(np.float32(each) for each in ([0, 0.65, 0.35], [0, 0.5, 0.5], [0, 0.5, 0.5])))
    assert dealt(np.zeros((3, 2), np.float32), places, shades)[1:].tolist() == [0, 1]
    near_other = by_colour(np.float32([[0, 0, 0], [88, 0, 0], [52, 0, 0]]), shades)
    assert dealt(near_other, places, shades)[1:].tolist() == [1, 0]


def weights(features: int = reference_features.FEATURES) -> Weights:
    card = {"architecture": "style2paints", "form": "own", "width": "0.1", "features": str(features)}
    network = reference_painter(shape_of(card))
    return Weights(first_weights(network, "he", 0), card, "senga.plugins.colorize.references.network:network_of")


def test_a_network_may_say_what_is_what_and_colours_stay_those_of_the_picture() -> None:
    act = Colorize(mode="reference", reference=Image(a_picture()), style="mine", matching="network")
    made = act(Image(a_drawing()), Job(weights=lambda name: {"mine": weights()}[name])).u8()
    for place in ((5, 5), (80, 80)):
        assert any(near(made[place], colour) for colour in (BLUE, RED, GREEN))


def test_it_may_mix_them_as_it_likes() -> None:
    own = Colorize(
        mode="reference", reference=Image(a_picture()), style="mine", matching="network", closeness=0.0, shading=0.0
    )
    job = Job(weights=lambda name: {"mine": weights()}[name])
    free = own(Image(a_drawing()), job).u8()
    close = own.model_copy(update={"closeness": 1.0})(Image(a_drawing()), job).u8()
    half = own.model_copy(update={"closeness": 0.5})(Image(a_drawing()), job).u8()
    seen = [lab(each[80:81, 80:81].astype(np.float32) / 255)[0, 0] for each in (free, half, close)]
    assert np.abs(seen[1] - (seen[0] + seen[2]) / 2).max() < 4


def test_networks_of_the_published_form_want_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    small = vgg_features.vgg19_features((2, 2, 2, 2, 2), 4096)
    monkeypatch.setattr(reference, "network_of", lambda each: each.card.get("small") or network_of(each.card))
    given = {"mine": weights(4096), "vgg19": Weights(first_weights(small, "he", 1), {"small": small})}  # type: ignore[dict-item]
    act = Colorize(mode="reference", reference=Image(a_picture()), style="mine", matching="network")
    assert act(Image(a_drawing()), Job(weights=given.__getitem__)).u8().shape == (160, 160, 3)

    def none(name: str) -> Weights:
        if name in ("mine",):
            return given[name]
        raise ModelError("There is no style “vgg19”.")

    with pytest.raises(ModelError, match="vgg19"):
        act(Image(a_drawing()), Job(weights=none))


def test_files_tell_what_they_are() -> None:
    from senga.neural.checkpoints import Checkpoint

    own = weights()
    found = to_senga(Checkpoint("safetensors", dict(own.arrays), {}))
    assert dict(found.card) == {"architecture": "style2paints", "form": "own", "width": "0.1", "features": "611"}
    network = reference_painter(narrowed(shape_of({"form": "published", "features": "9"}), 0.05), guides=True)
    found = to_senga(Checkpoint("safetensors", first_weights(network, "he", 0), {}))
    assert found.card["form"] == "published"
    assert not any(name.startswith(("entry.", "exit.")) for name in found.arrays)
    with pytest.raises(ModelError, match="neither"):
        to_senga(Checkpoint("safetensors", {"x": np.zeros(3)}, {}))
    broken = {**own.arrays, "last.bias": np.full(3, np.nan)}
    with pytest.raises(ModelError, match="no usable numbers"):
        to_senga(Checkpoint("safetensors", broken, {}))


def test_layers_are_given() -> None:
    made = senga.apply("colorize", a_drawing(), reference=a_picture(), matching="place", separate_layers=True)
    assert [layer.name for layer in made.layers] == ["Paper", "Flat colours", "Lines"]


def test_the_same_settings_give_the_same_pixels() -> None:
    first, again = (
        Colorize(reference=Image(a_picture()), matching="place")(Image(a_drawing()), replace(Job(), threads=count)).u8()
        for count in (1, 3)
    )
    assert np.array_equal(first, again)


def test_the_network_that_comes_with_senga_gives_the_colours_of_the_picture() -> None:
    made = senga.apply("colorize", a_drawing(), reference=a_picture(), matching="network").u8()
    for place in ((5, 5), (80, 80)):
        assert any(near(made[place], colour) for colour in (BLUE, RED, GREEN))
