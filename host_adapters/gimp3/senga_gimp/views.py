"""Which part of a picture a preview shows, and at which scale; nothing of GIMP, so that it can be tried without it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

SMALL = 400
"""Longest side of the picture that the first, quick preview is painted on."""
SMALL_PIXELS = 90_000
"""And as many pixels has it at most: drawings of these take a fifth of a second."""
_MARGIN = 96
"""What a filter sees around the part that is shown, in pixels of a picture of one megapixel."""


@dataclass(frozen=True)
class Area:
    """A part of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def grown(self, margin: int, size: tuple[int, int]) -> Area:
        """With a margin around it, within a picture of this (width, height)."""
        left, top = max(self.left - margin, 0), max(self.top - margin, 0)
        right, bottom = self.left + self.width + margin, self.top + self.height + margin
        return Area(left, top, min(right, size[0]) - left, min(bottom, size[1]) - top)

    def holds(self, other: Area) -> bool:
        """Whether another one lies in it."""
        right, bottom = self.left + self.width, self.top + self.height
        inside = self.left <= other.left and self.top <= other.top
        return inside and other.left + other.width <= right and other.top + other.height <= bottom


@dataclass(frozen=True)
class View:
    """What is seen of a picture of a (width, height): all of it, or a part pixel by pixel around a centre."""

    size: tuple[int, int]
    whole: bool = True
    centre: tuple[float, float] = (0.5, 0.5)

    def scale(self, room: tuple[int, int]) -> float:
        """Pixels of the screen for one of the picture; a picture is never enlarged."""
        return min(1.0, room[0] / self.size[0], room[1] / self.size[1]) if self.whole else 1.0

    def shown(self, room: tuple[int, int]) -> tuple[int, int]:
        """Width and height on a screen that has room for so many pixels."""
        scale = self.scale(room)
        width, height = (max(1, math.floor(side * scale + 1e-6)) for side in self.size)
        return min(width, max(room[0], 1)), min(height, max(room[1], 1))

    def area(self, room: tuple[int, int]) -> Area:
        """The part of the picture that is seen."""
        if self.whole:
            return Area(0, 0, *self.size)
        width, height = self.shown(room)
        left, top = (
            min(max(round(centre * side - length / 2), 0), side - length)
            for centre, side, length in zip(self.centre, self.size, (width, height))  # noqa: B905 - Python 3.9
        )
        return Area(left, top, width, height)

    def moved(self, right: float, down: float, room: tuple[int, int]) -> View:
        """The view after the picture was dragged so many pixels."""
        area = self.area(room)
        width, height = self.size
        x = (area.left + area.width / 2 - right) / width
        y = (area.top + area.height / 2 - down) / height
        moved = replace(self, centre=(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)))
        area = moved.area(room)  # no farther than to the border, so that a drag back shows at once
        return replace(moved, centre=((area.left + area.width / 2) / width, (area.top + area.height / 2) / height))


def small_size(size: tuple[int, int]) -> tuple[int, int, float]:
    """Width, height and scale of the picture for the quick preview."""
    scale = min(1.0, SMALL / max(size), math.sqrt(SMALL_PIXELS / (size[0] * size[1])))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale)), scale


def margin_of(size: tuple[int, int]) -> int:
    """Pixels that a filter is shown around a part, so that it paints it as it would in the whole picture."""
    return round(_MARGIN * max(1.0, math.sqrt(size[0] * size[1] / 1e6)))
