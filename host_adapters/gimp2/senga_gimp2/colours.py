# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Colours between GIMP and settings."""

from __future__ import absolute_import, division, unicode_literals

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Tuple


def parts(digits):
    # type: (str) -> Tuple[float, ...]
    """Red, green, blue and opacity (0 to 1) of ``#rrggbb`` or ``#rrggbbaa``."""
    word = digits[1:].ljust(8, "f")
    return tuple(int(word[i : i + 2], 16) / 255 for i in range(0, 8, 2))


def digits(colour):
    # type: (Any) -> str
    """``#rrggbb``, or ``#rrggbbaa`` where it is not opaque, of a colour of GIMP or of the numbers of one."""
    if hasattr(colour, "r"):
        colour = colour.r, colour.g, colour.b, colour.a
    full = 1.0 if any(isinstance(part, float) for part in colour) else 255.0
    text = "".join("{:02x}".format(int(round(min(max(part / full, 0.0), 1.0) * 255))) for part in colour)
    return "#" + (text[:6] if text[6:] in ("", "ff") else text)
