"""How long colours take: a drawing of any size, with hints; first, and again after a hint has moved; nine suggestions.

python benchmarks/colorize.py            # 1 and 35 megapixels (A4 at 600 dpi)
python benchmarks/colorize.py 2.5        # megapixels
python benchmarks/colorize.py 2.5 --mode shaded
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import cv2
import numpy as np

import senga
from senga import Image


def drawing(height: int, width: int) -> tuple[Image, Image]:
    """Circles and petals with lines of 1/700 of the height, and a dot of colour in each, on a transparent layer."""
    rng, lines = np.random.default_rng(3), np.full((height, width), 255, np.uint8)
    hints = np.zeros((height, width, 4), np.uint8)
    line, dot = max(1, height // 700), max(1, height // 250)
    for x, y, radius in rng.random((160, 3)):
        centre = int(x * width), int(y * height)
        size = int((0.02 + 0.08 * radius) * width), int((0.03 + 0.05 * radius) * width)
        turn = float(rng.random() * 180)
        cv2.ellipse(lines, centre, size, turn, 4, 359, 0, line, cv2.LINE_AA)  # with a gap
        cv2.circle(hints, centre, dot, (*rng.integers(0, 256, 3).tolist(), 255), -1)
    return Image.of(lines), Image.of(hints)


def measure(megapixels: float, mode: str) -> None:
    """Print seconds and the peak of the process."""
    width = round((megapixels * 1e6 / 1.4142) ** 0.5)
    lines, hints = drawing(round(width * 1.4142), width)
    moved = Image(
        np.roll(hints.pixels, 5, axis=1), np.roll(hints.alpha, 5, axis=1) if hints.alpha is not None else None
    )
    other = Image.of(np.random.default_rng(0).integers(0, 256, (600, 800, 3)).astype(np.uint8))
    acts: list[tuple[str, dict[str, Any]]] = [
        ("first", {"hints": hints, "mode": mode}),
        ("a hint has moved", {"hints": moved, "mode": mode}),
        ("another picture", {"reference": other}),
        ("nine suggestions", {"mode": "automatic"}),
        ("one of them", {"mode": "automatic", "suggestion": 4}),
    ]
    for name, given in acts:
        started = time.perf_counter()
        senga.apply("colorize", lines, **given)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{megapixels:g} MP, {name}: {time.perf_counter() - started:.2f} s, peak {peak:.2f} GB", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    asked = words.pop() if words[-2:-1] == ["--mode"] else "hints"
    for size in [float(each) for each in words if each != "--mode"] or [1.0, 34.8]:
        measure(size, asked)
