"""Frames a second of ``senga run anime`` with a film of 854 x 480: decoded, painted and encoded at the same time.

    python benchmarks/films.py
    python benchmarks/films.py --frames 200 --engine onnx

Whole commands with a short and a long film, in turns; "steady" is what each further frame takes, without the start.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from senga.image import Animation, Frame, Image

HEIGHT, WIDTH = 480, 854
SHORT = 10
SENGA = str(Path(sys.executable).with_name("senga"))


def frame(number: int) -> Image:
    """A camera that moves over something with grain."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    waves = np.stack([np.sin((x + 3 * number) / 37 + c) * np.cos((y - number) / 29 - c) for c in range(3)], axis=-1)
    return Image(np.clip(128 + 100 * waves + rng.normal(0, 6, waves.shape), 0, 255).astype(np.uint8))


def film(path: Path, count: int) -> Path:
    """So many frames, 25 a second."""
    Animation(lambda: (Frame(frame(i), 1 / 25) for i in range(count)), HEIGHT, WIDTH, count).save(path)
    return path


def seconds(source: Path, *options: str) -> float:
    """Of one command."""
    start = time.perf_counter()
    words = [SENGA, "run", "anime", str(source), "-o", str(source.with_name("painted.mp4")), "--overwrite", "replace"]
    subprocess.run([*words, *options], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--kinds", nargs="+", default=["draft", "full", "copied"], choices=["draft", "full", "copied"])
    given = parser.parse_args()
    kinds = {"draft": ("--precision", "draft"), "full": (), "copied": ("--strength", "0")}
    with tempfile.TemporaryDirectory() as folder:
        short, long = film(Path(folder, "short.mp4"), SHORT), film(Path(folder, "long.mp4"), given.frames)
        print(f"{'painted-comic, 854 x 480':<24} {'command s':>10} {'frames/s':>9} {'steady frames/s':>16}")
        for name in given.kinds:
            options = kinds[name]
            turns = [[seconds(each, "--engine", given.engine, *options) for each in (short, long)]
                     for _ in range(given.rounds)]  # fmt: skip
            start, whole = (statistics.median(column) for column in zip(*turns, strict=True))
            steady = (given.frames - SHORT) / (whole - start)
            print(f"{name:<24} {whole:>10.2f} {given.frames / whole:>9.2f} {steady:>16.2f}", flush=True)


if __name__ == "__main__":
    main()
