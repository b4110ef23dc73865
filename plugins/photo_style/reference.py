"""What is measured of a reference, once for many photos."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from senga.errors import SengaError
from senga.image import Image, to_depth
from senga.job import Job

from . import masks, segments
from .matching import Matching

_LARGEST = 65536
"""Pixels to which a reference is reduced."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What is aimed at: by the whole picture, and by its parts.

    Attributes:
        whole: what the matching measured of all pixels.
        parts: the same of each part, by its number.
        clusters: how pixels are put together; None where masks say it.
        picture: (h, w, 3) in 0..1, reduced.
        shares: how much each of its pixels belongs to each part, (h, w), by its number; without parts to the whole, 0.
    """

    whole: Any
    parts: dict[int, Any] = field(default_factory=dict)
    clusters: segments.Clusters | None = None
    picture: Any = None
    shares: dict[int, Any] = field(default_factory=dict)


def measured(picture: Image, mask: Image | None, count: int, seed: int, way: Matching, job: Job) -> Reference:
    """The reference, by its mask, or in ``count`` parts that are found by colour and place.

    Raises:
        SengaError: nothing of it can be seen.
    """
    from senga.ops import oklab

    small, votes = reduced(picture, picture.alpha, _LARGEST, job)
    if not votes.any():
        raise SengaError("The reference is wholly transparent: choose one with colours.")
    places = oklab.oklab(small)
    colours = places.reshape(-1, 3)
    found, clusters = _parts(places, votes, mask, count, seed)
    told = {number: way.measure(colours, here) for number, here in found.items()} if mask or clusters else {}
    shares = {number: here.reshape(small.shape[:2]) for number, here in found.items()}
    return Reference(way.measure(colours, votes), told, clusters, small, shares)


def _parts(
    places: Any, votes: Any, mask: Image | None, count: int, seed: int
) -> tuple[dict[int, Any], segments.Clusters | None]:
    """By number the votes of the pixels of each part, (N,); and how they were found, unless a mask says them."""
    if mask is not None:
        found = masks.shares(masks.labels(mask, *places.shape[:2]), votes)
        return {number: votes * here for number, here in found.items()}, None
    if count == 1:
        return {0: votes}, None
    features = segments.features(places)
    clusters = segments.clusters(features, votes, count, seed)
    shares = clusters.shares(features) * votes[:, None]
    return {part: shares[:, part] for part in range(count)}, clusters


def reduced(picture: Image, alpha: Any, largest: int, job: Job) -> tuple[Any, Any]:
    """(h, w, 3) in 0..1 of at most ``largest`` pixels, and (h * w,) how much is to be seen of each."""
    from senga.ops import reduction
    from senga.visible import opaque

    seen = replace(picture, alpha=alpha)
    factor = max(1, math.ceil(math.sqrt(picture.height * picture.width / largest)))
    grid = reduction.Grid(factor, 0, 0, picture.height, picture.width)
    small = grid.reduced(opaque(seen), job)
    if alpha is None:
        return small, np.ones(small.shape[0] * small.shape[1], np.float32)
    return small, grid.reduced(to_depth(alpha, np.float32)[:, :, None], job).ravel()
