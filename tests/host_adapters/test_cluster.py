"""Batches on a cluster: real schedulers and workers of dask, which are killed while they work."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image
import pytest
from plug_ins import plug_in

import senga as face
from senga.backends import Crew, LostError, Site
from senga.errors import SettingsError
from senga.files.kinds import Kind
from senga.host_adapters.batch.attempt import Result
from senga.host_adapters.batch.belongings import Need, take
from senga.host_adapters.batch.far import View
from senga.host_adapters.batch.outputs import Target
from senga.host_adapters.batch.report import Quiet
from senga.host_adapters.batch.sharing import Sharing
from senga.host_adapters.cluster import crew as dask
from senga.host_adapters.cluster import hand
from senga.image import Animation, Frame, Image
from senga.testing import sample

pytest.importorskip("distributed", reason="the extra senga[cluster] is not installed")
BIN = Path(sys.executable).parent
LEFT_OVER = (".senga-*", "*/.senga-*", ".senga/.senga-*", ".senga/run-*")

STRANGE = """
import os, time
from pathlib import Path
import senga
from senga import Filter, hookimpl

class Slow(Filter):
    \"\"\"Inverts, and takes its time; every painting is noted with its process.\"\"\"
    name, title, summary = "slow", "Slow", "For tests."
    delay: float = senga.setting(0.2, "Seconds.", ge=0, le=60)
    palette: senga.File = senga.setting("", "A file.")
    hints: senga.Picture | None = senga.setting(None, "Hints.")
    style: senga.Model = senga.setting("", "A style.")
    def __call__(self, image, job):
        with open(os.environ["PAINTED"], "a") as log:
            log.write(f"{os.getpid()}\\n")
        until = time.monotonic() + self.delay
        while time.monotonic() < until:
            job.progress(0.5)
            time.sleep(0.02)
        if not image.pixels.any():
            os._exit(7)
        pixels = image.pixels if self.hints is None else self.picture("hints").pixels
        shade = len(Path(self.palette).read_bytes()) if self.palette else 255
        if self.style:
            shade = int(job.weights(self.style).arrays["shade"][0])
        return image.with_pixels(shade - pixels)

@hookimpl
def senga_filters():
    return [Slow]
"""


SECRET = """
import os
import numpy as np
from senga import Weights, hookimpl

@hookimpl
def senga_weights(model):
    if model == "secret":
        return Weights({"shade": np.array([float(os.environ["SHADE"])], np.float32)}, {"licence": "CC0-1.0"})
"""
"""Weights that only this machine has."""


@dataclass
class Cluster:
    """A scheduler and its workers, all of them reachable from this machine alone."""

    address: str
    room: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]

    def painters(self) -> list[int]:
        """The processes that painted, in the order of their paintings."""
        log = self.room / "painted"
        return [int(line) for line in log.read_text().splitlines()] if log.exists() else []

    def forget(self) -> None:
        (self.room / "painted").unlink(missing_ok=True)


def wait_until(reached: Callable[[], Any], seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.03)
    return found


@contextmanager
def cluster(room: Path, count: int, site: Path, **env: str) -> Iterator[Cluster]:
    """Start one, as a user would, and wait until all are at home; all of it is gone afterwards."""
    room.mkdir()
    path = os.pathsep.join([str(site), str(room / "versions")])
    told = {**os.environ, "PYTHONPATH": path, "SENGA_HOME": str(room / "home"), "PAINTED": str(room / "painted"), **env}
    told["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1"
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        command = [str(BIN / "dask"), *words, "--host", "127.0.0.1", "--no-dashboard"]
        with (room / f"{len(started)}.log").open("wb") as log:
            started.append(
                subprocess.Popen(command, env=told, stdout=log, stderr=log, cwd=room, start_new_session=True)
            )
        return started[-1]

    def told_by(number: int, text: str) -> str | None:
        found = re.search(text, (room / f"{number}.log").read_text(errors="replace"))
        return found and found[1]

    try:
        scheduler = start("scheduler", "--port", "0")
        address = wait_until(lambda: told_by(0, r"Scheduler at:\s+(tcp://\S+)"))
        words = ("worker", address, "--nthreads", "1", "--local-directory", str(room), "--memory-limit", "4GB")
        workers = [start(*words) for _ in range(count)]
        wait_until(lambda: all(told_by(number, "(Registered to)") for number in range(1, count + 1)))
        yield Cluster(address, room, scheduler, workers)
    finally:
        for process in started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plug-in that all machines have."""
    return plug_in(tmp_path_factory.mktemp("plug-in") / "site", STRANGE)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Cluster]:
    """A cluster with two workers, for all tests that leave it whole."""
    with cluster(tmp_path_factory.mktemp("two") / "room", 2, site) as found:
        yield found


