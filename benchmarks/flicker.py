"""How much less films flicker with ``--steady``, and whether they stay sharp.

    python benchmarks/flicker.py                       # films of the folder that SENGA_SHARED names
    python benchmarks/flicker.py --filter anime --frames 20 --films clip.mp4 folder-of-frames

Each film is painted once. "Error" is the mean difference, in 255ths, between a frame and the last one warped along the
optical flow of the film, where nothing is hidden and no motion ends (Ruder et al. 2016): of the film itself, of the
painted film, of the steadied one. The flow is that of dense inverse search at full size and, as a second one, that of
Farnebäck. What steadies uses both kinds itself, in other settings, so neither is an independent judge. "Sharp" is the
variance of the Laplacian and the energy of the gradient, steadied against not. "ms" is what a frame takes to be
painted, and to be steadied.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

import senga
from senga.image import Animation, Image
from senga.steady import Steadier

SHARED = Path(os.environ.get("SENGA_SHARED", Path(__file__).parents[2] / "shared")) / "data"
FILMS = (
    *("bench/sintel", "video/cc0_lake_pan_640x360.mp4", "video/intel_people_in_aisle_480x270.mp4"),
    *("video/intel_two_heads_turning_480x270.mp4", "video/intel_woman_signing_640x480.mp4"),
    *("video/mdn_flower_sound_960x540.mp4", "video/tos_hard_cuts_sound_800x332.mp4"),
)
_SEEN = 0.3
"""Share of a frame that must be found in the last one; else there is a cut between them."""

Flow = Callable[[Any, Any], Any]


def frames(path: Path) -> Iterator[Image]:
    """Of a film, or of a folder with numbered pictures."""
    if path.is_dir():
        yield from map(Image.of, sorted(path.iterdir()))
        return
    yield from (frame.image for frame in cast("Animation", senga.open(path)).frames())


def searched(now: Any, before: Any) -> Any:
    """Dense inverse search."""
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(now, before, None)  # type: ignore[call-overload]


def farneback(now: Any, before: Any) -> Any:
    return cv2.calcOpticalFlowFarneback(now, before, None, 0.5, 5, 21, 5, 7, 1.5, 0)  # type: ignore[call-overload]


def warped(values: Any, flow: Any) -> Any:
    height, width = flow.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(values, np.dstack([columns, rows]) + flow, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def paths(film: list[Any], flow: Flow) -> list[tuple[Any, Any]]:
    """From each frame to the last: the flow, and where it can be relied on."""
    return [_path(*map(grey, pair), flow) for pair in zip(film[1:], film[:-1], strict=True)]


def _path(now: Any, before: Any, flow: Flow) -> tuple[Any, Any]:
    back, forth = flow(now, before), flow(before, now)
    returned, (height, width) = warped(forth, back), now.shape
    squares = (back**2).sum(2) + (returned**2).sum(2)
    x, y = (back[..., i] + np.indices((height, width))[1 - i] for i in (0, 1))
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    steep = sum((step**2).sum(2) for step in np.gradient(back, axis=(0, 1)))
    ends = steep > 0.01 * (back**2).sum(2) + 0.002
    return back, inside & ~ends & (((back + returned) ** 2).sum(2) <= 0.01 * squares + 0.5)


def grey(pixels: Any) -> Any:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def error(film: list[Any], found: list[tuple[Any, Any]]) -> float:
    """Mean difference to the last frame, warped."""
    wide = [pixels.astype(np.float32) for pixels in film]
    means = [
        float(np.abs(now - warped(before, flow))[seen].mean())
        for now, before, (flow, seen) in zip(wide[1:], wide[:-1], found, strict=True)
        if seen.mean() >= _SEEN
    ]
    return float(np.mean(means))


def sharpness(film: list[Any]) -> tuple[float, float]:
    """Variance of the Laplacian, and energy of the gradient."""
    planes = [grey(pixels).astype(np.float32) for pixels in film]
    steep = [(cv2.Sobel(p, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(p, cv2.CV_32F, 0, 1) ** 2).mean() for p in planes]
    return float(np.mean([cv2.Laplacian(p, cv2.CV_32F).var() for p in planes])), float(np.mean(steep))


def measure(path: Path, act: str, count: int) -> str:
    """One line of the table."""
    steadied, film, plain, steady, seconds = Steadier(), [], [], [], np.zeros(2)
    for image in islice(frames(path), count):
        marks = [time.perf_counter()]
        painted = senga.apply(act, image)
        marks.append(time.perf_counter())
        shown = steadied(image, painted)
        seconds += np.diff([*marks, time.perf_counter()])
        for pixels, kept in ((image.u8(), film), (painted.u8(), plain), (shown.u8(), steady)):
            kept.append(np.ascontiguousarray(pixels))
    own, other = paths(film, searched), paths(film, farneback)
    sharp = np.divide(sharpness(steady), sharpness(plain))
    errors = [error(each, own) for each in (film, plain, steady)]
    second = error(steady, other) / error(plain, other)
    told = [*errors, errors[2] / errors[1], second, *sharp, *(seconds / len(film) * 1000)]
    return f"{path.stem[:26]:<26}" + "".join(
        f"{value:>{width}.{digits}f}"
        for value, width, digits in zip(told, (6, 8, 8, 7, 11, 8, 9, 8, 8), (2, 2, 2, 2, 2, 3, 3, 0, 0), strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", nargs="+", type=Path, default=[SHARED / name for name in FILMS])
    parser.add_argument("--filter", default="anime")
    parser.add_argument("--frames", type=int, default=20)
    given = parser.parse_args()
    print(f"{given.filter:<26}  film painted  steady  ratio  Farnebäck   sharp gradient  paint  steady")
    for path in given.films:
        print(measure(path, given.filter, given.frames), flush=True)


if __name__ == "__main__":
    main()
