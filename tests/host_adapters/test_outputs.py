"""The names of outputs: settled from input, template and format, and checked, before anything is painted."""

from __future__ import annotations

import os
import subprocess
import time
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from senga.errors import SettingsError
from senga.files.kinds import ending_of, kind_of
from senga.files.numbered import Numbered
from senga.host_adapters.batch import obstacles
from senga.host_adapters.batch.attempt import write_result
from senga.host_adapters.batch.outputs import Target, Wish, plan
from senga.host_adapters.batch.taken import settle
from senga.image import Animation, Frame, Image
from senga.testing import sample


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def still(name: str, kind: str = "png") -> str:
    PIL.Image.fromarray(sample(8, 9).pixels).save(name, kind)
    return name


def moving(name: str, kind: str = "gif") -> str:
    frames = [PIL.Image.fromarray(np.roll(sample(8, 9).pixels, k, axis=0)) for k in range(3)]
    frames[0].save(name, kind, save_all=True, append_images=frames[1:])
    return name


def film(name: str) -> str:
    Path(name).write_bytes(b"\0\0\0\x20ftypisom" + bytes(60))
    return name


def planned(*inputs: str, output: str | None = None, **more: Any) -> list[Target]:
    return plan(inputs, Wish(output, "sketch", **more))


def named(*inputs: str, **more: Any) -> list[str]:
    return [str(target.output) for target in planned(*inputs, **more)]


