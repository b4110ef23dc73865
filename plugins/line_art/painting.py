"""From a picture to its lines: found at a size at which they are a few pixels wide, and brought up sharp."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from senga.families import network_of
from senga.image import Image, Layer, as_rgb, to_depth
from senga.job import Job, Weights
from senga.neural.engine import evaluate
from senga.neural.networks.lines import MULTIPLE, REACH
from senga.ops import banded, luma, pen, reduction

from . import highpass, inking
from .network import PUBLIC

if TYPE_CHECKING:
    from . import LineArt

Plane = NDArray[np.float32]

MEGAPIXEL = 1e6
"""Pixels of the picture in which lines are looked for, about."""
LONG = 512
"""Pixels of its longer side for sketchKeras."""
FAINTEST, SUREST = 0.2, 0.72
"""What our network is so little sure of is no line, and so sure of is black."""
SOFT = 0.06
"""Between this much darker and lighter than asked for, blacks fade."""


def drawn(act: LineArt, image: Image, job: Job) -> Image:
    """The lines of a picture, black on white, in its size and depth."""
    job.progress(0.0, "Finding lines")
    weights = job.weights(act.style) if act.method == "network" else None
    full = job.full_size or (image.height, image.width)
    grid = reduction.Grid.of(image.pixels, factor_of(full, act.fineness, weights), job)
    small = grid.reduced(image.pixels, job.part(0, 0.1))
    finding = job.part(0.1, 0.85)
    if weights is None:
        found = pen.pen(small, finding, act.sensitivity)
    else:
        found = seen(weights, small, grid, finding, act.sensitivity)
    job.progress(0.85, "Inking")
    ink = inking.inked(found, act.faint, act.darkness, act.weight, act.cleaning)
    return _laid(act, image, grid, ink, job.part(0.85, 1))


def factor_of(full: tuple[int, int], fineness: float, weights: Weights | None) -> int:
    """By which a picture of this size is reduced."""
    sketched = weights is not None and weights.card.get("architecture") == PUBLIC
    whole = max(full) / LONG if sketched else math.sqrt(full[0] * full[1] / MEGAPIXEL)
    return max(1, round(whole / fineness))


def reach_of(act: LineArt, full: tuple[int, int]) -> int:
    """Pixels that a pixel of the result can see in each direction."""
    near = pen.reach() if act.method == "pen" else REACH + math.ceil(4 * highpass.SIGMA)
    return factor_of(full, act.fineness, None) * (near + math.ceil(act.weight) + inking.speck(act.cleaning) + 8)


def seen(weights: Weights, small: Plane, grid: reduction.Grid, job: Job, sensitivity: float = 1.0) -> Plane:
    """The ink that a network finds, (H, W) in 0..1, in (H, W, 3) colours in 0..1.

    Differences count ``sensitivity`` times what they are.
    """
    network = network_of(weights)
    difference = highpass.highpass(small)
    if weights.card.get("architecture") == PUBLIC:
        stronger = np.float32(sensitivity) * highpass.at_most_one(difference)
        planes = np.moveaxis(np.minimum(stronger, 1), 2, 0)[..., None]
        parts = [job.part(index / 3, (index + 1) / 3) for index in range(3)]
        several = [_result(network, weights, each, part) for each, part in zip(planes, parts, strict=True)]
        return np.asarray(np.clip(np.max(several, axis=0), 0, 1), np.float32)
    lacks = [(place // grid.factor) % MULTIPLE for place in job.offset]
    evened = highpass.evened(np.float32(sensitivity) * difference)
    wide = np.pad(evened, [(lacks[0], 0), (lacks[1], 0), (0, 0)], "reflect")
    sure = (_result(network, weights, wide, job) + 1) / 2
    made = np.clip((sure - FAINTEST) / (SUREST - FAINTEST), 0, 1)
    return np.asarray(made[lacks[0] :, lacks[1] :], np.float32)


def _result(network: Any, weights: Weights, given: Plane, job: Job) -> Plane:
    """The only channel of what a network makes."""
    found = evaluate(network, weights.arrays, {"photo": np.ascontiguousarray(given)}, job, note="Finding lines")
    return np.asarray(found[network.outputs[0].name][..., 0])


def _laid(act: LineArt, image: Image, grid: reduction.Grid, ink: Plane, job: Job) -> Image:
    """The lines at full size, with the layers that are asked for."""
    paper = np.empty((image.height, image.width), image.depth)
    planes = np.dstack(inking.at_full_size(ink, grid))

    def one(part: slice) -> None:
        rows = grid.rows_of(part)
        large = grid.enlarged(planes, part)
        lines = inking.sharp(large[..., 0], large[..., 1], large[..., 2], grid.factor)
        if act.blacks > 0:
            lines = np.maximum(lines, _dark(image.pixels[rows], act.blacks))
        banded.stored(1 - lines, paper[rows])

    banded.each_band(one, grid.parts(), job)
    if act.separate_layers:
        return replace(image.with_pixels(paper), layers=layers_of(paper))
    return replace(lines_of(paper), info=image.info) if act.paper == "transparent" else image.with_pixels(paper)


def _dark(pixels: NDArray[Any], below: float) -> Plane:
    """1 where a picture is darker than asked for, 0 where it is lighter."""
    light = luma(banded.samples(pixels))
    return np.asarray(np.clip((np.float32(below) - light) / np.float32(SOFT) + np.float32(0.5), 0, 1), np.float32)


def lines_of(paper: NDArray[Any]) -> Image:
    """Black lines on nothing, of (H, W) lightness."""
    return Image(np.broadcast_to(paper.dtype.type(0), (*paper.shape, 3)), _white(paper) - paper)


def layers_of(paper: NDArray[Any]) -> tuple[Layer, ...]:
    """White paper, and black lines above it, of (H, W) lightness."""
    sheet = np.full(paper.shape, _white(paper), paper.dtype)
    return Layer("Paper", Image(as_rgb(sheet))), Layer("Lines", lines_of(paper))


def _white(paper: NDArray[Any]) -> Any:
    return to_depth(np.ones(1, np.float32), paper.dtype)[0]
