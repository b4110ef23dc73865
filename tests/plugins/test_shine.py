"""The networks for styles that come with Senga: no place of a photograph takes all of their strength."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from senga.exemplars import gallery
from senga.families import network_of
from senga.image import Image
from senga.job import Job
from senga.neural.engine import evaluate
from senga.neural.graph import Network, Output
from senga.plugins.any_style.network import pair_of
from senga.plugins.any_style.styles import style_of
from senga.registry import plugins

LAST = "res4.second.conv"
"""Where what shines is strongest."""
PHOTOS = Path(__file__).parents[2] / "examples"


def strongest(network: Network, arrays: Mapping[str, Any], photo: Any, given: Mapping[str, Any]) -> float:
    """The strength of all features together, of their usual one, where it is highest; over 5 x 5 of their pixels."""
    inner = replace(network, outputs=(Output("inner", LAST),))
    found = evaluate(inner, {name: arrays[name] for name in inner.parameters}, {"photo": photo, **given}, Job())[
        "inner"
    ]
    normal = (found - found.mean((0, 1))) / found.std((0, 1))
    return float(np.sqrt(cv2.blur(np.square(normal).mean(2), (5, 5))).max())


def photograph(name: str) -> Any:
    """(H, W, 3) in [-1, 1], small."""
    return cv2.resize(Image.of(PHOTOS / name).u8(), (256, 176), interpolation=cv2.INTER_AREA) / np.float32(127.5) - 1


@pytest.mark.parametrize("name", ["summer-palace.jpg", "astronaut.png"])
def test_nothing_shines_in_any_style(name: str) -> None:
    pair = pair_of(plugins().store().load("painterly"), None)
    painting = gallery.chosen(None, "autumn", plugins().equip(Job()).resources("exemplars"))
    look = style_of(painting, 1.0, pair, Job()).statistics
    assert strongest(pair.painter, pair.arrays, photograph(name), look) < 4


@pytest.mark.parametrize("style", ["scream", "autumn", "wave"])
def test_nothing_shines_in_fast_style(style: str) -> None:
    weights = plugins().store().load(f"cin/{style}")
    for name in ("summer-palace.jpg", "astronaut.png"):
        assert strongest(network_of(weights), weights.arrays, photograph(name), {}) < 4
