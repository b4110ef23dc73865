"""What a training of drawn faces learns from, held in memory as bytes, and the sheets that it leaves to look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from training.data import Pairs, crop_at, to_picture, to_tensor
from training.pictures import Picture, list_pictures, read_rgb, write_rgb

AROUND, HEAD = 0.1, 0.3
"""How much the surroundings of heads count, and heads, beside eyes, brows and mouths."""
SHOWN = 8
"""Faces on a row of a sheet."""


class Twins(Pairs):
    """Faces, their twins, and where the head is (red) and its eyes, brows and mouth (green), cropped alike."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        super().__init__(folder, seed)
        self.heads = [read_rgb(path) for path in sorted(folder.glob("*.head.png"))]

    def three(self, count: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Crops of all: in [-1, 1], and (N, 1, H, W) how much each place counts, 0..1."""
        found: tuple[list[Picture], ...] = ([], [], [])
        for index in self.random.integers(len(self.photos), size=count):
            place, mirror = (self.random.random(), self.random.random()), self.random.random() < 0.5
            for few, pictures in zip(found, (self.photos, self.targets, self.heads), strict=True):
                few.append(crop_at(pictures[index], place, size, mirror))
        photo, target, masks = map(to_tensor, found)
        head, parts = ((masks[:, i : i + 1] + 1) / 2 for i in (0, 1))
        return photo, target, torch.lerp(AROUND + (HEAD - AROUND) * head, torch.ones_like(parts), parts)


class Drawings:
    """Drawn faces."""

    def __init__(self, source: Path, seed: int = 1) -> None:
        self.pictures = [read_rgb(path) for path in list_pictures(source)]
        self.random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> Tensor:
        """Crops of some."""
        some = self.random.integers(len(self.pictures), size=count)
        places = self.random.random((count, 3))
        return to_tensor(
            [crop_at(self.pictures[i], (y, x), size, turn < 0.5) for i, (y, x, turn) in zip(some, places, strict=True)]
        )


def write_sheet(network: nn.Module, faces: list[Picture], path: Path) -> None:
    """Faces, below them how they are drawn."""
    rows = []
    for begun in range(0, len(faces), SHOWN):
        few = faces[begun : begun + SHOWN]
        with torch.inference_mode():
            drawn = [to_picture(network(to_tensor([face]))[0][0]) for face in few]
        row = np.vstack([np.hstack(few), np.hstack(drawn)])
        rows.append(cv2.copyMakeBorder(row, 0, 0, 0, SHOWN * len(few[0]) - row.shape[1], cv2.BORDER_CONSTANT))
    write_rgb(path, np.asarray(np.vstack(rows), np.uint8))
