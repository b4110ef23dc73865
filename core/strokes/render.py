"""The whole way from a grey picture to a pencil drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.job import Job
from senga.ops.banded import together

from . import flow, lines, paper, tone
from .bank import PAPER, Bank, bank_of
from .brush import find
from .canvas import Canvas, canvas_bands
from .plan import Guide, Strokes, search
from .settings import PencilSettings

Grey = NDArray[np.uint8]

WIDEST_PLANNED = 8
"""Wider strokes are planned on a smaller picture, on which they are as wide as on one of a megapixel, or this wide."""


_CANVASES = 4
"""Directions that are drawn at the same time, at most: each needs memory for its canvas."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture ready to be drawn: what is known before the first stroke.

    Attributes:
        size: (height, width) of the drawing.
        guide: decides about strokes, at the planning size.
        outlines: the outlines at the planning size, 255 = no line, or None without edges.
        bank: the pixels of strokes.
        settings: what the painter chose.
    """

    size: tuple[int, int]
    guide: Guide
    outlines: Grey | None
    bank: Bank
    settings: PencilSettings


@dataclass(frozen=True, eq=False)
class Drawing:
    """A finished drawing.

    Attributes:
        strokes: the strokes in scan order, see ``plan.STROKE``.
        shading: (H, W) uint8, the strokes alone on paper.
        outlines: (H, W) uint8, what the shading was multiplied with; None without edges.
        result: (H, W) uint8, the drawing.
        curve: (256,) uint8, what the pressure made of each grey of the shading.
    """

    strokes: Strokes
    shading: Grey
    outlines: Grey | None
    result: Grey
    curve: Grey


def draw(grey: Grey, settings: PencilSettings, job: Job | None = None) -> Drawing:
    """Draw a picture with a pencil.

    Args:
        grey: (H, W) uint8.
        settings: what the painter chose; ``settings.FAITHFUL`` draws like the paper's program.
        job: told of the progress, may cancel, limits the threads, brings further brushes.

    Returns:
        The drawing; the same for the same settings on any number of threads.

    Raises:
        SettingsError: there is no such brush.
        Cancelled: the job was.
    """
    job = job or Job()
    scene = prepare(grey, settings, job.part(0, 0.4))
    strokes, shading = shade(scene, job.part(0.4, 0.95))
    outlines = full_outlines(scene)
    result = finish(scene, shading, outlines)
    job.progress(1, "Done")
    return Drawing(strokes, shading, outlines, result, pressure_curve(scene))


def prepare(grey: Grey, settings: PencilSettings, job: Job) -> Scene:
    """Find the directions, levels and outlines of a picture."""
    job.progress(0, "Looking at the tones")
    brush = find(settings.brush, job.brushes())
    size = (grey.shape[0], grey.shape[1])
    full_size = job.full_size or size
    width = settings.width_on(*full_size)
    planned = width if width <= WIDEST_PLANNED else min(max(round(settings.stroke_width), 4), WIDEST_PLANNED)
    unit = width / planned
    small = _reduce(grey, unit)
    small_full = tuple(max(1, round(side / unit)) for side in full_size) if unit > 1 else full_size
    whole = (small_full[0], small_full[1])
    once, turned = (0.0, settings.local_contrast) if settings.turned_contrast else (settings.local_contrast, 0.0)
    guide_grey = tone.guide(small, whole, settings.lightness, once)
    job.progress(0.1, "Finding directions")
    outlines, (angles, direction) = together(
        lambda: _outlines(small, whole, settings, job.part(0.1, 1)),
        lambda: _directions(small, whole, settings),
        job,
    )
    seed = settings.seed + (job.moment.number if job.moment and job.moment.boils else 0)
    guide = Guide(guide_grey, direction, angles, settings.levels, planned, seed, turned)
    extension = width if settings.hatching == "across" else 2 * width
    bank = bank_of(brush, width, unit, extension, settings.levels, settings.seed)
    return Scene(size, guide, outlines, bank, settings)


def _reduce(grey: Grey, unit: float) -> Grey:
    if unit <= 1:
        return grey
    size = [max(1, round(side / unit)) for side in grey.shape[::-1]]
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _directions(
    grey: Grey, full_size: tuple[int, int], settings: PencilSettings
) -> tuple[tuple[float, ...], NDArray[np.uint8]]:
    """The stroke angles, and the index of the angle of every pixel."""
    size = (grey.shape[0], grey.shape[1])
    if settings.hatching == "fixed":
        return (settings.stroke_angle(),), np.zeros(size, np.uint8)
    field = flow.tangents(grey, flow.field_size(size, full_size), settings.reach_of_forms, settings.smoothness)
    index = flow.direction_index(
        field,
        size,
        settings.directions,
        flat_angle=settings.stroke_angle() if settings.flat_areas == "angle" else None,
        turned=90.0 if settings.hatching == "across" else 0.0,
    )
    return tuple(flow.stroke_angles(settings.directions)), index


def _outlines(grey: Grey, full_size: tuple[int, int], settings: PencilSettings, job: Job) -> Grey | None:
    if settings.edges == 0:
        return None
    found = lines.line_map(grey, full_size, deepen=settings.deepen, contrast=settings.edge_contrast, job=job)
    return lines.strengthen(found, settings.edges)


def shade(scene: Scene, job: Job) -> tuple[Strokes, Grey]:
    """Draw all strokes, direction by direction, in any order: the darkest wins."""
    sheet, lock, pen = paper.blank(scene.size, scene.settings.seed), Lock(), Lock()
    count = len(scene.guide.angles)

    def direction(index: int) -> Strokes:
        strokes = search(scene.guide, index, job)
        turn = scene.guide.turn(index).scaled(scene.size, scene.bank.unit)
        for band in canvas_bands(turn, scene.bank) if len(strokes) else ():
            job.check()
            canvas = Canvas(turn, band, scene.bank)
            with pen:  # a loop of small steps holds the interpreter: two of them only get in each other's way
                canvas.draw(strokes)
            with lock:
                canvas.lay(sheet)
        return strokes

    found: dict[int, Strokes] = {}

    def report() -> None:
        job.progress(len(found) / count, "Drawing strokes")

    for index, strokes in in_threads(direction, range(count), min(job.threads, _CANVASES), report):
        found[index] = strokes
    return np.concatenate([found[index] for index in range(count)]), sheet


def full_outlines(scene: Scene) -> Grey | None:
    """The outlines at the size of the drawing."""
    outlines = scene.outlines
    if outlines is None or outlines.shape == scene.size:
        return outlines
    return np.asarray(cv2.resize(outlines, scene.size[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def finish(scene: Scene, shading: Grey, outlines: Grey | None) -> Grey:
    """Press harder, by the darkness that is set, and put the outlines on top."""
    drawing = np.asarray(cv2.LUT(shading, pressure_curve(scene)), dtype=np.uint8)
    return drawing if outlines is None else lines.multiply(drawing, outlines)


def pressure_curve(scene: Scene) -> Grey:
    """What pressing harder makes of each grey, (256,)."""
    value = np.arange(256)
    pressure = _pressure(scene.settings.darkness, scene.bank)
    pressed = np.where(value < PAPER, PAPER * (np.minimum(value, PAPER) / PAPER) ** pressure, value)
    return np.asarray(np.rint(pressed), np.uint8)


def _pressure(darkness: float, bank: Bank) -> float:
    """The exponent for a darkness: narrow strokes leave more paper between them and must be pressed harder.

    The factor makes even greys come out equal at the widths 3 to 40 (fitted at darkness 2).
    """
    return 1 + (darkness - 1) * bank.brush.pressure * (0.76 + 5.2 / bank.width**2)


Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int, heartbeat: Callable[[], None]
) -> Iterator[tuple[Item, Result]]:
    """The items with their results, as they get ready; ``heartbeat`` is called here every fifth of a second."""
    with ThreadPoolExecutor(max(1, threads)) as pool:
        running: dict[Future[Result], Item] = {pool.submit(work, item): item for item in items}
        try:
            while running:
                done, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
                heartbeat()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
