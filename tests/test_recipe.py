from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import senga
from senga import Filter, Image, Job, Recipe, Step, hookimpl
from senga.compose import Blend
from senga.errors import SengaError, SettingsError
from senga.registry import Plugins
from senga.regular import read_regular


class Add(Filter):
    name = "add"
    title = "Add"
    summary = "Lighter."
    value: int = senga.setting(10, "How much.", ge=0, le=255)
    seed: int = senga.setting(0, "Seed.", ge=0)

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5)
        return image.with_pixels((image.u8().astype(int) + self.value).clip(0, 255).astype(np.uint8))


class Double(Filter):
    name = "double"
    title = "Double"
    summary = "Twice as light."

    def __call__(self, image: Image, job: Job) -> Image:
        job.progress(0.5)
        return image.with_pixels((image.u8().astype(int) * 2).clip(0, 255).astype(np.uint8))


@pytest.fixture
def known() -> Plugins:
    class Plugin:
        @hookimpl
        def senga_filters(self) -> tuple[type[Filter], ...]:
            return Add, Double

    plugins = Plugins(builtin=False, third_party=False)
    plugins.register(Plugin(), "sums")
    return plugins


def chain(*names: str) -> Recipe:
    return Recipe(steps=tuple(Step(filter=name) for name in names))


def test_steps_run_in_order_and_share_the_progress(known: Plugins) -> None:
    image = Image(np.full((2, 2, 3), 30, np.uint8))
    shares: list[float] = []
    job = Job(on_progress=lambda share, _: shares.append(share))
    assert (senga.apply(chain("add", "double"), image, collection=known, job=job).pixels == 80).all()
    assert shares == pytest.approx([0.25, 0.75])
    assert (senga.apply(chain("double", "add"), image, collection=known).pixels == 70).all()


def test_each_step_has_its_own_strength_and_the_whole_has_one_too(known: Plugins) -> None:
    image = Image(np.full((2, 2, 3), 100, np.uint8))
    half = Recipe(steps=(Step(filter="add", strength=0.5, settings={"value": 40}), Step(filter="add")))
    assert (senga.apply(half, image, collection=known).pixels == 130).all()
    assert (senga.apply(half, image, collection=known, strength=0.5).pixels == 115).all()


step = st.builds(
    Step,
    filter=st.text(min_size=1, max_size=20),
    strength=st.floats(0, 1),
    keep_colors=st.booleans(),
    settings=st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.one_of(st.integers(-(2**62), 2**62), st.text(max_size=9), st.booleans()),
        max_size=4,
    ),
)


@given(st.builds(Recipe, name=st.text(max_size=30), steps=st.lists(step, min_size=1, max_size=5).map(tuple)))
def test_a_recipe_survives_its_file(recipe: Recipe) -> None:
    assert Recipe.parse(recipe.toml()) == recipe


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=200), st.text("[]={}\"'#\n steps.filter01", max_size=200)))
def test_any_text_is_a_recipe_or_one_clear_error(text: str) -> None:
    try:
        recipe = Recipe.parse(text, "chain.toml")
    except SettingsError as error:
        assert str(error).startswith("chain.toml")
    else:
        assert recipe.steps


@settings(max_examples=100)
@given(data=st.binary(max_size=300))
def test_any_file_is_a_recipe_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "chain.toml"
    path.write_bytes(data)
    try:
        Recipe.read(path)
    except SettingsError as error:
        assert "chain.toml" in str(error)


@pytest.mark.parametrize(("text", "says"), [
    ("", "steps"),
    ("steps = []", "steps"),
    ("[[steps]]\nstrength = 0.5", "filter"),
    ("[[steps]]\nfilter = 'add'\nstrength = 3", "strength"),
    ("[[steps]]\nfilter = 'add'\nvalue = 3", "value"),
    ("senga = 2\n[[steps]]\nfilter = 'add'", "senga"),
    ("[" * 5000, "TOML"),
])  # fmt: skip
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Recipe.parse(text)


STEP = "[[steps]]\nfilter = 'add'\n"


@pytest.mark.parametrize("text", [
    ".".join(["a"] * 40_000) + " = 1",
    "[" + " . ".join(["'a'"] * 40_000) + "]",
    STEP + "[steps.settings]\n" + ".".join("a" * 20) + " = 1",
    '"\\' * 400_000,
    '"' * 900_000,
    "." * 900_000,
    "a = " + "{a = " * 80_000,
    STEP * 40_000,
    "".join(f"[a{number}.b.c.d.e]\n" for number in range(40_000)),
    STEP + "[steps.settings]\nvalue = [" + "0.1, " * 150_000 + "]",
    STEP + "[steps.settings]\nvalue = 0x" + "f" * 500_000,
    STEP + "[steps.settings]\nvalue = " + "9" * 500_000,
    "feather = inf\n" + STEP,
    "strength = nan\n" + STEP,
])  # fmt: skip
def test_an_endless_recipe_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(SettingsError):
        Recipe.parse(text)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_recipes_of_editors_that_write_a_mark_are_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    path.write_bytes((mark + "name = 'Grüße'\r\n" + STEP).encode(encoding))
    assert Recipe.read(path).name == "Grüße"


def test_a_recipe_that_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            Recipe.read(path)


def test_a_recipe_says_how_its_result_meets_the_picture(known: Plugins) -> None:
    image = Image(np.full((4, 8, 3), 100, np.uint8))
    recipe = Recipe(steps=(Step(filter="add", settings={"value": 40}),), strength=0.5, feather=2)
    assert (senga.apply(recipe, image, collection=known).pixels == 120).all()
    given = Blend(strength=0.5, keep_colors=True)
    again = Recipe.parse(recipe.with_blend(given).toml())
    assert (again.strength, again.keep_colors, again.feather) == (0.25, True, 2)
    assert (senga.apply(again, image, collection=known).pixels == 110).all()
    half = np.zeros((4, 8), bool)
    half[:, :4] = True
    soft = senga.apply(recipe, image, collection=known, selection=half).pixels
    assert len(np.unique(soft)) > 2
    assert recipe.blend(Blend(feather=1)).feather == 1


def test_a_setting_that_is_none_is_left_out_of_the_file() -> None:
    recipe = Recipe(steps=(Step(filter="add", settings={"value": None, "seed": 3, "to": Path("a")}),))
    assert Recipe.parse(recipe.toml()).steps[0].settings == {"seed": 3, "to": "a"}


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere.toml cannot be read: No such file"):
        Recipe.read(tmp_path / "nowhere.toml")


def test_check_finds_a_wrong_step_before_any_work(known: Plugins) -> None:
    with pytest.raises(SettingsError, match="step 2: add: the setting “value”"):
        Recipe(steps=(Step(filter="add"), Step(filter="add", settings={"value": 999}))).check(known)
    with pytest.raises(SengaError, match="did you mean “double”"):
        chain("add", "doubel").check(known)


def test_a_seed_reaches_the_steps_that_have_one(known: Plugins) -> None:
    seeded = chain("add", "double").seeded(7, known)
    assert [step.settings for step in seeded.steps] == [{"seed": 7}, {}]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs files that do not say how long they are")
def test_a_file_that_does_not_say_how_long_it_is_is_read_to_its_end() -> None:
    content = read_regular(Path("/proc/self/status"), 1 << 20)
    assert content
    assert content.startswith(b"Name:")
    assert read_regular(Path("/proc/self/status"), 100) is None
