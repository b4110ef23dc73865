"""Standard output carries data; whatever strangers print, and however they do it, goes to standard error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

SENGA = str(Path(sys.executable).with_name("senga"))

LOUD = """
import atexit, ctypes, os, subprocess, sys, threading, time
from pathlib import Path
from senga import Animation, Filter, Frame, Image, hookimpl

CLOCK = threading.Event()

def shout(where):
    print("PRINT", where)
    sys.stdout.write(f"WRITE {where}\\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"BUFFER\\n")
    sys.__stdout__.write("DUNDER\\n")
    sys.__stdout__.flush()
    os.write(1, b"DESCRIPTOR\\n")
    libc = ctypes.CDLL(None)
    libc.printf(b"NATIVE\\n")
    libc.fflush(None)
    subprocess.run(["echo", "CHILD"])

def forever():
    while not CLOCK.wait(0.01):
        print("THREAD")

shout("import")
threading.Thread(target=forever, daemon=True).start()
atexit.register(shout, "exit")
atexit.register(CLOCK.set)  # called first: threads that print when Python ends may break it

class Loud(Filter):
    name, title, summary = "loud", "Loud", "Prints."
    def __call__(self, image, job):
        shout("painting")
        for share in range(4):
            job.progress(share / 3)
            print("BETWEEN")
            time.sleep(0.06)
        return image

class Film(Loud):
    name = "loud-film"
    def __call__(self, image, job):
        def frames():
            for _ in range(2):
                shout("frame")
                yield Frame(image, 0.1)
        job.progress(1.0)
        return Animation(frames, image.height, image.width, 2)

@hookimpl
def senga_filters():
    shout("filters")
    return [Loud, Film]

@hookimpl
def senga_brushes():
    shout("brushes")
    return []

@hookimpl
def senga_weights(model):
    shout("weights")

@hookimpl(wrapper=True)
def senga_apply(filter):
    shout("before")
    result = yield
    shout("after")
    return result
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "loud-1.0.dist-info").mkdir(parents=True)
    (folder / "loud_plugin.py").write_text(LOUD)
    (folder / "loud-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n")
    (folder / "loud-1.0.dist-info" / "entry_points.txt").write_text("[senga]\nloud = loud_plugin\n")
    for name in ("a", "b"):
        Image.effect_noise((40, 30), 60).convert("RGB").save(tmp_path / f"{name}.png")
    return folder


def run(site: Path, *words: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(site), **more}
    done = subprocess.run([SENGA, *words], cwd=site.parent, env=env, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    assert b"PRINT import" in done.stderr
    assert b"THREAD" in done.stderr
    return done


@pytest.mark.parametrize("filter", ["loud", "loud-film", "sketch", "anime"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_picture_in_a_pipe_is_a_picture(site: Path, filter: str, unbuffered: str) -> None:  # noqa: A002
    kind = "gif" if filter == "loud-film" else "png"
    done = run(site, "run", filter, "a.png", "-o", "-", "--format", kind, PYTHONUNBUFFERED=unbuffered)
    with Image.open(io.BytesIO(done.stdout)) as picture:
        picture.load()
        assert picture.size == (40, 30)
    assert done.stdout.endswith(b"IEND\xaeB`\x82" if kind == "png" else b";")
    for said in (b"NATIVE", b"DESCRIPTOR", b"CHILD", b"BUFFER", b"DUNDER", b"WRITE exit"):
        assert said in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["run", "loud", "a.png", "-o", "out.png", "--json"],
        ["run", "loud", "a.png", "b.png", "-o", "out/", "--json", "--workers", "2"],
        ["run", "loud-film", "a.png", "-o", "out.gif", "--json"],
        ["list", "--json"],
        ["plugins", "list", "--json"],
        ["models", "list", "--json"],
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_every_line_is_json(site: Path, words: list[str]) -> None:
    lines = run(site, *words).stdout.decode().splitlines()
    facts = [json.loads(line) for line in lines]
    assert facts
    if words[0] == "run":
        assert facts[-1]["event"] == "end"
        assert facts[-1]["done"] == len([word for word in words if word in ("a.png", "b.png")])


def test_progress_is_told_from_within_a_filter(site: Path) -> None:
    lines = run(site, "run", "loud", "a.png", "-o", "out.png", "--json").stdout.decode().splitlines()
    assert [json.loads(line)["event"] for line in lines].count("progress") >= 1


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"], ["completion", "bash"]])
def test_what_cannot_be_written_is_said(words: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([SENGA, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "senga: standard output cannot be used: No space left on device.\n"


@pytest.mark.parametrize("command", ["list", "models list"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_fault(command: str, closed: str) -> None:
    done = subprocess.run(f"{SENGA} {command} {closed}", shell=True, capture_output=True, text=True)  # noqa: S602 - the test's own
    assert done.returncode == 0
    assert bool(done.stdout) == (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.parametrize("words", ["-o -", "-o b.png --json"])
def test_what_needs_a_stream_that_is_closed_is_refused_before_painting(words: str, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    command = f"{SENGA} run sketch a.png {words} >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)  # noqa: S602 - the test's own
    assert done.returncode == 2
    assert done.stderr == "senga: Standard output is closed: give -o a file, and leave out --json.\n"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".png"] == ["a.png"]


def test_who_reads_no_further_hears_nothing() -> None:
    done = subprocess.run(f"{SENGA} run --help | true; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",  # noqa: S602 - the test's own
                          capture_output=True, text=True)  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
