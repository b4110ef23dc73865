"""Styles of several families: names, folders, facts, and stores from before there were any."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, field_validator
from safetensors.numpy import save_file

from senga import Filter, Image, Job, Model, Weights, hookimpl, setting
from senga.errors import ModelError
from senga.families import Family, Number, network_of
from senga.names import joined, parted
from senga.neural.checkpoints import Checkpoint
from senga.neural.graph import Builder, Network
from senga.plugins.animegan.family import ANIMEGAN
from senga.registry import Plugins
from senga.store import Store, default_store, fetching
from senga.store.catalog import ModelEntry, read_entry, read_list
from senga.store.facts import bounded, read_facts

ROOT = Path(__file__).resolve().parents[2]
PAYLOAD = ROOT / "plugins" / "animegan" / "weights" / "hokusai.safetensors"


class Facts(BaseModel):
    tone: Number = "0.5"
    paper: bool = False


def network_of_dots(card: Any) -> Network:
    net = Builder()
    net.tanh(net.conv(net.input, "dots", 3, 1))
    return net.build("dots", multiple=1)


def to_dots(checkpoint: Checkpoint) -> Weights:
    if "dots.weight" not in checkpoint.arrays:
        raise ModelError("It holds no dots.")
    return Weights(dict(checkpoint.arrays), {"architecture": "dots"})


DOTS = Family("dots", "Dots", None, ("dots",), Facts, f"{__name__}:to_dots", f"{__name__}:network_of_dots")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def store(root: Path) -> Store:
    return default_store([ANIMEGAN, DOTS], root=root)


@pytest.fixture
def dots(tmp_path: Path) -> Path:
    """A file of the other family."""
    path = tmp_path / "dots.safetensors"
    save_file({"dots.weight": np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)}, path, {"tone": "0.25", "author": "Zoë"})
    return path


def names(store: Store, family: str = "") -> set[str]:
    return {entry.full_name for entry in store.entries((family,) if family else ()) if entry.file and not entry.shipped}


# ---- names


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "../a",
            "a/..",
            "./a",
            "a//b",
            "con/a",
            "a/nul",
            "A/b",
            "a\\b",
            "a/b\0",
            "a b/c",
        ),
        *("a b/c", "x" * 65 + "/a", "a/" + "x" * 65, "C:/a", "~/a", "a/b.", "%2e%2e/a", "ä/a"),
    ],
)
def test_names_that_could_lead_elsewhere_are_none(name: str, store: Store, dots: Path, tmp_path: Path) -> None:
    assert parted(name) is None
    before = sorted(tmp_path.rglob("*"))
    for act in (store.load, store.find, store.remove, lambda name: store.pull(name, bool)):
        with pytest.raises(ModelError, match="There is no style"):
            act(name)  # type: ignore[operator]
    with pytest.raises(ModelError, match="no name for a style"):
        store.import_file(dots, name)
    assert sorted(tmp_path.rglob("*")) == before


def test_names_are_taken_apart_and_put_together() -> None:
    assert parted("animegan/hayao") == ("animegan", "hayao")
    assert parted("hayao") == ("", "hayao")
    assert joined("", "hayao") == "hayao"
    assert joined(*parted("a.b/c-d") or ("", "")) == "a.b/c-d"


def test_a_family_that_nobody_knows_is_no_place_for_a_style(store: Store, dots: Path) -> None:
    with pytest.raises(ModelError, match="no name for a style: there is no family of networks “whitebox”"):
        store.import_file(dots, "whitebox/mine")


def test_the_short_name_serves_while_it_is_unique(store: Store, dots: Path) -> None:
    store.import_file(dots, "mine")
    assert store.find("mine") == store.find("dots/mine")
    assert store.load("mine") is store.load("dots/mine")
    with pytest.raises(ModelError, match="“mine” already"):
        store.import_file(PAYLOAD, "mine")
    store.import_file(PAYLOAD, "animegan/mine")
    for act in (store.load, store.find, store.remove, store.verify):
        with pytest.raises(ModelError, match="several styles “mine”: “(animegan|dots)/mine” and “"):
            act("mine")
    assert store.load("mine", ("dots",)).card["author"] == "Zoë"
    assert store.load("animegan/mine").card["title"] == "Hokusai print"
    assert sorted(store.shown(store.entries(("dots",)))) == ["dots/mine"]
    store.remove("animegan/mine")
    assert store.find("mine").family == "dots"


def test_a_style_of_another_family_is_not_offered_and_says_so(store: Store, dots: Path) -> None:
    store.import_file(dots, "mine")
    for name in ("mine", "dots/mine"):
        with pytest.raises(ModelError, match=r"“.*mine” is no style of the filter anime, which paints with animegan\."):
            store.load(name, ("animegan",), "anime")
    with pytest.raises(ModelError, match="There is no style “mines”: there are evening, hokusai, painted-comic"):
        store.load("mines", ("animegan",), "anime")
    assert "dots/mine" not in {entry.full_name for entry in store.entries(("animegan",))}
    with pytest.raises(ModelError, match="no style of johnson or patches here yet: import one with"):
        store.load("first", ("johnson", "patches"), "fast-style")


def test_a_name_that_is_unique_among_a_filters_families_serves_it(dots: Path) -> None:
    class Dots(Filter):
        name, title, summary = "dots", "Dots", "Dots."
        families = ("dots",)
        style: Model = setting("hokusai", "Which style to paint in.")

        def __call__(self, image: Image, job: Job) -> Image:
            return image.with_pixels(np.full_like(image.pixels, 255 * float(job.weights(self.style).card["tone"])))

    class Plug:
        @hookimpl
        def senga_filters(self) -> list[type[Filter]]:
            return [Dots]

        @hookimpl
        def senga_families(self) -> list[Family]:
            return [DOTS]

    import senga

    known = Plugins(third_party=False)
    known.register(Plug(), "dots")
    known.store().import_file(dots, "dots/hokusai")
    picture = Image.of(np.zeros((8, 8, 3), np.uint8))
    assert np.asarray(senga.apply("dots", picture, collection=known)).max() == 63
    assert senga.apply("anime", picture, collection=known, style="hokusai")
    assert senga.apply("anime", picture, collection=known, style="animegan/hokusai")
    with pytest.raises(ModelError, match="no style of the filter anime"):
        senga.apply("anime", picture, collection=known, style="dots/hokusai")
    with pytest.raises(ModelError, match="several styles “hokusai”"):
        known.store().load("hokusai")
    assert list(known.styles_of(("dots",))) == ["hokusai"]
    assert {"animegan/hokusai", "dots/hokusai", "painted-comic"} <= known.styles_of(("dots", "animegan")).keys()


def test_the_hook_is_asked_for_both_names_of_a_style(root: Path) -> None:
    asked: list[str] = []

    def locate(name: str, digest: str) -> Path | Weights | None:
        asked.append(f"{name} {digest[:6]}")
        return Weights({}, {"from": "company"}) if name == "animegan/hayao" else None

    store = default_store([ANIMEGAN], locate, root)
    found = store.load("hayao")
    assert found.card == {"from": "company"}
    assert found.network == ANIMEGAN.network
    assert asked == ["hayao sha256", "animegan/hayao sha256"]


# ---- folders


def test_each_family_has_a_folder(store: Store, dots: Path, root: Path) -> None:
    store.import_file(dots, "mine")
    store.import_file(PAYLOAD, "print")
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*.safetensors")) == [
        "animegan/print.safetensors",
        "dots/mine.safetensors",
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in root.rglob("*"))
    assert names(store, "dots") == {"dots/mine"}
    assert {verdict.name: verdict.problem for verdict in store.verify()}.items() >= {"mine": "", "print": ""}.items()
    store.remove("mine")
    assert names(store) == {"animegan/print"}


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_folder_that_is_a_link_is_not_followed(store: Store, dots: Path, root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(PAYLOAD, elsewhere / "planted.safetensors")
    root.mkdir()
    (root / "dots").symlink_to(elsewhere)
    assert names(store) == set()
    with pytest.raises(ModelError, match="links are not followed here"):
        store.import_file(dots, "mine")
    assert [path.name for path in elsewhere.iterdir()] == ["planted.safetensors"]


def test_a_family_whose_plugin_is_gone_keeps_its_styles(store: Store, dots: Path, root: Path) -> None:
    store.import_file(dots, "mine")
    later = default_store([ANIMEGAN], root=root)
    assert later.find("mine").full_name == "dots/mine"
    with pytest.raises(ModelError, match="no style of the filter anime"):
        later.load("mine", ("animegan",), "anime")
    with pytest.raises(ModelError, match="“dots”, which no family of networks knows"):
        network_of(later.load("mine"))
    later.remove("dots/mine")
    assert names(later) == set()


# ---- stores from before


def old_file(root: Path, name: str, card: dict[str, str]) -> None:
    root.mkdir(exist_ok=True)
    arrays = read_arrays()
    save_file(arrays, root / f"{name}.safetensors", card)


def read_arrays() -> dict[str, Any]:
    from safetensors.numpy import load_file

    return load_file(PAYLOAD)


OLD = {
    "architecture": "animeganv2",
    "width": "0.5",
    "upsample": "tf1",
    "eps": "1e-05",
    "title": "Old",
    "verified": "no",
}


def test_a_store_of_old_keeps_working(root: Path) -> None:
    old_file(root, "mine", OLD)
    old_file(root, "wave", OLD | {"title": "Wave"})
    (root / "accepted-licences.txt").write_text("hayao 0123456789abcdef\n")
    store = default_store([ANIMEGAN, DOTS], root=root)
    assert names(store) == {"animegan/mine", "animegan/wave"}
    assert store.find("mine").facts == {"width": "0.5", "upsample": "tf1", "eps": "1e-05"}
    assert store.load("mine").card == OLD
    assert store.load("animegan/mine").network == ANIMEGAN.network
    assert network_of(store.load("wave", ("animegan",))).name == "animeganv2"
    assert [verdict.problem for verdict in store.verify("mine")] == [""]
    with pytest.raises(ModelError, match="already"):
        store.import_file(PAYLOAD, "mine")
    store.remove("mine")
    assert names(store) == {"animegan/wave"}
    assert not (root / "mine.safetensors").exists()


def test_a_pulled_file_of_old_is_the_listed_model(root: Path) -> None:
    old_file(root, "hayao", OLD)
    (root / "paprika.safetensors").write_bytes(b"torn")
    store = default_store([ANIMEGAN, DOTS], root=root)
    assert store.find("hayao").file == root / "hayao.safetensors"
    assert store.find("animegan/hayao").title == "Hayao (AnimeGANv2)"
    assert store.find("paprika").file == root / "paprika.safetensors"
    assert "damaged" in store.verify("paprika")[0].problem
    assert [entry.name for entry in store.entries()].count("hayao") == 1


def test_terms_that_were_accepted_before_are_not_asked_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def accept(entry: ModelEntry) -> bool:
        asked.append(entry.full_name)
        return True

    monkeypatch.setattr(fetching, "fetch", lambda *_: shutil.copy(PAYLOAD, root / "hayao.safetensors"))
    store = default_store([ANIMEGAN], root=root)
    store.pull("hayao", accept)
    kept = root / "accepted-licences.txt"
    kept.write_text(kept.read_text().replace("animegan/hayao", "hayao"))
    (root / "hayao.safetensors").unlink()
    store.pull("animegan/hayao", accept)
    assert asked == ["animegan/hayao"]


def test_a_list_without_a_family_goes_on_as_the_filters_own(tmp_path: Path) -> None:
    (tmp_path / "weights.toml").write_text(
        f'converter = "{DOTS.converter}"\nnetwork = "{DOTS.network}"\n'
        '[model.old]\nurls = ["https://example.com/x"]\narchitecture = "dots"\nwidth = 0.5\n'
    )

    class Old(Filter):
        name, title, summary = "old-way", "Old way", "Lists its models itself."
        models = tmp_path / "weights.toml"

        def __call__(self, image: Image, job: Job) -> Image:
            return image

    class Plug:
        @hookimpl
        def senga_filters(self) -> list[type[Filter]]:
            return [Old]

    known = Plugins(third_party=False)
    known.register(Plug(), "old")
    assert known.families_of(Old) == ("old-way",)
    entry = known.store().find("old")
    assert (entry.full_name, entry.converter, entry.facts) == ("old-way/old", DOTS.converter, {"width": "0.5"})
    assert list(known.styles_of(("old-way",))) == ["old"]
    assert "old-way" not in known.families


# ---- facts


def test_cards_carry_what_their_family_says(store: Store, dots: Path, tmp_path: Path) -> None:
    entry = store.import_file(dots, "mine")
    assert entry.facts == {"tone": "0.25", "paper": "False"}
    assert store.load("mine").card.items() >= {"tone": "0.25", "family": "dots", "author": "Zoë"}.items()
    assert not {"upsample", "eps", "width"} & (ModelEntry.model_fields.keys() | entry.card().keys())


def test_facts_that_make_no_sense_do_not_hinder_an_import(store: Store, dots: Path) -> None:
    save_file(
        {"dots.weight": np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)}, dots, {"tone": "loud", "licence": "MIT"}
    )
    entry = store.import_file(dots, "mine")
    assert (entry.facts["tone"], entry.licence) == ("0.5", "MIT")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('tone = "loud"', "tone"),
        ("tone = nan", "no text and no number"),
        ("tone = [1]", "no text and no number"),
        ('loudness = "1"', "has no fact “loudness”"),
        ('upsample = "tf1"', "has no fact “upsample”"),
        ('family = "animegan"', "must not say “family”"),
        ("facts = {}", "must not say “facts”"),
    ],
)
def test_a_list_says_only_what_its_family_knows(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "weights.toml"
    path.write_text(f"[model.bad]\n{line}\n[model.good]\ntone = 0.75\n")
    entries, problems = read_list(path, DOTS)
    assert [(entry.full_name, entry.facts["tone"]) for entry in entries] == [("dots/good", "0.75")]
    assert len(problems) == 1
    assert said in problems[0]


def test_any_fact_is_allowed_where_a_family_names_none_but_within_bounds() -> None:
    free = Family("free", "Free")
    assert read_facts(free, {"blocks": 8, "mood": "calm"}) == {"blocks": "8", "mood": "calm"}
    for facts in (
        {"x" * 65: "1"},
        {"a b": "1"},
        {"../a": "1"},
        {"a": "x" * 9000},
        {"a": None},
        {"a": float("inf")},
        {f"f{i}": "1" for i in range(65)},
    ):
        with pytest.raises(ValueError, match="fact"):
            bounded(facts)


def test_a_strangers_class_of_facts_that_fails_is_a_sentence(tmp_path: Path) -> None:
    class Rude(BaseModel):
        mood: str = ""

        @field_validator("mood")
        @classmethod
        def _fail(cls, mood: str) -> str:
            raise SystemExit(mood)

    rude = Family("rude", "Rude", facts=Rude)
    (tmp_path / "weights.toml").write_text('[model.x]\nmood = "bad"\n[model.y]\n')
    entries, problems = read_list(tmp_path / "weights.toml", rude)
    assert [entry.name for entry in entries] == ["y"]
    assert "its facts cannot be read" in problems[0]


def test_the_list_and_the_family_of_animegan_say_the_same() -> None:
    assert ANIMEGAN.models is not None
    alone, problems = read_list(ANIMEGAN.models)
    assert problems == []
    assert {(entry.converter, entry.network) for entry in alone} == {(ANIMEGAN.converter, ANIMEGAN.network)}
    assert {entry.architecture for entry in alone} <= set(ANIMEGAN.architectures)


def test_facts_are_read_by_their_names() -> None:
    entry = read_entry(PAYLOAD, ANIMEGAN)
    assert (entry.width, entry.upsample) == ("0.5", "tf1")
    with pytest.raises(AttributeError):
        _ = entry.tone
    assert json.loads(entry.model_dump_json())["facts"]["width"] == "0.5"
    assert ModelEntry.model_validate_json(entry.model_dump_json()) == entry
