"""A stranger's family of networks: trained, exported, imported, listed and painted with; and those that are broken."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import create_model
from safetensors.numpy import save_file

import senga
from senga import Filter, Image, Job, Model, Weights, hookimpl, setting
from senga.errors import ModelError, PluginError, SettingsError
from senga.families import Family, family_of, network_of, presets_of, resolve
from senga.host_adapters.gimp.manifest import make_manifest
from senga.registry import Plugins

ROOT = Path(__file__).resolve().parent.parent
STRANGER = ROOT / "tests" / "third_party" / "senga-wash"
SENGA = os.environ["SENGA_WARM"]
GOOD = Family("good", "Good")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path in which the stranger's package is installed, under a name that nobody else has."""
    site, before = tmp_path / "site", set(sys.modules)
    (site / "senga_glaze-1.0.dist-info").mkdir(parents=True)
    for file in STRANGER.glob("*.py"):
        (site / file.name.replace("wash", "glaze")).write_text(file.read_text().replace("wash", "glaze"))
    facts = site / "senga_glaze-1.0.dist-info"
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: senga-glaze\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[senga]\nglaze = senga_glaze\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("SENGA_PLUGINS", "glaze")
    yield site
    for name in {name for name in set(sys.modules) - before if name.startswith("senga_glaze")}:
        del sys.modules[name]


@pytest.fixture
def material(tmp_path: Path) -> Path:
    """Three photos and two pictures in a style."""
    rng = np.random.default_rng(5)
    for name, count in (("photos", 3), ("style", 2)):
        (tmp_path / name).mkdir()
        for i in range(count):
            cells = rng.integers(0, 255, (5, 7, 3), np.uint8)
            cv2.imwrite(str(tmp_path / name / f"{i}.png"), cv2.resize(cells, (64, 48)))
    return tmp_path


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SENGA, *map(str, words)], capture_output=True, text=True, check=False, timeout=300)


def done(*words: object) -> str:
    found = run(*words)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.needs_mindspore
def test_a_strangers_family_is_trained_exported_imported_listed_and_painted_with(site: Path, material: Path) -> None:
    sources = ("--photos", material / "photos", "--style", material / "style", "--papers", material / "style")
    out = material / "run"
    assert "glaze" in done("train", "--help")
    done("train", "glaze", *sources, "--out", out, "--inner", 6, "--set", "thin=0.25", "--threads", 1)
    losses = (out / "losses.csv").read_text().splitlines()
    assert losses[0] == "step,phase,seconds,colour,total"
    assert [line.split(",")[1] for line in losses[1:]] == ["start"] * 2 + ["style"] * 3
    done("train", "glaze", "--out", out, "--resume")
    done("train", "export", out, "-o", material / "mine.safetensors", "--licence", "CC0-1.0", "--author", "A. Painter")
    assert done("models", "import", material / "mine.safetensors") == "mine is ready (glaze).\n"
    (listed,) = [json.loads(line) for line in done("models", "list", "--family", "glaze", "--json").splitlines()]
    assert (listed["full_name"], listed["inner"], listed["licence"]) == ("glaze/mine", "6", "CC0-1.0")
    photo = material / "photos" / "0.png"
    done("run", "glaze", photo, "-o", material / "out.png", "--style", "mine")
    done("run", "glaze", photo, "-o", material / "same.png", "--style", "glaze/mine")
    done("run", "glaze", photo, "-o", material / "plain.png")
    assert (material / "out.png").read_bytes() != (material / "plain.png").read_bytes()
    assert (material / "out.png").read_bytes() == (material / "same.png").read_bytes()
    done("models", "export", "mine", "-o", material / "mine.onnx")
    done("models", "import", material / "mine.onnx", "--name", "glaze/again")


@pytest.mark.needs_mindspore
def test_a_folder_of_another_family_is_not_continued(site: Path, material: Path) -> None:
    sources = ("--photos", material / "photos", "--style", material / "style")
    done("train", "glaze", *sources, "--out", material / "run", "--epochs", 0, "--start-epochs", 0)
    found = run("train", "animegan", "--out", material / "run", "--resume")
    assert found.returncode == 2
    assert "holds a training of glaze: go on with senga train glaze" in found.stderr


