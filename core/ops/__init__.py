"""Arithmetic of pictures: arrays in, arrays out, for filters of any kind.

Colours are (H, W, 3), sRGB-encoded, ``float32`` in 0..1, unless a name says otherwise; planes are (H, W). Nothing here
knows of hosts, files or networks, and nothing writes into what it is given.

>>> import numpy as np
>>> from senga import ops
>>> ops.luma(np.ones((2, 2, 3), np.float32)).shape
(2, 2)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .guided import guided_slope
    from .inking import edge_ink, fade_crowds, without_specks
    from .lightness import LUMA, grey, luma
    from .rows import bands
    from .smoothing import blurred, kuwahara, smooth_l0
    from .tones import saturate, sharpen, tint_shadows, tone_steps

__all__ = [
    "LUMA",
    "bands",
    "blurred",
    "edge_ink",
    "fade_crowds",
    "grey",
    "guided_slope",
    "kuwahara",
    "luma",
    "saturate",
    "sharpen",
    "smooth_l0",
    "tint_shadows",
    "tone_steps",
    "without_specks",
]

_HOMES = {
    "guided": ("guided_slope",),
    "inking": ("edge_ink", "fade_crowds", "without_specks"),
    "lightness": ("LUMA", "grey", "luma"),
    "rows": ("bands",),
    "smoothing": ("blurred", "kuwahara", "smooth_l0"),
    "tones": ("saturate", "sharpen", "tint_shadows", "tone_steps"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: a list of filters needs no OpenCV."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'senga.ops' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return __all__
