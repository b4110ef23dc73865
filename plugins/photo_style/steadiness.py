"""How much of the lines of a photo is left: where a change is too uneven for them, it is made more even."""

from __future__ import annotations

from typing import Any

import numpy as np

from senga.job import Job

LEAST = 0.965
"""Correlation of the steps of the luma from pixel to pixel, down and across, below which a change is too uneven."""
_SHARES = (0.85, 0.7, 0.55, 0.4, 0.25, 0.1, 0.0)
_OUTSIDE = 3.0
"""Per cent of the pixels that an even change may make darker than black, lighter than white or too colourful."""
_LITTLE = 0.08
"""Distance from black or white within which colours may be cut off: it is hardly seen."""
_FLAT = 1e-6
"""Variance of the luma below which a picture has no lines."""


def steadied(fit: Any, small: Any, aim: Any, prior: Any, job: Job) -> Any:
    """Affine maps, mixed with one that keeps all lines, no more than is needed to keep the steps of ``small``.

    Args:
        fit: of ``ops.affine_fit``.
        small: (h, w, 3), the picture that it was found for.
        aim: (h, w, 3), what it was found for.
        prior: (3, 3), the map of the colours that fits best over all.
        job: threads and cancel.
    """
    from senga.ops import affine_fit

    if correlation(small, affine_fit.applied(small, fit, job)) >= LEAST:
        return fit
    plain = even(small, aim, prior)[..., None, None]
    for share in _SHARES:
        mixed = plain + np.float32(share) * (fit - plain)
        if correlation(small, affine_fit.applied(small, mixed, job)) >= LEAST:
            break
    return mixed


def correlation(one: Any, other: Any) -> float:
    """Of the steps of the luma of two (h, w, 3); 1 where there are none."""
    from senga.ops import luma

    planes = luma(one), luma(other)
    steps = [np.concatenate([np.diff(plane, axis=axis).ravel() for axis in (0, 1)]) for plane in planes]
    apart = [each - each.mean() if each.size else each for each in steps]
    size = np.sqrt(float((apart[0] ** 2).sum()) * float((apart[1] ** 2).sum()))
    return float((apart[0] * apart[1]).sum()) / size if size > _FLAT else 1.0


def even(small: Any, aim: Any, prior: Any) -> Any:
    """(4, 3): columns of A, and b. The luma becomes that of ``aim`` as nearly as by a gain, colours as by ``prior``."""
    from senga.ops import LUMA, luma

    own, other = luma(small).ravel(), luma(aim).ravel()
    gain, shift = _gain(own, other)
    matrix = prior - LUMA @ prior
    centre = aim.mean(axis=(0, 1)) - other.mean() - matrix @ small.mean(axis=(0, 1))
    chroma = small.reshape(-1, 3) @ matrix.T + centre
    light = (gain * own + shift)[:, None]
    room = np.maximum(np.where(chroma > 0, 1 - light, light), _LITTLE)
    colourful = max(1.0, float(np.percentile((np.abs(chroma) / room).max(axis=1), 100 - _OUTSIDE)))
    columns = (matrix / colourful + gain * LUMA).T
    return np.concatenate([columns, (centre / colourful + shift)[None]]).astype(np.float32)


def _gain(own: Any, other: Any) -> tuple[float, float]:
    """Gain and shift that bring one plane nearest to another, and hardly out of 0..1."""
    middle, aim = float(own.mean()), float(other.mean())
    gain = float(((own - middle) * other).mean()) / max(float(own.var()), _FLAT)
    low, high = (float(edge) - middle for edge in np.percentile(own, (_OUTSIDE, 100 - _OUTSIDE)))
    most = min(aim / max(-low, 1e-3), (1 - aim) / max(high, 1e-3))
    gain = min(max(gain, 0.1), most)
    return gain, aim - gain * middle
