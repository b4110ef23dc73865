"""Each face turned upright, drawn, and laid back over the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.faces import Face
from senga.faces.alignment import Similarity, seen
from senga.faces.face import LEFT_EYE, LIPS, RIGHT_EYE
from senga.faces.finding import faces_to_paint
from senga.faces.head import Head
from senga.faces.painted_head import PaintedHead, laid
from senga.families import network_of
from senga.image import Image, to_depth
from senga.job import Job, Weights
from senga.neural.engine import evaluate

from .network import SIDE

if TYPE_CHECKING:
    from . import FaceDrawing

EYES, LEVEL, MOUTH = (0.37, 0.63), 0.48, 0.74
"""Where eyes and mouth are in the square that is drawn, as shares of its side: as in published training pictures."""
BROAD, FAINT = 0.09, 0.02
"""Standard deviation within which colours are broad, as a share of the side; how much counts what is not drawn."""
EDGE = 0.06
"""Over which share of the square its borders fade."""


@dataclass(frozen=True, eq=False)
class Drawer:
    """A generator with its weights."""

    weights: Weights

    @classmethod
    def of(cls, style: str, job: Job) -> Drawer:
        """That of a style.

        Raises:
            ModelError: there is none.
        """
        return cls(job.weights(style))

    @cached_property
    def network(self) -> Any:
        """The network of the card."""
        return network_of(self.weights)

    def draw(self, square: NDArray[np.uint8], shows: str, job: Job) -> NDArray[np.uint8]:
        """The drawing of (256, 256, 3) bytes, or where the network looks."""
        given = {"photo": square.astype(np.float32) / 127.5 - 1}
        found = evaluate(self.network, self.weights.arrays, given, job)
        if shows == "attention":
            return _bright(found["attention"][..., 0])
        return np.rint(np.clip((found["painting"] + 1) * 127.5, 0, 255)).astype(np.uint8)


def drawn(act: FaceDrawing, image: Image, job: Job) -> Image:
    """The picture with all its faces drawn; what lies behind a face is drawn first."""
    drawer: Drawer = job.prepared or act.prepare(job)
    faces = faces_to_paint(image, job.part(0, 0.1), given=act.landmarks, points=act.points)
    pixels, result = image.u8(), _around(act, image)
    for number, face in enumerate(reversed(faces)):
        part = job.part(0.1 + 0.9 * number / len(faces), 0.1 + 0.9 * (number + 1) / len(faces))
        part.progress(0.0, "Drawing faces")
        result = laid(result, _head(act, drawer, pixels, face, part.part(0, 0.9)), part.part(0.9, 1))
    return image.with_pixels(result)


def _around(act: FaceDrawing, image: Image) -> NDArray[Any]:
    """What lies round the heads, in the depth of the picture."""
    other = act.picture("background")
    return image.pixels if other is None else to_depth(other.pixels, image.pixels.dtype)


def _head(act: FaceDrawing, drawer: Drawer, pixels: NDArray[Any], face: Face, job: Job) -> PaintedHead:
    way = upright(face.points, act.room)
    square = seen(pixels, way, SIDE, SIDE)
    mask = np.full((SIDE, SIDE), 255, np.uint8)
    if not act.whole:
        mask = np.asarray(Head.of(pixels, face.points, job.part(0, 0.2)).on(way, SIDE, SIDE)[..., 0])
    painting = drawer.draw(np.ascontiguousarray(square), act.shows, job.part(0.2, 1))
    if act.colours and act.shows == "drawing":
        painting = _coloured(painting, square, mask, act.colours)
    share = np.rint(mask * _fading() * act.strength).astype(np.uint8)
    return PaintedHead(np.dstack([painting, share]), way.inverse)


def _coloured(painting: NDArray[Any], square: NDArray[Any], mask: NDArray[Any], share: float) -> NDArray[np.uint8]:
    """The drawing with a share of the broad colours of the photograph, which its norms do not let it see."""
    counts = mask.astype(np.float32)[..., None] / 255 + FAINT
    apart = (square.astype(np.float32) - painting) * counts
    broad, weight = (cv2.GaussianBlur(each, (0, 0), BROAD * SIDE) for each in (apart, counts))
    return np.asarray(np.rint(np.clip(painting + share * broad / weight[..., None], 0, 255)), np.uint8)


def upright(points: NDArray[Any], room: float) -> Similarity:
    """The way from a picture into the square that is drawn.

    Args:
        points: (68, 2) landmarks.
        room: how much smaller the face is in it.
    """
    places = [points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE, LIPS)]
    goals = np.array([(EYES[0], LEVEL), (EYES[1], LEVEL), (0.5, MOUTH)]) - 0.5
    here, there = (each[:, 0] + 1j * each[:, 1] for each in (np.array(places), (goals / room + 0.5) * SIDE))
    own, aim = here - here.mean(), there - there.mean()
    factor = complex((own.conj() * aim).sum() / max(1e-12, (abs(own) ** 2).sum())) or 1 + 0j
    return Similarity(factor, complex(there.mean() - factor * here.mean()))


def _fading() -> NDArray[np.float32]:
    """1 within the square, 0 at its border."""
    inside = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / (EDGE * SIDE)
    line = np.clip(inside, 0, 1)
    return np.asarray(np.minimum.outer(line, line), np.float32)


def _bright(attention: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Where a network looks: the most white, the least black."""
    low, high = float(attention.min()), float(attention.max())
    grey = np.rint((attention - low) / max(high - low, 1e-9) * 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB))
