"""Shows what one style makes of several photos: `python -m training.gallery --photos LIST --weights A --out FILE.jpg`.

Drawings only, all cut to one shape, so that a gallery can be published where the photos cannot.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from training.pictures import Picture, list_pictures, read_rgb, write_rgb
from training.sheet import draw
from training.weights import load_generator


def cover(photo: Picture, width: int, height: int) -> Picture:
    """Scales a photo until it covers a frame, and cuts its middle out."""
    factor = max(width / photo.shape[1], height / photo.shape[0])
    size = max(width, round(photo.shape[1] * factor)), max(height, round(photo.shape[0] * factor))
    sized = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(sized[top : top + height, left : left + width], np.uint8)


def hang(tiles: list[Picture], per_row: int) -> Picture:
    """Tiles of one size in rows; the last row is filled up with white."""
    empty = np.full_like(tiles[0], 255)
    filled = [*tiles, *[empty] * (-len(tiles) % per_row)]
    return np.vstack([np.hstack(filled[start : start + per_row]) for start in range(0, len(filled), per_row)])


def main() -> None:
    """Writes one gallery."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, nargs=2, default=(480, 320), help="width and height of a tile")
    parser.add_argument("--per-row", type=int, default=3)
    options = parser.parse_args()
    network = load_generator(options.weights)
    photos = [cover(read_rgb(path), *options.size) for path in list_pictures(options.photos)]
    write_rgb(options.out, hang([draw(network, photo) for photo in photos], options.per_row))


if __name__ == "__main__":
    main()
