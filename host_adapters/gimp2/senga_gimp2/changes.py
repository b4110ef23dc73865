# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""What a picture was when it was read, so that no result comes into one that was changed since."""

from __future__ import absolute_import, division, unicode_literals

import gimp
from gimpfu import pdb

from . import pixels
from .words import Trouble, plain

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Tuple


def check_there(image, drawable):
    # type: (gimp.Image, gimp.Drawable) -> None
    """Refuse what is gone.

    Raises:
        Trouble: the picture was closed, or the layer was deleted.
    """
    if not pdb.gimp_image_is_valid(image):
        raise Trouble("The picture was closed.")
    if drawable is not None and not pdb.gimp_item_is_valid(drawable):
        raise Trouble("The layer was deleted.")


class Snapshot(object):
    """A drawable at one moment: its pixels, and what of it is selected.

    Python-Fu's own objects remember their size from when they were made, so GIMP is asked.
    """

    def __init__(self, image, drawable, layout, digest):
        # type: (gimp.Image, gimp.Drawable, pixels.Layout, int) -> None
        self._image, self._drawable, self._layout = image, drawable, layout
        self._name, self._pixels = plain(drawable.name), digest
        self._facts = self._read_facts()

    def _read_facts(self):
        # type: () -> Tuple[Any, ...]
        drawable = self._drawable
        selected = pixels.selection_digest(self._image)
        place = pdb.gimp_drawable_offsets(drawable) if selected else None
        size = pdb.gimp_drawable_width(drawable), pdb.gimp_drawable_height(drawable)
        return size, pdb.gimp_drawable_type(drawable), self._image.precision, selected, place

    def check(self):
        # type: () -> None
        """Whether it is still the same.

        Raises:
            Trouble: it is not.
        """
        if not pdb.gimp_image_is_valid(self._image):
            raise Trouble("The picture was closed while it was painted, so there is no result.")
        if not pdb.gimp_item_is_valid(self._drawable):
            raise Trouble("“{}” was deleted while it was painted, so there is no result.".format(self._name))
        if self._read_facts() != self._facts or pixels.digest_of(self._drawable, self._layout) != self._pixels:
            raise Trouble("“{}” or the selection was changed while it was painted: paint it again.".format(self._name))
