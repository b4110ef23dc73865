"""Put pictures side by side on one sheet: ``python contact_sheet.py SHEET PICTURE...``, six to a row."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

CELL, GAP, TEXT = 380, 12, 18


def sheet(paths: list[Path], columns: int = 6) -> Image.Image:
    """The pictures at equal size, row below row."""
    rows = [row(paths[first : first + columns]) for first in range(0, len(paths), columns)]
    page = Image.new("RGB", (max(each.width for each in rows), sum(each.height for each in rows)), "white")
    top = 0
    for each in rows:
        page.paste(each, (0, top))
        top += each.height
    return page


def row(paths: list[Path]) -> Image.Image:
    """Pictures side by side, each with its name below; the row is as high as the highest of them."""
    pictures = [small(path) for path in paths]
    height = max(picture.height for picture in pictures)
    strip = Image.new("RGB", (len(paths) * (CELL + GAP) + GAP, height + GAP + TEXT), "white")
    pen = ImageDraw.Draw(strip)
    for number, (path, picture) in enumerate(zip(paths, pictures, strict=True)):
        left = GAP + number * (CELL + GAP)
        strip.paste(picture, (left + (CELL - picture.width) // 2, GAP))
        pen.text((left, GAP + height + 2), path.stem, fill="black")
    return strip


def small(path: Path) -> Image.Image:
    """A picture that fits a cell."""
    with Image.open(path) as picture:
        return ImageOps.contain(picture.convert("RGB"), (CELL, CELL))


if __name__ == "__main__":
    sheet([Path(name) for name in sys.argv[2:]]).save(sys.argv[1], quality=92)
