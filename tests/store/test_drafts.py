"""Draft forms: found beside the style that they are forms of, used for drafts alone, never offered as styles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import senga
from senga import Filter, Image, Job, Model, hookimpl, setting
from senga.errors import ModelError
from senga.families import Family
from senga.registry import Plugins
from senga.store import Store, default_store
from senga.store.catalog import ModelEntry
from senga.store.drafts import draft_form, without_drafts
from tests.store.test_styles_of_families import DOTS

SHADES = {"mine": 40, "quick": 90}


class Dotted(Filter):
    """Fills the picture with a shade that its style holds."""

    name, title, summary = "dotted", "Dotted", "Fills the picture."
    families = ("dots",)
    style: Model = setting("mine", "Which style to paint in.")

    def __call__(self, image: Image, job: Job) -> Image:
        return image.with_pixels(np.full_like(image.pixels, job.weights(self.style).arrays["dots.weight"].max()))


class Plug:
    """Brings the filter and its family."""

    @hookimpl
    def senga_filters(self) -> list[type[Filter]]:
        return [Dotted]

    @hookimpl
    def senga_families(self) -> list[Family]:
        return [DOTS]


def file_of(folder: Path, name: str, **card: str) -> Path:
    """A file of the family of dots."""
    path = folder / f"{name}.safetensors"
    save_file({"dots.weight": np.full((3, 3, 1, 1), SHADES.get(name, 200), np.float32)}, path, card)
    return path


def filled(store: Store, folder: Path, draft_of: str = "mine") -> Store:
    """The store with a style and its draft form."""
    store.import_file(file_of(folder, "mine"), "dots/mine")
    store.import_file(file_of(folder, "quick", draft_of=draft_of), "dots/quick")
    return store


def shade(store: Store, name: str, *, draft: bool) -> float:
    return float(store.load(name, draft=draft).arrays["dots.weight"].max())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return default_store([DOTS], root=tmp_path / "models")


@pytest.mark.parametrize("draft_of", ["mine", "dots/mine"])
def test_a_draft_is_painted_by_the_draft_form_and_a_result_by_the_style(
    store: Store, tmp_path: Path, draft_of: str
) -> None:
    filled(store, tmp_path, draft_of)
    for name in ("mine", "dots/mine"):
        assert (shade(store, name, draft=False), shade(store, name, draft=True)) == (40, 90)
    assert shade(store, "quick", draft=False) == shade(store, "quick", draft=True) == 90
    assert store.find("quick").draft_of == draft_of
    store.remove("dots/quick")
    assert shade(store, "mine", draft=True) == 40


def test_a_form_of_a_style_that_is_not_here_or_of_another_family_is_for_nobody(store: Store, tmp_path: Path) -> None:
    filled(store, tmp_path, "other/mine")
    assert shade(store, "mine", draft=True) == 40
    store.import_file(file_of(tmp_path, "second", draft_of="strange"), "dots/second")
    with pytest.raises(ModelError, match="There is no style “strange”"):
        store.load("strange", draft=True)
    with pytest.raises(ModelError, match="there are mine, quick|there are mine"):
        store.load("zzzzzzzz")


def test_the_users_own_form_comes_before_the_one_that_ships() -> None:
    style = ModelEntry(name="a", family="dots")
    shipped = ModelEntry(name="b", family="dots", draft_of="a", file=Path("b"), shipped=True)
    own = ModelEntry(name="c", family="dots", draft_of="dots/a", file=Path("c"))
    absent = ModelEntry(name="d", family="dots", draft_of="a")
    foreign = ModelEntry(name="e", family="animegan", draft_of="a", file=Path("e"))
    assert draft_form(style, [style, shipped, own, absent, foreign]) is own
    assert draft_form(style, [style, shipped, absent, foreign]) is shipped
    assert draft_form(style, [style, absent, foreign]) is None
    assert without_drafts([style, shipped, own]) == [style]


def test_filters_get_it_for_drafts_alone_and_menus_never_offer_it(tmp_path: Path) -> None:
    known = Plugins(third_party=False)
    known.register(Plug(), "dotted")
    filled(known.store(), tmp_path)
    picture = Image.of(np.zeros((8, 8, 3), np.uint8))
    painted = {
        precision: int(np.asarray(senga.apply("dotted", picture, collection=known, job=Job(precision=precision))).max())
        for precision in ("full", "draft")
    }
    assert painted == {"full": 40, "draft": 90}
    assert list(known.styles_of(("dots",))) == ["mine"]
    assert {entry.name for entry in known.store().entries(("dots",))} == {"mine", "quick"}


def test_weights_of_a_plug_in_have_none(tmp_path: Path) -> None:
    mine = file_of(tmp_path, "mine")
    store = default_store([DOTS], locate=lambda name, _: mine if name == "mine" else None, root=tmp_path / "models")
    store.import_file(file_of(tmp_path, "quick", draft_of="mine"), "dots/quick")
    assert shade(store, "mine", draft=True) == 40
