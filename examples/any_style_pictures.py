"""The pictures of docs/any-style.md: ``python examples/any_style_pictures.py docs/images/any-style``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import senga

HERE = Path(__file__).resolve().parent
NAMES = (
    "starry-night", "scream", "calanque", "wood-engraving", "autumn", "demon", "harvest", "composition-vii",
    "water-lilies", "shipwreck", "self-portrait",
)  # fmt: skip
PHOTOS = {"landscape": ("summer-palace.jpg", (320, 214)), "portrait": ("astronaut.png", (256, 256))}
"""Name of the sheet -> photograph, width and height of a tile."""
SETTINGS: dict[str, dict[str, Any]] = {
    "styling 0.5": {"exemplar": "scream", "styling": 0.5},
    "brushwork 2": {"exemplar": "scream", "brushwork": 2.0},
    "stroke-scale 2": {"exemplar": "scream", "stroke_scale": 2.0},
    "colours photo": {"exemplar": "scream", "colours": "photo"},
    "colours luminance": {"exemplar": "scream", "colours": "luminance"},
    "second wood-engraving": {"exemplar": "scream", "second": "wood-engraving"},
}
"""What the third sheet shows."""


def tile(pixels: Any, name: str, size: tuple[int, int]) -> np.ndarray:
    """A picture with its name below."""
    small = cv2.resize(np.asarray(pixels)[..., :3], size, interpolation=cv2.INTER_AREA)
    strip = np.full((26, size[0], 3), 255, np.uint8)
    cv2.putText(strip, name, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([small, strip])


def write(tiles: list[np.ndarray], path: Path, columns: int = 4) -> None:
    """Tiles in rows."""
    tiles = tiles + [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])


def main() -> None:
    """Write the sheets."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/any-style")
    folder.mkdir(parents=True, exist_ok=True)
    for sheet, (name, size) in PHOTOS.items():
        photo = senga.open(HERE / name)
        made = {each: senga.apply("any-style", photo, exemplar=each) for each in NAMES}
        tiles = [tile(photo.pixels, "photograph", size)]
        write(tiles + [tile(each.pixels, label, size) for label, each in made.items()], folder / f"{sheet}.jpg")
    photo, size = senga.open(HERE / "summer-palace.jpg"), PHOTOS["landscape"][1]
    shown = {"scream": {"exemplar": "scream"}, **SETTINGS}
    tiles = [tile(senga.apply("any-style", photo, **each).pixels, label, size) for label, each in shown.items()]
    write([tile(photo.pixels, "photograph", size), *tiles], folder / "settings.jpg")


if __name__ == "__main__":
    main()
