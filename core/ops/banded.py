"""Pictures worked on in bands of rows: little memory, cancellable, and equal pixels on any number of threads.

What a band is depends on the picture alone, never on the number of threads. Filters of OpenCV reflect at the sides of
a band; above and below it ``halo`` further rows are there, reflected (without the border row) at the picture's ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels, to_depth
from senga.job import Job

Plane = NDArray[np.float32]
First = TypeVar("First")
Second = TypeVar("Second")

SMALL = 40_000
"""Pixels from which on a second thread is worth its start."""
SAMPLES = 400_000
"""Pixels of a band, about: its float planes stay in the cache, and none takes long enough to keep a cancel waiting."""


def samples(pixels: Pixels) -> Plane:
    """A part of a picture as float32 in 0..1, the same numbers from bytes and from the same samples in 16 bits."""
    if pixels.dtype == np.float32:
        return pixels
    full = np.float32(255 if pixels.dtype == np.uint8 else 65535)
    values = pixels.astype(np.float32)
    np.divide(values, full, out=values)
    return values


def stored(values: Plane, out: Pixels) -> None:
    """Write float32 samples, clipped to 0..1, into a part of a picture of any depth."""
    if out.dtype == np.uint8:
        out[...] = cv2.convertScaleAbs(np.maximum(values, 0), alpha=255).reshape(values.shape)
    else:
        out[...] = to_depth(np.clip(values, 0, 1), out.dtype)


def parts_of(height: int, width: int, *, size: int = SAMPLES, halo: int = 0) -> list[slice]:
    """The rows of each band: about ``size`` pixels, or four times the halo; two bands of small pictures."""
    rows = max(1, size // max(1, width), 4 * halo)
    if height * width > SMALL:
        rows = min(rows, max(-(-height // 2), 2 * halo))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def with_halo(pixels: Pixels, rows: slice, halo: int) -> Pixels:
    """The rows and ``halo`` more above and below, reflected at the ends of the picture."""
    height, top, bottom = pixels.shape[0], rows.start - halo, rows.stop + halo
    if top >= 0 and bottom <= height:
        return pixels[top:bottom]
    return pixels[reflected(np.arange(top, bottom), height)]


def reflected(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Places beyond 0..count - 1 folded back inside, without repeating the border."""
    if count == 1:
        return np.zeros_like(places)
    folded = np.abs(places) % (2 * count - 2)
    return np.asarray(np.where(folded < count, folded, 2 * count - 2 - folded))


def each_band(work: Callable[[slice], None], parts: list[slice], job: Job) -> None:
    """Call ``work`` with each of the parts, in as many threads as the job allows, and tell the progress.

    Raises:
        Cancelled: by the painter; what had begun is finished before.
    """
    job.check()
    for count, _ in enumerate(_as_done(work, parts, job), start=1):
        job.progress(count / len(parts))


def _as_done(work: Callable[[slice], None], parts: list[slice], job: Job) -> Iterator[None]:
    if min(job.threads, len(parts)) <= 1:
        for part in parts:
            work(part)
            yield
        return
    with ThreadPoolExecutor(job.threads) as pool:
        running: set[Future[None]] = {pool.submit(work, part) for part in parts}
        try:
            while running:
                done, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                job.check()
                yield from (future.result() for future in done)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def windowed(
    work: Callable[..., Plane], planes: tuple[Plane, ...], halo: int, job: Job, *, size: int = SAMPLES
) -> Plane:
    """What ``work`` makes of planes, band by band, with ``halo`` rows more where the picture goes on.

    Args:
        work: from a band of each of the planes to one like that of the first.
        planes: of the same height and width.
        halo: rows that it sees above and below.
        job: told of the progress.
        size: pixels of a band, about.
    """
    result = np.empty_like(planes[0])

    def one(rows: slice) -> None:
        top = max(0, rows.start - halo)
        found = work(*(plane[top : rows.stop + halo] for plane in planes))
        result[rows] = found[rows.start - top :][: rows.stop - rows.start]

    each_band(one, parts_of(*result.shape[:2], size=size, halo=halo), job)
    return result


def together(first: Callable[[], First], second: Callable[[], Second], job: Job) -> tuple[First, Second]:
    """The results of both, made at the same time where the job has several threads.

    The second must tell no progress, which would run back and forth.
    """
    if job.threads <= 1:
        return first(), second()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        return first(), other.result()


def silent(job: Job) -> Job:
    """A job that tells no progress; it is cancelled like the other."""
    return replace(job, on_progress=lambda share, note: None)  # noqa: ARG005


def in_bands(pixels: Pixels, work: Callable[[Plane], Plane], halo: int, job: Job, *, size: int = SAMPLES) -> Pixels:
    """A picture of the same size and depth, made band by band.

    Args:
        pixels: (H, W, 3) in any depth.
        work: from (rows + 2 halo, W, 3) float32 to (rows, W, 3) or (rows, W, 1) float32.
        halo: rows that it needs above and below.
        job: told of the progress.
        size: pixels of a band, about.
    """
    result = np.empty_like(pixels, order="C")

    def one(rows: slice) -> None:
        stored(work(samples(with_halo(pixels, rows, halo))), result[rows])

    each_band(one, parts_of(*pixels.shape[:2], size=size, halo=halo), job)
    return result
