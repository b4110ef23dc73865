"""Reading, writing and resizing RGB pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SUFFIXES = {".jpg", ".jpeg", ".png"}


def read_rgb(path: Path) -> Picture:
    """Reads an 8-bit RGB picture.

    Raises:
        ValueError: if the file holds no readable picture.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is no readable picture")
    return np.ascontiguousarray(bgr[..., ::-1])


def write_rgb(path: Path, picture: Picture) -> None:
    """Writes an 8-bit RGB picture; the suffix chooses the format."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 85] if path.suffix.lower() in (".jpg", ".jpeg") else []
    cv2.imwrite(str(path), picture[..., ::-1], quality)


def resize_long(picture: Picture, long_side: int) -> Picture:
    """Scales the picture to a long side; smaller pictures keep their size."""
    factor = long_side / max(picture.shape[:2])
    if factor >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def list_pictures(source: Path) -> list[Path]:
    """Pictures of a folder, or those named line by line in a text file."""
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
    lines = source.read_text(encoding="utf-8").split("\n")
    return [source.parent / line for line in lines if line.strip()]
