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

from senga import Filter, Image, Job, hookimpl
from senga import setting as declare
from senga.host_adapters.gimp.manifest import WORDS, make_manifest
from senga.host_adapters.gimp3.senga_gimp import facts
from senga.host_adapters.worker.order import Order
from senga.recipe import Recipe
from senga.registry import Plugins


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


def test_names_of_arguments_are_free_valid_and_different() -> None:
    for one in json.loads(json.dumps(make_manifest(collection())))["filters"]:
        names = [facts.argument_name(setting) for setting in one["settings"]]
        assert len({*names, "output", "strength", "keep-colors", "run-mode", "image", "drawables"}) == len(names) + 6
        assert all(name.replace("-", "").isalnum() and name[0].isalpha() for name in names)


def test_defaults_fit_the_bounds_and_kinds_of_gimp() -> None:
    types = {"int": int, "float": float, "bool": bool, "choice": str, "text": str}
    for one in json.loads(json.dumps(make_manifest(collection())))["filters"]:
        for setting in one["settings"]:
            value, (low, high) = facts.default(setting), facts.bounds(setting)
            assert type(value) is types[facts.kind(setting)], setting
            if facts.kind(setting) in ("int", "float"):
                assert -(2**31) <= low <= value <= high < 2**31 or facts.kind(setting) == "float"


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
