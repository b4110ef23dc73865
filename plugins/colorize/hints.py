"""Hints: where a painter has put which colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.cutouts import on_white
from senga.errors import SengaError, SettingsError
from senga.image import Image, to_depth
from senga.job import Job
from senga.ops import bands
from senga.settings import rgba

NO_HINTS = "There are no hints: put dots of colour on a transparent layer and choose it as hints, or give points."
EMPTY = "The layer with the hints is empty: put a dot of colour into every region."
_MOST = 64
"""Colours of a hint layer up to which each is taken as it is; more are those of soft brushes or JPEG."""
_OPAQUE = 128
"""Of 255: the alpha from which on a hint counts."""
_SEEN = 16
"""Of 255: the alpha of fainter ones, which count where nothing around them is more opaque: dots of reduced pictures."""
_WHITE = 250
"""Of 255: lighter pixels of an opaque hint picture are its paper."""
_RIPPLE = 215
"""Of 255: the same where colours are those of JPEG, whose white is uneven round strokes."""
_SAME = 24
"""Of 255: so near to the drawing the colours of an opaque hint picture are the drawing itself."""


@dataclass(frozen=True, eq=False)
class Palette:
    """The colours of hints.

    Attributes:
        colours: (N + 1, 3) uint8; the first is the paper.
        codes: sorted colours of the hint picture, as ``code_of`` has them.
        numbers: for each of them its row in ``colours``.
    """

    colours: NDArray[np.uint8]
    codes: NDArray[np.int32]
    numbers: NDArray[np.int32]

    def marks(self, hints: Image, rows: slice) -> NDArray[np.int32]:
        """(rows, W) the number of the colour of every hint; 0 where there is none."""
        code = code_of(hints, rows)
        if not len(self.codes):
            return np.zeros_like(code)
        at = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        return np.where(self.codes[at] == code, self.numbers[at], 0).astype(np.int32)


def apart(hints: Image, image: Image, cover: Any) -> Image:
    """Hints without the drawing, as they may be put on a copy of it; transparent ones as they are.

    Args:
        hints: of the size of the drawing.
        image: the drawing.
        cover: its alpha, if it has one.
    """
    import cv2

    if hints.alpha is not None and (to_depth(hints.alpha, np.uint8) < 255).any():
        return hints
    pixels = np.array(to_depth(hints.pixels, np.uint8))
    for rows in bands(hints.height):
        part = Image(image.pixels[rows], None if cover is None else cover[rows])
        gap = cv2.absdiff(pixels[rows], to_depth(on_white(part).pixels, np.uint8))
        pixels[rows][gap.max(axis=2) <= _SAME] = 255
    return replace(hints, pixels=pixels, alpha=None)


def code_of(hints: Image, rows: slice) -> NDArray[np.int32]:
    """(rows, W) 65536 r + 256 g + b of hints in bytes; -1 where there is none."""
    colours = to_depth(hints.pixels[rows], np.uint8).astype(np.int32)
    code = (colours[..., 0] << 16) | (colours[..., 1] << 8) | colours[..., 2]
    if hints.alpha is not None:
        return np.where(_counts(to_depth(hints.alpha[rows], np.uint8)), code, -1).astype(np.int32)
    return np.where((colours.min(axis=2) < _WHITE) & _flat(code), code, -1).astype(np.int32)


def _counts(alpha: NDArray[np.uint8]) -> Any:
    """Where a hint is opaque enough, or fainter and no rim of another."""
    import cv2

    most = cv2.dilate(alpha, np.ones((3, 3), np.uint8))
    return (alpha >= _OPAQUE) | ((alpha >= _SEEN) & (alpha == most))


def _flat(code: NDArray[np.int32]) -> Any:
    """Where colours are those of a neighbour in both directions: soft rims of strokes on white are not."""
    around = np.pad(code, 1, mode="edge")
    down = (code == around[:-2, 1:-1]) | (code == around[2:, 1:-1])
    return down & ((code == around[1:-1, :-2]) | (code == around[1:-1, 2:]))


def palette_of(hints: Image | None, colours: Sequence[str]) -> Palette:
    """The colours of a hint picture, and after them those of points."""
    counts: dict[int, int] = {}
    if hints is not None:
        for rows in bands(hints.height):
            code = code_of(hints, rows)
            found, many = np.unique(code[code >= 0], return_counts=True)
            for each, count in zip(found.tolist(), many.tolist(), strict=True):
                counts[each] = counts.get(each, 0) + count
    codes = np.array(sorted(counts), np.int32)
    if hints is not None and hints.alpha is None and len(codes) > _MOST:
        codes = codes[_shades(codes).min(axis=1) < _RIPPLE]
    shades = _shades(codes)
    groups = np.arange(len(codes)) if len(codes) <= _MOST else _alike(shades)
    weight = np.array([counts[code] for code in codes.tolist()], np.float64)
    mine = _means(shades, groups, weight)
    own = [[round(255 * part) for part in rgba(colour)[:3]] for colour in colours]
    every = np.concatenate([[[255, 255, 255]], mine, np.array(own).reshape(-1, 3)])
    return Palette(every.astype(np.uint8), codes, (groups + 1).astype(np.int32))


def _shades(codes: NDArray[np.int32]) -> Any:
    """(N, 3) red, green and blue."""
    return np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], axis=1)


def _alike(shades: Any) -> Any:
    """Numbers of groups of alike colours: the same upper three bits of each channel."""
    coarse = (shades[:, 0] >> 5 << 6) | (shades[:, 1] >> 5 << 3) | (shades[:, 2] >> 5)
    return np.unique(coarse, return_inverse=True)[1].reshape(-1)


def _means(shades: Any, groups: Any, weight: Any) -> Any:
    """(groups, 3) the mean colours."""
    if not len(groups):
        return np.zeros((0, 3))
    sums = [np.bincount(groups, weight * shades[:, channel]) for channel in range(3)]
    return np.rint(np.stack(sums, axis=1) / np.bincount(groups, weight)[:, None])


def marks_of(
    hints: Image | None, points: Sequence[tuple[float, float]], palette: Palette, size: tuple[int, int], factor: int,
    job: Job,
) -> NDArray[np.int32]:  # fmt: skip
    """(h, w) numbers of colours at the working size, 0 where there is no hint.

    Args:
        hints: a picture of the full size, or None.
        points: shares of the whole picture; their colours are the last of the palette.
        palette: the colours.
        size: height and width of the full size.
        factor: pixels of it that become one.
        job: tells where in the whole picture this one lies.

    Raises:
        SengaError: there is no hint at all.
    """
    marks = np.zeros((-(-size[0] // factor), -(-size[1] // factor)), np.int32)
    if hints is not None:
        for rows in bands(size[0]):
            found = palette.marks(hints, rows)
            down, across = np.nonzero(found)
            marks[(down + rows.start) // factor, across // factor] = found[down, across]
    first = len(palette.colours) - len(points)
    for number, (x, y) in enumerate(points):
        row, column = _pixel(x, y, size, job)
        if 0 <= row < size[0] and 0 <= column < size[1]:
            marks[row // factor, column // factor] = first + number
    if hints is None and not points:
        raise SengaError(NO_HINTS)
    if not marks.any() and min(size) > 1:
        raise SengaError(EMPTY)
    return marks


def _pixel(x: float, y: float, size: tuple[int, int], job: Job) -> tuple[int, int]:
    height, width = job.full_size or size
    return min(int(y * height), height - 1) - job.offset[0], min(int(x * width), width - 1) - job.offset[1]


def check_points(points: Sequence[object], colours: Sequence[str]) -> None:
    """Whether every point has a colour.

    Raises:
        SettingsError: there are more of one than of the other.
    """
    if len(points) != len(colours):
        raise SettingsError(f"There are {len(points)} points and {len(colours)} colours: give every point its colour.")
