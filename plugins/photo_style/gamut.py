"""Colours that a screen can show: what lies beyond is bent inside, and nothing is where nothing lies beyond."""

from __future__ import annotations

from typing import Any

import numpy as np

_START = np.float32(0.7)
"""From where on tones and saturation are bent, where some lie beyond 1."""
_LIMIT = np.float32(0.9)
"""What is farthest beyond comes to lie here: fine detail needs room on both sides."""
_FEW = 0.5
"""Per cent of the pixels that may lie beyond before anything is bent."""


def shown(colours: Any) -> Any:
    """(N, 3) sRGB of any size in 0..1: first the lightness is bent inside, then the saturation, with the same hue."""
    from senga.ops import luma

    before = luma(colours)
    light = 1 - _bent(1 - _bent(before))
    chroma = colours - before[:, None]
    room = np.where(chroma > 0, 1 - light[:, None], light[:, None])
    share = (np.abs(chroma) / (room + np.float32(1e-6))).max(axis=1)
    return light[:, None] + chroma * (_bent(share) / np.maximum(share, np.float32(1e-6)))[:, None]


def _bent(values: Any) -> Any:
    """Values of which few lie above 1 afterwards none; the curve begins with a slope of 1."""
    most = np.float32(np.percentile(values, 100 - _FEW))
    if most <= 1:
        return np.minimum(values, 1)
    above, reach, room = np.maximum(values - _START, 0), most - _START, _LIMIT - _START
    bent = above / (1 + above * (1 / room - 1 / reach))
    return np.minimum(np.minimum(values, _START) + bent, 1)
