"""The guided filter in losses: on MindSpore tensors (N, C, H, W), with gradients; see ``senga.ops.guided``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cell import to_tensor
from .runtime import ms


def box_mean(x: Any, radius: int) -> Any:
    """Means of windows of ``2 radius + 1`` pixels a side, at the borders of what is there."""
    shape, side = x.shape, 2 * radius + 1
    flat_x = x.reshape(-1, 1, *shape[2:])
    for axis in (0, 1):
        kernel = (side, 1) if axis == 0 else (1, side)
        pad = (radius, radius, 0, 0) if axis == 0 else (0, 0, radius, radius)
        places = np.arange(shape[2 + axis])
        count = np.minimum(places + radius, len(places) - 1) - np.maximum(places - radius, 0) + 1
        sums = ms.ops.Conv2D(1, kernel, pad_mode="pad", pad=pad)(flat_x, ms.ops.ones((1, 1, *kernel), ms.float32))
        flat_x = sums / to_tensor(count.reshape((-1, 1) if axis == 0 else (1, -1)))
    return flat_x.reshape(shape)


def guided_filter(guide: Any, x: Any, radius: int, eps: float) -> Any:
    """The guided filter, channel by channel, with gradients of both."""
    centre, level = box_mean(guide, radius), box_mean(x, radius)
    variance = box_mean(guide * guide, radius) - centre * centre
    slope = (box_mean(guide * x, radius) - centre * level) / (variance + eps)
    return box_mean(slope, radius) * guide + box_mean(level - slope * centre, radius)
