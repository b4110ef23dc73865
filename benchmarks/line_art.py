"""What `line-art` takes for a scan of A4 at 600 dpi, time and memory: ``python benchmarks/line_art.py [METHOD]``."""

from __future__ import annotations

import resource
import sys
import time

import cv2
import numpy as np

import senga
from senga.image import Image

SIZE = 7016, 4960


def scan() -> Image:
    """Pencil lines on grey paper with grain, 35 megapixels."""
    rng = np.random.default_rng(0)
    page = np.full(SIZE, 225, np.uint8)
    for _ in range(60):
        middle, axes = rng.integers(0, SIZE[::-1]).tolist(), rng.integers(200, 1500, 2).tolist()
        cv2.ellipse(page, middle, axes, float(rng.uniform(0, 180)), 0, 300, int(rng.integers(40, 150)), 9, cv2.LINE_AA)
    grain = rng.integers(-12, 13, SIZE, np.int8)
    return Image(np.repeat(cv2.add(page, grain, dtype=cv2.CV_8U)[:, :, None], 3, axis=2))


def main() -> None:
    """Once, after a small picture that loads everything."""
    method = sys.argv[1] if len(sys.argv) > 1 else "network"
    picture = scan()
    senga.apply("line-art", picture.crop(0, 0, 300, 300), method=method)
    began = time.perf_counter()
    senga.apply("line-art", picture, method=method)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{method}: {seconds:.1f} s, peak {peak:.2f} GiB with the scan and its making")


if __name__ == "__main__":
    main()
