"""Many files with a ledger, as a user meets them: real processes, real files."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import PIL.Image
import pytest
from plug_ins import plug_in

import senga as face
from senga.errors import SettingsError
from senga.host_adapters.batch.ages import moment
from senga.host_adapters.batch.face import OPTIONS
from senga.host_adapters.batch.inputs import Choice, Search
from senga.host_adapters.batch.ledger import Ledger
from senga.host_adapters.batch.report import JsonReport
from senga.host_adapters.standalone.run import COMMON
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]
REAL = str(Path(sys.executable).with_name("senga"))
"""For processes that are killed, or looked up."""

COUNTER = """
import os
from pathlib import Path
import senga
from senga import Filter, Image, hookimpl

class Counted(Filter):
    \"\"\"Inverts; writes a line for every painting.\"\"\"
    name, title, summary = "counted", "Counted", "For tests."
    delay: float = senga.setting(0.0, "Seconds.", ge=0, le=60)
    def __call__(self, image, job):
        import time
        with open(os.environ["PAINTED"], "a") as log:
            log.write("x\\n")
        time.sleep(self.delay)
        return image.with_pixels(255 - image.pixels)

class Mixed(Filter):
    \"\"\"Shows a second picture.\"\"\"
    name, title, summary = "mixed", "Mixed", "For tests."
    hints: senga.Picture | None = senga.setting(None, "Hints.")
    def __call__(self, image, job):
        with open(os.environ["PAINTED"], "a") as log:
            log.write("x\\n")
        return image.with_pixels(self.picture("hints").pixels)

class Deadly(Filter):
    \"\"\"Ends its process over black pictures.\"\"\"
    name, title, summary = "deadly", "Deadly", "For tests."
    def __call__(self, image, job):
        if not image.pixels.any():
            os._exit(7)
        return image

@hookimpl
def senga_filters():
    return [Counted, Deadly, Mixed]
"""


def senga(*args: object, data: bytes = b"", cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command; one process paints if nothing else is said: to start a second takes longer."""
    alone = ("--jobs", "1") if {"--filter", "--recipe"} & set(args) and "--jobs" not in args else ()
    words = [SENGA, "batch", *map(str, args), *alone]
    return subprocess.run(
        words, input=data, capture_output=True, check=False, cwd=cwd, env={**os.environ, **env}, timeout=240
    )


