"""Draws the target of every photo once: `python -m training.pack --photos LIST --style NAME --out FOLDER`."""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2

from senga.interpreters import guard_children
from senga.neural.training.targets import STYLES, draw_target
from training.pictures import Picture, list_pictures, read_rgb, resize_long, write_rgb

GREY = 6.0
"""Photos whose channels differ less than this on average count as grey and are left out."""


def views(photo: Picture, small: int, large: int) -> list[Picture]:
    """The whole photo at a small size, and the middle of the photo at its full size where that is larger."""
    whole = [resize_long(photo, small)]
    height, width = photo.shape[:2]
    if max(height, width) < 1.4 * small:
        return whole
    top, left = max(0, (height - large) // 2), max(0, (width - large) // 2)
    return [*whole, photo[top : top + large, left : left + large]]


def is_grey(photo: Picture) -> bool:
    """Whether the photo has next to no colour."""
    signed = photo.astype(int)
    return bool((signed.max(-1) - signed.min(-1)).mean() < GREY)


def pack_one(path: Path, style: str, out: Path, small: int, large: int) -> int:
    """Writes photo and target of every view of one photo; returns their number."""
    cv2.setNumThreads(1)
    photo = read_rgb(path)
    if is_grey(photo):
        return 0
    chosen = views(photo, small, large)
    for number, view in enumerate(chosen):
        name = f"{path.parent.name}-{path.stem}-{number}"
        write_rgb(out / f"{name}.photo.png", view)
        write_rgb(out / f"{name}.target.png", draw_target(view, STYLES[style]))
    return len(chosen)


def main() -> None:
    """Packs a list of photos."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--style", choices=sorted(STYLES), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--small", type=int, default=576, help="long side of the whole view")
    parser.add_argument("--large", type=int, default=512, help="side of the full-size view")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    work = partial(pack_one, style=options.style, out=options.out, small=options.small, large=options.large)
    guard_children()
    with ProcessPoolExecutor(options.processes) as pool:
        print(sum(pool.map(work, list_pictures(options.photos))), "pairs")


if __name__ == "__main__":
    main()
