"""Nine suggestions without hints: a flat colour for every region, from nine palettes or by a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.families import network_of
from senga.image import Image, Layer
from senga.job import Job, Weights
from senga.neural.engine import evaluate
from senga.neural.networks.sgru import MULTIPLE, PICTURES, apart

from .colouring import Colouring, Numbers, Plane
from .drawing import Drawing
from .laying import laid, laid_in_turn
from .networks import lines_of, weights_for
from .palettes import PALETTES, schemes
from .shading import WHITE, main_colours

if TYPE_CHECKING:
    from . import Colorize

MEMORY = 1.1e9
"""Bytes that all suggestions together may have; of larger pictures there are fewer at once."""
SEEN = 160 * 160
"""Pixels of the drawing as a network sees it."""
_COUNTED = 600_000
"""Pixels from which the colours of regions are told."""


def suggested(image: Image, drawing: Drawing, act: Colorize, job: Job) -> Image:
    """All nine suggestions as alternatives, or the one that is asked for.

    Raises:
        ModelError: the network is none that suggests colours.
    """
    numbers = drawing.labels.reshape(-1)[drawing.under]
    colours = colours_of(drawing, act, job.part(0, 0.2))
    if act.suggestion:
        chosen = colours[act.suggestion - 1]
        made = Colouring.of(chosen[1:], np.asarray(numbers, np.int32))
        return laid(image, drawing, made, job.part(0.2, 1), in_layers=act.separate_layers)
    count = int(np.clip(MEMORY // max(1, image.pixels.size * image.depth.itemsize), 1, PICTURES))
    several = list(laid_in_turn(image, drawing, numbers, colours[:count], job.part(0.2, 1)))
    layers = tuple(
        Layer(f"Suggestion {number + 1}", each) if act.style else Layer(PALETTES[number][0], each)
        for number, each in enumerate(several)
    )
    return Image(several[0].pixels, None, image.grey, image.info, alternatives=layers)


def colours_of(drawing: Drawing, act: Colorize, job: Job) -> NDArray[np.uint8]:
    """(9, N + 1, 3) the colour of every region in each suggestion."""
    if act.style:
        return regional(drawing, seen_by(weights_for(act, job), drawing, job))
    job.progress(0.0, "Choosing colours")
    smallest = act.smallest_region**2 * drawing.ink.size / 1e6 / drawing.factor**2
    return schemes(drawing, smallest, act.seed)


def seen_by(weights: Weights, drawing: Drawing, job: Job) -> Plane:
    """(9, a, b, 3) what a network paints, in 0..1, at its size."""
    network, lines = network_of(weights), lines_of(drawing, SEEN, MULTIPLE)
    given = {"photo": np.ascontiguousarray(255 * lines[:, :, None], np.float32)}
    found = evaluate(network, weights.arrays, given, job, note="Painting")["pictures"]
    return np.asarray(np.clip((apart(found) + 1) / 2, 0, 1), np.float32)


def regional(drawing: Drawing, pictures: Plane) -> NDArray[np.uint8]:
    """(9, N + 1, 3) the colour that most of every region has in pictures (9, a, b, 3)."""
    step = max(1, int((drawing.labels.size / _COUNTED) ** 0.5))
    labels: Numbers = drawing.labels
    some = np.ascontiguousarray(labels[::step, ::step])
    inside: Any = cv2.distanceTransform((some > 0).astype(np.uint8), cv2.DIST_L2, 3)
    weight = np.asarray(np.clip(inside / 3, 0.02, 1), np.float32)
    count = int(labels.max(initial=0)) + 1
    made = [_flat(some, each, weight, count) for each in pictures]
    return np.stack(made)


def _flat(labels: Any, seen: Plane, weight: Plane, count: int) -> NDArray[np.uint8]:
    large: Any = cv2.resize(seen, labels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    found = np.ones((count, 3), np.float32)
    colours = main_colours(labels, np.asarray(large, np.float32), weight)
    found[: len(colours)] = colours
    found = np.where(found.min(axis=1, keepdims=True) > WHITE, 1, found)
    return np.asarray(np.rint(255 * found), np.uint8)
