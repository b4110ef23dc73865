"""What is known of a film: its faces and heads, carried from frame to frame rather than found anew."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from senga.faces import Face, followed
from senga.faces.frame import Frame
from senga.faces.head import Head
from senga.faces.masks import SIDE, WIDE
from senga.files.video_pieces import LENGTH
from senga.image import Image
from senga.job import Job

from .face_settings import FaceSettings

LOOKED_FOR, ALONE = 8, 3
"""Frames after which new faces are looked for, where there are some and where there are none."""
CUT_OUT = 8
"""Frames after which heads are cut out anew."""
_FILMS = 4
"""Films that are remembered, as several may be painted by turns."""


@dataclass(frozen=True)
class Seen:
    """The faces of a frame with their heads, and how many frames ago each was found without a frame before."""

    faces: list[Face]
    heads: list[Head]
    faces_age: int = 0
    heads_age: int = 0


class Memory:
    """The last frames of films that are being painted.

    At the beginning of each piece of a film everything is found anew: so films that go on behind a piece have the same
    bytes as those that were never stopped.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: OrderedDict[tuple[int, ...], Seen] = OrderedDict()

    def seen(self, image: Image, act: FaceSettings, job: Job) -> Seen:
        """The faces of a frame or a still, and their heads.

        Args:
            image: the frame.
            act: the filter, which finds faces.
            job: of the host; which frame it is.
        """
        last = self._before(job) if act.follows else None
        found = self._anew(image, act, job) if last is None else _carried(image, last, act, job)
        if job.moment is not None:
            self._keep(image, job.moment.number, found)
        return found

    def _before(self, job: Job) -> Seen | None:
        moment = job.moment
        if moment is None or moment.before_source is None or moment.number % LENGTH == 0:
            return None
        with self._lock:
            return self._frames.get(_mark(moment.before_source, moment.number - 1))

    def _keep(self, image: Image, number: int, seen: Seen) -> None:
        with self._lock:
            self._frames[_mark(image, number)] = seen
            while len(self._frames) > _FILMS:
                self._frames.popitem(last=False)

    @staticmethod
    def _anew(image: Image, act: FaceSettings, job: Job) -> Seen:
        faces = act.faces_of(image, job.part(0, 0.8))
        return Seen(faces, [Head.of(image.u8(), face.points, job.part(0.8, 1)) for face in faces])


def _mark(image: Image, number: int) -> tuple[int, ...]:
    """What tells a frame from others."""
    some = np.ascontiguousarray(image.pixels[::7, ::5])
    return number, image.width, image.height, zlib.crc32(some.tobytes())


def _carried(image: Image, last: Seen, act: FaceSettings, job: Job) -> Seen:
    """The faces of the frame before, where they are now; others if it is time to look for them, or if one is lost."""
    assert job.moment is not None  # noqa: S101 - or there were no last ones
    assert job.moment.before_source is not None  # noqa: S101
    now = followed(image, job.moment.before_source, last.faces, job.part(0, 0.3))
    kept = [(face, head) for face, head in zip(now, last.heads, strict=True) if face is not None]
    faces, age = [face for face, _ in kept], last.faces_age + 1
    if len(kept) < len(now) or age >= (LOOKED_FOR if faces else ALONE):
        faces, age = faces + act.faces_of(image, job.part(0.3, 0.8), faces), 0
    is_due = last.heads_age + 1 >= CUT_OUT
    old = [head for _, head in kept]
    heads = [_head(image, face, old[n] if n < len(old) else None, is_due, job) for n, face in enumerate(faces)]
    return Seen(faces, heads, age, 0 if is_due else last.heads_age + 1)


def _head(image: Image, face: Face, old: Head | None, is_due: bool, job: Job) -> Head:
    """The head of a face: as it was cut out before, or the mean of that and of what is cut out now."""
    if old is not None and not is_due:
        return replace(old, matrix=Frame.of(face.points).matrix(SIDE, WIDE))
    new = Head.of(image.u8(), face.points, job.part(0.8, 1))
    return new if old is None else replace(new, planes=(old.planes + new.planes) / 2)
