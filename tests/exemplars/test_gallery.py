from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from senga.errors import SettingsError
from senga.exemplars import gallery
from senga.exemplars.gallery import Exemplar
from senga.faces import read_faces
from senga.registry import plugins
from senga.settings import describe

FOLDER = Path(gallery.__file__).with_name("paintings")


def test_every_painting_has_its_card_and_can_be_read() -> None:
    found = gallery.built_in()
    assert {each.file for each in found} == set(FOLDER.glob("*.jpg"))
    for each in found:
        assert each.title
        assert each.artist
        assert each.year
        assert "Public domain" in each.licence
        assert each.source.startswith("https://")
        pixels = gallery.picture_of(each).u8()
        assert pixels.shape[2] == 3
        assert 200_000 < pixels.shape[0] * pixels.shape[1] <= 1_000_000
        assert np.ptp(pixels) > 100


def test_portraits_have_their_landmarks() -> None:
    names = {each.name for each in gallery.portraits()}
    assert names == {"adele", "mona-lisa", "vinton", "kellogg", "metzinger", "self-portrait"}
    for each in gallery.portraits():
        picture = gallery.picture_of(each)
        faces = read_faces(str(each.landmarks), (picture.height, picture.width))
        assert len(faces) == 1
        assert (faces[0].points > 0).all()
        assert (faces[0].points < (picture.width, picture.height)).all()
        assert faces[0].eyes[0][0] < faces[0].points[30][0] < faces[0].eyes[1][0], "the nose is between the eyes"
    own = Exemplar("mine", "Mine", Path("mine.png"), landmarks=Path("mine.json"))
    assert gallery.portraits([own, Exemplar("other", "Other", Path("other.png"))])[-1] is own


def test_the_gallery_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 3_000_000


def test_an_exemplar_is_found_by_name_and_a_misspelt_one_suggested() -> None:
    own = Exemplar("harvest", "My own", Path("mine.png"))
    assert gallery.find("harvest").label == "Harvest in Provence – Vincent van Gogh"
    assert gallery.find("harvest", [own]) is own
    with pytest.raises(SettingsError, match="no exemplar “harvst”: did you mean “harvest”"):
        gallery.find("harvst")
    with pytest.raises(SettingsError, match="choose one of: harvest, "):
        gallery.find("zzzz")


def test_an_animation_is_no_exemplar(tmp_path: Path) -> None:
    import PIL.Image

    path = tmp_path / "moving.gif"
    frames = [PIL.Image.new("L", (8, 8), shade) for shade in (0, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(SettingsError, match="“moving” is an animation"):
        gallery.picture_of(Exemplar("moving", "Moving", path))


def test_the_help_names_all_of_them() -> None:
    for name, known in (("style-blit", gallery.built_in()), ("face-blit", gallery.portraits())):
        text = next(info.text for info in describe(plugins().find(name), "en") if info.name == "exemplar")
        for each in known:
            assert f"{each.name}," in text
