"""What drafts of the filter ``anime`` save and lose, style by style: warm seconds, and how far they are from results.

    python benchmarks/drafts.py PHOTO...          # or a folder; by default those of examples/

Differences are means of 255 over all photographs, at their own size up to a megapixel. "Draft" has the draft form of a
style that has one; without one it is the style itself in bfloat16, where the processor has that.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

import senga
from senga import Image, Job
from senga.registry import plugins
from senga.visible import scaled

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SIDES = (300, 512)
REPEATS = 7
LARGEST = 1_000_000


def photos(names: list[str]) -> list[Image]:
    """The photographs, reduced where they are large."""
    paths = [Path(name) for name in names] or [EXAMPLES / "astronaut.png", EXAMPLES / "summer-palace.jpg"]
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    found = [picture for picture in map(senga.open, files) if isinstance(picture, Image)]
    return [small(picture) for picture in found]


def small(picture: Image) -> Image:
    """At most a megapixel."""
    share = min(1.0, (LARGEST / (picture.height * picture.width)) ** 0.5)
    return scaled(picture, round(picture.height * share), round(picture.width * share)) if share < 1 else picture


def painted(picture: Image, style: str, precision: str) -> Image:
    """By the filter, with two threads."""
    result = senga.apply("anime", picture, style=style, job=Job(precision=precision, threads=2))
    assert isinstance(result, Image)  # noqa: S101 - it paints pictures
    return result


def apart(picture: Image, style: str) -> float:
    """The mean difference of draft and result, of 255."""
    both = [painted(picture, style, precision).u8().astype(int) for precision in ("full", "draft")]
    return float(np.abs(both[0] - both[1]).mean())


def seconds(picture: Image, style: str, precision: str) -> float:
    """The median of warm pictures."""
    painted(picture, style, precision)
    turns = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        painted(picture, style, precision)
        turns.append(time.perf_counter() - start)
    return statistics.median(turns)


def main() -> None:
    """Print a line for each style."""
    given = photos(sys.argv[1:])
    squares = [scaled(given[0], side, side) for side in SIDES]
    heads = " ".join(f"{f'{precision} {side}':>11}" for side in SIDES for precision in ("full", "draft"))
    print(f"{'style':<16} {'draft form':<12} {'apart':>6} {heads}   (warm seconds, two threads)")
    store = plugins().store()
    for style in ("painted-comic", "hokusai", "evening"):
        form = store.load(style, draft=True).card.get("draft_of", "")
        times = [seconds(square, style, precision) for square in squares for precision in ("full", "draft")]
        middle = statistics.mean(apart(picture, style) for picture in given)
        print(f"{style:<16} {'yes' if form else 'none':<12} {middle:>6.2f} " + " ".join(f"{t:>11.3f}" for t in times))


if __name__ == "__main__":
    main()
