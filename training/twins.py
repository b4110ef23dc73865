"""Drawn twins of faces: `python -m training.twins --photos FOLDER --out PAIRS`, with which `training.ugatit` begins.

A twin is drawn by rules from a face that stands upright in its square, its landmarks and its masks: flat colours, skin
in four tones, dark outlines, eyes a little larger. Eyes, brows, nostrils and mouth are those of the photograph, made
clear: eyes and mouths of one shape for all would make all people alike.
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
from training.twin_shapes import (
    Grown,
    Picture,
    Plane,
    band,
    clear,
    curve,
    dark_side,
    grey_of,
    opened,
    over,
    step,
    wider,
)

INK = np.array((0.17, 0.10, 0.11), np.float32)
PUPIL = np.array((0.06, 0.04, 0.05), np.float32)
THIN = 0.018
"""Width of lines, in distances of the eyes."""
BELOW, DRAWN = (0, 0.3, 0.62, 0.85, 1.0, 1.25, 1.9), (0, 0.16, 0.58, 0.93, 1.03, 1.3, 2.1)
"""Lightness in eyes and mouths, beside that of the skin, and how it is drawn: darker where it is dark."""
NEAR = 9
"""Pixels over which eyes, brows and mouths are widened where they count."""
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
        grown = Grown(points, len(square))
        planes = (square.astype(np.float32) / 255, masks.head, masks.skin, masks.hair)
        photo, head, skin, hair = (grown.seen(each) for each in planes)
        photo = np.clip(1.04 * np.clip(photo, 0, 1) ** 0.85, 0, 1)
        return cls(photo, grown.moved(points), *(step(each - 0.5, 0.3) for each in (head, skin, hair)))

    @cached_property
    def size(self) -> float:
        """The distance of the eyes."""
        left, right = (self.points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE))
        return float(np.linalg.norm(right - left))

    @cached_property
    def light(self) -> Plane:
        """Lightness of the photograph."""
        return np.asarray(ops.luma(self.photo), np.float32)

    @cached_property
    def soft(self) -> Picture:
        """The photograph without what is fine and faint."""
        soft = self.photo
        for _ in range(3):
            soft = np.asarray(cv2.bilateralFilter(soft, -1, 0.09, 2.2), np.float32)
        return soft

    @cached_property
    def middle(self) -> NDArray[np.float32]:
        """The colour of the skin."""
        sure = (self.skin > 0.8) & (self._inside_face() > 0.5)
        return np.asarray(np.median(self.photo[sure], axis=0) if sure.sum() > 50 else (0.7, 0.5, 0.4), np.float32)

    @cached_property
    def parts(self) -> Plane:
        """Eyes, brows, nostrils and mouth, softly."""
        p, size = self.points, self.size
        outlines = [wider(opened(p[eye], 1.5), 1.35) for eye in (LEFT_EYE, RIGHT_EYE)]
        outlines += [wider(p[LIPS], 1.12), band(p[31:36], 0.091 * size, 0.035 * size)]
        outlines += [band(p[brow], 0.07 * size, 0.077 * size) for brow in (LEFT_BROW, RIGHT_BROW)]
        found = np.maximum.reduce([self._filled(each) for each in outlines])
        return np.asarray(cv2.GaussianBlur(found, (0, 0), 0.035 * size), np.float32)

    def drawn(self) -> Picture:
        flat = ops.smooth_l0(np.ascontiguousarray(self.soft), 0.008)
        paint = ops.saturate(ops.tone_steps(flat, 7, 0.75), 1.25)
        skin = np.asarray(cv2.GaussianBlur(np.maximum(self.skin, self._core()), (0, 0), 0.7), np.float32)
        paint = over(paint, self._skin_tones(flat, skin), 0.9 * skin * self._like_skin() * (1 - self.parts))
        paint = over(paint, self._clear_parts(), self.parts)
        for eye in (LEFT_EYE, RIGHT_EYE):
            paint = self._eye(paint, self.points[eye])
        paint = over(paint, 0.75 * INK + 0.2 * paint, np.maximum(self._edges(), self._lines()))
        for eye in (LEFT_EYE, RIGHT_EYE):
            paint = self._light_in(paint, self.points[eye])
        return np.clip(paint, 0, 1).astype(np.float32)

    def _skin_tones(self, flat: Picture, skin: Plane) -> Picture:
        """Light, middle, shade and deep shade of the skin."""
        share, reach = np.clip(skin, 0, 1) + 1e-3, 0.022 * self.size
        light = cv2.GaussianBlur(ops.luma(flat) * share, (0, 0), reach) / cv2.GaussianBlur(share, (0, 0), reach)
        level = np.asarray(light / max(grey_of(self.middle), 0.05), np.float32)
        base = clear(self.middle)
        shade = np.clip(base * (0.86, 0.74, 0.72), 0, 1)
        paint = np.broadcast_to(base, self.photo.shape)
        for colour, where in ((shade, 0.8 - level), (0.84 * shade, 0.56 - level), (1.06 * base + 0.035, level - 1.13)):
            paint = over(paint, np.broadcast_to(np.clip(colour, 0, 1), paint.shape), step(where, 0.05))
        cheeks = self._cheeks()[..., None] * np.array((0.035, -0.03, -0.02), np.float32)
        return np.asarray(np.clip(paint + cheeks, 0, 1), np.float32)

    def _like_skin(self) -> Plane:
        """What has the colours of the cheeks: grey hair has not."""
        lab = cv2.cvtColor(ops.kuwahara(self.photo, 3), cv2.COLOR_RGB2LAB)
        sure = (self.skin > 0.8) & (self._inside_face() > 0.5)
        apart = (lab - np.median(lab[sure], axis=0)) / (40, 8, 8) if sure.any() else np.zeros_like(lab)
        return step(1.35 - np.linalg.norm(apart, axis=2), 0.3)

    def _cheeks(self) -> Plane:
        spots = np.zeros(self.photo.shape[:2], np.float32)
        for eye, corner in ((LEFT_EYE, 48), (RIGHT_EYE, 54)):
            x, y = 0.55 * self.points[eye].mean(axis=0) + 0.45 * self.points[corner]
            x += (x - self.points[30, 0]) * 0.3
            cv2.circle(spots, (int(x), int(y)), round(0.22 * self.size), 1.0, -1)
        return np.asarray(cv2.GaussianBlur(spots, (0, 0), 0.16 * self.size), np.float32)

    def _clear_parts(self) -> Picture:
        """The photograph with more contrast, teeth without colour, no gloss on lips."""
        sharp = np.clip(self.soft + 0.9 * (self.photo - cv2.GaussianBlur(self.photo, (0, 0), 1.6)), 0, 1)
        inside, outside = self._filled(self.points[60:68]), self._filled(wider(self.points[LIPS], 1.12))
        lips = cv2.GaussianBlur(np.clip(outside - inside, 0, 1), (0, 0), 0.8)
        level = ops.luma(sharp) / grey_of(self.middle)
        wanted = np.interp(level, BELOW, DRAWN)
        wanted = np.where(level > 1, wanted + (1 + (level - 1) * 0.3 - wanted) * lips, wanted)
        grey = ops.luma(sharp)[..., None]
        tint = over(ops.saturate(sharp, 1.25), grey + 0.3 * (sharp - grey), inside * step(level - 0.95, 0.3))
        gain = (wanted / np.maximum(level, 0.02))[..., None] * (clear(self.middle) / np.maximum(self.middle, 0.02))
        return np.asarray(np.clip(tint * gain, 0, 1), np.float32)

    def _eye(self, paint: Picture, eye: NDArray[np.float32]) -> Picture:
        """White, and what is dark in the colour of the iris."""
        hole = self._filled(opened(eye, 1.15))
        inside = hole > 0.5
        if inside.sum() < 6:
            return paint
        low, high = np.percentile(self.light[inside], (12, 92))
        dark = step(0.49 * (low + high) - self.light, 0.5 * max(high - low, 0.05))
        own = self.photo[inside & (dark > 0.7)]
        colour = np.median(own, axis=0) if len(own) > 2 else np.array((0.3, 0.2, 0.15))
        iris = np.clip(0.45 * ops.saturate(colour[None, None].astype(np.float32), 1.8) + 0.02, 0, 1)
        white = np.array((0.96, 0.95, 0.94)) * (0.82 + 0.18 * step(self.light - 0.8 * high, 0.3))[..., None]
        return over(paint, over(white, np.broadcast_to(iris, paint.shape), dark), 0.85 * hole)

    def _light_in(self, paint: Picture, eye: NDArray[np.float32]) -> Picture:
        """Pupil and a light, where the eye is darkest."""
        hole = self._filled(eye)
        if not (hole > 0.5).any():
            return paint
        share = hole * np.clip(1 - self.light / max(self.light[hole > 0.5].max(), 0.05), 0, 1) ** 3
        y, x = np.mgrid[: len(hole), : hole.shape[1]] + 0.5
        middle = np.array([(share * each).sum() for each in (x, y)]) / max(share.sum(), 1e-6)
        radius = max(0.17 * float(np.linalg.norm(eye[3] - eye[0])), 1.6)
        paint = over(paint, np.broadcast_to(PUPIL, paint.shape), hole * self._disc(middle, 0.55 * radius))
        spot = self._disc(middle + radius * np.array((0.4, -0.5)), max(0.33 * radius, 0.8))
        return over(paint, np.ones_like(paint), 0.95 * np.clip(hole + 0.3, 0, 1) * spot)

    def _edges(self) -> Plane:
        """Edges of the photograph: glasses, hair, clothes; in skin only strong ones."""
        light = 0.5 * ops.luma(self.soft) + 0.5 * ops.luma(cv2.bilateralFilter(self.photo, -1, 0.12, 2.0))
        light = np.sqrt(np.clip(light, 0, 1))
        all_lines = ops.fade_crowds(ops.without_specks(dark_side(light, 1.0, 0.006), 16), 0.4)
        strong = ops.without_specks(dark_side(light, 1.1, 0.011), 14)
        skin = cv2.GaussianBlur(np.clip(self.skin + self._core(), 0, 1), (0, 0), 1.5)
        return np.asarray(0.9 * (all_lines * (1 - skin) + strong * skin) * (1 - 0.7 * self.parts), np.float32)

    def _lines(self) -> Plane:
        """Lashes, and faintly the jaw."""
        thin, p = THIN * self.size, self.points
        ink = np.zeros([FINE * n for n in self.photo.shape[:2]], np.uint8)
        for line, width, dark in ((p[JAW][2:15], 0.8, 0.4), *((p[e][:4], 1.9, 1.0) for e in (LEFT_EYE, RIGHT_EYE))):
            way = np.rint(curve(line) * FINE * 16).astype(np.int32)
            cv2.polylines(ink, [way], False, 255 * dark, max(1, round(width * thin * FINE)), cv2.LINE_AA, 4)
        drawn = cv2.resize(ink, self.photo.shape[1::-1], interpolation=cv2.INTER_AREA) / 255
        return np.asarray(0.9 * drawn * np.clip(1.2 - self.hair, 0, 1), np.float32)

    def _inside_face(self) -> Plane:
        return self._filled(np.concatenate([self.points[JAW], self.points[26:16:-1]]))

    def _core(self) -> Plane:
        """Cheeks, nose and chin."""
        return self._filled(wider(self.points[[1, 3, 5, 7, 8, 9, 11, 13, 15, 24, 19]], 0.86)) * (1 - self.hair)

    def _filled(self, outline: NDArray[np.float32]) -> Plane:
        plane = np.zeros([FINE * n for n in self.photo.shape[:2]], np.uint8)
        cv2.fillPoly(plane, [np.rint(curve(outline, closed=True) * FINE).astype(np.int32)], 255)
        return np.asarray(cv2.resize(plane, self.photo.shape[1::-1], interpolation=cv2.INTER_AREA) / 255, np.float32)

    def _disc(self, middle: NDArray[np.floating], radius: float) -> Plane:
        y, x = np.mgrid[: self.photo.shape[0], : self.photo.shape[1]] + 0.5
        return np.asarray(np.clip(radius - np.hypot(x - middle[0], y - middle[1]) + 0.5, 0, 1), np.float32)


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
            write_rgb(options.out / f"{path.stem}.head.png", _where(masks))
            write_rgb(target, twin(*found, masks))


def _where(masks: Masks) -> NDArray[np.uint8]:
    """The head, red, and its eyes, brows and mouth with what is near them, green."""
    parts = cv2.dilate(np.clip(masks.eyes + masks.brows + masks.mouth, 0, 1), np.ones((NEAR, NEAR), np.uint8))
    return np.rint(np.dstack([masks.head, parts, np.zeros_like(parts)]) * 255).astype(np.uint8)


if __name__ == "__main__":
    main()
