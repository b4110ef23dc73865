"""The pictures of docs/photo-style.md: ``python examples/photo_style_pictures.py docs/images/photo-style``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import senga
from senga.image import Image

HERE = Path(__file__).resolve().parent
SIDE = 440
PICTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "evening": ("palace", "dusk", {}),
    "by-night": ("palace", "night", {}),
    "in-autumn": ("palace", "autumn", {}),
    "portrait": ("astronaut", "dusk", {"keep_luminance": 0.8}),
    "distribution": ("palace", "dusk", {"method": "distribution"}),
    "reinhard": ("palace", "dusk", {"method": "reinhard"}),
    "luminance": ("palace", "night", {"method": "luminance"}),
    "segments": ("palace", "dusk", {"segments": 3}),
    "own-light": ("palace", "night", {"keep_luminance": 1}),
    "all-light": ("palace", "night", {"keep_luminance": 0}),
    "harvest-plain": ("palace", "harvest", {"keep_luminance": 0.3}),
    "harvest-seen": ("palace", "harvest", {"keep_luminance": 0.3, "method": "network"}),
}
"""Name of the file -> photograph, reference, settings."""

SKIES = {
    "dusk": ([(0.25, 0.22, 0.42), (0.78, 0.36, 0.35), (1.0, 0.72, 0.35)], (0.13, 0.08, 0.1)),
    "night": ([(0.02, 0.04, 0.12), (0.06, 0.12, 0.28), (0.2, 0.3, 0.5)], (0.02, 0.03, 0.05)),
    "autumn": ([(0.62, 0.7, 0.75), (0.8, 0.78, 0.7), (0.85, 0.72, 0.5)], (0.5, 0.22, 0.06)),
}
"""Drawn references: colours of the sky from above to the horizon, and of the land."""


def drawn(name: str, height: int = 300, width: int = 440) -> np.ndarray:
    """(H, W, 3) in 0..1: a sky with a glow over hills."""
    sky, land = SKIES[name]
    y, x = np.mgrid[0:height, 0:width] / height
    picture = np.dstack([np.interp(y, (0, 0.4, 0.7), [colour[c] for colour in sky]) for c in range(3)])
    glow = np.exp(-((x - 1.0) ** 2 + (y - 0.6) ** 2) / 0.03)[..., None]
    picture += glow * (1 - picture) * 0.8
    for number, base in enumerate((0.62, 0.72, 0.84)):
        hill = y > base + 0.05 * np.sin(5 * x + 2 * number) + 0.02 * np.sin(17 * x + number)
        picture[hill] = (1 - 0.3 * number) * np.array(land) + 0.12 * (2 - number) * np.array(sky[2])
    grain = np.random.default_rng(0).normal(0, 0.02, (height, width, 1))
    return np.clip(picture + grain, 0, 1).astype(np.float32)


def pictures() -> dict[str, Image]:
    """Both photographs, a painting, and the drawn references."""
    found = {"astronaut": HERE / "astronaut.png", "palace": HERE / "summer-palace.jpg"}
    found["harvest"] = HERE.parent / "core" / "exemplars" / "paintings" / "harvest.jpg"
    return {name: senga.open(path) for name, path in found.items()} | {name: Image(drawn(name)) for name in SKIES}


def write(image: Image, path: Path) -> None:
    """A small JPEG."""
    factor = SIDE / max(image.height, image.width)
    small = cv2.resize(image.u8(), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


def main() -> None:
    """Write references and results into a folder."""
    folder, given = Path(sys.argv[1]), pictures()
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in given.items():
        write(image, folder / (f"photo-{name}.jpg" if name in ("palace", "astronaut") else f"{name}.jpg"))
    for name, (photo, reference, settings) in PICTURES.items():
        result = senga.apply("photo-style", given[photo], reference=given[reference], **settings)
        assert isinstance(result, Image)  # noqa: S101 - none of them makes a film
        write(result, folder / f"{name}.jpg")


if __name__ == "__main__":
    main()
