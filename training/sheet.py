"""Shows networks side by side: `python -m training.sheet --photos LIST --weights A B --out sheet.png`.

Columns: the photo, the photo smoothed and saturated (what a style must beat), then each network in turn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from training.data import to_picture, to_tensor
from training.judge import Figures, compare, mean_figures
from training.network import Generator
from training.pictures import Picture, list_pictures, read_rgb, write_rgb
from training.weights import load_generator

STEP = 32


def fit(photo: Picture, long_side: int) -> Picture:
    """Scales a photo to a long side, both sides rounded to multiples of 32."""
    factor = long_side / max(photo.shape[:2])
    height, width = (max(STEP, round(side * factor / STEP) * STEP) for side in photo.shape[:2])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(photo, (width, height), interpolation=method), np.uint8)


def draw(network: Generator, photo: Picture) -> Picture:
    """Runs a network over a whole photo."""
    with torch.inference_mode():
        return to_picture(network(to_tensor([photo]))[0])


def smooth_and_saturate(photo: Picture) -> Picture:
    """Three bilateral filters and 30 % more saturation."""
    for _ in range(3):
        photo = np.asarray(cv2.bilateralFilter(photo, 9, 30, 7), np.uint8)
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.minimum(hsv[..., 1] * 1.3, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def stack(rows: list[Picture]) -> Picture:
    """Puts rows of different widths below each other."""
    widest = max(row.shape[1] for row in rows)
    return np.vstack([np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0))) for row in rows])


def print_figures(name: str, figures: Figures) -> None:
    """One line of figures."""
    print(f"{name:32s}", " ".join(f"{key} {value:.2f}" for key, value in vars(figures).items()))


def main() -> None:
    """Writes a sheet and prints the figures of every column."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder, or text file with one path a line")
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--long", type=int, default=512, help="long side in pixels")
    options = parser.parse_args()
    networks = [load_generator(path) for path in options.weights]
    photos = [fit(read_rgb(path), options.long) for path in list_pictures(options.photos)]
    rows = [[photo, smooth_and_saturate(photo), *(draw(network, photo) for network in networks)] for photo in photos]
    write_rgb(options.out, stack([np.hstack(row) for row in rows]))
    for column, name in enumerate(("photo", "smoothed and saturated", *(path.stem for path in options.weights))):
        print_figures(name, mean_figures([compare(row[column], row[0]) for row in rows]))


if __name__ == "__main__":
    main()
