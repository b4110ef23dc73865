"""Small pictures of paintings and styles, for the menus of GIMP 3."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

from senga import hookimpl
from senga.exemplars.gallery import Exemplar, built_in
from senga.families import Family
from senga.host_adapters.gimp.installer import install, plug_in_folder, uninstall
from senga.host_adapters.gimp.manifest import make_manifest
from senga.host_adapters.gimp.profiles import Profile
from senga.host_adapters.gimp.thumbnails import SIDE, named, pictures_of_choices, thumbnails
from senga.host_adapters.gimp3.senga_gimp import facts
from senga.registry import Plugins
from senga.settings import describe


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return dict(json.loads(json.dumps(make_manifest(Plugins(third_party=False)))))


def setting_of(manifest: dict[str, Any], filter_name: str, name: str) -> facts.Setting:
    one = next(one for one in manifest["filters"] if one["name"] == filter_name)
    return dict(next(setting for setting in one["settings"] if setting["name"] == name))


def with_exemplar(file: Path) -> Plugins:
    known, module = Plugins(third_party=False), ModuleType("tulips")
    module.senga_resources = hookimpl(  # type: ignore[attr-defined]
        lambda kind: [Exemplar("tulips", "Tulips", file)] if kind == "exemplars" else [], specname="senga_resources"
    )
    known.register(module, "tulips")
    return known


@pytest.mark.parametrize(
    ("filter_name", "name"),
    [
        ("style-blit", "exemplar"), ("any-style", "second"), ("face-blit", "exemplar"),
        ("fast-style", "style"), ("fast-style", "second_style"), ("anime", "style"), ("cartoon", "style"),
    ],
)  # fmt: skip
def test_every_painting_and_every_style_that_comes_with_senga_has_a_picture(
    filter_name: str, name: str, manifest: dict[str, Any]
) -> None:
    setting = setting_of(manifest, filter_name, name)
    offered = {value for value, _ in facts.choices(setting)} - {facts.NOTHING}
    shipped = {entry.name for entry in Plugins(third_party=False).store().entries() if entry.shipped}
    expected = offered & (shipped | {each.name for each in built_in()})
    assert len(expected) > 0
    assert expected - setting["pictures"].keys() == set()
    assert all(Path(manifest["pictures"][name]).is_file() for name in setting["pictures"].values())


def test_they_are_small_squares_of_which_no_two_are_alike(manifest: dict[str, Any]) -> None:
    made = thumbnails(manifest)
    assert len({*made.values()}) == len(made) >= 16 + 13 + 4
    for data in made.values():
        with Pictures.open(io.BytesIO(data)) as picture:
            assert (picture.size, picture.mode) == ((SIDE, SIDE), "RGB")
    assert sum(map(len, made.values())) < 250_000


def test_a_painting_of_a_plug_in_has_one_and_a_damaged_one_has_none(tmp_path: Path) -> None:
    good, bad = tmp_path / "tulips.png", tmp_path / "bad.jpg"
    Pictures.fromarray(np.full((40, 10, 4), (250, 0, 0, 128), np.uint8), "RGBA").save(good)
    bad.write_bytes(b"\xff\xd8\xff" + b"no picture" * 9)
    for file, count in ((good, 1), (bad, 0), (tmp_path / "none.png", 0)):
        known = with_exemplar(file)
        kind = known.filters["style-blit"]
        info = next(info for info in describe(kind, "en") if info.name == "exemplar")
        pictures = pictures_of_choices(kind, info, known)
        assert pictures["tulips"] == str(file)
        filters = [{"settings": [{"pictures": {"tulips": pictures["tulips"]}}]}]
        names = named(filters)
        assert list(names) == [*filters[0]["settings"][0]["pictures"].values()]
        assert len(thumbnails({"pictures": names})) == count


def test_styles_of_a_family_have_those_that_lie_beside_its_list(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").mkdir()
    (tmp_path / "weights.toml").write_text("[model.ink]\n[model.oil]\n", "utf-8")
    (tmp_path / "thumbnails" / "ink.jpg").write_bytes(b"")
    known, module = Plugins(third_party=False), ModuleType("inks")
    family = Family("inks", "Inks", tmp_path / "weights.toml")
    module.senga_families = hookimpl(lambda: (family,), specname="senga_families")  # type: ignore[attr-defined]
    known.register(module, "inks")
    kind = type("Inks", (known.filters["anime"],), {"families": ("inks",)})
    info = next(info for info in describe(kind, "en") if info.name == "style")
    assert pictures_of_choices(kind, info, known) == {"ink": str(tmp_path / "thumbnails" / "ink.jpg")}


def test_they_lie_in_the_plug_in_of_gimp_3_alone_and_go_with_it(tmp_path: Path, manifest: dict[str, Any]) -> None:
    new, old = Profile(tmp_path / "3", "3.0"), Profile(tmp_path / "2", "2.10")
    for profile in (new, old):
        profile.plug_ins.mkdir(parents=True)
        install(profile, manifest)
    shown = {path.name for path in (plug_in_folder(new) / "thumbnails").iterdir()}
    assert shown == {Path(name).name for name in thumbnails(manifest)}
    assert not (plug_in_folder(old) / "thumbnails").exists()
    uninstall(new)
    assert not plug_in_folder(new).exists()
