"""Put pictures side by side on one sheet: ``python contact_sheet.py SHEET PICTURE...``, six to a row."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

CELL, GAP, TEXT = 380, 12, 18


def sheet(paths: list[Path], columns: int = 6) -> Image.Image:
    """The pictures at equal size, each with its name below."""
    rows = -(-len(paths) // columns)
    page = Image.new("RGB", (columns * (CELL + GAP) + GAP, rows * (CELL + GAP + TEXT) + GAP), "white")
    pen = ImageDraw.Draw(page)
    for number, path in enumerate(paths):
        left = GAP + number % columns * (CELL + GAP)
        top = GAP + number // columns * (CELL + GAP + TEXT)
        with Image.open(path) as picture:
            page.paste(ImageOps.pad(picture.convert("RGB"), (CELL, CELL), color="white"), (left, top))
        pen.text((left, top + CELL + 2), path.stem, fill="black")
    return page


if __name__ == "__main__":
    sheet([Path(name) for name in sys.argv[2:]]).save(sys.argv[1], quality=92)
