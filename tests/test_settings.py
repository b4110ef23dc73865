"""Kinds of settings: each is declared, typed, checked and carried in one way, and a wrong one is a sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import model_validator

from senga.errors import SettingsError
from senga.filter import Filter, reach_of
from senga.image import Image
from senga.job import Job
from senga.registry import Plugins
from senga.settings import (
    KINDS,
    Colour,
    File,
    Mask,
    Model,
    Picture,
    Points,
    Seed,
    SettingInfo,
    colour_of,
    describe,
    kinds_of,
    pictures_of,
    read_typed,
    rgba,
    seeds_of,
    setting,
)


class Everything(Filter):
    """A filter with a setting of every kind."""

    name: ClassVar[str] = "everything"
    title: ClassVar[str] = "Everything"
    summary: ClassVar[str] = "A setting of every kind."

    whole: int = setting(3, "A whole number.", ge=1, le=9)
    real: float = setting(0.5, "A number.", ge=0, le=1)
    maybe: float | None = setting(None, "A number or none.")
    switch: bool = setting(True, "Yes or no.")
    choice: Literal["left", "right"] = setting("left", "Where.")
    words: str = setting("", "Any text.")
    brush: str = setting("pencil", "What draws.", resources="brushes")
    dice: Seed = setting(1, "A seed.")
    tint: Colour = setting("#336699", "A colour.")
    pins: Points = setting((), "Places.")
    weights: tuple[float, ...] = setting((1.0, 0.5), "Numbers.")
    counts: list[int] = setting([1], "Whole numbers.")
    names: tuple[str, ...] = setting(("a", "b, c"), "Words.")
    look: Model = setting("none", "A style.")
    table: File | None = setting(None, "A file.")
    hints: Picture | None = setting(None, "A layer of hints.", aligned=True)
    exemplar: Picture | None = setting(None, "A painting.")
    where: Mask | None = setting(None, "A mask.")

    def __call__(self, image: Image, job: Job) -> Image:
        return image


@pytest.fixture
def known() -> Plugins:
    found = Plugins(builtin=False, third_party=False)

    class Module:
        @staticmethod
        def senga_filters() -> list[type[Filter]]:
            return [Everything]

    from senga import hookimpl

    Module.senga_filters = staticmethod(hookimpl(Module.senga_filters))  # type: ignore[method-assign]
    found.register(Module, "everything")
    return found


def of(name: str) -> SettingInfo:
    return kinds_of(Everything)[name]


def test_every_kind_is_seen() -> None:
    kinds = {info.name: info.kind for info in describe(Everything)}
    assert kinds == {
        "whole": "int", "real": "float", "maybe": "float", "switch": "bool", "choice": "choice", "words": "text",
        "brush": "text", "dice": "seed", "tint": "colour", "pins": "points", "weights": "list", "counts": "list",
        "names": "list", "look": "model", "table": "file", "hints": "picture", "exemplar": "picture", "where": "mask",
    }  # fmt: skip
    assert set(kinds.values()) == set(KINDS)
    assert [of(name).items for name in ("weights", "counts", "names")] == ["float", "int", "text"]
    assert [info.name for info in pictures_of(Everything)] == ["hints", "exemplar", "where"]
    assert [info.aligned for info in pictures_of(Everything)] == [True, False, True]
    assert seeds_of(Everything) == ("dice",)
    assert of("brush").resources == "brushes"


def test_arguments_with_types_are_named_for_hosts() -> None:
    arguments = {info.name: info.argument for info in describe(Everything)}
    assert arguments["tint"] == "colour"
    assert arguments["table"] == "file"
    assert arguments["hints"] == arguments["where"] == "picture"
    assert arguments["maybe"] == arguments["weights"] == arguments["pins"] == arguments["look"] == "text"
    assert arguments["dice"] == "int"


@pytest.mark.parametrize("info", describe(Everything), ids=lambda info: info.name)
def test_a_default_survives_being_typed(info: SettingInfo) -> None:
    """Options, text boxes and arguments of procedures show a default as text and send it back."""
    again = Everything(**{info.name: info.typed}) if info.typed or not info.optional else Everything()
    assert getattr(again, info.name) == getattr(Everything(), info.name)


@pytest.mark.parametrize(("text", "expected"), [
    ("", ()), ("1", (1.0,)), (" 1 ,2.5 ", (1.0, 2.5)), ("[1, 2]", (1.0, 2.0)), ([3, 4], (3.0, 4.0)),
])  # fmt: skip
def test_lists_are_typed_with_commas(text: Any, expected: tuple[float, ...]) -> None:
    assert Everything(weights=text).weights == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("", ()), ("0.1,0.2", ((0.1, 0.2),)), ("0.1 0.2; 0.3, 1;", ((0.1, 0.2), (0.3, 1.0))), ("[[0, 1]]", ((0.0, 1.0),)),
])  # fmt: skip
def test_points_are_typed_in_pairs(text: str, expected: Any) -> None:
    assert Everything(pins=text).pins == expected


def test_what_is_typed_is_read_as_a_recipe_holds_it() -> None:
    assert read_typed(of("pins"), "0.1,0.2; 0,1") == [[0.1, 0.2], [0, 1]]
    assert read_typed(of("weights"), "1, 2.5") == [1, 2.5]
    assert read_typed(of("words"), "1, 2.5") == "1, 2.5"
    assert read_typed(of("weights"), (1.0,)) == (1.0,)


@pytest.mark.parametrize(("value", "expected"), [
    ("#F80", "#ff8800"), ("#ff880080", "#ff880080"), (" orange ", "#ffa500"), ((255, 136, 0), "#ff8800"),
    ((1.0, 0.5, 0.0, 1), "#ff8000ff"), ("rgb(1,2,3)", "#010203"),
])  # fmt: skip
def test_colours_are_brought_to_one_form(value: Any, expected: str) -> None:
    assert colour_of(value) == expected
    assert Everything(tint=value).tint == expected
    assert np.allclose(rgba(expected)[:3], [int(expected[i : i + 2], 16) / 255 for i in (1, 3, 5)])


@pytest.mark.parametrize(("name", "value", "says"), [
    ("tint", "#12", "colour"), ("tint", "bleu", "colour"), ("tint", (300, 0, 0), "0 to 255"),
    ("tint", "x" * 99999, "colour"),
    ("tint", 5, "colour"), ("tint", (1, 2), "colour"),
    ("pins", "0.1", "no point"), ("pins", "2,2", "less than or equal to 1"), ("pins", "nan,0", "no number"),
    ("pins", "a,b", "no number"), ("pins", "[1,", "items"), ("pins", ";".join(["0,0"] * 100_001), "more than"),
    ("weights", "a", "no number"), ("weights", "1,,2", "no number"), ("weights", "inf", "no number"),
    ("counts", "1.5", "no whole number"), ("dice", -1, "greater than or equal to 0"), ("dice", 2**31, "less than"),
    ("weights", "[" * 100_000, "items"),
    ("hints", 7, "picture"), ("hints", "", "path"), ("hints", "a\0b", "path"),
    ("hints", np.zeros((2, 2, 9)), "picture"),
])  # fmt: skip
def test_a_wrong_value_is_one_sentence(known: Plugins, name: str, value: Any, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        known.make("everything", {name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert f"the setting “{name}”" in str(caught.value)


@pytest.mark.parametrize(("name", "value", "says"), [
    ("weights", "1, 2, x", "in item 3, 'x' is no number"),
    ("weights", [1, "x"], "item 2 of the setting “weights” is 'x'"),
    ("counts", [1, 2.5], "item 2 of the setting “counts” is 2.5"),
    ("pins", "0,0; 0,3", "item 2 of the setting “pins” is 3"),
    ("pins", "0,0; 1", "in item 2, '1' is no point"), ("names", ["a", "b", 5], "item 3 of the setting “names” is 5"),
])  # fmt: skip
def test_a_wrong_item_is_counted(known: Plugins, name: str, value: Any, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        known.make("everything", {name: value})


def test_lists_of_choices_and_colours_name_the_wrong_one(known: Plugins) -> None:
    class Lists(Everything):
        name = "lists"
        sides: tuple[Literal["left", "right"], ...] = setting((), "Sides.")
        tints: tuple[Colour, ...] = setting((), "Colours.")
        pair: tuple[int, int] = setting((1, 2), "Two.")

        @model_validator(mode="after")
        def _in_order(self) -> Lists:
            if self.pair[0] > self.pair[1]:
                raise ValueError("the first of the pair must be the smaller one")
            return self

    known.filters["lists"] = Lists
    for settings, says in (
        (
            {"sides": "left,top"},
            "lists: item 2 of the setting “sides” is 'top', but input should be 'left' or 'right'.",
        ),
        ({"tints": "#fff,blu"}, "in item 2, input should be a colour"),
        ({"tints": ["red", 5]}, "item 2 of the setting “tints” is 5, but"),
        ({"pair": [1]}, "lists: the setting “pair” lacks item 2."),
        ({"pair": [2, 1]}, "lists: the first of the pair must be the smaller one."),
    ):
        with pytest.raises(SettingsError) as caught:
            known.make("lists", settings)
        assert says in str(caught.value)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=5))
def test_points_survive_json_and_typing(points: list[tuple[float, float]]) -> None:
    made = Everything(pins=points)
    assert Everything.model_validate_json(made.model_dump_json()) == made
    assert Everything(pins=KINDS["points"].typed(made.pins)).pins == made.pins


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5))
def test_numbers_survive_typing_to_the_last_digit(numbers: list[float]) -> None:
    assert Everything(weights=KINDS["list"].typed(numbers)).weights == tuple(numbers)


@given(st.lists(st.text(max_size=8).filter(lambda text: "\0" not in text), max_size=4))
def test_words_survive_typing(words: list[str]) -> None:
    assert Everything(names=KINDS["list"].typed(words)).names == tuple(words)


@given(st.lists(st.integers(-(10**9), 10**9), max_size=5))
def test_whole_numbers_survive_typing(numbers: list[int]) -> None:
    assert Everything(counts=KINDS["list"].typed(numbers)).counts == numbers


def test_second_pictures_are_taken_in_every_form(picture: Any, tmp_path: Path) -> None:
    import PIL.Image

    image = picture(4, 5)
    for form in (image, image.pixels, PIL.Image.fromarray(np.array(image.pixels))):
        found = Everything(hints=form).picture("hints")
        assert found is not None
        assert np.array_equal(found.pixels, image.pixels)
    assert Everything(hints=tmp_path / "a.png").hints == str(tmp_path / "a.png")
    assert Everything().picture("hints") is None
    with pytest.raises(SettingsError, match=r"“hints” \(a.png\) was not read"):
        Everything(hints="a.png").picture("hints")


def test_a_picture_without_a_file_is_not_written_down(picture: Any) -> None:
    with pytest.raises(ValueError, match="without a file"):
        Everything(hints=picture(3, 3)).model_dump_json()
    assert json.loads(Everything(hints="a.png").model_dump_json())["hints"] == "a.png"


def test_names_of_an_older_day_are_still_kinds() -> None:
    class Older(Filter):
        name = "older"
        title = "Older"
        seed: int = setting(1, "A seed.", ge=0)
        style: str = setting("a", "A style.")
        brush: str = setting("a", "A brush.")
        reach = 10  # type: ignore[assignment]

        def __call__(self, image: Image, job: Job) -> Image:
            return image

    kinds = {info.name: (info.kind, info.resources) for info in describe(Older)}
    assert kinds == {"seed": ("seed", ""), "style": ("model", ""), "brush": ("text", "brushes")}
    assert reach_of(Older(), 1000, 1000) == 10
    assert reach_of(Older(), 2000, 2000) == 20
    assert reach_of(Everything(), 100, 100) == 64
    assert reach_of(Everything(), 4000, 1000) == math.floor(128)