def test_wrong_settings_of_a_family_are_told(site: Path, material: Path) -> None:
    sources = ("--photos", material / "photos", "--style", material / "style", "--out", material / "run")
    for words, sentence in (
        (("--inner", 100), "“inner” is wrong"),
        (("--set", "weights.x=1"), "no setting “weights.x”"),
        (("--preset", "thick"), "There is no preset “thick”; there are thin."),
        (("--vgg", "x"), "No such option"),
        (("--start-from", "hokusai"), "glaze"),
    ):
        found = run("train", "glaze", *sources, *words)
        assert found.returncode in (1, 2), words
        assert sentence in found.stderr
        assert not (material / "run").exists()


def test_listing_needs_neither_mindspore_nor_opencv(site: Path) -> None:
    code = (
        "import sys\nfrom senga.registry import Plugins\nfrom senga.families import presets_of\n"
        "known = Plugins()\nassert {'glaze', 'animegan'} <= known.families.keys()\n"
        "[presets_of(family) for family in known.families.values() if family.presets]\nknown.store().entries()\n"
        "print(*({'mindspore', 'cv2', 'onnxruntime', 'safetensors'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


# ---- those that are broken


def rude(given: Callable[[], Any] | Any) -> object:
    """A plug-in with a filter, and a hook that gives something or raises."""

    class Kept(Filter):
        name, title, summary = "kept", "Kept", "Is there whatever the hook does."

        def __call__(self, image: Image, job: Job) -> Image:
            return image

    class Rude:
        @hookimpl
        def senga_filters(self) -> list[type[Filter]]:
            return [Kept]

        @hookimpl
        def senga_families(self) -> Any:
            return given() if callable(given) else given

    return Rude()


def failing() -> None:
    raise SystemExit(3)


WRONG = {
    "raises": failing,
    "a number": 3,
    "no family": ["wash"],
    "a class": [Family],
    "no name": [Family("", "x")],
    "a name above": [Family("../x", "x")],
    "a name of a device": [Family("con", "x")],
    "a name that is no text": [Family(3, "x")],  # type: ignore[arg-type]
    "a name of a command": [Family("export", "x")],
    "a name twice": [GOOD, GOOD],
    "a name of another": [Family("animegan", "x")],
    "no title": [Family("x", None)],  # type: ignore[arg-type]
    "no reference": [Family("x", "x", converter="somewhere")],
    "no path": [Family("x", "x", models="weights.toml")],  # type: ignore[arg-type]
    "a fact that every card can have": [Family("x", "x", facts=create_model("Facts", licence=(str, "")))],
    "no class of facts": [Family("x", "x", facts=dict)],  # type: ignore[arg-type]
    "no names of architectures": [Family("x", "x", architectures=(1,))],  # type: ignore[arg-type]
    "a folder that is an option": [Family("x", "x", folders={"photos": "x"})],
    "a folder that hides a switch": [Family("x", "x", folders={"resume": "x"})],
    "a folder that is no name": [Family("x", "x", folders={"a b": "x"})],
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_broken_family_costs_a_notice_and_nobody_else(kind: str) -> None:
    known = Plugins(third_party=False)
    known.register(rude(WRONG[kind]), "rude")
    assert known.families.keys() == Plugins(third_party=False).families.keys()
    assert known.known["rude"].state == "broken"
    assert "senga_families" in known.known["rude"].problem
    assert "\n" not in known.known["rude"].problem
    assert "kept" in known.filters
    assert "painted-comic" in {entry.name for entry in known.store().entries()}


@pytest.mark.parametrize("families", ["animegan", ["animegan"], (1,), None, {"animegan": 1}])
def test_a_filter_whose_families_are_no_names_is_not_loaded(families: Any) -> None:
    class Odd(Filter):
        name, title, summary = "odd", "Odd", "Says something else."

        def __call__(self, image: Image, job: Job) -> Image:
            return image

    Odd.families = families
    known = Plugins(third_party=False)
    with pytest.raises(PluginError, match="its families must be a tuple of names"):
        known.register(type("Plug", (), {"senga_filters": staticmethod(hookimpl(lambda: [Odd]))})(), "odd")
    assert "odd" not in known.filters


def test_a_plugin_that_comes_later_brings_its_families() -> None:
    known = Plugins(third_party=False)
    assert "good" not in known.families
    known.register(rude([GOOD]), "late")
    assert known.families["good"] is GOOD


def test_an_endless_list_of_families_ends() -> None:
    known = Plugins(third_party=False)

    def endless() -> Iterator[Family]:
        number = 0
        while True:
            number += 1
            yield Family(f"f{number}", "x")

    known.register(rude(endless), "rude")
    assert "animegan" in known.families


@pytest.mark.parametrize(
    "family",
    [
        replace(GOOD, presets="nowhere:PRESETS", trainer="nowhere:Training"),
        replace(GOOD, presets="os:no_such_thing", trainer="os:path"),
        replace(GOOD, presets="os:environ", trainer="os:path"),
        replace(GOOD, presets="os:sep", trainer="os:path"),
        GOOD,
    ],
    ids=["no module", "no name", "no presets", "no mapping", "no training"],
)
def test_presets_that_are_none_are_one_sentence(family: Family) -> None:
    with pytest.raises((PluginError, SettingsError)) as found:
        presets_of(family)
    assert "\n" not in str(found.value)


def test_a_broken_training_of_a_stranger_is_one_line(site: Path) -> None:
    (site / "senga_glaze_presets.py").write_text("raise RuntimeError('not\\ntoday')")
    found = run("train", "glaze", "--help")
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "RuntimeError: not today" in found.stderr
    assert "glaze" in done("train", "--help")
    assert "--photos" in done("train", "animegan", "--help")


@pytest.mark.needs_mindspore
@pytest.mark.parametrize("method", ["batch", "train", "facts", "set_up"])
def test_a_training_of_a_stranger_that_fails_is_one_line(site: Path, material: Path, method: str) -> None:
    training = site / "senga_glaze_training.py"
    training.write_text(
        f"{training.read_text()}\n    def {method}(self, *given):\n        raise SystemExit('enough')\n"
    )
    sources = ("--photos", material / "photos", "--style", material / "style", "--out", material / "run")
    found = run("train", "glaze", *sources)
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    told = [line for line in found.stderr.splitlines() if line.startswith("senga: ")]
    assert len(told) == 1
    assert "senga_glaze_training:Training” cannot be used: it tried to end the program" in told[0]


def test_a_setting_that_is_called_like_an_option_gets_a_prefix(site: Path) -> None:
    presets, field = site / "senga_glaze_presets.py", "    inner: int"
    more = f'    seed: bool = Field(False, description="Sow it.")\n{field}'
    presets.write_text(presets.read_text().replace(field, more))
    told = done("train", "glaze", "--help")
    assert "--set-seed / --no-set-seed" in told
    assert "--papers DIRECTORY" in told
    assert "--vgg" not in told


def test_a_list_of_models_that_is_none_costs_its_styles_alone() -> None:
    known = Plugins(third_party=False)
    known.register(rude([Family("x", "X", Path("/dev/zero")), Family("y", "Y", Path("nowhere.toml"))]), "rude")
    assert "painted-comic" in {entry.name for entry in known.store().entries()}
    assert known.store().problems == ()
    assert known.known["rude"].state == "broken"
    assert {"x", "y", "animegan"} <= known.families.keys()


# ---- what belongs to which family


def test_a_card_tells_its_family_or_its_architecture_does() -> None:
    families = {"a": Family("a", "A", architectures=("x",)), "b": Family("b", "B", architectures=("y",))}
    assert family_of({"family": "b", "architecture": "x"}, families) is families["b"]
    assert family_of({"architecture": "x"}, families) is families["a"]
    assert family_of({"family": "gone", "architecture": "y"}, families) is families["b"]
    assert family_of({"architecture": "z"}, families) is None
    assert family_of({}, families) is None


def test_the_network_of_weights_comes_from_their_family() -> None:
    card = {"architecture": "animeganv2", "width": "0.25"}
    assert network_of(Weights({}, card)).name == "animeganv2"
    assert network_of(Weights({}, card, "senga.plugins.animegan.painting:network_of")).name == "animeganv2"
    assert senga.registry.plugins().store().load("hokusai").network == "senga.plugins.animegan.painting:network_of"
    with pytest.raises(ModelError, match="“cyclegan”, which no family of networks knows"):
        network_of(Weights({}, {"architecture": "cyclegan"}))


def test_every_reference_of_a_built_in_family_is_there() -> None:
    for family in Plugins(third_party=False).families.values():
        assert resolve(family.converter)
        assert resolve(family.network)
        assert bool(family.presets) == bool(family.trainer)
        if family.trainer:
            assert resolve(family.presets)
            assert importlib.import_module(family.trainer.partition(":")[0])


# ---- what hosts offer


@pytest.fixture
def two_families(tmp_path: Path) -> Plugins:
    """A filter of two families of networks, of which one has a style that is called like one of the other."""
    for family in ("ink", "oil"):
        (tmp_path / family / "weights").mkdir(parents=True)
        (tmp_path / family / "weights.toml").write_text('shipped = "weights"\n')
        for name in ("calm", family):
            file = tmp_path / family / "weights" / f"{name}.safetensors"
            save_file({"w": np.zeros(1, np.float32)}, file, {"title": f"{family} {name}", "architecture": family})

    class Both(Filter):
        name, title, summary = "both", "Both", "Paints with two families."
        families = ("ink", "oil")
        style: Model = setting("ink", "Which style to paint in.")

        def __call__(self, image: Image, job: Job) -> Image:
            return image.with_pixels(np.full_like(image.pixels, len(job.weights(self.style).card["title"])))

    class Plug:
        @hookimpl
        def senga_filters(self) -> list[type[Filter]]:
            return [Both]

        @hookimpl
        def senga_families(self) -> list[Family]:
            return [Family(name, name, tmp_path / name / "weights.toml", (name,)) for name in ("ink", "oil")]

    known = Plugins(third_party=False)
    known.register(Plug(), "both")
    return known


def test_menus_of_hosts_offer_a_filters_own_styles(two_families: Plugins) -> None:
    facts = {each["name"]: each for each in make_manifest(two_families)["filters"]}

    def menu(name: str) -> list[str]:
        (style,) = [setting for setting in facts[name]["settings"] if setting["name"] == "style"]
        return [value for value, _ in style["suggestions"]]

    assert menu("both") == ["ink/calm", "ink", "oil/calm", "oil"]
    assert {"hokusai", "painted-comic"} <= {*menu("anime")}
    assert not {"ink", "oil"} & {*menu("anime")}
    assert [facts[name]["neural"] for name in ("both", "anime", "sketch")] == [True, True, False]


def test_a_filter_of_two_families_asks_which_when_both_have_a_style(two_families: Plugins) -> None:
    picture = Image.of(np.zeros((4, 4, 3), np.uint8))
    assert np.asarray(senga.apply("both", picture, collection=two_families, style="oil/calm")).max() == len("oil calm")
    assert senga.apply("both", picture, collection=two_families, style="oil")
    with pytest.raises(ModelError, match="There are several styles “calm”: “ink/calm” and “oil/calm”; say which"):
        senga.apply("both", picture, collection=two_families, style="calm")
    with pytest.raises(ModelError, match="“hokusai” is no style of the filter both, which paints with ink and oil"):
        senga.apply("both", picture, collection=two_families, style="hokusai")


def test_shells_complete_styles() -> None:
    env = {
        **os.environ,
        "_SENGA_COMPLETE": "bash_complete",
        "COMP_WORDS": "senga run anime --style ",
        "COMP_CWORD": "4",
    }
    found = subprocess.run([SENGA], capture_output=True, text=True, check=False, env=env)
    assert {"plain,hokusai", "plain,painted-comic"} <= {*found.stdout.splitlines()}


def test_a_recipe_with_a_short_name_survives_a_family_of_another_filter(two_families: Plugins, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[[steps]]\nfilter = "both"\nsettings = {style = "ink"}\n')
    folder = two_families.store().root / "animegan"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "plugins/animegan/weights/hokusai.safetensors", folder / "ink.safetensors")
    assert len(two_families.store().entries()) > 4
    with pytest.raises(ModelError, match="several styles “ink”"):
        two_families.store().find("ink")
    picture = Image.of(np.zeros((4, 4, 3), np.uint8))
    assert senga.apply(senga.Recipe.read(str(recipe)), picture, collection=two_families)