@pytest.fixture(autouse=True)
def client(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same plug-in here, and a place for what is painted here."""
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PAINTED", str(tmp_path / "painted-here"))
    monkeypatch.chdir(tmp_path)


def command(*args: object) -> list[str]:
    return [str(BIN / "senga"), "batch", *map(str, args)]


def senga(*args: object, on: Cluster | None = None) -> subprocess.CompletedProcess[str]:
    more = ["--backend", "dask", "--scheduler", on.address] if on else []
    words = [os.environ["SENGA_WARM"], *command(*args, *more)[1:]]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


def paint(path: Path, number: int = 0, *, black: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((12, 16, 3), np.uint8) if black else np.roll(sample(12, 16).pixels, number, axis=1)
    PIL.Image.fromarray(pixels).save(path)
    return path


def album(folder: Path, count: int) -> Path:
    for number in range(count):
        paint(folder / f"{number % 3}" / f"{number:02}.png", number)
    return folder


def results(out: Path) -> Mapping[str, bytes]:
    found = sorted(path for path in out.rglob("*") if path.is_file() and ".senga" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def left_over(out: Path) -> list[Path]:
    return [path for pattern in LEFT_OVER for path in out.glob(pattern)]


# --- the same as on this machine ---


@pytest.mark.parametrize("way", [[], ["--send"]])
def test_a_cluster_gives_the_same_bytes(two: Cluster, tmp_path: Path, way: list[str]) -> None:
    source = album(tmp_path / "in", 5)
    (source / "broken.png").write_bytes(b"no picture")
    words = ["--filter", "sketch", "--strength", "0.7", "-o"]
    here = list(face.batch("in", "sketch", "here", options={"strength": 0.7}))
    there = senga("in", *words, "there", *way, on=two)
    assert there.returncode == 1
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert len(results(tmp_path / "there")) == 5
    assert (
        there.stderr
        == "".join(f"senga: {each.reason}\n" for each in here if each.reason) + "senga: 5 of 6 done, 1 failed\n"
    )
    assert not left_over(tmp_path / "there")
    paint(source / "broken.png")
    again = senga("in", *words, "there", "--json", *way, on=two)
    assert again.returncode == 0
    assert [each["input"] for each in map(json.loads, again.stdout.splitlines()) if each["event"] == "start"] == [
        "in/broken.png"
    ]
    assert len(results(tmp_path / "there")) == 6


@pytest.mark.parametrize("way", [[], ["--send"]])
def test_second_pictures_and_files_go_along(two: Cluster, tmp_path: Path, way: list[str]) -> None:
    for number, name in enumerate(("a", "b")):
        paint(tmp_path / "in" / f"{name}.png", number)
        paint(tmp_path / "hints" / f"{name}.png", 7 + number)
    (tmp_path / "palette.txt").write_bytes(b"x" * 200)
    hints = "hints/a.png" if way else "hints/{folder}/{stem}.png"
    words = ["--filter", "slow", "--delay", 0, "--palette", "palette.txt", "--hints", hints, "-o"]
    done = senga("in", *words, "there", *way, on=two)
    assert done.returncode == 0, done.stderr
    for name in ("a", "b"):
        shown = pixels_of(tmp_path / "hints" / ("a.png" if way else f"{name}.png"))
        assert np.array_equal(pixels_of(tmp_path / "there" / f"{name}.png"), np.uint8(200) - shown)


def test_numbered_files_and_films_come_back_whole(two: Cluster, tmp_path: Path) -> None:
    paint(tmp_path / "in" / "a.png")
    frames = [Frame(Image(np.full((16, 16, 3), shade, np.uint8)), 0.1) for shade in (10, 120, 230)]
    Animation(lambda: iter(frames), 16, 16, 3, 0).save(tmp_path / "in" / "b.webp")
    for name, words in {"shared": [], "sent": ["--send"]}.items():
        done = senga(
            "in", "--filter", "pins", "--sizes", "0.1, 0.2, 0.3", "-o", name, "--include", "a.png", *words, on=two
        )
        assert done.returncode == 0, done.stderr
        done = senga("in", "--filter", "posterize", "-o", f"{name}-film", "--include", "b.webp", *words, on=two)
        assert done.returncode == 0, done.stderr
    list(face.batch("in", "pins", "here", include=["a.png"], sizes=(0.1, 0.2, 0.3)))
    list(face.batch("in", "posterize", "here-film", include=["b.webp"]))
    assert list(results(tmp_path / "here")) == ["a-1.png", "a-2.png", "a-3.png"]
    assert results(tmp_path / "shared") == results(tmp_path / "sent") == results(tmp_path / "here")
    assert results(tmp_path / "shared-film") == results(tmp_path / "sent-film") == results(tmp_path / "here-film")


def test_weights_are_sent_once_to_each_worker_and_kept_by_their_digest(
    two: Cluster, tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album(tmp_path / "in", 4)
    own = plug_in(tmp_path / "own", SECRET, "secret")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(own)]))
    folder, told = (
        two.room / "home" / "cache" / "cluster",
        ["--filter", "slow", "--delay", 0, "--style", "secret", "-o"],
    )
    before = set(folder.glob("*.safetensors")) if folder.exists() else set()
    states = []
    for shade, out in (("240", "a"), ("240", "b"), ("230", "c")):
        monkeypatch.setenv("SHADE", shade)
        done = senga("in", *told, out, on=two)
        assert done.returncode == 0, done.stderr
        for name in results(tmp_path / out):
            assert np.array_equal(pixels_of(tmp_path / out / name), np.uint8(shade) - pixels_of(tmp_path / "in" / name))
        files = set(folder.glob("*.safetensors")) - before
        states.append({path.name: path.stat().st_ino for path in files})
    assert [len(state) for state in states] == [1, 1, 2]
    assert states[0] == states[1]
    assert folder.stat().st_mode & 0o077 == 0


def test_what_was_sent_is_what_it_is_said_to_be(private_home: Path) -> None:
    for need in (Need("a" * 64, ending=".txt"), Need("../x", ending=""), Need("a" * 64, ending="/../../x")):
        with pytest.raises(SettingsError):
            take(need, b"else")
    assert not [path for path in private_home.rglob("*") if path.is_file() and path.suffix == ".txt"]


# --- what dies ---


def test_a_worker_that_is_killed_costs_a_retry_and_no_picture(two: Cluster, tmp_path: Path) -> None:
    album(tmp_path / "in", 16)
    two.forget()
    words = command("in", "--filter", "slow", "-o", "out", "--backend", "dask", "--scheduler", two.address)
    with subprocess.Popen(words, stderr=subprocess.PIPE) as running:
        painters = wait_until(lambda: len(two.painters()) > 4 and two.painters())
        os.kill(painters[-1], signal.SIGKILL)
        assert running.wait(60) == 0, running.stderr
    assert len(results(tmp_path / "out")) == 16
    for name in results(tmp_path / "out"):
        assert np.array_equal(pixels_of(tmp_path / "out" / name), 255 - pixels_of(tmp_path / "in" / name))
    assert len(two.painters()) > 16
    assert set(two.painters()[-2:]) != {painters[-1]}
    assert not left_over(tmp_path / "out")


def pixels_of(path: Path) -> Any:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


def test_a_picture_over_which_workers_die_fails_alone(two: Cluster, tmp_path: Path) -> None:
    album(tmp_path / "in", 4)
    paint(tmp_path / "in" / "black.png", black=True)
    done = senga("in", "--filter", "slow", "--delay", 0, "-o", "out", on=two)
    assert done.returncode == 1
    assert re.search(r"black\.png: the process that painted it was ended", done.stderr)
    assert len(results(tmp_path / "out")) == 4
    assert not left_over(tmp_path / "out")


def test_ctrl_c_ends_it_soon_and_leaves_nothing(two: Cluster, tmp_path: Path) -> None:
    album(tmp_path / "in", 30)
    words = command(
        "in", "--filter", "slow", "--delay", 20, "-o", "out", "--backend", "dask", "--scheduler", two.address
    )
    two.forget()
    with subprocess.Popen(words, stderr=subprocess.PIPE, start_new_session=True) as running:
        wait_until(two.painters)
        started = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
        assert time.monotonic() - started < 15  # the paintings alone take twenty
    assert not results(tmp_path / "out")
    assert not left_over(tmp_path / "out")
    assert json.loads(senga("status", "out", "--json").stdout)["waiting"] == 30
    two.forget()
    done = senga("in", "--filter", "slow", "--delay", 0, "-o", "more", "--limit", 2, on=two)  # the workers are free
    assert (done.returncode, len(two.painters())) == (0, 2)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[Cluster]:
    """A cluster whose only worker says that it has another version of Senga; its scheduler may be killed."""
    room = tmp_path_factory.mktemp("other") / "room"
    with cluster(room, 1, site) as found:
        folder = room / "versions" / "senga-0.0.7.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: senga\nVersion: 0.0.7\n")
        yield found


def test_another_version_on_a_worker_is_told_before_anything_starts(other: Cluster, tmp_path: Path) -> None:
    album(tmp_path / "in", 2)
    done = senga("in", "--filter", "slow", "-o", "out", on=other)
    text = r"senga: The worker tcp://\S+ has Senga 0\.0\.7, and here is [\d.]+\. Nothing was begun\.\n"
    assert (done.returncode, bool(re.fullmatch(text, done.stderr))) == (2, True), done.stderr
    assert not results(tmp_path / "out")
    assert not other.painters()


def test_a_lost_scheduler_is_one_sentence_and_resume_goes_on(other: Cluster, two: Cluster, tmp_path: Path) -> None:
    album(tmp_path / "in", 12)
    shutil.rmtree(other.room / "versions")  # now it is of the right one
    other.forget()
    words = command("in", "--filter", "slow", "-o", "out", "--backend", "dask", "--scheduler", other.address)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as running:
        wait_until(lambda: len(other.painters()) > 3)
        other.scheduler.kill()
        _, told = running.communicate(timeout=60)
    sentence = (
        f"senga: The scheduler at {other.address} is lost; what is done is noted: start it again and add --resume."
    )
    assert (running.returncode, told.splitlines()[-1]) == (1, sentence)
    assert len(told.splitlines()) <= 2, told
    assert 0 < len(results(tmp_path / "out")) < 12
    assert not left_over(tmp_path / "out")
    two.forget()
    before = len(results(tmp_path / "out"))
    assert senga("--resume", "-o", "out", on=two).returncode == 0
    assert len(results(tmp_path / "out")) == 12
    assert len(two.painters()) == 12 - before


# --- what is wrong from the start ---


@pytest.mark.parametrize(("words", "sentence"), [
    (["--backend", "dask"], "Say with --scheduler where the cluster is, such as tcp://10.0.0.1:8786."),
    (["--scheduler", "tcp://127.0.0.1:9"], "--scheduler and --send are for another back end: name it"),
    (["--backend", "dusk"], "There is no back end “dusk”: did you mean “dask”?"),
    (["--backend", "dask", "--scheduler", "nonsense://x"], "“nonsense://x” is no address of a scheduler: they look"),
    (["--backend", "dask", "--scheduler", "tcp://127.0.0.1:1"], "There is no scheduler of dask at tcp://127.0.0.1:1 ("),
    (["--backend", "pool"], "Say with --scheduler how many processes there are to be."),
])  # fmt: skip
def test_a_wrong_place_is_one_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    paint(tmp_path / "in" / "a.png")
    done = senga("in", "--filter", "posterize", "-o", "out", *words)
    assert (done.returncode, done.stderr.startswith(f"senga: {sentence}")) == (2, True), done.stderr
    assert not results(tmp_path / "out")
    assert not left_over(tmp_path / "out")


def test_a_worker_that_does_not_see_the_folders_says_so(tmp_path: Path) -> None:
    (tmp_path / "out" / ".senga" / "x").mkdir(parents=True)
    folder, photo = tmp_path / "out" / ".senga" / "x", paint(tmp_path / "a.png")
    (folder / "here").write_text("token")
    size = photo.stat().st_size
    assert not View(folder, "token", (photo, size)).trouble()
    assert "does not see the folder" in View(folder, "another", None).trouble()
    assert "does not see the folder" in View(tmp_path / "elsewhere" / "a" / "b", "token", None).trouble()
    assert "does not see the picture" in View(folder, "token", (photo, size + 1)).trouble()
    assert "does not see the picture" in View(folder, "token", (tmp_path / "b.png", size)).trouble()


# --- the hook ---


def test_a_stranger_brings_a_back_end(tmp_path: Path) -> None:
    source = album(tmp_path / "in", 6)
    (source / "broken.png").write_bytes(b"no picture")
    words = ["in", "--filter", "slow", "--delay", 0, "-o"]
    done = senga(*words, "out", "--backend", "pool", "--scheduler", 2)
    assert (done.returncode, done.stderr.count("senga: in/broken.png: ")) == (1, 1)
    for name in results(tmp_path / "out"):
        assert np.array_equal(pixels_of(tmp_path / "out" / name), 255 - pixels_of(source / name))
    assert len(results(tmp_path / "out")) == 6
    assert not left_over(tmp_path / "out")


class Slack(Crew):
    """Does nothing for long, and counts."""

    def __init__(self) -> None:
        self.away: list[Future[Any]] = []
        self.most = 0
        self.stops = 0

    @property
    def room(self) -> int:
        return 3

    def submit(self, piece: Any) -> Future[Any]:
        found: Future[Any] = Future()
        self.away.append(found)
        self.most = max(self.most, sum(not each.done() for each in self.away))
        return found

    def look(self) -> None:
        for each in self.away:
            if not each.done():
                each.set_result("made")

    def stop(self) -> None:
        self.stops += 1

    def __exit__(self, *_: object) -> None:
        pass


class Counter:
    """A desk that makes nothing of every third input."""

    def piece(self, number: int, target: Any, count: int) -> Any:
        return Result("skipped") if number % 3 == 0 else number

    def result(self, target: Any, answer: Any) -> Result:
        return Result("done")


def test_only_so_many_are_away_and_inputs_are_taken_as_needed() -> None:
    taken, crew = [], Slack()
    target: Any = None

    def inputs() -> Iterator[tuple[int, Any]]:
        for number in range(90):
            taken.append(number)
            yield number, target

    done = 0
    for _ in Sharing(crew, Counter(), Quiet(), lambda: False).attempts(inputs(), 90):
        done += 1
        assert len(taken) <= done + crew.room + 1
    assert (done, crew.most) == (90, 3)


class Task:
    """A task of dask whose end the test decides."""

    def __init__(self, key: str) -> None:
        self.key, self.status, self.heard = key, "pending", list[Callable[[Any], None]]()

    def add_done_callback(self, heard: Callable[[Any], None]) -> None:
        self.heard.append(heard)

    def exception(self, timeout: float) -> BaseException:
        del timeout
        return RuntimeError("it broke")

    def end(self, status: str) -> None:
        self.status = status
        self.heard[0](self)


class Line:
    """A connection to two workers that know every batch."""

    status = "running"

    def __init__(self) -> None:
        self.tasks = list[Task]()

    def nthreads(self) -> dict[str, int]:
        return {"tcp://127.0.0.1:1": 1, "tcp://127.0.0.1:2": 1}

    def run(self, act: object, *_: object, workers: list[str] | None = None, **__: object) -> dict[str, Any]:
        return dict.fromkeys(workers or (), hand.Greeting()) if act is hand.greet else {}

    def submit(self, *_: object, key: str, **__: object) -> Task:
        self.tasks.append(Task(key))
        return self.tasks[-1]

    def gather(self, tasks: list[Task]) -> list[hand.Answer]:
        return [hand.Answer("tcp://127.0.0.1:1", b"made") for _ in tasks]

    def close(self, **_: object) -> None:
        """Nothing is open."""


def test_only_so_many_bytes_are_away_and_what_has_ended_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_MOST_BYTES", 100)
    line = Line()
    with dask.Crew(line, SimpleNamespace(key="k"), Site()) as crew:  # type: ignore[arg-type]
        assert crew.room == 4
        done = [crew.submit(b"x" * 60) for _ in range(2)]
        assert crew.room == 2, "both workers have one, and that is enough"
        for task, status in zip(list(line.tasks), ("finished", "error"), strict=True):
            task.end(status)
        assert done[0].result(timeout=20) == b"made"
        assert "it broke" in str(done[1].exception(timeout=20))
        done = [crew.submit(b"x") for _ in range(2)]
        assert crew.room == 4, "the large ones are no longer away"
        for task in line.tasks[2:]:
            task.end("finished")
        assert [each.result(timeout=20) for each in done] == [b"made"] * 2


def test_an_input_over_which_processes_die_is_tried_once_more() -> None:
    class Deadly(Slack):
        tried = 0

        def look(self) -> None:
            for each in self.away:
                if not each.done():
                    self.tried += 1
                    each.set_exception(BrokenExecutor()) if self.tried in (1, 2, 5, 6) else each.set_result("made")

    crew, target = Deadly(), Target(Path("a.png"), None, Kind())
    found = [
        result.outcome
        for _, result in Sharing(crew, Counter(), Quiet(), lambda: False).attempts(
            [(1, target), (2, target), (4, target), (5, target)], 4
        )
    ]
    assert sorted(found) == ["done", "done", "failed", "failed"]


def test_a_lost_back_end_ends_the_batch_with_its_sentence() -> None:
    class Lost(Slack):
        def look(self) -> None:
            raise LostError("The barge sank.")

    target: Any = None
    with pytest.raises(LostError, match="sank"):
        list(Sharing(Lost(), Counter(), Quiet(), lambda: False).attempts([(1, target)], 1))


def test_from_python(two: Cluster, tmp_path: Path) -> None:
    album(tmp_path / "in", 3)
    code = (
        "import senga\nif __name__ == '__main__':\n"
        f" for each in senga.batch('in', 'slow', 'out', delay=0.0, backend='dask', scheduler='{two.address}'):"
        " print(each.outcome, each.output)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert sorted(done.stdout.splitlines()) == [f"done out/{n}/0{n}.png" for n in range(3)], done.stderr
