# -*- coding: utf-8 -*-
# Python 2.7, and types in comments: the codes below would have it rewritten into what Python 2.7 does not know.
# ruff: noqa: B904, B905, F401, PTH100, PTH118, PTH120, RUF005, RUF007, RUF046, RUF100, SIM115
# ruff: noqa: UP004, UP006, UP007, UP009, UP010, UP018, UP020, UP024, UP032, UP035
"""gimpfu's own dialog, mended: its settings scroll, so that OK stays on the screen, and Help opens our page."""

from __future__ import absolute_import, division, unicode_literals

from contextlib import contextmanager

from gimpfu import pdb

from .words import native

MYPY = False  # a type checker takes it for True; Python 2.7 has no module typing
if MYPY:
    from typing import Any, Iterator

DOMAIN = "senga"
"""Names our pages to GIMP's help."""
_SHARE = 0.6
"""Of the height of the screen: what the settings take at most."""


@contextmanager
def mended():
    # type: () -> Iterator[None]
    """While this lasts, gimpfu makes its dialogs so; where it can make none, nothing happens."""
    try:
        import pygtk

        pygtk.require(native("2.0"))
        import gimpui
        import gtk
    except (ImportError, AssertionError, RuntimeError):
        yield
        return
    original = gimpui.Dialog
    gimpui.Dialog = _mended(original, gtk)
    try:
        yield
    finally:
        gimpui.Dialog = original


def _mended(original, gtk):
    # type: (Any, Any) -> Any
    class Dialog(original):  # type: ignore[misc]  # gimpui is only there when a painter looks on
        """A dialog that is rearranged when it is shown."""

        def __init__(self, title, role, parent, flags, _help, help_id, buttons):
            # type: (Any, Any, Any, Any, Any, Any, Any) -> None
            original.__init__(self, title, role, parent, flags, show_help, help_id, buttons)

        def show(self):
            # type: () -> None
            scroll(self, gtk)
            original.show(self)

    return Dialog


def show_help(help_id, *_more):
    # type: (str, *Any) -> None
    """Open our page at a procedure."""
    pdb.gimp_help(native(DOMAIN), help_id)


def scroll(dialog, gtk):
    # type: (Any, Any) -> None
    """Put the settings of gimpfu's dialog, a table, into a part that scrolls."""
    for box in dialog.vbox.get_children():
        for table in box.get_children() if isinstance(box, gtk.VBox) else ():
            if type(table) is gtk.Table:
                _put_in(box, table, gtk)
                return


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
    box.pack_start(scrolled, True, True)
    box.reorder_child(scrolled, place)
    scrolled.show_all()
