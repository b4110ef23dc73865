"""From a picture to the optimised one, at its own size; or to an animation of how it grows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from senga.exemplars import gallery
from senga.exemplars.colours import in_colours_of
from senga.image import Animation, Frame, Image, to_depth
from senga.job import Job
from senga.neural.executor import Array
from senga.neural.optimising.canvas import resized
from senga.neural.stroke_scale import finished
from senga.ops import transfer

from .growth import CHUNK, Scene, canvas_size, eye_of, grown, levels_of, like

if TYPE_CHECKING:
    from . import OptimiseStyle

_VOTES = 65536
"""Colours that are counted of a painting, about."""
_ROUNDS = 8
_FRAME = 0.15
"""Seconds that a stage of the growth is shown, and ``_HOLD`` the last."""
_HOLD = 2.0


def painted(act: OptimiseStyle, image: Image, job: Job) -> Image:
    """The painting, in the size and depth of the picture."""
    scene = _scene(act, image, job.part(0.0, 0.95))
    result = scene.photo
    for result in grown(scene):
        job.show(partial(_shown, image, result))
    large = _at_full_size(image, scene.photo, _finished(scene, result), job.part(0.95, 1.0))
    return image.with_pixels(in_colours_of(image.pixels, large, job) if act.colours == "luminance" else large)


def grown_as_animation(act: OptimiseStyle, image: Image, job: Job) -> Animation:
    """How it grows, made while it is consumed."""
    scene = _scene(act, image, job)
    height, width = scene.photo.shape[:2]
    stages = -(-act.steps // CHUNK) * levels_of(act)

    def frames() -> Iterator[Frame]:
        last: Array = scene.photo
        for last in grown(scene):
            yield Frame(_frame(image, last, (height, width)), _FRAME)
        yield Frame(_frame(image, _finished(scene, last), (height, width)), _HOLD)

    return Animation(frames, height, width, stages + 1, info=image.info)


def _shown(image: Image, pixels: Array) -> Image:
    """What is there, in the size and depth of the picture."""
    large = cv2.resize(np.clip(pixels, 0, 1), (image.width, image.height), interpolation=cv2.INTER_LINEAR)
    return image.with_pixels(to_depth(large, image.depth))


def _frame(image: Image, pixels: Array, size: tuple[int, int]) -> Image:
    large = cv2.resize(pixels, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    return Image(to_depth(np.clip(large, 0, 1), np.uint8), info=image.info)


def _scene(act: OptimiseStyle, image: Image, job: Job) -> Scene:
    job.progress(0.0, "Looking at the picture")
    eye, style = job.prepared or prepared(act, job)
    if job.precision == "draft":
        act = act.model_copy(update={"size": min(act.size, _DRAFT), "steps": min(act.steps, 2 * CHUNK)})
    photo = resized(image.pixels, *canvas_size(image.height, image.width, act.size))
    if act.colours == "photo":
        style = np.clip(like(style.reshape(-1, 3), photo.reshape(-1, 3)), 0, 1).reshape(style.shape)
    return Scene(act, photo, style, eye, job)


_DRAFT = 160
"""Longer side of a quick preview."""


def prepared(act: OptimiseStyle, job: Job) -> Any:
    """The perceptual network and the painting."""
    from senga.visible import opaque

    picture = gallery.chosen(act.picture("painting"), act.exemplar, job.resources("exemplars"))
    return eye_of(act), to_depth(opaque(picture), np.float32)


def _finished(scene: Scene, pixels: Array) -> Array:
    """With colours as frequent as in the painting, as far as that is asked for."""
    share = np.float32(scene.act.histogram)
    if not share:
        return pixels
    axes = transfer.rotations(_ROUNDS, scene.job.rng(scene.act.seed, 1))
    step = max(1, int(np.sqrt(scene.style.shape[0] * scene.style.shape[1] / _VOTES)))
    theirs, own = scene.style[::step, ::step].reshape(-1, 3), pixels.reshape(-1, 3)
    aim = transfer.Distribution.of(theirs, np.ones(len(theirs), np.float32), axes)
    moved = transfer.redistributed(own, np.ones(len(own), np.float32), aim, scene.job.check)
    return np.clip(own + share * (moved - own), 0, 1).reshape(pixels.shape).astype(np.float32)


def _at_full_size(image: Image, photo: Array, painted: Array, job: Job) -> Any:
    """Enlarged, with the edges of the photograph; or reduced, where the canvas was larger."""
    height, width = image.pixels.shape[:2]
    painted = resized(painted, *photo.shape[:2]) if painted.shape != photo.shape else painted
    if (height, width) == photo.shape[:2] or height < photo.shape[0] or width < photo.shape[1]:
        return to_depth(resized(painted, height, width), image.pixels.dtype)
    return finished(image.pixels, photo, painted, job)
