"""A colour of its own for every region, as flatters of comics begin."""

from __future__ import annotations

import colorsys

import numpy as np

from .colouring import Numbers
from .drawing import Drawing
from .hints import Palette

_TURN = 0.61803399
"""Of the circle of hues from one region to the next, the golden ratio: neighbours in the list are far apart."""
_SHADES = ((0.45, 0.98), (0.6, 0.82), (0.3, 0.9))
"""Saturation and value, in turn."""


def flats_of(drawing: Drawing, seed: int) -> tuple[Palette, Numbers]:
    """Distinct colours, the largest region first, and which one every pixel of the working size gets."""
    area = np.bincount(drawing.labels.reshape(-1))
    area[0] = 0
    order = np.argsort(-area, kind="stable")
    rank = np.empty(len(area), np.int32)
    rank[order] = np.arange(1, len(area) + 1)
    rank[0] = 0
    colours = [(255, 255, 255), *(_colour(number, seed) for number in range(len(area)))]
    palette = Palette(np.array(colours, np.uint8), np.zeros(0, np.int32), np.zeros(0, np.int32))
    return palette, rank[drawing.labels].reshape(-1)[drawing.under]


def _colour(number: int, seed: int) -> tuple[int, int, int]:
    hue = (0.08 + _TURN * (number + 7 * seed)) % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, *_SHADES[number % len(_SHADES)])
    return round(255 * red), round(255 * green), round(255 * blue)
