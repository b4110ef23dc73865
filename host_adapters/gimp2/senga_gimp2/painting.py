# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""What a run does to the picture: read the layer, have the worker paint, and bring the result in as one undo step."""

from __future__ import absolute_import, division, unicode_literals

import gimp
import gimpenums
from gimpfu import pdb

from . import pixels
from .changes import Snapshot, check_there
from .frames import Spool
from .words import Trouble, native, plain, sentence

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Callable, Dict, Optional, Sequence, Tuple

    from senga_client import Canvas

    Area = Tuple[int, int, int, int]
    from .second import Second

    Work = Callable[..., bool]


def paint(image, drawable, output, title, work, seconds=()):
    # type: (gimp.Image, gimp.Drawable, str, str, Work, Sequence[Second]) -> Optional[gimp.Image]
    """Paint the selected part of a drawable.

    Args:
        image: of the drawable.
        drawable: a layer, a mask or a channel.
        output: ``in-place``, ``new-layer`` or ``new-image``.
        title: names new layers.
        work: runs the worker on a canvas with a spool, and with the canvases of second pictures where there are some;
            says whether the canvas was changed.
        seconds: second pictures that are drawables.

    Returns:
        The new image, or None. Nothing is changed before everything is painted.

    Raises:
        Trouble: nothing can be painted.
    """
    check_there(image, drawable)
    check(drawable, output)
    for second in seconds:
        second.check(image)
    pdb.gimp_plugin_enable_precision()  # or GIMP would cut everything down to 8 bits
    area = _selected_area(drawable)
    if area is None:
        text = "Nothing was painted: the selection lies outside of {}.".format("“" + plain(drawable.name) + "”")
        gimp.message(native(sentence(text)))
        return None
    task = _Task(image, drawable, area)
    canvas, digest = pixels.canvas_of(drawable, task.layout)
    with canvas, Spool() as spool:
        before = Snapshot(image, drawable, task.layout, digest)
        if not pdb.gimp_selection_is_empty(image):
            pixels.select(canvas, area)
        changed = _worked(canvas, spool, drawable, work, seconds)
        before.check()
        return task.bring_in(canvas if changed else None, spool, output, title)


def _worked(canvas, spool, drawable, work, seconds):
    # type: (Canvas, Spool, gimp.Drawable, Work, Sequence[Second]) -> bool
    pictures = {}  # type: Dict[str, Canvas]
    try:
        for second in seconds:
            pictures[second.name] = second.canvas(drawable)
        return work(canvas, spool, pictures) if pictures else work(canvas, spool)
    finally:
        for picture in pictures.values():
            picture.close()


def check(drawable, output):
    # type: (Optional[gimp.Drawable], str) -> None
    """Refuse what cannot be painted, before any work starts.

    Raises:
        Trouble: it says what to choose instead.
    """
    if drawable is None:
        raise Trouble("No layer is selected: select the layer to paint.")
    name = plain(drawable.name)
    if pdb.gimp_item_is_group(drawable):
        raise Trouble("“{}” is a layer group: select one of the layers in it.".format(name))
    if output == "in-place" and pdb.gimp_item_get_lock_content(drawable):
        raise Trouble("The pixels of “{}” are locked: unlock them, or choose a new layer as the result.".format(name))
    if output != "new-layer":
        return
    if not isinstance(drawable, gimp.Layer):
        raise Trouble("“{}” is no layer, so there can be no new layer above it: choose another result.".format(name))
    if drawable.is_floating_sel:
        raise Trouble("“{}” is a floating selection: anchor it, or make it a layer, first.".format(name))


def _selected_area(drawable):
    # type: (gimp.Drawable) -> Optional[Area]
    touches, left, top, width, height = pdb.gimp_drawable_mask_intersect(drawable)
    return (left, top, width, height) if touches and width and height else None


