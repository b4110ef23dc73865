"""``senga run --workers``: several processes, the same pictures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from plug_ins import plug_in

from senga import files
from senga.image import Animation, Frame, Image
from senga.testing import sample

SENGA = os.environ["SENGA_WARM"]
REAL = str(Path(sys.executable).with_name("senga"))
"""For processes that are killed, or looked up."""

STRANGERS = """
import os, time
from senga import Filter, SengaError, hookimpl

class Slow(Filter):
    name, title, summary = "slow", "Slow", "Takes a minute."
    def __call__(self, image, job):
        for step in range(600):
            POLITE and job.progress(step / 600, "Waiting")
            time.sleep(0.1)
        return image

class Deadly(Filter):
    name, title, summary = "deadly", "Deadly", "Ends the process on black pictures."
    def __call__(self, image, job):
        if not image.pixels.any():
            os._exit(9)
        return image

class Where(Filter):
    name, title, summary = "where", "Where", "Paints the number of its first core and how many it has."
    def __call__(self, image, job):
        time.sleep(0.5)
        cores = sorted(os.sched_getaffinity(0))
        image.pixels[:] = cores[0], len(cores), job.threads
        return image

class Odd(SengaError):
    def __init__(self, first, second):  # so it does not survive the way to another process
        super().__init__(first + second)

class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")

class Stranger(BaseException):
    pass

def deeper():
    return deeper()

def exit():
    raise SystemExit("bye")

def raising(error):
    def act():
        raise error
    return act

TROUBLES = [exit, deeper, lambda: [][1], *map(raising, (
    MemoryError(), KeyboardInterrupt(), Mute(), Stranger("red [bold]"), Odd("it is ", "odd."), BrokenPipeError(32, "x"),
))]

class Rude(Filter):
    name, title, summary = "rude", "Rude", "Raises what the first pixel says."
    def __call__(self, image, job):
        number = int(image.pixels[0, 0, 0])
        if number < len(TROUBLES):
            TROUBLES[number]()
        return image

@hookimpl
def senga_filters():
    return [Slow, Deadly, Where, Rude]
