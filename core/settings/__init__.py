"""Kinds of settings: how each is declared, typed, checked, shown and carried, written once for every host.

A filter declares a setting with a type and ``setting``; ``describe`` reads the JSON Schema of the filter and says of
which kind each setting is. Hosts ask the kind and never the name:

======== ================================ =====================================================
kind     declared as                      typed as
======== ================================ =====================================================
int      ``int``                          ``12``
float    ``float``                        ``0.5``
bool     ``bool``                         ``--name``, ``--no-name``
choice   ``Literal["a", "b"]``            ``a``
text     ``str``                          any text
seed     ``Seed``                         ``12``; dialogs offer to draw another
colour   ``Colour``                       ``#ff8800``, ``#ff880080``, ``orange``
points   ``Points``                       ``0.25,0.5; 0.75,0.5``: shares of width and height
list     ``tuple[float, ...]`` and alike  ``0.5, 1, 2``
model    ``Model``                        the name of a style
file     ``File``                         a path
picture  ``Picture | None``               a path
mask     ``Mask | None``                  a path
======== ================================ =====================================================
"""

from __future__ import annotations

from .colours import colour_of, rgba
from .declared import Colour, File, Mask, Model, Picture, Points, Seed, setting
from .kinds import KINDS, Kind
from .schema import SettingInfo, describe, kinds_of, pictures_of, read_typed, seeds_of

__all__ = [
    "KINDS",
    "Colour",
    "File",
    "Kind",
    "Mask",
    "Model",
    "Picture",
    "Points",
    "Seed",
    "SettingInfo",
    "colour_of",
    "describe",
    "kinds_of",
    "pictures_of",
    "read_typed",
    "rgba",
    "seeds_of",
    "setting",
]