@pytest.mark.parametrize(("name", "ending"), [
    ("a.jpg", ".jpg"), ("A.JPEG", ".JPEG"), ("holiday.2019", ""), ("v1.5", ""), ("x.video", ""), (".png", ""),
    ("a.jpg.bak", ""), ("b.psd", ".psd"),
])  # fmt: skip
def test_only_the_ending_of_a_picture_is_an_ending(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_the_kind_of_a_file_is_told_by_its_content(here: Path) -> None:
    assert not kind_of(Path(still("a.mp4"))).moves
    for kind in ("gif", "webp", "png"):
        assert kind_of(Path(moving(f"b.{kind}", kind))).moves
        assert kind_of(Path(f"b.{kind}").read_bytes()).moves
        assert not kind_of(Path(still(f"c.{kind}", kind))).moves
    assert kind_of(Path(film("d.png"))).film
    os.mkfifo("pipe")
    for strange in ("gone.gif", ".", "pipe"):
        assert not kind_of(Path(strange)).moves
    Path("cut.gif").write_bytes(Path("b.gif").read_bytes()[:40])
    assert not kind_of(Path("cut.gif")).moves


@pytest.mark.parametrize(("make", "name", "wish", "output"), [
    (still, "a.jpg", {}, "a-sketch.jpg"),
    (still, "holiday.2019", {}, "holiday.2019-sketch.png"),
    (still, "holiday.2019", {"output": "out/"}, "out/holiday.2019.png"),
    (still, "a.psd", {"output": "out/"}, "out/a.png"),
    (still, "a.jpg", {"output": "out/", "format": "webp"}, "out/a.webp"),
    (still, "a.jpg", {"output": "{stem}.{filter}{ext}"}, "a.sketch.jpg"),
    (still, "{ext}.jpg", {"output": "x-{stem}{ext}"}, "x-{ext}.jpg"),
    (still, "a.jpg", {"output": "{stem}/"}, "a/a.jpg"),
    (moving, "a.gif", {}, "a-sketch.gif"),
    (moving, "a.jpg", {}, "a-sketch.webp"),
    (film, "a.mov", {"output": "out/"}, "out/a.mp4"),
    (still, "a.jpg", {"makes": "animation"}, "a-sketch.webp"),
    (still, "a.jpg", {"makes": "layers"}, "a-sketch.ora"),
    (film, "a.mkv", {"makes": "layers"}, "a-sketch.mp4"),
])  # fmt: skip
def test_the_final_name_is_known_before(make: Any, name: str, wish: dict[str, Any], output: str) -> None:
    assert named(make(name), **wish) == [output]


def test_a_pattern_counts_only_where_the_user_wrote_it() -> None:
    moving("50%discount.gif")
    for output in (None, "out/", "o-{stem}.gif", "x{ext}"):
        assert planned("50%discount.gif", output=output)[0].numbered is None
    numbered = planned("50%discount.gif", output="{stem}-%03d.png")[0].numbered
    assert numbered == Numbered(Path(), "50%discount-", "%03d", ".png")
    assert numbered.frame(7) == Path("50%discount-007.png")
    assert planned(still("a.png"), output="f-%03d.png", makes="picture")[0].numbered is None


@pytest.mark.parametrize("wish", [
    {"output": "{name}.png"}, {"output": "out/{}"}, {"output": "{stem:03}.png"}, {"output": "{Stem}.png"},
])  # fmt: skip
def test_unknown_places_are_an_error(wish: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="There is no"):
        planned(still("a.png"), **wish)


def test_a_folder_may_be_called_like_a_place() -> None:
    Path("my{album}").mkdir()
    assert named(still("a.png"), output="my{album}") == ["my{album}/a.png"]


@pytest.mark.parametrize("wish", [
    {"output": "x.xyz"}, {"output": "x"}, {"output": "x.psd"}, {"output": "x.avi"}, {"format": "xyz"},
    {"format": "psd"}, {"format": "../x"}, {"output": "-", "format": "xyz"}, {"output": "{stem}.doc"},
])  # fmt: skip
def test_endings_that_nobody_can_write_are_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        planned(still("a.png"), **wish)


def test_an_ending_that_does_not_fit_one_input_stops_only_that_one() -> None:
    targets = planned(still("a.png"), moving("b.gif"), output="out/", format="jpg", makes="picture")
    assert [bool(target.trouble) for target in targets] == [False, True]
    assert "cannot hold an animation" in targets[1].trouble
    assert "a single picture" in planned("a.png", output="x.mp4", makes="picture")[0].trouble
    assert not planned("a.png", output="x.mp4")[0].trouble  # the filter may make an animation


@pytest.mark.parametrize("overwrite", ["error", "replace", "rename", "skip"])
def test_results_that_meet_in_one_file_are_refused(overwrite: str) -> None:
    for name in ("cat.psd", "cat.tga", "cat.pcx"):
        still(name)
    apart = ["out/cat-psd.png", "out/cat-tga.png", "out/cat-pcx.png"]
    assert named("cat.psd", "cat.tga", "cat.pcx", output="out", overwrite=overwrite) == apart
    with pytest.raises(SettingsError, match="both be written"):
        planned("cat.psd", "cat.tga", output="{filter}.png", overwrite=overwrite)
    with pytest.raises(SettingsError, match="both be written"):
        planned("cat.psd", "./cat.psd", output="out/", overwrite=overwrite)


def test_sources_are_found_under_every_name(here: Path) -> None:
    still("cat.psd")
    still("cat-sketch.png")
    Path("hard.png").hardlink_to("cat-sketch.png")
    Path("soft.png").symlink_to("cat-sketch.png")
    Path("other").symlink_to(here)
    for output in (None, "hard.png", "soft.png", "other/cat-sketch.png", "./cat-sketch.png"):
        with pytest.raises(SettingsError, match="also an input"):
            planned("cat.psd", output=output, overwrite="replace", read=(Path("cat-sketch.png"),))
    moving("a.gif")
    still("f-0002.png")
    with pytest.raises(SettingsError, match="also an input"):
        planned("a.gif", output="f-%04d.png", overwrite="replace", read=(Path("f-0002.png"),))
    with pytest.raises(SettingsError, match="also an input"):
        planned("cat.psd", output="out/", overwrite="replace", written=(("the recipe", Path("cat.psd")),))


def test_a_batch_over_a_folder_with_earlier_results_goes_on() -> None:
    inputs = [still("a.png"), still("a-sketch.png")]
    with pytest.raises(SettingsError, match="also an input"):
        planned(*inputs)
    for overwrite in ("skip", "rename"):
        assert named(*inputs, overwrite=overwrite) == ["a-sketch.png", "a-sketch-sketch.png"]
    assert not list(settle(Path("a-sketch.png"), "skip"))
    assert next(iter(settle(Path("a-sketch.png"), "rename"))) == Path("a-sketch-1.png")


def test_names_that_a_disk_takes_for_one_are_refused(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "caf\u00e9.png") for form in ("NFC", "NFD"))
    pairs = [(still("A.png"), still("a.png")), (still(composed), still(decomposed))]
    for pair in pairs:
        assert len(named(*pair, output="out/")) == 2
    assert list(here.glob(".senga-*")) == []
    monkeypatch.setattr(obstacles, "_tells_apart", lambda _: False)  # a memory card, a Mac
    for pair in pairs:
        with pytest.raises(SettingsError, match="both be written"):
            planned(*pair, output="out/")


def test_a_folder_is_asked_whether_it_tells_names_apart(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    assert obstacles._tells_apart(here)
    lexists = os.path.lexists

    def folded(path: Path) -> bool:
        return lexists(path) or obstacles._fold(str(path)) in {obstacles._fold(str(each)) for each in here.iterdir()}

    monkeypatch.setattr(os.path, "lexists", folded)
    assert not obstacles._tells_apart(here)


def test_frames_that_could_meet_are_refused() -> None:
    moving("a.gif")
    moving("a0.gif")
    with pytest.raises(SettingsError, match="both be written"):
        planned("a.gif", "a0.gif", output="{stem}%d.png")
    assert len(planned("a.gif", "a0.gif", output="{stem}-%d.png")) == 2


@pytest.mark.parametrize(("output", "says"), [
    ("missing/x.png", "There is no folder"),
    ("file.txt/x.png", "is a file"),
    ("file.txt/", "is a file"),
    ("dir.png", "dir.png/a.png"),
    ("{stem}-dir.png", "is a folder"),
    ("dangling.png", "a link to nothing"),
])  # fmt: skip
def test_places_that_cannot_be_written_are_refused(output: str, says: str) -> None:
    Path("file.txt").touch()
    Path("dir.png").mkdir()
    Path("a-dir.png").mkdir()
    Path("dangling.png").symlink_to("nowhere.png")
    if output == "dir.png":  # an existing folder takes the file
        assert named(still("a.png"), output=output) == [says]
        return
    with pytest.raises(SettingsError, match=says):
        planned(still("a.png"), output=output, overwrite="replace")


def test_a_folder_without_permission_is_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    still("a.png")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SettingsError, match="Nothing may be written"):
        planned("a.png", output="x.png")
    assert "Nothing may be written" in planned("a.png")[0].trouble  # beside one input: the others may go on
    Path("x.png").touch()
    assert planned("a.png", output="x.png", overwrite="skip")[0].trouble == ""


