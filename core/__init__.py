"""Senga: photographs become anime pictures, pencil drawings and colour-pencil drawings.

>>> import senga
>>> photo = senga.open("photo.jpg")  # doctest: +SKIP
>>> senga.apply("sketch", photo, stroke_width=7).save("drawing.png")  # doctest: +SKIP
"""

from __future__ import annotations

from .errors import Cancelled, SengaError
from .face import apply, filters, make
from .face import open_picture as open  # noqa: A004 - senga.open reads like PIL.Image.open
from .filter import Filter, setting
from .hookspecs import hookimpl
from .image import Animation, Frame, Image, Metadata
from .job import Job, Weights
from .recipe import Recipe, Step

__all__ = [
    "Animation",
    "Cancelled",
    "Filter",
    "Frame",
    "Image",
    "Job",
    "Metadata",
    "Recipe",
    "SengaError",
    "Step",
    "Weights",
    "apply",
    "filters",
    "hookimpl",
    "make",
    "open",
    "setting",
]
