"""Masks as painters make them: parts of two pictures that go together have the same colour in both."""

from __future__ import annotations

from typing import Any

import numpy as np

from senga.image import Image, to_depth

PALETTE = (
    (0, 0, 1), (0, 1, 0), (0, 0, 0), (1, 1, 1), (1, 0, 0), (1, 1, 0), (0.5, 0.5, 0.5), (0, 1, 1), (1, 0, 1),
)  # fmt: skip
"""Blue, green, black, white, red, yellow, grey, light blue, purple: about those of Luan et al. 2017."""
LEAST = 0.002
"""Share of a picture below which a colour is taken for the softened border between two others."""


def labels(mask: Image, height: int, width: int) -> Any:
    """(height * width,) numbers of the nearest colours of ``PALETTE``, of pixels evenly apart; -1 where hidden."""
    rows = (np.arange(height) * 2 + 1) * mask.height // (2 * height)
    columns = (np.arange(width) * 2 + 1) * mask.width // (2 * width)
    seen = to_depth(mask.pixels[rows][:, columns], np.float32).reshape(-1, 3)
    gaps = np.stack([((seen - np.array(colour, np.float32)) ** 2).sum(axis=1) for colour in PALETTE], 1)
    found = gaps.argmin(axis=1)
    if mask.alpha is not None:
        found[(mask.alpha[rows][:, columns] == 0).ravel()] = -1
    return found


def shares(found: Any, votes: Any) -> dict[int, Any]:
    """By number the pixels that vote for it, (N,) each, of those which are more than a border."""
    return {
        number: here.astype(np.float32)
        for number in range(len(PALETTE))
        if ((here := found == number) * votes).sum() > LEAST * votes.sum()
    }