def test_a_name_that_is_too_long_stops_only_that_one() -> None:
    long = "x" * 250 + ".png"
    targets = planned(still("a.png"), still(long))
    assert [bool(target.trouble) for target in targets] == [False, True]
    assert planned("y" * 5000 + ".png")[0].trouble
    assert planned("a.png", output=f"{'z' * 256}/{{stem}}{{ext}}")[0].trouble


@pytest.mark.parametrize(("overwrite", "expected"), [("replace", None), ("rename", "out/a-1.webp"), ("skip", "")])
def test_a_filter_that_did_not_say_what_it_makes_replaces_nothing(overwrite: str, expected: str | None) -> None:
    target = planned(still("a.png"), output="out/", overwrite=overwrite)[0]
    assert target.output == Path("out/a.png")
    options = {"overwrite": overwrite, "quality": None, "metadata": "keep", "alternatives": "first"}
    source = Image.of(sample(8, 9).pixels)
    result = Animation(lambda: iter([Frame(source), Frame(source)]), 8, 9, 2)
    assert write_result(result, target, options, source) == Path("out/a.webp")
    before = Path("out/a.webp").read_bytes()
    if expected is None:
        with pytest.raises(SettingsError, match="exists"):
            write_result(result, target, options, source)
    else:
        assert str(write_result(result, target, options, source) or "") == expected
    assert Path("out/a.webp").read_bytes() == before


def test_a_missing_input_is_no_fault_of_its_folder() -> None:
    assert [target.trouble for target in planned("gone/a.png", "/", "..")] == ["", "", ""]


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_text_are_taken_as_they_are() -> None:
    name = os.fsdecode(b"caf\xe9.png")
    still("a.png")
    Path("a.png").rename(name)
    assert named(name, output="out/") == [f"out/{name}"]


def test_nothing_is_painted_before_all_is_checked(here: Path) -> None:
    still("a.png")
    senga = [os.environ["SENGA_WARM"], "run"]
    for words in (
        ["anime", "--style", "nonsense", "a.png", "-o", "x.png", "--save-recipe", "r.toml"],
        ["sketch", "--brush", "nonsense", "a.png", "-o", "x.png", "--save-recipe", "r.toml"],
        ["sketch", "--selection", "gone.png", "a.png", "-o", "x.png", "--save-recipe", "r.toml"],
        ["sketch", "a.png", "-o", "x.png", "--workers", "2800"],
    ):
        done = subprocess.run([*senga, *words], capture_output=True, text=True, check=False)
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1, done.stderr
        assert [path.name for path in here.iterdir()] == ["a.png"]


def test_many_numbered_results_are_compared_soon(here: Path) -> None:
    names = [f"{number:04}.png" for number in range(2000)]
    for name in names:
        (here / name).touch()
    begun = time.monotonic()
    targets = plan(names, Wish("out/", "pins", makes="alternatives"))
    assert len(targets) == 2000
    assert time.monotonic() - begun < 20


def test_inputs_that_differ_in_their_endings_only_have_outputs_of_their_own(here: Path) -> None:
    films = [film("clip.mov"), film("clip.mp4"), film("clip.MKV"), film("other.mov")]
    wanted = ["out/clip-mov.mp4", "out/clip.mp4", "out/clip-MKV.mp4", "out/other.mp4"]
    assert named(*films, output="out/") == wanted
    assert named(*films) == [f"{Path(name).stem}-sketch.mp4" for name in wanted]
    assert named(*reversed(films), output="out/") == wanted[::-1]
    assert named(*films[:2], output="out/{filter}/{stem}{ext}", preview=2) == [
        "out/sketch/clip-mov-first2s.mp4",
        "out/sketch/clip-first2s.mp4",
    ]
    assert named(still("a.png"), still("a.jpg", "jpeg"), output="out/", format="webp") == [
        "out/a-png.webp",
        "out/a-jpg.webp",
    ]
    assert named(films[0], film("clip.avi"), output="out/{stem}.mkv") == ["out/clip-mov.mkv", "out/clip-avi.mkv"]


def test_what_would_still_meet_is_refused_with_the_way_out(here: Path) -> None:
    film("clip.mov"), film("clip.mp4"), film("clip-mov.mp4")
    with pytest.raises(SettingsError, match="both be written to out/clip-mov.mp4; give one another name"):
        planned("clip.mov", "clip.mp4", "clip-mov.mp4", output="out/")
    with pytest.raises(SettingsError, match="both be written"):
        planned("clip.mov", "clip.mp4", output="out/same-{filter}.mp4")
