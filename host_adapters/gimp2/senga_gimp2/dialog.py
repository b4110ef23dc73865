# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""gimpfu's own dialog, mended: its settings scroll, so that OK stays on the screen, Help opens our page, and so on."""

from __future__ import absolute_import, division, unicode_literals

from contextlib import contextmanager
from importlib import import_module

import gimp
from gimpfu import pdb

from .words import native, plain

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Iterator, List

DOMAIN = "senga"
"""Names our pages to GIMP's help."""
_SHARE = 0.6
"""Of the height of the screen: what the settings take at most."""


@contextmanager
def mended(image, drawable, maker):
    # type: (gimp.Image, gimp.Drawable, Any) -> Iterator[None]
    """While this lasts, gimpfu makes its dialogs so; where it can make none, nothing happens.

    Args:
        image: to paint.
        drawable: to paint.
        maker: makes what the worker is asked from the values of the dialog, and says which second pictures are aligned.
    """
    try:
        import_module(native("pygtk")).require(native("2.0"))
        gimpui, gtk = import_module(native("gimpui")), import_module(native("gtk"))  # type: Any, Any
    except (ImportError, AssertionError, RuntimeError):
        yield
        return
    originals = gimpui.Dialog, gimpui.DrawableSelector, gimpui.ColorSelector
    gimpui.Dialog = _mended(gimpui.Dialog, gtk, lambda values: _preview(image, drawable, values, maker))
    gimpui.DrawableSelector = layer_menu(image, maker.aligned(), gtk)
    gimpui.ColorSelector = _with_opacity(gimpui)
    try:
        yield
    finally:
        gimpui.Dialog, gimpui.DrawableSelector, gimpui.ColorSelector = originals


def _preview(image, drawable, values, maker):
    # type: (gimp.Image, gimp.Drawable, Any, Any) -> Any
    """The preview of a layer; masks and channels have none."""
    if not isinstance(drawable, gimp.Layer):
        return None
    from .preview import Preview

    return Preview(image, drawable, lambda: maker.complete(values()), maker)


def layers_of(layers):
    # type: (Any) -> Iterator[Any]
    """Layers from the top down, groups before what is in them."""
    for layer in layers:
        yield layer
        for inside in layers_of(getattr(layer, "layers", ())):  # noqa: UP028 - Python 2.7
            yield inside


def layer_menu(image, aligned, gtk):
    # type: (gimp.Image, List[bool], Any) -> Any
    """What gimpfu asks for a drawable with: GIMP's own menu offers no way to choose none.

    Args:
        image: that is painted.
        aligned: of the menus in the order in which they are made, whether only layers of this image will do.
        gtk: the module.
    """
    waiting = list(aligned)

    class LayerMenu(gtk.ComboBox):  # type: ignore[misc]  # gtk has no types
        """The layers and channels of one or of all images."""

        def __init__(self, default=None):
            # type: (Any) -> None
            gtk.ComboBox.__init__(self, gtk.ListStore(str))
            cell = gtk.CellRendererText()
            self.pack_start(cell, True)
            self.add_attribute(cell, native("text"), 0)
            self._drawables = [None]  # type: List[Any]
            self.get_model().append([native("–")])
            only = waiting.pop(0) if waiting else False
            for one in gimp.image_list():
                if one.ID == image.ID or not only:
                    self._add(one, "" if one.ID == image.ID else plain(one.name) + ": ")
            numbers = [drawable and drawable.ID for drawable in self._drawables]
            chosen = default and default.ID
            self.set_active(numbers.index(chosen) if chosen in numbers else 0)

        def _add(self, one, prefix):
            # type: (Any, str) -> None
            for drawable in list(layers_of(one.layers)) + list(one.channels):
                self._drawables.append(drawable)
                self.get_model().append([native(prefix + plain(drawable.name))])

        def get_value(self):
            # type: () -> Any
            return self._drawables[self.get_active()]

    return LayerMenu


def _with_opacity(gimpui):
    # type: (Any) -> Any
    return _opened_up(gimpui.ColorSelector, gimpui.COLOR_AREA_SMALL_CHECKS)


def _opened_up(original, kind):
    # type: (Any, Any) -> Any
    class ColourButton(original):  # type: ignore[misc]  # gimpui has no types
        """gimpfu's button for a colour, which asks for its opacity too."""

        def __init__(self, default):
            # type: (Any) -> None
            original.__init__(self, default)
            self.set_type(kind)

    return ColourButton


def _mended(original, gtk, make_preview):
    # type: (Any, Any, Any) -> Any
    class Dialog(original):  # type: ignore[misc]  # gimpui is only there when a painter looks on
        """A dialog that is rearranged when it is shown."""

        def __init__(self, title, role, parent, flags, _help, help_id, buttons):
            # type: (Any, Any, Any, Any, Any, Any, Any) -> None
            original.__init__(self, title, role, parent, flags, show_help, help_id, buttons)

        def show(self):
            # type: () -> None
            table = scroll(self, gtk)
            preview = None if table is None else make_preview(lambda: values_of(table))
            if preview is not None:
                table.get_parent().get_parent().get_parent().pack_start(preview, True, True)
                self.connect(native("response"), lambda *_: preview.stop())
            original.show(self)

    return Dialog


def show_help(help_id, *_more):
    # type: (str, *Any) -> None
    """Open our page at a procedure."""
    pdb.gimp_help(native(DOMAIN), help_id)


def values_of(table):
    # type: (Any) -> List[Any]
    """The values of gimpfu's widgets: they stand right of their labels, one below the other."""

    def place(child, name):
        # type: (Any, str) -> Any
        return table.child_get_property(child, native(name))

    widgets = [child for child in table.get_children() if place(child, "left-attach") == 2]
    return [widget.get_value() for widget in sorted(widgets, key=lambda child: place(child, "top-attach"))]


def scroll(dialog, gtk):
    # type: (Any, Any) -> Any
    """Put the settings of gimpfu's dialog, a table, into a part that scrolls; gives the table, if there is one."""
    for box in dialog.vbox.get_children():
        for table in box.get_children() if isinstance(box, gtk.VBox) else ():
            if type(table) is gtk.Table:
                _put_in(box, table, gtk)
                return table
    return None


def _put_in(box, table, gtk):
    # type: (Any, Any, Any) -> None
    width, height = table.size_request()
    place = box.child_get_property(table, native("position"))
    box.remove(table)
    scrolled = gtk.ScrolledWindow()
    scrolled.set_policy(gtk.POLICY_NEVER, gtk.POLICY_AUTOMATIC)
    scrolled.add_with_viewport(table)
    scrolled.get_child().set_shadow_type(gtk.SHADOW_NONE)
    most = int(gtk.gdk.screen_height() * _SHARE)
    scrolled.set_size_request(width + 24, min(height, most))
    row = gtk.HBox(False, 12)
    row.pack_end(scrolled, False, False)
    box.pack_start(row, True, True)
    box.reorder_child(row, place)
    row.show_all()
