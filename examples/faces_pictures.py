"""The pictures of docs/faces.md: ``python examples/faces_pictures.py docs/images/faces``."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

import senga
from senga.faces import Face, Masks, find_faces, masks_of
from senga.image import Image

HERE = Path(__file__).resolve().parent
PART = (slice(0, 220), slice(100, 340))
"""Rows and columns of the photograph that are shown, and by how much they are enlarged."""
LARGER = 2
COLOURS = {
    "hair": (96, 64, 40),
    "skin": (255, 200, 165),
    "nose": (255, 150, 130),
    "brows": (30, 130, 40),
    "eyes": (40, 90, 230),
    "mouth": (220, 30, 50),
}


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """The part that is shown."""
    return np.asarray(cv2.resize(pixels[PART], None, fx=LARGER, fy=LARGER, interpolation=cv2.INTER_CUBIC))


def marked(picture: Image, face: Face) -> np.ndarray:
    """The photograph with box and landmarks."""
    made = enlarged(picture.pixels)
    shift = np.array([PART[1].start, PART[0].start])
    corners = (np.array(face.box).reshape(2, 2) - shift) * LARGER  # (2, 2)
    cv2.rectangle(made, *(tuple(int(part) for part in corner) for corner in corners), (255, 220, 60), 1, cv2.LINE_AA)
    for x, y in (face.points - shift) * LARGER:
        cv2.circle(made, (round(float(x)), round(float(y))), 2, (60, 255, 60), -1, cv2.LINE_AA)
    return made


def coloured(masks: Masks) -> np.ndarray:
    """Every part in a colour of its own."""
    made = np.full((*masks.head.shape, 3), 235, np.float32)
    for name, colour in COLOURS.items():
        plane = getattr(masks, name)[:, :, None]
        made += plane * (np.array(colour, np.float32) - made)
    return enlarged(made.astype(np.uint8))


def main() -> None:
    """Write both into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    picture, job = senga.open(HERE / "astronaut.png"), senga.Job()
    assert isinstance(picture, Image)  # noqa: S101 - it is no film
    face = find_faces(picture, job)[0]
    for name, made in {"landmarks": marked(picture, face), "masks": coloured(masks_of(picture, face, job))}.items():
        cv2.imwrite(str(folder / f"{name}.jpg"), made[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
