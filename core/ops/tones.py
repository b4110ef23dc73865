"""Tones and colours of whole pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .lightness import luma

Picture = NDArray[np.float32]


def tone_steps(picture: Picture, count: int, strength: float) -> Picture:
    """Pulls the luminance towards evenly spaced tones and keeps the ratio of the channels."""
    level = luma(picture)[..., None]
    scaled = level * count
    fraction = scaled - np.floor(scaled)
    stepped = (np.floor(scaled) + 0.5 + 0.5 * np.tanh(5 * (fraction - 0.5)) / np.tanh(2.5)) / count
    gain = 1 + strength * (stepped - level) / (np.maximum(level, 0) + 0.02)
    return np.asarray(picture * gain, np.float32)


def saturate(picture: Picture, gain: float) -> Picture:
    """Scales the distance of every colour from its grey."""
    level = luma(picture)[..., None]
    return np.asarray(level + gain * (picture - level), np.float32)


def sharpen(picture: Picture, sigma: float = 1.6, gain: float = 0.5) -> Picture:
    """Unsharp mask."""
    return np.asarray(picture + gain * (picture - cv2.GaussianBlur(picture, (0, 0), sigma)), np.float32)


def tint_shadows(picture: Picture, colour: tuple[float, float, float], strength: float) -> Picture:
    """Mixes a colour into what is darker than two fifths of white, most into black."""
    level = luma(picture)[..., None]
    share = strength * np.clip(1 - 2.4 * level, 0, 1)
    tinted = np.array(colour, np.float32) * (0.3 + level) / 0.35
    return np.asarray(picture * (1 - share) + tinted * share, np.float32)
