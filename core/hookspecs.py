"""Every hook of Senga, and nothing else. A plug-in implements any of them with ``@hookimpl``.

Implementations may take fewer arguments than listed here, and return values instead of registering things.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from .filter import Filter
from .image import Animation, Image
from .job import Job, Weights

if TYPE_CHECKING:
    from .backends import Backend
    from .families import Family
    from .strokes.brush import Brush

PROJECT = "senga"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def senga_filters() -> Iterable[type[Filter]]:  # type: ignore[empty-body]  # a hook has no body
    """Return the filter classes of this plug-in.

    It is called to list filters, so the module must be light: import cv2, mindspore and the like inside the
    filter's ``__call__``. A name that another plug-in has taken is an error that names both.
    """


@hookspec(firstresult=True)
def senga_apply(filter: Filter, image: Image, job: Job) -> Image | Animation | None:  # noqa: A002 - the word of the field
    """Run ``filter`` on ``image`` (no alpha, cropped to the selection) and return the result, or None to pass.

    Core's own implementation calls the filter. Wrap it (``@hookimpl(wrapper=True)``) to time, log or cache.
    """


@hookspec(firstresult=True)
def senga_weights(model: str, digest: str) -> Path | Weights | None:
    """Return where the weights of ``model`` are, or the weights themselves, or None to pass.

    ``digest`` is the pinned ``sha256:…`` or ``git:…`` of the public file, or empty. For mirrors, company stores,
    and small random weights in tests. Files are read by the same safe readers as any other.
    """


@hookspec
def senga_brushes() -> Iterable[Brush]:  # type: ignore[empty-body]  # a hook has no body
    """Return drawing instruments for the stroke renderer (pencil grades, charcoal, ink)."""


@hookspec
def senga_resources(kind: str) -> Iterable[Any]:  # type: ignore[empty-body]  # as above
    """Return what this plug-in brings of a kind of things, and nothing for kinds it does not know.

    ``exemplars``: pictures to paint by, ``senga.exemplars.gallery.Exemplar``.
    """


@hookspec
def senga_families() -> Iterable[Family]:  # type: ignore[empty-body]  # as above
    """Return the families of networks of this plug-in (``senga.families.Family``).

    It is called to list styles and trainings, so it must be light: a family names its functions as
    ``package.module:NAME``. A name that another plug-in has taken is an error that names both.
    """


@hookspec
def senga_backends() -> Iterable[Backend]:  # type: ignore[empty-body]  # as above
    """Return the back ends of this plug-in (``senga.backends.Backend``): where ``senga batch`` can run.

    It is called to list them, so it must be light: a back end names its function as ``package.module:NAME``. A name
    that another plug-in has taken is an error that names both.
    """
