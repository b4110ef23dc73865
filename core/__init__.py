"""Senga: photographs become anime pictures, pencil drawings and colour-pencil drawings.

>>> import senga
>>> photo = senga.open("photo.jpg")  # doctest: +SKIP
>>> senga.apply("sketch", photo, stroke_width=7).save("drawing.png")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import Cancelled, SengaError
    from .face import apply, filters, make
    from .face import open_picture as open  # noqa: A004 - senga.open reads like PIL.Image.open
    from .filter import Filter
    from .hookspecs import hookimpl
    from .host_adapters.batch.face import batch
    from .image import Animation, Frame, Image, Layer, Metadata
    from .job import Job, Weights
    from .recipe import Recipe, Step

    __version__: str
    from .settings import Colour, File, Mask, Model, Picture, Points, Seed, setting

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
"""onnxruntime 1.29 and later would keep a device id and send events from the moment that anybody imports it."""
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # None: it cannot be imported
"""OpenVINO would do the same with this package; without it, it takes a stub of its own."""

__all__ = [
    "Animation",
    "Cancelled",
    "Colour",
    "File",
    "Filter",
    "Frame",
    "Image",
    "Job",
    "Layer",
    "Mask",
    "Metadata",
    "Model",
    "Picture",
    "Points",
    "Recipe",
    "Seed",
    "SengaError",
    "Step",
    "Weights",
    "apply",
    "batch",
    "filters",
    "hookimpl",
    "make",
    "open",
    "setting",
]

_HOMES = {
    "errors": ("Cancelled", "SengaError"),
    "face": ("apply", "filters", "make", "open"),
    "filter": ("Filter",),
    "hookspecs": ("hookimpl",),
    "host_adapters.batch.face": ("batch",),
    "image": ("Animation", "Frame", "Image", "Layer", "Metadata"),
    "job": ("Job", "Weights"),
    "recipe": ("Recipe", "Step"),
    "settings": ("Colour", "File", "Mask", "Model", "Picture", "Points", "Seed", "setting"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``senga --help`` needs none of them."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("senga")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'senga' has no attribute {name!r}")
    home = importlib.import_module(f".{_HOME_OF[name]}", __name__)
    value = getattr(home, "open_picture" if name == "open" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