def paint(path: Path, number: int = 0, size: tuple[int, int] = (12, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.roll(sample(*size).pixels, number, axis=1)).save(path)
    return path


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Six pictures in three folders."""
    for number, name in enumerate(("a.png", "b.png", "c.png", "trip/a.png", "trip/d.png", "trip/day 2/e.png")):
        paint(tmp_path / "in" / name, number)
    return tmp_path / "in"


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plug-in whose paintings are counted."""
    site = plug_in(tmp_path / "site", COUNTER)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PAINTED", str(tmp_path / "painted"))
    return site


def painted(tmp_path: Path) -> int:
    log = tmp_path / "painted"
    return len(log.read_text().splitlines()) if log.exists() else 0


def results(out: Path) -> dict[str, bytes]:
    """All files but the ledger."""
    found = sorted(path for path in out.rglob("*") if path.is_file() and ".senga" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def names_in(folder: Path) -> set[bytes]:
    return {os.fsencode(path.name) for path in folder.iterdir()}


def events(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


# --- what is taken, and where it goes ---


def test_a_folder_keeps_its_structure_and_its_sources(album: Path, tmp_path: Path) -> None:
    before = results(album)
    done = senga(album, "--filter", "posterize", "--levels", 3, "-o", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    assert list(results(tmp_path / "out")) == list(before)
    assert results(album) == before
    assert set(np.unique(np.asarray(PIL.Image.open(tmp_path / "out" / "a.png")))) <= {0, 127, 128, 255}


def test_a_batch_does_what_run_does(album: Path, tmp_path: Path) -> None:
    photo = album / "a.png"
    words = ["--strength", "0.5", "--keep-colors", "--format", "tif"]
    assert senga(photo, "--filter", "sketch", *words, "-o", tmp_path / "out").returncode == 0
    run = [SENGA, "run", "sketch", *words, str(photo), "-o", str(tmp_path / "one.tif")]
    assert subprocess.run(run, check=False).returncode == 0
    assert (tmp_path / "out" / "a.tif").read_bytes() == (tmp_path / "one.tif").read_bytes()


def test_what_is_no_picture_by_its_name_or_hidden_is_left_out_of_folders(album: Path, tmp_path: Path) -> None:
    for name in ("desktop.ini", "notes.txt", ".hidden.png", ".thumbs/x.png"):
        paint(album / "x.png").rename((album / name).parent.mkdir(exist_ok=True) or album / name)
    assert senga(album, "--filter", "posterize", "-o", tmp_path / "out").returncode == 0
    assert len(results(tmp_path / "out")) == 6


@pytest.mark.parametrize(("include", "exclude", "names"), [
    (["a.png"], [], ["a.png", "trip/a.png"]),
    (["trip/*.png"], [], ["trip/a.png", "trip/d.png"]),
    (["trip/**"], [], ["trip/a.png", "trip/d.png", "trip/day 2/e.png"]),
    ([], ["trip"], ["a.png", "b.png", "c.png"]),
    ([], ["trip/day*", "[ab].png"], ["c.png", "trip/d.png"]),
    (["?.png"], ["**/[!d].png"], ["trip/d.png"]),
    (["./trip/", "b.*"], [], ["b.png", "trip/a.png", "trip/d.png", "trip/day 2/e.png"]),
])  # fmt: skip
def test_what_is_taken_of_a_folder(
    album: Path, tmp_path: Path, include: list[str], exclude: list[str], names: list[str]
) -> None:
    search = Search(Choice(tuple(include), tuple(exclude)), tmp_path / "out")
    found = search.files([str(album)])
    assert [(each.inside / each.path.name).as_posix() for each in found] == names
    again = search.files([str(album), str(album / "a.png"), f"{album}/*.png", os.path.relpath(album)])
    assert {each.path.name for each in again} == {Path(name).name for name in names}
    assert len(again) == len({os.path.abspath(each.path) for each in again})  # noqa: PTH100


def test_only_so_many_are_worked_on(album: Path, tmp_path: Path) -> None:
    for done in (2, 4, 6, 6):
        list(face.batch(album, "posterize", tmp_path / "out", limit=2))
        assert len(results(tmp_path / "out")) == done


def test_only_what_was_changed_since(album: Path, tmp_path: Path) -> None:
    os.utime(album / "a.png", (time.time() - 7200,) * 2)
    now = datetime.now().astimezone()
    for since, count in (("1h", 5), ("3h", 6), ("2001-01-01", 6), ("2100-01-01T10:00", 0)):
        search = Search(Choice(since=moment(since, now)), tmp_path / "out")
        assert len(search.files([str(album)])) == count
    done = senga(album, "--filter", "posterize", "-o", tmp_path / "out", "--since", "yesterday")
    assert (done.returncode, b"2026-11-30" in done.stderr) == (2, True)
    assert senga(album, "--filter", "posterize", "-o", tmp_path / "out", "--since", "1h").returncode == 0
    assert len(results(tmp_path / "out")) == 5


def test_patterns_keep_the_structure_below_them(album: Path, tmp_path: Path) -> None:
    done = senga("in/**/[ae].png", "--filter", "posterize", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(results(tmp_path / "out")) == ["a.png", "trip/a.png", "trip/day 2/e.png"]
    done = senga("in/*.jpg", "--filter", "posterize", "-o", "out2", cwd=tmp_path)
    assert (done.returncode, b"Nothing fits" in done.stderr, (tmp_path / "out2").exists()) == (2, True, False)


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_lists_come_through_standard_input(album: Path, tmp_path: Path, end: bytes) -> None:
    data = end.join(os.fsencode(album / name) for name in ("a.png", "trip/d.png", "trip/day 2/e.png")) + end
    done = senga("-", "--filter", "posterize", "-o", tmp_path / "out", data=data)
    assert done.returncode == 0, done.stderr
    assert list(results(tmp_path / "out")) == ["a.png", "d.png", "e.png"]
    done = senga("-", "--filter", "posterize", "-o", tmp_path / "out2", "--base", album, data=data)
    assert list(results(tmp_path / "out2")) == ["a.png", "trip/d.png", "trip/day 2/e.png"]


def test_names_with_newlines_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    album = os.fsencode(tmp_path / "in")
    strange = [b"new\nline.png", b"byte\xff.png", "ü {stem} %d.png".encode(), b"-o.png"]
    for number, name in enumerate(strange):
        path = os.fsdecode(album + b"/f\xfe\n{ext}/" + name)
        paint(Path(path), number)
    done = senga(tmp_path / "in", "--filter", "posterize", "-o", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert names_in(Path(os.fsdecode(os.fsencode(tmp_path / "out") + b"/f\xfe\n{ext}"))) == set(strange)
    listed = b"\0".join(album + b"/f\xfe\n{ext}/" + name for name in strange)
    done = senga("-", "--filter", "posterize", "-o", tmp_path / "flat", data=listed)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "flat") == {*strange, b".senga"}
    assert senga("status", tmp_path / "out").returncode == 0


def test_templates_name_results(album: Path, tmp_path: Path) -> None:
    done = senga(album, "--filter", "posterize", "-o", f"{tmp_path}/out/{{filter}}/{{folder}}/{{stem}}-x{{ext}}")
    assert done.returncode == 0, done.stderr
    assert "posterize/trip/day 2/e-x.png" in results(tmp_path / "out")
    assert (tmp_path / "out" / ".senga").is_dir()
    done = senga(album, "--filter", "posterize", "-o", f"{tmp_path}/out/{{stom}}.png")
    assert (done.returncode, b"{folder}" in done.stderr) == (2, True)


def test_results_among_the_inputs_are_no_inputs(album: Path) -> None:
    for _ in range(2):
        assert senga(album, "--filter", "posterize", "-o", f"{album}/{{folder}}/{{stem}}-p{{ext}}").returncode == 0
        assert len(results(album)) == 12
    for _ in range(2):
        assert senga(album, "--filter", "posterize", "-o", album / "flat" / "{stem}{ext}").returncode == 2
        assert senga(album, "--exclude", "*-p.png", "--filter", "posterize", "-o", album / "out").returncode == 0
        assert len(results(album / "out")) == 6


def test_collisions_are_found_before_the_first_file(album: Path, tmp_path: Path) -> None:
    done = senga(album, "--filter", "posterize", "-o", f"{tmp_path}/out/{{stem}}{{ext}}")
    assert done.returncode == 2
    assert b"would both be written" in done.stderr
    assert not (tmp_path / "out").exists()
    done = senga(album, "--filter", "posterize", "-o", album)
    assert (done.returncode, b"sources are never overwritten" in done.stderr) == (2, True)


def test_links_in_circles_end(album: Path, tmp_path: Path) -> None:
    (album / "trip" / "up").symlink_to(album)
    (album / "self").symlink_to("self")
    (album / "self.png").symlink_to("self.png")
    outside = tmp_path / "outside"
    paint(outside / "z.png")
    (outside / "round").symlink_to(outside)
    (album / "more").symlink_to(outside)
    done = senga(album, "--filter", "posterize", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert b"self.png" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert len(results(tmp_path / "out")) == 7
    assert (tmp_path / "out" / "more" / "z.png").exists()


def test_second_pictures_go_by_template(album: Path, tmp_path: Path, strangers: Path) -> None:
    shutil.rmtree(album / "trip")
    for number, name in enumerate("ab"):
        paint(tmp_path / "hints" / f"{name}.png", number)
    words = [album, "--filter", "mixed", "--hints", "hints/{stem}.png", "-o", "out", "--json"]
    done = senga(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert ["c.png" in each["message"] for each in events(done) if each["event"] == "failed"] == [True]
    assert painted(tmp_path) == 2
    paint(tmp_path / "hints" / "a.png", 5)
    paint(tmp_path / "hints" / "c.png", 6)
    assert events(senga(*words, cwd=tmp_path))[-1]["done"] == 2
    assert events(senga(*words, "--resume", cwd=tmp_path))[-1]["skipped"] == 3
    assert events(senga("retry", tmp_path / "out", "--json"))[-1] == {
        "event": "end", "done": 0, "failed": 0, "skipped": 0, "interrupted": False,
    }  # fmt: skip


def test_second_pictures_lie_in_folders_of_the_same_structure(album: Path, tmp_path: Path, strangers: Path) -> None:
    """Two pictures of the same name have different hints, and each is shown in its own result."""
    for number, name in enumerate(("a.png", "b.png", "c.png", "trip/a.png", "trip/d.png")):
        paint(tmp_path / "hints" / name, 3 * number + 1)
    words = [album, "--filter", "mixed", "-o", "out", "--json", "--hints"]
    done = senga(*words, "hints/{folder}/{stem}.png", cwd=tmp_path)
    failed = [each["message"] for each in events(done) if each["event"] == "failed"]
    assert len(failed) == 1
    assert "hints/trip/day 2/e.png" in failed[0]
    for name in ("a.png", "trip/a.png"):
        made, wanted = (np.asarray(PIL.Image.open(tmp_path / each / name)) for each in ("out", "hints"))
        assert np.array_equal(made, wanted)
    paint(tmp_path / "hints" / "trip" / "a.png", 11)
    assert events(senga(*words, "hints/{folder}/{stem}.png", cwd=tmp_path))[-1]["done"] == 1
    done = senga(*words, "hints/{folded}/{stem}.png", cwd=tmp_path)
    assert (done.returncode, b"{folder}" in done.stderr) == (2, True)
    done = senga(album, "--filter", "mixed", "--hints", "in/{folder}/{stem}.png", "-o", "in", cwd=tmp_path)
    assert (done.returncode, b"also an input" in done.stderr) == (2, True)


# --- what is told ---


def test_a_dry_run_tells_and_writes_nothing(album: Path, tmp_path: Path) -> None:
    words = [album, "--filter", "posterize", "-o", tmp_path / "out", "--dry-run"]
    done = senga(*words)
    assert done.returncode == 0, done.stderr
    assert "6 to do" in done.stdout.decode()
    assert "about" in done.stdout.decode()
    assert not (tmp_path / "out").exists()
    assert senga(*words[:-1], "--limit", 4).returncode == 0
    before = {path: path.stat() for path in (tmp_path / "out").rglob("*")}
    told = events(senga(*words, "--json"))
    assert Counter(each["fate"] for each in told[:-1]) == {"keep": 4, "paint": 2}
    assert told[-1]["count"] == 2
    assert told[-1]["seconds"] > 0
    assert told[-1]["bytes"] == sum(each["bytes"] for each in told[:-1] if each["fate"] == "paint")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()} == {
        path: facts.st_mtime_ns for path, facts in before.items() if path.is_file()
    }


def test_one_bad_file_stops_no_other_and_is_told(album: Path, tmp_path: Path) -> None:
    (album / "bad.png").write_text("Dear diary")
    strange = album / os.fsdecode(b"bad\xff.png")
    strange.symlink_to("gone")
    done = senga(album, album / "gone.png", "--filter", "posterize", "-o", tmp_path / "out", "--json")
    assert done.returncode == 1
    told = events(done)
    assert told[-1] == {"event": "end", "done": 6, "failed": 3, "skipped": 0, "interrupted": False}
    failed = sorted(Path(each["input"]).name for each in told if each["event"] == "failed")
    assert failed == ["bad.png", "bad\udcff.png", "gone.png"]
    status = senga("status", tmp_path / "out", "--json")
    assert status.returncode == 1
    assert events(status)[-1] == {
        "event": "status", "waiting": 0, "working": 0, "done": 6, "failed": 3, "skipped": 0
    }  # fmt: skip
    strange.unlink()
    strange.write_bytes((album / "a.png").read_bytes())
    paint(album / "bad.png")
    done = senga("retry", "out", "--failed", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert events(done)[-1]["done"] == 2
    paint(album / "gone.png")
    assert senga("retry", tmp_path / "out").returncode == 0
    assert senga("status", tmp_path / "out").stdout.startswith(b"9 done, 0 failed")


def test_a_filter_that_ends_its_process_stops_no_other(album: Path, tmp_path: Path, strangers: Path) -> None:
    PIL.Image.new("RGB", (8, 8)).save(album / "black.png")
    done = senga(album, "--filter", "deadly", "-o", tmp_path / "out", "--jobs", 1)
    assert done.returncode == 1
    assert b"black.png: the process that painted it was ended" in done.stderr
    assert len(results(tmp_path / "out")) == 6


def test_fail_fast_stops(album: Path, tmp_path: Path) -> None:
    (album / "aa.png").write_text("Dear diary")
    done = senga(album, "--filter", "posterize", "-o", tmp_path / "out", "--fail-fast", "--jobs", 1)
    assert done.returncode == 1
    assert len(results(tmp_path / "out")) < 3
    (album / "aa.png").unlink()
    assert senga(album, "--filter", "posterize", "-o", tmp_path / "out", "--resume").returncode == 0
    assert len(results(tmp_path / "out")) == 6


@pytest.mark.parametrize(("words", "text"), [
    (["in"], "--filter or --recipe"),
    (["--filter", "posterize"], "Name the folders"),
    (["in", "--filter", "posterise"], "did you mean"),
    (["in", "--filter", "posterize", "--recipe", "x.toml"], "not both"),
    (["in", "--filter", "posterize", "--levels", "-3"], "--levels"),
    (["in", "--filter", "posterize", "--format", "exe"], "cannot write"),
    (["in", "--recipe", "gone.toml"], "gone.toml"),
    (["--resume"], "no ledger"),
    (["status"], "OUT"),
])  # fmt: skip
def test_wrong_usage_is_told_before_anything_is_made(album: Path, tmp_path: Path, words: list[str], text: str) -> None:
    done = senga(*words, *(["-o", "out"] if words != ["status"] else []), cwd=tmp_path)
    assert (done.returncode, text in done.stderr.decode()) == (2, True), done.stderr
    assert not (tmp_path / "out").exists()


# --- the ledger ---


def test_nothing_is_done_twice_and_what_changed_is_done_again(album: Path, tmp_path: Path, strangers: Path) -> None:
    words = [album, "--filter", "counted", "-o", tmp_path / "out"]

    def paintings(*more: object) -> int:
        before = painted(tmp_path)
        done = senga(*words, *more)
        assert done.returncode == 0, done.stderr
        return painted(tmp_path) - before

    assert paintings() == 6
    assert paintings() == 0
    assert paintings("--resume") == 0
    for path in album.rglob("*.png"):
        path.touch()
    assert paintings("--resume") == 0, "a date is no content"
    facts = (album / "a.png").stat()
    paint(album / "a.png", 9)
    os.utime(album / "a.png", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert paintings("--resume") == 1, "content counts, whatever the date says"
    (tmp_path / "out" / "b.png").unlink()
    assert paintings("--resume") == 1, "a result that is gone"
    paint(album / "new.png")
    assert paintings("--resume") == 1
    assert paintings("--resume", "--delay", "0.001") == 7, "another setting"
    assert paintings("--resume", "--delay", "0.001") == 0
    assert paintings("--overwrite", "replace", "--delay", "0.001") == 7, "all anew"
    assert paintings("--overwrite", "replace", "--delay", "0.001", "--resume") == 0
    metadata = strangers / "strange-1.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1", "Version: 2"))
    assert paintings("--resume", "--delay", "0.001") == 7, "another version"
    moved = album.rename(tmp_path / "moved")
    words[0] = moved
    assert paintings("--resume", "--delay", "0.001") == 0, "the same pictures elsewhere"
    (tmp_path / "out").rename(tmp_path / "out2")
    words[-1] = tmp_path / "out2"
    assert paintings("--resume", "--delay", "0.001") == 0, "the same results elsewhere"


def test_a_recipe_that_changed_is_done_again(album: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "chain.toml"
    words = [album, "--recipe", recipe, "-o", tmp_path / "out", "--json"]
    for levels, done in ((2, 6), (2, 0), (5, 6)):
        recipe.write_text(f'senga = 1\nname = "x"\n[[steps]]\nfilter = "posterize"\nsettings = {{levels = {levels}}}\n')
        assert events(senga(*words, "--resume"))[-1]["done"] == done
    recipe.unlink()
    assert events(senga("--resume", "-o", tmp_path / "out", "--json"))[-1]["skipped"] == 6


def test_what_others_put_there_or_changed_is_kept(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"precious")
    done = senga(album, "--filter", "posterize", "-o", out)
    assert (done.returncode, (out / "a.png").read_bytes()) == (1, b"precious")
    assert b"--overwrite" in done.stderr
    (out / "b.png").write_bytes(b"retouched")
    done = senga(album, "--filter", "posterize", "--levels", 7, "-o", out, "--resume")
    assert done.returncode == 1
    assert (out / "a.png").read_bytes() == b"precious"
    assert (out / "b.png").read_bytes() == b"retouched"
    assert senga(album, "--filter", "posterize", "-o", out, "--overwrite", "skip").returncode == 0
    assert senga(album, "--filter", "posterize", "-o", out, "--overwrite", "rename").returncode == 0
    assert (out / "a.png").read_bytes() == b"precious"
    assert (out / "a-1.png").exists()
    assert events(senga(album, "--filter", "posterize", "-o", out, "--overwrite", "rename", "--json"))[-1]["done"] == 0
    assert senga(album, "--filter", "posterize", "-o", out, "--overwrite", "replace").returncode == 0
    assert (out / "a.png").read_bytes() == (out / "a-1.png").read_bytes()


def test_a_result_under_another_name_is_made_again_there(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"precious")
    words = [album / "a.png", "--filter", "posterize", "-o", out, "--overwrite"]
    assert senga(*words, "rename").returncode == 0
    first = (out / "a-1.png").read_bytes()
    for choice in ("rename", "skip", "error"):
        paint(album / "a.png", 3 + len(choice))
        assert senga(*words, choice).returncode == 0
        assert (out / "a.png").read_bytes() == b"precious"
        assert (out / "a-1.png").read_bytes() != first
        first = (out / "a-1.png").read_bytes()
    assert len(results(out)) == 2


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_results_are_the_same_with_any_number_of_jobs(album: Path, tmp_path: Path, jobs: int) -> None:
    whole = tmp_path / "whole"
    assert len(list(face.batch(album, "sketch", whole, seed=3))) == 6
    assert senga(album, "--filter", "sketch", "--seed", 3, "-o", tmp_path / "out", "--jobs", jobs).returncode == 0
    assert results(tmp_path / "out") == results(whole)


def many(folder: Path, count: int) -> Path:
    for number in range(count):
        paint(folder / f"{number % 7}" / f"{number:03}.png", number)
    return folder


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_kills_at_any_moment_cost_nothing(tmp_path: Path, strangers: Path) -> None:
    album, out, luck = many(tmp_path / "in", 60), tmp_path / "out", random.Random(7)  # noqa: S311 - moments to kill at
    words = [REAL, "batch", str(album), "--filter", "counted", "--delay", "0.02", "-o", str(out), "--jobs", "2"]
    kills = 0
    while kills < 5:
        with subprocess.Popen([*words, "--resume"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            before, deadline = painted(tmp_path), time.monotonic() + 30
            while painted(tmp_path) == before and running.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(luck.uniform(0, 0.15))
            running.kill()
            kills += 1
    done = senga(*words[2:], "--resume", "--json")
    assert done.returncode == 0, [each for each in events(done) if each["event"] == "failed"]
    assert painted(tmp_path) <= 60 + 3 * kills, "what was done was done again"
    whole = tmp_path / "whole"
    assert senga(album, "--filter", "counted", "--delay", "0.02", "-o", whole).returncode == 0
    assert results(out) == results(whole)
    assert not list(out.rglob(".senga-*.tmp"))
    assert senga("status", out).stdout.startswith(b"60 done, 0 failed, 0 skipped, 0 in work, 0 waiting")


def test_a_result_that_was_written_but_not_noted_is_recognised(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert senga(album, "--filter", "posterize", "-o", out).returncode == 0
    whole = results(out)
    with sqlite3.connect(out / ".senga" / "ledger.sqlite") as base:
        base.execute(
            "UPDATE results SET state = 'working', written = NULL, written_facts = '' WHERE output < CAST('c' AS BLOB)"
        )
    (out / "b.png").write_bytes(b"of somebody else")
    done = senga(album, "--filter", "posterize", "-o", out, "--json")
    assert events(done)[-1] == {"event": "end", "done": 1, "failed": 1, "skipped": 4, "interrupted": False}
    assert results(out) == {**whole, "b.png": b"of somebody else"}


def test_two_batches_on_one_folder_share_the_work(tmp_path: Path, strangers: Path) -> None:
    album, out = many(tmp_path / "in", 40), tmp_path / "out"
    words = [SENGA, "batch", str(album), "--filter", "counted", "--delay", "0.05", "-o", str(out), "--jobs", "1"]
    running = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(2)]
    told = [each.communicate(timeout=120)[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], told
    assert painted(tmp_path) == 40
    assert len(results(out)) == 40


def test_another_batch_on_the_same_folder_says_so(album: Path, tmp_path: Path, strangers: Path) -> None:
    words = [REAL, "batch", str(album), "--filter", "counted", "--delay", "20", "-o", str(tmp_path / "out")]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as running:
        deadline = time.monotonic() + 30
        while not painted(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.05)
        done = senga(album, "--filter", "posterize", "-o", tmp_path / "out")
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    assert (done.returncode, f"process {running.pid}" in done.stderr.decode()) == (2, True), done.stderr
    assert senga(album, "--filter", "posterize", "-o", tmp_path / "out").returncode == 0


def test_damaged_foreign_and_newer_ledgers_are_told(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert senga(album, "--filter", "posterize", "-o", out).returncode == 0
    whole, file = results(out), out / ".senga" / "ledger.sqlite"
    good = file.read_bytes()

    def told(content: bytes) -> str:
        file.write_bytes(content)
        done = senga(album, "--filter", "posterize", "-o", out, "--resume")
        assert done.returncode in (1, 2)
        assert len(done.stderr.splitlines()) == 1
        assert file.read_bytes() == content, "it was touched"
        assert results(out) == whole
        assert senga("status", out).returncode in (1, 2)
        return done.stderr.decode()

    assert "is damaged" in told(b"What is this?" * 1000)
    assert "is damaged" in told(good[:5000])
    assert "is damaged" in told(good[: len(good) // 2] + bytes(len(good) - len(good) // 2))
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as base:
        base.execute("CREATE TABLE results (output TEXT)")
    assert "no ledger of Senga" in told(other.read_bytes())
    newer = bytearray(good)
    newer[60:64] = (99).to_bytes(4, "big")
    assert "newer Senga" in told(bytes(newer))
    file.write_bytes(good)
    assert senga(album, "--filter", "posterize", "-o", out, "--resume").returncode == 0
    file.unlink()
    assert senga(album, "--filter", "posterize", "-o", out, "--overwrite", "skip").returncode == 0


def test_what_ended_runs_left_is_swept_and_nothing_else(album: Path, tmp_path: Path) -> None:
    trip = tmp_path / "out" / "trip"
    trip.mkdir(parents=True)
    left, other = trip / ".senga-0123456789abcdef.tmp", trip / "mine.tmp"
    for path in (left, other):
        path.write_bytes(b"half")
    assert senga(album, "--filter", "posterize", "-o", tmp_path / "out").returncode == 0
    assert (left.exists(), other.exists()) == (False, True)


# --- from Python ---


def test_results_come_as_they_are_ready(album: Path, tmp_path: Path) -> None:
    found = face.batch(str(album), "posterize", tmp_path / "out", levels=2)
    first = next(found)
    assert (first.outcome, first.source, first.output) == ("done", album / "a.png", tmp_path / "out" / "a.png")
    assert list(results(tmp_path / "out")) == ["a.png"]
    found.close()  # type: ignore[attr-defined]
    again = list(face.batch([album], "posterize", tmp_path / "out", levels=2))
    assert Counter(each.outcome for each in again) == {"skipped": 1, "done": 5}
    with pytest.raises(SettingsError, match="strenth"):
        face.batch(album, "posterize", tmp_path / "out", options={"strenth": 1})
    with pytest.raises(SettingsError, match="levels"):
        face.batch(album, "posterize", tmp_path / "out", levels=-1)


def test_a_recipe_and_a_filter_are_taken_too(album: Path, tmp_path: Path) -> None:
    by_name = list(face.batch(album, "posterize", tmp_path / "a", levels=2))
    made = list(face.batch(album, face.make("posterize", levels=2), tmp_path / "b"))
    recipe = face.Recipe(steps=(face.Step(filter="posterize", settings={"levels": 2}),))
    chain = list(face.batch(album, recipe, tmp_path / "c"))
    assert {each.outcome for each in (*by_name, *made, *chain)} == {"done"}
    assert results(tmp_path / "a") == results(tmp_path / "b") == results(tmp_path / "c")


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    found = face.batch(many(tmp_path / "in", 360), "posterize", tmp_path / "out")
    tracemalloc.start()
    try:
        seen = [tracemalloc.get_traced_memory()[0] for each in found if each.outcome == "done"]
    finally:
        tracemalloc.stop()
    assert len(seen) == 360
    steps = np.diff(seen[60:])  # once Python makes room for more of the names that it keeps, whoever's they are
    assert steps.sum() - steps.max() < 300_000, "a picture alone has 576 bytes, and its facts have more"


def test_what_is_told_as_json_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    report = JsonReport()
    for number in range(10):
        report.progress(f"{number}.png", 0.5, "Painting")
        report.done(f"{number}.png", "out", 1.0) if number % 2 else report.failed(f"{number}.png", "no")
    assert report._last == {}
    assert len(capsys.readouterr().out.splitlines()) == 20


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A small disk, where the machine lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_stops_the_batch_and_loses_nothing(tmp_path: Path, full: Path) -> None:
    for number in range(12):
        paint(tmp_path / "in" / f"{number:02}.png", number, (120, 160))
    done = senga(tmp_path / "in", "--filter", "posterize", "--levels", 30, "-o", full / "out", "--jobs", 1)
    assert done.returncode == 1
    assert b"full" in done.stderr
    assert len(done.stderr.splitlines()) < 5
    half = results(full / "out")
    assert 0 < len(half) < 12
    subprocess.run(["mount", "-o", "remount,size=40m", str(full)], check=True)
    noted = Ledger(full / "out", make=False).counts()["done"]
    assert 0 < noted <= len(half), "a result that fitted may be one whose note did not: it is made again"
    done = senga("--resume", "-o", full / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert events(done)[-1]["skipped"] == noted
    whole = list(face.batch(tmp_path / "in", "posterize", tmp_path / "whole", levels=30))
    assert len(whole) == 12
    assert results(full / "out") == results(tmp_path / "whole")


def test_the_ledger_is_read_by_nobody_who_may_not(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no ledger"):
        Ledger(tmp_path / "nowhere", make=False)
    assert not (tmp_path / "nowhere").exists()


def test_python_and_the_command_line_have_the_same_defaults() -> None:
    defaults = click.Command("run", params=list(COMMON)).make_context("run", [__file__]).params
    assert {name: defaults[name] for name in OPTIONS} == OPTIONS
