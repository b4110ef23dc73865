"""Guided texture synthesis: the places of an exemplar whose patches make a picture that fits the guides.

The energy of StyLit: for each patch of the picture the squared differences of style and guides to its patch of the
exemplar, and, so that no part of the exemplar is worn out, a penalty for how often each of its pixels is used. It is
lowered from coarse to fine; on each level neighbours hand on their places and random ones are tried (PatchMatch), then
all patches vote for the colours. The energy never rises on a level: pixels move in groups, and where too many of a
group went to the same part of the exemplar, half of them is taken back.

Everything is counted in whole numbers and depends on the seed alone, so any number of threads gives the same places.

References: Fišer, Jamriška, Lukáč, Shechtman, Asente, Lu, Sýkora: StyLit: Illumination-guided example-based stylization
of 3D renderings. ACM Transactions on Graphics 35(4), 2016, doi:10.1145/2897824.2925948. Kaspar, Neubert, Lischinski,
Pauly, Kopf: Self tuning texture optimization. Computer Graphics Forum 34(2), 2015, doi:10.1111/cgf.12565 (occupancy).
Barnes, Shechtman, Finkelstein, Goldman: PatchMatch. ACM Transactions on Graphics 28(3), 2009.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga.image import Image
from senga.job import Job

from .lookup import Guide, Places
from .matching import Level, Matching

WEIGHT = 256
"""What stands for a weight of 1 in the whole numbers."""


@dataclass(frozen=True)
class Options:
    """How a picture is synthesised.

    Attributes:
        patch: side of a patch, odd.
        uniformity: weight of the penalty for using a part of the exemplar more often than others.
        rounds: of searching and voting on each level.
        passes: of the search in each round.
        still: differences of colours up to which a patch counts as unchanged and is not searched again, 0..255.
        fine: whether a last round with patches of 3 x 3 follows.
        seed: of the random places.
    """

    patch: int = 5
    uniformity: float = 3500.0
    rounds: int = 6
    passes: int = 4
    still: int = 5
    fine: bool = False
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Pair:
    """A guide for the exemplar and for the picture.

    Attributes:
        exemplar: (h, w, channels) bytes.
        picture: (H, W, channels) bytes.
        weight: beside the weight 1 of the style.
    """

    exemplar: Guide
    picture: Guide
    weight: float = 1.0


Heard = Callable[[str, float], None]
"""Is told what was done (``search`` or ``vote``, and the level) and the energy after it."""


def synthesised(
    style: Guide,
    pairs: list[Pair],
    options: Options,
    job: Job,
    allowed: NDArray[np.bool_] | None = None,
    heard: Heard | None = None,
    wanted: NDArray[np.bool_] | None = None,
) -> Places:
    """Where in the exemplar the centre of the patch of every pixel lies.

    Args:
        style: (h, w, 3) bytes: the exemplar.
        pairs: the guides, at least one; they say how large the picture is.
        options: how.
        job: progress, cancel, threads; it is shown the picture as it grows, smaller at first.
        allowed: (h, w) which places of the exemplar may be used; None for all.
        heard: told of the energy, which takes time to compute.
        wanted: (H, W) which pixels of the picture matter; None for all. The places of others mean nothing.

    Returns:
        (H, W, 2) int16: columns and rows.
    """
    source = np.dstack([style, *(pair.exemplar for pair in pairs)])
    target = np.dstack([pair.picture for pair in pairs])
    allowed = np.ones(style.shape[:2], bool) if allowed is None or not allowed.any() else allowed
    wanted = np.ones(target.shape[:2], bool) if wanted is None else wanted
    sizes = _levels(min(*source.shape[:2], *target.shape[:2]), options.patch)
    random = np.random.default_rng(options.seed)
    matching: Matching | None = None
    work = [4.0**-level for level in range(sizes)]
    done = 0.0
    for level in reversed(range(sizes)):
        masks = _kept(allowed, level), _any(wanted, level)
        small = Level.of(_reduced(source, level), _reduced(target, level), _weights(pairs), *masks)
        part = job.part(done / sum(work), (done + work[level]) / sum(work))
        matching = Matching(small, options, small.grown(matching.places, random) if matching else small.first(random))
        _settle(matching, options.rounds, random, part, level, heard)
        done += work[level]
    assert matching is not None  # noqa: S101 - narrows the type: there is a level
    if options.fine:
        matching = Matching(matching.level, replace(options, patch=3), matching.places)
        _settle(matching, 1, random, job.part(1, 1), 0, heard)
    return matching.places


def _settle(matching: Matching, rounds: int, random: Any, job: Job, level: int, heard: Heard | None) -> None:
    """Rounds of voting and searching."""
    for number in range(rounds):
        matching.vote(job)
        job.show(lambda: Image(matching.picture))
        if heard:
            heard(f"vote {level}", matching.energy())
        for step in range(matching.options.passes):
            share = (number + (step + 1) / matching.options.passes) / rounds
            matching.search(random, job)
            job.progress(share, "Matching patches")
            if heard:
                heard(f"search {level}", matching.energy())


def _weights(pairs: list[Pair]) -> NDArray[np.int64]:
    """One for each channel; those of a guide share its weight."""
    each = [1 / 3] * 3
    for pair in pairs:
        each += [pair.weight / pair.picture.shape[2]] * pair.picture.shape[2]
    return np.asarray(np.rint(WEIGHT * np.array(each)), np.int64)


def _levels(side: int, patch: int) -> int:
    """How often a side can be halved and still hold two patches, and once more."""
    count = 1
    while (side >> count) >= 2 * patch + 1:
        count += 1
    return count


def _reduced(planes: Guide, level: int) -> Guide:
    size = tuple(max(1, side >> level) for side in planes.shape[:2])
    if level == 0:
        return np.ascontiguousarray(planes)
    parts = [cv2.resize(planes[..., i], size[::-1], interpolation=cv2.INTER_AREA) for i in range(planes.shape[2])]
    return np.dstack(parts)


def _kept(allowed: NDArray[np.bool_], level: int) -> NDArray[np.bool_]:
    small = _reduced(np.where(allowed, 255, 0).astype(np.uint8)[:, :, None], level)[:, :, 0] > 127
    return small if small.any() else np.ones_like(small)


def _any(wanted: NDArray[np.bool_], level: int) -> NDArray[np.bool_]:
    """Reduced pixels of which a part is wanted."""
    return _reduced(np.where(wanted, 255, 0).astype(np.uint8)[:, :, None], level)[:, :, 0] > 0
