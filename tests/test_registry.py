from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import senga
from senga import Filter, Image, Job, Weights, hookimpl
from senga.backends import Backend
from senga.compose import compose
from senga.errors import ModelError, PluginError, SettingsError, UnknownFilterError
from senga.exemplars.gallery import Exemplar
from senga.families import Family
from senga.registry import Plugins, installed
from senga.switches import read_disabled, write_disabled


class Mirror(Filter):
    name = "mirror"
    title = "Mirror"
    summary = "Left is right."
    amount: float = senga.setting(1.0, "How much.", ge=0, le=1)

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(1.0)
        return image.with_pixels(image.pixels[:, ::-1])


def plugin_with(*filters: object) -> object:
    class Plugin:
        @hookimpl
        def senga_filters(self) -> tuple[object, ...]:
            return filters

    return Plugin()


@pytest.fixture
def bare() -> Plugins:
    return Plugins(builtin=False, third_party=False)


@pytest.fixture
def entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Puts a distribution with one entry point and one module on the path, as pip would."""
    before = set(sys.modules)

    def install(name: str, code: str) -> None:
        module = f"stranger_{name}"
        (tmp_path / f"{module}.py").write_text(code)
        folder = tmp_path / f"{module}-1.2.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n")
        (folder / "entry_points.txt").write_text(f"[senga]\n{name} = {module}\n")

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for name in set(sys.modules) - before:
        if name.startswith("stranger_"):
            del sys.modules[name]


GOOD = """
from senga import Filter, hookimpl

class Twin(Filter):
    name, title, summary = "twin", "Twin", "The same again."
    def __call__(self, image, job):
        job.progress(1.0)
        return image

@hookimpl
def senga_filters():
    return [Twin]
