"""The sheets of docs/fast-style.md: ``python examples/fast_style_pictures.py docs/images/fast-style``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from any_style_pictures import tile, write

import senga
from senga.registry import plugins

HERE = Path(__file__).resolve().parent
PHOTOS = {"landscape": ("summer-palace.jpg", (320, 214), 4), "portrait": ("astronaut.png", (256, 256), 5)}
"""Name of the sheet -> photograph, width and height of a tile, columns."""


def main() -> None:
    """Write the sheets."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/fast-style")
    names = [entry.name for entry in plugins().store().entries(["cin"]) if entry.shipped]
    for sheet, (name, size, columns) in PHOTOS.items():
        photo = senga.open(HERE / name)
        tiles: list[np.ndarray] = [tile(photo.pixels, "photograph", size)]
        for each in names:
            painted = senga.apply("fast-style", photo, style=f"cin/{each}", stroke_scale=1.3)
            tiles.append(tile(painted.pixels, each, size))
        write(tiles, folder / f"{sheet}.jpg", columns)


if __name__ == "__main__":
    main()
