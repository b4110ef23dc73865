"""Colours as settings hold them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")


def colour_of(value: Any) -> str:
    """A colour as ``#rrggbb`` or ``#rrggbbaa``, from that, a CSS name, or 3 or 4 numbers (0..255, or 0..1 as floats).

    Raises:
        ValueError: it is no colour.
    """
    if isinstance(value, str):
        return _hex_of(value)
    numbers = list(value) if isinstance(value, Sequence) else []
    if len(numbers) not in (3, 4) or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("input should be a colour such as #ff8800 or orange")
    full = 1.0 if any(isinstance(number, float) for number in numbers) else 255.0
    if not all(0 <= number <= full for number in numbers):
        raise ValueError("the parts of a colour go from 0 to 255, or as floats from 0 to 1")
    return "#" + "".join(f"{round(number / full * 255):02x}" for number in numbers)


def _hex_of(text: str) -> str:
    word = text.strip().lower()
    if not _HEX.fullmatch(word):
        from PIL import ImageColor

        try:
            if word.startswith("#") or len(word) > 60:
                raise ValueError
            return colour_of(tuple(int(part) for part in ImageColor.getrgb(word)))
        except ValueError:
            raise ValueError("input should be a colour such as #ff8800 or orange") from None
    digits = word[1:]
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) < 5 else digits)


def rgba(colour: str) -> tuple[float, float, float, float]:
    """Red, green, blue and opacity of a colour setting, 0..1, sRGB-encoded."""
    digits = colour_of(colour)[1:].ljust(8, "f")
    red, green, blue, opacity = (int(digits[i : i + 2], 16) / 255 for i in range(0, 8, 2))
    return red, green, blue, opacity
