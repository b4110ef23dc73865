"""Drawn twins of faces: `python -m training.twins --photos FOLDER --out PAIRS`, with which `training.ugatit` begins.

A twin is drawn by rules from a face that stands upright in its square, its landmarks and its masks: large eyes, skin in
three tones, flat hair, dark outlines. It has the colours of who was photographed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from senga import ops
from senga.faces import Face, Masks, masks_of
from senga.faces.face import JAW, LEFT_BROW, LEFT_EYE, LIPS, RIGHT_BROW, RIGHT_EYE
from senga.image import Image
from senga.job import Job
from senga.plugins.face_drawing.squares import upright_face
from training.pictures import list_pictures, write_rgb

Plane = NDArray[np.float32]
Picture = NDArray[np.float32]
"""(H, W, 3), 0..1."""
LARGER, REACH = 1.6, 0.42
"""How much eyes grow, and how far round them, in distances of the eyes."""
INK = np.array((0.16, 0.09, 0.10), np.float32)
WHITE, PUPIL = np.array((0.97, 0.96, 0.95), np.float32), np.array((0.08, 0.05, 0.06), np.float32)
FINE = 4
"""So many times larger lines are drawn, and then reduced."""


def twin(square: NDArray[np.uint8], points: NDArray[np.float32], masks: Masks | None = None) -> NDArray[np.uint8]:
    """The drawing of a face.

    Args:
        square: (S, S, 3) bytes, the face upright in it.
        points: (68, 2) landmarks in it.
        masks: of it; found without.
    """
    masks = masks or masks_of(Image(square), Face.of_points(points), Job(threads=1))
    return np.rint(_Sheet.of(square, points, masks).drawn() * 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class _Sheet:
    """A face whose eyes have grown, its landmarks and masks."""

    photo: Picture
    points: NDArray[np.float32]
    head: Plane
    skin: Plane
    hair: Plane

    @classmethod
    def of(cls, square: NDArray[np.uint8], points: NDArray[np.float32], masks: Masks) -> _Sheet:
        grown = _Grown(points, len(square))
        planes = (square.astype(np.float32) / 255, masks.head, masks.skin, masks.hair)
        photo, head, skin, hair = (grown.seen(each) for each in planes)
        photo = np.clip(1.04 * np.clip(photo, 0, 1) ** 0.85, 0, 1)
        return cls(photo, grown.moved(points), *(_step(each - 0.5, 0.3) for each in (head, skin, hair)))

    @cached_property
    def size(self) -> float:
        """The distance of the eyes."""
        left, right = (self.points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE))
        return float(np.linalg.norm(right - left))

    def drawn(self) -> Picture:
        paint = self._flat()
        paint = _over(paint, INK * 0.7 + 0.3 * paint, self._edges())
        for part in (LEFT_EYE, RIGHT_EYE):
            paint = self._eye(paint, self.points[part])
        paint = _over(paint, 0.75 * INK + 0.15 * paint, self._lines())
        return np.clip(paint, 0, 1).astype(np.float32)

    def _flat(self) -> Picture:
        smooth = ops.smooth_l0(ops.kuwahara(self.photo, 4), 0.02)
        steps = ops.tone_steps(smooth, 6, 0.7)
        paint = ops.saturate(steps, 1.25)
        face = np.maximum(self.skin * self._like_skin(), self._inside_face() * (1 - self.hair))
        paint = _over(paint, self._skin_tones(), face)
        lips = self._filled(self.points[LIPS])
        return _over(paint, self._lips(), lips)

    def _skin_tones(self) -> Picture:
        """Light, middle and shade of the skin."""
        sure = self.skin > 0.8
        if sure.sum() < 50:
            return ops.kuwahara(self.photo, 4)
        middle = np.median(self.photo[sure], axis=0)
        light = cv2.GaussianBlur(ops.luma(self.photo), (0, 0), 0.045 * self.size)
        level = light / max(float(np.median(light[sure])), 0.05)
        tones = 1 - 0.2 * _step(0.82 - level, 0.05) + 0.1 * _step(level - 1.16, 0.05)
        middle = _clear(middle)
        cheeks = self._cheeks()[..., None] * np.array((0.03, -0.03, -0.02), np.float32)
        return np.asarray(np.clip(middle * tones[..., None] + cheeks, 0, 1), np.float32)

    def _like_skin(self) -> Plane:
        """What has the colours of the cheeks: grey hair has not."""
        lab = cv2.cvtColor(ops.kuwahara(self.photo, 3), cv2.COLOR_RGB2LAB)
        sure = (self.skin > 0.8) & (self._inside_face() > 0.5)
        apart = (lab - np.median(lab[sure], axis=0)) / (40, 8, 8) if sure.any() else np.zeros_like(lab)
        return _step(1.35 - np.linalg.norm(apart, axis=2), 0.3)

    def _cheeks(self) -> Plane:
        spots = np.zeros(self.photo.shape[:2], np.float32)
        for eye, corner in ((LEFT_EYE, 48), (RIGHT_EYE, 54)):
            x, y = 0.55 * self.points[eye].mean(axis=0) + 0.45 * self.points[corner]
            x += (x - self.points[30, 0]) * 0.3
            cv2.circle(spots, (int(x), int(y)), round(0.22 * self.size), 1.0, -1)
        return np.asarray(cv2.GaussianBlur(spots, (0, 0), 0.16 * self.size), np.float32)

    def _lips(self) -> Picture:
        """Lips in one colour, teeth white."""
        inside = self._filled(self.points[60:68])
        own = self.photo[self._filled(self.points[LIPS]) * (1 - inside) > 0.5]
        colour = np.median(own, axis=0) if len(own) else np.array((0.7, 0.35, 0.35))
        lips = np.broadcast_to(_clear(colour * np.array((1.02, 0.88, 0.88))), self.photo.shape)
        open_mouth = self.points[65:68, 1].mean() - self.points[61:64, 1].mean() > 0.05 * self.size
        teeth = WHITE * 0.97 if open_mouth else colour * 0.5
        return _over(np.asarray(lips, np.float32), np.broadcast_to(teeth, lips.shape), inside)

    def _eye(self, paint: Picture, eye: NDArray[np.float32]) -> Picture:
        """White, iris, pupil and a light; under the lid a shade."""
        tall = max(float(eye[4:6, 1].mean() - eye[1:3, 1].mean()), 0.02 * self.size)
        wide = float(np.linalg.norm(eye[3] - eye[0]))
        middle = eye.mean(axis=0)
        radius = float(np.clip(0.62 * tall, 0.19 * wide, 0.3 * wide))
        white = self._filled(_opened(eye, 1.25))
        x, y = middle.round().astype(int)
        near = self.photo[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].reshape(-1, 3)  # (pixels, 3)
        iris = 0.5 * np.percentile(near, 30, axis=0) + 0.5 * np.array((0.33, 0.2, 0.13))
        for colour, spot in (
            (WHITE, white),
            (iris, white * self._disc(middle, radius)),
            (PUPIL, white * self._disc(middle, 0.55 * radius)),
            (WHITE, white * self._disc(middle + radius * np.array((0.35, -0.4)), 0.28 * radius)),
        ):
            paint = _over(paint, np.broadcast_to(colour, paint.shape), spot)
        return paint

    def _edges(self) -> Plane:
        """Edges of the photograph: glasses, hair, clothes; in skin only strong ones."""
        light = ops.luma(ops.kuwahara(self.photo, 2))
        ink = ops.without_specks(ops.edge_ink(light, 0.9, 0.012), 40)
        ink = ops.fade_crowds(ink, 0.34)
        strong = ops.without_specks(ops.edge_ink(light, 1.1, 0.03), 30)
        eyes = np.maximum.reduce(
            [self._disc(self.points[part].mean(axis=0), 0.2 * self.size) for part in (LEFT_EYE, RIGHT_EYE)]
        )
        mouth = self._filled(_wider(self.points[LIPS], 1.15))
        skin = cv2.GaussianBlur(np.clip(self.skin + self._inside_face(), 0, 1), (0, 0), 1.5)
        found = np.where(skin > 0.5, 0.7 * strong, 0.85 * ink)
        return np.asarray(found * (1 - 0.75 * eyes) * (1 - mouth), np.float32)

    def _lines(self) -> Plane:
        """Contours that are always there."""
        thin, p = 0.018 * self.size, self.points
        lines = [(p[JAW][2:15], thin), (p[31:36], 1.4 * thin), (p[[48, 60, 61, 62, 63, 64, 54]], thin)]
        lines += [(p[[59, 58, 57, 56, 55]] + (0, 0.02 * self.size), 0.6 * thin)]
        for eye in (p[LEFT_EYE], p[RIGHT_EYE]):
            eye = _opened(eye, 1.25)
            lines += [(eye[:4], 2.4 * thin), (eye[[0, 5, 4, 3]], 0.7 * thin)]
            lines += [(eye[:4] - (0, 0.09 * self.size), 0.6 * thin)]  # the fold over it
        for brow in (p[LEFT_BROW], p[RIGHT_BROW]):
            lines += [(brow, 2.6 * thin)]
        ink = np.zeros([FINE * n for n in self.photo.shape[:2]], np.uint8)
        for line, width in lines:
            way = np.rint(_curve(line) * FINE * 16).astype(np.int32)
            cv2.polylines(ink, [way], False, 255, max(1, round(width * FINE)), cv2.LINE_AA, 4)
        drawn = np.asarray(cv2.resize(ink, self.photo.shape[1::-1], interpolation=cv2.INTER_AREA) / 255, np.float32)
        hair = cv2.GaussianBlur(self.hair, (0, 0), 0.8)
        return np.asarray(np.maximum(drawn * np.clip(1.3 - hair, 0, 1), self._outline()), np.float32)

    def _outline(self) -> Plane:
        """The edge of the head."""
        plane = cv2.GaussianBlur(self.head, (0, 0), 1.2)
        inner = cv2.erode((plane > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8))
        edge = ((plane > 0.5).astype(np.uint8) - inner).astype(np.float32)
        return np.asarray(np.clip(cv2.GaussianBlur(edge, (0, 0), 0.7) * 1.5, 0, 0.85), np.float32)

    def _inside_face(self) -> Plane:
        return self._filled(np.concatenate([self.points[JAW], self.points[26:16:-1]]))

    def _filled(self, outline: NDArray[np.float32]) -> Plane:
        plane = np.zeros([FINE * n for n in self.photo.shape[:2]], np.uint8)
        cv2.fillPoly(plane, [np.rint(_curve(outline, closed=True) * FINE).astype(np.int32)], 255)
        return np.asarray(cv2.resize(plane, self.photo.shape[1::-1], interpolation=cv2.INTER_AREA) / 255, np.float32)

    def _disc(self, middle: NDArray[np.float32], radius: float) -> Plane:
        y, x = np.mgrid[: self.photo.shape[0], : self.photo.shape[1]] + 0.5
        return np.asarray(np.clip(radius - np.hypot(x - middle[0], y - middle[1]) + 0.5, 0, 1), np.float32)


class _Grown:
    """Larger eyes: where every pixel comes from, and where points go."""

    def __init__(self, points: NDArray[np.float32], side: int) -> None:
        self.eyes = [points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE)]
        self.reach = REACH * float(np.linalg.norm(self.eyes[1] - self.eyes[0]))
        y, x = np.mgrid[:side, :side].astype(np.float32)
        self.places = np.dstack([x, y])

    def seen(self, plane: Plane) -> Plane:
        """A plane with larger eyes."""
        source = self.places.copy()
        for eye in self.eyes:
            away = self.places - (eye - 0.5)
            source -= (1 - 1 / LARGER) * self._near(away)[..., None] * away
        return np.asarray(cv2.remap(plane, source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)

    def moved(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where points go, found step by step."""
        found = points.astype(np.float32).copy()
        for _ in range(8):
            back = found.copy()
            for eye in self.eyes:
                away = found - eye
                back -= (1 - 1 / LARGER) * self._near(away)[..., None] * away
            found += points - back
        return found

    def _near(self, away: NDArray[np.float32]) -> NDArray[np.float32]:
        """1 at an eye, less farther off."""
        return np.asarray(np.exp(-((np.linalg.norm(away, axis=-1) / self.reach) ** 4)), np.float32)


