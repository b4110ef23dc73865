"""Second pictures and alternatives on the command line, and one case through every host: the same bytes."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import senga
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]


def run(*words: object, data: bytes | None = None, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    told = [SENGA, "run", *map(str, words)]
    return subprocess.run(told, input=data, capture_output=True, check=False, cwd=cwd, timeout=300)


def pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def save(path: Path, height: int, width: int, seed: int = 0, alpha: bool = False) -> np.ndarray:
    path.parent.mkdir(exist_ok=True)
    array = sample(height, width, seed).pixels
    if alpha:
        cover = np.zeros((height, width, 1), np.uint8)
        cover[: height // 2] = 255
        array = np.dstack([array, cover])
    PIL.Image.fromarray(array).save(path)
    return array


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, a hint layer for each, and a painting."""
    for number, name in enumerate(("a", "b")):
        save(tmp_path / f"{name}.png", 40 + number, 50, number)
        save(tmp_path / "hints" / f"{name}.png", 40 + number, 50, number + 5, alpha=True)
    save(tmp_path / "painting.png", 30, 20, 9)
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_each_input_gets_its_own_hints(folder: Path, workers: int) -> None:
    done = run("hint-wash", "a.png", "b.png", "-o", "out/", "--hints", "hints/{stem}.png", "--amount", 1,
               "--workers", workers, cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("a", "b"):
        out, picture, hints = (pixels(folder / place / f"{name}.png") for place in ("out", ".", "hints"))
        half = len(out) // 2
        assert np.array_equal(out[:half], hints[:half])
        assert np.array_equal(out[half:], picture[half:])


def test_one_input_without_hints_does_not_stop_the_others(folder: Path) -> None:
    (folder / "hints" / "a.png").unlink()
    done = run("hint-wash", "a.png", "b.png", "-o", "out/", "--hints", "hints/{stem}.png", cwd=folder)
    assert done.returncode == 1
    assert "a.png: There is no file “hints/a.png” for the picture “hints”." in done.stderr.decode()
    assert [path.name for path in (folder / "out").iterdir()] == ["b.png"]


def test_a_second_picture_comes_through_a_pipe(folder: Path) -> None:
    hints = (folder / "hints" / "a.png").read_bytes()
    by_name = run("hint-wash", "a.png", "-o", "one.png", "--hints", "hints/a.png", cwd=folder)
    by_pipe = run("hint-wash", "a.png", "-o", "two.png", "--hints", "-", data=hints, cwd=folder)
    assert (by_name.returncode, by_pipe.returncode) == (0, 0), by_pipe.stderr
    assert (folder / "one.png").read_bytes() == (folder / "two.png").read_bytes()


def test_a_photo_that_lies_on_its_side_gets_its_hints_where_they_are_seen(folder: Path) -> None:
    """Both are turned as EXIF says, each as its own file says."""
    upright = sample(40, 50, 3).pixels
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    turned = PIL.Image.fromarray(np.rot90(upright).copy())
    turned.save(folder / "turned.tif", exif=exif)
    assert (
        run("hint-wash", "turned.tif", "-o", "out.png", "--hints", "hints/a.png", "--amount", 1, cwd=folder).returncode
        == 0
    )
    assert np.array_equal(pixels(folder / "out.png")[:20], pixels(folder / "hints" / "a.png")[:20])
    assert np.array_equal(pixels(folder / "out.png")[20:], upright[20:])


@pytest.mark.parametrize(("words", "says"), [
    (["hint-wash", "a.png", "--hints", "nowhere.png"], "no file “nowhere.png”"),
    (["hint-wash", "a.png", "--hints", "hints"], "“hints” is a folder"),
    (["hint-wash", "a.png", "--hints", "/dev/zero"], "pipe or a device"),
    (["hint-wash", "a.png", "--hints", "text.png"], "text.png"),
    (["hint-wash", "a.png", "--hints", "b.png"], "“hints” is 50 x 41 pixels, but the picture is 50 x 40"),
    (["hint-wash", "a.png", "--hints", "{name}.png"], "no {name} in the picture “hints”: there are {stem}, {ext}"),
    (["hint-wash", "-", "--hints", "-"], "read only once"),
    (["palette-of", "a.png"], "No painting is chosen"),
    (["palette-of", "a.png", "--exemplar", "clip.gif"], "is an animation"),
    (["pins", "a.png", "--places", "3,3"], "less than or equal to 1"),
    (["pins", "a.png", "--color", "bleu"], "colour such as"),
    (["pins", "a.png", "--sizes", "a"], "no number"),
])  # fmt: skip
def test_what_is_wrong_is_told_in_a_sentence_and_nothing_is_written(folder: Path, words: list[str], says: str) -> None:
    (folder / "text.png").write_text("no picture")
    frames = [PIL.Image.fromarray(sample(8, 8, seed).pixels) for seed in (1, 2)]
    frames[0].save(folder / "clip.gif", save_all=True, append_images=frames[1:])
    done = run(*words, "-o", "out.png", data=(folder / "a.png").read_bytes(), cwd=folder)
    said = done.stderr.decode()
    assert done.returncode in (1, 2)
    assert says in said
    assert "Traceback" not in said
    assert not (folder / "out.png").exists()


def test_hints_are_sources_too_and_never_overwritten(folder: Path) -> None:
    before = (folder / "hints" / "a.png").read_bytes()
    for output in ("hints/a.png", "hints/"):
        done = run(
            "hint-wash", "a.png", "-o", output, "--hints", "hints/{stem}.png", "--overwrite", "replace", cwd=folder
        )
        assert done.returncode != 0
        assert "sources are never overwritten" in done.stderr.decode()
    assert (folder / "hints" / "a.png").read_bytes() == before


def test_a_painting_is_measured_once_for_a_batch(folder: Path) -> None:
    import senga_exemplar

    senga_exemplar.MEASURED.clear()
    for name in ("a", "b"):
        senga.apply("palette-of", senga.open(folder / f"{name}.png"), exemplar=folder / "painting.png")
    assert senga_exemplar.MEASURED == [(30, 20)]


# ---- alternatives


def test_a_saved_recipe_holds_lists_and_points_as_such(folder: Path) -> None:
    words = ["--sizes", "0.1, 0.2", "--places", "0.25,0.5; 1,1", "--alternatives", "first", "--save-recipe", "r.toml"]
    assert run("pins", "a.png", "-o", "one.png", *words, cwd=folder).returncode == 0
    settings = tomllib.loads((folder / "r.toml").read_text())["steps"][0]["settings"]
    assert settings == {"sizes": [0.1, 0.2], "places": [[0.25, 0.5], [1.0, 1.0]]}
    again = ["--recipe", "r.toml", "a.png", "-o", "two.png", "--alternatives", "first"]
    assert run(*again, cwd=folder).returncode == 0
    assert np.array_equal(pixels(folder / "one.png"), pixels(folder / "two.png"))


def test_alternatives_become_numbered_files_a_sheet_or_the_first(folder: Path) -> None:
    sizes = ["--sizes", "0.1, 0.2, 0.3"]
    assert run("pins", "a.png", "-o", "out.png", *sizes, cwd=folder).returncode == 0
    assert sorted(path.name for path in folder.glob("out*")) == ["out-1.png", "out-2.png", "out-3.png"]
    assert run("pins", "a.png", "-o", "one.png", "--alternatives", "first", *sizes, cwd=folder).returncode == 0
    assert np.array_equal(pixels(folder / "one.png"), pixels(folder / "out-1.png"))
    assert run("pins", "a.png", "-o", "sheet.png", "--alternatives", "sheet", *sizes, cwd=folder).returncode == 0
    sheet = pixels(folder / "sheet.png")
    assert np.array_equal(sheet[:40, :50], pixels(folder / "out-1.png"))
    assert np.array_equal(sheet[:40, 51:101], pixels(folder / "out-2.png"))
    assert np.array_equal(sheet[41:81, :50], pixels(folder / "out-3.png"))
    assert (sheet[41:, 51:] == 255).all()


def test_alternatives_keep_what_is_there(folder: Path) -> None:
    (folder / "out-2.png").write_bytes(b"mine")
    for overwrite, code in (("error", 1), ("skip", 0), ("rename", 0)):
        assert run("pins", "a.png", "-o", "out.png", "--overwrite", overwrite, cwd=folder).returncode == code
        assert (folder / "out-2.png").read_bytes() == b"mine"
    done = run("pins", "a.png", "b.png", "-o", "pins.png", cwd=folder)
    assert done.returncode == 2


def test_alternatives_are_layers_of_an_openraster_file(folder: Path) -> None:
    import zipfile

    assert run("pins", "a.png", "-o", "out.ora", cwd=folder).returncode == 0
    with zipfile.ZipFile(folder / "out.ora") as archive:
        stack = archive.read("stack.xml").decode()
    assert stack.index("Size 0.1") < stack.index("Size 0.2")  # the uppermost comes first


# ---- every host


def test_one_case_gives_the_same_bytes_in_every_host(folder: Path) -> None:
    """A chain with hints under a feathered selection: the runner, a recipe, Python, and what GIMP tells the worker."""
    from senga.host_adapters.worker.order import Order
    from senga.registry import plugins

    mask = np.zeros((40, 50), np.uint8)
    mask[5:30, 8:33] = 200
    PIL.Image.fromarray(mask).save(folder / "mask.png")
    common = ["a.png", "--selection", "mask.png", "--feather", 5, "--strength", 0.8]
    runner = run("hint-wash", "--hints", "hints/a.png", *common, "-o", "runner.png", cwd=folder)
    assert runner.returncode == 0, runner.stderr
    (folder / "chain.toml").write_text("[[steps]]\nfilter = 'hint-wash'\nsettings = {hints = 'hints/a.png'}\n")
    recipe = run("--recipe", "chain.toml", *common, "-o", "recipe.png", cwd=folder)
    assert recipe.returncode == 0, recipe.stderr
    picture, hints = senga.open(folder / "a.png"), senga.open(folder / "hints" / "a.png")
    how = {"selection": mask, "feather": 5, "strength": 0.8}
    python = senga.apply("hint-wash", picture, hints=hints, **how)
    order = Order(filter="hint-wash", strength=0.8, feather=5)
    worker = order.work(plugins(), mask).with_pictures({"hints": hints}).run(plugins(), picture)
    expected = pixels(folder / "runner.png")
    assert not np.array_equal(expected, picture.pixels)
    for found in (pixels(folder / "recipe.png"), python.pixels, worker.pixels):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["sketch", "color-pencil"])
def test_a_selection_has_the_same_margin_in_every_host(folder: Path, name: str) -> None:
    """The runner once composed twice, with another margin around the selection than elsewhere."""
    save(folder / "large.png", 400, 420)
    mask = np.zeros((400, 420), np.uint8)
    mask[180:200, 200:230] = 255
    PIL.Image.fromarray(mask).save(folder / "mask.png")
    done = run(name, "large.png", "--selection", "mask.png", "-o", "out.png", cwd=folder)
    assert done.returncode == 0, done.stderr
    result = senga.apply(name, senga.open(folder / "large.png"), selection=mask)
    assert np.array_equal(pixels(folder / "out.png"), result.pixels)
