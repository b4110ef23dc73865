"""Random crops of packed photo and target pairs and of the style set, held in memory as bytes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.pictures import Picture, list_pictures, read_rgb

STYLE_SCALES = (1.0, 0.8, 0.62)


def to_tensor(pictures: list[Picture]) -> Tensor:
    """RGB bytes to a batch in [-1, 1]."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return stacked.float() / 127.5 - 1


def to_picture(drawn: Tensor) -> Picture:
    """RGB bytes of one picture (3, H, W) in [-1, 1]."""
    return np.asarray(((drawn.permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255).round(), np.uint8)


def crop_at(picture: NDArray[np.uint8], place: tuple[float, float], size: int, mirror: bool) -> Picture:
    """A square crop at a relative place, mirrored left to right on request; small pictures are reflected."""
    height, width = picture.shape[:2]
    short = max(0, size - height), max(0, size - width)
    if any(short):
        picture = np.pad(picture, ((0, short[0]), (0, short[1]), (0, 0)), mode="symmetric")
        height, width = picture.shape[:2]
    top, left = round(place[0] * (height - size)), round(place[1] * (width - size))
    crop = picture[top : top + size, left : left + size]
    return np.ascontiguousarray(crop[:, ::-1] if mirror else crop)


class Pairs:
    """Photos with their drawn targets."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        names = sorted(path.name.removesuffix(".photo.png") for path in folder.glob("*.photo.png"))
        self.photos = [read_rgb(folder / f"{name}.photo.png") for name in names]
        self.targets = [read_rgb(folder / f"{name}.target.png") for name in names]
        self.random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> tuple[Tensor, Tensor]:
        """Photos and targets cropped alike, with a small common colour cast."""
        photos, targets = [], []
        for index in self.random.integers(len(self.photos), size=count):
            place, mirror = (self.random.random(), self.random.random()), self.random.random() < 0.5
            photos.append(crop_at(self.photos[index], place, size, mirror))
            targets.append(crop_at(self.targets[index], place, size, mirror))
        cast = torch.from_numpy(self.random.uniform(0.92, 1.08, (count, 3, 1, 1)).astype(np.float32))
        photo, target = ((to_tensor(p) + 1) * cast - 1 for p in (photos, targets))
        return photo.clamp(-1, 1), target.clamp(-1, 1)


class Panels:
    """Pictures of the style set."""

    def __init__(self, folder: Path, longest: int = 1280, seed: int = 1) -> None:
        self.panels: list[Picture] = []
        self.random = np.random.default_rng(seed)
        for path in list_pictures(folder):
            picture = read_rgb(path)
            largest = min(1.0, longest / max(picture.shape[:2]))
            for scale in STYLE_SCALES:
                factor = scale * largest
                sized = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
                self.panels.append(np.asarray(sized, np.uint8))

    def batch(self, count: int, size: int) -> Tensor:
        """Crops of the style set."""
        crops = []
        for index in self.random.integers(len(self.panels), size=count):
            place = (self.random.random(), self.random.random())
            crops.append(crop_at(self.panels[index], place, size, self.random.random() < 0.5))
        return to_tensor(crops)