"""


def test_a_registered_filter_can_be_made_and_run(bare: Plugins, picture) -> None:  # type: ignore[no-untyped-def]  # fixture
    bare.register(plugin_with(Mirror), "mirrors")
    image = picture(4, 6)
    result = senga.apply("mirror", image, collection=bare)
    assert np.array_equal(result.pixels, image.pixels[:, ::-1])
    assert bare.owner("mirror") == "mirrors"


def test_an_unknown_filter_suggests_the_nearest(bare: Plugins) -> None:
    bare.register(plugin_with(Mirror), "mirrors")
    with pytest.raises(UnknownFilterError, match="did you mean “mirror”"):
        bare.find("miror")


def test_wrong_settings_are_one_sentence_that_names_the_setting(bare: Plugins) -> None:
    bare.register(plugin_with(Mirror), "mirrors")
    with pytest.raises(
        SettingsError, match=r"mirror: the setting “amount” is 2, but input should be less than or equal to 1"
    ):
        bare.make("mirror", {"amount": 2})
    with pytest.raises(SettingsError, match="did you mean “amount”"):
        bare.make("mirror", {"amont": 0.5})


def test_filters_are_values(bare: Plugins) -> None:
    assert Mirror(amount=0.5) == Mirror(amount=0.5)
    with pytest.raises(Exception, match="frozen"):
        Mirror().amount = 0.3  # type: ignore[misc]  # that is the point


def test_a_clash_of_names_names_both_and_leaves_no_trace(bare: Plugins) -> None:
    bare.register(plugin_with(Mirror), "first")
    second = plugin_with(Mirror)
    with pytest.raises(PluginError, match="“mirror” is also a filter of “first”"):
        bare.register(second, "second")
    assert bare.owner("mirror") == "first"
    bare.register(plugin_with(), "second")


class Idle(Filter):
    name, title, summary = "idle", "Idle", "Does not say what it does."


@pytest.mark.parametrize("thing", [int, "mirror", type("Nameless", (Mirror,), {"name": "No Good"}), Idle])
def test_what_is_no_proper_filter_is_refused(bare: Plugins, thing: object) -> None:
    with pytest.raises(PluginError):
        bare.register(plugin_with(thing), "odd")
    assert not bare.filters


def test_a_misspelt_hook_is_an_error_and_leaves_no_trace(bare: Plugins) -> None:
    class Typo:
        @hookimpl
        def senga_filter(self) -> list[type[Filter]]:
            return [Mirror]

    with pytest.raises(Exception, match="senga_filter"):
        bare.register(Typo(), "typo")
    bare.register(plugin_with(Mirror), "mirrors")


@pytest.mark.parametrize(
    "code", ["import nowhere_at_all", "raise SystemExit(3)", "1 / 0", "def broken(:", GOOD.replace("[Twin]", "1 / 0")]
)
def test_a_broken_plugin_is_reported_and_everything_else_works(entry_point, code: str) -> None:  # type: ignore[no-untyped-def]  # fixture
    entry_point("bad", code)
    entry_point("good", GOOD)
    known = Plugins(builtin=False)
    assert known.known["bad"].state == "broken"
    assert known.known["bad"].problem
    assert known.known["bad"].origin == "stranger_bad 1.2"
    assert "twin" in known.filters


def test_strict_mode_raises_at_the_first_broken_plugin(entry_point, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]  # fixture
    entry_point("bad", "import nowhere_at_all")
    monkeypatch.setenv("SENGA_STRICT", "1")
    with pytest.raises(PluginError, match="“bad”.*nowhere_at_all"):
        Plugins(builtin=False)


def test_only_chosen_plugins_are_loaded(entry_point, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]  # fixture
    entry_point("good", GOOD)
    entry_point("bad", "raise RuntimeError('imported')")
    monkeypatch.setenv("SENGA_PLUGINS", "good")
    known = Plugins(builtin=False)
    assert known.known["bad"].state == "not chosen"
    assert list(known.filters) == ["twin"]


def test_a_disabled_plugin_is_not_even_imported(entry_point, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # fixture
    witness = tmp_path / "imported"
    entry_point("good", f"import pathlib; pathlib.Path({str(witness)!r}).touch()\n{GOOD}")
    write_disabled({"good"})
    assert read_disabled() == {"good"}
    assert "good" in installed()
    assert Plugins(builtin=False).known["good"].state == "disabled"
    assert not witness.exists()
    write_disabled(set())
    assert "twin" in Plugins(builtin=False).filters
    assert witness.exists()


def test_hook_senga_filters_takes_several(bare: Plugins) -> None:
    other = type("Other", (Mirror,), {"name": "other", "__doc__": "Another."})
    bare.register(plugin_with(Mirror, other), "both")
    assert list(bare.filters) == ["mirror", "other"]


def test_hook_senga_apply_can_be_wrapped(bare: Plugins, picture) -> None:  # type: ignore[no-untyped-def]  # fixture
    seen: list[str] = []

    class Timer:
        @hookimpl(wrapper=True)
        def senga_apply(self, filter: Filter):  # type: ignore[no-untyped-def]  # noqa: A002 - named by the hook
            seen.append(filter.name)
            return (yield).with_pixels(np.zeros((4, 6, 3), np.uint8))

    bare.register(plugin_with(Mirror), "mirrors")
    bare.register(Timer(), "timer")
    result = compose(Mirror(), bare, picture(4, 6), Job())
    assert seen == ["mirror"]
    assert not np.asarray(result).any()


def test_hook_senga_weights_answers_before_the_store(bare: Plugins) -> None:
    class Mirrors:
        @hookimpl
        def senga_weights(self, model: str) -> Weights | None:
            return Weights({"a": np.zeros(3)}, {"from": "company"}) if model == "house-style" else None

    bare.register(Mirrors(), "company")
    job = bare.equip(Job())
    assert job.weights("house-style").card["from"] == "company"
    with pytest.raises(ModelError):
        job.weights("something else")


def test_hook_senga_brushes_reaches_the_filter(bare: Plugins) -> None:
    brush = SimpleNamespace(name="quill")

    class Quills:
        @hookimpl
        def senga_brushes(self) -> list[object]:
            return [brush]

    bare.register(Quills(), "quills")
    assert list(bare.equip(Job()).brushes()) == [brush]


def test_hook_senga_resources_brings_exemplars_of_plugins_that_can_be_named(bare: Plugins) -> None:
    exemplar = Exemplar("mine", "My own", Path("mine.png"))

    class Paintings:
        def __init__(self, *given: object) -> None:
            self.given = given

        @hookimpl
        def senga_resources(self, kind: str) -> object:
            return self.given if kind == "exemplars" else []

    bare.register(Paintings(exemplar), "paintings")
    for name, wrong in (("no-picture", 3), ("no-name", Exemplar("My Own", "", Path("mine.png")))):
        bare.register(Paintings(wrong), name)
    assert list(bare.equip(Job()).resources("exemplars")) == [exemplar]
    assert bare.known["paintings"].state == "loaded"
    assert "which is no Exemplar" in bare.known["no-picture"].problem
    assert "needs a name in lower case" in bare.known["no-name"].problem


def test_hook_senga_families_brings_a_family_once(bare: Plugins) -> None:
    asked = []

    class Washes:
        @hookimpl
        def senga_families(self) -> list[Family]:
            asked.append("asked")
            return [Family("wash", "Colour wash")]

    bare.register(Washes(), "washes")
    assert not asked
    assert bare.family("wash") == bare.families["wash"] == Family("wash", "Colour wash")
    assert asked == ["asked"]
    with pytest.raises(SettingsError, match="There is no family of networks “wahs”: did you mean “wash”"):
        bare.family("wahs")


def test_hook_senga_backends_brings_places_for_batches(bare: Plugins) -> None:
    class Places:
        def __init__(self, *backends: object) -> None:
            self.backends = backends

        @hookimpl
        def senga_backends(self) -> tuple[object, ...]:
            return self.backends

    bare.register(Places(Backend("barge", "A barge", "barges:Barge")), "barges")
    for number, wrong in enumerate((
        "barge",
        Backend("barge", "Another", "barges:Barge"),
        Backend("No Name", "A", "a:B"),
        Backend("none", "A", ""),
        Backend("none", "A", "no opener"),
    )):  # fmt: skip
        bare.register(Places(wrong), f"wrong-{number}")
    assert list(bare.backends) == ["barge"]
    assert {bare.known[f"wrong-{number}"].state for number in range(5)} == {"broken"}
    with pytest.raises(SettingsError, match="There is no back end “barg”: did you mean “barge”"):
        bare.backend("barg")
    assert list(Plugins(third_party=False).backends) == ["local", "dask"]


def test_the_installed_third_party_package_is_found_and_runs(picture) -> None:  # type: ignore[no-untyped-def]  # fixture
    known = Plugins()
    assert known.known["posterize"].origin == "senga-posterize 1.0"
    result = senga.apply("posterize", picture(30, 20), levels=2, collection=known)
    assert set(np.unique(result.pixels)) == {0, 255}
