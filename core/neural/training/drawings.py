"""Drawings and their lines, of any folder of coloured pictures.

``NAME_colour.png`` beside ``NAME_line.png`` are a pair; every other picture gets lines as a pen without a network finds
them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.job import Job
from senga.ops.pen import pen

from .album import each_made, find_pictures, read_rgb

COLOUR, LINE = "_colour", "_line"
LARGEST = 640
"""Pixels of the longer side of pictures that are learned from."""
Bytes = NDArray[np.uint8]
Report = Callable[[float], None]
Say = Callable[[str], None]


def drawings(folder: Path) -> dict[Path, Path | None]:
    """The coloured pictures of a folder -> the pictures of their lines, as far as there are any."""
    paths = find_pictures(folder)
    known = set(paths)
    found: dict[Path, Path | None] = {}
    for path in paths:
        if path.stem.endswith(LINE) and path.with_stem(path.stem.removesuffix(LINE) + COLOUR) in known:
            continue
        beside = path.with_stem(path.stem.removesuffix(COLOUR) + LINE)
        found[path] = beside if path.stem.endswith(COLOUR) and beside in known else None
    return found


def read_drawing(colour: Path, line: Path | None) -> tuple[Bytes, Bytes]:
    """Its colours (H, W, 3) and its lines (H, W), dark on white; large ones are reduced.

    Raises:
        ReadError: a file cannot be read, or both are of different sizes.
    """
    picture = _reduced(read_rgb(colour))
    if line is None:
        inked = pen(picture.astype(np.float32) / np.float32(255), Job())
        return picture, np.asarray(255 - np.rint(255 * inked), np.uint8)
    drawn = _reduced(read_rgb(line))
    if drawn.shape != picture.shape:
        raise ReadError(f"“{line.name}” has not the size of “{colour.name}”.", line)
    return picture, np.asarray(drawn.min(axis=2))


def _reduced(picture: Bytes) -> Bytes:
    factor = LARGEST / max(picture.shape[:2])
    if factor >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def make_pairs(
    preset: Any,  # noqa: ARG001 - all families are called alike
    photos: Path,
    folder: Path,
    say: Say,
    report: Report | None = None,
) -> tuple[Path, Path]:
    """Both halves of all drawings as files of the same names and sizes; those that are there are kept.

    Args:
        preset: of the training.
        photos: a folder of coloured pictures.
        folder: where both halves go.
        say: what became of pictures that cannot be used.
        report: the share that is done.

    Returns:
        The folders of coloured pictures and of lines.

    Raises:
        SengaError: there are none, or the disk is full.
    """
    halves = folder / "coloured", folder / "lines"
    found = drawings(photos)
    bad = each_made(photos, found, halves, lambda colour: read_drawing(colour, found[colour]), report)
    if len(bad) == len(found):
        raise ReadError(f"None of the {len(found)} pictures in “{photos}” can be used.", photos)
    if bad:
        say(f"{len(bad)} picture(s) are left out, “{bad[0]}” first.")
    return halves
