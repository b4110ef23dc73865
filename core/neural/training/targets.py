"""The drawn target of a photo: flat colours, soft tone steps, ink lines; what the generator learns to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from senga import ops
from senga.moved import moved

Image = NDArray[np.float32]


@dataclass(frozen=True)
class TargetStyle:
    """Settings of the drawn target; colours in [0, 1], lengths in pixels."""

    flatness: float = 0.012
    """Weight of the L0 smoothing."""
    brush: int = 4
    """Radius of the Kuwahara filter."""
    steps: int = 6
    """Tone steps between black and white."""
    step_strength: float = 0.6
    """How far tones move towards their step, 0 to 1."""
    line: float = 1.0
    """Strength of the ink lines, 0 to 1."""
    line_sigma: float = 1.25
    """Half thickness of the lines."""
    faintest: float = 0.004
    """Relative contrast below which an edge gets no line."""
    smallest: int = 80
    """Specks of ink below this number of pixels are left out."""
    crowd: float = 0.34
    """Share of ink around a line at which it has faded by half: foliage becomes paint, not dots."""
    ink: tuple[float, float, float] = (0.04, 0.02, 0.035)
    ink_body: float = 0.0
    """Share of the paint's own colour in the ink."""
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shadow: tuple[float, float, float] = (0.08, 0.15, 0.36)
    """Colour that the deepest shadows take."""
    shadow_strength: float = 0.0
    saturation: float = 1.3
    gamma: float = 0.8
    light: tuple[tuple[float, float, float], ...] = ()
    """Colours of the light from black to white, each at its own lightness; none leaves the paint's own."""
    light_strength: float = 0.6
    """Share of these colours in the chroma, 0 to 1."""


PAINTED_COMIC = TargetStyle()
HOKUSAI = TargetStyle(
    flatness=0.02,
    brush=5,
    steps=5,
    step_strength=0.8,
    line_sigma=1.4,
    faintest=0.003,
    smallest=80,
    ink=(0.03, 0.1, 0.33),
    paper=(1.0, 0.955, 0.85),
    shadow_strength=0.9,
    saturation=1.2,
    gamma=0.72,
)
EVENING = TargetStyle(
    flatness=0.016,
    steps=5,
    step_strength=0.7,
    faintest=0.005,
    ink=(0.13, 0.05, 0.17),
    saturation=1.15,
    gamma=0.8,
    light=((0.10, 0.06, 0.22), (0.30, 0.16, 0.40), (0.66, 0.33, 0.40), (0.95, 0.62, 0.40), (1.0, 0.93, 0.74)),
)
STYLES = {"painted-comic": PAINTED_COMIC, "hokusai": HOKUSAI, "evening": EVENING}


def ink_lines(picture: Image, style: TargetStyle) -> Image:
    """Ink between 0 and 1 on the dark side of edges; specks are dropped, and crowded lines fade."""
    dark = ops.edge_ink(ops.luma(picture), style.line_sigma, style.faintest)
    return ops.fade_crowds(ops.without_specks(dark, style.smallest), style.crowd)


def in_light(paint: Image, style: TargetStyle) -> Image:
    """Paint in [0, 1] in coloured light: its lightness stays, and a share of its own colours."""
    ramp: Any = cv2.cvtColor(np.array([style.light], np.float32), cv2.COLOR_RGB2LAB)[0]
    lab: Any = cv2.cvtColor(paint, cv2.COLOR_RGB2LAB)
    for channel in (1, 2):
        chroma = np.interp(lab[..., 0], ramp[:, 0], ramp[:, channel])
        lab[..., channel] += style.light_strength * (chroma - lab[..., channel])
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1), np.float32)


def flat_paint(picture: Image, style: TargetStyle) -> Image:
    """Flat colours with soft tone steps on the colour of the paper."""
    flat = ops.kuwahara(ops.smooth_l0(ops.kuwahara(picture, style.brush), style.flatness), 3)
    toned = np.clip(ops.tone_steps(ops.sharpen(flat), style.steps, style.step_strength), 0, 1) ** style.gamma
    bright = np.clip(ops.saturate(toned, style.saturation), 0, 1)
    tinted = np.clip(ops.tint_shadows(bright, style.shadow, style.shadow_strength), 0, 1)
    lit = in_light(tinted, style) if style.light else tinted
    return np.asarray(lit * np.array(style.paper, np.float32), np.float32)


def draw_target(photo: NDArray[np.uint8], style: TargetStyle) -> NDArray[np.uint8]:
    """Draws the target of an RGB photo, same size."""
    picture: Image = np.asarray(photo / 255, np.float32)
    paint = flat_paint(picture, style)
    lines = style.line * ink_lines(ops.kuwahara(picture, 2), style)[..., None]
    ink = np.minimum(np.array(style.ink, np.float32) + style.ink_body * paint, paint)
    even = np.clip(cv2.GaussianBlur(paint * (1 - lines) + ink * lines, (0, 0), 0.45), 0, 1)
    return np.asarray(even * 255 + 0.5, np.uint8)


def level_contrast(target: Image, photo: Image, reference: float = 0.65, power: float = 0.6) -> Image:
    """Widens the contrast of targets of pale photos; both are (N, 3, H, W) in [-1, 1].

    The generator has no bias and normalises all channels jointly, so it cannot see how contrasty its input is about
    mid-grey; asked to reproduce it, it answers with a pale mean. This takes most of the unknown out of the target.
    """
    spread = np.sqrt(np.square(photo).mean((1, 2, 3), keepdims=True))
    gain = np.clip((reference / (spread + 1e-3)) ** power, 0.95, 1.5)
    return np.asarray(np.clip(target * gain, -1, 1), np.float32)


__getattr__ = moved(
    __name__,
    {
        **{name: f"senga.ops.{name}" for name in ("LUMA", "fade_crowds", "kuwahara", "saturate", "sharpen")},
        **{name: f"senga.ops.{name}" for name in ("smooth_l0", "tint_shadows", "tone_steps")},
    },
)
