"""How much several workers lose against as many times one: pictures of a batch and frames of a film, on both engines.

    python benchmarks/throughput.py
    python benchmarks/throughput.py --workers 4 --frames 16 --rounds 3

One worker with one core works on so many pictures; then as many workers as there are cores on so many pictures each. If
nothing is lost, both take as long. Both runs are whole commands, with start and finish, in turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from senga.image import Animation, Frame, Image

SIDE = 512
SENGA = [str(Path(sys.executable).with_name("senga")), "run", "anime"]
ENGINES = {"onnx": "onnxruntime", "mindspore": "mindspore"}


def frame(number: int) -> Image:
    """A plain picture that moves."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    waves = [np.sin((x + 3 * number) / 37 + c) * np.cos((y - number) / 29 - c) for c in range(3)]
    pixels: NDArray[np.uint8] = np.clip(128 + 100 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8)
    return Image(pixels)


def batch(folder: Path, count: int) -> list[str]:
    """Pictures, and what to do with them."""
    folder.mkdir()
    names = [str(folder / f"{i:03}.png") for i in range(count)]
    for i, name in enumerate(names):
        frame(i).save(name)
    return [*names, "-o", str(folder / "painted-{stem}.jpg"), "--overwrite", "replace"]


def film(folder: Path, count: int) -> list[str]:
    """The same as a film."""
    folder.mkdir()
    path = folder / "film.mp4"
    Animation(lambda: (Frame(frame(i), 1 / 25) for i in range(count)), SIDE, SIDE, count).save(path)
    return [str(path), "-o", str(folder / "painted.mp4"), "--overwrite", "replace"]


def seconds(engine: str, workers: int, arguments: list[str]) -> float:
    """Of one command."""
    counts = ["--workers", str(workers), "--threads", str(workers)]
    cores = os.sched_getaffinity(0)
    start = time.perf_counter()
    os.sched_setaffinity(0, sorted(cores)[:workers])  # inherited; MindSpore takes all cores that it sees
    try:
        subprocess.run([*SENGA, "--engine", engine, *counts, *arguments], check=True, capture_output=True)
    finally:
        os.sched_setaffinity(0, cores)
    return time.perf_counter() - start


def losses(
    make: Callable[[Path, int], list[str]], engine: str, workers: int, count: int, rounds: int, folder: Path
) -> Iterator[tuple[float, float, float]]:
    """Seconds of one worker, of all, and the part that is lost, round by round."""
    alone, together = make(folder / "alone", count), make(folder / "together", count * workers)
    for _ in range(rounds):
        one, several = seconds(engine, 1, alone), seconds(engine, workers, together)
        yield one, several, 1 - one / several


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--frames", type=int, default=16, help="for each worker")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    print(f"{'':<18} {'1 worker s':>10} {f'{given.workers} workers s':>11} {'pictures/s':>11} {'lost':>6}")
    for engine in (name for name, package in ENGINES.items() if importlib.util.find_spec(package)):
        for make in (batch, film):
            with tempfile.TemporaryDirectory() as folder:
                runs = losses(make, engine, given.workers, given.frames, given.rounds, Path(folder))
                one, several, lost = (statistics.median(column) for column in zip(*runs, strict=True))
            rate = given.workers * given.frames / several
            name = f"{make.__name__}, {engine}"
            print(f"{name:<18} {one:>10.1f} {several:>11.1f} {rate:>11.2f} {lost:>6.0%}", flush=True)


if __name__ == "__main__":
    main()
