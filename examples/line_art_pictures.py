"""The pictures of docs/line-art.md: ``python examples/line_art_pictures.py docs/images/line-art``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from any_style_pictures import tile, write
from numpy.typing import NDArray

import senga
from senga.exemplars import gallery
from senga.image import Image

HERE = Path(__file__).resolve().parent
SIZE = 320, 320
Plane = NDArray[np.float32]
SETTINGS: dict[str, dict[str, Any]] = {
    "weight 0.3": {"weight": 0.3},
    "weight 2.5": {"weight": 2.5},
    "cleaning 1": {"cleaning": 1.0},
    "weight 0.6": {"weight": 0.6},
    "blacks 0.25": {"blacks": 0.25},
}
"""What the second sheet shows."""


def cat(side: int = 640) -> tuple[Plane, Plane]:
    """The colours of a cat on yellowish paper, (H, W, 3) in 0..255, and its lines, (H, W) in 0..1."""
    page = np.full((side, side, 3), (250, 243, 226), np.float32)
    lines = np.zeros((side, side), np.float32)
    head, body = (
        cv2.ellipse2Poly((320, 250), (130, 105), 0, 0, 360, 4),
        cv2.ellipse2Poly((320, 500), (120, 170), 0, 0, 360, 4),
    )
    ears = [np.array(each) for each in ([(215, 195), (205, 95), (285, 155)], [(425, 195), (435, 95), (355, 155)])]
    tail = cv2.ellipse2Poly((470, 520), (70, 110), 20, -60, 170, 4)
    for shape, colour in ((body, (236, 160, 90)), *((ear, (236, 160, 90)) for ear in ears), (head, (244, 178, 108))):
        cv2.fillPoly(page, [shape], colour, cv2.LINE_AA)
        cv2.fillPoly(lines, [shape], 0.0)
        cv2.polylines(lines, [shape], True, 1.0, 3, cv2.LINE_AA)
    cv2.polylines(lines, [tail], False, 1.0, 3, cv2.LINE_AA)
    for x in (270, 370):
        cv2.ellipse(page, (x, 240), (22, 28), 0, 0, 360, (150, 190, 120), -1, cv2.LINE_AA)
        cv2.ellipse(lines, (x, 240), (22, 28), 0, 0, 360, 1.0, 2, cv2.LINE_AA)
        cv2.ellipse(lines, (x, 242), (7, 20), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
        cv2.ellipse(lines, (x * 3 // 4 + 80, 300), (26, 18), 0, 20, 160, 1.0, 2, cv2.LINE_AA)
        for slope in (-12, 4, 20):
            end = x + (130 if x > 320 else -130), 285 + slope * 2
            cv2.line(lines, (x + (30 if x > 320 else -30), 285 + slope // 2), end, 0.8, 1, cv2.LINE_AA)
    cv2.fillPoly(lines, [np.array([(308, 285), (332, 285), (320, 298)])], 1.0, cv2.LINE_AA)
    return page, lines


def scan(strength: float = 0.85, *, crayon: bool = True) -> Image:
    """The cat in pencil, and in crayon, under a lamp."""
    (page, lines), rng = cat(), np.random.default_rng(5)
    page = page if crayon else np.full_like(page, (250, 243, 226))
    grain = cv2.GaussianBlur(rng.random(lines.shape, np.float32), (0, 0), 0.8)
    lines *= np.clip(0.75 + 3 * (grain - 0.5), 0.25, 1)
    page += (np.array((70, 66, 72), np.float32) - page) * (strength * lines)[:, :, None]
    page *= np.linspace(1.02, 0.72, len(page), dtype=np.float32)[None, :, None]
    page += rng.normal(0, 4, page.shape)
    return Image(np.clip(np.rint(page), 0, 255).astype(np.uint8))


def printed(pitch: float = 4.0) -> Image:
    """The cat in ink, with dots of a screen in place of its colours."""
    page, lines = cat()
    rows, columns = np.mgrid[: len(lines), : len(lines)] * (2 * np.pi / pitch / np.sqrt(2))
    cells = 0.5 + 0.25 * (np.cos(rows + columns) + np.cos(rows - columns))
    light = page.mean(axis=2) / 255
    dots = np.where(light > 0.9, 1, np.clip((light - cells) * 6 + 0.5, 0, 1))
    sheet = np.rint(255 * np.minimum(dots, 1 - lines)).astype(np.uint8)
    return Image(np.repeat(sheet[:, :, None], 3, axis=2))


def squared(image: Image) -> Image:
    """The middle of a picture."""
    side = min(image.height, image.width)
    top, left = (image.height - side) // 3, (image.width - side) // 2
    return image.crop(top, left, top + side, left + side)


def kinds() -> list[Any]:
    """Pictures of all kinds, each with its lines as they come and with settings for it."""
    rows: list[tuple[str, Image, dict[str, Any]]] = [
        ("hard pencil", scan(0.2, crayon=False), {"sensitivity": 2.5, "cleaning": 0.8}),
        ("screen of dots", printed(), {"fineness": 0.3, "weight": 0.6}),
        ("photograph", squared(senga.open(HERE / "summer-palace.jpg")), {"sensitivity": 0.4}),
        ("brushwork", squared(gallery.picture_of(gallery.find("scream"))), {"sensitivity": 0.7, "cleaning": 0.8}),
        ("hatching", squared(gallery.picture_of(gallery.find("kellogg"))), {"weight": 0.4}),
    ]
    tiles = []
    for name, picture, settings in rows:
        tiles.append(tile(picture.u8(), name, (272, 272)))
        for each in ({}, settings):
            label = ", ".join(f"{key} {value:g}" for key, value in each.items()) or "as it comes"
            tiles.append(tile(senga.apply("line-art", picture, **each).u8(), label, (272, 272)))
    return tiles


def main() -> None:
    """Write the sheets."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/line-art")
    folder.mkdir(parents=True, exist_ok=True)
    paintings = {name: squared(gallery.picture_of(gallery.find(name))) for name in ("mona-lisa", "self-portrait")}
    pictures = {"scan": scan(), **paintings, "photograph": senga.open(HERE / "astronaut.png")}
    tiles = []
    for name, picture in pictures.items():
        made = {method: senga.apply("line-art", picture, method=method) for method in ("network", "pen")}
        tiles += [tile(picture.u8(), name, SIZE), *(tile(each.u8(), label, SIZE) for label, each in made.items())]
    write(tiles, folder / "methods.jpg", 3)
    photo = pictures["photograph"]
    shown = {"as it comes": {}, **SETTINGS}
    tiles = [tile(senga.apply("line-art", photo, **each).u8(), label, SIZE) for label, each in shown.items()]
    write(tiles, folder / "settings.jpg", 3)
    write(kinds(), folder / "kinds.jpg", 3)


if __name__ == "__main__":
    main()
