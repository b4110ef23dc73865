"""Films are decoded, painted and encoded at the same time, in order, and what goes wrong goes wrong as before."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest

from senga import files
from senga.errors import Cancelled, WriteError
from senga.files.overlap import ahead, behind
from senga.image import Animation, Frame, Image

NAP = 0.15

Left = Callable[[], set[threading.Thread]]


class Log:
    """What was done, by which thread, from when to when."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[float, float]] = {}
        self.threads: set[int] = set()

    def work(self, name: str) -> None:
        began = time.monotonic()
        time.sleep(NAP)
        self.spans[name] = began, time.monotonic()
        self.threads.add(threading.get_ident())

    def overlap(self, one: str, other: str) -> bool:
        (begin, end), (begins, ends) = self.spans[one], self.spans[other]
        return max(begin, begins) < min(end, ends)


@pytest.fixture
def left() -> Left:
    """The threads that were begun in this test and live on; other tests' may, as those of runtimes do."""
    before = set(threading.enumerate())
    return lambda: set(threading.enumerate()) - before


def numbers(count: int, log: Log) -> Generator[int, None, None]:
    try:
        for number in range(count):
            log.work(f"make {number}")
            yield number
    finally:
        log.spans["closed"] = 0, 0


def test_the_next_thing_is_made_while_this_one_is_used() -> None:
    log = Log()
    found = []
    for number in ahead(numbers(4, log)):
        log.work(f"use {number}")
        found.append(number)
    assert found == [0, 1, 2, 3]
    assert log.overlap("use 1", "make 2")
    assert not log.overlap("use 1", "make 3")
    assert "closed" in log.spans


def test_who_stops_early_waits_for_nothing_more(left: Left) -> None:
    log = Log()
    things = ahead(numbers(100, log))
    assert next(things) == 0
    things.close()  # type: ignore[attr-defined] # it is a generator
    assert "closed" in log.spans
    assert len([name for name in log.spans if name.startswith("make")]) <= 2
    assert not left()


def test_what_their_making_raises_comes_in_its_place() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise Cancelled

    seen: list[int] = []
    with pytest.raises(Cancelled):
        list(map(seen.append, ahead(failing())))
    assert seen == [1, 2]


ABANDONED = """
import time
from senga.files.overlap import ahead
def things():
    for number in range(9):
        time.sleep(0.05)
        yield number
kept = ahead(things())
print(next(kept))
"""


def test_who_forgets_them_hears_nothing_at_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", ABANDONED], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("0\n", "", 0)


def test_one_is_taken_while_the_next_is_made() -> None:
    log = Log()
    taken: list[int] = []

    def take(number: int) -> None:
        log.work(f"take {number}")
        taken.append(number)

    with behind(take) as hand_over:
        for number in range(4):
            log.work(f"make {number}")
            hand_over(number)
    assert taken == [0, 1, 2, 3]
    assert log.overlap("take 1", "make 2")
    assert len(log.threads) == 2


def test_after_a_failure_nothing_more_is_taken() -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        taken.append(number)
        raise OSError("the disk is full")

    for count in (4, 1):
        taken.clear()
        with pytest.raises(OSError, match="full"):
            handed_over(take, count)
        assert taken == [0]


def handed_over(take: Callable[[int], None], count: int) -> None:
    with behind(take) as hand_over:
        for number in range(count):
            hand_over(number)


def test_where_the_making_fails_that_is_what_is_told(left: Left) -> None:
    def made() -> None:
        with behind(taken.append) as hand_over:
            hand_over(1)
            raise Cancelled

    taken: list[int] = []
    with pytest.raises(Cancelled):
        made()
    assert taken == [1]
    assert not left()


# ---- films


def film(count: int = 6, size: tuple[int, int] = (48, 64)) -> Animation:
    rng = np.random.default_rng(1)
    images = [Image(rng.integers(0, 255, (*size, 3), np.uint8)) for _ in range(count)]
    return Animation(lambda: (Frame(image, 0.1) for image in images), *size, count)


def test_frames_are_painted_where_they_always_were(tmp_path: Path, left: Left) -> None:
    threads = set()
    source = film()

    def frames() -> Generator[Frame, None, None]:
        for frame in source.frames():
            threads.add(threading.get_ident())
            yield frame

    files.write(Animation(frames, source.height, source.width, source.count), tmp_path / "film.mp4")
    assert threads == {threading.get_ident()}
    assert len(list(files.read(tmp_path / "film.mp4").frames())) == 6  # type: ignore[union-attr] # a film
    assert not left()


@pytest.mark.parametrize("error", [Cancelled(), ValueError("a filter")])
def test_what_painting_raises_reaches_the_host_and_leaves_no_file(tmp_path: Path, error: Exception) -> None:
    def frames() -> Generator[Frame, None, None]:
        yield from list(film().frames())[:3]
        raise error

    with pytest.raises(type(error)) as caught:
        files.write(Animation(frames, 48, 64, 6), tmp_path / "film.mp4")
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("at", [2, 5])
def test_a_frame_of_another_size_is_a_sentence(tmp_path: Path, at: int) -> None:
    images = [frame.image for frame in film().frames()]
    images[at] = Image(np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(WriteError, match="all have the same size"):
        files.write(Animation(lambda: (Frame(image, 0.1) for image in images), 48, 64, 6), tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []
