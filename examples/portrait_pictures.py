"""The pictures of docs/portraits.md: ``python examples/portrait_pictures.py docs/images/portraits``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import effects_pictures
import numpy as np

import senga
from senga.faces import read_faces
from senga.image import Image

HERE = Path(__file__).parent
PART = slice(0, 260), slice(80, 300)
"""Rows and columns of the photograph."""
SIZE = 3
"""By which the part is enlarged."""
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"blit-{name}": ("face-blit", {"exemplar": name})
        for name in ("adele", "mona-lisa", "vinton", "metzinger", "self-portrait", "kellogg")
    },
    **{f"style-{name}": ("face-style", {"exemplar": name}) for name in ("adele", "metzinger", "vinton")},
    "patches-metzinger": ("portrait-patches", {"style": "metzinger"}),
    "patches-background": ("portrait-patches", {"style": "metzinger", "background": "photograph"}),
    "likeness-0": ("face-blit", {"exemplar": "vinton", "likeness": 0}),
    "likeness-1": ("face-blit", {"exemplar": "vinton", "likeness": 1}),
    "background": ("face-blit", {"exemplar": "metzinger", "background": "photograph"}),
}
"""Name of the file -> filter, settings."""


def photograph() -> tuple[Image, list[tuple[float, float]]]:
    """A head, and its landmarks as shares."""
    whole = senga.open(HERE / "astronaut.png").u8()
    face = read_faces(HERE / "astronaut.points.json", whole.shape[:2])[0]
    rows, columns = PART
    part = cv2.resize(np.ascontiguousarray(whole[PART]), None, fx=SIZE, fy=SIZE, interpolation=cv2.INTER_CUBIC)
    points = (face.points - (columns.start, rows.start)) * SIZE / part.shape[1::-1]
    return Image(part), [(float(x), float(y)) for x, y in points]


def main() -> None:
    """Write all pictures into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    photo, points = photograph()
    effects_pictures.write(photo.u8(), folder / "photo.jpg")
    for name, (act, settings) in PICTURES.items():
        result = senga.apply(act, photo, points=points, **settings)
        assert isinstance(result, Image)  # noqa: S101 - none of them makes a film
        effects_pictures.write(result.u8(), folder / f"{name}.jpg")


if __name__ == "__main__":
    main()
