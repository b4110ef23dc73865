"""Pixel formats of GIMP 2.10: bytes to sRGB-encoded floats and back."""

from __future__ import division

import struct
from array import array

KINDS = {1: "u8", 2: "u16", 3: "u32", 5: "half", 6: "float", 7: "double"}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "half": 2, "float": 4, "double": 8}
_CODES = {"u8": "B", "u16": "H", "u32": "I", "half": "H", "float": "f", "double": "d"}
_FULL = {"u8": 255, "u16": 65535, "u32": 4294967295}


def kind(precision):
    return KINDS[precision // 100]


def is_linear(precision):
    return precision % 100 == 0


def linear(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def encoded(value):
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def numbers(data, precision):
    """The stored numbers as floats, full scale 1."""
    name = kind(precision)
    found = array(_CODES[name], data)
    if name == "half":
        return [_from_half(number) for number in found]
    full = _FULL.get(name, 1)
    return [number / full for number in found]


def stored(floats, precision):
    """Floats as bytes of this precision."""
    name = kind(precision)
    if name == "half":
        return array("H", [_to_half(value) for value in floats]).tostring()
    full = _FULL.get(name)
    if full:
        floats = [int(round(min(max(value, 0), 1) * full)) for value in floats]
    return array(_CODES[name], floats).tostring()


def colors(data, precision, channels):
    """Pixels as sRGB-encoded floats; alpha has no curve."""
    found = numbers(data, precision)
    return _curved(found, channels, encoded) if is_linear(precision) else found


def pixels(floats, precision, channels):
    """The reverse."""
    return stored(_curved(floats, channels, linear) if is_linear(precision) else floats, precision)


def _curved(floats, channels, curve):
    with_alpha = channels in (2, 4)
    return [value if with_alpha and i % channels == channels - 1 else curve(value) for i, value in enumerate(floats)]


def _from_half(number):
    sign, power, rest = -1 if number >> 15 else 1, number >> 10 & 31, number & 1023
    return sign * (rest * 2.0**-24 if power == 0 else (1024 + rest) * 2.0 ** (power - 25))


def _to_half(value):
    bits = struct.unpack("I", struct.pack("f", abs(value) * 2.0**-112))[0]
    return (bits + 0xFFF + (bits >> 13 & 1)) >> 13 | (0x8000 if value < 0 else 0)
