"""One style or two: mixed inside the network where they share one, else as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from senga.errors import SettingsError
from senga.exemplars import gallery
from senga.families import network_of
from senga.image import Image, Pixels, to_depth
from senga.job import Job, Weights
from senga.neural.canvas import automatic_scale, paint
from senga.ops.rows import bands

from .arbitrary import OBSERVER, PAINTER, in_style, looked_at

if TYPE_CHECKING:
    from . import FastStyle

COMFORTABLE = 400_000
"""Pixels up to which brushwork is as broad, against the picture, as these networks learn it."""


def painted(act: FastStyle, image: Image, mask: Image | None, job: Job) -> Pixels:
    """The picture in the style, or in two."""
    numbers = job.prepared if job.prepared is not None else numbers_of(act, job)
    first = _style(act.style, numbers, job)
    if not act.second_style or (act.mix == 0 and mask is None):
        return _one(act, first, image, job)
    second = _style(act.second_style, numbers, job)
    if mask is None and alike(first, second):
        return _one(act, mixed(first, second, act.mix), image, job)
    share = np.float32(act.mix) if mask is None else mask_of(mask)
    pictures = [
        _one(act, style, image, job.part(start, start + 0.48)) for style, start in ((first, 0.0), (second, 0.48))
    ]
    return blended(pictures[0], pictures[1], share)


def numbers_of(act: FastStyle, job: Job) -> NDArray[np.float32] | None:
    """What a network is told of the painting; None where none paints by such numbers.

    Raises:
        SettingsError: there is no painting.
    """
    asked = [name for name in (act.style, act.second_style) if name and _is_shown_paintings(job.weights(name))]
    if not asked:
        return None
    painting = act.picture("painting")
    if painting is None and not act.exemplar:
        raise SettingsError(
            f"“{asked[0]}” paints like a painting that it is shown: give one as “painting”, or name one of the gallery "
            "as “exemplar”."
        )
    shown = gallery.chosen(painting, act.exemplar, job.resources("exemplars"))
    return looked_at(shown, job.weights(act.observer), job.part(0.0, 0.1))


def _is_shown_paintings(weights: Weights) -> bool:
    return weights.card.get("architecture") == PAINTER


def _style(name: str, numbers: NDArray[np.float32] | None, job: Job) -> Weights:
    """The ordinary style that a name stands for.

    Raises:
        SettingsError: it stands for what paints nothing.
    """
    weights = job.weights(name)
    if weights.card.get("architecture") == OBSERVER:
        raise SettingsError(f"“{name}” looks at paintings and paints none: name it as “observer”.")
    return in_style(weights, numbers) if numbers is not None and _is_shown_paintings(weights) else weights


def _one(act: FastStyle, weights: Weights, image: Image, job: Job) -> Pixels:
    network = network_of(weights)
    size = job.full_size or (image.height, image.width)
    scale = act.stroke_scale or automatic_scale(size, COMFORTABLE)
    return paint(network, weights.arrays, image.pixels, job, scale, act.match_brightness)


def alike(first: Weights, second: Weights) -> bool:
    """Whether two styles share a network, so that what is between them makes sense.

    Shared arrays are not copied when a style is picked, so that they are the very same.
    """
    kernel = "first.conv.weight"
    return (
        first.network == second.network
        and first.arrays.keys() == second.arrays.keys()
        and np.array_equal(first.arrays[kernel], second.arrays[kernel])
    )


def mixed(first: Weights, second: Weights, share: float) -> Weights:
    """The style between two of one network: scales, shifts and filters of styles are mixed, all else is the same."""
    arrays = {
        name: array if array is (other := second.arrays[name]) else array + np.float32(share) * (other - array)
        for name, array in first.arrays.items()
    }
    return Weights(arrays, first.card, first.network)


def mask_of(mask: Image) -> Any:
    """How white a mask is, (H, W, 1) in 0..1; what is transparent is black."""
    grey = to_depth(mask.pixels, np.float32).mean(axis=2)
    grey = grey if mask.alpha is None else grey * to_depth(mask.alpha, np.float32)
    return grey[:, :, None]


def blended(first: Pixels, second: Pixels, share: Any) -> Pixels:
    """Two pictures, the second by a share for all or for each pixel; the first is written into."""
    for rows in bands(len(first)):
        here = share[rows] if np.ndim(share) else share
        low, high = to_depth(first[rows], np.float32), to_depth(second[rows], np.float32)
        first[rows] = to_depth(low + here * (high - low), first.dtype)
    return first
