"""The pictures of docs/colorize.md: drawings made here, their hints, and what becomes of them.

python examples/colorize_pictures.py docs/images/colorize
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import senga
from senga import Image

SIZE = 1000, 720
"""Width and height of the drawings."""
FINE = 3
"""They are drawn larger by this, and reduced."""
INK = 20


class Sheet:
    """Paper on which shapes cover what was drawn before."""

    def __init__(self) -> None:
        self.lines = np.full((SIZE[1] * FINE, SIZE[0] * FINE), 255, np.uint8)

    def shape(self, points: Any, width: float = 3.4, *, covers: bool = True, closed: bool = True) -> None:
        """A line through points; what is inside of it is empty."""
        places = [np.rint(np.asarray(points) * FINE).astype(np.int32)]
        if covers:
            cv2.fillPoly(self.lines, places, 255)
        cv2.polylines(self.lines, places, closed, INK, round(width * FINE), cv2.LINE_AA)

    def done(self) -> Any:
        """(H, W) uint8."""
        return cv2.resize(self.lines, SIZE, interpolation=cv2.INTER_AREA)


def arc(x: float, y: float, wide: float, high: float, start: float = 0, stop: float = 360) -> Any:
    """Points of an ellipse; degrees clockwise from the right."""
    turn = np.radians(np.linspace(start, stop, 120))
    return np.stack([x + wide * np.cos(turn), y + high * np.sin(turn)], axis=1)


def cloud(x: float, y: float, size: float) -> Any:
    """The outline of a cloud."""
    turn = np.radians(np.arange(0, 360, 1.5))
    radius = size * (1 + 0.13 * np.abs(np.sin(3.5 * turn + 0.4)) * (np.sin(turn) < 0.3))
    return np.stack([x + 1.7 * radius * np.cos(turn), y + 0.62 * radius * np.sin(turn)], axis=1)


def hill(top: float, swing: float, phase: float) -> Any:
    """A hill to the lower edge of the paper."""
    x = np.linspace(-20, SIZE[0] + 20, 200)
    y = top + swing * np.sin(x / 150 + phase) + 0.3 * swing * np.sin(x / 61 + 2 * phase)
    return np.concatenate([np.stack([x, y], axis=1), [[SIZE[0] + 20, 760], [-20, 760]]])


def house(sheet: Sheet, x: float, y: float) -> None:
    """A house with a door, windows, a roof and a chimney."""
    sheet.shape([(x + 92, y - 128), (x + 116, y - 128), (x + 116, y - 40), (x + 92, y - 40)], 3)
    sheet.shape([(x, y - 55), (x + 130, y - 55), (x + 130, y + 45), (x, y + 45)], 3)
    sheet.shape([(x - 16, y - 52), (x + 65, y - 112), (x + 146, y - 52)], 3)
    sheet.shape([(x + 50, y - 8), (x + 82, y - 8), (x + 82, y + 45), (x + 50, y + 45)], 2.4)
    for left in (14, 96):
        sheet.shape([(x + left, y - 36), (x + left + 24, y - 36), (x + left + 24, y - 10), (x + left, y - 10)], 2.2)


def balloon(sheet: Sheet, x: float, y: float, size: float) -> None:
    """A balloon of five stripes with a basket."""
    foot = y + 1.35 * size
    outline = np.concatenate([arc(x, y, size, size, 145, 395), [(x + 0.22 * size, foot), (x - 0.22 * size, foot)]])
    for side in (-0.2, 0.2):
        sheet.shape([(x + side * size, foot), (x + 0.8 * side * size, foot + 0.3 * size)], 2.2, covers=False)
    sheet.shape(outline)
    for bend in (0.62, 0.22):
        for side in (-1, 1):
            t = np.linspace(0, 1, 60)
            widest = np.where(t < 0.42, np.sin(t / 0.42 * np.pi / 2), np.cos((t - 0.42) / 0.58 * np.pi / 2) * 0.8 + 0.2)
            across = x + side * size * bend * widest
            sheet.shape(np.stack([across, y - size + t * 2.35 * size], axis=1), 2.6, covers=False, closed=False)
    top, low = foot + 0.3 * size, foot + 0.58 * size
    sheet.shape([(x - 0.2 * size, top), (x + 0.2 * size, top), (x + 0.16 * size, low), (x - 0.16 * size, low)], 3)


def scene() -> Any:
    """Hills, a house, clouds, the sun and a balloon."""
    sheet = Sheet()
    sheet.shape(arc(150, 150, 66, 66))
    for x, y, size in ((300, 110, 62), (860, 170, 70), (90, 330, 48)):
        sheet.shape(cloud(x, y, size))
    balloon(sheet, 590, 170, 108)
    sheet.shape(hill(470, 40, 0.6))
    sheet.shape(hill(545, 34, 2.6))
    house(sheet, 170, 560)
    sheet.shape(hill(640, 22, 4.4))
    for x in (720, 800, 890):
        sheet.shape([(x - 8, 545), (x + 8, 545), (x + 8, 610), (x - 8, 610)], 2.6)
        sheet.shape(arc(x, 510, 32, 48))
    return sheet.done()


RED, ORANGE, YELLOW, CREAM = "#d8452e", "#f08a3c", "#f9d65c", "#fff3d6"
SKY, WHITE, DARK, GREEN, LIGHT = "#9fd3ee", "#fdfdfb", "#3f7d4e", "#6fae55", "#b5d16a"
WALL, WOOD, GLASS = "#f1dfc0", "#8a5a3a", "#cfe8f5"

SCENE = [
    (480, 60, SKY), (150, 150, YELLOW), (300, 110, WHITE), (860, 170, WHITE), (90, 330, WHITE),
    (502, 170, RED), (545, 170, CREAM), (590, 170, ORANGE), (635, 170, CREAM), (678, 170, RED), (590, 362, WOOD),
    (590, 332, SKY), (600, 470, GREEN), (762, 540, GREEN), (845, 545, GREEN), (962, 500, GREEN), (78, 520, GREEN),
    (60, 570, LIGHT), (947, 580, LIGHT), (500, 690, DARK), (235, 490, RED), (274, 448, WALL), (180, 595, WALL),
    (236, 580, WOOD), (196, 537, GLASS), (278, 537, GLASS), (720, 510, DARK), (800, 510, DARK), (890, 510, DARK),
    (720, 575, WOOD), (800, 575, WOOD), (890, 575, WOOD),
]  # fmt: skip
"""Dots: x, y and colour."""


def hinted(dots: Any, radius: int = 7) -> Image:
    """A transparent layer with dots."""
    layer = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    for x, y, colour in dots:
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        cv2.circle(layer, (x, y), radius, (red, green, blue, 255), -1)
    return Image.of(layer)


def over(lines: Any, hints: Image) -> Any:
    """Lines and hints as a painter sees them."""
    cover = (hints.alpha > 0)[..., None] if hints.alpha is not None else True
    return np.where(cover, hints.pixels, lines[..., None])


def failing() -> Any:
    """What does not work by itself: hatching, an open line, tiny regions."""
    sheet = Sheet()
    sheet.shape(arc(190, 250, 140, 150))
    for x in range(84, 260, 11):
        for way in (-1, 1):
            ends = [(x + 23 - 23 * way, 330 - 0.3 * abs(x - 190)), (x + 23 + 23 * way, 190 + 0.2 * abs(x - 190))]
            sheet.shape(ends, 2, covers=False, closed=False)
    sheet.shape(arc(520, 250, 140, 150, -60, 276), covers=False, closed=False)
    sheet.shape(arc(830, 250, 140, 150))
    for row in range(9):
        for column in range(9):
            sheet.shape(arc(762 + 17 * column, 182 + 17 * row, 7, 7), 2)
    return sheet.done()[60:440]


def suggested(lines: Any) -> Any:
    """The nine suggestions for a drawing, three in a row."""
    every = [layer.picture.pixels for layer in senga.apply("colorize", lines, mode="automatic").alternatives]
    small = [cv2.resize(each, None, fx=0.44, fy=0.44, interpolation=cv2.INTER_AREA) for each in every]
    framed = [cv2.copyMakeBorder(each, 5, 5, 5, 5, cv2.BORDER_CONSTANT, value=(255, 255, 255)) for each in small]
    return np.vstack([np.hstack(framed[row : row + 3]) for row in (0, 3, 6)])


REFERENCES = "starry-night", "calanque", "autumn"
"""Of the gallery that comes with Senga."""
PAINTINGS = Path(__file__).resolve().parent.parent / "core" / "exemplars" / "paintings"


def by_reference(lines: Any) -> Any:
    """Three paintings, and the drawing in the colours of each below it."""
    columns = []
    for name in REFERENCES:
        painting = senga.open(PAINTINGS / f"{name}.jpg")
        made = senga.apply("colorize", lines, reference=painting).pixels
        scale = min(250 / painting.height, 400 / painting.width)
        size = round(painting.width * scale), round(painting.height * scale)
        small = cv2.resize(painting.u8(), size, interpolation=cv2.INTER_AREA)
        above = np.full((260, 440, 3), 255, np.uint8)
        left = (440 - size[0]) // 2
        above[: size[1], left : left + size[0]] = small
        below = cv2.resize(made, (430, 310), interpolation=cv2.INTER_AREA)
        columns.append(np.vstack([above, cv2.copyMakeBorder(below, 0, 0, 5, 5, cv2.BORDER_CONSTANT, value=(255,) * 3)]))
    return np.hstack(columns)


def save(folder: Path, name: str, pixels: Any) -> None:
    """As PNG of few colours, or as it is."""
    Image.of(np.ascontiguousarray(pixels)).save(folder / f"{name}.png")


def main(folder: Path) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, hints = scene(), hinted(SCENE)
    save(folder, "lines", lines)
    hints.save(folder / "hints.png")
    save(folder, "lines-and-hints", over(lines, hints))
    save(folder, "coloured", senga.apply("colorize", lines, hints=hints).pixels)
    save(folder, "shaded", senga.apply("colorize", lines, mode="shaded", hints=hints).pixels)
    save(folder, "flats", senga.apply("colorize", lines, mode="flats").pixels)
    save(folder, "suggestions", suggested(lines))
    senga.Image.of(by_reference(lines)).save(folder / "references.jpg", quality=90)
    half = cv2.copyMakeBorder(failing(), 0, SIZE[1] - 380, 0, 0, cv2.BORDER_CONSTANT, value=255)
    dots = hinted([(120, 110, RED), (520, 200, GREEN), (720, 200, ORANGE), (40, 30, SKY)])
    result = senga.apply("colorize", half, hints=dots).pixels
    save(folder, "fails", np.concatenate([over(half, dots)[:380], result[:380]]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
