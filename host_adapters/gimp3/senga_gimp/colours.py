"""Colours between GIMP and settings."""

from __future__ import annotations


def digits(red: float, green: float, blue: float, opacity: float) -> str:
    """``#rrggbb``, or ``#rrggbbaa`` where it is not opaque, of linear sRGB as GEGL gives it (0..1).

    References:
        IEC 61966-2-1, the transfer function of sRGB.
    """
    parts = [*map(_encoded, (red, green, blue)), opacity]
    text = "".join(f"{round(min(max(part, 0.0), 1.0) * 255):02x}" for part in parts)
    return "#" + text.removesuffix("ff") if text.endswith("ff") and len(text) == 8 else "#" + text


def _encoded(linear: float) -> float:
    if linear <= 0.0031308:
        return linear * 12.92
    return float(1.055 * linear ** (1 / 2.4) - 0.055)