def _over(below: Picture, above: Picture, share: Plane) -> Picture:
    return np.asarray(below + (above - below) * share[..., None], np.float32)


def _step(value: Plane, soft: float) -> Plane:
    return np.asarray(np.clip(value / soft + 0.5, 0, 1), np.float32)


def _clear(colour: NDArray[np.floating]) -> NDArray[np.float32]:
    """A little lighter and more colourful."""
    grey = float(colour @ np.array((0.299, 0.587, 0.114)))
    return np.asarray(np.clip((grey + 1.15 * (colour - grey)) ** 0.9, 0, 1), np.float32)


def _opened(eye: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """An eye that is open wider."""
    middle = eye.mean(axis=0)
    return np.asarray(middle + (eye - middle) * np.array((1, factor)), np.float32)


def _wider(points: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    middle = points.mean(axis=0)
    return np.asarray(middle + factor * (points - middle), np.float32)


def _curve(points: NDArray[np.float32], *, closed: bool = False) -> NDArray[np.float32]:
    """A Catmull-Rom curve through points."""
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    all_points = np.concatenate([ends[0], points, ends[1]])
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(all_points, all_points[1:], all_points[2:], all_points[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*parts, points[:1] if closed else points[-1:]]).astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Draws the twins of all portraits of a folder, but for those that are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="portraits: folder, or text file of paths")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pairs")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for path in list_pictures(options.photos):
        target = options.out / f"{path.stem}.target.png"
        found = None if target.exists() else upright_face(path)
        if found:
            write_rgb(options.out / f"{path.stem}.photo.png", found[0])
            masks = masks_of(Image(found[0]), Face.of_points(found[1]), Job())
            write_rgb(
                options.out / f"{path.stem}.head.png", np.rint(np.dstack([masks.head] * 3) * 255).astype(np.uint8)
            )
            write_rgb(target, twin(*found, masks))


if __name__ == "__main__":
    main()
