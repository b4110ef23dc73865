"""Small pictures beside the names in GIMP's own menu of a choice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib, Gtk  # noqa: E402 - after the versions are chosen

SIDE = 32
"""Pixels of a picture in the menu."""


def add_pictures(widget: Any, pictures: Mapping[str, Path]) -> None:
    """Show pictures in front of the names of a choice.

    Args:
        widget: GIMP's, of a label and a menu; another one stays as it is.
        pictures: value of the choice -> file; a value without one, or with one that cannot be read, has a gap.
    """
    shown = {value: pixbuf for value, path in pictures.items() if (pixbuf := _read(path))}
    menu = widget.get_widget() if hasattr(widget, "get_widget") else None
    if not shown or not isinstance(menu, Gtk.ComboBox) or menu.find_property("id-column") is None:
        return
    column = menu.get_property("id-column")
    cell = Gtk.CellRendererPixbuf(width=SIDE + 6, height=SIDE + 2)
    menu.pack_start(cell, False)
    menu.reorder(cell, 0)
    menu.set_cell_data_func(
        cell, lambda _menu, one, model, row: one.set_property("pixbuf", shown.get(model.get_value(row, column)))
    )


def _read(path: Path) -> Any:
    try:
        return GdkPixbuf.Pixbuf.new_from_file_at_size(str(path), SIDE, SIDE)
    except GLib.Error:
        return None
