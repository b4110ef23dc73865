"""What is weighed, and how: three ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from senga.neural.optimising.eye import BROAD, COLOURS, Weighing
from senga.neural.training.perceptual import Encoder

Recipe = Literal["senga", "paper", "article"]
_FIRST = tuple(f"relu{block}_1" for block in range(1, 6))

RECIPES: Mapping[Recipe, Weighing] = {
    "senga": Weighing(
        {"relu3_3": 0.1, "relu4_2": 0.1, BROAD: 0.3},
        {"relu1_2": 0.25, "relu2_2": 0.25, "relu3_3": 0.25, "relu4_3": 0.25, COLOURS: 3.0},
    ),
    "paper": Weighing({"relu4_2": 0.5}, dict.fromkeys(_FIRST, 1e3 / 5 / 4), kind="sum", centred=False),
    "article": Weighing(
        {"relu4_2": 0.5 / 2 / 2, "relu5_2": 0.5 / 2 / 2},
        dict.fromkeys(_FIRST, 500 * 0.2 / 4 / 5),
        kind="mean",
        centred=False,
        pools="max",
    ),
}
"""One for small networks, which know little of plain colours; that of Gatys et al., with a thousandth for content; and
that of a widespread article, whose style counts 500 times."""


def as_in_the_article(encoder: Encoder) -> Encoder:
    """The original network as the article feeds it: red, green, blue in this order, less 128 each."""
    return replace(encoder, scale=np.eye(3, dtype=np.float32) * np.float32(127.5), shift=np.full(3, -0.5, np.float32))
