"""The pencil sketch beside OpenCV's ``pencilSketch``: first call, warm call and peak memory, in one run.

    python benchmarks/sketch.py

The two alternate, so that a busy machine slows both; the ratio tells more than the seconds. Each first call and each
peak is measured in a process of its own. ``cv2.pencilSketch`` smooths an image and takes its
edges; it draws no strokes.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIZES = {"512 x 512": (512, 512), "1 MP": (816, 1225), "12 MP": (2828, 4243)}
REPEATS = {"512 x 512": 7, "1 MP": 5, "12 MP": 3}

PUBLISHED = (("225 x 225", 0.051, 32.1, 839), ("453 x 311", 0.141, 52.8, 676), ("1058 x 788", 0.834, 643.8, 800))
"""Size, megapixels, seconds and MB of the program published with the paper, on another machine with two cores."""


def picture(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8: a photograph where there is one, otherwise shades, edges, texture and grain."""
    shared = Path(os.environ.get("SENGA_SHARED", Path(__file__).parents[2] / "shared"))
    photo = cv2.imread(str(shared / "data" / "bench" / "pencil" / "house" / "input.png"))
    return cv2.resize(_synthetic() if photo is None else photo, (width, height), interpolation=cv2.INTER_CUBIC)


def _synthetic() -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:800, 0:1200] / 800
    planes = []
    for _ in range(3):
        coarse = rng.standard_normal((25, 38)).astype(np.float32)
        clouds = cv2.resize(coarse, (1200, 800), interpolation=cv2.INTER_CUBIC)
        plane = 0.55 + 0.15 * clouds + 0.1 * np.sin(90 * x * y) + 0.02 * rng.standard_normal(x.shape)
        plane[(x - 0.6) ** 2 + (y - 0.5) ** 2 < 0.06] *= 0.3
        planes.append(plane)
    return np.rint(255 * np.clip(np.dstack(planes), 0, 1)).astype(np.uint8)


def senga_sketch(pixels: np.ndarray) -> Any:
    from senga.image import Image
    from senga.job import Job
    from senga.plugins.sketch import Sketch

    return Sketch()(Image(pixels), Job())


def opencv_sketch(pixels: np.ndarray) -> Any:
    return cv2.pencilSketch(pixels)


PROGRAMS: dict[str, Callable[[np.ndarray], Any]] = {"senga": senga_sketch, "opencv": opencv_sketch}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first_call(program: str, size: str) -> dict[str, float]:
    """Seconds of the first call in this process, and the MB that it adds to what is loaded."""
    pixels = picture(*SIZES[size])
    loaded = _peak()
    start = time.perf_counter()
    PROGRAMS[program](pixels)
    return {"first": time.perf_counter() - start, "memory": _peak() - loaded}


def _in_own_process(program: str, size: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, program, size], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def rows() -> list[dict[str, Any]]:
    """One row per size: seconds and MB of both programs."""
    # A child's peak begins with what its parent held when it started: so these come before any picture is made here.
    alone = {size: {name: _in_own_process(name, size) for name in PROGRAMS} for size in SIZES}
    return [_row(size, alone[size]) for size in SIZES]


def _row(size: str, alone: dict[str, dict[str, float]]) -> dict[str, Any]:
    pixels = picture(*SIZES[size])
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for run in range(REPEATS[size] + 1):
        for name, program in PROGRAMS.items():
            start = time.perf_counter()
            program(pixels)
            if run > 0:
                seconds[name].append(time.perf_counter() - start)
    row: dict[str, Any] = {"size": size}
    for name, taken in seconds.items():
        row |= {f"{name}_{fact}": value for fact, value in alone[name].items()}
        row[f"{name}_warm"] = statistics.median(taken)
    row["ratio"] = row["senga_warm"] / row["opencv_warm"]
    return row


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(first_call(sys.argv[1], sys.argv[2])))
        return
    head = "first s", "warm s", "MB"
    print(f"{'':12}{'senga':>24}{'cv2.pencilSketch':>27}{'warm ratio':>13}")
    print(f"{'':12}" + "".join(f"{name:>8}" for name in head) + "   " + "".join(f"{name:>8}" for name in head))
    for row in rows():
        cells = ["".join(f"{row[f'{name}_{fact}']:8.2f}" for fact in ("first", "warm")) for name in PROGRAMS]
        memory = [f"{row[f'{name}_memory']:8.0f}" for name in PROGRAMS]
        print(f"{row['size']:12}{cells[0]}{memory[0]}   {cells[1]}{memory[1]}{row['ratio']:13.1f}")
    print("\nThe program published with the paper (its files with the same method, once, another machine):")
    for size, megapixels, seconds, memory_mb in PUBLISHED:
        print(f"  {size:12}{megapixels:6.2f} MP{seconds:8.1f} s{memory_mb:7} MB")


if __name__ == "__main__":
    main()