class _Task(object):
    """One drawable to paint: where, and how its pixels travel."""

    def __init__(self, image, drawable, area):
        # type: (gimp.Image, gimp.Drawable, Area) -> None
        self._image, self._drawable, self._area = image, drawable, area
        self.layout = pixels.layout_of(image, drawable)

    def bring_in(self, canvas, spool, output, title):
        # type: (Optional[Canvas], Spool, str, str) -> Optional[gimp.Image]
        """Results that replace or join layers as one undo step; all others as a new image."""
        if canvas is not None and output != "new-image":
            self._image.undo_group_start()
            try:
                if spool.choices and isinstance(self._drawable, gimp.Layer) and not self._drawable.is_floating_sel:
                    self._add_group(spool, title)
                elif output == "in-place":
                    pixels.merge(canvas, self._image, self._drawable, self.layout, self._area)
                else:
                    self._add_layer(canvas, title)
            finally:
                self._image.undo_group_end()
            canvas = None
        if canvas is None and not spool.frames:
            return None
        return self._new_image(canvas, spool, title)

    def _add_layer(self, canvas, title):
        # type: (Canvas, str) -> None
        old, image = self._drawable, self._image
        new = pixels.layer_of(canvas, image, self.layout, self._name(title))
        new.set_offsets(*old.offsets)
        position = pdb.gimp_image_get_item_position(image, old)
        pdb.gimp_image_insert_layer(image, new, old.parent, position)
        if not pdb.gimp_selection_is_empty(image):
            new.add_mask(new.create_mask(gimpenums.ADD_SELECTION_MASK))

    def _add_group(self, spool, title):
        # type: (Spool, str) -> None
        """Results to choose from, the first on top, in a group above the layer; what is selected becomes its mask."""
        old, image = self._drawable, self._image
        if image.base_type == gimpenums.INDEXED:
            text = (
                "An indexed picture has too few colours for separate layers: convert it to RGB, or choose a new image."
            )
            raise Trouble(text)
        group = pdb.gimp_layer_group_new(image)
        group.name = native(self._name(title))
        pdb.gimp_image_insert_layer(image, group, old.parent, pdb.gimp_image_get_item_position(image, old))
        for frame in spool.choices:
            grey = image.base_type == gimpenums.GRAY
            direct = self.layout.direct and (frame.channels < 3) == grey
            layer = pixels.layer_of(frame, image, pixels.Layout(frame.channels, frame.depth, direct), frame.name(1))
            layer.set_offsets(*old.offsets)
            pdb.gimp_image_insert_layer(image, layer, group, 0)
        _cover(image, old, group)

    def _name(self, title):
        # type: (str) -> str
        return "{} – {}".format(plain(self._drawable.name), title)

    def _new_image(self, canvas, spool, title):
        # type: (Optional[Canvas], Spool, str) -> gimp.Image
        """A stack of layers for Filters > Animation > Playback, or one, in the precision and colours of the image."""
        named = [(self._name(title), canvas)] if canvas is not None else []  # type: list[Tuple[str, Any]]
        if canvas is not None and spool.choices:
            named = [(frame.name(1), frame) for frame in spool.choices]
        named += [(frame.name(number), frame) for number, frame in enumerate(spool.frames, 1)]
        width, height, channels = (
            max(getattr(picture, side) for _, picture in named) for side in ("width", "height", "channels")
        )
        made = pixels.new_image(width, height, channels, self.layout.depth)
        try:
            for name, picture in named:
                layout = pixels.Layout(picture.channels, picture.depth, (picture.channels < 3) == (channels < 3))
                made.add_layer(pixels.layer_of(picture, made, layout, name), 0)
            _dress(made, self._image)
        except BaseException:
            gimp.delete(made)
            raise
        made.enable_undo()
        return made


def _cover(image, layer, group):
    # type: (gimp.Image, gimp.Drawable, Any) -> None
    """Give a group a mask of what is selected of a layer and not transparent."""
    was_empty = pdb.gimp_selection_is_empty(image)
    if was_empty and not layer.has_alpha:
        return
    saved = None if was_empty else pdb.gimp_selection_save(image)
    if layer.has_alpha:
        way = gimpenums.CHANNEL_OP_REPLACE if was_empty else gimpenums.CHANNEL_OP_INTERSECT
        pdb.gimp_image_select_item(image, way, layer)
    group.add_mask(group.create_mask(gimpenums.ADD_SELECTION_MASK))
    if saved is None:
        pdb.gimp_selection_none(image)
    else:
        pdb.gimp_image_select_item(image, gimpenums.CHANNEL_OP_REPLACE, saved)
        image.remove_channel(saved)


def _dress(made, image):
    # type: (gimp.Image, gimp.Image) -> None
    """Give a new image the precision, colour profile and resolution of another."""
    if made.precision != image.precision:
        pdb.gimp_image_convert_precision(made, image.precision)
    size, profile = pdb.gimp_image_get_color_profile(image)
    if size and (made.base_type == gimpenums.GRAY) == (image.base_type == gimpenums.GRAY):
        intent = gimpenums.COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC
        pdb.gimp_image_convert_color_profile(made, size, profile, intent, True)
    made.resolution = image.resolution
