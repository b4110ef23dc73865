"""What disks and others do to a batch: folders that may not be read, change or go away, films that are cut off."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest
from plug_ins import plug_in

import senga as face
from senga.errors import SettingsError
from senga.host_adapters.batch import obstacles
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]
REAL = str(Path(sys.executable).with_name("senga"))
"""For processes with fewer rights."""
MEEK = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Takes from root what others do not have either: to read what may not be read."""
HELD = """
import os, time
from senga import Filter, hookimpl

class Held(Filter):
    \"\"\"Inverts, as soon as it may.\"\"\"
    name, title, summary = "held", "Held", "For tests."
    def __call__(self, image, job):
        open(os.environ["HELD"], "w").close()
        while not os.path.exists(os.environ["HELD"] + "-go"):
            time.sleep(0.02)
        return image.with_pixels(255 - image.pixels)

@hookimpl
def senga_filters():
    return [Held]
"""


def paint(path: Path, number: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.roll(sample(12, 16).pixels, number, axis=1)).save(path)
    return path


def senga(*words: object, cwd: Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, REAL if before else SENGA, "batch", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=240)


def results(out: Path) -> dict[str, bytes]:
    """All files but the ledger."""
    found = sorted(path for path in out.rglob("*") if path.is_file() and ".senga" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert happened()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for number, name in enumerate(("a.png", "b.png", "c/d.png", "c/e.png", "f/g.png")):
        paint(tmp_path / "in" / name, number)
    return tmp_path / "in"


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A filter that waits over its first picture until the test lets it go."""
    monkeypatch.setenv("PYTHONPATH", str(plug_in(tmp_path / "site", HELD, "held")))
    monkeypatch.setenv("HELD", str(tmp_path / "held"))
    return tmp_path / "held"


@contextmanager
def running(held: Path, *words: object) -> Iterator[dict[str, Any]]:
    """A batch that has its first picture in work during the block; then it goes on, and what it told is there."""
    command = [SENGA, "batch", *map(str, words), "--filter", "held", "--jobs", "1", "--json"]
    told: dict[str, Any] = {}
    with subprocess.Popen(
        command, cwd=held.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            until(held.exists)
            yield told
            held.with_name("held-go").touch()
            out, told["stderr"] = process.communicate(timeout=60)
            told["events"] = [json.loads(line) for line in out.splitlines()]
            told["rc"] = process.returncode
        finally:
            process.kill()


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read everything here")
def test_what_may_not_be_read_or_written_is_told_and_the_rest_is_done(album: Path, tmp_path: Path) -> None:
    meek = () if os.geteuid() else tuple(MEEK)
    (album / "b.png").chmod(0)
    (album / "c").chmod(0)
    (album / "f").chmod(0o444)
    words = ["in", "--filter", "posterize", "-o", "out"]
    done = senga(*words, "--report", "r.html", cwd=tmp_path, before=meek)
    (album / "c").chmod(0o755)
    (album / "f").chmod(0o755)
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert len(told) == 4, told
    for name, text in (("in/b.png", "may not be read"), ("f/g.png", "may not be read"), ("“in/c”", "looked at")):
        assert sum(name in line and text in line for line in told) == 1, told
    assert "1 of 4 done, 3 failed" in told[-1]
    page = (tmp_path / "r.html").read_text()
    assert page.count('data-state="failed"') == 3
    assert "The folder “in/c” cannot be looked at" in page
    (tmp_path / "out").chmod(0o555)
    (tmp_path / "out" / ".senga").chmod(0o555)
    done = senga(*words, cwd=tmp_path, before=meek)
    (tmp_path / "out").chmod(0o755)
    (tmp_path / "out" / ".senga").chmod(0o755)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    (album / "b.png").chmod(0o644)
    assert "failed" not in {each.outcome for each in face.batch(album, "posterize", tmp_path / "out")}
    assert len(results(tmp_path / "out")) == 5


def test_inputs_that_change_while_it_runs_are_told(album: Path, held: Path) -> None:
    with running(held, "in", "-o", "out") as told:
        (album / "b.png").unlink()
        (album / "b.png").mkdir()
        shutil.rmtree(album / "c")
        paint(album / "f" / "g.png", 9)
        paint(album / "late.png")
        paint(album / "a.png", 8)
    assert (told["rc"], told["stderr"]) == (1, "")
    failed = {each["input"]: each["message"] for each in told["events"] if each["event"] == "failed"}
    assert list(failed) == ["in/a.png", "in/b.png", "in/c/d.png", "in/c/e.png"]
    assert "changed while it was read" in failed["in/a.png"]
    assert all(name in text for name, text in failed.items())
    shutil.rmtree(album / "b.png")
    assert senga("--resume", "-o", "out", cwd=held.parent).returncode == 0
    assert list(results(held.parent / "out")) == ["a.png", "f/g.png", "late.png"]
    for name in results(held.parent / "out"):
        source, result = (np.asarray(PIL.Image.open(held.parent / each / name)) for each in ("in", "out"))
        assert np.array_equal(source, 255 - result)


@pytest.mark.parametrize("place", ["gone", "an empty place"])
def test_results_go_nowhere_else_when_their_folder_goes_away(album: Path, held: Path, place: str) -> None:
    """A disk is unmounted: nothing may fill what lies below it, or count as done though nobody finds it."""
    out, away = held.parent / "out", held.parent / "away"
    with running(held, "in", "-o", "out") as told:
        out.rename(away)
        if place != "gone":
            out.mkdir()
    assert told["rc"] == 1
    assert told["stderr"].count("\n") == 1
    assert "is gone, with the ledger in it" in told["stderr"]
    assert not out.exists() or not list(out.iterdir())
    shutil.rmtree(out, ignore_errors=True)
    away.rename(out)
    if place == "gone":
        assert senga("--resume", "-o", "out", cwd=held.parent).returncode == 0
        assert list(results(out)) == list(results(album))


def write_film(path: Path, frames: int = 0) -> Path:
    """A film with as many frames, or with sound alone."""
    with av.open(str(path), "w") as film:
        if frames:
            stream = film.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for number in range(frames):
                film.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), "rgb24")))
            film.mux(stream.encode())
        else:
            sound = film.add_stream("aac", rate=44100)
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 44100
            film.mux(sound.encode(silence))
            film.mux(sound.encode())
    return path


def test_films_that_are_none_or_cut_off_are_told_and_made_again_when_they_are_whole(
    album: Path, tmp_path: Path
) -> None:
    write_film(album / "sound.mp4")
    whole = write_film(tmp_path / "whole.mkv", 200).read_bytes()
    (album / "half.mkv").write_bytes(whole[: len(whole) // 2])
    (album / "start.mp4").write_bytes(write_film(tmp_path / "whole.mp4", 20).read_bytes()[:900])
    (album / "empty.mov").write_bytes(b"")
    words = ["in", "--filter", "posterize", "-o", "out", "--exclude", "[cf]"]
    for _ in range(2):  # the second time tells the same, and not that something is in the way
        done = senga(*words, cwd=tmp_path)
        told = [line for line in done.stderr.splitlines() if "in/" in line]
        assert (done.returncode, len(told)) == (1, 4), done.stderr
        for name, text in (
            ("sound", "no moving picture"),
            ("half", "as far as it goes"),
            ("start", ""),
            ("empty", "0 b"),
        ):
            assert any(f"in/{name}." in line and text in line for line in told), told
    part = (tmp_path / "out" / "half.mp4").read_bytes()
    (album / "half.mkv").write_bytes(whole)
    assert {each.outcome for each in face.batch(album / "half.mkv", "posterize", tmp_path / "out")} == {"done"}
    assert len((tmp_path / "out" / "half.mp4").read_bytes()) > len(part)


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everything here")
def test_a_ledger_that_was_read_only_for_a_while_is_written_again(album: Path, tmp_path: Path) -> None:
    meek = () if os.geteuid() else tuple(MEEK)
    words = ["in/a.png", "--filter", "posterize", "-o", "out"]
    assert senga(*words, cwd=tmp_path, before=meek).returncode == 0
    ledger = tmp_path / "out" / ".senga" / "ledger.sqlite"
    ledger.chmod(0o444)
    done = senga(*words, cwd=tmp_path, before=meek)
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)
    ledger.chmod(0o644)
    done = senga(*words, cwd=tmp_path, before=meek)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in ledger.parent.iterdir()] == ["ledger.sqlite"]


def test_names_that_differ_in_case_only_meet_where_the_disk_overlooks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("one/a.png", "two/A.png", "two/É.png", "one/e\u0301.png")):
        paint(tmp_path / "in" / name, number)
    output = f"{tmp_path}/out/{{stem}}{{ext}}"
    monkeypatch.setattr(obstacles, "_tells_apart", lambda _: False)
    with pytest.raises(SettingsError, match=r"a\.png and .*A\.png would both be written to .*/A\.png"):
        face.batch(tmp_path / "in", "posterize", output)
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(obstacles, "_tells_apart", lambda _: True)
    assert {each.outcome for each in face.batch(tmp_path / "in", "posterize", output)} == {"done"}
