from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from senga.errors import ReadError, SengaError, SettingsError
from senga.neural.evaluation.sources import ENDINGS, pairs_of, pictures_of, read_picture


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_a_folder_gives_its_pictures_in_order(tmp_path: Path) -> None:
    folder = fill(tmp_path / "set", "b.PNG", "a.jpeg", "notes.md", ".hidden.png", "c.tif")
    fill(folder / "deeper", "d.png")
    (folder / "folder.png").mkdir()
    assert [path.name for path in pictures_of(folder)] == ["a.jpeg", "b.PNG", "c.tif"]


def test_a_list_gives_the_pictures_it_names(tmp_path: Path) -> None:
    fill(tmp_path / "set", "a.png", "b.png")
    (tmp_path / "list.txt").write_text("set/b.png\n\n  set/a.png \n", "utf-8")
    assert pictures_of(tmp_path / "list.txt") == [tmp_path / "set" / "b.png", tmp_path / "set" / "a.png"]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    empty = fill(tmp_path / "empty", "readme.md")
    with pytest.raises(ReadError, match=r"empty holds no picture"):
        pictures_of(empty)
    with pytest.raises(ReadError, match=r"The picture .*nowhere does not exist"):
        pictures_of(tmp_path / "nowhere")
    (tmp_path / "list.txt").write_text("gone.png", "utf-8")
    with pytest.raises(ReadError, match=r"gone.png, which .*list.txt names, does not exist"):
        pictures_of(tmp_path / "list.txt")
    with pytest.raises(ReadError, match=r"lost.txt cannot be read"):
        pictures_of(tmp_path / "lost.txt")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_broken_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(ReadError, match=r"broken.png"):
        read_picture(tmp_path / "broken.png")


def test_grey_16_bit_and_transparent_pictures_become_rgb(tmp_path: Path) -> None:
    for number, mode in enumerate(("L", "RGBA", "P", "I;16", "1")):
        picture = PIL.Image.new("I;16", (5, 4), 30000) if mode == "I;16" else PIL.Image.new("RGB", (5, 4)).convert(mode)
        picture.save(tmp_path / f"{number}.png")
        pixels = read_picture(tmp_path / f"{number}.png")
        assert (pixels.shape, pixels.dtype) == ((4, 5, 3), np.uint8)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [PIL.Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(ReadError, match="is an animation"):
        read_picture(tmp_path / "a.webp")


def names(pairs: list[tuple[Path, Path]]) -> list[tuple[str, str]]:
    return [(photo.name, drawing.name) for photo, drawing in pairs]


def test_drawings_are_found_by_the_name_of_their_photo(tmp_path: Path) -> None:
    photos = fill(tmp_path / "photos", "lake.jpg", "lake-2.jpg", "tree.jpg", "only.jpg")
    drawings = fill(tmp_path / "drawings", "lake-anime.png", "lake-2.png", "tree.png", "tree-old.png", "other.png")
    assert names(pairs_of(photos, drawings)) == [
        ("lake-2.jpg", "lake-2.png"), ("lake.jpg", "lake-anime.png"), ("tree.jpg", "tree.png"),
    ]  # fmt: skip


def test_two_pictures_and_two_lists_belong_together_in_order(tmp_path: Path) -> None:
    folder = fill(tmp_path, "a.png", "b.png", "x.png", "y.png")
    assert names(pairs_of(folder / "a.png", folder / "x.png")) == [("a.png", "x.png")]
    (folder / "one.txt").write_text("a.png\nb.png")
    (folder / "two.txt").write_text("y.png\nx.png")
    assert names(pairs_of(folder / "one.txt", folder / "two.txt")) == [("a.png", "y.png"), ("b.png", "x.png")]


def test_pairs_that_are_unclear_are_refused(tmp_path: Path) -> None:
    photos = fill(tmp_path / "photos", "a.jpg", "b.jpg")
    with pytest.raises(SettingsError, match="is named after one of"):
        pairs_of(photos, fill(tmp_path / "others", "x.png", "y.png"))
    with pytest.raises(SettingsError, match=r"Both a-1.png and a-2.png are named after a.jpg"):
        pairs_of(photos, fill(tmp_path / "two", "a-1.png", "a-2.png"))
    with pytest.raises(SettingsError, match="2 photos are called “a”"):
        pairs_of(fill(photos, "a.png"), fill(tmp_path / "two", "a-1.png", "a-2.png"))


JUNK = st.binary(max_size=40) | st.sampled_from(
    [b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBP", b"II*\0", b"P6 9 9 255 ", b"GIF89a"]
)
NAMES = st.text("ab\u00e4\u4e2d -%", min_size=1, max_size=6).filter(lambda name: name.strip(" ."))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(NAMES, st.sampled_from([*sorted(ENDINGS), ".txt", ""])), JUNK, max_size=5))
def test_no_folder_brings_it_down(tmp_path: Path, content: dict[tuple[str, str], bytes]) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    for (name, ending), data in content.items():
        (folder / f"{name}{ending}").write_bytes(data)
    for source in (folder, *folder.iterdir()):
        try:
            for path in pictures_of(source):
                assert read_picture(path).ndim == 3
            pairs_of(source, folder)
        except SengaError as error:
            assert str(error).count("\n") == 0
            assert str(error).endswith(".")
