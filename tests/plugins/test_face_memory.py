"""What is remembered of films: how often faces are looked for, and when all begins anew."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from senga.faces import Face
from senga.image import Image
from senga.job import Job, Moment
from senga.plugins.example import face_memory
from senga.plugins.example.face_memory import ALONE, LENGTH, LOOKED_FOR, Memory
from senga.testing import sample

from .given_faces import frontal

FACE = Face.of_points(frontal() * 50 + 60, 0.9)
FRAMES = [Image(np.roll(sample(120, 120).pixels, number, axis=1)) for number in range(12)]


class Finds:
    """A filter that counts how often faces are looked for."""

    follows = True

    def __init__(self, *found: Face) -> None:
        self.found, self.calls = list(found), list[bool]()

    def faces_of(self, image: Image, job: Job, known: Sequence[Face] | None = None) -> list[Face]:
        self.calls.append(known is not None)
        return [] if known else self.found


def film(memory: Memory, act: Finds, first: int = 0, count: int = len(FRAMES)) -> list[Any]:
    seen = []
    for number in range(count):
        before = FRAMES[number - 1] if number or first else None
        moment = Moment(first + number, 99, before, before)
        seen.append(memory.seen(FRAMES[number], act, Job(moment=moment, threads=1)))  # type: ignore[arg-type]
    return seen


@pytest.fixture(autouse=True)
def goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_memory, "followed", lambda *given: list(given[2]))


def test_faces_are_looked_for_now_and_then() -> None:
    act = Finds(FACE)
    seen = film(Memory(), act)
    assert act.calls == [False, True], "at first anew, then for others only"
    assert [each.faces_age for each in seen[:10]] == [*range(LOOKED_FOR), 0, 1]
    assert all(len(each.faces) == len(each.heads) == 1 for each in seen)
    empty = Finds()
    film(Memory(), empty, count=2 * ALONE + 1)
    assert empty.calls == [False, True, True]


def test_a_lost_face_is_looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    act, memory = Finds(FACE), Memory()
    film(memory, act, count=2)
    monkeypatch.setattr(face_memory, "followed", lambda *_: [None])
    moment = Moment(2, 99, FRAMES[1], FRAMES[1])
    seen = memory.seen(FRAMES[2], act, Job(moment=moment, threads=1))  # type: ignore[arg-type]
    assert act.calls == [False, True]
    assert seen.faces == [FACE]


def test_pieces_of_films_begin_anew() -> None:
    act, memory = Finds(FACE), Memory()
    went_on = film(memory, act, LENGTH - 2, 4)
    assert act.calls == [False, False], "the first frame is not known, and a piece begins in the midst"
    assert [each.faces_age for each in went_on] == [0, 1, 0, 1]


def test_stills_and_landmarks_that_are_given_are_not_remembered() -> None:
    act, memory = Finds(FACE), Memory()
    for _ in range(2):
        memory.seen(FRAMES[0], act, Job(threads=1))  # type: ignore[arg-type]
    assert act.calls == [False, False]
    act.follows = False  # type: ignore[misc]
    film(memory, act, count=3)
    assert act.calls == [False] * 5


def test_heads_are_cut_out_now_and_then_and_go_along_between() -> None:
    seen = [each.heads[0] for each in film(Memory(), Finds(FACE), count=7)]
    assert seen[1].planes is seen[0].planes
    changes = [one.planes is not other.planes for one, other in pairwise(seen)]
    assert changes == [number % face_memory.CUT_OUT == 0 for number in range(1, 7)]
