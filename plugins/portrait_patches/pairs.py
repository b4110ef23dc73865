"""Pairs to learn from: portraits, and what ``face-style`` makes of them after one painting.

Both are kept as files, so that what was made once is not made again: they take seconds each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.errors import ReadError
from senga.faces import Face, find_faces
from senga.faces.face import width_of
from senga.image import Image
from senga.job import Job
from senga.neural.training.album import each_made, find_pictures, read_rgb
from senga.registry import plugins

from .presets import Preset

PHOTOS, PAINTED = "photos", "painted"
"""Folders of the two halves; those of a pair have one name."""
HIGH = 0.54
"""Share of a pair's side at which the middle of the face lies."""
Report = Callable[[float], None]
Say = Callable[[str], None]


def make_pairs(preset: Preset, photos: Path, folder: Path, say: Say, report: Report | None = None) -> tuple[Path, Path]:
    """The pairs of a folder of portraits; those that are there are kept.

    Args:
        preset: of the training, with the exemplar.
        photos: the portraits; those in which no face can be painted are left out.
        folder: where both halves go.
        say: what became of portraits that could not be used.
        report: the share that is done.

    Returns:
        The folders of the photographs and of what was painted.

    Raises:
        SengaError: there are no portraits, the exemplar is unknown, or the disk is full.
    """
    halves = folder / PHOTOS, folder / PAINTED
    paths = find_pictures(photos)
    painter = _Painter(preset)
    bad = each_made(photos, paths, halves, lambda path: painter.pair(read_rgb(path)), report)
    if len(bad) == len(paths):
        raise ReadError(f"In none of the {len(paths)} pictures in “{photos}” a face can be painted.", photos)
    if bad:
        say(f"{len(bad)} photo(s) are left out, as no face in them can be painted, “{bad[0]}” first.")
    return halves


class _Painter:
    """Makes pairs after one painting."""

    def __init__(self, preset: Preset) -> None:
        own, name = Path(preset.exemplar), "exemplar"
        chosen: Any = preset.exemplar
        if own.is_file():
            name, chosen = "painting", Image(read_rgb(own))
        self.preset, self.job = preset, Job()
        settings = {name: chosen, "fineness": round(preset.face), "likeness": preset.likeness}
        self.act = plugins().make("face-style", settings)
        self.prepared = self.act.prepare(self.job)

    def pair(self, picture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Two squares: the largest face with what is around it, and the same painted."""
        faces = find_faces(Image(picture), self.job, most=1)
        photo = _square(picture, faces[0], self.preset.face, self.preset.side) if faces else picture
        made = self.act(Image(photo), replace(self.job, prepared=self.prepared))
        assert isinstance(made, Image)  # noqa: S101 - no film
        return [photo, made.u8()]


def _square(picture: NDArray[np.uint8], face: Face, wide: float, side: int) -> NDArray[np.uint8]:
    """The surroundings of a face, which becomes so wide; where the picture ends it is mirrored."""
    factor, near = wide / max(1.0, width_of(face.points)), picture
    if factor < 0.5:
        near = np.asarray(cv2.resize(picture, None, fx=2 * factor, fy=2 * factor, interpolation=cv2.INTER_AREA))
    smaller = len(near) / len(picture)
    across, down = face.points.mean(axis=0) * smaller
    factor /= smaller
    shift = side / 2 - factor * across, side * HIGH - factor * down
    way = np.array([[factor, 0, shift[0] + factor / 2 - 0.5], [0, factor, shift[1] + factor / 2 - 0.5]])
    return np.asarray(cv2.warpAffine(near, way, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
