# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""Second pictures that are drawables."""

from __future__ import absolute_import, division, unicode_literals

import gimp
from gimpfu import pdb

from . import pixels
from .words import Trouble

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any

    from senga_client import Canvas

    from . import facts

LARGEST = 100000000
"""Pixels, as in Senga itself."""


class Second(object):
    """A drawable for a setting."""

    def __init__(self, setting, drawable):
        # type: (facts.Setting, Any) -> None
        self.name, self.label = str(setting["name"]), setting["label"]
        self.aligned = bool(setting["aligned"])
        self._drawable, self.number = drawable, drawable.ID

    def check(self, image):
        # type: (gimp.Image) -> None
        """Whether it can be read, for a drawable of this image.

        Raises:
            Trouble: it is gone, too large, or of another image where it should lie on this one.
        """
        drawable = self._drawable
        if not pdb.gimp_item_is_valid(drawable):
            raise Trouble("The layer for “{}” was deleted: choose another one.".format(self.label))
        if self.aligned:
            if drawable.image.ID != image.ID:
                text = "The layer for “{}” belongs to another picture: choose one of this picture."
                raise Trouble(text.format(self.label))
        elif drawable.width * drawable.height > LARGEST:
            text = "The picture “{}” is {} pixels: reduce it to 100 megapixels or fewer."
            raise Trouble(text.format(self.label, "{} x {}".format(drawable.width, drawable.height)))

    def canvas(self, beside, depth=""):
        # type: (gimp.Drawable, str) -> Canvas
        """Its pixels, for the painting of another drawable: what of it lies there where it is aligned, else all.

        Where an aligned one does not reach, it is transparent. ``depth`` is that of the canvas if it shall be another.
        """
        drawable = self._drawable
        layout = pixels.layout_of(drawable.image, drawable)
        if depth:
            channels = 3 + (layout.channels in (2, 4))
            layout = pixels.Layout(channels, depth, False)
        if not self.aligned:
            return pixels.canvas_of(drawable, layout)[0]
        return pixels.canvas_beside(drawable, layout, beside)
