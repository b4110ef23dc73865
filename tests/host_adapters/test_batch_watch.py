"""A folder under watch: real processes, and the looking alone in fast motion."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from days import live, missing

from senga.host_adapters.batch.inputs import Choice, Search
from senga.host_adapters.batch.watching import Watch
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]


def paint(path: Path, number: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.roll(sample(12, 16).pixels, number, axis=1)).save(path)
    return path


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert happened()


@contextmanager
def watched(*words: object) -> Iterator[subprocess.Popen[str]]:
    whole = [SENGA, "watch", *map(str, words), "--filter", "posterize", "--every", "0.2", "--jobs", "1"]
    with subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def test_new_pictures_are_painted_once_and_only_when_they_are_complete(tmp_path: Path) -> None:
    box, out = tmp_path / "in", tmp_path / "out"
    paint(box / "old.png")
    content = paint(tmp_path / "slow.png").read_bytes()
    with watched(box, "-o", out, "--json") as running:
        until(lambda: (out / "old.png").exists())
        paint(box / "deep" / "new.png", 3)
        with (box / "slow.png").open("wb") as stream:
            for byte in range(0, len(content), len(content) // 12):
                stream.write(content[byte : byte + len(content) // 12])
                stream.flush()
                time.sleep(0.1)
        until(lambda: (out / "slow.png").exists() and (out / "deep" / "new.png").exists())
        (box / "bad.png").write_text("Dear diary")
        time.sleep(1.5)
        running.send_signal(signal.SIGTERM)
        told = [json.loads(line) for line in running.stdout or ()]
        assert running.wait(30) == 0
        assert running.stderr is not None
        assert running.stderr.read() == ""
    done = [Path(each["input"]).name for each in told if each["event"] == "done"]
    assert sorted(done) == ["new.png", "old.png", "slow.png"]
    assert [Path(each["input"]).name for each in told if each["event"] == "failed"] == ["bad.png"]
    assert not list(out.rglob("*.tmp"))
    paint(box / "bad.png")
    with watched(box, "-o", out, "--json") as running:
        until(lambda: (out / "bad.png").exists())
        running.send_signal(signal.SIGINT)
        told = [json.loads(line) for line in running.stdout or ()]
        assert running.wait(30) == 0
    assert sum(each["event"] == "done" for each in told) == 1


def test_the_folder_may_go_away_and_come_back(tmp_path: Path) -> None:
    box, out = tmp_path / "in", tmp_path / "out"
    with watched(box, "-o", out) as running:
        time.sleep(2)
        paint(box / "a.png")
        until(lambda: (out / "a.png").exists())
        box.rename(tmp_path / "away")
        time.sleep(1)
        (tmp_path / "away").rename(box)
        paint(box / "b.png", 5)
        until(lambda: (out / "b.png").exists())
        shutil.rmtree(box)
        time.sleep(0.6)
        paint(box / "c.png", 6)
        until(lambda: (out / "c.png").exists())
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
        assert running.stderr is not None
        told = running.stderr.read().splitlines()
    assert "is not there" in told[0]
    assert all("is not there" in line for line in told[::2])
    assert all("is back" in line for line in told[1::2])


def test_results_that_would_meet_are_told_and_the_watch_goes_on(tmp_path: Path) -> None:
    box, out = tmp_path / "in", tmp_path / "out"
    for number, name in enumerate(("a/x.png", "b/x.png", "b/y.png")):
        paint(box / name, number)
    with watched(box, "-o", f"{out}/{{stem}}{{ext}}") as running:
        until(lambda: (out / "x.png").exists() and (out / "y.png").exists())
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
        assert running.stderr is not None
        assert "would both be written" in running.stderr.read()


def test_files_that_differ_in_their_endings_only_keep_their_results_when_watching_begins_anew(tmp_path: Path) -> None:
    box, out = tmp_path / "in", tmp_path / "out"
    paint(box / "x.png", 1)
    for number, name in enumerate(("x.webp", "y.png")):
        with watched(box, "-o", out, "--format", "png") as running:
            until(lambda: (out / "x.png").exists())
            paint(box / name, 2 + number)
            until(lambda name=name: (out / name.replace(".webp", "-webp.png")).exists())  # type: ignore[misc]
            running.send_signal(signal.SIGTERM)
            assert running.wait(30) == 0
    assert sorted(path.name for path in out.glob("*.png")) == ["x-webp.png", "x.png", "y.png"]


@pytest.mark.parametrize(("words", "text"), [
    ([], "FOLDER"),
    (["in", "-o", "out"], "--filter"),
    (["in", "--filter", "posterize"], "-o"),
    (["file.txt", "--filter", "posterize", "-o", "out"], "is no folder"),
])  # fmt: skip
def test_wrong_usage_is_told(tmp_path: Path, words: list[str], text: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    done = subprocess.run(
        [SENGA, "watch", *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, text in done.stderr) == (2, True), done.stderr


def test_days_of_events_in_fast_motion(tmp_path: Path) -> None:
    """Every content is given once, whatever comes, grows, is renamed, replaced or goes."""
    box, luck = tmp_path / "in", random.Random(5)  # noqa: S311 - events
    box.mkdir()
    told: list[str] = []
    watch = Watch((str(box),), lambda: Search(Choice(), tmp_path / "out"), told.append)
    given: list[tuple[str, bytes]] = []
    there: dict[str, bytes] = {}
    for step in range(600):
        changed = set()
        for _ in range(luck.randrange(4)):
            name = f"{luck.randrange(40)}.png"
            path = box / name
            match luck.randrange(5):
                case 0 | 1 | 2:
                    there[name] = f"{step} {luck.random()}".encode()
                    path.write_bytes(there[name])
                    changed.add(name)
                case 3 if name in there:
                    path.unlink()
                    del there[name]
                case 4 if name in there:
                    with path.open("ab") as stream:
                        stream.write(b"more")
                    there[name] += b"more"
                    changed.add(name)
        found = watch.look()
        assert not changed & {each.path.name for each in found}, "it was still being written"
        given += [(each.path.name, each.path.read_bytes()) for each in found]
    for _ in range(2):
        given += [(each.path.name, each.path.read_bytes()) for each in watch.look()]
    assert len(set(given)) == len(given)
    assert {name: content for name, content in given if there.get(name) == content} == there
    assert len(watch._given) <= 40
    assert told == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_four_days_are_painted_as_they_came_and_nothing_grows(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        clock, heard, said = live(tmp_path, days=4, every=600, rate=40, seed=3)
    finally:
        tracemalloc.stop()
    happened = clock.inbox.happened
    assert missing(tmp_path, clock.inbox) == []
    assert len(happened) == 9, "everything happens"
    assert len(heard.made) <= happened["arrived"] + happened["replaced"] + happened["renamed"], "once for each content"
    assert len(heard.refused) <= happened["spoilt"] + happened["stalled"], "once, however often its disk comes back"
    assert len(said) == 2 * happened["unmounted"]
    sizes, files = zip(*clock.used[1:], strict=True)
    assert statistics.median(after - before for before, after in itertools.pairwise(sizes)) < 40_000, sizes
    assert max(files) - min(files) <= 1


def test_a_place_without_its_disk_is_told_from_an_empty_folder(tmp_path: Path) -> None:
    box, said = tmp_path / "in", list[str]()
    paint(box / "a.png")
    watch = Watch((str(box),), lambda: Search(Choice(), tmp_path / "out"), said.append)
    assert [each.path.name for _ in range(3) for each in watch.look()] == ["a.png"]
    box.rename(tmp_path / "away")
    box.mkdir()
    assert [each.path.name for _ in range(3) for each in watch.look()] == []
    assert [("is empty and not the one from before" in text) for text in said] == [True]
    box.rmdir()
    (tmp_path / "away").rename(box)
    assert [each.path.name for _ in range(3) for each in watch.look()] == [], "it was given before"
    assert "is back" in said[1]
    (box / "a.png").unlink()
    assert watch.look() == []
    assert len(said) == 2, "an empty folder is no reason to say anything"