"""


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "in"
    folder.mkdir()
    paths = [folder / f"photo{number}.png" for number in range(4)]
    for number, path in enumerate(paths):
        PIL.Image.fromarray(np.roll(sample(50, 70).pixels, 9 * number, axis=1)).save(path)
    return paths


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    return plug_in(tmp_path / "site", STRANGERS.replace("POLITE", "True"))


def senga(*args: object, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"PYTHONPATH": str(site)} if site else {})}
    words = [SENGA, "run", *map(str, args)]
    return subprocess.run(words, capture_output=True, check=False, text=True, env=env, timeout=120)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processes cannot be kept to cores here")
def test_workers_have_cores_of_their_own_where_there_are_enough(
    photos: list[Path], tmp_path: Path, strangers: Path
) -> None:
    there = len(os.sched_getaffinity(0))
    for threads, size in ((2, 2), (2 * there, 2), (there + 1, there + 1)):
        out = tmp_path / f"{threads}-{size}"
        done = senga("where", *photos, "-o", out, "--workers", size, "--threads", threads, site=strangers)
        assert done.returncode == 0, done.stderr
        found = {tuple(np.asarray(PIL.Image.open(path))[0, 0]) for path in out.iterdir()}
        enough = threads <= there
        assert {(count, share) for _, count, share in found} == {(1 if enough else there, threads // size)}
        assert len({first for first, _, _ in found}) == (size if enough else 1)


def test_a_batch_is_the_same_with_two_workers(photos: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "in" / "letter.png"
    bad.write_text("Dear reader")
    for size in (1, 2):
        done = senga("sketch", "--seed", 3, *photos, bad, "-o", tmp_path / f"out{size}", "--workers", size)
        assert done.returncode == 1
        trouble, total = done.stderr.splitlines()
        assert "letter.png" in trouble
        assert total == "senga: 4 of 5 done, 1 failed"
    for path in photos:
        assert (tmp_path / "out1" / path.name).read_bytes() == (tmp_path / "out2" / path.name).read_bytes()


def test_events_of_all_workers_are_told(photos: list[Path], tmp_path: Path) -> None:
    done = senga("sketch", *photos, "-o", tmp_path / "out", "--workers", 2, "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    for kind in ("start", "done"):
        assert sorted(event["input"] for event in events if event["event"] == kind) == sorted(map(str, photos))
    assert events[-1] == {"event": "end", "done": 4, "failed": 0, "skipped": 0, "interrupted": False}


def test_a_film_is_the_same_with_two_workers(tmp_path: Path) -> None:
    frames = [Frame(Image.of(np.roll(sample(40, 60).pixels, 5 * number, axis=0)), 0.1) for number in range(7)]
    Animation(lambda: iter(frames), 40, 60, len(frames)).save(tmp_path / "film.apng")
    for size in (1, 2):
        done = senga("color-pencil", tmp_path / "film.apng", "-o", tmp_path / f"out{size}.apng", "--workers", size)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out1.apng").read_bytes() == (tmp_path / "out2.apng").read_bytes()


def test_a_frame_that_fails_says_why(tmp_path: Path) -> None:
    frames = [Frame(Image.of(sample(20, 20).pixels), 0.1)] * 3
    Animation(lambda: iter(frames), 20, 20, 3).save(tmp_path / "film.apng")
    done = senga("drawing-process", tmp_path / "film.apng", "-o", tmp_path / "out.apng", "--workers", 2)
    assert done.returncode == 1
    assert "needs a single picture" in done.stderr
    assert not (tmp_path / "out.apng").exists()


def test_a_worker_that_dies_does_not_stop_the_others(photos: list[Path], strangers: Path, tmp_path: Path) -> None:
    black = tmp_path / "in" / "black.png"
    PIL.Image.new("RGB", (30, 20)).save(black)
    done = senga("deadly", black, *photos, "-o", tmp_path / "out", "--workers", 2, site=strangers)
    assert done.returncode == 1
    assert "black.png: the process that painted it was ended" in done.stderr
    assert {path.name for path in photos} == {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize("size", [1, 2])
def test_whatever_one_input_raises_the_others_are_painted(strangers: Path, tmp_path: Path, size: int) -> None:
    names = []
    for number in range(9):
        first, second = PIL.Image.new("RGB", (8, 8), (200, 0, 0)), PIL.Image.new("RGB", (8, 8), (number, 0, 0))
        names += [tmp_path / f"still{number}.png", tmp_path / f"film{number}.gif"]
        second.save(names[-2])
        Animation(lambda a=first, b=second: iter([Frame(Image.of(a)), Frame(Image.of(b))]), 8, 8, 2).save(names[-1])  # type: ignore[misc]
    good = tmp_path / "good.png"
    PIL.Image.new("RGB", (8, 8), (200, 0, 0)).save(good)
    done = senga("rude", *names, good, "-o", tmp_path / "out", "--workers", size, site=strangers)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == len(names) + 1
    assert all(str(name) in done.stderr for name in names)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]


@pytest.mark.parametrize("number", [0, 5, 7])
def test_whatever_a_frame_raises_in_a_worker_is_said(strangers: Path, tmp_path: Path, number: int) -> None:
    frames = [Frame(Image.of(np.full((8, 8, 3), shade, np.uint8))) for shade in (200, 190, number)]
    Animation(lambda: iter(frames), 8, 8, 3).save(tmp_path / "film.apng")
    done = senga("rude", tmp_path / "film.apng", "-o", tmp_path / "out.apng", "--workers", 2, site=strangers)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out.apng").exists()


def test_what_a_killed_run_leaves_is_swept_by_the_next(strangers: Path, tmp_path: Path) -> None:
    frames = [Frame(Image.of(np.full((8, 8, 3), shade, np.uint8))) for shade in (200, 190)]
    Animation(lambda: iter(frames), 8, 8, 2).save(tmp_path / "film.gif")
    env = {**os.environ, "PYTHONPATH": str(strangers)}
    words = [REAL, "run", "slow", str(tmp_path / "film.gif"), "-o"]
    out = tmp_path / "out"
    for name in ("a.gif", "a-%d.png"):
        with subprocess.Popen([*words, str(out / name)], env=env, stderr=subprocess.DEVNULL) as running:
            deadline = time.monotonic() + 20
            out.mkdir(exist_ok=True)
            while len(list(out.iterdir())) < 1 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert len(list(out.iterdir())) == 1
            other = senga("where", tmp_path / "film.gif", "-o", out / "other.gif", site=strangers)
            assert other.returncode == 0
            assert len(list(out.glob(".senga-*.tmp"))) == 1, "a run that is at work was disturbed"
            running.kill()
        words_again = ["where", tmp_path / "film.gif", "-o", out / "other.gif", "--overwrite", "skip"]
        assert senga(*words_again, site=strangers).returncode == 0
        (out / "other.gif").unlink()
        assert list(out.iterdir()) == []


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
        except OSError:
            continue
        if int(status.rpartition(")")[2].split()[1]) == pid:
            found.append(int(folder.name))
    return found


def _busy_workers(pid: int) -> list[int]:
    """The processes of a crew, a moment after both workers are there (a third process keeps count of semaphores)."""
    deadline = time.monotonic() + 20
    while len(found := _children(pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    assert len(found) >= 3
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize(("polite", "sign"), [(True, signal.SIGINT), (False, signal.SIGINT), (False, signal.SIGKILL)])
def test_no_worker_outlives_its_crew(
    photos: list[Path], strangers: Path, tmp_path: Path, polite: bool, sign: signal.Signals
) -> None:
    (strangers / "strange_filters.py").write_text(STRANGERS.replace("POLITE", str(polite)))
    out = tmp_path / "out"
    words = [REAL, "run", "slow", *map(str, photos), "-o", f"{out}/", "--workers", "2", "--json"]
    env = {**os.environ, "PYTHONPATH": str(strangers)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as running:
        assert running.stdout is not None
        assert b"start" in running.stdout.readline()
        workers = _busy_workers(running.pid)
        asked = time.monotonic()
        running.send_signal(sign)
        running.wait(timeout=30)
        if sign == signal.SIGINT:
            assert time.monotonic() - asked < 10  # of a minute, on a busy machine
            assert running.returncode == 130
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
        assert not list(out.glob("*"))


@pytest.fixture
def outdated(tmp_path: Path) -> Path:
    """A folder with a runtime that is too old."""
    package = tmp_path / "outdated" / "openvino"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '2020.1'\n")
    return package.parent


@pytest.fixture
def film(photos: list[Path]) -> Path:
    frames = [np.asarray(PIL.Image.open(path)) for path in photos]
    made = Animation(lambda: (Frame(Image(each), 0.1) for each in frames), 50, 70, 4)
    files.write(made, photos[0].with_name("film.webp"))
    return photos[0].with_name("film.webp")


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="nothing else would paint")
@pytest.mark.parametrize("size", [1, 2])
def test_a_notice_about_a_runtime_is_given_once_by_all_workers(
    size: int, photos: list[Path], film: Path, outdated: Path, tmp_path: Path
) -> None:
    for sources in (photos, [film]):
        out = tmp_path / f"painted-{len(sources)}"
        done = senga("anime", *sources, "-o", f"{out}/", "--workers", size, "--threads", size, site=outdated)
        assert done.returncode == 0, done.stderr
        assert len(list(out.iterdir())) == len(sources)
        notices = [line for line in done.stderr.splitlines() if "2020.1 is too old" in line]
        assert len(notices) == 1
        assert notices[0].startswith("senga: OpenVINO")


@pytest.mark.parametrize("size", [1, 2])
def test_what_is_wrong_with_each_input_is_told_of_each(size: int, photos: list[Path], tmp_path: Path) -> None:
    odd = [tmp_path / folder / "odd.png" for folder in ("first", "second")]
    for path in odd:
        path.parent.mkdir()
        PIL.Image.open(photos[0]).save(path, icc_profile=b"no profile" * 20)
    done = senga("sketch", *odd, "--workers", size)
    told = [line for line in done.stderr.splitlines() if "colour profile" in line]
    assert len(told) == 2, done.stderr
    assert all(line.startswith("senga: ") for line in told)
