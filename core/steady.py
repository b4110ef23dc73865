"""Films that flicker less: what was painted last moves along with the film, and the new frame is mixed into it.

References:
    M. Lang, O. Wang, T. Aydin, A. Smolic, M. Gross: Practical temporal consistency for image-based graphics
    applications. SIGGRAPH 2012, doi:10.1145/2185520.2185530.
    N. Bonneel, J. Tompkin, K. Sunkavalli, D. Sun, S. Paris, H. Pfister: Blind video temporal consistency. SIGGRAPH
    Asia 2015, doi:10.1145/2816795.2818107: a result may change as much as the film does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .image import Image, to_depth
from .ops.lightness import grey
from .ops.motion import Motion, motion, moved
from .ops.smoothing import blurred

Plane = NDArray[np.float32]
_KEPT = 0.96
"""How much of the last frame stays where nothing speaks against it."""
_PATCH = 5
"""Pixels over which changes are averaged."""
_NOISE, _LIKE, _OTHER = 1.0, 3.0, 40.0
"""In 255ths: change of the film that is noise; the change of the result that is allowed is so many times that of the
film; change of the film beyond which something else is seen."""
_CUT = 0.35
"""Share of a frame in which the last one must be found again; below it, another scene begins."""
_LIGHT, _DOUBT = 16.0, 0.1
"""Pixels of deviation over which a change of light is told from one of things, and how soon it is doubted."""
_REDUCED = 8
_STILL = 0.5
"""Pixels of motion below which strokes stay where they are: what moves less is noise."""
_TONE, _SHADE = 6.0, 16.0
"""Pixels, on a megapixel, over which tones of drawings are compared, and 255ths by which they may differ."""
_OLDEST, _PLACE = 16, 24
"""Steps after which strokes are drawn anew, as moving blurs them, and pixels of a place where that happens at once."""
_FINE = 0.6
"""Pixels of deviation of the blur against which detail is brought back."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A frame of the film and what was made of it."""

    source: Image
    result: Image


Moves = tuple[Motion, Plane]
"""The motion from one frame to the next, and how unlike they are beside it, (H, W) in 255ths."""


class Steadier:
    """Mixes each frame of a painted film with the last one, carried to where it is now.

    Args:
        selected: (H, W), 0 where nothing was painted and nothing is to be changed; None if all was.
        strokes: the frames are drawn with strokes: each place is taken from one of the two frames, for strokes that
            are mixed with others are none any more.

    Attributes:
        before: the last frame; None at the beginning.
    """

    def __init__(self, selected: NDArray[Any] | None = None, *, strokes: bool = False) -> None:
        self._selected, self._strokes = selected, strokes
        self.before: Shown | None = None
        self._number = 0

    def go_on(self, number: int, source: Image, result: Image) -> None:
        """Take up a film behind this frame, of that number, of which that was made."""
        self._number, self.before = number + 1, Shown(source, result)

    def __call__(self, source: Image, painted: Image) -> Image:
        """The frame as it is to be shown; frames come in order.

        Args:
            source: the frame of the film.
            painted: what was made of it.
        """
        before, result = self.before, painted
        if before is not None and before.result.pixels.shape == painted.pixels.shape:
            found, unlike = self._moves(source, (painted.height, painted.width))
            if not _is_cut(found, unlike):
                make = self._drawn if self._strokes else self._mixed
                result = self._finished(painted, make(painted, before.result, found, unlike))
        self.before = Shown(source, result)
        self._number += 1
        return result

    def _moves(self, source: Image, size: tuple[int, int]) -> Moves:
        """How a frame differs from the last one, which there must be, at the height and width of what is made of it."""
        assert self.before is not None  # noqa: S101 - see above
        now, then = _seen(source, size), _seen(self.before.source, size)
        found = self._motion(grey(now), grey(then))
        return found, _change(now.astype(np.float32), moved(then.astype(np.float32), found.flow, cv2.INTER_LINEAR))

    def _motion(self, now: NDArray[np.uint8], then: NDArray[np.uint8]) -> Motion:
        return motion(now, then, mean=not self._strokes)

    def _finished(self, painted: Image, values: Plane) -> Image:
        """The frame with these values in 255ths, where it is selected."""
        pixels = to_depth(np.clip(values / 255, 0, 1).astype(np.float32), painted.depth)
        if self._selected is not None:
            pixels[self._selected == 0] = painted.pixels[self._selected == 0]
        return replace(painted, pixels=pixels, layers=(), alternatives=())

    def _drawn(self, painted: Image, before: Image, found: Motion, unlike: Plane) -> Plane:
        """Strokes of the last frame as long as they fit."""
        reach = _TONE * math.sqrt(unlike.size / 1e6) + 2
        flow = np.asarray(cv2.GaussianBlur(found.flow, (0, 0), reach), np.float32)
        moves = np.linalg.norm(flow, axis=2) > _STILL
        flow = np.where(moves[:, :, None], flow, np.float32(0))
        new, old = _of_255(painted), moved(_of_255(before), flow)
        tone = np.abs(cv2.GaussianBlur(new, (0, 0), reach) - cv2.GaussianBlur(old, (0, 0), reach)).mean(axis=2)
        is_due = moves & _is_due(self._number, unlike.shape)
        fits = (found.trust > 0.5) & (unlike < _OTHER) & (tone < _SHADE) & ~is_due
        share = cv2.GaussianBlur(fits.astype(np.float32), (0, 0), 1.0) * fits
        mixed = new + (old - new) * share[:, :, None]
        return np.where((moves & fits)[:, :, None], _as_sharp(mixed, new, old), mixed)

    def _mixed(self, painted: Image, before: Image, found: Motion, unlike: Plane) -> Plane:
        new, old = _of_255(painted), moved(_of_255(before), found.flow)
        changed = _change(new, old)
        excess = np.maximum(unlike - _NOISE, 0) / (_LIKE * (changed + 1))
        share = _KEPT * found.trust * np.exp(-((unlike / _OTHER) ** 2)) / (1 + excess**2)
        return _as_sharp(_blended(new, old, share[:, :, None]), new, old)


