"""CIEDE2000, the difference of two colours as people see it.

References:
    Sharma, Wu and Dalal, The CIEDE2000 color-difference formula, Color Research & Application 30, 2005,
    doi:10.1002/col.20070.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FAR = 25.0**7


def ciede2000(first: NDArray[Any], second: NDArray[Any]) -> Array:
    """The difference of (..., 3) CIE Lab colours with L in 0..100; 1 is about what can just be seen."""
    light1, a1, b1 = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    light2, a2, b2 = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    grey = 1.5 - 0.5 * _saturating((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)
    chroma1, hue1 = np.hypot(grey * a1, b1), np.arctan2(b1, grey * a1)
    chroma2, hue2 = np.hypot(grey * a2, b2), np.arctan2(b2, grey * a2)
    turn = _turn(hue1, hue2, chroma1 * chroma2)
    light, chroma = (light1 + light2) / 2, (chroma1 + chroma2) / 2
    hue = np.where(chroma1 * chroma2 == 0, hue1 + hue2, hue1 + turn / 2)
    by_light = (light2 - light1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    by_chroma = (chroma2 - chroma1) / (1 + 0.045 * chroma)
    by_hue = 2 * np.sqrt(chroma1 * chroma2) * np.sin(turn / 2) / (1 + 0.015 * chroma * _hue_weight(hue))
    crossed = _blue_turn(hue) * 2 * _saturating(chroma) * by_chroma * by_hue
    total: Array = np.sqrt(np.maximum(by_light**2 + by_chroma**2 + by_hue**2 - crossed, 0))
    return total


def _saturating(chroma: Array) -> Array:
    """0 for greys to 1 for strong colours."""
    share: Array = np.sqrt(chroma**7 / (chroma**7 + _FAR))
    return share


def _turn(hue1: Array, hue2: Array, product: Array) -> Array:
    """The shorter way from one hue to the other, in (-pi, pi]; none for greys."""
    turn = np.where(product == 0, 0.0, hue2 - hue1)
    turn = np.where(turn > np.pi, turn - 2 * np.pi, turn)
    return np.where(turn < -np.pi, turn + 2 * np.pi, turn)


def _hue_weight(hue: Array) -> Array:
    weight: Array = (
        1 - 0.17 * np.cos(hue - np.radians(30)) + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + np.radians(6)) - 0.20 * np.cos(4 * hue - np.radians(63))
    )  # fmt: skip
    return weight


def _blue_turn(hue: Array) -> Array:
    """How far the ellipses of blue are turned."""
    degrees = np.degrees(hue) % 360
    turned: Array = np.sin(np.radians(60) * np.exp(-(((degrees - 275) / 25) ** 2)))
    return turned
