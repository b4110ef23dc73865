"""Painting by example: seconds when all is ready, with compiled loops and in NumPy.

    python benchmarks/example.py             # style-blit at 1 megapixel on one core, at 12 on two
    python benchmarks/example.py synthesis   # guided-synthesis at a tenth of a megapixel, too

What an exemplar costs once (its guide and table) is told apart. The best of ``REPEATS`` turns counts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2

import senga
from senga.exemplars import chunks, votes
from senga.image import Image
from senga.job import Job
from senga.registry import plugins

REPEATS = 5
ROOT = Path(__file__).parents[1]


def picture(megapixels: float) -> Image:
    """A photograph in a size."""
    pixels = senga.open(ROOT / "examples" / "summer-palace.jpg").u8()
    factor = (megapixels * 1e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    return Image(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))


def best(act: Callable[[], Any], turns: int = REPEATS) -> float:
    """Seconds of the quickest turn."""
    found = []
    for _ in range(turns):
        started = time.perf_counter()
        act()
        found.append(time.perf_counter() - started)
    return min(found)


def tell(name: str, image: Image, threads: int, turns: int = REPEATS, **settings: Any) -> None:
    """A line for a filter."""
    cv2.setNumThreads(threads)
    act, started = plugins().make(name, settings), time.perf_counter()
    job = Job(threads=threads)
    job = replace(job, prepared=act.prepare(job))
    act(image, job)
    first = time.perf_counter() - started
    seconds = best(lambda: act(image, job), turns)
    size = image.height * image.width / 1e6
    print(f"{name} {settings or ''}: {size:.1f} MP, {threads} threads: {seconds:.3f} s (first {first:.2f} s)")


def main() -> None:
    """All lines."""
    one, twelve = picture(1), picture(12)
    tell("style-blit", one, 1)
    tell("style-blit", twelve, 2)
    tell("style-blit", twelve, 2, size_unit="pixels")
    if "synthesis" in sys.argv:
        tell("guided-synthesis", picture(0.1), 2, turns=1)
    chunks.kernels = votes.kernels = lambda: None  # type: ignore[assignment]  # as if numba were not there
    print("without compiled loops")
    tell("style-blit", one, 1)


if __name__ == "__main__":
    main()