def _is_due(number: int, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which places are drawn anew in a frame if they move: each in its turn, so that not all are at once."""
    rows, columns = (-(-side // _PLACE) for side in size[:2])
    turns = np.random.default_rng([rows, columns]).integers(0, _OLDEST, (rows, columns))
    due = (turns + number) % _OLDEST == 0
    return np.asarray(due.repeat(_PLACE, 0).repeat(_PLACE, 1)[: size[0], : size[1]])


def _seen(image: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The frame in the size of the result."""
    pixels = np.ascontiguousarray(image.u8())
    small = pixels if pixels.shape[:2] == size else cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _of_255(image: Image) -> Plane:
    return np.ascontiguousarray(to_depth(image.pixels, np.float32)) * np.float32(255)


def _change(one: Plane, other: Plane) -> Plane:
    """How unlike two pictures are, (H, W): the mean over channels and a small patch."""
    return np.asarray(cv2.blur(np.abs(one - other).mean(axis=2), (_PATCH, _PATCH)), np.float32)


def _is_cut(found: Motion, unlike: Plane) -> bool:
    return float(((found.trust > 0.5) & (unlike < _OTHER)).mean()) < _CUT


def _as_sharp(mixed: Plane, new: Plane, old: Plane) -> Plane:
    """The mixture with as much fine detail as the new frame has, and no rings beside edges."""
    detail = mixed - cv2.GaussianBlur(mixed, (0, 0), _FINE)
    own, lacking, wanted = _laplacian(mixed), _laplacian(detail), _laplacian(new)
    a, b, c = float((lacking**2).mean()), float((own * lacking).mean()), float((own**2).mean() - (wanted**2).mean())
    if c >= 0 or a == 0:
        return mixed
    sharpened = mixed + np.float32(min((np.sqrt(b * b - a * c) - b) / a, 1.0)) * detail
    box = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(np.minimum(new, old), box), cv2.dilate(np.maximum(new, old), box)
    return np.clip(sharpened, low, high)


def _blended(new: Plane, old: Plane, share: Plane) -> Plane:
    """The mixture; where the last frame says nothing, the light is that of the mixture around."""
    light: Plane = _spread((old - new) * share) / (_spread(share) + _DOUBT)[:, :, None]
    return np.asarray(new + (old - new) * share + light * (1 - share), np.float32)


def _spread(values: Plane) -> Plane:
    """A wide mean, made of a reduced picture."""
    height, width = values.shape[:2]
    size = -(-width // _REDUCED), -(-height // _REDUCED)
    reduced = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)
    small = blurred(reduced, _LIGHT / _REDUCED)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _laplacian(picture: Any) -> Plane:
    return np.asarray(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F), np.float32)
