"""The pictures of docs/effects.md and docs/cartoon.md: ``python examples/effects_pictures.py docs/images/effects``."""

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
    "find-edges-sobel": ("astronaut", "find-edges", {"amount": 2}),
    "find-edges-canny": ("palace", "find-edges", {"method": "canny", "tint": "grey"}),
    "find-edges-dog": ("palace", "find-edges", {"method": "dog", "amount": 2}),
    "find-edges-xdog": ("palace", "find-edges", {"method": "xdog"}),
    "find-edges-learned": ("astronaut", "find-edges", {"method": "learned"}),
    "find-edges-learned-view": ("palace", "find-edges", {"method": "learned"}),
    "find-edges-shadows": ("astronaut", "find-edges", {"method": "xdog", "shadows": 0.35}),
    "find-edges-glow": ("palace", "find-edges", {"glow": True, "amount": 3}),
    "trace-contour": ("astronaut", "trace-contour", {"smoothness": 1.5}),
    "trace-contour-levels": ("palace", "trace-contour", {"levels": 6, "smoothness": 3, "tint": "grey"}),
    "emboss-direct": ("astronaut", "emboss", {"amount": 150}),
    "emboss-normals": ("palace", "emboss", {"method": "normals", "tint": "grey"}),
    "oil-paint-strokes": ("astronaut", "oil-paint", {}),
    "oil-paint-anisotropic": ("palace", "oil-paint", {"method": "anisotropic", "radius": 6}),
    "oil-paint-kuwahara": ("palace", "oil-paint", {"method": "kuwahara"}),
    "oil-paint-classic": ("astronaut", "oil-paint", {"method": "classic"}),
    "ripple-sine": ("palace", "ripple", {"size": "large", "amount": 150}),
    "ripple-triangle": ("astronaut", "ripple", {"wave": "triangle", "size": "large", "amount": 150}),
    "ripple-noise": ("palace", "ripple", {"wave": "noise", "size": "large", "amount": 200}),
    "ripple-pond": ("astronaut", "ripple", {"wave": "pond", "size": "large", "amount": 250}),
    "extrude-blocks": ("astronaut", "extrude", {}),
    "extrude-solid": ("palace", "extrude", {"solid_faces": True, "size": 16, "heights": "level", "depth": 60}),
    "extrude-pyramids": ("astronaut", "extrude", {"shape": "pyramids", "size": 18}),
    "flat-cartoon": ("palace", "flat-cartoon", {}),
    "flat-cartoon-portrait": ("astronaut", "flat-cartoon", {}),
    "cartoon": ("palace", "cartoon", {}),
    "cartoon-portrait": ("astronaut", "cartoon", {}),
    "cartoon-surface": ("astronaut", "cartoon", {"surface": 1.0}),
    "cartoon-structure": ("astronaut", "cartoon", {"structure": 1.0}),
    "cartoon-texture": ("astronaut", "cartoon", {"texture": 2.0}),
    "cartoon-show-surface": ("palace", "cartoon", {"show": "surface"}),
    "cartoon-show-structure": ("palace", "cartoon", {"show": "structure"}),
    "cartoon-show-texture": ("palace", "cartoon", {"show": "texture"}),
}
"""Name of the file -> photograph, filter, settings."""


def photographs() -> dict[str, Image]:
    """Both at about a megapixel, where sizes are what the settings say."""
    found = {"astronaut": HERE / "astronaut.png", "palace": HERE / "summer-palace.jpg"}
    return {name: _enlarged(senga.open(path).u8()) for name, path in found.items()}


def _enlarged(pixels: np.ndarray) -> Image:
    factor = (1e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    return Image(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))


def write(pixels: np.ndarray, path: Path) -> None:
    """A small JPEG."""
    factor = SIDE / max(pixels.shape)
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


def main() -> None:
    """Write all pictures into a folder."""
    folder = Path(sys.argv[1])
    photos = photographs()
    for name, (photo, effect, settings) in PICTURES.items():
        result = senga.apply(effect, photos[photo], **settings)
        assert isinstance(result, Image)  # noqa: S101 - none of them makes a film
        write(result.u8(), folder / f"{name}.jpg")


if __name__ == "__main__":
    main()
