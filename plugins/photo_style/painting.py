"""How a photo gets the colours of a reference: aimed at in a reduced picture, then carried over as affine maps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from senga.image import Image
from senga.job import Job

from . import masks, segments
from .gamut import shown
from .matching import Matching, matching
from .reference import Reference, reduced
from .steadiness import steadied

if TYPE_CHECKING:
    from . import PhotoStyle

Parts = list[tuple[Any, int]]
"""How much each pixel belongs to a part, (N,), and the number of the part of the reference that it becomes like."""
_LARGEST, _DRAFT = 160_000, 60_000
"""Pixels of the reduced picture, and of that of a quick preview."""
_FARTHER = 4
"""How much farther changes that a network sees are evened out, so that skies take no shapes."""
_FLAT = 0.002
"""Variance of the photo below which it has no edge that colours could follow."""
_OWN = 0.6
"""How much parts that were found, and not painted by hand, get colours of their own."""


def painted(image: Image, mask: Image | None, settings: PhotoStyle, job: Job) -> Image:
    """The photo in the colours that ``job.prepared`` aims at; ``mask`` says its parts."""
    from senga.ops import affine_fit, banded

    largest = _DRAFT if job.precision == "draft" or settings.method == "network" else _LARGEST
    small, votes = reduced(image, job.alpha, largest, job.part(0, 0.1))
    way = matching(settings.method, job.rng(settings.seed), job.check)
    aim = _aim(small, votes, mask, settings, way, job)
    job.progress(0.4)
    aim += np.float32(settings.keep_luminance) * _lightness(small - aim)
    aim = shown(aim.reshape(-1, 3)).reshape(small.shape)
    job.progress(0.5)
    farther = _FARTHER if settings.method == "network" else 1
    radius = max(1, round(farther * settings.smoothing / 100 * math.sqrt(small.shape[0] * small.shape[1])))
    prior = affine_fit.overall(small, aim)
    fit = affine_fit.fitted(small, aim, prior, radius, _FLAT)
    if mask is None or settings.method == "network":  # borders that a painter draws are meant
        fit = steadied(fit, small, aim, prior, banded.silent(job))
    return image.with_pixels(affine_fit.applied(image.pixels, fit, job.part(0.6, 1)))


def _lightness(colours: Any) -> Any:
    from senga.ops import luma

    return luma(colours)[:, :, None]


def _aim(small: Any, votes: Any, mask: Image | None, settings: PhotoStyle, way: Matching, job: Job) -> Any:
    """(h, w, 3) sRGB, also beyond 0..1: the reduced photo with the statistics of the reference."""
    from senga.ops import oklab

    reference: Reference = job.prepared
    places = oklab.oklab(small)
    colours = places.reshape(-1, 3)
    votes = votes if votes.any() else np.ones_like(votes)
    result, parts = way.move(colours, votes, reference.whole), [(votes, 0)]
    if mask is not None:
        result, parts = _by_masks(result, colours, votes, masks.labels(mask, *small.shape[:2]), reference, way)
    elif reference.clusters is not None:
        result, parts = _by_clusters(result, places, votes, settings.seed, reference, way)
    job.check()
    aim = oklab.from_oklab(result).reshape(small.shape)
    return _refined(aim, small, parts, settings, job) if settings.method == "network" and parts else aim


def _refined(aim: Any, small: Any, parts: Parts, settings: PhotoStyle, job: Job) -> Any:
    from .seen import refined

    reference: Reference = job.prepared
    both = [(here.reshape(small.shape[:2]), reference.shares[like]) for here, like in parts]
    return refined(np.clip(aim, 0, 1), small, reference.picture, both, settings, job.part(0.1, 0.4))


def _by_masks(
    whole: Any, colours: Any, votes: Any, labels: Any, reference: Reference, way: Matching
) -> tuple[Any, Parts]:
    """Every part by itself; those that only one of the masks has go with the whole."""
    parts = []
    for number, here in masks.shares(labels, votes).items():
        if number in reference.parts:
            inside = here > 0
            whole[inside] = way.move(colours[inside], votes[inside], reference.parts[number])
            parts.append((votes * here, number))
    return whole, parts


def _by_clusters(
    whole: Any, places: Any, votes: Any, seed: int, reference: Reference, way: Matching
) -> tuple[Any, Parts]:
    """Each pixel as all parts would have it, by how much it belongs to each."""
    other = reference.clusters
    assert other is not None  # noqa: S101 - narrows the type
    found = segments.features(places)
    own = segments.clusters(found, votes, len(other.middles), seed)
    shares, colours = own.shares(found), places.reshape(-1, 3)
    result, likes = np.float32(1 - _OWN) * whole, segments.pairs(own, other)
    for part, like in enumerate(likes):
        inside = shares[:, part] > 0
        share = shares[inside, part]
        moved = way.move(colours[inside], share * votes[inside], reference.parts[like])
        result[inside] += np.float32(_OWN) * share[:, None] * moved
    return result, [(shares[:, part] * votes, like) for part, like in enumerate(likes)]
