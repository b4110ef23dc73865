"""The pictures of docs/example.md: ``python examples/example_pictures.py docs/images/example``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import effects_pictures
import numpy as np

import senga
from senga.image import Image

PICTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    **{
        f"{photo}-{exemplar}": (photo, "style-blit", {"exemplar": exemplar})
        for photo, exemplar in (
            ("astronaut", "self-portrait"), ("palace", "harvest"), ("palace", "starry-night"), ("astronaut", "demon"),
            ("palace", "calanque"), ("astronaut", "metzinger"), ("palace", "water-lilies"), ("palace", "scream"),
            ("astronaut", "composition-vii"), ("palace", "autumn"), ("palace", "shipwreck"),
            ("astronaut", "wood-engraving"),
        )
    },
    "lightness": ("palace", "style-blit", {"exemplar": "starry-night", "guide": "lightness"}),
    "shading": ("astronaut", "style-blit", {"exemplar": "scream", "guide": "shading"}),
    "large-strokes": ("palace", "style-blit", {"exemplar": "harvest", "stroke_size": 2}),
    "no-detail": ("palace", "style-blit", {"exemplar": "harvest", "detail": 0}),
    "large-pieces": ("astronaut", "style-blit", {"exemplar": "starry-night", "pieces": 80}),
    "synthesis-starry-night": ("palace", "guided-synthesis", {"exemplar": "starry-night", "stroke_size": 2}),
    "synthesis-harvest": ("palace", "guided-synthesis", {"exemplar": "harvest", "stroke_size": 2}),
    "synthesis-self-portrait": ("astronaut", "guided-synthesis", {"exemplar": "self-portrait", "stroke_size": 2}),
}  # fmt: skip
"""Name of the file -> photograph, filter, settings."""


def ball(side: int = 400) -> tuple[Image, Image, Image]:
    """A sphere of clay with the brushwork of a painting, normals of three balls, and what comes of them."""
    rows, columns = np.mgrid[0:side, 0:side]
    x, y = 2 * (columns + 0.5) / side - 1, 1 - 2 * (rows + 0.5) / side
    z = np.sqrt(np.maximum(0, 1 - x * x - y * y))
    light = np.clip(0.2 + 0.9 * (0.55 * y - 0.4 * x + 0.73 * z), 0, 1)[:, :, None]
    clay = Image((light * np.array([255, 214, 160])).astype(np.uint8))
    painted = senga.apply("style-blit", clay, exemplar="self-portrait", stroke_size=1.5)
    normals = _balls(np.zeros((500, 720)), ((230, 260, 180), (440, 220, 130), (590, 350, 100)))
    result = senga.apply("style-blit", normals, guide="sphere", painting=painted, target_guide=normals, pieces=24)
    return painted, normals, result


def _balls(height: Any, places: tuple[tuple[int, int, int], ...]) -> Image:
    rows, columns = np.indices(height.shape)
    for across, down, radius in places:
        height = np.maximum(height, np.sqrt(np.maximum(0, radius**2 - (columns - across) ** 2 - (rows - down) ** 2)))
    slope = np.dstack([-np.gradient(height, axis=1), np.gradient(height, axis=0), np.ones_like(height)])
    slope /= np.linalg.norm(slope, axis=2, keepdims=True)
    return Image(np.clip(slope * 127.5 + 128, 0, 255).astype(np.uint8))


def main() -> None:
    """Write all pictures into a folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    photos = effects_pictures.photographs()
    for name, (photo, effect, settings) in PICTURES.items():
        result = senga.apply(effect, photos[photo], **settings)
        assert isinstance(result, Image)  # noqa: S101 - none of them makes a film
        effects_pictures.write(result.u8(), folder / f"{name}.jpg")
    for name, picture in zip(("ball", "normals", "balls"), ball(), strict=True):
        effects_pictures.write(picture.u8(), folder / f"{name}.jpg")


if __name__ == "__main__":
    main()
