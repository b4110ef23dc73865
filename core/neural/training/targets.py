"""The drawn target of a photo: flat colours, soft tone steps, ink lines; what the generator learns to draw."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
LUMA = np.array((0.299, 0.587, 0.114), np.float32)


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
STYLES = {"painted-comic": PAINTED_COMIC, "hokusai": HOKUSAI}


def spectrum(plane: Image) -> NDArray[np.float32]:
    """Complex Fourier transform of one plane, as two float32 channels."""
    return np.asarray(cv2.dft(plane, flags=cv2.DFT_COMPLEX_OUTPUT), np.float32)


def gradient_energy(height: int, width: int) -> Image:
    """Squared magnitude of the transfer functions of both forward differences (periodic borders)."""
    rows = 2 - 2 * np.cos(2 * np.pi * np.arange(height) / height)
    columns = 2 - 2 * np.cos(2 * np.pi * np.arange(width) / width)
    return np.asarray(rows[:, None] + columns[None, :], np.float32)


def smooth_l0(picture: Image, weight: float, growth: float = 2.0, last: float = 1e5) -> Image:
    """Keeps few gradients and flattens the rest (Xu et al. 2011, L0 gradient minimisation)."""
    energy = gradient_energy(*picture.shape[:2])
    start = [spectrum(np.ascontiguousarray(picture[..., c])) for c in range(3)]
    smooth, beta = picture, 2 * weight
    while beta < last:
        down, right = np.roll(smooth, -1, 0) - smooth, np.roll(smooth, -1, 1) - smooth
        small = (down**2 + right**2).sum(-1) < weight / beta
        down[small], right[small] = 0, 0
        divergence = np.roll(down, 1, 0) - down + np.roll(right, 1, 1) - right
        smooth = _solve(start, divergence, energy, beta)
        beta *= growth
    return smooth


def _solve(start: list[NDArray[np.float32]], divergence: Image, energy: Image, beta: float) -> Image:
    """One least-squares step of the L0 smoothing in the Fourier domain."""
    scale = (1 + beta * energy)[..., None]
    planes = []
    for c, first in enumerate(start):
        whole = (first + beta * spectrum(np.ascontiguousarray(divergence[..., c]))) / scale
        planes.append(cv2.idft(whole, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT))
    return np.stack(planes, -1)


def sectors(radius: int, count: int = 8) -> list[Image]:
    """Smooth weights of the pie slices around a pixel."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    disc = np.exp(-(x**2 + y**2) / (2 * (radius / 2) ** 2)) * (x**2 + y**2 <= (radius + 0.5) ** 2)
    angle = np.arctan2(y, x)
    kernels = []
    for k in range(count):
        offset = np.angle(np.exp(1j * (angle - 2 * np.pi * k / count)))
        kernel = disc * np.exp(-((offset / (np.pi / count)) ** 2))
        kernel[radius, radius] = disc[radius, radius] / count
        kernels.append((kernel / kernel.sum()).astype(np.float32))
    return kernels


def kuwahara(picture: Image, radius: int, sharpness: float = 8.0) -> Image:
    """Brush-like smoothing: each pixel takes the mean of the slices around it that vary least."""
    total, weights = np.zeros_like(picture), np.zeros((*picture.shape[:2], 1), np.float32)
    for kernel in sectors(radius):
        mean = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        square = cv2.filter2D(picture**2, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
        spread = np.maximum(square - mean**2, 0).sum(-1, keepdims=True)
        weight = 1 / (1e-3 + np.sqrt(spread)) ** sharpness
        total, weights = total + mean * weight, weights + weight
    return np.asarray(total / weights, np.float32)


def tone_steps(picture: Image, count: int, strength: float) -> Image:
    """Pulls the luminance towards evenly spaced tones and keeps the ratio of the channels."""
    luma = (picture @ LUMA)[..., None]
    scaled = luma * count
    fraction = scaled - np.floor(scaled)
    stepped = (np.floor(scaled) + 0.5 + 0.5 * np.tanh(5 * (fraction - 0.5)) / np.tanh(2.5)) / count
    gain = 1 + strength * (stepped - luma) / (np.maximum(luma, 0) + 0.02)
    return np.asarray(picture * gain, np.float32)


def ink_lines(picture: Image, style: TargetStyle) -> Image:
    """Ink between 0 and 1 on the dark side of edges; specks are dropped, and crowded lines fade."""
    luma = picture @ LUMA
    narrow, wide = (cv2.GaussianBlur(luma, (0, 0), scale * style.line_sigma) for scale in (1.0, 1.6))
    dark = np.clip(((wide - narrow) / (0.15 + wide) - style.faintest) / 0.05, 0, 1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((dark > 0.2).astype(np.uint8))
    kept = stats[:, cv2.CC_STAT_AREA] >= style.smallest
    kept[0] = False
    near = cv2.GaussianBlur(kept[labels].astype(np.float32), (0, 0), 0.8)
    return fade_crowds(np.asarray(dark * np.clip(2 * near, 0, 1), np.float32), style.crowd)


def fade_crowds(lines: Image, crowd: float, reach: float = 7.0) -> Image:
    """Fades lines where ink already covers the share `crowd` of the surroundings."""
    density = cv2.GaussianBlur(lines, (0, 0), reach)
    return np.asarray(lines * np.clip(1.5 - density / crowd, 0.1, 1), np.float32)


def saturate(picture: Image, gain: float) -> Image:
    """Scales the distance of every colour from its grey."""
    luma = (picture @ LUMA)[..., None]
    return np.asarray(luma + gain * (picture - luma), np.float32)


def sharpen(picture: Image, sigma: float = 1.6, gain: float = 0.5) -> Image:
    """Unsharp mask."""
    return np.asarray(picture + gain * (picture - cv2.GaussianBlur(picture, (0, 0), sigma)), np.float32)


def tint_shadows(picture: Image, colour: tuple[float, float, float], strength: float) -> Image:
    """Mixes a colour into what is darker than two fifths of white, most into black."""
    luma = (picture @ LUMA)[..., None]
    share = strength * np.clip(1 - 2.4 * luma, 0, 1)
    tinted = np.array(colour, np.float32) * (0.3 + luma) / 0.35
    return np.asarray(picture * (1 - share) + tinted * share, np.float32)


def flat_paint(picture: Image, style: TargetStyle) -> Image:
    """Flat colours with soft tone steps on the colour of the paper."""
    flat = kuwahara(smooth_l0(kuwahara(picture, style.brush), style.flatness), 3)
    toned = np.clip(tone_steps(sharpen(flat), style.steps, style.step_strength), 0, 1) ** style.gamma
    bright = np.clip(saturate(toned, style.saturation), 0, 1)
    tinted = np.clip(tint_shadows(bright, style.shadow, style.shadow_strength), 0, 1)
    return np.asarray(tinted * np.array(style.paper, np.float32), np.float32)


def draw_target(photo: NDArray[np.uint8], style: TargetStyle) -> NDArray[np.uint8]:
    """Draws the target of an RGB photo, same size."""
    picture: Image = np.asarray(photo / 255, np.float32)
    paint = flat_paint(picture, style)
    lines = style.line * ink_lines(kuwahara(picture, 2), style)[..., None]
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
