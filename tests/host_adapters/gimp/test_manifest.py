"""What the plug-in knows of the filters, and what it asks the worker for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Literal

import pytest

from senga import Colour, Filter, Image, Job, Picture, Points, hookimpl
from senga import setting as declare
from senga.host_adapters.gimp.manifest import WORDS, make_manifest
from senga.host_adapters.gimp3.senga_gimp import facts
from senga.host_adapters.worker.order import Order
from senga.recipe import Recipe
from senga.registry import Plugins
from senga.settings import File, Mask, Model, Seed


class Odd(Filter):
    """Settings with names and ranges that GIMP does not take as they are."""

    name: ClassVar[str] = "odd"
    title: ClassVar[str] = "Odd"

    strength: int = declare(3, "Also the name of a common argument.", ge=1)
    output: Literal["in_place", "b"] = declare("b", "Another one.")
    maybe: float | None = declare(None, "None is allowed.", ge=0, le=1)
    huge: int = declare(0, "No bounds.", advanced=True)
    fine: float = declare(0.5, "A slider.", ge=0, le=1, unit="px")

    def __call__(self, image: Image, job: Job) -> Image:
        return image


def collection() -> Plugins:
    known = Plugins(third_party=False)
    module = ModuleType("odd")
    module.senga_filters = hookimpl(lambda: (Odd,), specname="senga_filters")  # type: ignore[attr-defined]
    known.register(module, "odd", "odd-filters 2.0")
    return known


def odd() -> facts.Filter:
    filters = json.loads(json.dumps(make_manifest(collection())))["filters"]
    return dict(next(one for one in filters if one["name"] == "odd"))


def test_every_filter_is_listed_with_its_origin() -> None:
    manifest = make_manifest(collection())
    assert [one["name"] for one in manifest["filters"]] == list(collection().filters)
    assert {one["origin"] for one in manifest["filters"]} == {"built in", "odd-filters 2.0"}
    assert manifest["python"] == sys.executable


class EveryKind(Filter):
    """A setting of every kind, with names and defaults that lead astray."""

    name: ClassVar[str] = "every-kind"
    title: ClassVar[str] = "Every kind"
    group: ClassVar[str] = "Black/white_ink"
    keywords: ClassVar[tuple[str, ...]] = ("ink",)

    amount: float = declare(0.5, "A number.", ge=0, le=1)
    tint: Colour = declare("orange", "A colour by its name.")
    glaze: Colour | None = declare(None, "None is allowed.")
    seed_of_paper: Seed = declare(3, "A seed of another name.")
    places: Points = declare(((0.25, 0.5),), "Points.")
    sizes: tuple[float, ...] = declare((), "An empty list.")
    words: tuple[str, ...] = declare(("a", "b,c"), "Texts.")
    style: str = declare("plain", "A text that is named like a model.")
    look: Model = declare("", "A model.")
    chart: File = declare("", "A file.")
    photo: Picture | None = declare(None, "A picture.")
    photo_file: str = declare("", "Named like the file of the picture.")
    where: Mask | None = declare(None, "A mask.")

    def __call__(self, image: Image, job: Job) -> Image:
        return image


def every_kind() -> tuple[Plugins, facts.Filter]:
    known = Plugins(builtin=False, third_party=False)
    module = ModuleType("every")
    module.senga_filters = hookimpl(lambda: (EveryKind,), specname="senga_filters")  # type: ignore[attr-defined]
    known.register(module, "every", "every 1.0")
    return known, json.loads(json.dumps(make_manifest(known)))["filters"][0]


def test_kinds_are_asked_and_not_names() -> None:
    _, one = every_kind()
    kinds = {setting["name"]: facts.kind(setting) for setting in one["settings"]}
    assert kinds == {
        "amount": "float", "tint": "colour", "glaze": "text", "seed_of_paper": "int", "places": "text", "sizes": "text",
        "words": "text", "style": "text", "look": "text", "chart": "file", "photo": "picture", "photo_file": "text",
        "where": "picture",
    }  # fmt: skip
    names = facts.names_of(one)
    assert len(set(names)) == len(names) == len(one["settings"]) + 2
    defaults = {setting["name"]: facts.default(setting) for setting in one["settings"]}
    assert defaults["tint"] == "#ffa500", "GIMP does not know every name"
    assert (defaults["places"], defaults["sizes"], defaults["chart"], defaults["photo"]) == ("0.25,0.5", "", "", "")


def test_values_of_every_kind_reach_the_filter_and_a_recipe(tmp_path: Path) -> None:
    known, one = every_kind()
    values = dict.fromkeys(facts.names_of(one), "")
    values |= {facts.argument_name(setting): facts.default(setting) for setting in one["settings"]}
    photo = tmp_path / "a.png"
    made = {"tint": "#00ff0080", "glaze": "red", "seed-of-paper": 9, "places": "0.5,0.5; 1,0", "sizes": "1, 2.5"}
    picture = {"photo": None, "photo-file-of-picture": str(photo), "where": None}
    asked = facts.order(one, {**values, **made, **picture, "strength": 1.0, "keep-colors": False})
    assert asked["settings"]["photo"] == str(photo)
    assert "where" not in asked["settings"]
    act = known.make("every-kind", asked["settings"])
    assert act == EveryKind(
        tint="#00ff0080", glaze="red", seed_of_paper=9, places=((0.5, 0.5), (1, 0)), sizes=(1, 2.5), photo=str(photo)
    )
    step = Recipe.parse(facts.recipe("All", asked)).steps[0]
    assert known.make("every-kind", step.settings) == act


def test_a_drawable_counts_before_a_file_and_is_no_setting() -> None:
    _, one = every_kind()
    values = {facts.argument_name(setting): facts.default(setting) for setting in one["settings"]}
    layer = object()
    values |= {"photo": layer, "photo-file-of-picture": "/a.png", "strength": 1.0, "keep-colors": False}
    assert "photo" not in facts.order(one, values)["settings"]
    assert [(setting["name"], found) for setting, found in facts.drawables(one, values)] == [("photo", layer)]


def test_a_colour_that_gimp_forgot_has_its_default() -> None:
    _, one = every_kind()
    values = {facts.argument_name(setting): facts.default(setting) for setting in one["settings"]}
    values |= {"tint": facts.LOST, "strength": 1.0, "keep-colors": False}
    assert facts.order(one, values)["settings"]["tint"] == "#ffa500"


@pytest.mark.parametrize("digits", ["#000000", "#ffffff", "#ff8800", "#0a1b2c3d", "#0000ff", "#12345600"])
def test_colours_come_back_as_they_were(digits: str) -> None:
    from senga.host_adapters.gimp2.senga_gimp2 import colours as of_2_10
    from senga.host_adapters.gimp3.senga_gimp import colours

    *encoded, opacity = of_2_10.parts(digits)
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in encoded]
    assert colours.digits(*linear, opacity) == digits
    assert of_2_10.digits(of_2_10.parts(digits)) == digits
    assert colours.digits(-0.1, 1.5, 0.0, 1.0) == "#00ff00", "colours beyond sRGB"


def test_groups_and_search_words() -> None:
    _, one = every_kind()
    assert facts.menu_name(one["group"]) == "Black\N{DIVISION SLASH}white ink"
    assert facts.blurb(one | {"summary": "All."}) == "All. (ink)"
    assert facts.blurb(one | {"summary": "All.", "keywords": []}) == "All."


def test_recipes_are_read_whatever_their_encoding_and_devices_are_not(tmp_path: Path) -> None:
    from senga.host_adapters.gimp3.senga_gimp import recipes
    from senga.host_adapters.gimp3.senga_gimp.trouble import Trouble

    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = tmp_path / encoding
        path.write_text("name = '鉛筆'", encoding)
        assert recipes.read(str(path)) == "name = '鉛筆'"
    (tmp_path / "large").write_bytes(b"#" * (recipes.LIMIT + 1))
    (tmp_path / "bytes").write_bytes(b"\xff\x00\xd8")
    for name, reason in (
        ("large", "it is too large"), ("bytes", "it is no text"), ("", "it is no file"), ("none", "No such file"),
        ("/dev/zero", "it is no file"), ("nul\0", "it is no text"),
    ):  # fmt: skip
        with pytest.raises(Trouble, match=reason):
            recipes.read(str(tmp_path / name))


def test_names_of_arguments_are_free_valid_and_different() -> None:
    for one in json.loads(json.dumps(make_manifest(collection())))["filters"]:
        names = facts.names_of(one)
        assert len({*names, "output", "strength", "keep-colors", "run-mode", "image", "drawables"}) == len(names) + 6
        assert all(name.replace("-", "").isalnum() and name[0].isalpha() for name in names)


def test_defaults_fit_the_bounds_and_kinds_of_gimp() -> None:
    types = {"int": int, "float": float, "bool": bool} | dict.fromkeys(
        ("choice", "text", "colour", "file", "picture"), str
    )
    for one in json.loads(json.dumps(make_manifest(collection())))["filters"]:
        for setting in one["settings"]:
            value, (low, high) = facts.default(setting), facts.bounds(setting)
            assert type(value) is types[facts.kind(setting)], setting
            if facts.kind(setting) in ("int", "float"):
                assert -(2**31) <= low <= value <= high < 2**31 or facts.kind(setting) == "float"


def test_no_value_of_a_choice_is_without_a_name() -> None:
    """GIMP 3.0 writes such ones into its list of plug-ins and ends when it reads them at its next start."""
    for one in json.loads(json.dumps(make_manifest(collection())))["filters"]:
        for setting in one["settings"]:
            if facts.kind(setting) == "choice":
                names = [name for name, _ in facts.choices(setting)]
                assert all(names), setting
                assert len(set(names)) == len(names)
                assert facts.default(setting) in names


def test_an_empty_value_of_a_choice_comes_back_as_it_was() -> None:
    free = {"argument": "text", "default": "", "typed": "", "optional": False, "suggestions": [["oak", "Oak"]]}
    fixed = {"argument": "choice", "default": "a", "choices": ["", "a"], "labels": ["Nothing", "A"], "optional": False}
    assert facts.choices(free) == [(facts.NOTHING, "–"), ("oak", "Oak")]
    assert facts.choices(fixed) == [(facts.NOTHING, "Nothing"), ("a", "A")]
    assert facts.default(free) == facts.NOTHING
    one = {"name": "wood", "settings": [{"name": "free", **free}, {"name": "fixed", **fixed}]}
    values = {"strength": 1.0, "keep-colors": False}
    asked = facts.order(one, {**values, "free": facts.NOTHING, "fixed": facts.NOTHING})
    assert asked["settings"] == {"free": "", "fixed": ""}
    assert facts.order(one, {**values, "free": "oak", "fixed": "a"})["settings"] == {"free": "oak", "fixed": "a"}


def test_the_order_of_the_defaults_makes_the_default_filter() -> None:
    known = collection()
    for one in json.loads(json.dumps(make_manifest(known)))["filters"]:
        values = {facts.argument_name(setting): facts.default(setting) for setting in one["settings"]}
        asked = facts.order(one, {**values, "strength": 0.5, "keep-colors": True})
        order = Order.model_validate(asked)
        assert order.work(known, None).stages[0].act == known.make(one["name"])
        assert (order.strength, order.keep_colors) == (0.5, True)


def test_values_reach_the_setting_of_the_same_name() -> None:
    values = {"setting-strength": 7, "setting-output": "in_place", "maybe": "0.25", "huge": -4, "fine": 1.0}
    asked = facts.order(odd(), {**values, "strength": 1.0, "keep-colors": False})
    made = Order.model_validate(asked).work(collection(), None).stages[0].act
    assert made == Odd(strength=7, output="in_place", maybe=0.25, huge=-4, fine=1.0)


def test_gimp_makes_none_of_an_empty_text() -> None:
    asked = facts.order(
        {"name": "odd", "settings": [{"name": "note", "kind": "text", "argument": "text", "optional": False}]},
        {"note": None, "strength": 1.0, "keep-colors": False},
    )
    assert asked["settings"] == {"note": ""}


def test_gimps_language_is_spoken_where_there_are_catalogues() -> None:
    manifest = json.loads(json.dumps(make_manifest(collection())))
    manifest["words"]["tlh"] = {"Preview": "leghpu'"}
    sketch = next(one for one in manifest["filters"] if one["name"] == "sketch")
    first = sketch["settings"][0]["name"]
    sketch["translated"]["tlh"] = {"title": "nagh", "settings": {first: {"label": "vIj"}}}
    spoken = facts.speak(manifest, ["tlh_QO.UTF-8", "tlh_QO", "tlh", "C"])
    found = next(one for one in spoken["filters"] if one["name"] == "sketch")
    assert spoken["words"]["Preview"] == "leghpu'"
    assert (found["title"], found["settings"][0]["label"]) == ("nagh", "vIj")
    assert found["settings"][0]["text"] == sketch["settings"][0]["text"]
    for names in (["C", "tlh"], ["en_GB", "tlh"], ["xx"]):
        assert facts.speak(manifest, names)["filters"] == manifest["filters"]


def test_the_manifest_is_english_whatever_the_shell_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_manifest(collection())
    monkeypatch.setenv("LANGUAGE", "ja")
    assert make_manifest(collection()) == before


@pytest.mark.parametrize("note", ["", "plain", 'quo"te', "back\\slash", "two\nlines", "鉛筆", "\x7f\x00"])
def test_a_recipe_saved_in_gimp_is_one_for_the_runner(note: str) -> None:
    asked = {"filter": "odd", "settings": {"note": note, "count": 3, "share": 1e-07, "yes": True}}
    asked |= {"strength": 0.5, "keep_colors": True}
    read = Recipe.parse(facts.recipe(f"A {note}", asked))
    assert read.name == f"A {note}"
    assert [step.model_dump() for step in read.steps] == [asked]


def test_sliders_are_for_ranges_that_a_hand_can_use() -> None:
    sliding = {setting["name"] for setting in odd()["settings"] if facts.is_sliding(setting)}
    assert sliding == {"fine"}


def test_labels_have_words_units_and_letters_of_their_own() -> None:
    assert [facts.label(setting) for setting in odd()["settings"]][3:] == ["Fine (px)", "Huge"]
    marked = facts.with_mnemonics(["Darkness", "Depth", "Ok", "1"])
    assert marked == ["_Darkness", "D_epth", "O_k", "1"]


def test_making_it_is_light() -> None:
    code = (
        "import sys; from senga.host_adapters.gimp.manifest import make_manifest; make_manifest(); "
        "assert not {'mindspore', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_does_not_load_the_filters() -> None:
    code = (
        "import sys; import senga.host_adapters.gimp.command; "
        "assert not {'pydantic', 'numpy', 'senga.registry'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_word_of_the_dialogs_is_one_for_the_catalogues() -> None:
    """A word that is not in the manifest stays English in GIMP."""
    hosts = Path(__file__).parents[3] / "host_adapters"
    code = "".join(path.read_text("utf-8") for path in [*hosts.glob("gimp3/*/*.py"), *hosts.glob("gimp2/*/*.py")])
    said = set(re.findall(r'\bsay\(\s*"([^"]+)"', code))
    assert said - set(WORDS) == set()
    assert len(said) > 8
    words = make_manifest(collection())["words"]
    assert {name for name, known in words.items() for word in WORDS if known[word] == word} == set()


def test_titles_of_strangers_are_plain_in_menus() -> None:
    class Strange(Filter):
        name = "strange"
        title = "\x1b[31mStrange\u202e\nname"

        def __call__(self, image: Image, job: Job) -> Image:
            return image

    class Plugin:
        @hookimpl
        def senga_filters(self) -> tuple[type[Filter], ...]:
            return (Strange,)

    known = Plugins(builtin=False, third_party=False)
    known.register(Plugin(), "strange")
    assert make_manifest(known)["filters"][0]["title"] == "�Strange� name"
