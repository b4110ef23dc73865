"""CartoonGAN and ComixGAN: a family of networks whose styles the filter ``anime`` paints with."""

from __future__ import annotations

from collections.abc import Iterable

from senga import hookimpl
from senga.families import Family

from .family import CARTOONGAN


@hookimpl
def senga_families() -> Iterable[Family]:
    """The networks of this plug-in."""
    return (CARTOONGAN,)
