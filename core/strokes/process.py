"""The drawing process: the same strokes, one after the other, as frames or as a strip of stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job

from . import paper
from .canvas import Canvas, canvas_bands
from .lines import fade
from .plan import StrokeOrder, Strokes, arrange, search, weigh
from .render import Scene, finish, full_outlines, in_threads

Grey = NDArray[np.uint8]

_LINES_FROM, _LINES_UNTIL = 0.02, 0.9
"""The outlines come in slowly between these shares of the work."""


@dataclass(frozen=True, eq=False)
class Process:
    """A scene and its strokes in drawing order."""

    scene: Scene
    strokes: Strokes

    def stops(self, count: int, by_area: bool = True) -> NDArray[np.int64]:
        """How many strokes are drawn in each of ``count`` stages: none in the first, all in the last.

        Args:
            count: number of stages.
            by_area: the drawn length grows evenly, otherwise the number of strokes.
        """
        total = len(self.strokes)
        if count < 2 or total == 0:
            return np.full(max(count, 1), total)
        if not by_area:
            return np.asarray(np.rint(np.linspace(0, total, count)), np.int64)
        work = np.cumsum(self._lengths())
        stops: NDArray[np.int64] = np.searchsorted(work, np.linspace(0, work[-1], count) * (1 - 1e-9)) + 1
        stops[0], stops[-1] = 0, total
        return stops

    def pictures(self, stops: NDArray[np.int64], job: Job) -> Iterator[Grey]:
        """The drawing after each number of strokes in ``stops``, which must not fall; the outlines fade in.

        The picture after all strokes is the drawing of ``render.draw``.
        """
        scene, easel = self.scene, _Easel(self.scene)
        outlines = full_outlines(scene)
        work = np.concatenate([[0], np.cumsum(self._lengths())])
        shading = paper.blank(scene.size, scene.settings.seed)
        for start, stop in pairwise([0, *stops.tolist()]):
            share = work[stop] / max(work[-1], 1)
            job.progress(float(share), "Drawing the process")
            easel.draw(self.strokes[start:stop], shading, job)
            strength = float(np.clip((share - _LINES_FROM) / (_LINES_UNTIL - _LINES_FROM), 0, 1))
            present = None if outlines is None else fade(outlines, strength)
            yield finish(scene, shading, present)

    def _lengths(self) -> NDArray[np.float64]:
        beyond = 2 * self.scene.bank.extension / self.scene.bank.unit
        return np.asarray(self.strokes["end"] - self.strokes["begin"] + beyond)


def plan(scene: Scene, order: StrokeOrder, job: Job) -> Process:
    """Find the strokes of a scene and put them in order."""
    count = len(scene.guide.angles)
    found: dict[int, Strokes] = {}

    def direction(index: int) -> Strokes:
        strokes = search(scene.guide, index, job)
        if order == "importance":
            weigh(scene.guide, strokes, index, job)
        return strokes

    def report() -> None:
        job.progress(len(found) / count, "Planning strokes")

    for index, strokes in in_threads(direction, range(count), job.threads, report):
        found[index] = strokes
    strokes = np.concatenate([found[index] for index in range(count)])
    return Process(scene, arrange(strokes, order, scene.settings.seed))


class _Easel:
    """The canvases of all directions, kept from frame to frame."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._canvases: dict[int, list[Canvas]] = {}

    def draw(self, strokes: Strokes, shading: Grey, job: Job) -> None:
        """Draw strokes on their canvases and darken ``shading``, in place."""
        for index in np.unique(strokes["direction"]).tolist():
            own = strokes[strokes["direction"] == index]
            for canvas in self._of(index):
                job.check()
                if canvas.draw(own):
                    canvas.lay(shading)

    def _of(self, index: int) -> list[Canvas]:
        if index not in self._canvases:
            bank = self._scene.bank
            turn = self._scene.guide.turn(index).scaled(self._scene.size, bank.unit)
            self._canvases[index] = [Canvas(turn, band, bank) for band in canvas_bands(turn, bank)]
        return self._canvases[index]


def strip(pictures: Iterator[NDArray[np.uint8]], count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Stages side by side on paper, in rows that make the whole about as wide as a page.

    Args:
        pictures: ``count`` pictures of ``size``, (H, W) or (H, W, 3).
        count: how many.
        size: (height, width) of one.
    """
    height, width = size
    gap = max(2, max(size) // 40)
    columns = _columns(count, height + gap, width + gap)
    rows = -(-count // columns)
    sheet: NDArray[Any] | None = None
    for index, picture in enumerate(pictures):
        if sheet is None:
            whole = rows * (height + gap) + gap, columns * (width + gap) + gap
            sheet = np.full((*whole, *picture.shape[2:]), 255, np.uint8)
        top, left = gap + index // columns * (height + gap), gap + index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    assert sheet is not None  # noqa: S101 - there is at least one stage
    return sheet


def _columns(count: int, height: int, width: int) -> int:
    """The number of columns, of those that leave no row half empty, that comes closest to a page of 3 : 2."""
    full = [n for n in range(1, count + 1) if count % n == 0 or count % n > n // 2]
    return min(full, key=lambda columns: abs(np.log(columns * width / (-(-count // columns) * height) / 1.5)))


def reduced(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture with its longer side at most ``side`` pixels; 0 keeps the size."""
    height, width = pixels.shape[:2]
    if side == 0 or max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
