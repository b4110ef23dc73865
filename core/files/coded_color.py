"""Colours that a file describes by numbers (cICP, gAMA and cHRM, nclx) as the profile that says the same.

References:
    W3C, Portable Network Graphics (PNG) Specification (Third Edition), 11.3.2 and 12.1: which chunk wins.
    ITU-T H.273 (2024), 8.1 and 8.2: colour primaries and transfer characteristics.
    ITU-R BT.2408-7: reference white of 203 cd/m² in HDR.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from senga.image import Pixels
from senga.ops.rows import ROWS

from .color_profile import ProfileError, is_srgb, space

COLOUR_CHUNKS = (b"cICP", b"sRGB", b"gAMA", b"cHRM")
Curve = NDArray[np.float64]

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_PRIMARIES = {
    1: _BT709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""Red, green, blue and white as x, y."""
_SRGB, _PQ, _HLG = 13, 16, 18
_VIDEO = (1, 6, 14, 15)
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0}
_WHITE, _HLG_PEAK = 203.0, 1000.0
_KNEE = 0.8
_STEPS = 4096
_D50_WHITE = np.array([0.9642, 1.0, 0.8249], np.float32)
_FROM_D50 = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ],
    np.float32,
)
"""Linear, with Bradford's adaptation to D65."""
_LEAST_GAMMA, _MOST_GAMMA, _NEAR = 0.1, 10, 0.05


def profile_of(chunks: Mapping[bytes, bytes], icc: bytes | None, grey: bool) -> bytes | None:
    """The profile of a PNG: by its cICP, else iCCP, else sRGB, else gAMA and cHRM; None for sRGB.

    A damaged one comes back if there is nothing else, so that it can be spoken of.
    """
    code = chunks.get(b"cICP", b"")
    if len(code) == 4 and _is_known(code[0], code[1]) and code[2] == 0:
        return coded_profile(code[0], code[1], bool(code[3]), grey)
    if icc and _is_usable(icc):
        return icc
    if b"sRGB" in chunks:
        return None
    gamma, places = _numbers(chunks.get(b"gAMA", b""), 1), _numbers(chunks.get(b"cHRM", b""), 8)
    power = 1 / gamma[0] if gamma and _LEAST_GAMMA <= gamma[0] <= _MOST_GAMMA else None
    if power is None and not places:
        return icc
    known = (*places[2:], *places[:2]) if places else _BT709
    try:
        return _unless_srgb(_profile(known, _tone(_SRGB) if power is None or _is_usual(power) else power, grey))
    except (ValueError, RuntimeError):  # primaries on one line, and the like
        return None


def _is_usual(power: float) -> bool:
    """Nearly 2.2 stands for sRGB, as libpng and browsers take it."""
    return abs(power / 2.2 - 1) < _NEAR


def coded_profile(primaries: int, transfer: int, full: bool, grey: bool) -> bytes | None:
    """The profile for two numbers of H.273; None if they mean sRGB or nobody knows what they mean."""
    if not _is_known(primaries, transfer):
        return None
    if (primaries, transfer, full) == (1, _SRGB, True):
        return None
    curve = _tone(transfer)
    if not full:
        codes = np.linspace(0, 255, _STEPS)
        curve = np.interp(np.clip((codes - 16) / 219, 0, 1), np.linspace(0, 1, _STEPS), curve)
    return _unless_srgb(_profile(_PRIMARIES[primaries], curve, grey))


def _is_known(primaries: int, transfer: int) -> bool:
    return primaries in _PRIMARIES and transfer in (*_VIDEO, *_POWERS, _SRGB, _PQ, _HLG)


def _is_usable(icc: bytes) -> bool:
    try:
        space(icc)
    except ProfileError:
        return False
    return True


def _unless_srgb(profile: bytes) -> bytes | None:
    return None if is_srgb(profile) else profile


def _numbers(chunk: bytes, count: int) -> tuple[float, ...]:
    return tuple(each / 100_000 for each in struct.unpack(f">{count}I", chunk)) if len(chunk) == 4 * count else ()


def _profile(places: tuple[float, ...], curve: float | Curve, grey: bool) -> bytes:
    return _made(places, curve if isinstance(curve, float) else curve.tobytes(), grey)


@functools.lru_cache(maxsize=32)
def _made(places: tuple[float, ...], curve: float | bytes, grey: bool) -> bytes:
    import imagecodecs

    options: dict[str, Any] = {"whitepoint": [*places[6:8], 1.0]}
    if isinstance(curve, float):
        options["gamma"] = curve
    else:
        options["transferfunction"] = np.rint(np.frombuffer(curve) * 65535).astype(np.uint16)
    if not grey:
        options["primaries"] = [*places[:2], 1.0, *places[2:4], 1.0, *places[4:6], 1.0]
    return bytes(imagecodecs.cms_profile("gray" if grey else "rgb", **options))


def _tone(transfer: int) -> Curve:
    """Linear light, 1 = white, for codes from 0 to 1. What is brighter than white in HDR is pressed in below it."""
    x = np.linspace(0, 1, _STEPS)
    if transfer in _POWERS:
        return np.asarray(x ** _POWERS[transfer])
    if transfer in _VIDEO:
        return np.where(x < 0.081, x / 4.5, ((x + 0.099) / 1.099) ** (1 / 0.45))
    if transfer == _PQ:
        root = x ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        return _below_white(light * 10_000 / _WHITE)
    if transfer == _HLG:
        scene = np.where(x <= 0.5, x**2 / 3, (np.exp((x - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        return _below_white(np.minimum(scene, 1) ** 1.2 * _HLG_PEAK / _WHITE)
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def _below_white(light: Curve) -> Curve:
    rest = 1 - _KNEE
    return np.where(light <= _KNEE, light, 1 - rest * np.exp(-(np.maximum(light, _KNEE) - _KNEE) / rest))


def from_linear(linear: Pixels) -> Pixels:
    """Linear light as sRGB."""
    light = np.nan_to_num(linear)
    bright = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bright).astype(np.float32)


def from_lab(samples: Pixels) -> Pixels:
    """CIE L*a*b* of 8 or 16 bits as sRGB of the same depth; white is D50."""
    middle, most = (128, 255) if samples.dtype == np.uint8 else (32768, 65535)
    result = np.empty_like(samples)
    for top in range(0, len(samples), ROWS):
        strip = samples[top : top + ROWS].astype(np.float32)
        f = (strip[:, :, :1] * (100 / most) + 16) / 116
        a, b = ((strip[:, :, i : i + 1] - middle) * (255 / most) for i in (1, 2))
        xyz = np.concatenate([f + a / 500, f, f - b / 200], axis=2)
        xyz = np.where(xyz > 6 / 29, xyz**3, (xyz - 4 / 29) * (108 / 841)) * _D50_WHITE
        result[top : top + ROWS] = np.rint(np.clip(from_linear(xyz @ _FROM_D50.T), 0, 1) * most)
    return result
